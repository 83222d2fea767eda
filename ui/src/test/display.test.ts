// The queue in groups, in columns and as a table.
import { screen, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { FakeBackend } from '../backend/fake';
import type { TicketQuery } from '../backend/types';
import { QueueModel } from '../state/queue.svelte';
import { argumentsOf, openTicket, openWindow, settle } from './window';

async function grouped(by: string) {
  const opened = await openWindow({ tickets: 60 });
  await opened.user.click(screen.getByTestId('view-all'));
  await opened.user.click(screen.getByTestId('display-open'));
  await opened.user.selectOptions(screen.getByTestId('display-group'), by);
  await settle();
  await opened.user.click(screen.getByTestId('display-close'));
  await settle();
  return opened;
}

test('heads with their counts stand between the rows of a grouped queue', async () => {
  const { backend } = await grouped('status');
  const list = screen.getByTestId('queue');
  const heads = [...list.querySelectorAll('[data-testid^="group-"]')].map((head) => head.textContent.trim());
  expect(heads.length).toBeGreaterThan(1);
  const items = [...list.querySelectorAll('[role="option"], .head')];
  expect(items[0]?.classList.contains('head')).toBe(true);
  const first = Number(/\d+/.exec(heads[0] ?? '')?.[0]);
  expect(items[first + 1]?.classList.contains('head'), 'the next head follows the first group’s last row').toBe(true);
  // The rows are numbered without the heads, and the heads are no options.
  expect(items[first + 2]?.getAttribute('aria-posinset')).toBe(String(first + 1));
  const queries = argumentsOf<TicketQuery>(backend, 'listTickets').filter((query) => query.group === 'status');
  expect(queries.filter((query) => query.heads)).toHaveLength(queries.length);
});

test('arrows pass over the heads, and the group that is entered is said', async () => {
  const { user } = await grouped('status');
  const list = screen.getByTestId('queue');
  list.focus();
  await settle();
  const first = Number(list.querySelector('.head .num')?.textContent);
  expect(screen.getByTestId('queue-within').textContent).toContain(String(first));
  const before = screen.getByTestId('queue-within').textContent;
  for (let step = 0; step < first; step++) await user.keyboard('{ArrowDown}');
  await settle();
  expect(list.querySelector('.row.selected')?.getAttribute('aria-posinset')).toBe(String(first + 1));
  expect(screen.getByTestId('queue-within').textContent).not.toBe(before);
});

test('rows and heads are told apart in lists of any shape', async () => {
  const backend = new FakeBackend({ tickets: 90 });
  const queue = new QueueModel(backend);
  queue.choose({ view: 'all', group: 'priority' });
  await settle();
  expect(queue.items).toBe(queue.total + queue.groups.length);
  let row = 0;
  let item = 0;
  for (const group of queue.groups) {
    expect(queue.itemAt(item)).toEqual({ head: group });
    for (let at = 0; at < group.count; at++) {
      expect(queue.itemAt(item + 1 + at)).toEqual({ row: row + at });
      expect(queue.itemOf(row + at)).toBe(item + 1 + at);
      expect(queue.groupOf(row + at)).toBe(group);
      expect(String(queue.row(row + at)?.priority)).toBe(group.key);
    }
    row += group.count;
    item += group.count + 1;
  }
  expect(row).toBe(queue.total);
});

test('the facts of a row are chosen, and the last one stays', async () => {
  const { user } = await openWindow();
  await user.click(screen.getByTestId('view-open'));
  await settle();
  const row = (): HTMLElement => within(screen.getByTestId('queue')).getAllByRole('option')[0] as HTMLElement;
  const number = row().id.replace('queue-option-', '#');
  expect(row().textContent).not.toContain(number);
  await user.click(screen.getByTestId('display-open'));
  await user.click(screen.getByTestId('display-column-id'));
  expect(row().textContent).toContain(number);
  for (const column of ['requester', 'location', 'category', 'status', 'updated', 'target'])
    await user.click(screen.getByTestId(`display-column-${column}`));
  expect((screen.getByTestId('display-column-id') as HTMLInputElement).disabled).toBe(true);
  await user.click(screen.getByTestId('display-usual'));
  expect(row().textContent).not.toContain(number);
});

test('a table has the window’s width until a ticket is open beside it', async () => {
  const { user } = await openWindow();
  await user.click(screen.getByTestId('view-open'));
  await user.click(screen.getByTestId('display-open'));
  await user.click(screen.getByTestId('display-table'));
  await user.click(screen.getByTestId('display-close'));
  await settle();
  const list = screen.getByTestId('queue');
  expect(document.querySelector('.console.table')).not.toBeNull();
  expect(list.querySelector('.row.line')).not.toBeNull();
  // The same keys as before.
  list.focus();
  await user.keyboard('{ArrowDown} {Shift>}{ArrowDown}{/Shift}');
  await settle();
  expect(list.querySelectorAll('.row.marked')).toHaveLength(2);
  await user.keyboard('{Escape}');
  await openTicket(user, Number(list.querySelector('.row')?.id.replace('queue-option-', '')));
  expect(document.querySelector('.console.table')).toBeNull();
  expect(list.querySelector('.row.line')).toBeNull();
});

test('grouping and the table are in the command list, and a kept view remembers them', async () => {
  const { backend, user } = await openWindow();
  await user.keyboard('{Control>}k{/Control}>grouper priorité{Enter}');
  await settle();
  await user.keyboard('{Control>}k{/Control}>file tableau{Enter}');
  await settle();
  await user.click(screen.getByTestId('view-save'));
  await user.type(screen.getByTestId('view-name'), 'Tri{Enter}');
  await settle();
  expect((await backend.savedViews())[0]).toMatchObject({ group: 'priority', layout: 'table' });
});
