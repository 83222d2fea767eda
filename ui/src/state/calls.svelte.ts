// Calls as the window shows them: the cards that Rust sends whole with each event, which of them are one's own, which one is in
// front, and whether the PBX is there. A card is shown as it comes, without asking anything back.
import { SvelteSet } from 'svelte/reactivity';

import type { CallCard, ConnectionState, TelephonyState, UiError, WrapUp } from '../backend/types';
import { span, t } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';
import { callerName, isOver } from './call';
import { CallNotes } from './callnotes';
import { clock } from './clock.svelte';
import { fromText } from './richtext';

const NO_TELEPHONE: TelephonyState = { device: null, connection: null };

export class Calls {
  telephony = $state.raw<TelephonyState>(NO_TELEPHONE);
  /** One's own calls that go on, and those that are over and not put away yet; the oldest first. */
  list = $state.raw<CallCard[]>([]);
  /** In a small bar: the call goes on, its card is out of the way. */
  folded = $state(false);
  /** What is read out: who calls, once a call. */
  said = $state('');
  /** The number that the key for calling back means, told by the list of calls while one is chosen there. */
  chosen = $state.raw<string | null>(null);
  readonly notes: CallNotes;

  /** Calls whose number was proposed for the caller's record. */
  readonly proposed = new SvelteSet<string>();

  private front = $state<string | null>(null);
  /** Calls put away, until they are forgotten with the account. */
  private readonly away = new Set<string>();
  private readonly announced = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private before: HTMLElement | null = null;

  constructor(private readonly app: AppModel) {
    this.notes = new CallNotes(app.backend, (card) => this.written(card));
  }

  /** The call whose card is in front. */
  get shown(): CallCard | null {
    return this.list.find((card) => card.call.id === this.front) ?? this.list.at(-1) ?? null;
  }

  /** A telephone is set up: numbers can be called. */
  get ready(): boolean {
    return this.telephony.device !== null;
  }

  /** The connection where it is lost. */
  get lost(): Extract<ConnectionState, { type: 'lost' }> | null {
    const { connection } = this.telephony;
    return connection?.type === 'lost' ? connection : null;
  }

  /** Why it is lost and what helps; `null` while it is not, and until the words are there. */
  get why(): UiError | null {
    return this.lost ? this.app.explained(`pbx_${this.lost.reason.type}`) : null;
  }

  /** The number that the key for calling back means now: of the list's row, else of a call that nobody answered. */
  get callable(): string | null {
    if (!this.ready) return null;
    if (this.chosen !== null) return this.chosen;
    const call = this.shown?.call;
    return call && isOver(call) && call.remote.raw !== '' ? call.remote.raw : null;
  }

  /** Reads what goes on; events tell the rest. */
  async read(): Promise<void> {
    try {
      this.telephony = await this.app.backend.telephony();
      for (const card of await this.app.backend.liveCalls()) this.take(card);
    } catch (error) {
      this.app.report(error);
    }
  }

  /** The PBX came or went. */
  connection(state: TelephonyState): void {
    this.telephony = state;
  }

  /** A call began, changed or ended. */
  take(card: CallCard): void {
    this.put(card);
    for (const listener of this.listeners) listener();
  }

  /** Listens to calls that begin, change or end; returns what stops it. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Brings a call in front. */
  show(id: string): void {
    this.front = id;
    this.folded = false;
  }

  /** Puts the card away: a call that goes on (or whose transfer does) to a bar, one that is over for good. */
  close(id: string): void {
    const card = this.list.find((one) => one.call.id === id);
    if (!card) return;
    if (!isOver(card.call) || this.app.transfers.goesOn(card.call)) {
      this.fold();
      return;
    }
    this.leave();
    this.away.add(id);
    this.list = this.list.filter((one) => one !== card);
  }

  /** To a small bar; the focus goes back to where it was. */
  fold(): void {
    this.leave();
    this.folded = true;
  }

  /** Goes to the card from anywhere, and back from it. */
  go(): void {
    const region = document.querySelector<HTMLElement>('[data-call]');
    if (!this.folded && region?.contains(document.activeElement)) {
      this.leave();
      return;
    }
    const active = document.activeElement;
    this.before = active instanceof HTMLElement && active !== document.body ? active : null;
    this.folded = false;
    // Once it is unfolded.
    setTimeout(() => document.querySelector<HTMLElement>('[data-call] [data-call-first]')?.focus(), 0);
  }

  /** Offers the hot transfer of the call in front, else goes to it; the focus goes to its next step, as it was asked for. */
  async transfer(): Promise<void> {
    const card = this.shown;
    if (!card) return;
    const { transfers } = this.app;
    if (!transfers.goesOn(card.call) && !(await transfers.begin(card.call.id))) return;
    this.folded = false;
    setTimeout(() => {
      const first = '[data-missing], [data-next], [data-stand]'.split(', ');
      const panel = document.querySelector('[data-testid="transfer"]');
      for (const selector of first) {
        const found = panel?.querySelector<HTMLElement>(selector);
        if (!found) continue;
        found.focus();
        return;
      }
    }, 0);
  }

  /** Says who the caller is. */
  async name(id: string, person: number | null): Promise<void> {
    await this.write(() => this.app.backend.nameCaller(id, person));
  }

  /** Says which ticket a call is about. */
  async link(id: string, ticket: number | null): Promise<boolean> {
    return (await this.write(() => this.app.backend.linkCall(id, ticket))) !== null;
  }

  /** Says what became of a call that is over, with its note: it goes into its ticket, and the card is put away. */
  async wrapUp(card: CallCard, said: Pick<WrapUp, 'disposition' | 'ticket'>): Promise<boolean> {
    const { id } = card.call;
    const note = this.notes.of(card).text;
    const closed = await this.write(() => this.app.backend.closeCall(id, { ...said, note }));
    if (!closed) return false;
    this.close(id);
    this.app.tell(t('call.closed'));
    return true;
  }

  /**
   * Proposes that the number of a call is added to the caller's record: a task in the call's ticket for whoever may write there. Once a
   * call.
   */
  async proposeNumber(card: CallCard): Promise<void> {
    const { call, ticket } = card;
    if (ticket === null || this.proposed.has(call.id)) return;
    this.proposed.add(call.id);
    const text = t('call.number_task', { number: call.remote.raw, name: callerName(card) });
    const body = fromText(text);
    const accepted = await this.app.submit(ticket, [
      { type: 'add_task', body, private: true, state: 'todo', duration_s: 0, begin: null, assignee: null },
    ]);
    if (!accepted) this.proposed.delete(call.id);
  }

  /** Calls a number. */
  async dial(number: string): Promise<void> {
    try {
      await this.app.backend.dial(number);
      this.app.tell(t('call.dialled', { number }));
    } catch (error) {
      this.app.report(error);
    }
  }

  /** A ticket written here got the server's number. */
  renumber(local: number, remote: number): void {
    if (this.list.some((card) => card.ticket === local))
      this.list = this.list.map((card) => (card.ticket === local ? { ...card, ticket: remote } : card));
  }

  /** Forgets everything: another account, another profile. */
  reset(): void {
    this.list = [];
    this.telephony = NO_TELEPHONE;
    this.front = null;
    this.folded = false;
    this.said = '';
    this.away.clear();
    this.announced.clear();
    this.proposed.clear();
    this.notes.reset();
  }

  /** What a command answered on a card that is shown. */
  written(card: CallCard): void {
    if (!this.list.some((one) => one.call.id === card.call.id)) return;
    // The call may have gone on since.
    this.list = this.list.map((one) =>
      one.call.id === card.call.id ? { ...card, call: one.call, mine: one.mine } : one,
    );
  }

  private async write(command: () => Promise<CallCard>): Promise<CallCard | null> {
    try {
      const card = await command();
      this.written(card);
      for (const listener of this.listeners) listener();
      return card;
    } catch (error) {
      this.app.report(error);
      return null;
    }
  }

  private put(card: CallCard): void {
    const { call, gone } = card;
    const were = this.list.filter((one) => one.call.id === call.id || gone.includes(one.call.id));
    if (gone.length > 0) {
      this.notes.moved(gone, call.id);
      if (this.front !== null && gone.includes(this.front)) this.front = call.id;
      if (gone.some((id) => this.announced.has(id))) this.announced.add(call.id);
      if (gone.some((id) => this.away.has(id))) this.away.add(call.id);
    }
    const others = this.list.filter((one) => !were.includes(one));
    // Rung here and given up by the caller: it was mine, and somebody may want to call back.
    const missed = call.state === 'missed' && were.length > 0;
    // Its transfer goes on: its next step is here, wherever the call itself is.
    const held = this.app.transfers.goesOn(call);
    const keep = held || (isOver(call) ? were.length > 0 && (card.mine || missed) : card.mine);
    if (held) this.away.delete(call.id);
    if (!keep || this.away.has(call.id)) {
      this.list = others;
      return;
    }
    const focused = document.querySelector('[data-call]')?.contains(document.activeElement) === true;
    const done = card.closed;
    if (isOver(call) && done && !held && !focused && !this.notes.unsaved(call.id)) {
      this.away.add(call.id);
      this.list = others;
      return;
    }
    const before = this.shown;
    this.list = [...others, card].sort((a, b) => a.call.started_at.localeCompare(b.call.started_at));
    if (were.length > 0) return;
    // A new call comes in front, unless somebody is being talked to, written about or handed over.
    if (before === null || (isOver(before.call) && !focused && !this.app.transfers.goesOn(before.call)))
      this.show(call.id);
    else this.front = before.call.id;
    this.announce(card);
  }

  private announce(card: CallCard): void {
    const { call } = card;
    if (this.announced.has(call.id)) return;
    this.announced.add(call.id);
    if (call.direction === 'outbound') return;
    const briefing = this.isBriefing(card);
    const values = {
      who: callerName(card),
      vip: card.card?.person.vip === true ? 'yes' : 'no',
      n: card.card?.open_tickets.length ?? 0,
      key: 'F9',
    };
    this.said = briefing ? t('call.said_briefing', values) : t('call.said', values);
  }

  /** The desk is consulted about the call: somebody else has the caller. */
  isBriefing(card: CallCard): boolean {
    const { consultation } = card.call;
    return consultation !== null && consultation.device !== null && consultation.device === this.telephony.device;
  }

  /** The focus goes back to where it was before it came to the card. */
  private leave(): void {
    const inside = document.querySelector('[data-call]')?.contains(document.activeElement) === true;
    const { before } = this;
    this.before = null;
    if (!inside) return;
    if (before?.isConnected) before.focus();
    else document.querySelector<HTMLElement>('[data-region="queue"], [data-pane] h1[tabindex]')?.focus();
  }
}

/** Since when the PBX is not there, in words. */
export function lostFor(lost: { since: string }): string {
  return span(clock.now.getTime() - new Date(lost.since).getTime());
}
