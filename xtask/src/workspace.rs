//! Where things are: the checkout, the build folder (inside it or not), the cache and the artefacts.

use crate::error::{Error, Result};
use duct::{Expression, cmd};
use serde_json::Value;
use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

/// The folders that commands work on.
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
    cache: PathBuf,
}

impl Workspace {
    /// Asks cargo, so that every way of moving the build folder is honoured.
    pub fn locate() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| manifest.to_owned(), PathBuf::from);
        let root = root.parent().unwrap_or(manifest).to_owned();
        let metadata = cmd!(cargo(), "metadata", "--no-deps", "--format-version", "1")
            .dir(&root)
            .stderr_capture()
            .read()
            .map_err(Error::command("cargo metadata"))?;
        let metadata: Value = serde_json::from_str(&metadata).map_err(Error::json("cargo metadata"))?;
        let target = metadata["target_directory"]
            .as_str()
            .map_or_else(|| root.join("target"), PathBuf::from);
        let cache = cache_root().unwrap_or_else(|| target.join("cache")).join("guichet");
        Ok(Self { root, target, cache })
    }

    /// The checkout.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The front end's folder.
    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// Tools and downloads kept between runs, made when missing.
    pub fn cache(&self, name: &str) -> Result<PathBuf> {
        made(self.cache.join(name))
    }

    /// Results to look at, never committed; made when missing.
    pub fn artifacts(&self, name: &str) -> Result<PathBuf> {
        made(self.root.join("artifacts").join(name))
    }

    /// A build folder of its own inside cargo's, for what is compiled in another manner.
    pub fn target(&self, name: &str) -> PathBuf {
        self.target.join(name)
    }

    /// A program that cargo built.
    pub fn built(&self, profile: &str, name: &str) -> PathBuf {
        self.target
            .join(profile)
            .join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// A cargo command in the checkout. The lock file is law.
    pub fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Expression {
        self.cargo_with(arguments.iter().map(OsString::from).collect())
    }

    /// As [`Self::cargo`], for arguments not known in advance.
    pub fn cargo_with(&self, arguments: Vec<OsString>) -> Expression {
        cmd(cargo(), arguments).dir(&self.root)
    }
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn cache_root() -> Option<PathBuf> {
    let given = env::var_os("XDG_CACHE_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    given
        .or_else(|| env::var_os("LOCALAPPDATA").map(PathBuf::from))
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
}

fn made(folder: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    Ok(folder)
}
