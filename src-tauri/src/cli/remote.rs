//! `remote plan`: what a remote-control session would start, without starting it. Needs no profile, no server and no window: a
//! policy can be tried by anyone who has the file.

use super::{Ending, Output, args::RemotePlanArgs};
use crate::{error::AppError, messages::Locale};
use guichet_remote::{Launch, Plan, PolicyError, PolicyProblem, RemoteError, Tool, discovery, plan};

/// What fills the places of an error's texts, in a language.
#[must_use]
pub fn error_args(error: &RemoteError, locale: Locale) -> Vec<(&'static str, String)> {
    let mut args = error.arguments();
    if let RemoteError::Policy { source, .. } = error {
        args.retain(|(name, _)| *name != "detail");
        args.push(("detail", policy_problem(source, locale)));
    }
    args
}

/// What is wrong with a policy, in a language.
fn policy_problem(error: &PolicyError, locale: Locale) -> String {
    let catalogue = locale.catalogue();
    let mut args = error.problem.arguments();
    if let PolicyProblem::Program { why, .. } = &error.problem {
        // The program's own problem has a text among the errors; the policy names the tool.
        args.push((
            "detail",
            catalogue.text(
                &format!("remote.program.{}", why.code().trim_start_matches("remote_program_")),
                &[],
            ),
        ));
    }
    catalogue.text(&format!("remote.policy.problem.{}", error.problem.code()), &args)
}

/// Says what would be started.
pub fn run(out: &Output, args: &RemotePlanArgs) -> Result<Ending, AppError> {
    let tool: Tool = args.tool.parse()?;
    let policy = discovery::policy(args.policy.as_deref())?;
    let planned = plan(&tool, &args.target, &policy, &discovery::programs(&policy))?;
    let document = serde_json::json!(planned);
    out.answer(&document, || words(out, &planned));
    Ok(Ending::Done)
}

/// One line for the program and one for each argument, so that none can pass for two.
fn words(out: &Output, planned: &Plan) -> String {
    match planned.launch() {
        Launch::Program { program, arguments } => {
            let first = out.text("remote.plan.program", &[("name", program.clone())]);
            let others = arguments.iter().enumerate().map(|(at, argument)| {
                let number = (at + 1).to_string();
                out.text(
                    "remote.plan.argument",
                    &[("number", number), ("name", argument.clone())],
                )
            });
            std::iter::once(first).chain(others).collect::<Vec<_>>().join("\n")
        }
        Launch::Link { link } => out.text("remote.plan.link", &[("name", link.clone())]),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use guichet_remote::{Platform, Policy, TargetProblem, program::ProgramProblem, teamviewer::TeamViewerError};
    use std::io;

    fn policy_error(problem: PolicyProblem) -> RemoteError {
        RemoteError::Policy {
            path: "x".to_owned(),
            source: PolicyError {
                line: 1,
                column: 1,
                problem,
            },
        }
    }

    /// One of each, for the catalogue's test.
    pub(crate) fn every_error() -> Vec<RemoteError> {
        let text = || String::from("x");
        let tool = || Tool::Rdp;
        let io = || io::Error::other("x");
        let targets = [
            TargetProblem::Empty,
            TargetProblem::Superfluous,
            TargetProblem::TooLong,
            TargetProblem::Option,
            TargetProblem::Quote,
            TargetProblem::Blank,
            TargetProblem::Control,
            TargetProblem::Path,
            TargetProblem::Scheme,
            TargetProblem::Foreign,
            TargetProblem::Form,
        ];
        let programs = [
            ProgramProblem::NotAbsolute,
            ProgramProblem::Batch,
            ProgramProblem::Characters,
            ProgramProblem::NotThisTool { known: text() },
            ProgramProblem::Gone,
            ProgramProblem::Writable,
        ];
        let mut errors = vec![
            RemoteError::UnknownTool { name: text() },
            RemoteError::NotAllowed { tool: tool() },
            RemoteError::NotOnThisSystem {
                tool: tool(),
                platform: Platform::Linux,
            },
            RemoteError::NoProgram { tool: tool() },
            RemoteError::NoLink { tool: tool() },
            policy_error(PolicyProblem::Place),
            RemoteError::PolicyUnreadable {
                path: text(),
                source: io(),
            },
            RemoteError::ConsentElsewhere,
            RemoteError::ConsentExpired,
            RemoteError::Start {
                path: text(),
                source: io(),
            },
            RemoteError::Open { source: io() },
            RemoteError::Wait { source: io() },
            TeamViewerError::Unreachable {
                message: text(),
                maybe_made: true,
            }
            .into(),
            TeamViewerError::TokenRefused { message: text() }.into(),
            TeamViewerError::Refused {
                status: 404,
                message: text(),
            }
            .into(),
            TeamViewerError::Protocol { message: text() }.into(),
        ];
        errors.extend(targets.map(|problem| RemoteError::Target {
            tool: tool(),
            target: text(),
            problem,
        }));
        errors.extend(programs.map(|problem| RemoteError::Program { path: text(), problem }));
        errors
    }

    #[test]
    fn every_problem_of_a_policy_has_its_words_in_both_languages() {
        let text = || String::from("x");
        let program = |why| PolicyProblem::Program { tool: text(), why };
        let problems = vec![
            PolicyProblem::Syntax(text()),
            PolicyProblem::Tool(text()),
            program(ProgramProblem::NotAbsolute),
            program(ProgramProblem::Batch),
            program(ProgramProblem::Characters),
            program(ProgramProblem::NotThisTool { known: text() }),
            PolicyProblem::Link(text()),
            PolicyProblem::Place,
            PolicyProblem::Name(text()),
            PolicyProblem::Group(text()),
            PolicyProblem::Range {
                key: "x",
                min: 1,
                max: 2,
            },
            PolicyProblem::AccessControl,
        ];
        for code in PolicyProblem::CODES {
            assert!(problems.iter().any(|problem| problem.code() == code), "{code}");
        }
        for problem in problems {
            for locale in Locale::ALL {
                let args = error_args(&policy_error(problem.clone()), locale);
                let (_, told) = args.iter().find(|(name, _)| *name == "detail").unwrap();
                assert!(!told.contains("remote.") && !told.contains('{'), "{problem:?}: {told}");
            }
        }
    }

    #[test]
    fn a_plan_is_told_one_argument_a_line() {
        let policy = Policy::parse("", Platform::Windows).unwrap();
        let programs = discovery::programs_where(&policy, Platform::Windows, |_| true);
        let planned = plan(&Tool::RdpShadow, "PC-0417#2", &policy, &programs).unwrap();
        for locale in Locale::ALL {
            let out = Output { json: false, locale };
            let told = words(&out, &planned);
            assert_eq!(told.lines().count(), 4, "{told}");
            assert!(told.contains("/shadow:2") && !told.contains("remote."), "{told}");
        }
    }
}
