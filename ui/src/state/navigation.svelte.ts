// Where the window is: a screen of the rail, and in the centre one pane with the way back to the one before.
import type { ArticleId, AssetKey, TicketId, UserId } from '../backend/types';

export type Screen =
  | 'queue'
  | 'knowledge'
  | 'places'
  | 'calls'
  | 'triage'
  | 'room'
  | 'figures'
  | 'review'
  | 'drafts'
  | 'outbox'
  | 'settings';

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

/** Screens with a list, beside which something is open. */
type Listed = Extract<Screen, 'queue' | 'knowledge' | 'places'>;
const isListed = (screen: Screen): screen is Listed =>
  screen === 'queue' || screen === 'knowledge' || screen === 'places';

/** Whether what is open is of the kind that a screen lists. */
const isOf = (screen: Screen, pane: Pane | null): boolean =>
  (screen === 'knowledge' && pane?.type === 'article') ||
  (screen === 'places' && (pane?.type === 'person' || pane?.type === 'asset'));

/** Steps kept for going back. */
const HISTORY = 30;

export class Navigation {
  screen = $state<Screen>('queue');
  pane = $state.raw<Pane | null>(null);
  /** The ticket last on screen: what an article is inserted in or linked to. */
  ticket = $state<TicketId | null>(null);
  private history: { screen: Screen; pane: Pane | null }[] = [];
  private account = '';
  /** The list that the pane belongs to; a screen without one leaves it there. */
  private beside: Listed = 'queue';
  /** What was open beside each of the other lists when it was left. */
  private left: Partial<Record<Listed, Pane | null>> = {};

  /** Goes back to where this account was before the page was loaded again; the window's own memory, not the disk's. */
  resume(account: string): void {
    this.account = account;
    const place = readPlace();
    if (place?.account !== account) return;
    this.screen = place.screen;
    this.pane = place.pane;
    this.ticket = place.ticket;
    if (isListed(place.screen)) this.beside = place.screen;
  }

  /**
   * Shows a screen, with what was open beside its list when it was left, or what is open now where that is of its kind. Where
   * there is no room for both, the list alone.
   */
  show(screen: Screen, alone = false): void {
    if (screen === this.screen && !(alone && this.pane)) return;
    this.remember();
    this.goTo(screen, isOf(screen, this.pane) ? this.pane : undefined);
    if (alone) this.pane = null;
    this.keep();
  }

  /** Shows something in the centre. */
  open(pane: Pane): void {
    const screen: Screen = ['calls', 'triage', 'room', 'figures', 'review', 'drafts', 'outbox', 'settings'].includes(
      this.screen,
    )
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
    this.goTo(screen, pane);
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
      this.goTo(last.screen, last.pane);
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
    const { queue } = this.left;
    if (queue?.type === 'ticket' && queue.id === local) this.left.queue = { type: 'ticket', id: remote };
    this.keep();
  }

  /** Forgets everything: another account, another profile. */
  reset(account: string): void {
    this.account = account;
    this.history = [];
    this.left = {};
    this.beside = 'queue';
    this.screen = 'queue';
    this.pane = null;
    this.ticket = null;
    this.keep();
  }

  /** Comes to a screen: with a pane, or, where none is given, with what its list was left with. */
  private goTo(screen: Screen, pane?: Pane | null): void {
    this.screen = screen;
    if (isListed(screen) && screen !== this.beside) {
      this.left[this.beside] = this.pane;
      this.beside = screen;
      this.pane = this.left[screen] ?? null;
    }
    if (pane !== undefined) this.pane = pane;
  }

  private keep(): void {
    const place: Place = { account: this.account, screen: this.screen, pane: this.pane, ticket: this.ticket };
    sessionStorage.setItem(PLACE, JSON.stringify(place));
  }

  /** Where the window is, for who keeps it while the window must not. */
  place(): string {
    const place: Place = { account: this.account, screen: this.screen, pane: this.pane, ticket: this.ticket };
    return JSON.stringify(place);
  }

  /** Comes back to a place told before, when the page is loaded again. */
  comeBack(place: string): void {
    sessionStorage.setItem(PLACE, place);
  }

  /** The window's own memory forgets where it was. */
  forget(): void {
    sessionStorage.removeItem(PLACE);
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
