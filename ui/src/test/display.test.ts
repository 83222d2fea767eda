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
  const items = [...list.querySelectorAll('.row, .head')];
  expect(items[0]?.classList.contains('head')).toBe(true);
  const first = Number(/\d+/.exec(heads[0] ?? '')?.[0]);
  expect(items[first + 1]?.classList.contains('head'), 'the next head follows the first group’s last row').toBe(true);
  // A tree of two levels: rows are numbered in their group.
  expect(list.getAttribute('role')).toBe('tree');
  expect(items[first]?.getAttribute('aria-posinset')).toBe(String(first));
  expect(items[first + 2]?.getAttribute('aria-posinset')).toBe('1');
  expect(items[first + 2]?.getAttribute('aria-level')).toBe('2');
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
  expect(list.querySelector('.row.selected')?.getAttribute('aria-posinset')).toBe('1');
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

const list = (): HTMLElement => screen.getByTestId('queue');
const heads = (): HTMLElement[] => [...list().querySelectorAll<HTMLElement>('.head')];
const active = (): HTMLElement | null => document.getElementById(list().getAttribute('aria-activedescendant') ?? '');

test('a group folds and unfolds from its head, by pointer and by keys; arrows step over what is folded', async () => {
  const { user } = await grouped('status');
  const [first, second] = heads();
  if (!first || !second) throw new Error('two groups are needed');
  const count = Number(first.querySelector('.num')?.textContent);
  list().focus();
  await settle();
  const row = active();
  expect(row?.classList.contains('row')).toBe(true);

  // From a row to its head, and folded there: the head is what one is on.
  await user.keyboard('{ArrowLeft}');
  await settle();
  expect(active()).toBe(heads()[0]);
  await user.keyboard('{ArrowLeft}');
  await settle();
  expect(heads()[0]?.getAttribute('aria-expanded')).toBe('false');
  expect(heads()[0]?.querySelector('.num')?.textContent, 'the count stays').toBe(String(count));
  expect(active()).toBe(heads()[0]);
  expect(row?.isConnected).toBe(false);

  // The next stop is the first row of the next group; coming back stops at the folded head.
  await user.keyboard('{ArrowDown}');
  await settle();
  expect(active()?.getAttribute('aria-posinset')).toBe('1');
  expect(screen.getByTestId('queue-within').textContent).toContain(second.querySelector('.cut')?.textContent ?? '?');
  await user.keyboard('{ArrowUp}');
  await settle();
  expect(active()).toBe(heads()[0]);
  // Enter folds and opens nothing; Space and the right arrow unfold.
  await user.keyboard('{Enter}');
  await settle();
  expect(heads()[0]?.getAttribute('aria-expanded')).toBe('true');
  await user.keyboard(' ');
  await settle();
  expect(heads()[0]?.getAttribute('aria-expanded')).toBe('false');
  await user.keyboard('{ArrowRight}');
  await settle();
  expect(heads()[0]?.getAttribute('aria-expanded')).toBe('true');
  expect(screen.queryByTestId('timeline')).toBeNull();
  await user.keyboard('{ArrowRight}');
  await settle();
  expect(active()?.classList.contains('row')).toBe(true);

  const [again] = heads();
  if (again) await user.click(again);
  await settle();
  expect(heads()[0]?.getAttribute('aria-expanded')).toBe('false');
  expect(document.activeElement).toBe(list());
});

test('what is folded is kept for its list; all of it folds and unfolds from the command list, in both languages', async () => {
  const { user } = await grouped('status');
  const folded = (): number => heads().filter((head) => head.getAttribute('aria-expanded') === 'false').length;
  await user.keyboard('{Control>}k{/Control}>replier tous{Enter}');
  await settle();
  expect(folded()).toBe(heads().length);
  expect(list().querySelectorAll('.row')).toHaveLength(0);
  await user.click(screen.getByTestId('view-open'));
  await settle();
  expect(folded()).toBe(0);
  await user.click(screen.getByTestId('view-all'));
  await settle();
  expect(folded()).toBe(heads().length);
  await user.keyboard('{Control>}k{/Control}>unfold all{Enter}');
  await settle();
  expect(folded()).toBe(0);
  expect(list().querySelectorAll('.row').length).toBeGreaterThan(0);
});

test('folding reads nothing, rows folded away are neither read nor chosen, and a change keeps what is folded', async () => {
  const backend = new FakeBackend({ tickets: 5_000 });
  const queue = new QueueModel(backend);
  queue.choose({ view: 'all', group: 'status' });
  await settle();
  // More rows than a page, in groups of any size.
  queue.groups = [
    { key: 'a', name: null, count: 150 },
    { key: 'b', name: null, count: 400 },
    { key: 'c', name: null, count: 30 },
  ].map((group) => ({ ...queue.groups[0], ...group })) as typeof queue.groups;
  queue.total = 580;
  const reads = backend.calls.length;
  queue.fold('b', true);
  expect(backend.calls).toHaveLength(reads);
  expect(queue.items).toBe(580 - 400 + 3);
  expect(queue.itemAt(151)).toMatchObject({ head: { key: 'b' } });
  expect(queue.itemAt(152)).toMatchObject({ head: { key: 'c' } });
  expect(queue.itemAt(153)).toEqual({ row: 550 });
  expect(queue.itemOf(550)).toBe(153);
  expect(queue.itemOf(300), 'a row folded away stands at its head').toBe(151);
  expect(queue.shownRow(150, 1)).toBe(550);
  expect(queue.shownRow(549, -1)).toBe(149);
  // What is in view are rows 140 to 149 and 550 to 560: pages 1 and 5, not those between.
  queue.see(140, 560);
  const offsets = backend.calls.slice(reads).map((call) => (call.args[0] as TicketQuery).offset);
  expect(offsets).toEqual([100, 500]);
  queue.foldAll(true);
  expect(queue.items).toBe(3);
  expect(queue.head).toBeNull();
  await settle();
  await queue.refresh();
  queue.fold('new', true);
  expect(queue.isFolded('new') && queue.isFolded('a')).toBe(true);
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
