// The message catalogue and the locale's formats. French is the reference wording; English follows it. Messages are ICU
// (plurals, selects); numbers, dates and lists come from Intl. `t` reads the locale from reactive state, so that whatever
// shows a message shows it again when the language changes.
import { IntlMessageFormat } from 'intl-messageformat';

import fr from './fr.json';

export type Locale = 'fr' | 'en';

/** A key of the catalogue; French is the reference. */
export type MessageKey = keyof typeof fr;

type Values = Record<string, string | number | boolean | Date>;

/** French is there from the start; English is brought when it is wanted, at the latest for the palette. */
const catalogues: Partial<Record<Locale, Readonly<Record<string, string>>>> = { fr };
/** Where the language last shown is remembered, so that the next start brings it at once. */
const LAST = 'guichet.locale';
/** Regional form used for dates and numbers. */
const regions: Record<Locale, string> = { fr: 'fr-FR', en: 'en-GB' };

class Language {
  locale = $state<Locale>('fr');
}

const language = new Language();
const compiled = new Map<string, IntlMessageFormat>();

/** The current language. */
export function locale(): Locale {
  return language.locale;
}

/** The language wanted last; its catalogue may still be on its way. */
let wanted: Locale = 'fr';

/** Brings a language's catalogue; at once where it is there. */
export async function bringLanguage(which: Locale): Promise<void> {
  if (which === 'en') catalogues.en ??= (await import('./en.json')).default;
}

/** The language this window last showed. */
export function lastLocale(): Locale {
  try {
    return localStorage.getItem(LAST) === 'en' ? 'en' : 'fr';
  } catch {
    return 'fr';
  }
}

/** Changes the language of everything shown, and the page's own for screen readers, as soon as its catalogue is there. */
export function setLocale(next: Locale): void {
  wanted = next;
  if (catalogues[next]) {
    show(next);
    return;
  }
  // Should it not come, what is shown stays in French.
  bringLanguage(next).then(
    () => {
      if (wanted === next) show(next);
    },
    () => undefined,
  );
}

function show(next: Locale): void {
  language.locale = next;
  if (typeof document !== 'undefined') document.documentElement.lang = next;
  try {
    localStorage.setItem(LAST, next);
  } catch {
    // The next start brings it a little later.
  }
}

/** The message under a key, with its values filled in. */
export function t(key: MessageKey, values?: Values): string {
  return format(language.locale, key, values) ?? key;
}

/** The message under a key in a language, whatever the window's own. */
export function tIn(language: Locale, key: MessageKey, values?: Values): string {
  return format(language, key, values) ?? key;
}

/** The message under a key that came from outside (an error's code), or `null` when the catalogue has none. */
export function tMaybe(key: string, values?: Values): string | null {
  return format(language.locale, key, values);
}

/** The spaces that French puts before its high punctuation and inside its quotation marks never end a line. */
function spaced(text: string): string {
  return text
    .replace(/ (?=[:»])/g, '\u00a0')
    .replace(/« /g, '«\u00a0')
    .replace(/ (?=[;!?])/g, '\u202f');
}

const sources: Record<Locale, Map<string, string>> = { fr: new Map(), en: new Map() };

function sourceOf(current: Locale, key: string): string | undefined {
  const held = sources[current].get(key);
  if (held !== undefined) return held;
  const written = catalogues[current]?.[key];
  if (written === undefined) return undefined;
  const source = current === 'fr' ? spaced(written) : written;
  sources[current].set(key, source);
  return source;
}

const PLAIN = /^[^{}']*(?:\{\w+\}[^{}']*)+$/;

/** A message that only has names to fill in, as most have: neither parser nor formats are made for it. Else `null`. */
function filled(source: string, values: Values = {}): string | null {
  if (!PLAIN.test(source)) return null;
  let all = true;
  const text = source.replace(/\{(\w+)\}/g, (name, key: string) => {
    const value = values[key];
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    all = false;
    return name;
  });
  return all ? text : null;
}

function format(current: Locale, key: string, values?: Values): string | null {
  const source = sourceOf(current, key);
  if (source === undefined) return null;
  if (!source.includes('{') && !source.includes("'")) return source;
  const plain = filled(source, values);
  if (plain !== null) return plain;
  const id = `${current}:${key}`;
  let message = compiled.get(id);
  if (!message) {
    message = new IntlMessageFormat(source, regions[current], undefined, { ignoreTag: true });
    compiled.set(id, message);
  }
  return String(message.format(values));
}

const cache = new Map<string, unknown>();
function intl<T>(id: string, make: (region: string) => T): T {
  const key = `${language.locale}:${id}`;
  let made = cache.get(key) as T | undefined;
  if (!made) {
    made = make(regions[language.locale]);
    cache.set(key, made);
  }
  return made;
}

/** A count, grouped as the locale does. */
export function number(value: number): string {
  return intl('number', (region) => new Intl.NumberFormat(region)).format(value);
}

/** "94,9 %" of a share of 1, cut and not rounded: 94.99 must not read like the 95 it misses. A dash where there is none. */
export function percent(share: number | null): string {
  if (share === null) return '–';
  // A hair is added first: 0.29 × 1,000 is 289.99999999999994.
  const cut = Math.floor(share * 1000 + 1e-7) / 1000;
  return intl(
    'percent',
    (region) => new Intl.NumberFormat(region, { style: 'percent', maximumFractionDigits: 1 }),
  ).format(cut);
}

/** "juin 2026" of "2026-06". */
export function monthName(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return intl('month', (r) => new Intl.DateTimeFormat(r, { month: 'long', year: 'numeric' })).format(
    new Date(year, number - 1, 1),
  );
}

/** "juin 2026" of "2026-06", "semaine 23, du 1 juin 2026" of "2026-W23", "2026" of itself. */
export function periodName(period: string): string {
  const week = /^(\d{4})-W(\d{2})$/.exec(period);
  if (!week) return period.includes('-') ? monthName(period) : period;
  const [year, number_] = [Number(week[1]), Number(week[2])];
  // The fourth of January is in the first week.
  const fourth = new Date(year, 0, 4);
  const monday = new Date(year, 0, 4 - ((fourth.getDay() + 6) % 7) + 7 * (number_ - 1));
  const from = intl('week', (r) => new Intl.DateTimeFormat(r, { day: 'numeric', month: 'short', year: 'numeric' }));
  return t('figures.week', { n: number_, from: from.format(monday) });
}

/** "2 juin 2026". */
export function dayName(date: Date): string {
  return intl('dayName', (r) => new Intl.DateTimeFormat(r, { day: 'numeric', month: 'long', year: 'numeric' })).format(
    date,
  );
}

/** "09:12". */
export function time(at: string | Date): string {
  return intl('time', (r) => new Intl.DateTimeFormat(r, { hour: '2-digit', minute: '2-digit' })).format(new Date(at));
}

/** "22 nov. 2026, 09:12". */
export function dateTime(at: string | Date): string {
  return intl('dateTime', (r) => new Intl.DateTimeFormat(r, { dateStyle: 'medium', timeStyle: 'short' })).format(
    new Date(at),
  );
}

/** "22 nov." within the year, "22 nov. 2025" beyond. */
export function day(at: string | Date, now: Date): string {
  const date = new Date(at);
  return date.getFullYear() === now.getFullYear()
    ? intl('day', (r) => new Intl.DateTimeFormat(r, { day: 'numeric', month: 'short' })).format(date)
    : intl('dayYear', (r) => new Intl.DateTimeFormat(r, { day: 'numeric', month: 'short', year: 'numeric' })).format(
        date,
      );
}

/** "a, b or c". */
export function either(items: readonly string[]): string {
  return intl('either', (r) => new Intl.ListFormat(r, { type: 'disjunction' })).format(items);
}

/** The time today, the day before that. */
export function moment(at: string | Date, now: Date): string {
  const date = new Date(at);
  return date.toDateString() === now.toDateString() ? time(date) : `${day(date, now)} ${time(date)}`;
}

/** "4 min", "1 h 52", "2,5 j": a length of time, as short as it can be said; of service time, where a `day` is a service day. */
export function span(milliseconds: number, day = 24 * 3_600_000): string {
  const minutes = Math.floor(Math.abs(milliseconds) / 60_000);
  if (minutes < 1) return t('time.under_a_minute');
  if (minutes < 60) return t('time.minutes', { n: minutes });
  if (minutes < day / 60_000) {
    return t('time.hours', { h: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, '0') });
  }
  const days = Math.round(((minutes * 60_000) / day) * 2) / 2;
  return t('time.days', {
    d: days >= 10 ? number(Math.round(days)) : number(days),
  });
}

/** "12 Ko". */
export function bytes(size: number): string {
  const short = intl('bytes', (r) => new Intl.NumberFormat(r, { maximumFractionDigits: 1 }));
  if (size < 1024) return t('size.bytes', { n: size });
  if (size < 1024 * 1024) return t('size.kilobytes', { n: short.format(size / 1024) });
  return t('size.megabytes', { n: short.format(size / 1024 / 1024) });
}
