//! `vault`: where the key of the databases is, and keeping it elsewhere; and how every command gets at it. A passphrase comes
//! from a file or from the terminal, never from the arguments.

use super::{
    Ending, Output,
    args::{Command, CommandLine, StoreArg, VaultCommand},
};
use crate::{
    api::KeyPlace,
    core::{
        AppCore,
        vault::{KeyAccess, Vault},
    },
    error::AppError,
};
use guichet_domain::audit::{AuditAction, AuditEntry};
use secrecy::SecretString;
use serde_json::json;
use std::{io::IsTerminal, path::Path};
use zeroize::Zeroizing;

fn passphrase_in(path: &Path) -> Result<SecretString, AppError> {
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|source| AppError::File {
            path: path.to_owned(),
            source,
        })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned().into())
}

/// What the arguments give to get at the key.
///
/// # Errors
/// When the file of the passphrase cannot be read.
pub fn key_access(line: &CommandLine) -> Result<KeyAccess, AppError> {
    let mut access = KeyAccess {
        place: line.key_store.map(KeyPlace::from),
        passphrase: line.passphrase_file.as_deref().map(passphrase_in).transpose()?,
    };
    // Who keeps the account's secrets in a file of the profile has no keyring for the key either.
    if access.place.is_none()
        && access.passphrase.is_none()
        && let Some(Command::Login(login)) = &line.command
        && login.secret_store == StoreArg::File
    {
        access.place = Some(KeyPlace::File);
    }
    Ok(access)
}

fn asked(out: &Output, key: &str) -> Result<SecretString, AppError> {
    let prompt = out.text(key, &[]);
    rpassword::prompt_password(prompt)
        .map(SecretString::from)
        .map_err(|source| AppError::File {
            path: "terminal".into(),
            source,
        })
}

/// Asks at the terminal for the passphrase where the profile needs one and none was given.
pub(super) fn asked_where_needed(core: &AppCore, out: &Output, mut access: KeyAccess) -> Result<KeyAccess, AppError> {
    if access.passphrase.is_some() || !std::io::stdin().is_terminal() {
        return Ok(access);
    }
    let kept = Vault::of(&core.first_folder()?.path).place()?;
    if kept.or(access.place) == Some(KeyPlace::Passphrase) {
        access.passphrase = Some(asked(out, "vault.passphrase")?);
    }
    Ok(access)
}

/// Runs `vault show|move`.
pub(super) async fn run(core: &AppCore, out: &Output, command: VaultCommand) -> Result<Ending, AppError> {
    let vault = Vault::of(&core.first_folder()?.path);
    match command {
        VaultCommand::Show => {
            let place = vault.place()?;
            out.answer(&json!({ "place": place }), || {
                out.text(place.map_or("vault.none", words_of), &[])
            });
        }
        VaultCommand::Move(args) => {
            let to = KeyPlace::from(args.to);
            let mut after = KeyAccess {
                place: Some(to),
                passphrase: args.new_passphrase_file.as_deref().map(passphrase_in).transpose()?,
            };
            if to == KeyPlace::Passphrase && after.passphrase.is_none() && std::io::stdin().is_terminal() {
                after.passphrase = Some(asked(out, "vault.new_passphrase")?);
            }
            // Nobody else has the profile, and the log can be written.
            let desk = core.desk().await?;
            vault.move_to(to, &core.access(), &after).await?;
            desk.audit(AuditEntry::done(AuditAction::KeyMoved, "vault").detail(words_of(to)))
                .await?;
            out.answer(&json!({ "place": to }), || out.text(words_of(to), &[]));
        }
    }
    Ok(Ending::Done)
}

fn words_of(place: KeyPlace) -> &'static str {
    match place {
        KeyPlace::Keyring => "vault.keyring",
        KeyPlace::Passphrase => "vault.by_passphrase",
        KeyPlace::File => "vault.file",
    }
}
