// Narrowing the queue and keeping what it shows as a view, as a person does it.
import { fireEvent, screen, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { PAGE } from '../state/queue.svelte';
import type { SavedView, TicketQuery } from '../backend/types';
import { FakeBackend } from '../backend/fake';
import { argumentsOf, closeWindow, openWindow, settle } from './window';

const lastQuery = (backend: FakeBackend): TicketQuery => {
  const last = argumentsOf<TicketQuery>(backend, 'listTickets')
    .filter((query) => query.limit === PAGE)
    .at(-1);
  if (!last) throw new Error('no list was read');
  return last;
};

const shown = (): number[] =>
  within(screen.getByTestId('queue'))
    .getAllByRole('option')
    .map((row) => Number(row.id.replace('queue-option-', '')));

const view = (n: number, name: string, patch: Partial<SavedView> = {}): SavedView => ({
  id: `019a0000-0000-7000-8000-${String(n).padStart(12, '0')}`,
  name,
  view: 'open',
  ...patch,
});

test('the queue is narrowed from its dialog, and each part is taken away by its chip', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('view-all'));
  await settle();
  const all = screen.getByTestId('queue-total').textContent;
  await user.keyboard('{Alt>}f{/Alt}');
  const dialog = await screen.findByTestId('filter-dialog');
  await user.click(within(dialog).getByTestId('filter-status-waiting'));
  await user.click(within(dialog).getByTestId('filter-status-solved'));
  await user.selectOptions(within(dialog).getByTestId('filter-assignee'), 'me');
  await user.selectOptions(within(dialog).getByTestId('filter-opened'), String(30 * 24));
  await user.click(within(dialog).getByTestId('filter-categories'));
  await user.click((await within(dialog).findAllByRole('option'))[0] as HTMLElement);
  const reads = argumentsOf(backend, 'listTickets').length;
  expect(argumentsOf(backend, 'listTickets')).toHaveLength(reads);
  await user.click(within(dialog).getByTestId('filter-apply'));
  await settle();
  expect(screen.queryByTestId('filter-dialog')).toBeNull();
  expect(lastQuery(backend)).toMatchObject({
    view: 'all',
    offset: 0,
    filter: {
      statuses: ['solved', 'waiting'],
      assignee: { type: 'me' },
      opened_within_h: 720,
      categories: [expect.any(Number)],
    },
  });
  // One chip a part; taking one away narrows less.
  const chips = screen.getByTestId('filter-chips');
  expect(within(chips).getAllByRole('button')).toHaveLength(5);
  await user.click(within(chips).getByTestId('filter-chip-categories'));
  await settle();
  expect(lastQuery(backend).filter).toMatchObject({ categories: [], statuses: ['solved', 'waiting'] });
  expect(screen.getByTestId('queue-total').textContent).not.toBe(all);
  await user.click(screen.getByTestId('filter-clear'));
  await settle();
  expect(screen.getByTestId('queue-total').textContent).toBe(all);
  expect(screen.queryByTestId('filter-chips')).toBeNull();
});

test('a filter that nothing passes says so and can be cleared', async () => {
  const { user } = await openWindow();
  await user.click(screen.getByTestId('filter-open'));
  await user.type(screen.getByTestId('filter-title'), 'introuvable{Enter}');
  await settle();
  expect(screen.getByText('Aucun ticket ne répond à ces filtres.')).toBeTruthy();
  await user.click(screen.getByTestId('filter-clear-all'));
  await settle();
  expect(shown().length).toBeGreaterThan(0);
});

test('a list that was not looked through to its end says so and is looked through further', async () => {
  const backend = new FakeBackend({ tickets: 200 });
  backend.lookedAt = 5;
  const { user } = await openWindow(backend);
  await user.click(screen.getByTestId('view-all'));
  await user.click(screen.getByTestId('filter-open'));
  await user.click(screen.getByTestId('filter-priority-3'));
  await user.click(screen.getByTestId('filter-apply'));
  await settle();
  expect(screen.getByTestId('queue-total').textContent).toContain('plus de 5');
  expect(screen.getByTestId('queue-partial').textContent).toContain('5 premiers');
  expect(within(screen.getByTestId('queue')).getAllByRole('option')[0]?.getAttribute('aria-setsize')).toBe('-1');
  await user.click(screen.getByTestId('look-further'));
  await settle();
  expect(lastQuery(backend).depth).toBe(4);
  expect(screen.getByTestId('queue-total').textContent).toContain('20');
});

test('what the queue shows is kept under a name and is there the next time', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('view-open'));
  await user.selectOptions(screen.getByTestId('queue-sort'), 'oldest');
  await user.click(screen.getByTestId('filter-open'));
  await user.click(screen.getByTestId('filter-status-waiting'));
  await user.click(screen.getByTestId('filter-apply'));
  await settle();
  await user.click(screen.getByTestId('view-save'));
  await user.click(screen.getByTestId('view-keep'));
  await settle();
  expect(screen.getByTestId('view-refused').textContent).toContain('nom');
  expect(document.activeElement).toBe(screen.getByTestId('view-name'));
  await user.type(screen.getByTestId('view-name'), 'À relancer{Enter}');
  await settle();
  expect(screen.queryByTestId('keep-view')).toBeNull();
  expect(screen.getByRole('heading', { name: /À relancer/ })).toBeTruthy();
  expect(screen.getByTestId('kept-view-1').getAttribute('aria-pressed')).toBe('true');
  expect(screen.getByTestId('view-open').getAttribute('aria-pressed')).toBe('false');
  closeWindow();

  const again = await openWindow(backend);
  expect(screen.getByTestId('kept-view-1').getAttribute('aria-pressed')).toBe('false');
  // The place of the key counts: on a French layout Alt and that key give "&".
  await fireEvent.keyDown(document.body, { key: '&', code: 'Digit1', altKey: true });
  await settle();
  expect(lastQuery(backend)).toMatchObject({ view: 'open', sort: 'oldest', filter: { statuses: ['waiting'] } });
  // From it to a ready-made view, what narrowed it goes.
  await again.user.click(screen.getByTestId('view-all'));
  await settle();
  expect(lastQuery(backend)).toMatchObject({ view: 'all', filter: { statuses: [] } });
});

test('a kept view is changed by what is on screen, only when asked', async () => {
  const backend = new FakeBackend();
  await backend.saveView(view(1, 'Réseau'), null);
  const { user } = await openWindow(backend);
  await user.click(screen.getByTestId('kept-view-1'));
  await settle();
  expect(screen.queryByTestId('view-update')).toBeNull();
  await user.click(screen.getByTestId('filter-vip'));
  await settle();
  await user.click(screen.getByTestId('view-update'));
  await settle();
  expect((await backend.savedViews())[0]).toMatchObject({ name: 'Réseau', vip_only: true });
  expect(screen.queryByTestId('view-update')).toBeNull();
});

test('views are moved, renamed, deleted and had back at their place', async () => {
  const backend = new FakeBackend();
  for (const [n, name] of [
    [1, 'un'],
    [2, 'deux'],
    [3, 'trois'],
  ] as const)
    await backend.saveView(view(n, name), null);
  const { user } = await openWindow(backend);
  const names = async (): Promise<string[]> => (await backend.savedViews()).map((one) => one.name);
  await user.click(screen.getByTestId('views-manage'));
  await user.click(screen.getByTestId('view-up-2'));
  await settle();
  expect(await names()).toEqual(['un', 'trois', 'deux']);
  expect(document.activeElement).toBe(screen.getByTestId('view-up-1'));
  await user.click(screen.getByTestId('view-rename-0'));
  await user.clear(screen.getByTestId('view-name'));
  await user.type(screen.getByTestId('view-name'), 'Trois{Enter}');
  await settle();
  expect(screen.getByTestId('view-refused').textContent).toContain('déjà');
  await user.clear(screen.getByTestId('view-name'));
  await user.type(screen.getByTestId('view-name'), 'premier{Enter}');
  await settle();
  expect(await names()).toEqual(['premier', 'trois', 'deux']);
  await user.click(screen.getByTestId('view-delete-1'));
  await settle();
  expect(await names()).toEqual(['premier', 'deux']);
  expect(document.activeElement).toBe(screen.getByTestId('view-restore'));
  await user.keyboard('{Enter}');
  await settle();
  expect(await names()).toEqual(['premier', 'trois', 'deux']);
});

test('views are found by name in the command list, in either language', async () => {
  const backend = new FakeBackend({ locale: 'en' });
  await backend.saveView(view(1, 'Réseau en retard', { filter: { target: { type: 'late' } } }), null);
  const { user } = await openWindow(backend);
  await user.keyboard('{Control>}k{/Control}');
  await user.keyboard('>vue reseau');
  await settle();
  expect(screen.getByText('View: Réseau en retard')).toBeTruthy();
  await user.keyboard('{Enter}');
  await settle();
  expect(lastQuery(backend).filter).toMatchObject({ target: { type: 'late' } });
  await user.keyboard('{Control>}k{/Control}');
  await user.keyboard('>view waiting');
  await settle();
  await user.keyboard('{Enter}');
  await settle();
  expect(lastQuery(backend)).toMatchObject({ view: 'waiting', filter: { target: null } });
});

test('more views than can be kept are refused with the cure', async () => {
  const backend = new FakeBackend();
  for (let n = 1; n <= 50; n++) await backend.saveView(view(n, `Vue ${String(n)}`), null);
  const { user } = await openWindow(backend);
  expect(screen.getByTestId('views-manage').textContent).toContain('50');
  await user.click(screen.getByTestId('filter-open'));
  await user.click(screen.getByTestId('filter-status-new'));
  await user.click(screen.getByTestId('filter-apply'));
  await user.click(screen.getByTestId('view-save'));
  await user.type(screen.getByTestId('view-name'), 'De trop{Enter}');
  await settle();
  expect(screen.getByTestId('view-refused').textContent).toContain('Supprimez une vue');
});
