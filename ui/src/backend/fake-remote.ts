// Remote control of the in-memory backend: the log of consents, tools and targets as an inventory has them, sessions. The rules are
// Rust's: the last answer about a ticket and a piece of equipment counts, for an hour, and nothing starts without one that holds.
import { BackendFailure, type Unlisten } from './backend';
import type {
  AskedPerson,
  AssetKey,
  ConsentAnswer,
  ConsentId,
  ConsentMeans,
  ConsentRecord,
  ConsentState,
  RemoteAsset,
  RemotePlan,
  RemoteSessionCard,
  RemoteSheet,
  RemoteTool,
  TicketId,
  TicketView,
  UiError,
} from './types';

/** An agreement holds for so long, in milliseconds. */
const VALID_MS = 60 * 60_000;

interface Around {
  view: (id: TicketId) => Promise<TicketView | null>;
  explain: (code: string) => Promise<UiError>;
  refuse: (call: string) => void;
  me: number;
}

const same = (a: AssetKey | null, b: AssetKey | null): boolean => a?.kind === b?.kind && a?.id === b?.id;

/** The sessions of TeamViewer's Web API are made, not reached. */
const MADE = 'teamviewer_session';

export class FakeRemote {
  consents: ConsentRecord[] = [];
  sessions: RemoteSessionCard[] = [];
  token: string | null = null;
  /** The inventory was asked how equipment is reached. */
  told = true;
  private readonly listeners = new Set<(card: RemoteSessionCard) => void>();
  private next = 1;

  constructor(private readonly around: Around) {}

  async sheet(ticket: TicketId): Promise<RemoteSheet> {
    this.around.refuse('remoteSheet');
    const view = await this.around.view(ticket);
    if (!view) throw new BackendFailure(await this.around.explain('ticket_unknown'));
    const person = view.requester?.person;
    const tools = await this.tools();
    const assets = view.assets.map(({ key, name }): RemoteAsset => ({
      key,
      name,
      targets: [
        { tool: 'teamviewer', target: String(123_000_000 + key.id), from: 'remote_item' as const, problem: null },
        { tool: 'rdp', target: name, from: 'name' as const, problem: null },
        {
          tool: 'vnc',
          target: '192.0.2.17',
          from: 'address' as const,
          problem: tools.find((one) => one.tool === 'vnc')?.problem ?? null,
        },
      ].filter((one) => this.told || one.from === 'name'),
    }));
    return {
      ticket,
      person: person ? { user: person.id, name: `${person.first_name} ${person.last_name}` } : null,
      assets,
      tools,
      consents: this.consents.filter((one) => one.subject.ticket === ticket),
      states: [...assets.map((one) => one.key), null].map((asset) => this.state(ticket, asset)),
      sessions: this.sessions.filter((one) => one.ticket === ticket).reverse(),
    };
  }

  async record(
    ticket: TicketId,
    asset: AssetKey | null,
    person: AskedPerson,
    means: ConsentMeans,
    asked_at: string,
    answer: ConsentAnswer,
  ): Promise<RemoteSheet> {
    this.around.refuse('recordConsent');
    if (person.name.trim() === '') throw new BackendFailure(await this.around.explain('consent_nobody_named'));
    const answered_at = new Date().toISOString();
    const id = `consent-${String(this.next++)}`;
    const subject = { ticket, asset };
    this.consents = [
      ...this.consents,
      { id, subject, technician: this.around.me, person, means, asked_at, answered_at, answer },
    ];
    return this.sheet(ticket);
  }

  async withdraw(ticket: TicketId, agreement: ConsentId): Promise<RemoteSheet> {
    const held = this.consents.find((one) => one.id === agreement);
    if (!held) throw new BackendFailure(await this.around.explain('consent_no_such_agreement'));
    const now = new Date().toISOString();
    return this.record(ticket, held.subject.asset, held.person, held.means, now, { type: 'withdrawn', agreement });
  }

  async plan(tool: string, target: string): Promise<RemotePlan> {
    const known = (await this.tools()).find((one) => one.tool === tool);
    if (!known) throw new BackendFailure(await this.around.explain('remote_tool_unknown'));
    if (known.problem) throw new BackendFailure(known.problem);
    const refused =
      !known.takes_target || tool === MADE
        ? null
        : target === ''
          ? 'remote_target_empty'
          : target.startsWith('-')
            ? 'remote_target_option'
            : /\s/.test(target)
              ? 'remote_target_blank'
              : null;
    if (refused !== null) throw new BackendFailure(await this.around.explain(refused));
    if (tool === 'webex') return { program: null, arguments: [], link: 'https://exemple.webex.com/meet/assistance' };
    return tool === 'teamviewer'
      ? { program: 'C:\\Program Files\\TeamViewer\\TeamViewer.exe', arguments: ['--id', target], link: null }
      : { program: 'C:\\Windows\\System32\\mstsc.exe', arguments: [`/v:${target}`], link: null };
  }

  async start(ticket: TicketId, asset: AssetKey | null, tool: string, target: string): Promise<RemoteSessionCard> {
    this.around.refuse('startRemote');
    const state = this.state(ticket, asset);
    if (state.granted_until === null || !state.last)
      throw new BackendFailure(await this.around.explain(state.reason ?? 'consent_not_asked'));
    if (tool !== MADE) await this.plan(tool, target);
    const made = tool === MADE;
    const view = await this.around.view(ticket);
    const card: RemoteSessionCard = {
      id: `session-${String(this.next++)}`,
      ticket,
      asset,
      asset_name: view?.assets.find((one) => same(one.key, asset))?.name ?? '',
      tool,
      target,
      code: made ? 's12-345-678' : null,
      link: made ? 'https://get.teamviewer.com/v15/s12345678' : null,
      consent: state.last.id,
      started_at: new Date().toISOString(),
      ended_at: null,
      end_is_seen: tool === 'rdp',
      noted: false,
    };
    this.sessions = [...this.sessions, card];
    this.tell(card);
    return card;
  }

  /** A session is over: by the technician's word, or because its program ended. */
  end(id: string, noted: boolean): RemoteSessionCard {
    this.around.refuse('endRemote');
    const held = this.sessions.find((one) => one.id === id);
    if (!held) throw new Error(`no session ${id}`);
    const card = { ...held, ended_at: held.ended_at ?? new Date().toISOString(), noted };
    this.sessions = this.sessions.map((one) => (one.id === id ? card : one));
    this.tell(card);
    return card;
  }

  running(): RemoteSessionCard[] {
    return this.sessions.filter((one) => one.ended_at === null);
  }

  onSession(listener: (card: RemoteSessionCard) => void): Unlisten {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(card: RemoteSessionCard): void {
    for (const listener of this.listeners) listener(card);
  }

  /** The last record about a ticket and a piece of equipment counts. */
  private state(ticket: TicketId, asset: AssetKey | null): ConsentState {
    const last =
      this.consents.filter((one) => one.subject.ticket === ticket && same(one.subject.asset, asset)).at(-1) ?? null;
    const none = (reason: string): ConsentState => ({ asset, granted_until: null, reason, last });
    if (last === null) return none('consent_not_asked');
    if (last.answer.type === 'refused') return none('consent_refused');
    if (last.answer.type === 'withdrawn') return none('consent_withdrawn');
    const until = new Date(new Date(last.answered_at).getTime() + VALID_MS);
    if (until < new Date()) return none('consent_expired');
    return { asset, granted_until: until.toISOString(), reason: null, last };
  }

  private async tools(): Promise<RemoteTool[]> {
    const told = await this.around.explain('remote_program_missing');
    const missing = { ...told, message: told.message.replace('{tool}', 'VNC') };
    const tool = (name: string, label: string, facts: Partial<RemoteTool> = {}): RemoteTool => ({
      tool: name,
      label,
      takes_target: true,
      problem: null,
      end_is_seen: false,
      ...facts,
    });
    return [
      tool('teamviewer', 'TeamViewer'),
      tool(MADE, 'TeamViewer (session)', { takes_target: false }),
      tool('rdp', 'Bureau à distance', { end_is_seen: true }),
      tool('vnc', 'VNC', { end_is_seen: true, problem: missing }),
      tool('webex', 'Webex', { takes_target: false }),
    ];
  }
}
