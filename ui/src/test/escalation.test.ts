// Escalating a ticket: the timer, the form of the domain, what is missing, words that are never lost.
import { screen, waitFor, within } from '@testing-library/svelte';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import type { FakeBackend } from '../backend/fake';
import type { Diagnosis, NewEscalation } from '../backend/types';
import { openTicket, openWindow, settle } from './window';

const field = (name: string): HTMLInputElement => screen.getByTestId(`escalation-field-${name}`);
const sent = (backend: FakeBackend): NewEscalation[] =>
  backend.calls.filter((call) => call.name === 'escalate').map((call) => call.args[1] as NewEscalation);

/** The sheet of a ticket of the domain "Réseau", opened with its key. */
async function opened(options = {}) {
  const window = await openWindow(options);
  await openTicket(window.user, 4821);
  await window.user.keyboard('x');
  await screen.findByTestId('escalation');
  await settle();
  return window;
}

test('the header says in words how the time to escalate stands, and where what was escalated stands', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  const timer = await screen.findByTestId('escalation-timer');
  expect(timer.textContent).toMatch(/Délai d’escalade dépassé|restantes|plus que/);
  expect(screen.queryByTestId('escalation-state')).toBeNull();
  const at = new Date(
    new Date(backend.world.tickets.find((one) => one.id === 4821)?.opened_at ?? 0).getTime() + 600_000,
  );
  backend.escalated.put(4821, { group: 'Réseau N2', escalated_at: at.toISOString() });
  await waitFor(() => expect(screen.getByTestId('escalation-state').textContent).toContain('Transmis à Réseau N2'));
  expect(screen.getByTestId('escalation-timer').textContent).toBe('Escaladé à temps, en 10\u00a0min');
  backend.escalated.put(4821, { state: 'waiting', third: 'Orange', reminders: 2 });
  await waitFor(() =>
    expect(screen.getByTestId('escalation-state').textContent).toBe('En attente de Orange, 2 relances'),
  );
  backend.escalated.put(4821, { state: 'sent_back', reason: 'Il manque la capture.' });
  await waitFor(() =>
    expect(screen.getByTestId('escalation-state').textContent?.replace(/\s/g, ' ')).toBe(
      'Renvoyé au niveau 1 : Il manque la capture.',
    ),
  );
});

test('the sheet guesses the domain, says who is in charge and whether they are there, and marks what is mandatory', async () => {
  await opened();
  const sheet = screen.getByTestId('escalation');
  expect(screen.getByTestId<HTMLSelectElement>('escalation-domain').value).toBe('Réseau');
  expect(screen.getByTestId<HTMLSelectElement>('escalation-level').value).toBe('n2');
  expect(screen.getByTestId('escalation-charge').textContent).toContain('poste 4200');
  expect(screen.getByTestId('escalation-charge').textContent).toContain('Joignable maintenant');
  expect(within(sheet).getByText('Câble, autre prise, redémarrage.')).toBeTruthy();
  expect(field('since').getAttribute('aria-required')).toBe('true');
  expect(field('error_text').getAttribute('aria-required')).toBe('false');
  // What is prefilled is not asked again: one goes on at the first empty field.
  expect(field('symptom').value).not.toBe('');
  expect(document.activeElement).toBe(field('since'));
});

test('what is missing is named and said at its field, and the first of it takes the focus', async () => {
  const { backend, user } = await opened();
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(sent(backend)).toEqual([]);
  expect(screen.getByTestId('escalation-missing').textContent).toContain(
    'Depuis quand, Qui est touché, Ce qui a été essayé',
  );
  expect(field('since').getAttribute('aria-invalid')).toBe('true');
  expect(document.activeElement).toBe(field('since'));
  await user.keyboard('ce matin{Tab}un bureau');
  expect(field('affected').value).toBe('un bureau');
  expect(screen.getByTestId('escalation-missing').textContent).not.toContain('Depuis quand');
  await user.keyboard('{Tab}Autre prise{Control>}{Enter}{/Control}');
  await settle();
  const [escalation] = sent(backend);
  expect(escalation).toMatchObject({
    domain: 'Réseau',
    level: 'n2',
    release: false,
    note: '',
    diagnosis: { since: 'ce matin', affected: 'un bureau', tried: 'Autre prise' },
  });
  expect(screen.queryByTestId('escalation')).toBeNull();
  await waitFor(() => expect(screen.getByTestId('escalation-state').textContent).toContain('Réseau N2'));
});

test('a domain that no category tells is chosen, and equipment that nobody has is found; once it is sent the sheet is gone', async () => {
  const { backend, user } = await openWindow();
  const whole = backend.escalation.bind(backend);
  backend.escalation = async (ticket) => ({ ...(await whole(ticket)), domain: null });
  await openTicket(user, 4821);
  await user.keyboard('x');
  await screen.findByTestId('escalation');
  await settle();
  await user.selectOptions(screen.getByTestId('escalation-domain'), 'Réseau');
  for (const name of ['since', 'affected', 'tried']) await user.type(field(name), 'ce matin');
  await user.type(screen.getByTestId('escalation-asset-find'), 'PC-0');
  await user.click((await screen.findAllByTestId(/^escalation-asset-find-option-/))[0] as HTMLElement);
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  const [escalation] = sent(backend);
  expect(escalation?.domain).toBe('Réseau');
  expect(escalation?.diagnosis.assets?.length).toBeGreaterThan(0);
  expect(screen.queryByTestId('escalation')).toBeNull();
  await waitFor(() => expect(screen.getByTestId('escalation-state').textContent).toContain('Réseau N2'));
});

test('closing with Escape loses no word, not even one that the disk has not taken', async () => {
  const { backend, user } = await opened();
  backend.failNext.set('keepDiagnosis', new BackendFailure({ code: 'store_full', message: 'Plein', hint: '' }));
  await user.keyboard('hier');
  await settle();
  expect(screen.getByTestId('escalation-kept').dataset.state).toBe('failed');
  await user.type(screen.getByTestId('escalation-note'), 'Rappeler avant midi');
  await user.keyboard('{Escape}');
  await settle();
  expect(screen.queryByTestId('escalation')).toBeNull();
  await user.keyboard('x');
  await settle();
  expect(field('since').value).toBe('hier');
  expect(screen.getByTestId<HTMLTextAreaElement>('escalation-note').value).toBe('Rappeler avant midi');
  await waitFor(() => expect(screen.getByTestId('escalation-kept').dataset.state).toBe('saved'), { timeout: 5000 });
  const kept = backend.calls.filter((call) => call.name === 'keepDiagnosis').at(-1)?.args[1] as Diagnosis;
  expect(kept.since).toBe('hier');
});

test('another domain has another form; a pasted picture and equipment fill their fields', async () => {
  const { backend, user } = await opened();
  await user.selectOptions(screen.getByTestId('escalation-domain'), 'Applications');
  expect(field('error_text').getAttribute('aria-required')).toBe('true');
  expect(screen.getByTestId<HTMLSelectElement>('escalation-level').value).toBe('n3');
  const asset = screen.getByTestId<HTMLInputElement>('escalation-asset-Computer-400');
  expect(asset.checked).toBe(true);
  await user.click(asset);
  await user.click(field('error_text'));
  await user.paste('0x80070005');
  await user.upload(screen.getByTestId('escalation-file'), new File(['x'], 'ecran.png', { type: 'image/png' }));
  await settle();
  const kept = backend.calls.filter((call) => call.name === 'keepDiagnosis').at(-1)?.args[1] as Diagnosis;
  expect(kept).toMatchObject({ error_text: '0x80070005', assets: [] });
  expect(kept.screenshots?.map((one) => one.filename)).toEqual(['ecran.png']);
});

test('a group that the ticketing tool does not have takes nothing, and that is said', async () => {
  const { backend, user } = await opened();
  await user.type(field('since'), 'ce matin');
  await user.type(field('affected'), 'un site');
  await user.type(field('tried'), 'Redémarrage');
  await user.selectOptions(screen.getByTestId('escalation-level'), 'vendor');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  expect(sent(backend)).toEqual([]);
  expect(document.activeElement).toBe(screen.getByTestId('escalation-level'));
  expect(screen.getByTestId('escalation').textContent).toContain('Opérateur télécom');
  expect(screen.getByTestId('escalation').textContent).toContain('rien ne peut lui être transmis');
});

test('a refusal is said where it was sent from, and the words stay', async () => {
  const { backend, user } = await opened();
  await user.type(field('since'), 'hier');
  await user.type(field('affected'), 'tous');
  await user.type(field('tried'), 'rien');
  await user.click(screen.getByTestId('escalation-release'));
  backend.failNext.set('escalate', new BackendFailure(await backend.explain('escalation_incomplete')));
  await user.click(screen.getByTestId('escalation-send'));
  await settle();
  expect(screen.getByTestId('escalation-refused').textContent).not.toBe('');
  expect(field('since').value).toBe('hier');
  await user.click(screen.getByTestId('escalation-send'));
  await settle();
  expect(sent(backend).at(-1)?.release).toBe(true);
});
