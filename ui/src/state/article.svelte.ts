// An article proposed from what solved a ticket: a draft at every keystroke, begun with the ticket's words.
import type { Operation, TicketView } from '../backend/types';
import { t } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';
import { DraftBox } from './drafts.svelte';
import { fromText, toText } from './richtext';

export interface Proposal {
  title: string;
  text: string;
}

/** The words the proposal begins with: what was asked, and the newest solution that was not refused. */
export function begun(view: TicketView): Proposal {
  const solution = view.timeline.findLast(
    (entry) => entry.detail.type === 'solution' && entry.detail.approval !== 'refused',
  );
  const waiting = view.pending.findLast((entry) => entry.operation.type === 'add_solution')?.operation;
  const solved = waiting?.type === 'add_solution' ? waiting.body : solution?.body;
  const parts = [
    t('propose.symptom'),
    toText(view.ticket.description),
    t('propose.solution'),
    solved ? toText(solved) : '',
  ];
  return { title: view.ticket.title, text: parts.filter((part) => part !== '').join('\n\n') };
}

/** The draft of a ticket's proposal; untouched, it is none. */
export function proposalDraft(app: AppModel, view: TicketView): DraftBox<Proposal> {
  const from = begun(view);
  return new DraftBox<Proposal>(
    app.drafts,
    `article:${String(view.ticket.id)}`,
    view.ticket.id,
    () => ({ ...from }),
    (proposal) => proposal.title === from.title && proposal.text === from.text,
  );
}

export function proposalOperation(proposal: Proposal): Operation {
  return { type: 'propose_article', title: proposal.title.trim(), body: fromText(proposal.text) };
}

/** Whether there is a solution to make an article of. */
export function canPropose(view: TicketView): boolean {
  return (
    view.departure === null &&
    (view.timeline.some((entry) => entry.detail.type === 'solution' && entry.detail.approval !== 'refused') ||
      view.pending.some((entry) => entry.operation.type === 'add_solution'))
  );
}
