// The map of places: browsed with the keyboard, searched, and told when something may not be read.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { FakeBackend } from '../backend/fake';
import type { PlaceQuery } from '../backend/types';
import { argumentsOf, openTicket, openWindow, settle } from './window';

const tree = (): HTMLElement => screen.getByTestId('places-tree');
const chosen = (): string =>
  document.getElementById(tree().getAttribute('aria-activedescendant') ?? '')?.getAttribute('aria-label') ?? '';

async function open(options: Parameters<typeof openWindow>[0] = {}) {
  const opened = await openWindow(options);
  await opened.user.click(screen.getByTestId('places-button'));
  await settle();
  return opened;
}

test('a site opens to its rooms, its people and their equipment with the arrows, and a card opens with Enter', async () => {
  const { user } = await open();
  tree().focus();
  await settle();
  expect(chosen()).toMatch(/^Antony, 6 personnes$/);
  expect(document.activeElement).toBe(tree());
  await user.keyboard('si');
  expect(chosen()).toMatch(/^Siège, 7 personnes · 1 équipement sans titulaire$/);
  await user.keyboard('{ArrowRight}');
  await settle();
  const site = screen.getByTestId('place-place:1');
  expect(site.getAttribute('aria-expanded')).toBe('true');
  await user.keyboard('{ArrowRight}');
  const room = screen.getByTestId('place-place:11');
  expect(room.getAttribute('aria-level')).toBe('2');
  expect(room.getAttribute('aria-setsize')).toBe('9');
  expect(room.getAttribute('aria-expanded'), 'nothing is in it').toBeNull();
  await user.keyboard('cla');
  expect(chosen()).toBe('Claire Fontaine, 1 équipement');
  await user.keyboard('{ArrowRight}');
  await settle();
  await user.keyboard('{ArrowRight}');
  expect(chosen()).toMatch(/^PC-0417/);
  await user.keyboard('{Enter}');
  expect(await screen.findByTestId('asset-Computer-400')).toBeTruthy();
  expect(screen.getByTestId('places')).toBeTruthy();
  tree().focus();
  await user.keyboard('{ArrowLeft}{Enter}');
  await screen.findByTestId('person-100');
  await user.keyboard('{ArrowLeft}{ArrowLeft}');
  expect(chosen()).toMatch(/^Siège/);
  await user.keyboard('{ArrowLeft}');
  await settle();
  expect(screen.getByTestId('place-place:1').getAttribute('aria-expanded')).toBe('false');
  await user.keyboard('{End}');
  const last = chosen();
  await user.keyboard('{Home}');
  expect(chosen()).toMatch(/^Antony/);
  expect(last).not.toBe(chosen());
});

test('words lead to the line in the tree, with the way to it open', async () => {
  const { backend, user } = await open();
  await user.type(screen.getByTestId('places-search'), 'imp-0480');
  await settle();
  const hit = screen.getByTestId('places-hit-asset:Printer:480');
  expect(hit.textContent).toContain('Siège › Étage 2');
  await user.keyboard('{Enter}');
  await settle();
  expect(document.activeElement).toBe(tree());
  expect(chosen()).toMatch(/^IMP-0480/);
  expect(screen.getByTestId('place-place:12').getAttribute('aria-expanded')).toBe('true');
  expect(await screen.findByTestId('asset-Printer-480')).toBeTruthy();
  expect(argumentsOf(backend, 'findInPlaces').at(0)).toBe('i');
  await user.type(screen.getByTestId('places-search'), 'zzzz');
  await settle();
  expect(within(screen.getByTestId('places')).getByText('Rien ne répond à ces mots.')).toBeTruthy();
  await user.keyboard('{Escape}');
  expect(chosen()).toMatch(/^IMP-0480/);
});

test('a place of ten thousand people is read by slices, and what is open survives a change', async () => {
  const backend = new FakeBackend();
  const [model] = backend.world.people;
  if (!model) throw new Error('nobody');
  for (let nth = 0; nth < 10_000; nth++) {
    const number = String(nth).padStart(5, '0');
    backend.world.people.push({ ...model, id: 10_000 + nth, first_name: 'Agent', last_name: number, vip: false });
  }
  const { user } = await open(backend);
  tree().focus();
  await user.keyboard('si{ArrowRight}');
  await settle();
  expect(screen.getByTestId('place-place:11').getAttribute('aria-setsize')).toBe('10009');
  const sliced = argumentsOf<PlaceQuery>(backend, 'places');
  expect(sliced.every((query) => query.limit === 100)).toBe(true);
  expect(sliced.length).toBeLessThan(4);
  expect(tree().querySelectorAll('[role="treeitem"]').length).toBeLessThan(200);
  await user.keyboard('agent 00050');
  expect(chosen()).toMatch(/^Agent 00050/);
  backend.world.people.push({ ...model, id: 30_000, first_name: 'Aaron', last_name: 'Premier', vip: false });
  backend.publish({ people: true });
  await waitFor(() => expect(screen.getByTestId('place-place:11').getAttribute('aria-setsize')).toBe('10010'));
  expect(chosen()).toMatch(/^Agent 00050/);
});

test('what the account may not read is said to be unavailable', async () => {
  const backend = new FakeBackend({ locale: 'en' });
  backend.map.refused.add('assets').add('places');
  const { user } = await open(backend);
  expect(screen.getByTestId('places-refused-assets').textContent).toBe('This account may not read equipment.');
  expect(screen.getByTestId('places-refused-places')).toBeTruthy();
  // Known by the people who point to it.
  expect(screen.getByTestId('place-place:1')).toBeTruthy();
  backend.map.refused.add('people');
  backend.publish({ people: true });
  await screen.findByText('Places are not available.');
  await user.keyboard('{Control>}{Shift>}k{/Shift}{/Control}places{Enter}');
  expect(screen.getByTestId('places')).toBeTruthy();
});

test('each place shows what was open beside its own list, and nothing where nothing was', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  const show = async (place: 'queue' | 'knowledge' | 'places' | 'outbox'): Promise<void> => {
    await user.click(screen.getByTestId(`${place}-button`));
    await settle();
  };
  await show('knowledge');
  expect(screen.queryByTestId('ticket-4821')).toBeNull();
  expect(screen.getByText('Choisissez un article.')).toBeTruthy();
  const [article] = await screen.findAllByTestId(/^article-hit-/);
  if (!article) throw new Error('no article is listed');
  await user.click(article);
  await settle();
  const read = screen.getByTestId(/^article-\d+$/).dataset.testid ?? '';
  await show('places');
  expect(screen.queryByTestId(read)).toBeNull();
  expect(screen.getByText('Choisissez une personne ou un équipement.')).toBeTruthy();
  await show('queue');
  expect(screen.getByTestId('ticket-4821')).toBeTruthy();
  // A place without a list leaves everything as it was.
  await show('outbox');
  await show('knowledge');
  expect(screen.getByTestId(read)).toBeTruthy();
  await user.click(document.body);
  await user.keyboard('{Escape}{Escape}');
  await settle();
  expect(screen.getByTestId('ticket-4821')).toBeTruthy();
});
