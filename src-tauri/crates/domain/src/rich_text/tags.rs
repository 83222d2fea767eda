//! What each tag of HTML does to the document being built. Tags that are not named here do nothing: their text remains.

use super::{
    builder::{Builder, Frame},
    kept,
    runs::{Atom, Target},
    safe_href, work,
};
use crate::DocumentId;
use html5ever::tokenizer::{Tag, TagKind, TokenSinkResult, states::RawKind};

impl Builder {
    /// Takes a tag; answers how the tokenizer is to go on.
    pub(super) fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        // The tokenizer compared every attribute with those before it.
        work::spend(1 + tag.attrs.len() * tag.attrs.len());
        if let Some(skipping) = &self.skipping {
            if tag.kind == TagKind::EndTag && skipping == name {
                self.skipping = None;
            }
            return TokenSinkResult::Continue;
        }
        match tag.kind {
            TagKind::StartTag => self.start(name, tag),
            TagKind::EndTag => {
                self.end(name);
                TokenSinkResult::Continue
            }
        }
    }

    fn start(&mut self, name: &str, tag: &Tag) -> TokenSinkResult<()> {
        if let Some(raw) = raw_text(name) {
            self.skipping = Some(name.to_owned());
            return TokenSinkResult::RawData(raw);
        }
        if let Some(pre) = &mut self.pre {
            match name {
                "br" => pre.push('\n'),
                // A block within preformatted text starts a line, as it shows.
                "div" | "p" | "li" | "tr" if !pre.is_empty() && !pre.ends_with('\n') => pre.push('\n'),
                "table" | "td" | "th" => {
                    self.end_pre();
                    return self.start(name, tag);
                }
                _ => {}
            }
            return TokenSinkResult::Continue;
        }
        match name {
            "b" | "strong" => self.formatting.strong = self.formatting.strong.saturating_add(1),
            "i" | "em" | "cite" | "var" | "dfn" => {
                self.formatting.emphasis = self.formatting.emphasis.saturating_add(1)
            }
            "code" | "kbd" | "samp" | "tt" => self.formatting.code = self.formatting.code.saturating_add(1),
            "a" => self.formatting.link = attribute(tag, "href").map(target),
            "img" | "image" => self.image(tag),
            "br" => self.line_break(),
            "pre" | "listing" => {
                self.end_paragraph();
                self.pre = Some(String::new());
            }
            "xmp" => {
                self.end_paragraph();
                self.pre = Some(String::new());
                return TokenSinkResult::RawData(RawKind::Rawtext);
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_paragraph();
                self.heading = name.as_bytes().get(1).map(|digit| digit - b'0');
            }
            "ul" | "ol" | "menu" | "dir" => {
                self.open_container(Frame::List {
                    ordered: name == "ol",
                    items: Vec::new(),
                });
            }
            "li" => self.item(),
            "blockquote" => self.open_container(Frame::Quote),
            "table" => self.open_container(Frame::Table { rows: Vec::new() }),
            "tr" => {
                self.end_paragraph();
                if self.too_deep == 0 {
                    self.close(is_row, is_table);
                    if self.stack.last().is_some_and(|open| is_table(&open.frame)) && self.spend_node() {
                        self.open(Frame::Row { cells: Vec::new() });
                    }
                }
            }
            "td" | "th" => self.cell(name == "th"),
            _ if is_block(name) => self.end_paragraph(),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn end(&mut self, name: &str) {
        if self.pre.is_some() {
            match name {
                "pre" | "listing" | "xmp" => self.end_pre(),
                "td" | "th" | "tr" | "table" | "blockquote" | "li" | "ul" | "ol" => {
                    self.end_pre();
                    self.end(name);
                }
                _ => {}
            }
            return;
        }
        match name {
            "b" | "strong" => self.formatting.strong = self.formatting.strong.saturating_sub(1),
            "i" | "em" | "cite" | "var" | "dfn" => {
                self.formatting.emphasis = self.formatting.emphasis.saturating_sub(1)
            }
            "code" | "kbd" | "samp" | "tt" => self.formatting.code = self.formatting.code.saturating_sub(1),
            "a" => self.formatting.link = None,
            // </br> is a line break, as in browsers.
            "br" => self.line_break(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_paragraph();
                self.heading = None;
            }
            "ul" | "ol" | "menu" | "dir" => self.close_container(is_list, is_cell),
            "li" | "tr" | "td" | "th" if self.too_deep > 0 => self.end_paragraph(),
            "li" => self.close(is_item, is_list_or_cell),
            "blockquote" => self.close_container(is_quote, is_cell),
            "table" => self.close_container(is_table, |_| false),
            "tr" => self.close(is_row, is_table),
            "td" | "th" => self.close(is_cell, is_table),
            _ if is_block(name) => self.end_paragraph(),
            _ => {}
        }
    }

    fn item(&mut self) {
        self.end_paragraph();
        if self.too_deep > 0 {
            return;
        }
        self.close(is_item, is_list_or_cell);
        if !self.stack.last().is_some_and(|open| is_list(&open.frame)) {
            // An item without a list makes one.
            self.open_container(Frame::List {
                ordered: false,
                items: Vec::new(),
            });
        }
        if self.stack.last().is_some_and(|open| is_list(&open.frame)) && self.spend_node() {
            self.open(Frame::Item);
        }
    }

    fn cell(&mut self, header: bool) {
        self.end_paragraph();
        if self.too_deep > 0 {
            return;
        }
        self.close(is_cell, is_table);
        if self.stack.last().is_some_and(|open| is_table(&open.frame)) && self.spend_node() {
            self.open(Frame::Row { cells: Vec::new() });
        }
        if self.stack.last().is_some_and(|open| is_row(&open.frame)) {
            self.open_cell(header);
        }
    }

    fn image(&mut self, tag: &Tag) {
        let src = attribute(tag, "src").unwrap_or_default();
        let document = document_number(src).or(match self.formatting.link {
            Some(Target::Document(document)) => Some(document),
            _ => None,
        });
        let mut alt = attribute(tag, "alt").unwrap_or_default();
        if document.is_some() && alt.contains("image_paste") {
            // GLPI's own tag for a pasted image, not a description.
            alt = "";
        }
        let is_dot = |name| attribute(tag, name).is_some_and(|size| matches!(size.trim(), "0" | "1" | "0px" | "1px"));
        if document.is_none() && alt.is_empty() && (is_dot("width") || is_dot("height")) {
            // A tracking pixel.
            return;
        }
        self.open_implied();
        let alt = self.spend_text(alt).chars().filter_map(kept).collect();
        self.push_run(Atom::Image(document, alt));
    }
}

fn is_quote(frame: &Frame) -> bool {
    matches!(frame, Frame::Quote)
}
fn is_list(frame: &Frame) -> bool {
    matches!(frame, Frame::List { .. })
}
fn is_item(frame: &Frame) -> bool {
    matches!(frame, Frame::Item)
}
fn is_table(frame: &Frame) -> bool {
    matches!(frame, Frame::Table { .. })
}
fn is_row(frame: &Frame) -> bool {
    matches!(frame, Frame::Row { .. })
}
fn is_cell(frame: &Frame) -> bool {
    matches!(frame, Frame::Cell { .. })
}
fn is_list_or_cell(frame: &Frame) -> bool {
    is_list(frame) || is_cell(frame)
}

/// Elements whose content is no text, and how the tokenizer must read them.
fn raw_text(name: &str) -> Option<RawKind> {
    match name {
        "script" => Some(RawKind::ScriptData),
        "style" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
        "title" => Some(RawKind::Rcdata),
        _ => None,
    }
}

/// Elements that begin and end a paragraph without being one of ours.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "article"
            | "aside"
            | "header"
            | "footer"
            | "main"
            | "nav"
            | "address"
            | "center"
            | "dl"
            | "dt"
            | "dd"
            | "fieldset"
            | "form"
            | "figure"
            | "figcaption"
            | "hr"
            | "caption"
            | "thead"
            | "tbody"
            | "tfoot"
            | "body"
            | "html"
            | "head"
            | "details"
            | "summary"
            | "legend"
            | "option"
            | "hgroup"
    )
}

fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)
        .map(|attribute| &*attribute.value)
}

fn target(href: &str) -> Target {
    match document_number(href) {
        Some(document) => Target::Document(document),
        None => safe_href(href).map_or(Target::Dropped, |href| Target::Address(href.into())),
    }
}

/// The document's number in an address of GLPI's (`…document.send.php?docid=12&…`).
fn document_number(address: &str) -> Option<DocumentId> {
    let (_, query) = address.split_once("document.send.php?")?;
    let number = query
        .split(['&', ';', '#'])
        .find_map(|pair| pair.strip_prefix("docid="))?;
    number.parse().ok().filter(|number| *number > 0).map(DocumentId)
}
