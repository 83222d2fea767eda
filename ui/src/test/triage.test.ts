// The board of escalations by keys alone, the words of each step, and the third parties to be reminded.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import type { FakeBackend } from '../backend/fake';
import type { TriageAction } from '../backend/types';
import { openWindow, settle } from './window';

const steps = (backend: FakeBackend): [number, TriageAction][] =>
  backend.calls.filter((call) => call.name === 'triage').map((call) => call.args as [number, TriageAction]);
const column = (state: string): HTMLElement => screen.getByTestId(`triage-column-${state}`);
const words = (): HTMLTextAreaElement => screen.getByTestId('triage-words');
const chosen = (): string | undefined =>
  document.querySelector<HTMLElement>('[role="option"][aria-selected="true"]')?.dataset.testid;

/** A board with three escalations, the focus in its first column. */
async function board() {
  const window = await openWindow();
  const { backend, user } = window;
  const at = (hours: number): string => new Date(Date.now() + hours * 3600_000).toISOString();
  backend.escalated.put(4821, { group: 'Réseau N2', escalated_at: at(-3.01) });
  backend.escalated.put(4819, { group: 'Postes de travail N2', escalated_at: at(-2) });
  backend.escalated.put(4818, {
    group: 'Réseau N2',
    state: 'waiting',
    third: 'Orange Business',
    reminders: 1,
    escalated_at: at(-80),
    last_contact: at(-60),
  });
  await user.keyboard('g');
  await screen.findByTestId('triage');
  await settle();
  column('new').focus();
  await settle();
  return window;
}

test('a key opens the board: columns, ages, third parties, and the next reminder in words', async () => {
  await board();
  expect(screen.getByTestId('triage-button').getAttribute('aria-current')).toBe('page');
  const first = screen.getByTestId('triage-card-4821');
  expect(first.textContent).toContain('depuis 3\u00a0h\u00a000');
  expect(within(first).getByText('VIP')).toBeTruthy();
  expect(first.textContent).toContain('Réseau N2');
  const waiting = screen.getByTestId('triage-card-4818');
  expect(waiting.textContent).toContain('Orange Business');
  expect(waiting.textContent).toContain('1 relance');
  expect(waiting.textContent).toContain('à relancer depuis');
  expect(screen.queryByTestId('triage-column-done')).toBeNull();
});

test('arrows go between rows and over empty columns, and Enter opens the ticket', async () => {
  const { user } = await board();
  expect(chosen()).toBe('triage-card-4821');
  await user.keyboard('{ArrowDown}');
  expect(chosen()).toBe('triage-card-4819');
  await user.keyboard('{ArrowRight}');
  await settle();
  expect(chosen()).toBe('triage-card-4818');
  expect(document.activeElement).toBe(column('waiting'));
  await user.keyboard('{ArrowLeft}');
  await settle();
  expect(document.activeElement).toBe(column('new'));
  await user.keyboard('{Enter}');
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
});

test('one key accepts: the card goes to its column, and the focus with it', async () => {
  const { backend, user } = await board();
  await user.keyboard('a');
  await settle();
  expect(steps(backend)).toEqual([[4821, { type: 'accept' }]]);
  await waitFor(() => expect(within(column('accepted')).getByTestId('triage-card-4821')).toBeTruthy());
});

test('sending back asks for the reason with the field focused, refuses none, and goes to level 1', async () => {
  const { backend, user } = await board();
  await user.keyboard('s');
  await screen.findByTestId('triage-dialog');
  expect(document.activeElement).toBe(words());
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(steps(backend)).toEqual([]);
  expect(words().getAttribute('aria-invalid')).toBe('true');
  await user.keyboard('Il manque la capture{Control>}{Enter}{/Control}');
  await settle();
  expect(steps(backend)).toEqual([
    [4821, { type: 'send_back', reason: 'Il manque la capture', to: { id: 1, name: 'Support N1' } }],
  ]);
  await waitFor(() => expect(screen.getByTestId('triage-card-4821').textContent).toContain('Il manque la capture'));
  expect(document.activeElement).toBe(column('sent_back'));
});

test('words stay when the dialog is closed, each step with its own', async () => {
  const { user } = await board();
  await user.keyboard('w');
  await screen.findByTestId('triage-dialog');
  expect(document.activeElement).toBe(screen.getByTestId('triage-third'));
  await user.keyboard('Éditeur Ciril{Tab}Ticket 5512 ouvert{Escape}');
  await settle();
  expect(screen.queryByTestId('triage-dialog')).toBeNull();
  expect(document.activeElement).toBe(column('new'));
  await user.keyboard('f');
  await screen.findByTestId('triage-dialog');
  expect(words().value).toBe('');
  await user.keyboard('{Escape}');
  await settle();
  await user.keyboard('w');
  await screen.findByTestId('triage-dialog');
  expect(screen.getByTestId<HTMLInputElement>('triage-third').value).toBe('Éditeur Ciril');
  expect(words().value).toBe('Ticket 5512 ouvert');
});

test('waiting, reminding, the answer and the end are one key and some words each', async () => {
  const { backend, user } = await board();
  const press = async (key: string, text: string): Promise<void> => {
    await user.keyboard(key);
    await screen.findByTestId('triage-dialog');
    await user.keyboard(`${text}{Control>}{Enter}{/Control}`);
    await settle();
    expect(screen.queryByTestId('triage-dialog')).toBeNull();
  };
  await press('w', 'Orange{Tab}Ligne coupée');
  await press('r', 'Rappelés');
  await press('y', 'Ligne rétablie');
  await press('f', 'Ligne rétablie par l’opérateur');
  expect(steps(backend).map(([, action]) => action)).toEqual([
    { type: 'wait', third: 'Orange', words: 'Ligne coupée' },
    { type: 'remind', means: '', words: 'Rappelés' },
    { type: 'answered', words: 'Ligne rétablie' },
    { type: 'finish', words: 'Ligne rétablie par l’opérateur', solution: false },
  ]);
});

test('re-routing asks which group, and only steps that are possible are offered', async () => {
  const { backend, user } = await board();
  expect(screen.queryByTestId('triage-remind')).toBeNull();
  await user.keyboard('r');
  expect(screen.queryByTestId('triage-dialog')).toBeNull();
  await user.keyboard('o');
  await screen.findByTestId('triage-dialog');
  expect(document.activeElement).toBe(screen.getByTestId('triage-group'));
  await user.selectOptions(screen.getByTestId('triage-group'), 'Applications métier');
  await user.type(words(), 'C’est l’application');
  await user.click(screen.getByTestId('triage-confirm'));
  await settle();
  expect(steps(backend)).toEqual([
    [4821, { type: 're_route', reason: 'C’est l’application', to: { id: 4, name: 'Applications métier' } }],
  ]);
});

test('filters narrow the board, and an empty answer says so with the way out', async () => {
  const { backend, user } = await board();
  await user.click(screen.getByTestId('triage-group-3'));
  await settle();
  expect(screen.queryByTestId('triage-card-4821')).toBeNull();
  expect(screen.getByTestId('triage-card-4819')).toBeTruthy();
  await user.click(screen.getByTestId('triage-mine'));
  await settle();
  await user.click(screen.getByTestId('triage-clear'));
  await settle();
  expect(screen.getByTestId('triage-card-4821')).toBeTruthy();
  await user.click(screen.getByTestId('triage-done'));
  await settle();
  expect(backend.calls.filter((call) => call.name === 'triageBoard').at(-1)?.args).toEqual([
    { groups: [], mine: false, done: true },
  ]);
  expect(screen.getByText('Traitées')).toBeTruthy();
});

test('third parties to be reminded have their own list, with the dated proof, and can be reminded from it', async () => {
  const { backend, user } = await board();
  await user.click(screen.getByTestId('triage-tab-chase'));
  const list = await screen.findByTestId('chase-list');
  expect(list.textContent).toContain('Orange Business');
  expect(list.textContent).toContain('Relance n° 1');
  expect(list.textContent).toContain('à relancer depuis');
  await user.click(screen.getByTestId('chase-remind-4818'));
  await screen.findByTestId('triage-dialog');
  await user.type(screen.getByTestId('triage-means'), 'Téléphone');
  await user.type(words(), 'Sans réponse');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(steps(backend)).toEqual([[4818, { type: 'remind', means: 'Téléphone', words: 'Sans réponse' }]]);
  await waitFor(() => expect(screen.getByTestId('chase-list').textContent).toContain('Sans réponse'));
});

test('empty, failed and offline are said, each with what to do', async () => {
  const { backend, user } = await openWindow();
  backend.failNext.set('triageBoard', new BackendFailure({ code: 'x', message: 'Base illisible', hint: '' }));
  await user.click(screen.getByTestId('triage-button'));
  await screen.findByText('Base illisible');
  await user.click(screen.getByTestId('triage-retry'));
  await screen.findByText('Rien n’est escaladé.');
  backend.setGate({ type: 'offline', since: new Date().toISOString(), retry_at: new Date().toISOString() });
  expect(await screen.findByTestId('triage-offline')).toBeTruthy();
});

test('a refused step is said in its dialog, and its words stay', async () => {
  const { backend, user } = await board();
  await user.keyboard('f');
  await screen.findByTestId('triage-dialog');
  await user.keyboard('Réparé');
  backend.failNext.set('triage', new BackendFailure(await backend.explain('escalation_wrong_state')));
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(screen.getByTestId('triage-refused').textContent).not.toBe('');
  expect(words().value).toBe('Réparé');
});
