//! The referee: holds the server, starts the victim, counts the kills, and looks for what was acknowledged.

use crate::{KEY, script};
use guichet_sandbox::{Options, Sandbox, SandboxError};
use guichet_store::{Store, StoreError};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// A victim that says nothing for so long hangs.
const SILENCE: Duration = Duration::from_secs(60);
/// Lives of one profile that are meant to end by a kill.
const KILLED_LIVES: u64 = 4;
/// A place that a life comes by so often is one that most lives come by.
const OFTEN: u32 = 4;
/// Findings that are told in words.
const TOLD: usize = 20;

/// How many kills, from which seed on.
#[derive(Debug, Clone, clap::Args)]
pub struct Plan {
    /// Kills, at least.
    #[arg(long, default_value_t = 1_000)]
    pub kills: u64,
    /// The first profile's seed; each has the next.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Only places whose name contains this.
    #[arg(long)]
    pub point: Option<String>,
    /// Profiles worked on at once. Most of a life is waiting: for the disk, and for what is in doubt.
    #[arg(long, default_value_t = 8)]
    pub threads: usize,
    /// Let the victim acknowledge each step before it is done: the referee must find that out.
    #[arg(long)]
    pub early: bool,
    /// The program of the victim; this one unless said.
    #[arg(long, hide = true)]
    pub victim: Option<PathBuf>,
}

/// Why the referee cannot judge.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The server.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The profile, looked at after all lives.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// No place has such a name.
    #[error("no place is called like {0}")]
    NoPlace(String),
    /// A life without a kill does not go well.
    #[error("the script fails without a kill: {0}")]
    Script(String),
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Processes that ended by SIGKILL.
    pub kills: u64,
    /// Places they died at.
    pub places: BTreeSet<String>,
    /// Places there are.
    pub known: usize,
    /// Profiles.
    pub profiles: u64,
    /// Steps acknowledged, each of which was looked for.
    pub acknowledged: u64,
    /// What was wrong.
    pub findings: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Report {
    /// Whether nothing was wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.findings.iter().take(TOLD) {
            writeln!(f, "{finding}")?;
        }
        writeln!(
            f,
            "{} profiles, {} of {} places, {} steps acknowledged and found again, in {:.1} s",
            self.profiles,
            self.places.len(),
            self.known,
            self.acknowledged,
            self.elapsed.as_secs_f64()
        )?;
        write!(f, "{} kills: {} findings", self.kills, self.findings.len())
    }
}

/// How a life ended.
struct Lived {
    killed: bool,
    /// Steps it acknowledged.
    done: Vec<u32>,
    drained: bool,
    places: BTreeMap<String, u32>,
    /// What it complained of, and whether opening moved the mirror aside.
    trouble: Option<String>,
    moved_aside: bool,
}

/// One profile with its server.
struct Profile<'a> {
    plan: &'a Plan,
    folder: &'a Path,
    sandbox: &'a Sandbox,
    seed: u64,
}

impl Profile<'_> {
    fn live(&self, from: u32, death: Option<(&str, u32)>) -> Result<Lived, Trouble> {
        let program = match &self.plan.victim {
            Some(program) => program.clone(),
            None => std::env::current_exe()?,
        };
        let mut command = Command::new(program);
        command
            .arg("victim")
            .arg("--folder")
            .arg(self.folder)
            .args(["--url", self.sandbox.url(), "--token", self.sandbox.user_token()])
            .args(["--seed", &self.seed.to_string(), "--from", &from.to_string()]);
        if let Some((place, passage)) = death {
            command.args(["--place", place, "--passage", &passage.to_string()]);
        }
        if self.plan.early {
            command.arg("--early");
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let lines = child.stdout.take().map(lines_of);
        let mut lived = Lived {
            killed: false,
            done: Vec::new(),
            drained: false,
            places: BTreeMap::new(),
            trouble: None,
            moved_aside: false,
        };
        loop {
            match lines.as_ref().map(|lines| lines.recv_timeout(SILENCE)) {
                Some(Ok(line)) => lived.take(&line),
                Some(Err(RecvTimeoutError::Timeout)) => {
                    child.kill()?;
                    child.wait()?;
                    lived.trouble = Some("it hangs".to_owned());
                    return Ok(lived);
                }
                Some(Err(RecvTimeoutError::Disconnected)) | None => break,
            }
        }
        let status = child.wait()?;
        lived.killed = was_killed(status);
        if !lived.killed && !lived.drained && lived.trouble.is_none() {
            lived.trouble = Some(format!("it ended with {status}"));
        }
        Ok(lived)
    }
}

impl Lived {
    fn take(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("done", step)) => self.done.extend(step.parse::<u32>().ok()),
            Some(("opened", moved)) => self.moved_aside = moved == "true",
            Some(("place", rest)) => {
                if let Some((count, place)) = rest.split_once(' ') {
                    self.places.insert(place.to_owned(), count.parse().unwrap_or(1));
                }
            }
            Some(("trouble", what)) => self.trouble = Some(what.to_owned()),
            _ => self.drained |= line == "drained",
        }
    }
}

/// The lines of a pipe, read by a thread that ends with it.
fn lines_of(pipe: std::process::ChildStdout) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(unix)]
fn was_killed(status: std::process::ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(9)
}

#[cfg(not(unix))]
fn was_killed(status: std::process::ExitStatus) -> bool {
    !status.success()
}

/// Kills as often as planned.
///
/// # Errors
/// When nothing can be judged: no server, no victim, a script that fails by itself.
pub fn run(plan: &Plan) -> Result<Report, Trouble> {
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let places = known_places(plan, &runtime)?;
    let mut often: Vec<(String, u32)> = places.iter().filter(|(_, count)| *count >= OFTEN).cloned().collect();
    if often.is_empty() {
        often.clone_from(&places);
    }
    let report = Mutex::new(Report {
        known: places.len(),
        ..Report::default()
    });
    let next = AtomicU64::new(0);
    let trouble = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..plan.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let enough = {
                        let report = report.lock().unwrap_or_else(PoisonError::into_inner);
                        // A profile whose lives all end before their kill must not make this go on for ever.
                        report.kills >= plan.kills || report.profiles > plan.kills * 3 || report.findings.len() > TOLD
                    };
                    if enough {
                        return;
                    }
                    if let Err(error) = one_profile(plan, &runtime, &places, &often, number, &report) {
                        *trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        return;
                    }
                }
            });
        }
    });
    if let Some(error) = trouble.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.elapsed = begun.elapsed();
    Ok(report)
}

/// The same demo data for every profile: in some others one of the script's tickets is one that nobody may work on.
const SANDBOX_SEED: u64 = 1;

fn start(runtime: &tokio::runtime::Runtime) -> Result<Sandbox, SandboxError> {
    // A history that ends now: nothing of it is too old to be worked on.
    let options = Options::tiny(SANDBOX_SEED).ending(Timestamp::now());
    runtime.block_on(Sandbox::start(options, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))
}

/// Every place a life without a kill comes by, with how often; a mirror that was moved aside is part of it.
fn known_places(plan: &Plan, runtime: &tokio::runtime::Runtime) -> Result<Vec<(String, u32)>, Trouble> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("mirror.suspect"), b"")?;
    std::fs::write(folder.path().join("mirror.db"), b"not a database")?;
    let sandbox = start(runtime)?;
    let profile = Profile {
        plan,
        folder: folder.path(),
        sandbox: &sandbox,
        seed: plan.seed,
    };
    let lived = profile.live(0, None)?;
    if let Some(trouble) = lived.trouble {
        return Err(Trouble::Script(trouble));
    }
    let wanted = plan.point.as_deref().unwrap_or("");
    let places: Vec<(String, u32)> = lived
        .places
        .into_iter()
        .filter(|(place, _)| place.contains(wanted))
        .collect();
    if places.is_empty() {
        return Err(Trouble::NoPlace(wanted.to_owned()));
    }
    Ok(places)
}

/// One profile from its beginning to its end: lives that are killed, one that is not, and the looking.
fn one_profile(
    plan: &Plan,
    runtime: &tokio::runtime::Runtime,
    places: &[(String, u32)],
    often: &[(String, u32)],
    number: u64,
    report: &Mutex<Report>,
) -> Result<(), Trouble> {
    let seed = plan.seed.wrapping_add(number);
    let folder = tempfile::tempdir()?;
    let sandbox = start(runtime)?;
    let profile = Profile {
        plan,
        folder: folder.path(),
        sandbox: &sandbox,
        seed,
    };
    let mut findings = Vec::new();
    let mut acknowledged: BTreeSet<u32> = BTreeSet::new();
    let mut died: Vec<&str> = Vec::new();
    let mut ended = false;
    for life in 0..=KILLED_LIVES {
        let last = life == KILLED_LIVES;
        // Each place in its turn, at the first passages as well as at later ones.
        // The first life is the one that comes by every place; later ones, with a part of the script done, come by those that
        // every start and every round has.
        let of: &[(String, u32)] = if life == 0 { places } else { often };
        let turn = number + life * 31;
        let (name, count) = &of[usize::try_from(turn).unwrap_or(0) % of.len()];
        let round = u32::try_from(turn / of.len() as u64).unwrap_or(0);
        // A mirror that was found damaged is moved aside: else nobody comes by there.
        let suspected = name.starts_with("file.move_aside") && !last;
        if suspected {
            std::fs::write(folder.path().join("mirror.suspect"), b"")?;
        }
        let from = (0..script::STEPS).find(|step| !acknowledged.contains(step));
        let passages = if life == 0 { *count } else { (*count / 4).clamp(1, 2) };
        let passage = 1 + round.wrapping_mul(7).wrapping_add(u32::try_from(seed % 5).unwrap_or(0)) % passages.max(1);
        let death = (!last).then_some((name.as_str(), passage));
        let lived = profile.live(from.unwrap_or(script::STEPS), death)?;
        acknowledged.extend(&lived.done);
        if lived.moved_aside && !suspected && !died.iter().any(|place| place.starts_with("file.move_aside")) {
            findings.push("opening found the mirror damaged".to_owned());
        }
        if lived.killed {
            died.push(name);
            continue;
        }
        if let Some(trouble) = lived.trouble {
            findings.push(trouble);
        }
        ended = lived.drained;
        if last || acknowledged.len() == script::STEPS as usize {
            break;
        }
    }
    if !ended && findings.is_empty() {
        findings.push("the last life did not come to its end".to_owned());
    }
    findings.extend(runtime.block_on(look(&profile, &acknowledged))?);
    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
    report.profiles += 1;
    report.kills += died.len() as u64;
    report.acknowledged += acknowledged.len() as u64;
    let deaths = died.join(", ");
    report.findings.extend(
        findings
            .into_iter()
            .map(|what| format!("seed {seed}, killed at {deaths}: {what}")),
    );
    report.places.extend(died.into_iter().map(str::to_owned));
    Ok(())
}

/// What is wrong with a profile and its server after all lives.
async fn look(profile: &Profile<'_>, acknowledged: &BTreeSet<u32>) -> Result<Vec<String>, Trouble> {
    let (store, _) = Store::open(profile.folder, &KEY, Timestamp::now()).await?;
    let mut findings = store.integrity().await?;
    let writes = profile.sandbox.with_core(|core| core.writes().to_vec());
    for step in acknowledged {
        findings.extend(script::missing(&store, &writes, profile.seed, *step).await?);
    }
    findings.extend(
        script::doubled(&writes, profile.seed)
            .into_iter()
            .map(|word| format!("{word} arrived twice")),
    );
    let counts = store.outbox_counts().await?;
    if counts.pending > 0 {
        findings.push(format!("{} entries are still in the outbox", counts.pending));
    }
    store.close().await;
    Ok(findings)
}
