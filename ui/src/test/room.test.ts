// The room of a major incident: opened from a ticket, kept as it is typed, its updates posted once, told of before they are late, and
// its report.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';

import { BackendFailure } from '../backend/backend';
import type { FakeBackend } from '../backend/fake';
import type { NewRoomUpdate, RoomWords } from '../backend/types';
import { clock } from '../state/clock.svelte';
import { standingAt } from '../state/rooms.svelte';
import { closeWindow, openTicket, openWindow, settle } from './window';

const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
const saved = (backend: FakeBackend): RoomWords[] =>
  backend.calls.filter((call) => call.name === 'saveRoom').map((call) => call.args[1] as RoomWords);
const posted = (backend: FakeBackend): NewRoomUpdate[] =>
  backend.calls.filter((call) => call.name === 'postRoomUpdate').map((call) => call.args[1] as NewRoomUpdate);
const countdown = (): HTMLElement => screen.getByTestId('room-countdown');

/** The room of the demo, with two children, on screen. */
async function room() {
  const window = await openWindow();
  await window.backend.roomed.fill(4821, [4820, 4819]);
  await window.user.click(await screen.findByTestId('room-button'));
  await screen.findByTestId('room-children');
  await settle();
  return window;
}

test('it is opened from a ticket by keys alone, led by whoever opens it, and the rail then leads to it', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  expect(screen.queryByTestId('room-button')).toBeNull();
  await user.keyboard('{Control>}{Shift>}k{/Shift}{/Control}');
  await user.keyboard('cellule de crise{Enter}');
  const open = await screen.findByTestId('room-open');
  expect(document.activeElement?.id).toBe('room-title');
  expect(backend.roomed.held.size).toBe(0);
  await user.tab();
  expect(document.activeElement).toBe(open);
  await user.keyboard('{Enter}');
  const lead = await screen.findByTestId<HTMLInputElement>('room-person-0');
  await settle();
  expect(lead.value).toBe('Nadia Leroux');
  expect(document.activeElement?.id).toBe('room-title');
  expect(countdown().dataset.standing).toBe('on_time');
  expect(screen.getByTestId('room-button').getAttribute('aria-current')).toBe('page');
  expect(screen.getByText('Aucun ticket n’est rattaché à celui-ci.')).toBeTruthy();
  await user.click(screen.getByTestId('room-ticket'));
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
});

test('what is typed is kept at every keystroke, and said while the disk does not take it', async () => {
  const { backend, user } = await room();
  await user.click(screen.getByTestId('room-add-action'));
  await settle();
  expect(document.activeElement).toBe(screen.getByTestId('room-what-2'));
  await user.keyboard('Rappeler l’opérateur');
  await settle();
  expect(saved(backend).length).toBeGreaterThan(10);
  expect(saved(backend).at(-1)?.actions[2]?.what).toBe('Rappeler l’opérateur');
  expect(screen.getByTestId('room-kept').dataset.state).toBe('saved');
  await user.click(screen.getByTestId('room-done-2'));
  await settle();
  expect(saved(backend).at(-1)?.actions[2]?.done_at).not.toBeNull();
  const due = screen.getByTestId<HTMLInputElement>('room-due-2');
  await user.type(due, 'bientôt');
  expect(due.getAttribute('aria-invalid')).toBe('true');
  await user.clear(due);
  await user.type(due, 'demain 9h');
  await user.tab();
  await settle();
  const tomorrow = new Date(saved(backend).at(-1)?.actions[2]?.due ?? '');
  expect([tomorrow.getHours(), tomorrow > new Date()]).toEqual([9, true]);
  expect(due.value).toContain('09:00');
  backend.failNext.set('saveRoom', new BackendFailure(await backend.explain('store_disk_full')));
  await user.type(screen.getByTestId('room-workaround'), '!');
  await settle();
  expect(screen.getByTestId('room-kept').dataset.state).toBe('failed');
  await waitFor(() => expect(screen.getByTestId('room-kept').dataset.state).toBe('saved'), { timeout: 3000 });
  expect(backend.roomed.held.get(4821)?.words.workaround).toMatch(/!$/);
  await user.click(screen.getByTestId('room-person-remove-1'));
  await settle();
  expect(saved(backend).at(-1)?.people).toHaveLength(1);
  expect(document.activeElement).toBe(screen.getByTestId('room-person-0'));
  await user.selectOptions(screen.getByTestId('room-cadence'), '60');
  await settle();
  expect(saved(backend).at(-1)?.cadence_min).toBe(60);
});

test('an update is posted by keys on the parent and its open children, and what is refused is told', async () => {
  const { backend, user } = await room();
  backend.roomed.children.set(4821, [4820, 4819, 9999]);
  backend.roomed.put(4821, {});
  await waitFor(() => expect(screen.getByTestId('room-children').children).toHaveLength(3));
  expect(screen.getByTestId('room-children').textContent).toContain('Pas connu ici');
  const text = screen.getByTestId<HTMLTextAreaElement>('room-update');
  await user.click(screen.getByTestId('room-post'));
  await settle();
  expect(posted(backend)).toHaveLength(0);
  expect(document.activeElement).toBe(text);
  expect(text.getAttribute('aria-invalid')).toBe('true');
  await user.keyboard('Le cœur redémarre');
  await user.selectOptions(screen.getByTestId('room-next'), '60');
  backend.failNext.set('postRoomUpdate', new BackendFailure(await backend.explain('store_disk_full')));
  text.focus();
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(screen.getByTestId('room-post-failed').textContent).not.toBe('');
  expect(text.value).toBe('Le cœur redémarre');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  const [first, again] = posted(backend);
  expect(again).toMatchObject({ text: 'Le cœur redémarre', children: true, private: false, next_in_min: 60 });
  expect(again?.id, 'the same words are the same update').toBe(first?.id);
  expect(text.value).toBe('');
  expect(screen.getByTestId('room-refused').textContent).toContain('#9999');
  const list = screen.getByTestId('room-updates');
  expect(list.children).toHaveLength(2);
  expect(list.children[0]?.textContent).toContain('Le cœur redémarre');
  const followups = backend.entries.filter((entry) => entry.operation.type === 'add_followup');
  expect(followups.map((entry) => entry.lane).sort()).toEqual([4819, 4820, 4821]);
  expect(countdown().dataset.standing).toBe('on_time');
});

test('an update being written is a draft: it is there again after the window was closed', async () => {
  const { backend, user } = await room();
  await user.type(screen.getByTestId('room-update'), 'Reprise à 11 h');
  await settle();
  closeWindow();
  const again = await openWindow(backend);
  await again.user.click(screen.getByTestId('drafts-button'));
  const draft = await screen.findByTestId('draft-open-room:4821');
  expect(draft.textContent).toContain('Point de situation');
  await again.user.click(draft);
  await waitFor(() => expect(screen.getByTestId<HTMLTextAreaElement>('room-update').value).toBe('Reprise à 11 h'));
});

test('the countdown turns before the update is late, and says so once', async () => {
  const { backend } = await room();
  const due = (minutes: number) => {
    backend.roomed.put(4821, {
      updates: [{ id: 'u', at: at(minutes - 30), text: 'x', next_expected_at: at(minutes) }],
    });
    return settle();
  };
  await due(20);
  await waitFor(() => expect(countdown().dataset.standing).toBe('on_time'));
  expect(screen.getByTestId('room-said').textContent?.trim()).toBe('');
  await due(3);
  await waitFor(() => expect(countdown().dataset.standing).toBe('due_soon'));
  expect(countdown().classList.contains('amber')).toBe(true);
  expect(screen.getByTestId('room-said').textContent).toContain('bientôt dû');
  await due(-12.5);
  await waitFor(() => expect(countdown().dataset.standing).toBe('late'));
  expect(countdown().textContent).toContain('en retard de 12');
  expect(screen.getByTestId('room-button').querySelector('.alarm')).not.toBeNull();
});

test('where a room stands follows the clock alone', () => {
  const card = {
    ticket: 1,
    title: null,
    opened_at: '2026-06-02T08:00:00Z',
    closed_at: null,
    next_update_at: '2026-06-02T08:30:00Z',
    soon_at: '2026-06-02T08:25:00Z',
    standing: 'on_time' as const,
    workaround_at: null,
    updates: 0,
  };
  const standing = (time: string): string => standingAt(card, new Date(`2026-06-02T${time}Z`));
  expect([standing('08:24:59'), standing('08:25:00'), standing('08:29:59'), standing('08:30:00')]).toEqual([
    'on_time',
    'due_soon',
    'due_soon',
    'late',
  ]);
  expect(standingAt({ ...card, next_update_at: null, soon_at: null }, new Date())).toBe('over');
});

test('an update that is due is told once, on the desktop as well, and the notice leads to the room', async () => {
  vi.spyOn(document, 'hasFocus').mockReturnValue(false);
  const { backend, user } = await openWindow();
  await backend.roomed.fill(4821, []);
  await settle();
  const bell = (): string | undefined => screen.getByTestId('bell').dataset.unseen;
  await waitFor(() => expect(Number(bell())).toBeGreaterThan(0));
  const before = bell();
  clock.now = new Date(Date.now() + 60_000);
  backend.roomed.put(4821, {});
  await settle();
  expect(bell(), 'the same promise is told once').toBe(before);
  await waitFor(
    () =>
      expect(
        backend.calls.some(
          (call) => call.name === 'notify' && JSON.stringify(call.args).includes('Point de situation'),
        ),
      ).toBe(true),
    { timeout: 3000 },
  );
  clock.now = new Date();
  await user.click(screen.getByTestId('bell'));
  const notice = await screen.findByTestId('notice-4821');
  expect(notice.textContent).toContain('Point de situation à publier');
  await user.click(notice);
  expect(await screen.findByTestId('room')).toBeTruthy();
  vi.restoreAllMocks();
});

test('closing it asks for the report, which is saved and noted once; it can be opened again', async () => {
  const { backend, user } = await room();
  await user.click(screen.getByTestId('room-close'));
  const report = await screen.findByTestId('room-report-text');
  expect(within(report).getByText('Déroulement')).toBeTruthy();
  await user.click(screen.getByTestId('room-report-copy'));
  expect(await navigator.clipboard.readText()).toContain('# Incident majeur');
  await user.click(screen.getByTestId('room-report-note'));
  backend.failNext.set('saveRoomReport', new BackendFailure(await backend.explain('store_disk_full')));
  await user.click(screen.getByTestId('room-report-save'));
  await settle();
  expect(screen.getByTestId('room-report-failed').textContent).not.toBe('');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await waitFor(() => expect(screen.queryByTestId('room-report')).toBeNull());
  const notes = backend.calls.filter((call) => call.name === 'saveRoomReport').map((call) => call.args[1]);
  expect(notes).toHaveLength(2);
  expect(notes[0]).toBe(notes[1]);
  expect(countdown().textContent).toContain('close');
  expect(screen.queryByTestId('room-update')).toBeNull();
  await user.click(screen.getByTestId('room-reopen'));
  await settle();
  expect(screen.getByTestId('room-update')).toBeTruthy();
});

test('several rooms are tabs, and what was typed in one stays with it', async () => {
  const { backend, user } = await room();
  await backend.roomed.open(4818);
  await settle();
  const other = await screen.findByTestId('room-tab-4818');
  await user.type(screen.getByTestId('room-workaround'), ' Fin');
  await user.click(other);
  await waitFor(() => expect(screen.getByTestId<HTMLTextAreaElement>('room-workaround').value).toBe(''));
  expect(backend.roomed.held.get(4821)?.words.workaround).toMatch(/ Fin$/);
  await user.click(screen.getByTestId('room-tab-4821'));
  await waitFor(() => expect(screen.getByTestId<HTMLTextAreaElement>('room-workaround').value).toMatch(/ Fin$/));
});

test('what cannot be read is said with a way to try again, and offline is no reason to stop', async () => {
  const since = at(-3);
  const { backend, user } = await openWindow({ gate: { type: 'offline', since, retry_at: at(1) } });
  await backend.roomed.fill(4821, []);
  backend.failNext.set('room', new BackendFailure(await backend.explain('store_io')));
  await user.click(await screen.findByTestId('room-button'));
  await user.click(await screen.findByTestId('room-retry'));
  await screen.findByTestId('room-update');
  expect(screen.getByText(/points partiront/)).toBeTruthy();
  await user.type(screen.getByTestId('room-update'), 'Toujours en panne');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(posted(backend)).toHaveLength(1);
  expect(screen.getByTestId('room-updates').textContent).toContain('Toujours en panne');
});

test('a surge is declared with its room open', async () => {
  const { backend, user } = await openWindow();
  const card = backend.escalated.surge();
  await user.click(await screen.findByTestId('surge-declare'));
  await user.click(await screen.findByTestId('surge-room'));
  await screen.findByTestId('room-update');
  await settle();
  expect(screen.getByTestId('room-children').children).toHaveLength(card.proposal.tickets.length);
  expect(backend.calls.some((call) => call.name === 'openRoom')).toBe(true);
});
