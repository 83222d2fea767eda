// What the in-memory backend knows around a ticket being written: the rules of the store, over arrays.
import type { AroundNew, NewTicketWords, Ticket, TicketRow } from './types';

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
  for (const word of words) {
    const having = tickets.filter((ticket) => ticket.category !== null && folded(ticket.title).includes(word));
    const counts = new Map<number, number>();
    for (const { category } of having) if (category) counts.set(category.id, (counts.get(category.id) ?? 0) + 1);
    const [best] = [...counts].sort((a, b) => b[1] - a[1]);
    if (!best || best[1] < 3 || 2 * best[1] <= having.length) continue;
    const name = having.find((ticket) => ticket.category?.id === best[0])?.category?.name;
    const shown = written.title.split(/[^\p{L}\d-]+/u).find((part) => folded(part).includes(word)) ?? word;
    if (name)
      return { similar, category: { category: best[0], name, word: shown, tickets: best[1], of: having.length } };
  }
  return { similar, category: null };
}
