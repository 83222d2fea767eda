// Notes on calls, as typed: each keystroke is handed to the desk, one save after the other and the newest text last. What the
// disk does not take stays on screen and is tried again until it does. A call whose identity changes takes its note along.
import { SvelteMap } from 'svelte/reactivity';

import type { Backend } from '../backend/backend';
import type { CallCard } from '../backend/types';

export type NoteState = 'saved' | 'saving' | 'failed';

export interface Note {
  text: string;
  state: NoteState;
}

/** How long to wait before a save that failed is tried again, in milliseconds. */
const RETRY_MS = 1000;

export class CallNotes {
  /** What was typed here, by the call's present identity. */
  private readonly typed = new SvelteMap<string, Note>();
  private readonly saving = new Map<string, Promise<void>>();

  constructor(
    private readonly backend: Backend,
    private readonly kept: (card: CallCard) => void,
  ) {}

  /** A call's note: what is being typed, else what is kept. */
  of(card: CallCard): Note {
    return this.typed.get(card.call.id) ?? { text: card.note, state: 'saved' };
  }

  /** Whether words are not on the disk yet. */
  unsaved(id: string): boolean {
    return (this.typed.get(id)?.state ?? 'saved') !== 'saved';
  }

  type(id: string, text: string): void {
    // What the disk refused stays said until the disk has it.
    const state = this.typed.get(id)?.state === 'failed' ? 'failed' : 'saving';
    this.typed.set(id, { text, state });
    if (!this.saving.has(id)) this.saving.set(id, this.save(id));
  }

  /** Calls turned out to be one: words typed under an identity that is gone are its words. */
  moved(gone: readonly string[], to: string): void {
    const words = gone.flatMap((id) => {
      const note = this.typed.get(id);
      this.typed.delete(id);
      return note && note.text !== '' ? [note.text] : [];
    });
    if (words.length === 0) return;
    const here = this.typed.get(to)?.text ?? '';
    this.type(to, [here, ...words].filter((text) => text !== '').join('\n'));
  }

  /** Resolves when nothing is left to save. */
  async idle(): Promise<void> {
    while (this.saving.size > 0) await Promise.all(this.saving.values());
  }

  /** Forgets what is on the disk: another account, another profile. */
  reset(): void {
    this.typed.clear();
  }

  private async save(id: string): Promise<void> {
    for (;;) {
      const text = this.typed.get(id)?.text;
      // Moved to another identity meanwhile.
      if (text === undefined) break;
      try {
        const card = await this.backend.noteCall(id, text);
        if (this.typed.get(id)?.text !== text) continue;
        this.typed.set(id, { text, state: 'saved' });
        this.kept(card);
        break;
      } catch {
        const now = this.typed.get(id);
        if (now) this.typed.set(id, { text: now.text, state: 'failed' });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.saving.delete(id);
  }
}
