//! The readers of bytes from outside under libFuzzer (`tests/fuzz`). The fuzzer comes as a crate, and the compiler at hand can
//! mark the branches it watches: no other toolchain is needed.

use crate::{
    error::{Error, Result},
    workspace::Workspace,
};
use duct::cmd;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
};

const PACKAGE: &str = "guichet-fuzz";
/// Where its programs are built for: named, so that what runs while building (macros, build scripts) is not watched.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
const PROFILE: &str = "simulate";
/// LLVM's own instrumentation, as libFuzzer documents it: counters for each branch, their places, and what is compared.
const WATCHED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks=on --cfg fuzzing";
/// The readers, in the order they are run.
const TARGETS: &[&str] = &[
    "glpi",
    "rich_text",
    "contract",
    "evidence",
    "ami",
    "o2g",
    "xuc",
    "telephones",
    "supervision",
    "links",
];
/// Longest input that is tried.
const LONGEST: u32 = 32 * 1024;
/// Nothing may take longer than this, in seconds.
const SLOWEST: u32 = 10;
/// Nothing may take more memory than this, in megabytes.
const MEMORY: u32 = 2048;

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    pub seconds: u32,
    /// Only this target.
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(TARGETS))]
    pub target: Option<String>,
    /// Where chance begins; 0 for anywhere.
    #[arg(long, default_value_t = 1)]
    pub seed: u32,
    /// Read this file again and nothing else (with --target).
    #[arg(long, requires = "target")]
    pub replay: Option<PathBuf>,
}

/// Whether the fuzzer can be built for this machine.
pub const fn is_possible() -> bool {
    cfg!(all(target_os = "linux", target_arch = "x86_64"))
}

/// Runs them; an error when anything was found.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    closing_line(workspace, options).map(|_| ())
}

/// As [`run`], with what was done in a line.
pub fn closing_line(workspace: &Workspace, options: &Options) -> Result<String> {
    if !is_possible() {
        return Err(Error::Check(format!("the fuzzer is built for {TRIPLE} alone")));
    }
    let program = build(workspace)?;
    let names: Vec<&str> = match &options.target {
        Some(name) => vec![name.as_str()],
        None => TARGETS.to_vec(),
    };
    if let (Some(file), [name]) = (&options.replay, names.as_slice()) {
        let file = std::path::absolute(file).map_err(Error::file(file))?;
        let replay = cmd!(&program, file).dir(package(workspace));
        replay
            .env("GUICHET_FUZZ_TARGET", name)
            .run()
            .map_err(Error::command(format!("{PACKAGE} on {name}")))?;
        return Ok("read again without a finding".to_owned());
    }
    // As many at a time as there are cores, each target on its own.
    let waiting = Mutex::new(names.iter());
    let lanes = thread::available_parallelism().map_or(1, usize::from).min(names.len());
    let found: Mutex<Vec<Error>> = Mutex::new(Vec::new());
    let runs: Mutex<u64> = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().ok().and_then(|mut waiting| waiting.next());
                    let Some(name) = next else { break };
                    match fuzz(workspace, &program, name, options) {
                        Ok(count) => {
                            if let Ok(mut runs) = runs.lock() {
                                *runs += count;
                            }
                        }
                        Err(error) => {
                            println!("{error}");
                            found.lock().map(|mut found| found.push(error)).ok();
                        }
                    }
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or_default();
    if let Some(first) = found.into_iter().next() {
        return Err(first);
    }
    let runs = runs.into_inner().unwrap_or_default();
    let line = format!(
        "{} readers, {} s each: {runs} inputs, 0 findings",
        names.len(),
        options.seconds
    );
    println!("{line}");
    Ok(line)
}

fn package(workspace: &Workspace) -> PathBuf {
    workspace.root().join("tests").join("fuzz")
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target("fuzz");
    workspace
        .cargo([
            "build",
            "--locked",
            "--profile",
            PROFILE,
            "--target",
            TRIPLE,
            "--package",
            PACKAGE,
            "--features",
            "libfuzzer",
        ])
        .env("CARGO_TARGET_DIR", &folder)
        .env("RUSTFLAGS", WATCHED)
        .run()
        .map_err(Error::command("cargo build --package guichet-fuzz"))?;
    Ok(folder.join(TRIPLE).join(PROFILE).join(PACKAGE))
}

/// One target; how many inputs it read.
fn fuzz(workspace: &Workspace, program: &Path, name: &str, options: &Options) -> Result<u64> {
    let scratch = tempfile::tempdir().map_err(Error::file("a folder for the seeds"))?;
    let package = package(workspace);
    let at = |expression: duct::Expression| expression.dir(&package).env("GUICHET_FUZZ_TARGET", name);
    at(cmd!(program))
        .env("GUICHET_FUZZ_SEEDS", scratch.path())
        .env("CARGO_MANIFEST_DIR", &package)
        .stderr_to_stdout()
        .stdout_capture()
        .run()
        .map_err(Error::command(format!("{PACKAGE}: the seeds of {name}")))?;

    let log = workspace.artifacts("fuzz")?.join(format!("{name}.log"));
    let kept = package.join("cases").join(name);
    fs::create_dir_all(&kept).map_err(Error::file(&kept))?;
    let arguments = [
        scratch.path().display().to_string(),
        format!("-max_total_time={}", options.seconds),
        format!("-seed={}", options.seed),
        format!("-max_len={LONGEST}"),
        format!("-timeout={SLOWEST}"),
        format!("-rss_limit_mb={MEMORY}"),
        format!("-artifact_prefix={}/", kept.display()),
        "-print_final_stats=1".to_owned(),
    ];
    let ended = at(cmd(program, arguments))
        .stderr_to_stdout()
        .stdout_path(&log)
        .unchecked()
        .run()
        .map_err(Error::command(format!("{PACKAGE} on {name}")))?;
    // A folder that nothing was put into is not kept.
    let _ = fs::remove_dir(&kept);
    let said = fs::read(&log).map_err(Error::file(&log))?;
    let said = String::from_utf8_lossy(&said);
    if !ended.status.success() {
        let lines: Vec<_> = said.lines().collect();
        let last = lines[lines.len().saturating_sub(40)..].join("\n");
        return Err(Error::Check(format!(
            "{name}: {last}\nThe input is kept in tests/fuzz/cases/{name}/: commit it with what mends it."
        )));
    }
    let runs = executed(&said).ok_or_else(|| Error::Check(format!("{name}: the fuzzer counted no inputs")))?;
    println!("{name:12} {runs:>10} inputs in {} s, 0 findings", options.seconds);
    Ok(runs)
}

/// How many inputs libFuzzer says it tried.
fn executed(said: &str) -> Option<u64> {
    let line = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?;
    line.trim().parse().ok().filter(|runs| *runs > 0)
}

#[cfg(test)]
mod tests {
    use super::executed;

    #[test]
    fn inputs_are_counted_from_what_the_fuzzer_says() {
        let said = "Done 12 runs\nstat::number_of_executed_units: 7631\nstat::peak_rss_mb: 41\n";
        assert_eq!(executed(said), Some(7631));
        assert_eq!(executed("stat::number_of_executed_units: 0"), None);
        assert_eq!(executed("nothing was run"), None);
    }
}
