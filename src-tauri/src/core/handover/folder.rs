//! The folder of a hand-over while it is made: beside the one it becomes, under a name that says it is not whole, so that one
//! that was interrupted never looks complete.

use crate::error::AppError;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A file of the hand-over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ListedFile {
    /// Where, from the folder on.
    pub(super) path: String,
    /// Its length in bytes.
    pub(super) size: u64,
    /// SHA-256 of its content, lower-case hexadecimal.
    pub(super) sha256: String,
}

/// The folder.
pub(super) struct Folder {
    temporary: TempDir,
    target: PathBuf,
    made: BTreeSet<PathBuf>,
    /// Every file in it.
    pub(super) files: Vec<ListedFile>,
}

fn refused(path: &Path, source: io::Error) -> AppError {
    AppError::FileNotSaved {
        path: path.to_owned(),
        source,
    }
}

fn in_hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether nothing is lost when a folder stands there: there is nothing yet, or an empty folder.
fn is_free(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => Ok(fs::read_dir(path)?.next().is_none()),
        Ok(_) => Ok(false),
    }
}

impl Folder {
    /// Begins one that becomes `to`.
    ///
    /// # Errors
    /// [`AppError::HandOverFolder`] when something is there already; the folder beside it cannot be made.
    pub(super) fn begin(to: &Path) -> Result<Self, AppError> {
        let target = std::path::absolute(to).map_err(|source| refused(to, source))?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(AppError::HandOverFolder { path: target });
        };
        if !is_free(&target).map_err(|source| refused(&target, source))? {
            return Err(AppError::HandOverFolder { path: target });
        }
        let temporary = tempfile::Builder::new()
            .prefix(&format!("{}.incomplete-", name.to_string_lossy()))
            .tempdir_in(parent)
            .map_err(|source| refused(&target, source))?;
        Ok(Self {
            temporary,
            target,
            made: BTreeSet::new(),
            files: Vec::new(),
        })
    }

    /// Where it is while it is made.
    pub(super) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Where a file of it lies, its folder made.
    fn place(&mut self, relative: &str) -> Result<PathBuf, AppError> {
        let path = self.temporary.path().join(relative);
        if let Some(parent) = path.parent()
            && !self.made.contains(parent)
        {
            fs::create_dir_all(parent).map_err(|source| refused(parent, source))?;
            self.made.insert(parent.to_owned());
        }
        Ok(path)
    }

    /// Writes a file, never over another.
    ///
    /// # Errors
    /// When it cannot be written, or there is one of that name.
    pub(super) fn put(&mut self, relative: &str, bytes: &[u8]) -> Result<(), AppError> {
        let path = self.place(relative)?;
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|mut file| file.write_all(bytes));
        written.map_err(|source| refused(&path, source))?;
        self.files.push(ListedFile {
            path: relative.to_owned(),
            size: bytes.len() as u64,
            sha256: in_hexadecimal(&Sha256::digest(bytes)),
        });
        Ok(())
    }

    /// Lists a file that somebody else writes into it, once `write` has written it.
    ///
    /// # Errors
    /// When it cannot be written or read again.
    pub(super) fn put_with(
        &mut self,
        relative: &str,
        write: impl FnOnce(&Path) -> Result<(), AppError>,
    ) -> Result<(), AppError> {
        let path = self.place(relative)?;
        write(&path)?;
        let (size, sha256) = hashed(&path).map_err(|source| refused(&path, source))?;
        self.files.push(ListedFile {
            path: relative.to_owned(),
            size,
            sha256,
        });
        Ok(())
    }

    /// All bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Gives it its name: from now on it is there, whole. Answers where.
    ///
    /// # Errors
    /// When something has come there meanwhile, or the system does not give the name.
    pub(super) fn finish(self) -> Result<PathBuf, AppError> {
        let refused = |source| refused(&self.target, source);
        // Not every system renames onto an empty folder; one that is not empty any more is left alone.
        match fs::remove_dir(&self.target) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error)),
        }
        fs::rename(self.temporary.path(), &self.target).map_err(refused)?;
        // Nothing is there to be removed any more.
        let _ = self.temporary.keep();
        Ok(self.target)
    }
}

fn hashed(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((size, in_hexadecimal(&hasher.finalize())));
        }
        size += read as u64;
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let read = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = read
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn it_is_there_under_its_name_only_once_it_is_whole() {
        let around = tempfile::tempdir().unwrap();
        let to = around.path().join("remise");
        fs::create_dir(&to).unwrap();
        let mut folder = Folder::begin(&to).unwrap();
        folder.put("a/b.txt", b"abc").unwrap();
        folder
            .put_with("c.bin", |path| {
                fs::write(path, b"abc").unwrap();
                Ok(())
            })
            .unwrap();
        assert!(folder.put("a/b.txt", b"other").is_err(), "never over another");
        assert_eq!(names(&to), [] as [&str; 0]);
        assert!(
            names(around.path())
                .iter()
                .any(|name| name.starts_with("remise.incomplete-"))
        );
        let [first, second] = folder.files.clone().try_into().unwrap();
        assert_eq!(
            first.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!((second.size, &second.sha256), (3, &first.sha256));
        assert_eq!(folder.bytes(), 6);
        assert_eq!(folder.finish().unwrap(), to);
        assert_eq!(names(&to), ["a", "c.bin"]);
        assert_eq!(names(around.path()), ["remise"]);
    }

    #[test]
    fn what_is_given_up_leaves_nothing_behind() {
        let around = tempfile::tempdir().unwrap();
        let mut folder = Folder::begin(&around.path().join("remise")).unwrap();
        folder.put("a.txt", b"abc").unwrap();
        drop(folder);
        assert_eq!(names(around.path()), [] as [&str; 0]);
    }

    #[test]
    fn nothing_that_is_there_is_touched() {
        let around = tempfile::tempdir().unwrap();
        let full = around.path().join("full");
        fs::create_dir(&full).unwrap();
        fs::write(full.join("x"), b"x").unwrap();
        let file = around.path().join("file");
        fs::write(&file, b"x").unwrap();
        for path in [&full, &file, &PathBuf::from("/")] {
            assert!(
                matches!(Folder::begin(path), Err(AppError::HandOverFolder { .. })),
                "{path:?}"
            );
        }
        let nowhere = Folder::begin(&around.path().join("none/remise"));
        assert!(matches!(nowhere, Err(AppError::FileNotSaved { .. })));
        let meanwhile = around.path().join("meanwhile");
        let folder = Folder::begin(&meanwhile).unwrap();
        fs::create_dir(&meanwhile).unwrap();
        fs::write(meanwhile.join("x"), b"x").unwrap();
        assert!(folder.finish().is_err());
        assert_eq!(names(&meanwhile), ["x"]);
        assert_eq!(names(around.path()), ["file", "full", "meanwhile"]);
    }
}
