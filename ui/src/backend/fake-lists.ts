// The fake backend's lists, narrowed and grouped as Rust does it, over rows in memory.
import { NO_FILTER, whole } from './filter';
import type {
  Actor,
  CatalogueItem,
  CatalogueKind,
  GroupHead,
  Grouping,
  Status,
  Ticket,
  TicketFilter,
  TicketRow,
  UserId,
} from './types';

const STATUSES: readonly Status[] = ['new', 'assigned', 'planned', 'waiting', 'solved', 'closed'];
const BUCKETS = ['late', 'hour', 'day', 'later', 'none'] as const;
const HOUR_MS = 3_600_000;

/** Without accents and capitals. */
const fold = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Whether a filter narrows nothing. */
export const isEmpty = (filter: TicketFilter | undefined): boolean =>
  JSON.stringify(whole(filter)) === JSON.stringify(NO_FILTER);

interface Facts {
  ticket: Ticket;
  assignees: Actor[];
  me: UserId;
}

const isOpen = (status: Status): boolean => status !== 'solved' && status !== 'closed';

const nextTarget = (ticket: Ticket): string | null => {
  if (!isOpen(ticket.status)) return null;
  return ticket.status === 'new' ? (ticket.time_to_own ?? ticket.time_to_resolve) : ticket.time_to_resolve;
};

/** A row of a tree and everything below it. */
function below(items: CatalogueItem[], chosen: number[]): Set<number> {
  const all = new Set(chosen);
  for (let before = -1; before !== all.size;) {
    before = all.size;
    for (const item of items) if (item.parent !== null && all.has(item.parent)) all.add(item.id);
  }
  return all;
}

/** Whether a ticket is in a list narrowed so. */
export function narrowed(
  { ticket, assignees, me }: Facts,
  given: TicketFilter | undefined,
  now: Date,
  catalogues: Record<CatalogueKind, CatalogueItem[]>,
): boolean {
  const filter = whole(given);
  const one = <T>(values: T[], value: T): boolean => values.length === 0 || values.includes(value);
  const inTree = (kind: CatalogueKind, chosen: number[], id: number | undefined): boolean =>
    chosen.length === 0 || (id !== undefined && below(catalogues[kind], chosen).has(id));
  const within = (hours: number | null, at: string): boolean =>
    hours === null || new Date(at).getTime() >= now.getTime() - hours * HOUR_MS;
  const assigned = (type: 'user' | 'group', id: number): boolean =>
    assignees.some(({ party }) => party.type === type && party.id === id);
  const { assignee, target } = filter;
  const next = nextTarget(ticket);
  const words = fold(filter.title).split(/\s+/).filter(Boolean);
  const title = fold(ticket.title).split(/[^\p{L}\p{N}]+/u);
  return (
    one(filter.statuses, ticket.status) &&
    (filter.kind === null || filter.kind === ticket.kind) &&
    one(filter.priorities, ticket.priority) &&
    one(filter.urgencies, ticket.urgency) &&
    inTree('category', filter.categories, ticket.category?.id) &&
    inTree('location', filter.locations, ticket.location?.id) &&
    inTree('entity', filter.entities, ticket.entity?.id) &&
    (assignee === null ||
      (assignee.type === 'nobody' && assignees.length === 0) ||
      (assignee.type === 'me' && assigned('user', me)) ||
      (assignee.type === 'user' && assigned('user', assignee.id)) ||
      (assignee.type === 'group' && assigned('group', assignee.id))) &&
    within(filter.opened_within_h, ticket.opened_at) &&
    within(filter.updated_within_h, ticket.updated_at) &&
    (target === null ||
      (next !== null &&
        new Date(next).getTime() < now.getTime() + (target.type === 'within' ? target.minutes * 60_000 : 0))) &&
    words.every((word) => title.some((part) => part.startsWith(word)))
  );
}

/** Puts rows in groups, each in the order they had. */
export function inGroups(
  rows: TicketRow[],
  grouping: Grouping,
  now: Date,
  assignee: (id: number) => Actor | undefined,
): { rows: TicketRow[]; groups: GroupHead[] } {
  const held = new Map<string, { rank: string; label: string | null; rows: TicketRow[] }>();
  const put = (row: TicketRow, key: string, rank: string, label: string | null = null): void => {
    const group = held.get(key) ?? { rank, label, rows: [] };
    group.rows.push(row);
    held.set(key, group);
  };
  for (const row of rows) {
    if (grouping === 'status') put(row, row.status, String(STATUSES.indexOf(row.status)));
    else if (grouping === 'priority') put(row, String(row.priority), String(9 - row.priority));
    else if (grouping === 'assignee') {
      const party = assignee(row.id)?.party;
      if (!party) put(row, 'nobody', '0');
      else if (party.type === 'email') put(row, 'address', '3');
      else put(row, `${party.type}:${String(party.id)}`, `1${fold(row.assignee ?? '')}`, row.assignee);
    } else if (grouping === 'target') {
      const due = row.target?.due ?? null;
      const left = due === null ? Infinity : new Date(due).getTime() - now.getTime();
      const at = left === Infinity ? 4 : left < 0 ? 0 : left < HOUR_MS ? 1 : left < 24 * HOUR_MS ? 2 : 3;
      put(row, BUCKETS[at], String(at));
    } else {
      const name = grouping === 'category' ? row.category : row.entity;
      if (name === null) put(row, 'none', '2');
      else put(row, `${grouping}:${name}`, `1${fold(name)}`, name);
    }
  }
  const groups = [...held].sort(([, a], [, b]) => a.rank.localeCompare(b.rank));
  return {
    rows: groups.flatMap(([, group]) => group.rows),
    groups: groups.map(
      ([
        key,
        {
          label,
          rows: { length },
        },
      ]) => ({ key, label, count: length }),
    ),
  };
}
