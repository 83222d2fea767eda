// Surges: many contacts on one subject. What was noticed and not put away, and the words of the major incident being declared.
import type { SurgeCard } from '../backend/types';
import { type AppModel } from './app.svelte';

/** A major incident being written; kept while the window is open. */
export interface Incident {
  title: string;
  text: string;
}

export class Surges {
  /** Noticed, and nobody has said that it is none. */
  list = $state.raw<SurgeCard[]>([]);
  /** The surge that is being declared. */
  declaring = $state.raw<SurgeCard | null>(null);
  /** What was typed, by surge. */
  private readonly typed = new Map<string, Incident>();

  constructor(private readonly app: AppModel) {}

  /** Reads what there is; events tell the rest. */
  async read(): Promise<void> {
    try {
      this.take(await this.app.backend.surges());
    } catch (error) {
      this.app.report(error);
    }
  }

  take(cards: SurgeCard[]): void {
    this.list = cards.filter((card) => !card.dismissed);
  }

  async dismiss(key: string): Promise<void> {
    try {
      await this.app.backend.dismissSurge(key);
      this.list = this.list.filter((card) => card.key !== key);
    } catch (error) {
      this.app.report(error);
    }
  }

  /** The words for a surge: those typed, else what is known. */
  words(card: SurgeCard): Incident {
    return this.typed.get(card.key) ?? { title: card.title, text: card.explanation.join('\n') };
  }

  type(key: string, words: Incident): void {
    this.typed.set(key, words);
  }

  /** It was declared. */
  declared(key: string): void {
    this.typed.delete(key);
    this.list = this.list.filter((card) => card.key !== key);
  }

  /** Another account, another profile. */
  reset(): void {
    this.list = [];
    this.declaring = null;
    this.typed.clear();
  }
}
