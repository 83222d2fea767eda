import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { BulkAction, OperationId } from '../backend/types';
import { openWindow, settle } from './window';

async function listed() {
  const opened = await openWindow({ undoSendS: 5 });
  await opened.user.click(screen.getByTestId('view-open'));
  await settle();
  const list = screen.getByTestId('queue');
  list.focus();
  await settle();
  const marked = (): number[] =>
    within(list)
      .getAllByRole('option')
      .filter((row) => row.classList.contains('marked'))
      .map((row) => Number(row.id.replace('queue-option-', '')));
  return { ...opened, list, marked };
}

const changes = (backend: { calls: { name: string; args: unknown[] }[] }): [number[], BulkAction][] =>
  backend.calls.filter((call) => call.name === 'bulk').map((call) => call.args as [number[], BulkAction]);

test('tickets are chosen with Space and Shift and arrows, and let go with Escape', async () => {
  const { user, list, marked } = await listed();
  expect(list.getAttribute('aria-multiselectable')).toBe('true');
  await user.keyboard(' ');
  await settle();
  expect(marked()).toHaveLength(1);
  await user.keyboard('{Shift>}{ArrowDown}{ArrowDown}{/Shift}');
  await settle();
  expect(marked()).toHaveLength(3);
  expect(screen.getByTestId('bulk-count').textContent).toContain('3');
  expect(within(list).getAllByRole('option', { selected: true })).toHaveLength(3);
  await user.keyboard('{Shift>}{ArrowUp}{/Shift}');
  await settle();
  expect(marked()).toHaveLength(2);
  await user.keyboard('{Escape}');
  await settle();
  expect(marked()).toHaveLength(0);
  expect(screen.queryByTestId('bulk-bar')).toBeNull();
  expect(document.activeElement).toBe(list);
});

test('the keys begin at the first row where the open ticket is not in the list', async () => {
  const { user } = await openWindow({ undoSendS: 5 });
  await user.click(screen.getByTestId('view-waiting'));
  await settle();
  const list = screen.getByTestId('queue');
  const waiting = within(list).getAllByRole('option')[0];
  if (!waiting) throw new Error('no waiting ticket in the made-up world');
  await user.click(waiting);
  await settle();
  await user.click(screen.getByTestId('view-unassigned'));
  await settle();
  list.focus();
  await user.keyboard(' ');
  await settle();
  const first = within(list).getAllByRole('option')[0];
  expect(first?.classList.contains('marked')).toBe(true);
});

test('a sync moves nothing in or out of what is chosen', async () => {
  const { backend, user, list, marked } = await listed();
  await user.keyboard('{ArrowDown} {Shift>}{ArrowDown}{/Shift}');
  await settle();
  const before = marked();
  expect(before).toHaveLength(2);
  const first = within(list).getAllByRole('option')[0]?.id.replace('queue-option-', '');
  backend.world.tickets = backend.world.tickets.filter((ticket) => String(ticket.id) !== first);
  backend.publish({ lists: true, tickets: [Number(first)] });
  await settle();
  expect(marked()).toEqual(before);
  expect(document.activeElement).toBe(list);
});

test('Ctrl A chooses the whole list, 500 at most, and says so', async () => {
  const { user } = await openWindow({ tickets: 1_000_000 });
  await user.click(screen.getByTestId('view-all'));
  await settle();
  screen.getByTestId('queue').focus();
  await user.keyboard('{Control>}a{/Control}');
  await waitFor(() => expect(screen.getByTestId('bulk-count').textContent).toContain('500'));
  expect(screen.getByTestId('toasts').textContent).toContain('500 tickets à la fois au plus');
});

test('one change, one call, one undo', async () => {
  const { backend, user, marked } = await listed();
  await user.keyboard(' {Shift>}{ArrowDown}{/Shift}');
  await settle();
  const chosen = marked();
  await user.keyboard('m');
  const what = await screen.findByTestId('bulk-what');
  expect(document.activeElement).toBe(what);
  await user.selectOptions(what, 'priority');
  await user.selectOptions(screen.getByTestId('bulk-value'), '6');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(changes(backend)).toEqual([[chosen, { type: 'set', field: 'priority', new: { type: 'level', value: 6 } }]]);
  expect(screen.queryByTestId('bulk-dialog')).toBeNull();
  expect(marked()).toHaveLength(0);
  expect(screen.getByTestId('undo-send').textContent).toContain('2 envois partent');
  const waiting = backend.entries.filter((entry) => entry.state.type === 'queued').map((entry) => entry.id);
  expect(waiting).toHaveLength(2);
  await user.keyboard('{Control>}z{/Control}');
  await settle();
  const back = backend.calls.find((call) => call.name === 'takeBack')?.args[0] as OperationId[];
  expect(back).toEqual(waiting);
  expect(backend.entries.every((entry) => entry.state.type === 'cancelled')).toBe(true);
});

test('what is refused is listed with its reason, and stays chosen', async () => {
  const { backend, user, marked } = await listed();
  await user.keyboard(' {Shift>}{ArrowDown}{/Shift}');
  await settle();
  const [first, second] = marked();
  backend.world.tickets = backend.world.tickets.map((ticket) =>
    ticket.id === first ? { ...ticket, urgency: 2 } : ticket.id === second ? { ...ticket, urgency: 4 } : ticket,
  );
  await user.keyboard('m');
  await user.selectOptions(await screen.findByTestId('bulk-what'), 'urgency');
  await user.selectOptions(screen.getByTestId('bulk-value'), '2');
  await user.click(screen.getByTestId('bulk-apply'));
  await settle();
  const report = screen.getByTestId('bulk-report');
  expect(document.activeElement).toBe(report);
  expect(report.textContent).toContain('1 ticket modifié');
  expect(screen.getByTestId(`bulk-refused-${String(first)}`).textContent).toContain('C’est déjà le cas');
  await user.click(screen.getByTestId('bulk-close'));
  await settle();
  expect(marked()).toEqual([first]);
});

test('duplicates are merged into a ticket whose title is shown, and none into itself', async () => {
  const { backend, user, marked } = await listed();
  await user.keyboard(' {Shift>}{ArrowDown}{/Shift}');
  await settle();
  const chosen = marked();
  const master = backend.world.tickets.find((ticket) => !chosen.includes(ticket.id) && ticket.status !== 'closed');
  await user.keyboard('m');
  await user.selectOptions(await screen.findByTestId('bulk-what'), 'duplicate');
  expect((screen.getByTestId('bulk-apply') as HTMLButtonElement).disabled).toBe(true);
  await user.type(screen.getByTestId('bulk-other'), `#${String(master?.id)}`);
  await waitFor(() => expect(screen.getByTestId('bulk-other-title').textContent).toBe(master?.title));
  await user.click(screen.getByTestId('bulk-apply'));
  await settle();
  expect(changes(backend)[0]?.[1]).toEqual({ type: 'link', ticket: master?.id, kind: 'duplicate_of' });
  expect(backend.entries.map((entry) => entry.operation.type)).toEqual(['link_ticket', 'link_ticket']);
});
