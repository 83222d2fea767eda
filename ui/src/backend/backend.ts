// The one interface between the window and everything behind it. Two implementations: `tauri.ts` (the product) and
// `fake.ts` (tests, and looking at the window in a browser).
import type {
  Accepted,
  AppState,
  AroundNew,
  AroundTicket,
  Article,
  ArticleCategory,
  ArticleId,
  ArticleList,
  ArticleQuery,
  AskedPerson,
  Asset,
  AssetKey,
  Attachment,
  BlobHash,
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
  DocumentId,
  Draft,
  EscalationSheet,
  EscalationState,
  Export,
  Exported,
  ExportFormat,
  IndicatorSheet,
  Group,
  Hit,
  JournalPage,
  JournalQuery,
  KeptCallBack,
  LockSettings,
  DeepLink,
  LockState,
  MajorIncident,
  NewEscalation,
  NewRoomUpdate,
  NewTicketWords,
  OpenedTicket,
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
  TicketId,
  TicketList,
  TicketQuery,
  TicketView,
  TransferCard,
  TriageAction,
  UiError,
  UserId,
  WrapUp,
} from './types';

/** Stops listening. */
export type Unlisten = () => void;

/** Every method rejects with a {@link BackendFailure}, whose message and hint are in the profile's language. */
export interface Backend {
  appState(): Promise<AppState>;
  /** Somebody's record is on the screen now, for the audit log. */
  seen(what: Seen): Promise<void>;
  /** Goes through the audit log; with a ticket, held against the anchors in its follow-ups. */
  verifyAudit(ticket: TicketId | null): Promise<AuditReport>;
  /** Sends the head of the audit log as a private follow-up of a ticket. */
  sendAnchor(ticket: TicketId): Promise<Accepted>;
  /** Opens the databases with what a person gave: the passphrase of their key, or where a new profile's key is kept. */
  openVault(form: VaultForm): Promise<AppState>;
  createProfile(name: string): Promise<AppState>;
  openProfile(id: string): Promise<AppState>;
  signIn(form: SignIn): Promise<AppState>;
  useSandbox(): Promise<AppState>;
  signOut(): Promise<AppState>;
  settings(): Promise<Settings>;
  saveSettings(settings: Settings): Promise<Settings>;

  listTickets(query: TicketQuery): Promise<TicketList>;
  ticket(id: TicketId): Promise<TicketView | null>;
  /** A ticket as it is opened: what its screen shows, what lies around it, what is being typed on it. */
  openTicket(id: TicketId): Promise<OpenedTicket | null>;
  refreshTicket(id: TicketId): Promise<TicketView | null>;
  /** The requester's other tickets and those of the same equipment, open ones first. */
  aroundTicket(id: TicketId, requester: UserId | null, assets: AssetKey[]): Promise<AroundTicket>;
  /** What may be repeated by a ticket being written, and the category its words suggest. */
  aroundNewTicket(written: NewTicketWords): Promise<AroundNew>;
  search(query: SearchQuery): Promise<SearchResults>;
  person(id: UserId): Promise<PersonCard | null>;
  findPeople(words: string, limit: number): Promise<Person[]>;
  /** A slice of the map of places: what is directly in a place, at a person, or at the top. */
  places(query: PlaceQuery): Promise<PlaceLevel>;
  /** Places, people and equipment that answer to the words, with the way to each. */
  findInPlaces(words: string, limit: number): Promise<PlaceHit[]>;
  groups(): Promise<Group[]>;
  catalogue(kind: CatalogueKind): Promise<Catalogue>;
  /** The knowledge base, newest first. */
  listArticles(query: ArticleQuery): Promise<ArticleList>;
  articleCategories(): Promise<ArticleCategory[]>;
  /** Articles that may help with what these texts are about, the likeliest first. */
  suggestArticles(texts: string[], limit: number): Promise<Hit[]>;
  /** Articles read and used at this desk, read last first. */
  articleUses(): Promise<ArticleUse[]>;
  noteArticle(id: number, title: string, used: boolean): Promise<ArticleUse[]>;
  article(id: ArticleId): Promise<Article | null>;
  asset(key: AssetKey): Promise<Asset | null>;

  /** Accepts operations on one lane durably; when this resolves, the words are safe. */
  submit(submission: Submission): Promise<Accepted>;
  outbox(lane: TicketId | null, all: boolean): Promise<OutboxEntry[]>;
  /** What was sent and what a server brought back from a backup does not have any more, the newest first. */
  lostWords(): Promise<OutboxEntry[]>;
  /** Sends what a restored server lost once more, or leaves it; the gate opens. Answers how many were accepted. */
  goOnAfterRestore(again: boolean): Promise<number>;
  /** A person's way out of an entry that is stuck or not wanted. */
  resolveEntry(id: OperationId, resolution: Resolution): Promise<void>;

  /** Changes many tickets (500 at most) in one way, in one transaction; what single tickets refuse is in the report. */
  bulk(tickets: TicketId[], action: BulkAction): Promise<BulkReport>;
  /**
   * Takes back what has not left, all of it or nothing, with what was submitted together with it; resolves to the drafts its
   * words are again. Refused with `entry_already_left` once a request may have left.
   */
  takeBack(ids: OperationId[]): Promise<Draft[]>;

  saveDraft(draft: Draft): Promise<void>;
  /** The draft under a key; where there is none, the newest of the same kind (what stands before the colon) on the ticket. */
  draft(key: string, ticket: TicketId | null): Promise<Draft | null>;
  drafts(): Promise<Draft[]>;
  deleteDraft(key: string): Promise<void>;
  /** The views somebody keeps, in their order. */
  savedViews(): Promise<SavedView[]>;
  /** Keeps a view, at a place (from 0) among the others, else where it was, or last; resolves to all of them. */
  saveView(view: SavedView, place: number | null): Promise<SavedView[]>;
  /** Forgets a view; resolves to the others. */
  deleteView(id: string): Promise<SavedView[]>;
  keepAttachment(filename: string, mime: string, base64: string): Promise<Attachment>;
  /** The bytes of a file kept here until it is sent, as base64; `null` when it is not here any more. */
  attachment(blob: BlobHash): Promise<string | null>;
  document(id: DocumentId): Promise<DocumentContent>;
  /** Saves a document among the downloads and resolves to where; `open`: opened there by the system's own program. */
  saveDocument(id: DocumentId, open: boolean): Promise<string>;
  /** When the contract's calendars are open, around now. */
  serviceHours(): Promise<ServiceHours>;
  /** The indicators of a month ("2026-06"), a week ("2026-W23") or a year ("2026"), computed from what is here. */
  indicators(period: string): Promise<IndicatorSheet>;
  /** The alerts that are not over; told by {@link onAlerts} from then on. */
  alerts(): Promise<AlertsState>;
  /** Takes an alert up: durable here, then told to the supervision. */
  takeUpAlert(id: string): Promise<void>;
  /** Makes an incident of an alert, once; resolves to its ticket. */
  alertIncident(id: string): Promise<TicketId>;
  supervisionSettings(): Promise<SupervisionSettings | null>;
  /** Sets the supervision up (the secret that is kept stays when none is given), or takes it away. */
  saveSupervision(settings: SupervisionSettings | null, secret: string | null): Promise<void>;
  /** What is blocked, the longest first. */
  dailyReview(): Promise<DailyReview>;
  /** What happened from a day ("2026-06-01") until another, which is not in it. */
  logbook(from: string, to: string): Promise<Logbook>;
  /** Keeps a notable event; resolves once it is durable. */
  keepEvent(event: NotableEvent): Promise<void>;
  withdrawEvent(id: OperationId): Promise<void>;
  /** Writes what happened in a period to a text in the downloads. */
  saveChronicle(from: string, to: string): Promise<Exported>;
  /** Writes everything that a list shows to a file in the downloads, never over another. */
  export(what: Export, format: ExportFormat): Promise<Exported>;

  /** Asks for a round now. */
  syncNow(): Promise<void>;
  /** Tells that the user is there, so that polling keeps its active pace. */
  userActive(): Promise<void>;
  /** Opens an address outside the window; only `http`, `https`, `mailto` and `tel`. */
  openLink(href: string): Promise<void>;

  /**
   * Shows a notice on the desktop unless the window has the focus; resolves to whether the desktop took it. A click raises the
   * window and is told to {@link onNoticeClicked}.
   */
  notify(summary: string, body: string, ticket: TicketId | null): Promise<boolean>;

  /** Whether calls are seen. */
  telephony(): Promise<TelephonyState>;
  /** Calls that go on, oldest first; told by {@link onCall} from then on. */
  liveCalls(): Promise<CallCard[]>;
  /** A slice of the call journal, newest first, with the numbers of everything that was asked for. */
  callJournal(query: JournalQuery): Promise<JournalPage>;
  /** Queues that calls of the journal came through. */
  callQueues(): Promise<string[]>;
  callCard(id: string): Promise<CallCard>;
  /** Who is to be called back, the next due first. */
  callBacks(): Promise<KeptCallBack[]>;
  /** Says that a call-back is done; resolves to those that are still to do. */
  callBackDone(id: OperationId): Promise<KeptCallBack[]>;
  /** Keeps the note of a call as typed; resolves once it is durable. */
  noteCall(id: string, note: string): Promise<CallCard>;
  /** Says who the caller is; `null`: not known after all. */
  nameCaller(id: string, person: UserId | null): Promise<CallCard>;
  /** Says which ticket a call is about. */
  linkCall(id: string, ticket: TicketId | null): Promise<CallCard>;
  /** Does the wrap-up of a call: what became of it, and its ticket or why there is none. Durable when it resolves, and done once. */
  closeCall(id: string, wrapUp: WrapUp): Promise<CallCard>;
  /** Calls a number: one's own telephone rings first. */
  dial(number: string): Promise<void>;
  /** How the PBX is reached; `null` when no telephone is set up. */
  telephoneSettings(): Promise<PbxSettings | null>;
  /** Sets the telephone up (the secret that is kept stays when none is given), or takes it away. */
  saveTelephone(settings: PbxSettings | null, secret: string | null): Promise<void>;
  /** Where a telephone of any make tells of its calls; `null` for another kind of telephone. */
  telephoneEndpoint(): Promise<string | null>;
  /** Makes somebody call the sandbox: a VIP, or the number given. */
  sandboxCall(number: string | null): Promise<void>;

  /** What is needed to escalate a ticket: who is in charge, the form, the diagnosis as it was typed. */
  escalation(ticket: TicketId): Promise<EscalationSheet>;
  /** Keeps a ticket's diagnosis as typed; resolves once it is durable. */
  keepDiagnosis(ticket: TicketId, diagnosis: Diagnosis): Promise<void>;
  /** Escalates a ticket; refused with `escalation_incomplete` while a mandatory field is empty. */
  escalate(ticket: TicketId, escalation: NewEscalation): Promise<Accepted>;
  /** Where a ticket's escalation stands, and the time there is for it. */
  ticketEscalation(ticket: TicketId): Promise<EscalationState>;
  /** The board of what was escalated, the oldest escalation first. */
  triageBoard(query: BoardQuery): Promise<Board>;
  /** Does a step of triage; durable when it resolves. */
  triage(ticket: TicketId, action: TriageAction): Promise<Accepted>;
  /** Third parties that are waited for, the next to be reminded first. */
  chaseList(): Promise<ChaseRow[]>;
  /** Surges there are now; told by {@link onSurge} from then on. */
  surges(): Promise<SurgeCard[]>;
  dismissSurge(key: string): Promise<void>;
  /** Makes the major incident of a surge, with its children. */
  declareMajorIncident(key: string, title: string, text: string): Promise<MajorIncident>;

  /** Rooms of major incidents that are open, the next update first; told by {@link onRoom} from then on. */
  rooms(closed: boolean): Promise<RoomCard[]>;
  /** The room of a ticket with its parent and children, or `null`. */
  room(ticket: TicketId): Promise<RoomSheet | null>;
  /** Opens the room of a ticket, or opens it again. */
  openRoom(ticket: TicketId): Promise<RoomSheet>;
  /** Keeps what was typed in a room; resolves once it is durable. */
  saveRoom(ticket: TicketId, words: RoomWords): Promise<RoomCard>;
  /** Posts an update on the parent and, where asked, on each open child; the same identity is posted once. */
  postRoomUpdate(ticket: TicketId, update: NewRoomUpdate): Promise<RoomPosted>;
  closeRoom(ticket: TicketId): Promise<RoomSheet>;
  /** The report of a room, as it would be now. */
  roomReport(ticket: TicketId): Promise<RoomReport>;
  /** Saves the report in the downloads; with `note`, adds it to the parent as a private follow-up of that identity, once. */
  saveRoomReport(ticket: TicketId, note: OperationId | null): Promise<SavedRoomReport>;

  /** What is needed to take a screen over for a ticket: consents, equipment with its targets, tools, sessions. */
  remoteSheet(ticket: TicketId): Promise<RemoteSheet>;
  /** The same, after the server was asked how the equipment is reached now; without a server, what is kept. */
  freshRemoteSheet(ticket: TicketId): Promise<RemoteSheet>;
  /** Keeps the answer of somebody who was asked; written once. */
  recordConsent(
    ticket: TicketId,
    asset: AssetKey | null,
    person: AskedPerson,
    means: ConsentMeans,
    askedAt: string,
    agreed: boolean,
  ): Promise<RemoteSheet>;
  /** Takes an agreement back. */
  withdrawConsent(ticket: TicketId, agreement: ConsentId): Promise<RemoteSheet>;
  /** What would be started; nothing is. */
  remotePlan(tool: string, target: string): Promise<RemotePlan>;
  /** Starts a session; refused without a consent that holds. */
  startRemote(ticket: TicketId, asset: AssetKey | null, tool: string, target: string): Promise<RemoteSessionCard>;
  /** Says that a session is over, and puts it into its ticket, once. */
  endRemote(id: string, note: string): Promise<RemoteSessionCard>;
  /** Sessions that are not over; told by {@link onRemoteSession} from then on. */
  remoteSessions(): Promise<RemoteSessionCard[]>;
  /** Whether a token of TeamViewer's Web API is kept. */
  remoteTokenSet(): Promise<boolean>;
  /** Keeps the token in the keyring, or takes it away. */
  saveRemoteToken(token: string | null): Promise<void>;

  /** Hot transfers that go on, and those that ended while their call's wrap-up is not done; told by {@link onTransfer} from then on. */
  transfers(): Promise<TransferCard[]>;
  /** Offers the hot transfer of a call; of one whose transfer goes on, that transfer. */
  beginTransfer(call: string): Promise<TransferCard>;
  /** Keeps what the briefing says, as typed; resolves once it is durable. */
  briefTransfer(id: OperationId, briefing: Briefing): Promise<TransferCard>;
  /** Takes a decision; a refusal changes nothing and says why. */
  decideTransfer(id: OperationId, decision: Decision): Promise<TransferCard>;
  /** Contracts that come with the product, and the one in force. */
  contractNames(): Promise<ContractNames>;

  /** What the link that the program was started with shows; told once. */
  openedWith(): Promise<DeepLink | null>;

  /** The text and cure of a code that came without words (a gate's, a notice's). */
  explain(code: string): Promise<UiError>;

  lockState(): Promise<LockState>;
  /** Locks the window; the place is given back when it is opened. */
  lock(place: string | null): Promise<void>;
  /** Opens it with the PIN; answers where it was. */
  unlock(pin: string): Promise<string | null>;
  /** Opens it with the account's own credentials; answers where it was. */
  unlockByAccount(form: SignInAgain): Promise<string | null>;
  /** Chooses the PIN that the organisation wants, at a desk that has none; answers where the window was. */
  choosePin(pin: string): Promise<string | null>;
  changePin(current: string, next: string | null): Promise<LockState>;
  saveLock(settings: LockSettings): Promise<LockState>;
  /** Loads the page again. */
  reload(): void;
  onLock(listener: (state: LockState) => void): Unlisten;
  onChanged(listener: (changes: ChangeSet) => void): Unlisten;
  /** A notice on the desktop was clicked: the ticket it leads to, or `null` for the list of notices. */
  onNoticeClicked(listener: (ticket: TicketId | null) => void): Unlisten;
  /** A call began, changed or ended: its card, whole. */
  onCall(listener: (card: CallCard) => void): Unlisten;
  /** A hot transfer began, changed or ended: its card, whole. */
  onTransfer(listener: (card: TransferCard) => void): Unlisten;
  /** The PBX came or went. */
  onTelephony(listener: (state: TelephonyState) => void): Unlisten;
  /** Surges came, changed or went: all there are. */
  onAlerts(listener: (state: AlertsState) => void): Unlisten;
  onSurge(listener: (cards: SurgeCard[]) => void): Unlisten;
  /** Rooms that are open, or their standing, changed: all there are. */
  onRoom(listener: (cards: RoomCard[]) => void): Unlisten;
  /** A session of remote control began or ended. */
  onRemoteSession(listener: (card: RemoteSessionCard) => void): Unlisten;
  onSyncStatus(listener: (status: SyncStatus) => void): Unlisten;
}

/** A refusal as the window shows it. */
export class BackendFailure extends Error {
  readonly code: string;
  readonly hint: string;
  /** What the system, the network or the server said in its own language, for support. */
  readonly detail: string | null;

  constructor(error: Omit<UiError, 'detail'> & { detail?: string | null }) {
    super(error.message);
    this.name = 'BackendFailure';
    this.code = error.code;
    this.hint = error.hint;
    this.detail = error.detail ?? null;
  }
}

/** Whether a value has the shape of Rust's `UiError`. */
export function isUiError(value: unknown): value is UiError {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
}
