// Rooms of major incidents in the in-memory backend. The rules are Rust's: words and updates are apart, an update is posted once, and
// the next one is promised by the cadence.
import { BackendFailure, type Unlisten } from './backend';
import type {
  Accepted,
  Block,
  BulkRefusal,
  NewRoomUpdate,
  Operation,
  OperationId,
  OutboxEntry,
  Room,
  RoomCard,
  RoomPosted,
  RoomReport,
  RoomSheet,
  RoomTicket,
  RoomWords,
  SavedRoomReport,
  TicketId,
  TicketView,
  UiError,
} from './types';

const MINUTE = 60_000;

/** What rooms need of the backend around them. */
interface Around {
  view: (id: TicketId) => Promise<TicketView | null>;
  submit: (lane: TicketId, id: OperationId, operation: Operation) => Promise<Accepted>;
  pending: () => OutboxEntry[];
  explain: (code: string) => Promise<UiError>;
  refuse: (call: string) => void;
  me: string;
}

const paragraph = (text: string): Block => ({ type: 'paragraph', content: [{ type: 'text', text }] });
const heading = (level: number, text: string): Block => ({ type: 'heading', level, content: [{ type: 'text', text }] });

export class FakeRooms {
  readonly held = new Map<TicketId, Room>();
  /** Children by parent, beside those that the tickets' links say. */
  readonly children = new Map<TicketId, TicketId[]>();
  private readonly listeners = new Set<(cards: RoomCard[]) => void>();
  private readonly noted = new Set<OperationId>();
  private nextId = 1;

  constructor(private readonly around: Around) {}

  /** The demo's room: somebody in it, a plan begun, one update posted. */
  async fill(ticket: TicketId, children: TicketId[]): Promise<void> {
    this.children.set(ticket, children);
    await this.open(ticket);
    const at = (minutes: number): string => new Date(Date.now() + minutes * MINUTE).toISOString();
    this.put(ticket, {
      opened_at: at(-48),
      words: {
        cadence_min: 30,
        people: [
          { role: 'lead', name: this.around.me },
          { role: 'technical', name: 'Amadou Diallo' },
        ],
        workaround: 'Partage de connexion du téléphone, portail web pour les courriels.',
        actions: [
          { id: 'a1', what: 'Redémarrer le concentrateur', who: 'Amadou Diallo', due: null, done_at: at(-20) },
          { id: 'a2', what: 'Prévenir les mairies', who: '', due: at(25), done_at: null },
        ],
      },
      workaround_at: at(-30),
      updates: [{ id: 'u1', at: at(-26), text: 'Cause connue, reprise en cours.', next_expected_at: at(4) }],
    });
  }

  /** Changes what is kept of a room, and tells it. */
  put(ticket: TicketId, facts: Partial<Room>): void {
    const room = this.held.get(ticket);
    if (!room) return;
    this.held.set(ticket, { ...room, ...facts });
    void this.tell();
  }

  async cards(closed: boolean): Promise<RoomCard[]> {
    const rooms = [...this.held.values()].filter((room) => closed || room.closed_at === null);
    const cards = await Promise.all(rooms.map(async (room) => this.card(room, await this.around.view(room.ticket))));
    return cards.sort((a, b) => (a.next_update_at ?? '9').localeCompare(b.next_update_at ?? '9'));
  }

  async sheet(ticket: TicketId): Promise<RoomSheet | null> {
    const room = this.held.get(ticket);
    if (!room) return null;
    const view = await this.around.view(ticket);
    const linked = view?.links.filter((link) => link.kind === 'parent_of').map((link) => link.id) ?? [];
    const waiting = this.around.pending().flatMap(({ lane, operation }) => {
      if (operation.type !== 'link_ticket') return [];
      if (lane === ticket && operation.kind === 'parent_of') return [operation.ticket];
      return operation.ticket === ticket && operation.kind === 'child_of' ? [lane] : [];
    });
    const ids = [...new Set([...linked, ...waiting, ...(this.children.get(ticket) ?? [])])].sort((a, b) => a - b);
    const children = await Promise.all(ids.map(async (id) => ticketOf(id, await this.around.view(id))));
    return { card: this.card(room, view), room, parent: ticketOf(ticket, view), children };
  }

  async open(ticket: TicketId): Promise<RoomSheet> {
    this.around.refuse('openRoom');
    const kept = this.held.get(ticket);
    const room: Room = kept ?? {
      ticket,
      opened_at: new Date().toISOString(),
      closed_at: null,
      words: { cadence_min: 30, people: [{ role: 'lead', name: this.around.me }], workaround: '', actions: [] },
      workaround_at: null,
      updates: [],
    };
    this.held.set(ticket, { ...room, closed_at: null });
    return this.changed(ticket);
  }

  async save(ticket: TicketId, words: RoomWords): Promise<RoomCard> {
    this.around.refuse('saveRoom');
    const room = await this.existing(ticket);
    const said = words.workaround.trim() !== '';
    const next = { ...room, words, workaround_at: said ? (room.workaround_at ?? new Date().toISOString()) : null };
    this.held.set(ticket, next);
    return this.card(next, await this.around.view(ticket));
  }

  async post(ticket: TicketId, update: NewRoomUpdate): Promise<RoomPosted> {
    this.around.refuse('postRoomUpdate');
    const room = await this.existing(ticket);
    if (update.text.trim() === '') throw new BackendFailure(await this.around.explain('room_nothing_said'));
    const refused: BulkRefusal[] = [];
    const accepted: Accepted[] = [];
    let next = room;
    if (!room.updates.some((one) => one.id === update.id)) {
      const now = new Date();
      const minutes = update.next_in_min ?? room.words.cadence_min;
      const posted = {
        id: update.id,
        at: now.toISOString(),
        text: update.text.trim(),
        next_expected_at: new Date(now.getTime() + minutes * MINUTE).toISOString(),
      };
      next = { ...room, updates: [...room.updates, posted] };
      this.held.set(ticket, next);
      const operation: Operation = {
        type: 'add_followup',
        body: { blocks: [paragraph(posted.text)] },
        private: update.private,
      };
      accepted.push(await this.around.submit(ticket, update.id, operation));
      const children = update.children ? ((await this.sheet(ticket))?.children ?? []) : [];
      for (const child of children) {
        if (child.title === null) {
          const error = await this.around.explain('ticket_unknown');
          refused.push({ ticket: child.id, title: null, error: { ...error, message: String(child.id) } });
        } else if (child.open) accepted.push(await this.around.submit(child.id, this.id(), operation));
      }
    }
    await this.tell();
    return { room: next, card: this.card(next, await this.around.view(ticket)), accepted, refused };
  }

  async close(ticket: TicketId): Promise<RoomSheet> {
    this.around.refuse('closeRoom');
    const room = await this.existing(ticket);
    this.held.set(ticket, { ...room, closed_at: new Date().toISOString() });
    return this.changed(ticket);
  }

  async report(ticket: TicketId): Promise<RoomReport> {
    this.around.refuse('roomReport');
    const room = await this.existing(ticket);
    const view = await this.around.view(ticket);
    const title = `Incident majeur n° ${String(ticket)} : ${view?.ticket.title ?? ''}`;
    const blocks = [
      heading(1, title),
      heading(2, 'Déroulement'),
      ...room.updates.map((one) => paragraph(one.text)),
      heading(2, 'Contournement'),
      paragraph(room.words.workaround),
    ];
    return { body: { blocks }, markdown: `# ${title}\n`, filename: `incident-majeur-${String(ticket)}.md` };
  }

  async saveReport(ticket: TicketId, note: OperationId | null): Promise<SavedRoomReport> {
    this.around.refuse('saveRoomReport');
    const report = await this.report(ticket);
    const path = `/home/nadia/Téléchargements/${report.filename}`;
    if (note === null || this.noted.has(note)) return { path, noted: null };
    this.noted.add(note);
    const operation: Operation = { type: 'add_followup', body: report.body, private: true };
    return { path, noted: await this.around.submit(ticket, note, operation) };
  }

  onRoom(listener: (cards: RoomCard[]) => void): Unlisten {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  // ---- behind it ----------------------------------------------------------------------------------------------------------
  private id(): OperationId {
    return `room-${String(this.nextId++)}`;
  }

  private async existing(ticket: TicketId): Promise<Room> {
    const room = this.held.get(ticket);
    if (!room) throw new BackendFailure(await this.around.explain('room_none'));
    return room;
  }

  private async changed(ticket: TicketId): Promise<RoomSheet> {
    await this.tell();
    const sheet = await this.sheet(ticket);
    if (!sheet) throw new BackendFailure(await this.around.explain('room_none'));
    return sheet;
  }

  private card(room: Room, view: TicketView | null): RoomCard {
    const resolved = view?.ticket.status === 'solved' || view?.ticket.status === 'closed';
    const last = room.updates.at(-1);
    const from = new Date(last?.at ?? room.opened_at).getTime();
    const due = last ? new Date(last.next_expected_at).getTime() : from + room.words.cadence_min * MINUTE;
    const soon = due - Math.min(5 * MINUTE, (due - from) / 3);
    const over = resolved || room.closed_at !== null;
    const now = Date.now();
    return {
      ticket: room.ticket,
      title: view?.ticket.title ?? null,
      opened_at: room.opened_at,
      closed_at: room.closed_at,
      next_update_at: over ? null : new Date(due).toISOString(),
      soon_at: over ? null : new Date(soon).toISOString(),
      standing: over ? 'over' : now >= due ? 'late' : now >= soon ? 'due_soon' : 'on_time',
      workaround_at: room.workaround_at,
      updates: room.updates.length,
    };
  }

  private async tell(): Promise<void> {
    const cards = await this.cards(false);
    for (const listener of this.listeners) listener(cards);
  }
}

function ticketOf(id: TicketId, view: TicketView | null): RoomTicket {
  if (!view)
    return {
      id,
      title: null,
      status: null,
      requester: null,
      vip: false,
      site: null,
      opened_at: null,
      solved_at: null,
      open: false,
    };
  const { ticket, requester } = view;
  return {
    id,
    title: ticket.title,
    status: ticket.status,
    requester: requester ? `${requester.person.first_name} ${requester.person.last_name}` : null,
    vip: requester?.person.vip ?? false,
    site: ticket.location?.name ?? null,
    opened_at: ticket.opened_at,
    solved_at: ticket.solved_at,
    open: ticket.status !== 'solved' && ticket.status !== 'closed',
  };
}
