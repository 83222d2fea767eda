// The keys of the window. Letters count only when nothing is being typed, only without modifiers, and can be switched off
// (WCAG 2.1.4); they are compared as characters, so that they stay where an AZERTY layout has them.
import type { MessageKey } from '../i18n/i18n.svelte';

export interface Shortcut {
  keys: string;
  label: MessageKey;
}

/** What the shortcuts dialog lists. */
export const SHORTCUTS: { title: MessageKey; keys: Shortcut[] }[] = [
  {
    title: 'shortcuts.anywhere',
    keys: [
      { keys: 'Ctrl K', label: 'shortcuts.search' },
      { keys: '/', label: 'shortcuts.search' },
      { keys: 'Ctrl N', label: 'shortcuts.new_ticket' },
      { keys: 'N', label: 'shortcuts.new_ticket' },
      { keys: 'F6', label: 'shortcuts.next_region' },
      { keys: 'Esc', label: 'shortcuts.back' },
      { keys: '?', label: 'shortcuts.list' },
    ],
  },
  {
    title: 'shortcuts.queue',
    keys: [
      { keys: 'J · ↓', label: 'shortcuts.next_ticket' },
      { keys: 'K · ↑', label: 'shortcuts.previous_ticket' },
      { keys: '↵', label: 'shortcuts.open_ticket' },
    ],
  },
  {
    title: 'shortcuts.ticket',
    keys: [
      { keys: 'R', label: 'shortcuts.reply' },
      { keys: 'T', label: 'shortcuts.task' },
      { keys: 'S', label: 'shortcuts.solution' },
      { keys: 'A', label: 'shortcuts.assign_me' },
      { keys: 'Ctrl ↵', label: 'shortcuts.send' },
      { keys: 'Alt P', label: 'shortcuts.private' },
    ],
  },
];

/** Whether keys typed there are text. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}
