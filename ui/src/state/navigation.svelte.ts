// Where the window is: a screen of the rail, and in the centre one pane with the way back to the one before.
import type { ArticleId, AssetKey, TicketId, UserId } from '../backend/types';

export type Screen = 'queue' | 'knowledge' | 'outbox' | 'settings';

export type Pane =
  | { type: 'ticket'; id: TicketId }
  | { type: 'new_ticket' }
  | { type: 'article'; id: ArticleId }
  | { type: 'person'; id: UserId }
  | { type: 'asset'; key: AssetKey };

/** Steps kept for going back. */
const HISTORY = 30;

export class Navigation {
  screen = $state<Screen>('queue');
  pane = $state.raw<Pane | null>(null);
  /** The ticket last on screen: what an article is inserted in or linked to. */
  ticket = $state<TicketId | null>(null);
  private history: { screen: Screen; pane: Pane | null }[] = [];

  /** Shows a screen; the pane stays where it makes sense there. */
  show(screen: Screen): void {
    if (screen === this.screen) return;
    this.remember();
    this.screen = screen;
  }

  /** Shows something in the centre. */
  open(pane: Pane): void {
    const screen: Screen =
      this.screen === 'outbox' || this.screen === 'settings'
        ? pane.type === 'article'
          ? 'knowledge'
          : 'queue'
        : this.screen === 'knowledge' && pane.type !== 'article'
          ? 'queue'
          : this.screen;
    if (samePane(this.pane, pane) && screen === this.screen) return;
    this.remember();
    this.screen = screen;
    this.pane = pane;
    if (pane.type === 'ticket') this.ticket = pane.id;
  }

  /** Shows something in place of what is there: going back skips it (a form that was sent). */
  replace(pane: Pane): void {
    this.open(pane);
    this.history.pop();
  }

  /** One step back; `false` when there is none. */
  back(): boolean {
    const last = this.history.pop();
    if (last) {
      this.screen = last.screen;
      this.pane = last.pane;
      return true;
    }
    if (this.pane) {
      this.pane = null;
      return true;
    }
    return false;
  }

  /** A ticket written here got the server's number. */
  renumber(local: TicketId, remote: TicketId): void {
    if (this.pane?.type === 'ticket' && this.pane.id === local) this.pane = { type: 'ticket', id: remote };
    if (this.ticket === local) this.ticket = remote;
    for (const step of this.history) {
      if (step.pane?.type === 'ticket' && step.pane.id === local) step.pane = { type: 'ticket', id: remote };
    }
  }

  /** Forgets everything: another account, another profile. */
  reset(): void {
    this.history = [];
    this.screen = 'queue';
    this.pane = null;
    this.ticket = null;
  }

  private remember(): void {
    this.history.push({ screen: this.screen, pane: this.pane });
    if (this.history.length > HISTORY) this.history.shift();
  }
}

export function samePane(a: Pane | null, b: Pane | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
