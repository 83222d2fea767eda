// A ticket is read while somebody looks at its row, so that opening it shows it at once, as it is then.
import { screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { TicketId } from '../backend/types';
import { answerText, argumentsOf, openWindow, settle } from './window';

/** Longer than a row is looked at before it is read. */
const looked = async (): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 80));
  await settle();
};

async function atTheList() {
  const opened = await openWindow();
  screen.getByTestId('queue').focus();
  await looked();
  const reads = (): TicketId[] => argumentsOf<TicketId>(opened.backend, 'openTicket');
  const first = reads()[0] ?? 0;
  expect(first).not.toBe(0);
  return { ...opened, reads, first };
}

test('the selected row is read once, and opens with its draft and what lies around it', async () => {
  const { backend, user, reads, first } = await atTheList();
  const [, row] = screen.getAllByTestId(/^queue-row-/);
  const second = Number(row?.dataset.testid?.split('-').at(-1));
  await backend.saveDraft({
    key: `ticket:${String(second)}`,
    ticket: second,
    body: JSON.stringify({ text: 'Je vous rappelle' }),
    attachments: [],
    updated_at: new Date().toISOString(),
  });
  await user.keyboard('{ArrowDown}');
  await looked();
  await user.keyboard('{ArrowUp}');
  await looked();
  await user.keyboard('{ArrowDown}{Enter}');
  await screen.findByTestId(`ticket-${String(second)}`);
  await settle();
  expect(answerText().value).toBe('Je vous rappelle');
  expect(screen.getByTestId('related-requester')).toBeTruthy();
  expect(reads()).toEqual([first, second]);
  const calls = backend.calls.map(({ name }) => name);
  expect(calls).not.toContain('draft');
  expect(calls.filter((name) => name === 'aroundTicket')).toHaveLength(2);
});

test('a list run through is not read row by row', async () => {
  const { user, reads } = await atTheList();
  await user.keyboard('{ArrowDown}{ArrowDown}{ArrowDown}');
  await looked();
  expect(reads()).toHaveLength(2);
});

test('the row under the pointer is read', async () => {
  const { user, reads } = await atTheList();
  const rows = screen.getAllByTestId(/^queue-row-/);
  const [, , third] = rows;
  if (!third) throw new Error('too few rows');
  await user.hover(third);
  await looked();
  expect(third.dataset.testid).toBe(`queue-row-${String(reads().at(-1))}`);
});

test('what changed since it was read is read again', async () => {
  const { backend, user, reads, first } = await atTheList();
  const ticket = backend.world.tickets.find(({ id }) => id === first);
  if (!ticket) throw new Error('no such ticket');
  ticket.title = 'Un autre titre';
  backend.publish({ tickets: [first] });
  await user.keyboard('{Enter}');
  await waitFor(() => expect(document.getElementById('ticket-title')?.textContent).toBe('Un autre titre'));
  expect(reads().filter((id) => id === first)).toHaveLength(2);
});

test('a draft typed since the ticket was read ahead is the one shown', async () => {
  const { user, first } = await atTheList();
  await user.keyboard('{Enter}');
  await screen.findByTestId(`ticket-${String(first)}`);
  await settle();
  await user.type(answerText(), 'Bonjour');
  screen.getByTestId('queue').focus();
  await user.keyboard('{ArrowDown}{Enter}');
  await settle();
  screen.getByTestId('queue').focus();
  await user.keyboard('{ArrowUp}');
  await looked();
  await user.keyboard('{Enter}');
  await screen.findByTestId(`ticket-${String(first)}`);
  await settle();
  expect(answerText().value).toBe('Bonjour');
});
