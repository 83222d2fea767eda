// The filter that narrows nothing, once for the window and for the backend in memory.
import type { TicketFilter } from './types';

/** A filter with every field there. */
export type Filter = Required<TicketFilter>;

export const NO_FILTER: Filter = {
  statuses: [],
  kind: null,
  priorities: [],
  urgencies: [],
  categories: [],
  locations: [],
  entities: [],
  assignee: null,
  opened_within_h: null,
  updated_within_h: null,
  target: null,
  title: '',
};

/** The same filter with every field there. */
export const whole = (filter: TicketFilter | undefined): Filter => ({ ...NO_FILTER, ...filter });
