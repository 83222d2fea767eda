// Made-up indicators, in the shape of the real ones: met, not met, without data, with gaps between months.
import type { IndicatorRow, IndicatorSheet } from './types';

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

export function indicatorSheet(month: string, locale: 'fr' | 'en'): IndicatorSheet {
  const months = monthsUntil(month);
  const indicators = MADE.map((made): IndicatorRow => {
    const value = made.values.at(-1) ?? null;
    const met = value === null ? null : made.atMost ? value <= made.objective : value >= made.objective;
    return {
      id: made.id,
      name: made[locale],
      objective: made.objective,
      at_most: made.atMost ?? false,
      met,
      penalty: met === false ? (made.penalty ?? null) : null,
      missed: made.missed ?? [],
      missed_kind: made.kind ?? 'tickets',
      history: months.map((name, place) => {
        const share = made.values[place] ?? null;
        return {
          month: name,
          numerator: Math.round((share ?? 0) * 200),
          denominator: share === null ? 0 : 200,
          value: share,
        };
      }),
    };
  });
  return {
    month,
    contract: locale === 'fr' ? 'Contrat de démonstration' : 'Demonstration contract',
    data_end: new Date().toISOString(),
    indicators,
    excluded: [{ id: '4700', reason: locale === 'fr' ? 'doublon fusionné' : 'merged duplicate' }],
    rejected: [],
    gaps: [locale === 'fr' ? 'Aucune alerte n’est connue.' : 'No alert is known.'],
  };
}
