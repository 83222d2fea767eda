// Texts of one's own, kept with the profile and inserted by "::" beside the server's templates. A few variables are filled
// in from the ticket at hand; the list is short and shown where snippets are written. A variable whose value is not known
// stays as it is, so that it is seen before it is sent.
import type { Snippet, SnippetKind, TicketView } from '../backend/types';
import { dateTime, day } from '../i18n/i18n.svelte';
import { fold } from './fold';

/** The variables, by both their names. */
export const VARIABLES = [
  { id: 'requester', fr: 'demandeur', en: 'requester' },
  { id: 'first_name', fr: 'prénom', en: 'first name' },
  { id: 'ticket', fr: 'ticket', en: 'ticket' },
  { id: 'title', fr: 'titre', en: 'title' },
  { id: 'me', fr: 'moi', en: 'me' },
  { id: 'today', fr: 'date', en: 'date' },
  { id: 'target', fr: 'échéance', en: 'target' },
] as const;

export type Variable = (typeof VARIABLES)[number]['id'];
export type Values = Partial<Record<Variable, string>>;

/** What the variables stand for on a ticket. */
export function valuesOf(view: TicketView | null, me: string, now: Date): Values {
  const person = view?.requester?.person;
  const ticket = view?.ticket;
  return {
    me,
    today: day(now, now),
    ...(person ? { requester: `${person.first_name} ${person.last_name}`.trim() || person.login } : {}),
    ...(person?.first_name ? { first_name: person.first_name } : {}),
    ...(ticket && ticket.id > 0 ? { ticket: `#${String(ticket.id)}` } : {}),
    ...(ticket ? { title: ticket.title } : {}),
    ...(ticket?.time_to_resolve ? { target: dateTime(ticket.time_to_resolve) } : {}),
  };
}

/** The text with its variables filled in, as far as they are known. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{([^{}\n]{1,20})\}/g, (whole, name: string) => {
    const wanted = fold(name.trim());
    const variable = VARIABLES.find((one) => [one.fr, one.en].some((known) => fold(known) === wanted));
    return (variable && values[variable.id]) ?? whole;
  });
}

/** The snippets for a kind of answer whose name or text has every word typed; names that begin with them first. */
export function proposedSnippets(snippets: readonly Snippet[], kind: SnippetKind, words: string): Snippet[] {
  const wanted = fold(words).split(/\s+/).filter(Boolean);
  const begins = (one: Snippet): number => (fold(one.name).startsWith(fold(words).trim()) ? 0 : 1);
  return snippets
    .filter((one) => one.kinds.length === 0 || one.kinds.includes(kind))
    .filter((one) => one.text.trim() !== '' && wanted.every((word) => fold(one.name).includes(word)))
    .sort((a, b) => begins(a) - begins(b));
}
