// Tickets read before they are opened: the row that is selected, the row under the pointer. Whoever looks at a row and
// opens it a tenth of a second later finds it read. What was read is good until something changes.
import type { OpenedTicket, TicketId } from '../backend/types';
import type { AppModel } from './app.svelte';

/** How long a row is looked at before it is read, in milliseconds: a list run through is not. */
const LOOK_MS = 40;
/** Tickets held. */
const HELD = 4;

/** A ticket read ahead: there, or on its way. */
export interface Ahead {
  answer: Promise<OpenedTicket | null>;
  /** Once it is there. */
  here: OpenedTicket | null;
}

export class ReadAhead {
  private readonly held = new Map<TicketId, Ahead>();
  private looking: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly app: AppModel) {}

  /** Somebody looks at a ticket's row. */
  look(id: TicketId | null): void {
    clearTimeout(this.looking);
    if (id === null || this.held.has(id)) return;
    this.looking = setTimeout(() => this.read(id), LOOK_MS);
  }

  /** What was read of a ticket that is now opened; nothing when it was not, or something changed since. */
  take(id: TicketId): Ahead | undefined {
    clearTimeout(this.looking);
    const ahead = this.held.get(id);
    this.held.delete(id);
    return ahead;
  }

  /** Something changed: what was read before may be old. */
  forget(): void {
    this.held.clear();
  }

  private read(id: TicketId): void {
    const ahead: Ahead = { answer: this.app.backend.openTicket(id), here: null };
    this.held.set(id, ahead);
    for (const oldest of this.held.keys()) {
      if (this.held.size <= HELD) break;
      this.held.delete(oldest);
    }
    ahead.answer.then(
      (opened) => (ahead.here = opened),
      // Opening it reads it again and says what is wrong.
      () => {
        if (this.held.get(id) === ahead) this.held.delete(id);
      },
    );
  }
}
