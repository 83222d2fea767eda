import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import type { Submission } from '../backend/types';
import { answerText, argumentsOf, closeWindow, openTicket, openWindow, settle } from './window';

const picture = (): File => new File([new Uint8Array([137, 80, 78, 71])], 'capture.png', { type: 'image/png' });

test('a draft with all its parts is there again after the window was closed', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.click(screen.getByTestId('composer-tab-task'));
  await user.type(answerText(), 'Poste repris à distance');
  await user.click(screen.getByTestId('composer-private'));
  await user.selectOptions(screen.getByTestId('composer-task-state'), 'todo');
  await user.upload(screen.getByTestId('composer-file'), picture());
  await screen.findByTestId('composer-attachment');
  await waitFor(() => expect(screen.getByTestId('composer-draft-state').dataset.state).toBe('saved'));
  closeWindow();

  const again = await openWindow(backend);
  await openTicket(again.user, 4821);
  expect(answerText().value).toBe('Poste repris à distance');
  expect(screen.getByTestId('composer-tab-task').getAttribute('aria-selected')).toBe('true');
  expect((screen.getByTestId('composer-private') as HTMLInputElement).checked).toBe(true);
  expect((screen.getByTestId('composer-task-state') as HTMLSelectElement).value).toBe('todo');
  expect(screen.getByTestId('composer-attachment').textContent).toContain('capture.png');
});

test('each ticket has its own draft', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'pour Claire');
  await openTicket(user, 4819);
  expect(answerText().value).toBe('');
  await user.type(answerText(), 'pour Inès');
  await openTicket(user, 4821);
  expect(answerText().value).toBe('pour Claire');
});

test('Ctrl Enter sends the text, then its files hung on it, and forgets the draft', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Capture jointe');
  await user.upload(screen.getByTestId('composer-file'), picture());
  await screen.findByTestId('composer-attachment');
  await user.click(answerText());
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(1));
  await settle();

  const [submission] = argumentsOf<Submission>(backend, 'submit');
  const [said, file] = submission?.operations ?? [];
  expect(submission?.lane).toBe(4821);
  expect(submission?.draft).toBe('ticket:4821');
  expect(said?.operation).toEqual({
    type: 'add_followup',
    private: false,
    body: { blocks: [{ type: 'paragraph', content: [{ type: 'text', text: 'Capture jointe' }] }] },
  });
  expect(file?.operation).toMatchObject({
    type: 'upload_document',
    attachment: { filename: 'capture.png', mime: 'image/png' },
    attach_to: { type: 'operation', id: said?.id },
  });
  // Identities are time-ordered UUIDs, chosen here.
  expect(said?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
  expect(answerText().value).toBe('');
  expect(await backend.draft('ticket:4821', null)).toBeNull();
  expect(await screen.findByTestId(`pending-${said?.id ?? ''}`)).toBeTruthy();
});

test('the last keystroke is not saved after the outbox took the draft over', async () => {
  const { backend, user } = await openWindow();
  backend.saveDelayMs = 30;
  await openTicket(user, 4821);
  await user.type(answerText(), 'vite envoyé');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(1));
  await new Promise((resolve) => setTimeout(resolve, 80));
  expect(await backend.draft('ticket:4821', null)).toBeNull();
});

test('a submission that is refused keeps the text and says why', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'à ne pas perdre');
  backend.failNext.set(
    'submit',
    new BackendFailure({ code: 'store_disk_full', message: 'Le disque est plein.', hint: 'Libérez de la place.' }),
  );
  await user.click(screen.getByTestId('composer-send'));
  expect((await screen.findByText('Le disque est plein.')).textContent).toBeTruthy();
  expect(screen.getByText('Libérez de la place.')).toBeTruthy();
  expect(answerText().value).toBe('à ne pas perdre');
});

test('Escape leaves the field and never the text', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'encore là');
  await user.keyboard('{Escape}');
  expect(document.activeElement).not.toBe(answerText());
  expect(answerText().value).toBe('encore là');
  await user.keyboard('{Escape}');
  expect(screen.queryByTestId('ticket-4821')).toBeNull();
  await openTicket(user, 4821);
  expect(answerText().value).toBe('encore là');
});

test('a picture pasted from the clipboard becomes an attachment', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  await user.click(answerText());
  const file = new File([new Uint8Array([1, 2])], 'image.png', { type: 'image/png' });
  await fireEvent.paste(answerText(), { clipboardData: { files: [file] } });
  expect((await screen.findByTestId('composer-attachment')).textContent).toMatch(/capture-\d{4}-.*\.png/);
});

test('Alt P makes the answer private', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'interne');
  await user.keyboard('{Alt>}p{/Alt}');
  await user.click(screen.getByTestId('composer-send'));
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(1));
  expect(argumentsOf<Submission>(backend, 'submit')[0]?.operations[0]?.operation).toMatchObject({ private: true });
});

test('a solution and a task become their own operations', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.click(screen.getByTestId('composer-tab-task'));
  await user.type(answerText(), 'appelé');
  await user.clear(screen.getByTestId('composer-task-minutes'));
  await user.type(screen.getByTestId('composer-task-minutes'), '10');
  await user.click(screen.getByTestId('composer-send'));
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(1));
  await settle();
  await user.click(screen.getByTestId('composer-tab-solution'));
  await user.type(answerText(), 'corrigé');
  await user.selectOptions(screen.getByTestId('composer-solution-type'), '2');
  await user.click(screen.getByTestId('composer-send'));
  await waitFor(() => expect(argumentsOf(backend, 'submit')).toHaveLength(2));
  const [task, solution] = argumentsOf<Submission>(backend, 'submit').map((one) => one.operations[0]?.operation);
  expect(task).toMatchObject({ type: 'add_task', state: 'done', duration_s: 600 });
  expect(solution).toMatchObject({ type: 'add_solution', solution_type: 2 });
});

test('articles are proposed for the ticket at hand before anything is typed', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  await user.click(screen.getByTestId('knowledge-button'));
  expect(await screen.findByText('Pour le ticket #4821')).toBeTruthy();
  // "refusé" leads to this one alone.
  expect(screen.getByTestId('article-hit-31')).toBeTruthy();
});

test('the knowledge base is there before anything is typed, newest first and by category', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('knowledge-button'));
  const recent = await screen.findByTestId('knowledge-recent');
  const newestFirst = [...backend.world.articles]
    .sort((a, b) => (b.updated_at ?? '').localeCompare(a.updated_at ?? ''))
    .map((one) => one.title);
  const shown = (): string[] =>
    [...recent.querySelectorAll('.name')].map((one) => one.textContent.trim()).slice(0, newestFirst.length);
  await waitFor(() => expect(shown()).toEqual(newestFirst.slice(0, 50)));
  const category = backend.world.articles.flatMap((one) => one.categories)[0];
  if (!category) throw new Error('the demo world has no category');
  const filed = backend.world.articles.filter((one) => one.categories.some((own) => own.id === category.id));
  await user.selectOptions(screen.getByTestId('knowledge-category'), String(category.id));
  await waitFor(() => expect(shown().sort()).toEqual(filed.map((one) => one.title).sort()));
});

test('an article is inserted in the answer of the ticket at hand', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Bonjour,');
  await user.click(screen.getByTestId('knowledge-button'));
  await user.type(screen.getByTestId('knowledge-search'), 'secours');
  await user.click(await screen.findByTestId('article-hit-33'));
  await user.click(await screen.findByTestId('article-insert'));
  await screen.findByTestId('ticket-4821');
  await settle();
  expect(answerText().value).toBe('Bonjour,\n\nLe portail web donne accès à la messagerie et aux fichiers récents.');
});
