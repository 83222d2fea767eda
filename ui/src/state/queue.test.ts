import { expect, test } from 'vitest';

import { FakeBackend } from '../backend/fake';
import type { TicketQuery } from '../backend/types';
import { PAGE, QueueModel } from './queue.svelte';

const pages = (backend: FakeBackend): number[] =>
  backend.calls
    .filter((call) => call.name === 'listTickets')
    .map((call) => (call.args[0] as TicketQuery).offset / PAGE);

async function opened(tickets: number): Promise<{ backend: FakeBackend; queue: QueueModel }> {
  const backend = new FakeBackend({ tickets });
  const queue = new QueueModel(backend);
  queue.choose({ view: 'all' });
  await new Promise((resolve) => setTimeout(resolve, 0));
  return { backend, queue };
}

test('of a million rows only the pages in view are read', async () => {
  const { backend, queue } = await opened(1_000_000);
  expect(queue.total).toBe(1_000_000);
  queue.see(500_000, 500_020);
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(queue.row(500_010)?.title).toContain('500011');
  expect(pages(backend)).toEqual([0, 500_000 / PAGE]);
});

test('going to the last row reads its page alone', async () => {
  const { backend, queue } = await opened(1_000_000);
  const row = await queue.selectAt(999_999);
  expect(row?.title).toContain('1000000');
  expect(pages(backend)).toEqual([0, 1_000_000 / PAGE - 1]);
});

test('a page is not read twice at once', async () => {
  const { backend, queue } = await opened(10_000);
  queue.see(4_000, 4_010);
  queue.see(4_005, 4_015);
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(pages(backend)).toEqual([0, 4000 / PAGE]);
});

test('after a change the selection follows its ticket, not its place', async () => {
  const { backend, queue } = await opened(300);
  const row = await queue.selectAt(3);
  const first = queue.row(0);
  expect(row && first).toBeTruthy();
  // The first ticket leaves the list.
  backend.world.tickets = backend.world.tickets.filter((ticket) => ticket.id !== first?.id);
  await queue.refresh();
  expect(queue.selected).toBe(row?.id);
  expect(queue.selectedIndex).toBe(2);
  expect(queue.row(2)?.id).toBe(row?.id);
});

test('a reading that was overtaken is dropped', async () => {
  const { backend, queue } = await opened(300);
  const slow = backend.listTickets.bind(backend);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  backend.listTickets = async (query) => {
    const list = await slow(query);
    await held;
    return list;
  };
  queue.choose({ view: 'solved' });
  backend.listTickets = slow;
  queue.choose({ view: 'waiting' });
  await new Promise((resolve) => setTimeout(resolve, 0));
  release();
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(queue.row(0)?.status).toBe('waiting');
});

test('a list gone back to is there at once, until something changes', async () => {
  const { backend, queue } = await opened(400);
  queue.choose({ view: 'open' });
  await new Promise((resolve) => setTimeout(resolve, 0));
  const first = queue.row(0)?.id;
  queue.choose({ view: 'all' });
  expect(queue.loaded).toBe(true);
  expect(queue.total).toBe(400);
  expect(queue.row(0)).toBeDefined();
  queue.choose({ view: 'open' });
  expect(queue.row(0)?.id).toBe(first);
  expect(pages(backend)).toHaveLength(2);
  // Once told that something changed, nothing kept is shown.
  await queue.refresh();
  queue.choose({ view: 'all' });
  expect(queue.loaded).toBe(false);
  await new Promise((resolve) => setTimeout(resolve, 0));
  expect(pages(backend)).toHaveLength(4);
});

test('a list about to be chosen is read ahead, unless something changes meanwhile', async () => {
  const { backend, queue } = await opened(400);
  await queue.look('open');
  await queue.look('open');
  queue.choose({ view: 'open' });
  expect(queue.loaded).toBe(true);
  expect(queue.view).toBe('open');
  expect(pages(backend)).toHaveLength(2);
  const looking = queue.look('waiting');
  await queue.refresh();
  await looking;
  queue.choose({ view: 'waiting' });
  expect(queue.loaded).toBe(false);
});

test('a list asked for before the account is known is shown with it, unless something changed or nobody was signed in', async () => {
  const backend = new FakeBackend({ tickets: 300 });
  const queue = new QueueModel(backend);
  const [early, mine] = [null, 7];
  const asked = (): (number | null)[] =>
    backend.calls.filter((call) => call.name === 'listTickets').map((call) => (call.args[0] as TicketQuery).me ?? null);
  queue.begin();
  await queue.enter(mine);
  expect(queue.loaded && queue.total > 0).toBe(true);
  expect(asked()).toEqual([early]);
  queue.begin();
  queue.dropBeginning();
  await queue.enter(mine);
  expect(asked()).toEqual([early, early, mine]);
  queue.begin();
  await queue.refresh();
  await queue.enter(mine);
  expect(asked()).toEqual([early, early, mine, early, mine, mine]);
});
