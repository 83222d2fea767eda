//! The command line's grammar. No text for people here: help is filled in from the message catalogue
//! ([`super::help`]), so that it exists in French and English.

#![allow(missing_docs)]

use crate::{
    api::{ExportFormat, KeyPlace, SecretStoreKind},
    messages::Locale,
};
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use guichet_domain::deep_link::DeepLink;
use guichet_service_levels::Month;
use guichet_store::View;
use std::path::PathBuf;

#[derive(Debug, Parser)]
#[command(name = "guichet", disable_help_subcommand = true)]
pub struct CommandLine {
    #[arg(long, global = true, value_name = "DIR")]
    pub profile: Option<PathBuf>,
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(long, global = true, value_name = "fr|en")]
    pub lang: Option<Locale>,
    #[arg(
        long,
        global = true,
        value_name = "keyring|passphrase|file",
        env = "GUICHET_KEY_STORE",
        hide_env = true
    )]
    pub key_store: Option<KeyStoreArg>,
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "GUICHET_PASSPHRASE_FILE",
        hide_env = true
    )]
    pub passphrase_file: Option<PathBuf>,
    /// What the link that the program was started with shows; never an argument of its own.
    #[arg(skip)]
    pub link: Option<DeepLink>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// `--key-store`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyStoreArg {
    Keyring,
    Passphrase,
    File,
}

impl From<KeyStoreArg> for KeyPlace {
    fn from(value: KeyStoreArg) -> Self {
        match value {
            KeyStoreArg::Keyring => Self::Keyring,
            KeyStoreArg::Passphrase => Self::Passphrase,
            KeyStoreArg::File => Self::File,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Sandbox(SandboxArgs),
    Login(LoginArgs),
    Logout,
    Sync(SyncArgs),
    Search(SearchArgs),
    #[command(subcommand)]
    Ticket(TicketCommand),
    #[command(subcommand)]
    Kb(KbCommand),
    #[command(subcommand)]
    Outbox(OutboxCommand),
    #[command(subcommand)]
    Calls(CallsCommand),
    #[command(subcommand)]
    Call(CallCommand),
    #[command(subcommand)]
    Transfer(TransferCommand),
    Escalate(EscalateArgs),
    #[command(subcommand)]
    Escalation(EscalationCommand),
    #[command(subcommand)]
    Surge(SurgeCommand),
    #[command(subcommand)]
    Incident(IncidentCommand),
    Kpi(KpiArgs),
    #[command(subcommand)]
    Export(ExportCommand),
    #[command(subcommand)]
    Remote(RemoteCommand),
    #[command(subcommand)]
    Audit(AuditCommand),
    #[command(subcommand)]
    Policy(PolicyCommand),
    Retention(RetentionArgs),
    #[command(subcommand)]
    Vault(VaultCommand),
    Wipe(WipeArgs),
    Doctor,
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    Verify(AuditVerifyArgs),
    Export(AuditExportArgs),
    Anchor(AuditAnchorArgs),
}

#[derive(Debug, Args)]
pub struct AuditVerifyArgs {
    #[arg(long, value_name = "TEXT")]
    pub anchor: Vec<String>,
    #[arg(long, value_name = "ID")]
    pub ticket: Option<i64>,
}

#[derive(Debug, Args)]
pub struct AuditExportArgs {
    #[arg(long, value_name = "FILE.xlsx|FILE.csv|FILE.json")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct AuditAnchorArgs {
    #[arg(long, value_name = "ID")]
    pub ticket: i64,
}

#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    Show,
}

#[derive(Debug, Args)]
pub struct RetentionArgs {
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    Show,
    Move(VaultMoveArgs),
}

#[derive(Debug, Args)]
pub struct VaultMoveArgs {
    #[arg(long, value_name = "keyring|passphrase|file")]
    pub to: KeyStoreArg,
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct WipeArgs {
    #[arg(long)]
    pub yes: bool,
    #[arg(long)]
    pub even_unsent: bool,
}

#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    #[arg(long, value_name = "10|11", default_value = "11")]
    pub glpi: String,
    #[arg(long, value_name = "N")]
    pub tickets: Option<u32>,
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<String>,
    #[arg(long)]
    pub pbx: bool,
}

#[derive(Debug, Args)]
pub struct LoginArgs {
    #[arg(long, value_name = "BASE")]
    pub url: String,
    #[arg(long, value_name = "keyring|file", default_value = "keyring")]
    pub secret_store: StoreArg,
}

/// `--secret-store`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreArg {
    Keyring,
    File,
}

impl From<StoreArg> for SecretStoreKind {
    fn from(value: StoreArg) -> Self {
        match value {
            StoreArg::Keyring => Self::Keyring,
            StoreArg::File => Self::File,
        }
    }
}

#[derive(Debug, Args)]
pub struct SyncArgs {
    #[arg(long, conflicts_with = "watch")]
    pub once: bool,
    #[arg(long)]
    pub watch: bool,
}

#[derive(Debug, Args)]
pub struct SearchArgs {
    #[arg(value_name = "QUERY", required = true)]
    pub query: Vec<String>,
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
}

#[derive(Debug, Subcommand)]
pub enum TicketCommand {
    List(ListArgs),
    Show(TicketId),
    New(NewArgs),
    Followup(FollowupArgs),
    Task(TaskArgs),
    Solve(SolveArgs),
    Assign(AssignArgs),
    Set(SetArgs),
    Reopen(ReopenArgs),
}

#[derive(Debug, Args)]
pub struct TicketId {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
}

/// `--view`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ViewArg {
    Mine,
    Unassigned,
    Open,
    Waiting,
    Solved,
    All,
    Pending,
}

impl From<ViewArg> for View {
    fn from(value: ViewArg) -> Self {
        match value {
            ViewArg::Mine => Self::Mine,
            ViewArg::Unassigned => Self::Unassigned,
            ViewArg::Open => Self::Open,
            ViewArg::Waiting => Self::Waiting,
            ViewArg::Solved => Self::Solved,
            ViewArg::All => Self::All,
            ViewArg::Pending => Self::Pending,
        }
    }
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[arg(long, value_name = "V", default_value = "mine", conflicts_with = "all")]
    pub view: ViewArg,
    #[arg(long)]
    pub all: bool,
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
}

/// The text of an entry: `-` reads it from standard input.
#[derive(Debug, Args)]
pub struct TextArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub text: String,
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct NewArgs {
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub title: String,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub text: String,
    #[arg(long, value_name = "WHO")]
    pub requester: Vec<String>,
    #[arg(long, value_name = "WHO")]
    pub observer: Vec<String>,
    #[arg(long, value_name = "ROW")]
    pub category: Option<String>,
    #[arg(long, value_name = "ROW")]
    pub location: Option<String>,
    #[arg(long, value_name = "ROW")]
    pub channel: Option<String>,
    #[arg(long, value_name = "incident|request", default_value = "incident")]
    pub kind: KindArg,
    #[arg(long, value_name = "1-5", default_value_t = 3)]
    pub urgency: u8,
    #[arg(long, value_name = "1-5", default_value_t = 3)]
    pub impact: u8,
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
}

/// `--kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KindArg {
    Incident,
    Request,
}

#[derive(Debug, Args)]
pub struct FollowupArgs {
    #[command(flatten)]
    pub entry: TextArgs,
    #[arg(long)]
    pub private: bool,
}

/// `--state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TaskArg {
    Information,
    Todo,
    Done,
}

#[derive(Debug, Args)]
pub struct TaskArgs {
    #[command(flatten)]
    pub entry: TextArgs,
    #[arg(long)]
    pub private: bool,
    #[arg(long, value_name = "information|todo|done", default_value = "todo")]
    pub state: TaskArg,
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub minutes: u32,
}

#[derive(Debug, Args)]
pub struct SolveArgs {
    #[command(flatten)]
    pub entry: TextArgs,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("who").required(true).args(["user", "group", "me"]))]
pub struct AssignArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "WHO")]
    pub user: Option<String>,
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    #[arg(long)]
    pub me: bool,
    #[arg(long, value_name = "assigned|observer|requester", default_value = "assigned")]
    pub role: RoleArg,
    #[arg(long)]
    pub remove: bool,
}

/// `--role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    Assigned,
    Observer,
    Requester,
}

/// Fields as `field=value`, or each by its own option.
#[derive(Debug, Args)]
pub struct SetArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(value_name = "FIELD=VALUE")]
    pub fields: Vec<String>,
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub title: Option<String>,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub description: Option<String>,
    #[arg(long, value_name = "incident|request")]
    pub kind: Option<String>,
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    #[arg(long, value_name = "1-5")]
    pub urgency: Option<String>,
    #[arg(long, value_name = "1-5")]
    pub impact: Option<String>,
    #[arg(long, value_name = "1-6")]
    pub priority: Option<String>,
    #[arg(long, value_name = "ROW")]
    pub category: Option<String>,
    #[arg(long, value_name = "ROW")]
    pub location: Option<String>,
    #[arg(long, value_name = "ROW")]
    pub channel: Option<String>,
}

impl SetArgs {
    /// What was given by option, by field.
    #[must_use]
    pub fn options(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("title", &self.title),
            ("description", &self.description),
            ("kind", &self.kind),
            ("status", &self.status),
            ("urgency", &self.urgency),
            ("impact", &self.impact),
            ("priority", &self.priority),
            ("category", &self.category),
            ("location", &self.location),
            ("channel", &self.channel),
        ];
        all.into_iter()
            .filter_map(|(name, value)| value.as_deref().map(|value| (name, value)))
            .collect()
    }
}

#[derive(Debug, Args)]
pub struct ReopenArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub text: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum CallsCommand {
    List(CallsArgs),
    Show(CallId),
    Stats(CallsArgs),
}

#[derive(Debug, Subcommand)]
pub enum CallCommand {
    Ringing(CallTold),
    Answered(CallTold),
    Ended(CallTold),
    Link(CallLinkArgs),
}

/// What a telephone tells of a call.
#[derive(Debug, Args)]
pub struct CallTold {
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    #[arg(long, value_name = "QUEUE")]
    pub queue: Option<String>,
    #[arg(long)]
    pub out: bool,
    #[arg(long)]
    pub missed: bool,
}

#[derive(Debug, Args)]
pub struct CallLinkArgs {
    #[arg(value_name = "URL")]
    pub url: String,
}

#[derive(Debug, Subcommand)]
pub enum TransferCommand {
    List(TransferListArgs),
    Show(TransferId),
    Roster(RosterArgs),
}

#[derive(Debug, Args)]
pub struct TransferListArgs {
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u32,
}

#[derive(Debug, Args)]
pub struct TransferId {
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Whose roster, and when.
#[derive(Debug, Args)]
pub struct RosterArgs {
    #[arg(long, value_name = "NAME|FILE")]
    pub contract: Option<String>,
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<jiff::Timestamp>,
}

/// Which calls of the journal.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("outcome").args(["answered", "missed"]))]
pub struct CallsArgs {
    #[command(flatten)]
    pub filter: CallFilter,
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u32,
}

/// Which calls of the journal.
#[derive(Debug, Args)]
pub struct CallFilter {
    #[arg(value_name = "WORDS")]
    pub words: Vec<String>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<jiff::civil::Date>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<jiff::civil::Date>,
    #[arg(long, value_name = "in|out")]
    pub direction: Option<DirectionArg>,
    #[arg(long)]
    pub answered: bool,
    #[arg(long)]
    pub missed: bool,
    #[arg(long, value_name = "QUEUE")]
    pub queue: Option<String>,
    #[arg(long)]
    pub to_close: bool,
}

/// `--direction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DirectionArg {
    In,
    Out,
}

#[derive(Debug, Args)]
pub struct CallId {
    #[arg(value_name = "ID")]
    pub id: String,
}

/// `--level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LevelArg {
    N2,
    N3,
    OnSite,
    Vendor,
}

/// A field that is not given stays as it was last typed, or as the ticket says it.
#[derive(Debug, Args)]
pub struct EscalateArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "D")]
    pub domain: Option<String>,
    #[arg(long, value_name = "n2|n3|on-site|vendor", default_value = "n2")]
    pub level: LevelArg,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub symptom: Option<String>,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub since: Option<String>,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub affected: Option<String>,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub tried: Option<String>,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub error_text: Option<String>,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub remote_session: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    #[arg(long, value_name = "KIND:ID")]
    pub asset: Vec<String>,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub note: Option<String>,
    #[arg(long)]
    pub release: bool,
}

#[derive(Debug, Subcommand)]
pub enum EscalationCommand {
    Show(TicketId),
    Board(BoardArgs),
    Chase,
    Accept(TicketId),
    SendBack(SendBackArgs),
    Reroute(RerouteArgs),
    Wait(WaitArgs),
    Remind(RemindArgs),
    Answered(StepArgs),
    Finish(FinishArgs),
}

#[derive(Debug, Args)]
pub struct BoardArgs {
    #[arg(long, value_name = "GROUP")]
    pub group: Vec<String>,
    #[arg(long)]
    pub mine: bool,
    #[arg(long)]
    pub done: bool,
}

/// A step with its words.
#[derive(Debug, Args)]
pub struct StepArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub text: Option<String>,
}

#[derive(Debug, Args)]
pub struct SendBackArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub reason: String,
    #[arg(long, value_name = "GROUP")]
    pub to: Option<String>,
}

#[derive(Debug, Args)]
pub struct RerouteArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "GROUP")]
    pub to: String,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub reason: String,
}

#[derive(Debug, Args)]
pub struct WaitArgs {
    #[command(flatten)]
    pub step: StepArgs,
    #[arg(long, value_name = "WHO")]
    pub third: String,
}

#[derive(Debug, Args)]
pub struct RemindArgs {
    #[command(flatten)]
    pub step: StepArgs,
    #[arg(long, value_name = "X")]
    pub means: Option<String>,
}

#[derive(Debug, Args)]
pub struct FinishArgs {
    #[command(flatten)]
    pub step: StepArgs,
    #[arg(long)]
    pub solution: bool,
}

#[derive(Debug, Subcommand)]
pub enum SurgeCommand {
    List,
    Declare(DeclareArgs),
    Dismiss(SurgeKey),
}

/// As `surge list` tells it.
#[derive(Debug, Args)]
pub struct SurgeKey {
    #[arg(value_name = "KEY")]
    pub key: String,
}

#[derive(Debug, Args)]
pub struct DeclareArgs {
    #[command(flatten)]
    pub surge: SurgeKey,
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub title: Option<String>,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub text: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    List(IncidentListArgs),
    Show(TicketId),
    Open(TicketId),
    Update(IncidentUpdateArgs),
    Close(TicketId),
    Report(IncidentReportArgs),
}

#[derive(Debug, Args)]
pub struct IncidentListArgs {
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct IncidentUpdateArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    pub text: String,
    #[arg(long)]
    pub children: bool,
    #[arg(long)]
    pub private: bool,
    #[arg(long, value_name = "MIN")]
    pub next: Option<u32>,
}

#[derive(Debug, Args)]
pub struct IncidentReportArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[arg(long)]
    pub note: bool,
}

#[derive(Debug, Subcommand)]
pub enum KbCommand {
    Search(SearchArgs),
    Show(ArticleId),
}

#[derive(Debug, Args)]
pub struct ArticleId {
    #[arg(value_name = "ID")]
    pub id: i64,
}

#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    List(OutboxListArgs),
    Retry(EntryId),
    Discard(EntryId),
    Restored(RestoredArgs),
}

#[derive(Debug, Args)]
pub struct RestoredArgs {
    #[arg(long, conflicts_with = "leave")]
    pub send_again: bool,
    #[arg(long)]
    pub leave: bool,
}

#[derive(Debug, Args)]
pub struct OutboxListArgs {
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Args)]
pub struct EntryId {
    #[arg(value_name = "ID")]
    pub id: String,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    Json,
    Table,
    Xlsx,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct KpiArgs {
    #[command(subcommand)]
    pub command: Option<KpiCommand>,
    #[arg(long, value_name = "FILE", requires = "contract")]
    pub evidence: Option<PathBuf>,
    #[arg(long, value_name = "NAME|FILE")]
    pub contract: Option<String>,
    #[arg(long, value_name = "YYYY-MM", required = true)]
    pub month: Option<Month>,
    #[arg(long, value_name = "FILE", conflicts_with = "evidence")]
    pub with: Option<PathBuf>,
    #[arg(long, value_name = "json|table|xlsx")]
    pub format: Option<FormatArg>,
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum KpiCommand {
    ExportEvidence(EvidenceArgs),
}

#[derive(Debug, Args)]
pub struct EvidenceArgs {
    #[arg(long, value_name = "NAME|FILE")]
    pub contract: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub with: Option<PathBuf>,
    #[arg(long, value_name = "YYYY-MM")]
    pub from: Option<Month>,
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    Tickets(ExportTicketsArgs),
    Calls(ExportCallsArgs),
    Escalations(ExportEscalationsArgs),
    Desk(ExportDeskArgs),
}

#[derive(Debug, Args)]
pub struct ExportDeskArgs {
    #[arg(long, value_name = "FOLDER")]
    pub to: PathBuf,
    #[arg(long)]
    pub documents: bool,
}

/// Where to; the ending says as what.
#[derive(Debug, Clone)]
pub struct ExportPath {
    pub path: PathBuf,
    pub format: ExportFormat,
}

/// As what a table is written, by the ending of its file.
pub(super) fn table_format(path: &std::path::Path) -> Option<ExportFormat> {
    match path.extension()?.to_string_lossy().to_lowercase().as_str() {
        "xlsx" => Some(ExportFormat::Xlsx),
        "csv" => Some(ExportFormat::Csv),
        _ => None,
    }
}

impl std::str::FromStr for ExportPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let path = PathBuf::from(text);
        // Its text is the catalogue's: see `mistakes`.
        let format =
            table_format(&path).ok_or_else(|| path.extension().unwrap_or_default().to_string_lossy().to_lowercase())?;
        Ok(Self { path, format })
    }
}

#[derive(Debug, Args)]
pub struct ExportFile {
    #[arg(long, value_name = "FILE.xlsx|FILE.csv")]
    pub output: ExportPath,
}

#[derive(Debug, Args)]
pub struct ExportTicketsArgs {
    #[arg(long, value_name = "V", default_value = "all")]
    pub view: ViewArg,
    #[command(flatten)]
    pub file: ExportFile,
}

#[derive(Debug, Args)]
pub struct ExportCallsArgs {
    #[command(flatten)]
    pub calls: CallFilter,
    #[command(flatten)]
    pub file: ExportFile,
}

#[derive(Debug, Args)]
pub struct ExportEscalationsArgs {
    #[command(flatten)]
    pub board: BoardArgs,
    #[command(flatten)]
    pub file: ExportFile,
}

#[derive(Debug, Subcommand)]
pub enum RemoteCommand {
    Plan(RemotePlanArgs),
    Consent(ConsentArgs),
    Withdraw(WithdrawArgs),
    Show(TicketId),
    Start(RemoteStartArgs),
    End(RemoteEndArgs),
}

/// An answer; every part of it is said.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("subject").required(true).args(["asset", "no_asset"]),
    group = ArgGroup::new("means").required(true).args(["aloud", "link"]),
    group = ArgGroup::new("answer").required(true).args(["agreed", "refused"])
)]
pub struct ConsentArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "KIND:ID")]
    pub asset: Option<String>,
    #[arg(long)]
    pub no_asset: bool,
    #[arg(long, value_name = "NAME")]
    pub person: String,
    #[arg(long)]
    pub aloud: bool,
    #[arg(long)]
    pub link: bool,
    #[arg(long)]
    pub agreed: bool,
    #[arg(long)]
    pub refused: bool,
}

#[derive(Debug, Args)]
pub struct WithdrawArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(value_name = "AGREEMENT")]
    pub agreement: String,
}

#[derive(Debug, Args)]
pub struct RemoteStartArgs {
    #[arg(value_name = "ID", allow_negative_numbers = true)]
    pub id: i64,
    #[arg(long, value_name = "TOOL", allow_hyphen_values = true)]
    pub tool: String,
    #[arg(long, value_name = "TARGET", default_value = "", allow_hyphen_values = true)]
    pub target: String,
    #[arg(long, value_name = "KIND:ID")]
    pub asset: Option<String>,
}

#[derive(Debug, Args)]
pub struct RemoteEndArgs {
    #[arg(value_name = "SESSION")]
    pub session: String,
    #[arg(long, value_name = "X", default_value = "", allow_hyphen_values = true)]
    pub note: String,
}

/// A target is taken as it is, a hyphen before it and all: refusing it is the plan's affair, with its reason.
#[derive(Debug, Args)]
pub struct RemotePlanArgs {
    #[arg(long, value_name = "TOOL", allow_hyphen_values = true)]
    pub tool: String,
    #[arg(long, value_name = "TARGET", default_value = "", allow_hyphen_values = true)]
    pub target: String,
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}
