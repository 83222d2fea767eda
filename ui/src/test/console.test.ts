import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';

import App from '../App.svelte';
import { BackendFailure } from '../backend/backend';
import { FakeBackend } from '../backend/fake';
import type { Operation, Submission } from '../backend/types';
import { answerText, argumentsOf, closeWindow, openTicket, openWindow, settle } from './window';

const submitted = (backend: Parameters<typeof argumentsOf>[0]): Operation[] =>
  argumentsOf<Submission>(backend, 'submit').flatMap((one) => one.operations.map(({ operation }) => operation));

test('the queue is moved through and opened from the keyboard', async () => {
  const { user } = await openWindow();
  const list = screen.getByTestId('queue');
  list.focus();
  await settle();
  await user.keyboard('j{ArrowDown}k');
  await settle();
  const selected = within(list).getByRole('option', { selected: true });
  expect(list.getAttribute('aria-activedescendant')).toBe(selected.id);
  await user.keyboard('{Enter}');
  expect(await screen.findByTestId(selected.id.replace('queue-option-', 'ticket-'))).toBeTruthy();
  // The focus stays in the list: the next ticket is one key away.
  expect(document.activeElement).toBe(list);
});

test('selection and focus survive a change', async () => {
  const { backend, user } = await openWindow();
  const list = screen.getByTestId('queue');
  list.focus();
  await user.keyboard('{ArrowDown}{ArrowDown}');
  await settle();
  const selected = within(list).getByRole('option', { selected: true });
  const id = Number(selected.id.replace('queue-option-', ''));
  const place = selected.getAttribute('aria-posinset');
  // A ticket above it leaves the queue.
  const first = within(list).getAllByRole('option')[0]?.id.replace('queue-option-', '');
  backend.world.tickets = backend.world.tickets.filter((ticket) => String(ticket.id) !== first);
  backend.publish({ lists: true, tickets: [Number(first)] });
  await settle();
  const now = within(list).getByRole('option', { selected: true });
  expect(now.id).toBe(`queue-option-${String(id)}`);
  expect(Number(now.getAttribute('aria-posinset'))).toBe(Number(place) - 1);
  expect(document.activeElement).toBe(list);
});

test('a field is set knowing what was on screen', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.selectOptions(screen.getByTestId('field-status'), 'waiting');
  await waitFor(() => expect(submitted(backend)).toHaveLength(1));
  await user.selectOptions(screen.getByTestId('field-urgency'), '2');
  await waitFor(() => expect(submitted(backend)).toHaveLength(2));
  await user.click(screen.getByTestId('field-category'));
  await user.clear(screen.getByTestId('pick-category'));
  await user.type(screen.getByTestId('pick-category'), 'impres{Enter}');
  await waitFor(() => expect(submitted(backend)).toHaveLength(3));
  await user.click(screen.getByTestId('edit-title'));
  await user.clear(screen.getByTestId('title-input'));
  await user.type(screen.getByTestId('title-input'), 'VPN : certificat expiré{Enter}');
  await waitFor(() => expect(submitted(backend)).toHaveLength(4));
  expect(submitted(backend)).toEqual([
    {
      type: 'set_field',
      field: 'status',
      base: { type: 'status', value: 'assigned' },
      new: { type: 'status', value: 'waiting' },
    },
    { type: 'set_field', field: 'urgency', base: { type: 'level', value: 5 }, new: { type: 'level', value: 2 } },
    { type: 'set_field', field: 'category', base: { type: 'row', value: 1 }, new: { type: 'row', value: 2 } },
    {
      type: 'set_field',
      field: 'title',
      base: { type: 'text', value: 'VPN refusé depuis la mise à jour' },
      new: { type: 'text', value: 'VPN : certificat expiré' },
    },
  ]);
  expect(await screen.findByRole('heading', { name: 'VPN : certificat expiré' })).toBeTruthy();
});

test('choosing "solved" leads to the solution, never to a bare status', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.selectOptions(screen.getByTestId('field-status'), 'solved');
  await settle();
  expect(submitted(backend)).toEqual([]);
  expect(screen.getByTestId('composer-tab-solution').getAttribute('aria-selected')).toBe('true');
  expect((screen.getByTestId('field-status') as HTMLSelectElement).value).toBe('assigned');
});

test('assigning to me, to a group, and unassigning', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('view-unassigned'));
  await settle();
  await openTicket(user, 4820);
  await user.click(screen.getByTestId('assign-me'));
  await waitFor(() => expect(submitted(backend)).toHaveLength(1));
  await settle();
  await user.click(screen.getByTestId('assign'));
  await user.selectOptions(screen.getByTestId('assign-group'), '2');
  await waitFor(() => expect(submitted(backend)).toHaveLength(2));
  await settle();
  await user.click(screen.getByRole('button', { name: 'Retirer Nadia Leroux' }));
  await waitFor(() => expect(submitted(backend)).toHaveLength(3));
  expect(submitted(backend)).toEqual([
    { type: 'assign', actor: { role: 'assigned', party: { type: 'user', id: 7 } } },
    { type: 'assign', actor: { role: 'assigned', party: { type: 'group', id: 2 } } },
    { type: 'unassign', actor: { role: 'assigned', party: { type: 'user', id: 7 } } },
  ]);
});

test('a solution is accepted in one press and refused with a reason', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('view-solved'));
  await settle();
  const [row] = within(screen.getByTestId('queue')).getAllByRole('option');
  await openTicket(user, Number(row?.id.replace('queue-option-', '')));
  await user.click(screen.getByTestId('solution-refuse'));
  expect((screen.getByTestId('why-send') as HTMLButtonElement).disabled).toBe(true);
  await user.type(screen.getByTestId('why-text'), 'toujours en panne');
  await user.click(screen.getByTestId('why-send'));
  await waitFor(() => expect(submitted(backend)).toHaveLength(1));
  expect(submitted(backend)[0]).toMatchObject({ type: 'answer_solution', accept: false });
});

test('search finds over everything, shows why, and opens from the keyboard', async () => {
  const { user } = await openWindow();
  await user.keyboard('{Control>}k{/Control}');
  const input = screen.getByTestId('search-input');
  expect(document.activeElement).toBe(input);
  await user.keyboard('certificat');
  const results = await screen.findByTestId('search-results');
  await within(results).findByTestId('hit-ticket-4821');
  expect(
    within(results)
      .getAllByText('certificat')
      .some((one) => one.tagName === 'MARK'),
  ).toBe(true);
  expect(within(results).getByTestId('hit-article-31')).toBeTruthy();
  await user.keyboard('{Enter}');
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
  expect((input as HTMLInputElement).value).toBe('');
});

test('the search box finds a person by telephone and runs commands', async () => {
  const { user } = await openWindow();
  await user.keyboard('/');
  await user.keyboard('fontaine');
  await user.click(await screen.findByTestId('hit-person-100'));
  expect(await screen.findByTestId('person-100')).toBeTruthy();
  await user.keyboard('{Control>}k{/Control}');
  await user.keyboard('reglages{Enter}');
  expect(await screen.findByTestId('settings')).toBeTruthy();
});

test('letters are not shortcuts while typing, and can be switched off', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(screen.getByTestId('composer-text'), 'n?j');
  expect(screen.queryByTestId('new-ticket-form')).toBeNull();
  expect(screen.queryByTestId('shortcuts')).toBeNull();
  await user.click(screen.getByTestId('settings-button'));
  await user.click(screen.getByTestId('settings-letter-keys'));
  (document.activeElement as HTMLElement).blur();
  await user.keyboard('n');
  expect(screen.queryByTestId('new-ticket-form')).toBeNull();
  await user.keyboard('{Control>}n{/Control}');
  expect(await screen.findByTestId('new-ticket-form')).toBeTruthy();
});

test('a new ticket written offline waits for its number and follows it', async () => {
  const since = new Date(Date.now() - 240_000).toISOString();
  const { backend, user } = await openWindow({ gate: { type: 'offline', since, retry_at: since } });
  await user.keyboard('n');
  await user.type(await screen.findByTestId('new-requester'), '155590');
  await user.click(await screen.findByText('Claire Fontaine'));
  await settle();
  expect((screen.getByTestId('new-location') as HTMLInputElement).value).toBe('Siège');
  await user.type(screen.getByTestId('new-ticket-title'), 'Souris en panne');
  await user.type(screen.getByTestId('new-ticket-text'), 'Ne bouge plus.');
  await user.selectOptions(screen.getByTestId('new-urgency'), '5');
  await user.selectOptions(screen.getByTestId('new-impact'), '5');
  expect(screen.getByTestId('new-priority').textContent).toContain('Très haute');
  await user.click(screen.getByTestId('new-ticket-send'));
  await screen.findByTestId('ticket--1');
  expect(screen.getByTestId('ticket-number').textContent).toBe('en attente de numéro');
  expect(submitted(backend)[0]).toMatchObject({
    type: 'create_ticket',
    ticket: {
      title: 'Souris en panne',
      location: 1,
      urgency: 5,
      actors: [
        { role: 'requester', party: { type: 'user', id: 100 } },
        { role: 'assigned', party: { type: 'user', id: 7 } },
      ],
    },
  });
  // The form was sent: the focus is on the ticket, and going back does not show the form again.
  await waitFor(() => expect((document.activeElement as HTMLElement).textContent).toBe('Souris en panne'));
  await user.type(screen.getByTestId('composer-text'), 'à compléter');
  backend.setGate({ type: 'open' });
  backend.drain();
  await screen.findByTestId('ticket-4900');
  await settle();
  expect(screen.getByTestId('ticket-number').textContent).toBe('#4900');
  expect((screen.getByTestId('composer-text') as HTMLTextAreaElement).value).toBe('à compléter');
  await user.keyboard('{Escape}{Escape}');
  expect(screen.queryByTestId('new-ticket-form')).toBeNull();
});

test('a new ticket half written is there again', async () => {
  const { user } = await openWindow();
  await user.click(screen.getByTestId('new-ticket'));
  await user.type(await screen.findByTestId('new-ticket-title'), 'Clavier');
  await user.click(screen.getByTestId('outbox-button'));
  await user.click(screen.getByTestId('new-ticket'));
  await waitFor(() => expect((screen.getByTestId('new-ticket-title') as HTMLInputElement).value).toBe('Clavier'));
});

test('what the account may not read is said, never shown as empty', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  expect(screen.getByText('#4655 non disponible')).toBeTruthy();
  await user.click(screen.getByTestId('view-open'));
  await settle();
  await openTicket(user, 4820);
  expect(screen.getByTestId('requester-card').textContent).toContain('n° 2 (nom non disponible)');
});

test('the sync tells its state in words', async () => {
  const { backend } = await openWindow();
  const since = new Date(Date.now() - 4 * 60_000 - 1000).toISOString();
  backend.setGate({ type: 'offline', since, retry_at: since });
  expect((await screen.findByTestId('banner-offline')).textContent).toContain('Hors ligne depuis 4\u00a0min.');
  backend.setGate({ type: 'auth_required', code: 'auth_bad_user_token' });
  await waitFor(() =>
    expect(screen.getByTestId('banner-auth').textContent).toContain('Le serveur refuse ce jeton d’API.'),
  );
  await fireEvent.click(screen.getByTestId('banner-sign-in'));
  expect(await screen.findByTestId('sign-in-url')).toBeTruthy();
});

test('a server brought back from a backup freezes the outbox until somebody decides', async () => {
  const { backend, user } = await openWindow();
  backend.setGate({ type: 'restored', noticed_at: new Date().toISOString() });
  const banner = await screen.findByTestId('banner-restored');
  expect(banner.textContent).toContain('Rien ne part avant votre décision.');
  await settle();
  expect(banner.textContent).toContain('Rien de ce qui est parti d’ici n’y manque.');
  await user.click(screen.getByTestId('restored-open'));
  await waitFor(() => expect(screen.queryByTestId('banner-restored')).toBeNull());
  expect(backend.calls.filter((call) => call.name === 'goOnAfterRestore').map((call) => call.args)).toEqual([[false]]);
});

test('what a restored server lost is listed and sent again once', async () => {
  const { backend, user } = await openWindow();
  const since = new Date().toISOString();
  backend.setGate({ type: 'offline', since, retry_at: since });
  const body = { blocks: [] };
  const operations = ['0197a1b2-0000-7000-8000-000000000001', '0197a1b2-0000-7000-8000-000000000002'].map((id) => ({
    id,
    operation: { type: 'add_followup' as const, body, private: false },
  }));
  await backend.submit({ lane: 4821, operations, draft: null });
  const lost = operations.map((one) => one.id);
  for (const id of lost) backend.setState(id, { type: 'sent', at: new Date().toISOString() });
  backend.setGate({ type: 'restored', noticed_at: new Date().toISOString() });
  const list = await screen.findByTestId('restored-lost');
  expect(list.querySelectorAll('li')).toHaveLength(lost.length);
  await user.click(screen.getByTestId('restored-send'));
  await waitFor(() => expect(screen.queryByTestId('banner-restored')).toBeNull());
  expect(backend.calls.filter((call) => call.name === 'goOnAfterRestore').map((call) => call.args)).toEqual([[true]]);
});

test('a first sync shows its counts and rate while the window is used', async () => {
  const { user } = await openWindow({ firstSync: true });
  const banner = screen.getByTestId('banner-first-sync').textContent.replace(/\s+/g, ' ');
  expect(banner).toContain('Tickets 8 400 sur 20 000');
  expect(banner).toContain('2 140 lignes/s');
  // What the account may not read is not waited for, and what is done is not listed.
  expect(banner).not.toContain('Catégories');
  expect(banner).not.toContain('Personnes');
  await openTicket(user, 4821);
});

test('keys pressed right after a hit was chosen are meant for the ticket, however long it takes to be read', async () => {
  const { backend, user } = await openWindow();
  await user.keyboard('{Control>}k{/Control}');
  const box: HTMLInputElement = screen.getByTestId('search-input');
  await user.type(box, 'VPN');
  await screen.findByTestId('hit-ticket-4821');
  let read = (): void => undefined;
  const held = new Promise<void>((resolve) => (read = resolve));
  const ticket = backend.ticket.bind(backend);
  backend.ticket = async (id) => {
    await held;
    return ticket(id);
  };
  await user.keyboard('{Enter}s');
  expect(box.value).toBe('');
  expect(document.activeElement).toBe(document.body);
  read();
  const text = await screen.findByTestId('composer-text');
  await waitFor(() => expect(document.activeElement).toBe(text));
  expect(screen.getByTestId('composer-tab-solution').getAttribute('aria-selected')).toBe('true');
  // The heading does not take the focus back.
  await settle();
  expect(document.activeElement).toBe(text);
});

test('the page loaded again is where it was', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Rappelé à 10 h');
  await waitFor(() => expect(screen.getByTestId('composer-draft-state').dataset.state).toBe('saved'));
  closeWindow();
  await openWindow(backend);
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
  await waitFor(() => expect(answerText().value).toBe('Rappelé à 10 h'));
});

test('a profile another Guichet holds opens by itself once it is free', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const backend = new FakeBackend();
    const held = new BackendFailure({ code: 'store_locked', message: 'Déjà ouvert', hint: '' });
    vi.spyOn(backend, 'appState').mockRejectedValueOnce(held);
    render(App, { backend });
    await vi.advanceTimersByTimeAsync(0);
    expect(screen.getByText('Déjà ouvert')).toBeTruthy();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(screen.queryByText('Déjà ouvert')).toBeNull();
    expect(screen.getByTestId('queue')).toBeTruthy();
  } finally {
    vi.useRealTimers();
  }
});

test('in a narrow window the rail shows the list, and Escape the ticket again', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  vi.stubGlobal('innerWidth', 720);
  await user.click(screen.getByTestId('queue-button'));
  await settle();
  expect(screen.queryByTestId('timeline')).toBeNull();
  await user.keyboard('{Escape}');
  await settle();
  expect(screen.queryByTestId('timeline')).not.toBeNull();
  vi.unstubAllGlobals();
});

test('started with a link, the window opens what it names and nothing else', async () => {
  const backend = new FakeBackend();
  backend.link = { type: 'ticket', id: 4821 };
  await openWindow(backend);
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
  expect(backend.link).toBeNull();
});
