import { screen, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { FakeBackend } from '../backend/fake';
import { argumentsOf, openTicket, openWindow } from './window';

test('a text from the server cannot carry a script, an unsafe link or markup', async () => {
  const backend = new FakeBackend();
  const ticket = backend.world.tickets.find((one) => one.id === 4821);
  if (!ticket) throw new Error('no ticket');
  ticket.description = {
    blocks: [
      {
        type: 'paragraph',
        content: [
          { type: 'text', text: '<img src=x onerror=alert(1)> & <b>gras</b>' },
          { type: 'link', href: 'javascript:alert(1)', content: [{ type: 'text', text: 'piège' }] },
          { type: 'link', href: 'https://exemple.fr/', content: [{ type: 'text', text: 'lien' }] },
          { type: 'image', document: null, alt: 'un schéma' },
        ],
      },
      { type: 'heading', level: 1, content: [{ type: 'text', text: 'Titre' }] },
      { type: 'code', text: '<script>alert(2)</script>' },
    ],
  };
  const { user } = await openWindow(backend);
  await openTicket(user, 4821);
  const shown = screen.getByTestId('description');
  expect(shown.textContent).toContain('<img src=x onerror=alert(1)> & <b>gras</b>');
  expect(shown.textContent).toContain('[un schéma]');
  expect(shown.querySelector('script, b')).toBeNull();
  expect(within(shown).queryByRole('link', { name: 'piège' })).toBeNull();
  // Headings of a text stay below the page's own.
  expect(within(shown).getByRole('heading', { name: 'Titre' }).tagName).toBe('H3');
  await user.click(within(shown).getByRole('link', { name: 'lien' }));
  expect(argumentsOf(backend, 'openLink')).toEqual(['https://exemple.fr/']);
});

test('a document is fetched when it is asked for and shown by kind', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  // The kept picture has its thumbnail; the text that is not here is not fetched.
  expect(argumentsOf(backend, 'document')).toEqual([1]);
  await user.click(screen.getByTestId('document-2'));
  expect(await screen.findByText(/error 13801/)).toBeTruthy();
  expect(argumentsOf(backend, 'document')).toEqual([1, 2]);
});
