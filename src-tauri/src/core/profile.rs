//! Profiles: a folder each. `config.json` in it says which server, which account and where the secrets are; it must be
//! readable before any database is open (the key of an encrypted database will be a secret too). It never holds a secret.

use crate::api::{Account, PbxSettings, Profile, SecretStoreKind, Settings, SignInMethod, SupervisionSettings};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::{
    io::Write,
    path::{Path, PathBuf},
};
use url::Url;

const CONFIG: &str = "config.json";
const LAST: &str = "last-profile";
const DEFAULT_ID: &str = "default";
/// Longest name of a profile.
const NAME_MAX: usize = 80;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The operating system names no folder for application data.
    #[error("this system names no folder for application data")]
    NoDataFolder,
    /// The folder cannot be read or written.
    #[error("{path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No profile has this identity.
    #[error("no profile {id}")]
    Unknown {
        /// What was asked for.
        id: String,
    },
    /// The name is empty or too long.
    #[error("a profile's name has 1 to {NAME_MAX} characters")]
    BadName,
    /// The configuration was written by a newer version.
    #[error("{path} was written by a newer version")]
    ConfigTooNew {
        /// The file.
        path: PathBuf,
    },
}

/// Which server a profile talks to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Server {
    /// A GLPI server at this address.
    Glpi {
        /// The API's root.
        url: Url,
    },
    /// The embedded sandbox, started with the profile.
    Sandbox,
}

/// What a profile remembers of its sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Which server.
    pub server: Server,
    /// How the account signs in.
    pub method: SignInMethod,
    /// Where the secrets are.
    pub secret_store: SecretStoreKind,
    /// Signed in: a signed-out profile keeps its data and its server, and asks for the secrets again.
    pub signed_in: bool,
    /// Who the account is.
    pub account: Option<Account>,
}

/// `config.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileConfig {
    /// Version of this file's form.
    pub version: u32,
    /// The name people gave it.
    pub name: String,
    /// Chosen once and never changed: names the profile's secrets in the keyring, wherever its folder moves.
    pub key: String,
    /// The server and account, once signed in.
    pub connection: Option<Connection>,
    /// The supervision, once set up.
    pub supervision: Option<SupervisionSettings>,
    /// The telephone, once set up.
    pub telephone: Option<PbxSettings>,
    /// Preferences.
    #[serde(deserialize_with = "settings_over_defaults")]
    pub settings: Settings,
}

/// Settings as stored over the defaults: a setting added by a later version is simply not there yet.
fn settings_over_defaults<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Settings, D::Error> {
    let stored = serde_json::Map::deserialize(deserializer)?;
    let mut all = serde_json::to_value(Settings::default()).map_err(D::Error::custom)?;
    if let Some(all) = all.as_object_mut() {
        all.extend(stored);
    }
    serde_json::from_value(all).map_err(D::Error::custom)
}

/// The newest form of `config.json` this program writes.
const CONFIG_VERSION: u32 = 1;

impl Default for ProfileConfig {
    fn default() -> Self {
        Self {
            version: CONFIG_VERSION,
            name: String::new(),
            key: uuid::Uuid::new_v4().to_string(),
            connection: None,
            supervision: None,
            telephone: None,
            settings: Settings::default(),
        }
    }
}

/// A profile's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileFolder {
    /// What people choose it by.
    pub id: String,
    /// Where it is.
    pub path: PathBuf,
}

fn folder_error(path: &Path) -> impl FnOnce(std::io::Error) -> ProfileError + '_ {
    |source| ProfileError::Folder {
        path: path.to_owned(),
        source,
    }
}

/// Replaces a file so that a crash leaves the old or the new content, never a part.
pub(crate) fn write_atomically(path: &Path, content: &[u8], private: bool) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
    let temporary = folder.join(format!(".{name}.{}", uuid::Uuid::new_v4().simple()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    let written = options.open(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    if let Err(error) = written.and_then(|()| std::fs::rename(&temporary, path)) {
        let _ = std::fs::remove_file(&temporary);
        return Err(error);
    }
    #[cfg(unix)]
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Writes over a file before it is removed; nothing happens when there is none.
pub(crate) fn scrub(path: &Path) -> std::io::Result<()> {
    use std::io::Write as _;
    let length = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut file = std::fs::OpenOptions::new().write(true).open(path)?;
    let zeros = [0_u8; 4096];
    let mut left = length;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all(&zeros[..part])?;
        left -= part as u64;
    }
    file.sync_all()?;
    drop(file);
    std::fs::remove_file(path)
}

impl ProfileFolder {
    /// Makes the folder if it is not there; private to this user.
    pub fn create(&self) -> Result<(), ProfileError> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt;
            builder.mode(0o700);
        }
        builder.create(&self.path).map_err(folder_error(&self.path))
    }

    /// Reads the configuration; a profile that has none yet gets a new one, written at once so that its key stays. An
    /// unreadable file is moved aside, never overwritten; its place is returned.
    pub fn read_config(&self) -> Result<(ProfileConfig, Option<PathBuf>), ProfileError> {
        let path = self.path.join(CONFIG);
        let mut moved = None;
        match std::fs::read(&path) {
            Ok(content) => match serde_json::from_slice::<ProfileConfig>(&content) {
                Ok(config) if config.version > CONFIG_VERSION => return Err(ProfileError::ConfigTooNew { path }),
                Ok(config) => return Ok((config, None)),
                Err(error) => {
                    let aside = self
                        .path
                        .join(format!("{CONFIG}.broken-{}", uuid::Uuid::now_v7().simple()));
                    tracing::warn!(%error, aside = %aside.display(), "the configuration does not read back: moved aside");
                    std::fs::rename(&path, &aside).map_err(folder_error(&path))?;
                    moved = Some(aside);
                }
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(folder_error(&path)(error)),
        }
        let config = ProfileConfig::default();
        self.write_config(&config)?;
        Ok((config, moved))
    }

    /// Writes the configuration, durably.
    pub fn write_config(&self, config: &ProfileConfig) -> Result<(), ProfileError> {
        let path = self.path.join(CONFIG);
        let content = serde_json::to_vec_pretty(config).map_err(|error| folder_error(&path)(error.into()))?;
        write_atomically(&path, &content, true).map_err(folder_error(&path))
    }

    /// How people see it, without changing anything.
    #[must_use]
    pub fn info(&self) -> Profile {
        let config = std::fs::read(self.path.join(CONFIG))
            .ok()
            .and_then(|content| serde_json::from_slice::<ProfileConfig>(&content).ok())
            .unwrap_or_default();
        self.describe(&config)
    }

    /// How people see it, with this configuration.
    #[must_use]
    pub fn describe(&self, config: &ProfileConfig) -> Profile {
        let server = config.connection.as_ref().map(|connection| &connection.server);
        Profile {
            id: self.id.clone(),
            name: if config.name.is_empty() {
                let folder = self.path.file_name().map(|name| name.to_string_lossy().into_owned());
                folder.unwrap_or_else(|| self.id.clone())
            } else {
                config.name.clone()
            },
            url: match server {
                Some(Server::Glpi { url }) => Some(url.to_string()),
                _ => None,
            },
            sandbox: matches!(server, Some(Server::Sandbox)),
        }
    }
}

/// Where profiles are: below the operating system's folder for application data, and a folder given by `--profile`.
#[derive(Debug, Clone)]
pub struct Profiles {
    root: Option<PathBuf>,
    given: Option<ProfileFolder>,
}

impl Profiles {
    /// The desk's profiles, with the folder given on the command line, if any.
    #[must_use]
    pub fn new(given: Option<PathBuf>) -> Self {
        let root = directories::ProjectDirs::from("org", "Guichet", "guichet")
            .map(|directories| directories.data_local_dir().join("profiles"));
        Self::at(root, given)
    }

    /// The same below a folder of the caller's choice, for tests.
    #[must_use]
    pub fn at(root: Option<PathBuf>, given: Option<PathBuf>) -> Self {
        let given = given.map(|path| {
            let path = std::path::absolute(&path).unwrap_or(path);
            ProfileFolder {
                id: path.display().to_string(),
                path,
            }
        });
        Self { root, given }
    }

    fn root(&self) -> Result<&Path, ProfileError> {
        self.root.as_deref().ok_or(ProfileError::NoDataFolder)
    }

    /// The profile to open first: the one given, else the last one opened, else the default one.
    pub fn first(&self) -> Result<ProfileFolder, ProfileError> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        let root = self.root()?;
        let last = std::fs::read_to_string(root.join(LAST)).unwrap_or_default();
        let id = Some(last.trim())
            .filter(|id| !id.is_empty() && root.join(id).join(CONFIG).is_file())
            .unwrap_or(DEFAULT_ID);
        self.find_or_new(id)
    }

    fn find_or_new(&self, id: &str) -> Result<ProfileFolder, ProfileError> {
        Ok(ProfileFolder {
            id: id.to_owned(),
            path: self.root()?.join(id),
        })
    }

    /// A profile by its identity.
    pub fn find(&self, id: &str) -> Result<ProfileFolder, ProfileError> {
        self.folders()
            .into_iter()
            .find(|folder| folder.id == id)
            .ok_or_else(|| ProfileError::Unknown { id: id.to_owned() })
    }

    fn folders(&self) -> Vec<ProfileFolder> {
        let mut folders: Vec<ProfileFolder> = self.given.iter().cloned().collect();
        let root = self.root.as_deref();
        let entries = root.and_then(|root| std::fs::read_dir(root).ok());
        let mut found: Vec<ProfileFolder> = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().join(CONFIG).is_file())
            .filter_map(|entry| {
                Some(ProfileFolder {
                    id: entry.file_name().into_string().ok()?,
                    path: entry.path(),
                })
            })
            .collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        folders.append(&mut found);
        folders
    }

    /// All profiles, the given one first.
    #[must_use]
    pub fn list(&self) -> Vec<Profile> {
        self.folders().iter().map(ProfileFolder::info).collect()
    }

    /// Makes a profile of that name.
    pub fn create(&self, name: &str) -> Result<ProfileFolder, ProfileError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            return Err(ProfileError::BadName);
        }
        let slug: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .collect();
        let slug = slug.trim_matches('-');
        let slug = if slug.is_empty() { "profile" } else { slug };
        let root = self.root()?;
        let mut id = slug.to_owned();
        let mut number = 2;
        while root.join(&id).exists() {
            id = format!("{slug}-{number}");
            number += 1;
        }
        let folder = self.find_or_new(&id)?;
        folder.create()?;
        folder.write_config(&ProfileConfig {
            name: name.to_owned(),
            ..ProfileConfig::default()
        })?;
        Ok(folder)
    }

    /// Remembers the profile to open first next time; a given folder is not remembered.
    pub fn remember(&self, folder: &ProfileFolder) {
        if self.given.as_ref() == Some(folder) {
            return;
        }
        if let Some(root) = &self.root
            && let Err(error) = write_atomically(&root.join(LAST), folder.id.as_bytes(), false)
        {
            tracing::warn!(%error, "the last profile could not be remembered");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn profiles() -> (tempfile::TempDir, Profiles) {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::at(Some(folder.path().join("profiles")), None);
        (folder, profiles)
    }

    #[test]
    fn a_profile_keeps_its_key_and_its_name() {
        let (_folder, profiles) = profiles();
        let made = profiles.create("Mairie de Saint-Denis").unwrap();
        assert_eq!(made.id, "mairie-de-saint-denis");
        assert_eq!(
            profiles.create("Mairie de Saint-Denis").unwrap().id,
            "mairie-de-saint-denis-2"
        );
        let (first, _) = made.read_config().unwrap();
        let (second, _) = made.read_config().unwrap();
        assert_eq!(first, second);
        assert_eq!(profiles.list()[0].name, "Mairie de Saint-Denis");
        assert!(matches!(profiles.create("  "), Err(ProfileError::BadName)));
        assert!(matches!(profiles.find("../x"), Err(ProfileError::Unknown { .. })));
    }

    #[test]
    fn the_last_profile_is_opened_first_and_a_given_folder_before_it() {
        let (folder, profiles) = profiles();
        assert_eq!(profiles.first().unwrap().id, "default");
        let made = profiles.create("Nuit").unwrap();
        profiles.remember(&made);
        assert_eq!(profiles.first().unwrap(), made);
        let given = Profiles::at(Some(folder.path().join("profiles")), Some(folder.path().join("here")));
        assert_eq!(given.first().unwrap().path, folder.path().join("here"));
        assert_eq!(given.list().len(), 2);
    }

    #[test]
    fn a_broken_configuration_is_moved_aside_and_a_newer_one_is_left_alone() {
        let (_folder, profiles) = profiles();
        let made = profiles.create("Jour").unwrap();
        std::fs::write(made.path.join(CONFIG), b"{\"name\":").unwrap();
        let (config, moved) = made.read_config().unwrap();
        assert!(config.connection.is_none());
        assert_eq!(std::fs::read(moved.unwrap()).unwrap(), b"{\"name\":");
        std::fs::write(made.path.join(CONFIG), b"{\"version\":99}").unwrap();
        assert!(matches!(made.read_config(), Err(ProfileError::ConfigTooNew { .. })));
        assert_eq!(std::fs::read(made.path.join(CONFIG)).unwrap(), b"{\"version\":99}");
    }
}
