// What crosses between the window and Rust: the domain's and the store's own types, as serde writes them. Times are
// RFC 3339 strings, identifiers are numbers, enums carry their variant in `type`.

export type Timestamp = string;
export type TicketId = number;
export type UserId = number;
export type GroupId = number;
export type DocumentId = number;
export type ArticleId = number;
export type OperationId = string;
export type BlobHash = string;
export type Level = number;

// ---- rich text ------------------------------------------------------------------------------------------------------
export type Inline =
  | { type: 'text'; text: string }
  | { type: 'strong'; content: Inline[] }
  | { type: 'emphasis'; content: Inline[] }
  | { type: 'code'; text: string }
  | { type: 'link'; href: string; content: Inline[] }
  | { type: 'image'; document: DocumentId | null; alt: string }
  | { type: 'break' };

export interface Cell {
  header: boolean;
  content: Inline[];
}

export type Block =
  | { type: 'paragraph'; content: Inline[] }
  | { type: 'heading'; level: number; content: Inline[] }
  | { type: 'list'; ordered: boolean; items: Block[][] }
  | { type: 'table'; rows: Cell[][] }
  | { type: 'quote'; blocks: Block[] }
  | { type: 'code'; text: string };

export interface RichText {
  blocks: Block[];
}

// ---- lists ----------------------------------------------------------------------------------------------------------
export type CatalogueKind =
  | 'entity'
  | 'category'
  | 'location'
  | 'channel'
  | 'followup_template'
  | 'task_template'
  | 'solution_template'
  | 'solution_type'
  | 'sla'
  | 'user_category'
  | 'article_category';

export interface CatalogueRef {
  id: number;
  name: string | null;
}

export interface CatalogueItem {
  kind: CatalogueKind;
  id: number;
  name: string;
  full_name: string;
  parent: number | null;
  body: RichText | null;
  by_expansion: boolean;
}

export type Availability = 'available' | 'forbidden' | 'unsupported' | 'unknown';

export interface Catalogue {
  items: CatalogueItem[];
  availability: Availability;
}

// ---- tickets --------------------------------------------------------------------------------------------------------
export type TicketKind = 'incident' | 'request';
export type Status = 'new' | 'assigned' | 'planned' | 'waiting' | 'solved' | 'closed';
export type Role = 'requester' | 'assigned' | 'observer';
export type Party = { type: 'user'; id: UserId } | { type: 'group'; id: GroupId } | { type: 'email'; address: string };

export interface Actor {
  role: Role;
  party: Party;
}

export interface Ticket {
  id: TicketId;
  title: string;
  description: RichText;
  kind: TicketKind;
  status: Status;
  urgency: Level;
  impact: Level;
  priority: Level;
  category: CatalogueRef | null;
  entity: CatalogueRef | null;
  location: CatalogueRef | null;
  channel: CatalogueRef | null;
  recorder: UserId | null;
  opened_at: Timestamp;
  updated_at: Timestamp;
  solved_at: Timestamp | null;
  closed_at: Timestamp | null;
  taken_up_at: Timestamp | null;
  time_to_own: Timestamp | null;
  time_to_resolve: Timestamp | null;
  slas: CatalogueRef[];
  external_id: string | null;
}

export type EntryKind = 'followup' | 'task' | 'solution' | 'validation';
export interface EntryKey {
  kind: EntryKind;
  id: number;
}
export type TaskState = 'information' | 'todo' | 'done';
export type Approval = 'none' | 'waiting' | 'accepted' | 'refused';

export type EntryDetail =
  | { type: 'followup'; channel: CatalogueRef | null }
  | {
      type: 'task';
      state: TaskState;
      duration_s: number;
      begin: Timestamp | null;
      end: Timestamp | null;
      assignee: UserId | null;
      group: GroupId | null;
      uuid: string | null;
    }
  | { type: 'solution'; approval: Approval; answered_at: Timestamp | null }
  | {
      type: 'validation';
      validator: UserId | null;
      approval: Approval;
      answer: RichText;
      answered_at: Timestamp | null;
    };

export interface TimelineEntry {
  key: EntryKey;
  ticket: TicketId;
  author: UserId | null;
  at: Timestamp;
  updated_at: Timestamp;
  body: RichText;
  private: boolean;
  detail: EntryDetail;
}

export interface Document {
  id: DocumentId;
  name: string;
  filename: string;
  mime: string | null;
  sha1: string | null;
  updated_at: Timestamp | null;
}

export interface DocumentLink {
  id: number;
  document: DocumentId;
  ticket: TicketId;
  entry: EntryKey | null;
  author: UserId | null;
  at: Timestamp | null;
}

export interface Attachment {
  blob: BlobHash;
  filename: string;
  mime: string;
  size: number;
}

// ---- people and equipment -------------------------------------------------------------------------------------------
export interface PhoneNumber {
  raw: string;
  e164: string | null;
  digits: string;
}

export interface Person {
  id: UserId;
  login: string;
  first_name: string;
  last_name: string;
  phones: PhoneNumber[];
  emails: string[];
  location: CatalogueRef | null;
  category: CatalogueRef | null;
  title: CatalogueRef | null;
  groups: GroupId[];
  active: boolean;
  vip: boolean;
  updated_at: Timestamp | null;
}

export interface Group {
  id: GroupId;
  name: string;
  full_name: string;
  assignable: boolean;
  vip: boolean;
}

export interface AssetKey {
  kind: string;
  id: number;
}

export interface Asset {
  key: AssetKey;
  name: string;
  serial: string | null;
  inventory_number: string | null;
  user: UserId | null;
  location: CatalogueRef | null;
  entity: CatalogueRef | null;
  model: string | null;
  state: string | null;
  updated_at: Timestamp | null;
}

export interface Article {
  id: ArticleId;
  title: string;
  body: RichText;
  categories: CatalogueRef[];
  faq: boolean;
  updated_at: Timestamp | null;
}

// ---- operations and outbox ------------------------------------------------------------------------------------------
export interface NewTicket {
  title: string;
  description: RichText;
  kind: TicketKind;
  urgency: Level;
  impact: Level;
  category: number | null;
  location: number | null;
  channel: number | null;
  entity: number | null;
  actors: Actor[];
  assets: AssetKey[];
}

export type Field =
  'title' | 'description' | 'kind' | 'status' | 'urgency' | 'impact' | 'priority' | 'category' | 'location' | 'channel';

export type FieldValue =
  | { type: 'text'; value: string }
  | { type: 'rich'; value: RichText }
  | { type: 'kind'; value: TicketKind }
  | { type: 'status'; value: Status }
  | { type: 'level'; value: Level }
  | { type: 'row'; value: number | null };

export type AttachTo = { type: 'ticket' } | { type: 'operation'; id: OperationId };

export type Operation =
  | { type: 'create_ticket'; ticket: NewTicket }
  | { type: 'add_followup'; body: RichText; private: boolean }
  | {
      type: 'add_task';
      body: RichText;
      private: boolean;
      state: TaskState;
      duration_s: number;
      begin: Timestamp | null;
      assignee: UserId | null;
    }
  | { type: 'add_solution'; body: RichText; solution_type: number | null }
  | { type: 'answer_solution'; accept: boolean; body: RichText }
  | { type: 'reopen'; body: RichText }
  | { type: 'assign'; actor: Actor }
  | { type: 'unassign'; actor: Actor }
  | { type: 'set_field'; field: Field; base: FieldValue; new: FieldValue }
  | { type: 'upload_document'; attachment: Attachment; attach_to: AttachTo }
  | { type: 'link_article'; article: ArticleId }
  | { type: 'link_asset'; asset: AssetKey };

export type WedgeReason =
  | { type: 'invalid'; message: string }
  | { type: 'forbidden'; message: string }
  | { type: 'gone' }
  | { type: 'closed' }
  | { type: 'already_solved' }
  | { type: 'conflict'; field: Field; base: FieldValue; theirs: FieldValue; ours: FieldValue }
  | { type: 'undetermined' }
  | { type: 'dependency_discarded' }
  | { type: 'too_many_attempts'; message: string };

export type EntryState =
  | { type: 'queued'; not_before: Timestamp | null }
  | { type: 'in_flight' }
  | { type: 'in_doubt'; since: Timestamp; not_before: Timestamp | null }
  | { type: 'sent'; at: Timestamp }
  | { type: 'wedged'; reason: WedgeReason }
  | { type: 'cancelled'; at: Timestamp };

export interface OutboxEntry {
  id: OperationId;
  lane: TicketId;
  seq: number;
  operation: Operation;
  state: EntryState;
  attempts: number;
  created_at: Timestamp;
  first_attempt_at: Timestamp | null;
  last_error: string | null;
  remote_id: number | null;
}

export type Resolution =
  | { type: 'retry' }
  | { type: 'edit'; operation: Operation }
  | { type: 'discard' }
  | { type: 'confirm_sent' }
  | { type: 'take_theirs' }
  | { type: 'take_mine' };

export type Gate =
  | { type: 'open' }
  | { type: 'offline'; since: Timestamp; retry_at: Timestamp }
  | { type: 'auth_required'; code: string }
  | { type: 'backed_off'; until: Timestamp };

// ---- reads ----------------------------------------------------------------------------------------------------------
export type View = 'mine' | 'unassigned' | 'open' | 'waiting' | 'solved' | 'all' | 'pending';
export type Sort = 'next_target' | 'updated' | 'opened' | 'priority';
export type TargetKind = 'own' | 'resolve';

export interface TicketQuery {
  view: View;
  me: UserId | null;
  vip_only: boolean;
  requester: UserId | null;
  sort: Sort;
  offset: number;
  limit: number;
}

export interface TicketRow {
  id: TicketId;
  title: string;
  kind: TicketKind;
  status: Status;
  urgency: Level;
  priority: Level;
  requester: string | null;
  requester_id: UserId | null;
  vip: boolean;
  assignee: string | null;
  category: string | null;
  location: string | null;
  opened_at: Timestamp;
  updated_at: Timestamp;
  next_target: Timestamp | null;
  next_target_kind: TargetKind | null;
  pending: number;
  wedged: number;
}

export interface TicketList {
  rows: TicketRow[];
  total: number;
}

export interface NamedUser {
  id: UserId;
  name: string | null;
  vip: boolean;
}

export interface NamedGroup {
  id: GroupId;
  name: string | null;
}

export type LinkKind = 'related' | 'duplicate_of' | 'child_of' | 'parent_of';

export interface LinkedTicket {
  id: TicketId;
  kind: LinkKind;
  title: string | null;
  status: Status | null;
}

export interface AttachedDocument {
  document: Document;
  link: DocumentLink;
  kept: boolean;
}

export type Departure = 'binned' | 'purged' | 'hidden';

export interface PersonCard {
  person: Person;
  open_tickets: TicketRow[];
  assets: Asset[];
}

export interface TicketView {
  ticket: Ticket;
  actors: Actor[];
  timeline: TimelineEntry[];
  pending: OutboxEntry[];
  documents: AttachedDocument[];
  links: LinkedTicket[];
  assets: Asset[];
  users: NamedUser[];
  groups: NamedGroup[];
  requester: PersonCard | null;
  departure: Departure | null;
  details_read: boolean;
}

export type HitKind = 'ticket' | 'article' | 'person' | 'asset';

export interface SearchQuery {
  text: string;
  kinds: HitKind[];
  limit: number;
}

export interface Hit {
  kind: HitKind;
  id: number;
  asset_kind: string;
  title: string;
  snippet: string;
  status: Status | null;
  vip: boolean;
}

export interface SearchResults {
  hits: Hit[];
  elapsed_ms: number;
}

export interface Draft {
  key: string;
  ticket: TicketId | null;
  body: string;
  attachments: Attachment[];
  updated_at: Timestamp;
}

export interface ChangeSet {
  tickets: TicketId[];
  lists: boolean;
  outbox: boolean;
  people: boolean;
  articles: boolean;
  catalogues: boolean;
  assets: boolean;
  dropped: number;
  renumbered: [TicketId, TicketId][];
}

// ---- sync -----------------------------------------------------------------------------------------------------------
export type Collection =
  | { type: 'catalogue'; list: CatalogueKind }
  | { type: 'groups' }
  | { type: 'people' }
  | { type: 'tickets' }
  | { type: 'ticket_details' }
  | { type: 'articles' }
  | { type: 'assets' };

export interface CollectionProgress {
  collection: Collection;
  done: number;
  total: number | null;
  complete: boolean;
  unavailable: boolean;
}

export interface OutboxCounts {
  pending: number;
  wedged: number;
  in_doubt: number;
}

export interface MirrorCounts {
  tickets: number;
  articles: number;
  people: number;
  assets: number;
}

export interface SyncStatus {
  gate: Gate;
  running: boolean;
  last_round_at: Timestamp | null;
  first_sync: CollectionProgress[];
  rows_per_second: number | null;
  outbox: OutboxCounts;
  last_error: string | null;
}

// ---- the window's own -----------------------------------------------------------------------------------------------
export type Locale = 'fr' | 'en';
export type Theme = 'light' | 'dark' | 'system';
export type SecretStoreKind = 'keyring' | 'file';
export type SignInMethod = 'user_token' | 'password';

export interface Profile {
  id: string;
  name: string;
  url: string | null;
  sandbox: boolean;
}

export interface Account {
  user: UserId;
  name: string;
  product: string;
  profile: string;
}

export interface AppState {
  profile: Profile;
  profiles: Profile[];
  locale: Locale;
  theme: Theme;
  signed_in: boolean;
  account: Account | null;
  status: SyncStatus;
  counts: MirrorCounts;
  keyring_available: boolean;
  notice: string | null;
  version: string;
}

export interface SignIn {
  url: string;
  method: SignInMethod;
  user_token: string | null;
  login: string | null;
  password: string | null;
  app_token: string | null;
  secret_store: SecretStoreKind;
}

export type VipRule = { type: 'category'; id: number } | { type: 'group'; id: GroupId } | { type: 'plugin' };

export interface Settings {
  locale: Locale | null;
  theme: Theme;
  vip_rules: VipRule[];
  active_interval_s: number;
  longest_processing_s: number;
}

export interface NewOperation {
  id: OperationId;
  operation: Operation;
}

export interface Submission {
  lane: TicketId | null;
  operations: NewOperation[];
  draft: string | null;
}

export interface Accepted {
  lane: TicketId;
  entries: OutboxEntry[];
}

export interface DocumentContent {
  filename: string;
  mime: string;
  base64: string;
}

export interface UiError {
  code: string;
  message: string;
  hint: string;
}
