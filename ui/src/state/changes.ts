// What somebody else changed on the ticket on screen, found by comparing two readings of it. Nothing is invented: a new
// entry tells its author, a field that changed tells only what it is now.
import type { Actor, Field, FieldValue, Ticket, TicketView, TimelineEntry, UserId } from '../backend/types';

export interface Change {
  /** When the newest of it happened. */
  at: string;
  /** Who wrote, where that is told. */
  who: UserId[];
  entries: TimelineEntry[];
  fields: { field: Field; value: FieldValue }[];
  /** Who has a part in it changed. */
  actors: boolean;
  documents: number;
}

const FIELDS: readonly { field: Field; of: (ticket: Ticket) => FieldValue }[] = [
  { field: 'title', of: (ticket) => ({ type: 'text', value: ticket.title }) },
  { field: 'description', of: (ticket) => ({ type: 'rich', value: ticket.description }) },
  { field: 'kind', of: (ticket) => ({ type: 'kind', value: ticket.kind }) },
  { field: 'status', of: (ticket) => ({ type: 'status', value: ticket.status }) },
  { field: 'urgency', of: (ticket) => ({ type: 'level', value: ticket.urgency }) },
  { field: 'impact', of: (ticket) => ({ type: 'level', value: ticket.impact }) },
  { field: 'priority', of: (ticket) => ({ type: 'level', value: ticket.priority }) },
  { field: 'category', of: (ticket) => ({ type: 'row', value: ticket.category?.id ?? null }) },
  { field: 'location', of: (ticket) => ({ type: 'row', value: ticket.location?.id ?? null }) },
  { field: 'channel', of: (ticket) => ({ type: 'row', value: ticket.channel?.id ?? null }) },
];

const named = (entry: TimelineEntry): string => `${entry.key.kind}:${String(entry.key.id)}`;
const parts = (actors: Actor[]): string => JSON.stringify(actors.map((actor) => JSON.stringify(actor)).sort());

/** What others changed between two readings, or `null`. Fields are told only while nothing of ours is on its way: the
 *  server changes some by itself when it takes our words in. */
export function changeBetween(before: TicketView, after: TicketView, me: UserId | null): Change | null {
  if (before.ticket.id !== after.ticket.id || !before.details_read) return null;
  const known = new Map(before.timeline.map((entry) => [named(entry), entry]));
  const entries = after.timeline.filter((entry) => {
    const held = known.get(named(entry));
    return (!held || JSON.stringify(held) !== JSON.stringify(entry)) && (held !== undefined || entry.author !== me);
  });
  // An entry of mine that changed was changed by me as far as anybody can tell.
  const others = entries.filter((entry) => entry.author !== me);
  const quiet = before.pending.length === 0 && after.pending.length === 0;
  const fields = quiet
    ? FIELDS.flatMap(({ field, of }) => {
        const value = of(after.ticket);
        return JSON.stringify(of(before.ticket)) === JSON.stringify(value) ? [] : [{ field, value }];
      })
    : [];
  const actors = quiet && parts(before.actors) !== parts(after.actors);
  const links = new Set(before.documents.map((one) => one.link.id));
  const documents = after.documents.filter(({ link }) => !links.has(link.id) && link.author !== me).length;
  if (others.length === 0 && fields.length === 0 && !actors && (documents === 0 || !quiet)) return null;
  const times = [...others.map((entry) => entry.updated_at), after.ticket.updated_at].sort();
  return {
    at: times.at(-1) ?? after.ticket.updated_at,
    who: [...new Set(others.flatMap((entry) => (entry.author === null ? [] : [entry.author])))],
    entries: others,
    fields,
    actors,
    documents,
  };
}

/** Two changes as one. */
export function together(first: Change | null, second: Change | null): Change | null {
  if (!first || !second) return second ?? first;
  const kept = first.fields.filter((one) => second.fields.every((other) => other.field !== one.field));
  return {
    at: second.at,
    who: [...new Set([...first.who, ...second.who])],
    entries: [
      ...first.entries.filter((one) => second.entries.every((other) => named(other) !== named(one))),
      ...second.entries,
    ],
    fields: [...kept, ...second.fields],
    actors: first.actors || second.actors,
    documents: first.documents + second.documents,
  };
}

/** How long somebody who wrote is taken to be still about, in milliseconds. */
const ABOUT_MS = 10 * 60_000;

/** Another technician who wrote here in the last minutes: whoever is neither me nor a requester. */
export function whoIsAbout(view: TicketView, me: UserId | null, now: Date): TimelineEntry | null {
  const requesters = new Set(
    view.actors.flatMap(({ role, party }) => (role === 'requester' && party.type === 'user' ? [party.id] : [])),
  );
  return (
    view.timeline.findLast(
      (entry) =>
        entry.author !== null &&
        entry.author !== me &&
        !requesters.has(entry.author) &&
        now.getTime() - new Date(entry.updated_at).getTime() < ABOUT_MS,
    ) ?? null
  );
}
