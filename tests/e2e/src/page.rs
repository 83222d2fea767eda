//! The product's page over its in-memory backend, served to a browser.

use crate::{
    error::{Error, Result},
    process::Process,
    scenario::{Scenario, front_end},
};
use std::{
    net::{TcpListener, TcpStream},
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// How long the server may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server of the built page (`npm run build:demo`); it ends when dropped.
pub struct Page {
    _server: Process,
    url: String,
}

impl Page {
    /// Serves what is in `dist-demo` of the front end's folder (`cargo xtask e2e` builds it).
    ///
    /// # Errors
    /// When the server does not listen.
    pub fn serve(scenario: &Scenario) -> Result<Self> {
        let ui = front_end();
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::program("a free port"))?;
        let port = listener.local_addr().map_err(Error::program("a free port"))?.port();
        drop(listener);
        let mut command = Command::new("node");
        command.current_dir(&ui).args([
            "node_modules/vite/bin/vite.js",
            "preview",
            "--mode",
            "demo",
            "--host",
            "127.0.0.1",
            "--strictPort",
            "--port",
            &port.to_string(),
        ]);
        let server = Process::start("vite preview", &mut command, &scenario.pictures().join("page.log"))?;
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if started.elapsed() > PATIENCE {
                return Err(Error::Check("the page's server does not listen".to_owned()));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(Self {
            _server: server,
            url: format!("http://127.0.0.1:{port}"),
        })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}
