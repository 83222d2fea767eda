//! The tour of the real window that makes the README's pictures: `cargo xtask tour`. A technician's morning on the sandbox, in
//! French and light, then in English and dark.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use clap::Parser;
use guichet_e2e::{Console, Error, Key, Result, Scenario, Server, test_id};
use std::path::PathBuf;

#[derive(Parser)]
struct Plan {
    /// The product's executable.
    #[arg(long)]
    program: PathBuf,
    /// Where the pictures go.
    #[arg(long)]
    pictures: PathBuf,
}

const TITLE: &str = "Messagerie lente au siège";
const SAME: &str = "Messagerie lente depuis lundi";

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    match tour(&Plan::parse()).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn tour(plan: &Plan) -> Result<()> {
    let scenario = Scenario::of("tour", "fr_FR.UTF-8", &plan.program)?;
    let mut server = Server::start(&scenario, &["--glpi", "11", "--tickets", "400"])?;
    let text = "<p>Depuis <b>lundi</b>, chaque envoi prend une minute, sur trois postes du même bureau.</p>";
    let ticket = server.colleague_writes(TITLE, text).await?;
    server.colleague_writes(SAME, "<p>Même chose à l'accueil.</p>").await?;
    let console = Console::open(&scenario).await?;
    let window = &console.window;
    console.sign_in(&server).await?;
    console.first_sync_done().await?;
    let picture = async |name: &str| -> Result<()> {
        let bytes = window.shown().await?;
        let file = plan.pictures.join(format!("{name}.png"));
        std::fs::write(&file, guichet_e2e::packed(&bytes)?).map_err(|source| Error::File {
            path: file.clone(),
            source,
        })?;
        println!("{}", file.display());
        Ok(())
    };

    console.settings("fr", "light").await?;
    console.queue().await?;
    console.open_ticket("messagerie siège", ticket).await?;
    console
        .write(
            "followup",
            "Bonjour, le relais d'envoi est redémarré. Pouvez-vous réessayer ?",
        )
        .await?;
    console.draft_saved().await?;
    picture("answer-fr-light").await?;
    console.send().await?;
    window.find(&test_id("undo-send")).await?;
    picture("sent-fr-light").await?;
    console.search_for("messagerie", ticket).await?;
    picture("search-fr-light").await?;
    window.press(&[Key::Escape.into()]).await?;
    window.press(&[Key::Escape.into()]).await?;
    window.click(&test_id("new-ticket")).await?;
    window
        .type_into(&test_id("new-ticket-title"), "Messagerie lente")
        .await?;
    window.find(&test_id(&format!("new-similar-{ticket}"))).await?;
    picture("new-ticket-fr-light").await?;
    window.click(&test_id("new-ticket-discard")).await?;
    window.click(&test_id("new-ticket-discard-confirm")).await?;

    console.settings("en", "dark").await?;
    console.queue().await?;
    console.open_ticket("messagerie siège", ticket).await?;
    window.press(&[Key::Alt.into(), 'b']).await?;
    window.find(&test_id("shelf")).await?;
    picture("shelf-en-dark").await?;
    window.press(&[Key::Escape.into()]).await?;
    console.search_box(">status").await?;
    window.find(&test_id("hit-command-status-waiting")).await?;
    picture("commands-en-dark").await?;
    window.press(&[Key::Escape.into()]).await?;
    window.press(&[Key::Escape.into()]).await?;
    console.open_article("mot de passe").await?;
    picture("knowledge-en-dark").await?;
    // The network goes; the work does not.
    server.kill();
    console.gate("offline").await?;
    console.open_ticket("messagerie siège", ticket).await?;
    console.write("followup", "Noted while the network was away.").await?;
    console.draft_saved().await?;
    console.send().await?;
    picture("offline-en-dark").await?;
    console.window.close().await
}
