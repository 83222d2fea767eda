// The in-memory backend as a browser's address asks for it: `?state=offline&lang=en&theme=dark&tickets=1000000`; with
// `&now=2026-03-02T09:30` the clock stands still at that local time.
import type { Backend } from './backend';
import { FakeBackend } from './fake';
import type { Gate } from './types';

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
  return new FakeBackend({
    gate: gates[state ?? ''] ?? { type: 'open' },
    signedIn: state !== 'first-run',
    firstSync: state === 'first-sync',
    keyring: state !== 'first-run',
    locale: search.get('lang') === 'en' ? 'en' : 'fr',
    theme: theme === 'dark' || theme === 'light' ? theme : 'system',
    tickets: Number(search.get('tickets') ?? 320),
    demoOutbox: search.get('outbox') !== 'empty',
    undoSendS: 5,
    sendAfterMs: state === 'offline' ? null : 2500,
  });
}
