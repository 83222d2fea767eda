//! The command line: the same executable, the same core, no window. Exit codes: 0 done, 1 failed, 2 usage, 3 accepted and
//! waiting in the outbox. Secrets come from standard input only.

pub mod args;
mod audit;
mod call;
mod calls;
mod doctor;
mod escalation;
mod export;
mod help;
mod incident;
pub(crate) mod kpi;
mod login;
pub mod mistakes;
mod names;
mod output;
mod policy;
mod read;
pub(crate) mod remote;
mod remote_desk;
mod retention;
mod sandbox;
mod sync;
mod transfer;
mod vault;
mod wipe;
mod write;

use crate::{
    core::{AppCore, desk::Pace, policy::PolicyRead},
    messages::Locale,
};
use args::{CallsCommand, Command, CommandLine, KbCommand, OutboxCommand, TicketCommand};
use clap::FromArgMatches;
use guichet_domain::deep_link::{DeepLink, SCHEME};
pub use output::{Ending, Output};
use std::{ffi::OsString, path::Path};
pub use vault::key_access;

/// What the arguments ask for.
pub enum Asked {
    /// A command was run (or could not be); this is how it ended.
    Ended(Ending),
    /// No command: the window.
    Window(Box<CommandLine>),
}

/// The language asked for, before the arguments are understood: help and mistakes are told in it too.
fn early_locale(arguments: &[OsString]) -> Locale {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let said = words.iter().enumerate().find_map(|(at, word)| {
        word.strip_prefix("--lang=")
            .or_else(|| (*word == "--lang").then(|| words.get(at + 1).copied()).flatten())
    });
    match said {
        Some("fr") => Locale::Fr,
        Some("en") => Locale::En,
        _ => Locale::of_system(),
    }
}

/// The arguments, where the system opens a link with this program (it gives the link alone): to the window when it shows something, else
/// a call's, which says what is wrong with any other.
fn opened(arguments: &[OsString]) -> (Vec<OsString>, Option<DeepLink>) {
    let [program, link] = arguments else {
        return (arguments.to_vec(), None);
    };
    let Some(text) = link.to_str() else {
        return (arguments.to_vec(), None);
    };
    if let Some(shown) = DeepLink::parse(text) {
        return (vec![program.clone()], Some(shown));
    }
    if text.starts_with(SCHEME) {
        return (vec![program.clone(), "call".into(), "link".into(), link.clone()], None);
    }
    (arguments.to_vec(), None)
}

/// Understands the arguments and runs the command, if there is one.
#[must_use]
pub fn run(arguments: &[OsString], runtime: &tokio::runtime::Runtime) -> Asked {
    let locale = early_locale(arguments);
    let (words, link) = opened(arguments);
    let parsed = help::command(locale.catalogue())
        .try_get_matches_from(words)
        .and_then(|matches| CommandLine::from_arg_matches(&matches));
    let line = match parsed {
        Ok(line) => CommandLine { link, ..line },
        Err(error) => {
            if !error.use_stderr() {
                // Help and version are asked for: in the language of the arguments, on standard output.
                let _ = error.print();
                return Asked::Ended(Ending::Done);
            }
            let out = Output {
                json: arguments.iter().any(|word| word == "--json"),
                locale,
            };
            out.told(&mistakes::explain(&error, locale));
            return Asked::Ended(Ending::Usage);
        }
    };
    if line.command.is_none() {
        return Asked::Window(Box::new(line));
    }
    Asked::Ended(runtime.block_on(execute(line)))
}

/// The help, for a machine without a display.
#[must_use]
pub fn help_text(locale: Locale) -> String {
    help::command(locale.catalogue()).render_help().to_string()
}

async fn execute(line: CommandLine) -> Ending {
    let access = key_access(&line);
    let Some(command) = line.command else {
        return Ending::Usage;
    };
    let core = AppCore::new(line.profile, line.lang, Pace::OnDemand).under(PolicyRead::of_machine());
    let mut out = Output {
        json: line.json,
        locale: core.locale().await,
    };
    let core = match access.and_then(|access| vault::asked_where_needed(&core, &out, access)) {
        Ok(access) => core.with_access(access),
        Err(error) => return out.error(&error),
    };
    let result = match command {
        Command::Sandbox(args) => sandbox::serve(&out, args).await,
        Command::Doctor => doctor::run(&core, &mut out).await,
        Command::Kpi(args) if args.evidence.is_some() => {
            // Who asks for JSON is told of errors in JSON.
            out.json |= args.format == Some(args::FormatArg::Json);
            kpi::run(&out, &args, args.evidence.as_deref().unwrap_or(Path::new("")))
        }
        Command::Remote(args::RemoteCommand::Plan(args)) => remote::run(&out, &args),
        Command::Policy(command) => Ok(policy::run(&core, &out, &command)),
        Command::Vault(command) => vault::run(&core, &out, command).await,
        Command::Wipe(args) => wipe::run(&core, &out, &args).await,
        // The profile is the window's, which has it open.
        Command::Call(command) => call::run(&core, &out, &command).await,
        command => match core.desk().await {
            Ok(desk) => {
                out.locale = core.locale().await;
                let result = match command {
                    Command::Login(args) => login::login(&desk, &out, args).await,
                    Command::Logout => login::logout(&desk, &out).await,
                    Command::Sync(args) => sync::run(&desk, &out, &args).await,
                    Command::Search(args) => read::search(&desk, &out, &args, &[]).await,
                    Command::Ticket(TicketCommand::List(args)) => read::tickets(&desk, &out, &args).await,
                    Command::Ticket(TicketCommand::Show(args)) => read::ticket(&desk, &out, args.id).await,
                    Command::Ticket(command) => write::ticket(&desk, &out, command).await,
                    Command::Kb(KbCommand::Search(args)) => {
                        read::search(&desk, &out, &args, &[guichet_store::HitKind::Article]).await
                    }
                    Command::Kb(KbCommand::Show(args)) => read::article(&desk, &out, args.id).await,
                    Command::Calls(CallsCommand::List(args)) => calls::list(&desk, &out, &args).await,
                    Command::Calls(CallsCommand::Show(args)) => calls::show(&desk, &out, &args.id).await,
                    Command::Calls(CallsCommand::Stats(args)) => calls::stats(&desk, &out, &args).await,
                    Command::Kpi(args) => {
                        out.json |= args.format == Some(args::FormatArg::Json);
                        kpi::run_on(&desk, &out, &args).await
                    }
                    Command::Retention(args) => retention::run(&core, &desk, &out, &args).await,
                    Command::Audit(command) => audit::run(&desk, &out, command).await,
                    Command::Export(command) => export::run(&desk, &out, command).await,
                    Command::Remote(command) => remote_desk::run(&desk, &out, &command).await,
                    Command::Transfer(command) => transfer::run(&desk, &out, &command).await,
                    Command::Escalate(args) => escalation::escalate(&desk, &out, &args).await,
                    Command::Escalation(command) => escalation::run(&desk, &out, command).await,
                    Command::Surge(command) => escalation::surge(&desk, &out, command).await,
                    Command::Incident(command) => incident::run(&desk, &out, command).await,
                    Command::Outbox(OutboxCommand::List(args)) => read::outbox(&desk, &out, args.all).await,
                    Command::Outbox(command) => write::outbox(&desk, &out, command).await,
                    Command::Sandbox(_)
                    | Command::Doctor
                    | Command::Call(_)
                    | Command::Policy(_)
                    | Command::Vault(_)
                    | Command::Wipe(_) => Ok(Ending::Usage),
                };
                drop(desk);
                result
            }
            Err(error) => Err(error),
        },
    };
    let ending = result.unwrap_or_else(|error| out.error(&error));
    core.close().await;
    ending
}

#[cfg(test)]
mod tests {
    use super::*;
    use guichet_domain::TicketId;

    fn given(arguments: &[&str]) -> (Vec<String>, Option<DeepLink>) {
        let arguments: Vec<OsString> = std::iter::once("guichet")
            .chain(arguments.iter().copied())
            .map(Into::into)
            .collect();
        let (words, link) = opened(&arguments);
        (
            words.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
            link,
        )
    }

    #[test]
    fn a_link_to_a_ticket_is_the_windows_and_every_other_link_a_calls() {
        let link = Some(DeepLink::Ticket { id: TicketId(4) });
        assert_eq!(given(&["guichet://ticket/4"]), (vec!["guichet".to_owned()], link));
        let called = ["guichet", "call", "link", "guichet://ticket/4?close"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(given(&["guichet://ticket/4?close"]), (called, None));
    }

    #[test]
    fn a_link_beside_other_arguments_is_an_argument_like_any_other() {
        let words = ["guichet", "--profile", "guichet://ticket/4"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(given(&["--profile", "guichet://ticket/4"]), (words, None));
        assert_eq!(given(&["outbox"]).1, None);
    }
}
