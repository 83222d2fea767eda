// The indicators of a month: by keys alone, each figure with what is behind it, and what cannot be told beside them.
import { screen, within } from '@testing-library/svelte';
import type { UserEvent } from '@testing-library/user-event';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
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
  const select = screen.getByTestId<HTMLSelectElement>('figures-month');
  expect(select.options).toHaveLength(13);
  const [, before] = [...select.options].map((one) => one.value);
  await user.selectOptions(select, before ?? '');
  await settle();
  expect(argumentsOf<string>(backend, 'indicators').at(-1)).toBe(before);
});
