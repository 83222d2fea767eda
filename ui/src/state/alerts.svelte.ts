// Alerts of the supervision: what is not over, who has it, and whether they can be read at all. Critical ones are to be taken up within
// the contract's minutes: their clock runs in view.
import { SvelteSet } from 'svelte/reactivity';

import type { AlertsState, JournalAlert, UiError } from '../backend/types';
import { t } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';
import { clock } from './clock.svelte';

const NONE: AlertsState = { source: null, read_at: null, failing: null, target_s: null, alerts: [] };

/** "Disque · srv-fic-01". */
export function alertName({ alert }: JournalAlert): string {
  return alert.service === null ? alert.host : `${alert.service} · ${alert.host}`;
}

export class Alerts {
  state = $state.raw<AlertsState>(NONE);
  /** Read out: what came in. */
  said = $state('');
  /** Something is being done about them. */
  readonly busy = new SvelteSet<string>();
  private known: Set<string> | null = null;

  constructor(private readonly app: AppModel) {}

  /** Nobody has taken them up, and nobody planned them; the oldest first. */
  get untaken(): JournalAlert[] {
    return this.state.alerts.filter((one) => one.handled_at === null && one.recovered_at === null);
  }

  /** Why they cannot be read; `null` while they can, and until the words are there. */
  get why(): UiError | null {
    return this.state.failing === null ? null : this.app.explained(this.state.failing);
  }

  /** How long an alert waits, and whether that is near or past the contract's time. */
  waits(one: JournalAlert): { ms: number; tone: 'calm' | 'soon' | 'late' } {
    const ms = Math.max(0, clock.now.getTime() - new Date(one.received_at).getTime());
    const target = this.state.target_s === null ? null : this.state.target_s * 1000;
    return { ms, tone: target === null || ms < target / 2 ? 'calm' : ms < target ? 'soon' : 'late' };
  }

  /** Reads what there is; events tell the rest. */
  async read(): Promise<void> {
    try {
      this.take(await this.app.backend.alerts());
    } catch (error) {
      this.app.report(error);
    }
  }

  take(state: AlertsState): void {
    this.state = state;
    const untaken = this.untaken;
    const fresh = this.known === null ? [] : untaken.filter((one) => !this.known?.has(one.id));
    this.known = new Set(state.alerts.map((one) => one.id));
    const [first] = fresh;
    if (!first) return;
    this.said = t('alert.said', { name: alertName(first), n: fresh.length });
    if (this.app.settings?.desktop_notices === true) {
      const body = this.app.settings.discreet_notices ? '' : first.alert.output;
      // Without a desktop that shows it, it is in the window.
      this.app.backend.notify(this.said, body, null).catch(() => undefined);
    }
  }

  async takeUp(id: string): Promise<void> {
    await this.with(id, () => this.app.backend.takeUpAlert(id));
  }

  /** Makes its incident, or finds it, and opens it. */
  async incident(id: string): Promise<void> {
    await this.with(id, async () => {
      const ticket = await this.app.backend.alertIncident(id);
      this.app.nav.open({ type: 'ticket', id: ticket });
    });
  }

  reset(): void {
    this.state = NONE;
    this.known = null;
    this.said = '';
  }

  private async with(id: string, act: () => Promise<void>): Promise<void> {
    if (this.busy.has(id)) return;
    this.busy.add(id);
    try {
      await act();
    } catch (error) {
      this.app.report(error);
    }
    this.busy.delete(id);
    await this.read();
  }
}
