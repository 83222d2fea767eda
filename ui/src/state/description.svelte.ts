// A description being changed: a draft at every keystroke, beside the text that was on screen when the change began.
import type { RichText, Ticket } from '../backend/types';
import type { AppModel } from './app.svelte';
import { DraftBox } from './drafts.svelte';
import { toEditable } from './richtext';

export interface Description {
  text: string;
  /** What the technician saw when he began: the base of the intent. */
  base: RichText;
}

/** The key a change of a ticket's description is stored under. */
export const descriptionKey = (ticket: number): string => `description:${String(ticket)}`;

/** The draft of a ticket's description; untouched, it is none. */
export function descriptionDraft(app: AppModel, ticket: Ticket): DraftBox<Description> {
  const base = ticket.description;
  const { text } = toEditable(base);
  return new DraftBox<Description>(
    app.drafts,
    descriptionKey(ticket.id),
    ticket.id,
    () => ({ text, base }),
    (description) => description.text === text,
  );
}

/** Whether a change of this ticket's description was begun and not finished. */
export async function isBeingDescribed(app: AppModel, ticket: number): Promise<boolean> {
  return (await app.drafts.find(descriptionKey(ticket), ticket)) !== null;
}
