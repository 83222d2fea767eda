// The call journal: its numbers, what narrows it, the card of a call, and its states.
import { screen, waitFor, within } from '@testing-library/svelte';
import type { UserEvent } from '@testing-library/user-event';
import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import { DEVICE } from '../backend/fake-calls';
import type { JournalQuery } from '../backend/types';
import { argumentsOf, openWindow, settle } from './window';

const rows = (): HTMLElement[] => within(screen.getByTestId('journal-list')).getAllByRole('option');
const last = (backend: Parameters<typeof argumentsOf>[0]): JournalQuery | undefined =>
  argumentsOf<JournalQuery>(backend, 'callJournal').at(-1);

async function open(user: UserEvent): Promise<void> {
  await user.keyboard('p');
  await screen.findByTestId('journal-numbers');
  await settle();
}

test('a key opens it, newest first, with the numbers of everything asked for', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await open(user);
  const { rows: calls, numbers } = backend.telephone.page({});
  expect(rows()[0]?.dataset.testid).toBe(`journal-row-${calls[0]?.call.id ?? ''}`);
  const shown = [...screen.getByTestId('journal-numbers').querySelectorAll('dd')].map((one) => one.textContent);
  const share = Math.round((100 * numbers.answered_promptly) / numbers.offered);
  expect(shown.slice(0, 3)).toEqual([numbers.offered, numbers.answered, numbers.abandoned].map(String));
  expect(shown[3]).toMatch(/^00:\d\d$/);
  expect(shown[5]?.replace(/\s/g, ' ')).toBe(`${String(share)} %`);
  // People by their names, read when their row is.
  await waitFor(() => expect(screen.getByTestId('journal-list').textContent).toContain('Fontaine'));
});

test('every filter is asked of the desk, and they add up', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await open(user);
  await user.selectOptions(screen.getByTestId('journal-period'), 'all');
  await user.selectOptions(screen.getByTestId('journal-direction'), 'inbound');
  await user.selectOptions(screen.getByTestId('journal-answered'), 'no');
  await user.selectOptions(screen.getByTestId('journal-queue'), 'urgences');
  await user.type(screen.getByTestId('journal-words'), '06');
  await settle();
  expect(last(backend)).toMatchObject({
    from: null,
    direction: 'inbound',
    answered: false,
    queue: 'urgences',
    words: '06',
    offset: 0,
  });
  await user.selectOptions(screen.getByTestId('journal-period'), 'today');
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  expect(last(backend)?.from).toBe(midnight.toISOString());
});

test('words that match nothing are a state of their own, with the way out', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await open(user);
  await user.type(screen.getByTestId('journal-words'), 'zzzz');
  expect(await screen.findByText('Aucun appel ne correspond')).toBeTruthy();
  await user.click(screen.getByTestId('journal-clear'));
  await settle();
  expect(last(backend)?.words).toBe('');
  expect(rows().length).toBeGreaterThan(5);
});

test('the list is walked by arrows, the chosen call shows its card, and a key calls it back', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await open(user);
  screen.getByTestId('journal-list').focus();
  await user.keyboard('{ArrowDown}{ArrowDown}');
  await settle();
  const row = backend.telephone.journal[2];
  const list = screen.getByTestId('journal-list');
  const active = document.getElementById(list.getAttribute('aria-activedescendant') ?? '');
  expect(active?.dataset.testid).toBe(`journal-row-${row?.call.id ?? ''}`);
  expect(active?.getAttribute('aria-selected')).toBe('true');
  const card = screen.getByTestId('journal-card');
  await user.keyboard('{Alt>}r{/Alt}');
  expect(argumentsOf(backend, 'dial')).toEqual([row?.call.remote.raw]);
  // Its note goes the same way as on a call that goes on.
  await user.type(within(card).getByTestId('call-note'), ' Fait.');
  await waitFor(() =>
    expect(backend.telephone.journal.find((one) => one === row || one.call.id === row?.call.id)?.note).toBe(
      `${row?.note ?? ''} Fait.`,
    ),
  );
});

test('a call that comes in appears by itself', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await open(user);
  const id = await backend.telephone.ring('09 99 99 99 99');
  await waitFor(() => expect(rows()[0]?.dataset.testid).toBe(`journal-row-${id}`));
  expect(rows()[0]?.textContent).toContain('Sonne');
});

test('what cannot be read is said, and asked again at a button', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  backend.failNext.set(
    'callJournal',
    new BackendFailure({ code: 'x', message: 'Base illisible', hint: 'Recommencez.' }),
  );
  await user.click(screen.getByTestId('calls-button'));
  expect(await screen.findByText('Base illisible')).toBeTruthy();
  await user.click(screen.getByTestId('journal-retry'));
  await settle();
  expect(rows().length).toBeGreaterThan(5);
});

test('a lost telephone is explained there, without taking the journal away', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await open(user);
  const at = new Date().toISOString();
  const reason = { type: 'unreachable', detail: 'refused' } as const;
  backend.telephone.setState({ device: DEVICE, connection: { type: 'lost', reason, since: at, retry_at: at } });
  await settle();
  const told = await backend.explain('pbx_unreachable');
  expect(screen.getByTestId('journal-lost').textContent).toContain(told.message);
  expect(screen.getByTestId('journal-lost').textContent).toContain(told.hint);
  expect(rows().length).toBeGreaterThan(5);
});

test('without a telephone it says so, in both languages', async () => {
  for (const [locale, text] of [
    ['fr', 'Aucun téléphone n’est configuré'],
    ['en', 'No telephone is set up'],
  ] as const) {
    const { user } = await openWindow({ locale });
    await user.click(screen.getByTestId('calls-button'));
    expect((await screen.findByTestId('journal-no-telephone')).textContent).toContain(text);
    expect(screen.getByText(locale === 'fr' ? 'Aucun appel sur cette période' : 'No call in this period')).toBeTruthy();
    const { cleanup } = await import('@testing-library/svelte');
    cleanup();
  }
});

test('a call that rang in vain is to be called back, until it is done', async () => {
  const { backend, user } = await openWindow({ telephone: true });
  await open(user);
  expect(screen.queryByTestId('call-backs')).toBeNull();
  const id = await backend.telephone.ring('0612340099');
  await backend.telephone.turn(id, { state: 'missed', ended_at: new Date().toISOString() });
  const row = await screen.findByTestId(`call-back-${id}`);
  expect(row.textContent).toContain('0612340099');
  expect(row.textContent).toContain('Support N1');
  expect(row.dataset.late).toBe('false');
  await user.click(within(row).getByTestId('call-back-dial'));
  expect(argumentsOf<string>(backend, 'dial')).toEqual(['0612340099']);
  await user.click(within(row).getByTestId('call-back-done'));
  await waitFor(() => expect(screen.queryByTestId('call-backs')).toBeNull());
});
