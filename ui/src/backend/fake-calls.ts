// The telephone of the in-memory backend: calls that a test (or the demo) makes ring, a journal with its numbers, the settings of
// the PBX. The rules are Rust's: a card is sent whole, several people with one number are a choice, a hidden number is looked up
// nowhere.
import { BackendFailure, type Unlisten } from './backend';
import type {
  Call,
  CallCard,
  Caller,
  CallNumbers,
  JournalCall,
  JournalPage,
  JournalQuery,
  KeptCallBack,
  PbxSettings,
  Person,
  PersonCard,
  TelephonyState,
  UiError,
  UserId,
  WrapUp,
} from './types';

/** One's own telephone. */
export const DEVICE = 'SIP/6001';
const QUEUE = 'support';
/** Answered within so long is prompt, in milliseconds. */
const PROMPT_MS = 20_000;

/** What the telephone needs of the backend around it. */
interface Around {
  people: () => Person[];
  person: (id: UserId) => Promise<PersonCard | null>;
  explain: (code: string) => Promise<UiError>;
  refuse: (call: string) => void;
  now: () => Date;
}

const fold = (text: string): string => text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
const digits = (text: string): string => text.replace(/\D/g, '');

export class FakeTelephone {
  state: TelephonyState;
  settings: PbxSettings | null;
  /** The journal, newest first. */
  journal: JournalCall[] = [];
  callBacks: KeptCallBack[] = [];
  private readonly callListeners = new Set<(card: CallCard) => void>();
  private readonly stateListeners = new Set<(state: TelephonyState) => void>();
  /** What a card says beside its call, by the call: a transfer that is offered, a briefing. */
  private readonly beside = new Map<string, Partial<Pick<CallCard, 'offer' | 'briefing'>>>();
  private next = 1;

  constructor(
    private readonly around: Around,
    setUp: boolean,
  ) {
    this.settings = setUp
      ? {
          kind: 'asterisk',
          host: 'pbx.exemple.fr',
          port: 5039,
          protected: true,
          authorities: null,
          username: 'guichet',
          device: DEVICE,
          queues: [QUEUE],
          context: 'default',
        }
      : null;
    this.state = setUp
      ? { device: DEVICE, connection: { type: 'connected', since: around.now().toISOString() } }
      : { device: null, connection: null };
    if (setUp) this.fill();
  }

  // ---- what a test or the demo makes happen ---------------------------------------------------------------------------
  /** Somebody calls; answers the call's identity. */
  async ring(number: string, facts: Partial<Call> = {}): Promise<string> {
    const now = new Date().toISOString();
    const id = `call-${String(this.next++)}`;
    const call: Call = {
      ...blank(id, now),
      remote: this.remote(number),
      state: 'ringing',
      queue: QUEUE,
      queued_at: now,
      ringing: [DEVICE],
      ringing_at: now,
      ...facts,
    };
    await this.change(call);
    return id;
  }

  /** A call goes on: the facts that changed, and the identities it had. */
  async turn(id: string, facts: Partial<Call>, gone: string[] = []): Promise<void> {
    const held = this.journal.find((row) => row.call.id === id || gone.includes(row.call.id));
    if (!held) throw new Error(`no call ${id}`);
    this.journal = this.journal.filter((row) => row === held || !gone.includes(row.call.id));
    await this.change({ ...held.call, id, ...facts }, gone);
  }

  /** Picked up at one's own telephone. */
  answer(id: string): Promise<void> {
    return this.turn(id, {
      state: 'answered',
      ringing: [],
      device: DEVICE,
      answered_by: DEVICE,
      answered_at: new Date().toISOString(),
    });
  }

  end(id: string): Promise<void> {
    return this.turn(id, { state: 'ended', ended_at: new Date().toISOString(), cause: 'normal' });
  }

  /** A call's card says more: a hot transfer is offered, a briefing comes with it. */
  async say(id: string, facts: Partial<Pick<CallCard, 'offer' | 'briefing'>>): Promise<void> {
    this.beside.set(id, { ...this.beside.get(id), ...facts });
    await this.turn(id, {});
  }

  setState(state: TelephonyState): void {
    this.state = state;
    for (const listener of this.stateListeners) listener(state);
  }

  // ---- the commands -----------------------------------------------------------------------------------------------------
  live(): Promise<CallCard[]> {
    const rows = this.journal.filter((row) => !over(row.call));
    return Promise.all([...rows].reverse().map((row) => this.card(row)));
  }

  page(query: JournalQuery): JournalPage {
    this.around.refuse('callJournal');
    const words = fold(query.words ?? '').trim();
    const found = this.journal.filter(({ call, mine, person, ticket, note, closed_at }) => {
      const who = this.around.people().find((one) => one.id === person);
      const text = [call.remote.raw, call.remote.name, who?.first_name, who?.last_name, call.queue, note].join(' ');
      const number = digits(words);
      return (
        (query.from == null || call.started_at >= query.from) &&
        (query.to == null || call.started_at < query.to) &&
        (query.direction == null || call.direction === query.direction) &&
        (query.answered == null || (call.answered_at !== null) === query.answered) &&
        (query.queue == null || call.queue === query.queue) &&
        (query.person == null || person === query.person) &&
        (query.ticket == null || ticket === query.ticket) &&
        (query.to_close !== true || (mine && over(call) && closed_at === null)) &&
        (words === '' || fold(text).includes(words) || (number.length > 2 && digits(call.remote.raw).includes(number)))
      );
    });
    const offset = query.offset ?? 0;
    return { rows: found.slice(offset, offset + (query.limit ?? 100)), numbers: numbers(found.map((row) => row.call)) };
  }

  queues(): string[] {
    return [...new Set(this.journal.flatMap((row) => row.call.queue ?? []))].sort();
  }

  async cardOf(id: string): Promise<CallCard> {
    return this.card(await this.row(id));
  }

  async write(id: string, made: Partial<JournalCall>): Promise<CallCard> {
    const row = await this.row(id);
    const written = { ...row, ...made };
    this.journal = this.journal.map((one) => (one === row ? written : one));
    return this.card(written);
  }

  /** As Rust: once, when the call is over and everything is said. */
  async wrapUp(id: string, { disposition, ticket, note }: WrapUp): Promise<CallCard> {
    const row = await this.row(id);
    const refused =
      row.closed_at !== null
        ? 'call_closed_already'
        : !over(row.call)
          ? 'call_not_over'
          : !disposition || !ticket
            ? 'call_wrap_up_incomplete'
            : null;
    if (refused !== null) throw new BackendFailure(await this.around.explain(refused));
    return this.write(id, {
      disposition: disposition ?? null,
      ticket: ticket?.type === 'existing' ? ticket.id : null,
      no_ticket: ticket?.type === 'none' ? { reason: ticket.reason, words: ticket.words } : null,
      note: note ?? '',
      closed_at: this.around.now().toISOString(),
    });
  }

  async dial(number: string): Promise<void> {
    if (this.settings === null) throw new BackendFailure(await this.around.explain('telephone_not_set_up'));
    if (this.state.connection?.type !== 'connected')
      throw new BackendFailure(await this.around.explain('pbx_not_connected'));
    await this.ring(number, {
      direction: 'outbound',
      state: 'dialing',
      queue: null,
      queued_at: null,
      ringing: [],
      device: DEVICE,
    });
  }

  save(settings: PbxSettings | null): void {
    this.settings = settings;
    this.setState(
      settings === null
        ? { device: null, connection: null }
        : { device: settings.device, connection: { type: 'connecting' } },
    );
  }

  onCall(listener: (card: CallCard) => void): Unlisten {
    this.callListeners.add(listener);
    return () => this.callListeners.delete(listener);
  }

  onState(listener: (state: TelephonyState) => void): Unlisten {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  }

  // ---- behind it ----------------------------------------------------------------------------------------------------------
  private async row(id: string): Promise<JournalCall> {
    const row = this.journal.find((one) => one.call.id === id);
    if (!row) throw new BackendFailure(await this.around.explain('call_unknown'));
    return row;
  }

  private async change(call: Call, gone: string[] = []): Promise<void> {
    const at = this.journal.findIndex((row) => row.call.id === call.id || gone.includes(row.call.id));
    const held = this.journal[at];
    const caller = this.callerOf(call, held?.person ?? null);
    const row = {
      ...(held ?? blankRow(call)),
      call,
      mine: isMine(call),
      person: caller.type === 'known' ? caller.person : null,
    };
    this.journal = held ? this.journal.map((one) => (one === held ? row : one)) : [row, ...this.journal];
    this.callBack(call, row.mine || held?.mine === true);
    const card = await this.card(row, gone);
    for (const listener of this.callListeners) listener(card);
  }

  /** A call that rang here in vain is one to call back; one that is talked ends that. */
  private callBack(call: Call, mine: boolean): void {
    const { remote } = call;
    if (call.answered_at !== null)
      this.callBacks = this.callBacks.filter((one) => one.call_back.remote.raw !== remote.raw);
    const known = this.callBacks.some((one) => one.call_back.call === call.id);
    if (call.state !== 'missed' || !mine || remote.anonymous || known) return;
    const due = new Date(new Date(call.ended_at ?? call.started_at).getTime() + 30 * 60_000).toISOString();
    const owner = { type: 'group' as const, name: 'Support N1' };
    const { source, id } = call;
    const call_back = {
      id: `back-${id}`,
      source,
      call: id,
      ticket: null,
      remote,
      name: '',
      owner,
      due,
      reason: 'unanswered' as const,
    };
    this.callBacks = [...this.callBacks, { call_back, person: null, done_at: null }];
  }

  private async card(row: JournalCall, gone: string[] = []): Promise<CallCard> {
    const { call } = row;
    const caller = this.callerOf(call, row.person);
    const person = caller.type === 'known' ? caller.person : null;
    const same = (one: JournalCall): boolean =>
      person === null ? call.remote.raw !== '' && one.call.remote.raw === call.remote.raw : one.person === person;
    return {
      call,
      mine: isMine(call),
      caller,
      person,
      card: person === null ? null : await this.around.person(person),
      recent: this.journal.filter((one) => one.call.id !== call.id && same(one)).slice(0, 5),
      note: row.note,
      ticket: row.ticket,
      disposition: row.disposition,
      closed: row.closed_at !== null,
      gone,
      offer: null,
      briefing: null,
      ...this.beside.get(call.id),
    };
  }

  private callerOf(call: Call, said: UserId | null): Caller {
    if (said !== null) return { type: 'known', person: said, sure: true };
    if (call.remote.anonymous) return { type: 'anonymous' };
    const wanted = digits(call.remote.raw);
    const people = this.around.people().filter((one) => one.phones.some((phone) => phone.digits === wanted));
    const [one, ...others] = people;
    if (!one) return { type: 'unknown' };
    return others.length > 0 ? { type: 'several', people } : { type: 'known', person: one.id, sure: true };
  }

  private remote(number: string): Call['remote'] {
    const plain = digits(number);
    return {
      raw: number,
      e164: plain.length === 10 ? `+33${plain.slice(1)}` : null,
      name: null,
      anonymous: number === '',
    };
  }

  /** An ordinary day and the one before it: mostly answered, some given up, some made. */
  private fill(): void {
    const people = this.around.people();
    const begin = this.around.now().getTime() - 4 * 60_000;
    for (let index = 0; index < 48; index++) {
      const person = people[(index * 7) % 40];
      const number = person?.phones[0]?.raw ?? '0612340013';
      const started = begin - index * 37 * 60_000;
      const at = (seconds: number): string => new Date(started + seconds * 1000).toISOString();
      const wait = 4 + ((index * 11) % 41);
      const missed = index % 6 === 4;
      const out = index % 8 === 5;
      const call: Call = {
        ...blank(`past-${String(index)}`, at(0)),
        remote: index % 15 === 9 ? this.remote('') : this.remote(number),
        direction: out ? 'outbound' : 'inbound',
        queue: out ? null : index % 5 === 2 ? 'urgences' : QUEUE,
        queued_at: out ? null : at(0),
        ringing_at: at(1),
        device: missed ? null : DEVICE,
        answered_by: missed ? null : DEVICE,
        answered_at: missed ? null : at(wait),
        ended_at: at(wait + (missed ? 0 : 60 + ((index * 53) % 600))),
        state: missed ? 'missed' : 'ended',
        cause: missed ? 'abandoned' : 'normal',
      };
      const caller = this.callerOf(call, null);
      this.journal.push({
        ...blankRow(call),
        person: caller.type === 'known' ? caller.person : null,
        ticket: index % 3 === 0 && !missed ? 4821 - (index % 6) : null,
        note: index % 4 === 0 ? 'Rappeler après la réunion de 10 h.' : '',
      });
    }
  }
}

const over = (call: Call): boolean => call.state === 'ended' || call.state === 'missed';

/** It rings at one's own telephone, is on it, was, or that is consulted about it. */
const isMine = (call: Call): boolean =>
  call.ringing.includes(DEVICE) ||
  call.device === DEVICE ||
  call.answered_by === DEVICE ||
  call.consultation?.device === DEVICE;

/** A call that nobody has noted anything of. */
const blankRow = (call: Call): JournalCall => ({
  call,
  mine: isMine(call),
  person: null,
  ticket: null,
  note: '',
  disposition: null,
  no_ticket: null,
  closed_at: null,
});

function blank(id: string, at: string): Call {
  return {
    source: 'pbx',
    id,
    ids: [id],
    direction: 'inbound',
    remote: { raw: '', e164: null, name: null, anonymous: true },
    state: 'waiting',
    queue: null,
    ringing: [],
    device: null,
    agent: null,
    answered_by: null,
    consultation: null,
    started_at: at,
    queued_at: null,
    ringing_at: null,
    answered_at: null,
    transferred_at: null,
    voicemail_at: null,
    ended_at: null,
    cause: null,
    times_uncertain: false,
    user_data: {},
    capabilities: {},
  };
}

function numbers(calls: Call[]): CallNumbers {
  const offered = calls.filter((call) => call.direction === 'inbound' && (call.answered_at !== null || over(call)));
  const answered = offered.filter((call) => call.answered_at !== null);
  const between = (from: string, to: string | null): number =>
    new Date(to ?? from).getTime() - new Date(from).getTime();
  const wait = (call: Call): number => between(call.queued_at ?? call.started_at, call.answered_at);
  const mean = (all: number[]): number | null =>
    all.length === 0 ? null : Math.round(all.reduce((sum, one) => sum + one, 0) / all.length / 1000);
  return {
    all: calls.length,
    offered: offered.length,
    answered: answered.length,
    answered_promptly: answered.filter((call) => wait(call) <= PROMPT_MS).length,
    abandoned: offered.length - answered.length,
    outgoing: calls.filter((call) => call.direction === 'outbound').length,
    mean_wait_s: mean(answered.map(wait)),
    mean_talk_s: mean(answered.filter(over).map((call) => between(call.answered_at ?? call.started_at, call.ended_at))),
  };
}
