import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import type { FakeBackend } from '../backend/fake';
import type { OutboxEntry, Resolution } from '../backend/types';
import { openTicket, openWindow, settle } from './window';

const resolutions = (backend: FakeBackend): [string, Resolution][] =>
  backend.calls.filter((call) => call.name === 'resolveEntry').map((call) => call.args as [string, Resolution]);

function entry(backend: FakeBackend, fits: (one: OutboxEntry) => boolean): OutboxEntry {
  const found = backend.entries.find(fits);
  if (!found) throw new Error('no such entry');
  return found;
}

const wedgedFor =
  (type: string) =>
  (one: OutboxEntry): boolean =>
    one.state.type === 'wedged' && one.state.reason.type === type;

test('a conflict shows base, theirs and mine, and a person decides', async () => {
  const { backend, user } = await openWindow({ demoOutbox: true });
  await user.click(screen.getByTestId('outbox-button'));
  const conflict = entry(backend, wedgedFor('conflict'));
  await user.click(await screen.findByTestId(`entry-decide-${conflict.id}`));
  const dialog = screen.getByTestId('conflict-dialog');
  expect(within(dialog).getByTestId('conflict-base').textContent).toBe('Droits › Partages');
  expect(within(dialog).getByTestId('conflict-theirs').textContent).toBe('Comptes › Mot de passe');
  expect(within(dialog).getByTestId('conflict-mine').textContent).toBe('Poste de travail › Écran');
  await user.click(within(dialog).getByTestId('conflict-take-mine'));
  expect(resolutions(backend)).toEqual([[conflict.id, { type: 'take_mine' }]]);
  await waitFor(() => expect(screen.queryByTestId('conflict-dialog')).toBeNull());
  expect(screen.getByTestId(`outbox-entry-${conflict.id}`).dataset.state).toBe('queued');
});

test('a conflict left for later changes nothing', async () => {
  const { backend, user } = await openWindow({ demoOutbox: true });
  await openTicket(user, 4819);
  const conflict = entry(backend, wedgedFor('conflict'));
  await user.click(screen.getByTestId(`entry-decide-${conflict.id}`));
  await user.keyboard('{Escape}');
  expect(screen.queryByTestId('conflict-dialog')).toBeNull();
  expect(screen.getByTestId('ticket-4819')).toBeTruthy();
  expect(resolutions(backend)).toEqual([]);
});

test('an undetermined send offers both truths', async () => {
  const { backend, user } = await openWindow({ demoOutbox: true });
  await user.click(screen.getByTestId('outbox-button'));
  const undetermined = entry(backend, wedgedFor('undetermined'));
  const shown = await screen.findByTestId(`outbox-entry-${undetermined.id}`);
  expect(within(shown).getByText('Renvoyer')).toBeTruthy();
  await user.click(within(shown).getByTestId(`entry-confirm-${undetermined.id}`));
  expect(resolutions(backend)).toEqual([[undetermined.id, { type: 'confirm_sent' }]]);
  await waitFor(() => expect(screen.queryByTestId(`outbox-entry-${undetermined.id}`)).toBeNull());
});

test('what the network said is never the reason, and being offline is no attempt', async () => {
  const { backend, user } = await openWindow({ demoOutbox: true });
  const queued = entry(backend, (one) => one.lane === 4821);
  const failed = (code: string, attempts: number): void => {
    backend.entries = backend.entries.map((one) =>
      one.id === queued.id
        ? { ...one, attempts, last_error: { code, detail: 'tcp connect error: Connection refused (os error 111)' } }
        : one,
    );
    backend.publish({ outbox: true });
  };
  failed('backend_unreachable', 12);
  await user.click(screen.getByTestId('outbox-button'));
  const shown = await screen.findByTestId(`outbox-entry-${queued.id}`);
  await settle();
  expect(shown.textContent).not.toContain('tcp');
  expect(shown.textContent).not.toContain('essai');
  // The server answered: that is a reason, in the catalogue's words; the machine's are one gesture away.
  failed('backend_unavailable', 3);
  await waitFor(() => expect(shown.textContent).toContain('Le serveur est momentanément indisponible.'));
  expect(shown.textContent).toContain('3 essais');
  const details = within(shown).getByText('Détails techniques').closest('details');
  expect(details?.open).toBe(false);
  expect(details?.textContent).toContain('tcp connect error');
});

test('a refusal shows the catalogue’s words and cure, and what the server said beside them', async () => {
  const { backend, user } = await openWindow({ demoOutbox: true });
  await user.click(screen.getByTestId('outbox-button'));
  const refused = entry(backend, wedgedFor('invalid'));
  const shown = await screen.findByTestId(`outbox-entry-${refused.id}`);
  await waitFor(() => expect(within(shown).getByText('Le serveur refuse cet envoi tel quel.')).toBeTruthy());
  expect(
    within(shown).getByText('Corrigez ce que le serveur signale puis réessayez, ou abandonnez l’envoi.'),
  ).toBeTruthy();
  expect(within(shown).getByText('Filetype not allowed').closest('details')?.open).toBe(true);
});

test('discarding is asked twice', async () => {
  const { backend, user } = await openWindow({ demoOutbox: true });
  await user.click(screen.getByTestId('outbox-button'));
  const refused = entry(backend, wedgedFor('invalid'));
  await user.click(await screen.findByTestId(`entry-discard-${refused.id}`));
  expect(resolutions(backend)).toEqual([]);
  await user.click(screen.getByText('Le garder'));
  expect(screen.getByTestId(`outbox-entry-${refused.id}`)).toBeTruthy();
  await user.click(screen.getByTestId(`entry-discard-${refused.id}`));
  await user.click(screen.getByTestId('discard-confirm'));
  expect(resolutions(backend)).toEqual([[refused.id, { type: 'discard' }]]);
});

test('a text is changed before it is sent', async () => {
  const { backend, user } = await openWindow({ demoOutbox: true });
  await user.click(screen.getByTestId('outbox-button'));
  const queued = entry(backend, (one) => one.lane === 4821);
  await user.click(await screen.findByTestId(`entry-edit-${queued.id}`));
  const text = screen.getByTestId('edit-text');
  expect((text as HTMLTextAreaElement).value).toContain('restez en ligne');
  await user.clear(text);
  await user.type(text, 'Je vous rappelle.');
  await user.click(screen.getByTestId('edit-save'));
  expect(resolutions(backend)).toEqual([
    [
      queued.id,
      {
        type: 'edit',
        operation: {
          type: 'add_followup',
          private: false,
          body: { blocks: [{ type: 'paragraph', content: [{ type: 'text', text: 'Je vous rappelle.' }] }] },
        },
      },
    ],
  ]);
});

test('a pending entry is dashed where it lives and becomes the server’s when it arrived', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(screen.getByTestId('composer-text'), 'Bientôt là');
  await user.click(screen.getByTestId('composer-send'));
  await waitFor(() => expect(backend.entries).toHaveLength(1));
  const id = backend.entries[0]?.id ?? '';
  expect((await screen.findByTestId(`pending-${id}`)).dataset.state).toBe('queued');
  expect(screen.getByTestId('outbox-button').getAttribute('aria-label')).toContain('1 en attente');
  backend.drain();
  await waitFor(() => expect(screen.queryByTestId(`pending-${id}`)).toBeNull());
  await settle();
  expect(screen.getByTestId('timeline').textContent).toContain('Bientôt là');
  expect(screen.getByTestId('outbox-button').getAttribute('aria-label')).toContain('vide');
});
