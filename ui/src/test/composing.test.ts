// Writing an answer from the keyboard: its status in the same gesture, one's own texts, mentions, drafts.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { Snippet, Submission } from '../backend/types';
import { fill } from '../state/snippets';
import { mentioned } from '../state/templates';
import { answerText, argumentsOf, openTicket, openWindow, settle } from './window';

const snippet = (name: string, text: string, kinds: Snippet['kinds'] = []): Snippet => ({ name, text, kinds });

test('the text and the status after it leave as one submission, chosen from the keyboard', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Pièce commandée.');
  await user.keyboard('{Control>}{Shift>}{Enter}{/Shift}{/Control}');
  const menu = await screen.findByRole('menu');
  expect(within(menu).getAllByRole('menuitem')[0]).toBe(document.activeElement);
  await user.keyboard('{ArrowDown}{ArrowDown}');
  expect((document.activeElement as HTMLElement).dataset.testid).toBe('composer-then-waiting');
  await user.keyboard('{Enter}');
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(1));
  const [sent] = argumentsOf<Submission>(backend, 'submit');
  expect(sent?.operations.map(({ operation }) => operation)).toMatchObject([
    { type: 'add_followup', private: false },
    {
      type: 'set_field',
      field: 'status',
      base: { type: 'status', value: 'assigned' },
      new: { type: 'status', value: 'waiting' },
    },
  ]);
  expect(sent?.draft).toBe('ticket:4821');
  await settle();
  expect(answerText().value).toBe('');
});

test('"solved" sends the text as the solution, the present status adds nothing, Escape leaves the text alone', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Réparé.');
  await user.keyboard('{Control>}{Shift>}{Enter}{/Shift}{/Control}');
  await screen.findByRole('menu');
  await user.keyboard('{Escape}');
  expect(screen.queryByRole('menu')).toBeNull();
  expect(document.activeElement).toBe(answerText());
  await user.click(screen.getByTestId('composer-then'));
  await user.click(await screen.findByTestId('composer-then-solved'));
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(1));
  expect(argumentsOf<Submission>(backend, 'submit')[0]?.operations.map(({ operation }) => operation.type)).toEqual([
    'add_solution',
  ]);
  await openTicket(user, 4819);
  await user.type(answerText(), 'Vu.');
  await user.click(screen.getByTestId('composer-then'));
  await user.click(await screen.findByTestId('composer-then-assigned'));
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(2));
  expect(argumentsOf<Submission>(backend, 'submit')[1]?.operations).toHaveLength(1);
});

test('variables are filled in from the ticket; what is not known stays to be seen', () => {
  const values = { requester: 'Claire Fontaine', ticket: '#4821', me: 'Nadia' };
  expect(fill('Bonjour {demandeur}, {ticket} : {Moi}', values)).toBe('Bonjour Claire Fontaine, #4821 : Nadia');
  expect(fill('{requester} {target} {autre}', values)).toBe('Claire Fontaine {target} {autre}');
});

test('one’s own text is written in the settings, previewed, and inserted with its variables by "::"', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('settings-button'));
  await user.click(await screen.findByTestId('snippet-add'));
  await user.keyboard('Accueil');
  await user.type(screen.getByTestId('snippet-text'), 'Bonjour {{prénom}, ici {{moi}.');
  expect(screen.getByTestId('snippet-preview').textContent).toBe('Bonjour Claire, ici Nadia Leroux.');
  await user.click(screen.getByTestId('snippet-kind-followup'));
  await user.click(screen.getByTestId('snippet-save'));
  await waitFor(async () =>
    expect((await backend.settings()).snippets).toEqual([
      snippet('Accueil', 'Bonjour {prénom}, ici {moi}.', ['followup']),
    ]),
  );
  await user.click(screen.getByTestId('queue-button'));
  await settle();
  await openTicket(user, 4821);
  await user.type(answerText(), '::acc');
  const list = await screen.findByTestId('templates');
  expect(within(list).getByTestId('snippet-Accueil').textContent).toContain('Bonjour Claire, ici Nadia Leroux.');
  await user.keyboard('{Enter}');
  await settle();
  expect(answerText().value).toBe('Bonjour Claire, ici Nadia Leroux.');
  await user.click(screen.getByTestId('composer-tab-solution'));
  await user.type(answerText(), ' ::acc');
  await settle();
  expect(screen.queryByTestId('snippet-Accueil')).toBeNull();
});

test('"@" at the start of a word asks for a person, for two words at most', () => {
  expect(mentioned('@cl', 3)).toEqual({ from: 0, words: 'cl' });
  expect(mentioned('Vu avec @Claire Fon', 19)).toEqual({ from: 8, words: 'Claire Fon' });
  expect(mentioned('n.leroux@exemple', 16)).toBeNull();
  expect(mentioned('@Claire Fontaine ', 17)).toBeNull();
  expect(mentioned('@ ', 2)).toBeNull();
});

test('a person is named by "@" from the keyboard', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Vu avec @fontaine');
  const list = await screen.findByTestId('mentions');
  expect(answerText().getAttribute('aria-activedescendant')).toBe(within(list).getAllByRole('option')[0]?.id);
  await user.keyboard('{Enter}');
  await settle();
  expect(answerText().value).toBe('Vu avec @Claire Fontaine ');
});

test('drafts are listed, opened, given up when asked twice, and taken back', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'à finir');
  (document.activeElement as HTMLElement).blur();
  await user.keyboard('d');
  const row = await screen.findByTestId('draft-ticket:4821');
  expect(row.textContent).toContain('#4821 VPN refusé');
  expect(row.textContent).toContain('à finir');
  await user.click(screen.getByTestId('draft-discard-ticket:4821'));
  await user.click(await screen.findByTestId('draft-discard-confirm'));
  await waitFor(() => expect(screen.queryByTestId('draft-ticket:4821')).toBeNull());
  expect(await backend.drafts()).toEqual([]);
  await user.keyboard('{Control>}z{/Control}');
  await user.click(await screen.findByTestId('draft-open-ticket:4821'));
  await screen.findByTestId('ticket-4821');
  await settle();
  expect(answerText().value).toBe('à finir');
});

test('changing what waits warns of images it would drop', async () => {
  const { backend, user } = await openWindow({ demoOutbox: true });
  const entry = backend.entries[0];
  if (entry?.operation.type !== 'add_followup') throw new Error('the demo outbox begins with a follow-up');
  entry.operation.body.blocks.push({ type: 'paragraph', content: [{ type: 'image', document: 3, alt: 'capture' }] });
  await user.click(screen.getByTestId('outbox-button'));
  await user.click(await screen.findByTestId(`entry-edit-${entry.id}`));
  await user.clear(await screen.findByTestId('edit-text'));
  await user.type(screen.getByTestId('edit-text'), 'Sans image');
  expect(screen.getByTestId('edit-loses').textContent).toContain('1 image');
  expect((screen.getByTestId('edit-save') as HTMLButtonElement).disabled).toBe(true);
  await user.click(screen.getByTestId('edit-loses-accept'));
  await user.click(screen.getByTestId('edit-save'));
  await waitFor(() => expect(argumentsOf(backend, 'resolveEntry')).toHaveLength(1));
});
