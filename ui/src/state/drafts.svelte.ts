// Drafts: every keystroke is handed to the desk's database. Saving is serialised per key and coalesced, so that the
// newest text always follows and none is lost between two of them; a box that is built again while its last save is
// still under way takes up what was typed, not what was stored before.
import type { Backend } from '../backend/backend';
import type { Attachment, Draft, TicketId } from '../backend/types';

type Work = { kind: 'save'; draft: Draft } | { kind: 'delete' };

/** How long to wait before a save that failed is tried again, in milliseconds. */
const RETRY_MS = 1000;

/** The line of saves of one key. */
class SaveLine {
  pending: Work | null = null;
  latest: Work | null = null;
  running: Promise<void> | null = null;
  listeners = new Set<(state: SaveState) => void>();

  constructor(
    private readonly backend: Backend,
    readonly key: string,
  ) {}

  push(work: Work): void {
    this.pending = work;
    this.latest = work;
    this.tell('saving');
    this.running ??= this.run();
  }

  /** The desk stored this under the key by itself: nothing is left to save. */
  restored(draft: Draft): void {
    this.latest = { kind: 'save', draft };
  }

  /** Resolves when nothing is left to save. */
  async idle(): Promise<void> {
    while (this.running) await this.running;
  }

  private async run(): Promise<void> {
    while (this.pending) {
      const work = this.pending;
      this.pending = null;
      try {
        if (work.kind === 'save') await this.backend.saveDraft(work.draft);
        else await this.backend.deleteDraft(this.key);
      } catch {
        // The text stays in memory and on screen; it is tried again until the disk takes it.
        this.pending ??= work;
        this.tell('failed');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.running = null;
    this.tell('saved');
  }

  private tell(state: SaveState): void {
    for (const listener of this.listeners) listener(state);
  }
}

/** Drafts that came back while newer words had their place; see `DraftDesk.giveBack`. */
const RETURNED = 'returned:';

export type SaveState = 'loading' | 'saved' | 'saving' | 'failed';

/** The save lines of one backend, one a key. */
export class DraftDesk {
  private readonly linesByKey = new Map<string, SaveLine>();
  /** Tickets written here, by the number the server gave them. */
  private readonly locals = new Map<TicketId, TicketId>();

  /** The boxes on screen, by the key they are stored under. */
  private readonly boxes = new Map<string, Set<(draft: Draft) => void>>();

  constructor(readonly backend: Backend) {}

  /** What is stored under keys, as far as it was read before anybody asked. */
  private readonly known = new Map<string, Draft | null>();

  /** A box shows what is stored under a key; returns what ends it. */
  shown(key: string, receive: (draft: Draft) => void): () => void {
    const boxes = this.boxes.get(key) ?? new Set();
    this.boxes.set(key, boxes.add(receive));
    return () => boxes.delete(receive);
  }

  /**
   * Words came back from the outbox. Stored under their old key, they show where they were typed. Where newer words had
   * taken their place they were stored under a key of their own: they are put behind the newer ones, and that key is
   * forgotten only when this is on the disk.
   */
  async giveBack(draft: Draft): Promise<void> {
    if (!draft.key.startsWith(RETURNED)) {
      this.line(draft.key).restored(draft);
      this.show(draft);
      return;
    }
    const key = draft.ticket === null ? 'new:1' : `ticket:${String(draft.ticket)}`;
    const newer = await this.find(key, draft.ticket);
    const merged = newer ? behind(newer, draft) : { ...draft, key };
    this.line(merged.key).push({ kind: 'save', draft: merged });
    this.show(merged);
    await this.line(merged.key).idle();
    await this.backend.deleteDraft(draft.key);
  }

  /** Takes up what came back in an earlier session that ended before it was put in its place. */
  async recover(): Promise<void> {
    for (const draft of await this.backend.drafts()) {
      if (draft.key.startsWith(RETURNED)) await this.giveBack(draft);
    }
  }

  /** Stores a draft and shows it where it is on screen. */
  put(draft: Draft): void {
    this.line(draft.key).push({ kind: 'save', draft });
    this.show(draft);
  }

  private show(draft: Draft): void {
    for (const receive of this.boxes.get(draft.key) ?? []) receive(draft);
  }

  line(key: string): SaveLine {
    let line = this.linesByKey.get(key);
    if (!line) {
      line = new SaveLine(this.backend, key);
      this.linesByKey.set(key, line);
    }
    return line;
  }

  /** Resolves when every draft typed so far is stored. */
  async idle(): Promise<void> {
    await Promise.all([...this.linesByKey.values()].map((line) => line.idle()));
  }

  /** A ticket written here got the server's number: its draft is found under either. */
  renumber(local: TicketId, remote: TicketId): void {
    this.locals.set(remote, local);
  }

  /** Drafts given up since the window opened, newest last: they can be taken back. */
  discarded = $state.raw<Draft[]>([]);

  /** Every draft there is, newest first. */
  async all(): Promise<Draft[]> {
    await this.idle();
    const drafts = await this.backend.drafts();
    return drafts.sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  }

  /** Gives a draft up, until it is taken back. */
  async discard(draft: Draft): Promise<void> {
    this.discarded = [...this.discarded, draft];
    const line = this.line(draft.key);
    line.push({ kind: 'delete' });
    await line.idle();
  }

  /** Takes the last draft given up back, unless something was typed in its place. Answers whether it is there again. */
  async takeBack(): Promise<boolean> {
    const draft = this.discarded.at(-1);
    if (!draft) return false;
    this.discarded = this.discarded.slice(0, -1);
    if ((await this.find(draft.key, null)) !== null) return false;
    const line = this.line(draft.key);
    line.push({ kind: 'save', draft });
    await line.idle();
    return true;
  }

  /** The draft under a key: what is being saved, else what is stored. A ticket's draft follows a renumbering. */
  async find(key: string, ticket: TicketId | null): Promise<Draft | null> {
    const latest = this.line(key).latest;
    if (latest) return latest.kind === 'save' ? latest.draft : null;
    const prefix = key.slice(0, key.indexOf(':') + 1);
    const local = ticket === null ? undefined : this.locals.get(ticket);
    if (local !== undefined) {
      const typed = this.linesByKey.get(`${prefix}${String(local)}`)?.latest;
      if (typed?.kind === 'save') return typed.draft;
    }
    const known = this.known.get(key);
    this.known.delete(key);
    if (known !== undefined) return known;
    const stored = await this.backend.draft(key, ticket);
    // Something was put there while it was read.
    const since = this.line(key).latest;
    if (since) return since.kind === 'save' ? since.draft : null;
    return stored;
  }

  /** What is stored on a ticket was read together with it: the boxes that are built next, under these keys, need not ask. */
  know(ticket: TicketId, keys: readonly string[], stored: readonly Draft[]): void {
    for (const key of keys) {
      const kind = key.slice(0, key.indexOf(':') + 1);
      const its = stored.filter((draft) => draft.ticket === ticket && draft.key.startsWith(kind));
      this.known.set(key, its.find((draft) => draft.key === key) ?? its[0] ?? null);
    }
  }
}

/** One draft being typed: its fields, its files, and where it stands with the disk. */
export class DraftBox<T extends object> {
  value = $state() as T;
  attachments = $state.raw<Attachment[]>([]);
  state = $state<SaveState>('loading');
  private key: string;
  private readonly ready: Promise<void>;
  private stop: () => void;
  private received = false;

  constructor(
    private readonly desk: DraftDesk,
    key: string,
    readonly ticket: TicketId | null,
    private readonly empty: () => T,
    private readonly isEmpty: (value: T) => boolean,
  ) {
    this.key = key;
    this.value = empty();
    this.stop = this.listen();
    this.ready = this.load();
  }

  /** The key it is stored under, to be given to `submit`. */
  get storedKey(): string {
    return this.key;
  }

  /** Resolves when what was stored is on screen. */
  loaded(): Promise<void> {
    return this.ready;
  }

  /** Changes fields and saves. */
  update(patch: Partial<T>): void {
    Object.assign(this.value, patch);
    this.save();
  }

  /** Adds or removes files and saves. */
  setAttachments(attachments: Attachment[]): void {
    this.attachments = attachments;
    this.save();
  }

  /** Hands the present state to the disk. */
  save(): void {
    const line = this.desk.line(this.key);
    if (this.isEmpty(this.value) && this.attachments.length === 0) {
      line.push({ kind: 'delete' });
      return;
    }
    line.push({
      kind: 'save',
      draft: {
        key: this.key,
        ticket: this.ticket,
        body: JSON.stringify($state.snapshot(this.value)),
        attachments: $state.snapshot(this.attachments) as Attachment[],
        updated_at: new Date().toISOString(),
      },
    });
  }

  /** Resolves when everything typed is stored. */
  settled(): Promise<void> {
    return this.desk.line(this.key).idle();
  }

  /** Forgets the text because it was accepted by the outbox, which removed the stored draft in the same transaction. */
  taken(): void {
    Object.assign(this.value, this.empty());
    this.attachments = [];
    // The store removed it already; said again after whatever was still on its way to the disk.
    this.desk.line(this.key).push({ kind: 'delete' });
  }

  /** Forgets the text because its author says so. */
  discard(): void {
    Object.assign(this.value, this.empty());
    this.attachments = [];
    this.save();
  }

  /** Stops listening; what is being saved goes on. */
  close(): void {
    this.stop();
  }

  private listen(): () => void {
    const line = this.desk.line(this.key);
    const listener = (state: SaveState): void => {
      this.state = state;
    };
    line.listeners.add(listener);
    const hide = this.desk.shown(this.key, (draft) => this.take(draft));
    return () => {
      line.listeners.delete(listener);
      hide();
    };
  }

  /** Shows a draft in place of what is there. */
  private take(draft: Draft): void {
    this.received = true;
    Object.assign(this.value, this.empty(), readBody<T>(draft.body));
    this.attachments = draft.attachments;
  }

  private async load(): Promise<void> {
    let found: Draft | null;
    try {
      found = await this.desk.find(this.key, this.ticket);
    } catch {
      this.state = 'failed';
      return;
    }
    // What came back while it was read is newer than what was read.
    if (found && !this.received) {
      if (found.key !== this.key) {
        this.key = found.key;
        this.stop();
        this.stop = this.listen();
      }
      Object.assign(this.value, readBody<T>(found.body));
      this.attachments = found.attachments;
    }
    this.state = 'saved';
  }
}

/** A draft with another one's words, files and links behind its own. */
function behind(newer: Draft, older: Draft): Draft {
  const first = readBody<{ text: string; links: { id: number }[] }>(newer.body);
  const last = readBody<{ title: string; text: string; links: { id: number }[] }>(older.body);
  const text = [first.text, last.title, last.text].filter((one) => one !== undefined && one.trim() !== '').join('\n\n');
  const held = new Set(newer.attachments.map((file) => file.blob));
  const links = [...(first.links ?? []), ...(last.links ?? [])];
  const linked = links.filter((link, at) => links.findIndex((other) => other.id === link.id) === at);
  return {
    ...newer,
    body: JSON.stringify({ ...first, text, ...(linked.length > 0 ? { links: linked } : {}) }),
    attachments: [...newer.attachments, ...older.attachments.filter((file) => !held.has(file.blob))],
  };
}

/** A draft's fields; words that are no fields are its text. */
export function readBody<T>(body: string): Partial<T> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Partial<T>) : {};
  } catch {
    // Not ours (another version, another writer): shown as text rather than dropped.
    return { text: body } as unknown as Partial<T>;
  }
}
