// Articles that may help, from words: those that most of them lead to come first.
import type { Backend } from '../backend/backend';
import type { Hit } from '../backend/types';
import { fold } from './fold';

/** Words worth looking for: the longest. */
const WORDS = 4;
/** Hits taken of each word. */
const OF_A_WORD = 8;

/** The longest words of texts, earlier texts first where they are as long. */
export function telling(texts: readonly string[]): string[] {
  const seen = new Map<string, string>();
  for (const text of texts) {
    for (const word of text.match(/[\p{L}\d]{4,}/gu) ?? []) if (!seen.has(fold(word))) seen.set(fold(word), word);
  }
  return [...seen.values()].sort((a, b) => b.length - a.length).slice(0, WORDS);
}

export async function suggestArticles(backend: Backend, texts: readonly string[], limit: number): Promise<Hit[]> {
  const found = await Promise.all(
    telling(texts).map((word) => backend.search({ text: word, kinds: ['article'], limit: OF_A_WORD })),
  );
  const ranked: { hit: Hit; words: number }[] = [];
  for (const hit of found.flatMap((results) => results.hits)) {
    const known = ranked.find((one) => one.hit.id === hit.id);
    if (known) known.words++;
    else ranked.push({ hit, words: 1 });
  }
  return ranked
    .sort((a, b) => b.words - a.words)
    .slice(0, limit)
    .map((one) => one.hit);
}
