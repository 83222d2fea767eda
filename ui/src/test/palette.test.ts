// The palette, the sheet of keys and the keys themselves: one list of commands, driven from the keyboard.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';

import { BackendFailure } from '../backend/backend';
import type { Submission } from '../backend/types';
import { COMMANDS, keyText } from '../state/commands';
import { fuzzy } from '../state/fuzzy';
import { argumentsOf, openTicket, openWindow, settle } from './window';

const since = new Date(Date.now() - 240_000).toISOString();
const ids = (typed: string): string[] => fuzzy(COMMANDS, typed).map((command) => command.id);

test('a command is found in French and in English, without accents, by parts of words in any order and with a slip', () => {
  expect(ids('réglages')[0]).toBe('settings');
  expect(ids('REGLAG')[0]).toBe('settings');
  expect(ids('settings')[0]).toBe('settings');
  expect(ids('setings')[0]).toBe('settings');
  expect(ids("m'attribuer")[0]).toBe('assign-me');
  expect(ids('assign me')).toContain('assign-me');
  expect(ids('sombre theme')[0]).toBe('theme-dark');
  expect(ids('dark')[0]).toBe('theme-dark');
  expect(ids('statut attente')[0]).toBe('status-waiting');
  expect(ids('zzzz')).toEqual([]);
});

test('no key means two things in one place', () => {
  // Queue, ticket and answer stand side by side; the board of escalations takes the whole window.
  const board = COMMANDS.filter((one) => ['anywhere', 'triage'].includes(one.section));
  for (const place of [COMMANDS.filter((one) => one.section !== 'triage'), board]) {
    const seen = new Map<string, string>();
    for (const command of place) {
      for (const one of command.keys ?? []) {
        expect(seen.get(keyText(one)), `${keyText(one)}: ${command.id}`).toBeUndefined();
        seen.set(keyText(one), command.id);
      }
    }
  }
});

test('">" leaves commands only, those of the open ticket first, each with its key', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  (document.activeElement as HTMLElement).blur();
  await user.keyboard('{Control>}{Shift>}k{/Shift}{/Control}');
  const results = screen.getByTestId('search-results');
  expect((screen.getByTestId('search-input') as HTMLInputElement).value).toBe('>');
  const shown = within(results).getAllByRole('option');
  expect(shown[0]?.dataset.testid).toBe('hit-command-followup');
  expect(shown[0]?.textContent).toMatch(/Écrire un suivi\s*R/);
  await user.keyboard('statut attente{Enter}');
  await waitFor(() => expect(argumentsOf<Submission>(backend, 'submit')).toHaveLength(1));
  expect(argumentsOf<Submission>(backend, 'submit')[0]?.operations[0]?.operation).toMatchObject({
    type: 'set_field',
    field: 'status',
    new: { type: 'status', value: 'waiting' },
  });
});

test('commands follow the window: another language at once, none of a ticket where none is open', async () => {
  const { user } = await openWindow();
  await user.keyboard('{Control>}k{/Control}>assign');
  expect(screen.queryByTestId('hit-command-assign-me')).toBeNull();
  await user.clear(screen.getByTestId('search-input'));
  await user.keyboard('>english{Enter}');
  await waitFor(() => expect(document.documentElement.lang).toBe('en'));
  await user.keyboard('{Control>}k{/Control}>reglages');
  expect(within(screen.getByTestId('hit-command-settings')).getByText('Open the settings')).toBeTruthy();
});

test('a number that is not kept here is asked of the server, and what it says is told', async () => {
  const { backend, user } = await openWindow();
  await user.keyboard('{Control>}k{/Control}#4821{Enter}');
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
  await user.keyboard('{Control>}k{/Control}#99');
  expect((await screen.findByTestId('hit-goto-99')).textContent).toContain('pas gardé ici');
  await user.keyboard('{Enter}');
  await screen.findByText('Le serveur n’a pas de ticket #99 pour votre compte.');
  vi.spyOn(backend, 'refreshTicket').mockRejectedValue(
    new BackendFailure({ code: 'backend_forbidden', message: 'Accès refusé.', hint: 'Demandez un droit.' }),
  );
  await user.keyboard('{Control>}k{/Control}98');
  await screen.findByTestId('hit-goto-98');
  await user.keyboard('{Enter}');
  await screen.findByText(/Ticket #98.*Accès refusé\./);
  backend.setGate({ type: 'offline', since, retry_at: since });
  await user.keyboard('{Control>}k{/Control}#97');
  await screen.findByTestId('hit-goto-97');
  await user.keyboard('{Enter}');
  await screen.findByText('Le ticket #97 n’est pas gardé ici.');
});

test('the next ticket opens from inside the answer, and a letter copies the number', async () => {
  const { user } = await openWindow();
  const copied = vi.spyOn(navigator.clipboard, 'writeText');
  await openTicket(user, 4821);
  screen.getByTestId('composer-text').focus();
  const place = screen.getByTestId('queue-row-4821');
  await user.keyboard('{Alt>}{ArrowDown}{/Alt}');
  await settle();
  expect(screen.queryByTestId('ticket-4821')).toBeNull();
  await user.keyboard('{Alt>}{ArrowUp}{/Alt}');
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
  expect(place).toBeTruthy();
  (document.activeElement as HTMLElement).blur();
  await user.keyboard('c');
  await waitFor(() => expect(copied).toHaveBeenCalledWith('#4821'));
});

test('the sheet shows every key there is', async () => {
  const { user } = await openWindow();
  await user.keyboard('?');
  const sheet = await screen.findByTestId('shortcuts');
  for (const command of COMMANDS) {
    for (const one of command.keys ?? []) expect(within(sheet).getAllByText(keyText(one)).length).toBeGreaterThan(0);
  }
});
