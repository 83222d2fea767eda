// What the in-memory backend knows around a ticket being written: the rules of the store, over arrays.
import type { AroundNew, CategoryGuess, NewTicketWords, Ticket, TicketRow } from './types';

const folded = (text: string): string[] =>
  text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .split(/[^a-z\d]+/)
    .map((word) => word.replace(/s$/, ''));

const over = (row: TicketRow): boolean => row.status === 'solved' || row.status === 'closed';

/** Open ones first, newest first. */
export const openFirst = (rows: TicketRow[]): TicketRow[] =>
  [...rows].sort((a, b) => Number(over(a)) - Number(over(b)) || b.opened_at.localeCompare(a.opened_at));

export function aroundNew(rows: TicketRow[], tickets: Ticket[], written: NewTicketWords): AroundNew {
  const words = [...new Set(folded(written.title).filter((word) => word.length >= 4))];
  const strong = Math.min(2, Math.max(1, words.length));
  const similar = openFirst(rows)
    .map((row) => ({
      row,
      same_requester: written.requester !== null && row.requester_id === written.requester,
      words: words.filter((word) => folded(row.title).includes(word)).length,
    }))
    .filter((one) =>
      over(one.row) ? one.words >= strong && 2 * one.words > words.length : one.same_requester || one.words >= strong,
    )
    .filter((one) => one.words > 0 || one.same_requester)
    .sort(
      (a, b) =>
        Number(over(a.row)) - Number(over(b.row)) ||
        Number(b.same_requester) - Number(a.same_requester) ||
        b.words - a.words,
    )
    .slice(0, 5);
  return { similar, category: guessed(words, tickets, written.title) };
}

/** Wilson's lower bound at nine chances in ten, as the store has it. */
function shareAtLeast(n: number, of: number): number {
  const z = 1.2816;
  const share = n / of;
  const spread = z * Math.sqrt((share * (1 - share)) / of + (z * z) / (4 * of * of));
  return (share + (z * z) / (2 * of) - spread) / (1 + (z * z) / of);
}

/** Two words that lead to one category, or one that is very sure. */
function guessed(words: string[], tickets: Ticket[], title: string): CategoryGuess | null {
  const filed = tickets.filter((ticket) => ticket.category !== null);
  const having = (word: string): Ticket[] => filed.filter((ticket) => folded(ticket.title).includes(word));
  const leads = new Map<number, { word: string; share: number }[]>();
  for (const word of words) {
    const found = having(word);
    const counts = new Map<number, number>();
    for (const { category } of found) if (category) counts.set(category.id, (counts.get(category.id) ?? 0) + 1);
    const [best] = [...counts].sort((a, b) => b[1] - a[1]);
    if (!best || best[1] < 3) continue;
    const share = shareAtLeast(best[1], found.length);
    if (share > 0.5) leads.set(best[0], [...(leads.get(best[0]) ?? []), { word, share }]);
  }
  const surest = (leading: { share: number }[]): number => Math.max(...leading.map((one) => one.share));
  const [best] = [...leads]
    .filter(([, leading]) => leading.length > 1 || surest(leading) >= 0.8)
    .sort(([, a], [, b]) => b.length - a.length || surest(b) - surest(a));
  if (!best) return null;
  const [category, leading] = best;
  const rests = new Set(leading.flatMap(({ word }) => having(word)));
  const name = filed.find((ticket) => ticket.category?.id === category)?.category?.name;
  if (!name) return null;
  const typed = (word: string): string =>
    title.split(/[^\p{L}\d-]+/u).find((part) => folded(part).includes(word)) ?? word;
  return {
    category,
    name,
    words: leading.sort((a, b) => b.share - a.share).map(({ word }) => typed(word)),
    tickets: [...rests].filter((ticket) => ticket.category?.id === category).length,
    of: rests.size,
  };
}

/** The longest words of texts. */
export function telling(texts: readonly string[]): string[] {
  const words = new Set(texts.flatMap((text) => folded(text)).filter((word) => word.length >= 3));
  return [...words].sort((a, b) => b.length - a.length).slice(0, 6);
}
