// A date and time as people type it: "14h30", "demain 9h", "lundi 14:00", "23/11 16h", "today 2:30". Day before month, as in
// France and Britain; the platform's own field follows the system's language rather than the window's.

const NAMED_DAYS: Record<string, number> = {
  "aujourd'hui": 0,
  today: 0,
  demain: 1,
  tomorrow: 1,
  'apres-demain': 2,
};

/** Sunday first, as dates count. */
const WEEKDAYS: readonly (readonly string[])[] = [
  ['dimanche', 'sunday'],
  ['lundi', 'monday'],
  ['mardi', 'tuesday'],
  ['mercredi', 'wednesday'],
  ['jeudi', 'thursday'],
  ['vendredi', 'friday'],
  ['samedi', 'saturday'],
];

/** Start of a working day, for a day without a time. */
const MORNING = 9;

const plain = (text: string): string =>
  text.toLowerCase().replaceAll('’', "'").normalize('NFD').replace(/\p{M}/gu, '').trim();

/** The instant meant, or `null` where it is not understood. */
export function when(text: string, now: Date): Date | null {
  let rest = plain(text);
  const at = new Date(now.getFullYear(), now.getMonth(), now.getDate(), MORNING);
  const time = /(?:^|\s)(?:a |at )?(\d{1,2})\s?(?:h|:)\s?(\d{2})?$/.exec(rest);
  if (time) {
    const [hours, minutes] = [Number(time[1]), Number(time[2] ?? 0)];
    if (hours > 23 || minutes > 59) return null;
    at.setHours(hours, minutes);
    rest = rest.slice(0, time.index).trim();
  }
  if (rest === '') return time ? at : null;
  const named = NAMED_DAYS[rest];
  const weekday = WEEKDAYS.findIndex((names) => names.includes(rest));
  const date = /^(\d{1,2})[/.-](\d{1,2})(?:[/.-](\d{4}))?$/.exec(rest);
  if (named !== undefined) at.setDate(at.getDate() + named);
  else if (weekday >= 0) at.setDate(at.getDate() + ((weekday - at.getDay() + 7) % 7 || 7));
  else if (date) {
    const [day, month] = [Number(date[1]), Number(date[2])];
    at.setFullYear(date[3] === undefined ? at.getFullYear() : Number(date[3]), month - 1, day);
    if (at.getMonth() !== month - 1 || at.getDate() !== day) return null;
  } else return null;
  return at;
}
