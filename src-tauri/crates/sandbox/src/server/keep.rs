//! What survives the process: how the server was set up, and every accepted write, on disk before its reply leaves.

use super::SandboxError;
use crate::{Glpi, Options, Write};
use std::{
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Seek as _, SeekFrom, Write as _},
    path::Path,
};

const SETUP: &str = "sandbox.json";
const JOURNAL: &str = "journal.jsonl";

/// The open journal of a data folder.
#[derive(Debug)]
pub(super) struct Keeper {
    file: File,
    kept: usize,
}

impl Keeper {
    /// Opens a data folder, new or old: gives the server as it was left. What the data was made from comes from the
    /// folder when there is something in it, the rest of the setup from `options`.
    pub(super) fn open(folder: &Path, options: Options) -> Result<(Self, Glpi), SandboxError> {
        let failed = |what: &'static str| move |source| SandboxError::Data { what, source };
        std::fs::create_dir_all(folder).map_err(failed("create the data folder"))?;
        let setup = folder.join(SETUP);
        let options = match std::fs::read(&setup) {
            Ok(bytes) => {
                let kept: Options =
                    serde_json::from_slice(&bytes).map_err(|_| SandboxError::Unreadable(setup.clone()))?;
                if kept.version != options.version {
                    return Err(SandboxError::OtherVersion {
                        kept: kept.version.number(),
                        asked: options.version.number(),
                    });
                }
                Options {
                    seed: kept.seed,
                    tickets: kept.tickets,
                    users: kept.users,
                    sites: kept.sites,
                    articles: kept.articles,
                    now: kept.now,
                    ..options
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let text = serde_json::to_vec_pretty(&options).map_err(|_| SandboxError::Unreadable(setup.clone()))?;
                write_whole(&setup, &text).map_err(failed("write the setup"))?;
                options
            }
            Err(error) => return Err(failed("read the setup")(error)),
        };
        let mut glpi = Glpi::new(options);
        let path = folder.join(JOURNAL);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed("open the journal"))?;
        let mut good = 0;
        let mut reader = BufReader::new(&file);
        let mut line = String::new();
        loop {
            line.clear();
            let length = reader.read_line(&mut line).map_err(failed("read the journal"))?;
            // A line without its end was being written when the process died: its reply never left.
            if length == 0 || !line.ends_with('\n') {
                break;
            }
            let Ok(write) = serde_json::from_str::<Write>(&line) else {
                break;
            };
            if !glpi.replay(&write) {
                tracing::warn!(itemtype = %write.itemtype, id = write.id, "a kept write does not fit the data any more");
            }
            good += length as u64;
        }
        file.set_len(good).map_err(failed("cut the journal"))?;
        file.seek(SeekFrom::End(0)).map_err(failed("read the journal"))?;
        let kept = glpi.writes().len();
        Ok((Self { file, kept }, glpi))
    }

    /// Puts what was accepted since the last time on disk, for good.
    pub(super) fn keep(&mut self, glpi: &Glpi) -> Result<(), SandboxError> {
        let writes = glpi.writes();
        if writes.len() == self.kept {
            return Ok(());
        }
        let failed = |source| SandboxError::Data {
            what: "keep a write",
            source,
        };
        let mut text = Vec::new();
        for write in &writes[self.kept..] {
            serde_json::to_writer(&mut text, write).map_err(|error| failed(error.into()))?;
            text.push(b'\n');
        }
        self.file.write_all(&text).map_err(failed)?;
        self.file.sync_data().map_err(failed)?;
        self.kept = writes.len();
        Ok(())
    }
}

/// A file that is there completely or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("tmp");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(beside, path)
}
