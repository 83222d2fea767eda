// The ticket on screen: one read, made again when a change names it. What is shown stays until the new reading is there.
import type { ChangeSet, TicketId, TicketView, UserId } from '../backend/types';
import { paced } from './paced';
import { type Change, changeBetween, together } from './changes';
import { type AppModel, type Failure, failure } from './app.svelte';

/** Between two reads that changes ask for, in milliseconds. */
const EVENT_GAP_MS = 120;

export class OpenTicket {
  view = $state.raw<TicketView | null>(null);
  loaded = $state(false);
  /** What somebody else changed since the ticket was opened or the last of it was put away. */
  change = $state.raw<Change | null>(null);
  failed = $state.raw<Failure | null>(null);
  private readonly stop: () => void;
  private reading = 0;
  private asked = false;

  constructor(
    private readonly app: AppModel,
    readonly id: TicketId,
  ) {
    const again = paced(() => this.read(), EVENT_GAP_MS);
    this.stop = app.onChange((changes) => {
      if (this.concerns(changes)) again();
    });
    void this.read();
  }

  close(): void {
    this.stop();
  }

  /** The name of somebody the ticket mentions, or `null` when not mirrored. */
  userName(id: UserId | null): string | null {
    if (id === null) return null;
    return this.view?.users.find((user) => user.id === id)?.name ?? null;
  }

  groupName(id: number): string | null {
    return (
      this.view?.groups.find((group) => group.id === id)?.name ??
      this.app.groups.find((group) => group.id === id)?.full_name ??
      null
    );
  }

  async read(): Promise<void> {
    const reading = ++this.reading;
    try {
      const view = await this.app.backend.ticket(this.id);
      if (reading !== this.reading) return;
      if (this.view && view) this.change = together(this.change, changeBetween(this.view, view, this.app.me));
      this.view = view;
      this.failed = null;
    } catch (error) {
      if (reading !== this.reading) return;
      this.failed = failure(error);
    }
    this.loaded = true;
    this.askForDetails();
  }

  /** Early in a first sync a ticket's timeline may not be here yet: what is being looked at is fetched first, once. */
  private askForDetails(): void {
    if (this.asked || !this.view || this.view.details_read || this.id < 0) return;
    if (this.app.status.gate.type !== 'open') return;
    this.asked = true;
    this.app.backend.refreshTicket(this.id).then(
      (view) => {
        if (view) this.view = view;
      },
      // The timeline says that it is on its way; the round brings it.
      () => undefined,
    );
  }

  private concerns(changes: ChangeSet): boolean {
    return (
      changes.tickets.includes(this.id) ||
      changes.people ||
      changes.assets ||
      changes.renumbered.some((pair) => pair.includes(this.id)) ||
      // Above 500 tickets a change names none of them.
      (changes.tickets.length === 0 && changes.lists)
    );
  }
}
