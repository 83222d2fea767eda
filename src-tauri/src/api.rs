//! What the window and Rust say to each other, beyond the domain's and the store's own types. Exported to
//! `ui/src/backend/bindings.ts`; the list of commands is in `docs/architecture.md`.

mod alerts;
mod escalation;
mod export;
mod figures;
mod lock;
mod remote;
mod review;
mod rooms;
mod transfer;

pub use alerts::*;
pub use escalation::*;
pub use export::*;
pub use figures::*;
pub use lock::*;
pub use remote::*;
pub use review::*;
pub use rooms::*;
pub use transfer::*;

use crate::messages::Locale;
use guichet_domain::{
    OperationId, TicketId, UserId,
    call::Call,
    catalogue::{Availability, CatalogueItem},
    hot_transfer::OfferReason,
    operation::{Field, FieldValue, Operation},
    outbox::OutboxEntry,
    people::Person,
    record::LinkKind,
    ticket::Actor,
    wrap_up::Disposition,
};
use guichet_store::{AroundTicket, ChangeSet, Draft, JournalCall, MirrorCounts, PersonCard, TicketView};
use guichet_sync::SyncStatus;
use guichet_telephony::ConnectionState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;
use std::time::Duration;

/// A failure as it reaches a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct UiError {
    /// Stable key of the message catalogue.
    pub code: String,
    /// What went wrong, in the profile's language.
    pub message: String,
    /// The cure, in the profile's language.
    pub hint: String,
    /// What the system, the network or the server said in its own language, for support. Shown on demand only.
    pub detail: Option<String>,
}

/// One profile: one account on one server, with its own databases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Profile {
    /// What `open_profile` takes.
    pub id: String,
    /// The name people gave it.
    pub name: String,
    /// The server's address, once signed in to one.
    pub url: Option<String>,
    /// It is the embedded sandbox: demonstration data, nothing real.
    pub sandbox: bool,
}

/// Who is signed in, remembered for offline starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Account {
    /// The account's number at the backend: "me".
    pub user: UserId,
    /// Display name.
    pub name: String,
    /// The server's product and version ("GLPI 11.0.6").
    pub product: String,
    /// The active profile at the server ("Technician").
    pub profile: String,
}

/// Everything the window needs to draw its first frame.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct AppState {
    /// The open profile.
    pub profile: Profile,
    /// All profiles of this desk.
    pub profiles: Vec<Profile>,
    /// The language in force.
    pub locale: Locale,
    /// Light, dark, or the system's.
    pub theme: Theme,
    /// An account is configured: show the console, not the sign-in page. Whether the server still accepts it is
    /// `status.gate`'s business.
    pub signed_in: bool,
    /// The account, once known.
    pub account: Option<Account>,
    /// The sync engine's state.
    pub status: SyncStatus,
    /// What is mirrored.
    pub counts: MirrorCounts,
    /// The operating system's keyring answers. Asked only while nobody is signed in (the sign-in page offers the file
    /// otherwise); `true` afterwards.
    pub keyring_available: bool,
    /// Something worth telling about this start (a damaged mirror was moved aside…): a key of the message catalogue,
    /// for `explain`.
    pub notice: Option<String>,
    /// This program's version.
    pub version: String,
}

/// How to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// The person's own API token (preferred).
    UserToken,
    /// Login and password.
    Password,
}

/// Where secrets are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SecretStoreKind {
    /// The operating system's keyring.
    #[default]
    Keyring,
    /// A file of mode 0600 in the profile, for machines without a keyring.
    File,
}

/// What is on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Seen {
    /// A ticket.
    Ticket {
        /// Which.
        id: guichet_domain::TicketId,
    },
    /// A person's card.
    Person {
        /// Whose.
        id: guichet_domain::UserId,
    },
    /// A call's card, or what was noted of it.
    Call {
        /// Which, at its PBX.
        id: String,
    },
}

/// What going through the audit log found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct AuditReport {
    /// Lines in it.
    pub lines: u64,
    /// Its head: what an anchor of it says.
    pub anchor: String,
    /// Anchors it was held against.
    pub anchors: u32,
    /// What is wrong first, in the words of a log; null when it is whole.
    pub broken: Option<String>,
}

/// An article read or used at this desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ArticleUse {
    /// Which.
    pub id: guichet_domain::ArticleId,
    /// Its title when it was read last.
    pub title: String,
    /// Inserted or linked so many times.
    pub uses: u32,
    /// When it was read last.
    #[specta(type = String)]
    pub read_at: jiff::Timestamp,
}

/// Where the key of a profile's databases is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// The operating system's keyring.
    Keyring,
    /// In the profile, wrapped by a passphrase that is asked for at every start.
    Passphrase,
    /// In a file of mode 0600 in the profile: who copies the folder can read it. For machines without a keyring where
    /// nobody is there to type, and only when it was asked for.
    File,
}

/// What opens the databases. Not printed, not kept.
#[derive(Clone, Deserialize, Type)]
pub struct VaultForm {
    /// Where a new profile's key goes; null: where it is.
    pub place: Option<KeyPlace>,
    /// The passphrase, where one is needed.
    pub passphrase: Option<String>,
}

/// What the sign-in page sends. Neither printed nor kept: secrets go to the secret store.
#[derive(Clone, Deserialize, Type)]
pub struct SignIn {
    /// The server's address as typed.
    pub url: String,
    /// Which of the two.
    pub method: SignInMethod,
    /// For [`SignInMethod::UserToken`].
    pub user_token: Option<String>,
    /// For [`SignInMethod::Password`].
    pub login: Option<String>,
    /// For [`SignInMethod::Password`].
    pub password: Option<String>,
    /// Where the server's API clients ask for one.
    pub app_token: Option<String>,
    /// Where to keep the secrets.
    pub secret_store: SecretStoreKind,
}

/// Light, dark, or the system's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the operating system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What makes a person a VIP; the first rule that matches wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum VipRule {
    /// Persons of this category.
    Category {
        /// The category's number.
        id: i64,
    },
    /// Members of this group.
    Group {
        /// The group's number.
        id: i64,
    },
    /// Members of the groups that GLPI's plugin "vip" marks.
    Plugin,
}

/// What a text of one's own is inserted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SnippetKind {
    /// Follow-ups.
    Followup,
    /// Tasks.
    Task,
    /// Solutions.
    Solution,
}

/// A text of one's own, inserted by `::` beside the backend's templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Snippet {
    /// What it is found by.
    pub name: String,
    /// What it says; the window fills its variables in.
    pub text: String,
    /// Where it is proposed; empty: everywhere.
    pub kinds: Vec<SnippetKind>,
}

/// The hours in which notifications stay silent, every day, by the clock of this computer. Over midnight when it ends
/// before it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct QuietHours {
    /// Minutes after midnight, 0 to 1439.
    pub from_min: u32,
    /// Minutes after midnight, 0 to 1439.
    pub until_min: u32,
}

/// A profile's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Settings {
    /// The language; `None` follows the operating system.
    pub locale: Option<Locale>,
    /// Light, dark, or the system's.
    pub theme: Theme,
    /// What makes a person a VIP.
    pub vip_rules: Vec<VipRule>,
    /// Seconds between two rounds while the user is active, 1 to 3600.
    pub active_interval_s: u32,
    /// Longest time the server may go on with a request whose reply was lost, in seconds, 10 to 3600.
    pub longest_processing_s: u32,
    /// Texts of one's own.
    pub snippets: Vec<Snippet>,
    /// When notifications stay silent; `None`: never.
    pub quiet_hours: Option<QuietHours>,
    /// Notices are shown on the desktop too while the window has no focus.
    pub desktop_notices: bool,
    /// They tell a ticket's title and nothing of its text: a screen may be shared.
    pub discreet_notices: bool,
    /// Seconds during which what the window sends can be taken back, 0 to 60; 0: it leaves at once.
    pub undo_send_s: u32,
    /// The contract it works by (roster, policies, calendars): the name of one that comes with the product, or a file's path;
    /// `None`: the demonstration's in the sandbox, `itil-default` else.
    pub contract: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            locale: None,
            theme: Theme::System,
            vip_rules: vec![VipRule::Plugin],
            active_interval_s: 5,
            longest_processing_s: 120,
            snippets: Vec::new(),
            quiet_hours: None,
            desktop_notices: true,
            discreet_notices: true,
            undo_send_s: 5,
            contract: None,
        }
    }
}

/// One intent with the identity the window chose for it (a UUID, version 7: time-ordered), so that an upload can name the
/// operation whose timeline entry it hangs on.
#[derive(Debug, Clone, PartialEq, Deserialize, Type)]
pub struct NewOperation {
    /// Its identity.
    pub id: OperationId,
    /// What is meant.
    pub operation: Operation,
}

/// Operations to accept together on one lane.
#[derive(Debug, Clone, PartialEq, Deserialize, Type)]
pub struct Submission {
    /// The ticket; `null` when the first operation creates one.
    pub lane: Option<TicketId>,
    /// The intents, in order.
    pub operations: Vec<NewOperation>,
    /// The key of the draft they came from; it is removed in the same transaction, and given back when they are taken back.
    pub draft: Option<String>,
    /// Seconds during which they can be taken back, 0 to 60; without it, the setting `undo_send_s`.
    #[serde(default)]
    pub hold_s: Option<u32>,
}

impl Submission {
    /// As the store takes it.
    #[must_use]
    pub fn accepted_with(self, hold: Duration) -> guichet_store::Submission {
        guichet_store::Submission {
            lane: self.lane,
            operations: self.operations.into_iter().map(|new| (new.id, new.operation)).collect(),
            draft: self.draft,
            hold,
        }
    }
}

/// What became of a submission: the words are safe.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct Accepted {
    /// The ticket; a negative number for one created here.
    pub lane: TicketId,
    /// The entries, in order.
    pub entries: Vec<OutboxEntry>,
}

/// One change to many tickets.
#[derive(Debug, Clone, PartialEq, Deserialize, Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BulkAction {
    /// Give somebody a part in each.
    Assign {
        /// Who, as what.
        actor: Actor,
    },
    /// Set one field of each, whatever it is now.
    Set {
        /// Which; not a text, and no status that comes with a solution.
        field: Field,
        /// What it shall be.
        new: FieldValue,
    },
    /// Link each to one other ticket.
    Link {
        /// The other one, by the backend's number.
        ticket: TicketId,
        /// What each is to it.
        kind: LinkKind,
    },
}

/// A ticket that a change to many left as it is, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct BulkRefusal {
    /// Which.
    pub ticket: TicketId,
    /// Its title, if it is known here.
    pub title: Option<String>,
    /// Why.
    pub error: UiError,
}

/// What became of a change to many tickets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Type)]
pub struct BulkReport {
    /// The operations that were accepted, one a ticket, in one transaction: what `take_back` takes.
    pub accepted: Vec<OperationId>,
    /// Until when they are held.
    #[specta(type = Option<String>)]
    pub held_until: Option<Timestamp>,
    /// What was refused.
    pub refused: Vec<BulkRefusal>,
}

/// A ticket as it is opened: everything its screen shows, in one answer.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct OpenedTicket {
    /// The ticket.
    pub view: TicketView,
    /// Its requester's other tickets and those of the same equipment, open ones first.
    pub around: AroundTicket,
    /// What is being typed on it, newest first: its answer, its description.
    pub drafts: Vec<Draft>,
}

/// A list and whether it could be read.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct Catalogue {
    /// Its rows by full name.
    pub items: Vec<CatalogueItem>,
    /// Whether the account may read it.
    pub availability: Availability,
}

/// A document's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct DocumentContent {
    /// File name.
    pub filename: String,
    /// Media type.
    pub mime: String,
    /// The bytes, standard base64.
    pub base64: String,
    /// The system's own program may open it: its kind is one that is looked at, not run.
    pub openable: bool,
}

/// Which reads to make again.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "changed")]
pub struct Changed(pub ChangeSet);

/// A notice on the desktop was clicked, and the window is in front: the ticket it leads to, or the list of notices.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "notice_clicked")]
pub struct NoticeClicked(pub Option<TicketId>);

/// The sync engine's state, after each change.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "sync_status")]
pub struct SyncStatusChanged(pub SyncStatus);

/// The kind of a telephone system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum PbxKind {
    /// Asterisk's manager interface (XiVO's engine has it).
    #[default]
    Asterisk,
    /// XiVO's unified communication server.
    Xuc,
    /// Wazo.
    Wazo,
    /// Alcatel-Lucent's OmniPCX Enterprise, by O2G.
    O2g,
    /// Aircall, by its REST API.
    Aircall,
    /// Any telephone that can call an address or run a program when it rings.
    Generic,
}

/// How the PBX is reached, and which telephone is the desk's own. No secret in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct PbxSettings {
    /// Which kind it is.
    #[serde(default)]
    pub kind: PbxKind,
    /// Host name or address; of no meaning for [`PbxKind::Generic`], which is this machine.
    pub host: String,
    /// Its port (Asterisk: 5038, 5039 where it is protected).
    pub port: u16,
    /// Protected by TLS.
    pub protected: bool,
    /// A file (PEM) of the authorities to trust instead of the system's: the PBX's own.
    pub authorities: Option<String>,
    /// The manager's account; Aircall's: the identity of the API key.
    pub username: String,
    /// The desk's own telephone as the PBX names it ("SIP/6001"); Aircall's: the user's number there.
    pub device: String,
    /// Queues whose calls are seen as well; Aircall's: its numbers that ring at the desk.
    pub queues: Vec<String>,
    /// Dialplan context that calls and consultations are dialled in.
    pub context: String,
}

impl Default for PbxSettings {
    fn default() -> Self {
        Self {
            kind: PbxKind::default(),
            host: String::new(),
            port: 5038,
            protected: false,
            authorities: None,
            username: String::new(),
            device: String::new(),
            queues: Vec::new(),
            context: "default".to_owned(),
        }
    }
}

/// Whether calls are seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct TelephonyState {
    /// The desk's own telephone; none is set up where it is missing.
    pub device: Option<String>,
    /// The connection to the PBX, where one is set up.
    pub connection: Option<ConnectionState>,
}

/// Who the other end of a call is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Caller {
    /// The number is hidden.
    Anonymous,
    /// Nobody here has this number.
    Unknown,
    /// One person.
    Known {
        /// Who.
        person: UserId,
        /// The very number or extension, or somebody said so; else only the last nine digits agree.
        sure: bool,
    },
    /// Several have this number: somebody says which.
    Several {
        /// Active accounts first.
        people: Vec<Person>,
    },
}

/// A call with everything that is shown of it: painted as it comes, without asking anything back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct CallCard {
    /// The call.
    pub call: Call,
    /// It rings at, or is on, or was answered by, the desk's own telephone.
    pub mine: bool,
    /// Who the other end is.
    pub caller: Caller,
    /// The person, once known or chosen.
    pub person: Option<UserId>,
    /// That person's card: open tickets, equipment, VIP mark.
    pub card: Option<PersonCard>,
    /// Earlier calls of the same person (of the same number where nobody is known), newest first, at most 5.
    pub recent: Vec<JournalCall>,
    /// Notes as typed.
    pub note: String,
    /// The ticket it is about.
    pub ticket: Option<TicketId>,
    /// What became of it, once the wrap-up is done.
    pub disposition: Option<Disposition>,
    /// The wrap-up is done.
    pub closed: bool,
    /// Identities it had before: what is shown under them is this call.
    pub gone: Vec<String>,
    /// The contract offers a hot transfer for it, and why.
    pub offer: Option<OfferReason>,
    /// It was handed on to this desk with a ticket: what its briefing says.
    pub briefing: Option<CallBriefing>,
}

/// A call began, changed or ended.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "call")]
pub struct CallChanged(pub CallCard);

/// The PBX came or went.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "telephony")]
pub struct TelephonyChanged(pub TelephonyState);
