// The board of what was escalated, and the third parties to be reminded. Read from what is here, so that it works offline; read
// again when something changes. What was chosen on it stays chosen.
import type { Board, BoardQuery, BoardRow, BoardState, ChaseRow, Export, GroupId, TicketId } from '../backend/types';
import { type AppModel, type Failure, failure } from './app.svelte';
import { paced } from './paced';

/** The columns, in the order an escalation goes through them. */
export const STATES = ['new', 'accepted', 'waiting', 'sent_back', 'done'] as const satisfies readonly BoardState[];

/** Between two reads that changes ask for, in milliseconds. */
const EVENT_GAP_MS = 250;

export type BoardTab = 'board' | 'chase';

export class BoardModel {
  tab = $state<BoardTab>('board');
  groups = $state.raw<GroupId[]>([]);
  mine = $state(false);
  done = $state(false);
  board = $state.raw<Board | null>(null);
  chase = $state.raw<ChaseRow[] | null>(null);
  failed = $state.raw<Failure | null>(null);
  chosen = $state<TicketId | null>(null);
  private reading = 0;
  private stop: (() => void) | null = null;

  constructor(private readonly app: AppModel) {}

  /** The columns on screen: "done" is one when it is asked for. */
  get columns(): { state: BoardState; rows: BoardRow[] }[] {
    const rows = this.board?.rows ?? [];
    return STATES.filter((state) => state !== 'done' || this.done).map((state) => ({
      state,
      rows: rows.filter((row) => row.escalated.card.state === state),
    }));
  }

  get row(): BoardRow | null {
    return this.board?.rows.find((row) => row.ticket.id === this.chosen) ?? null;
  }

  /** Something narrows it. */
  get narrowed(): boolean {
    return this.groups.length > 0 || this.mine;
  }

  /** It is on screen from now on. */
  show(): void {
    const again = paced(() => this.read(), EVENT_GAP_MS);
    this.stop = this.app.onChange(again);
    void this.read();
  }

  hide(): void {
    this.reading++;
    this.stop?.();
    this.stop = null;
  }

  choose(patch: Partial<Pick<BoardModel, 'tab' | 'groups' | 'mine' | 'done'>>): void {
    Object.assign(this, patch);
    void this.read();
  }

  /** Everything it shows, whole. */
  exported(): Export {
    return { type: 'escalations', query: this.query() };
  }

  private query(): BoardQuery {
    return { groups: this.groups, mine: this.mine, done: this.done };
  }

  async read(): Promise<void> {
    const reading = ++this.reading;
    try {
      if (this.tab === 'chase') {
        const rows = await this.app.backend.chaseList();
        if (reading === this.reading) this.chase = rows;
      } else {
        const board = await this.app.backend.triageBoard(this.query());
        if (reading === this.reading) this.board = board;
      }
      if (reading === this.reading) this.failed = null;
    } catch (error) {
      if (reading === this.reading) this.failed = failure(error);
    }
  }

  /** Another account, another profile. */
  reset(): void {
    this.board = null;
    this.chase = null;
    this.failed = null;
    this.chosen = null;
    this.groups = [];
    this.mine = false;
  }

  /** A ticket written here got the server's number. */
  renumber(local: TicketId, remote: TicketId): void {
    if (this.chosen === local) this.chosen = remote;
  }
}
