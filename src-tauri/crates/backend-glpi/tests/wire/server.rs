//! A server on a real socket that does to every connection what a script says, and remembers what it heard.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use std::{
    io::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivatePkcs8KeyDer},
};

/// What is done to a connection whose request was read; it is closed when the script ends.
#[derive(Debug, Clone)]
pub enum Act {
    /// These bytes, at once.
    Say(Vec<u8>),
    /// These bytes, one every 20 ms.
    Drip(Vec<u8>),
    /// Chunks of zeros without end.
    Flood,
    /// Nothing more, and the connection stays.
    Silence,
    /// A reset in place of an end.
    Reset,
    /// Only as the first: the request is never read.
    Deaf,
    /// Only as the first: the request's body is read in small sips.
    ReadSlowly,
}

/// What the server has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    Good,
    Expired,
    NotYet,
    OtherName,
    UnknownAuthority,
    /// Speaks nothing newer than TLS 1.0.
    OldProtocol,
}

#[derive(Debug, Default)]
struct State {
    script: Mutex<Vec<Act>>,
    heard: Mutex<Vec<u8>>,
    connections: AtomicUsize,
}

/// The server; it ends with its test.
#[derive(Debug)]
pub struct Server {
    port: u16,
    state: Arc<State>,
}

impl Server {
    pub async fn start(script: Vec<Act>) -> Self {
        Self::listen(script, None, false).await
    }

    /// The same behind TLS, for `localhost`; with the authority that is to be trusted (PEM).
    pub async fn start_tls(script: Vec<Act>, certificate: Certificate) -> (Self, Vec<u8>) {
        let authority = || {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let pem = params.self_signed(&key).unwrap().pem().into_bytes();
            (pem, Issuer::new(params, key))
        };
        let (mut trusted, issuer) = authority();
        let name = if certificate == Certificate::OtherName {
            "elsewhere.example"
        } else {
            "localhost"
        };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        match certificate {
            Certificate::Expired => params.not_after = date_time_ymd(2020, 1, 1),
            Certificate::NotYet => params.not_before = date_time_ymd(3000, 1, 1),
            Certificate::UnknownAuthority => trusted = authority().0,
            _ => {}
        }
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &issuer).unwrap();
        let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![signed.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let old = certificate == Certificate::OldProtocol;
        (Self::listen(script, Some(acceptor), old).await, trusted)
    }

    async fn listen(script: Vec<Act>, tls: Option<TlsAcceptor>, old: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            script: Mutex::new(script),
            ..State::default()
        });
        let own = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                own.connections.fetch_add(1, Ordering::SeqCst);
                let state = Arc::clone(&own);
                let tls = tls.clone();
                tokio::spawn(async move {
                    if old {
                        let mut hello = [0; 512];
                        let _ = stream.read(&mut hello).await;
                        // The alert `protocol_version`, as a server of 2005 writes it.
                        let _ = stream.write_all(&[0x15, 3, 1, 0, 2, 2, 70]).await;
                        return;
                    }
                    match tls {
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                let _ = play(stream, &state).await;
                            }
                        }
                        None => {
                            if let Some(stream) = play(stream, &state).await {
                                reset(&stream);
                            }
                        }
                    }
                });
            }
        });
        Self { port, state }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/glpi", self.port)
    }

    pub fn tls_url(&self) -> String {
        format!("https://localhost:{}/glpi", self.port)
    }

    /// What the next connections get.
    pub fn next(&self, script: Vec<Act>) {
        *self.state.script.lock().unwrap() = script;
    }

    /// Everything that was asked, as text.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.state.heard.lock().unwrap()).into_owned()
    }

    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

fn reset(stream: &TcpStream) {
    stream.set_zero_linger().unwrap();
}

/// Plays the script; the stream comes back when it is to be reset.
async fn play<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, state: &State) -> Option<S> {
    let script = state.script.lock().unwrap().clone();
    if matches!(script.first(), Some(Act::Deaf)) {
        std::future::pending::<()>().await;
    }
    let slowly = matches!(script.first(), Some(Act::ReadSlowly));
    read_request(&mut stream, state, slowly).await?;
    for act in script {
        match act {
            Act::Say(bytes) => stream.write_all(&bytes).await.ok()?,
            Act::Drip(bytes) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await.ok()?;
                    sleep(Duration::from_millis(20)).await;
                }
            }
            Act::Flood => {
                let chunk = [b"8000\r\n".as_slice(), &[b' '; 0x8000], b"\r\n"].concat();
                while stream.write_all(&chunk).await.is_ok() {}
            }
            Act::Silence => std::future::pending().await,
            Act::Reset => return Some(stream),
            Act::Deaf | Act::ReadSlowly => {}
        }
    }
    let _ = stream.shutdown().await;
    None
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut S, state: &State, slowly: bool) -> Option<()> {
    let mut head = Vec::new();
    let mut buffer = vec![0; 256 * 1024];
    let (end, length) = loop {
        let got = stream.read(&mut buffer).await.ok().filter(|got| *got > 0)?;
        head.extend_from_slice(&buffer[..got]);
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&head[..end]).to_ascii_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            break (end + 4, length.unwrap_or(0));
        }
    };
    state.heard.lock().unwrap().extend_from_slice(&head[..end]);
    let mut body = head.len() - end;
    while body < length {
        if slowly {
            sleep(Duration::from_millis(15)).await;
        }
        body += stream.read(&mut buffer).await.ok().filter(|got| *got > 0)?;
    }
    Some(())
}

/// 64 MiB of spaces.
pub fn gzip_bomb() -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        packed.write_all(&[b' '; 1 << 20]).unwrap();
    }
    packed.finish().unwrap()
}
