// A list leaves the desk as a file: by its own button and by the palette, whole, as it is narrowed on screen.
import { screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import type { Export } from '../backend/types';
import { argumentsOf, openWindow, settle } from './window';

test('the queue is exported as it is narrowed, by keys alone, and where it went is told', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('view-open'));
  await user.click(screen.getByTestId('filter-vip'));
  await settle();
  screen.getByTestId('queue-export').focus();
  await user.keyboard('{Enter}');
  // The first choice has the focus; the second is one arrow away.
  expect(document.activeElement?.getAttribute('data-testid')).toBe('queue-export-xlsx');
  await user.keyboard('{ArrowDown}{Enter}');
  await settle();
  const [call] = backend.calls.filter((one) => one.name === 'export');
  expect(call?.args[1]).toBe('csv');
  expect(call?.args[0]).toMatchObject({ type: 'tickets', query: { view: 'open', vip_only: true } });
  expect(screen.getByTestId('toasts').textContent).toContain('guichet tickets.csv');
});

test('the palette exports what is on screen: the journal, the board', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  for (const [key, type] of [
    ['p', 'calls'],
    ['g', 'escalations'],
  ] as const) {
    await user.keyboard(key);
    await settle();
    await user.keyboard('{Control>}{Shift>}k{/Shift}{/Control}');
    await user.keyboard('XLSX{Enter}');
    await settle();
    expect(argumentsOf<Export>(backend, 'export').at(-1)?.type).toBe(type);
  }
});

test('a file that cannot be written is told, and the list is there as before', async () => {
  const { backend, user } = await openWindow();
  backend.failNext.set(
    'export',
    new BackendFailure({ code: 'file_not_saved', message: 'Disque plein.', hint: 'Faites de la place.' }),
  );
  await user.click(screen.getByTestId('queue-export'));
  await user.click(screen.getByTestId('queue-export-xlsx'));
  await settle();
  expect(screen.getByTestId('toasts').textContent).toContain('Disque plein.');
  expect(screen.getByTestId<HTMLButtonElement>('queue-export').disabled).toBe(false);
});
