// The parts of the window that are not loaded with the first list. Each is brought when it is asked for, and all of them right
// after the first list is on screen, so that the first use waits for nothing. Keys pressed while a part is waited for are meant
// for it: they are held, and pressed again once it is there.
import { tick } from 'svelte';

import { bringLanguage } from '../../i18n/i18n.svelte';
import { isTyping } from '../../state/commands';

export class Part<M> {
  module = $state.raw<M | null>(null);
  private coming: Promise<M> | null = null;

  constructor(private readonly bring: () => Promise<M>) {}

  /** The part, once it is there. What failed is brought again at the next question. */
  load(): Promise<M> {
    this.coming ??= this.bring().then(
      (module) => (this.module = module),
      (error: unknown) => {
        this.coming = null;
        throw error;
      },
    );
    return this.coming;
  }
}

export const CASE = new Part(() => import('./case'));
export const REST = new Part(async () => {
  // The palette knows commands by their names in both languages.
  const [rest] = await Promise.all([import('./rest'), bringLanguage('en')]);
  return rest;
});

/** Brings every part, the likeliest first. */
export async function bringAll(): Promise<void> {
  await CASE.load();
  await REST.load();
}

let waiting = 0;
const held: KeyboardEvent[] = [];
let replaying = false;

/** A part is being waited for on screen; keys are held until it is there. */
export async function waitFor<M>(part: Part<M>): Promise<void> {
  waiting++;
  try {
    await part.load();
    // It takes the focus where it does so.
    await settled();
  } finally {
    waiting--;
    void replay();
  }
}

/** Keeps a key pressed while a part is waited for; answers whether it did. What is typed in a field stays there. */
export function hold(event: KeyboardEvent): boolean {
  if (!event.isTrusted && replaying) return false;
  if ((waiting === 0 && held.length === 0) || isTyping(event.target)) return false;
  if (['Shift', 'Control', 'Alt', 'AltGraph', 'Meta', 'Tab'].includes(event.key)) return false;
  event.preventDefault();
  event.stopImmediatePropagation();
  held.push(event);
  return true;
}

async function replay(): Promise<void> {
  if (replaying) return;
  replaying = true;
  try {
    while (waiting === 0) {
      const event = held.shift();
      if (!event) return;
      press(event);
      await settled();
    }
  } finally {
    replaying = false;
  }
}

/** Presses a key that was held, where the focus is now. A page cannot type into a field: the text is put there. */
function press(event: KeyboardEvent): void {
  const target = document.activeElement ?? document.body;
  const { key, code, ctrlKey, altKey, metaKey, shiftKey } = event;
  const again = new KeyboardEvent('keydown', {
    ...{ key, code, ctrlKey, altKey, metaKey, shiftKey },
    ...{ bubbles: true, cancelable: true, composed: true },
  });
  const meant = target.dispatchEvent(again);
  const typed = key.length === 1 && !ctrlKey && !altKey && !metaKey;
  if (!meant || !typed || !(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)) return;
  const [from, to] = [target.selectionStart, target.selectionEnd];
  if (from === null || to === null) return;
  target.setRangeText(key, from, to, 'end');
  target.dispatchEvent(new InputEvent('input', { bubbles: true, data: key, inputType: 'insertText' }));
}

/** What a key or a part set off has moved the focus: a turn for what is drawn, one for what it asks. */
async function settled(): Promise<void> {
  await tick();
  await new Promise((resolve) => setTimeout(resolve, 0));
}
