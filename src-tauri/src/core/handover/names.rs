//! Names of files and folders that every system takes: small letters and digits of ASCII and hyphens, beginning with the number of what
//! they hold, so that none is a name of a device, none differs from another in its case alone, and no text of a ticket decides where a
//! file lies.

use guichet_domain::{ArticleId, DocumentId, TicketId, document::Document, text::strip_accents};

/// Characters of a title in a file's name.
const LONGEST_TITLE: usize = 60;
/// Characters of a document's own name in its file's name.
const LONGEST_NAME: usize = 80;
/// Characters of a file's ending.
const LONGEST_ENDING: usize = 10;
/// Files of a folder, as far as their numbers follow each other.
const FOLDER: i64 = 100;

/// What is left of a text in a name; empty where no letter of it is written in ASCII.
fn plain(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for c in strip_accents(text).chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= longest {
            break;
        }
    }
    out.trim_end_matches('-').to_owned()
}

/// `000123-ecran-noir`.
fn numbered(id: i64, words: &str) -> String {
    if words.is_empty() {
        format!("{id:06}")
    } else {
        format!("{id:06}-{words}")
    }
}

/// The folder of a hundred numbers: `000100-000199`.
fn folder(id: i64) -> String {
    let first = id - id.rem_euclid(FOLDER);
    format!("{first:06}-{:06}", first.saturating_add(FOLDER - 1))
}

/// Where a ticket's file is. One that the server does not know yet has no number but the one it was given here.
pub(super) fn ticket(id: TicketId, title: &str) -> String {
    let words = plain(title, LONGEST_TITLE);
    if id.is_local() {
        format!("tickets/unsent/{}.md", numbered(id.0.saturating_neg(), &words))
    } else {
        format!("tickets/{}/{}.md", folder(id.0), numbered(id.0, &words))
    }
}

/// Where an article's files are, without the ending that says which.
pub(super) fn article(id: ArticleId, title: &str) -> String {
    format!("articles/{}", numbered(id.0, &plain(title, LONGEST_TITLE)))
}

/// A document's own name as a file's: its stem and its ending, each as every system takes them.
fn of_file(filename: &str) -> (String, String) {
    let last = filename.rsplit(['/', '\\']).next().unwrap_or_default();
    let (stem, ending) = match last.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, ending),
        _ => (last, ""),
    };
    let ending = ending.trim().to_ascii_lowercase();
    let good = (1..=LONGEST_ENDING).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    if good {
        (plain(stem, LONGEST_NAME), format!(".{ending}"))
    } else {
        (plain(last, LONGEST_NAME), String::new())
    }
}

/// Where a document's file is. `sniffed` is the ending that its content suggests, for one whose name says none.
pub(super) fn document(document: &Document, sniffed: &str) -> String {
    let said = if document.filename.is_empty() {
        &document.name
    } else {
        &document.filename
    };
    let (words, mut ending) = of_file(said);
    if ending.is_empty() {
        sniffed.clone_into(&mut ending);
    }
    let DocumentId(id) = document.id;
    format!("documents/{}/{}{ending}", folder(id), numbered(id, &words))
}

/// Where a file is that waits to be sent: the `nth` of them.
pub(super) fn unsent(nth: u32, filename: &str) -> String {
    let (words, ending) = of_file(filename);
    format!("documents/unsent/{}{ending}", numbered(nth.into(), &words))
}

/// The ending that a content suggests, for the kinds that are shown in texts; nothing for any other.
pub(super) fn sniffed(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => ".png",
        [0xff, 0xd8, 0xff, ..] => ".jpg",
        [b'G', b'I', b'F', b'8', ..] => ".gif",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => ".webp",
        [b'%', b'P', b'D', b'F', ..] => ".pdf",
        _ => "",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn named(filename: &str) -> String {
        let one = Document {
            id: DocumentId(1234),
            name: "Nom".to_owned(),
            filename: filename.to_owned(),
            mime: None,
            sha1: None,
            updated_at: None,
        };
        document(&one, "")
    }

    #[test]
    fn names_are_taken_by_every_system_whatever_a_title_says() {
        for (title, path) in [
            ("Écran noir", "tickets/001200-001299/001234-ecran-noir.md"),
            ("../../etc/passwd", "tickets/001200-001299/001234-etc-passwd.md"),
            (
                "<script>alert(1)</script>",
                "tickets/001200-001299/001234-script-alert-1-script.md",
            ),
            ("CON", "tickets/001200-001299/001234-con.md"),
            ("a. . .", "tickets/001200-001299/001234-a.md"),
            ("\u{202e}exe.fdp\u{0}", "tickets/001200-001299/001234-exe-fdp.md"),
            ("日本語", "tickets/001200-001299/001234.md"),
            ("", "tickets/001200-001299/001234.md"),
        ] {
            assert_eq!(ticket(TicketId(1234), title), path, "{title}");
        }
        assert_eq!(ticket(TicketId(-3), "Écran"), "tickets/unsent/000003-ecran.md");
        assert_eq!(ticket(TicketId(0), ""), "tickets/000000-000099/000000.md");
        assert_eq!(article(ArticleId(7), "VPN"), "articles/000007-vpn");
    }

    #[test]
    fn documents_keep_an_ending_that_is_one() {
        for (filename, path) in [
            (
                "Bon de commande.PDF",
                "documents/001200-001299/001234-bon-de-commande.pdf",
            ),
            ("..\\..\\run.exe ", "documents/001200-001299/001234-run.exe"),
            ("a.b c", "documents/001200-001299/001234-a-b-c"),
            (".bashrc", "documents/001200-001299/001234-bashrc"),
            (
                "facture\u{202e}fdp.exe",
                "documents/001200-001299/001234-facture-fdp.exe",
            ),
            ("", "documents/001200-001299/001234-nom"),
        ] {
            assert_eq!(named(filename), path, "{filename}");
        }
        let long = named(&format!("{}.{}", "x".repeat(500), "y".repeat(500)));
        assert!(long.rsplit('/').next().unwrap().len() <= 120, "{long}");
        assert!(
            ticket(TicketId(i64::MAX), &"é".repeat(500))
                .rsplit('/')
                .next()
                .unwrap()
                .len()
                <= 120
        );
        assert_eq!(unsent(2, "Écran.png"), "documents/unsent/000002-ecran.png");
        assert_eq!(sniffed(b"\x89PNG\r\n"), ".png");
        assert_eq!(sniffed(b"<html>"), "");
    }
}
