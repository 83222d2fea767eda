// Which entries of a timeline are shown. What is chosen is remembered on this computer, and what it hides is counted.
import type { AttachedDocument, TimelineEntry } from '../backend/types';

export const FILTERS = ['all', 'public', 'private', 'tasks', 'documents'] as const;
export type Filter = (typeof FILTERS)[number];

const SLOT = 'guichet.timeline-filter';

/** The documents that hang on an entry. */
export function documentsOf(entry: TimelineEntry, documents: readonly AttachedDocument[]): AttachedDocument[] {
  return documents.filter(({ link }) => link.entry?.kind === entry.key.kind && link.entry.id === entry.key.id);
}

/** Whether a filter leaves an entry in. */
export function shows(filter: Filter, entry: TimelineEntry, documents: readonly AttachedDocument[]): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'public':
      return !entry.private;
    case 'private':
      return entry.private;
    case 'tasks':
      return entry.key.kind === 'task';
    case 'documents':
      return documentsOf(entry, documents).length > 0;
  }
}

/** The filter chosen last. */
export function rememberedFilter(): Filter {
  try {
    const held = localStorage.getItem(SLOT);
    return FILTERS.find((one) => one === held) ?? 'all';
  } catch {
    return 'all';
  }
}

export function rememberFilter(filter: Filter): void {
  try {
    localStorage.setItem(SLOT, filter);
  } catch {
    // Without local storage the choice holds until the window closes.
  }
}
