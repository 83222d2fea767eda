//! `cargo xtask demo`: the product on the embedded sandbox, in its window or, without a display, in the terminal.
//!
//! The terminal's narration is in French, the users' language.

use crate::{
    error::{Error, Result},
    front_end,
    guichet::{self, CommandLine, Sandbox},
    setup,
    workspace::Workspace,
};
use duct::cmd;
use serde_json::Value;
use std::path::Path;

/// Arguments of `cargo xtask demo`.
#[derive(clap::Args)]
pub struct Options {
    /// Stay in the terminal even where there is a display.
    #[arg(long)]
    terminal: bool,
    /// Which GLPI the sandbox plays: 10 or 11.
    #[arg(long, default_value_t = 11)]
    glpi: u8,
    /// Build with optimisation (takes several minutes more the first time).
    #[arg(long)]
    release: bool,
}

/// Builds and shows.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    setup::system(setup::Needs::Build)?;
    front_end::install(workspace)?;
    front_end::build(workspace)?;
    println!("Building the application (the first time takes a few minutes).");
    let program = guichet::build(workspace, options.release)?;
    let folder = tempfile::tempdir().map_err(Error::command("make a temporary folder"))?;
    if options.terminal || !setup::has_display() {
        if !options.terminal {
            println!("No display: the main job is done in the terminal instead of the window.");
        }
        in_terminal(&program, folder.path(), options.glpi)
    } else {
        in_window(&program, folder.path(), options.glpi)
    }
}

fn in_window(program: &Path, folder: &Path, glpi: u8) -> Result<()> {
    let profile = folder.join("profile");
    let sandbox = Sandbox::start(program, &folder.join("server"), 0, &["--glpi", &glpi.to_string()])?;
    sign_in(&CommandLine::new(program, &profile), &sandbox)?;
    println!("The sandbox serves at {}; close the window to end.", sandbox.url);
    cmd!(program, "--profile", profile)
        .run()
        .map_err(Error::command("guichet"))?;
    Ok(())
}

fn sign_in(guichet: &CommandLine, sandbox: &Sandbox) -> Result<()> {
    guichet.run_with(
        &["login", "--url", &sandbox.url, "--secret-store", "file"],
        Some(sandbox.secrets()),
        &[0],
    )?;
    Ok(())
}

const FOLLOWUP_ONLINE: &str = "Bonjour, nous avons bien reçu votre demande et nous la prenons en charge.";
const FOLLOWUP_OFFLINE: &str = "Rappel fait par téléphone : le poste redémarre, suite demain matin.";
const NEW_TICKET: &str = "Écran noir après la mise à jour (appel reçu pendant la panne)";

fn in_terminal(program: &Path, folder: &Path, glpi: u8) -> Result<()> {
    let glpi = glpi.to_string();
    let port = guichet::free_port()?;
    let server_data = folder.join("server");
    let serve = || Sandbox::start(program, &server_data, port, &["--glpi", &glpi]);

    say(&format!("Un GLPI {glpi} d'essai démarre, avec treize mois de tickets."));
    let sandbox = serve()?;
    tell(&format!("il répond à {}", sandbox.url));

    say("Ouverture de session du technicien (le jeton passe par l'entrée standard).");
    let guichet = CommandLine::new(program, &folder.join("profile"));
    sign_in(&guichet, &sandbox)?;
    tell("session ouverte ; ici les secrets sont dans un fichier du profil (--secret-store file)");

    say("Première synchronisation : tout vient dans la base locale.");
    let answer = guichet.run(&["sync", "--once"], &[0])?;
    tell(&format!("reçu : {}", answer["applied"]));

    say("Ma file.");
    let answer = guichet.run(&["ticket", "list"], &[0])?;
    let queue = rows(&answer, "tickets")?;
    for ticket in queue.iter().take(8) {
        tell(&format!("n° {:<8} {}", plain(&ticket["id"]), plain(&ticket["title"])));
    }
    tell(&format!("{} tickets en tout", queue.len()));

    let all = guichet.run(&["ticket", "list", "--all"], &[0])?;
    let (accented, typed) = rows(&all, "tickets")?
        .iter()
        .find_map(|ticket| accented_word(ticket["title"].as_str()?))
        .ok_or_else(|| Error::Check("no title of the demo data has an accent".to_owned()))?;
    say(&format!("Recherche de « {accented} », tapé sans accent : « {typed} »."));
    let answer = guichet.run(&["search", &typed], &[0])?;
    let hits = rows(&answer, "hits")?;
    if hits.is_empty() {
        return Err(Error::Check(format!(
            "searching {typed} finds nothing although a title has {accented}"
        )));
    }
    for hit in hits.iter().take(5) {
        tell(&format!(
            "{:<8} n° {:<8} {}",
            plain(&hit["kind"]),
            plain(&hit["id"]),
            plain(&hit["title"])
        ));
    }
    let elapsed = answer["elapsed_ms"].as_f64().unwrap_or_default();
    tell(&format!("{} résultats en {elapsed:.1} ms", hits.len()));

    let first = queue.first().map(|ticket| plain(&ticket["id"]));
    let ticket = first.ok_or_else(|| Error::Check("the technician's queue is empty".to_owned()))?;
    say(&format!("Le ticket n° {ticket} s'ouvre depuis la base locale."));
    let answer = guichet.run(&["ticket", "show", &ticket], &[0])?;
    tell(&plain(&answer["ticket"]["title"]));
    for entry in rows(&answer, "timeline")? {
        let text = plain(&entry["text"]).replace('\n', " ");
        tell(&format!(
            "{:<9} {:<18} {}",
            plain(&entry["kind"]),
            plain(&entry["author"]),
            shortened(&text)
        ));
    }

    say("Réponse au demandeur, serveur présent : elle part tout de suite.");
    guichet.run(&["ticket", "followup", &ticket, "--text", FOLLOWUP_ONLINE], &[0, 3])?;
    guichet.run(&["sync", "--once"], &[0])?;
    expect_waiting(&guichet, 0)?;

    say("Le serveur tombe (processus tué). Le travail continue.");
    sandbox.kill()?;
    guichet.run(&["ticket", "followup", &ticket, "--text", FOLLOWUP_OFFLINE], &[3])?;
    guichet.run(
        &[
            "ticket",
            "new",
            "--title",
            NEW_TICKET,
            "--text",
            "L'écran reste noir, la souris répond.",
        ],
        &[3],
    )?;
    expect_waiting(&guichet, 2)?;

    say("Le serveur revient, avec ses données.");
    let sandbox = serve()?;
    let answer = guichet.run(&["sync", "--once"], &[0])?;
    tell(&format!(
        "envoyés : {}, en attente : {}",
        answer["sent"], answer["waiting"]
    ));
    expect_waiting(&guichet, 0)?;

    say("Ce que le serveur a reçu, d'après son propre journal.");
    let journal = sandbox.own_page("writes")?.to_string();
    for text in [FOLLOWUP_ONLINE, FOLLOWUP_OFFLINE, NEW_TICKET] {
        let times = journal.matches(text).count();
        tell(&format!("{times} fois : {text}"));
        if times != 1 {
            return Err(Error::Check(format!("the server was given {times} times: {text}")));
        }
    }
    println!("\nRien de perdu, rien en double.");
    Ok(())
}

fn expect_waiting(guichet: &CommandLine, expected: usize) -> Result<()> {
    let answer = guichet.run(&["outbox", "list"], &[0])?;
    let entries = rows(&answer, "entries")?;
    for entry in entries {
        tell(&format!(
            "en attente : {} ({})",
            plain(&entry["operation"]),
            plain(&entry["state"])
        ));
    }
    if entries.len() == expected {
        if expected == 0 {
            tell("file d'attente d'envoi : vide");
        }
        return Ok(());
    }
    Err(Error::Check(format!(
        "{} entries wait in the outbox, {expected} expected: {}",
        entries.len(),
        answer
    )))
}

fn say(text: &str) {
    println!("\n▶ {text}");
}

fn tell(text: &str) {
    println!("  {text}");
}

fn rows<'a>(json: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    json[name]
        .as_array()
        .ok_or_else(|| Error::Check(format!("the answer has no list `{name}`: {json}")))
}

/// A value as a person reads it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        Value::Object(fields) => fields
            .get("name")
            .or_else(|| fields.get("type"))
            .map_or_else(|| value.to_string(), plain),
        other => other.to_string(),
    }
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(80).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A long word with an accent, and what somebody in a hurry types for it.
fn accented_word(title: &str) -> Option<(String, String)> {
    title.split(|letter: char| !letter.is_alphabetic()).find_map(|word| {
        let typed = without_accents(&word.to_lowercase());
        (word.chars().count() >= 6 && typed.is_ascii() && !word.is_ascii()).then(|| (word.to_owned(), typed))
    })
}

fn without_accents(word: &str) -> String {
    word.chars()
        .map(|letter| match letter {
            'à' | 'â' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'î' | 'ï' => 'i',
            'ô' | 'ö' => 'o',
            'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_an_accent_is_typed_without_it() {
        let found = accented_word("Le téléphone de l'accueil");
        assert_eq!(found, Some(("téléphone".to_owned(), "telephone".to_owned())));
        assert_eq!(accented_word("Imprimante en panne"), None);
        assert_eq!(accented_word("Été"), None, "too short to be telling");
    }
}
