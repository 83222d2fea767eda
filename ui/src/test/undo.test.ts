import { screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { Submission } from '../backend/types';
import { answerText, argumentsOf, closeWindow, openTicket, openWindow, settle } from './window';

const picture = (): File => new File([new Uint8Array([137, 80, 78, 71])], 'capture.png', { type: 'image/png' });

async function sent(text: string, options: Parameters<typeof openWindow>[0] = { undoSendS: 5 }) {
  const opened = await openWindow(options);
  await openTicket(opened.user, 4821);
  await opened.user.type(answerText(), text);
  return opened;
}

test('Ctrl Z after Ctrl Enter takes the answer back, with its files and its tab', async () => {
  const { backend, user } = await sent('Je vous rappelle');
  await user.click(screen.getByTestId('composer-tab-task'));
  await user.upload(screen.getByTestId('composer-file'), picture());
  await screen.findByTestId('composer-attachment');
  await user.click(answerText());
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(1));
  await settle();
  const [submission] = argumentsOf<Submission>(backend, 'submit');
  const first = submission?.operations[0]?.id ?? '';
  expect(screen.getByTestId('undo-send').textContent).toContain('Part dans 5 s');
  expect(screen.getByTestId('toasts').textContent).toContain('Ctrl Z pour reprendre');
  expect(screen.getByTestId(`pending-${first}`).textContent).toContain('part dans quelques secondes');
  expect(answerText().value).toBe('');

  // The focus is still in the field that was sent from: it is empty, so the key is not its own.
  expect(document.activeElement).toBe(answerText());
  await user.keyboard('{Control>}z{/Control}');
  await settle();
  expect(answerText().value).toBe('Je vous rappelle');
  expect(screen.getByTestId('composer-tab-task').getAttribute('aria-selected')).toBe('true');
  expect(screen.getByTestId('composer-attachment').textContent).toContain('capture.png');
  // The ticket is read again at its own pace.
  await waitFor(() => expect(screen.queryByTestId(`pending-${first}`)).toBeNull());
  expect(screen.queryByTestId('undo-send')).toBeNull();
  expect(screen.getByTestId('toasts').textContent).toContain('de nouveau un brouillon');
  expect((await backend.draft('ticket:4821', null))?.body).toContain('Je vous rappelle');
});

test('in a text, Ctrl Z undoes typing', async () => {
  const { backend, user } = await sent('parti');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  await user.type(answerText(), 'autre chose');
  await user.keyboard('{Control>}z{/Control}');
  await settle();
  expect(argumentsOf(backend, 'takeBack')).toHaveLength(0);
});

test('what came back while something else was typed is put behind it', async () => {
  const { backend, user } = await sent('avant');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  await user.type(answerText(), 'depuis');
  await waitFor(() => expect(screen.getByTestId('composer-draft-state').dataset.state).toBe('saved'));
  await user.click(screen.getByTestId('undo-send-button'));
  await settle();
  expect(answerText().value).toBe('depuis\n\navant');
  const drafts = await backend.drafts();
  expect(drafts.map((draft) => draft.key)).toEqual(['ticket:4821']);
  expect(drafts[0]?.body).toContain('avant');
});

test('what came back in a session that ended is found at the next start', async () => {
  const { backend, user } = await sent('avant');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  await user.type(answerText(), 'depuis');
  await waitFor(() => expect(screen.getByTestId('composer-draft-state').dataset.state).toBe('saved'));
  await waitFor(async () => expect((await backend.draft('ticket:4821', null))?.body).toContain('depuis'));
  const [submission] = argumentsOf<Submission>(backend, 'submit');
  const [returned] = await backend.takeBack(submission?.operations.map((one) => one.id) ?? []);
  expect(returned?.key).toContain('returned:');
  closeWindow();
  const again = await openWindow(backend);
  await openTicket(again.user, 4821);
  await waitFor(() => expect(answerText().value).toBe('depuis\n\navant'));
});

test('a new ticket taken back is the form again', async () => {
  const { user } = await openWindow({ undoSendS: 5 });
  await user.keyboard('{Control>}n{/Control}');
  await user.type(await screen.findByTestId('new-ticket-title'), 'Écran noir');
  await user.type(screen.getByTestId('new-ticket-text'), 'Depuis ce matin');
  await user.click(screen.getByTestId('new-ticket-send'));
  await settle();
  expect(screen.queryByTestId('new-ticket-form')).toBeNull();
  await user.click(screen.getByTestId('undo-send-button'));
  await settle();
  expect((await screen.findByTestId('new-ticket-title')) as HTMLInputElement).toHaveProperty('value', 'Écran noir');
  expect((screen.getByTestId('new-ticket-text') as HTMLTextAreaElement).value).toBe('Depuis ce matin');
});

test('what has left is not taken back, and it is said', async () => {
  const { backend, user } = await sent('parti', { undoSendS: 5 });
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  const [submission] = argumentsOf<Submission>(backend, 'submit');
  backend.setState(submission?.operations[0]?.id ?? '', { type: 'in_flight' });
  await user.keyboard('{Control>}z{/Control}');
  await settle();
  expect(screen.getByTestId('toasts').textContent).toContain('ne peut plus être repris');
  expect(answerText().value).toBe('');
  await user.keyboard('{Control>}z{/Control}');
  await settle();
  expect(screen.getByTestId('toasts').textContent).toContain('Rien à reprendre');
});

test('without a network, what waits can be taken back from the outbox, whenever', async () => {
  const gate = { type: 'offline' as const, since: new Date().toISOString(), retry_at: new Date().toISOString() };
  const { backend, user } = await sent('hors ligne', { undoSendS: 0, gate });
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  const [submission] = argumentsOf<Submission>(backend, 'submit');
  await user.click(screen.getByTestId('outbox-button'));
  await user.click(await screen.findByTestId(`entry-take-back-${submission?.operations[0]?.id ?? ''}`));
  await settle();
  expect(screen.getByTestId('ticket-4821')).toBeTruthy();
  expect(answerText().value).toBe('hors ligne');
});

test('what is held can be sent at once', async () => {
  const { backend, user } = await sent('vite');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  const [submission] = argumentsOf<Submission>(backend, 'submit');
  const id = submission?.operations[0]?.id ?? '';
  await user.click(screen.getByTestId('outbox-button'));
  const button = await screen.findByTestId(`entry-retry-${id}`);
  expect(button.textContent).toContain('Envoyer tout de suite');
  await user.click(button);
  expect(argumentsOf(backend, 'resolveEntry')).toEqual([id]);
});

test('the command list offers to take back only what can be', async () => {
  const { backend, user } = await sent('parti', { undoSendS: 0 });
  const offered = async (): Promise<boolean> => {
    await user.keyboard('{Control>}k{/Control}>reprendre');
    await settle();
    const there = screen.queryByTestId('hit-command-undo-send') !== null;
    await user.clear(screen.getByTestId('search-input'));
    await user.keyboard('{Escape}');
    return there;
  };
  expect(await offered()).toBe(false);
  await user.click(answerText());
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(await offered()).toBe(true);
  const [submission] = argumentsOf<Submission>(backend, 'submit');
  backend.setState(submission?.operations[0]?.id ?? '', { type: 'sent', at: new Date().toISOString() });
  await settle();
  await waitFor(async () => expect(await offered()).toBe(false));
});
