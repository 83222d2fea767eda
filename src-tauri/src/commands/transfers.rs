//! The hot transfer: offered, briefed, decided on; and the contract it follows.

use crate::{
    api::{ContractNames, TransferCard},
    commands::{Answer, told},
    core::{AppCore, telephony::TelephonyError},
    error::AppError,
};
use guichet_domain::{
    OperationId,
    hot_transfer::{Briefing, Decision},
};
use guichet_service_levels::Contract;
use tauri::State;

/// Transfers that go on, and those that ended while their call's wrap-up is not done; oldest first.
#[tauri::command]
#[specta::specta]
pub async fn transfers(core: State<'_, AppCore>) -> Answer<Vec<TransferCard>> {
    let result = async {
        match core.desk().await?.telephone().await {
            Some(telephone) => telephone.transfers().cards().await,
            None => Ok(Vec::new()),
        }
    };
    let result = result.await;
    told(&core, result).await
}

/// Offers the hot transfer of a call that is being talked; of one whose transfer goes on, that transfer.
#[tauri::command]
#[specta::specta]
pub async fn begin_transfer(core: State<'_, AppCore>, call: String) -> Answer<TransferCard> {
    let result = async {
        let telephone = core.desk().await?.telephone().await.ok_or(TelephonyError::NotSetUp)?;
        telephone.begin_transfer(&call).await
    };
    let result = result.await;
    told(&core, result).await
}

/// Keeps the briefing as it is typed; answers once it is durable.
#[tauri::command]
#[specta::specta]
pub async fn brief_transfer(core: State<'_, AppCore>, id: OperationId, briefing: Briefing) -> Answer<TransferCard> {
    let result = async {
        let telephone = core.desk().await?.telephone().await.ok_or(TelephonyError::NotSetUp)?;
        telephone.transfers().brief(id, briefing).await
    };
    let result = result.await;
    told(&core, result).await
}

/// Takes a decision of the technician's; refused with why it cannot be taken now.
#[tauri::command]
#[specta::specta]
pub async fn decide_transfer(core: State<'_, AppCore>, id: OperationId, decision: Decision) -> Answer<TransferCard> {
    let result = async {
        let telephone = core.desk().await?.telephone().await.ok_or(TelephonyError::NotSetUp)?;
        telephone.transfers().decide(id, decision).await
    };
    let result = result.await;
    told(&core, result).await
}

/// The contracts there are, and which one is in force.
#[tauri::command]
#[specta::specta]
pub async fn contract_names(core: State<'_, AppCore>) -> Answer<ContractNames> {
    let result = async {
        Ok::<_, AppError>(ContractNames {
            known: Contract::embedded_names().map(str::to_owned).collect(),
            in_force: core.desk().await?.contract_name().await,
        })
    };
    let result = result.await;
    told(&core, result).await
}
