// The window over the in-memory backend, for tests that drive it as a person does.
import { cleanup, render, screen } from '@testing-library/svelte';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import { tick } from 'svelte';

import App from '../App.svelte';
import { FakeBackend, type FakeOptions } from '../backend/fake';
import { bringAll } from '../components/parts/parts.svelte';

export interface Opened {
  backend: FakeBackend;
  user: UserEvent;
}

/** Opens the window, over a backend made for it or over one that lived before. */
export async function openWindow(from: FakeOptions | FakeBackend = {}): Promise<Opened> {
  const backend = from instanceof FakeBackend ? from : new FakeBackend(from);
  // As it is a moment after the start (the start itself is tested in start.test.ts).
  await bringAll();
  render(App, { backend });
  const user = userEvent.setup();
  await settle();
  return { backend, user };
}

/** Closes the window; the backend goes on. */
export function closeWindow(): void {
  cleanup();
}

/** Lets the reads that are under way come back and show. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) {
    await tick();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Opens a ticket from the queue. */
export async function openTicket(user: UserEvent, id: number): Promise<void> {
  await user.click(await screen.findByTestId(`queue-row-${String(id)}`));
  await screen.findByTestId(`ticket-${String(id)}`);
  await settle();
}

/** The text of the answer being typed. */
export function answerText(): HTMLTextAreaElement {
  return screen.getByTestId('composer-text');
}

/** What was given to a command, call by call. */
export function argumentsOf<T>(backend: FakeBackend, command: string): T[] {
  return backend.calls.filter((call) => call.name === command).map((call) => call.args[0] as T);
}
