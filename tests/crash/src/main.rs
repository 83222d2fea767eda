//! `guichet-crash run` is the referee; `guichet-crash victim` is what it starts and kills.
use clap::{Parser, Subcommand};
use guichet_crash::{Life, Plan};
use std::process::ExitCode;

/// Real kills of a process over the real store.
#[derive(Debug, Parser)]
#[command(name = "guichet-crash")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Kill it so many times, start it again, and look for what was acknowledged.
    Run(Plan),
    /// One life of the process that is killed; started by the referee.
    Victim(Life),
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run(plan) => match guichet_crash::run(&plan) {
            Ok(report) => {
                println!("{report}");
                ExitCode::from(u8::from(!report.is_clean()))
            }
            Err(error) => {
                println!("the referee could not work: {error}");
                ExitCode::FAILURE
            }
        },
        Command::Victim(life) => match guichet_crash::live(&life) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                println!("trouble {error}");
                ExitCode::FAILURE
            }
        },
    }
}
