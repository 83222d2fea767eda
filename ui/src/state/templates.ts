// Texts ready to be inserted: typing "::" and some letters of a template's name proposes it where one writes.
import type { CatalogueItem, CatalogueKind } from '../backend/types';
import type { Tab } from './composer.svelte';
import { fold } from './fold';

/** The list of templates each kind of answer has. */
export const TEMPLATES: Record<Tab, CatalogueKind> = {
  followup: 'followup_template',
  task: 'task_template',
  solution: 'solution_template',
};

/** What is asked for where the caret stands. */
export interface Asked {
  /** Where the "::" begins. */
  from: number;
  words: string;
}

/** Longest run of letters after "::" that still is a question. */
const LONGEST = 40;
/** Templates proposed at most. */
const PROPOSED = 8;

/** The question before the caret, if there is one: "::" at the start of a word, then what was typed of a name. */
export function asked(text: string, caret: number): Asked | null {
  const before = text.slice(0, caret);
  const from = before.lastIndexOf('::');
  if (from < 0 || (from > 0 && !/\s/.test(before[from - 1] ?? ''))) return null;
  const words = before.slice(from + 2);
  return words.length > LONGEST || /[\n:]/.test(words) || /^\s/.test(words) ? null : { from, words };
}

/** The person asked for before the caret: "@" at the start of a word, then letters of a name. */
export function mentioned(text: string, caret: number): Asked | null {
  const match = /(?:^|\s)@(\p{L}[\p{L}'’ -]{0,38})$/u.exec(text.slice(0, caret));
  const words = match?.[1];
  // Two words make a name; a third is the sentence going on.
  if (words === undefined || words.trim().split(/\s+/).length > 2 || /\s\s|\S\s+\S+\s$/.test(words)) return null;
  return { from: caret - words.length - 1, words };
}

/** The templates whose name has every word typed; those whose name begins with them first. */
export function proposed(items: readonly CatalogueItem[], words: string): CatalogueItem[] {
  const wanted = fold(words).split(/\s+/).filter(Boolean);
  const begins = (item: CatalogueItem): number => (fold(item.name).startsWith(fold(words).trim()) ? 0 : 1);
  return items
    .filter((item) => item.body !== null && wanted.every((word) => fold(item.full_name).includes(word)))
    .sort((a, b) => begins(a) - begins(b))
    .slice(0, PROPOSED);
}

/** The text with the question replaced, and where the caret goes. */
export function insert(text: string, caret: number, question: Asked, body: string): { text: string; caret: number } {
  const before = text.slice(0, question.from) + body;
  return { text: before + text.slice(caret), caret: before.length };
}
