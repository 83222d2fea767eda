// The hot transfer in the window: offered and briefed, driven by the keyboard alone, by hand, unsure, over a restart; the briefing at
// the other desk; and the contract it follows.
import { screen, waitFor, within } from '@testing-library/svelte';
import type { UserEvent } from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';

import { BackendFailure } from '../backend/backend';
import type { FakeBackend } from '../backend/fake';
import { DEVICE } from '../backend/fake-calls';
import type { Briefing, Settings } from '../backend/types';
import { answerText, argumentsOf, closeWindow, openTicket, openWindow, settle } from './window';

const phone = (backend: FakeBackend, id: number): string =>
  backend.world.people.find((one) => one.id === id)?.phones[0]?.raw ?? '';
const panel = (): HTMLElement => screen.getByTestId('transfer');
const decisions = (backend: FakeBackend): unknown[] =>
  backend.calls.filter((call) => call.name === 'decideTransfer').map((call) => call.args[1]);
const focused = (): string | undefined => (document.activeElement as HTMLElement | null)?.dataset.testid;
const press = async (user: UserEvent, keys: string): Promise<void> => {
  await user.keyboard(keys);
  await settle();
};

/** A VIP is talked to, and a transfer is offered. */
async function talking(byHand = false): Promise<{ backend: FakeBackend; user: UserEvent; call: string }> {
  const { backend, user } = await openWindow({ telephone: true });
  backend.transferring.byHand = byHand;
  const call = await backend.telephone.ring(phone(backend, 100));
  await backend.telephone.answer(call);
  await backend.telephone.say(call, { offer: 'vip' });
  await settle();
  return { backend, user, call };
}

/** The same with everything said, at its roster. */
async function briefed(byHand = false): Promise<{ backend: FakeBackend; user: UserEvent; call: string; id: string }> {
  const opened = await talking(byHand);
  const { backend, user } = opened;
  await user.click(screen.getByTestId('transfer-button'));
  await settle();
  await user.type(screen.getByTestId('transfer-field-symptom'), 'Dossiers fermés');
  await user.type(screen.getByTestId('transfer-field-affected'), 'Le cabinet');
  await settle();
  return { ...opened, id: backend.transferring.cards[0]?.transfer.id ?? '' };
}

test('the whole path by the keyboard alone: briefed in full, called, presented, joined', async () => {
  const { backend, user } = await talking();
  expect(screen.getByTestId('transfer-button').dataset.offer).toBe('vip');
  await press(user, '{F9}');
  await waitFor(() => expect(document.activeElement?.hasAttribute('data-call-first')).toBe(true));
  await press(user, 't');
  expect(panel().dataset.state).toBe('offered');
  expect(focused()).toBe('transfer-field-symptom');
  // Not yet: what is missing is gone to instead.
  await press(user, 'Dossiers fermés{Control>}{Enter}{/Control}');
  expect(decisions(backend)).toEqual([]);
  expect(focused()).toBe('transfer-field-affected');
  expect(screen.getByTestId('transfer-missing').textContent).toContain('Qui est touché');
  await press(user, 'Le cabinet');
  expect(screen.queryByTestId('transfer-missing')).toBeNull();
  await press(user, '{Control>}{Enter}{/Control}');
  expect(decisions(backend)).toEqual([{ type: 'consult', nth: null }]);
  expect(panel().dataset).toMatchObject({ state: 'consulting', phase: 'asked' });
  expect(panel().contains(document.activeElement)).toBe(true);
  const id = backend.transferring.cards[0]?.transfer.id ?? '';
  backend.transferring.rings(id);
  await settle();
  expect(panel().dataset.phase).toBe('ringing');
  expect(panel().textContent).toMatch(/\d+\ss/);
  // One key too many while it rings does nothing.
  await press(user, '{Enter}{Control>}{Enter}{/Control}');
  expect(decisions(backend)).toHaveLength(1);
  backend.transferring.answers(id);
  await settle();
  expect(focused()).toBe('transfer-briefed');
  expect(screen.getByTestId('transfer-said').textContent).toContain('On vous répond');
  await press(user, '{Enter}');
  expect(panel().dataset.state).toBe('briefed');
  expect(focused()).toBe('transfer-complete');
  await press(user, '{Control>}{Enter}{/Control}');
  expect(panel().dataset.state).toBe('completed');
  expect(panel().textContent).toContain('Paul Girard');
  expect(decisions(backend).slice(1)).toEqual([{ type: 'briefed' }, { type: 'complete' }]);
  expect(within(screen.getByTestId('transfer-lines')).getAllByRole('listitem').length).toBeGreaterThan(3);
});

test('the briefing is kept at every keystroke, and what the disk refuses stays and is tried again', async () => {
  const { backend, user } = await talking();
  await user.click(screen.getByTestId('transfer-button'));
  await settle();
  backend.failNext.set('briefTransfer', new BackendFailure({ code: 'x', message: 'disk full', hint: '' }));
  await user.type(screen.getByTestId('transfer-field-note'), 'Conseil à 14 h');
  const kept = (): Briefing | undefined => backend.transferring.cards[0]?.transfer.briefing;
  await waitFor(() => expect(kept()?.note).toBe('Conseil à 14 h'), { timeout: 5_000 });
  expect(screen.getByTestId<HTMLInputElement>('transfer-field-note').value).toBe('Conseil à 14 h');
  await user.type(screen.getByTestId('transfer-field-tried'), 'Relancé');
  await waitFor(() => expect(kept()?.diagnosis.tried).toBe('Relancé'));
  expect(kept()?.note).toBe('Conseil à 14 h');
});

test('nobody lifts it: the next is called; he is given up by one key, and the caller taken back by another', async () => {
  const { backend, user, id } = await briefed();
  expect(screen.getByTestId('transfer-roster-2').textContent).toContain('Pas de service');
  await user.click(screen.getByTestId('transfer-consult'));
  await settle();
  backend.transferring.rings(id);
  backend.transferring.ringsInVain(id);
  await settle();
  expect(screen.getByTestId('transfer-roster-0').textContent).toContain('pas de réponse');
  expect(screen.getByTestId('transfer-roster-1').getAttribute('aria-current')).toBe('step');
  await press(user, 'r');
  expect(decisions(backend).at(-1)).toEqual({ type: 'return' });
  expect(panel().dataset.state).toBe('returned');
  // He can be transferred after all.
  expect(screen.getByTestId('transfer-button')).toBeTruthy();
});

test('it takes neither the focus nor a letter from what is typed elsewhere', async () => {
  const { backend, user, id } = await briefed();
  await user.click(screen.getByTestId('transfer-consult'));
  await settle();
  await openTicket(user, 4819);
  await user.type(answerText(), 'rs');
  backend.transferring.answers(id);
  await settle();
  await user.keyboard('t');
  expect(document.activeElement).toBe(answerText());
  expect(answerText().value).toBe('rst');
  expect(decisions(backend)).toHaveLength(1);
});

test('nobody is on duty or free: each can be called all the same, or somebody calls back', async () => {
  // Late in the evening the end of the term is tomorrow's, and said so.
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-24T10:00:00') });
  const { backend, user, id } = await briefed();
  const roster = backend.transferring.roster.map((one) => ({ ...one, on_duty: false }));
  backend.transferring.turn(id, { roster });
  await settle();
  expect(screen.getByTestId('transfer-consult').textContent).toContain('Personne de service');
  expect(screen.getByTestId('transfer-consult-1')).toBeTruthy();
  await user.click(screen.getByTestId('transfer-fallback'));
  await settle();
  expect(panel().dataset.state).toBe('fell_back');
  expect(panel().textContent).toMatch(/Rappel par .*Réseau, avant \d\d:\d\d/);
  vi.useRealTimers();
});

test('no transfer wants a reason', async () => {
  const { backend, user } = await briefed();
  await user.click(screen.getByTestId('transfer-decline'));
  expect(focused()).toBe('transfer-reason');
  await press(user, 'Résolu entre-temps{Enter}');
  expect(decisions(backend)).toEqual([{ type: 'decline', reason: 'Résolu entre-temps' }]);
  expect(panel().dataset.state).toBe('declined');
});

test('by hand: what to press stands large, and each step is confirmed by one tap', async () => {
  const { backend, user } = await briefed(true);
  await user.click(screen.getByTestId('transfer-consult-1'));
  await settle();
  expect(screen.getByTestId('transfer-instruction').textContent).toContain('Double appel');
  for (const what of ['answered', 'no_answer', 'busy', 'refused', 'back_with_caller'])
    expect(screen.getByTestId(`transfer-confirm-${what}`)).toBeTruthy();
  expect(screen.getByTestId('transfer-return')).toBeTruthy();
  expect(focused()).toBe('transfer-confirm-answered');
  await press(user, '{Enter}');
  expect(panel().dataset.phase).toBe('talking');
  await press(user, '{Enter}');
  await press(user, '{Enter}');
  expect(panel().dataset.state).toBe('completing');
  expect(screen.getByTestId('transfer-instruction').textContent).toContain('Transfert');
  await user.click(screen.getByTestId('transfer-confirm-joined'));
  await settle();
  expect(panel().dataset.state).toBe('completed');
  expect(decisions(backend)).toEqual([
    { type: 'consult', nth: 1 },
    { type: 'confirm', what: 'answered' },
    { type: 'briefed' },
    { type: 'complete' },
    { type: 'confirm', what: 'joined' },
  ]);
});

test('the telephone system goes out of sight: that is said, and the technician says what happens', async () => {
  const { backend, user, id } = await briefed();
  await user.click(screen.getByTestId('transfer-consult'));
  await settle();
  expect(screen.queryByTestId('transfer-confirm-answered')).toBeNull();
  backend.transferring.turn(id, { connected: false }, 'pbx_lost');
  await settle();
  expect(screen.getByTestId('transfer-lost')).toBeTruthy();
  expect(screen.getByTestId('transfer-confirm-answered')).toBeTruthy();
  expect(screen.getByTestId('transfer-return')).toBeTruthy();
});

test('where the caller is cannot be told: three answers, read out at once, and the call cannot be put away', async () => {
  const { backend, user, call, id } = await briefed();
  await backend.telephone.end(call);
  backend.transferring.shows(id, { type: 'unsure', nth: 0 }, { notice: 'where_is_the_caller' });
  await settle();
  const alarm = screen.getByTestId('transfer-alarm');
  expect(alarm.getAttribute('aria-live')).toBe('assertive');
  expect(alarm.textContent).toContain('a-t-il été mis en relation');
  expect(screen.queryByTestId('call-close')).toBeNull();
  expect(screen.queryByTestId('call-wrap-up')).toBeNull();
  screen.getByTestId('transfer-confirm-joined').focus();
  await press(user, '{Escape}');
  // Folded, and there.
  expect(screen.getByTestId('call')).toBeTruthy();
  expect(screen.getByTestId('transfer-folded')).toBeTruthy();
  await user.click(screen.getByTestId('call-unfold'));
  expect(screen.getByTestId('transfer-confirm-back_with_caller')).toBeTruthy();
  await user.click(screen.getByTestId('transfer-confirm-caller_left'));
  await settle();
  expect(panel().dataset.state).toBe('caller_left');
  expect(panel().textContent).toContain('Rappel par');
  // Now it can be wrapped up.
  expect(screen.getByTestId('call-wrap-up')).toBeTruthy();
});

test('a caller who may be lost is shown though his band was folded; another call does not cover him, nor is the focus taken', async () => {
  const { backend, user, call, id } = await briefed();
  await user.click(screen.getByTestId('call-fold'));
  screen.getByTestId('queue').focus();
  await backend.telephone.end(call);
  backend.transferring.shows(id, { type: 'unsure', nth: 0 }, { notice: 'where_is_the_caller' });
  await settle();
  expect(screen.getByTestId('transfer-confirm-back_with_caller')).toBeTruthy();
  expect(focused()).toBe('queue');
  await backend.telephone.ring(phone(backend, 101));
  await settle();
  expect(screen.getByTestId('call').dataset.id).toBe(call);
  expect(panel().dataset.state).toBe('unsure');
});

test('a decision that is refused says why, and changes nothing', async () => {
  const { backend, user } = await briefed();
  const told = await backend.explain('transfer_not_now');
  backend.failNext.set('decideTransfer', new BackendFailure(told));
  await user.click(screen.getByTestId('transfer-consult'));
  await settle();
  expect(screen.getByTestId('transfer-refused').textContent).toContain(told.hint);
  expect(panel().dataset.state).toBe('offered');
  await user.click(screen.getByTestId('transfer-consult'));
  await settle();
  expect(screen.queryByTestId('transfer-refused')).toBeNull();
});

test('a restart shows the transfer that goes on with its call, also when the call is over by then', async () => {
  const { backend, user, call, id } = await briefed();
  await user.click(screen.getByTestId('transfer-consult'));
  await settle();
  closeWindow();
  backend.transferring.shows(id, { type: 'unsure', nth: 0 });
  await backend.telephone.end(call);
  await openWindow(backend);
  await waitFor(() => expect(panel().dataset.state).toBe('unsure'));
  expect(screen.getByTestId('call').dataset.id).toBe(call);
  expect(screen.getByTestId('transfer-confirm-joined')).toBeTruthy();
});

test('the other desk reads the briefing large while its telephone rings, and opens the ticket from it', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  const now = new Date().toISOString();
  const call = await backend.telephone.ring(phone(backend, 100), {
    state: 'consulting',
    ringing: [],
    device: 'SIP/6002',
    consultation: { device: DEVICE, agent: null, since: now, answered_at: null, failed: null },
  });
  await backend.telephone.say(call, { briefing: { ticket: 4821, at: null, author: null, lines: [] } });
  await settle();
  expect(screen.getByTestId('call-briefing').textContent).toContain('Lecture du ticket');
  expect(screen.queryByTestId('transfer-button')).toBeNull();
  const lines = ['Demandeur VIP : Claire Fontaine', 'Constaté : dossiers fermés'];
  await backend.telephone.say(call, { briefing: { ticket: 4821, at: now, author: 'Nadia Leroux', lines } });
  await settle();
  const briefing = screen.getByTestId('call-briefing').textContent;
  for (const text of [...lines, 'Nadia Leroux']) expect(briefing).toContain(text);
  await user.click(screen.getByTestId('call-briefing-ticket'));
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
});

test('the contract is one of those that come along or a file, whose mistake is told with its cure', async () => {
  const { backend, user } = await openWindow({});
  await user.click(screen.getByTestId('settings-button'));
  await settle();
  const contracts = (): (string | null | undefined)[] =>
    argumentsOf<Settings>(backend, 'saveSettings').map((one) => one.contract);
  await user.selectOptions(await screen.findByTestId('settings-contract'), 'vsgp');
  await settle();
  expect(contracts()).toEqual(['vsgp']);
  const file = screen.getByTestId<HTMLInputElement>('settings-contract-file');
  const told = { code: 'contract_invalid', message: 'ligne 3', hint: 'Corrigez le fichier' };
  backend.failNext.set('saveSettings', new BackendFailure(told));
  await user.type(file, '/srv/contrat.toml{Enter}');
  await settle();
  expect(screen.getByTestId('settings-contract-refused').textContent).toContain('Corrigez le fichier');
  expect(file.value).toBe('/srv/contrat.toml');
  await user.type(file, '{Enter}');
  await settle();
  expect(contracts().at(-1)).toBe('/srv/contrat.toml');
  expect(screen.queryByTestId('settings-contract-refused')).toBeNull();
  expect(screen.getByTestId<HTMLSelectElement>('settings-contract').selectedOptions[0]?.textContent).toBe('Un fichier');
});

test('the palette takes the steps of a transfer where they can be taken, and only there', async () => {
  const { backend, user } = await briefed();
  const offered = async (words: string): Promise<boolean> => {
    await user.keyboard('{Control>}{Shift>}k{/Shift}{/Control}');
    await user.keyboard(words);
    await settle();
    const disabled = screen
      .queryAllByRole('option')
      .filter((one) => one.textContent.includes(words))
      .map((one) => one.getAttribute('aria-disabled'));
    return disabled.length > 0 && disabled.every((one) => one !== 'true');
  };
  expect(await offered('passer à la personne suivante')).toBe(false);
  await press(user, '{Escape}');
  await user.click(screen.getByTestId('transfer-consult'));
  await settle();
  expect(decisions(backend)).toEqual([{ type: 'consult', nth: null }]);
  expect(await offered('passer à la personne suivante')).toBe(true);
  await press(user, '{Enter}');
  expect(decisions(backend).at(-1)).toEqual({ type: 'next' });
});
