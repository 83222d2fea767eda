// The ticket on screen: one read, made again when a change names it. What is shown stays until the new reading is there.
import type { AroundTicket, ChangeSet, OpenedTicket, TicketId, TicketView, UserId } from '../backend/types';
import { paced } from './paced';
import { type Change, changeBetween, together } from './changes';
import { type AppModel, type Failure, failure } from './app.svelte';
import { answerKey } from './composer.svelte';
import { descriptionKey } from './description.svelte';

/** Between two reads that changes ask for, in milliseconds. */
const EVENT_GAP_MS = 120;
/** The same for what lies around the ticket. */
const AROUND_GAP_MS = 1_000;

export class OpenTicket {
  view = $state.raw<TicketView | null>(null);
  /** The requester's other tickets and those of the same equipment; `null` until they are read. */
  around = $state.raw<AroundTicket | null>(null);
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
    const aroundAgain = paced(() => this.readAround(), AROUND_GAP_MS);
    this.stop = app.onChange((changes) => {
      if (this.concerns(changes)) again();
      else if (changes.lists || changes.tickets.length > 0) aroundAgain();
    });
    const ahead = app.ahead.take(id);
    // What is there already is on screen with the next frame.
    if (ahead?.here) this.show(ahead.here);
    else void this.read(ahead?.answer);
  }

  close(): void {
    this.reading++;
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

  async read(answer = this.app.backend.openTicket(this.id)): Promise<void> {
    const reading = ++this.reading;
    try {
      const opened = await answer;
      if (reading === this.reading) this.show(opened);
    } catch (error) {
      if (reading !== this.reading) return;
      this.failed = failure(error);
      this.loaded = true;
    }
  }

  private show(opened: OpenedTicket | null): void {
    const view = opened?.view ?? null;
    if (this.view && view) this.change = together(this.change, changeBetween(this.view, view, this.app.me));
    // A box that is being typed in knows better; those about to be built begin with this.
    if (opened && !this.view) {
      const { ticket } = opened.view;
      this.app.drafts.know(ticket.id, [answerKey(this.id), descriptionKey(this.id)], opened.drafts);
    }
    this.view = view;
    this.around = opened?.around ?? null;
    this.failed = null;
    this.loaded = true;
    this.askForDetails();
  }

  private async readAround(): Promise<void> {
    const view = this.view;
    if (!view) return;
    const reading = this.reading;
    try {
      const assets = view.assets.map((asset) => asset.key);
      const around = await this.app.backend.aroundTicket(this.id, view.requester?.person.id ?? null, assets);
      if (reading === this.reading) this.around = around;
    } catch {
      // What is shown stays; the next change asks again.
    }
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
