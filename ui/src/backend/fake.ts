// The in-memory backend: what the tests drive, and what `npm run dev` shows in a browser. It keeps the contract's rules
// (lanes, pending view, drafts removed with their submission, renumbering) and has a switch for each state of the network.
import en from '../../../assets/messages/en.json';
import fr from '../../../assets/messages/fr.json';
import { type Backend, BackendFailure, type Unlisten } from './backend';
import { aroundNew, openFirst, telling } from './fake-around';
import { FakeTelephone } from './fake-calls';
import { FakeEscalation } from './fake-escalation';
import { FakeAlerts } from './fake-alerts';
import { indicatorSheet } from './fake-figures';
import { FakeReview } from './fake-review';
import { pdfOf } from './fake-files';
import { FakePlaces } from './fake-places';
import { FakeRemote } from './fake-remote';
import { FakeRooms } from './fake-rooms';
import { inGroups, isEmpty, narrowed } from './fake-lists';
import { buildWorld, ME, type World } from './fake-data';
import { demoOutbox } from './fake-outbox';
import { overlay } from './fake-overlay';
import { FakeTransfers } from './fake-transfers';
import type {
  Accepted,
  Actor,
  AppState,
  AroundNew,
  AroundTicket,
  Article,
  ArticleCategory,
  ArticleList,
  ArticleQuery,
  AskedPerson,
  Asset,
  AssetKey,
  AttachedDocument,
  Attachment,
  Block,
  Board,
  BoardQuery,
  Briefing,
  BulkAction,
  BulkReport,
  CallCard,
  Catalogue,
  CatalogueKind,
  ChangeSet,
  ChaseRow,
  ConsentId,
  ConsentMeans,
  ContractNames,
  Decision,
  Diagnosis,
  DocumentContent,
  Draft,
  EntryState,
  EscalationSheet,
  EscalationState,
  Export,
  Exported,
  ExportFormat,
  IndicatorSheet,
  Field,
  FieldValue,
  Gate,
  Group,
  GroupHead,
  Hit,
  Inline,
  JournalPage,
  JournalQuery,
  KeptCallBack,
  LockSettings,
  DeepLink,
  LockState,
  Locale,
  MajorIncident,
  NewEscalation,
  NewRoomUpdate,
  NextTarget,
  NewTicketWords,
  OpenedTicket,
  Operation,
  OperationId,
  OutboxEntry,
  PbxSettings,
  Person,
  PersonCard,
  PlaceHit,
  PlaceLevel,
  PlaceQuery,
  RemotePlan,
  RemoteSessionCard,
  RemoteSheet,
  Resolution,
  RoomCard,
  RoomPosted,
  RoomReport,
  RoomSheet,
  RoomWords,
  SavedRoomReport,
  SavedView,
  SearchQuery,
  SearchResults,
  ServiceHours,
  DailyReview,
  Logbook,
  NotableEvent,
  AlertsState,
  SupervisionSettings,
  ArticleUse,
  AuditReport,
  Seen,
  Settings,
  SignIn,
  VaultForm,
  SignInAgain,
  Submission,
  SurgeCard,
  SyncStatus,
  TelephonyState,
  Ticket,
  TicketId,
  TicketList,
  TicketQuery,
  TicketRow,
  TicketView,
  TransferCard,
  TriageAction,
  UiError,
  WrapUp,
} from './types';

export interface FakeOptions {
  /** How many tickets; above 2,000 the rows beyond are made up on demand. */
  tickets?: number;
  /** Signed in at the start. */
  signedIn?: boolean;
  gate?: Gate;
  locale?: Locale;
  theme?: Settings['theme'];
  firstSync?: boolean;
  keyring?: boolean;
  /** Whether the databases are open, or why not. */
  vault?: 'open' | 'vault_no_place' | 'vault_passphrase_needed' | 'keyring_locked';
  /** The start of the demo world; its times are relative to it. */
  start?: Date;
  /** Milliseconds until a submitted operation is "sent"; `null`: never by itself. */
  sendAfterMs?: number | null;
  /** The outbox and timeline as in the design picture: a pending follow-up, a conflict, an undetermined entry. */
  demoOutbox?: boolean;
  /** Seconds for which what is sent can be taken back. */
  undoSendS?: number;
  /** A telephone is set up, and there is a journal. */
  telephone?: boolean;
  /** The profile is the sandbox's. */
  sandbox?: boolean;
  /** There is something in every column of the board. */
  escalated?: boolean;
}

const EMPTY_CHANGES: ChangeSet = {
  tickets: [],
  lists: false,
  outbox: false,
  people: false,
  articles: false,
  catalogues: false,
  assets: false,
  dropped: 0,
  renumbered: [],
};

/** Contracts that come with the product. */
const CONTRACTS = ['giped', 'itil-default', 'vsgp'];
const EVERY_TICKET: TicketQuery = {
  view: 'all',
  me: null,
  vip_only: false,
  requester: null,
  sort: 'opened',
  offset: 0,
  limit: 500,
};

/** What opens a vault of this backend. */
const PASSPHRASE = 'quatre mots sans lien';

function vaultRefusal(code: string): UiError {
  const told: Record<string, [string, string]> = {
    vault_no_place: [
      'Aucun trousseau de clés n’est accessible pour garder la clé des données de ce profil.',
      'Choisissez une phrase de passe.',
    ],
    vault_passphrase_needed: ['La phrase de passe de ce profil est nécessaire pour l’ouvrir.', 'Saisissez-la.'],
    vault_wrong_passphrase: [
      'Ce n’est pas la phrase de passe de ce profil.',
      'Vérifiez le verrouillage des majuscules, puis recommencez.',
    ],
    keyring_locked: ['Le trousseau de clés est verrouillé.', 'Déverrouillez-le, puis réessayez.'],
  };
  const [message, hint] = told[code] ?? [code, ''];
  return { code, message, hint, detail: null };
}

/** As many views as Rust keeps. */
const MOST_VIEWS = 50;

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC';

export class FakeBackend implements Backend {
  readonly world: World;
  readonly map: FakePlaces;
  readonly telephone: FakeTelephone;
  readonly escalated: FakeEscalation;
  readonly remote: FakeRemote;
  readonly roomed: FakeRooms;
  readonly transferring: FakeTransfers;
  readonly calls: { name: string; args: unknown[] }[] = [];
  entries: OutboxEntry[] = [];
  gate: Gate;
  /** Set by a test: the next call of that name is refused. */
  readonly journal = new FakeReview();
  readonly supervised = new FakeAlerts();
  /** Targets by the contract, where a test sets them. */
  targets = new Map<TicketId, NextTarget>();
  failNext = new Map<string, BackendFailure>();
  /** Set by a test: how long a draft's save takes, in milliseconds. */
  saveDelayMs = 0;
  kept = new Map<string, string>();
  /** Set by a test: what a document is, instead of what it was. */
  files = new Map<number, DocumentContent>();
  /** Set by a test: rows of a narrowed list that are found before it is looked further. */
  lookedAt = Infinity;

  private readonly options: Required<FakeOptions>;
  private signedIn: boolean;
  private readonly storedDrafts = new Map<string, Draft>();
  private readonly changeListeners = new Set<(changes: ChangeSet) => void>();
  private readonly noticeListeners = new Set<(ticket: TicketId | null) => void>();
  private readonly statusListeners = new Set<(status: SyncStatus) => void>();
  private stored: Settings;
  private used: ArticleUse[] = [];
  /** What was submitted together, and the draft it came from. */
  private views: SavedView[] = [];
  private submissions: { ids: OperationId[]; draft: Draft | null }[] = [];
  private seq = 1;
  private nextLocal = -1;
  private nextNamed = 1;
  /** Rounds asked for. */
  private rounds = 0;
  private nextRemote = 4900;
  private readonly renumbered = new Map<TicketId, TicketId>();
  private profileName = 'Vallée Sud';

  constructor(options: FakeOptions = {}) {
    this.options = {
      tickets: 100,
      signedIn: true,
      gate: { type: 'open' },
      locale: 'fr',
      theme: 'light',
      firstSync: false,
      keyring: true,
      vault: 'open',
      start: new Date(),
      sendAfterMs: null,
      demoOutbox: false,
      undoSendS: 0,
      telephone: false,
      sandbox: false,
      escalated: false,
      ...options,
    };
    this.gate = this.options.gate;
    this.signedIn = this.options.signedIn;
    this.world = buildWorld(this.options.start, Math.min(this.options.tickets, 2000));
    this.map = new FakePlaces(this.world);
    this.stored = {
      locale: this.options.locale,
      theme: this.options.theme,
      vip_rules: [{ type: 'category', id: 1 }],
      active_interval_s: 5,
      longest_processing_s: 120,
      snippets: [],
      quiet_hours: null,
      undo_send_s: this.options.undoSendS,
      contract: null,
      desktop_notices: true,
      discreet_notices: true,
    };
    if (this.options.demoOutbox) this.entries = demoOutbox(this.options.start);
    this.seq = this.entries.length + 1;
    this.telephone = new FakeTelephone(
      {
        people: () => this.world.people,
        person: (id) => this.person(id),
        explain: (code) => this.explain(code),
        refuse: (call) => this.refuse(call),
        now: () => this.options.start,
      },
      this.options.telephone,
    );
    this.escalated = new FakeEscalation({
      view: (id) => this.ticket(id),
      rows: () => this.rows(EVERY_TICKET),
      group: (name) => {
        const group = this.world.groups.find((one) => one.name === name);
        return group ? { id: group.id, name: group.name } : null;
      },
      submit: (lane, operations) => {
        const named = operations.map((operation) => ({ id: `escalation-${String(this.nextNamed++)}`, operation }));
        return this.submit({ lane, operations: named, draft: null });
      },
      changed: (ticket) => this.publish({ tickets: [ticket], lists: true }),
      explain: (code) => this.explain(code),
      refuse: (call) => this.refuse(call),
      now: () => this.options.start,
      me: { id: ME, name: 'Nadia Leroux' },
    });
    this.remote = new FakeRemote({
      view: (id) => this.ticket(id),
      explain: (code) => this.explain(code),
      refuse: (call) => this.refuse(call),
      me: ME,
    });
    this.roomed = new FakeRooms({
      view: (id) => this.ticket(id),
      submit: (lane, id, operation) => this.submit({ lane, operations: [{ id, operation }], draft: null, hold_s: 0 }),
      pending: () => this.entries,
      explain: (code) => this.explain(code),
      refuse: (call) => this.refuse(call),
      me: 'Nadia Leroux',
    });
    this.transferring = new FakeTransfers({
      card: (call) => this.telephone.cardOf(call),
      explain: (code) => this.explain(code),
      now: () => new Date(),
    });
    if (this.options.escalated) this.escalated.fill();
  }

  // ---- the lock -------------------------------------------------------------------------------------------------------
  locking: LockState = {
    locked: null,
    asked: false,
    pin: false,
    least_length: 6,
    wait_s: 0,
    lease_over: false,
    lease_left_h: 72,
    lease_hours: 72,
    idle_min: 10,
    with_session: true,
    policy: { pin_required: false, with_session: null, idle_most: null, lease_most: null },
    destroyed_at: null,
    rings: false,
    sign_in: 'user_token',
    locale: 'fr',
    theme: 'system',
  };
  private pin = '';
  private lockPlace: string | null = null;
  private readonly lockListeners = new Set<(state: LockState) => void>();

  /** Changes how the lock stands and tells the window. */
  setLock(patch: Partial<LockState>): void {
    this.locking = { ...this.locking, ...patch };
    for (const listener of this.lockListeners) listener(this.locking);
  }

  /** What the program was started with. */
  link: DeepLink | null = null;

  async openedWith(): Promise<DeepLink | null> {
    const link = this.link;
    this.link = null;
    return link;
  }

  async lockState(): Promise<LockState> {
    return this.locking;
  }

  async lock(place: string | null): Promise<void> {
    this.note('lock', place);
    this.lockPlace = place;
    this.setLock({ locked: 'key', asked: false });
  }

  async unlock(pin: string): Promise<string | null> {
    this.note('unlock', pin);
    if (pin !== this.pin)
      throw new BackendFailure({ code: 'lock_pin_wrong', message: 'Ce n’est pas le bon code.', hint: 'Réessayez.' });
    this.locking = { ...this.locking, locked: null };
    return this.lockPlace;
  }

  async unlockByAccount(form: SignInAgain): Promise<string | null> {
    this.note('unlockByAccount', form);
    this.locking = { ...this.locking, locked: null, pin: false };
    return this.lockPlace;
  }

  async choosePin(pin: string): Promise<string | null> {
    this.note('choosePin', pin);
    if (pin.length < this.locking.least_length)
      throw new BackendFailure({
        code: 'lock_pin_length',
        message: 'Le code est trop court.',
        hint: 'Six caractères.',
      });
    this.pin = pin;
    this.locking = { ...this.locking, locked: null, pin: true };
    return this.lockPlace;
  }

  async changePin(current: string, next: string | null): Promise<LockState> {
    this.note('changePin', current, next);
    if (this.locking.pin && current !== this.pin)
      throw new BackendFailure({ code: 'lock_pin_wrong', message: 'Ce n’est pas le bon code.', hint: 'Réessayez.' });
    this.pin = next ?? '';
    this.locking = { ...this.locking, pin: next !== null };
    return this.locking;
  }

  async saveLock(settings: LockSettings): Promise<LockState> {
    this.note('saveLock', settings);
    this.locking = { ...this.locking, ...settings };
    return this.locking;
  }

  /** In the product the page begins anew; a test that needs it opens the window again. */
  reload(): void {
    this.note('reload');
  }

  onLock(listener: (state: LockState) => void): Unlisten {
    this.lockListeners.add(listener);
    return () => this.lockListeners.delete(listener);
  }

  // ---- session --------------------------------------------------------------------------------------------------------
  async appState(): Promise<AppState> {
    this.note('appState');
    if (this.options.vault !== 'open') throw new BackendFailure(vaultRefusal(this.options.vault));
    if (this.locking.locked !== null)
      throw new BackendFailure({ code: 'locked', message: 'Le poste est verrouillé.', hint: '' });
    return {
      profile: { id: 'p1', name: this.profileName, url: 'https://support.exemple.fr', sandbox: this.options.sandbox },
      profiles: [
        { id: 'p1', name: this.profileName, url: 'https://support.exemple.fr', sandbox: false },
        { id: 'p2', name: 'Bac à sable', url: null, sandbox: true },
      ],
      locale: this.stored.locale ?? 'fr',
      theme: this.stored.theme,
      signed_in: this.signedIn,
      account: this.signedIn
        ? { user: ME, name: 'Nadia Leroux', product: 'GLPI 10.0.20', profile: 'Technician' }
        : null,
      status: this.status(),
      counts: {
        tickets: this.options.tickets,
        articles: this.world.articles.length,
        people: this.world.people.length,
        assets: this.world.assets.length,
      },
      keyring_available: this.options.keyring,
      notice: null,
      version: '0.1.0',
    };
  }

  async seen(what: Seen): Promise<void> {
    this.note('seen', what);
  }

  async verifyAudit(ticket: TicketId | null): Promise<AuditReport> {
    this.note('verifyAudit', ticket);
    return {
      lines: 1284,
      anchor: `guichet-audit:1:1284:${'5a'.repeat(32)}`,
      anchors: ticket === null ? 0 : 1,
      broken: null,
    };
  }

  async sendAnchor(ticket: TicketId): Promise<Accepted> {
    this.note('sendAnchor', ticket);
    return { lane: ticket, entries: [] };
  }

  async openVault(form: VaultForm): Promise<AppState> {
    this.note('openVault', form.place);
    if (form.place === null && form.passphrase !== PASSPHRASE)
      throw new BackendFailure(vaultRefusal('vault_wrong_passphrase'));
    if (form.place === 'passphrase' && (form.passphrase ?? '').length < 12)
      throw new BackendFailure(vaultRefusal('vault_passphrase_short'));
    this.options.vault = 'open';
    return this.appState();
  }

  async createProfile(name: string): Promise<AppState> {
    this.note('createProfile', name);
    this.profileName = name;
    this.signedIn = false;
    return this.appState();
  }

  async openProfile(id: string): Promise<AppState> {
    this.note('openProfile', id);
    return this.appState();
  }

  async signIn(form: SignIn): Promise<AppState> {
    this.note('signIn', form);
    if (form.method === 'user_token' && form.user_token === 'faux') {
      throw new BackendFailure({
        code: 'auth_bad_user_token',
        message: 'Le serveur ne connaît pas ce jeton.',
        hint: 'Recopiez-le depuis vos préférences GLPI, rubrique « Clés d’accès distant ».',
      });
    }
    this.signedIn = true;
    this.gate = { type: 'open' };
    this.publishStatus();
    return this.appState();
  }

  async useSandbox(): Promise<AppState> {
    this.note('useSandbox');
    this.signedIn = true;
    return this.appState();
  }

  async signOut(): Promise<AppState> {
    this.note('signOut');
    this.signedIn = false;
    return this.appState();
  }

  async settings(): Promise<Settings> {
    this.note('settings');
    return { ...this.stored };
  }

  async saveSettings(settings: Settings): Promise<Settings> {
    this.note('saveSettings', settings);
    this.refuse('saveSettings');
    this.stored = { ...settings };
    return { ...this.stored };
  }

  // ---- reads ----------------------------------------------------------------------------------------------------------
  async listTickets(query: TicketQuery): Promise<TicketList> {
    this.note('listTickets', query);
    let rows = this.rows(query);
    let groups: GroupHead[] = [];
    const now = query.now ? new Date(query.now) : this.options.start;
    if (query.group) ({ rows, groups } = inGroups(rows, query.group, now, (id) => this.firstAssignee(id)));
    if (query.group || !isEmpty(query.filter)) {
      const total = Math.min(rows.length, this.lookedAt * Math.max(1, query.depth ?? 1));
      const found = rows.slice(0, total);
      return {
        rows: found.slice(query.offset, query.offset + query.limit),
        total,
        more: total < rows.length,
        groups: query.heads ? groups : [],
      };
    }
    const beyond = query.view === 'all' ? Math.max(0, this.options.tickets - this.world.tickets.length) : 0;
    const slice = rows.slice(query.offset, query.offset + query.limit);
    for (let index = query.offset + slice.length; slice.length < query.limit && index < rows.length + beyond; index++) {
      const model = rows[index % rows.length];
      if (!model) break;
      slice.push({
        ...model,
        id: 10_000 + index,
        title: `${model.title} (${String(index + 1)})`,
        pending: 0,
        wedged: 0,
      });
    }
    return { rows: slice, total: rows.length + beyond, more: false, groups: [] };
  }

  async savedViews(): Promise<SavedView[]> {
    this.note('savedViews');
    return [...this.views];
  }

  async saveView(view: SavedView, place: number | null): Promise<SavedView[]> {
    this.note('saveView', view, place);
    const name = view.name.trim();
    const refuse = async (code: string): Promise<never> => {
      throw new BackendFailure(await this.explain(code));
    };
    if (name === '') await refuse('view_name_empty');
    const others = this.views.filter((one) => one.id !== view.id);
    if (others.some((one) => one.name.toLowerCase() === name.toLowerCase())) await refuse('view_name_taken');
    const before = this.views.findIndex((one) => one.id === view.id);
    if (before < 0 && others.length >= MOST_VIEWS) await refuse('views_too_many');
    const at = place ?? (before < 0 ? others.length : before);
    this.views = [...others.slice(0, at), { ...view, name }, ...others.slice(at)];
    return [...this.views];
  }

  async deleteView(id: string): Promise<SavedView[]> {
    this.note('deleteView', id);
    this.views = this.views.filter((one) => one.id !== id);
    return [...this.views];
  }

  async ticket(asked: TicketId): Promise<TicketView | null> {
    this.note('ticket', asked);
    const id = this.renumbered.get(asked) ?? asked;
    const pending = this.entries.filter((entry) => entry.lane === id && isPending(entry.state));
    const ticket = this.view(id, pending);
    if (!ticket) return null;
    const requester = this.world.requester.get(id);
    const assignees = this.assignees(id, pending);
    const card = requester === undefined ? null : await this.person(requester);
    const asset = this.world.assets.find((one) => one.key.id === this.world.ticketAssets.get(id));
    return {
      ticket,
      actors: [
        ...(requester === undefined
          ? []
          : [{ role: 'requester' as const, party: { type: 'user' as const, id: requester } }]),
        ...assignees,
      ],
      timeline: this.world.timeline.filter((entry) => entry.ticket === id),
      pending,
      documents: this.documents(id),
      links:
        id === 4821
          ? [
              { id: 4790, kind: 'related', title: "Station d'accueil défaillante", status: 'assigned' },
              { id: 4655, kind: 'duplicate_of', title: null, status: null },
            ]
          : [],
      assets: asset ? [asset] : [],
      users: this.world.people.map((person) => ({ id: person.id, name: name(person), vip: person.vip })),
      groups: this.world.groups.map((group) => ({ id: group.id, name: group.full_name })),
      requester: card,
      departure: null,
      details_read: !this.options.firstSync,
      target: this.nextTarget(ticket),
    };
  }

  async refreshTicket(id: TicketId): Promise<TicketView | null> {
    this.note('refreshTicket', id);
    return this.ticket(id);
  }

  async openTicket(asked: TicketId): Promise<OpenedTicket | null> {
    this.note('openTicket', asked);
    const view = await this.ticket(asked);
    if (!view) return null;
    const { id } = view.ticket;
    const keys = view.assets.map((asset) => asset.key);
    return {
      view,
      around: await this.aroundTicket(id, view.requester?.person.id ?? null, keys),
      drafts: [...this.storedDrafts.values()].filter((one) => one.ticket === id),
    };
  }

  async aroundTicket(id: TicketId, requester: number | null, assets: AssetKey[]): Promise<AroundTicket> {
    this.note('aroundTicket', id, requester, assets);
    const others = this.rows(EVERY_TICKET).filter((row) => row.id !== id);
    const held = (row: TicketRow): boolean => assets.some((asset) => asset.id === this.world.ticketAssets.get(row.id));
    return {
      same_requester: openFirst(others.filter((row) => requester !== null && row.requester_id === requester)).slice(
        0,
        8,
      ),
      same_asset: openFirst(others.filter(held)).slice(0, 8),
    };
  }

  async aroundNewTicket(written: NewTicketWords): Promise<AroundNew> {
    this.note('aroundNewTicket', written);
    return aroundNew(this.rows(EVERY_TICKET), this.world.tickets, written);
  }

  async search(query: SearchQuery): Promise<SearchResults> {
    this.note('search', query);
    const began = performance.now();
    const words = fold(query.text).split(/\s+/).filter(Boolean);
    const wanted = (kind: Hit['kind']): boolean => query.kinds.length === 0 || query.kinds.includes(kind);
    const hits: Hit[] = [];
    const add = (hit: Omit<Hit, 'snippet'>, text: string): void => {
      const folded = fold(`${hit.title} ${text}`);
      const byNumber = hit.kind === 'ticket' && query.text.trim().replace('#', '') === String(hit.id);
      if (words.length > 0 && (byNumber || words.every((word) => folded.includes(word)))) {
        hits.push({ ...hit, snippet: marked(text, words) });
      }
    };
    const none = { asset_kind: '', status: null, vip: false };
    if (wanted('ticket'))
      for (const one of this.world.tickets) {
        const text = one.description.blocks
          .flatMap((b) => (b.type === 'paragraph' ? b.content : []))
          .map((i) => (i.type === 'text' ? i.text : ''))
          .join(' ');
        add(
          { ...none, kind: 'ticket', id: one.id, title: one.title, status: one.status, vip: this.isVip(one.id) },
          text,
        );
      }
    if (wanted('person'))
      for (const one of this.world.people)
        add(
          { ...none, kind: 'person', id: one.id, title: name(one), vip: one.vip },
          [one.login, ...one.phones.map((p) => p.raw), one.location?.name ?? ''].join(' · '),
        );
    if (wanted('article'))
      for (const one of this.world.articles)
        add({ ...none, kind: 'article', id: one.id, title: one.title }, plain(one.body.blocks).slice(0, 160));
    if (wanted('asset'))
      for (const one of this.world.assets)
        add(
          { ...none, kind: 'asset', id: one.key.id, asset_kind: one.key.kind, title: one.name },
          [one.model, one.serial].join(' · '),
        );
    const counts = new Map<string, number>();
    const bounded = hits.filter((hit) => {
      const count = (counts.get(hit.kind) ?? 0) + 1;
      counts.set(hit.kind, count);
      return count <= query.limit;
    });
    return { hits: bounded, elapsed_ms: performance.now() - began };
  }

  async articleUses(): Promise<ArticleUse[]> {
    this.note('articleUses');
    return this.used;
  }

  async noteArticle(id: number, title: string, used: boolean): Promise<ArticleUse[]> {
    this.note('noteArticle', id);
    const before = this.used.find((one) => one.id === id);
    const now = { id, title, uses: (before?.uses ?? 0) + Number(used), read_at: new Date().toISOString() };
    this.used = [now, ...this.used.filter((one) => one.id !== id)];
    return this.used;
  }

  async suggestArticles(texts: string[], limit: number): Promise<Hit[]> {
    this.note('suggestArticles', texts);
    const words = telling(texts);
    const weighed = this.world.articles.map((one) => {
      const text = plain(one.body.blocks);
      const title = fold(one.title);
      const body = fold(text);
      const weight = words.reduce(
        (sum, word) => sum + (title.includes(word) ? 2 : 0) + (title.includes(word) || body.includes(word) ? 1 : 0),
        0,
      );
      const hit: Hit = {
        kind: 'article',
        id: one.id,
        asset_kind: '',
        title: one.title,
        snippet: marked(text.slice(0, 160), words),
        status: null,
        vip: false,
      };
      return { weight, hit };
    });
    return weighed
      .filter((one) => one.weight > 0)
      .sort((a, b) => b.weight - a.weight)
      .slice(0, limit)
      .map((one) => one.hit);
  }

  async person(id: number): Promise<PersonCard | null> {
    const person = this.world.people.find((one) => one.id === id);
    if (!person) return null;
    return {
      person,
      open_tickets: this.rows({
        view: 'open',
        me: null,
        vip_only: false,
        requester: id,
        sort: 'updated',
        offset: 0,
        limit: 20,
      }).slice(0, 20),
      assets: this.world.assets.filter((asset) => asset.user === id),
    };
  }

  async findPeople(words: string, limit: number): Promise<Person[]> {
    this.note('findPeople', words);
    const folded = fold(words).split(/\s+/).filter(Boolean);
    const digits = words.replace(/\D/g, '');
    return this.world.people
      .filter((one) => {
        const text = fold([one.login, one.first_name, one.last_name, ...one.emails].join(' '));
        const byPhone = digits.length >= 3 && one.phones.some((phone) => phone.digits.includes(digits));
        return byPhone || folded.every((word) => text.includes(word));
      })
      .slice(0, limit);
  }

  async places(query: PlaceQuery): Promise<PlaceLevel> {
    this.note('places', query);
    this.refuse('places');
    return this.map.level(query);
  }

  async findInPlaces(words: string, limit: number): Promise<PlaceHit[]> {
    this.note('findInPlaces', words);
    return this.map.find(words, limit);
  }

  async groups(): Promise<Group[]> {
    return this.world.groups;
  }

  async catalogue(kind: CatalogueKind): Promise<Catalogue> {
    return {
      items: this.world.catalogues[kind],
      availability: kind === 'task_template' || kind === 'solution_template' ? 'forbidden' : 'available',
    };
  }

  async listArticles(query: ArticleQuery): Promise<ArticleList> {
    this.note('listArticles', query);
    const rows = this.world.articles
      .filter((one) => query.category === null || one.categories.some((category) => category.id === query.category))
      .sort((a, b) => (b.updated_at ?? '').localeCompare(a.updated_at ?? ''))
      .map(({ id, title, body, faq, updated_at }) => ({
        id,
        title,
        excerpt: plain(body.blocks).slice(0, 160),
        faq,
        updated_at,
      }));
    return { rows: rows.slice(query.offset, query.offset + query.limit), total: rows.length };
  }

  async articleCategories(): Promise<ArticleCategory[]> {
    const held = new Map<number, ArticleCategory>();
    for (const { categories } of this.world.articles) {
      for (const { id, name: called } of categories) {
        held.set(id, { id, name: called, articles: (held.get(id)?.articles ?? 0) + 1 });
      }
    }
    return [...held.values()].sort((a, b) => (a.name ?? '\uffff').localeCompare(b.name ?? '\uffff'));
  }

  async article(id: number): Promise<Article | null> {
    return this.world.articles.find((one) => one.id === id) ?? null;
  }

  async asset(key: AssetKey): Promise<Asset | null> {
    return this.world.assets.find((one) => one.key.id === key.id && one.key.kind === key.kind) ?? null;
  }

  // ---- outbox ---------------------------------------------------------------------------------------------------------
  async submit(submission: Submission): Promise<Accepted> {
    this.note('submit', submission);
    this.refuse('submit');
    const lane = submission.lane ?? this.nextLocal--;
    const first = submission.operations[0]?.operation;
    if (first?.type === 'create_ticket') {
      const requester = first.ticket.actors.find((actor) => actor.role === 'requester')?.party;
      if (requester?.type === 'user') this.world.requester.set(lane, requester.id);
    }
    const hold = (submission.hold_s ?? this.stored.undo_send_s) * 1000;
    const held_until = hold > 0 ? new Date(Date.now() + hold).toISOString() : null;
    const entries = submission.operations.map(({ id, operation }): OutboxEntry => {
      return {
        id,
        lane,
        seq: this.seq++,
        operation,
        state: { type: 'queued', not_before: null },
        attempts: 0,
        created_at: new Date().toISOString(),
        first_attempt_at: null,
        last_error: null,
        remote_id: null,
        held_until,
      };
    });
    this.entries = [...this.entries, ...entries];
    const draft = submission.draft === null ? undefined : this.storedDrafts.get(submission.draft);
    this.submissions.push({ ids: entries.map((entry) => entry.id), draft: draft ?? null });
    if (submission.draft !== null) this.storedDrafts.delete(submission.draft);
    this.publish({ tickets: [lane], lists: true, outbox: true });
    this.publishStatus();
    if (this.options.sendAfterMs !== null) setTimeout(() => this.drain(), this.options.sendAfterMs + hold);
    return { lane, entries };
  }

  async outbox(lane: TicketId | null, all: boolean): Promise<OutboxEntry[]> {
    return this.entries.filter((entry) => (lane === null || entry.lane === lane) && (all || isPending(entry.state)));
  }

  async lostWords(): Promise<OutboxEntry[]> {
    this.note('lostWords');
    this.refuse('lostWords');
    return this.entries.filter((entry) => entry.state.type === 'sent').reverse();
  }

  async goOnAfterRestore(again: boolean): Promise<number> {
    this.note('goOnAfterRestore', again);
    this.refuse('goOnAfterRestore');
    const lost = again ? await this.lostWords() : [];
    this.setGate({ type: 'open' });
    return lost.length;
  }

  async resolveEntry(id: OperationId, resolution: Resolution): Promise<void> {
    this.note('resolveEntry', id, resolution);
    this.refuse('resolveEntry');
    const now = new Date().toISOString();
    this.entries = this.entries.map((entry): OutboxEntry => {
      if (entry.id !== id) return entry;
      switch (resolution.type) {
        case 'edit':
          return { ...entry, operation: resolution.operation, state: { type: 'queued', not_before: null } };
        case 'retry':
        case 'take_mine':
          return { ...entry, state: { type: 'queued', not_before: null } };
        case 'confirm_sent':
          return { ...entry, state: { type: 'sent', at: now } };
        case 'discard':
        case 'take_theirs':
          return { ...entry, state: { type: 'cancelled', at: now } };
      }
    });
    const lane = this.entries.find((entry) => entry.id === id)?.lane;
    this.publish({ tickets: lane === undefined ? [] : [lane], lists: true, outbox: true });
    this.publishStatus();
  }

  async bulk(tickets: TicketId[], action: BulkAction): Promise<BulkReport> {
    this.note('bulk', tickets, action);
    this.refuse('bulk');
    const report: BulkReport = { accepted: [], held_until: null, refused: [] };
    for (const ticket of new Set(tickets)) {
      const view = await this.ticket(ticket);
      const outcome = view ? this.meant(view, action) : 'ticket_unknown';
      if (typeof outcome === 'string') {
        const error = await this.explain(outcome);
        report.refused.push({ ticket, title: view?.ticket.title ?? null, error });
        continue;
      }
      const operations = [{ id: `bulk-${String(this.seq)}`, operation: outcome }];
      const { entries } = await this.submit({ lane: ticket, operations, draft: null });
      report.accepted.push(...entries.map((entry) => entry.id));
      report.held_until = entries[0]?.held_until ?? null;
    }
    return report;
  }

  /** What a change to many means for one ticket, or the code of why it means nothing. */
  private meant({ ticket, actors, links }: TicketView, action: BulkAction): Operation | string {
    if (ticket.status === 'closed' && action.type !== 'link') return 'ticket_closed';
    switch (action.type) {
      case 'assign': {
        const wanted = JSON.stringify(action.actor);
        if (actors.some((actor) => JSON.stringify(actor) === wanted)) return 'bulk_nothing_changes';
        return { type: 'assign', actor: action.actor };
      }
      case 'link':
        if (action.ticket === ticket.id) return 'bulk_itself';
        if (links.some((link) => link.id === action.ticket && link.kind === action.kind)) return 'bulk_nothing_changes';
        return { type: 'link_ticket', ticket: action.ticket, kind: action.kind };
      case 'set': {
        const base: Partial<Record<Field, FieldValue>> = {
          status: { type: 'status', value: ticket.status },
          category: { type: 'row', value: ticket.category?.id ?? null },
          urgency: { type: 'level', value: ticket.urgency },
          priority: { type: 'level', value: ticket.priority },
        };
        const now = base[action.field];
        if (!now) return 'bulk_one_by_one';
        if (JSON.stringify(now) === JSON.stringify(action.new)) return 'bulk_nothing_changes';
        return { type: 'set_field', field: action.field, base: now, new: action.new };
      }
    }
  }

  async takeBack(ids: OperationId[]): Promise<Draft[]> {
    this.note('takeBack', ids);
    this.refuse('takeBack');
    const together = this.submissions.filter((submission) => submission.ids.some((id) => ids.includes(id)));
    const all = new Set([...ids, ...together.flatMap((submission) => submission.ids)]);
    const taken = this.entries.filter((entry) => all.has(entry.id) && entry.state.type !== 'cancelled');
    if (taken.some((entry) => entry.attempts > 0 || (entry.state.type !== 'queued' && entry.state.type !== 'wedged'))) {
      throw new BackendFailure(await this.explain('entry_already_left'));
    }
    const at = new Date().toISOString();
    this.entries = this.entries.map((entry) =>
      taken.includes(entry) ? { ...entry, state: { type: 'cancelled', at } } : entry,
    );
    const drafts = together.flatMap(({ ids: [first], draft }): Draft[] => {
      if (!draft) return [];
      return [this.storedDrafts.has(draft.key) ? { ...draft, key: `returned:${first ?? ''}` } : draft];
    });
    for (const draft of drafts) this.storedDrafts.set(draft.key, draft);
    this.submissions = this.submissions.filter((submission) => !together.includes(submission));
    this.publish({ tickets: [...new Set(taken.map((entry) => entry.lane))], lists: true, outbox: true });
    this.publishStatus();
    return structuredClone(drafts);
  }

  // ---- drafts and files -----------------------------------------------------------------------------------------------
  async saveDraft(draft: Draft): Promise<void> {
    this.note('saveDraft', draft);
    this.refuse('saveDraft');
    if (this.saveDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.saveDelayMs));
    this.storedDrafts.set(draft.key, structuredClone(draft));
  }

  async draft(key: string, ticket: TicketId | null): Promise<Draft | null> {
    this.note('draft', key, ticket);
    const kind = key.slice(0, key.indexOf(':') + 1);
    const others = [...this.storedDrafts.values()].filter((one) => one.ticket === ticket && one.key.startsWith(kind));
    return structuredClone(this.storedDrafts.get(key) ?? (ticket === null ? undefined : others[0])) ?? null;
  }

  async drafts(): Promise<Draft[]> {
    return [...this.storedDrafts.values()];
  }

  async deleteDraft(key: string): Promise<void> {
    this.note('deleteDraft', key);
    this.storedDrafts.delete(key);
  }

  async keepAttachment(filename: string, mime: string, base64: string): Promise<Attachment> {
    this.note('keepAttachment', filename, mime);
    this.refuse('keepAttachment');
    const blob = `${String(this.kept.size + 1).padStart(4, '0')}${'0'.repeat(60)}`;
    this.kept.set(blob, base64);
    return { blob, filename, mime, size: Math.floor((base64.length * 3) / 4) };
  }

  async attachment(blob: string): Promise<string | null> {
    return this.kept.get(blob) ?? null;
  }

  async document(id: number): Promise<DocumentContent> {
    this.note('document', id);
    this.refuse('document');
    const file = (filename: string, mime: string, base64: string): DocumentContent => ({
      filename,
      mime,
      base64,
      openable: /\.(txt|png|pdf)$/.test(filename),
    });
    return (
      this.files.get(id) ??
      (id === 2
        ? file('journal-vpn.txt', 'text/plain', btoa('09:02:11 connect\n09:02:14 error 13801 certificate expired\n'))
        : id === 3
          ? file('bon-de-commande.pdf', 'application/pdf', btoa(pdfOf(['Bon de commande 2026-0417', 'Conditions'])))
          : file('capture-vpn.png', 'image/png', PIXEL))
    );
  }

  async saveDocument(id: number, open: boolean): Promise<string> {
    this.note('saveDocument', id, open);
    this.refuse('saveDocument');
    return `/home/nadia/Téléchargements/${(await this.document(id)).filename}`;
  }

  /** The server's own target; a test may set the contract's. */
  private nextTarget(ticket: Ticket): NextTarget | null {
    const set = this.targets.get(ticket.id);
    if (ticket.status === 'solved' || ticket.status === 'closed') return null;
    if (set) return set;
    const own = ticket.status === 'new' && ticket.time_to_own !== null;
    const due = own ? ticket.time_to_own : ticket.time_to_resolve;
    return due === null ? null : { kind: own ? 'own' : 'resolve', due, clock: null };
  }

  // ---- alerts ---------------------------------------------------------------------------------------------------------
  async alerts(): Promise<AlertsState> {
    this.note('alerts');
    this.refuse('alerts');
    return this.supervised.state;
  }

  async takeUpAlert(id: string): Promise<void> {
    this.note('takeUpAlert', id);
    this.supervised.handle(id, 'acknowledged_here', null);
    this.refuse('takeUpAlert');
  }

  async alertIncident(id: string): Promise<TicketId> {
    this.note('alertIncident', id);
    this.refuse('alertIncident');
    this.supervised.handle(id, 'ticket', 4821);
    return 4821;
  }

  async supervisionSettings(): Promise<SupervisionSettings | null> {
    return this.supervised.settings;
  }

  async saveSupervision(settings: SupervisionSettings | null, secret: string | null): Promise<void> {
    this.note('saveSupervision', settings, secret);
    this.refuse('saveSupervision');
    this.supervised.settings = settings;
  }

  onAlerts(listener: (state: AlertsState) => void): Unlisten {
    return this.supervised.on(listener);
  }

  // ---- review ---------------------------------------------------------------------------------------------------------
  async dailyReview(): Promise<DailyReview> {
    this.note('dailyReview');
    this.refuse('dailyReview');
    return this.journal.review(this.openRows());
  }

  async logbook(from: string, to: string): Promise<Logbook> {
    this.note('logbook', from, to);
    this.refuse('logbook');
    return this.journal.log(this.openRows(), from, to);
  }

  async keepEvent(event: NotableEvent): Promise<void> {
    this.note('keepEvent', event);
    this.refuse('keepEvent');
    this.journal.keep(event);
  }

  async withdrawEvent(id: OperationId): Promise<void> {
    this.note('withdrawEvent', id);
    this.refuse('withdrawEvent');
    this.journal.withdraw(id);
  }

  async saveChronicle(from: string, to: string): Promise<Exported> {
    this.note('saveChronicle', from, to);
    this.refuse('saveChronicle');
    const { events, interventions } = this.journal.log([], from, to);
    return { path: '/home/nadia/Téléchargements/guichet journal.md', rows: events.length + interventions.length };
  }

  private openRows(): TicketRow[] {
    return this.rows({
      view: 'open',
      me: ME,
      vip_only: false,
      requester: null,
      sort: 'oldest',
      offset: 0,
      limit: 500,
    });
  }

  /** Always open: the demonstration's targets are counted on the wall's clock. */
  async serviceHours(): Promise<ServiceHours> {
    this.note('serviceHours');
    this.refuse('serviceHours');
    return { calendars: [{ day_s: 86_400, spans: [[0, 4_102_444_800]] }] };
  }

  async indicators(period: string): Promise<IndicatorSheet> {
    this.note('indicators', period);
    this.refuse('indicators');
    return indicatorSheet(period, (await this.settings()).locale ?? 'fr');
  }

  async export(what: Export, format: ExportFormat): Promise<Exported> {
    this.note('export', what, format);
    this.refuse('export');
    const rowsOf = async (): Promise<number> => {
      switch (what.type) {
        case 'tickets':
          return (await this.listTickets({ ...what.query, offset: 0, limit: 500 })).total;
        case 'calls':
          return (await this.callJournal({ ...what.query, offset: 0, limit: 500 })).numbers.all;
        case 'escalations':
          return (await this.triageBoard(what.query)).rows.length;
        case 'indicators':
          return indicatorSheet(what.period, 'fr').indicators.length;
        case 'review':
          return this.journal.review(this.openRows()).rows.length;
        case 'interventions':
          return this.journal.log([], what.from, what.to).interventions.length;
        case 'events':
          return this.journal.log([], what.from, what.to).events.length;
        case 'audit':
          return (await this.verifyAudit(null)).lines;
        case 'missed':
          return indicatorSheet(what.period, 'fr').indicators.flatMap((one) => one.missed).length;
      }
    };
    const rows = await rowsOf();
    return { path: `/home/nadia/Téléchargements/guichet ${what.type}.${format}`, rows };
  }

  // ---- calls ------------------------------------------------------------------------------------------------------------
  async telephony(): Promise<TelephonyState> {
    return this.telephone.state;
  }

  async liveCalls(): Promise<CallCard[]> {
    return this.telephone.live();
  }

  async callJournal(query: JournalQuery): Promise<JournalPage> {
    this.note('callJournal', query);
    return this.telephone.page(query);
  }

  async callQueues(): Promise<string[]> {
    return this.telephone.queues();
  }

  async callCard(id: string): Promise<CallCard> {
    return this.telephone.cardOf(id);
  }

  async noteCall(id: string, note: string): Promise<CallCard> {
    this.note('noteCall', id, note);
    this.refuse('noteCall');
    return this.telephone.write(id, { note });
  }

  async nameCaller(id: string, person: number | null): Promise<CallCard> {
    this.note('nameCaller', id, person);
    this.refuse('nameCaller');
    return this.telephone.write(id, { person });
  }

  async linkCall(id: string, ticket: TicketId | null): Promise<CallCard> {
    this.note('linkCall', id, ticket);
    this.refuse('linkCall');
    return this.telephone.write(id, { ticket });
  }

  async closeCall(id: string, wrapUp: WrapUp): Promise<CallCard> {
    this.note('closeCall', id, wrapUp);
    this.refuse('closeCall');
    return this.telephone.wrapUp(id, wrapUp);
  }

  async dial(number: string): Promise<void> {
    this.note('dial', number);
    return this.telephone.dial(number);
  }

  async callBacks(): Promise<KeptCallBack[]> {
    return this.telephone.callBacks;
  }

  async callBackDone(id: OperationId): Promise<KeptCallBack[]> {
    this.note('callBackDone', id);
    this.telephone.callBacks = this.telephone.callBacks.filter((one) => one.call_back.id !== id);
    return this.telephone.callBacks;
  }

  async telephoneSettings(): Promise<PbxSettings | null> {
    return this.telephone.settings;
  }

  async telephoneEndpoint(): Promise<string | null> {
    const { settings } = this.telephone;
    return settings?.kind === 'generic' ? `http://127.0.0.1:${String(settings.port)}/cti/jeton` : null;
  }

  async saveTelephone(settings: PbxSettings | null, secret: string | null): Promise<void> {
    this.note('saveTelephone', settings, secret);
    this.refuse('saveTelephone');
    this.telephone.save(settings);
  }

  async sandboxCall(number: string | null): Promise<void> {
    this.note('sandboxCall', number);
    const vip = this.world.people.find((person) => person.vip)?.phones[0]?.raw;
    await this.telephone.ring(number ?? vip ?? '');
  }

  async transfers(): Promise<TransferCard[]> {
    return this.transferring.list();
  }

  async beginTransfer(call: string): Promise<TransferCard> {
    this.note('beginTransfer', call);
    this.refuse('beginTransfer');
    return this.transferring.begin(call);
  }

  async briefTransfer(id: string, briefing: Briefing): Promise<TransferCard> {
    this.note('briefTransfer', id, briefing);
    this.refuse('briefTransfer');
    return this.transferring.brief(id, briefing);
  }

  async decideTransfer(id: string, decision: Decision): Promise<TransferCard> {
    this.note('decideTransfer', id, decision);
    this.refuse('decideTransfer');
    return this.transferring.decide(id, decision);
  }

  async contractNames(): Promise<ContractNames> {
    return { known: [...CONTRACTS], in_force: this.stored.contract ?? 'itil-default' };
  }

  onTransfer(listener: (card: TransferCard) => void): Unlisten {
    return this.transferring.onChange(listener);
  }

  onCall(listener: (card: CallCard) => void): Unlisten {
    return this.telephone.onCall(listener);
  }

  onTelephony(listener: (state: TelephonyState) => void): Unlisten {
    return this.telephone.onState(listener);
  }

  // ---- escalation, triage, surges -------------------------------------------------------------------------------------
  async escalation(ticket: TicketId): Promise<EscalationSheet> {
    this.note('escalation', ticket);
    this.refuse('escalation');
    return this.escalated.sheet(ticket);
  }

  async keepDiagnosis(ticket: TicketId, diagnosis: Diagnosis): Promise<void> {
    this.note('keepDiagnosis', ticket, diagnosis);
    return this.escalated.keep(ticket, diagnosis);
  }

  async escalate(ticket: TicketId, escalation: NewEscalation): Promise<Accepted> {
    this.note('escalate', ticket, escalation);
    return this.escalated.escalate(ticket, escalation);
  }

  async ticketEscalation(ticket: TicketId): Promise<EscalationState> {
    return this.escalated.state(ticket);
  }

  async triageBoard(query: BoardQuery): Promise<Board> {
    this.note('triageBoard', query);
    return this.escalated.board(query);
  }

  async triage(ticket: TicketId, action: TriageAction): Promise<Accepted> {
    this.note('triage', ticket, action);
    return this.escalated.step(ticket, action);
  }

  async chaseList(): Promise<ChaseRow[]> {
    this.note('chaseList');
    return this.escalated.chase();
  }

  async surges(): Promise<SurgeCard[]> {
    return this.escalated.cards;
  }

  async dismissSurge(key: string): Promise<void> {
    this.note('dismissSurge', key);
    this.escalated.dismiss(key);
  }

  async declareMajorIncident(key: string, title: string, text: string): Promise<MajorIncident> {
    this.note('declareMajorIncident', key, title, text);
    return this.escalated.declare(key, title, text);
  }

  onSurge(listener: (cards: SurgeCard[]) => void): Unlisten {
    return this.escalated.onSurge(listener);
  }

  // ---- rooms of major incidents ---------------------------------------------------------------------------------------
  async rooms(closed: boolean): Promise<RoomCard[]> {
    this.note('rooms', closed);
    return this.roomed.cards(closed);
  }

  async room(ticket: TicketId): Promise<RoomSheet | null> {
    this.note('room', ticket);
    this.refuse('room');
    return this.roomed.sheet(ticket);
  }

  async openRoom(ticket: TicketId): Promise<RoomSheet> {
    this.note('openRoom', ticket);
    return this.roomed.open(ticket);
  }

  async saveRoom(ticket: TicketId, words: RoomWords): Promise<RoomCard> {
    this.note('saveRoom', ticket, words);
    return this.roomed.save(ticket, words);
  }

  async postRoomUpdate(ticket: TicketId, update: NewRoomUpdate): Promise<RoomPosted> {
    this.note('postRoomUpdate', ticket, update);
    return this.roomed.post(ticket, update);
  }

  async closeRoom(ticket: TicketId): Promise<RoomSheet> {
    this.note('closeRoom', ticket);
    return this.roomed.close(ticket);
  }

  async roomReport(ticket: TicketId): Promise<RoomReport> {
    this.note('roomReport', ticket);
    return this.roomed.report(ticket);
  }

  async saveRoomReport(ticket: TicketId, note: OperationId | null): Promise<SavedRoomReport> {
    this.note('saveRoomReport', ticket, note);
    return this.roomed.saveReport(ticket, note);
  }

  onRoom(listener: (cards: RoomCard[]) => void): Unlisten {
    return this.roomed.onRoom(listener);
  }

  // ---- remote control ---------------------------------------------------------------------------------------------------
  async freshRemoteSheet(ticket: TicketId): Promise<RemoteSheet> {
    this.note('freshRemoteSheet', ticket);
    this.refuse('freshRemoteSheet');
    this.remote.told = true;
    return this.remote.sheet(ticket);
  }

  async remoteSheet(ticket: TicketId): Promise<RemoteSheet> {
    this.note('remoteSheet', ticket);
    return this.remote.sheet(ticket);
  }

  async recordConsent(
    ticket: TicketId,
    asset: AssetKey | null,
    person: AskedPerson,
    means: ConsentMeans,
    askedAt: string,
    agreed: boolean,
  ): Promise<RemoteSheet> {
    this.note('recordConsent', ticket, asset, person, means, askedAt, agreed);
    return this.remote.record(ticket, asset, person, means, askedAt, { type: agreed ? 'agreed' : 'refused' });
  }

  async withdrawConsent(ticket: TicketId, agreement: ConsentId): Promise<RemoteSheet> {
    this.note('withdrawConsent', ticket, agreement);
    return this.remote.withdraw(ticket, agreement);
  }

  async remotePlan(tool: string, target: string): Promise<RemotePlan> {
    this.note('remotePlan', tool, target);
    return this.remote.plan(tool, target);
  }

  async startRemote(
    ticket: TicketId,
    asset: AssetKey | null,
    tool: string,
    target: string,
  ): Promise<RemoteSessionCard> {
    this.note('startRemote', ticket, asset, tool, target);
    return this.remote.start(ticket, asset, tool, target);
  }

  async endRemote(id: string, note: string): Promise<RemoteSessionCard> {
    this.note('endRemote', id, note);
    return this.remote.end(id, true);
  }

  async remoteSessions(): Promise<RemoteSessionCard[]> {
    return this.remote.running();
  }

  async remoteTokenSet(): Promise<boolean> {
    return this.remote.token !== null;
  }

  async saveRemoteToken(token: string | null): Promise<void> {
    this.note('saveRemoteToken', token);
    this.refuse('saveRemoteToken');
    this.remote.token = token;
  }

  onRemoteSession(listener: (card: RemoteSessionCard) => void): Unlisten {
    return this.remote.onSession(listener);
  }

  async syncNow(): Promise<void> {
    this.note('syncNow');
    this.rounds++;
    this.drain();
  }

  async userActive(): Promise<void> {
    this.note('userActive');
  }

  async openLink(href: string): Promise<void> {
    this.note('openLink', href);
  }

  async notify(summary: string, body: string, ticket: TicketId | null): Promise<boolean> {
    this.note('notify', summary, body, ticket);
    return true;
  }

  /** Set by a test: a notice on the desktop is clicked. */
  clickNotice(ticket: TicketId | null): void {
    for (const listener of this.noticeListeners) listener(ticket);
  }

  async explain(code: string): Promise<UiError> {
    this.note('explain', code);
    const catalogue: Record<string, { message: string; hint: string }> = (this.stored.locale === 'en' ? en : fr).errors;
    const told = catalogue[code] ?? { message: code, hint: '' };
    return { code, message: told.message.replace('{detail}', '').trim(), hint: told.hint, detail: null };
  }

  onChanged(listener: (changes: ChangeSet) => void): Unlisten {
    this.changeListeners.add(listener);
    return () => this.changeListeners.delete(listener);
  }

  onNoticeClicked(listener: (ticket: TicketId | null) => void): Unlisten {
    this.noticeListeners.add(listener);
    return () => this.noticeListeners.delete(listener);
  }

  onSyncStatus(listener: (status: SyncStatus) => void): Unlisten {
    this.statusListeners.add(listener);
    return () => this.statusListeners.delete(listener);
  }

  // ---- switches for tests ---------------------------------------------------------------------------------------------
  /** Changes the gate and tells the window. */
  setGate(gate: Gate): void {
    this.gate = gate;
    this.publishStatus();
  }

  /** Tells the window that something changed. */
  publish(changes: Partial<ChangeSet>): void {
    for (const listener of this.changeListeners) listener({ ...EMPTY_CHANGES, ...changes });
  }

  /** Puts one entry in a state. */
  setState(id: OperationId, state: EntryState): void {
    this.entries = this.entries.map((entry) => (entry.id === id ? { ...entry, state } : entry));
    this.publish({ outbox: true, lists: true, tickets: [...new Set(this.entries.map((entry) => entry.lane))] });
    this.publishStatus();
  }

  /** Sends what may be sent: the mirror takes it over. */
  drain(): void {
    if (this.gate.type !== 'open') return;
    const stuck = new Set<TicketId>();
    const touched = new Set<TicketId>();
    const renumbered: [TicketId, TicketId][] = [];
    for (const entry of this.entries) {
      if (!isPending(entry.state)) continue;
      const held = entry.held_until !== null && new Date(entry.held_until) > new Date();
      if (entry.state.type !== 'queued' || held || stuck.has(entry.lane)) {
        stuck.add(entry.lane);
        continue;
      }
      touched.add(entry.lane);
      this.applyEntry(entry, renumbered);
    }
    this.publish({ tickets: [...touched], lists: true, outbox: true, renumbered });
    this.publishStatus();
  }

  status(): SyncStatus {
    const pending = this.entries.filter((entry) => isPending(entry.state));
    return {
      gate: this.gate,
      running: this.options.firstSync,
      last_round_at: this.options.firstSync
        ? null
        : new Date(this.options.start.getTime() - 4 * 60_000 + this.rounds * 1000).toISOString(),
      first_sync: this.options.firstSync
        ? [
            { collection: { type: 'people' }, done: 1200, total: 1200, complete: true, unavailable: false },
            {
              collection: { type: 'catalogue', list: 'category' },
              done: 0,
              total: null,
              complete: false,
              unavailable: true,
            },
            { collection: { type: 'tickets' }, done: 8400, total: 20_000, complete: false, unavailable: false },
            { collection: { type: 'ticket_details' }, done: 2100, total: 61_000, complete: false, unavailable: false },
            { collection: { type: 'articles' }, done: 0, total: 152, complete: false, unavailable: false },
          ]
        : [],
      rows_per_second: this.options.firstSync ? 2140 : null,
      outbox: {
        pending: pending.length,
        wedged: pending.filter((entry) => entry.state.type === 'wedged').length,
        in_doubt: pending.filter((entry) => entry.state.type === 'in_doubt').length,
      },
      last_error: this.gate.type === 'offline' ? 'backend_unreachable' : null,
    };
  }

  private publishStatus(): void {
    const status = this.status();
    for (const listener of this.statusListeners) listener(status);
  }

  private note(call: string, ...args: unknown[]): void {
    this.calls.push({ name: call, args });
  }

  private refuse(call: string): void {
    const failure = this.failNext.get(call);
    if (failure) {
      this.failNext.delete(call);
      throw failure;
    }
  }

  private applyEntry(entry: OutboxEntry, renumbered: [TicketId, TicketId][]): void {
    const now = new Date().toISOString();
    const { operation } = entry;
    const lane = this.renumbered.get(entry.lane) ?? entry.lane;
    const remote = this.nextRemote++;
    const made = { ticket: lane, author: ME, at: entry.created_at, updated_at: now };
    if (operation.type === 'create_ticket') {
      const created = this.view(lane, [entry]);
      if (created) this.world.tickets.push({ ...created, id: remote });
      const requester = this.world.requester.get(lane);
      if (requester !== undefined) this.world.requester.set(remote, requester);
      this.renumbered.set(entry.lane, remote);
      renumbered.push([entry.lane, remote]);
    } else if (operation.type === 'add_followup') {
      this.world.timeline.push({
        ...made,
        key: { kind: 'followup', id: remote },
        body: operation.body,
        private: operation.private,
        detail: { type: 'followup', channel: null },
      });
    } else if (operation.type === 'add_task') {
      this.world.timeline.push({
        ...made,
        key: { kind: 'task', id: remote },
        body: operation.body,
        private: operation.private,
        detail: {
          type: 'task',
          state: operation.state,
          duration_s: operation.duration_s,
          begin: operation.begin,
          end: null,
          assignee: operation.assignee,
          group: null,
          uuid: entry.id,
        },
      });
    } else if (operation.type === 'add_solution') {
      this.world.timeline.push({
        ...made,
        key: { kind: 'solution', id: remote },
        body: operation.body,
        private: false,
        detail: { type: 'solution', approval: 'waiting', answered_at: null },
      });
    }
    const target = this.renumbered.get(lane) ?? lane;
    const index = this.world.tickets.findIndex((ticket) => ticket.id === target);
    const before = this.world.tickets[index];
    if (before) {
      this.world.tickets[index] = overlay(before, [entry]);
      if (operation.type === 'assign' && operation.actor.party.type === 'user')
        this.world.assignee.set(target, operation.actor.party.id);
      if (operation.type === 'unassign') this.world.assignee.delete(target);
    }
    this.entries = this.entries.map((one) => {
      const moved = one.lane === entry.lane ? { ...one, lane: target } : one;
      return one.id === entry.id
        ? { ...moved, attempts: one.attempts + 1, state: { type: 'sent', at: now }, remote_id: remote }
        : moved;
    });
  }

  private view(id: TicketId, pending: OutboxEntry[]): Ticket | null {
    const held = this.world.tickets.find((ticket) => ticket.id === id);
    if (held) return overlay(held, pending);
    const create = pending.find((entry) => entry.operation.type === 'create_ticket');
    if (create?.operation.type !== 'create_ticket') return null;
    const made = create.operation.ticket;
    const name = (kind: CatalogueKind, row: number | null): { id: number; name: string | null } | null =>
      row === null
        ? null
        : { id: row, name: this.world.catalogues[kind].find((one) => one.id === row)?.full_name ?? null };
    return overlay(
      {
        id,
        title: made.title,
        description: made.description,
        kind: made.kind,
        status: 'new',
        urgency: made.urgency,
        impact: made.impact,
        priority: Math.round((made.urgency + made.impact) / 2),
        category: name('category', made.category),
        entity: null,
        location: name('location', made.location),
        channel: name('channel', made.channel),
        recorder: ME,
        opened_at: create.created_at,
        updated_at: create.created_at,
        solved_at: null,
        closed_at: null,
        taken_up_at: null,
        time_to_own: null,
        time_to_resolve: null,
        slas: [],
        external_id: create.id,
      },
      pending,
    );
  }

  private assignees(id: TicketId, pending: OutboxEntry[]): TicketView['actors'] {
    const held = this.world.assignee.get(id);
    let actors: TicketView['actors'] =
      held === undefined ? [] : [{ role: 'assigned', party: { type: 'user', id: held } }];
    for (const { operation } of pending) {
      if (operation.type === 'assign') actors = [...actors, operation.actor];
      if (operation.type === 'create_ticket')
        actors = [...actors, ...operation.ticket.actors.filter((actor) => actor.role === 'assigned')];
      if (operation.type === 'unassign') {
        const { role, party } = operation.actor;
        const gone = JSON.stringify(party);
        actors = actors.filter((actor) => actor.role !== role || JSON.stringify(actor.party) !== gone);
      }
    }
    return actors;
  }

  private documents(id: TicketId): AttachedDocument[] {
    if (id !== 4821) return [];
    const document = (
      number: number,
      filename: string,
      mime: string,
      entry: number | null,
      kept: boolean,
    ): AttachedDocument => ({
      document: { id: number, name: filename, filename, mime, sha1: null, updated_at: null },
      link: {
        id: number,
        document: number,
        ticket: id,
        entry: entry === null ? null : { kind: 'followup', id: entry },
        author: 100,
        at: null,
      },
      kept,
    });
    return [
      document(1, 'capture-vpn.png', 'image/png', 9002, true),
      document(2, 'journal-vpn.txt', 'text/plain', null, false),
      document(3, 'bon-de-commande.pdf', 'application/pdf', null, true),
    ];
  }

  private isVip(id: TicketId): boolean {
    const requester = this.world.requester.get(id);
    return this.world.people.find((person) => person.id === requester)?.vip ?? false;
  }

  private firstAssignee(id: TicketId): Actor | undefined {
    return this.assignees(
      id,
      this.entries.filter((entry) => entry.lane === id && isPending(entry.state)),
    )[0];
  }

  private rows(query: TicketQuery): TicketRow[] {
    const local = this.entries
      .filter((entry) => entry.operation.type === 'create_ticket' && isPending(entry.state))
      .map((entry) => entry.lane);
    const ids = [...local, ...this.world.tickets.map((ticket) => ticket.id)];
    const rows = ids.flatMap((id): TicketRow[] => {
      const pending = this.entries.filter((entry) => entry.lane === id && isPending(entry.state));
      const ticket = this.view(id, pending);
      if (!ticket) return [];
      const requester = this.world.requester.get(id);
      const person = this.world.people.find((one) => one.id === requester);
      const mine = this.assignees(id, pending).some((actor) => actor.party.type === 'user' && actor.party.id === ME);
      const open = ticket.status !== 'solved' && ticket.status !== 'closed';
      const shown: Record<TicketQuery['view'], boolean> = {
        mine: open && (mine || id < 0),
        unassigned: open && !mine,
        open,
        waiting: ticket.status === 'waiting',
        solved: ticket.status === 'solved',
        all: true,
        pending: pending.length > 0,
      };
      if (!shown[query.view]) return [];
      if (query.vip_only && !person?.vip) return [];
      if (query.requester !== null && query.requester !== requester) return [];
      const facts = { ticket, assignees: this.assignees(id, pending), me: ME };
      const now = query.now ? new Date(query.now) : this.options.start;
      if (!narrowed(facts, query.filter, now, this.world.catalogues)) return [];
      return [
        {
          id,
          title: ticket.title,
          kind: ticket.kind,
          status: ticket.status,
          urgency: ticket.urgency,
          priority: ticket.priority,
          requester: person ? name(person) : null,
          requester_id: requester ?? null,
          vip: person?.vip ?? false,
          assignee: mine ? 'Nadia Leroux' : null,
          category: ticket.category?.name ?? null,
          location: ticket.location?.name ?? null,
          entity: ticket.entity?.name ?? null,
          opened_at: ticket.opened_at,
          updated_at: ticket.updated_at,
          target: this.nextTarget(ticket),
          pending: pending.length,
          wedged: pending.filter((entry) => entry.state.type === 'wedged').length,
        },
      ];
    });
    const late = '9999';
    const orders: Record<TicketQuery['sort'], (a: TicketRow, b: TicketRow) => number> = {
      next_target: (a, b) => (a.target?.due ?? late).localeCompare(b.target?.due ?? late) || b.priority - a.priority,
      updated: (a, b) => b.updated_at.localeCompare(a.updated_at),
      opened: (a, b) => b.opened_at.localeCompare(a.opened_at),
      oldest: (a, b) => a.opened_at.localeCompare(b.opened_at),
      priority: (a, b) => b.priority - a.priority,
    };
    return rows.sort(orders[query.sort]);
  }
}

function plain(blocks: Block[]): string {
  const run = (content: Inline[]): string =>
    content.map((one) => ('text' in one ? one.text : 'content' in one ? run(one.content) : ' ')).join('');
  return blocks
    .map((block) => {
      if ('content' in block) return run(block.content);
      if (block.type === 'list') return block.items.map(plain).join(' ');
      return block.type === 'quote' ? plain(block.blocks) : block.type === 'code' ? block.text : '';
    })
    .join(' ');
}

function isPending(state: EntryState): boolean {
  return state.type !== 'sent' && state.type !== 'cancelled';
}

function name(person: Person): string {
  return `${person.first_name} ${person.last_name}`.trim() || person.login;
}

function fold(text: string): string {
  return text.toLowerCase().replace(/œ/g, 'oe').normalize('NFD').replace(/\p{M}/gu, '');
}

function marked(text: string, words: string[]): string {
  const folded = fold(text);
  for (const word of words) {
    const at = folded.indexOf(word);
    if (at >= 0 && folded.length === text.length)
      return `${text.slice(0, at)}\u0002${text.slice(at, at + word.length)}\u0003${text.slice(at + word.length)}`;
  }
  return text;
}
