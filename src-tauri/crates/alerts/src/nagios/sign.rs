//! Signing in to the web server before Nagios: by basic or by digest authentication (Debian's own configuration asks for the latter),
//! whichever the server asks for. The password is told to nobody who did not ask for it.

use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use reqwest::{
    Method, Request,
    header::{self, HeaderMap, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};

/// How the server wants an account to sign in, as far as it said so.
#[derive(Debug, Clone, Default)]
pub(super) enum Scheme {
    /// It was not asked yet.
    #[default]
    Unasked,
    /// Name and password with each request.
    Basic,
    /// An answer to this challenge with each request; the challenge counts them.
    Digest(Box<WwwAuthenticateHeader>),
}

impl Scheme {
    /// What a refusal asks for: digest where both are offered. `None`: neither.
    pub(super) fn asked(headers: &HeaderMap) -> Option<Self> {
        let offered: Vec<&str> = headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let is = |value: &str, scheme: &str| {
            value
                .get(..scheme.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
        };
        let digest = offered
            .iter()
            .filter(|value| is(value, "digest "))
            .find_map(|value| digest_auth::parse(value).ok());
        match digest {
            Some(challenge) => Some(Self::Digest(Box::new(challenge))),
            None => offered.iter().any(|value| is(value, "basic")).then_some(Self::Basic),
        }
    }

    /// Whether a refusal of a request that was signed may be of its age alone: a challenge is good for some time.
    pub(super) fn is_worn(&self, asked: &Self) -> bool {
        match (self, asked) {
            (Self::Unasked, _) | (Self::Basic, Self::Digest(_)) => true,
            (Self::Digest(before), Self::Digest(now)) => now.stale || before.nonce != now.nonce,
            (Self::Digest(_) | Self::Basic, _) => false,
        }
    }

    /// Signs a request; not before the server was asked how.
    pub(super) fn sign(&mut self, request: &mut Request, login: &str, password: &SecretString) {
        let value = match self {
            Self::Unasked => return,
            Self::Basic => {
                use base64::{Engine as _, engine::general_purpose::STANDARD};
                format!(
                    "Basic {}",
                    STANDARD.encode(format!("{login}:{}", password.expose_secret()))
                )
            }
            Self::Digest(challenge) => {
                let url = request.url();
                let target = match url.query() {
                    Some(query) => format!("{}?{query}", url.path()),
                    None => url.path().to_owned(),
                };
                let method = if request.method() == Method::POST {
                    HttpMethod::POST
                } else {
                    HttpMethod::GET
                };
                let context = AuthContext::new_with_method(
                    login,
                    password.expose_secret(),
                    &target,
                    request.body().and_then(reqwest::Body::as_bytes),
                    method,
                );
                match challenge.respond(&context) {
                    Ok(answer) => answer.to_header_string(),
                    // A challenge that cannot be answered: the refusal of the unsigned request tells.
                    Err(_) => return,
                }
            }
        };
        if let Ok(mut value) = HeaderValue::from_str(&value) {
            value.set_sensitive(true);
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::WWW_AUTHENTICATE, value.parse().unwrap());
        }
        headers
    }

    fn signed(scheme: &mut Scheme) -> Option<String> {
        let url = "http://127.0.0.1/cgi-bin/statusjson.cgi?query=hostlist"
            .parse()
            .unwrap();
        let mut request = Request::new(Method::GET, url);
        scheme.sign(&mut request, "guichet", &SecretString::from("secret".to_owned()));
        let value = request.headers().get(header::AUTHORIZATION)?;
        assert!(value.is_sensitive());
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_password_is_told_only_to_who_asks_for_it() {
        assert_eq!(signed(&mut Scheme::Unasked), None);
        assert!(Scheme::asked(&headers(&["Negotiate"])).is_none());
        let mut basic = Scheme::asked(&headers(&["Basic realm=\"Nagios\""])).unwrap();
        assert_eq!(signed(&mut basic).unwrap(), "Basic Z3VpY2hldDpzZWNyZXQ=");
        let both = [
            "Basic realm=\"Nagios\"",
            "Digest realm=\"Nagios\", nonce=\"n\", qop=\"auth\"",
        ];
        let mut digest = Scheme::asked(&headers(&both)).unwrap();
        let said = signed(&mut digest).unwrap();
        assert!(said.starts_with("Digest ") && !said.contains("secret"), "{said}");
        assert!(
            said.contains("uri=\"/cgi-bin/statusjson.cgi?query=hostlist\""),
            "{said}"
        );
        assert!(said.contains("nc=00000001"), "{said}");
        assert!(
            signed(&mut digest).unwrap().contains("nc=00000002"),
            "the challenge counts"
        );
    }

    #[test]
    fn a_wrong_password_is_no_worn_challenge() {
        let asked = |value: &str| Scheme::asked(&headers(&[value])).unwrap();
        let first = asked("Digest realm=\"N\", nonce=\"a\", qop=\"auth\"");
        let again = asked("Digest realm=\"N\", nonce=\"a\", qop=\"auth\"");
        let fresh = asked("Digest realm=\"N\", nonce=\"b\", qop=\"auth\", stale=true");
        assert!(!first.is_worn(&again));
        assert!(first.is_worn(&fresh));
        assert!(!Scheme::Basic.is_worn(&asked("Basic realm=\"N\"")));
    }
}
