//! A PBX that speaks HTTP and WebSocket: how it is reached, trusted and bounded.
//!
//! Redirects are never followed (a secret would travel with them), bodies and messages are bounded, and without TLS only this
//! machine is spoken to.

use crate::{
    state::LossReason,
    tls::{self, Line},
};
use guichet_net::Failure;
use reqwest::{Client, RequestBuilder, Response, header::HeaderMap};
use serde_json::Value;
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, protocol::WebSocketConfig},
};
use url::Url;

/// Most bytes of a reply.
const LONGEST_REPLY: usize = 1024 * 1024;
/// Most bytes of a message.
const LONGEST_MESSAGE: usize = 256 * 1024;

/// A WebSocket.
pub(crate) type Socket = WebSocketStream<Box<dyn Line>>;

/// A server and how it is trusted.
#[derive(Debug)]
pub(crate) struct Server {
    base: Url,
    authorities: Option<Vec<u8>>,
    http: Client,
    patience: Duration,
}

impl Server {
    /// The server at `base` ("<https://xivo.example>"). Nothing is connected yet.
    ///
    /// # Errors
    /// [`LossReason::Untrusted`] when it is not to be spoken to: no TLS though it is another machine, or authorities that
    /// cannot be read.
    pub(crate) fn new(base: &Url, authorities: Option<&[u8]>, patience: Duration) -> Result<Self, LossReason> {
        let http = guichet_net::client(base, authorities, patience)?;
        Ok(Self {
            base: base.clone(),
            authorities: authorities.map(<[u8]>::to_vec),
            http,
            patience,
        })
    }

    /// Makes requests of it.
    pub(crate) fn http(&self) -> &Client {
        &self.http
    }

    /// An address of it; `path` is made of the adapter's own words.
    pub(crate) fn at(&self, path: &str) -> Url {
        guichet_net::at(&self.base, path)
    }

    /// An address below which `segments` follow, each one segment whatever it holds.
    pub(crate) fn below(&self, path: &str, segments: &[&str]) -> Url {
        let mut url = self.at(path);
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(segments);
        }
        url
    }

    /// One exchange: the status and what was said (`Null` when it is no JSON).
    ///
    /// # Errors
    /// When there is no complete reply.
    pub(crate) async fn ask(&self, request: RequestBuilder) -> Result<(u16, Value), LossReason> {
        self.ask_whole(request).await.map(|(status, _, said)| (status, said))
    }

    /// One exchange, with the reply's headers.
    ///
    /// # Errors
    /// When there is no complete reply.
    pub(crate) async fn ask_whole(&self, request: RequestBuilder) -> Result<(u16, HeaderMap, Value), LossReason> {
        let reply = guichet_net::exchange(request, LONGEST_REPLY, self.patience).await?;
        let said = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        Ok((reply.status, reply.headers, said))
    }

    /// A reply whose body is read as it comes.
    ///
    /// # Errors
    /// When no reply begins.
    pub(crate) async fn stream(&self, request: RequestBuilder) -> Result<Response, LossReason> {
        match timeout(self.patience, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(lost(&error)),
            Err(_) => Err(LossReason::Silent),
        }
    }

    /// An address that the server named, but on the server that was configured: nothing it says sends a secret elsewhere. `None`
    /// when it is no address.
    pub(crate) fn named(&self, address: &str) -> Option<Url> {
        let named = self.base.join(address).ok()?;
        let mut url = self.base.clone();
        url.set_path(named.path());
        url.set_query(named.query());
        Some(url)
    }

    /// Opens a WebSocket there (the scheme is put right).
    ///
    /// # Errors
    /// [`LossReason::Refused`] when the server refuses who asks, else why there is none.
    pub(crate) async fn socket(&self, mut url: Url) -> Result<Socket, LossReason> {
        let secure = url.scheme() == "https";
        let unreachable = |detail: String| LossReason::Unreachable { detail };
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        if url.set_scheme(if secure { "wss" } else { "ws" }).is_err() {
            return Err(unreachable("the address is none".to_owned()));
        }
        let opening = async {
            let name = host.trim_start_matches('[').trim_end_matches(']');
            let stream = TcpStream::connect((name, port))
                .await
                .map_err(|error| unreachable(error.to_string()))?;
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY");
            }
            let stream: Box<dyn Line> = if secure {
                tls::protect(stream, self.authorities.as_deref(), name)
                    .await
                    .map_err(|detail| LossReason::Untrusted { detail })?
            } else {
                Box::new(stream)
            };
            let bounds = WebSocketConfig::default()
                .max_message_size(Some(LONGEST_MESSAGE))
                .max_frame_size(Some(LONGEST_MESSAGE));
            match client_async_with_config(url.as_str(), stream, Some(bounds)).await {
                Ok((socket, _)) => Ok(socket),
                Err(tungstenite::Error::Http(response)) => Err(refused(response.status().as_u16(), &Value::Null)),
                Err(error) => Err(LossReason::Closed {
                    detail: error.to_string(),
                }),
            }
        };
        timeout(self.patience, opening).await.unwrap_or(Err(LossReason::Silent))
    }
}

/// What a refusal is: of the account, or by something that is no PBX of this kind.
pub(crate) fn refused(status: u16, said: &Value) -> LossReason {
    if matches!(status, 400 | 401 | 403) {
        let message = words(said).unwrap_or_else(|| format!("HTTP {status}"));
        return LossReason::Refused { message };
    }
    if status >= 500 {
        let detail = format!("HTTP {status}");
        return LossReason::Closed { detail };
    }
    LossReason::NotAPbx {
        greeting: format!("HTTP {status}"),
    }
}

/// What a server says of an error, in its own words, shortened.
pub(crate) fn words(said: &Value) -> Option<String> {
    let text = ["message", "helpMessage", "innerMessage", "reason", "error"]
        .iter()
        .find_map(|key| said.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()))?;
    Some(clip(text))
}

/// A field, shortened, without control characters.
pub(crate) fn clip(text: &str) -> String {
    guichet_net::clip(text)
}

/// Why there is no reply. The address is left out: secrets travel in some.
pub(crate) fn lost(error: &reqwest::Error) -> LossReason {
    guichet_net::lost(error).into()
}

impl From<Failure> for LossReason {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Untrusted { detail } => Self::Untrusted { detail },
            Failure::Unreachable { detail } => Self::Unreachable { detail },
            Failure::Closed { detail } => Self::Closed { detail },
            Failure::Silent => Self::Silent,
            Failure::TooLong => Self::Closed {
                detail: "the reply is too long".to_owned(),
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_from_a_server_leads_to_the_configured_one() {
        let base = Url::parse("https://pbx.example:8443/").unwrap();
        let server = Server::new(&base, None, Duration::from_secs(1)).unwrap();
        for (named, wanted) in [
            ("https://evil.example/api/x?y=1", "https://pbx.example:8443/api/x?y=1"),
            ("//evil.example/x", "https://pbx.example:8443/x"),
            ("/api/rest/1.0", "https://pbx.example:8443/api/rest/1.0"),
            ("http://u:p@evil.example", "https://pbx.example:8443/"),
        ] {
            assert_eq!(server.named(named).unwrap().as_str(), wanted, "{named}");
        }
    }

    #[test]
    fn a_name_from_a_server_stays_one_segment() {
        let base = Url::parse("https://pbx.example/api").unwrap();
        let server = Server::new(&base, None, Duration::from_secs(1)).unwrap();
        let url = server.below("calls", &["1/../../users?x=1#y"]);
        assert_eq!(
            url.as_str(),
            "https://pbx.example/api/calls/1%2F..%2F..%2Fusers%3Fx=1%23y"
        );
    }
}
