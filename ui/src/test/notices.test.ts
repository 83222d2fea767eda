// What the technician is told of, from what changed on his own tickets.
import { screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { FakeBackend } from '../backend/fake';
import { ME, para } from '../backend/fake-data';
import { isQuiet } from '../state/notices.svelte';
import { openTicket, openWindow, settle } from './window';

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
  expect((await screen.findByTestId('notice-4821')).textContent).toContain('Échéance dans moins de 30 min');
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
