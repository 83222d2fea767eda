//! TLS by rustls. Who is trusted, `guichet-net` says: the system's authorities, or those of the settings and no others.

use std::sync::Arc;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

/// A connection, protected or not.
pub(crate) trait Line: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Line for T {}

/// Protects a connection.
///
/// # Errors
/// In words for support: the authorities cannot be read, the host's name is none, or the other side is not trusted.
pub(crate) async fn protect(
    stream: TcpStream,
    authorities: Option<&[u8]>,
    host: &str,
) -> Result<Box<dyn Line>, String> {
    let config = guichet_net::trust(authorities)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| error.to_string())?;
    Ok(Box::new(stream))
}
