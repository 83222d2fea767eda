// Calls in the window: the card as the event brings it, what it never takes away, and what is made of it.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';

import { BackendFailure } from '../backend/backend';
import type { FakeBackend } from '../backend/fake';
import { DEVICE } from '../backend/fake-calls';
import type { Submission } from '../backend/types';
import { answerText, argumentsOf, openTicket, openWindow, settle } from './window';

const phone = (backend: FakeBackend, id: number): string =>
  backend.world.people.find((one) => one.id === id)?.phones[0]?.raw ?? '';
const card = (): HTMLElement => screen.getByTestId('call');
const now = (): string => new Date().toISOString();

/** Calls of a command. */
const asked = (backend: FakeBackend, name: string): unknown[][] =>
  backend.calls.filter((call) => call.name === name).map((call) => call.args);

test('a call of mine shows who it is from the event alone: nothing is asked back before it is painted', async () => {
  const { backend } = await openWindow({ telephone: true });
  const spies = (['person', 'callCard', 'liveCalls', 'aroundTicket', 'explain'] as const).map((name) =>
    vi.spyOn(backend, name),
  );
  // What makes the card is behind the window; from the event on, it is only painted.
  let sent = 0;
  backend.onCall(() => {
    sent = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  });
  await backend.telephone.ring(phone(backend, 100));
  await settle();
  expect(spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0)).toBe(sent);
  expect(within(card()).getByTestId('call-caller').textContent).toBe('Claire Fontaine');
  expect(within(card()).getByText('VIP')).toBeTruthy();
  expect(within(card()).getByTestId('call-state').textContent).toContain('Sonne');
  expect(within(card()).getByTestId('call-site').textContent).toContain('Siège');
  expect(within(card()).getByTestId('call-ticket-4821')).toBeTruthy();
  expect(within(card()).getByTestId('call-asset-Computer-400')).toBeTruthy();
});

test('it takes neither the focus nor a letter from what is typed; one key goes to it, Escape folds it and goes back', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await openTicket(user, 4819);
  await user.type(answerText(), 'Je reg');
  await backend.telephone.ring(phone(backend, 100));
  await settle();
  expect(document.activeElement).toBe(answerText());
  await user.keyboard('arde');
  expect(answerText().value).toBe('Je regarde');
  await user.keyboard('{F9}');
  await waitFor(() => expect(card().contains(document.activeElement)).toBe(true));
  await user.keyboard('{Escape}');
  expect(document.activeElement).toBe(answerText());
  expect(screen.queryByTestId('call-note')).toBeNull();
  expect(screen.getByTestId('call-caller').textContent).toBe('Claire Fontaine');
  // The same key unfolds it again.
  await user.keyboard('{F9}');
  await waitFor(() => expect(card().contains(document.activeElement)).toBe(true));
  expect(screen.getByTestId('call-note')).toBeTruthy();
});

test('who calls is read out once, however often the call changes', async () => {
  const { backend } = await openWindow({ telephone: true });
  const id = await backend.telephone.ring(phone(backend, 100));
  await settle();
  const said = screen.getByTestId('call-said');
  expect(said.getAttribute('aria-live')).toBe('polite');
  const heard: string[] = [said.textContent];
  new MutationObserver(() => heard.push(said.textContent)).observe(said, {
    childList: true,
    characterData: true,
    subtree: true,
  });
  expect(heard[0]).toMatch(/^Appel de Claire Fontaine, VIP, \d+ tickets? ouverts?\. F9 pour y aller\.$/);
  await backend.telephone.answer(id);
  await backend.telephone.turn(id, { state: 'held' });
  await backend.telephone.turn(id, { state: 'answered' });
  await settle();
  expect(heard).toHaveLength(1);
});

test('the call of another desk does not show', async () => {
  const { backend } = await openWindow({ telephone: true });
  await backend.telephone.ring(phone(backend, 100), { ringing: ['SIP/6002'] });
  await settle();
  expect(screen.queryByTestId('call')).toBeNull();
});

test('a call that a colleague picks up goes away; one that nobody picked up stays, to be called back', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const first = await backend.telephone.ring(phone(backend, 100));
  await settle();
  await backend.telephone.turn(first, { state: 'answered', ringing: [], device: 'SIP/6002', answered_by: 'SIP/6002' });
  await settle();
  expect(screen.queryByTestId('call')).toBeNull();
  const second = await backend.telephone.ring(phone(backend, 101));
  await backend.telephone.turn(second, { state: 'missed', ringing: [], ended_at: now(), cause: 'abandoned' });
  await settle();
  expect(screen.getByTestId('call-state').textContent).toContain('Sans réponse');
  await user.keyboard('{Alt>}r{/Alt}');
  expect(argumentsOf(backend, 'dial')).toEqual([phone(backend, 101)]);
});

test('a note is kept at every keystroke, survives a disk that refuses, and says so meanwhile', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const id = await backend.telephone.ring(phone(backend, 100));
  await settle();
  const note = screen.getByTestId<HTMLTextAreaElement>('call-note');
  await user.type(note, 'certificat');
  await waitFor(() => expect(screen.getByTestId('call-note-state').dataset.state).toBe('saved'));
  expect(asked(backend, 'noteCall').at(-1)).toEqual([id, 'certificat']);
  backend.failNext.set('noteCall', new BackendFailure({ code: 'x', message: 'disk full', hint: '' }));
  await user.type(note, ' expiré');
  await waitFor(() => expect(screen.getByTestId('call-note-state').dataset.state).toBe('failed'));
  expect(note.value).toBe('certificat expiré');
  // The call goes on: its cards carry an older note than what is typed.
  await backend.telephone.answer(id);
  await settle();
  expect(screen.getByTestId<HTMLTextAreaElement>('call-note').value).toBe('certificat expiré');
  await waitFor(() => expect(screen.getByTestId('call-note-state').dataset.state).toBe('saved'), { timeout: 5_000 });
  expect(backend.telephone.journal.find((row) => row.call.id === id)?.note).toBe('certificat expiré');
});

test('a call that takes another identity stays the same card, with what was typed on it', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const id = await backend.telephone.ring(phone(backend, 100));
  await settle();
  await user.type(screen.getByTestId('call-note'), 'en');
  await backend.telephone.turn('renamed', { ids: ['renamed', id] }, [id]);
  await settle();
  expect(screen.getAllByTestId('call')).toHaveLength(1);
  expect(card().dataset.id).toBe('renamed');
  const note = screen.getByTestId<HTMLTextAreaElement>('call-note');
  expect(note.value).toBe('en');
  await user.type(note, ' double');
  await waitFor(() =>
    expect(backend.telephone.journal.find((row) => row.call.id === 'renamed')?.note).toBe('en double'),
  );
  expect(screen.getByTestId('call-said').textContent).toContain('Claire Fontaine');
});

test('a new ticket comes filled from the call, and the call is linked to it', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const id = await backend.telephone.ring(phone(backend, 100));
  await backend.telephone.answer(id);
  await settle();
  await user.keyboard('{F9}');
  await waitFor(() => expect(card().contains(document.activeElement)).toBe(true));
  await user.keyboard('n');
  await settle();
  expect(screen.getByTestId<HTMLInputElement>('new-requester').value).toBe('Claire Fontaine');
  expect(screen.getByTestId<HTMLSelectElement>('new-channel').selectedOptions[0]?.textContent).toBe('Téléphone');
  expect(screen.getByTestId<HTMLInputElement>('new-location').value).toContain('Siège');
  expect(screen.getByTestId('new-call')).toBeTruthy();
  await user.type(screen.getByTestId('new-ticket-title'), 'VPN');
  await user.type(screen.getByTestId('new-ticket-text'), 'refusé');
  await user.click(screen.getByTestId('new-ticket-send'));
  await waitFor(() => expect(asked(backend, 'linkCall')).toHaveLength(1));
  const created = argumentsOf<Submission>(backend, 'submit')[0]?.operations[0]?.operation;
  expect(created).toMatchObject({ type: 'create_ticket', ticket: { channel: 1, location: 1 } });
  if (created?.type === 'create_ticket') {
    expect(created.ticket.actors).toContainEqual({ role: 'requester', party: { type: 'user', id: 100 } });
    expect(created.ticket.assets).toEqual([{ kind: 'Computer', id: 400 }]);
  }
  expect(asked(backend, 'linkCall')[0]?.[0]).toBe(id);
  await settle();
  expect(screen.getByTestId('call-linked')).toBeTruthy();
});

test('words that are being written for somebody else are left alone, and that is said', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await user.click(screen.getByTestId('new-ticket'));
  await user.type(await screen.findByTestId('new-requester'), 'morel');
  await settle();
  await user.keyboard('{Enter}');
  await user.type(screen.getByTestId('new-ticket-title'), 'Souris');
  await backend.telephone.ring(phone(backend, 100));
  await settle();
  await user.click(screen.getByTestId('call-new-ticket'));
  await settle();
  expect(screen.getByTestId<HTMLInputElement>('new-ticket-title').value).toBe('Souris');
  expect(screen.getByTestId<HTMLInputElement>('new-requester').value).toContain('Morel');
  expect(screen.queryByTestId('new-call')).toBeNull();
  expect(screen.getByText('Un ticket pour quelqu’un d’autre est en cours de rédaction.')).toBeTruthy();
});

test('an open ticket of the caller is opened by the digit of its place, wherever the layout has it', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await backend.telephone.ring(phone(backend, 100));
  await settle();
  const first = within(screen.getByTestId('call-tickets')).getAllByRole('button')[0] as HTMLElement;
  const id = first.dataset.testid?.replace('call-ticket-', '') ?? '';
  await user.keyboard('{F9}');
  await waitFor(() => expect(card().contains(document.activeElement)).toBe(true));
  await user.keyboard('[Digit1]');
  expect(await screen.findByTestId(`ticket-${id}`)).toBeTruthy();
});

test('a call over stays until it is said what became of it, and says it once with its note and its ticket', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const id = await backend.telephone.ring(phone(backend, 100));
  await backend.telephone.answer(id);
  await settle();
  expect(screen.queryByTestId('call-wrap-up')).toBeNull();
  await user.type(screen.getByTestId('call-note'), 'VPN coupé');
  await backend.telephone.end(id);
  await settle();
  expect(screen.getByTestId('call-state').textContent).toContain('Appel terminé');
  await user.click(screen.getByTestId('call-link-open'));
  await user.type(screen.getByTestId('call-link'), 'vpn');
  await user.click(await screen.findByRole('option', { name: /#4821/ }));
  await settle();
  expect(asked(backend, 'linkCall')).toEqual([[id, 4821]]);
  expect(screen.getByTestId<HTMLButtonElement>('call-wrap-up-done').disabled).toBe(true);
  await user.selectOptions(screen.getByTestId('call-disposition'), 'solved');
  await user.click(screen.getByTestId('call-wrap-up-done'));
  await settle();
  expect(asked(backend, 'closeCall')).toEqual([
    [id, { disposition: 'solved', ticket: { type: 'existing', id: 4821 }, note: 'VPN coupé' }],
  ]);
  expect(screen.queryByTestId('call')).toBeNull();
});

test('a call without a ticket wants a reason, in words where it is another one; a refusal leaves everything as it was', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const id = await backend.telephone.ring(phone(backend, 100));
  await backend.telephone.answer(id);
  await backend.telephone.end(id);
  await settle();
  const done = (): HTMLButtonElement => screen.getByTestId<HTMLButtonElement>('call-wrap-up-done');
  await user.selectOptions(screen.getByTestId('call-disposition'), 'not_for_us');
  expect(done().disabled).toBe(true);
  await user.selectOptions(screen.getByTestId('call-no-ticket'), 'other');
  expect(done().disabled).toBe(true);
  await user.type(screen.getByTestId('call-no-ticket-words'), 'La cantine');
  backend.failNext.set('closeCall', new BackendFailure({ code: 'x', message: 'disk full', hint: '' }));
  await user.click(done());
  await settle();
  expect(screen.getByTestId<HTMLInputElement>('call-no-ticket-words').value).toBe('La cantine');
  await user.click(done());
  await settle();
  expect(screen.queryByTestId('call')).toBeNull();
  expect(backend.telephone.journal[0]?.no_ticket).toEqual({ reason: 'other', words: 'La cantine' });
  expect(backend.telephone.journal[0]?.call.id).toBe(id);
});

test('a call over is put away by its button, and does not come back', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const id = await backend.telephone.ring(phone(backend, 100));
  await backend.telephone.answer(id);
  await backend.telephone.end(id);
  await settle();
  await user.click(screen.getByTestId('call-close'));
  expect(screen.queryByTestId('call')).toBeNull();
  // A late event of the same call.
  await backend.telephone.turn(id, { cause: 'normal' });
  await settle();
  expect(screen.queryByTestId('call')).toBeNull();
});

test('several people with one number are a choice, an unknown one is found, a hidden one is said to be hidden', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const shared = phone(backend, 100);
  const other = backend.world.people.find((one) => one.id === 101);
  other?.phones.push({ raw: shared, e164: null, digits: shared.replace(/\D/g, '') });
  const id = await backend.telephone.ring(shared);
  await settle();
  expect(within(screen.getByTestId('call-several')).getAllByRole('button')).toHaveLength(2);
  await user.click(screen.getByTestId('call-is-101'));
  await settle();
  expect(asked(backend, 'nameCaller')).toEqual([[id, 101]]);
  expect(screen.getByTestId('call-caller').textContent).toContain('Morel');
  await backend.telephone.end(id);
  await settle();
  await user.click(screen.getByTestId('call-close'));

  const unknown = await backend.telephone.ring('09 99 99 99 99');
  await settle();
  expect(screen.getByTestId('call-caller').textContent).toBe('09 99 99 99 99');
  await user.type(screen.getByTestId('call-who'), 'fontaine');
  await settle();
  await user.keyboard('{Enter}');
  await settle();
  expect(asked(backend, 'nameCaller').at(-1)).toEqual([unknown, 100]);
  expect(screen.getByTestId('call-caller').textContent).toBe('Claire Fontaine');
  await backend.telephone.end(unknown);
  await settle();
  await user.click(screen.getByTestId('call-close'));

  await backend.telephone.ring('');
  await settle();
  expect(screen.getByTestId('call-caller').textContent).toBe('Numéro masqué');
});

test('a number that is not in the record of whoever calls is proposed for it, once, as a task of the ticket', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const call = await backend.telephone.ring('09 99 99 99 99');
  await settle();
  await user.type(screen.getByTestId('call-who'), 'fontaine');
  await settle();
  await user.keyboard('{Enter}');
  await settle();
  // Without a ticket there is nowhere to ask for it.
  expect(screen.queryByTestId('call-propose-number')).toBeNull();
  await backend.linkCall(call, 4821);
  await backend.telephone.turn(call, { state: 'answered', answered_at: new Date().toISOString() });
  await user.click(await screen.findByTestId('call-propose-number'));
  await settle();
  const sent = asked(backend, 'submit').at(-1)?.[0] as Submission;
  expect(sent.lane).toBe(4821);
  const task = sent.operations[0]?.operation;
  expect(task).toMatchObject({ type: 'add_task', private: true, state: 'todo' });
  expect(JSON.stringify(task).replace(/\s/g, ' ')).toContain('Claire Fontaine : 09 99 99 99 99');
  expect(screen.queryByTestId('call-propose-number')).toBeNull();
});

test('a second call stands beside the first, which stays in front', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const first = await backend.telephone.ring(phone(backend, 100));
  await backend.telephone.answer(first);
  await settle();
  const second = await backend.telephone.ring(phone(backend, 101));
  await settle();
  expect(card().dataset.id).toBe(first);
  await user.click(screen.getByTestId(`call-other-${second}`));
  expect(card().dataset.id).toBe(second);
  expect(screen.getByTestId(`call-other-${first}`).textContent).toContain('Claire Fontaine');
});

test('a desk that is consulted gets the same card, as a briefing', async () => {
  const { backend } = await openWindow({ telephone: true });
  await backend.telephone.ring(phone(backend, 100), {
    state: 'consulting',
    ringing: [],
    device: 'SIP/6002',
    answered_by: 'SIP/6002',
    answered_at: now(),
    consultation: { device: DEVICE, agent: null, since: now(), answered_at: null, failed: null },
  });
  await settle();
  expect(screen.getByTestId('call-state').textContent).toContain('On vous consulte pour cet appel');
  expect(screen.getByTestId('call-said').textContent).toContain('On vous consulte pour l’appel de Claire Fontaine');
  expect(screen.getByTestId('call-ticket-4821')).toBeTruthy();
});

test('a call that goes on when the window opens is shown', async () => {
  const { backend } = await openWindow({ telephone: true, signedIn: false });
  const id = await backend.telephone.ring(phone(backend, 100));
  backend.telephone.journal = backend.telephone.journal.slice(0, 1);
  await backend.useSandbox();
  const { cleanup } = await import('@testing-library/svelte');
  cleanup();
  await openWindow(backend);
  expect(card().dataset.id).toBe(id);
});

test('a lost telephone is said with its reason and the next try, one that is there quietly, none at all not', async () => {
  const { backend } = await openWindow({ telephone: true });
  const state = (): HTMLElement => screen.getByTestId('status-telephone');
  expect(state().textContent.trim()).toBe('Téléphone connecté');
  const since = new Date(Date.now() - 150_000).toISOString();
  const retry = new Date(Date.now() + 30_000);
  backend.telephone.setState({
    device: DEVICE,
    connection: { type: 'lost', reason: { type: 'silent' }, since, retry_at: retry.toISOString() },
  });
  await settle();
  const told = await backend.explain('pbx_silent');
  expect(told.message).not.toBe('pbx_silent');
  expect(state().textContent).toContain(told.message);
  expect(state().textContent).toMatch(/depuis 2\smin · nouvel essai à \d\d:\d\d/);
  backend.telephone.setState({ device: null, connection: null });
  await settle();
  expect(screen.queryByTestId('status-telephone')).toBeNull();
});

test('numbers are called by a click, only where a telephone is set up; what the PBX refuses is said', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await openTicket(user, 4821);
  const number = phone(backend, 100);
  await user.click(screen.getByRole('button', { name: `Appeler le ${number}` }));
  expect(argumentsOf(backend, 'dial')).toEqual([number]);
  await settle();
  expect(screen.getByTestId('call-state').textContent).toContain('Appel sortant');
  expect(screen.getByTestId('call-said').textContent).toBe('');
  backend.telephone.setState({ device: DEVICE, connection: { type: 'connecting' } });
  await user.click(screen.getByRole('button', { name: `Appeler le ${number}` }));
  expect(await screen.findByText((await backend.explain('pbx_not_connected')).message)).toBeTruthy();
  backend.telephone.setState({ device: null, connection: null });
  await settle();
  expect(screen.queryByRole('button', { name: `Appeler le ${number}` })).toBeNull();
});

test('the sandbox has a command that makes a VIP call; another profile has not', async () => {
  const { user, backend } = await openWindow({ telephone: true, sandbox: true, locale: 'en' });
  await user.keyboard('{Control>}k{/Control}>vip call{Enter}');
  await settle();
  expect(asked(backend, 'sandboxCall')).toEqual([[null]]);
  expect(screen.getByTestId('call-caller').textContent).toBe('Claire Fontaine');
  expect(screen.getByTestId('call-state').textContent).toContain('Ringing');
  expect(screen.getByTestId('call-said').textContent).toContain('Call from Claire Fontaine, VIP');
});
