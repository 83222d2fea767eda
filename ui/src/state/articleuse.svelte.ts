// Which articles were read and used at this desk: the ones read last and the ones used most come first to hand. Rust keeps it.
import type { Backend } from '../backend/backend';
import type { ArticleUse } from '../backend/types';

export class ArticleUses {
  /** Read last first. */
  all = $state.raw<ArticleUse[]>([]);

  constructor(private readonly backend: Backend) {}

  async read(): Promise<void> {
    this.all = await this.backend.articleUses().catch(() => []);
  }

  reset(): void {
    this.all = [];
  }

  /** An article was opened. */
  opened(id: number, title: string): void {
    void this.note(id, title, false);
  }

  /** An article went into an answer or onto a ticket. */
  used(id: number, title: string): void {
    void this.note(id, title, true);
  }

  /** Those used at least once, most first. */
  most(limit: number): ArticleUse[] {
    return this.all
      .filter((one) => one.uses > 0)
      .sort((a, b) => b.uses - a.uses || b.read_at.localeCompare(a.read_at))
      .slice(0, limit);
  }

  private async note(id: number, title: string, used: boolean): Promise<void> {
    // Not being remembered keeps nobody from reading.
    this.all = await this.backend.noteArticle(id, title, used).catch(() => this.all);
  }
}
