// The daily review, and the log of what was done and of what was worth writing down. A notable event is kept at every keystroke, one
// save after the other and the newest text last.
import { SvelteMap } from 'svelte/reactivity';
import { v7 as uuidv7 } from 'uuid';

import type { DailyReview, Logbook, NotableEvent, OperationId, ProposedEvent } from '../backend/types';
import { number, t } from '../i18n/i18n.svelte';
import { type AppModel, type Failure, failure } from './app.svelte';
import { clock } from './clock.svelte';
import { paced } from './paced';

export type ReviewTab = 'review' | 'log';
export type LogSpan = 'day' | 'week' | 'month';
export type EventKind = NotableEvent['kind'];

/** Reads again at most this often. */
const GAP_MS = 1_000;
/** How long to wait before a save that failed is tried again, in milliseconds. */
const RETRY_MS = 1_000;

const two = (value: number): string => String(value).padStart(2, '0');

/** "2026-06-01", on this computer's calendar. */
const day = (date: Date): string => `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** The first day of a period and the first after it; `back` periods before the present one. */
export function periodDays(span: LogSpan, back: number, now: Date): { from: Date; to: Date } {
  const [y, m, d] = [now.getFullYear(), now.getMonth(), now.getDate()];
  switch (span) {
    case 'day':
      return { from: new Date(y, m, d - back), to: new Date(y, m, d - back + 1) };
    case 'week': {
      const monday = d - ((now.getDay() + 6) % 7) - 7 * back;
      return { from: new Date(y, m, monday), to: new Date(y, m, monday + 7) };
    }
    case 'month':
      return { from: new Date(y, m - back, 1), to: new Date(y, m - back + 1, 1) };
  }
}

export class Review {
  tab = $state<ReviewTab>('review');
  review = $state.raw<DailyReview | null>(null);
  log = $state.raw<Logbook | null>(null);
  failed = $state.raw<Failure | null>(null);
  span = $state<LogSpan>('day');
  /** How many periods before the present one. */
  back = $state(0);
  /** Events as they are being typed, until they are read again. */
  readonly typed = new SvelteMap<OperationId, NotableEvent>();
  /** Events that the disk did not take yet. */
  readonly unsaved = new SvelteMap<OperationId, 'saving' | 'failed'>();
  private shown = false;
  private asked = 0;
  private readonly saving = new Map<OperationId, Promise<void>>();
  private readonly again = paced(() => this.read(), GAP_MS);

  constructor(private readonly app: AppModel) {}

  /** The period of the log, as days. */
  get days(): { from: string; to: string } {
    const { from, to } = periodDays(this.span, this.back, clock.now);
    return { from: day(from), to: day(to) };
  }

  /** The log's events with what is being typed, the oldest first. */
  get events(): NotableEvent[] {
    const kept = (this.log?.events ?? []).map((event) => this.typed.get(event.id) ?? event);
    const fresh = [...this.typed.values()].filter((event) => !kept.some((one) => one.id === event.id));
    return [...kept, ...fresh].toSorted((a, b) => a.at.localeCompare(b.at) || a.id.localeCompare(b.id));
  }

  show(): void {
    this.shown = true;
    this.again();
  }

  hide(): void {
    this.shown = false;
  }

  /** Something changed. */
  look(): void {
    if (this.shown) this.again();
  }

  choose(tab: ReviewTab): void {
    this.tab = tab;
    this.again();
  }

  chooseSpan(span: LogSpan): void {
    this.span = span;
    this.turn(-this.back);
  }

  /** So many periods further back. */
  turn(by: number): void {
    this.back = Math.max(0, this.back + by);
    this.log = null;
    this.typed.clear();
    this.again();
  }

  /** A new event, at this moment where the period holds it, else on its first day at noon. */
  add(from: ProposedEvent | null = null): NotableEvent {
    const { from: first, to } = periodDays(this.span, this.back, clock.now);
    const inside = clock.now >= first && clock.now < to;
    const noon = new Date(first.getFullYear(), first.getMonth(), first.getDate(), 12);
    const event: NotableEvent = {
      id: uuidv7(),
      at: from?.at ?? (inside ? clock.now : noon).toISOString(),
      kind: from ? 'major_incident' : 'other',
      text: from?.title ?? '',
      ticket: from?.ticket ?? null,
      author: null,
    };
    this.typed.set(event.id, event);
    if (event.text !== '') this.write(event);
    return event;
  }

  /** As it was typed. An event without a text is not kept: it is on screen only. */
  write(event: NotableEvent): void {
    this.typed.set(event.id, event);
    if (event.text.trim() === '') return;
    if (this.unsaved.get(event.id) !== 'failed') this.unsaved.set(event.id, 'saving');
    if (!this.saving.has(event.id)) this.saving.set(event.id, this.save(event.id));
  }

  async withdraw(event: NotableEvent): Promise<void> {
    await this.saving.get(event.id);
    const kept = this.log?.events.some((one) => one.id === event.id) === true || event.text.trim() !== '';
    try {
      if (kept) await this.app.backend.withdrawEvent(event.id);
    } catch (error) {
      this.app.report(error);
      return;
    }
    this.typed.delete(event.id);
    if (this.log) this.log = { ...this.log, events: this.log.events.filter((one) => one.id !== event.id) };
    this.again();
  }

  /** The period as a text that a committee can read. */
  async saveText(): Promise<void> {
    try {
      await Promise.all(this.saving.values());
      const { from, to } = this.days;
      const { path, rows } = await this.app.backend.saveChronicle(from, to);
      this.app.tell(t('export.done', { n: number(rows), path }));
    } catch (error) {
      this.app.report(error);
    }
  }

  reset(): void {
    this.asked++;
    this.review = null;
    this.log = null;
    this.failed = null;
    this.back = 0;
    this.typed.clear();
    this.unsaved.clear();
  }

  async read(): Promise<void> {
    const asked = ++this.asked;
    try {
      if (this.tab === 'review') {
        const review = await this.app.backend.dailyReview();
        if (asked === this.asked) this.review = review;
      } else {
        const { from, to } = this.days;
        const log = await this.app.backend.logbook(from, to);
        if (asked === this.asked) this.log = log;
      }
      if (asked === this.asked) this.failed = null;
    } catch (error) {
      if (asked === this.asked) this.failed = failure(error);
    }
  }

  /** Saves what is typed until nothing newer is there. What the disk does not take stays on screen and is tried again. */
  private async save(id: OperationId): Promise<void> {
    for (;;) {
      const event = this.typed.get(id);
      if (!event || event.text.trim() === '') break;
      try {
        await this.app.backend.keepEvent(event);
        if (this.typed.get(id) === event) {
          this.unsaved.delete(id);
          break;
        }
      } catch {
        this.unsaved.set(id, 'failed');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.saving.delete(id);
  }
}
