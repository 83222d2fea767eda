import { screen } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { Settings, SignIn } from '../backend/types';
import { argumentsOf, openWindow, settle } from './window';

test('a refused sign-in says what is wrong and what to do', async () => {
  const { backend, user } = await openWindow({ signedIn: false, keyring: false });
  await user.clear(screen.getByTestId('sign-in-url'));
  await user.type(screen.getByTestId('sign-in-url'), 'https://glpi.exemple.fr');
  await user.type(screen.getByTestId('sign-in-user-token'), 'faux');
  await user.click(screen.getByTestId('sign-in-submit'));
  const refused = await screen.findByTestId('sign-in-error');
  expect(refused.textContent).toContain('Le serveur ne connaît pas ce jeton.');
  expect(refused.textContent).toContain('préférences GLPI');
  expect(argumentsOf<SignIn>(backend, 'signIn')[0]).toEqual({
    url: 'https://glpi.exemple.fr',
    method: 'user_token',
    user_token: 'faux',
    login: null,
    password: null,
    app_token: null,
    // No keyring here: the file is proposed.
    secret_store: 'file',
  });
});

test('login, password and App-Token are sent when chosen', async () => {
  const { backend, user } = await openWindow({ signedIn: false });
  await user.click(screen.getByTestId('sign-in-by-password'));
  await user.type(screen.getByTestId('sign-in-login'), 'tech');
  await user.type(screen.getByTestId('sign-in-password'), ' mot de passe ');
  await user.click(screen.getByTestId('sign-in-with-app-token'));
  await user.type(screen.getByTestId('sign-in-app-token'), 'abc');
  await user.click(screen.getByTestId('sign-in-submit'));
  expect(await screen.findByTestId('queue')).toBeTruthy();
  expect(argumentsOf<SignIn>(backend, 'signIn')[0]).toMatchObject({
    method: 'password',
    user_token: null,
    login: 'tech',
    password: ' mot de passe ',
    app_token: 'abc',
    secret_store: 'keyring',
  });
});

test('the sandbox is one press away', async () => {
  const { user } = await openWindow({ signedIn: false });
  await user.click(screen.getByTestId('use-sandbox'));
  expect(await screen.findByTestId('queue-row-4821')).toBeTruthy();
});

test('language and theme change at once and are kept', async () => {
  const { backend, user } = await openWindow();
  await user.click(screen.getByTestId('settings-button'));
  await user.selectOptions(await screen.findByTestId('settings-language'), 'en');
  expect(await screen.findByRole('heading', { name: 'Settings' })).toBeTruthy();
  expect(document.documentElement.lang).toBe('en');
  await user.selectOptions(screen.getByTestId('settings-theme'), 'dark');
  await settle();
  expect(document.documentElement.dataset.theme).toBe('dark');
  expect(argumentsOf<Settings>(backend, 'saveSettings').at(-1)).toMatchObject({ locale: 'en', theme: 'dark' });
});
