// Everything that can be done here, in one list: the palette (Ctrl K) offers it, the sheet of keys (?) shows it and the
// window's key handling obeys it. A command that is handled where it is pressed (in a list, in the answer) is `local`: the
// window leaves its key alone, and the place itself asks `pressed` for the keys declared here.
import type { AssetKey, Grouping, LinkKind, Status, TicketView, View } from '../backend/types';
import { locale, type MessageKey, tIn } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';
import { copyText } from './clipboard';
import { isEmpty, NO_FILTER } from './filter';
import type { Tab } from './composer.svelte';
import type { Step } from './escalation.svelte';
import { FORMATS } from './exporting.svelte';
import { STEPS_OF_A_TRANSFER } from './transfers.svelte';
import { type Filter, FILTERS } from './timeline';
import { KEYED } from './views.svelte';

/** A key with its modifiers. Letters are compared as characters, so that they stay where an AZERTY layout has them. */
export interface Key {
  key: string;
  ctrl?: boolean;
  alt?: boolean;
  shift?: boolean;
}

/** Says a message in one of the languages. */
export type Say = (key: MessageKey, values?: Record<string, string | number>) => string;

export type Section = 'anywhere' | 'queue' | 'ticket' | 'composer' | 'triage';

export interface Command {
  id: string;
  section: Section;
  label: (t: Say) => string;
  /** The first one is shown beside the command. */
  keys?: readonly Key[];
  /** Left out of the palette: it makes sense with its key only. */
  keyOnly?: boolean;
  /** Where a text is being edited, its key is the text's own. */
  outsideText?: boolean;
  /** Handled where it is pressed. */
  local?: boolean;
  /** Whether it can be done now; left out: always. */
  enabled?: (app: AppModel) => boolean;
  /** Whether the palette offers it, where its key answers in any case (and says why it cannot be done). */
  offered?: (app: AppModel) => boolean;
  run: (app: AppModel) => void;
}

/** What the frame around everything can do; told by the console while it is there. */
export interface Frame {
  search: (text?: string) => void;
  step: (by: number) => void;
  openStep: (by: number) => void;
  region: (by: number) => void;
  back: () => void;
}

/** What the ticket on screen can do; told by its pane while it is there. */
export interface Case {
  view: TicketView | null;
  /** Its fields change no more. */
  frozen: boolean;
  mine: boolean;
  compose: (tab: Tab) => void;
  assignMe: () => void;
  choose: (role: 'assigned' | 'observer') => void;
  setStatus: (status: Status) => void;
  togglePrivate: () => void;
  /** Shows the knowledge base beside the answer, or puts it away. */
  shelf: () => void;
  editTitle: () => void;
  /** Links it to another ticket. */
  link: (kind?: LinkKind) => void;
  /** An article can be made of its solution. */
  canPropose: boolean;
  propose: () => void;
  /** Opens what is needed to escalate it. */
  escalate: () => void;
  /** Opens what is needed to take a screen over, of a piece of equipment where one is named. */
  remote: (asset?: AssetKey) => void;
  /** Chooses what the timeline shows; `null`: the next choice that has entries. */
  filter: (filter: Filter | null) => void;
}

const key = (name: string, modifiers: Omit<Key, 'key'> = {}): Key => ({ key: name, ...modifiers });

/** Keys that more than one place asks for. */
export const KEYS = {
  send: key('Enter', { ctrl: true }),
  sendThen: key('Enter', { ctrl: true, shift: true }),
  private: key('p', { alt: true }),
  mark: key(' '),
  filter: key('f'),
  link: key('l'),
  guess: key('c', { alt: true }),
  knowledge: key('b', { alt: true }),
  filterQueue: key('f', { alt: true }),
  undo: key('z', { ctrl: true }),
  notices: key('b'),
  call: key('F9'),
  transfer: key('F9', { shift: true }),
  callBack: key('r', { alt: true }),
  triage: key('g'),
  escalate: key('x'),
  remote: key('v'),
} as const satisfies Record<string, Key>;

/** The steps of triage on the board, while a card is chosen there. */
export const STEP_KEYS: Readonly<Record<Step, Key>> = {
  accept: key('a'),
  send_back: key('s'),
  re_route: key('o'),
  wait: key('w'),
  remind: key('r'),
  answered: key('y'),
  finish: key('f'),
};

const onTicket = (app: AppModel): boolean => app.openCase !== null;
const onOpenTicket = (app: AppModel): boolean => app.openCase !== null && !app.openCase.frozen;
const nothing = (): void => undefined;

/** Statuses that are set; "solved" comes with a solution, "closed" with its acceptance. */
const SETTABLE: readonly Status[] = ['assigned', 'planned', 'waiting', 'solved'];

const ANYWHERE: readonly Command[] = [
  {
    id: 'search',
    section: 'anywhere',
    label: (t) => t('shortcuts.search'),
    keys: [key('k', { ctrl: true }), key('/')],
    keyOnly: true,
    run: (app) => app.frame?.search(),
  },
  {
    id: 'palette',
    section: 'anywhere',
    label: (t) => t('shortcuts.commands'),
    keys: [key('k', { ctrl: true, shift: true })],
    keyOnly: true,
    run: (app) => app.frame?.search('>'),
  },
  {
    id: 'new',
    section: 'anywhere',
    label: (t) => t('command.new_ticket'),
    keys: [key('n', { ctrl: true }), key('n')],
    run: (app) => app.nav.open({ type: 'new_ticket' }),
  },
  {
    id: 'undo-send',
    section: 'anywhere',
    label: (t) => t('shortcuts.undo_send'),
    keys: [KEYS.undo],
    outsideText: true,
    offered: (app) => app.undo.possible,
    run: (app) => void app.undo.last(),
  },
  {
    id: 'lock',
    section: 'anywhere',
    label: (t) => t('command.lock'),
    keys: [key('l', { ctrl: true, shift: true })],
    run: (app) => void app.lock.lock(),
  },
  { id: 'queue', section: 'anywhere', label: (t) => t('command.queue'), run: (app) => app.nav.show('queue') },
  {
    id: 'knowledge',
    section: 'anywhere',
    label: (t) => t('command.knowledge'),
    run: (app) => app.nav.show('knowledge'),
  },
  {
    id: 'places',
    section: 'anywhere',
    label: (t) => t('command.places'),
    run: (app) => app.nav.show('places'),
  },
  { id: 'outbox', section: 'anywhere', label: (t) => t('command.outbox'), run: (app) => app.nav.show('outbox') },
  {
    id: 'drafts',
    section: 'anywhere',
    label: (t) => t('command.drafts'),
    keys: [key('d')],
    run: (app) => app.nav.show('drafts'),
  },
  {
    id: 'notices',
    section: 'anywhere',
    label: (t) => t('command.notices'),
    keys: [KEYS.notices],
    run: (app) => (app.notices.open = true),
  },
  {
    id: 'call',
    section: 'anywhere',
    label: (t) => t('command.call'),
    keys: [KEYS.call],
    enabled: (app) => app.calls.shown !== null,
    run: (app) => app.calls.go(),
  },
  {
    id: 'transfer',
    section: 'anywhere',
    label: (t) => t('command.transfer'),
    keys: [KEYS.transfer],
    enabled: (app) => {
      const call = app.calls.shown?.call;
      return call !== undefined && (app.transfers.goesOn(call) || call.state === 'answered' || call.state === 'held');
    },
    run: (app) => void app.calls.transfer(),
  },
  ...STEPS_OF_A_TRANSFER.map((step): Command => ({
    id: `transfer-${step}`,
    section: 'anywhere',
    label: (t) => t(`command.transfer_${step}`),
    enabled: (app) => app.transfers.offers(app.calls.shown?.call ?? null, step),
    run: (app) => void app.transfers.go(app.calls.shown?.call ?? null, step),
  })),
  {
    id: 'calls',
    section: 'anywhere',
    label: (t) => t('command.calls'),
    keys: [key('p')],
    run: (app) => app.nav.show('calls'),
  },
  {
    id: 'triage',
    section: 'anywhere',
    label: (t) => t('command.triage'),
    keys: [KEYS.triage],
    run: (app) => app.nav.show('triage'),
  },
  {
    id: 'chase',
    section: 'anywhere',
    label: (t) => t('command.chase'),
    run: (app) => {
      app.board.choose({ tab: 'chase' });
      app.nav.show('triage');
    },
  },
  {
    id: 'review',
    section: 'anywhere',
    label: (t) => t('command.review'),
    keys: [key('h')],
    run: (app) => app.nav.show('review'),
  },
  {
    id: 'figures',
    section: 'anywhere',
    label: (t) => t('command.figures'),
    keys: [key('i')],
    run: (app) => app.nav.show('figures'),
  },
  {
    id: 'surge',
    section: 'anywhere',
    label: (t) => t('command.surge'),
    enabled: (app) => app.surges.list.length > 0,
    run: (app) => (app.surges.declaring = app.surges.list[0] ?? null),
  },
  {
    id: 'rooms',
    section: 'anywhere',
    label: (t) => t('command.rooms'),
    enabled: (app) => app.rooms.list.length > 0,
    run: (app) => app.nav.show('room'),
  },
  {
    id: 'remote-end',
    section: 'anywhere',
    label: (t) => t('command.remote_end'),
    enabled: (app) => app.remote.list.length > 0,
    run: (app) => (app.remote.ending = app.remote.list[0] ?? null),
  },
  {
    id: 'call-back',
    section: 'anywhere',
    label: (t) => t('command.call_back'),
    keys: [KEYS.callBack],
    enabled: (app) => app.calls.callable !== null,
    run: (app) => {
      const number = app.calls.callable;
      if (number !== null) void app.calls.dial(number);
    },
  },
  {
    id: 'sandbox-call',
    section: 'anywhere',
    label: (t) => t('command.sandbox_call'),
    enabled: (app) => app.state?.profile.sandbox === true,
    run: (app) => void app.backend.sandboxCall(null).catch((error: unknown) => app.report(error)),
  },
  { id: 'settings', section: 'anywhere', label: (t) => t('command.settings'), run: (app) => app.nav.show('settings') },
  ...FORMATS.map((format): Command => ({
    id: `export-${format}`,
    section: 'anywhere',
    label: (t) => t(`command.export_${format}`),
    enabled: (app) => app.exporting.what !== null && !app.exporting.busy,
    run: (app) => void app.exporting.as(format),
  })),
  { id: 'sync', section: 'anywhere', label: (t) => t('command.sync'), run: (app) => void app.syncNow() },
  ...(['light', 'dark', 'system'] as const).map((theme): Command => ({
    id: `theme-${theme}`,
    section: 'anywhere',
    label: (t) => t('command.theme', { theme: t(`theme.${theme}`) }),
    enabled: (app) => app.settings !== null && app.settings.theme !== theme,
    run: (app) => app.settings && void app.saveSettings({ ...app.settings, theme }),
  })),
  ...(['fr', 'en'] as const).map((language): Command => ({
    id: `language-${language}`,
    section: 'anywhere',
    label: (t) => t('command.language', { language: language === 'fr' ? 'Français' : 'English' }),
    enabled: (app) => app.settings !== null && locale() !== language,
    run: (app) => app.settings && void app.saveSettings({ ...app.settings, locale: language }),
  })),
  {
    id: 'letter-keys',
    section: 'anywhere',
    label: (t) => t('command.letter_keys'),
    run: (app) => app.setLetterKeys(!app.letterKeys),
  },
  {
    id: 'sign-in',
    section: 'anywhere',
    label: (t) => t('command.sign_in'),
    run: (app) => (app.signingIn = true),
  },
  {
    id: 'shortcuts',
    section: 'anywhere',
    label: (t) => t('command.shortcuts'),
    keys: [key('?')],
    run: (app) => (app.shortcutsOpen = true),
  },
  {
    id: 'region',
    section: 'anywhere',
    label: (t) => t('shortcuts.next_region'),
    keys: [key('F6')],
    keyOnly: true,
    run: (app) => app.frame?.region(1),
  },
  {
    id: 'region-back',
    section: 'anywhere',
    label: (t) => t('shortcuts.previous_region'),
    keys: [key('F6', { shift: true })],
    keyOnly: true,
    run: (app) => app.frame?.region(-1),
  },
  {
    id: 'back',
    section: 'anywhere',
    label: (t) => t('shortcuts.back'),
    keys: [key('Escape')],
    keyOnly: true,
    run: (app) => app.frame?.back(),
  },
];

const QUEUE: readonly Command[] = [
  {
    id: 'next',
    section: 'queue',
    label: (t) => t('shortcuts.next_ticket'),
    keys: [key('j'), key('ArrowDown')],
    keyOnly: true,
    run: (app) => app.frame?.step(1),
  },
  {
    id: 'previous',
    section: 'queue',
    label: (t) => t('shortcuts.previous_ticket'),
    keys: [key('k'), key('ArrowUp')],
    keyOnly: true,
    run: (app) => app.frame?.step(-1),
  },
  {
    id: 'open-selected',
    section: 'queue',
    label: (t) => t('shortcuts.open_ticket'),
    keys: [key('Enter')],
    keyOnly: true,
    local: true,
    run: nothing,
  },
  {
    id: 'open-next',
    section: 'queue',
    label: (t) => t('command.next_ticket'),
    keys: [key('ArrowDown', { alt: true })],
    run: (app) => app.frame?.openStep(1),
  },
  {
    id: 'open-previous',
    section: 'queue',
    label: (t) => t('command.previous_ticket'),
    keys: [key('ArrowUp', { alt: true })],
    run: (app) => app.frame?.openStep(-1),
  },
];

/** The ready-made views, in the queue's order. */
export const VIEWS: readonly View[] = ['mine', 'unassigned', 'open', 'waiting', 'solved', 'all', 'pending'];

/** What the queue can be grouped by. */
export const GROUPINGS: readonly Grouping[] = ['status', 'priority', 'category', 'assignee', 'entity', 'target'];

/** What narrows the queue, and the views it can show. */
const LISTS: readonly Command[] = [
  {
    id: 'filter-queue',
    section: 'queue',
    label: (t) => t('command.filter_queue'),
    keys: [KEYS.filterQueue],
    run: (app) => {
      app.nav.show('queue');
      app.views.filtering = true;
    },
  },
  {
    id: 'clear-filter',
    section: 'queue',
    label: (t) => t('command.clear_filter'),
    enabled: (app) => !isEmpty(app.queue.filter) || app.queue.vipOnly,
    run: (app) => app.queue.choose({ filter: NO_FILTER, vipOnly: false }),
  },
  {
    id: 'keep-view',
    section: 'queue',
    label: (t) => t('command.keep_view'),
    run: (app) => {
      app.nav.show('queue');
      app.views.saving = true;
    },
  },
  {
    id: 'update-view',
    section: 'queue',
    label: (t) => t('command.update_view'),
    enabled: (app) => app.views.current !== null && !app.queue.isAs(app.views.current),
    run: (app) => void app.views.update(),
  },
  {
    id: 'manage-views',
    section: 'queue',
    label: (t) => t('command.manage_views'),
    enabled: (app) => app.views.list.length > 0,
    run: (app) => {
      app.nav.show('queue');
      app.views.managing = true;
    },
  },
  {
    id: 'restore-view',
    section: 'queue',
    label: (t) => t('command.restore_view'),
    enabled: (app) => app.views.deleted !== null,
    run: (app) => void app.views.restore(),
  },
  {
    id: 'display',
    section: 'queue',
    label: (t) => t('command.display'),
    run: (app) => {
      app.nav.show('queue');
      app.views.displaying = true;
    },
  },
  {
    id: 'layout',
    section: 'queue',
    label: (t) => t('command.layout'),
    run: (app) => {
      app.nav.show('queue');
      app.queue.draw({ layout: app.queue.layout === 'cards' ? 'table' : 'cards', columns: [] });
    },
  },
  ...GROUPINGS.map((group): Command => ({
    id: `group-${group}`,
    section: 'queue',
    label: (t) => t('command.group', { by: t(`group.by.${group}`) }),
    enabled: (app) => app.queue.group !== group,
    run: (app) => {
      app.nav.show('queue');
      app.queue.choose({ group });
    },
  })),
  {
    id: 'group-nothing',
    section: 'queue',
    label: (t) => t('command.ungroup'),
    enabled: (app) => app.queue.group !== null,
    run: (app) => app.queue.choose({ group: null }),
  },
  ...[true, false].map((folded): Command => ({
    id: folded ? 'fold-all' : 'unfold-all',
    section: 'queue',
    label: (t) => (folded ? t('command.fold_all') : t('command.unfold_all')),
    enabled: (app) =>
      app.nav.screen === 'queue' && app.queue.groups.some((group) => app.queue.isFolded(group.key) !== folded),
    run: (app) => app.queue.foldAll(folded),
  })),
  {
    id: 'fold',
    section: 'queue',
    label: (t) => t('shortcuts.fold'),
    keys: [key('ArrowLeft'), key('ArrowRight')],
    keyOnly: true,
    local: true,
    run: nothing,
  },
  // Alt and a digit; `obey` looks at the digit's place, since a French layout has other characters there.
  {
    id: 'kept-views',
    section: 'queue',
    label: (t) => t('shortcuts.kept_views', { n: KEYED }),
    keys: [key('1', { alt: true }), key(String(KEYED), { alt: true })],
    keyOnly: true,
    local: true,
    run: nothing,
  },
  ...VIEWS.map((view): Command => ({
    id: `view-${view}`,
    section: 'queue',
    label: (t) => t('command.view', { name: t(`view.${view}.title`) }),
    run: (app) => {
      app.nav.show('queue');
      app.queue.choose({ view });
    },
  })),
];

/** Choosing several tickets; handled by the list. */
const MARKING: readonly Command[] = [
  { id: 'mark', label: 'shortcuts.mark', keys: [KEYS.mark] },
  {
    id: 'mark-range',
    label: 'shortcuts.mark_range',
    keys: [key('ArrowDown', { shift: true }), key('ArrowUp', { shift: true })],
  },
  { id: 'mark-all', label: 'shortcuts.mark_all', keys: [key('a', { ctrl: true })] },
].map(({ id, label, keys }): Command => ({
  id,
  section: 'queue',
  label: (t) => t(label as MessageKey),
  keys,
  keyOnly: true,
  local: true,
  run: nothing,
}));

const BULK: Command = {
  id: 'bulk',
  section: 'queue',
  label: (t) => t('command.bulk'),
  keys: [key('m')],
  enabled: (app) => app.queue.marked.size > 0,
  run: (app) => {
    app.nav.show('queue');
    app.queue.acting = true;
  },
};

const TICKET: readonly Command[] = [
  {
    id: 'followup',
    section: 'ticket',
    label: (t) => t('shortcuts.reply'),
    keys: [key('r')],
    enabled: onTicket,
    run: (app) => app.openCase?.compose('followup'),
  },
  {
    id: 'task',
    section: 'ticket',
    label: (t) => t('shortcuts.task'),
    keys: [key('t')],
    enabled: onTicket,
    run: (app) => app.openCase?.compose('task'),
  },
  {
    id: 'solution',
    section: 'ticket',
    label: (t) => t('shortcuts.solution'),
    keys: [key('s')],
    enabled: onTicket,
    run: (app) => app.openCase?.compose('solution'),
  },
  {
    id: 'assign-me',
    section: 'ticket',
    label: (t) => t('shortcuts.assign_me'),
    keys: [key('a')],
    enabled: (app) => onOpenTicket(app) && app.openCase?.mine === false,
    run: (app) => app.openCase?.assignMe(),
  },
  {
    id: 'assign',
    section: 'ticket',
    label: (t) => t('command.assign'),
    keys: [key('e')],
    enabled: onOpenTicket,
    run: (app) => app.openCase?.choose('assigned'),
  },
  {
    id: 'observe',
    section: 'ticket',
    label: (t) => t('ticket.observe_title'),
    enabled: onOpenTicket,
    run: (app) => app.openCase?.choose('observer'),
  },
  {
    id: 'edit-title',
    section: 'ticket',
    label: (t) => t('ticket.edit_title'),
    enabled: onOpenTicket,
    run: (app) => app.openCase?.editTitle(),
  },
  ...SETTABLE.map((status): Command => ({
    id: `status-${status}`,
    section: 'ticket',
    label: (t) => t('command.status', { status: t(`status.${status}`) }),
    enabled: (app) => onOpenTicket(app) && app.openCase?.view?.ticket.status !== status,
    run: (app) => app.openCase?.setStatus(status),
  })),
  {
    id: 'filter',
    section: 'ticket',
    label: (t) => t('shortcuts.filter'),
    keys: [KEYS.filter],
    keyOnly: true,
    enabled: onTicket,
    run: (app) => app.openCase?.filter(null),
  },
  ...FILTERS.map((filter): Command => ({
    id: `filter-${filter}`,
    section: 'ticket',
    label: (t) => t('command.filter', { filter: t(`timeline.${filter}`) }),
    enabled: onTicket,
    run: (app) => app.openCase?.filter(filter),
  })),
  {
    id: 'link',
    section: 'ticket',
    label: (t) => t('command.link'),
    keys: [KEYS.link],
    enabled: (app) => app.openCase?.view?.departure === null,
    run: (app) => app.openCase?.link(),
  },
  {
    id: 'escalate',
    section: 'ticket',
    label: (t) => t('command.escalate'),
    keys: [KEYS.escalate],
    enabled: onOpenTicket,
    run: (app) => app.openCase?.escalate(),
  },
  {
    id: 'remote',
    section: 'ticket',
    label: (t) => t('command.remote'),
    keys: [KEYS.remote],
    enabled: onOpenTicket,
    run: (app) => app.openCase?.remote(),
  },
  {
    id: 'room',
    section: 'ticket',
    label: (t) => t('command.room'),
    enabled: (app) => app.openCase?.view?.departure === null,
    run: (app) => {
      const ticket = app.openCase?.view?.ticket.id;
      if (ticket !== undefined) app.rooms.go(ticket);
    },
  },
  {
    id: 'merge',
    section: 'ticket',
    label: (t) => t('command.merge'),
    enabled: (app) => app.openCase?.view?.departure === null,
    run: (app) => app.openCase?.link('duplicate_of'),
  },
  {
    id: 'propose',
    section: 'ticket',
    label: (t) => t('command.propose'),
    enabled: (app) => app.openCase?.canPropose === true,
    run: (app) => app.openCase?.propose(),
  },
  {
    id: 'copy-number',
    section: 'ticket',
    label: (t) => t('command.copy_number'),
    keys: [key('c')],
    enabled: (app) => (app.openCase?.view?.ticket.id ?? 0) > 0,
    run: (app) => void copyText(app, `#${String(app.openCase?.view?.ticket.id)}`),
  },
  {
    id: 'copy-title',
    section: 'ticket',
    label: (t) => t('command.copy_title'),
    enabled: (app) => (app.openCase?.view?.ticket.id ?? 0) > 0,
    run: (app) =>
      void copyText(app, `#${String(app.openCase?.view?.ticket.id)} ${app.openCase?.view?.ticket.title ?? ''}`),
  },
  {
    id: 'requester',
    section: 'ticket',
    label: (t) => t('command.requester'),
    keys: [key('u')],
    enabled: (app) => (app.openCase?.view?.requester ?? null) !== null,
    run: (app) => {
      const person = app.openCase?.view?.requester?.person;
      if (person) app.nav.open({ type: 'person', id: person.id });
    },
  },
];

const COMPOSER: readonly Command[] = [
  {
    id: 'send',
    section: 'composer',
    label: (t) => t('shortcuts.send'),
    keys: [KEYS.send],
    keyOnly: true,
    local: true,
    run: nothing,
  },
  {
    id: 'send-then',
    section: 'composer',
    label: (t) => t('shortcuts.send_then'),
    keys: [KEYS.sendThen],
    keyOnly: true,
    local: true,
    run: nothing,
  },
  {
    id: 'shelf',
    section: 'composer',
    label: (t) => t('command.shelf'),
    keys: [KEYS.knowledge],
    enabled: onTicket,
    run: (app) => app.openCase?.shelf(),
  },
  {
    id: 'guess',
    section: 'composer',
    label: (t) => t('shortcuts.guess'),
    keys: [KEYS.guess],
    keyOnly: true,
    local: true,
    run: nothing,
  },
  {
    id: 'private',
    section: 'composer',
    label: (t) => t('shortcuts.private'),
    keys: [KEYS.private],
    enabled: onTicket,
    run: (app) => app.openCase?.togglePrivate(),
  },
];

/** The steps of triage; handled by the board. */
const STEPS: readonly Command[] = (Object.keys(STEP_KEYS) as Step[]).map((step) => ({
  id: `triage-${step}`,
  section: 'triage',
  label: (t) => t(`triage.step.${step}`),
  keys: [STEP_KEYS[step]],
  keyOnly: true,
  local: true,
  run: nothing,
}));

/** The commands whose number does not depend on what is on screen. */
export const COMMANDS: readonly Command[] = [
  ...ANYWHERE,
  ...QUEUE,
  ...LISTS,
  ...MARKING,
  BULK,
  ...TICKET,
  ...COMPOSER,
  ...STEPS,
];

/** The equipment of the ticket on screen and of its requester, to be opened. */
function equipment(app: AppModel): Command[] {
  const view = app.openCase?.view;
  const seen = new Set<string>();
  return [...(view?.assets ?? []), ...(view?.requester?.assets ?? [])].flatMap((asset): Command[] => {
    const id = `asset-${asset.key.kind}-${String(asset.key.id)}`;
    if (seen.has(id)) return [];
    seen.add(id);
    return [
      {
        id,
        section: 'ticket',
        label: (t) => t('command.asset', { name: asset.name }),
        run: () => app.nav.open({ type: 'asset', key: asset.key }),
      },
    ];
  });
}

/** The views somebody keeps, by their names; the first ones have a key. */
function kept(app: AppModel): Command[] {
  return app.views.list.map((view, place) => ({
    id: `kept-${view.id}`,
    section: 'queue',
    label: (t) => t('command.view', { name: view.name }),
    keys: place < KEYED ? [key(String(place + 1), { alt: true })] : undefined,
    run: () => app.views.show(view),
  }));
}

/** What the palette offers now: of the ticket on screen first, since that is what one has in hand. */
export function offered(app: AppModel): Command[] {
  const can = (command: Command): boolean =>
    command.keyOnly !== true && (command.enabled?.(app) ?? true) && (command.offered?.(app) ?? true);
  const groups = [[BULK], TICKET, COMPOSER, equipment(app), kept(app), ANYWHERE, QUEUE, LISTS];
  return groups.flatMap((group) => group.filter(can));
}

/** The command's name in the window's language. */
export function labelOf(command: Command): string {
  return command.label((message, values) => tIn(locale(), message, values));
}

/** Whether this is one of the keys that count only when nothing is being typed, and that can be switched off. */
export const isLetter = (one: Key): boolean => one.key.length === 1 && !one.ctrl && !one.alt;

/** Whether an event is that key. */
export function pressed(event: KeyboardEvent, one: Key): boolean {
  if ((event.ctrlKey || event.metaKey) !== (one.ctrl ?? false) || event.altKey !== (one.alt ?? false)) return false;
  if (event.key.toLowerCase() !== one.key.toLowerCase()) return false;
  // "?" is typed with Shift on many layouts, and a capital letter is the same letter.
  return isLetter(one) || event.shiftKey === (one.shift ?? false);
}

const NAMES: Record<string, string> = {
  Enter: '↵',
  ' ': '␣',
  Escape: 'Esc',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
};

/** "Ctrl K", as it is shown. */
export function keyText(one: Key): string {
  const name = NAMES[one.key] ?? one.key.toUpperCase();
  return [one.ctrl ? 'Ctrl' : '', one.alt ? 'Alt' : '', one.shift ? '⇧' : '', name].filter(Boolean).join(' ');
}

/** "Control+K", as screen readers are told. */
export function ariaKey(one: Key): string {
  const name = one.key.length === 1 ? one.key.toUpperCase() : one.key;
  return [one.ctrl ? 'Control' : '', one.alt ? 'Alt' : '', one.shift ? 'Shift' : '', name].filter(Boolean).join('+');
}

/** Whether keys typed there are text. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}

/** Whether there is text where the keys go, whose own undoing Ctrl Z means. The field that was just sent from is empty. */
export function isEditing(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) return target.value !== '';
  return isTyping(target);
}

/** The digit of a key that Alt is held with, wherever the layout has it; `null` for any other key. */
function altDigit(event: KeyboardEvent): number | null {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return null;
  const digit = /^Digit([1-9])$/.exec(event.code)?.[1] ?? /^[1-9]$/.exec(event.key)?.[0];
  return digit === undefined ? null : Number(digit);
}

/** Does what a key of the window means; answers whether it meant something. Arrows and Enter belong to what has the focus. */
export function obey(app: AppModel, event: KeyboardEvent): boolean {
  const digit = altDigit(event);
  if (digit !== null) {
    const view = app.views.list[digit - 1];
    if (view) app.views.show(view);
    return view !== undefined;
  }
  for (const command of COMMANDS) {
    if (command.local === true) continue;
    const hit = command.keys?.find((one) => pressed(event, one));
    if (!hit || isPlainArrow(hit)) continue;
    if (isLetter(hit) && (isTyping(event.target) || !app.letterKeys)) continue;
    if (command.outsideText === true && isEditing(event.target)) continue;
    if (command.enabled && !command.enabled(app)) continue;
    command.run(app);
    return true;
  }
  return false;
}

const isPlainArrow = (one: Key): boolean =>
  !one.alt && !one.ctrl && ['ArrowDown', 'ArrowUp', 'Enter'].includes(one.key);
