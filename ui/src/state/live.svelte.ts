// The desk as it is now: who waits on the telephone, how old the queues are, which targets are the nearest. Read again when something
// changes and as time goes by, while it is on screen.
import type { CallCard, TicketRow, View } from '../backend/types';
import { type AppModel, type Failure, failure } from './app.svelte';
import { paced } from './paced';

/** Tickets whose targets are the nearest. */
const NEAREST = 15;
/** Reads again at most this often… */
const GAP_MS = 1_000;
/** …and at least this often. */
const PATIENCE_MS = 15_000;

export const LIVE_QUEUES = ['unassigned', 'mine', 'waiting', 'open'] as const satisfies readonly View[];

export interface QueueAge {
  view: (typeof LIVE_QUEUES)[number];
  total: number;
  late: number;
  /** The oldest ticket, if any. */
  oldest: TicketRow | null;
}

export class Live {
  calls = $state.raw<CallCard[]>([]);
  queues = $state.raw<QueueAge[]>([]);
  nearest = $state.raw<TicketRow[]>([]);
  read = $state(false);
  failed = $state.raw<Failure | null>(null);
  private timer: ReturnType<typeof setInterval> | null = null;
  private readonly again = paced(() => this.load(), GAP_MS);

  constructor(private readonly app: AppModel) {}

  show(): void {
    this.again();
    this.timer ??= setInterval(() => this.again(), PATIENCE_MS);
  }

  hide(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Something changed, or somebody calls. */
  look(): void {
    if (this.timer !== null) this.again();
  }

  retry(): void {
    this.again();
  }

  reset(): void {
    this.calls = [];
    this.queues = [];
    this.nearest = [];
    this.read = false;
    this.failed = null;
  }

  private async load(): Promise<void> {
    const { backend, me } = this.app;
    const list = (view: View, sort: 'next_target' | 'oldest', limit: number) =>
      backend.listTickets({ view, me, vip_only: false, requester: null, sort, offset: 0, limit });
    const lateOf = async (view: View): Promise<number> => {
      const query = { view, me, vip_only: false, requester: null, sort: 'next_target', offset: 0, limit: 1 } as const;
      return (await backend.listTickets({ ...query, filter: { target: { type: 'late' } } })).total;
    };
    try {
      const calls = await backend.liveCalls();
      const queues = await Promise.all(
        LIVE_QUEUES.map(async (view): Promise<QueueAge> => {
          const [first, late] = await Promise.all([list(view, 'oldest', 1), lateOf(view)]);
          return { view, total: first.total, late, oldest: first.rows[0] ?? null };
        }),
      );
      const { rows } = await list('open', 'next_target', NEAREST);
      this.calls = calls;
      this.queues = queues;
      this.nearest = rows.filter((row) => row.target !== null);
      this.failed = null;
    } catch (error) {
      this.failed = failure(error);
    }
    this.read = true;
  }
}
