// The in-memory backend as a browser's address asks for it: `?state=offline&lang=en&theme=dark&tickets=1000000`; with
// `&now=2026-03-02T09:30` the clock stands still at that local time. `&telephone=on` sets a telephone up, `&telephone=lost` one that
// is lost; `&call=ringing|answered|ended|unknown|several|anonymous|two|briefing|transfer|byhand` has somebody call; `&board=empty` an
// empty board of escalations, `&surge=on` many contacts on one subject, `&room=on` the room of a major incident,
// `&alert=on` a critical alert of the supervision.
import type { Backend } from './backend';
import { FakeBackend } from './fake';
import { DEVICE, type FakeTelephone } from './fake-calls';
import type { Call, Gate } from './types';

/** Stops every clock of the page, so that two pictures of a state are the same. */
function stopClock(at: string): void {
  const stopped = new Date(at).getTime();
  const Running = Date;
  globalThis.Date = class extends Running {
    constructor(...of: unknown[]) {
      if (of.length === 0) super(stopped);
      else super(...(of as [number]));
    }

    static override now(): number {
      return stopped;
    }
  } as DateConstructor;
}

export function demoBackend(search: URLSearchParams): Backend {
  const state = search.get('state');
  const stopped = search.get('now');
  if (stopped !== null) stopClock(stopped);
  const now = Date.now();
  const at = (minutes: number): string => new Date(now + minutes * 60_000).toISOString();
  const gates: Record<string, Gate> = {
    offline: { type: 'offline', since: at(-4), retry_at: at(1) },
    auth: { type: 'auth_required', code: 'auth_bad_user_token' },
    busy: { type: 'backed_off', until: at(2) },
  };
  const theme = search.get('theme');
  const call = search.get('call');
  const telephone = search.get('telephone');
  const backend = new FakeBackend({
    gate: gates[state ?? ''] ?? { type: 'open' },
    signedIn: state !== 'first-run',
    firstSync: state === 'first-sync',
    keyring: state !== 'first-run',
    vault: state === 'passphrase' ? 'vault_passphrase_needed' : state === 'no-keyring' ? 'vault_no_place' : 'open',
    locale: search.get('lang') === 'en' ? 'en' : 'fr',
    theme: theme === 'dark' || theme === 'light' ? theme : 'system',
    tickets: Number(search.get('tickets') ?? 320),
    demoOutbox: search.get('outbox') !== 'empty',
    undoSendS: 5,
    sendAfterMs: state === 'offline' ? null : 2500,
    telephone: call !== null || telephone !== null,
    sandbox: search.get('sandbox') !== null,
    escalated: search.get('board') !== 'empty',
  });
  if (telephone === 'lost') {
    const connection = { type: 'lost', reason: { type: 'silent' }, since: at(-3), retry_at: at(1) } as const;
    backend.telephone.setState({ device: DEVICE, connection });
  }
  // Once the window listens.
  if (search.get('room') !== null) setTimeout(() => void backend.roomed.fill(4821, [4820, 4819, 4817]), 500);
  if (search.get('alert') !== null)
    setTimeout(() => backend.supervised.raise('srv-fic-01', 'Disque', 'DISK CRITICAL - 97 %', new Date(at(-6))), 500);
  if (search.get('surge') !== null) setTimeout(() => backend.escalated.surge(), 500);
  if (call !== null) setTimeout(() => void somebodyCalls(backend, call, at), 500);
  return backend;
}

async function somebodyCalls(backend: FakeBackend, how: string, at: (minutes: number) => string): Promise<void> {
  const line: FakeTelephone = backend.telephone;
  const number = (id: number): string => backend.world.people.find((one) => one.id === id)?.phones[0]?.raw ?? '';
  const talking: Partial<Call> = {
    state: 'answered',
    ringing: [],
    device: DEVICE,
    answered_by: DEVICE,
    answered_at: at(-2),
  };
  switch (how) {
    case 'unknown':
      await line.ring('06 99 12 34 56');
      break;
    case 'anonymous':
      await line.ring('');
      break;
    case 'several':
      backend.world.people[1]?.phones.push(...(backend.world.people[0]?.phones ?? []));
      await line.ring(number(100));
      break;
    case 'briefing': {
      const consultation = { device: DEVICE, agent: null, since: at(0), answered_at: null, failed: null };
      const id = await line.ring(number(100), { ...talking, device: 'SIP/6002', state: 'consulting', consultation });
      const lines = ['Demandeur VIP : Claire Fontaine', 'Constaté : dossiers du conseil inaccessibles'];
      await line.say(id, { briefing: { ticket: 4821, at: at(0), author: 'Nadia Leroux', lines } });
      break;
    }
    case 'transfer':
    case 'byhand': {
      backend.transferring.byHand = how === 'byhand';
      const id = await line.ring(number(100), talking);
      await line.say(id, { offer: 'vip' });
      const { transfer } = await backend.transferring.begin(id);
      if (how === 'transfer') break;
      const diagnosis = { symptom: 'Dossiers du conseil inaccessibles', affected: 'Le cabinet' };
      await backend.transferring.brief(transfer.id, { ...transfer.briefing, diagnosis });
      await backend.transferring.decide(transfer.id, { type: 'consult', nth: 0 });
      break;
    }
    default: {
      const id = await line.ring(number(100), how === 'ringing' ? {} : talking);
      if (how === 'ended') await line.end(id);
      if (how === 'two') await line.ring(number(101));
    }
  }
}
