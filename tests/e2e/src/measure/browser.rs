//! The browser's own way: bare pages of the sandbox in headless Chromium, from the navigation to the first content painted.

use super::Figures;
use crate::{
    error::{Error, Result},
    process::Process,
    scenario::Scenario,
};
use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use std::{
    net::TcpListener,
    process::Command,
    time::{Duration, Instant},
};

/// How long the driver may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Loads the list's page and ticket pages, `times` each. `pages` is the address of the sandbox's pages.
///
/// # Errors
/// When Chromium or its driver does not start, or a page is not painted.
pub async fn browse(
    scenario: &Scenario,
    pages: &str,
    tickets: &[i64],
    times: usize,
    figures: &mut Figures,
) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::program("a free port"))?;
    let port = listener.local_addr().map_err(Error::program("a free port"))?.port();
    drop(listener);
    let mut command = Command::new("chromedriver");
    command.arg(format!("--port={port}"));
    scenario.desktop().adopt(&mut command);
    let _driver = Process::start("chromedriver", &mut command, &scenario.pictures().join("chromium.log"))?;
    let started = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if started.elapsed() > PATIENCE {
            return Err(Error::Check("chromedriver does not listen".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let options = json!({ "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1440,900"] });
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities([("goog:chromeOptions".to_owned(), options)].into_iter().collect());
    let client = builder.connect(&format!("http://127.0.0.1:{port}")).await?;
    let driver = |what: &str| {
        let what = what.to_owned();
        move |source| Error::Driver {
            what,
            source: Box::new(source),
            program: "Chromium".to_owned(),
        }
    };
    let lists = std::iter::repeat_n(("the browser's bare list of 50", format!("{pages}/tickets")), times);
    let tickets = tickets.iter().cycle().take(times);
    let tickets = tickets.map(|ticket| ("the browser's bare ticket", format!("{pages}/ticket/{ticket}")));
    for (name, url) in lists.chain(tickets) {
        client.goto(&url).await.map_err(driver(&url))?;
        let painted = "const done = arguments[arguments.length - 1];
            const look = () => {
              const paint = performance.getEntriesByName('first-contentful-paint')[0];
              if (paint) done(paint.startTime); else setTimeout(look, 5);
            };
            look();";
        let at = client.execute_async(painted, Vec::new()).await.map_err(driver(&url))?;
        figures.add(name, at.as_f64().unwrap_or_default());
    }
    client.close().await.map_err(driver("close"))
}
