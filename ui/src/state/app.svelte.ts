// What the whole window shares: the account and its state, the settings, the outbox, the lists tickets point into, what
// is on screen, and the results told to the technician. One change event from Rust is turned here into the reads it asks for.
import { getContext, setContext } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { v7 as uuidv7 } from 'uuid';

import { type Backend, BackendFailure, type Unlisten } from '../backend/backend';
import type {
  Accepted,
  AppState,
  Catalogue,
  CatalogueKind,
  ChangeSet,
  Group,
  MirrorCounts,
  Operation,
  OperationId,
  OutboxEntry,
  Resolution,
  Seen,
  Settings,
  SyncStatus,
  TicketId,
  UiError,
  UserId,
} from '../backend/types';
import { bringLanguage, type Locale, locale, type MessageKey, setLocale, t } from '../i18n/i18n.svelte';
import { ReadAhead } from './ahead';
import { BoardModel } from './board.svelte';
import { Calls } from './calls.svelte';
import type { Case, Frame } from './commands';
import { DraftDesk } from './drafts.svelte';
import { Diagnoses } from './escalation.svelte';
import { Navigation } from './navigation.svelte';
import { Notices } from './notices.svelte';
import { paced } from './paced';
import { PlacesModel } from './places.svelte';
import { QueueModel } from './queue.svelte';
import { Exporting } from './exporting.svelte';
import { Figures } from './figures.svelte';
import { Alerts } from './alerts.svelte';
import { Live } from './live.svelte';
import { Lock } from './lock.svelte';
import { Review } from './review.svelte';
import { serviceHours } from './servicehours.svelte';
import { RemoteSessions } from './remote.svelte';
import { ArticleUses } from './articleuse.svelte';
import { Rooms } from './rooms.svelte';
import { Surges } from './surges.svelte';
import { Transfers } from './transfers.svelte';
import { UndoSend } from './undo.svelte';
import { Views } from './views.svelte';

export interface Toast {
  id: number;
  tone: 'info' | 'error';
  message: string;
  hint: string;
  detail: string | null;
}

/** A failure in the window's words. */
export interface Failure {
  /** Key of the message catalogue, where the failure has one. */
  code?: string;
  message: string;
  hint: string;
  /** What the machine said, for support. */
  detail: string | null;
}

const EMPTY_STATUS: SyncStatus = {
  gate: { type: 'open' },
  running: false,
  last_round_at: null,
  first_sync: [],
  rows_per_second: null,
  outbox: { pending: 0, wedged: 0, in_doubt: 0 },
  last_error: null,
};

const EMPTY_COUNTS: MirrorCounts = { tickets: 0, articles: 0, people: 0, assets: 0 };

/** The lists that the screen of any ticket shows. */
const SHOWN_BY_TICKETS: readonly CatalogueKind[] = ['channel', 'solution_type'];
/** Between two reads that changes ask for, in milliseconds. */
const EVENT_GAP_MS = 120;
const COUNTS_GAP_MS = 1_000;
/** Between two signs of life told to the engine, in milliseconds. */
const ACTIVE_MS = 5_000;
/** How long a result stays on screen, in milliseconds. */
const TOAST_MS = 6_000;
/** Between two tries at a profile that another Guichet holds, in milliseconds. */
const HELD_RETRY_MS = 2_000;
/** The code of that refusal. */
const HELD = 'store_locked';
/** The code by which a locked desk refuses. */
const LOCKED = 'locked';

export class AppModel {
  readonly drafts: DraftDesk;
  readonly nav = new Navigation();
  readonly queue: QueueModel;
  readonly undo: UndoSend;
  readonly ahead = new ReadAhead(this);
  readonly notices = new Notices(this);
  readonly places = new PlacesModel(this);
  readonly views = new Views(this);
  readonly board = new BoardModel(this);
  readonly diagnoses: Diagnoses;
  readonly surges = new Surges(this);
  readonly rooms = new Rooms(this);
  readonly articleUses: ArticleUses;
  readonly remote = new RemoteSessions(this);
  readonly exporting = new Exporting(this);
  readonly figures = new Figures(this);
  readonly alerts = new Alerts(this);
  readonly live = new Live(this);
  readonly lock = new Lock(this);
  readonly review = new Review(this);
  /** What is to be written on a ticket as soon as it is open. */
  wanted: { ticket: TicketId; tab: 'followup' | 'task' | 'solution' } | null = null;
  readonly calls: Calls;
  readonly transfers = new Transfers(this);

  state = $state.raw<AppState | null>(null);
  settings = $state.raw<Settings | null>(null);
  status = $state.raw<SyncStatus>(EMPTY_STATUS);
  counts = $state.raw<MirrorCounts>(EMPTY_COUNTS);
  outbox = $state.raw<OutboxEntry[]>([]);
  groups = $state.raw<Group[]>([]);
  toasts = $state.raw<Toast[]>([]);
  startFailure = $state.raw<Failure | null>(null);
  /** The sign-in form is asked for although an account is there. */
  signingIn = $state(false);
  shortcutsOpen = $state(false);
  /** What the frame around everything can do, while it is on screen. */
  frame: Frame | null = null;
  /** The ticket on screen, as far as commands go. */
  openCase = $state.raw<Case | null>(null);
  /** Single-letter shortcuts (WCAG 2.1.4: they can be switched off). */
  letterKeys = $state(readLetterKeys());

  private readonly catalogues = new SvelteMap<CatalogueKind, Catalogue>();
  private readonly asked = new Set<CatalogueKind>();
  private readonly explanations = new SvelteMap<string, UiError>();
  private readonly explaining = new Set<string>();
  private readonly listeners = new Set<(changes: ChangeSet) => void>();
  private readonly refreshQueue = paced(() => this.queue.refresh(), EVENT_GAP_MS);
  private readonly refreshOutbox = paced(() => this.readOutbox(), EVENT_GAP_MS);
  private readonly refreshCounts = paced(() => this.readCounts(), COUNTS_GAP_MS);
  private stops: Unlisten[] = [];
  private retrying: ReturnType<typeof setTimeout> | undefined;
  private lastActive = 0;
  private nextToast = 1;

  constructor(readonly backend: Backend) {
    this.drafts = new DraftDesk(backend);
    this.queue = new QueueModel(backend);
    this.undo = new UndoSend(this);
    this.diagnoses = new Diagnoses(backend);
    this.calls = new Calls(this);
    this.articleUses = new ArticleUses(backend);
  }

  /** The account's own number. */
  get me(): UserId | null {
    return this.state?.account?.user ?? null;
  }

  /** Reads what is there and starts listening. */
  async start(): Promise<void> {
    this.stop();
    this.stops.push(
      this.backend.onChanged((changes) => this.changed(changes)),
      this.backend.onSyncStatus((status) => this.statusChanged(status)),
      this.lock.listen(),
      this.backend.onNoticeClicked((ticket) => this.notices.follow(ticket)),
      this.backend.onCall((card) => {
        this.calls.take(card);
        this.live.look();
      }),
      this.backend.onAlerts((state) => this.alerts.take(state)),
      this.backend.onSurge((cards) => this.surges.take(cards)),
      this.backend.onRoom((cards) => this.rooms.take(cards)),
      this.backend.onRemoteSession((card) => this.remote.take(card)),
      this.backend.onTransfer((card) => this.transfers.take(card)),
      this.backend.onTelephony((state) => this.calls.connection(state)),
    );
    try {
      const asked = this.backend.appState();
      // Behind it, so that both come together: the state has to be there for the list to be shown, not to be read.
      if (this.startFailure === null) this.queue.begin();
      const state = await asked;
      await bringLanguage(state.locale).catch(() => undefined);
      this.enter(state);
      this.startFailure = null;
      void this.lock.read();
    } catch (error) {
      if (error instanceof BackendFailure && error.code === LOCKED) {
        this.startFailure = null;
        await this.lock.show();
        return;
      }
      this.startFailure = failure(error);
      // It comes free by itself when the other window closes or the other command ends.
      if (error instanceof BackendFailure && error.code === HELD)
        this.retrying = setTimeout(() => void this.start(), HELD_RETRY_MS);
    }
  }

  stop(): void {
    clearTimeout(this.retrying);
    for (const stop of this.stops) stop();
    this.stops = [];
  }

  /** Somebody's record is on the screen now: a line of the audit log. */
  seen(what: Seen): void {
    this.backend.seen(what).catch(() => undefined);
  }

  /** Takes over a state answered by a command. */
  enter(state: AppState): void {
    const before = this.state;
    const another =
      before !== null &&
      (before.profile.id !== state.profile.id || before.account?.user !== state.account?.user || !state.signed_in);
    this.ahead.forget();
    this.state = state;
    this.status = state.status;
    this.counts = state.counts;
    this.useLocale(state.locale);
    applyTheme(state.theme);
    const account = JSON.stringify([state.profile.id, state.account?.user ?? null]);
    if (before === null) this.nav.resume(account);
    if (another) {
      this.nav.reset(account);
      this.places.reset();
      this.catalogues.clear();
      this.asked.clear();
      this.views.reset();
      this.calls.reset();
      this.transfers.reset();
      this.board.reset();
      this.diagnoses.reset();
      this.surges.reset();
      this.rooms.reset();
      this.articleUses.reset();
      this.remote.reset();
      this.figures.reset();
      this.alerts.reset();
      this.live.reset();
      this.review.reset();
      serviceHours.forget();
    }
    if (state.signed_in) {
      this.signingIn = false;
      this.follow();
      void this.views.load();
      // After the list, so as not to hold it up: what is shown around it, and what the first ticket opened would ask for.
      void this.queue.enter(state.account?.user ?? null).then(() => {
        if (this.state?.profile.id === state.profile.id) this.readRest();
      });
    } else {
      this.queue.dropBeginning();
      void this.readSettings();
    }
  }

  /** Shows what the link names that the program was started with. */
  private follow(): void {
    this.backend.openedWith().then(
      (link) => link !== null && this.nav.open(link),
      // Locked meanwhile: asked again behind the lock.
      () => undefined,
    );
  }

  private readRest(): void {
    void this.readSettings();
    void this.readOutbox();
    // What cannot be read now is taken up at the next start.
    this.drafts.recover().catch(() => undefined);
    void this.readGroups();
    void this.readServiceHours();
    void this.calls.read().then(() => this.transfers.read());
    void this.surges.read();
    void this.alerts.read();
    void this.rooms.read();
    void this.articleUses.read();
    void this.remote.read();
    this.notices.look();
    for (const kind of new Set([...this.asked, ...SHOWN_BY_TICKETS])) {
      this.asked.add(kind);
      void this.readCatalogue(kind);
    }
  }

  /** Listens to changes; returns what stops it. */
  onChange(listener: (changes: ChangeSet) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** One of the lists tickets point into; read at the first question. `null` until it is there. */
  catalogue(kind: CatalogueKind): Catalogue | null {
    const held = this.catalogues.get(kind);
    if (!held && !this.asked.has(kind)) {
      this.asked.add(kind);
      void this.readCatalogue(kind);
    }
    return held ?? null;
  }

  /** The words and the cure of a code that came alone; `null` until they are there. */
  explained(code: string): UiError | null {
    const held = this.explanations.get(code);
    if (!held && !this.explaining.has(code)) {
      this.explaining.add(code);
      this.backend.explain(code).then(
        (told) => this.explanations.set(code, told),
        () => this.explaining.delete(code),
      );
    }
    return held ?? null;
  }

  /** Accepts operations on one lane; tells the technician when that fails. */
  async submit(
    lane: TicketId | null,
    operations: Operation[] | { id: OperationId; operation: Operation }[],
    draft: string | null = null,
  ): Promise<Accepted | null> {
    const named = operations.map((one) => ('operation' in one ? one : { id: uuidv7(), operation: one }));
    try {
      const accepted = await this.backend.submit({ lane, operations: named, draft });
      if (named.some(({ operation }) => ['assign', 'create_ticket', 'reopen'].includes(operation.type)))
        this.notices.mine(accepted.lane);
      const held = this.undo.accepted(accepted);
      if (this.status.gate.type !== 'open') this.tell(t('toast.accepted_offline', { n: named.length }));
      else this.tell(held > 0 ? t('toast.held', { s: held }) : t('toast.accepted'));
      return accepted;
    } catch (error) {
      this.report(error);
      return null;
    }
  }

  /** What a restored server lost of what was sent from here; null when it cannot be asked now. */
  async lostWords(): Promise<OutboxEntry[] | null> {
    try {
      return await this.backend.lostWords();
    } catch (error) {
      this.report(error);
      return null;
    }
  }

  /** Sends it once more, or leaves it; the outbox opens. */
  async goOnAfterRestore(again: boolean): Promise<void> {
    try {
      await this.backend.goOnAfterRestore(again);
      await this.readOutbox();
    } catch (error) {
      this.report(error);
    }
  }

  /** A person's way out of an outbox entry. */
  async resolve(id: OperationId, resolution: Resolution): Promise<boolean> {
    try {
      await this.backend.resolveEntry(id, resolution);
      this.tell(t(`toast.resolved.${resolution.type}` satisfies MessageKey));
      await this.readOutbox();
      return true;
    } catch (error) {
      this.report(error);
      return false;
    }
  }

  /** Resolves when everything typed so far is on the disk. */
  async kept(): Promise<void> {
    await Promise.all([
      this.drafts.idle(),
      this.diagnoses.idle(),
      this.calls.notes.idle(),
      this.transfers.idle(),
      this.rooms.idle(),
    ]);
  }

  async syncNow(): Promise<void> {
    try {
      await this.backend.syncNow();
    } catch (error) {
      this.report(error);
    }
  }

  async saveSettings(settings: Settings): Promise<boolean> {
    try {
      this.settings = await this.backend.saveSettings(settings);
      void this.readServiceHours();
      const state = await this.backend.appState();
      this.state = state;
      this.useLocale(state.locale);
      applyTheme(state.theme);
      return true;
    } catch (error) {
      this.report(error);
      return false;
    }
  }

  /** Switches the single-letter shortcuts; kept on this machine. */
  setLetterKeys(on: boolean): void {
    this.letterKeys = on;
    try {
      localStorage.setItem('guichet.letter-keys', on ? 'on' : 'off');
    } catch {
      // Without local storage the choice holds until the window closes.
    }
  }

  async openLink(href: string): Promise<void> {
    try {
      await this.backend.openLink(href);
    } catch (error) {
      this.report(error);
    }
  }

  /** The user did something: polling keeps its active pace. */
  active(): void {
    const now = Date.now();
    if (!this.state?.signed_in || now - this.lastActive < ACTIVE_MS) return;
    this.lastActive = now;
    this.backend.userActive().catch(() => undefined);
  }

  /** Says a result, on screen and to screen readers. */
  tell(message: string, hint = '', tone: Toast['tone'] = 'info', detail: string | null = null): void {
    const toast = { id: this.nextToast++, tone, message, hint, detail };
    this.toasts = [...this.toasts.slice(-2), toast];
    // A refusal stays until it is dismissed; a result goes by itself.
    if (tone === 'info') setTimeout(() => this.dismiss(toast.id), TOAST_MS);
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter((toast) => toast.id !== id);
  }

  /** Says a failure. */
  report(error: unknown): void {
    const { message, hint, detail } = failure(error);
    this.tell(message, hint, 'error', detail);
  }

  async readOutbox(): Promise<void> {
    try {
      this.outbox = await this.backend.outbox(null, false);
    } catch (error) {
      this.report(error);
    }
  }

  /** What was explained in another language is asked again. */
  useLocale(next: Locale): void {
    if (next !== locale()) {
      this.explanations.clear();
      this.explaining.clear();
    }
    setLocale(next);
  }

  private async readGroups(): Promise<void> {
    try {
      this.groups = await this.backend.groups();
    } catch {
      this.groups = [];
    }
  }

  private async readCatalogue(kind: CatalogueKind): Promise<void> {
    try {
      this.catalogues.set(kind, await this.backend.catalogue(kind));
    } catch {
      this.catalogues.set(kind, { items: [], availability: 'unknown' });
    }
  }

  private async readSettings(): Promise<void> {
    try {
      this.settings = await this.backend.settings();
    } catch {
      // Shown as unavailable in the settings page; what the state says holds.
      this.settings = null;
    }
  }

  private async readServiceHours(): Promise<void> {
    try {
      serviceHours.take(await this.backend.serviceHours());
    } catch {
      // Until they are known, what is left is told on the wall's clock.
      serviceHours.forget();
    }
  }

  private changed(changes: ChangeSet): void {
    this.ahead.forget();
    this.live.look();
    this.review.look();
    for (const [local, remote] of changes.renumbered) {
      this.queue.renumber(local, remote);
      this.drafts.renumber(local, remote);
      this.nav.renumber(local, remote);
      this.notices.renumber(local, remote);
      this.calls.renumber(local, remote);
      this.board.renumber(local, remote);
      this.diagnoses.renumber(local, remote);
      this.remote.renumber(local, remote);
      this.rooms.renumber(local, remote);
    }
    if (changes.lists || changes.tickets.length > 0) {
      this.refreshQueue();
      this.notices.look();
      this.rooms.look();
    }
    if (changes.outbox) this.refreshOutbox();
    if (changes.people) void this.readGroups();
    if (changes.catalogues) for (const kind of [...this.asked]) void this.readCatalogue(kind);
    for (const listener of this.listeners) listener(changes);
  }

  private statusChanged(status: SyncStatus): void {
    const roundEnded = status.last_round_at !== this.status.last_round_at || status.first_sync.length > 0;
    this.status = status;
    if (roundEnded) this.refreshCounts();
  }

  private async readCounts(): Promise<void> {
    try {
      const state = await this.backend.appState();
      this.counts = state.counts;
      if (this.state)
        this.state = { ...this.state, counts: state.counts, account: state.account ?? this.state.account };
      this.queue.setMe(this.me);
    } catch {
      // The counts on screen stay as they were.
    }
  }
}

/** A failure in the window's words. */
export function failure(error: unknown): Failure {
  if (error instanceof BackendFailure)
    return { code: error.code, message: error.message, hint: error.hint, detail: error.detail };
  return {
    message: t('error.unexpected'),
    hint: t('error.unexpected_hint'),
    detail: error instanceof Error ? error.message : String(error),
  };
}

/** Light, dark, or as the system has it. */
export function applyTheme(theme: Settings['theme']): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

function readLetterKeys(): boolean {
  try {
    return localStorage.getItem('guichet.letter-keys') !== 'off';
  } catch {
    return true;
  }
}

const KEY = Symbol('guichet');

export function provideApp(app: AppModel): AppModel {
  return setContext(KEY, app);
}

export function useApp(): AppModel {
  return getContext<AppModel>(KEY);
}
