//! Measures the screen pop of the real window, for `cargo xtask bench pop`, which builds it: from the PBX's instant of the first
//! ring to the painted card, call after call, and beside it the time a bare element takes to be painted in the same page.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use clap::Parser;
use guichet_e2e::{Console, Error, Popped, Result, Scenario, Server, measure::Figures, test_id};
use serde_json::json;
use std::{fs, path::PathBuf};

/// The desk's own telephone at the pretend PBX.
const DEVICE: &str = "SIP/6001";

#[derive(Parser)]
struct Plan {
    /// The product, optimised and drivable.
    #[arg(long)]
    program: PathBuf,
    /// Tickets on the server and in the window.
    #[arg(long)]
    tickets: u32,
    /// Calls that come in.
    #[arg(long)]
    calls: u32,
    /// Where the figures go (JSON).
    #[arg(long)]
    json: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    match run(&Plan::parse()).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(plan: &Plan) -> Result<()> {
    let scenario = Scenario::of("measure-pop", "fr_FR.UTF-8", &plan.program)?;
    let tickets = plan.tickets.to_string();
    let server = Server::start(&scenario, &["--glpi", "11", "--tickets", &tickets, "--pbx"])?;
    let console = Console::open(&scenario).await?;
    console.sign_in(&server).await?;
    console.first_sync_done().await?;
    console.set_up_telephone(&server, DEVICE).await?;
    console.queue().await?;
    let mut figures = Figures::default();
    let over = format!("{}[data-state=\"missed\"]", test_id("call"));
    for nth in 0..plan.calls {
        // People of the demonstration, one after the other: a card with somebody's tickets and equipment on it.
        let number = format!("01990000{}", 10 + nth % 90);
        let Popped { caller, took } = console.pop(&server, &number).await?;
        figures.add("call to the painted card", took);
        figures.add("a bare element to its painting", bare(&console).await?);
        server.telephone(json!({ "deed": "hang_up", "caller": caller })).await?;
        console.window.find(&over).await?;
        close(&console).await?;
        console.window.click(&test_id("call-close")).await?;
        console.window.gone(&test_id("call")).await?;
    }
    console.window.picture("at the end").await?;
    console.window.close().await?;
    let document = json!({ "tickets": plan.tickets, "calls": plan.calls, "figures": figures.json() });
    fs::write(&plan.json, format!("{document:#}\n")).map_err(|source| Error::File {
        path: plan.json.clone(),
        source,
    })
}

/// Milliseconds that an element without anything takes to be painted.
async fn bare(console: &Console) -> Result<f64> {
    let script = "const done = arguments[arguments.length - 1];
        const begun = performance.now();
        const element = document.createElement('p');
        element.textContent = 'x';
        document.body.append(element);
        requestAnimationFrame(() => {
          element.getBoundingClientRect();
          const painted = new MessageChannel();
          painted.port1.onmessage = () => { element.remove(); done(performance.now() - begun); };
          painted.port2.postMessage(null);
        });";
    let took = console.window.run_async(script, Vec::new()).await?;
    took.as_f64()
        .ok_or_else(|| Error::Check(format!("a bare element: {took}")))
}

/// Does the wrap-up of every call that is over, so that the next one finds the band as the first did.
async fn close(console: &Console) -> Result<()> {
    let calls = console.asked("calls", json!({})).await?;
    for card in calls.as_array().into_iter().flatten() {
        let wrap_up = json!({
            "disposition": "not_reached", "ticket": { "type": "none", "reason": "test", "words": "" }, "note": "",
        });
        let closed = console
            .asked("close_call", json!({ "id": card["call"]["id"], "wrapUp": wrap_up }))
            .await?;
        if !closed["error"].is_null() {
            return Err(Error::Check(format!("a call is not closed: {closed}")));
        }
    }
    Ok(())
}
