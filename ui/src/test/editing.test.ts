import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { Operation, Submission } from '../backend/types';
import { answerText, argumentsOf, closeWindow, openTicket, openWindow, settle } from './window';

const operations = (backend: Parameters<typeof argumentsOf>[0]): Operation[] =>
  argumentsOf<Submission>(backend, 'submit').flatMap((one) => one.operations.map(({ operation }) => operation));

test('kind and channel are changed in place, as intents that know what was on screen', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  const ticket = backend.world.tickets.find((one) => one.id === 4821);
  const kind = screen.getByTestId<HTMLSelectElement>('field-kind');
  expect(kind.value).toBe(ticket?.kind);
  await user.selectOptions(kind, 'request');
  const channel = screen.getByTestId<HTMLSelectElement>('field-channel');
  const other = backend.world.catalogues.channel.find((one) => one.id !== ticket?.channel?.id);
  await user.selectOptions(channel, String(other?.id));
  await waitFor(() =>
    expect(operations(backend)).toEqual([
      {
        type: 'set_field',
        field: 'kind',
        base: { type: 'kind', value: 'incident' },
        new: { type: 'kind', value: 'request' },
      },
      {
        type: 'set_field',
        field: 'channel',
        base: { type: 'row', value: ticket?.channel?.id ?? null },
        new: { type: 'row', value: other?.id },
      },
    ]),
  );
});

test('an observer is added and taken off', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.click(screen.getByTestId('observe'));
  const group = backend.world.groups[0];
  await user.selectOptions(within(screen.getByTestId('observe-dialog')).getByTestId('assign-group'), String(group?.id));
  const chip = await screen.findByTestId('observe-chip');
  await user.click(within(chip).getByRole('button'));
  const actor = { role: 'observer', party: { type: 'group', id: group?.id } };
  await waitFor(() =>
    expect(operations(backend)).toEqual([
      { type: 'assign', actor },
      { type: 'unassign', actor },
    ]),
  );
});

test('a description is changed in place, and the change survives the window', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.click(screen.getByTestId('edit-description'));
  await user.type(screen.getByTestId('description-input'), ' Urgent.');
  await settle();
  closeWindow();
  const again = await openWindow(backend);
  await openTicket(again.user, 4821);
  const input = await screen.findByTestId<HTMLTextAreaElement>('description-input');
  await waitFor(() => expect(input.value).toContain('Urgent.'));
  await again.user.click(screen.getByTestId('description-save'));
  await waitFor(() => expect(operations(backend)).toHaveLength(1));
  const [set] = operations(backend);
  expect(argumentsOf<Submission>(backend, 'submit')[0]?.draft).toBe('description:4821');
  expect(set).toMatchObject({ type: 'set_field', field: 'description' });
  expect(JSON.stringify(set)).toContain('Urgent.');
  await waitFor(() => expect(screen.queryByTestId('description-input')).toBeNull());
  expect(screen.getByTestId('description').textContent).toContain('Urgent.');
});

test('an image that cannot be written back is not dropped without a word', async () => {
  const { backend, user } = await openWindow();
  const ticket = backend.world.tickets.find((one) => one.id === 4821);
  ticket?.description.blocks.push({
    type: 'paragraph',
    content: [{ type: 'image', document: null, alt: 'capture' }],
  });
  await openTicket(user, 4821);
  await user.click(screen.getByTestId('edit-description'));
  expect((await screen.findByTestId('description-loses')).textContent).toContain('1 image');
  expect(screen.getByTestId<HTMLButtonElement>('description-save').disabled).toBe(true);
  await user.click(screen.getByTestId('description-loses-accept'));
  expect(screen.getByTestId<HTMLButtonElement>('description-save').disabled).toBe(false);
  await user.click(screen.getByTestId('description-cancel'));
  expect(operations(backend)).toEqual([]);
});

test('a task is planned for somebody', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.click(screen.getByTestId('composer-tab-task'));
  await user.type(answerText(), 'Passer sur site');
  const begin = screen.getByTestId('composer-task-begin');
  await user.type(begin, 'un jour');
  expect(screen.getByTestId<HTMLButtonElement>('composer-send').disabled).toBe(true);
  await user.clear(begin);
  await user.type(begin, '05/01/2099 9h30');
  const person = backend.world.people[1];
  await user.type(screen.getByTestId('composer-task-assignee'), person?.last_name ?? '');
  await user.keyboard('{Enter}');
  await settle();
  expect(screen.getByTestId<HTMLSelectElement>('composer-task-state').value).toBe('todo');
  await user.click(screen.getByTestId('composer-send'));
  await waitFor(() => expect(operations(backend)).toHaveLength(1));
  expect(operations(backend)[0]).toMatchObject({
    type: 'add_task',
    state: 'todo',
    begin: new Date(2099, 0, 5, 9, 30).toISOString(),
    assignee: person?.id,
  });
});

test('"::" proposes templates where one writes, and Enter inserts one', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Bonjour, ::rap');
  const list = await screen.findByTestId('templates');
  expect(within(list).getAllByRole('option')).toHaveLength(1);
  expect(answerText().getAttribute('aria-activedescendant')).toBe(within(list).getByRole('option').id);
  await user.keyboard('{Enter}');
  await waitFor(() => expect(screen.queryByTestId('templates')).toBeNull());
  expect(answerText().value).toMatch(/^Bonjour, Nous vous rappelons/);
  expect(operations(backend)).toEqual([]);
  await user.click(screen.getByTestId('composer-tab-solution'));
  await user.type(answerText(), ' ::');
  expect((await screen.findByTestId('templates')).textContent).toContain('votre profil n’a pas le droit');
  await user.keyboard('{Escape}');
  expect(screen.queryByTestId('templates')).toBeNull();
  expect(answerText().value).toContain('::');
});

test('a joined picture is seen before it is sent, and taken off again', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  const picture = new File([new Uint8Array([137, 80, 78, 71])], 'capture.png', { type: 'image/png' });
  await user.upload(screen.getByTestId('composer-file'), picture);
  const tile = await screen.findByTestId('composer-attachment');
  await waitFor(() => expect(tile.querySelector('img')?.src).toBe('data:image/png;base64,iVBORw=='));
  expect(tile.textContent).toContain('capture.png');
  await user.click(within(tile).getByLabelText('Retirer capture.png'));
  expect(screen.queryByTestId('composer-attachment')).toBeNull();
});

test('who asked and the targets each stand under their own heading, with or without a requester', async () => {
  const { backend, user } = await openWindow();
  backend.world.requester.delete(4821);
  await openTicket(user, 4821);
  const card = screen.getByTestId('requester-card');
  const lines = card.innerText || card.textContent;
  expect(lines.indexOf('Aucun demandeur')).toBeGreaterThan(lines.indexOf('Demandeur'));
  expect(lines.indexOf('Aucun demandeur')).toBeLessThan(lines.indexOf('Échéances'));
});

test('offline, the status bar says when the last round was', async () => {
  const { backend } = await openWindow();
  const since = new Date().toISOString();
  backend.setGate({ type: 'offline', since, retry_at: since });
  await waitFor(() =>
    expect(screen.getByTestId('status-sync').textContent).toMatch(
      /^Hors ligne · dernière synchronisation (à|le) .*\d\d:\d\d$/,
    ),
  );
});
