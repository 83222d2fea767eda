import { screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { FakeBackend } from '../backend/fake';
import { answerText, argumentsOf, closeWindow, openTicket, openWindow, settle } from './window';

const named = (backend: FakeBackend, name: string) => backend.calls.filter((call) => call.name === name).length;

async function withPin() {
  const backend = new FakeBackend();
  await backend.changePin('', 'une phrase');
  return openWindow(backend);
}

test('without a PIN the key locks nothing and says what to do', async () => {
  const { backend, user } = await openWindow();
  await user.keyboard('{Control>}{Shift>}l{/Shift}{/Control}');
  await settle();
  expect(named(backend, 'lock')).toBe(0);
  expect(document.body.textContent).toContain('il n’a pas de code');
});

test('the key locks once what is typed is on the disk; opened, the window is where it was, with the words', async () => {
  const { backend, user } = await withPin();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Mots à moitié');
  await user.keyboard('{Control>}{Shift>}l{/Shift}{/Control}');
  await waitFor(() => expect(named(backend, 'reload')).toBe(1));
  const names = backend.calls.map((call) => call.name);
  expect(names.lastIndexOf('saveDraft')).toBeLessThan(names.indexOf('lock'));
  expect(sessionStorage.length).toBe(0);

  // The page begins anew.
  closeWindow();
  await openWindow(backend);
  expect(await screen.findByTestId('lock-screen')).toBeTruthy();
  expect(document.body.textContent).not.toMatch(/4821|Mots|VPN/);
  expect(document.activeElement).toBe(screen.getByTestId('lock-pin'));
  await user.type(screen.getByTestId('lock-pin'), 'faux{Enter}');
  expect((await screen.findByTestId('lock-refused')).textContent).toContain('Ce n’est pas le bon code.');
  expect(document.activeElement).toBe(screen.getByTestId('lock-pin'));
  await user.type(screen.getByTestId('lock-pin'), 'une phrase{Enter}');
  await waitFor(() => expect(named(backend, 'reload')).toBe(2));

  closeWindow();
  await openWindow(backend);
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
  await settle();
  expect(answerText().value).toBe('Mots à moitié');
});

test('a desk that locks by itself gives the page time to keep its words', async () => {
  const { backend, user } = await withPin();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Encore');
  backend.setLock({ asked: true });
  await waitFor(() => expect(named(backend, 'reload')).toBe(1));
  expect(named(backend, 'lock')).toBe(1);
});

test('a call that rings is told, a wait keeps the button, a lease over leaves the account alone', async () => {
  const { backend, user } = await withPin();
  backend.locking = { ...backend.locking, locked: 'idle', wait_s: 5, rings: true };
  closeWindow();
  await openWindow(backend);
  expect((await screen.findByTestId('lock-screen')).textContent).toContain('Un appel sonne');
  expect(screen.getByTestId<HTMLButtonElement>('lock-open').disabled).toBe(true);
  expect(screen.getByTestId('lock-wait').textContent).toContain('5');
  backend.setLock({ locked: 'lease', lease_over: true, wait_s: 0, rings: false });
  await settle();
  expect(screen.getByTestId('lock-lease')).toBeTruthy();
  expect(screen.queryByTestId('lock-pin')).toBeNull();
  await user.click(screen.getByTestId('lock-forgotten'));
  await user.type(screen.getByTestId('lock-token'), ' jeton {Enter}');
  await waitFor(() => expect(named(backend, 'reload')).toBe(1));
  expect(argumentsOf(backend, 'unlockByAccount')[0]).toEqual({ user_token: 'jeton', login: null, password: null });
});

test('the settings set and change the PIN, and say when one is refused', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('settings-button'));
  await user.type(await screen.findByTestId('lock-next'), 'une phrase');
  await user.click(screen.getByTestId('lock-keep'));
  await settle();
  await user.type(screen.getByTestId('lock-current'), 'faux');
  await user.click(screen.getByTestId('lock-remove'));
  expect((await screen.findByTestId('lock-change-refused')).textContent).toContain('pas le bon code');
  expect(backend.locking.pin).toBe(true);
  await user.type(screen.getByTestId('lock-current'), 'une phrase');
  await user.click(screen.getByTestId('lock-remove'));
  await settle();
  expect(backend.locking.pin).toBe(false);
});

test('the end of a lease is told beforehand', async () => {
  const { backend } = await openWindow();
  backend.setLock({ lease_left_h: 3 });
  await settle();
  expect(screen.getByTestId('banner-lease').textContent).toContain('3 heures');
});

test('a policy that wants a PIN has one chosen, typed twice, before anything is shown', async () => {
  const backend = new FakeBackend();
  backend.locking = { ...backend.locking, locked: 'no_pin', policy: { ...backend.locking.policy, pin_required: true } };
  const { user } = await openWindow(backend);
  const first = await screen.findByTestId('lock-chosen');
  expect(document.activeElement).toBe(first);
  await user.type(first, 'une phrase');
  await user.type(screen.getByTestId('lock-again'), 'une autre{Enter}');
  expect((await screen.findByTestId('lock-refused')).textContent).toContain('pas les mêmes');
  expect(named(backend, 'choosePin')).toBe(0);
  await user.type(screen.getByTestId('lock-again'), 'une phrase{Enter}');
  await waitFor(() => expect(named(backend, 'reload')).toBe(1));
  expect(argumentsOf(backend, 'choosePin')).toEqual(['une phrase']);
});

test('a revoked account is told when its desk would be destroyed, and only the account opens it', async () => {
  const { backend } = await withPin();
  backend.locking = { ...backend.locking, locked: 'revoked', destroyed_at: '2026-11-24T09:30:00Z' };
  closeWindow();
  await openWindow(backend);
  expect((await screen.findByTestId('lock-destroyed')).textContent).toMatch(/24 nov\. 2026.*faites réactiver/s);
  expect(screen.queryByTestId('lock-pin')).toBeNull();
  expect(screen.getByTestId('lock-forgotten')).toBeTruthy();
});

test('what the organisation decided of the lock is said beside it and cannot be undone there', async () => {
  const { backend, user } = await withPin();
  backend.locking = {
    ...backend.locking,
    idle_min: 5,
    policy: { pin_required: true, with_session: true, idle_most: 5, lease_most: null },
  };
  await user.click(screen.getByTestId('settings-button'));
  const group = await screen.findByTestId('settings-lock');
  await settle();
  expect(group.textContent).toContain('5 au plus');
  expect(screen.getByTestId<HTMLInputElement>('lock-idle').max).toBe('5');
  expect(screen.getByTestId<HTMLInputElement>('lock-with-session').disabled).toBe(true);
  expect(screen.queryByTestId('lock-remove')).toBeNull();
});
