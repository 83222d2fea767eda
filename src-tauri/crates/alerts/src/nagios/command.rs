//! What `cmd.cgi` answers: a page for people, in English whatever their language. Pure.

use crate::AlertsError;
use reqwest::header::{HeaderMap, SET_COOKIE};
use url::form_urlencoded;

/// The cookie that a form comes with.
pub(super) const FORM_COOKIE: &str = "NagFormId";
/// The field that holds the same when it is sent.
const FORM_FIELD: &str = "nagFormId";

/// The identity of a form, where the version gives forms one.
pub(super) fn form_id(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|cookie| cookie.to_str().ok())
        .filter_map(|cookie| cookie.split(';').next()?.split_once('='))
        .find(|(name, value)| {
            name.trim() == FORM_COOKIE
                && (1..=64).contains(&value.len())
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        .map(|(_, value)| value.to_owned())
}

/// The form as it is sent: what it is about, who says what, and its identity. The acknowledgement lasts until all is well again.
pub(super) fn filled(about: &[(&str, &str)], author: &str, comment: &str, ticket: Option<&str>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(about)
        .append_pair("cmd_mod", "2")
        .append_pair("sticky_ack", "on")
        .append_pair("com_author", author)
        .append_pair("com_data", comment);
    if let Some(ticket) = ticket {
        form.append_pair(FORM_FIELD, ticket);
    }
    form.finish()
}

/// Whether the command was taken: only what says so is a success.
pub(super) fn outcome(page: &[u8]) -> Result<(), AlertsError> {
    let page = String::from_utf8_lossy(page);
    if let Some(said) = classed(&page, "errorMessage") {
        let folded = said.to_lowercase();
        // An object that does not exist is answered so as well: Nagios does not tell the two apart.
        return Err(if folded.contains("not authorized") || folded.contains("permission") {
            AlertsError::Refused { message: said }
        } else {
            AlertsError::unexpected(said)
        });
    }
    match classed(&page, "infoMessage") {
        Some(said) if said.contains("successfully submitted") => Ok(()),
        _ => {
            let said = page.find("Error:").map(|start| text(&page[start..]));
            Err(AlertsError::unexpected(
                said.as_deref().unwrap_or("the page says neither yes nor no"),
            ))
        }
    }
}

/// What the page's block of a class says.
fn classed(page: &str, class: &str) -> Option<String> {
    let start = page.find(&format!("CLASS='{class}'>"))?;
    let block = page[start..].split_once('>')?.1;
    Some(text(block.split("</DIV>").next().unwrap_or(block)))
}

/// Its text up to the end of its line of thought, without marks.
fn text(html: &str) -> String {
    let html = html.split("<BR>").next().unwrap_or(html);
    let html = html.split("</p>").next().unwrap_or(html);
    let mut plain = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    guichet_net::clip(plain.trim())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn only_what_says_so_is_a_success() {
        let info = "<P><DIV CLASS='infoMessage'>Your command request was successfully submitted to Nagios for processing.<BR><BR>x</DIV>";
        assert_eq!(outcome(info.as_bytes()), Ok(()));
        let error =
            "<P><DIV CLASS='errorMessage'>Sorry, but you are not authorized to commit the specified command.</DIV></P>";
        assert_eq!(
            outcome(error.as_bytes()),
            Err(AlertsError::Refused {
                message: "Sorry, but you are not authorized to commit the specified command.".to_owned()
            })
        );
        let both = format!("{info}{error}");
        assert!(outcome(both.as_bytes()).is_err());
        for (page, said) in [
            (
                "<p>Error: Invalid or missing CSRF cookie!</p>\n<!-- x -->",
                "Error: Invalid or missing CSRF cookie!",
            ),
            (
                "<DIV CLASS='errorMessage'>Comment was not entered</DIV>",
                "Comment was not entered",
            ),
            (
                "<html>successfully submitted</html>",
                "the page says neither yes nor no",
            ),
            (
                "<DIV CLASS='infoMessage'>Please enter all required information</DIV>",
                "the page says neither yes nor no",
            ),
            ("", "the page says neither yes nor no"),
            ("CLASS='errorMessage'>", ""),
        ] {
            let wanted = AlertsError::Unexpected {
                detail: said.to_owned(),
            };
            assert_eq!(outcome(page.as_bytes()), Err(wanted), "{page}");
        }
    }

    #[test]
    fn a_forms_identity_is_its_cookie_and_nothing_that_could_be_a_header() {
        let mut headers = HeaderMap::new();
        assert_eq!(form_id(&headers), None);
        for cookie in ["other=1; Path=/", "NagFormId=; HttpOnly", "NagFormId=a b", "NagFormId"] {
            headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
        }
        assert_eq!(form_id(&headers), None);
        headers.append(
            SET_COOKIE,
            HeaderValue::from_static("NagFormId=3d1b58ba507ed7ab; SameSite=Strict; HttpOnly"),
        );
        assert_eq!(form_id(&headers).as_deref(), Some("3d1b58ba507ed7ab"));
    }
}
