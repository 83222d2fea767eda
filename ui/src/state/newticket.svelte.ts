// A ticket being written: a draft at every keystroke, and one operation (with its files) when it is sent.
import { v7 as uuidv7 } from 'uuid';

import type { Actor, AssetKey, Attachment, Level, NewOperation, TicketKind, UserId } from '../backend/types';
import type { AppModel } from './app.svelte';
import { DraftBox } from './drafts.svelte';
import { fromText } from './richtext';

export interface NewTicketForm {
  requester: { id: UserId; name: string } | null;
  title: string;
  text: string;
  kind: TicketKind;
  category: { id: number; name: string } | null;
  location: { id: number; name: string } | null;
  channel: number | null;
  urgency: Level;
  impact: Level;
  assets: AssetKey[];
  assign_me: boolean;
}

function emptyForm(): NewTicketForm {
  return {
    requester: null,
    title: '',
    text: '',
    kind: 'incident',
    category: null,
    location: null,
    channel: null,
    urgency: 3,
    impact: 3,
    assets: [],
    assign_me: true,
  };
}

/** One new ticket is written at a time. */
export function newTicketDraft(app: AppModel): DraftBox<NewTicketForm> {
  return new DraftBox<NewTicketForm>(
    app.drafts,
    'new:1',
    null,
    emptyForm,
    (form) => JSON.stringify(form) === JSON.stringify(emptyForm()),
  );
}

/**
 * GLPI's stock matrix of urgency (rows) and impact (columns). The server computes the priority by its own configuration;
 * this is what is announced while the ticket is written.
 */
const PRIORITY: readonly (readonly Level[])[] = [
  [1, 1, 2, 2, 2],
  [1, 2, 2, 3, 3],
  [2, 2, 3, 4, 4],
  [2, 3, 4, 4, 5],
  [2, 3, 4, 5, 5],
];

export function expectedPriority(urgency: Level, impact: Level): Level {
  return PRIORITY[urgency - 1]?.[impact - 1] ?? 3;
}

export function newTicketOperations(form: NewTicketForm, me: UserId | null, attachments: Attachment[]): NewOperation[] {
  const actors: Actor[] = [];
  if (form.requester) actors.push({ role: 'requester', party: { type: 'user', id: form.requester.id } });
  if (form.assign_me && me !== null) actors.push({ role: 'assigned', party: { type: 'user', id: me } });
  return [
    {
      id: uuidv7(),
      operation: {
        type: 'create_ticket',
        ticket: {
          title: form.title.trim(),
          description: fromText(form.text),
          kind: form.kind,
          urgency: form.urgency,
          impact: form.impact,
          category: form.category?.id ?? null,
          location: form.location?.id ?? null,
          channel: form.channel,
          entity: null,
          actors,
          assets: form.assets,
        },
      },
    },
    ...attachments.map((attachment): NewOperation => ({
      id: uuidv7(),
      operation: { type: 'upload_document', attachment, attach_to: { type: 'ticket' } },
    })),
  ];
}
