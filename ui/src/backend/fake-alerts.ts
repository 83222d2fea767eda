// Alerts of the in-memory backend: none until a test, or the demonstration, says so.
import { BackendFailure, type Unlisten } from './backend';
import type { AlertsState, JournalAlert, SupervisionSettings, TicketId } from './types';

export class FakeAlerts {
  state: AlertsState = { source: null, read_at: null, failing: null, target_s: 300, alerts: [] };
  settings: SupervisionSettings | null = null;
  private readonly listeners = new Set<(state: AlertsState) => void>();

  on(listener: (state: AlertsState) => void): Unlisten {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(state: Partial<AlertsState>): void {
    this.state = { ...this.state, ...state };
    for (const listener of this.listeners) listener(this.state);
  }

  /** A critical problem comes in. */
  raise(host: string, service: string | null, output: string, at: Date): void {
    const id = `nagios/${host}/${service ?? ''}@${String(at.getTime())}`;
    const one: JournalAlert = {
      id,
      alert: {
        source: 'nagios',
        id: `${host}/${service ?? ''}`,
        host,
        service,
        severity: 'critical',
        state: { type: 'open' },
        since: at.toISOString(),
        output,
        acknowledged: false,
        in_downtime: false,
      },
      received_at: at.toISOString(),
      handled_at: null,
      handled_by: null,
      handling: null,
      ticket: null,
      acknowledged_at: null,
      recovered_at: null,
    };
    this.tell({ source: 'nagios', read_at: at.toISOString(), alerts: [...this.state.alerts, one] });
  }

  handle(id: string, handling: JournalAlert['handling'], ticket: TicketId | null): void {
    if (!this.state.alerts.some((one) => one.id === id)) {
      throw new BackendFailure({ code: 'alert_gone', message: 'Alerte inconnue', hint: '' });
    }
    const handled = (one: JournalAlert): JournalAlert => ({
      ...one,
      handled_at: one.handled_at ?? new Date().toISOString(),
      handling: one.handling ?? handling,
      ticket: ticket ?? one.ticket,
    });
    this.tell({ alerts: this.state.alerts.map((one) => (one.id === id ? handled(one) : one)) });
  }
}
