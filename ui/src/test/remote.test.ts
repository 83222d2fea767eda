// Remote control: consent before anything, what would be started before it is, and a session's end in its ticket.
import { screen, waitFor } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import type { FakeBackend } from '../backend/fake';
import { openTicket, openWindow, settle } from './window';

const asked = (backend: FakeBackend, name: string): unknown[][] =>
  backend.calls.filter((call) => call.name === name).map((call) => call.args);
const start = (): HTMLButtonElement => screen.getByTestId('remote-start');
const field = (name: string): HTMLInputElement => screen.getByTestId(`remote-${name}`);

async function opened() {
  const window = await openWindow();
  await openTicket(window.user, 4821);
  await window.user.keyboard('v');
  await screen.findByTestId('remote');
  await settle();
  return window;
}

test('nothing starts before the person agreed, and the button says why', async () => {
  const { backend, user } = await opened();
  expect(document.activeElement).toBe(screen.getByTestId('remote-agreed'));
  expect(screen.getByTestId('remote-sentence').textContent).toContain('PC-0417');
  expect(start().disabled).toBe(true);
  expect(screen.getByTestId('remote-why').textContent).not.toBe('');
  expect(start().getAttribute('aria-describedby')).toBe(screen.getByTestId('remote-why').id);
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(asked(backend, 'startRemote')).toEqual([]);
});

test('by keys alone: agreed, the plan in full, started, and its end with a note', async () => {
  const { backend, user } = await opened();
  await user.keyboard('{Enter}');
  await settle();
  const [, asset, person, means, at, agreed] = asked(backend, 'recordConsent')[0] ?? [];
  expect({ asset, person, means, agreed }).toEqual({
    asset: { kind: 'Computer', id: 400 },
    person: { user: 100, name: 'Claire Fontaine' },
    means: 'aloud',
    agreed: true,
  });
  expect(typeof at).toBe('string');
  expect(screen.getByTestId('remote-consent').dataset.state).toBe('granted');
  expect(screen.getByTestId('remote-consent').textContent).toContain('Claire Fontaine est d’accord');
  expect(document.activeElement).toBe(field('tool'));
  expect(screen.getByTestId('remote-plan').textContent).toContain('C:\\Program Files\\TeamViewer\\TeamViewer.exe');
  expect(screen.getByTestId('remote-plan').textContent).toContain('--id');
  expect(screen.getByTestId('remote-plan').textContent).toContain('123000400');
  expect(start().disabled).toBe(false);
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(asked(backend, 'startRemote')).toEqual([[4821, { kind: 'Computer', id: 400 }, 'teamviewer', '123000400']]);
  expect(screen.queryByTestId('remote')).toBeNull();
  const band = screen.getByTestId('remote-session');
  expect(band.textContent).toContain('TeamViewer 123000400 (PC-0417)');
  expect(band.textContent).toContain('#4821');
  screen.getByTestId('remote-end').focus();
  await user.keyboard('{Enter}');
  await screen.findByTestId('remote-end-dialog');
  expect(document.activeElement).toBe(field('note'));
  await user.keyboard('Certificat renouvelé{Escape}');
  await settle();
  await user.click(screen.getByTestId('remote-end'));
  await screen.findByTestId('remote-end-dialog');
  expect(field('note').value).toBe('Certificat renouvelé');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(asked(backend, 'endRemote')).toEqual([['session-2', 'Certificat renouvelé']]);
  expect(screen.queryByTestId('remote-session')).toBeNull();
});

test('a refusal closes it, an agreement can be withdrawn, and every answer is listed', async () => {
  const { user } = await opened();
  await user.click(screen.getByTestId('remote-refused'));
  await settle();
  expect(screen.getByTestId('remote-consent').dataset.state).toBe('consent_refused');
  expect(start().disabled).toBe(true);
  await user.click(screen.getByTestId('remote-agreed'));
  await settle();
  expect(start().disabled).toBe(false);
  await user.click(screen.getByTestId('remote-withdraw'));
  await settle();
  expect(screen.getByTestId('remote-consent').dataset.state).toBe('consent_withdrawn');
  expect(start().disabled).toBe(true);
  expect(screen.getByTestId('remote').textContent).toContain('3 réponses notées');
  expect(document.activeElement).toBe(screen.getByTestId('remote-agreed'));
});

test('consent is for one piece of equipment: another one is asked for anew, by whom and how is recorded', async () => {
  const { backend, user } = await opened();
  await user.click(screen.getByTestId('remote-agreed'));
  await settle();
  await user.selectOptions(field('asset'), '');
  await settle();
  expect(start().disabled).toBe(true);
  await user.clear(field('person'));
  await user.type(field('person'), 'Paul Martin');
  await user.selectOptions(field('means'), 'link');
  await user.click(screen.getByTestId('remote-agreed'));
  await settle();
  expect(asked(backend, 'recordConsent')[1]?.slice(1, 4)).toEqual([null, { user: null, name: 'Paul Martin' }, 'link']);
});

test('a tool that cannot be used and a target that is refused say why, and start nothing', async () => {
  const { user } = await opened();
  await user.click(screen.getByTestId('remote-agreed'));
  await settle();
  expect(screen.getByTestId<HTMLButtonElement>('remote-target-vnc').disabled).toBe(true);
  await user.selectOptions(field('tool'), 'vnc');
  await settle();
  expect(screen.getByTestId('remote-problem').textContent).not.toBe('');
  expect(start().disabled).toBe(true);
  await user.selectOptions(field('tool'), 'rdp');
  await user.clear(field('target'));
  await user.type(field('target'), '-v:autre');
  await settle();
  expect(field('target').getAttribute('aria-invalid')).toBe('true');
  expect(start().disabled).toBe(true);
  await user.clear(field('target'));
  await user.type(field('target'), 'PC-0999');
  await settle();
  expect(screen.getByTestId('remote-plan').textContent).toContain('/v:PC-0999');
  expect(start().disabled).toBe(false);
});

test('a session made by TeamViewer shows its code and link, to be read out or copied', async () => {
  const { backend, user } = await opened();
  await user.click(screen.getByTestId('remote-agreed'));
  await settle();
  await user.selectOptions(field('tool'), 'teamviewer_session');
  await settle();
  await user.click(start());
  await settle();
  expect(asked(backend, 'startRemote')[0]?.slice(2)).toEqual(['teamviewer_session', '']);
  expect(screen.getByTestId('remote-code').textContent).toBe('s12-345-678');
  expect(screen.getByTestId('remote-link').textContent).toBe('https://get.teamviewer.com/v15/s12345678');
  await user.click(screen.getByTestId('remote-copy-code'));
  expect(await navigator.clipboard.readText()).toBe('s12-345-678');
});

test('a session whose program ended by itself waits to be noted; a start that is refused says why', async () => {
  const { backend, user } = await opened();
  await user.click(screen.getByTestId('remote-agreed'));
  await settle();
  await user.click(screen.getByTestId('remote-target-rdp'));
  await settle();
  backend.failNext.set('startRemote', new BackendFailure(await backend.explain('remote_start_failed')));
  await user.click(start());
  await settle();
  expect(screen.getByTestId('remote-refusal').textContent).not.toBe('');
  await user.click(start());
  await settle();
  const { id } = screen.getByTestId('remote-session').dataset;
  backend.remote.end(id ?? '', false);
  await waitFor(() => expect(screen.getByTestId('remote-session').textContent).toContain('à noter dans le ticket'));
  expect(screen.getByTestId('remote-end').textContent).toBe('Noter');
});

test('equipment of the ticket has it as well, and opens it on that equipment', async () => {
  const { user } = await openWindow();
  await openTicket(user, 4821);
  await user.click(await screen.findByTestId('remote-asset-Computer-400'));
  await screen.findByTestId('remote');
  await settle();
  expect(field('asset').value).toBe('Computer-400');
});

test('the settings keep TeamViewer’s token, show it never, and take it away', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('settings-button'));
  expect((await screen.findByTestId('remote-token-state')).textContent).toContain('Aucun jeton');
  await user.type(field('token'), 'secret-42{Enter}');
  await settle();
  expect(asked(backend, 'saveRemoteToken')).toEqual([['secret-42']]);
  expect(field('token').value).toBe('');
  expect(screen.getByTestId('remote-token-state').textContent).toContain('Un jeton est gardé');
  await user.click(screen.getByTestId('remote-token-remove'));
  await settle();
  expect(backend.remote.token).toBeNull();
});

test('what the inventory says is asked for, and aimed at where nobody has chosen meanwhile', async () => {
  const { backend, user } = await openWindow();
  backend.remote.told = false;
  await openTicket(user, 4821);
  await user.keyboard('v');
  await screen.findByTestId('remote');
  await settle();
  expect(asked(backend, 'freshRemoteSheet')).toEqual([[4821]]);
  expect(field('target').value).toBe('123000400');
  expect(screen.getByTestId('remote-target-vnc').textContent).toContain('192.0.2.17');
});

test('without an answer what is kept stays', async () => {
  const { backend, user } = await openWindow();
  backend.remote.told = false;
  backend.failNext.set('freshRemoteSheet', new BackendFailure({ code: 'x', message: 'Hors ligne', hint: '' }));
  await openTicket(user, 4821);
  await user.keyboard('v');
  await screen.findByTestId('remote');
  await settle();
  expect(field('target').value).toBe('PC-0417');
  expect(screen.queryByText('Hors ligne')).toBeNull();
});

test('a request in writing is a message ready to be sent, and the answer is recorded as such', async () => {
  const { backend, user } = await opened();
  expect(screen.queryByTestId('remote-message')).toBeNull();
  await user.selectOptions(screen.getByTestId('remote-means'), 'link');
  await user.click(screen.getByTestId('remote-message'));
  const [[href]] = asked(backend, 'openLink') as [[string]];
  expect(href.startsWith('mailto:')).toBe(true);
  expect(decodeURIComponent(href)).toContain('PC-0417');
  expect(asked(backend, 'recordConsent')).toEqual([]);
  await user.click(screen.getByTestId('remote-agreed'));
  await settle();
  expect(asked(backend, 'recordConsent')[0]?.[3]).toBe('link');
});
