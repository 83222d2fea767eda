// What the technician is told of: a ticket assigned to him, an answer on one of his, a refused solution, a target that is
// near. All of it is found by reading his own list again when something changed; the first reading tells nothing.
import type { RoomCard, TicketId, TicketRow, TicketView } from '../backend/types';
import { t } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';
import { clock } from './clock.svelte';
import { paced } from './paced';
import { toText } from './richtext';

export type NoticeKind = 'assigned' | 'answered' | 'refused' | 'target' | 'room';

export interface Notice {
  id: number;
  kind: NoticeKind;
  ticket: TicketId;
  title: string;
  /** Who did it, where that is told. */
  who: string | null;
  at: string;
  seen: boolean;
  /** How what was said begins, where something was. */
  words: string | null;
}

/** Between two readings of the list, in milliseconds. */
const GAP_MS = 2_000;
/** Tickets of one's own that are watched. */
const WATCHED = 500;
/** Of those that nobody has: the next ones that are to be taken up. */
const UNTAKEN = 50;
/** Changed tickets that are looked into in one reading. */
const LOOKED_INTO = 20;
/** Notices kept. */
const KEPT = 100;
/** What was said of a ticket new to the list within this time is told, in milliseconds. */
const FRESH_MS = 60 * 60_000;
/** What comes within this time is told in one notice on the desktop, in milliseconds. */
const TOGETHER_MS = 1_500;
/** Notices that one on the desktop names. */
const NAMED = 3;
/** Characters of what was said. */
const WORDS = 140;
/** Before its target a ticket asks for attention, in milliseconds. */
const NEAR_MS = 30 * 60_000;

/** Whether notifications stay silent at a time of the day. */
export function isQuiet(hours: { from_min: number; until_min: number } | null, now: Date): boolean {
  if (hours === null || hours.from_min === hours.until_min) return false;
  const minute = now.getHours() * 60 + now.getMinutes();
  return hours.from_min < hours.until_min
    ? minute >= hours.from_min && minute < hours.until_min
    : minute >= hours.from_min || minute < hours.until_min;
}

export class Notices {
  /** Newest first. */
  list = $state.raw<Notice[]>([]);
  open = $state(false);
  readonly unseen = $derived(this.list.filter((one) => !one.seen).length);
  /** Nobody's: whoever is there takes them up in time. */
  private untaken: TicketRow[] = [];
  private rows: Map<TicketId, TicketRow> | null = null;
  /** The account whose list was read: another one begins anew. */
  private whose: string | null = null;
  private readonly warned = new Set<string>();
  /** What I did myself is no news. */
  private readonly own = new Set<TicketId>();
  private next = 1;
  /** To be told on the desktop, with what came just before or comes just after. */
  private leaving: Notice[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly again = paced(() => this.read(), GAP_MS);

  constructor(private readonly app: AppModel) {}

  /** Something changed, or another account signed in. */
  look(): void {
    if (this.app.state?.signed_in === true) this.again();
  }

  /** I gave this ticket to myself, or wrote it. */
  mine(ticket: TicketId): void {
    this.own.add(ticket);
  }

  renumber(local: TicketId, remote: TicketId): void {
    if (this.own.has(local)) this.own.add(remote);
  }

  /** A notice on the desktop was clicked; the window is in front. */
  follow(ticket: TicketId | null): void {
    if (ticket === null) this.open = true;
    else this.show(ticket);
  }

  /** Comes to what the newest notice of a ticket is about: its room, or the ticket itself. */
  show(ticket: TicketId): void {
    if (this.list.find((one) => one.ticket === ticket)?.kind === 'room') this.app.rooms.go(ticket);
    else this.app.nav.open({ type: 'ticket', id: ticket });
  }

  see(): void {
    if (this.unseen > 0) this.list = this.list.map((one) => ({ ...one, seen: true }));
  }

  clear(): void {
    this.list = [];
  }

  /** Targets come near by themselves. */
  tick(): void {
    for (const row of this.rows?.values() ?? []) this.near(row);
    for (const row of this.untaken) this.near(row);
    for (const card of this.app.rooms.list) this.promised(card);
  }

  private async read(): Promise<void> {
    const { app } = this;
    const whose = `${app.state?.profile.id ?? ''}:${String(app.me)}`;
    let rows: TicketRow[];
    try {
      const list = await app.backend.listTickets({
        view: 'mine',
        me: app.me,
        vip_only: false,
        requester: null,
        sort: 'updated',
        offset: 0,
        limit: WATCHED,
      });
      rows = list.rows;
      const nobodys = await app.backend.listTickets({
        view: 'unassigned',
        me: app.me,
        vip_only: false,
        requester: null,
        sort: 'next_target',
        offset: 0,
        limit: UNTAKEN,
      });
      this.untaken = nobodys.rows.filter((row) => row.target?.kind === 'own');
    } catch {
      return;
    }
    const before = this.whose === whose ? this.rows : null;
    if (this.whose !== whose) this.list = [];
    this.whose = whose;
    // A first sync fills the list bit by bit: none of it is news.
    const reading = app.status.first_sync.some((one) => !one.complete && !one.unavailable);
    if (before && !reading) {
      const changed = rows.filter((row) => row.id > 0 && before.get(row.id)?.updated_at !== row.updated_at);
      for (const row of changed.slice(0, LOOKED_INTO)) await this.compare(before.get(row.id) ?? null, row);
    }
    // What left the list is remembered: a solved ticket that comes back was refused or opened again.
    const kept = new Map(before ?? []);
    for (const row of rows) kept.set(row.id, row);
    this.rows = kept;
    this.tick();
  }

  private async compare(before: TicketRow | null, row: TicketRow): Promise<void> {
    let view: TicketView | null;
    try {
      view = await this.app.backend.ticket(row.id);
    } catch {
      return;
    }
    if (!view) return;
    // Of a ticket that was not on the list, only what was just said is news.
    const since = before?.updated_at ?? new Date(clock.now.getTime() - FRESH_MS).toISOString();
    const names = view.users;
    const nameOf = (id: number | null): string | null => names.find((user) => user.id === id)?.name ?? null;
    const refused = view.timeline.findLast(
      ({ detail, updated_at }) =>
        detail.type === 'solution' && detail.approval === 'refused' && (detail.answered_at ?? updated_at) > since,
    );
    if (refused) {
      this.add('refused', row, null, row.updated_at);
      return;
    }
    if (!before) {
      if (!this.own.has(row.id)) this.add('assigned', row, null, row.updated_at);
      return;
    }
    const answer = view.timeline.findLast(
      (entry) => entry.author !== null && entry.author !== this.app.me && entry.updated_at > since,
    );
    if (answer) this.add('answered', row, nameOf(answer.author), answer.updated_at, toText(answer.body));
  }

  private near(row: TicketRow): void {
    if (row.target === null || row.target.due === null) return;
    const { due, clock: of } = row.target;
    const now = clock.now.getTime();
    const at = new Date(due).getTime();
    // The contract says when little is left; without it, so long before.
    const near = of === null ? at - NEAR_MS : new Date(of.soon_at ?? due).getTime();
    const key = `${String(row.id)}:${due}`;
    if (now > at || now < near || this.warned.has(key)) return;
    this.warned.add(key);
    this.add('target', row, null, clock.now.toISOString());
  }

  /** An update that was promised is soon due: told once, in time to write it, or late where nobody was there. */
  private promised(card: RoomCard): void {
    // The list is emptied when an account's is read for the first time.
    if (this.whose === null || card.next_update_at === null) return;
    const near = new Date(card.soon_at ?? card.next_update_at);
    const key = `room:${String(card.ticket)}:${card.next_update_at}`;
    if (clock.now < near || this.warned.has(key)) return;
    this.warned.add(key);
    this.add('room', { id: card.ticket, title: card.title ?? '' }, null, clock.now.toISOString());
  }

  private add(
    kind: NoticeKind,
    row: Pick<TicketRow, 'id' | 'title'>,
    who: string | null,
    at: string,
    said: string | null = null,
  ): void {
    const pane = this.app.nav.pane;
    // What is on screen is seen; it is listed all the same.
    const seen = pane?.type === 'ticket' && pane.id === row.id && document.hasFocus();
    const words = said === null ? null : said.replaceAll(/\s+/g, ' ').slice(0, WORDS);
    const notice = { id: this.next++, kind, ticket: row.id, title: row.title, who, at, seen, words };
    this.list = [notice, ...this.list.filter((one) => one.ticket !== row.id || one.kind !== kind)].slice(0, KEPT);
    if (seen || isQuiet(this.app.settings?.quiet_hours ?? null, clock.now)) return;
    this.leave(notice);
    if (kind !== 'target') this.app.tell(`${noticeText(notice)} · #${String(row.id)} ${row.title}`);
  }

  /** Tells it on the desktop, together with what comes with it. Whether the window has the focus is asked then, by Rust. */
  private leave(notice: Notice): void {
    this.leaving.push(notice);
    this.timer ??= setTimeout(() => {
      this.timer = null;
      const notices = this.leaving;
      this.leaving = [];
      // Asked now: when the window opens, targets are near before the settings are there.
      const { settings } = this.app;
      if (settings?.desktop_notices !== true || isQuiet(settings.quiet_hours, clock.now)) return;
      const { summary, body, ticket } = onDesktop(notices, settings.discreet_notices);
      // Without a desktop that shows it, it is in the window's own list.
      this.app.backend.notify(summary, body, ticket).catch(() => undefined);
    }, TOGETHER_MS);
  }
}

/** What happened, in one line. */
export function noticeText(notice: Notice): string {
  return notice.kind === 'answered' && notice.who !== null
    ? t('notice.answered_by', { who: notice.who })
    : t(`notice.${notice.kind}`);
}

/**
 * What the desktop is told of these, and where a click leads: to the ticket, or to the list where they are of several. A screen
 * may be shared: `discreet` tells the title and nothing of what was said, nor by whom.
 */
export function onDesktop(
  notices: readonly Notice[],
  discreet: boolean,
): { summary: string; body: string; ticket: TicketId | null } {
  const named = (one: Notice): string => `#${String(one.ticket)} ${one.title}`;
  const tickets = new Set(notices.map((one) => one.ticket));
  const [first] = notices;
  const ticket = tickets.size === 1 && first ? first.ticket : null;
  if (notices.length === 1 && first) {
    const summary = discreet ? t(`notice.${first.kind}`) : noticeText(first);
    const said = discreet || first.words === null || first.words === '' ? '' : `\n${first.words}`;
    return { summary, body: `${named(first)}${said}`, ticket };
  }
  const lines = notices.slice(0, NAMED).map((one) => `${t(`notice.${one.kind}`)} · ${named(one)}`);
  if (notices.length > NAMED) lines.push(t('notice.more', { n: notices.length - NAMED }));
  return { summary: t('notice.several', { n: notices.length }), body: lines.join('\n'), ticket };
}
