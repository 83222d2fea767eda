//! TLS to the manager port.

use super::config::AmiSecurity;
use crate::tls::{self, Line};
use tokio::net::TcpStream;

/// Protects a connection as the settings say.
///
/// # Errors
/// In words for support, see [`tls::protect`].
pub(super) async fn protect(stream: TcpStream, security: &AmiSecurity, host: &str) -> Result<Box<dyn Line>, String> {
    match security {
        AmiSecurity::Plain => Ok(Box::new(stream)),
        AmiSecurity::Tls { authorities } => tls::protect(stream, authorities.as_deref(), host).await,
    }
}
