// What a sync may not do to the queue: move the row under the eye, lose the selection, the focus or the chosen rows.
import { fireEvent, screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { Ticket } from '../backend/types';
import { openWindow, settle } from './window';

const ROW = 52;

async function at(rows: number) {
  const opened = await openWindow({ tickets: 120 });
  await opened.user.click(screen.getByTestId('view-all'));
  await opened.user.selectOptions(screen.getByTestId('queue-sort'), 'opened');
  await settle();
  const list = screen.getByTestId('queue');
  list.scrollTop = rows * ROW;
  await fireEvent.scroll(list);
  await settle();
  const { world } = opened.backend;
  const newest = (): Ticket[] => [...world.tickets].sort((a, b) => b.opened_at.localeCompare(a.opened_at));
  let next = 9_000;
  /** So many tickets, opened just after the one at a place. */
  const arrive = async (place: number, count: number): Promise<void> => {
    const model = newest()[place];
    if (!model) throw new Error('no such place');
    for (let n = 1; n <= count; n++) {
      const opened_at = new Date(new Date(model.opened_at).getTime() + n).toISOString();
      world.tickets.push({ ...model, id: next++, title: `Arrivé ${String(n)}`, opened_at });
    }
    opened.backend.publish({ lists: true });
    // Reads that changes ask for keep their distance.
    await new Promise((resolve) => setTimeout(resolve, 150));
    await settle();
  };
  const selected = (): string | undefined => list.querySelector('.row.selected')?.id;
  return { ...opened, list, newest, arrive, selected };
}

/** The place a row is drawn at, from the top of the list's own window, in rows. */
function screenPlace(list: HTMLElement, id: number): number {
  const row = list.querySelector(`#queue-option-${String(id)}`);
  const index = Number(row?.getAttribute('aria-posinset')) - 1;
  return index - list.scrollTop / ROW;
}

test('rows that arrive above do not move those in view, nor the selection, the chosen rows or the focus', async () => {
  const { user, list, newest, arrive, selected } = await at(20);
  const eye = newest()[22]?.id ?? 0;
  await user.click(screen.getByTestId(`queue-row-${String(newest()[24]?.id)}`));
  await settle();
  list.focus();
  await user.keyboard(' ');
  await settle();
  list.scrollTop = 20 * ROW;
  await fireEvent.scroll(list);
  await settle();
  const [place, row] = [screenPlace(list, eye), selected()];
  expect(place).toBe(2);
  await arrive(0, 3);
  expect(list.scrollTop).toBe(23 * ROW);
  expect(screenPlace(list, eye)).toBe(place);
  expect(selected()).toBe(row);
  expect(list.getAttribute('aria-activedescendant')).toBe(row);
  expect(screen.getByTestId('bulk-count').textContent).toContain('1');
  expect(document.activeElement).toBe(list);
  // What came is one press away.
  expect(screen.getByTestId('queue-above').textContent).toContain('3');
  await user.click(screen.getByTestId('queue-above'));
  expect(list.scrollTop).toBe(0);
});

test('a click just after a scroll opens the row under it', async () => {
  const { user, list, newest, selected } = await at(0);
  list.scrollTop = 10 * ROW;
  await fireEvent.scroll(list);
  // The list still holds itself for scrolling here.
  expect(list.querySelector<HTMLElement>(':scope > div')?.style.pointerEvents).toBe('none');
  const row = newest()[12]?.id;
  await user.click(screen.getByTestId(`queue-row-${String(row)}`));
  await settle();
  expect(selected()).toBe(`queue-option-${String(row)}`);
});

test('a row that arrives inside the window leaves most of it where it is', async () => {
  const { list, newest, arrive } = await at(20);
  const eye = newest()[21]?.id ?? 0;
  const place = screenPlace(list, eye);
  await arrive(33, 1);
  expect(list.scrollTop).toBe(20 * ROW);
  expect(screenPlace(list, eye)).toBe(place);
});

test('a row that is sorted elsewhere is not followed there', async () => {
  const { backend, list, newest } = await at(20);
  const eye = newest()[23]?.id ?? 0;
  const place = screenPlace(list, eye);
  const moved = newest()[20];
  if (moved) moved.opened_at = new Date(Date.now() + 60_000).toISOString();
  backend.publish({ lists: true });
  await settle();
  // It went above: the others keep their places on the screen.
  expect(screenPlace(list, eye)).toBe(place);
});

test('at the top, what is new shows unless somebody is at the list', async () => {
  const { list, newest, arrive } = await at(0);
  await arrive(0, 1);
  expect(list.scrollTop).toBe(0);
  expect(screen.queryByTestId('queue-above')).toBeNull();
  list.focus();
  await settle();
  const eye = newest()[4]?.id ?? 0;
  const place = screenPlace(list, eye);
  await arrive(0, 2);
  expect(screenPlace(list, eye)).toBe(place);
  expect(screen.getByTestId('queue-above').textContent).toContain('2');
});

test('when the focused row leaves, the next one is selected and that is said', async () => {
  const { backend, user, list, newest, selected } = await at(0);
  list.focus();
  await user.keyboard('{ArrowDown}{ArrowDown}');
  await settle();
  const [gone, next] = [newest()[2], newest()[3]];
  expect(selected()).toBe(`queue-option-${String(gone?.id)}`);
  backend.world.tickets = backend.world.tickets.filter((ticket) => ticket.id !== gone?.id);
  backend.publish({ lists: true, tickets: [gone?.id ?? 0] });
  await settle();
  expect(document.activeElement).toBe(list);
  expect(selected()).toBe(`queue-option-${String(next?.id)}`);
  expect(list.getAttribute('aria-activedescendant')).toBe(`queue-option-${String(next?.id)}`);
  expect(screen.getByTestId('queue-said').textContent).toContain(`#${String(gone?.id)}`);
  expect(screen.getByTestId('queue-said').textContent).toContain(`#${String(next?.id)}`);
});

test('when the last row leaves, the focus stays in the queue', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('view-waiting'));
  await settle();
  screen.getByTestId('queue').focus();
  await settle();
  backend.world.tickets = backend.world.tickets.filter((ticket) => ticket.status !== 'waiting');
  backend.publish({ lists: true });
  await settle();
  expect(document.activeElement?.id).toBe('queue-title');
  expect(screen.getByTestId('queue-said').textContent).toContain('vide');
});
