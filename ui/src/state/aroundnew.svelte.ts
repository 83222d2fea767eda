// What is known around a ticket being written: asked once what is typed has come to rest, one call for all of it.
import type { AroundNew, UserId } from '../backend/types';
import type { AppModel } from './app.svelte';

/** How long nothing must have been typed, in milliseconds. */
const REST_MS = 250;
/** Shorter titles say nothing. */
const SHORTEST = 3;

const NOTHING: AroundNew = { similar: [], category: null };

export class AroundNewTicket {
  found = $state.raw<AroundNew>(NOTHING);
  private timer: ReturnType<typeof setTimeout> | null = null;
  private asked = 0;
  private last = '';

  constructor(private readonly app: AppModel) {}

  /** Looks around what is written so far. */
  look(requester: UserId | null, words: string): void {
    const title = words.trim();
    const asks = `${String(requester)}:${title}`;
    if (asks === this.last) return;
    this.last = asks;
    if (this.timer !== null) clearTimeout(this.timer);
    const mine = ++this.asked;
    if (title.length < SHORTEST && requester === null) {
      this.found = NOTHING;
      return;
    }
    this.timer = setTimeout(() => {
      this.app.backend.aroundNewTicket({ requester, title }).then(
        (found) => {
          if (mine === this.asked) this.found = found;
        },
        // Without an answer nothing is proposed; writing the ticket goes on.
        () => undefined,
      );
    }, REST_MS);
  }

  close(): void {
    this.asked++;
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
