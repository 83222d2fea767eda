// The knowledge base beside the answer, and what was read and used of it on this computer.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { FakeBackend } from '../backend/fake';
import type { Submission } from '../backend/types';
import { ArticleUses } from '../state/articleuse.svelte';
import { answerText, argumentsOf, openTicket, openWindow, settle } from './window';

test('what is read comes first, what is used most too', async () => {
  const uses = new ArticleUses(new FakeBackend());
  for (const [id, title, used] of [
    [1, 'Un', false],
    [2, 'Deux', true],
    [3, 'Trois', true],
    [3, 'Trois', true],
    [1, 'Un, revu', false],
  ] as const) {
    if (used) uses.used(id, title);
    else uses.opened(id, title);
    await settle();
  }
  expect(uses.all.map((one) => one.title)).toEqual(['Un, revu', 'Trois', 'Deux']);
  expect(uses.most(5).map((one) => [one.id, one.uses])).toEqual([
    [3, 2],
    [2, 1],
  ]);
});

test('an article is found beside the answer from the ticket, and inserted where the caret stands, by keyboard', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Bonjour,');
  await user.keyboard('{Alt>}b{/Alt}');
  const shelf = await screen.findByTestId('shelf');
  await waitFor(() => expect(within(shelf).getByTestId('shelf-31')).toBeTruthy());
  expect(within(shelf).getByRole('listbox')).toBe(document.activeElement);
  const selected = within(shelf).getByRole('option', { selected: true });
  expect(document.activeElement?.getAttribute('aria-activedescendant')).toBe(selected.id);
  await user.keyboard('{Enter}');
  await waitFor(() => expect(answerText().value).toMatch(/^Bonjour,\n\n./));
  await waitFor(() => expect(document.activeElement).toBe(answerText()));
  expect(screen.queryByTestId('shelf')).toBeNull();
});

test('what is being typed changes what is suggested; a reference links the article when the answer is sent', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'bourrage fantôme');
  await user.click(screen.getByTestId('composer-shelf'));
  await screen.findByTestId('shelf-34');
  // One question for all the words.
  expect(argumentsOf(backend, 'search')).toHaveLength(0);
  expect(argumentsOf(backend, 'suggestArticles').length).toBeLessThan(3);
  while (document.activeElement?.getAttribute('aria-activedescendant') !== 'shelf-34')
    await user.keyboard('{ArrowDown}');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(answerText().value).toContain('Bourrage papier fantôme'));
  expect(answerText().value).toContain('bourrage fantôme\n\n');
  expect(screen.getByTestId('composer-links').textContent).toContain('Bourrage papier fantôme');
  expect(argumentsOf(backend, 'submit')).toHaveLength(0);
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(argumentsOf<Submission>(backend, 'submit')).toHaveLength(1));
  const operations = argumentsOf<Submission>(backend, 'submit')[0]?.operations.map((one) => one.operation) ?? [];
  expect(operations.map((operation) => operation.type)).toEqual(['add_followup', 'link_article']);
  expect(operations[1]).toEqual({ type: 'link_article', article: 34 });
  await waitFor(() => expect(screen.queryByTestId('composer-links')).toBeNull());
});

test('an article that was referred to is not linked when one says so, and comes back with what is taken back', async () => {
  const { backend, user } = await openWindow({ undoSendS: 5 });
  await openTicket(user, 4821);
  await user.keyboard('{Alt>}b{/Alt}');
  await screen.findByTestId('shelf-31');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await screen.findByTestId('composer-unlink-31');
  await waitFor(() => expect(document.activeElement).toBe(answerText()));
  await waitFor(() => expect(screen.getByTestId('composer-draft-state').dataset.state).toBe('saved'));
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(argumentsOf<Submission>(backend, 'submit')).toHaveLength(1));
  await settle();
  expect(screen.queryByTestId('composer-links')).toBeNull();
  await user.keyboard('{Control>}z{/Control}');
  await user.click(await screen.findByTestId('composer-unlink-31'));
  expect(document.activeElement).toBe(answerText());
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(argumentsOf<Submission>(backend, 'submit')).toHaveLength(2));
  const operations = argumentsOf<Submission>(backend, 'submit')[1]?.operations.map((one) => one.operation.type);
  expect(operations).toEqual(['add_followup']);
});

test('reading has a table of contents, and is remembered', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  await user.click(screen.getByTestId('knowledge-button'));
  await user.click(await screen.findByTestId('article-hit-31'));
  const contents = await screen.findByTestId('article-contents');
  await user.click(within(contents).getByText('Marche à suivre'));
  expect(document.activeElement?.textContent).toBe('Marche à suivre');
  expect(document.activeElement?.tagName).toMatch(/^H\d$/);
  expect(within(await screen.findByTestId('knowledge-read')).getByText(/Renouveler le certificat/)).toBeTruthy();
  await user.click(screen.getByTestId('article-insert'));
  await settle();
  await user.click(screen.getByTestId('knowledge-button'));
  expect(await screen.findByTestId('knowledge-used')).toBeTruthy();
});
