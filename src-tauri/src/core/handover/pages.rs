//! What a person reads of a hand-over without any program but a browser or an editor: a Markdown file a ticket, Markdown and HTML of an
//! article, and the page where reading begins. Nothing that a ticket or an article says can become markup: texts are escaped, formatted
//! ones are written from their documents, which no script can be expressed in, and the pages forbid scripts besides.

use super::{
    HandOverCounts, HandOverGap, Missing,
    folder::ListedFile,
    sheets::{Handed, categories, operation, said_name, waiting},
    words::{Names, Words, honest, html, one_line},
};
use guichet_domain::{
    DocumentId,
    article::Article,
    rich_text::{RichText, markdown_line},
    text::strip_accents,
    ticket::Role,
    timeline::{EntryDetail, EntryKey, TimelineEntry},
};
use jiff::Timestamp;
use std::{collections::BTreeMap, fmt::Write};

/// Missing documents that the first page names one by one; the list of all is in the manifest.
const NAMED: usize = 100;

/// The look of every page: readable, printable, light or dark as the reader has it.
const STYLE: &str = ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}\
    h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.2rem;margin-top:2rem}table{border-collapse:collapse}\
    th,td{border:1px solid;padding:.3rem .6rem;text-align:start;vertical-align:top}td.number{text-align:end}\
    img{max-width:100%;height:auto}pre{overflow:auto;white-space:pre-wrap}blockquote{border-inline-start:.2rem solid;margin:1rem 0;padding-inline-start:1rem}\
    dl{display:grid;grid-template-columns:max-content auto;gap:.2rem 1rem}dd{margin:0}";

/// What the pages may load: pictures beside them, and the style within. A browser that is given a script runs none.
const POLICY: &str =
    "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'";

/// The way from a file up to the hand-over's folder.
fn up(file: &str) -> String {
    "../".repeat(file.matches('/').count())
}

/// Where a text's images are, seen from a file.
fn images<'a>(file: &str, documents: &'a BTreeMap<i64, String>) -> impl Fn(DocumentId) -> Option<String> + use<'a> {
    let up = up(file);
    move |DocumentId(id)| documents.get(&id).map(|place| format!("{up}{place}"))
}

/// A line of plain text as Markdown shows it.
fn line(text: &str) -> String {
    markdown_line(&one_line(text))
}

/// "- **Label** : value", nothing where there is none.
fn fact(out: &mut String, words: &Words, label: &str, value: &str) {
    if !value.trim().is_empty() {
        let told = [("label", line(&capitalised(label))), ("value", line(value))];
        let _ = writeln!(out, "- {}", words.text("fact", &told));
    }
}

/// With a capital letter, as a label begins.
fn capitalised(label: &str) -> String {
    let mut rest = label.chars();
    let first = rest.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(rest).collect()
}

fn dated(words: &Words, at: Option<Timestamp>) -> String {
    at.map(|at| words.at(at)).unwrap_or_default()
}

/// A formatted text below a heading of the second level.
fn body(text: &RichText, images: &dyn Fn(DocumentId) -> Option<String>) -> String {
    honest(&text.to_markdown(3, images))
}

/// A ticket's file.
pub(super) fn ticket(words: &Words, handed: &Handed<'_>) -> String {
    let view = handed.view;
    let (ticket, row) = (&view.ticket, &handed.exported.ticket);
    let names = Names::of(view);
    let images = images(handed.file, handed.documents);
    let mut out = String::new();
    let number = if row.id.is_local() {
        words.text("not_sent", &[])
    } else {
        format!("\\#{}", row.id)
    };
    let _ = writeln!(out, "# {number} {}\n", line(&ticket.title));
    let heading = |key: &str| words.heading(key);
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    fact(
        &mut out,
        words,
        &heading("kind"),
        &words.of("export.kind", &ticket.kind),
    );
    fact(&mut out, words, &heading("status"), &words.of("status", &ticket.status));
    for (key, level) in [
        ("urgency", ticket.urgency),
        ("impact", ticket.impact),
        ("priority", ticket.priority),
    ] {
        fact(&mut out, words, &heading(key), &level.0.to_string());
    }
    if row.vip {
        fact(&mut out, words, &heading("vip"), &words.text("yes", &[]));
    }
    for role in Role::VALUES {
        let of_role = view.actors.iter().filter(|actor| actor.role == *role);
        let told: Vec<String> = of_role.map(|actor| names.party(&actor.party)).collect();
        fact(&mut out, words, &words.of("handover.role", role), &told.join(", "));
    }
    for (key, text) in [
        ("category", optional(&row.category)),
        ("location", optional(&row.location)),
        ("entity", optional(&row.entity)),
        ("channel", optional(&handed.exported.channel)),
        (
            "recorder",
            ticket.recorder.map(|user| names.user(user)).unwrap_or_default(),
        ),
        ("opened_at", words.at(ticket.opened_at)),
        ("taken_up_at", dated(words, ticket.taken_up_at)),
        ("updated_at", words.at(ticket.updated_at)),
        ("solved_at", dated(words, ticket.solved_at)),
        ("closed_at", dated(words, ticket.closed_at)),
        ("own_by", dated(words, ticket.time_to_own)),
        ("resolve_by", dated(words, ticket.time_to_resolve)),
    ] {
        fact(&mut out, words, &heading(key), &text);
    }
    for asset in &view.assets {
        let told = format!("{} ({} {})", asset.name, asset.key.kind, asset.key.id);
        fact(&mut out, words, &heading("asset_name"), told.trim());
    }
    for link in &view.links {
        let title = link.title.as_deref().unwrap_or_default();
        let told = format!("#{} {title}", link.id);
        fact(&mut out, words, &words.of("handover.link", &link.kind), &told);
    }
    let _ = writeln!(
        out,
        "\n## {}\n\n{}",
        line(&heading("description")),
        body(&ticket.description, &images)
    );
    documents(&mut out, words, handed, None);
    if !view.timeline.is_empty() {
        let _ = writeln!(out, "\n## {}", line(&words.text("sheet.entries", &[])));
    }
    for entry in &view.timeline {
        self::entry(&mut out, words, entry, &names);
        let _ = writeln!(out, "\n{}", body(&entry.body, &images));
        if let EntryDetail::Validation { answer, .. } = &entry.detail
            && !answer.is_empty()
        {
            let _ = writeln!(
                out,
                "\n*{}*\n\n{}",
                line(&heading("answer_text")),
                body(answer, &images)
            );
        }
        documents(&mut out, words, handed, Some(entry.key));
    }
    if waiting(view).next().is_some() {
        let _ = writeln!(out, "\n## {}", line(&words.text("sheet.unsent", &[])));
    }
    for entry in waiting(view) {
        let _ = writeln!(
            out,
            "\n### {} – {}\n",
            words.at(entry.created_at),
            line(&operation(words, entry))
        );
        let said = RichText::from_plain(&entry.operation.plain_text());
        let _ = writeln!(out, "{}", body(&said, &images));
        if let Some(place) = handed.unsent.get(&entry.seq) {
            let _ = writeln!(
                out,
                "\n- [{}]({}{place})",
                line(&entry.operation.plain_text()),
                up(handed.file)
            );
        }
    }
    out
}

/// An entry's heading, and what its kind alone has.
fn entry(out: &mut String, words: &Words, entry: &TimelineEntry, names: &Names) {
    let author = entry.author.map(|user| names.user(user)).unwrap_or_default();
    let mut head = vec![words.at(entry.at), words.of("kind", &entry.key.kind), author];
    if entry.private {
        head.push(words.locale.catalogue().text("private", &[]).to_uppercase());
    }
    head.retain(|part| !part.trim().is_empty());
    let head: Vec<String> = head.iter().map(|part| line(part)).collect();
    let _ = writeln!(out, "\n### {}", head.join(" – "));
    let begun = out.len();
    let heading = |key: &str| words.heading(key);
    match &entry.detail {
        EntryDetail::Followup { .. } => {}
        EntryDetail::Task {
            state,
            duration_s,
            begin,
            end,
            assignee,
            group,
            uuid: _,
        } => {
            fact(out, words, &heading("task_state"), &words.of("handover.task", state));
            if *duration_s != 0 {
                fact(out, words, &heading("duration_s"), &duration_s.to_string());
            }
            fact(out, words, &heading("begins_at"), &dated(words, *begin));
            fact(out, words, &heading("ends_at"), &dated(words, *end));
            let person = assignee.map(|user| names.user(user)).unwrap_or_default();
            fact(out, words, &heading("in_charge"), &person);
            let group = group.map(|group| names.group(group)).unwrap_or_default();
            fact(out, words, &heading("group"), &group);
        }
        EntryDetail::Solution { approval, answered_at } => {
            fact(out, words, &heading("answer"), &words.of("handover.answer", approval));
            fact(out, words, &heading("answered_at"), &dated(words, *answered_at));
        }
        EntryDetail::Validation {
            validator,
            approval,
            answered_at,
            answer: _,
        } => {
            fact(out, words, &heading("answer"), &words.of("handover.answer", approval));
            let person = validator.map(|user| names.user(user)).unwrap_or_default();
            fact(out, words, &heading("answered_by"), &person);
            fact(out, words, &heading("answered_at"), &dated(words, *answered_at));
        }
    }
    if out.len() > begun {
        out.insert(begun, '\n');
    }
}

/// The documents that hang on an entry, or on the ticket itself and on entries that it does not show.
fn documents(out: &mut String, words: &Words, handed: &Handed<'_>, on: Option<EntryKey>) {
    let view = handed.view;
    let shown = |key: &EntryKey| view.timeline.iter().any(|entry| entry.key == *key);
    let mut first = true;
    for attached in &view.documents {
        if attached.link.entry.filter(|key| shown(key)) != on {
            continue;
        }
        if std::mem::take(&mut first) {
            out.push('\n');
        }
        let document = &attached.document;
        let name = line(&said_name(&document.filename, &document.name));
        let _ = match handed.documents.get(&document.id.0) {
            Some(place) => writeln!(out, "- [{name}]({}{place})", up(handed.file)),
            None => writeln!(out, "- {name} ({})", line(&words.text("not_here", &[]))),
        };
    }
}

/// A whole page.
fn page(words: &Words, title: &str, content: &str) -> String {
    let language = match words.locale {
        crate::messages::Locale::Fr => "fr",
        crate::messages::Locale::En => "en",
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n{content}</main>\n</body>\n</html>\n",
        html(&one_line(title)),
    )
}

/// An article's facts, by their labels.
fn about(words: &Words, article: &Article) -> Vec<(String, String)> {
    let mut facts = vec![(words.heading("categories"), categories(article).join(", "))];
    if article.faq {
        facts.push((words.heading("faq"), words.text("yes", &[])));
    }
    facts.push((words.heading("updated_at"), dated(words, article.updated_at)));
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// An article's Markdown.
pub(super) fn article_markdown(
    words: &Words,
    article: &Article,
    file: &str,
    documents: &BTreeMap<i64, String>,
) -> String {
    let mut out = format!("# {}\n\n", line(&article.title));
    for (label, value) in about(words, article) {
        fact(&mut out, words, &label, &value);
    }
    let images = images(file, documents);
    let _ = writeln!(out, "\n{}", honest(&article.body.to_markdown(1, &images)));
    out
}

fn list(facts: &[(String, String)]) -> String {
    let rows: String = facts
        .iter()
        .map(|(label, value)| format!("<dt>{}</dt><dd>{}</dd>\n", html(label), html(value)))
        .collect();
    format!("<dl>\n{rows}</dl>\n")
}

/// An article's page.
pub(super) fn article_html(words: &Words, article: &Article, file: &str, documents: &BTreeMap<i64, String>) -> String {
    let images = images(file, documents);
    let content = format!(
        "<p><a href=\"index.html\">{}</a></p>\n<h1>{}</h1>\n{}<article>{}</article>\n",
        html(&words.text("sheet.articles", &[])),
        html(&one_line(&article.title)),
        list(&about(words, article)),
        honest(&article.body.to_html_with(&images)),
    );
    page(words, &article.title, &content)
}

/// The list of the articles: category, title, file without its ending and folder.
pub(super) fn articles(words: &Words, mut listed: Vec<(String, String, String)>) -> String {
    listed.sort_by_cached_key(|(category, title, file)| (strip_accents(category), strip_accents(title), file.clone()));
    let title = words.text("sheet.articles", &[]);
    let mut content = format!(
        "<p><a href=\"../index.html\">{}</a></p>\n<h1>{}</h1>\n",
        html(&words.text("title", &[])),
        html(&title)
    );
    let mut current: Option<String> = None;
    for (category, title, file) in listed {
        if current.as_ref() != Some(&category) {
            if current.is_some() {
                content.push_str("</ul>\n");
            }
            let shown = if category.is_empty() {
                words.text("no_category", &[])
            } else {
                category.clone()
            };
            let _ = write!(content, "<h2>{}</h2>\n<ul>\n", html(&one_line(&shown)));
            current = Some(category);
        }
        let title = one_line(&title);
        let shown = if title.is_empty() { &file } else { &title };
        let _ = writeln!(content, "<li><a href=\"{file}.html\">{}</a></li>", html(shown));
    }
    if current.is_some() {
        content.push_str("</ul>\n");
    }
    page(words, &title, &content)
}

/// What the first page says of the whole.
pub(super) struct Told<'a> {
    /// When, by whom, from where, until when: by their labels.
    pub(super) facts: &'a [(String, String)],
    pub(super) counts: &'a HandOverCounts,
    pub(super) gaps: &'a [HandOverGap],
    pub(super) missing: &'a BTreeMap<i64, Missing>,
    pub(super) files: &'a [ListedFile],
}

/// The page where reading begins.
pub(super) fn index(words: &Words, told: &Told<'_>) -> String {
    let title = words.text("title", &[]);
    let mut content = format!("<h1>{}</h1>\n{}", html(&title), list(told.facts));
    let heading = |key: &str| format!("<h2>{}</h2>\n", html(&words.text(key, &[])));
    content.push_str(&heading("contents"));
    let _ = write!(
        content,
        "<table>\n<tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr>\n",
        html(&words.heading("file")),
        html(&words.text("holds", &[])),
        html(&words.text("count", &[])),
    );
    let counts = told.counts;
    let is_there = |place: &str| {
        told.files
            .iter()
            .any(|file| file.path == place || file.path.starts_with(place) && place.ends_with('/'))
    };
    for (place, key, count) in [
        ("tickets.xlsx", "tickets_book", counts.tickets),
        ("tickets/", "tickets_folder", counts.tickets),
        ("articles.xlsx", "articles_book", counts.articles),
        ("articles/index.html", "articles_folder", counts.articles),
        ("assets.xlsx", "assets_book", counts.assets),
        ("documents/", "documents_folder", counts.documents_written),
        ("indicators.xlsx", "indicators_book", counts.indicators),
        ("manifest.json", "manifest", counts.files),
    ] {
        // The manifest is written after this page, and lists it.
        if place != "manifest.json" && !is_there(place) {
            continue;
        }
        let _ = writeln!(
            content,
            "<tr><td><a href=\"{place}\">{place}</a></td><td>{}</td><td class=\"number\">{count}</td></tr>",
            html(&words.text(&format!("what.{key}"), &[])),
        );
    }
    content.push_str("</table>\n");
    content.push_str(&heading("in_tickets_book"));
    let sheets: [(&str, u32); 11] = [
        ("tickets", counts.tickets),
        ("entries", counts.entries),
        ("participants", counts.participants),
        ("attachments", counts.attachments),
        ("links", counts.ticket_links),
        ("on_tickets", counts.ticket_assets),
        ("calls", counts.calls),
        ("escalations", counts.escalations),
        ("steps", counts.escalation_steps),
        ("history", counts.changes),
        ("unsent", counts.unsent),
    ];
    let _ = write!(
        content,
        "<table>\n<tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr>\n",
        html(&words.text("sheet_name", &[])),
        html(&words.text("rows", &[])),
    );
    for (key, count) in sheets {
        let name = words.text(&format!("sheet.{key}"), &[]);
        let _ = writeln!(
            content,
            "<tr><td>{}</td><td class=\"number\">{count}</td></tr>",
            html(&name)
        );
    }
    content.push_str("</table>\n");
    content.push_str(&heading("gaps"));
    if told.gaps.is_empty() {
        let _ = writeln!(content, "<p>{}</p>", html(&words.text("no_gaps", &[])));
    } else {
        content.push_str("<ul>\n");
        for gap in told.gaps {
            let _ = writeln!(content, "<li>{}</li>", html(&gap.text));
        }
        content.push_str("</ul>\n");
    }
    if !told.missing.is_empty() {
        content.push_str(&heading("missing"));
        content.push_str("<ul>\n");
        for missing in told.missing.values().take(NAMED) {
            let _ = writeln!(
                content,
                "<li>{} (#{}) – {}</li>",
                html(&one_line(&missing.filename)),
                missing.document,
                html(&missing.reason.text)
            );
        }
        content.push_str("</ul>\n");
        if let Some(more) = told.missing.len().checked_sub(NAMED).filter(|more| *more > 0) {
            let text = words.text("missing_more", &[("count", more.to_string())]);
            let _ = writeln!(content, "<p>{}</p>", html(&text));
        }
    }
    let _ = writeln!(
        content,
        "{}<p>{}</p>",
        heading("check"),
        html(&words.text("how_to_check", &[]))
    );
    page(words, &title, &content)
}
