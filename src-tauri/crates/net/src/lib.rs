//! Other people's HTTP servers: how they are reached, trusted and bounded, the same for every adapter.
//!
//! Redirects are never followed (a secret would travel with them), replies are bounded in bytes and time, and without TLS only this
//! machine is spoken to.

use reqwest::{Client, RequestBuilder, header::HeaderMap, redirect};
use std::{error::Error, sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_rustls::rustls::{
    self, ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use url::{Host, Url};

/// Most characters that are kept of what a system or a server says of an error.
const LONGEST_DETAIL: usize = 256;

/// Why there is no reply. The texts are the system's own words, for support; they never hold the address, because secrets travel in
/// some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It cannot prove who it is, or is not to be spoken to at all. Nothing was told to it.
    Untrusted {
        /// What the check said.
        detail: String,
    },
    /// No connection could be made.
    Unreachable {
        /// What the system said.
        detail: String,
    },
    /// The connection ended before the reply did: the request may have arrived.
    Closed {
        /// What the system said.
        detail: String,
    },
    /// No complete reply in the time there was: the request may have arrived.
    Silent,
    /// The reply is longer than what is read.
    TooLong,
}

/// A complete reply, of any status.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP's status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

/// Who is trusted: the system's authorities, or those given (PEM) and no others.
///
/// # Errors
/// In words for support: the authorities cannot be read.
pub fn trust(authorities: Option<&[u8]>) -> Result<ClientConfig, String> {
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

/// A client for the server at `base`. Nothing is connected yet; a connection may take as long as `patience`.
///
/// # Errors
/// [`Failure::Untrusted`] when it is not to be spoken to: no TLS though it is another machine, or authorities that cannot be read.
pub fn client(base: &Url, authorities: Option<&[u8]>, patience: Duration) -> Result<Client, Failure> {
    let untrusted = |detail: String| Failure::Untrusted { detail };
    let here = match base.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return Err(untrusted("the address has no host".to_owned())),
    };
    if base.scheme() != "https" && !(base.scheme() == "http" && here) {
        return Err(untrusted("the address is not protected (https)".to_owned()));
    }
    Client::builder()
        .tls_backend_preconfigured(trust(authorities).map_err(untrusted)?)
        .http1_only()
        .redirect(redirect::Policy::none())
        .connect_timeout(patience)
        .tcp_keepalive(Duration::from_secs(15))
        .build()
        .map_err(|error| untrusted(error.to_string()))
}

/// An address below a server's; `path` is made of the adapter's own words.
#[must_use]
pub fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let root = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{root}/{path}"));
    url
}

/// One exchange: a complete reply of at most `longest` bytes, within `patience`.
///
/// # Errors
/// Why there is none.
pub async fn exchange(request: RequestBuilder, longest: usize, patience: Duration) -> Result<Reply, Failure> {
    let exchange = async {
        let mut response = request.send().await.map_err(|error| lost(&error))?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| lost(&error))? {
            body.extend_from_slice(&piece);
            if body.len() > longest {
                return Err(Failure::TooLong);
            }
        }
        Ok(Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
        })
    };
    timeout(patience, exchange).await.unwrap_or(Err(Failure::Silent))
}

/// Words of a server or a system, shortened, without control characters.
#[must_use]
pub fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_DETAIL).collect()
}

/// Whether an error is TLS's own. An input or output error passes over what it holds when it is asked for its source, and may hold
/// another one of its kind.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let mut error = error;
    loop {
        if error.is::<rustls::Error>() {
            return true;
        }
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(held) => error = held,
            None => return false,
        }
    }
}

/// What an error of the client means.
#[must_use]
pub fn lost(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        return Failure::Silent;
    }
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    let mut detail = String::new();
    while let Some(inner) = source {
        detail = clip(&inner.to_string());
        if is_tls(inner) {
            return Failure::Untrusted { detail };
        }
        source = inner.source();
    }
    if error.is_connect() {
        Failure::Unreachable { detail }
    } else {
        Failure::Closed { detail }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn without_tls_only_this_machine_is_spoken_to() {
        for (address, good) in [
            ("https://xivo.example", true),
            ("http://127.0.0.1:8090", true),
            ("http://[::1]:8090", true),
            ("http://localhost", true),
            ("http://xivo.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("ftp://127.0.0.1", false),
        ] {
            let made = client(&Url::parse(address).unwrap(), None, Duration::from_secs(1));
            assert_eq!(made.is_ok(), good, "{address}");
        }
    }

    #[test]
    fn authorities_that_hold_nothing_trust_nobody() {
        let base = Url::parse("https://nagios.example").unwrap();
        for pem in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let made = client(&base, Some(pem.as_bytes()), Duration::from_secs(1));
            assert!(matches!(made, Err(Failure::Untrusted { .. })), "{pem:?}");
        }
    }
}
