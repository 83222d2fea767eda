// The daily review and the log, by keys: what is blocked and what is next, what was worth writing down and what was done.
import { screen, within } from '@testing-library/svelte';
import type { UserEvent } from '@testing-library/user-event';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import type { NotableEvent } from '../backend/types';
import { periodDays } from '../state/review.svelte';
import { argumentsOf, openWindow, settle } from './window';

async function open(user: UserEvent): Promise<void> {
  await user.keyboard('h');
  await screen.findByTestId('review');
  await settle();
}

async function openLog(user: UserEvent): Promise<void> {
  await open(user);
  screen.getByTestId('review-tab-review').focus();
  await user.keyboard('{ArrowRight}');
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await settle();
}

test('what is blocked is told with why, since when and on whom, and what is next is decided in the ticket', async () => {
  const { user } = await openWindow();
  await open(user);
  expect(document.activeElement?.id).toBe('review-title');
  const rows = within(await screen.findByTestId('review-rows')).getAllByRole('row');
  expect(rows.length).toBeGreaterThan(1);
  expect(rows[1]?.textContent).toContain('en attente');
  expect(rows[1]?.textContent).toContain('≥');
  const [decide] = screen.getAllByTestId(/^review-decide-/);
  if (!decide) throw new Error('nothing to decide');
  const ticket = Number(decide.dataset.testid?.replace('review-decide-', ''));
  await user.click(decide);
  await settle();
  expect(await screen.findByTestId(`ticket-${String(ticket)}`)).toBeTruthy();
  // The task's tab of the composer, whose words are drafts.
  expect(screen.getByRole('tab', { name: /Tâche/, selected: true })).toBeTruthy();
});

test('a notable event is kept at every keystroke, and withdrawn', async () => {
  const { backend, user } = await openWindow();
  await openLog(user);
  await user.click(screen.getByTestId('event-add'));
  expect(document.activeElement?.tagName).toBe('TEXTAREA');
  backend.failNext.set('keepEvent', new BackendFailure({ code: 'disk', message: 'Disque plein', hint: '' }));
  await user.keyboard('VPN coupé');
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  await settle();
  const kept = argumentsOf<NotableEvent>(backend, 'keepEvent').at(-1);
  expect(kept?.text).toBe('VPN coupé');
  expect(backend.journal.events.map((event) => event.text)).toEqual(['VPN coupé']);
  await user.click(screen.getByTestId('event-withdraw'));
  await settle();
  expect(backend.journal.events).toEqual([]);
  expect(screen.queryByTestId('event')).toBeNull();
});

test('a period is chosen and turned back, and its text is saved', async () => {
  const { backend, user } = await openWindow();
  await openLog(user);
  await user.selectOptions(screen.getByTestId('log-span'), 'month');
  await user.click(screen.getByTestId('log-earlier'));
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await settle();
  const now = new Date();
  const first = new Date(now.getFullYear(), now.getMonth() - 1, 1);
  const two = (value: number): string => String(value).padStart(2, '0');
  const from = `${String(first.getFullYear())}-${two(first.getMonth() + 1)}-01`;
  expect(argumentsOf<string>(backend, 'logbook').at(-1)).toBe(from);
  await user.click(screen.getByTestId('log-text'));
  await settle();
  expect(argumentsOf<string>(backend, 'saveChronicle').at(-1)).toBe(from);
  await user.click(screen.getByTestId('interventions-export'));
  await settle();
  expect(argumentsOf<{ type: string }>(backend, 'export').at(-1)?.type).toBe('interventions');
});

test('weeks begin on Monday and months on their first', () => {
  const sunday = new Date(2026, 5, 7, 15);
  const days = (span: 'day' | 'week' | 'month', back: number): string[] => {
    const { from, to } = periodDays(span, back, sunday);
    return [from, to].map((date) => `${String(date.getMonth() + 1)}-${String(date.getDate())}`);
  };
  expect(days('day', 0)).toEqual(['6-7', '6-8']);
  expect(days('week', 0)).toEqual(['6-1', '6-8']);
  expect(days('week', 1)).toEqual(['5-25', '6-1']);
  expect(days('month', 1)).toEqual(['5-1', '6-1']);
});
