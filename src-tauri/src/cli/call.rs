//! `call`: tells the running Guichet of a call, from a telephone that can run a program or open a link when it rings. The words go to
//! the endpoint that the window listens at (docs/telephony.md): the profile itself stays with the window that has it open.

use super::{
    Ending, Output,
    args::{CallCommand, CallTold},
};
use crate::{
    api::PbxKind,
    core::{AppCore, telephony::TelephonyError},
    error::AppError,
};
use guichet_telephony::generic::GenericCall;
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use std::time::Duration;
use url::Url;

/// A window on this machine that does not answer in this time is not there.
const PATIENCE: Duration = Duration::from_secs(3);

type Fields = Vec<(String, String)>;

/// Tells the window of a call.
///
/// # Errors
/// When what is told is no call, the profile's telephone is no generic one, or no window listens.
pub async fn run(core: &AppCore, out: &Output, command: &CallCommand) -> Result<Ending, AppError> {
    let (settings, secret) = core.telephone_kept().await?;
    if settings.kind != PbxKind::Generic {
        return Err(TelephonyError::NotGeneric.into());
    }
    let fields = match command {
        CallCommand::Ringing(told) => fields("newCall", told, &settings.device),
        CallCommand::Answered(told) => fields("answer", told, &settings.device),
        CallCommand::Ended(told) => fields("hangup", told, &settings.device),
        CallCommand::Link(link) => of_link(&link.url, &settings.device)?,
    };
    GenericCall::read(fields.iter().map(|(key, value)| (key, value))).map_err(|error| AppError::Usage {
        what: "call",
        value: error.to_string(),
    })?;
    let url = format!("http://127.0.0.1:{}/cti/{secret}", settings.port);
    let refused = |detail: String| AppError::from(TelephonyError::NotHeard { detail });
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
    let sent = async {
        let client = client.map_err(|error| error.to_string())?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&fields)
            .finish();
        let kind = "application/x-www-form-urlencoded";
        let answer = client.post(&url).header(CONTENT_TYPE, kind).body(form).send().await;
        // The address holds the token: what is said of the error is not its own text.
        let answer = answer.map_err(|error| error.without_url().to_string())?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(answer.status().to_string())
        }
    };
    sent.await.map_err(refused)?;
    let id = fields.iter().find(|(key, _)| key == "callId").map(|(_, id)| id.clone());
    out.answer(&json!({ "id": id }), || {
        out.text("call.told", &[("id", id.clone().unwrap_or_default())])
    });
    Ok(Ending::Done)
}

/// An identity for a call whose telephone gives none.
fn made_up(number: &str) -> String {
    format!("{number}@{}", Timestamp::now().as_second())
}

fn fields(event: &str, told: &CallTold, device: &str) -> Fields {
    let number = told.number.clone().unwrap_or_default();
    let (from, to) = if told.out {
        (String::new(), number.clone())
    } else {
        (number.clone(), String::new())
    };
    let cause = match (event, told.missed) {
        ("hangup", true) => "noAnswer",
        ("hangup", false) => "normalClearing",
        _ => "",
    };
    [
        ("event", event.to_owned()),
        ("callId", told.id.clone().unwrap_or_else(|| made_up(&number))),
        ("direction", if told.out { "out" } else { "in" }.to_owned()),
        ("from", from),
        ("to", to),
        ("user[]", device.to_owned()),
        ("queue", told.queue.clone().unwrap_or_default()),
        ("cause", cause.to_owned()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

/// The fields of a link `guichet://call?from=…&callId=…`: a new call of this desk's telephone, unless it says otherwise.
fn of_link(link: &str, device: &str) -> Result<Fields, AppError> {
    let wrong = || AppError::Usage {
        what: "link",
        value: link.to_owned(),
    };
    let url = Url::parse(link).map_err(|_| wrong())?;
    if url.scheme() != "guichet" || url.host_str() != Some("call") {
        return Err(wrong());
    }
    let mut fields: Fields = url
        .query_pairs()
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    let has = |fields: &Fields, wanted: &str| fields.iter().any(|(key, _)| key == wanted);
    if !has(&fields, "event") {
        fields.push(("event".to_owned(), "newCall".to_owned()));
    }
    if !has(&fields, "callId") {
        let from = fields
            .iter()
            .find(|(key, _)| key == "from")
            .map(|(_, from)| from.clone());
        fields.push(("callId".to_owned(), made_up(&from.unwrap_or_default())));
    }
    if !fields.iter().any(|(key, _)| key.starts_with("user")) {
        fields.push(("user[]".to_owned(), device.to_owned()));
    }
    Ok(fields)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn value<'a>(fields: &'a Fields, wanted: &str) -> &'a str {
        fields
            .iter()
            .find(|(key, _)| key == wanted)
            .map_or("", |(_, value)| value)
    }

    #[test]
    fn a_link_is_a_new_call_of_this_desk_unless_it_says_otherwise() {
        let fields = of_link("guichet://call?from=%2B33612340013&callId=7", "6001").unwrap();
        assert_eq!(value(&fields, "event"), "newCall");
        assert_eq!(value(&fields, "from"), "+33612340013");
        assert_eq!(value(&fields, "user[]"), "6001");
        let over = of_link("guichet://call?event=hangup&callId=7", "6001").unwrap();
        assert_eq!(value(&over, "event"), "hangup");
        assert!(value(&of_link("guichet://call?from=12", "6001").unwrap(), "callId").starts_with("12@"));
        for wrong in ["guichet://ticket/4", "https://call?from=1", "guichet:call", "x"] {
            assert!(of_link(wrong, "6001").is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_the_command_says_is_a_call_that_the_endpoint_takes() {
        let told = CallTold {
            number: Some("0612340013".to_owned()),
            id: None,
            queue: Some("support".to_owned()),
            out: false,
            missed: true,
        };
        for event in ["newCall", "answer", "hangup"] {
            let fields = fields(event, &told, "6001");
            assert!(GenericCall::read(fields.iter().map(|(key, value)| (key, value))).is_ok());
            assert_eq!(value(&fields, "cause"), if event == "hangup" { "noAnswer" } else { "" });
        }
    }
}
