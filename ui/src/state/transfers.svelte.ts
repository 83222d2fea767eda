// Hot transfers as the window shows them: cards that Rust sends whole, the briefing kept as it is typed (one save at a time, the newest
// always following), decisions, and what is read out. What cannot be done now is said where it was asked for.
import { SvelteMap, SvelteSet } from 'svelte/reactivity';

import type {
  Briefing,
  Call,
  Decision,
  Diagnosis,
  DiagnosisField,
  Happened,
  Notice,
  OperationId,
  State,
  TransferCard,
} from '../backend/types';
import { t } from '../i18n/i18n.svelte';
import { type AppModel, type Failure, failure } from './app.svelte';
import { filled, type KeepState, missingOf } from './escalation.svelte';

/** What is written of a briefing here: what is known, and the note. */
interface Written {
  diagnosis: Diagnosis;
  note: string;
  state: KeepState;
}

/** How long to wait before a save that failed is tried again, in milliseconds. */
const RETRY_MS = 1000;

/** The caller may be lost: read out at once. */
const URGENT: readonly Notice[] = ['caller_alone', 'where_is_the_caller', 'caller_left'];
const ENDS: readonly State['type'][] = ['completed', 'returned', 'declined', 'fell_back', 'caller_left'];

/** Decisions that need nothing but themselves, for the palette. */
export const STEPS_OF_A_TRANSFER = ['return', 'next', 'fall_back'] as const;
export type StepOfATransfer = (typeof STEPS_OF_A_TRANSFER)[number];

export function isEnd(state: State): boolean {
  return ENDS.includes(state.type);
}

export function isUrgent(notice: Notice): boolean {
  return URGENT.includes(notice);
}

/** Where it stands, finely enough to know that the next action is another one. */
export function stepOf({ transfer: { state } }: TransferCard): string {
  return state.type === 'consulting' ? `consulting-${state.phase}-${String(state.nth)}` : state.type;
}

/** The PBX does not move the call: the technician does, and says what happened. */
export function isByHand({ transfer, instruction }: TransferCard): boolean {
  return transfer.drive.type === 'by_hand' || !transfer.connected || instruction !== null;
}

/** What can be confirmed with one tap from where it stands, as Rust takes it; the likeliest first. */
export function confirmations(card: TransferCard): Happened[] {
  const { state } = card.transfer;
  if (state.type === 'unsure')
    return state.nth === null ? ['back_with_caller', 'caller_left'] : ['joined', 'back_with_caller', 'caller_left'];
  if (!isByHand(card)) return [];
  switch (state.type) {
    case 'consulting':
      return state.phase === 'talking'
        ? ['joined', 'refused', 'back_with_caller', 'caller_left']
        : ['answered', 'no_answer', 'busy', 'refused', 'back_with_caller', 'caller_left'];
    case 'briefed':
    case 'completing':
      return ['joined', 'back_with_caller', 'caller_left'];
    case 'returning':
      return state.asked ? ['back_with_caller', 'caller_left'] : ['back_with_caller', 'answered', 'caller_left'];
    case 'with_caller':
      return ['caller_left'];
    default:
      return [];
  }
}

export class Transfers {
  /** Those that go on, and those that ended while their call's wrap-up is not done; the oldest first. */
  list = $state.raw<TransferCard[]>([]);
  /** Read out when it suits, and at once. */
  said = $state('');
  alarm = $state('');

  private readonly written = new SvelteMap<OperationId, Written>();
  private readonly saving = new Map<OperationId, Promise<void>>();
  private readonly refusals = new SvelteMap<OperationId, { step: string; why: Failure }>();
  private readonly deciding = new SvelteSet<string>();

  constructor(private readonly app: AppModel) {}

  /** The transfer of a call, the newest of several. */
  of(call: Call): TransferCard | null {
    const is = ({ transfer }: TransferCard): boolean =>
      transfer.source === call.source &&
      (transfer.call === call.id || transfer.call_ids.some((id) => id === call.id || call.ids.includes(id)));
    return this.list.findLast(is) ?? null;
  }

  /** A call's transfer goes on: the call cannot be put away. */
  goesOn(call: Call): boolean {
    const card = this.of(call);
    return card !== null && !isEnd(card.transfer.state);
  }

  /** Reads what goes on, after the calls; events tell the rest. */
  async read(): Promise<void> {
    try {
      for (const card of await this.app.backend.transfers()) this.put(card);
      await this.bring();
    } catch (error) {
      this.app.report(error);
    }
  }

  /** A transfer began, changed or ended. */
  take(card: TransferCard): void {
    const before = this.list.find((one) => one.transfer.id === card.transfer.id);
    this.put(card);
    void this.bring();
    // A caller who may be lost comes in front of whatever is shown; the focus stays.
    if (card.notice !== null && isUrgent(card.notice) && card.notice !== before?.notice) {
      const shown = this.app.calls.list.find(({ call }) => this.of(call)?.transfer.id === card.transfer.id);
      if (shown) this.app.calls.show(shown.call.id);
    }
  }

  /** Offers the transfer of a call; of one whose transfer goes on, that one. */
  async begin(call: string): Promise<boolean> {
    return this.ask(`begin ${call}`, async () => {
      try {
        this.take(await this.app.backend.beginTransfer(call));
        return true;
      } catch (error) {
        this.app.report(error);
        return false;
      }
    });
  }

  /** What the briefing says: what is typed here, else what is kept. */
  briefing({ transfer }: TransferCard): Briefing {
    const typed = this.written.get(transfer.id);
    return typed ? { ...transfer.briefing, diagnosis: typed.diagnosis, note: typed.note } : transfer.briefing;
  }

  /** What it must say yet, as it stands on screen. */
  missing(card: TransferCard): DiagnosisField[] {
    return missingOf(filled(this.briefing(card).diagnosis), card.transfer.policy.mandatory);
  }

  /** Whether the disk has what is typed. */
  kept({ transfer }: TransferCard): KeepState {
    return this.written.get(transfer.id)?.state ?? 'saved';
  }

  type(card: TransferCard, change: { diagnosis?: Diagnosis; note?: string }): void {
    const { id } = card.transfer;
    const { diagnosis, note } = this.briefing(card);
    // What the disk refused stays said until the disk has it.
    const state = this.written.get(id)?.state === 'failed' ? 'failed' : 'saving';
    this.written.set(id, { diagnosis: { ...diagnosis, ...change.diagnosis }, note: change.note ?? note, state });
    if (!this.saving.has(id)) this.saving.set(id, this.save(id));
  }

  /** Takes a decision, after what was typed is kept. */
  async decide(card: TransferCard, decision: Decision): Promise<boolean> {
    const { id } = card.transfer;
    return this.ask(`${id} ${JSON.stringify(decision)}`, async () => {
      this.refusals.delete(id);
      try {
        if (decision.type === 'consult' || decision.type === 'next') await this.saving.get(id);
        this.take(await this.app.backend.decideTransfer(id, decision));
        return true;
      } catch (error) {
        this.refusals.set(id, { step: this.step(id), why: failure(error) });
        return false;
      }
    });
  }

  /** Whether a step can be taken where a call's transfer stands. */
  offers(call: Call | null, step: StepOfATransfer): boolean {
    const card = call === null ? null : this.of(call);
    if (card === null) return false;
    const { type } = card.transfer.state;
    if (isEnd(card.transfer.state)) return false;
    if (step === 'next') return type !== 'offered' && type !== 'with_caller';
    return step === 'fall_back' || type !== 'offered';
  }

  /** Takes it. */
  async go(call: Call | null, step: StepOfATransfer): Promise<void> {
    const card = call === null ? null : this.of(call);
    if (card && this.offers(call, step)) await this.decide(card, { type: step });
  }

  /** Why the last decision was refused, while it still stands there. */
  refused(card: TransferCard): Failure | null {
    const held = this.refusals.get(card.transfer.id);
    return held && held.step === stepOf(card) ? held.why : null;
  }

  /** Resolves when nothing is left to save. */
  async idle(): Promise<void> {
    while (this.saving.size > 0) await Promise.all(this.saving.values());
  }

  /** Forgets everything: another account, another profile. */
  reset(): void {
    this.list = [];
    this.said = '';
    this.alarm = '';
    this.written.clear();
    this.refusals.clear();
  }

  private step(id: OperationId): string {
    const card = this.list.find((one) => one.transfer.id === id);
    return card ? stepOf(card) : '';
  }

  /** The same thing is not asked twice at once. */
  private async ask(what: string, run: () => Promise<boolean>): Promise<boolean> {
    if (this.deciding.has(what)) return false;
    this.deciding.add(what);
    try {
      return await run();
    } finally {
      this.deciding.delete(what);
    }
  }

  private put(card: TransferCard): void {
    const { id, trace } = card.transfer;
    const held = this.list.find((one) => one.transfer.id === id);
    // An answer that was overtaken by an event: lines only grow.
    if (held && held.transfer.trace.length > trace.length) return;
    const others = this.list.filter((one) => one !== held);
    this.list = [...others, card].sort((a, b) => a.transfer.offered_at.localeCompare(b.transfer.offered_at));
    if (card.notice !== null && (held?.notice !== card.notice || stepOf(held) !== stepOf(card))) {
      const text = t(`transfer.notice.${card.notice}`);
      if (isUrgent(card.notice)) this.alarm = text;
      else this.said = text;
    }
  }

  /** A transfer that goes on shows its call, also when that is over or came before the start. */
  private async bring(): Promise<void> {
    const { calls, backend } = this.app;
    for (const { transfer } of this.list.filter((one) => !isEnd(one.transfer.state))) {
      if (calls.list.some(({ call }) => this.of(call)?.transfer.id === transfer.id)) continue;
      try {
        calls.take(await backend.callCard(transfer.call));
      } catch (error) {
        this.app.report(error);
      }
    }
  }

  private async save(id: OperationId): Promise<void> {
    for (;;) {
      const typed = this.written.get(id);
      const card = this.list.find((one) => one.transfer.id === id);
      if (!typed || !card) break;
      try {
        const kept = await this.app.backend.briefTransfer(id, this.briefing(card));
        const now = this.written.get(id);
        if (now && (now.diagnosis !== typed.diagnosis || now.note !== typed.note)) continue;
        this.written.set(id, { ...typed, state: 'saved' });
        this.put(kept);
        break;
      } catch {
        const now = this.written.get(id);
        if (now) this.written.set(id, { ...now, state: 'failed' });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.saving.delete(id);
  }
}
