//! From the settings to the adapter of the telephone system they name.

use crate::{
    api::{PbxKind, PbxSettings},
    core::telephony::TelephonyError,
};
use guichet_domain::call::CallSource;
use guichet_service_levels::Contract;
use guichet_telephony::{
    Pbx, PbxUpdate,
    aircall::{Aircall, AircallConfig},
    ami::{Ami, AmiConfig, AmiSecurity, Scope},
    generic::Endpoint,
    o2g::{O2g, O2gConfig},
    wazo::{Wazo, WazoConfig},
    xuc::{Xuc, XucConfig},
};
use secrecy::SecretString;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};
use tokio::sync::mpsc;
use url::Url;

/// Region of national numbers.
pub const REGION: &str = "FR";
/// The PBX's name in the journal. One PBX a profile: its identities are never another's.
pub const SOURCE: &str = "pbx";

/// An adapter that can be started.
pub enum PbxConfig {
    /// Asterisk's manager interface.
    Asterisk(Box<AmiConfig>),
    /// XiVO's xuc.
    Xuc(Box<XucConfig>),
    /// Wazo.
    Wazo(Box<WazoConfig>),
    /// Alcatel-Lucent's O2G.
    O2g(Box<O2gConfig>),
    /// Aircall.
    Aircall(Box<AircallConfig>),
    /// The endpoint for telephones of any make.
    Generic {
        /// Its port on loopback.
        port: u16,
        /// What its address ends with.
        token: SecretString,
    },
}

/// What the settings ask for. Reads the file of authorities: not for a thread that must not wait.
///
/// # Errors
/// When a setting is missing or the authorities cannot be read.
pub fn config(
    settings: &PbxSettings,
    secret: String,
    contract: Option<&Contract>,
) -> Result<PbxConfig, TelephonyError> {
    let generic = settings.kind == PbxKind::Generic;
    for (name, value, needed) in [
        ("host", &settings.host, !generic),
        ("username", &settings.username, !generic),
        ("device", &settings.device, true),
    ] {
        if needed && value.trim().is_empty() {
            return Err(TelephonyError::Missing(name));
        }
    }
    let secret = SecretString::from(secret);
    let (login, device) = (settings.username.trim(), settings.device.trim());
    Ok(match settings.kind {
        PbxKind::Asterisk => PbxConfig::Asterisk(Box::new(asterisk(settings, secret)?)),
        PbxKind::Xuc => {
            let mut config = XucConfig::new(SOURCE, url(settings)?, login, secret, device);
            config.authorities = authorities(settings)?;
            REGION.clone_into(&mut config.region);
            // Who of the roster is free.
            let rosters = contract.into_iter().flat_map(|contract| &contract.rosters);
            let extensions = rosters
                .flat_map(|roster| &roster.steps)
                .map(|step| step.extension.clone());
            config.watched = extensions.filter(|extension| !extension.is_empty()).collect();
            PbxConfig::Xuc(Box::new(config))
        }
        PbxKind::Wazo => {
            let mut config = WazoConfig::new(SOURCE, url(settings)?, login, secret, device);
            config.authorities = authorities(settings)?;
            REGION.clone_into(&mut config.region);
            PbxConfig::Wazo(Box::new(config))
        }
        PbxKind::O2g => {
            let mut config = O2gConfig::new(SOURCE, url(settings)?, login, secret, device);
            config.authorities = authorities(settings)?;
            REGION.clone_into(&mut config.region);
            PbxConfig::O2g(Box::new(config))
        }
        PbxKind::Aircall => {
            let mut config = AircallConfig::new(SOURCE, url(settings)?, login, secret, device);
            config.authorities = authorities(settings)?;
            config.numbers = settings.queues.iter().map(|one| one.trim().to_owned()).collect();
            REGION.clone_into(&mut config.region);
            PbxConfig::Aircall(Box::new(config))
        }
        PbxKind::Generic => PbxConfig::Generic {
            port: settings.port,
            token: secret,
        },
    })
}

fn asterisk(settings: &PbxSettings, secret: SecretString) -> Result<AmiConfig, TelephonyError> {
    let scope = Scope::devices([settings.device.trim()]).queues(settings.queues.iter().map(String::as_str));
    let (host, username) = (settings.host.trim(), settings.username.trim());
    let mut config = AmiConfig::new(SOURCE, host, username, secret, scope);
    config.port = settings.port;
    REGION.clone_into(&mut config.region);
    settings.context.trim().clone_into(&mut config.transfer_context);
    settings.context.trim().clone_into(&mut config.dial_context);
    if settings.protected {
        config.security = AmiSecurity::Tls {
            authorities: authorities(settings)?,
        };
    }
    Ok(config)
}

fn url(settings: &PbxSettings) -> Result<Url, TelephonyError> {
    let scheme = if settings.protected { "https" } else { "http" };
    let host = settings.host.trim();
    // An address of the sixth version is written in brackets.
    let host = if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    let url = format!("{scheme}://{host}:{}/", settings.port);
    Url::parse(&url).map_err(|_| TelephonyError::Missing("host"))
}

fn authorities(settings: &PbxSettings) -> Result<Option<Vec<u8>>, TelephonyError> {
    let path = settings.authorities.as_deref().map(str::trim);
    let Some(path) = path.filter(|path| settings.protected && !path.is_empty()) else {
        return Ok(None);
    };
    let read = std::fs::read(path).map_err(|source| TelephonyError::Authorities {
        path: PathBuf::from(path),
        source,
    })?;
    Ok(Some(read))
}

impl PbxConfig {
    /// Starts the adapter; it connects by itself, and connects again.
    ///
    /// # Errors
    /// When the endpoint's port cannot be had.
    pub async fn start(self, updates: mpsc::Sender<PbxUpdate>) -> Result<Box<dyn Pbx>, TelephonyError> {
        Ok(match self {
            Self::Asterisk(config) => Box::new(Ami::start(*config, updates)),
            Self::Xuc(config) => Box::new(Xuc::start(*config, updates)),
            Self::Wazo(config) => Box::new(Wazo::start(*config, updates)),
            Self::O2g(config) => Box::new(O2g::start(*config, updates)),
            Self::Aircall(config) => Box::new(Aircall::start(*config, updates)),
            Self::Generic { port, token } => {
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                let source = CallSource(SOURCE.to_owned());
                Box::new(Endpoint::start(source, REGION, token, address, updates).await?)
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn settings(kind: PbxKind) -> PbxSettings {
        PbxSettings {
            kind,
            host: "pbx.example".to_owned(),
            port: 8443,
            protected: true,
            username: "guichet".to_owned(),
            device: "6001".to_owned(),
            ..PbxSettings::default()
        }
    }

    #[test]
    fn every_kind_is_reached_where_the_settings_say_and_watches_the_roster_where_it_can() {
        let contract = Contract::embedded("vsgp").unwrap().unwrap();
        let of = |kind| config(&settings(kind), "s".to_owned(), Some(&contract)).unwrap();
        let PbxConfig::Xuc(xuc) = of(PbxKind::Xuc) else {
            unreachable!()
        };
        assert_eq!(xuc.url.as_str(), "https://pbx.example:8443/");
        assert!(xuc.watched.contains("7001") && xuc.watched.contains("7002") && !xuc.watched.contains(""));
        let PbxConfig::Wazo(wazo) = of(PbxKind::Wazo) else {
            unreachable!()
        };
        assert_eq!((wazo.login.as_str(), wazo.device.as_str()), ("guichet", "6001"));
        let PbxConfig::O2g(o2g) = of(PbxKind::O2g) else {
            unreachable!()
        };
        assert_eq!(o2g.url.as_str(), "https://pbx.example:8443/");
        let numbers = PbxSettings {
            queues: vec![" Support DSI ".to_owned()],
            ..settings(PbxKind::Aircall)
        };
        let PbxConfig::Aircall(aircall) = config(&numbers, "t".to_owned(), None).unwrap() else {
            unreachable!()
        };
        assert_eq!(aircall.url.as_str(), "https://pbx.example:8443/");
        assert!(aircall.numbers.contains("Support DSI"));
        let PbxConfig::Asterisk(ami) = of(PbxKind::Asterisk) else {
            unreachable!()
        };
        assert!(matches!(ami.security, AmiSecurity::Tls { authorities: None }));
        let sixth = PbxSettings {
            host: "2001:db8::1".to_owned(),
            ..settings(PbxKind::Wazo)
        };
        assert_eq!(url(&sixth).unwrap().as_str(), "https://[2001:db8::1]:8443/");
    }

    #[test]
    fn a_setting_that_is_missing_is_named() {
        let lacking = |change: fn(&mut PbxSettings), kind| {
            let mut settings = settings(kind);
            change(&mut settings);
            match config(&settings, String::new(), None) {
                Err(TelephonyError::Missing(name)) => name,
                _ => "",
            }
        };
        assert_eq!(lacking(|s| s.device.clear(), PbxKind::Asterisk), "device");
        assert_eq!(lacking(|s| s.host.clear(), PbxKind::Xuc), "host");
        assert_eq!(lacking(|s| s.host = "a b".to_owned(), PbxKind::Xuc), "host");
        assert_eq!(lacking(|s| s.username.clear(), PbxKind::O2g), "username");
        assert_eq!(lacking(|s| s.host.clear(), PbxKind::Generic), "");
        assert_eq!(lacking(|s| s.device.clear(), PbxKind::Generic), "device");
    }

    #[tokio::test]
    async fn a_port_that_another_program_has_is_said_so() {
        let taken = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let settings = PbxSettings {
            port: taken.local_addr().unwrap().port(),
            ..settings(PbxKind::Generic)
        };
        let (updates, _) = mpsc::channel(1);
        let started = config(&settings, "t".to_owned(), None).unwrap().start(updates).await;
        assert_eq!(started.unwrap_err().code(), "telephone_port");
    }
}
