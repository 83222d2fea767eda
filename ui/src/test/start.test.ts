// The start: the list first, everything else behind it; and what is asked for before it is loaded is not lost.
import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';

import App from '../App.svelte';
import { FakeBackend } from '../backend/fake';
import type { TicketQuery } from '../backend/types';
import { CASE, type Part, REST } from '../components/parts/parts.svelte';
import { argumentsOf, settle } from './window';

/** The parts are made while the test runs. */
const SLOW = { timeout: 8_000 };

/** Lets a part come when the test says so. */
function holdBack<M>(part: Part<M>): () => void {
  let come = (): void => undefined;
  const came = new Promise<void>((resolve) => (come = resolve));
  const load = part.load.bind(part);
  vi.spyOn(part, 'load').mockImplementation(async () => {
    await came;
    return load();
  });
  return come;
}

test('the first list is there without the rest of the window, and keys pressed early are meant for what comes', async () => {
  const [ticketsCome, restComes] = [holdBack(CASE), holdBack(REST)];
  const backend = new FakeBackend();
  render(App, { backend });
  const user = userEvent.setup();
  expect(await screen.findByTestId('queue-row-4821')).toBeTruthy();

  // A ticket opened, and its answer begun, before what shows tickets is loaded.
  await user.click(screen.getByTestId('queue-row-4821'));
  screen.getByTestId('queue').blur();
  await user.keyboard('rbonjour');
  expect(screen.queryByTestId('ticket-4821')).toBeNull();
  ticketsCome();
  const answer = await screen.findByTestId<HTMLTextAreaElement>('composer-text', {}, SLOW);
  await waitFor(() => expect(answer.value).toBe('bonjour'), SLOW);
  expect(document.activeElement).toBe(answer);
  expect(screen.getByTestId('composer-tab-followup').getAttribute('aria-selected')).toBe('true');

  // The form of a new ticket: the same, from the key that asks for it to the first letters of the title.
  answer.blur();
  await user.keyboard('{Control>}n{/Control}Souris');
  expect(screen.queryByTestId('new-ticket-form')).toBeNull();
  restComes();
  const title = await screen.findByTestId<HTMLInputElement>('new-requester', {}, SLOW);
  await waitFor(() => expect(title.value).toBe('Souris'), SLOW);
  expect(document.activeElement).toBe(title);
});

test('the start asks for the list once, together with the state, and for the rest behind it', async () => {
  const backend = new FakeBackend();
  let give = (): void => undefined;
  const held = new Promise<void>((resolve) => (give = resolve));
  const list = backend.listTickets.bind(backend);
  vi.spyOn(backend, 'listTickets').mockImplementation(async (query) => {
    const answer = await list(query);
    await held;
    return answer;
  });
  render(App, { backend });
  await settle();
  const names = (): string[] => backend.calls.map((call) => call.name);
  expect(argumentsOf<TicketQuery>(backend, 'listTickets')).toHaveLength(1);
  expect(names()).not.toContain('settings');
  give();
  expect(await screen.findByTestId('queue-row-4821')).toBeTruthy();
  await waitFor(() => expect(names()).toContain('settings'));
  // The two more are of what is watched for notices: one's own, and what nobody has taken up.
  expect(argumentsOf<TicketQuery>(backend, 'listTickets').map((query) => query.limit)).toEqual([100, 500, 50]);
});

test('a first list that was refused is asked for again with the account', async () => {
  const backend = new FakeBackend();
  vi.spyOn(backend, 'listTickets').mockRejectedValueOnce(new Error('not open yet'));
  render(App, { backend });
  expect(await screen.findByTestId('queue-row-4821')).toBeTruthy();
  expect(argumentsOf<TicketQuery>(backend, 'listTickets')[0]?.me).toBe(7);
});

test('in English the first words shown are English', async () => {
  const backend = new FakeBackend({ locale: 'en' });
  render(App, { backend });
  expect(await screen.findByTestId('queue-row-4821')).toBeTruthy();
  expect(screen.getByTestId('view-unassigned').textContent).toBe('Unassigned');
  expect(document.documentElement.lang).toBe('en');
});
