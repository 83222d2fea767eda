// The dashboards: the desk as it is now, and the contract's indicators of a week, a month or a year. Indicators are read when they are
// asked for, never behind the person's back, as they cost seconds with many tickets.
import type { IndicatorSheet } from '../backend/types';
import { type AppModel, type Failure, failure } from './app.svelte';
import { clock } from './clock.svelte';

export type Span = 'week' | 'month' | 'year';
export type FiguresTab = 'live' | Span;

/** Months and weeks to choose from: this one and those a year back. */
const MONTHS = 13;
const WEEKS = 14;
const YEARS = 2;

const two = (value: number): string => String(value).padStart(2, '0');

/** "2026-06", on this computer's calendar. */
export function monthOf(date: Date): string {
  return `${String(date.getFullYear())}-${two(date.getMonth() + 1)}`;
}

/** "2026-W23" by ISO 8601: the week of the year that holds its Thursday. */
export function weekOf(date: Date): string {
  const thursday = new Date(date.getFullYear(), date.getMonth(), date.getDate() + 3 - ((date.getDay() + 6) % 7));
  const first = new Date(thursday.getFullYear(), 0, 1);
  const days = Math.round((thursday.getTime() - first.getTime()) / 86_400_000);
  return `${String(thursday.getFullYear())}-W${two(Math.floor(days / 7) + 1)}`;
}

export class Figures {
  tab = $state<FiguresTab>('month');
  /** This period, where no other was chosen. */
  private chosen = $state.raw<Partial<Record<Span, string>>>({});
  sheet = $state.raw<IndicatorSheet | null>(null);
  failed = $state.raw<Failure | null>(null);
  busy = $state(false);
  /** The indicator whose periods and missed items are shown. */
  open = $state<string | null>(null);
  private asked = 0;

  constructor(private readonly app: AppModel) {}

  /** What the indicators are of, on a tab that shows some. */
  get span(): Span {
    return this.tab === 'live' ? 'month' : this.tab;
  }

  get period(): string {
    return this.chosen[this.span] ?? this.periods[0] ?? '';
  }

  /** Newest first. */
  get periods(): string[] {
    const now = clock.now;
    const day = (back: number): Date => new Date(now.getFullYear(), now.getMonth(), now.getDate() - back);
    switch (this.span) {
      case 'week':
        return Array.from({ length: WEEKS }, (_, back) => weekOf(day(7 * back)));
      case 'month':
        return Array.from({ length: MONTHS }, (_, back) =>
          monthOf(new Date(now.getFullYear(), now.getMonth() - back, 1)),
        );
      case 'year':
        return Array.from({ length: YEARS }, (_, back) => String(now.getFullYear() - back));
    }
  }

  show(tab: FiguresTab): void {
    if (this.tab === tab) return;
    this.tab = tab;
    if (tab !== 'live') {
      this.sheet = null;
      void this.read();
    }
  }

  choose(period: string): void {
    this.chosen = { ...this.chosen, [this.span]: period };
    void this.read();
  }

  toggle(id: string): void {
    this.open = this.open === id ? null : id;
  }

  async read(): Promise<void> {
    const asked = ++this.asked;
    this.busy = true;
    try {
      const sheet = await this.app.backend.indicators(this.period);
      if (asked !== this.asked) return;
      this.sheet = sheet;
      this.failed = null;
    } catch (error) {
      if (asked === this.asked) this.failed = failure(error);
    } finally {
      if (asked === this.asked) this.busy = false;
    }
  }

  /** Forgets everything: another account, another profile. */
  reset(): void {
    this.asked++;
    this.chosen = {};
    this.tab = 'month';
    this.sheet = null;
    this.failed = null;
    this.busy = false;
    this.open = null;
  }
}
