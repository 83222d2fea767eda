// What the technician is told of, from what changed on his own tickets.
import { screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { FakeBackend } from '../backend/fake';
import { ME, para } from '../backend/fake-data';
import { isQuiet, type Notice, onDesktop } from '../state/notices.svelte';
import { argumentsOf, openTicket, openWindow, settle } from './window';

const LATER = { timeout: 15_000 };
const later = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

function touch(backend: FakeBackend, id: number, patch: object = {}): void {
  backend.world.tickets = backend.world.tickets.map((one) =>
    one.id === id ? { ...one, updated_at: later(1), ...patch } : one,
  );
}

function answered(backend: FakeBackend, ticket: number, author: number): void {
  backend.world.timeline.push({
    key: { kind: 'followup', id: 9950 + ticket },
    ticket,
    author,
    at: later(1),
    updated_at: later(1),
    body: para('Toujours en panne.'),
    private: false,
    detail: { type: 'followup', channel: null },
  });
  touch(backend, ticket);
}

test('an answer, an assignment and a refused solution ring the bell once each, and lead to the ticket', async () => {
  const { backend, user } = await openWindow();
  await settle();
  const before = Number(screen.getByTestId('bell').dataset.unseen);
  answered(backend, 4819, 102);
  // Somebody gives me a ticket that nobody had.
  backend.world.assignee.set(4820, ME);
  touch(backend, 4820, { status: 'assigned' });
  backend.publish({ lists: true, tickets: [4819, 4820] });
  await waitFor(() => expect(Number(screen.getByTestId('bell').dataset.unseen)).toBe(before + 2), LATER);
  expect(screen.getByTestId('toasts').textContent).toMatch(/Vous est attribué|Réponse de/);
  (document.activeElement as HTMLElement).blur();
  await user.keyboard('b');
  expect((await screen.findByTestId('notice-4819')).textContent).toContain('Réponse de Inès Garnier');
  expect(screen.getByTestId('notice-4820').textContent).toContain('Vous est attribué');
  screen.getByTestId('notice-4819').focus();
  await user.keyboard('{Enter}');
  expect(await screen.findByTestId('ticket-4819')).toBeTruthy();
  expect(screen.getByTestId('bell').dataset.unseen).toBe('0');

  const solved = backend.world.timeline.find((entry) => entry.detail.type === 'solution');
  if (solved?.detail.type !== 'solution') throw new Error('the demo world has solutions');
  solved.detail = { type: 'solution', approval: 'refused', answered_at: later(2) };
  touch(backend, solved.ticket, { status: 'assigned', updated_at: later(2) });
  backend.world.assignee.set(solved.ticket, ME);
  backend.publish({ lists: true, tickets: [solved.ticket] });
  await waitFor(() => expect(screen.getByTestId('bell').dataset.unseen).toBe('1'), LATER);
  await user.click(screen.getByTestId('bell'));
  expect((await screen.findByTestId(`notice-${String(solved.ticket)}`)).textContent).toContain('Solution refusée');
});

test('what I do myself is no news', async () => {
  const { backend, user } = await openWindow();
  await settle();
  const before = screen.getByTestId('bell').dataset.unseen;
  await user.click(screen.getByTestId('view-unassigned'));
  await settle();
  await openTicket(user, 4820);
  await user.click(screen.getByTestId('assign-me'));
  await settle();
  backend.drain();
  touch(backend, 4820);
  backend.publish({ lists: true, tickets: [4820] });
  await new Promise((resolve) => setTimeout(resolve, 2_600));
  await settle();
  expect(screen.getByTestId('bell').dataset.unseen).toBe(before);
});

test('a target that is near is told once', async () => {
  const { user } = await openWindow();
  // 4821 has seven minutes left.
  await waitFor(() => expect(Number(screen.getByTestId('bell').dataset.unseen)).toBeGreaterThan(0), LATER);
  await user.click(screen.getByTestId('bell'));
  expect((await screen.findByTestId('notice-4821')).textContent).toContain('Échéance proche');
  await user.keyboard('{Escape}');
  expect(screen.queryByTestId('notices')).toBeNull();
  expect(document.activeElement).toBe(screen.getByTestId('bell'));
});

test('silent hours may go over midnight, and are kept with the settings', async () => {
  const at = (hours: number): Date => new Date(2026, 10, 22, hours, 30);
  const night = { from_min: 22 * 60, until_min: 7 * 60 };
  expect([21, 22, 3, 7].map((hours) => isQuiet(night, at(hours)))).toEqual([false, true, true, false]);
  expect([11, 12, 13, 14].map((hours) => isQuiet({ from_min: 720, until_min: 840 }, at(hours)))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(isQuiet(null, at(3))).toBe(false);
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('settings-button'));
  await user.click(await screen.findByTestId('settings-quiet'));
  await waitFor(async () => expect((await backend.settings()).quiet_hours).toEqual({ from_min: 1200, until_min: 420 }));
});

const notice = (ticket: number, patch: Partial<Notice> = {}): Notice => ({
  id: ticket,
  kind: 'answered',
  ticket,
  title: 'VPN refusé',
  who: 'Inès Garnier',
  at: later(0),
  seen: false,
  words: 'Toujours en panne.',
  ...patch,
});

test('the desktop is told the title and nothing of the text, unless one says so', () => {
  expect(onDesktop([notice(4819)], true)).toEqual({
    summary: 'Nouvelle réponse',
    body: '#4819 VPN refusé',
    ticket: 4819,
  });
  expect(onDesktop([notice(4819)], false)).toEqual({
    summary: 'Réponse de Inès Garnier',
    body: '#4819 VPN refusé\nToujours en panne.',
    ticket: 4819,
  });
  const several = onDesktop([notice(1), notice(2, { kind: 'refused' }), notice(3), notice(4), notice(5)], false);
  expect(several.summary).toBe('5 nouvelles dans Guichet');
  expect(several.body.split('\n')).toEqual([
    'Nouvelle réponse · #1 VPN refusé',
    'Solution refusée · #2 VPN refusé',
    'Nouvelle réponse · #3 VPN refusé',
    'et 2 autres',
  ]);
  expect(several.ticket).toBeNull();
  expect(onDesktop([notice(1), notice(1, { kind: 'target' })], true).ticket).toBe(1);
});

test('what comes together is told on the desktop once, and a click leads to the ticket or to the list', async () => {
  const { backend, user } = await openWindow();
  // The target that is near when the window opens.
  await waitFor(() => expect(argumentsOf(backend, 'notify')).toHaveLength(1), LATER);
  answered(backend, 4819, 102);
  backend.world.assignee.set(4820, ME);
  touch(backend, 4820, { status: 'assigned' });
  backend.publish({ lists: true, tickets: [4819, 4820] });
  await waitFor(() => expect(argumentsOf(backend, 'notify')).toHaveLength(2), LATER);
  const told = backend.calls.filter((call) => call.name === 'notify').at(-1)?.args;
  expect(told?.[0]).toBe('2 nouvelles dans Guichet');
  expect(told?.[1]).not.toContain('Toujours en panne.');
  expect(told?.[2]).toBeNull();
  backend.clickNotice(4819);
  expect(await screen.findByTestId('ticket-4819')).toBeTruthy();
  backend.clickNotice(null);
  expect(await screen.findByTestId('notices')).toBeTruthy();
  await user.keyboard('{Escape}');
  await user.click(screen.getByTestId('settings-button'));
  await user.click(await screen.findByTestId('settings-desktop-notices'));
  await waitFor(async () => expect((await backend.settings()).desktop_notices).toBe(false));
  expect(screen.queryByTestId('settings-discreet-notices')).toBeNull();
  answered(backend, 4818, 102);
  backend.publish({ lists: true, tickets: [4818] });
  await new Promise((resolve) => setTimeout(resolve, 4_500));
  expect(argumentsOf(backend, 'notify')).toHaveLength(2);
});

test('silent hours are silent on the desktop too', async () => {
  const backend = new FakeBackend();
  const now = new Date();
  const minute = now.getHours() * 60 + now.getMinutes();
  await backend.saveSettings({
    ...(await backend.settings()),
    quiet_hours: { from_min: (minute + 1439) % 1440, until_min: (minute + 60) % 1440 },
  });
  await openWindow(backend);
  await waitFor(() => expect(Number(screen.getByTestId('bell').dataset.unseen)).toBeGreaterThan(0), LATER);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(argumentsOf(backend, 'notify')).toHaveLength(0);
});
