// What the knowledge screen lists: hits while something is typed; before that, what may help with the ticket at hand, and
// the whole base, newest first, by category.
import type { ArticleCategory, ArticleRow, Hit, TicketId } from '../backend/types';
import { type AppModel, type Failure, failure } from './app.svelte';
import { paced } from './paced';

/** Rows read at once. */
const SLICE = 50;
/** Hits shown at most. */
const HITS = 50;
/** Articles suggested for it at most. */
const SUGGESTED = 5;
/** Between two reads that changes ask for, in milliseconds. */
const EVENT_GAP_MS = 500;

export class KnowledgeModel {
  text = $state('');
  hits = $state.raw<Hit[]>([]);
  rows = $state.raw<ArticleRow[]>([]);
  total = $state(0);
  categories = $state.raw<ArticleCategory[]>([]);
  category = $state<number | null>(null);
  suggestions = $state.raw<Hit[]>([]);
  failed = $state.raw<Failure | null>(null);
  /** The first read has come back. */
  loaded = $state(false);
  /** What is typed is being looked for: the hits on screen are still those of before. */
  finding = $state(false);
  private asked = 0;
  private listed = 0;
  private readonly stop: () => void;

  constructor(private readonly app: AppModel) {
    const again = paced(() => this.read(), EVENT_GAP_MS);
    this.stop = app.onChange((changes) => {
      if (changes.articles || changes.catalogues) again();
    });
    void this.read();
  }

  close(): void {
    this.stop();
  }

  /** Searches for what is typed. */
  async find(): Promise<void> {
    const mine = ++this.asked;
    this.finding = this.text.trim() !== '';
    if (!this.finding) {
      this.hits = [];
      this.failed = null;
      return;
    }
    try {
      const results = await this.app.backend.search({ text: this.text, kinds: ['article'], limit: HITS });
      if (mine !== this.asked) return;
      this.hits = results.hits;
      this.failed = null;
    } catch (error) {
      if (mine !== this.asked) return;
      this.failed = failure(error);
    }
    this.finding = false;
  }

  /** Shows one category, or all. */
  async choose(category: number | null): Promise<void> {
    this.category = category;
    await this.slice(0, SLICE);
  }

  /** Reads the next rows. */
  async more(): Promise<void> {
    await this.slice(this.rows.length, SLICE);
  }

  /** Looks for what may help with a ticket: the articles that most of its title's words lead to come first. */
  async suggest(ticket: TicketId | null): Promise<void> {
    this.suggestions = [];
    if (ticket === null) return;
    const view = await this.app.backend.ticket(ticket);
    const texts = view ? [view.ticket.title, view.ticket.category?.name ?? ''] : [];
    const found = await this.app.backend.suggestArticles(texts, SUGGESTED);
    if (ticket !== this.app.nav.ticket) return;
    this.suggestions = found;
  }

  private async read(): Promise<void> {
    try {
      this.categories = await this.app.backend.articleCategories();
    } catch {
      this.categories = [];
    }
    await this.slice(0, Math.max(SLICE, this.rows.length));
  }

  private async slice(offset: number, limit: number): Promise<void> {
    const mine = ++this.listed;
    try {
      const list = await this.app.backend.listArticles({ category: this.category, offset, limit });
      if (mine !== this.listed) return;
      this.rows = offset === 0 ? list.rows : [...this.rows, ...list.rows];
      this.total = list.total;
      this.failed = null;
    } catch (error) {
      if (mine === this.listed) this.failed = failure(error);
    }
    this.loaded = true;
  }
}
