// The words for the domain's values, in the current language.
import type {
  Actor,
  CatalogueKind,
  CatalogueRef,
  Column,
  Field,
  FieldValue,
  GroupHead,
  Grouping,
  Layout,
  NextTarget,
  Operation,
  OutboxEntry,
  Person,
  Status,
  TicketRow,
} from '../../backend/types';
import { dateTime, moment, span, t } from '../../i18n/i18n.svelte';
import type { AppModel } from '../../state/app.svelte';
import { clock } from '../../state/clock.svelte';
import { served, serviceHours } from '../../state/servicehours.svelte';
import { toEditable, toText } from '../../state/richtext';

export const STATUSES: readonly Status[] = ['new', 'assigned', 'planned', 'waiting', 'solved', 'closed'];
export const LEVELS = [1, 2, 3, 4, 5] as const;
export const PRIORITIES = [1, 2, 3, 4, 5, 6] as const;

type LevelNumber = 1 | 2 | 3 | 4 | 5 | 6;

export function levelName(level: number): string {
  const step = Math.min(6, Math.max(1, Math.round(level))) as LevelNumber;
  return t(`level.${step}`);
}

/** Text of a row of a list: its name, or that the account may not read it. `null` where there is none. */
export function refName(ref: CatalogueRef | null): string | null {
  return ref === null ? null : (ref.name ?? t('unavailable.name', { id: ref.id }));
}

/** "Réseau › VPN". */
export function path(name: string): string {
  return name.replaceAll(' > ', ' › ');
}

export function personName(person: Person): string {
  return `${person.first_name} ${person.last_name}`.trim() || person.login;
}

export function rowName(app: AppModel, kind: CatalogueKind, id: number | null): string {
  if (id === null) return t('field.none');
  const row = app.catalogue(kind)?.items.find((item) => item.id === id);
  return row ? path(row.full_name) : t('unavailable.name', { id });
}

const LISTS: Partial<Record<Field, CatalogueKind>> = { category: 'category', location: 'location', channel: 'channel' };

/** A field's value in words. */
export function valueText(app: AppModel, field: Field, value: FieldValue): string {
  switch (value.type) {
    case 'text':
      return value.value;
    case 'rich':
      return toText(value.value);
    case 'kind':
      return t(`kind.${value.value}`);
    case 'status':
      return t(`status.${value.value}`);
    case 'level':
      return levelName(value.value);
    case 'row': {
      const list = LISTS[field];
      return list ? rowName(app, list, value.value ?? null) : String(value.value ?? '');
    }
  }
}

function partyText(app: AppModel, actor: Actor, userName: (id: number) => string | null): string {
  const { party } = actor;
  switch (party.type) {
    case 'user':
      return party.id === app.me
        ? (app.state?.account?.name ?? t('actor.me'))
        : (userName(party.id) ?? t('unavailable.name', { id: party.id }));
    case 'group':
      return app.groups.find((group) => group.id === party.id)?.full_name ?? t('unavailable.name', { id: party.id });
    case 'email':
      return party.address;
  }
}

/** What an operation does, in one line. */
export function operationText(
  app: AppModel,
  operation: Operation,
  userName: (id: number) => string | null = () => null,
): string {
  switch (operation.type) {
    case 'create_ticket':
      return t('operation.create_ticket', { title: operation.ticket.title });
    case 'add_followup':
      return operation.private ? t('operation.add_followup_private') : t('operation.add_followup');
    case 'add_task':
      return t('operation.add_task');
    case 'add_solution':
      return t('operation.add_solution');
    case 'answer_solution':
      return operation.accept ? t('operation.accept_solution') : t('operation.refuse_solution');
    case 'reopen':
      return t('operation.reopen');
    case 'assign':
      return t('operation.assign', { who: partyText(app, operation.actor, userName) });
    case 'unassign':
      return t('operation.unassign', { who: partyText(app, operation.actor, userName) });
    case 'set_field':
      return t('operation.set_field', {
        field: t(`field.${operation.field}`),
        value: valueText(app, operation.field, operation.new),
      });
    case 'upload_document':
      return t('operation.upload_document', { name: operation.attachment.filename });
    case 'link_article':
      return t('operation.link_article', { id: operation.article });
    case 'link_asset':
      return t('operation.link_asset', { kind: operation.asset.kind, id: operation.asset.id });
    case 'link_ticket':
      return t('operation.link_ticket', { link: t(`link.${operation.kind}`), id: operation.ticket });
    case 'propose_article':
      return t('operation.propose_article', { title: operation.title });
  }
}

/** What an operation says, where it says something. */
export function operationBody(operation: Operation): string {
  switch (operation.type) {
    case 'add_followup':
    case 'add_task':
    case 'add_solution':
    case 'answer_solution':
    case 'reopen':
    case 'propose_article':
      return toText(operation.body);
    case 'create_ticket':
      return toText(operation.ticket.description);
    default:
      return '';
  }
}

/** Where an entry stands, in words. */
export function stateText(entry: OutboxEntry): string {
  switch (entry.state.type) {
    case 'queued':
      return isHeld(entry) ? t('entry.held') : t('entry.queued');
    case 'in_flight':
      return t('entry.in_flight');
    case 'in_doubt':
      return t('entry.in_doubt');
    case 'sent':
      return t('entry.sent');
    case 'wedged':
      return t('entry.wedged');
    case 'cancelled':
      return t('entry.cancelled');
  }
}

/** Whether it stays here for some seconds more before it leaves. */
export function isHeld(entry: OutboxEntry): boolean {
  return entry.held_until !== null && new Date(entry.held_until) > clock.now;
}

/** Whether no request has left for it, so that its author can have it back. */
export function mayBeTakenBack(entry: OutboxEntry): boolean {
  return entry.attempts === 0 && (entry.state.type === 'queued' || entry.state.type === 'wedged');
}

/** Why an entry does not go on: a code of the catalogue, and what the machine said, for support. */
export interface EntryReason {
  code: string;
  detail: string;
  /** The server's own words matter: it said what is to be mended. */
  said: boolean;
  /** The field of a conflict, whose question names it. */
  field: Field | null;
}

/** Failures that change the gate, whose banner tells them; the entry itself was not looked at. */
const OF_THE_GATE = /^(backend_unreachable$|auth_)/;

/** Why an entry does not go on, or `null` while nothing but its turn or the network is waited for. */
export function entryReason({ state, last_error: failure }: OutboxEntry): EntryReason | null {
  if (state.type === 'wedged') {
    const { reason } = state;
    return {
      code: `wedged_${reason.type}`,
      detail: 'message' in reason ? reason.message : '',
      said: reason.type === 'invalid',
      field: reason.type === 'conflict' ? reason.field : null,
    };
  }
  if (failure === null || OF_THE_GATE.test(failure.code)) return null;
  return { ...failure, said: false, field: null };
}

/** A ticket's number as people say it; one written here has none yet. */
export function ticketNumber(id: number): string {
  return id < 0 ? t('ticket.no_number') : `#${String(id)}`;
}

/** What a group of the queue is called. */
export function groupName(grouping: Grouping, head: GroupHead): string {
  const { key, label } = head;
  if (label !== null) return grouping === 'assignee' ? label : path(label);
  if (key === 'rest') return t('group.rest');
  if (grouping === 'status') return t(`status.${key as Status}`);
  if (grouping === 'priority') return levelName(Number(key));
  if (grouping === 'target') return t(`group.target.${key as 'late' | 'hour' | 'day' | 'later' | 'none'}`);
  if (key === 'nobody') return t('filter.assignee.nobody');
  if (key === 'address') return t('group.address');
  if (key === 'none') return t('field.none');
  return t('unavailable.name', { id: key.split(':')[1] ?? key });
}

/** What a row of the queue can show, in the order it is offered. */
export const COLUMNS: readonly Column[] = [
  'id',
  'requester',
  'location',
  'category',
  'entity',
  'assignee',
  'status',
  'priority',
  'opened',
  'updated',
  'target',
];

/** What rows show unless something else was chosen. */
export const USUAL: Readonly<Record<Layout, readonly Column[]>> = {
  cards: ['requester', 'location', 'category', 'status', 'updated', 'target'],
  table: ['id', 'requester', 'category', 'assignee', 'priority', 'status', 'updated', 'target'],
};

/** The columns a view shows. */
export const columnsOf = (layout: Layout, chosen: readonly Column[]): readonly Column[] =>
  chosen.length > 0 ? COLUMNS.filter((column) => chosen.includes(column)) : USUAL[layout];

/** One fact of a row, in words; `null` where there is none. */
export function factOf(row: TicketRow, column: Column): string | null {
  switch (column) {
    case 'id':
      return ticketNumber(row.id);
    case 'requester':
      return row.requester ?? t('ticket.no_requester');
    case 'location':
      return row.location;
    case 'category':
      return row.category === null ? null : path(row.category);
    case 'entity':
      return row.entity === null ? null : path(row.entity);
    case 'assignee':
      return row.assignee;
    case 'status':
      return t(`status.${row.status}`);
    case 'priority':
      return levelName(row.priority);
    case 'opened':
      return moment(row.opened_at, clock.now);
    case 'updated':
      return moment(row.updated_at, clock.now);
    case 'target':
      return row.target === null ? null : remainingUntil(row.target, clock.now).text;
  }
}

/** So many hours, in the largest unit that says it whole. */
export function hoursText(hours: number): string {
  if (hours >= 365 * 24) return t('span.years', { n: Math.round(hours / (365 * 24)) });
  return hours > 24 && hours % 24 === 0 ? t('span.days', { n: hours / 24 }) : t('span.hours', { n: hours });
}

/** So many minutes, in the same way. */
export function minutesText(minutes: number): string {
  return minutes % 60 === 0 ? hoursText(minutes / 60) : t('span.minutes', { n: minutes });
}

export interface Remaining {
  text: string;
  tone: 'late' | 'soon' | 'calm';
}

const SOON_MIN = 30;

/** What is left until an instant: "7 min", "−4 min". */
export function remaining(at: string, now: Date): Remaining {
  const left = new Date(at).getTime() - now.getTime();
  if (left < 0) return { text: `−${span(left)}`, tone: 'late' };
  return { text: span(left), tone: left < SOON_MIN * 60_000 ? 'soon' : 'calm' };
}

/** What is left until a target: service time where the contract counts it, else the time of the clock on the wall. */
export function remainingUntil(target: NextTarget, now: Date): Remaining {
  const { clock: of, due } = target;
  const calendar = of === null ? undefined : serviceHours.calendars[of.calendar];
  const day = (calendar?.day_s ?? 86_400) * 1000;
  if (of !== null && of.paused_left_s !== null) {
    const left = of.paused_left_s * 1000;
    return { text: left < 0 ? `−${span(left, day)}` : span(left, day), tone: left < 0 ? 'late' : 'calm' };
  }
  if (due === null) return { text: '', tone: 'calm' };
  if (of === null || calendar === undefined) return remaining(due, now);
  const at = new Date(due);
  if (at < now) return { text: `−${span(served(calendar, at, now) * 1000, day)}`, tone: 'late' };
  const soon = of.soon_at !== null && new Date(of.soon_at) <= now;
  return { text: span(served(calendar, now, at) * 1000, day), tone: soon ? 'soon' : 'calm' };
}

/** What a target asks for, by when, and who says so: for a tooltip. */
export function targetText(target: NextTarget): string {
  const asks = t(`target.${target.kind}.name`);
  const when = target.due === null ? t('target.standing') : t('target.by', { at: dateTime(target.due) });
  const whose =
    target.clock === null ? t('target.server') : t('target.contract', { indicator: target.clock.indicator });
  return `${asks} · ${when} · ${whose}`;
}

/** The text of an operation that can be changed before it is sent, or `null` where there is none. */
export function editableText(operation: Operation): string | null {
  switch (operation.type) {
    case 'set_field':
      if (operation.new.type === 'text') return operation.new.value;
      return operation.new.type === 'rich' ? toEditable(operation.new.value).text : null;
    case 'create_ticket':
      return toEditable(operation.ticket.description).text;
    case 'add_followup':
    case 'add_task':
    case 'add_solution':
    case 'answer_solution':
    case 'reopen':
    case 'propose_article':
      return toEditable(operation.body).text;
    default:
      return null;
  }
}
