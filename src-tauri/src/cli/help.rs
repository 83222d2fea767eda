//! Help in the person's language: every command's and argument's text comes from the message catalogue, under
//! `help.<command>` and `help.<command>.<argument>` (or `help.arg.<argument>` where all commands mean the same by it).

use super::args::CommandLine;
use crate::messages::Catalogue;
use clap::{Arg, ArgAction, Command, CommandFactory};

fn argument_text(catalogue: &Catalogue, path: &str, id: &str) -> String {
    let own = format!("help.{path}.{id}");
    if catalogue.texts.contains_key(&own) {
        catalogue.text(&own, &[])
    } else {
        catalogue.text(&format!("help.arg.{id}"), &[])
    }
}

/// Headings must live as long as the program; the catalogue's texts do.
fn heading(catalogue: &'static Catalogue, key: &'static str) -> &'static str {
    catalogue.texts.get(key).map_or(key, String::as_str)
}

fn localise(command: Command, catalogue: &'static Catalogue, path: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let template = format!(
        "{{about-with-newline}}\n{} {{usage}}\n\n{{all-args}}{{after-help}}",
        heading(catalogue, "help.heading.usage")
    );
    let mut command = command
        .about(catalogue.text(&format!("help.{path}"), &[]))
        .help_template(template)
        .subcommand_help_heading(heading(catalogue, "help.heading.commands"))
        .disable_help_flag(true)
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .help(argument_text(catalogue, path, "help")),
        )
        .mut_args(|arg| {
            let id = arg.get_id().to_string();
            let mut arg = arg.help(argument_text(catalogue, path, &id));
            if arg.get_action().takes_values() {
                // Both are said in the argument's text or the value's name; clap's own listing of them is English.
                arg = arg.hide_possible_values(true).hide_default_value(true);
            }
            if arg.is_positional() {
                arg.help_heading(heading(catalogue, "help.heading.arguments"))
            } else {
                arg.help_heading(heading(catalogue, "help.heading.options"))
            }
        });
    for name in names {
        let path = format!("{path}.{name}");
        command = command.mut_subcommand(&name, |sub| localise(sub, catalogue, &path));
    }
    command
}

/// The whole grammar with its texts.
#[must_use]
pub fn command(catalogue: &'static Catalogue) -> Command {
    let command = localise(CommandLine::command(), catalogue, "guichet");
    command
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .arg(
            Arg::new("version")
                .long("version")
                .action(ArgAction::Version)
                .help(argument_text(catalogue, "guichet", "version"))
                .help_heading(heading(catalogue, "help.heading.options")),
        )
        .after_help(catalogue.text("help.after", &[]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::messages::Locale;

    fn untranslated(command: &Command) -> Vec<String> {
        let mut keys: Vec<String> = command
            .get_arguments()
            .filter_map(|arg| arg.get_help().map(ToString::to_string))
            .chain(command.get_about().map(ToString::to_string))
            .filter(|text| text.starts_with("help."))
            .collect();
        keys.extend(command.get_subcommands().flat_map(untranslated));
        keys
    }

    #[test]
    fn every_command_and_argument_is_explained_in_both_languages() {
        for locale in Locale::ALL {
            let mut command = command(locale.catalogue());
            command.build();
            assert_eq!(untranslated(&command), Vec::<String>::new(), "{locale:?}");
            command.debug_assert();
        }
    }

    #[test]
    fn help_is_in_the_language_asked_for() {
        let text = command(Locale::Fr.catalogue()).render_long_help().to_string();
        assert!(text.contains("Utilisation"), "{text}");
        assert!(!text.contains("Print help") && !text.contains("Usage:"), "{text}");
    }
}
