// The words for escalations, in the current language.
import type { TicketEscalation } from '../../backend/types';
import { t } from '../../i18n/i18n.svelte';

/** Where an escalation stands, in a line. */
export function standingText({ card, by }: TicketEscalation): string {
  const group = card.group ?? t('escalation.a_group');
  switch (card.state) {
    case 'new':
      return t('escalation.stands.new', { group });
    case 'accepted':
      return by === null
        ? t('escalation.stands.accepted', { group })
        : t('escalation.stands.accepted_by', { group, who: by });
    case 'waiting':
      return card.third === null
        ? t('escalation.stands.waiting', { group })
        : t('escalation.stands.waiting_for', { who: card.third, n: card.reminders });
    case 'sent_back':
      return card.reason === ''
        ? t('escalation.stands.sent_back')
        : t('escalation.stands.sent_back_why', { reason: card.reason });
    case 'done':
      return t('escalation.stands.done');
  }
}
