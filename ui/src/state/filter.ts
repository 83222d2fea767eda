// What narrows the queue, as the window keeps it: every field there, so that nothing has to ask whether it is.
import { type Filter, NO_FILTER, whole } from '../backend/filter';
import type { Level, SavedView } from '../backend/types';

export { type Filter, NO_FILTER, whole };

/** A kept view with every field there. */
export type KeptView = Required<Omit<SavedView, 'filter'>> & { filter: Filter };

/** Hours a filter on a date offers. */
export const OPENED_WITHIN_H = [24, 7 * 24, 30 * 24, 365 * 24] as const;
export const UPDATED_WITHIN_H = [1, 8, 24, 7 * 24, 30 * 24] as const;
/** Minutes a filter on the next target offers. */
export const TARGET_WITHIN_MIN = [60, 8 * 60, 24 * 60] as const;

export const sameFilter = (a: Filter, b: Filter): boolean => JSON.stringify(tidy(a)) === JSON.stringify(tidy(b));

export const isEmpty = (filter: Filter): boolean => sameFilter(filter, NO_FILTER);

/** Whether what it shows changes with the time alone. */
export const isTimed = (filter: Filter): boolean =>
  filter.opened_within_h !== null || filter.updated_within_h !== null || filter.target !== null;

/** The same filter, always written in the same way. */
export function tidy(filter: Filter): Filter {
  const numbers = (values: Level[]): Level[] => [...new Set(values)].sort((a, b) => a - b);
  return {
    statuses: [...new Set(filter.statuses)].sort(),
    kind: filter.kind,
    priorities: numbers(filter.priorities),
    urgencies: numbers(filter.urgencies),
    categories: numbers(filter.categories),
    locations: numbers(filter.locations),
    entities: numbers(filter.entities),
    assignee: filter.assignee,
    opened_within_h: filter.opened_within_h,
    updated_within_h: filter.updated_within_h,
    target: filter.target,
    title: filter.title.trim(),
  };
}

/** Puts a value in a list, or takes it out. */
export const toggled = <T>(values: readonly T[], value: T): T[] =>
  values.includes(value) ? values.filter((one) => one !== value) : [...values, value];
