// What is typed under a ticket: one text, whose tab says what becomes of it. It is a draft at every keystroke, and becomes
// operations when it is sent.
import { v7 as uuidv7 } from 'uuid';

import type {
  ArticleId,
  Attachment,
  NewOperation,
  Operation,
  Status,
  TaskState,
  TicketId,
  UserId,
} from '../backend/types';
import type { AppModel } from './app.svelte';
import { DraftBox } from './drafts.svelte';
import { fromText } from './richtext';

export type Tab = 'followup' | 'task' | 'solution';

export interface Answer {
  tab: Tab;
  text: string;
  private: boolean;
  task_state: TaskState;
  task_minutes: number;
  /** Planned start as typed, or empty. */
  task_begin: string;
  /** What was understood of it, when it was typed (RFC 3339). */
  task_begin_at: string | null;
  task_assignee: { id: UserId; name: string } | null;
  solution_type: number | null;
  /** Articles it refers to: linked to the ticket when it is sent, and not before. */
  links: { id: ArticleId; title: string }[];
}

function emptyAnswer(): Answer {
  return {
    tab: 'followup',
    text: '',
    private: false,
    task_state: 'done',
    task_minutes: 15,
    task_begin: '',
    task_begin_at: null,
    task_assignee: null,
    solution_type: null,
    links: [],
  };
}

/** The key a ticket's answer is stored under; a renumbering in Rust follows it. */
export const answerKey = (ticket: TicketId): string => `ticket:${String(ticket)}`;

/** The draft of a ticket's answer. */
export function answerDraft(app: AppModel, ticket: TicketId): DraftBox<Answer> {
  return new DraftBox<Answer>(
    app.drafts,
    answerKey(ticket),
    ticket,
    emptyAnswer,
    (answer) => answer.text === '' && !answer.private && answer.tab === 'followup' && answer.links.length === 0,
  );
}

/**
 * The operations an answer becomes, in the order they are sent: the text, then each file on what the text creates, then the
 * links to the articles it refers to.
 */
export function answerOperations(answer: Answer, attachments: Attachment[]): NewOperation[] {
  const body = fromText(answer.text);
  const operations: NewOperation[] = [];
  const said = body.blocks.length > 0;
  const id = uuidv7();
  if (said) operations.push({ id, operation: spoken(answer, body) });
  for (const attachment of attachments) {
    operations.push({
      id: uuidv7(),
      operation: {
        type: 'upload_document',
        attachment,
        attach_to: said ? { type: 'operation', id } : { type: 'ticket' },
      },
    });
  }
  for (const { id: article } of answer.links)
    operations.push({ id: uuidv7(), operation: { type: 'link_article', article } });
  return operations;
}

function spoken(answer: Answer, body: ReturnType<typeof fromText>): Operation {
  switch (answer.tab) {
    case 'followup':
      return { type: 'add_followup', body, private: answer.private };
    case 'task':
      return {
        type: 'add_task',
        body,
        private: answer.private,
        state: answer.task_state,
        duration_s: Math.max(0, Math.round(answer.task_minutes * 60)),
        begin: answer.task_begin_at,
        assignee: answer.task_assignee?.id ?? null,
      };
    case 'solution':
      return { type: 'add_solution', body, solution_type: answer.solution_type };
  }
}

/** What the ticket becomes in the same gesture: a status it is set to, or solved by the text as its solution. */
export type After = Exclude<Status, 'new' | 'closed'>;

/** The operations of an answer followed by its ticket's new status, accepted together. */
export function answerThen(answer: Answer, attachments: Attachment[], now: Status, after: After): NewOperation[] {
  if (after === 'solved') return answerOperations({ ...answer, tab: 'solution' }, attachments);
  const operations = answerOperations(answer, attachments);
  if (after === now) return operations;
  const value = (status: Status) => ({ type: 'status' as const, value: status });
  return [
    ...operations,
    { id: uuidv7(), operation: { type: 'set_field', field: 'status', base: value(now), new: value(after) } },
  ];
}

/** Adds a text at the end of a ticket's answer and shows the ticket. */
export async function insertInAnswer(app: AppModel, ticket: TicketId, text: string): Promise<void> {
  const box = answerDraft(app, ticket);
  await box.loaded();
  const before = box.value.text.trimEnd();
  box.update({ text: before === '' ? text : `${before}\n\n${text}` });
  box.close();
  app.nav.open({ type: 'ticket', id: ticket });
}
