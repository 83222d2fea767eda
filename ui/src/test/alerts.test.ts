// Alerts of the supervision: shown with their clock, read out, taken up, made an incident.
import { screen, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import { clock } from '../state/clock.svelte';
import { argumentsOf, openWindow, settle } from './window';

const ago = (minutes: number): Date => new Date(clock.now.getTime() - minutes * 60_000);

test('a critical alert is shown with the time it waits, read out, and gone once it is taken up', async () => {
  const { backend, user } = await openWindow();
  expect(screen.queryByTestId('alert')).toBeNull();
  backend.supervised.raise('srv-fic-01', 'Disque', 'DISK CRITICAL', ago(6));
  await settle();
  const banner = screen.getByTestId('alert');
  expect(banner.textContent).toContain('Disque · srv-fic-01');
  expect(within(banner).getByTestId('alert-waits').textContent).toMatch(/06:0\d/);
  expect(banner.className, 'past the contract’s five minutes').toContain('red-ground');
  expect(screen.getByTestId('alert-said').textContent).toContain('Disque · srv-fic-01');
  await user.click(within(banner).getByTestId('alert-take-up'));
  await settle();
  expect(screen.queryByTestId('alert')).toBeNull();
  await user.keyboard('i');
  await user.click(await screen.findByTestId('figures-tab-live'));
  await settle();
  expect((await screen.findByTestId('live-alert')).textContent).toContain('prise en charge');
});

test('what the supervision refuses is said, and the alert is taken up all the same', async () => {
  const { backend, user } = await openWindow();
  backend.supervised.raise('srv-web', null, 'PING CRITICAL', ago(1));
  await settle();
  backend.failNext.set(
    'takeUpAlert',
    new BackendFailure({ code: 'alerts_refused', message: 'La supervision refuse ce compte.', hint: '' }),
  );
  await user.click(screen.getByTestId('alert-take-up'));
  await settle();
  expect(screen.getByText(/La supervision refuse ce compte/)).toBeTruthy();
  expect(screen.queryByTestId('alert')).toBeNull();
});

test('an incident is made of it and opened; a supervision that cannot be read is said', async () => {
  const { backend, user } = await openWindow();
  backend.supervised.raise('srv-fic-01', 'Disque', 'DISK CRITICAL', ago(1));
  await settle();
  await user.click(screen.getByTestId('alert-incident'));
  await settle();
  expect(await screen.findByTestId('ticket-4821')).toBeTruthy();
  backend.supervised.tell({ failing: 'alerts_silent' });
  expect(await screen.findByTestId('banner-supervision')).toBeTruthy();
});

test('the supervision is set up by keys, and its password is sent once', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('settings-button'));
  const url = await screen.findByTestId('supervision-url');
  await user.type(url, 'https://nagios.example/cgi-bin');
  await user.type(screen.getByTestId('supervision-login'), 'guichet');
  await user.type(screen.getByTestId('supervision-secret'), 'secret');
  await user.click(screen.getByTestId('supervision-save'));
  await settle();
  expect(argumentsOf(backend, 'saveSupervision').at(-1)).toMatchObject({
    kind: 'nagios',
    login: 'guichet',
    calm_min: 5,
  });
  expect(screen.getByTestId<HTMLInputElement>('supervision-secret').value).toBe('');
  expect(backend.supervised.settings?.url).toBe('https://nagios.example/cgi-bin');
});
