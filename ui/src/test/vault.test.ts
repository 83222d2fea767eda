// The key of the databases: typed where a passphrase wraps it, chosen where there is no keyring, explained otherwise.
import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

import App from '../App.svelte';
import { FakeBackend } from '../backend/fake';
import { argumentsOf } from './window';

test('the passphrase opens the desk; another is refused and can be typed over at once', async () => {
  const backend = new FakeBackend({ vault: 'vault_passphrase_needed' });
  render(App, { backend });
  const user = userEvent.setup();
  const field = await screen.findByTestId<HTMLInputElement>('vault-passphrase');
  expect(document.activeElement).toBe(field);
  expect(screen.queryByTestId('queue')).toBeNull();
  await user.type(field, 'quatre mots sans lieu{Enter}');
  expect((await screen.findByTestId('vault-error')).textContent).toContain('Ce n’est pas la phrase de passe');
  expect(field.selectionEnd).toBe('quatre mots sans lieu'.length);
  await user.keyboard('quatre mots sans lien{Enter}');
  expect(await screen.findByTestId('queue-row-4821')).toBeTruthy();
  expect(screen.queryByTestId('vault')).toBeNull();
});

test('without a keyring a passphrase is chosen, twice the same and long enough', async () => {
  const backend = new FakeBackend({ vault: 'vault_no_place' });
  render(App, { backend });
  const user = userEvent.setup();
  const open = await screen.findByTestId<HTMLButtonElement>('vault-open');
  await user.type(screen.getByTestId('vault-passphrase'), 'court');
  await user.type(screen.getByTestId('vault-again'), 'court');
  expect(open.disabled).toBe(true);
  await user.type(screen.getByTestId('vault-passphrase'), ' mais plus long');
  expect(screen.getByText('Les deux saisies diffèrent.')).toBeTruthy();
  await user.type(screen.getByTestId('vault-again'), ' mais plus long');
  await user.click(open);
  expect(await screen.findByTestId('queue-row-4821')).toBeTruthy();
  expect(argumentsOf(backend, 'openVault')).toEqual(['passphrase']);
});

test('a key kept unprotected is told to be so before it is made', async () => {
  const backend = new FakeBackend({ vault: 'vault_no_place' });
  render(App, { backend });
  const user = userEvent.setup();
  await user.click(await screen.findByLabelText('Dans un fichier du profil, sans protection'));
  expect(screen.getByText(/Qui copie le dossier du profil pourra tout lire/)).toBeTruthy();
  expect(screen.queryByTestId('vault-passphrase')).toBeNull();
  await user.click(screen.getByTestId('vault-open'));
  expect(await screen.findByTestId('queue-row-4821')).toBeTruthy();
  expect(argumentsOf(backend, 'openVault')).toEqual(['file']);
});

test('a keyring that is locked is explained, with a way to try again', async () => {
  const backend = new FakeBackend({ vault: 'keyring_locked' });
  render(App, { backend });
  expect(await screen.findByText('Le trousseau de clés est verrouillé.')).toBeTruthy();
  expect(document.activeElement).toBe(screen.getByText('Réessayer'));
});
