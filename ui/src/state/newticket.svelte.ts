// A ticket being written: a draft at every keystroke, and one operation (with its files) when it is sent.
import { v7 as uuidv7 } from 'uuid';

import type { Actor, AssetKey, Attachment, CallCard, Level, NewOperation, TicketKind, UserId } from '../backend/types';
import { t } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';
import { callerName } from './call';
import { DraftBox, readBody } from './drafts.svelte';
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
  /** The call it is written about; it is linked to the ticket when that is sent. */
  call: string | null;
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
    call: null,
  };
}

const KEY = 'new:1';
/** The channel that is a telephone call, as backends name it. */
const TELEPHONE = /^(t[ée]l[ée]phone|phone)/i;

/** One new ticket is written at a time. */
export function newTicketDraft(app: AppModel): DraftBox<NewTicketForm> {
  return new DraftBox<NewTicketForm>(
    app.drafts,
    KEY,
    null,
    emptyForm,
    (form) => JSON.stringify(form) === JSON.stringify(emptyForm()),
  );
}

/**
 * Opens the form of a new ticket filled from a call: requester, channel, site, the equipment where there is only one. Words that
 * are being written about somebody else stay what they are, and that is said.
 */
export async function newTicketFromCall(app: AppModel, card: CallCard): Promise<void> {
  const { call } = card;
  const person = card.card?.person;
  try {
    const stored = await app.drafts.find(KEY, null);
    const form: NewTicketForm = { ...emptyForm(), ...(stored ? readBody<NewTicketForm>(stored.body) : {}) };
    const another = form.requester !== null && form.requester.id !== person?.id;
    if (another || (form.call !== null && form.call !== call.id)) {
      app.nav.open({ type: 'new_ticket' });
      app.tell(t('call.draft_in_the_way'), t('call.draft_in_the_way_hint'), 'error');
      return;
    }
    const channel = app.catalogue('channel')?.items.find((item) => TELEPHONE.test(item.name));
    const location = person?.location ? { id: person.location.id, name: person.location.name ?? '' } : null;
    const [asset, ...others] = card.card?.assets ?? [];
    app.drafts.put({
      key: KEY,
      ticket: null,
      body: JSON.stringify({
        ...form,
        requester: person ? { id: person.id, name: callerName(card) } : form.requester,
        channel: form.channel ?? channel?.id ?? null,
        location: form.location ?? location,
        assets: form.assets.length === 0 && asset && others.length === 0 ? [asset.key] : form.assets,
        call: call.id,
      } satisfies NewTicketForm),
      attachments: stored?.attachments ?? [],
      updated_at: new Date().toISOString(),
    });
    app.nav.open({ type: 'new_ticket' });
  } catch (error) {
    app.report(error);
  }
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
