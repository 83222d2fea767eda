// When the contract's calendars are open, as Rust worked them out: so that the service time that is left until a target can be
// counted at every tick of the clock, offline as well, without asking for it again.
import type { ServiceCalendar, ServiceHours } from '../backend/types';

const NONE: readonly ServiceCalendar[] = [];

class Hours {
  /** In the contract's order; none until they were read. */
  calendars = $state.raw<readonly ServiceCalendar[]>(NONE);

  take(hours: ServiceHours): void {
    this.calendars = hours.calendars;
  }

  forget(): void {
    this.calendars = NONE;
  }
}

export const serviceHours = new Hours();

/** Seconds of service between two instants; 0 when the end is not after the start. */
export function served(calendar: ServiceCalendar, from: Date, to: Date): number {
  const [start, end] = [from.getTime() / 1000, to.getTime() / 1000];
  let total = 0;
  for (const [opens, closes] of calendar.spans) {
    if (opens >= end) break;
    total += Math.max(0, Math.min(closes, end) - Math.max(opens, start));
  }
  return total;
}
