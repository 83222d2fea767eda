// The dashboards: the desk live, and the indicators of a week, a month and a year; by keys alone, each figure with what is behind it, and what cannot be told beside them.
import { screen, within } from '@testing-library/svelte';
import type { UserEvent } from '@testing-library/user-event';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import { weekOf } from '../state/figures.svelte';
import { argumentsOf, openWindow, settle } from './window';

const plain = (element: HTMLElement): string => element.textContent.replace(/\s+/g, ' ');

async function open(user: UserEvent): Promise<void> {
  await user.keyboard('i');
  await screen.findByTestId('figures');
  await settle();
}

test('a key opens them: the figure cut and not rounded, its objective, the verdict with the penalty, a year before', async () => {
  const { backend, user } = await openWindow();
  await open(user);
  const now = new Date();
  const month = `${String(now.getFullYear())}-${String(now.getMonth() + 1).padStart(2, '0')}`;
  expect(argumentsOf<string>(backend, 'indicators')).toEqual([month]);
  const row = screen.getByTestId('indicator-KPI1');
  expect(row.dataset.met).toBe('false');
  expect(plain(row)).toContain('94,9 %');
  expect(plain(row)).toContain('≥ 95 %');
  expect(plain(row)).toContain('non tenu · P1');
  expect(plain(row)).toContain('91 %');
  expect(plain(screen.getByTestId('indicator-KPI18'))).toContain('sans données');
  expect(plain(screen.getByTestId('figures-about'))).toContain('non tenus : 1');
  expect(screen.getByTestId('figures-gaps').textContent).toContain('Aucune alerte n’est connue.');
  expect(document.activeElement?.id).toBe('figures-title');
});

test('behind a figure are its thirteen months and the very tickets, which open', async () => {
  const { user } = await openWindow();
  await open(user);
  const button = screen.getByTestId('indicator-KPI5-open');
  button.focus();
  await user.keyboard('{Enter}');
  expect(button.getAttribute('aria-expanded')).toBe('true');
  const detail = screen.getByTestId('indicator-KPI5-detail');
  expect(within(detail).getAllByRole('row')).toHaveLength(14);
  await user.click(within(detail).getByTestId('missed-4821'));
  await settle();
  expect(screen.queryByTestId('figures')).toBeNull();
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
});

test('another month is asked for, and what cannot be computed is said with a way on', async () => {
  const { backend, user } = await openWindow();
  backend.failNext.set(
    'indicators',
    new BackendFailure({ code: 'evidence_nothing_read', message: 'Rien de lu', hint: 'Synchronisez.' }),
  );
  await open(user);
  expect(screen.getByText('Rien de lu')).toBeTruthy();
  await user.click(screen.getByTestId('figures-retry'));
  await settle();
  const select = screen.getByTestId<HTMLSelectElement>('figures-period');
  expect(select.options).toHaveLength(13);
  const [, before] = [...select.options].map((one) => one.value);
  await user.selectOptions(select, before ?? '');
  await settle();
  expect(argumentsOf<string>(backend, 'indicators').at(-1)).toBe(before);
});

test('a week, a month and a year each have their dashboard, by the arrow keys', async () => {
  const { backend, user } = await openWindow();
  await open(user);
  const asked = () => argumentsOf<string>(backend, 'indicators').at(-1);
  const month = screen.getByTestId('figures-tab-month');
  month.focus();
  await user.keyboard('{ArrowLeft}');
  await settle();
  expect(document.activeElement).toBe(screen.getByTestId('figures-tab-week'));
  expect(asked()).toMatch(/^\d{4}-W\d{2}$/);
  expect(screen.queryByTestId('figures-penalties')).toBeNull();
  await user.click(screen.getByTestId('indicator-KPI5-open'));
  const detail = screen.getByTestId('indicator-KPI5-detail');
  expect(within(detail).getAllByRole('table')).toHaveLength(2);
  await user.click(screen.getByTestId('figures-tab-year'));
  await settle();
  expect(asked()).toBe(String(new Date().getFullYear()));
  expect(plain(screen.getByTestId('figures-penalties'))).toContain('P1 × 1 = 500 EUR');
  // The period that was chosen on a tab is still chosen there.
  await user.selectOptions(screen.getByTestId('figures-period'), String(new Date().getFullYear() - 1));
  await user.click(screen.getByTestId('figures-tab-month'));
  await user.click(screen.getByTestId('figures-tab-year'));
  await settle();
  expect(asked()).toBe(String(new Date().getFullYear() - 1));
});

test('the live desk tells who waits, how old the queues are and the nearest targets, which open', async () => {
  const { user } = await openWindow();
  await open(user);
  await user.click(screen.getByTestId('figures-tab-live'));
  await settle();
  const live = await screen.findByTestId('live-desk');
  expect(Number(within(live).getByTestId('live-queue-open').querySelectorAll('td')[0]?.textContent)).toBeGreaterThan(0);
  const [first] = within(live).getAllByTestId(/^live-target-/);
  if (!first) throw new Error('no target');
  await user.click(first);
  await settle();
  expect(screen.queryByTestId('figures')).toBeNull();
});

test('figures and what missed them are exported as they are shown', async () => {
  const { backend, user } = await openWindow();
  await open(user);
  const month = screen.getByTestId<HTMLSelectElement>('figures-period').value;
  await user.click(screen.getByTestId('figures-missed'));
  await settle();
  expect(argumentsOf(backend, 'export').at(-1)).toEqual({ type: 'missed', period: month });
});

test('weeks are those of ISO 8601', () => {
  const week = (text: string): string => weekOf(new Date(`${text}T12:00:00`));
  expect(['2026-01-01', '2025-12-29', '2027-01-03', '2027-01-04', '2026-06-07'].map(week)).toEqual([
    '2026-W01',
    '2026-W01',
    '2026-W53',
    '2027-W01',
    '2026-W23',
  ]);
});
