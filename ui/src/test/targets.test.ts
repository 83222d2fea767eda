// The contract's clock on tickets: what is left in service time, turning before it is late, standing still while the ticket waits.
import { screen } from '@testing-library/svelte';
import { afterEach, expect, test } from 'vitest';

import type { NextTarget, ServiceHours } from '../backend/types';
import { type Remaining, remainingUntil } from '../components/domain/labels';
import { clock } from '../state/clock.svelte';
import { serviceHours } from '../state/servicehours.svelte';
import { openTicket, openWindow, settle } from './window';

const at = (text: string): Date => new Date(`2026-06-${text}:00Z`);
const second = (text: string): number => at(text).getTime() / 1000;
/** Friday and Monday, 8 to 18 in Paris. */
const HOURS: ServiceHours = {
  calendars: [
    {
      day_s: 36_000,
      spans: [
        [second('05T06:00'), second('05T16:00')],
        [second('08T06:00'), second('08T16:00')],
      ],
    },
  ],
};

function target(due: string | null, soon: string | null, left: number | null = null): NextTarget {
  const iso = (text: string | null): string | null => (text === null ? null : at(text).toISOString());
  return {
    kind: 'resolve',
    due: iso(due),
    clock: { indicator: 'KPI7', calendar: 0, soon_at: iso(soon), paused_left_s: left },
  };
}

/** Numbers stay with their units by a space that does not break. */
const plain = (told: Remaining): Remaining => ({ ...told, text: told.text.replaceAll(/\s/g, ' ') });

afterEach(() => serviceHours.forget());

test('what is left is service time, in service days where there is more than one', () => {
  serviceHours.take(HOURS);
  const left = (now: string, of: NextTarget) => plain(remainingUntil(of, at(now)));
  const monday = target('08T07:30', '08T06:30');
  expect(left('05T15:30', monday)).toEqual({ text: '2 h 00', tone: 'calm' });
  // The week-end takes nothing away.
  expect(left('06T12:00', monday)).toEqual({ text: '1 h 30', tone: 'calm' });
  expect(left('08T06:45', monday)).toEqual({ text: '45 min', tone: 'soon' });
  expect(left('08T07:42', monday)).toEqual({ text: '−12 min', tone: 'late' });
  expect(left('05T06:00', target('08T11:00', '08T10:00'))).toEqual({ text: '1,5 j', tone: 'calm' });
});

test('a clock that stands still says what is left, whatever the time', () => {
  serviceHours.take(HOURS);
  for (const now of ['05T07:00', '07T12:00']) {
    expect(plain(remainingUntil(target(null, null, 5400), at(now)))).toEqual({ text: '1 h 30', tone: 'calm' });
    expect(plain(remainingUntil(target(null, null, -600), at(now)))).toEqual({ text: '−10 min', tone: 'late' });
  }
});

test('until the calendars are known, the wall’s clock is told', () => {
  expect(plain(remainingUntil(target('05T18:00', null), at('05T15:30'))).text).toBe('2 h 30');
});

test('a ticket’s card tells the contract’s target, by when, and which indicator asks for it', async () => {
  const { backend, user } = await openWindow();
  const due = new Date(clock.now.getTime() + 95 * 60_000).toISOString();
  backend.targets.set(4820, {
    kind: 'escalate',
    due,
    clock: { indicator: 'KPI5', calendar: 0, soon_at: due, paused_left_s: null },
  });
  await user.click(screen.getByTestId('view-open'));
  backend.publish({ lists: true, tickets: [4820] });
  await settle();
  await openTicket(user, 4820);
  await settle();
  const told = await screen.findByTestId('contract-target');
  expect(told.textContent).toMatch(/Escalade\s*1\sh\s3[45]/);
  expect(told.parentElement?.textContent).toContain('contrat, KPI5');
});
