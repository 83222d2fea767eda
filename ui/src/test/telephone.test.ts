// The telephone's settings: what is sent to be kept, what is never shown again, and how it stands.
import { screen, waitFor } from '@testing-library/svelte';
import type { UserEvent } from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';

import { BackendFailure } from '../backend/backend';
import { DEVICE } from '../backend/fake-calls';
import type { PbxSettings } from '../backend/types';
import { argumentsOf, openWindow, settle } from './window';

const field = (name: string): HTMLInputElement => screen.getByTestId<HTMLInputElement>(`telephone-${name}`);

async function open(user: UserEvent): Promise<void> {
  await user.click(screen.getByTestId('settings-button'));
  await screen.findByTestId('telephone-host');
}

test('a telephone is set up: queues in their list, the file of authorities only where TLS is on, the port along with it', async () => {
  const { backend, user } = await openWindow();
  await open(user);
  expect(screen.queryByTestId('telephone-state')).toBeNull();
  await user.type(field('host'), ' pbx.exemple.fr ');
  expect(field('port').value).toBe('5039');
  await user.type(field('authorities'), '/etc/pbx.pem');
  await user.type(field('account'), 'guichet');
  await user.type(field('secret'), 's3cret');
  await user.type(field('device'), DEVICE);
  await user.type(field('queues'), 'support, urgences,');
  await user.click(screen.getByTestId('telephone-save'));
  await settle();
  const [settings, secret] = backend.calls.find((call) => call.name === 'saveTelephone')?.args as [PbxSettings, string];
  expect(secret).toBe('s3cret');
  expect(settings).toEqual({
    kind: 'asterisk',
    host: 'pbx.exemple.fr',
    port: 5039,
    protected: true,
    authorities: '/etc/pbx.pem',
    username: 'guichet',
    device: DEVICE,
    queues: ['support', 'urgences'],
    context: 'default',
  });
  // What was typed is gone from the page.
  expect(field('secret').value).toBe('');
  expect(document.body.innerHTML).not.toContain('s3cret');
  expect(screen.getByTestId('telephone-state').dataset.state).toBe('connecting');
});

test('every kind asks for what it needs; one of any make is given an address instead of a secret', async () => {
  const { backend, user } = await openWindow();
  await open(user);
  await user.selectOptions(screen.getByTestId('telephone-kind'), 'wazo');
  expect(field('port').value).toBe('443');
  expect(screen.queryByTestId('telephone-queues')).toBeNull();
  expect(field('secret').required).toBe(true);
  await user.selectOptions(screen.getByTestId('telephone-kind'), 'generic');
  expect(field('port').value).toBe('17080');
  expect(screen.queryByTestId('telephone-host')).toBeNull();
  expect(screen.queryByTestId('telephone-secret')).toBeNull();
  await user.type(field('device'), '6001');
  await user.click(screen.getByTestId('telephone-save'));
  await settle();
  const [settings, secret] = backend.calls.find((call) => call.name === 'saveTelephone')?.args as [PbxSettings, null];
  expect(secret).toBeNull();
  expect(settings).toMatchObject({ kind: 'generic', port: 17080, device: '6001' });
  expect((await screen.findByTestId('telephone-endpoint')).textContent).toBe('http://127.0.0.1:17080/cti/jeton');
});

test('Aircall is where it is for everybody, and asks for the user and the numbers that ring here', async () => {
  const { backend, user } = await openWindow();
  await open(user);
  await user.selectOptions(field('kind'), 'aircall');
  expect(field('host').value).toBe('api.aircall.io');
  expect(field('port').value).toBe('443');
  expect(screen.queryByTestId('telephone-context')).toBeNull();
  await user.type(field('account'), 'cle');
  await user.type(field('secret'), 'jeton');
  await user.type(field('device'), '456');
  await user.type(field('queues'), 'Support DSI');
  await user.click(screen.getByTestId('telephone-save'));
  await settle();
  const [settings] = argumentsOf<PbxSettings>(backend, 'saveTelephone');
  expect(settings).toMatchObject({ kind: 'aircall', host: 'api.aircall.io', device: '456', queues: ['Support DSI'] });
  // The address is Aircall's: another kind begins without one.
  await user.selectOptions(field('kind'), 'wazo');
  expect(field('host').value).toBe('');
});

test('another kind has another secret: the one that is kept is not its own', async () => {
  const { user } = await openWindow({ telephone: true });
  await open(user);
  expect(field('secret').required).toBe(false);
  await user.selectOptions(screen.getByTestId('telephone-kind'), 'xuc');
  expect(field('secret').required).toBe(true);
});

test('an empty secret leaves the one that is kept; without TLS the danger is said', async () => {
  const { backend, user } = await openWindow({ telephone: true, locale: 'en' });
  await open(user);
  expect(field('secret').value).toBe('');
  expect(field('secret').required).toBe(false);
  await user.click(screen.getByTestId('telephone-protected'));
  expect(field('port').value).toBe('5038');
  expect(screen.getByText('Without TLS, the secret and the numbers cross the network in the clear.')).toBeTruthy();
  await user.click(screen.getByTestId('telephone-save'));
  await settle();
  const [settings, secret] = backend.calls.find((call) => call.name === 'saveTelephone')?.args as [PbxSettings, null];
  expect(secret).toBeNull();
  expect(settings).toMatchObject({ protected: false, authorities: null, port: 5038 });
});

test('what is refused is said where it was asked, and what was typed stays', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await open(user);
  backend.failNext.set(
    'saveTelephone',
    new BackendFailure({ code: 'telephone_authorities', message: 'Fichier illisible', hint: 'Vérifiez le chemin.' }),
  );
  await user.type(field('authorities'), '/nulle/part.pem');
  await user.type(field('secret'), 'autre');
  await user.click(screen.getByTestId('telephone-save'));
  await waitFor(() => expect(screen.getByTestId('telephone-error').textContent).toContain('Fichier illisible'));
  expect(field('authorities').value).toBe('/nulle/part.pem');
  expect(field('secret').value).toBe('autre');
});

test('the telephone is removed only when asked twice', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await open(user);
  await user.click(screen.getByTestId('telephone-remove'));
  expect(backend.calls.some((call) => call.name === 'saveTelephone')).toBe(false);
  await user.click(await screen.findByTestId('telephone-remove-confirm'));
  await settle();
  expect(backend.calls.find((call) => call.name === 'saveTelephone')?.args).toEqual([null, null]);
  expect(screen.queryByTestId('telephone-remove')).toBeNull();
  expect(screen.queryByTestId('status-telephone')).toBeNull();
});

test('what is being typed stays when the state of the profile is told anew', async () => {
  const { backend, user } = await openWindow();
  await open(user);
  await user.type(field('host'), 'pbx.exemple.fr');
  const asked = vi.spyOn(backend, 'appState');
  backend.publish({ people: true, lists: true });
  await backend.syncNow();
  await waitFor(() => expect(asked).toHaveBeenCalled());
  await settle();
  expect(field('host').value).toBe('pbx.exemple.fr');
});
