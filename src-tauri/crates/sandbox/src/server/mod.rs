//! The sandbox as a server: HTTP on this machine's loopback in front of the core, data that survives the process, faults
//! on a switch.

mod faults;
mod front;
mod gate;
mod keep;

pub use faults::{Fault, Faults, StatusFault, UnknownFault};

use crate::{
    Glpi, Options,
    options::{PASSWORD, TECHNICIAN},
};
use front::Shared;
use keep::Keeper;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// Why the sandbox does not serve.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Only this machine may reach it: it has no real passwords.
    #[error("the sandbox listens on this machine only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("the sandbox cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The data folder does not work.
    #[error("the sandbox cannot {what}")]
    Data {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The data folder holds something else.
    #[error("{0} is not a sandbox's setup")]
    Unreadable(PathBuf),
    /// The data folder is another version's.
    #[error("the folder holds a GLPI {kept}, not a {asked}")]
    OtherVersion {
        /// What is there.
        kept: &'static str,
        /// What was asked for.
        asked: &'static str,
    },
    /// The data could not be made.
    #[error("the sandbox's data could not be made")]
    Made,
}

/// A sandbox that serves. It ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Sandbox {
    url: String,
    address: SocketAddr,
    user_token: String,
    app_token: Option<String>,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a server that forgets everything when it ends. Port 0 picks a free one.
    ///
    /// # Errors
    /// When the address is not on loopback or cannot be had.
    pub async fn start(options: Options, address: SocketAddr) -> Result<Self, SandboxError> {
        Self::start_in(options, address, None).await
    }

    /// Starts a server that keeps what it accepts in `folder`, and finds it there again, even after a `kill -9`.
    ///
    /// # Errors
    /// When the address cannot be had, or the folder cannot be used or is another version's.
    pub async fn start_in(options: Options, address: SocketAddr, folder: Option<&Path>) -> Result<Self, SandboxError> {
        if !address.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(address));
        }
        let listen = |source| SandboxError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let url = format!("http://{address}");
        let options = Options {
            base_url: url.clone(),
            ..options
        };
        let folder = folder.map(Path::to_owned);
        // Making a million tickets takes a while: not on the runtime's own threads.
        let (glpi, keeper) = tokio::task::spawn_blocking(move || match folder {
            Some(folder) => Keeper::open(&folder, options).map(|(keeper, glpi)| (glpi, Some(keeper))),
            None => Ok((Glpi::new(options), None)),
        })
        .await
        .map_err(|_| SandboxError::Made)??;
        let user_token = glpi.user_token(TECHNICIAN).unwrap_or_default().to_owned();
        let app_token = glpi.options().app_token.then(|| glpi.app_token().to_owned());
        let shared = Arc::new(Shared::new(glpi, keeper));
        let (stop, stopped) = oneshot::channel::<()>();
        let gate = gate::Gate::new(listener, address, shared.refusing());
        let app = front::router(Arc::clone(&shared)).into_make_service_with_connect_info::<gate::Scissors>();
        let serving = tokio::spawn(async move {
            let ended = async {
                // An error means that the handle is gone: the end as well.
                let _ = stopped.await;
            };
            if let Err(error) = axum::serve(gate, app).with_graceful_shutdown(ended).await {
                tracing::error!(%error, "the sandbox ended");
            }
        });
        Ok(Self {
            url,
            address,
            user_token,
            app_token,
            shared,
            stop: Some(stop),
            serving,
        })
    }

    /// Puts a pretend PBX beside it: its people do what `/_sandbox/pbx` is told. The first one stays.
    pub fn set_pbx(&self, pbx: Arc<crate::pbx::Pbx>) {
        self.shared.set_pbx(pbx);
    }

    /// Where it serves: `http://127.0.0.1:PORT`. The API is at `apirest.php` below it, and at `api.php/v1` too.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The demo technician's API token.
    #[must_use]
    pub fn user_token(&self) -> &str {
        &self.user_token
    }

    /// The application token, where one is asked for.
    #[must_use]
    pub fn app_token(&self) -> Option<&str> {
        self.app_token.as_deref()
    }

    /// The demo technician's login and password.
    #[must_use]
    pub fn credentials(&self) -> (&'static str, &'static str) {
        (TECHNICIAN, PASSWORD)
    }

    /// The faults as they stand.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared.faults()
    }

    /// Sets every fault.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.set_faults(faults);
    }

    /// Works on the core directly, between two requests. What it accepts is kept as well.
    pub fn with_core<T>(&self, work: impl FnOnce(&mut Glpi) -> T) -> T {
        self.shared.with_core(work)
    }

    /// Ends it and waits until it has.
    pub async fn stop(mut self) {
        self.shut_down();
        // Idle connections would keep it waiting for ever.
        if tokio::time::timeout(Duration::from_millis(500), &mut self.serving)
            .await
            .is_err()
        {
            self.serving.abort();
        }
    }

    /// Tells it to end, without waiting.
    pub fn shut_down(&mut self) {
        self.shared.close();
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shut_down();
        self.serving.abort();
    }
}
