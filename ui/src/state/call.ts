// What a call is to whoever reads it: who, how long, how it ended.
import type { Call, CallCard, Person } from '../backend/types';
import { t } from '../i18n/i18n.svelte';

/** The conversation is over. */
export function isOver(call: Call): boolean {
  return call.state === 'ended' || call.state === 'missed';
}

/** Who is at the other end, as surely as it is known. */
export function callerName(card: CallCard): string {
  const person = card.card?.person;
  if (person) return `${person.first_name} ${person.last_name}`.trim() || person.login;
  return remoteName(card.call);
}

/** The other end by what the PBX says alone. */
export function remoteName({ remote }: Call): string {
  if (remote.anonymous) return t('call.anonymous');
  return remote.name ?? (remote.raw === '' ? t('call.unknown') : remote.raw);
}

/** Digits by which two numbers are one, however they are written: the last nine, as callers are found by. */
const lastDigits = (text: string): string => text.replace(/\D/g, '').slice(-9);

/** The number that a person was reached by stands in their record. */
export function isNumberOf({ remote }: Call, { phones }: Person): boolean {
  const number = lastDigits(remote.raw);
  return phones.some((phone) => lastDigits(phone.raw) === number);
}

const between = (from: string, to: string): number => Math.max(0, new Date(to).getTime() - new Date(from).getTime());

/** How long the caller waited, in milliseconds, from the queue (else the first ring, else the start); `null` while he waits. */
export function waited(call: Call): number | null {
  const to = call.answered_at ?? call.ended_at;
  return to === null ? null : between(call.queued_at ?? call.ringing_at ?? call.started_at, to);
}

/** How long it was talked, in milliseconds, so far where it goes on; `null` when nobody answered. */
export function talked(call: Call, now: Date): number | null {
  return call.answered_at === null ? null : between(call.answered_at, call.ended_at ?? now.toISOString());
}

/** "08:46", "1:02:03": a length of time to the second. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return h > 0 ? `${String(h)}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
}
