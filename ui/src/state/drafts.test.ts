import { expect, test } from 'vitest';

import { BackendFailure } from '../backend/backend';
import { FakeBackend } from '../backend/fake';
import type { Draft } from '../backend/types';
import { DraftBox, DraftDesk } from './drafts.svelte';

interface Text {
  text: string;
}

function box(desk: DraftDesk, key = 'ticket:4821', ticket: number | null = 4821): DraftBox<Text> {
  return new DraftBox<Text>(
    desk,
    key,
    ticket,
    () => ({ text: '' }),
    (value) => value.text === '',
  );
}

const stored = async (backend: FakeBackend, key = 'ticket:4821'): Promise<string | null> => {
  const draft = await backend.draft(key, null);
  return draft ? (JSON.parse(draft.body) as Text).text : null;
};

test('every keystroke is handed over, and the newest is what is stored', async () => {
  const backend = new FakeBackend();
  backend.saveDelayMs = 5;
  const one = box(new DraftDesk(backend));
  await one.loaded();
  for (const text of ['b', 'bo', 'bon', 'bonj', 'bonjour']) one.update({ text });
  await one.settled();
  expect(await stored(backend)).toBe('bonjour');
  // Serialised and coalesced: the first, then the newest of those typed meanwhile.
  const saved = backend.calls.filter((call) => call.name === 'saveDraft');
  expect(saved.map((call) => (JSON.parse((call.args[0] as Draft).body) as Text).text)).toEqual(['b', 'bonjour']);
  expect(one.state).toBe('saved');
});

test('a save that fails is tried again and the text stays', async () => {
  const backend = new FakeBackend();
  backend.failNext.set('saveDraft', new BackendFailure({ code: 'store_locked', message: 'occupé', hint: '' }));
  const one = box(new DraftDesk(backend));
  await one.loaded();
  one.update({ text: 'à garder' });
  await Promise.resolve();
  await Promise.resolve();
  expect(one.state).toBe('failed');
  expect(one.value.text).toBe('à garder');
  await one.settled();
  expect(await stored(backend)).toBe('à garder');
});

test('a box built again while its last save is under way takes up what was typed', async () => {
  const backend = new FakeBackend();
  backend.saveDelayMs = 20;
  const desk = new DraftDesk(backend);
  const one = box(desk);
  await one.loaded();
  one.update({ text: 'presque' });
  one.close();
  const again = box(desk);
  await again.loaded();
  expect(again.value.text).toBe('presque');
});

test('an emptied draft is forgotten after what was on its way, not before', async () => {
  const backend = new FakeBackend();
  backend.saveDelayMs = 5;
  const one = box(new DraftDesk(backend));
  await one.loaded();
  one.update({ text: 'x' });
  one.update({ text: '' });
  await one.settled();
  expect(await backend.draft('ticket:4821', null)).toBeNull();
});

test('a draft follows its ticket when the server gives it a number', async () => {
  const backend = new FakeBackend();
  const desk = new DraftDesk(backend);
  const local = box(desk, 'ticket:-1', -1);
  await local.loaded();
  local.update({ text: 'écrit avant le numéro' });
  await local.settled();
  desk.renumber(-1, 4900);
  const remote = box(desk, 'ticket:4900', 4900);
  await remote.loaded();
  expect(remote.value.text).toBe('écrit avant le numéro');
});

test('a stored draft whose ticket was renumbered by the store is found by its ticket', async () => {
  const backend = new FakeBackend();
  await backend.saveDraft({
    key: 'ticket:-3',
    ticket: 4901,
    body: JSON.stringify({ text: 'avant le redémarrage' }),
    attachments: [],
    updated_at: new Date().toISOString(),
  });
  const one = box(new DraftDesk(backend), 'ticket:4901', 4901);
  await one.loaded();
  expect(one.value.text).toBe('avant le redémarrage');
  expect(one.storedKey).toBe('ticket:-3');
});

test('a draft body of an unknown form is shown as text rather than dropped', async () => {
  const backend = new FakeBackend();
  await backend.saveDraft({
    key: 'ticket:4821',
    ticket: 4821,
    body: 'pas du JSON',
    attachments: [],
    updated_at: new Date().toISOString(),
  });
  const one = box(new DraftDesk(backend));
  await one.loaded();
  expect(one.value.text).toBe('pas du JSON');
});
