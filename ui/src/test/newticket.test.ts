// Writing a ticket with a caller on the line: what it may repeat, and a category proposed with its reason.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { Submission } from '../backend/types';
import { argumentsOf, openWindow, settle } from './window';

test('a known caller’s ticket is written with the keyboard alone: site, equipment and category follow', async () => {
  const { backend, user } = await openWindow();
  await user.keyboard('n');
  await screen.findByTestId('new-requester');
  await user.keyboard('fontaine');
  await settle();
  await user.keyboard('{Enter}{Tab}Imprimante bloquée');
  const guess = await screen.findByTestId('new-guess');
  expect(guess.textContent).toMatch(
    /parce que \d+ tickets sur \d+ avec «\sImprimante\s»( ou «\sbloquée\s»)? sont dans Impression/,
  );
  expect((screen.getByTestId('new-category') as HTMLInputElement).value).toBe('');
  await user.keyboard('{Alt>}c{/Alt}');
  expect((screen.getByTestId('new-category') as HTMLInputElement).value).toBe('Impression');
  expect(screen.queryByTestId('new-guess')).toBeNull();
  screen.getByTestId('new-ticket-text').focus();
  await user.keyboard('Le bac est vide.{Control>}{Enter}{/Control}');
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(1));
  expect(argumentsOf<Submission>(backend, 'submit')[0]?.operations[0]?.operation).toMatchObject({
    type: 'create_ticket',
    ticket: { title: 'Imprimante bloquée', category: 2, location: 1 },
  });
});

test('what the requester has open is shown while typing, and opens without losing what was typed', async () => {
  const { backend, user } = await openWindow();
  await user.keyboard('n');
  await user.type(await screen.findByTestId('new-requester'), 'fontaine');
  await user.click(await screen.findByText('Claire Fontaine'));
  await user.type(screen.getByTestId('new-ticket-title'), 'VPN refusé');
  const list = await screen.findByTestId('new-similar-list');
  const first = within(list).getAllByRole('button')[0];
  expect(first?.textContent).toContain('VPN refusé depuis la mise à jour');
  expect(list.textContent).toContain('même demandeur');
  // One question once typing rests, not one a letter.
  expect(argumentsOf(backend, 'aroundNewTicket').length).toBeLessThan(6);
  first?.focus();
  await user.keyboard('{Enter}');
  await screen.findByTestId('ticket-4821');
  await user.keyboard('{Escape}');
  await waitFor(() => expect((screen.getByTestId('new-ticket-title') as HTMLInputElement).value).toBe('VPN refusé'));
});

test('nothing is proposed where nothing is known', async () => {
  const { user } = await openWindow();
  await user.keyboard('n');
  await user.type(await screen.findByTestId('new-ticket-title'), 'Zzz qqq');
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(screen.queryByTestId('new-guess')).toBeNull();
  expect(screen.queryByTestId('new-similar-list')).toBeNull();
});
