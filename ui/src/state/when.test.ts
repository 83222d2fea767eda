import { expect, test } from 'vitest';

import { when } from './when';

/** A Sunday. */
const now = new Date(2026, 10, 22, 10, 52);
const local = (...[month, day, hours, minutes]: [number, number, number, number]): Date =>
  new Date(2026, month - 1, day, hours, minutes);

test('a time is today, a day without a time begins in the morning', () => {
  expect(when('14h30', now)).toEqual(local(11, 22, 14, 30));
  expect(when('9h', now)).toEqual(local(11, 22, 9, 0));
  expect(when('demain', now)).toEqual(local(11, 23, 9, 0));
});

test('days are named or numbered, day before month', () => {
  expect(when('demain 14 h 05', now)).toEqual(local(11, 23, 14, 5));
  expect(when('Aujourd’hui à 16:00', now)).toEqual(local(11, 22, 16, 0));
  expect(when('mardi 8h', now)).toEqual(local(11, 24, 8, 0));
  expect(when('dimanche 8h', now)).toEqual(local(11, 29, 8, 0));
  expect(when('Tomorrow at 9:15', now)).toEqual(local(11, 23, 9, 15));
  expect(when('5/12 16h', now)).toEqual(local(12, 5, 16, 0));
  expect(when('05/01/2027 09:30', now)).toEqual(new Date(2027, 0, 5, 9, 30));
});

test('what is not understood is not guessed', () => {
  for (const text of ['', 'bientôt', '25h', '31/02 9h', '12/2026', '10:75']) expect(when(text, now), text).toBeNull();
});
