//! Destroying a profile: the key first, so that whatever happens next leaves nothing readable; then the secrets, then the files.
//!
//! Only files that Guichet makes are removed. Whatever else lies in the folder is left and named.

use crate::{
    api::SecretStoreKind,
    core::{
        profile::{ProfileFolder, scrub, write_atomically},
        secrets::SecretPlace,
        vault::{KeyAccess, Vault},
    },
    error::AppError,
};
use guichet_store::Store;
use std::path::{Path, PathBuf};

/// Why a profile is not wiped.
#[derive(Debug, thiserror::Error)]
pub enum WipeError {
    /// Nobody agreed.
    #[error("a wipe was not agreed to")]
    NotConfirmed,
    /// There is work that exists nowhere else.
    #[error("{unsent} operations and {drafts} drafts exist only here")]
    Unsent {
        /// Operations that have not left.
        unsent: usize,
        /// Drafts with words.
        drafts: usize,
    },
    /// The databases cannot be opened, so that nobody knows what is unsent.
    #[error("what is unsent cannot be told: {message}")]
    Unknown {
        /// Why.
        message: String,
    },
}

impl WipeError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotConfirmed => "wipe_not_confirmed",
            Self::Unsent { .. } => "wipe_unsent",
            Self::Unknown { .. } => "wipe_unknown",
        }
    }
}

/// What a wipe did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wiped {
    /// Files removed.
    pub files: usize,
    /// What is still in the folder: none of Guichet's.
    pub left: Vec<PathBuf>,
}

/// The file that says that a profile was destroyed because its account is revoked. No name is in it.
const WORD: &str = "wiped.json";

/// Leaves word of why a profile is empty, for whoever opens it next.
pub(crate) fn leave_word(folder: &Path, at: jiff::Timestamp) -> std::io::Result<()> {
    let word = serde_json::json!({ "at": at, "why": "account_revoked" });
    write_atomically(&folder.join(WORD), word.to_string().as_bytes(), true)
}

/// Whether word was left.
pub(crate) fn left_word(folder: &Path) -> bool {
    folder.join(WORD).exists()
}

/// An account was taken: the word is told.
pub(crate) fn forget_word(folder: &Path) {
    if let Err(error) = std::fs::remove_file(folder.join(WORD))
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the word of an earlier wipe stays");
    }
}

/// Whether a name is of a file that Guichet makes in a profile.
fn ours(name: &str) -> bool {
    const WHOLE: [&str; 7] = [
        WORD,
        "config.json",
        "lock.json",
        "vault.json",
        "vault.copy.json",
        "data.key",
        "mirror.suspect",
    ];
    WHOLE.contains(&name)
        || name.ends_with("secrets.json")
        || ["desk.", "mirror."].iter().any(|start| name.starts_with(start))
            && [".db", ".db-wal", ".db-shm", ".db-journal", ".encrypting"]
                .iter()
                .any(|end| name.ends_with(end))
        || name.starts_with("config.json.broken-")
        // What an interrupted replacement left.
        || name.starts_with('.') && (name.contains("json.") || name.contains("data.key."))
}

/// Wipes a profile. Refused while another process has it, and while work exists only here unless `even_unsent`.
///
/// # Errors
/// Why it was refused; what the keyring or the file system said. After an error the wipe can be asked for again.
pub async fn wipe(folder: &Path, access: &KeyAccess, even_unsent: bool) -> Result<Wiped, AppError> {
    let profile = ProfileFolder {
        id: String::new(),
        path: folder.to_owned(),
    };
    let vault = Vault::of(folder);
    let (config, _) = profile.read_config()?;
    if !even_unsent && folder.join("desk.db").exists() {
        let opened = async {
            let key = vault.key(access, &config).await?;
            let (store, _) = Store::open(folder, &key, jiff::Timestamp::now()).await?;
            let unsent = store.outbox(None, false).await.map(|entries| entries.len());
            let drafts = store.drafts().await.map(|drafts| drafts.len());
            store.close().await;
            Ok::<_, AppError>((unsent?, drafts?))
        };
        match opened.await {
            Ok((0, 0)) => {}
            Ok((unsent, drafts)) => return Err(WipeError::Unsent { unsent, drafts }.into()),
            Err(AppError::Store(error @ guichet_store::StoreError::Locked { .. })) => return Err(error.into()),
            Err(error) => {
                return Err(WipeError::Unknown {
                    message: error.to_string(),
                }
                .into());
            }
        }
    }
    let _held = guichet_store::ProfileLock::take(folder).await?;
    destroy(&profile, &config.key, &vault).await
}

async fn destroy(profile: &ProfileFolder, key: &str, vault: &Vault) -> Result<Wiped, AppError> {
    let folder = profile.path.as_path();
    vault.destroy().await?;
    for kind in [SecretStoreKind::Keyring, SecretStoreKind::File] {
        for place in SecretPlace::all(kind, key, folder) {
            match place.delete().await {
                // Without a keyring there is nothing in it.
                Err(error) if kind == SecretStoreKind::Keyring => {
                    tracing::warn!(%error, "a secret may be left in the keyring");
                }
                other => other?,
            }
        }
    }
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || remove(&folder))
        .await
        .map_err(std::io::Error::other)
        .and_then(|removed| removed)
        .map_err(|source| AppError::File {
            path: profile.path.clone(),
            source,
        })
}

fn remove(folder: &Path) -> std::io::Result<Wiped> {
    let mut wiped = Wiped {
        files: 0,
        left: Vec::new(),
    };
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == "profile.lock" {
            continue;
        }
        if name == "sandbox" && entry.file_type()?.is_dir() {
            // The embedded server's pretend data.
            std::fs::remove_dir_all(&path)?;
            wiped.files += 1;
        } else if entry.file_type()?.is_file() && ours(&name) {
            // Large ones are encrypted, and their key is gone: writing over them would only take long.
            if entry.metadata()?.len() > 1024 * 1024 {
                std::fs::remove_file(&path)?;
            } else {
                scrub(&path)?;
            }
            wiped.files += 1;
        } else {
            wiped.left.push(path);
        }
    }
    wiped.left.sort();
    Ok(wiped)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::test_desk;

    #[test]
    fn only_guichet_s_own_files_are_ours() {
        for name in [
            "config.json",
            "desk.db",
            "desk.db-wal",
            "mirror.db-shm",
            "mirror.broken-20260102T030405Z.db",
            "telephone-secrets.json",
            ".config.json.0a1b",
        ] {
            assert!(ours(name), "{name}");
        }
        for name in [
            "notes.txt",
            "desk.txt",
            "photo.db",
            "profile",
            ".bashrc",
            "package.json",
        ] {
            assert!(!ours(name), "{name}");
        }
    }

    #[tokio::test]
    async fn a_wipe_takes_the_key_first_and_leaves_what_is_not_guichet_s() {
        let folder = tempfile::tempdir().unwrap();
        let (desk, _) = test_desk::desk(folder.path()).await;
        let path = desk.folder.path.clone();
        desk.close().await;
        drop(desk);
        std::fs::write(path.join("notes.txt"), "à moi").unwrap();
        assert!(path.join("data.key").exists());
        let wiped = wipe(&path, &KeyAccess::default(), false).await.unwrap();
        assert_eq!(wiped.files, 3, "desk, mirror and configuration: {wiped:?}");
        assert_eq!(wiped.left, [path.join("notes.txt")]);
        let mut rest: Vec<String> = std::fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        rest.sort();
        assert_eq!(rest, ["notes.txt", "profile.lock"]);
    }

    #[tokio::test]
    async fn words_that_exist_only_here_are_not_wiped_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let (desk, _) = test_desk::desk(folder.path()).await;
        let path = desk.folder.path.clone();
        let draft = guichet_store::Draft {
            key: "followup:1".to_owned(),
            ticket: None,
            body: "à garder".to_owned(),
            attachments: Vec::new(),
            updated_at: test_desk::at(0),
        };
        desk.store.save_draft(&draft).await.unwrap();
        desk.close().await;
        drop(desk);
        let refused = wipe(&path, &KeyAccess::default(), false).await.unwrap_err();
        assert_eq!(refused.code(), "wipe_unsent");
        assert!(path.join("data.key").exists());
        wipe(&path, &KeyAccess::default(), true).await.unwrap();
        assert!(!path.join("data.key").exists());
    }
}
