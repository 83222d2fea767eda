// What waits in the outbox shown over what the mirror has of a ticket, as the store shows it.
import type { OutboxEntry, Ticket } from './types';

export function overlay(ticket: Ticket, pending: OutboxEntry[]): Ticket {
  const shown: Ticket = { ...ticket };
  for (const { operation, state } of pending) {
    if (operation.type === 'assign' && shown.status === 'new') shown.status = 'assigned';
    if (operation.type === 'add_solution') shown.status = 'solved';
    if (operation.type === 'reopen') shown.status = 'assigned';
    if (operation.type === 'answer_solution') shown.status = operation.accept ? 'closed' : 'assigned';
    if (operation.type !== 'set_field' || (state.type === 'wedged' && state.reason.type === 'conflict')) continue;
    const { field, new: value } = operation;
    if (field === 'title' && value.type === 'text') shown.title = value.value;
    if (field === 'status' && value.type === 'status') shown.status = value.value;
    if ((field === 'urgency' || field === 'impact' || field === 'priority') && value.type === 'level')
      shown[field] = value.value;
    if (field === 'description' && value.type === 'rich') shown.description = value.value;
    if (field === 'kind' && value.type === 'kind') shown.kind = value.value;
    if ((field === 'category' || field === 'location' || field === 'channel') && value.type === 'row')
      shown[field] = value.value == null ? null : { id: value.value, name: null };
  }
  return shown;
}
