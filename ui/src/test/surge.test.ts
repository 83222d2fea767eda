// Surges: said with their reasons, declared with their children, or put away.
import { screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import { openWindow, settle } from './window';

test('a surge is said with its reasons, and stays away once it is put away', async () => {
  const { backend, user } = await openWindow();
  expect(screen.queryByTestId('surge')).toBeNull();
  backend.escalated.surge();
  const banner = await screen.findByTestId('surge');
  expect(banner.textContent?.replace(/\s/g, ' ')).toContain('Incident majeur : messagerie');
  expect(banner.textContent).toContain('9 contacts en 15 min');
  await user.click(screen.getByTestId('surge-dismiss'));
  await settle();
  expect(screen.queryByTestId('surge')).toBeNull();
  backend.escalated.surge({ dismissed: true });
  await settle();
  expect(screen.queryByTestId('surge')).toBeNull();
});

test('it is declared by keys alone, prefilled, with its children and the portal’s message', async () => {
  const { backend, user } = await openWindow();
  const card = backend.escalated.surge();
  await screen.findByTestId('surge');
  await user.keyboard('{Control>}{Shift>}k{/Shift}{/Control}');
  await user.keyboard('incident majeur{Enter}');
  const title = await screen.findByTestId<HTMLInputElement>('surge-title');
  await settle();
  expect(document.activeElement).toBe(title);
  expect(title.value).toBe(card.title);
  expect(screen.getByTestId<HTMLTextAreaElement>('surge-text').value).toContain('9 contacts');
  expect(screen.getByTestId('surge-children').children).toHaveLength(card.proposal.tickets.length);
  expect(screen.getByTestId('surge-children').textContent).toContain(`#${String(card.proposal.tickets[0])}`);
  await user.click(screen.getByTestId('surge-copy'));
  expect(await navigator.clipboard.readText()).toBe(card.message);
  await user.clear(title);
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(backend.calls.some((call) => call.name === 'declareMajorIncident')).toBe(false);
  expect(title.getAttribute('aria-invalid')).toBe('true');
  await user.keyboard('Messagerie en panne{Escape}');
  await settle();
  await user.click(screen.getByTestId('surge-declare'));
  expect((await screen.findByTestId<HTMLInputElement>('surge-title')).value).toBe('Messagerie en panne');
  backend.failNext.set('declareMajorIncident', new BackendFailure(await backend.explain('surge_nothing_to_link')));
  await user.click(screen.getByTestId('surge-confirm'));
  await settle();
  expect(screen.getByTestId('surge-refused').textContent).not.toBe('');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(
    backend.calls
      .filter((call) => call.name === 'declareMajorIncident')
      .at(-1)
      ?.args.slice(0, 2),
  ).toEqual([card.key, 'Messagerie en panne']);
  expect(screen.queryByTestId('surge')).toBeNull();
  await waitFor(() => expect(document.querySelector('#ticket-title')?.textContent).toBe('Messagerie en panne'));
});
