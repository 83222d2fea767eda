//! From what a person types to the root of GLPI's API.

use url::Url;

/// Why what was typed is no address of a GLPI server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not an address at all.
    #[error("this is not an address: {0}")]
    Malformed(#[from] url::ParseError),
    /// Neither http nor https.
    #[error("only http and https can be used, not {0}")]
    Scheme(String),
    /// A secret in an address lands in logs.
    #[error("an address must hold neither login nor password")]
    Credentials,
}

/// The root of the legacy API, with a trailing slash, from an address as people know it: the server's own
/// (`glpi.example.org`, `https://example.org/glpi/`), the web interface's (`…/index.php`, `…/front/central.php`), or the API's
/// (`…/apirest.php`, `…/api.php/v1`). Query and fragment are dropped. Without a scheme https is meant.
///
/// # Errors
/// When it is no http(s) address, or holds credentials.
pub fn normalise_base_url(typed: &str) -> Result<Url, BaseUrlError> {
    let typed = typed.trim();
    let with_scheme = if typed.contains("://") {
        typed.to_owned()
    } else {
        format!("https://{typed}")
    };
    let mut url = Url::parse(&with_scheme)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BaseUrlError::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BaseUrlError::Credentials);
    }
    url.set_query(None);
    url.set_fragment(None);
    let segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let kept = segments
        .iter()
        .position(|segment| matches!(*segment, "front" | "apirest.php" | "api.php") || segment.ends_with(".php"))
        .unwrap_or(segments.len());
    // GLPI 11 serves the legacy API under both names; only the older one exists in 10.0.
    let mut path: Vec<&str> = segments.into_iter().take(kept).collect();
    path.push("apirest.php");
    let path = format!("/{}/", path.join("/"));
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_server_leads_to_the_api_root() {
        for typed in [
            "https://glpi.example.org",
            "https://glpi.example.org/",
            " glpi.example.org ",
            "https://glpi.example.org/apirest.php",
            "https://glpi.example.org/apirest.php/",
            "https://glpi.example.org/apirest.php/initSession?x=1#y",
            "https://glpi.example.org/api.php/v1/",
            "https://glpi.example.org/index.php?noAUTO=1",
            "https://glpi.example.org/front/central.php",
        ] {
            assert_eq!(
                normalise_base_url(typed).unwrap().as_str(),
                "https://glpi.example.org/apirest.php/",
                "{typed}"
            );
        }
        assert_eq!(
            normalise_base_url("http://h:8080/outils/glpi/front/ticket.php")
                .unwrap()
                .as_str(),
            "http://h:8080/outils/glpi/apirest.php/"
        );
    }

    #[test]
    fn other_schemes_and_credentials_are_refused() {
        assert_eq!(
            normalise_base_url("ftp://h"),
            Err(BaseUrlError::Scheme("ftp".to_owned()))
        );
        assert_eq!(
            normalise_base_url("https://me:secret@h"),
            Err(BaseUrlError::Credentials)
        );
        assert!(matches!(
            normalise_base_url("https://"),
            Err(BaseUrlError::Malformed(_))
        ));
    }
}
