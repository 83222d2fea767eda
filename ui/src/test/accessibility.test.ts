// axe over each view, in both themes and languages. jsdom has no layout: contrast is measured in the real window (tests/e2e).
import { screen } from '@testing-library/svelte';
import type { UserEvent } from '@testing-library/user-event';
import axe from 'axe-core';
import { expect, test } from 'vitest';

import type { FakeBackend, FakeOptions } from '../backend/fake';
import { DEVICE } from '../backend/fake-calls';
import { openTicket, openWindow, settle } from './window';

const since = new Date(Date.now() - 60_000).toISOString();
const views: [string, FakeOptions, (user: UserEvent, backend: FakeBackend) => Promise<unknown>][] = [
  ['sign-in', { signedIn: false, keyring: false }, async () => undefined],
  ['queue', {}, async () => undefined],
  ['ticket', { demoOutbox: true, gate: { type: 'offline', since, retry_at: since } }, (user) => openTicket(user, 4821)],
  ['ticket with a conflict', { demoOutbox: true }, (user) => openTicket(user, 4819)],
  ['new ticket', {}, (user) => user.click(screen.getByTestId('new-ticket'))],
  [
    'search',
    {},
    async (user) => {
      await user.keyboard('{Control>}k{/Control}');
      await user.keyboard('vpn');
      await screen.findByTestId('hit-ticket-4821');
    },
  ],
  [
    'article',
    {},
    async (user) => {
      await openTicket(user, 4821);
      await user.click(screen.getByTestId('knowledge-button'));
      await user.type(screen.getByTestId('knowledge-search'), 'vpn');
      await user.click(await screen.findByTestId('article-hit-31'));
      await screen.findByTestId('article-31');
    },
  ],
  [
    'person',
    {},
    async (user) => {
      await user.type(screen.getByTestId('search-input'), 'fontaine');
      await user.click(await screen.findByTestId('hit-person-100'));
      await screen.findByTestId('person-100');
    },
  ],
  [
    'equipment',
    {},
    async (user) => {
      await user.type(screen.getByTestId('search-input'), 'pc-0417');
      await user.click(await screen.findByTestId('hit-asset-Computer400'));
      await screen.findByTestId('asset-Computer-400');
    },
  ],
  [
    'room',
    {},
    async (user, backend) => {
      await backend.roomed.fill(4821, [4820, 4819]);
      await user.click(await screen.findByTestId('room-button'));
      await screen.findByTestId('room-children');
    },
  ],
  [
    'room report',
    {},
    async (user, backend) => {
      await backend.roomed.fill(4821, [4820]);
      await user.click(await screen.findByTestId('room-button'));
      await user.click(await screen.findByTestId('room-report-open'));
      await screen.findByTestId('room-report-text');
    },
  ],
  [
    'dashboards',
    {},
    async (user) => {
      await user.click(screen.getByTestId('figures-button'));
      await user.click(await screen.findByTestId('figures-tab-week'));
      await user.click(await screen.findByTestId('indicator-KPI5-open'));
      await screen.findByTestId('indicator-KPI5-detail');
    },
  ],
  [
    'live desk with an alert',
    {},
    async (user, backend) => {
      backend.supervised.raise('srv-fic-01', 'Disque', 'DISK CRITICAL', new Date());
      await user.click(screen.getByTestId('figures-button'));
      await user.click(await screen.findByTestId('figures-tab-live'));
      await screen.findByTestId('live-alert');
      await screen.findByTestId('live-queue-open');
    },
  ],
  [
    'daily review',
    {},
    async (user) => {
      await user.click(screen.getByTestId('review-button'));
      await screen.findByTestId('review-rows');
    },
  ],
  [
    'log with an event being written',
    {},
    async (user) => {
      await user.click(screen.getByTestId('review-button'));
      await user.click(await screen.findByTestId('review-tab-log'));
      await user.click(await screen.findByTestId('event-add'));
      await user.keyboard('VPN');
    },
  ],
  ['outbox', { demoOutbox: true }, (user) => user.click(screen.getByTestId('outbox-button'))],
  [
    'conflict',
    { demoOutbox: true },
    async (user) => {
      await user.click(screen.getByTestId('outbox-button'));
      await user.click(await screen.findByText('Décider…'));
    },
  ],
  [
    'drafts',
    {},
    async (user) => {
      await openTicket(user, 4821);
      await user.type(screen.getByTestId('composer-text'), 'à finir');
      await user.click(screen.getByTestId('drafts-button'));
      await screen.findByTestId('draft-ticket:4821');
    },
  ],
  [
    'articles beside the answer',
    {},
    async (user) => {
      await openTicket(user, 4821);
      await user.click(screen.getByTestId('composer-shelf'));
      await screen.findByTestId('shelf-31');
    },
  ],
  [
    'linking',
    {},
    async (user) => {
      await openTicket(user, 4821);
      await user.click(screen.getByTestId('link-ticket'));
      await screen.findByTestId('link-dialog');
    },
  ],
  [
    'notifications',
    {},
    async (user) => {
      await openTicket(user, 4819);
      await user.click(screen.getByTestId('bell'));
      await screen.findByTestId('notices');
    },
  ],
  [
    'the status after sending',
    {},
    async (user) => {
      await openTicket(user, 4821);
      await user.type(screen.getByTestId('composer-text'), 'vu');
      await user.click(screen.getByTestId('composer-then'));
      await screen.findByRole('menu');
    },
  ],
  [
    'a new ticket with its help',
    {},
    async (user) => {
      await user.click(screen.getByTestId('new-ticket'));
      await user.type(await screen.findByTestId('new-ticket-title'), 'Imprimante bloquée');
      await screen.findByTestId('new-guess');
    },
  ],
  [
    'a PDF',
    {},
    async (user) => {
      await openTicket(user, 4821);
      await user.click(screen.getByTestId('document-3'));
      // The first PDF loads what draws it.
      await screen.findByTestId('pdf-page-2', {}, { timeout: 30_000 });
    },
  ],
  [
    'a text document',
    {},
    async (user) => {
      await openTicket(user, 4821);
      await user.click(screen.getByTestId('document-2'));
      await screen.findByTestId('preview-words');
    },
  ],
  [
    'places',
    {},
    async (user) => {
      await user.click(screen.getByTestId('places-button'));
      (await screen.findByTestId('places-tree')).focus();
      await user.keyboard('si{ArrowRight}');
      await screen.findByTestId('place-place:11');
    },
  ],
  [
    'words in places',
    {},
    async (user) => {
      await user.click(screen.getByTestId('places-button'));
      await user.type(screen.getByTestId('places-search'), 'siège');
      await screen.findByTestId('places-hit-place:1');
    },
  ],
  [
    'the filter of the queue',
    {},
    async (user) => {
      await user.click(screen.getByTestId('filter-open'));
      await user.selectOptions(await screen.findByTestId('filter-assignee'), 'user');
    },
  ],
  [
    'a queue in groups, drawn as a table',
    {},
    async (user) => {
      await user.click(screen.getByTestId('display-open'));
      await user.selectOptions(await screen.findByTestId('display-group'), 'status');
      await user.click(screen.getByTestId('display-table'));
      await user.click(screen.getByTestId('display-close'));
      await screen.findByTestId('group-assigned');
    },
  ],
  [
    'how the queue is drawn',
    {},
    async (user) => {
      await user.click(screen.getByTestId('display-open'));
      await screen.findByTestId('display-dialog');
    },
  ],
  [
    'a narrowed queue being kept as a view',
    {},
    async (user) => {
      await user.click(screen.getByTestId('filter-open'));
      await user.click(screen.getByTestId('filter-priority-3'));
      await user.click(screen.getByTestId('filter-apply'));
      await user.click(await screen.findByTestId('view-save'));
      await user.type(screen.getByTestId('view-name'), 'Moyennes{Enter}');
      await screen.findByTestId('kept-view-1');
      await user.click(screen.getByTestId('views-manage'));
      await user.click(screen.getByTestId('view-delete-0'));
      await screen.findByTestId('view-restore');
    },
  ],
  [
    'a call with a ticket and another call',
    { telephone: true },
    async (user, backend) => {
      await openTicket(user, 4819);
      await backend.telephone.ring('01 55 59 00 17');
      await backend.sandboxCall(null);
      await screen.findByTestId('call');
    },
  ],
  [
    'a hot transfer being briefed, by hand',
    { telephone: true },
    async (user, backend) => {
      backend.transferring.byHand = true;
      const call = await backend.telephone.ring('01 55 59 00 17');
      await backend.telephone.answer(call);
      await user.click(await screen.findByTestId('transfer-button'));
      await screen.findByTestId('transfer-missing');
    },
  ],
  [
    'a hot transfer whose caller may be lost',
    { telephone: true },
    async (user, backend) => {
      const call = await backend.telephone.ring('01 55 59 00 17');
      await backend.telephone.answer(call);
      await user.click(await screen.findByTestId('transfer-button'));
      await screen.findByTestId('transfer');
      const { id } = (await backend.beginTransfer(call)).transfer;
      backend.transferring.shows(id, { type: 'unsure', nth: 0 }, { notice: 'where_is_the_caller' });
      await screen.findByTestId('transfer-confirm-joined');
    },
  ],
  [
    'a briefing that comes with a call',
    { telephone: true },
    async (_user, backend) => {
      const call = await backend.telephone.ring('01 55 59 00 17');
      await backend.telephone.say(call, { briefing: { ticket: 4821, at: since, author: 'Nadia', lines: ['VPN'] } });
      await screen.findByTestId('call-briefing');
    },
  ],
  [
    'the call journal with the telephone lost',
    { telephone: true },
    async (user, backend) => {
      await user.click(screen.getByTestId('calls-button'));
      (await screen.findByTestId('journal-list')).focus();
      await user.keyboard('{ArrowDown}');
      await screen.findByTestId('journal-card');
      const connection = { type: 'lost', reason: { type: 'silent' }, since, retry_at: since } as const;
      backend.telephone.setState({ device: DEVICE, connection });
      await screen.findByTestId('journal-lost');
    },
  ],
  [
    'the board of escalations with a chosen card',
    { escalated: true },
    async (user) => {
      await user.click(screen.getByTestId('triage-button'));
      (await screen.findByTestId('triage-column-new')).focus();
      await screen.findByTestId('triage-chosen');
    },
  ],
  [
    'third parties to be reminded',
    { escalated: true },
    async (user) => {
      await user.click(screen.getByTestId('triage-button'));
      await user.click(await screen.findByTestId('triage-tab-chase'));
      await screen.findByTestId('chase-list');
    },
  ],
  [
    'a step of triage',
    { escalated: true },
    async (user) => {
      await user.click(screen.getByTestId('triage-button'));
      (await screen.findByTestId('triage-column-new')).focus();
      await user.keyboard('s');
      await screen.findByTestId('triage-dialog');
      await user.keyboard('{Control>}{Enter}{/Control}');
    },
  ],
  [
    'an escalation that lacks something',
    {},
    async (user) => {
      await openTicket(user, 4821);
      await user.keyboard('x');
      await user.click(await screen.findByTestId('escalation-send'));
      await screen.findByTestId('escalation-missing');
    },
  ],
  [
    'a surge being declared',
    {},
    async (user, backend) => {
      backend.escalated.surge();
      await user.click(await screen.findByTestId('surge-declare'));
      await screen.findByTestId('surge-dialog');
    },
  ],
  [
    'remote control with an agreement, and a session that goes on',
    {},
    async (user, backend) => {
      await openTicket(user, 4821);
      await user.keyboard('v');
      await user.click(await screen.findByTestId('remote-agreed'));
      await settle();
      await backend.remote.start(4821, { kind: 'Computer', id: 400 }, 'teamviewer_session', '');
      await screen.findByTestId('remote-session');
    },
  ],
  ['settings', { telephone: true }, (user) => user.click(screen.getByTestId('settings-button'))],
  ['shortcuts', {}, (user) => user.click(screen.getByTestId('shortcuts-button'))],
  ['first sync', { firstSync: true }, async () => undefined],
];

for (const theme of ['light', 'dark'] as const) {
  test.each(views)(`%s has no violation (${theme})`, async (_name, options, act) => {
    const { user, backend } = await openWindow({ ...options, theme });
    await act(user, backend);
    await settle();
    const results = await axe.run(document.documentElement, {
      rules: { 'color-contrast': { enabled: false } },
    });
    expect(results.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join('\n')}`)).toEqual([]);
  });
}
