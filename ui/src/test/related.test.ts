// Tickets around a ticket, links from the keyboard, and an article made of a solution.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { Operation, Submission } from '../backend/types';
import { argumentsOf, openTicket, openWindow, settle } from './window';

const submitted = (backend: Parameters<typeof argumentsOf>[0]): Operation[] =>
  argumentsOf<Submission>(backend, 'submit').flatMap((one) => one.operations.map(({ operation }) => operation));

test('the same requester’s and the same equipment’s tickets are in view with state and age, and open', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  const list = await screen.findByTestId('related-requester');
  const requester = backend.world.requester.get(4821) ?? 0;
  const others = backend.world.tickets.filter(
    (one) => one.id !== 4821 && backend.world.requester.get(one.id) === requester,
  );
  expect(others.length).toBeGreaterThan(0);
  const rows = within(list).getAllByRole('button');
  expect(rows).toHaveLength(Math.min(8, others.length));
  expect(list.textContent).toMatch(/(Nouveau|En cours|Planifié|En attente|Résolu|Clos) · \d/);
  expect(screen.getByTestId('related-asset')).toBeTruthy();
  const first = /#(\d+)/.exec(rows[0]?.textContent ?? '')?.[1] ?? '';
  rows[0]?.focus();
  await user.keyboard('{Enter}');
  expect(await screen.findByTestId(`ticket-${first}`)).toBeTruthy();
});

test('a ticket is linked as the child of another found by words, with the keyboard alone', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4819);
  (document.activeElement as HTMLElement).blur();
  await user.keyboard('l');
  await screen.findByTestId('link-dialog');
  expect(document.activeElement).toBe(screen.getByTestId('link-other'));
  await user.selectOptions(screen.getByTestId('link-kind'), 'child_of');
  await user.type(screen.getByTestId('link-other'), '4821');
  await screen.findByTestId('link-option-4821');
  await user.keyboard('{Enter}');
  await user.click(screen.getByTestId('link-save'));
  await waitFor(() => expect(submitted(backend)).toEqual([{ type: 'link_ticket', ticket: 4821, kind: 'child_of' }]));
  expect(screen.queryByTestId('link-dialog')).toBeNull();
});

test('merging as a duplicate links and solves in one submission', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4819);
  await user.keyboard('{Control>}{Shift>}k{/Shift}{/Control}fusionner{Enter}');
  await screen.findByTestId('link-dialog');
  await user.type(screen.getByTestId('link-other'), 'vpn refusé');
  await user.click(await screen.findByTestId('link-option-4821'));
  expect((screen.getByTestId('link-solve') as HTMLInputElement).checked).toBe(true);
  await user.click(screen.getByTestId('link-save'));
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(1));
  expect(submitted(backend)).toMatchObject([
    { type: 'link_ticket', ticket: 4821, kind: 'duplicate_of' },
    { type: 'add_solution', solution_type: null },
  ]);
});

test('an article is proposed from a solved ticket, prefilled, kept as a draft, and waits in the outbox', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('view-solved'));
  await settle();
  const [row] = within(screen.getByTestId('queue')).getAllByRole('option');
  const id = Number(row?.id.replace('queue-option-', ''));
  await openTicket(user, id);
  await user.click(screen.getByTestId('propose'));
  const title = await screen.findByTestId<HTMLInputElement>('propose-title');
  expect(title.value).toBe(backend.world.tickets.find((one) => one.id === id)?.title);
  expect(screen.getByTestId<HTMLTextAreaElement>('propose-text').value).toContain('corrigé à distance');
  await user.type(title, ' (procédure)');
  await user.keyboard('{Escape}');
  await waitFor(async () =>
    expect((await backend.drafts()).map((draft) => draft.key)).toEqual([`article:${String(id)}`]),
  );
  await user.click(screen.getByTestId('propose'));
  await waitFor(() => expect(screen.getByTestId<HTMLInputElement>('propose-title').value).toContain('(procédure)'));
  screen.getByTestId('propose-text').focus();
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(submitted(backend)).toMatchObject([{ type: 'propose_article' }]));
  expect(await backend.drafts()).toEqual([]);
  await user.click(screen.getByTestId('outbox-button'));
  expect((await screen.findByTestId(`lane-${String(id)}`)).textContent).toContain('article proposé');
});
