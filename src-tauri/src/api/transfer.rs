//! What the window is told of a hot transfer, on either side of it.

use guichet_domain::{
    TicketId,
    diagnosis::DiagnosisField,
    hot_transfer::{HandStep, HotTransfer, Notice, Witness},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

/// A line of the trace, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct TransferLine {
    /// Its number, from 1.
    pub number: u16,
    /// When.
    #[specta(type = String)]
    pub at: Timestamp,
    /// Who says so.
    pub witness: Witness,
    /// What happened.
    pub text: String,
}

/// What the technician does on his telephone himself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Instruction {
    /// Which step it is.
    pub step: HandStep,
    /// In the contract's words.
    pub text: String,
}

/// A hot transfer with everything that is shown of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct TransferCard {
    /// The machine.
    pub transfer: HotTransfer,
    /// What happened so far, oldest first.
    pub lines: Vec<TransferLine>,
    /// What the briefing must say before anybody is called.
    pub missing: Vec<DiagnosisField>,
    /// Who of the roster would be called by himself.
    pub next: Option<u32>,
    /// What is to be done by hand now.
    pub instruction: Option<Instruction>,
    /// What was told last.
    pub notice: Option<Notice>,
}

/// The briefing of a call that was handed on, on the side of whom it reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct CallBriefing {
    /// The ticket that the call carries.
    pub ticket: TicketId,
    /// When the briefing was written; `None` while the ticket is being read.
    #[specta(type = Option<String>)]
    pub at: Option<Timestamp>,
    /// Who wrote it.
    pub author: Option<String>,
    /// What it says; empty while the ticket is being read.
    pub lines: Vec<String>,
}

/// The contracts there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct ContractNames {
    /// Those that come with the product.
    pub known: Vec<String>,
    /// The name or file of the one in force.
    pub in_force: String,
}

/// A hot transfer began, changed or ended.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "transfer")]
pub struct TransferChanged(pub TransferCard);
