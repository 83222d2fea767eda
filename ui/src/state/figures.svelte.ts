// The indicators of a month: read when they are asked for, never behind the person's back, as they cost seconds with many tickets.
import type { IndicatorSheet } from '../backend/types';
import { type AppModel, type Failure, failure } from './app.svelte';
import { clock } from './clock.svelte';

/** Months to choose from: this one and those a year back. */
const MONTHS = 13;

/** "2026-06", on this computer's calendar. */
export function monthOf(date: Date): string {
  return `${String(date.getFullYear())}-${String(date.getMonth() + 1).padStart(2, '0')}`;
}

export class Figures {
  /** This month, where no other was chosen. */
  private chosen = $state<string | null>(null);
  sheet = $state.raw<IndicatorSheet | null>(null);
  failed = $state.raw<Failure | null>(null);
  busy = $state(false);
  /** The indicator whose months and missed items are shown. */
  open = $state<string | null>(null);
  private asked = 0;

  constructor(private readonly app: AppModel) {}

  get month(): string {
    return this.chosen ?? monthOf(clock.now);
  }

  /** Newest first. */
  get months(): string[] {
    const now = clock.now;
    return Array.from({ length: MONTHS }, (_, back) => monthOf(new Date(now.getFullYear(), now.getMonth() - back, 1)));
  }

  choose(month: string): void {
    this.chosen = month;
    void this.read();
  }

  toggle(id: string): void {
    this.open = this.open === id ? null : id;
  }

  async read(): Promise<void> {
    const asked = ++this.asked;
    this.busy = true;
    try {
      const sheet = await this.app.backend.indicators(this.month);
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
    this.chosen = null;
    this.sheet = null;
    this.failed = null;
    this.busy = false;
    this.open = null;
  }
}
