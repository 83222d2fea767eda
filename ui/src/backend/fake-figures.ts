// Made-up indicators, in the shape of the real ones: met, not met, without data, with gaps between months.
import type { IndicatorRow, IndicatorSheet } from './types';

/** The period and the twelve before it. */
function periodsUntil(period: string): string[] {
  const week = /^(\d{4})-W(\d{2})$/.exec(period);
  if (week) {
    return Array.from({ length: 13 }, (_, place) => {
      const number = Number(week[2]) - 12 + place;
      return `${String(Number(week[1]) - (number < 1 ? 1 : 0))}-W${String(number < 1 ? number + 52 : number).padStart(2, '0')}`;
    });
  }
  return period.includes('-') ? monthsUntil(period) : [String(Number(period) - 1), period];
}

function monthsUntil(month: string): string[] {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return Array.from({ length: 13 }, (_, place) => {
    const date = new Date(year, number - 13 + place, 1);
    return `${String(date.getFullYear())}-${String(date.getMonth() + 1).padStart(2, '0')}`;
  });
}

interface Made {
  id: string;
  fr: string;
  en: string;
  objective: number;
  values: (number | null)[];
  penalty?: string;
  atMost?: boolean;
  missed?: string[];
  kind?: IndicatorRow['missed_kind'];
}

const MADE: readonly Made[] = [
  {
    id: 'KPI1',
    fr: 'Appels répondus en 20 s',
    en: 'Calls answered within 20 s',
    objective: 0.95,
    values: [0.91, 0.93, 0.94, 0.92, 0.95, 0.96, 0.95, 0.97, 0.94, 0.95, 0.96, 0.97, 0.9499],
    penalty: 'P1',
    missed: ['1780.1', '1780.7'],
    kind: 'calls',
  },
  {
    id: 'KPI5',
    fr: 'Escalade en 30 min',
    en: 'Escalation within 30 min',
    objective: 0.9,
    values: [null, null, 0.8, 0.85, 0.9, 0.92, 0.91, null, 0.93, 0.94, 0.95, 0.93, 0.92],
    missed: ['4819', '4821'],
  },
  {
    id: 'KPI16',
    fr: 'Taux de réouverture',
    en: 'Re-open rate',
    objective: 0.15,
    atMost: true,
    values: [0.2, 0.18, 0.16, 0.15, 0.14, 0.12, 0.1, 0.12, 0.11, 0.13, 0.12, 0.1, 0.08],
  },
  {
    id: 'KPI18',
    fr: 'Enquête de satisfaction',
    en: 'Satisfaction survey',
    objective: 0.7,
    values: Array.from({ length: 13 }, () => null),
    kind: 'other',
  },
];

export function indicatorSheet(period: string, locale: 'fr' | 'en'): IndicatorSheet {
  const now = new Date();
  const thisMonth = `${String(now.getFullYear())}-${String(now.getMonth() + 1).padStart(2, '0')}`;
  const periods = periodsUntil(period);
  const months = monthsUntil(/^\d{4}-\d{2}$/.test(period) ? period : thisMonth);
  const indicators = MADE.map((made): IndicatorRow => {
    const value = made.values.at(-1) ?? null;
    const met = value === null ? null : made.atMost ? value <= made.objective : value >= made.objective;
    const told = (names: string[]) =>
      names.map((name, place) => {
        const share = made.values[made.values.length - names.length + place] ?? null;
        return {
          period: name,
          numerator: Math.round((share ?? 0) * 200),
          denominator: share === null ? 0 : 200,
          value: share,
        };
      });
    return {
      id: made.id,
      name: made[locale],
      objective: made.objective,
      at_most: made.atMost ?? false,
      met,
      penalty: met === false ? (made.penalty ?? null) : null,
      missed: made.missed ?? [],
      missed_kind: made.kind ?? 'tickets',
      history: told(periods),
      months: told(months),
      year_before: made.values[0] ?? null,
    };
  });
  return {
    period,
    first_day: '2026-06-01',
    end_day: '2026-07-01',
    penalties: period.includes('W') ? [] : [{ level: 'P1', times: 1, amount: 500, currency: 'EUR' }],
    contract: locale === 'fr' ? 'Contrat de démonstration' : 'Demonstration contract',
    data_end: new Date().toISOString(),
    indicators,
    excluded: [{ id: '4700', reason: locale === 'fr' ? 'doublon fusionné' : 'merged duplicate' }],
    rejected: [],
    gaps: [locale === 'fr' ? 'Aucune alerte n’est connue.' : 'No alert is known.'],
  };
}
