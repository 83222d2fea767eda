//! Where secrets live: the operating system's keyring, or (chosen explicitly, on machines without one) a file of mode 0600
//! in the profile, sealed by the databases' key. They are wiped from memory when dropped, never printed, never logged, never in `config.json`.

use crate::{
    api::{SecretStoreKind, SignInMethod},
    core::profile::{scrub, write_atomically},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce, aead::Aead as _};
use guichet_backend_glpi::Credentials;
use guichet_store::{DataKey, KEY_BYTES};
use rand::{TryRngCore as _, rngs::OsRng};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const SERVICE: &str = "org.guichet.desk";
const FILE: &str = "secrets.json";
/// The file of the key of the databases.
const DATA_KEY_FILE: &str = "data.key";
/// The file of the supervision's secret.
const SUPERVISION_FILE: &str = "supervision-secrets.json";
/// The file of the telephone's secret.
const TELEPHONE_FILE: &str = "telephone-secrets.json";
/// The file of the hash of the lock's PIN.
const LOCK_FILE: &str = "lock-secrets.json";
/// The file of the token of TeamViewer's service.
const REMOTE_FILE: &str = "remote-secrets.json";

/// Why secrets cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is no keyring on this machine, or it cannot be reached.
    #[error("no keyring can be reached: {message}")]
    NoKeyring {
        /// What the system said.
        message: String,
    },
    /// The keyring is there and locked, or its owner refused.
    #[error("the keyring is locked: {message}")]
    Locked {
        /// What the system said.
        message: String,
    },
    /// The keyring refused for another reason.
    #[error("the keyring failed: {message}")]
    Keyring {
        /// What the system said.
        message: String,
    },
    /// The file of secrets cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What is stored does not read back.
    #[error("the stored secrets do not read back")]
    Unreadable,
    /// None is stored.
    #[error("no secret is stored for this profile")]
    None,
}

impl SecretError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKeyring { .. } => "keyring_missing",
            Self::Locked { .. } => "keyring_locked",
            Self::Keyring { .. } => "keyring_failed",
            Self::File { .. } => "secrets_file",
            Self::Unreadable => "secrets_unreadable",
            Self::None => "auth_no_secret",
        }
    }
}

/// The secrets of one account.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Secrets {
    /// The person's API token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_token: Option<String>,
    /// The login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The application's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_token: Option<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// What the adapter signs in with; `None` when something the method needs is missing.
    #[must_use]
    pub fn credentials(&self, method: SignInMethod) -> Option<Credentials> {
        let filled = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let credentials = match method {
            SignInMethod::UserToken => Credentials::user_token(filled(&self.user_token)?),
            SignInMethod::Password => Credentials::password(filled(&self.login)?, filled(&self.password)?),
        };
        Some(match filled(&self.app_token) {
            Some(token) => credentials.with_app_token(token),
            None => credentials,
        })
    }
}

/// What secrets in files are sealed with: a key made of the databases' own, so that a file of secrets says nothing to who has
/// not that one.
#[derive(Clone)]
pub struct Seal(Arc<Zeroizing<[u8; KEY_BYTES]>>);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

/// A sealed file's content.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// Base64.
    nonce: String,
    /// XChaCha20-Poly1305; base64.
    sealed: String,
}

impl Seal {
    /// The seal of a profile whose databases have this key.
    #[must_use]
    pub fn of(key: &DataKey) -> Self {
        Self(Arc::new(key.derived(b"guichet: secrets in files")))
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.as_ref().as_ref().into())
    }

    fn seal(&self, content: &[u8]) -> Result<Vec<u8>, SecretError> {
        let mut nonce = [0; 24];
        OsRng.try_fill_bytes(&mut nonce).map_err(|_| SecretError::Unreadable)?;
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), content)
            .map_err(|_| SecretError::Unreadable)?;
        serde_json::to_vec(&Sealed {
            nonce: STANDARD.encode(nonce),
            sealed: STANDARD.encode(sealed),
        })
        .map_err(|_| SecretError::Unreadable)
    }

    /// What was sealed; what an earlier version wrote plain is given back as it is, and sealed when it is next written.
    fn open(&self, content: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        let Ok(sealed) = serde_json::from_slice::<Sealed>(&content) else {
            return Ok(content);
        };
        let decoded = |text: &str| STANDARD.decode(text).map_err(|_| SecretError::Unreadable);
        let nonce: [u8; 24] = decoded(&sealed.nonce)?
            .try_into()
            .map_err(|_| SecretError::Unreadable)?;
        self.cipher()
            .decrypt(&XNonce::from(nonce), decoded(&sealed.sealed)?.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| SecretError::Unreadable)
    }
}

/// The place where one profile's secrets are kept.
#[derive(Debug, Clone)]
pub struct SecretPlace {
    /// Which kind.
    pub kind: SecretStoreKind,
    key: String,
    file: PathBuf,
    seal: Option<Seal>,
}

impl SecretPlace {
    /// The place of a profile's secrets.
    #[must_use]
    pub fn new(kind: SecretStoreKind, key: &str, folder: &Path) -> Self {
        Self {
            kind,
            key: key.to_owned(),
            file: folder.join(FILE),
            seal: None,
        }
    }

    /// The place of the secret of a profile's telephone: apart, so that signing in and out leaves it alone.
    #[must_use]
    pub fn of_telephone(kind: SecretStoreKind, key: &str, folder: &Path) -> Self {
        Self {
            kind,
            key: format!("{key}.telephone"),
            file: folder.join(TELEPHONE_FILE),
            seal: None,
        }
    }

    /// The place of the token by which a profile makes remote sessions: apart as well.
    #[must_use]
    pub fn of_remote(kind: SecretStoreKind, key: &str, folder: &Path) -> Self {
        Self {
            kind,
            key: format!("{key}.remote"),
            file: folder.join(REMOTE_FILE),
            seal: None,
        }
    }

    /// The place of the hash of a profile's PIN: apart as well, so that signing out does not open what is locked.
    #[must_use]
    pub fn of_lock(kind: SecretStoreKind, key: &str, folder: &Path) -> Self {
        Self {
            kind,
            key: format!("{key}.lock"),
            file: folder.join(LOCK_FILE),
            seal: None,
        }
    }

    /// The place of the secret of a profile's supervision: apart as well.
    #[must_use]
    pub fn of_supervision(kind: SecretStoreKind, key: &str, folder: &Path) -> Self {
        Self {
            kind,
            key: format!("{key}.supervision"),
            file: folder.join(SUPERVISION_FILE),
            seal: None,
        }
    }

    /// The same place, what is in its file sealed.
    #[must_use]
    pub fn sealed_by(mut self, seal: &Seal) -> Self {
        self.seal = Some(seal.clone());
        self
    }

    /// Every place of a profile's secrets, but for its databases' key.
    #[must_use]
    pub fn all(kind: SecretStoreKind, key: &str, folder: &Path) -> Vec<Self> {
        [
            Self::new,
            Self::of_telephone,
            Self::of_remote,
            Self::of_supervision,
            Self::of_lock,
        ]
        .map(|place| place(kind, key, folder))
        .into()
    }

    /// The place of the key of a profile's databases (`id`: the vault's).
    #[must_use]
    pub fn of_data_key(kind: SecretStoreKind, id: &str, folder: &Path) -> Self {
        Self {
            kind,
            key: format!("{id}.data"),
            file: folder.join(DATA_KEY_FILE),
            seal: None,
        }
    }

    /// The secrets.
    ///
    /// # Errors
    /// [`SecretError::None`] when none is stored; else why the place cannot be read.
    pub async fn read(&self) -> Result<Secrets, SecretError> {
        serde_json::from_slice(&self.read_bytes().await?).map_err(|_| SecretError::Unreadable)
    }

    /// What is kept, as it is.
    ///
    /// # Errors
    /// As [`SecretPlace::read`].
    pub(crate) async fn read_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        self.blocking(|place| match place.kind {
            SecretStoreKind::Keyring => Ok(Zeroizing::new(place.entry()?.get_secret().map_err(keyring_error)?)),
            SecretStoreKind::File => match std::fs::read(&place.file) {
                Ok(bytes) => match &place.seal {
                    Some(seal) => seal.open(Zeroizing::new(bytes)),
                    None => Ok(Zeroizing::new(bytes)),
                },
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(SecretError::None),
                Err(source) => Err(place.file_error(source)),
            },
        })
        .await
    }

    /// Keeps the secrets.
    ///
    /// # Errors
    /// When the place refuses them.
    pub async fn write(&self, secrets: &Secrets) -> Result<(), SecretError> {
        let content = Zeroizing::new(serde_json::to_vec(secrets).map_err(|_| SecretError::Unreadable)?);
        self.write_bytes(content).await
    }

    /// Keeps bytes.
    ///
    /// # Errors
    /// When the place refuses them.
    pub(crate) async fn write_bytes(&self, content: Zeroizing<Vec<u8>>) -> Result<(), SecretError> {
        self.blocking(move |place| match place.kind {
            SecretStoreKind::Keyring => place.entry()?.set_secret(&content).map_err(keyring_error),
            SecretStoreKind::File => {
                let sealed = place.seal.as_ref().map(|seal| seal.seal(&content)).transpose()?;
                let content = sealed.as_deref().unwrap_or(&content);
                write_atomically(&place.file, content, true).map_err(|source| place.file_error(source))
            }
        })
        .await
    }

    /// Forgets the secrets; nothing happens when there are none.
    ///
    /// # Errors
    /// When the place cannot be written.
    pub async fn delete(&self) -> Result<(), SecretError> {
        self.blocking(|place| match place.kind {
            SecretStoreKind::Keyring => match place.entry()?.delete_credential().map_err(keyring_error) {
                Err(SecretError::None) => Ok(()),
                other => other,
            },
            SecretStoreKind::File => scrub(&place.file).map_err(|source| place.file_error(source)),
        })
        .await
    }

    /// The file, when that is where they are and others than its owner may read it.
    #[must_use]
    pub fn exposed_file(&self) -> Option<PathBuf> {
        #[cfg(unix)]
        if self.kind == SecretStoreKind::File {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&self.file).ok()?.permissions().mode();
            return (mode & 0o077 != 0).then(|| self.file.clone());
        }
        None
    }

    fn file_error(&self, source: std::io::Error) -> SecretError {
        SecretError::File {
            path: self.file.clone(),
            source,
        }
    }

    fn entry(&self) -> Result<keyring_core::Entry, SecretError> {
        let store = system_keyring()?;
        // Local: on this machine only. The default, Enterprise, would roam with the account.
        #[cfg(windows)]
        let modifiers = Some(std::collections::HashMap::from([("persistence", "Local")]));
        #[cfg(not(windows))]
        let modifiers: Option<std::collections::HashMap<&str, &str>> = None;
        store
            .build(SERVICE, &self.key, modifiers.as_ref())
            .map_err(keyring_error)
    }

    /// Keyrings speak over blocking channels and may wait for a person: never on a thread that serves the window.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, SecretError> {
        let place = self.clone();
        tokio::task::spawn_blocking(move || work(&place))
            .await
            .map_err(|error| SecretError::Keyring {
                message: error.to_string(),
            })?
    }
}

/// A connection to the system's keyring. Made anew each time: a keyring that was not there at start may be there now.
fn system_keyring() -> Result<Arc<keyring_core::CredentialStore>, SecretError> {
    #[cfg(target_os = "linux")]
    {
        let store = zbus_secret_service_keyring_store::Store::new().map_err(keyring_error)?;
        Ok(store)
    }
    #[cfg(windows)]
    {
        let store = windows_native_keyring_store::Store::new().map_err(keyring_error)?;
        Ok(store)
    }
    #[cfg(not(any(target_os = "linux", windows)))]
    {
        Err(SecretError::NoKeyring {
            message: std::env::consts::OS.to_owned(),
        })
    }
}

/// Whether the operating system's keyring can be reached; gives up after a second.
pub async fn keyring_answers() -> bool {
    let asked = tokio::task::spawn_blocking(|| system_keyring().is_ok());
    matches!(
        tokio::time::timeout(std::time::Duration::from_secs(1), asked).await,
        Ok(Ok(true))
    )
}

fn keyring_error(error: keyring_core::Error) -> SecretError {
    use keyring_core::Error;
    match error {
        Error::NoEntry => SecretError::None,
        Error::NoStorageAccess(cause) => SecretError::Locked {
            message: cause.to_string(),
        },
        Error::PlatformFailure(cause) => SecretError::NoKeyring {
            message: cause.to_string(),
        },
        Error::NoDefaultStore => SecretError::NoKeyring { message: String::new() },
        // Their texts may quote the secret: only the kind is told.
        Error::BadEncoding(_) | Error::BadDataFormat(..) => SecretError::Unreadable,
        other => SecretError::Keyring {
            message: other.to_string(),
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::field_reassign_with_default)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.user_token = Some("jeton-tres-secret".into());
        secrets
    }

    #[tokio::test]
    async fn a_file_of_secrets_is_private_and_forgets() {
        let folder = tempfile::tempdir().unwrap();
        let place = SecretPlace::new(SecretStoreKind::File, "k", folder.path());
        assert!(matches!(place.read().await, Err(SecretError::None)));
        place.write(&secrets()).await.unwrap();
        assert_eq!(place.read().await.unwrap(), secrets());
        assert_eq!(place.exposed_file(), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = folder.path().join(FILE);
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert_eq!(place.exposed_file(), Some(path));
        }
        place.delete().await.unwrap();
        place.delete().await.unwrap();
        assert!(matches!(place.read().await, Err(SecretError::None)));
    }

    #[tokio::test]
    async fn a_sealed_file_says_nothing_without_the_databases_key() {
        let folder = tempfile::tempdir().unwrap();
        let plain = SecretPlace::new(SecretStoreKind::File, "k", folder.path());
        let seal = Seal::of(&DataKey::from_bytes([3; KEY_BYTES]));
        let sealed = plain.clone().sealed_by(&seal);
        // What an earlier version left.
        plain.write(&secrets()).await.unwrap();
        assert_eq!(sealed.read().await.unwrap(), secrets());
        sealed.write(&secrets()).await.unwrap();
        let file = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert!(!file.contains("jeton"), "{file}");
        assert_eq!(sealed.read().await.unwrap(), secrets());
        let other = plain.sealed_by(&Seal::of(&DataKey::from_bytes([4; KEY_BYTES])));
        assert!(matches!(other.read().await, Err(SecretError::Unreadable)));
    }

    #[test]
    fn secrets_do_not_print() {
        assert!(!format!("{:?}", secrets()).contains("jeton"));
    }

    #[test]
    fn a_method_without_its_secret_gives_no_credentials() {
        assert!(secrets().credentials(SignInMethod::UserToken).is_some());
        assert!(secrets().credentials(SignInMethod::Password).is_none());
        assert!(Secrets::default().credentials(SignInMethod::UserToken).is_none());
    }
}
