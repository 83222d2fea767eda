//! The readers that are functions of their bytes.
#![allow(clippy::panic, reason = "a fuzzer is told of what it found by a panic")]

use guichet_domain::{
    call::CallEvent,
    deep_link::{DeepLink, SCHEME},
    rich_text::{Block, CUT_MARK, Inline, MAX_DEPTH, RichText, safe_href},
};
use guichet_service_levels::{
    Clocks, Contract, Month, Period, compute,
    evidence::{model::Evidence, stream},
};
use guichet_telephony::{Tracker, outside};
use jiff::Timestamp;
use std::sync::{Arc, OnceLock};

/// When everything is read: 22 November 2026, 09:00 UTC.
const NOW: Timestamp = Timestamp::constant(1_795_338_000, 0);

/// Every kind of record there is, for what a contract makes of it.
const EVIDENCE: &[u8] = include_bytes!("../seeds/evidence/small.json");

/// What calls make of events; whoever reads them later may ask for every call.
fn tracked(events: Vec<CallEvent>) {
    let mut tracker = Tracker::new();
    for event in events {
        tracker.apply(event);
    }
    for call in tracker.calls() {
        assert!(call.wait().is_none_or(|wait| !wait.is_negative()), "{call:?}");
        assert!(call.talk().is_none_or(|talk| !talk.is_negative()), "{call:?}");
    }
    tracker.forget_ended_before(NOW);
}

/// Text as the connections give it: what is no UTF-8 is replaced.
fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

pub(crate) fn ami(bytes: &[u8]) {
    tracked(outside::ami_stream(bytes, NOW));
}

pub(crate) fn o2g(bytes: &[u8]) {
    tracked(outside::o2g_stream(bytes, NOW));
}

pub(crate) fn xuc(bytes: &[u8]) {
    tracked(outside::xuc_messages(&text(bytes), NOW));
}

/// The first byte chooses whose bytes the others are.
pub(crate) fn telephones(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    tracked(match first {
        b'w' => outside::wazo_messages(&text(rest), NOW),
        b'a' => outside::aircall_looks(&text(rest), NOW),
        _ => outside::generic_form(rest, NOW),
    });
}

pub(crate) fn links(bytes: &[u8]) {
    let link = text(bytes);
    let Some(opened) = DeepLink::parse(&link) else {
        return;
    };
    let (kind, id) = match opened {
        DeepLink::Ticket { id } => ("ticket", id.0),
        DeepLink::Article { id } => ("article", id.0),
    };
    assert!(id > 0, "{link}");
    // Nothing but a kind and a number was in it: written again it is the same but for letters, zeros and a slash.
    let said = link.to_ascii_lowercase();
    let number = said.strip_prefix(SCHEME).and_then(|rest| rest.strip_prefix(kind));
    let number = number.map(|rest| rest.trim_start_matches('/').trim_start_matches('0'));
    let number = number.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    assert_eq!(number, Some(id.to_string().as_str()), "{link}");
}

pub(crate) fn contract(bytes: &[u8]) {
    let Ok(contract) = Contract::parse(&text(bytes)) else {
        return;
    };
    let Ok(evidence) = serde_json::from_slice::<Evidence<'_>>(EVIDENCE) else {
        panic!("the seed is no evidence");
    };
    let _ = compute(&evidence, &contract, june());
    let contract = Arc::new(contract);
    let clocks = Clocks::new(Arc::clone(&contract), 2027);
    for ticket in &evidence.tickets {
        let _ = clocks.next_target(ticket, NOW);
    }
    let _ = clocks.openings(NOW, NOW + jiff::SignedDuration::from_hours(24 * 7));
}

pub(crate) fn evidence(bytes: &[u8]) {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    let contract = CONTRACT.get_or_init(|| match Contract::embedded("vsgp") {
        Some(Ok(contract)) => contract,
        other => panic!("the embedded contract: {other:?}"),
    });
    let streamed = stream::report(|| Ok(bytes), contract, june());
    // Both ways of reading agree on what they can both read.
    if let (Ok(streamed), Ok(whole)) = (streamed, serde_json::from_slice::<Evidence<'_>>(bytes))
        && let Ok(whole) = compute(&whole, contract, june())
    {
        assert_eq!(
            serde_json::to_string(&streamed).ok(),
            serde_json::to_string(&whole).ok(),
            "a document read piece by piece and at once"
        );
    }
}

fn june() -> Period {
    match Month::new(2026, 6) {
        Some(month) => month.into(),
        None => panic!("there is a June"),
    }
}

pub(crate) fn rich_text(bytes: &[u8]) {
    let source = text(bytes);
    let document = RichText::from_html(&source);
    blocks(&document.blocks, 1);
    let html = document.to_html();
    let again = RichText::from_html(&html);
    let plain = document.to_plain();
    if !plain.contains(CUT_MARK) {
        assert_eq!(
            again, document,
            "what was read is written so that it reads the same: {html}"
        );
    }
    let _ = document.to_markdown(1, &|_| None);
    let _ = RichText::from_plain(&source).to_html();
    let _ = (document.fingerprint(), document.images(), document.is_empty());
}

fn blocks(blocks_: &[Block], depth: usize) {
    assert!(blocks_.is_empty() || depth <= MAX_DEPTH, "deeper than {MAX_DEPTH}");
    for block in blocks_ {
        match block {
            Block::Paragraph { content } => inlines(content),
            Block::Heading { level, content } => {
                assert!((1..=6).contains(level), "a heading of level {level}");
                inlines(content);
            }
            Block::List { items, .. } => items.iter().for_each(|item| blocks(item, depth + 1)),
            Block::Table { rows } => rows.iter().flatten().for_each(|cell| inlines(&cell.content)),
            Block::Quote { blocks: quoted } => blocks(quoted, depth + 1),
            Block::Code { text } => clean(text),
        }
    }
}

fn inlines(content: &[Inline]) {
    for inline in content {
        match inline {
            Inline::Text { text } | Inline::Code { text } => clean(text),
            Inline::Strong { content } | Inline::Emphasis { content } => inlines(content),
            Inline::Link { href, content } => {
                assert_eq!(safe_href(href).as_ref(), Some(href), "a link that is not safe");
                inlines(content);
            }
            Inline::Image { alt, .. } => clean(alt),
            Inline::Break => {}
        }
    }
}

fn clean(text: &str) {
    let bad = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert_eq!(bad, None, "a control character in {text:?}");
}

/// The first byte chooses whose bytes the others are.
pub(crate) fn supervision(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let _ = match first {
        b'n' => guichet_alerts::outside::nagios_answer(rest),
        _ => guichet_alerts::outside::centreon_answer(rest, NOW),
    };
}
