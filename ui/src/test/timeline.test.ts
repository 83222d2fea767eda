// The timeline's filters, and what somebody else does while one types.
import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';

import type { FakeBackend } from '../backend/fake';
import { para } from '../backend/fake-data';
import { changeBetween, together } from '../state/changes';
import { answerText, closeWindow, openTicket, openWindow, settle } from './window';

const entries = (): string[] =>
  [...screen.getByTestId('timeline').querySelectorAll<HTMLElement>('[data-testid^="entry-"]')].map(
    (one) => one.dataset.testid ?? '',
  );

/** Somebody writes a follow-up on the server. */
function written(backend: FakeBackend, author: number, text: string, id: number): void {
  const now = new Date().toISOString();
  backend.world.timeline.push({
    key: { kind: 'followup', id },
    ticket: 4821,
    author,
    at: now,
    updated_at: now,
    body: para(text),
    private: false,
    detail: { type: 'followup', channel: null },
  });
  backend.publish({ tickets: [4821] });
}

test('a key filters the timeline, what is hidden is said, and the choice is remembered', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  expect(entries()).toHaveLength(4);
  expect(screen.getByTestId('filter-private').textContent).toMatch(/Privé\s*1/);
  (document.activeElement as HTMLElement).blur();
  await user.keyboard('ff');
  expect(screen.getByTestId('filter-private').getAttribute('aria-checked')).toBe('true');
  expect(entries()).toEqual(['entry-followup-9001']);
  expect(screen.getByTestId('timeline-hidden').textContent).toContain('3 entrées masquées.');
  screen.getByTestId('filter-private').focus();
  await user.keyboard('{ArrowRight}');
  expect(document.activeElement).toBe(screen.getByTestId('filter-tasks'));
  expect(entries()).toEqual(['entry-task-77', 'entry-task-78']);
  closeWindow();
  const again = await openWindow(backend);
  await openTicket(again.user, 4821);
  expect(entries()).toEqual(['entry-task-77', 'entry-task-78']);
  await again.user.click(screen.getByTestId('timeline-show-all'));
  expect(entries()).toHaveLength(4);
  expect(screen.queryByTestId('timeline-hidden')).toBeNull();
  await again.user.click(screen.getByTestId('filter-documents'));
  expect(entries()).toEqual(['entry-followup-9002']);
});

test('what somebody else writes is said softly, and the text being typed is not touched', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  await user.type(answerText(), 'Je rega');
  written(backend, 101, 'Je prends le certificat.', 9900);
  const line = await screen.findByTestId('changed');
  await waitFor(() => expect(line.textContent).toMatch(/Modifié par Yann Morel, il y a <\s1\smin\s:\s+suivi/));
  expect(document.activeElement).toBe(answerText());
  await user.keyboard('rde');
  expect(answerText().value).toBe('Je regarde');
  await user.click(screen.getByTestId('changed-dismiss'));
  expect(screen.queryByTestId('changed-dismiss')).toBeNull();
  // Who wrote a moment ago is still said to be about.
  expect(screen.getByTestId('about').textContent).toContain('Yann Morel');
});

test('a field somebody changed is told without a name, mine is not told', async () => {
  const { backend, user } = await openWindow();
  await openTicket(user, 4821);
  backend.world.tickets = backend.world.tickets.map((one) =>
    one.id === 4821 ? { ...one, status: 'waiting', updated_at: new Date().toISOString() } : one,
  );
  backend.publish({ tickets: [4821] });
  await waitFor(() =>
    expect(screen.getByTestId('changed').textContent).toMatch(/Modifié sur le serveur[^]*En attente/),
  );
  await user.click(screen.getByTestId('changed-dismiss'));
  await user.selectOptions(screen.getByTestId('field-urgency'), '1');
  await settle();
  backend.drain();
  await settle();
  await user.type(answerText(), 'de moi');
  await user.keyboard('{Control>}{Enter}{/Control}');
  await settle();
  backend.drain();
  await settle();
  expect(screen.queryByTestId('changed-dismiss')).toBeNull();
});

test('two changes are told as one, the newest value of a field only', async () => {
  const { backend } = await openWindow();
  const first = await backend.ticket(4821);
  if (!first) throw new Error('the demo world has 4821');
  const second = { ...first, ticket: { ...first.ticket, status: 'waiting' as const } };
  const third = { ...second, ticket: { ...second.ticket, status: 'planned' as const, title: 'Autre' } };
  expect(changeBetween(first, first, 7)).toBeNull();
  const both = together(changeBetween(first, second, 7), changeBetween(second, third, 7));
  expect(both?.fields).toEqual([
    { field: 'title', value: { type: 'text', value: 'Autre' } },
    { field: 'status', value: { type: 'status', value: 'planned' } },
  ]);
});

test('when the answer grows, the end of the timeline stays in view unless somebody scrolled away from it', async () => {
  const watchers: { target: Element; tell: () => void }[] = [];
  class Watcher extends ResizeObserver {
    constructor(private readonly told: ResizeObserverCallback) {
      super(told);
    }
    override observe(target: Element): void {
      super.observe(target);
      watchers.push({ target, tell: () => this.told([], this) });
    }
  }
  vi.stubGlobal('ResizeObserver', Watcher);
  try {
    const { user } = await openWindow();
    await openTicket(user, 4821);
    const box = screen.getByTestId('timeline');
    const size = (height: number): void => {
      Object.defineProperty(box, 'clientHeight', { value: height, configurable: true });
      for (const { target, tell } of watchers) if (target === box) tell();
    };
    Object.defineProperty(box, 'scrollHeight', { value: 1000 });
    size(500);
    box.scrollTop = 500;
    await fireEvent.scroll(box);
    box.scrollTop = 499;
    size(300);
    expect(box.scrollTop).toBe(1000);
    // A browser keeps it within the box and says so.
    box.scrollTop = 700;
    await fireEvent.scroll(box);
    box.scrollTop = 400;
    await fireEvent.scroll(box);
    size(200);
    expect(box.scrollTop).toBe(400);
  } finally {
    vi.unstubAllGlobals();
  }
});
