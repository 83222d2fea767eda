//! Connections that can be cut: the listener can stop listening, and a connection can end without its reply.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// One connection's scissors: once cut, nothing more is written to it.
#[derive(Debug, Clone)]
pub(super) struct Scissors {
    peer: SocketAddr,
    cut: Arc<AtomicBool>,
}

impl Scissors {
    /// Cuts the connection before its next byte.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    /// Who is on the other end.
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }
}

/// A stream that can be cut.
#[derive(Debug)]
pub(super) struct Cuttable {
    inner: TcpStream,
    cut: Arc<AtomicBool>,
}

impl Cuttable {
    fn severed(&self) -> Option<io::Error> {
        self.cut
            .load(Ordering::SeqCst)
            .then(|| io::Error::from(io::ErrorKind::ConnectionReset))
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.severed() {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.inner).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// The listener. While `refusing` is set its socket is closed, so that the system itself refuses connections.
#[derive(Debug)]
pub(super) struct Gate {
    address: SocketAddr,
    listener: Option<TcpListener>,
    refusing: Arc<AtomicBool>,
}

impl Gate {
    pub(super) fn new(listener: TcpListener, address: SocketAddr, refusing: Arc<AtomicBool>) -> Self {
        Self {
            address,
            listener: Some(listener),
            refusing,
        }
    }
}

/// How often a closed gate looks whether it may open again.
const LOOK: Duration = Duration::from_millis(50);

impl axum::serve::Listener for Gate {
    type Io = Cuttable;
    type Addr = Scissors;

    async fn accept(&mut self) -> (Cuttable, Scissors) {
        loop {
            if self.refusing.load(Ordering::SeqCst) {
                self.listener = None;
                tokio::time::sleep(LOOK).await;
                continue;
            }
            if self.listener.is_none() {
                match TcpListener::bind(self.address).await {
                    Ok(listener) => self.listener = Some(listener),
                    Err(error) => {
                        tracing::warn!(%error, "the sandbox cannot listen again yet");
                        tokio::time::sleep(LOOK).await;
                        continue;
                    }
                }
            }
            let Some(listener) = &self.listener else { continue };
            // Looks up now and then, so that a switched fault takes effect without a connection.
            match tokio::time::timeout(LOOK, listener.accept()).await {
                Ok(Ok((inner, peer))) => {
                    let cut = Arc::new(AtomicBool::new(false));
                    let _ = inner.set_nodelay(true);
                    return (
                        Cuttable {
                            inner,
                            cut: Arc::clone(&cut),
                        },
                        Scissors { peer, cut },
                    );
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(LOOK).await;
                }
                Err(_) => {}
            }
        }
    }

    fn local_addr(&self) -> io::Result<Scissors> {
        Ok(Scissors {
            peer: self.address,
            cut: Arc::new(AtomicBool::new(false)),
        })
    }
}

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, Gate>> for Scissors {
    fn connect_info(stream: axum::serve::IncomingStream<'_, Gate>) -> Self {
        stream.remote_addr().clone()
    }
}
