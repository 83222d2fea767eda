// The call journal on screen: which calls, the slices read so far, the numbers of all of them, and the call that is chosen.
import { SvelteMap } from 'svelte/reactivity';

import type { CallCard, CallNumbers, Direction, Export, JournalCall, JournalQuery, PersonCard } from '../backend/types';
import { type AppModel, type Failure, failure } from './app.svelte';
import { paced } from './paced';

export const PERIODS = ['today', 'week', 'month', 'all'] as const;
export type Period = (typeof PERIODS)[number];

/** Calls read at once. */
const PAGE = 200;
/** Between two reads that calls ask for, in milliseconds. */
const GAP_MS = 250;
const DAYS: Record<Exclude<Period, 'all'>, number> = { today: 0, week: 6, month: 29 };

export interface JournalFilter {
  period: Period;
  direction: Direction | null;
  answered: boolean | null;
  queue: string | null;
  words: string;
  /** Only one's own that are over and still to be wrapped up. */
  toClose: boolean;
}

export const EVERY_CALL: JournalFilter = {
  period: 'week',
  direction: null,
  answered: null,
  queue: null,
  words: '',
  toClose: false,
};

export class Journal {
  filter = $state.raw<JournalFilter>(EVERY_CALL);
  rows = $state.raw<JournalCall[]>([]);
  numbers = $state.raw<CallNumbers | null>(null);
  queues = $state.raw<string[]>([]);
  failed = $state.raw<Failure | null>(null);
  /** The row chosen, and its card once it is read. */
  chosen = $state<string | null>(null);
  card = $state.raw<CallCard | null>(null);
  /** People of the rows seen, by number; `null` while one is read. */
  private readonly people = new SvelteMap<number, PersonCard | null>();
  private asked = 0;
  private more = false;
  private readonly stops: (() => void)[];

  constructor(private readonly app: AppModel) {
    const again = paced(() => this.read(), GAP_MS);
    this.stops = [
      app.calls.onChange(again),
      app.onChange((changes) => {
        if (changes.people) this.people.clear();
        if (changes.people || changes.renumbered.length > 0) again();
      }),
    ];
    void this.read();
  }

  close(): void {
    for (const stop of this.stops) stop();
    this.app.calls.chosen = null;
  }

  /** Narrows it. */
  choose(patch: Partial<JournalFilter>): void {
    this.filter = { ...this.filter, ...patch };
    void this.read(true);
  }

  /** The person of a row: read when the row is first seen. */
  person(id: number | null): PersonCard | null {
    if (id === null) return null;
    const held = this.people.get(id);
    if (held !== undefined) return held;
    queueMicrotask(() => {
      if (this.people.has(id)) return;
      this.people.set(id, null);
      this.app.backend.person(id).then(
        (card) => this.people.set(id, card),
        () => this.people.delete(id),
      );
    });
    return null;
  }

  /** Reads what was asked for, as many rows as are there already; anew: from the top. */
  async read(anew = false): Promise<void> {
    const asked = ++this.asked;
    const limit = anew ? PAGE : Math.min(500, Math.max(PAGE, this.rows.length));
    try {
      const [page, queues] = await Promise.all([
        this.app.backend.callJournal({ ...this.query(), offset: 0, limit }),
        this.app.backend.callQueues(),
      ]);
      if (asked !== this.asked) return;
      this.rows = page.rows;
      this.numbers = page.numbers;
      this.queues = queues;
      this.failed = null;
      if (this.chosen !== null) await this.readCard(this.chosen);
    } catch (error) {
      if (asked === this.asked) this.failed = failure(error);
    }
  }

  /** The end of the list is near: what follows it. */
  async readOn(): Promise<void> {
    if (this.more || this.rows.length >= (this.numbers?.all ?? 0)) return;
    this.more = true;
    const { asked } = this;
    try {
      const page = await this.app.backend.callJournal({ ...this.query(), offset: this.rows.length, limit: PAGE });
      if (asked !== this.asked) return;
      const held = new Set(this.rows.map((row) => row.call.id));
      this.rows = [...this.rows, ...page.rows.filter((row) => !held.has(row.call.id))];
    } catch (error) {
      this.app.report(error);
    } finally {
      this.more = false;
    }
  }

  /** Chooses a call and reads its card. */
  async select(row: JournalCall | undefined): Promise<void> {
    this.chosen = row?.call.id ?? null;
    this.app.calls.chosen = row && row.call.remote.raw !== '' ? row.call.remote.raw : null;
    if (!row) this.card = null;
    else await this.readCard(row.call.id);
  }

  private async readCard(id: string): Promise<void> {
    try {
      const card = await this.app.backend.callCard(id);
      if (this.chosen === id) {
        this.card = card;
        this.app.seen({ type: 'call', id });
      }
    } catch (error) {
      if (this.chosen === id) this.card = null;
      this.app.report(error);
    }
  }

  /** Everything it shows, whole. */
  exported(): Export {
    return { type: 'calls', query: this.query() };
  }

  private query(): JournalQuery {
    const { period, direction, answered, queue, words, toClose } = this.filter;
    return {
      from: begin(period),
      to: null,
      direction,
      answered,
      queue,
      person: null,
      ticket: null,
      words,
      to_close: toClose,
    };
  }
}

/** When a period begins: at midnight here, so many days ago. */
function begin(period: Period): string | null {
  if (period === 'all') return null;
  const now = new Date(Date.now());
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - DAYS[period]).toISOString();
}
