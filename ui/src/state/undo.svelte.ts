// Undoing a send. What is submitted stays on this machine for some seconds (the setting `undo_send_s`): until a request for
// it may have left, it can be taken back, and its words and files are a draft again. The last thing sent is offered by a bar
// with its key while its hold lasts; without a network it can be taken back for as long as it waits.
import type { Accepted, Draft, OperationId } from '../backend/types';
import { t } from '../i18n/i18n.svelte';
import type { AppModel } from './app.svelte';
import { clock } from './clock.svelte';

/** Submissions remembered for taking back, at most. */
const REMEMBERED = 20;

interface Sent {
  ids: OperationId[];
  /** The end of its hold, in milliseconds since 1970. */
  until: number;
  submissions: number;
}

export class UndoSend {
  /** Whole seconds until the last thing sent leaves; 0 when nothing is held. */
  seconds = $state(0);
  /** How many submissions leave together. */
  count = $state(0);
  private sent = $state.raw<Sent[]>([]);
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly app: AppModel) {}

  /** Something was accepted; answers for how many seconds it is held. */
  accepted({ entries }: Accepted): number {
    const ids = entries.map((entry) => entry.id);
    return this.remember(ids, entries[0]?.held_until ?? null, 1);
  }

  /** So many submissions were accepted together; answers for how many seconds they are held. */
  remember(ids: OperationId[], heldUntil: string | null, submissions: number): number {
    if (ids.length === 0) return 0;
    const until = heldUntil === null ? 0 : new Date(heldUntil).getTime();
    this.sent = [...this.sent, { ids, until, submissions }].slice(-REMEMBERED);
    this.tick();
    if (this.seconds > 0) this.timer ??= setInterval(() => this.tick(), 250);
    return this.seconds;
  }

  /** Whether the last thing sent can still be taken back, as far as is known here: it is held, or all of it waits. */
  get possible(): boolean {
    const last = this.sent.at(-1);
    if (!last) return false;
    const waits = (id: OperationId): boolean =>
      this.app.outbox.some((entry) => entry.id === id && entry.state.type === 'queued');
    return this.seconds > 0 || last.ids.every(waits);
  }

  /** Takes the last thing sent back. */
  async last(): Promise<void> {
    const sent = this.sent.at(-1);
    this.sent = this.sent.slice(0, -1);
    this.tick();
    if (!sent) this.app.tell(t('undo.nothing'));
    else await this.takeBack(sent.ids);
  }

  /** Takes these back, and what was sent with them; shows their words where they were typed. */
  async takeBack(ids: OperationId[]): Promise<boolean> {
    let drafts: Draft[];
    try {
      // The draft that was sent is forgotten here as well: that must be over before it comes back.
      await this.app.drafts.idle();
      drafts = await this.app.backend.takeBack(ids);
    } catch (error) {
      this.app.report(error);
      return false;
    }
    for (const draft of drafts) await this.app.drafts.giveBack(draft);
    await this.app.readOutbox();
    this.app.tell(t('undo.done', { words: drafts.length > 0 ? 'yes' : 'no' }));
    const [draft] = drafts;
    if (drafts.length === 1 && draft) {
      if (draft.ticket !== null) this.app.nav.open({ type: 'ticket', id: draft.ticket });
      else this.app.nav.replace({ type: 'new_ticket' });
    }
    return true;
  }

  private tick(): void {
    const last = this.sent.at(-1);
    const until = last?.until ?? 0;
    this.count = last?.submissions ?? 0;
    const before = this.seconds;
    this.seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    if (this.seconds > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
    // What says that it is held is told that it is not.
    if (before > 0) clock.now = new Date();
  }
}
