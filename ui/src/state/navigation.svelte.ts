// Where the window is: a screen of the rail, and in the centre one pane with the way back to the one before.
import type { ArticleId, AssetKey, TicketId, UserId } from '../backend/types';

export type Screen = 'queue' | 'knowledge' | 'places' | 'drafts' | 'outbox' | 'settings';

export type Pane =
  | { type: 'ticket'; id: TicketId }
  | { type: 'new_ticket' }
  | { type: 'article'; id: ArticleId }
  | { type: 'person'; id: UserId }
  | { type: 'asset'; key: AssetKey };

/** What survives the web view, should its process end: where the window was, under the account's name. */
interface Place {
  account: string;
  screen: Screen;
  pane: Pane | null;
  ticket: TicketId | null;
}

const PLACE = 'guichet.place';

/** Up to this width (CSS pixels) a list and what is opened do not stand side by side; the style sheets say the same. */
export const NARROW = 820;

/** Steps kept for going back. */
const HISTORY = 30;

export class Navigation {
  screen = $state<Screen>('queue');
  pane = $state.raw<Pane | null>(null);
  /** The ticket last on screen: what an article is inserted in or linked to. */
  ticket = $state<TicketId | null>(null);
  private history: { screen: Screen; pane: Pane | null }[] = [];
  private account = '';

  /** Goes back to where this account was before the page was loaded again; the window's own memory, not the disk's. */
  resume(account: string): void {
    this.account = account;
    const place = readPlace();
    if (place?.account !== account) return;
    this.screen = place.screen;
    this.pane = place.pane;
    this.ticket = place.ticket;
  }

  /** Shows a screen; the pane stays where it makes sense there, or goes where there is no room for both. */
  show(screen: Screen, alone = false): void {
    if (screen === this.screen && !(alone && this.pane)) return;
    this.remember();
    this.screen = screen;
    if (alone) this.pane = null;
    this.keep();
  }

  /** Shows something in the centre. */
  open(pane: Pane): void {
    const screen: Screen =
      this.screen === 'drafts' || this.screen === 'outbox' || this.screen === 'settings'
        ? pane.type === 'article'
          ? 'knowledge'
          : 'queue'
        : this.screen === 'knowledge' && pane.type !== 'article'
          ? 'queue'
          : this.screen === 'places' && pane.type !== 'person' && pane.type !== 'asset'
            ? pane.type === 'article'
              ? 'knowledge'
              : 'queue'
            : this.screen;
    if (samePane(this.pane, pane) && screen === this.screen) return;
    this.remember();
    this.screen = screen;
    this.pane = pane;
    if (pane.type === 'ticket') this.ticket = pane.id;
    this.keep();
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
      this.keep();
      return true;
    }
    if (this.pane) {
      this.pane = null;
      this.keep();
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
    this.keep();
  }

  /** Forgets everything: another account, another profile. */
  reset(account: string): void {
    this.account = account;
    this.history = [];
    this.screen = 'queue';
    this.pane = null;
    this.ticket = null;
    this.keep();
  }

  private keep(): void {
    const place: Place = { account: this.account, screen: this.screen, pane: this.pane, ticket: this.ticket };
    sessionStorage.setItem(PLACE, JSON.stringify(place));
  }

  private remember(): void {
    this.history.push({ screen: this.screen, pane: this.pane });
    if (this.history.length > HISTORY) this.history.shift();
  }
}

function readPlace(): Place | null {
  const kept = sessionStorage.getItem(PLACE);
  return kept ? (JSON.parse(kept) as Place) : null;
}

export function samePane(a: Pane | null, b: Pane | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
