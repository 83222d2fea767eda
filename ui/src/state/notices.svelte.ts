// What the technician is told of: a ticket assigned to him, an answer on one of his, a refused solution, a target that is
// near. All of it is found by reading his own list again when something changed; the first reading tells nothing.
import type { TicketId, TicketRow, TicketView } from '../backend/types';
import { t } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';
import { clock } from './clock.svelte';
import { paced } from './paced';

export type NoticeKind = 'assigned' | 'answered' | 'refused' | 'target';

export interface Notice {
  id: number;
  kind: NoticeKind;
  ticket: TicketId;
  title: string;
  /** Who did it, where that is told. */
  who: string | null;
  at: string;
  seen: boolean;
}

/** Between two readings of the list, in milliseconds. */
const GAP_MS = 2_000;
/** Tickets of one's own that are watched. */
const WATCHED = 500;
/** Changed tickets that are looked into in one reading. */
const LOOKED_INTO = 20;
/** Notices kept. */
const KEPT = 100;
/** What was said of a ticket new to the list within this time is told, in milliseconds. */
const FRESH_MS = 60 * 60_000;
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
  private rows: Map<TicketId, TicketRow> | null = null;
  /** The account whose list was read: another one begins anew. */
  private whose: string | null = null;
  private readonly warned = new Set<string>();
  /** What I did myself is no news. */
  private readonly own = new Set<TicketId>();
  private next = 1;
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

  see(): void {
    if (this.unseen > 0) this.list = this.list.map((one) => ({ ...one, seen: true }));
  }

  clear(): void {
    this.list = [];
  }

  /** Targets come near by themselves. */
  tick(): void {
    for (const row of this.rows?.values() ?? []) this.near(row);
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
    if (answer) this.add('answered', row, nameOf(answer.author), answer.updated_at);
  }

  private near(row: TicketRow): void {
    if (row.next_target === null || row.status === 'solved' || row.status === 'closed') return;
    const left = new Date(row.next_target).getTime() - clock.now.getTime();
    const key = `${String(row.id)}:${row.next_target}`;
    if (left < 0 || left > NEAR_MS || this.warned.has(key)) return;
    this.warned.add(key);
    this.add('target', row, null, clock.now.toISOString());
  }

  private add(kind: NoticeKind, row: TicketRow, who: string | null, at: string): void {
    const pane = this.app.nav.pane;
    // What is on screen is seen; it is listed all the same.
    const seen = pane?.type === 'ticket' && pane.id === row.id && document.hasFocus();
    const notice = { id: this.next++, kind, ticket: row.id, title: row.title, who, at, seen };
    this.list = [notice, ...this.list.filter((one) => one.ticket !== row.id || one.kind !== kind)].slice(0, KEPT);
    if (seen || kind === 'target' || isQuiet(this.app.settings?.quiet_hours ?? null, clock.now)) return;
    this.app.tell(`${noticeText(notice)} · #${String(row.id)} ${row.title}`);
  }
}

/** What happened, in one line. */
export function noticeText(notice: Notice): string {
  return notice.kind === 'answered' && notice.who !== null
    ? t('notice.answered_by', { who: notice.who })
    : t(`notice.${notice.kind}`);
}
