// Rooms of major incidents: those that are open, and the one on screen. What is typed is kept by the desk at every keystroke, one save
// at a time, the newest always following; what the disk has not taken stays here and is tried again.
import type { RoomCard, RoomRole, RoomSheet, RoomWords, TicketId } from '../backend/types';
import { type AppModel, type Failure, failure } from './app.svelte';
import { DraftBox } from './drafts.svelte';
import type { KeepState } from './escalation.svelte';
import { paced } from './paced';

/** The roles in the order of the form. */
export const ROLES: readonly RoomRole[] = ['lead', 'technical', 'communication', 'customer', 'other'];
/** What a room takes; Rust holds to the same. */
export const LIMITS = { name: 200, action: 1000, text: 10_000, people: 50, actions: 200 } as const;
/** Times between updates that are offered, in minutes. */
export const CADENCES: readonly number[] = [15, 20, 30, 45, 60, 90, 120];
/** Between two readings of the room on screen, in milliseconds. */
const GAP_MS = 250;
/** How long to wait before a save that failed is tried again, in milliseconds. */
const RETRY_MS = 1000;

/** An update being written. */
export interface UpdateWords {
  text: string;
  private: boolean;
  children: boolean;
  /** Minutes until the next one; `null`: by the cadence. */
  next: number | null;
}

const noUpdate = (): UpdateWords => ({ text: '', private: false, children: true, next: null });

/** The draft of a room's next update. */
export function updateDraft(app: AppModel, ticket: TicketId): DraftBox<UpdateWords> {
  return new DraftBox<UpdateWords>(app.drafts, `room:${String(ticket)}`, ticket, noUpdate, (one) => one.text === '');
}

/** Where a room stands with its next update, by the window's clock: Rust tells of it every few seconds, a countdown by itself. */
export function standingAt(card: RoomCard, now: Date): 'on_time' | 'due_soon' | 'late' | 'over' {
  if (card.next_update_at === null) return 'over';
  if (now >= new Date(card.next_update_at)) return 'late';
  return card.soon_at !== null && now >= new Date(card.soon_at) ? 'due_soon' : 'on_time';
}

export class Rooms {
  /** Open ones, the next update first. */
  list = $state.raw<RoomCard[]>([]);
  /** The parent of the one on screen. */
  ticket = $state<TicketId | null>(null);
  /** What the screen shows; `null` while it is read, or where the ticket has no room. */
  sheet = $state.raw<RoomSheet | null>(null);
  /** It was read. */
  loaded = $state(false);
  failed = $state.raw<Failure | null>(null);
  /** What was typed on the room on screen. */
  words = $state.raw<RoomWords | null>(null);
  kept = $state<KeepState>('saved');
  /** Typed and not on the disk yet, by room: another one may be on screen by then. */
  private readonly unkept = new Map<TicketId, RoomWords>();
  private saving: Promise<void> | null = null;
  private shown = false;
  private readonly again = paced(() => this.readSheet(), GAP_MS);

  constructor(private readonly app: AppModel) {}

  /** Reads which are open; events tell the rest. */
  async read(): Promise<void> {
    try {
      this.take(await this.app.backend.rooms(false));
    } catch (error) {
      this.app.report(error);
    }
  }

  take(cards: RoomCard[]): void {
    this.list = cards;
    this.app.notices.tick();
    if (!this.shown) return;
    this.ticket ??= cards[0]?.ticket ?? null;
    this.again();
  }

  /** Comes to the room of a ticket, where it has one or not. */
  go(ticket: TicketId): void {
    this.choose(ticket);
    this.app.nav.show('room');
  }

  /** Opens the room of a ticket and comes to it. */
  async begin(ticket: TicketId): Promise<void> {
    this.go(ticket);
    await this.open();
  }

  choose(ticket: TicketId): void {
    if (this.ticket === ticket) return;
    this.forget();
    this.ticket = ticket;
    if (this.shown) this.again();
  }

  /** The screen is there: the room asked for, else the one whose update is next. */
  show(): void {
    this.shown = true;
    this.ticket ??= this.list[0]?.ticket ?? null;
    this.again();
  }

  hide(): void {
    this.shown = false;
    // A room that is not open is not what the rail leads to.
    if (this.sheet !== null && this.sheet.room.closed_at === null) return;
    this.ticket = null;
    this.forget();
  }

  /** Something changed that may be of the room on screen. */
  look(): void {
    if (this.shown) this.again();
  }

  /** Opens the room on screen, or opens it again. */
  async open(): Promise<void> {
    const { ticket } = this;
    if (ticket === null) return;
    await this.doing(() => this.app.backend.openRoom(ticket));
  }

  /** Closes the room on screen; answers whether it is. */
  async close(): Promise<boolean> {
    const { ticket } = this;
    if (ticket === null) return false;
    await this.idle();
    return this.doing(() => this.app.backend.closeRoom(ticket));
  }

  /** Changes what is typed, and has it kept. */
  type(patch: Partial<RoomWords>): void {
    if (this.words === null || this.ticket === null) return;
    this.words = { ...this.words, ...patch };
    this.unkept.set(this.ticket, this.words);
    // What the disk refused stays said until the disk has it.
    if (this.kept !== 'failed') this.kept = 'saving';
    this.saving ??= this.save();
  }

  /** Resolves when nothing is left to save. */
  async idle(): Promise<void> {
    while (this.saving) await this.saving;
  }

  /** A ticket written here got the server's number. */
  renumber(local: TicketId, remote: TicketId): void {
    const typed = this.unkept.get(local);
    this.unkept.delete(local);
    if (typed) this.unkept.set(remote, typed);
    if (this.ticket === local) this.ticket = remote;
  }

  /** Another account, another profile. */
  reset(): void {
    this.list = [];
    this.ticket = null;
    this.unkept.clear();
    this.forget();
  }

  private forget(): void {
    this.sheet = null;
    this.words = null;
    this.loaded = false;
    this.failed = null;
    this.kept = 'saved';
  }

  private async doing(run: () => Promise<RoomSheet>): Promise<boolean> {
    try {
      this.put(await run());
      return true;
    } catch (error) {
      this.app.report(error);
      return false;
    }
  }

  private put(sheet: RoomSheet): void {
    if (this.ticket === null) return;
    // Written offline, it may have its number by now.
    this.ticket = sheet.room.ticket;
    this.sheet = sheet;
    this.loaded = true;
    this.failed = null;
    // What is being typed is newer than what was read.
    this.words = this.unkept.get(sheet.room.ticket) ?? sheet.room.words;
  }

  private async readSheet(): Promise<void> {
    const { ticket } = this;
    if (ticket === null) {
      this.loaded = true;
      return;
    }
    try {
      const sheet = await this.app.backend.room(ticket);
      if (this.ticket !== ticket) return;
      if (sheet) this.put(sheet);
      this.loaded = true;
      this.failed = null;
    } catch (error) {
      if (this.ticket === ticket) this.failed = failure(error);
    }
  }

  private async save(): Promise<void> {
    for (let [first] = this.unkept; first !== undefined; [first] = this.unkept) {
      const [ticket, words] = first;
      try {
        const card = await this.app.backend.saveRoom(ticket, words);
        if (this.unkept.get(ticket) === words) this.unkept.delete(ticket);
        if (this.sheet?.room.ticket === card.ticket) this.sheet = { ...this.sheet, card };
        if (this.ticket === ticket && !this.unkept.has(ticket)) this.kept = 'saved';
      } catch {
        if (this.ticket === ticket) this.kept = 'failed';
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.saving = null;
  }
}
