// The daily review and the log of the in-memory backend: what waits is blocked, events are kept as they are written.
import type { DailyReview, Intervention, Logbook, NotableEvent, OperationId, TicketRow } from './types';

export class FakeReview {
  events: NotableEvent[] = [];
  interventions: Intervention[] = [];

  /** Rows are the open tickets. */
  review(rows: TicketRow[]): DailyReview {
    const blocked = rows.filter((row) => row.status === 'waiting');
    return {
      rows: blocked.map((ticket, place) => ({
        ticket,
        blocked: place % 2 === 0 ? 'waiting' : 'third_party',
        since: ticket.updated_at,
        dated: place > 0,
        on: ticket.requester,
        next:
          place === 1
            ? { what: 'Relancer le fournisseur', who: 'Nadia Leroux', by: null, said_at: ticket.updated_at, sent: true }
            : null,
      })),
      more: false,
    };
  }

  log(rows: TicketRow[], from: string, to: string): Logbook {
    const inside = (at: string): boolean => {
      const day = at.slice(0, 10);
      return day >= from && day < to;
    };
    const events = this.events.filter((event) => inside(event.at));
    return {
      events,
      proposed: rows
        .filter((row) => row.priority >= 6 && !events.some((event) => event.ticket === row.id))
        .slice(0, 2)
        .map((row) => ({ ticket: row.id, title: row.title, at: row.opened_at })),
      interventions: this.interventions.filter((done) => inside(done.at)),
      more: false,
    };
  }

  keep(event: NotableEvent): void {
    this.events = [...this.events.filter((one) => one.id !== event.id), event];
  }

  withdraw(id: OperationId): void {
    this.events = this.events.filter((one) => one.id !== id);
  }
}
