// Sessions of remote control: those that go on, and those that ended and are not in their ticket yet.
import type { RemoteSessionCard, TicketId } from '../backend/types';
import type { AppModel } from './app.svelte';

/** TeamViewer's sessions are made by its service, not reached by a target. */
export const isMade = (tool: string): boolean => /^teamviewer[_-]session$/.test(tool);

export class RemoteSessions {
  /** The oldest first. */
  list = $state.raw<RemoteSessionCard[]>([]);
  /** The session whose end is being told. */
  ending = $state.raw<RemoteSessionCard | null>(null);
  /** What was noted about a session and not sent yet; kept while the window is open. */
  readonly notes = new Map<string, string>();

  constructor(private readonly app: AppModel) {}

  /** Reads what goes on; events tell the rest. */
  async read(): Promise<void> {
    try {
      for (const card of await this.app.backend.remoteSessions()) this.take(card);
    } catch (error) {
      this.app.report(error);
    }
  }

  /** A session began or ended. What is in its ticket needs nobody any more. */
  take(card: RemoteSessionCard): void {
    const at = this.list.findIndex((one) => one.id === card.id);
    const over = card.ended_at !== null && card.noted;
    if (over) this.list = this.list.filter((one) => one.id !== card.id);
    else this.list = at < 0 ? [...this.list, card] : this.list.map((one) => (one.id === card.id ? card : one));
    if (this.ending?.id === card.id) this.ending = over ? null : card;
  }

  /** A ticket written here got the server's number. */
  renumber(local: TicketId, remote: TicketId): void {
    this.list = this.list.map((card) => (card.ticket === local ? { ...card, ticket: remote } : card));
  }

  /** Another account, another profile. */
  reset(): void {
    this.list = [];
    this.ending = null;
    this.notes.clear();
  }
}
