// Finding a command by some letters of its name, in French or in English whatever the window's language: accents folded,
// words in any order, one slip a word forgiven.
import uFuzzy from '@leeoniya/ufuzzy';

import { tIn } from '../i18n/i18n.svelte';
import type { Command } from './commands';
import { fold } from './fold';

const matcher = new uFuzzy({ intraMode: 1 });

/** Apostrophes part words: "m'attribuer" is found by "attribuer". */
const plain = (text: string): string =>
  fold(text)
    .replace(/[^a-z\d]+/g, ' ')
    .trim();

/** The commands that what is typed may mean, the likeliest first; all of them where nothing is typed. */
export function fuzzy(commands: readonly Command[], typed: string): Command[] {
  const needle = plain(typed);
  if (needle === '') return [...commands];
  const names = commands.flatMap((command) =>
    (['fr', 'en'] as const).map((language) => ({
      command,
      name: plain(command.label((key, values) => tIn(language, key, values))),
    })),
  );
  const haystack = names.map((one) => one.name);
  // Words in any order, up to five of them; every match is ranked.
  const [found, , order] = matcher.search(haystack, needle, 5, Infinity);
  if (!found) return [];
  const best = order ? order.map((at) => found[at]) : found;
  // A name that begins with what is typed comes before one that only has it.
  const ranked = best.flatMap((at) => (at === undefined ? [] : (names[at] ?? [])));
  const begins = ranked.filter((one) => one.name.startsWith(needle));
  return [...new Set([...begins, ...ranked].map((one) => one.command))];
}
