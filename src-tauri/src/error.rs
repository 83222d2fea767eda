//! One error for the shell. Each has a code of the message catalogue; [`AppError::explain`] gives the text and the cure.

use crate::{
    api::UiError,
    cli::kpi::KpiError,
    core::{
        contract::ContractFileError,
        escalation::EscalationFailure,
        evidence::EvidenceFailure,
        lock::LockError,
        policy::PolicyProblem,
        profile::ProfileError,
        remote::RemoteFailure,
        review::ReviewFailure,
        sandbox::SandboxError,
        secrets::SecretError,
        supervision::SupervisionError,
        telephony::TelephonyError,
        transfers::TransferError,
        vault::{PASSPHRASE_MIN, VaultError},
        wipe::WipeError,
    },
    messages::Locale,
};
use guichet_backend::{AuthProblem, BackendError, WireProblem};
use guichet_backend_glpi::{BaseUrlError, HttpTransportError};
use guichet_domain::{
    TicketId,
    consent::{ConsentError, NotGranted},
    escalation::EscalationError,
    operation::OperationError,
    outbox::WedgeReason,
    room::RoomError,
};
use guichet_remote::RemoteError;
use guichet_service_levels::table::TableError;
use guichet_store::StoreError;
use guichet_sync::SyncError;
use std::path::PathBuf;

/// What can go wrong between a person's action and its effect.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The server.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The databases.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operation is incomplete or out of range.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// The profile.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The keyring or the file of secrets.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The key of the databases.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A wipe.
    #[error(transparent)]
    Wipe(#[from] WipeError),
    /// The lock.
    #[error(transparent)]
    Lock(LockError),
    /// The embedded sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The telephone.
    #[error(transparent)]
    Telephony(#[from] TelephonyError),
    /// The hot transfer.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The address or this machine's TLS.
    #[error(transparent)]
    Transport(#[from] HttpTransportError),
    /// The contract.
    #[error(transparent)]
    Contract(Box<ContractFileError>),
    /// The indicators of a contract.
    #[error(transparent)]
    Kpi(Box<KpiError>),
    /// Evidence from what the desk holds.
    #[error(transparent)]
    Evidence(#[from] EvidenceFailure),
    /// An alert, or the supervision.
    #[error(transparent)]
    Supervision(#[from] SupervisionError),
    /// A log, an event or a review was refused.
    #[error(transparent)]
    Review(#[from] ReviewFailure),
    /// A table cannot be made.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Remote control.
    #[error(transparent)]
    Remote(Box<RemoteError>),
    /// A remote session that is not started or not found.
    #[error(transparent)]
    RemoteFailure(#[from] RemoteFailure),
    /// An escalation, a step of triage, a surge.
    #[error(transparent)]
    Escalation(Box<EscalationFailure>),
    /// Nobody is signed in.
    #[error("no account is signed in")]
    NotSignedIn,
    /// What is unsent belongs to another account or server.
    #[error("{pending} unsent operations belong to {account}")]
    UnsentOfAnotherAccount {
        /// How many.
        pending: u32,
        /// Whose.
        account: String,
    },
    /// The ticket is not mirrored.
    #[error("no ticket {0}")]
    NoSuchTicket(TicketId),
    /// The ticket is closed and takes no such change.
    #[error("the ticket is closed")]
    TicketClosed,
    /// More tickets than are changed at once.
    #[error("more than {max} tickets at once")]
    TooManyTickets {
        /// Most.
        max: usize,
    },
    /// It is so already.
    #[error("it is so already")]
    NothingChanges,
    /// It is written for one ticket at a time.
    #[error("this is not changed in many tickets at once")]
    NotInBulk,
    /// A ticket is not linked to itself.
    #[error("a ticket is not linked to itself")]
    LinkedToItself,
    /// Something else that was asked for by number or name is not mirrored.
    #[error("{what} {name} is not known here")]
    NotFound {
        /// "person", "article"…, as the command line names it.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// Several rows answer to the name.
    #[error("{name} fits several: {candidates}")]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// Some of them.
        candidates: String,
    },
    /// The document's content is not kept here and no server can be asked.
    #[error("the document's content is not kept here")]
    DocumentNotKept,
    /// A document of a kind that is not opened from here.
    #[error("{filename} is not opened from here")]
    DocumentNotOpened {
        /// Which.
        filename: String,
    },
    /// A file cannot be written among the downloads.
    #[error("{path}: {source}")]
    FileNotSaved {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something is where a hand-over should go.
    #[error("{path}: there is something already")]
    HandOverFolder {
        /// Where.
        path: PathBuf,
    },
    /// The file is too large to be attached.
    #[error("{filename} is larger than {limit_mb} MB")]
    AttachmentTooLarge {
        /// Which.
        filename: String,
        /// Most that is taken.
        limit_mb: usize,
    },
    /// The bytes from the window are not base64.
    #[error("the file's bytes do not read")]
    BadEncoding,
    /// A file named on the command line cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A setting is out of its range.
    #[error("{setting} must be between {min} and {max}")]
    SettingOutOfRange {
        /// Which.
        setting: &'static str,
        /// Least.
        min: u32,
        /// Most.
        max: u32,
    },
    /// A link's address is of a kind that is not opened.
    #[error("this kind of link is not opened")]
    LinkRefused,
    /// The system could not open the link.
    #[error("the link could not be opened: {message}")]
    LinkFailed {
        /// What it said.
        message: String,
    },
    /// A value given on the command line or standard input cannot be understood.
    #[error("{what}: {value}")]
    Usage {
        /// What it was for.
        what: &'static str,
        /// What was given (never a secret).
        value: String,
    },
    /// No window can be shown.
    #[error("no window can be shown: {message}")]
    Window {
        /// Why.
        message: String,
    },
    /// The machine has no web view.
    #[error("no web view: {message}")]
    NoWebView {
        /// What the system said.
        message: String,
    },
    /// No command was given and there is no display for the window.
    #[error("there is no display")]
    NoDisplay,
    /// Another program wants to drive the window of a build that is not made for tests.
    #[error("automation is refused in this build")]
    AutomationRefused,
}

impl From<KpiError> for AppError {
    fn from(error: KpiError) -> Self {
        Self::Kpi(Box::new(error))
    }
}

impl From<ContractFileError> for AppError {
    fn from(error: ContractFileError) -> Self {
        Self::Contract(Box::new(error))
    }
}

impl From<EscalationFailure> for AppError {
    fn from(error: EscalationFailure) -> Self {
        Self::Escalation(Box::new(error))
    }
}

impl From<EscalationError> for AppError {
    fn from(error: EscalationError) -> Self {
        EscalationFailure::from(error).into()
    }
}

impl From<RemoteError> for AppError {
    fn from(error: RemoteError) -> Self {
        Self::Remote(Box::new(error))
    }
}

impl From<SyncError> for AppError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error) => Self::Store(error),
            SyncError::Backend(error) => Self::Backend(error),
        }
    }
}

impl From<LockError> for AppError {
    fn from(error: LockError) -> Self {
        match error {
            // What a keyring says is told as for any other secret.
            LockError::Secret(error) => Self::Secret(error),
            error => Self::Lock(error),
        }
    }
}

impl From<BaseUrlError> for AppError {
    fn from(error: BaseUrlError) -> Self {
        Self::Transport(HttpTransportError::BaseUrl(error))
    }
}

/// Codes of the domain's machines (hot transfer, escalation, surge).
const DOMAIN_CODES: [&str; 13] = [
    "transfer_briefing_incomplete",
    "transfer_no_reason",
    "transfer_no_such_member",
    "transfer_not_now",
    "transfer_not_up",
    "transfer_pbx_says_otherwise",
    "transfer_wrong_state",
    "escalation_incomplete",
    "escalation_no_reason",
    "escalation_no_responsible",
    "escalation_no_third_party",
    "escalation_wrong_state",
    "surge_nothing_to_link",
];

/// Code of an operation's problem.
fn operation_code(error: &OperationError) -> &'static str {
    match error {
        OperationError::EmptyBody => "operation_empty_body",
        OperationError::EmptyTitle => "operation_empty_title",
        OperationError::TitleTooLong { .. } => "operation_title_too_long",
        OperationError::LevelOutOfRange { .. } => "operation_level_out_of_range",
        OperationError::WrongValue { .. } => "operation_wrong_value",
        OperationError::NegativeDuration => "operation_negative_duration",
        OperationError::EmptyFile => "operation_empty_file",
        OperationError::UnsentTicket => "operation_unsent_ticket",
    }
}

fn profile_code(error: &ProfileError) -> &'static str {
    match error {
        ProfileError::NoDataFolder => "profile_no_data_folder",
        ProfileError::Folder { .. } => "profile_folder",
        ProfileError::Unknown { .. } => "profile_unknown",
        ProfileError::BadName => "profile_bad_name",
        ProfileError::ConfigTooNew { .. } => "profile_too_new",
    }
}

fn transport_code(error: &HttpTransportError) -> &'static str {
    match error {
        HttpTransportError::BaseUrl(BaseUrlError::Malformed(_)) => "address_malformed",
        HttpTransportError::BaseUrl(BaseUrlError::Scheme(_)) => "address_scheme",
        HttpTransportError::BaseUrl(BaseUrlError::Credentials) => "address_credentials",
        HttpTransportError::Client(_) => "address_client",
    }
}

/// Code of the reason why an entry waits for a person.
#[must_use]
pub fn wedge_code(reason: &WedgeReason) -> &'static str {
    match reason {
        WedgeReason::Invalid { .. } => "wedged_invalid",
        WedgeReason::Forbidden { .. } => "wedged_forbidden",
        WedgeReason::Gone => "wedged_gone",
        WedgeReason::Closed => "wedged_closed",
        WedgeReason::AlreadySolved => "wedged_already_solved",
        WedgeReason::Conflict { .. } => "wedged_conflict",
        WedgeReason::Undetermined => "wedged_undetermined",
        WedgeReason::DependencyDiscarded => "wedged_dependency_discarded",
        WedgeReason::TooManyAttempts { .. } => "wedged_too_many_attempts",
    }
}

impl AppError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Backend(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Operation(error) => operation_code(error),
            Self::Profile(error) => profile_code(error),
            Self::Secret(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Wipe(error) => error.code(),
            Self::Lock(error) => error.code(),
            Self::Sandbox(error) => error.code(),
            Self::Telephony(error) => error.code(),
            Self::Transport(error) => transport_code(error),
            Self::Transfer(error) => error.code(),
            Self::Contract(error) => error.code(),
            Self::Kpi(error) => error.code(),
            Self::Table(_) => "export_failed",
            Self::Evidence(error) => error.code(),
            Self::Supervision(error) => error.code(),
            Self::Review(error) => error.code(),
            Self::Remote(error) => error.code(),
            Self::RemoteFailure(error) => error.code(),
            Self::Escalation(error) => error.code(),
            Self::NotSignedIn => "not_signed_in",
            Self::UnsentOfAnotherAccount { .. } => "unsent_of_another_account",
            Self::NoSuchTicket(_) => "ticket_unknown",
            Self::TicketClosed => "ticket_closed",
            Self::TooManyTickets { .. } => "bulk_too_many",
            Self::NothingChanges => "bulk_nothing_changes",
            Self::NotInBulk => "bulk_one_by_one",
            Self::LinkedToItself => "bulk_itself",
            Self::NotFound { .. } => "not_found_here",
            Self::Ambiguous { .. } => "ambiguous_name",
            Self::DocumentNotKept => "document_not_kept",
            Self::DocumentNotOpened { .. } => "document_not_opened",
            Self::FileNotSaved { .. } => "file_not_saved",
            Self::HandOverFolder { .. } => "hand_over_folder",
            Self::AttachmentTooLarge { .. } => "attachment_too_large",
            Self::BadEncoding => "attachment_unreadable",
            Self::File { .. } => "file_unreadable",
            Self::SettingOutOfRange { .. } => "setting_out_of_range",
            Self::LinkRefused => "link_refused",
            Self::LinkFailed { .. } => "link_failed",
            Self::Usage { .. } => "usage",
            Self::Window { .. } => "no_window",
            Self::NoWebView { .. } => "no_web_view",
            Self::NoDisplay => "no_display",
            Self::AutomationRefused => "automation_refused",
        }
    }

    /// The usage is wrong, rather than the thing asked for (exit code 2).
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Usage { .. } | Self::Transport(HttpTransportError::BaseUrl(_)) | Self::Operation(_) => true,
            Self::Contract(error) => matches!(**error, ContractFileError::Unknown { .. }),
            Self::Kpi(error) => error.is_usage(),
            Self::Remote(error) => error.is_usage(),
            _ => false,
        }
    }

    /// What fills the placeholders of the texts.
    pub(crate) fn args(&self) -> Vec<(&'static str, String)> {
        let shown = |path: &PathBuf| path.display().to_string();
        match self {
            Self::Backend(error) => vec![("detail", error.detail().to_owned())],
            Self::Store(error) => match error {
                StoreError::Locked { path } | StoreError::WrongKey { path } => vec![("path", shown(path))],
                StoreError::Corrupt { path, message } => vec![("path", shown(path)), ("detail", message.clone())],
                StoreError::TooNew { path, .. } => vec![("path", shown(path))],
                StoreError::TooManyViews { max } | StoreError::ViewNameTooLong { max } => {
                    vec![("max", max.to_string())]
                }
                StoreError::ViewNameTaken { name } => vec![("name", name.clone())],
                StoreError::Room(RoomError::TooLong { max } | RoomError::TooMany { max }) => {
                    vec![("max", max.to_string())]
                }
                StoreError::Room(RoomError::Cadence { min, max }) => {
                    vec![("min", min.to_string()), ("max", max.to_string())]
                }
                StoreError::Room(_) | StoreError::NoSuchRoom { .. } => Vec::new(),
                StoreError::NoSuchCall { id } => vec![("id", id.clone())],
                other => vec![("detail", other.to_string())],
            },
            Self::Operation(OperationError::LevelOutOfRange { max, got, .. }) => {
                vec![("max", max.to_string()), ("got", got.to_string())]
            }
            Self::Operation(OperationError::TitleTooLong { max }) => vec![("max", max.to_string())],
            Self::Profile(error) => match error {
                ProfileError::Folder { path, source } => vec![("path", shown(path)), ("detail", source.to_string())],
                ProfileError::Unknown { id } => vec![("name", id.clone())],
                ProfileError::ConfigTooNew { path } => vec![("path", shown(path))],
                ProfileError::NoDataFolder | ProfileError::BadName => Vec::new(),
            },
            Self::Secret(error) => match error {
                SecretError::File { path, source } => vec![("path", shown(path)), ("detail", source.to_string())],
                SecretError::NoKeyring { message }
                | SecretError::Locked { message }
                | SecretError::Keyring { message } => vec![("detail", message.clone())],
                SecretError::Unreadable | SecretError::None => Vec::new(),
            },
            Self::Vault(error) => match error {
                VaultError::File { path, source } => vec![("path", shown(path)), ("detail", source.to_string())],
                VaultError::Unreadable { path } | VaultError::TooNew { path } => vec![("path", shown(path))],
                VaultError::PassphraseShort => vec![("min", PASSPHRASE_MIN.to_string())],
                VaultError::KeyGone { id } => vec![("detail", id.clone())],
                VaultError::NoKey { message } => vec![("detail", message.clone())],
                VaultError::NoPlace
                | VaultError::PassphraseNeeded
                | VaultError::WrongPassphrase
                | VaultError::WrongKey => Vec::new(),
            },
            Self::Wipe(error) => match error {
                WipeError::NotConfirmed => Vec::new(),
                WipeError::Unsent { unsent, drafts } => {
                    vec![("unsent", unsent.to_string()), ("drafts", drafts.to_string())]
                }
                WipeError::Unknown { message } => vec![("detail", message.clone())],
            },
            Self::Lock(error) => error.args(),
            Self::Sandbox(error) => vec![("detail", error.to_string())],
            Self::Evidence(error) => error.args(),
            Self::Supervision(error) => error.args(),
            Self::Review(error) => error.args(),
            Self::Table(error) => vec![("detail", error.to_string())],
            Self::Telephony(error) => error.args(),
            Self::Kpi(error) => error.args(),
            Self::Transport(error) => vec![("detail", error.to_string())],
            Self::UnsentOfAnotherAccount { pending, account } => {
                vec![("pending", pending.to_string()), ("account", account.clone())]
            }
            Self::NoSuchTicket(id) => vec![("name", id.to_string())],
            Self::NotFound { what, name } => vec![("what", (*what).to_owned()), ("name", name.clone())],
            Self::Ambiguous { name, candidates } => {
                vec![("name", name.clone()), ("candidates", candidates.clone())]
            }
            Self::AttachmentTooLarge { filename, limit_mb } => {
                vec![("name", filename.clone()), ("max", limit_mb.to_string())]
            }
            Self::TooManyTickets { max } => vec![("max", max.to_string())],
            Self::HandOverFolder { path } => vec![("path", shown(path))],
            Self::DocumentNotOpened { filename } => vec![("name", filename.clone())],
            Self::File { path, source } | Self::FileNotSaved { path, source } => {
                vec![("path", shown(path)), ("detail", source.to_string())]
            }
            Self::SettingOutOfRange { setting, min, max } => vec![
                ("name", (*setting).to_owned()),
                ("min", min.to_string()),
                ("max", max.to_string()),
            ],
            Self::Usage { what, value } => vec![("what", (*what).to_owned()), ("name", value.clone())],
            Self::LinkFailed { message } | Self::Window { message } | Self::NoWebView { message } => {
                vec![("detail", message.clone())]
            }
            // Their texts need the language: see `explain`.
            Self::Contract(_)
            | Self::Transfer(_)
            | Self::Remote(_)
            | Self::RemoteFailure(_)
            | Self::Escalation(_)
            | Self::Operation(_)
            | Self::NotSignedIn
            | Self::TicketClosed
            | Self::NothingChanges
            | Self::NotInBulk
            | Self::LinkedToItself
            | Self::DocumentNotKept
            | Self::BadEncoding
            | Self::LinkRefused
            | Self::NoDisplay
            | Self::AutomationRefused => Vec::new(),
        }
    }

    /// The text and the cure, for a person.
    #[must_use]
    pub fn explain(&self, locale: Locale) -> UiError {
        let args = match self {
            Self::Contract(error) => error.args(locale),
            Self::Transfer(error) => error.args(locale),
            Self::Escalation(error) => error.args(locale),
            Self::Remote(error) => crate::cli::remote::error_args(error, locale),
            other => other.args(),
        };
        let text = locale.catalogue().error(self.code(), &args);
        UiError {
            code: self.code().to_owned(),
            message: text.message,
            hint: text.hint,
            detail: text.detail,
        }
    }
}

/// Every code an [`AppError`], a gate, a status or an entry can carry: the catalogue must have them all.
#[must_use]
pub fn every_code() -> Vec<&'static str> {
    let auth = [
        AuthProblem::BadUserToken,
        AuthProblem::BadPassword,
        AuthProblem::AccountDisabled,
        AuthProblem::AppTokenMissing,
        AuthProblem::AppTokenWrong,
        AuthProblem::ApiDisabled,
        AuthProblem::PasswordLoginDisabled,
        AuthProblem::AddressRefused,
        AuthProblem::NoSecret,
        AuthProblem::SessionLost,
    ];
    let mut codes: Vec<&'static str> = auth.into_iter().map(AuthProblem::code).collect();
    codes.extend(WireProblem::ALL.map(WireProblem::code));
    codes.extend(DOMAIN_CODES);
    codes.extend(ContractFileError::CODES);
    codes.extend(KpiError::CODES);
    codes.extend(EvidenceFailure::CODES);
    codes.extend(ReviewFailure::CODES);
    codes.extend(LockError::CODES);
    codes.extend(PolicyProblem::CODES);
    codes.extend(["policy_problems", "profile_wiped"]);
    codes.extend(SupervisionError::CODES);
    codes.extend(RemoteError::CODES);
    codes.extend(RemoteFailure::CODES);
    codes.extend(EscalationFailure::CODES);
    codes.extend(ConsentError::CODES);
    codes.extend(NotGranted::CODES);
    codes.extend(RoomError::CODES);
    codes.push("room_none");
    codes.extend(crate::cli::mistakes::CODES);
    codes.extend([
        "export_failed",
        guichet_domain::outbox::Gate::RESTORED,
        "backend_unreachable",
        "backend_too_many_requests",
        "backend_unavailable",
        "backend_forbidden",
        "backend_not_found",
        "ticket_closed",
        "ticket_already_solved",
        "field_conflict",
        "backend_refused",
        "backend_protocol",
        "backend_unsupported",
        "store_locked",
        "store_wrong_key",
        "store_corrupt",
        "store_too_new",
        "store_disk_full",
        "entry_already_left",
        "entry_state_changed",
        "attempt_failed",
        "attempt_interrupted",
        "entry_not_found",
        "operation_invalid",
        "views_too_many",
        "view_name_empty",
        "view_name_too_long",
        "view_name_taken",
        "store_database",
        "store_io",
        "store_decode",
        "operation_empty_body",
        "operation_empty_title",
        "operation_title_too_long",
        "operation_level_out_of_range",
        "operation_wrong_value",
        "operation_negative_duration",
        "operation_empty_file",
        "operation_unsent_ticket",
        "profile_no_data_folder",
        "profile_folder",
        "profile_unknown",
        "profile_bad_name",
        "profile_too_new",
        "keyring_missing",
        "keyring_locked",
        "keyring_failed",
        "secrets_file",
        "secrets_unreadable",
        "vault_no_place",
        "vault_passphrase_needed",
        "vault_wrong_passphrase",
        "vault_passphrase_short",
        "vault_key_gone",
        "vault_wrong_key",
        "vault_unreadable",
        "vault_too_new",
        "vault_no_key",
        "vault_file",
        "wipe_not_confirmed",
        "wipe_unsent",
        "wipe_unknown",
        "sandbox_failed",
        "transfer_no_policy",
        "transfer_no_call",
        "transfer_unknown",
        "telephone_not_set_up",
        "telephone_authorities",
        "telephone_port",
        "telephone_not_generic",
        "call_not_heard",
        "telephone_setting_missing",
        "telephone_no_number",
        "call_unknown",
        "call_not_supported",
        "call_closed_already",
        "call_not_over",
        "call_wrap_up_incomplete",
        "call_new_ticket_invalid",
        "pbx_not_connected",
        "call_no_such_leg",
        "call_not_possible",
        "call_invalid",
        "pbx_action_refused",
        "pbx_unanswered",
        "pbx_no_effect",
        "call_over",
        "pbx_lost_meanwhile",
        "pbx_unreachable",
        "pbx_not_a_pbx",
        "pbx_untrusted",
        "pbx_refused",
        "pbx_closed",
        "pbx_silent",
        "address_malformed",
        "address_scheme",
        "address_credentials",
        "address_client",
        "not_signed_in",
        "unsent_of_another_account",
        "ticket_unknown",
        "not_found_here",
        "ambiguous_name",
        "bulk_too_many",
        "bulk_nothing_changes",
        "bulk_one_by_one",
        "bulk_itself",
        "document_not_kept",
        "document_not_opened",
        "file_not_saved",
        "hand_over_folder",
        "attachment_too_large",
        "attachment_unreadable",
        "file_unreadable",
        "setting_out_of_range",
        "link_refused",
        "link_failed",
        "usage",
        "no_window",
        "no_web_view",
        "no_display",
        "automation_refused",
        "wedged_invalid",
        "wedged_forbidden",
        "wedged_gone",
        "wedged_closed",
        "wedged_already_solved",
        "wedged_conflict",
        "wedged_undetermined",
        "wedged_dependency_discarded",
        "wedged_too_many_attempts",
        "mirror_rebuilt",
        "configuration_moved_aside",
        "entries_recovered",
        "secrets_in_file",
        "secrets_exposed",
        "name_unknown",
        "connection_refused",
        "certificate_refused",
        "not_encrypted",
        "rights_refused",
        "clock_skew",
        "outbox_in_doubt",
        "outbox_waiting",
    ]);
    codes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use guichet_backend::Delivery;
    use guichet_domain::{
        OperationId,
        operation::{Field, FieldValue},
    };
    use std::{collections::BTreeSet, io};

    /// One value of every variant. A variant added without its line here leaves the catalogue untested: the matches in this
    /// module's functions (no wildcard on codes) are what makes adding one fail to compile first.
    fn every_error() -> Vec<AppError> {
        let detail = || "détail".to_owned();
        let path = || PathBuf::from("chemin");
        let delivery = Delivery::NotSent;
        let io = || io::Error::other("io");
        let transient = |status| BackendError::Transient {
            delivery,
            status,
            after: None,
            message: detail(),
        };
        let id = OperationId::new();
        let mut errors: Vec<AppError> = vec![
            BackendError::Network {
                delivery,
                message: detail(),
            }
            .into(),
            BackendError::Wire {
                delivery,
                problem: WireProblem::ProxyCredentials,
                message: detail(),
            }
            .into(),
            transient(429).into(),
            transient(503).into(),
            BackendError::Forbidden { message: detail() }.into(),
            BackendError::NotFound.into(),
            BackendError::Closed.into(),
            BackendError::AlreadySolved.into(),
            BackendError::Conflict {
                field: Field::Title,
                theirs: Box::new(FieldValue::Text(detail())),
            }
            .into(),
            BackendError::Invalid { message: detail() }.into(),
            BackendError::Protocol {
                delivery,
                message: detail(),
            }
            .into(),
            BackendError::Unsupported { what: "x" }.into(),
            StoreError::Locked { path: path() }.into(),
            StoreError::WrongKey { path: path() }.into(),
            StoreError::Corrupt {
                path: path(),
                message: detail(),
            }
            .into(),
            StoreError::TooNew {
                path: path(),
                found: 2,
                known: 1,
            }
            .into(),
            StoreError::DiskFull.into(),
            StoreError::StateChanged { id, actual: "sent" }.into(),
            StoreError::AlreadyLeft { id, actual: "sent" }.into(),
            AppError::TicketClosed,
            AppError::TooManyTickets { max: 500 },
            AppError::NothingChanges,
            AppError::NotInBulk,
            AppError::LinkedToItself,
            StoreError::NoSuchEntry { id }.into(),
            StoreError::Invalid { message: detail() }.into(),
            StoreError::TooManyViews { max: 50 }.into(),
            StoreError::ViewNameEmpty.into(),
            StoreError::NoSuchRoom { ticket: TicketId(1) }.into(),
            StoreError::Room(RoomError::TooLong { max: 10 }).into(),
            StoreError::Room(RoomError::TooMany { max: 10 }).into(),
            StoreError::Room(RoomError::Cadence { min: 5, max: 10 }).into(),
            StoreError::Room(RoomError::NothingSaid).into(),
            StoreError::Room(RoomError::Closed).into(),
            StoreError::ViewNameTooLong { max: 60 }.into(),
            StoreError::ViewNameTaken { name: detail() }.into(),
            StoreError::NoSuchCall { id: detail() }.into(),
            StoreError::Io(io()).into(),
            StoreError::Decode(serde_json::from_str::<u8>("x").unwrap_err()).into(),
            OperationError::EmptyBody.into(),
            OperationError::EmptyTitle.into(),
            OperationError::TitleTooLong { max: 255 }.into(),
            OperationError::LevelOutOfRange {
                field: Field::Urgency,
                max: 5,
                got: 9,
            }
            .into(),
            OperationError::WrongValue { field: Field::Kind }.into(),
            OperationError::NegativeDuration.into(),
            OperationError::EmptyFile.into(),
            OperationError::UnsentTicket.into(),
            ProfileError::NoDataFolder.into(),
            ProfileError::Folder {
                path: path(),
                source: io(),
            }
            .into(),
            ProfileError::Unknown { id: detail() }.into(),
            ProfileError::BadName.into(),
            ProfileError::ConfigTooNew { path: path() }.into(),
            SecretError::NoKeyring { message: detail() }.into(),
            SecretError::Locked { message: detail() }.into(),
            SecretError::Keyring { message: detail() }.into(),
            SecretError::File {
                path: path(),
                source: io(),
            }
            .into(),
            SecretError::Unreadable.into(),
            SecretError::None.into(),
            VaultError::NoPlace.into(),
            VaultError::PassphraseNeeded.into(),
            VaultError::WrongPassphrase.into(),
            VaultError::PassphraseShort.into(),
            VaultError::KeyGone { id: detail() }.into(),
            VaultError::WrongKey.into(),
            VaultError::Unreadable { path: path() }.into(),
            VaultError::TooNew { path: path() }.into(),
            VaultError::NoKey { message: detail() }.into(),
            VaultError::File {
                path: path(),
                source: io(),
            }
            .into(),
            WipeError::NotConfirmed.into(),
            WipeError::Unsent { unsent: 2, drafts: 1 }.into(),
            WipeError::Unknown { message: detail() }.into(),
            AppError::from(guichet_backend_glpi::normalise_base_url("ftp://x").unwrap_err()),
            AppError::from(guichet_backend_glpi::normalise_base_url("https://a:b@x").unwrap_err()),
            AppError::from(guichet_backend_glpi::normalise_base_url("https://").unwrap_err()),
            AppError::NotSignedIn,
            AppError::UnsentOfAnotherAccount {
                pending: 2,
                account: detail(),
            },
            AppError::NoSuchTicket(TicketId(7)),
            AppError::NotFound {
                what: "x",
                name: detail(),
            },
            AppError::Ambiguous {
                name: detail(),
                candidates: detail(),
            },
            AppError::DocumentNotKept,
            AppError::DocumentNotOpened { filename: detail() },
            AppError::FileNotSaved {
                path: path(),
                source: io(),
            },
            AppError::HandOverFolder { path: path() },
            AppError::AttachmentTooLarge {
                filename: detail(),
                limit_mb: 1,
            },
            AppError::BadEncoding,
            AppError::File {
                path: path(),
                source: io(),
            },
            AppError::SettingOutOfRange {
                setting: "x",
                min: 1,
                max: 2,
            },
            AppError::LinkRefused,
            AppError::LinkFailed { message: detail() },
            AppError::Usage {
                what: "x",
                value: detail(),
            },
            AppError::Window { message: detail() },
            AppError::NoWebView { message: detail() },
            AppError::NoDisplay,
            AppError::AutomationRefused,
        ];
        errors.extend(crate::core::sandbox::every_error().into_iter().map(AppError::from));
        errors.extend(crate::core::lock::tests::every_error().into_iter().map(AppError::from));
        errors.extend(crate::core::telephony::every_error().into_iter().map(AppError::from));
        errors.extend(crate::core::transfers::every_error().into_iter().map(AppError::from));
        errors.extend(crate::core::contract::every_error().into_iter().map(AppError::from));
        errors.extend(crate::core::escalation::every_error().into_iter().map(AppError::from));
        errors.extend(crate::cli::kpi::tests::every_error().into_iter().map(AppError::from));
        errors.extend(crate::core::remote::every_error().into_iter().map(AppError::from));
        errors.extend(crate::cli::remote::tests::every_error().into_iter().map(AppError::from));
        errors
    }

    #[test]
    fn every_code_has_its_text_and_its_cure_in_both_languages() {
        let known: BTreeSet<&str> = every_code().into_iter().collect();
        for locale in Locale::ALL {
            for code in &known {
                assert!(locale.catalogue().errors.contains_key(*code), "{code} in {locale:?}");
            }
            for error in every_error() {
                assert!(known.contains(error.code()), "{} is not in every_code()", error.code());
                let explained = error.explain(locale);
                assert!(!explained.hint.is_empty(), "{}", error.code());
                for text in [&explained.message, &explained.hint] {
                    assert!(!text.contains('{'), "{}: {text} has an unfilled argument", error.code());
                }
            }
        }
    }

    #[test]
    fn the_catalogue_has_no_text_that_nothing_uses() {
        let known: BTreeSet<&str> = every_code().into_iter().collect();
        for code in Locale::Fr.catalogue().errors.keys() {
            assert!(known.contains(code.as_str()), "{code} is used by nothing");
        }
    }

    /// Texts shown by code alone (a gate, a status, a notice) come without arguments.
    #[test]
    fn reasons_of_blocked_entries_have_codes_of_the_catalogue() {
        let text = || "x".to_owned();
        let value = || FieldValue::Text(text());
        let known: BTreeSet<&str> = every_code().into_iter().collect();
        for reason in [
            WedgeReason::Invalid { message: text() },
            WedgeReason::Forbidden { message: text() },
            WedgeReason::Gone,
            WedgeReason::Closed,
            WedgeReason::AlreadySolved,
            WedgeReason::Conflict {
                field: Field::Title,
                base: value(),
                theirs: value(),
                ours: value(),
            },
            WedgeReason::Undetermined,
            WedgeReason::DependencyDiscarded,
            WedgeReason::TooManyAttempts { message: text() },
        ] {
            assert!(known.contains(wedge_code(&reason)));
        }
    }
}
