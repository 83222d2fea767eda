//! What a fuzzer starts from: bytes that are understood, so that it has something to bend. Recordings of real servers and of a
//! real PBX, the contract files the product brings, and for the wires nothing was recorded of, what their makers document.

use crate::{Target, glpi};
use serde_json::Value;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Longest recording of GLPI that is a seed: what is longer repeats itself.
const LONGEST: usize = 16 * 1024;

/// Named bytes.
#[derive(Debug, Clone)]
pub struct Seed {
    /// Where they come from.
    pub name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// This package's folder, wherever the program was built.
#[must_use]
pub fn folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

/// The body of a recorded answer.
pub(crate) fn recorded_body(recording: &str) -> Vec<u8> {
    let recorded: Value = serde_json::from_str(recording).unwrap_or_default();
    match &recorded["response"]["body"] {
        Value::String(text) => text.clone().into_bytes(),
        json => json.to_string().into_bytes(),
    }
}

/// Everything a target starts from.
///
/// # Errors
/// A folder cannot be read.
pub fn of(target: &Target) -> io::Result<Vec<Seed>> {
    let here = folder();
    let own = here.join("seeds").join(target.name);
    let mut seeds = if own.is_dir() { files(&own)? } else { Vec::new() };
    let checkout = here.join("../..");
    match target.name {
        "glpi" => {
            for version in ["v1-10.0", "v1-11"] {
                let recordings = files(&checkout.join("tests/contract/recordings").join(version))?;
                seeds.extend(
                    recordings
                        .into_iter()
                        .flat_map(|recording| answered(version, &recording)),
                );
            }
        }
        "ami" => {
            let calls = "src-tauri/crates/telephony/tests/recordings/asterisk-20.20";
            seeds.extend(files(&checkout.join(calls))?);
        }
        "contract" => seeds.extend(files(&checkout.join("assets/contracts"))?),
        _ => {}
    }
    Ok(seeds)
}

/// How many different things the adapter for GLPI is asked.
#[must_use]
pub fn questions() -> usize {
    usize::from(glpi::questions())
}

/// One recorded answer as the answer to everything that is asked.
fn answered(version: &str, recording: &Seed) -> Vec<Seed> {
    let text = String::from_utf8_lossy(&recording.bytes);
    let body = recorded_body(&text);
    if body.len() > LONGEST {
        return Vec::new();
    }
    let seed = |which: u8, how: u8| Seed {
        name: format!("{version}-{}-{which}-{how}", recording.name),
        bytes: [&[which, how], body.as_slice()].concat(),
    };
    let mut seeds: Vec<Seed> = (0..glpi::questions()).map(|which| seed(which, 0)).collect();
    // Signing in that the fuzzer answers too.
    seeds.push(seed(0, 0x80));
    seeds
}

/// What the fuzzer has found before.
///
/// # Errors
/// A folder cannot be read.
pub fn found(target: &Target) -> io::Result<Vec<Seed>> {
    let kept = folder().join("cases").join(target.name);
    if kept.is_dir() { files(&kept) } else { Ok(Vec::new()) }
}

/// The files of a folder, by name.
fn files(folder: &Path) -> io::Result<Vec<Seed>> {
    let mut seeds = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        seeds.push(Seed {
            name: entry.file_name().to_string_lossy().into_owned(),
            bytes: fs::read(entry.path())?,
        });
    }
    seeds.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(seeds)
}
