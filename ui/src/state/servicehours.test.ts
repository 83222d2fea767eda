import { expect, test } from 'vitest';
import { served } from './servicehours.svelte';

const at = (text: string): Date => new Date(`2026-06-${text}:00Z`);
const second = (text: string): number => at(text).getTime() / 1000;

test('service time is what lies within the openings', () => {
  const calendar = {
    day_s: 36_000,
    spans: [
      [second('05T06:00'), second('05T16:00')],
      [second('08T06:00'), second('08T16:00')],
    ] as [number, number][],
  };
  const hours = (from: string, to: string): number => served(calendar, at(from), at(to)) / 3600;
  expect(hours('05T07:00', '05T09:30')).toBe(2.5);
  // Over a week-end.
  expect(hours('05T15:00', '08T08:00')).toBe(3);
  expect(hours('05T17:00', '08T05:00')).toBe(0);
  expect(hours('08T08:00', '05T15:00')).toBe(0);
  expect(hours('01T00:00', '30T00:00')).toBe(20);
});
