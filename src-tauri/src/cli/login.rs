//! `login` and `logout`. Secrets come from standard input as `key=value` lines, never from the arguments: those are seen
//! by every process of the machine and kept in the shell's history.

use super::{Ending, Output, args::LoginArgs};
use crate::{
    api::SignInMethod,
    core::{Desk, secrets::Secrets},
    error::AppError,
};
use serde_json::json;
use std::io::{IsTerminal, Read};
use zeroize::Zeroizing;

/// Most that is read from standard input.
const INPUT_MAX: u64 = 64 * 1024;

/// Reads `user_token=…`, `app_token=…`, `login=…`, `password=…`, one a line; empty values are as good as none.
fn parse(input: &str) -> Result<(SignInMethod, Secrets), AppError> {
    let mut secrets = Secrets::default();
    for line in input.lines() {
        let line = line.trim_end_matches('\r');
        if line.trim().is_empty() {
            continue;
        }
        // What does not parse may be a secret itself: it is never quoted.
        let (key, value) = line.split_once('=').ok_or_else(|| AppError::Usage {
            what: "stdin",
            value: "key=value".to_owned(),
        })?;
        let value = Some(value.to_owned()).filter(|value| !value.is_empty());
        match key.trim() {
            "user_token" => secrets.user_token = value,
            "app_token" => secrets.app_token = value,
            "login" => secrets.login = value,
            "password" => secrets.password = value,
            other => {
                return Err(AppError::Usage {
                    what: "stdin",
                    value: other.chars().take(20).collect(),
                });
            }
        }
    }
    let method = if secrets.user_token.is_some() {
        SignInMethod::UserToken
    } else if secrets.login.is_some() && secrets.password.is_some() {
        SignInMethod::Password
    } else {
        return Err(AppError::Usage {
            what: "stdin",
            value: "user_token | login + password".to_owned(),
        });
    };
    Ok((method, secrets))
}

fn read_input(out: &Output) -> Result<Zeroizing<String>, AppError> {
    let mut stdin = std::io::stdin().lock();
    if stdin.is_terminal() {
        out.aside(&out.text("login.prompt", &[]));
    }
    let mut input = Zeroizing::new(String::with_capacity(4096));
    stdin
        .by_ref()
        .take(INPUT_MAX)
        .read_to_string(&mut input)
        .map_err(|source| AppError::File {
            path: "stdin".into(),
            source,
        })?;
    Ok(input)
}

/// Signs in, keeping the secrets where asked.
pub async fn login(desk: &Desk, out: &Output, args: LoginArgs) -> Result<Ending, AppError> {
    let (method, secrets) = parse(&read_input(out)?)?;
    desk.sign_in(&args.url, method, secrets, args.secret_store.into())
        .await?;
    let account = desk.account().await.ok_or(AppError::NotSignedIn)?;
    let url = desk.folder.describe(&desk.config().await).url;
    let document = json!({ "signed_in": true, "url": url, "account": account });
    out.answer(&document, || {
        out.text(
            "login.done",
            &[
                ("name", account.name.clone()),
                ("product", account.product.clone()),
                ("profile", account.profile.clone()),
            ],
        )
    });
    Ok(Ending::Done)
}

/// Forgets the secrets; what is mirrored and what is unsent stay.
pub async fn logout(desk: &Desk, out: &Output) -> Result<Ending, AppError> {
    desk.sign_out().await?;
    out.answer(&json!({ "signed_in": false }), || out.text("logout.done", &[]));
    Ok(Ending::Done)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_user_token_is_preferred_and_an_empty_app_token_is_none() {
        let (method, secrets) = parse("user_token=a=b\r\napp_token=\nlogin=x\n\n").unwrap();
        assert_eq!(method, SignInMethod::UserToken);
        assert_eq!(secrets.user_token.as_deref(), Some("a=b"));
        assert_eq!(secrets.app_token, None);
        let (method, secrets) = parse("login=tech\npassword= avec espaces \n").unwrap();
        assert_eq!(method, SignInMethod::Password);
        assert_eq!(secrets.password.as_deref(), Some(" avec espaces "));
    }

    #[test]
    fn what_does_not_parse_is_never_quoted() {
        let error = parse("ceci-est-un-secret").unwrap_err();
        assert!(error.is_usage());
        assert!(!format!("{error} {error:?}").contains("ceci-est"));
        assert!(parse("login=x\n").unwrap_err().is_usage());
        assert!(parse("nonsense=1\n").unwrap_err().is_usage());
    }
}
