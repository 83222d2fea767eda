//! The readers under libFuzzer, as `cargo xtask fuzz` builds and runs them: the arguments are libFuzzer's, the target and the
//! folder of its seeds come from the environment.
#![no_main]
#![allow(clippy::print_stderr, reason = "a command-line tool talks on the terminal")]

use guichet_fuzz::{Target, seeds, target};
use std::{fs, path::Path, process::exit, sync::OnceLock};

/// Names the target.
const TARGET: &str = "GUICHET_FUZZ_TARGET";
/// A folder to write its seeds into, instead of reading anything.
const SEEDS: &str = "GUICHET_FUZZ_SEEDS";

static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let chosen = chosen();
        if let Some(folder) = std::env::var_os(SEEDS) {
            exit(match write_seeds(chosen, Path::new(&folder)) {
                Ok(()) => 0,
                Err(error) => {
                    eprintln!("{}: {error}", Path::new(&folder).display());
                    1
                }
            });
        }
    },
    |bytes: &[u8]| {
        (chosen().read)(bytes);
    }
);

fn chosen() -> &'static Target {
    CHOSEN.get_or_init(|| {
        let name = std::env::var(TARGET).unwrap_or_default();
        target(&name).unwrap_or_else(|| {
            eprintln!("{TARGET} names no target: {name:?}");
            exit(2)
        })
    })
}

fn write_seeds(target: &Target, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for seed in seeds::of(target)?.into_iter().chain(seeds::found(target)?) {
        fs::write(folder.join(&seed.name), &seed.bytes)?;
    }
    Ok(())
}
