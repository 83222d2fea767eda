// The outbox of the demo: a follow-up that waits, a conflict, an entry that nobody can tell about, a refused file.
import { para } from './fake-data';
import type { EntryState, FieldValue, OutboxEntry, TicketId } from './types';

export function demoOutbox(start: Date): OutboxEntry[] {
  const entries: OutboxEntry[] = [];
  let seq = 1;
  const ago = (minutes: number): string => new Date(start.getTime() - minutes * 60_000).toISOString();
  const add = (
    lane: TicketId,
    operation: OutboxEntry['operation'],
    state: EntryState,
    minutes: number,
    attempts = 0,
  ): void => {
    entries.push({
      id: `01930000-0000-7000-8000-${String(seq).padStart(12, '0')}`,
      lane,
      seq: seq++,
      operation,
      state,
      attempts,
      created_at: ago(minutes),
      first_attempt_at: attempts > 0 ? ago(minutes) : null,
      last_error:
        attempts > 0
          ? { code: 'backend_unreachable', detail: 'tcp connect error: Connection refused (os error 111)' }
          : null,
      remote_id: null,
      held_until: null,
    });
  };
  add(
    4821,
    {
      type: 'add_followup',
      body: para('Je vous mets en relation avec un technicien de la DSI, restez en ligne.'),
      private: false,
    },
    { type: 'queued', not_before: null },
    4,
  );
  const category = (value: number | null): FieldValue => ({ type: 'row', value });
  add(
    4819,
    { type: 'set_field', field: 'category', base: category(3), new: category(4) },
    {
      type: 'wedged',
      reason: { type: 'conflict', field: 'category', base: category(3), theirs: category(5), ours: category(4) },
    },
    25,
    1,
  );
  add(
    4819,
    { type: 'add_followup', body: para('Accès demandé au propriétaire du partage.'), private: true },
    { type: 'queued', not_before: null },
    24,
  );
  add(
    4817,
    {
      type: 'add_solution',
      body: para('Mot de passe réinitialisé, connexion vérifiée avec l’agent.'),
      solution_type: 1,
    },
    { type: 'wedged', reason: { type: 'undetermined' } },
    40,
    2,
  );
  add(
    4815,
    {
      type: 'upload_document',
      attachment: { blob: 'a'.repeat(64), filename: 'profil.exe', mime: 'application/octet-stream', size: 204_800 },
      attach_to: { type: 'ticket' },
    },
    { type: 'wedged', reason: { type: 'invalid', message: 'Filetype not allowed' } },
    55,
    1,
  );
  return entries;
}
