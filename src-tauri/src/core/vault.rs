//! The vault: where the key of a profile's databases is kept, and how it is got back.
//!
//! Each profile has one [`DataKey`], made of the system's randomness when the profile is first opened. `vault.json` says where
//! it is: in the system's keyring (where there is one, and nothing else was asked for), in the profile wrapped by a
//! passphrase, or in a file of the profile. It never holds the key in the clear; it holds a check by which a key that is not
//! the right one is known before any database is touched. A second copy lies beside it: what it says is in no other place.
//!
//! See `docs/decisions/0023-one-key-a-profile.md`.

use crate::{
    api::{KeyPlace, SecretStoreKind},
    core::{
        profile::{ProfileConfig, scrub, write_atomically},
        secrets::{SecretError, SecretPlace, keyring_answers},
    },
};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce, aead::Aead};
use guichet_store::{DataKey, KEY_BYTES};
use rand::{TryRngCore as _, rngs::OsRng};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use zeroize::{Zeroize as _, Zeroizing};

const FILE: &str = "vault.json";
const COPY: &str = "vault.copy.json";
/// The newest form of the file.
const VERSION: u32 = 1;
/// Fewest characters of a passphrase: it stands between a copied folder and what is in it, and can be tried without limit.
pub const PASSPHRASE_MIN: usize = 12;
/// What a passphrase's stretching costs: memory in KiB, passes, lanes (RFC 9106's second choice, for 64 MiB).
const STRETCHING: (u32, u32, u32) = (65_536, 3, 1);
/// The most memory that a file may ask for, in KiB: it comes from the disk.
const STRETCHING_MOST: u32 = 1_048_576;
/// What the check is a hash of, before the key.
const CHECK: &[u8] = b"guichet: check of a data key\0";
/// What the wrapped key is bound to.
const WRAPPING: &[u8] = b"guichet: data key";

/// Why the key of a profile is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A new profile, and nowhere to keep its key.
    #[error("there is no keyring: where the key is kept must be chosen")]
    NoPlace,
    /// The key is wrapped by a passphrase.
    #[error("the passphrase is needed")]
    PassphraseNeeded,
    /// That passphrase is not the one.
    #[error("the passphrase is not the right one")]
    WrongPassphrase,
    /// Too short to protect anything.
    #[error("a passphrase has at least {PASSPHRASE_MIN} characters")]
    PassphraseShort,
    /// The keyring (or the file) does not hold the key any more.
    #[error("the key of {id} is gone")]
    KeyGone {
        /// Which vault.
        id: String,
    },
    /// What is kept is not the key of these databases.
    #[error("the key that is kept is another profile's")]
    WrongKey,
    /// Neither copy of `vault.json` reads back, and the databases are encrypted.
    #[error("{path} does not read back")]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer version.
    #[error("{path} was written by a newer version")]
    TooNew {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no randomness, or stretching failed.
    #[error("no key could be made: {message}")]
    NoKey {
        /// Why.
        message: String,
    },
    /// The file system.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl VaultError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPlace => "vault_no_place",
            Self::PassphraseNeeded => "vault_passphrase_needed",
            Self::WrongPassphrase => "vault_wrong_passphrase",
            Self::PassphraseShort => "vault_passphrase_short",
            Self::KeyGone { .. } => "vault_key_gone",
            Self::WrongKey => "vault_wrong_key",
            Self::Unreadable { .. } => "vault_unreadable",
            Self::TooNew { .. } => "vault_too_new",
            Self::NoKey { .. } => "vault_no_key",
            Self::File { .. } => "vault_file",
        }
    }
}

/// What a person (or the command line) gave to get at the key.
#[derive(Debug, Clone)]
pub struct KeyAccess {
    /// Where a new profile's key goes; `None`: into the keyring, where there is one.
    pub place: Option<KeyPlace>,
    /// The passphrase.
    pub passphrase: Option<SecretString>,
}

impl Default for KeyAccess {
    fn default() -> Self {
        Self {
            // Tests leave the keyring of this machine alone.
            place: cfg!(test).then_some(KeyPlace::File),
            passphrase: None,
        }
    }
}

/// A key wrapped by a passphrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Wrapped {
    /// Memory of Argon2id, in KiB.
    memory: u32,
    /// Passes.
    passes: u32,
    /// Lanes.
    lanes: u32,
    /// Base64.
    salt: String,
    /// Base64.
    nonce: String,
    /// The key, encrypted by XChaCha20-Poly1305 under the stretched passphrase; base64.
    key: String,
}

/// `vault.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    version: u32,
    /// Names the key in the keyring.
    id: String,
    place: KeyPlace,
    /// SHA-256 of a label and the key, in hexadecimal.
    check: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wrapped: Option<Wrapped>,
}

/// The vault of one profile.
#[derive(Debug, Clone)]
pub struct Vault {
    folder: PathBuf,
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn check_of(key: &DataKey) -> String {
    let mut hash = Sha256::new();
    hash.update(CHECK);
    hash.update(key.bytes());
    hex(&hash.finalize())
}

fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| VaultError::NoKey {
        message: error.to_string(),
    })?;
    Ok(bytes)
}

/// The key that a passphrase stretches to.
fn stretched(passphrase: &SecretString, salt: &[u8], cost: (u32, u32, u32)) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    let failed = |error: argon2::Error| VaultError::NoKey {
        message: error.to_string(),
    };
    let (memory, passes, lanes) = cost;
    let params = Params::new(memory, passes, lanes, Some(32)).map_err(failed)?;
    let mut key = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.expose_secret().as_bytes(), salt, key.as_mut())
        .map_err(failed)?;
    Ok(key)
}

fn wrap(key: &DataKey, passphrase: &SecretString) -> Result<Wrapped, VaultError> {
    if passphrase.expose_secret().chars().count() < PASSPHRASE_MIN {
        return Err(VaultError::PassphraseShort);
    }
    let (salt, nonce) = (random::<16>()?, random::<24>()?);
    let over = stretched(passphrase, &salt, STRETCHING)?;
    let payload = chacha20poly1305::aead::Payload {
        msg: key.bytes(),
        aad: WRAPPING,
    };
    let wrapped = XChaCha20Poly1305::new(over.as_ref().into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|error| VaultError::NoKey {
            message: error.to_string(),
        })?;
    Ok(Wrapped {
        memory: STRETCHING.0,
        passes: STRETCHING.1,
        lanes: STRETCHING.2,
        salt: STANDARD.encode(salt),
        nonce: STANDARD.encode(nonce),
        key: STANDARD.encode(wrapped),
    })
}

fn unwrap(wrapped: &Wrapped, passphrase: &SecretString, path: &Path) -> Result<DataKey, VaultError> {
    let unreadable = || VaultError::Unreadable { path: path.to_owned() };
    let decoded = |text: &str| STANDARD.decode(text).map_err(|_| unreadable());
    let (salt, nonce, sealed) = (
        decoded(&wrapped.salt)?,
        decoded(&wrapped.nonce)?,
        decoded(&wrapped.key)?,
    );
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| unreadable())?;
    if wrapped.memory > STRETCHING_MOST || wrapped.passes > 64 || wrapped.lanes > 16 {
        return Err(unreadable());
    }
    let over = stretched(passphrase, &salt, (wrapped.memory, wrapped.passes, wrapped.lanes))?;
    let payload = chacha20poly1305::aead::Payload {
        msg: &sealed,
        aad: WRAPPING,
    };
    let opened = XChaCha20Poly1305::new(over.as_ref().into())
        .decrypt(&XNonce::from(nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| VaultError::WrongPassphrase)?;
    key_of(&opened).ok_or_else(unreadable)
}

/// The key in bytes that were kept.
fn key_of(bytes: &[u8]) -> Option<DataKey> {
    let mut key: [u8; KEY_BYTES] = bytes.try_into().ok()?;
    let held = DataKey::from_bytes(key);
    key.zeroize();
    Some(held)
}

impl Vault {
    /// The vault of a profile's folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    fn file_error(&self, name: &str) -> impl FnOnce(std::io::Error) -> VaultError {
        let path = self.folder.join(name);
        |source| VaultError::File { path, source }
    }

    /// Where the key is; `None` for a profile that has none yet.
    ///
    /// # Errors
    /// When the vault's files do not read back.
    pub fn place(&self) -> Result<Option<KeyPlace>, VaultError> {
        Ok(self.record()?.map(|record| record.place))
    }

    /// The key, made now for a profile that has none yet.
    ///
    /// # Errors
    /// What is missing to get at it: see [`VaultError`]; what the keyring or the file of the key said otherwise.
    pub async fn key(&self, access: &KeyAccess, config: &ProfileConfig) -> Result<DataKey, crate::error::AppError> {
        match self.record()? {
            Some(record) => self.kept(&record, access).await,
            None => self.made(access, config).await,
        }
    }

    fn record(&self) -> Result<Option<Record>, VaultError> {
        let mut unreadable = false;
        for name in [FILE, COPY] {
            match std::fs::read(self.folder.join(name)) {
                Ok(bytes) => match serde_json::from_slice::<Record>(&bytes) {
                    Ok(record) if record.version > VERSION => {
                        return Err(VaultError::TooNew {
                            path: self.folder.join(name),
                        });
                    }
                    Ok(record) => return Ok(Some(record)),
                    Err(error) => {
                        tracing::warn!(%error, name, "a copy of the vault's file does not read back");
                        unreadable = true;
                    }
                },
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(self.file_error(name)(source)),
            }
        }
        // A key made anew would open nothing of what is there.
        if unreadable || self.encrypted_desk()? {
            return Err(VaultError::Unreadable { path: self.path() });
        }
        Ok(None)
    }

    /// Whether the profile holds an encrypted desk.
    fn encrypted_desk(&self) -> Result<bool, VaultError> {
        use std::io::Read as _;
        let name = "desk.db";
        let mut start = Vec::new();
        match std::fs::File::open(self.folder.join(name)) {
            Ok(file) => {
                file.take(16).read_to_end(&mut start).map_err(self.file_error(name))?;
                Ok(!start.is_empty() && start != b"SQLite format 3\0")
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(self.file_error(name)(source)),
        }
    }

    async fn kept(&self, record: &Record, access: &KeyAccess) -> Result<DataKey, crate::error::AppError> {
        let key = match record.place {
            KeyPlace::Keyring => self.of_place(record, SecretStoreKind::Keyring).await?,
            KeyPlace::File => self.of_place(record, SecretStoreKind::File).await?,
            KeyPlace::Passphrase => {
                let passphrase = access.passphrase.clone().ok_or(VaultError::PassphraseNeeded)?;
                let path = self.path();
                let wrapped = record
                    .wrapped
                    .clone()
                    .ok_or_else(|| VaultError::Unreadable { path: path.clone() })?;
                apart(move || unwrap(&wrapped, &passphrase, &path)).await?
            }
        };
        if check_of(&key) != record.check {
            return Err(VaultError::WrongKey.into());
        }
        Ok(key)
    }

    async fn of_place(&self, record: &Record, kind: SecretStoreKind) -> Result<DataKey, crate::error::AppError> {
        let place = SecretPlace::of_data_key(kind, &record.id, &self.folder);
        let bytes = match place.read_bytes().await {
            Err(SecretError::None) => {
                return Err(VaultError::KeyGone { id: record.id.clone() }.into());
            }
            other => other?,
        };
        Ok(key_of(&bytes).ok_or(VaultError::WrongKey)?)
    }

    /// Where a new profile's key goes when nobody said.
    async fn usual_place(&self, config: &ProfileConfig) -> Result<KeyPlace, VaultError> {
        // Who keeps the account's secrets in a file of the profile has no keyring, and has decided so.
        let in_file = config
            .connection
            .as_ref()
            .is_some_and(|connection| connection.secret_store == SecretStoreKind::File);
        if in_file {
            return Ok(KeyPlace::File);
        }
        if keyring_answers().await {
            Ok(KeyPlace::Keyring)
        } else {
            Err(VaultError::NoPlace)
        }
    }

    async fn made(&self, access: &KeyAccess, config: &ProfileConfig) -> Result<DataKey, crate::error::AppError> {
        let place = match access.place {
            Some(place) => place,
            None if access.passphrase.is_some() => KeyPlace::Passphrase,
            None => self.usual_place(config).await?,
        };
        let mut bytes = random::<KEY_BYTES>()?;
        let key = DataKey::from_bytes(bytes);
        bytes.zeroize();
        let record = self.put(&key, place, access).await?;
        if self.written_first(&record)? {
            return Ok(key);
        }
        // Another process was quicker: its key is the one.
        self.forget(&record).await?;
        let theirs = self
            .record()?
            .ok_or_else(|| VaultError::Unreadable { path: self.path() })?;
        self.kept(&theirs, access).await
    }

    /// Puts the key where it shall be, under a name of its own, and says what to write down.
    async fn put(&self, key: &DataKey, place: KeyPlace, access: &KeyAccess) -> Result<Record, crate::error::AppError> {
        let mut record = Record {
            version: VERSION,
            id: uuid::Uuid::new_v4().to_string(),
            place,
            check: check_of(key),
            wrapped: None,
        };
        let kind = match place {
            KeyPlace::Keyring => Some(SecretStoreKind::Keyring),
            KeyPlace::File => Some(SecretStoreKind::File),
            KeyPlace::Passphrase => None,
        };
        if let Some(kind) = kind {
            SecretPlace::of_data_key(kind, &record.id, &self.folder)
                .write_bytes(Zeroizing::new(key.bytes().to_vec()))
                .await?;
        } else {
            let passphrase = access.passphrase.clone().ok_or(VaultError::PassphraseNeeded)?;
            let key = key.clone();
            record.wrapped = Some(apart(move || wrap(&key, &passphrase)).await?);
        }
        Ok(record)
    }

    /// Writes the record unless there is one: false when there is.
    fn written_first(&self, record: &Record) -> Result<bool, VaultError> {
        let content = serde_json::to_vec_pretty(record).map_err(|error| VaultError::NoKey {
            message: error.to_string(),
        })?;
        let beside = self.folder.join(format!(".{FILE}.{}", record.id));
        write_atomically(&beside, &content, true).map_err(self.file_error(FILE))?;
        // A link is made whole or not at all, and never over a file.
        let linked = std::fs::hard_link(&beside, self.path());
        let removed = std::fs::remove_file(&beside);
        match linked {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(false),
            other => other.map_err(self.file_error(FILE))?,
        }
        removed.map_err(self.file_error(FILE))?;
        write_atomically(&self.folder.join(COPY), &content, true).map_err(self.file_error(COPY))?;
        Ok(true)
    }

    /// Takes away what [`Vault::put`] put.
    async fn forget(&self, record: &Record) -> Result<(), SecretError> {
        let kind = match record.place {
            KeyPlace::Keyring => SecretStoreKind::Keyring,
            KeyPlace::File => SecretStoreKind::File,
            KeyPlace::Passphrase => return Ok(()),
        };
        SecretPlace::of_data_key(kind, &record.id, &self.folder).delete().await
    }

    /// Keeps the key somewhere else from now on (or under another passphrase), and forgets it where it was.
    ///
    /// # Errors
    /// As [`Vault::key`]; the key stays where it was unless it is safe in its new place.
    pub async fn move_to(
        &self,
        place: KeyPlace,
        before: &KeyAccess,
        after: &KeyAccess,
    ) -> Result<(), crate::error::AppError> {
        let record = self
            .record()?
            .ok_or_else(|| VaultError::Unreadable { path: self.path() })?;
        let key = self.kept(&record, before).await?;
        let moved = self.put(&key, place, after).await?;
        let content = serde_json::to_vec_pretty(&moved).map_err(|error| VaultError::NoKey {
            message: error.to_string(),
        })?;
        for name in [FILE, COPY] {
            write_atomically(&self.folder.join(name), &content, true).map_err(self.file_error(name))?;
        }
        // The file of a key has one name whoever's it is: the one just written stays.
        if (record.place, moved.place) != (KeyPlace::File, KeyPlace::File) {
            self.forget(&record).await?;
        }
        Ok(())
    }

    /// Destroys the key: what the databases hold cannot be read by anybody from then on. The first step of a wipe.
    ///
    /// # Errors
    /// When the place of the key does not let go of it.
    pub async fn destroy(&self) -> Result<(), crate::error::AppError> {
        let record = match self.record() {
            Ok(record) => record,
            // Nothing leads to a key from there.
            Err(VaultError::Unreadable { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(record) = record {
            self.forget(&record).await?;
        }
        for name in [FILE, COPY] {
            scrub(&self.folder.join(name)).map_err(self.file_error(name))?;
        }
        Ok(())
    }
}

/// Stretching takes a moment and much memory: never on a thread that serves the window.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, VaultError> + Send + 'static,
) -> Result<T, VaultError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| VaultError::NoKey {
            message: error.to_string(),
        })?
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::error::AppError;

    fn by_passphrase(words: &str) -> KeyAccess {
        KeyAccess {
            place: Some(KeyPlace::Passphrase),
            passphrase: Some(words.to_owned().into()),
        }
    }

    async fn key(vault: &Vault, access: &KeyAccess) -> Result<DataKey, AppError> {
        vault.key(access, &ProfileConfig::default()).await
    }

    fn refused(result: Result<DataKey, AppError>) -> &'static str {
        result.unwrap_err().code()
    }

    fn everything_in(folder: &Path) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            all.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        all
    }

    #[tokio::test]
    async fn a_key_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::of(folder.path());
        assert_eq!(vault.place().unwrap(), None);
        let first = key(&vault, &KeyAccess::default()).await.unwrap();
        assert!(first.bytes().iter().any(|byte| *byte != 0));
        assert_eq!(key(&vault, &KeyAccess::default()).await.unwrap(), first);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(
            key(&Vault::of(other.path()), &KeyAccess::default()).await.unwrap(),
            first
        );
    }

    #[tokio::test]
    async fn several_that_open_a_new_profile_at_once_agree_on_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::of(folder.path());
        let access = by_passphrase("quatre mots sans lien");
        let (one, two, three) = tokio::join!(key(&vault, &access), key(&vault, &access), key(&vault, &access));
        let one = one.unwrap();
        assert_eq!(two.unwrap(), one);
        assert_eq!(three.unwrap(), one);
    }

    #[tokio::test]
    async fn a_passphrase_opens_and_another_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::of(folder.path());
        assert_eq!(
            refused(key(&vault, &by_passphrase("trop court")).await),
            "vault_passphrase_short"
        );
        assert_eq!(vault.place().unwrap(), None, "nothing was made");
        let right = by_passphrase("quatre mots sans lien");
        let made = key(&vault, &right).await.unwrap();
        assert_eq!(key(&vault, &right).await.unwrap(), made);
        assert_eq!(
            refused(key(&vault, &KeyAccess::default()).await),
            "vault_passphrase_needed"
        );
        assert_eq!(
            refused(key(&vault, &by_passphrase("quatre mots sans lieu")).await),
            "vault_wrong_passphrase"
        );
        let all = everything_in(folder.path());
        for secret in [made.bytes().as_slice(), hex(made.bytes()).as_bytes(), b"quatre mots"] {
            assert!(!all.windows(secret.len()).any(|window| window == secret));
        }
    }

    #[tokio::test]
    async fn a_key_moves_and_is_forgotten_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::of(folder.path());
        let made = key(&vault, &KeyAccess::default()).await.unwrap();
        let right = by_passphrase("quatre mots sans lien");
        vault
            .move_to(KeyPlace::Passphrase, &KeyAccess::default(), &right)
            .await
            .unwrap();
        assert!(!folder.path().join("data.key").exists());
        assert_eq!(key(&vault, &right).await.unwrap(), made);
        let other = by_passphrase("cinq autres mots sans lien");
        vault.move_to(KeyPlace::Passphrase, &right, &other).await.unwrap();
        assert_eq!(refused(key(&vault, &right).await), "vault_wrong_passphrase");
        assert_eq!(key(&vault, &other).await.unwrap(), made);
        vault
            .move_to(KeyPlace::File, &other, &KeyAccess::default())
            .await
            .unwrap();
        assert_eq!(key(&vault, &KeyAccess::default()).await.unwrap(), made);
    }

    #[tokio::test]
    async fn a_damaged_record_is_read_from_its_copy_and_never_replaced_by_a_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::of(folder.path());
        let made = key(&vault, &KeyAccess::default()).await.unwrap();
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(key(&vault, &KeyAccess::default()).await.unwrap(), made);
        std::fs::write(folder.path().join(COPY), "").unwrap();
        assert_eq!(refused(key(&vault, &KeyAccess::default()).await), "vault_unreadable");
        // Lost altogether, beside an encrypted desk.
        std::fs::remove_file(folder.path().join(FILE)).unwrap();
        std::fs::remove_file(folder.path().join(COPY)).unwrap();
        std::fs::write(folder.path().join("desk.db"), [0x5a; 4096]).unwrap();
        assert_eq!(refused(key(&vault, &KeyAccess::default()).await), "vault_unreadable");
    }

    #[tokio::test]
    async fn another_key_is_known_before_any_database_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::of(folder.path());
        key(&vault, &KeyAccess::default()).await.unwrap();
        std::fs::write(folder.path().join("data.key"), [1; KEY_BYTES]).unwrap();
        assert_eq!(refused(key(&vault, &KeyAccess::default()).await), "vault_wrong_key");
        std::fs::write(folder.path().join("data.key"), "court").unwrap();
        assert_eq!(refused(key(&vault, &KeyAccess::default()).await), "vault_wrong_key");
        std::fs::remove_file(folder.path().join("data.key")).unwrap();
        assert_eq!(refused(key(&vault, &KeyAccess::default()).await), "vault_key_gone");
    }

    #[tokio::test]
    async fn what_is_destroyed_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::of(folder.path());
        key(&vault, &KeyAccess::default()).await.unwrap();
        vault.destroy().await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        vault.destroy().await.unwrap();
    }
}
