// The ticket on screen: one read, made again when a change names it. What is shown stays until the new reading is there.
import type { ChangeSet, TicketId, TicketView, UserId } from '../backend/types';
import { type AppModel, type Failure, failure } from './app.svelte';

export class OpenTicket {
  view = $state.raw<TicketView | null>(null);
  loaded = $state(false);
  failed = $state.raw<Failure | null>(null);
  private readonly stop: () => void;
  private reading = 0;

  constructor(
    private readonly app: AppModel,
    readonly id: TicketId,
  ) {
    this.stop = app.onChange((changes) => {
      if (this.concerns(changes)) void this.read();
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
      this.view = view;
      this.failed = null;
    } catch (error) {
      if (reading !== this.reading) return;
      this.failed = failure(error);
    }
    this.loaded = true;
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
