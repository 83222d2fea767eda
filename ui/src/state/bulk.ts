// One change to many tickets: one operation a ticket, accepted together and taken back together.
import type { BulkAction, BulkReport, TicketId } from '../backend/types';
import { t } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';

/** Changes them; `null` when the whole was refused, which is told. */
export async function changeMany(
  app: AppModel,
  tickets: readonly TicketId[],
  action: BulkAction,
): Promise<BulkReport | null> {
  try {
    const report = await app.backend.bulk([...tickets], action);
    const n = report.accepted.length;
    if (action.type === 'assign') {
      const refused = new Set(report.refused.map((one) => one.ticket));
      // What one does oneself is no news.
      for (const ticket of tickets) if (!refused.has(ticket)) app.notices.mine(ticket);
    }
    if (n > 0) {
      const s = app.undo.remember(report.accepted, report.held_until, n);
      app.tell(s > 0 ? t('bulk.held', { n, s }) : t('bulk.done', { n }));
    }
    return report;
  } catch (error) {
    app.report(error);
    return null;
  }
}
