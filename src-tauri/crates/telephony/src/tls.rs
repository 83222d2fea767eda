//! TLS by rustls. Who is trusted: the system's authorities, or those the settings name and no others.

use std::sync::Arc;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// A connection, protected or not.
pub(crate) trait Line: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Line for T {}

/// Who is trusted; `authorities` are PEM.
///
/// # Errors
/// In words for support: the authorities cannot be read.
pub(crate) fn trust(authorities: Option<&[u8]>) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(match authorities {
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|error| format!("the authorities cannot be read: {error}"))?;
                roots.add(certificate).map_err(|error| error.to_string())?;
            }
            if roots.is_empty() {
                return Err("the authorities hold no certificate".to_owned());
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        None => {
            use rustls_platform_verifier::BuilderVerifierExt;
            builder
                .with_platform_verifier()
                .map_err(|error| error.to_string())?
                .with_no_client_auth()
        }
    })
}

/// Protects a connection.
///
/// # Errors
/// In words for support: the authorities cannot be read, the host's name is none, or the other side is not trusted.
pub(crate) async fn protect(
    stream: TcpStream,
    authorities: Option<&[u8]>,
    host: &str,
) -> Result<Box<dyn Line>, String> {
    let config = trust(authorities)?;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| error.to_string())?;
    Ok(Box::new(stream))
}
