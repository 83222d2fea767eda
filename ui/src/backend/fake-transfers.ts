// Hot transfers of the in-memory backend: a walk through them in the shapes that Rust sends, driven by the decisions and by what a test
// (or the demo) makes the PBX show. No second state machine: what Rust would refuse and no test asks for is not looked at.
import { BackendFailure, type Unlisten } from './backend';
import { DEVICE } from './fake-calls';
import type {
  Briefing,
  CallCard,
  Decision,
  Diagnosis,
  DiagnosisField,
  Happened,
  HotTransfer,
  Instruction,
  Notice,
  Outcome,
  RosterMember,
  State,
  TransferCard,
  UiError,
} from './types';

const CALL_BACK_MS = 30 * 60_000;

interface Around {
  card: (call: string) => Promise<CallCard>;
  explain: (code: string) => Promise<UiError>;
  now: () => Date;
}

const member = (name: string, extension: string, facts: Partial<RosterMember> = {}): RosterMember => ({
  name,
  group: 'DSI > Réseau',
  extension,
  device: `SIP/${extension}`,
  ring_s: 20,
  on_duty: true,
  line: 'free',
  tried: null,
  ...facts,
});

const INSTRUCTIONS: Record<Instruction['step'], string> = {
  consult: 'Double appel, puis composez le 7001.',
  join: 'Appuyez sur Transfert : l’appelant est mis en relation.',
  take_back: 'Appuyez sur R puis 1 : vous reprenez l’appelant.',
};

export class FakeTransfers {
  cards: TransferCard[] = [];
  /** By hand: the PBX cannot be driven. */
  byHand = false;
  roster: RosterMember[] = [
    member('Paul Girard', '7001'),
    member('Sophie Lambert', '7002', { group: 'DSI > Systèmes' }),
    member('Astreinte', '7003', { on_duty: false, line: null }),
  ];
  private readonly listeners = new Set<(card: TransferCard) => void>();
  private next = 1;

  constructor(private readonly around: Around) {}

  // ---- what a test or the demo makes happen ---------------------------------------------------------------------------
  /** The PBX shows something: the state, and what is told of it. */
  shows(id: string, state: State, facts: Partial<Pick<TransferCard, 'notice' | 'instruction'>> = {}): void {
    this.put(this.change(this.of(id), { state }, facts), `→ ${state.type}`);
  }

  /** The telephone of the one who is asked rings, then it is lifted. */
  rings(id: string): void {
    this.phase(id, 'ringing');
  }

  answers(id: string): void {
    this.phase(id, 'talking', 'consulted_answered');
  }

  /** Nobody lifts it: the next of the roster is called. */
  ringsInVain(id: string): void {
    const card = this.tried(this.of(id), 'no_answer');
    this.put(this.consult(card, this.free(card.transfer)), 'pas de réponse');
  }

  /** The machine's facts change: the PBX is out of sight, it has no effect. */
  turn(id: string, facts: Partial<HotTransfer>, notice: Notice | null = null): void {
    this.put(this.change(this.of(id), facts, { notice }), null);
  }

  // ---- the commands -----------------------------------------------------------------------------------------------------
  list(): TransferCard[] {
    return [...this.cards];
  }

  async begin(call: string): Promise<TransferCard> {
    const held = this.cards.find((one) => one.transfer.call_ids.includes(call) && !isEnd(one.transfer.state));
    if (held) return held;
    const of = await this.around.card(call);
    const person = of.card?.person;
    const title = of.card?.open_tickets.find((row) => row.id === of.ticket)?.title ?? '';
    const transfer: HotTransfer = {
      id: `transfer-${String(this.next++)}`,
      source: of.call.source,
      call,
      call_ids: [...of.call.ids],
      remote: of.call.remote,
      device: DEVICE,
      offered_at: this.around.now().toISOString(),
      drive: this.byHand ? { type: 'by_hand', why: 'not_drivable' } : { type: 'pbx' },
      connected: true,
      policy: {
        vip: true,
        priority_at_least: null,
        mandatory: ['symptom', 'affected'],
        action_timeout_s: 3,
        call_back_s: CALL_BACK_MS / 1000,
        call_back_owner: 'DSI > Réseau',
        by_hand: { consult: {}, join: {}, take_back: {} } as unknown as HotTransfer['policy']['by_hand'],
      },
      roster: this.roster.map((one) => ({ ...one })),
      briefing: {
        ticket: of.ticket,
        title,
        caller: {
          name: person ? `${person.first_name} ${person.last_name}` : '',
          number: of.call.remote.raw,
          vip: person?.vip === true,
          site: '',
        },
        diagnosis: { symptom: title },
        note: '',
      },
      state: { type: 'offered' },
      trace: [],
      actions: 0,
      consult_seen: false,
      briefed_as: null,
    };
    const card: TransferCard = { transfer, lines: [], missing: [], next: null, instruction: null, notice: null };
    return this.put(this.change(card, {}), 'proposé : demandeur VIP');
  }

  async brief(id: string, briefing: Briefing): Promise<TransferCard> {
    const card = this.of(id);
    return this.put(this.change(card, { briefing: { ...briefing, ticket: card.transfer.briefing.ticket } }), null);
  }

  async decide(id: string, decision: Decision): Promise<TransferCard> {
    const card = this.of(id);
    const { state } = card.transfer;
    const between = state.type === 'offered' || state.type === 'with_caller';
    const nth = 'nth' in state ? state.nth : null;
    switch (decision.type) {
      case 'consult':
        if (!between) return this.refused('transfer_wrong_state');
        if (card.missing.length > 0) return this.refused('transfer_briefing_incomplete');
        return this.put(this.consult(card, decision.nth ?? this.free(card.transfer)), 'appel, le demandeur patiente');
      case 'briefed':
        if (state.type !== 'consulting' || state.phase !== 'talking') return this.refused('transfer_wrong_state');
        return this.go(card, { type: 'briefed', nth: state.nth });
      case 'complete':
        if (state.type !== 'briefed') return this.refused('transfer_wrong_state');
        if (!this.driven(card.transfer))
          return this.go(card, { type: 'completing', nth: state.nth, until: null }, { instruction: told('join') });
        return this.go(card, { type: 'completed', nth: state.nth, at: this.at() }, { notice: 'completed' });
      case 'next': {
        const given = between ? card : this.tried(card, 'given_up');
        return this.put(this.consult(given, this.free(given.transfer)), 'suivant');
      }
      case 'return':
        if (between || this.driven(card.transfer)) return this.go(card, { type: 'returned', at: this.at() });
        return this.returning(card, nth ?? 0, 'finish');
      case 'fall_back':
        return this.put(this.consult(card, null), 'personne');
      case 'decline':
        if (decision.reason.trim() === '') return this.refused('transfer_no_reason');
        return this.go(card, { type: 'declined', at: this.at(), reason: decision.reason });
      case 'confirm':
        return this.confirm(card, decision.what, nth);
    }
  }

  onChange(listener: (card: TransferCard) => void): Unlisten {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  // ---- behind it ----------------------------------------------------------------------------------------------------------
  private confirm(card: TransferCard, what: Happened, nth: number | null): TransferCard | Promise<TransferCard> {
    switch (what) {
      case 'answered':
        return this.go(card, { type: 'consulting', nth: nth ?? 0, phase: 'talking', until: null });
      case 'no_answer':
      case 'busy':
      case 'refused':
        return this.returning(this.tried(card, what), nth ?? 0, 'next');
      case 'back_with_caller':
        return this.go(card, { type: 'with_caller' }, { notice: 'next_is_ready' });
      case 'joined':
        return this.go(card, { type: 'completed', nth, at: this.at() }, { notice: 'completed' });
      case 'caller_left':
        return this.go(
          card,
          { type: 'caller_left', at: this.at(), call_back: this.callBack(card.transfer, 'left_during_transfer') },
          { notice: 'caller_left' },
        );
    }
  }

  private async refused(code: string): Promise<never> {
    throw new BackendFailure(await this.around.explain(code));
  }

  private consult(card: TransferCard, nth: number | null): TransferCard {
    if (nth === null) {
      const call_back = this.callBack(card.transfer, 'nobody_on_roster');
      return this.change(card, { state: { type: 'fell_back', at: this.at(), call_back } }, { notice: 'nobody_left' });
    }
    const driven = this.driven(card.transfer);
    const until = driven ? this.at((card.transfer.roster[nth]?.ring_s ?? 20) * 1000) : null;
    return this.change(
      card,
      { state: { type: 'consulting', nth, phase: 'asked', until } },
      { instruction: driven ? null : told('consult') },
    );
  }

  private returning(card: TransferCard, nth: number, then: 'next' | 'finish'): TransferCard {
    return this.go(
      card,
      { type: 'returning', nth, since: this.at(), then, asked: false, told: true },
      { instruction: told('take_back') },
    );
  }

  private phase(id: string, phase: 'ringing' | 'talking', notice: Notice | null = null): void {
    const card = this.of(id);
    const { state } = card.transfer;
    if (state.type !== 'consulting') throw new Error(`nobody is consulted: ${state.type}`);
    const until = phase === 'talking' ? null : state.until;
    this.go(card, { ...state, phase, until }, { notice });
  }

  private tried(card: TransferCard, outcome: Outcome): TransferCard {
    const { state } = card.transfer;
    const nth = 'nth' in state ? state.nth : null;
    const roster = card.transfer.roster.map((one, at) => (at === nth ? { ...one, tried: outcome } : one));
    return this.change(card, { roster });
  }

  private driven(transfer: HotTransfer): boolean {
    return transfer.drive.type === 'pbx' && transfer.connected;
  }

  private callBack(
    transfer: HotTransfer,
    reason: 'nobody_on_roster' | 'left_during_transfer',
  ): Extract<State, { type: 'fell_back' }>['call_back'] {
    return {
      id: `${transfer.id}-call-back`,
      source: transfer.source,
      call: transfer.call,
      ticket: transfer.briefing.ticket,
      remote: transfer.remote,
      name: transfer.briefing.caller.name,
      owner: { type: 'group', name: transfer.policy.call_back_owner },
      due: this.at(CALL_BACK_MS),
      reason,
    };
  }

  private free(transfer: HotTransfer): number | null {
    const at = transfer.roster.findIndex((one) => one.on_duty && one.line !== 'busy' && one.tried === null);
    return at < 0 ? null : at;
  }

  private at(later = 0): string {
    return new Date(this.around.now().getTime() + later).toISOString();
  }

  private of(id: string): TransferCard {
    const card = this.cards.find((one) => one.transfer.id === id);
    if (!card) throw new Error(`no transfer ${id}`);
    return card;
  }

  private go(
    card: TransferCard,
    state: State,
    told: Partial<Pick<TransferCard, 'notice' | 'instruction'>> = {},
  ): TransferCard {
    return this.put(this.change(card, { state }, told), `→ ${state.type}`);
  }

  private change(
    card: TransferCard,
    facts: Partial<HotTransfer>,
    told: Partial<Pick<TransferCard, 'notice' | 'instruction'>> = {},
  ): TransferCard {
    const transfer = { ...card.transfer, ...facts };
    return {
      ...card,
      transfer,
      missing: transfer.policy.mandatory.filter((field) => !says(transfer.briefing.diagnosis, field)),
      next: this.free(transfer),
      // What was to be pressed was for the state before.
      instruction: facts.state ? null : card.instruction,
      ...told,
    };
  }

  private put(card: TransferCard, line: string | null): TransferCard {
    const lines =
      line === null
        ? card.lines
        : [...card.lines, { number: card.lines.length + 1, at: this.at(), witness: 'guichet' as const, text: line }];
    const written = { ...card, lines };
    const { id } = written.transfer;
    const held = this.cards.some((one) => one.transfer.id === id);
    this.cards = held ? this.cards.map((one) => (one.transfer.id === id ? written : one)) : [...this.cards, written];
    for (const listener of this.listeners) listener(written);
    return written;
  }
}

/** Blanks say nothing. */
function says(diagnosis: Diagnosis, field: DiagnosisField): boolean {
  const said = field === 'asset' ? diagnosis.assets : diagnosis[field];
  return typeof said === 'string' ? said.trim() !== '' : (said?.length ?? 0) > 0;
}

const told = (step: Instruction['step']): Instruction => ({ step, text: INSTRUCTIONS[step] });

const ENDS: readonly State['type'][] = ['completed', 'returned', 'declined', 'fell_back', 'caller_left'];
const isEnd = (state: State): boolean => ENDS.includes(state.type);
