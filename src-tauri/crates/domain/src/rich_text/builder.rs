//! What is being built: open blocks, the paragraph's runs, and the bounds that keep a document small.

use super::{
    Block, CUT_MARK, Cell, Inline, MAX_DEPTH, MAX_NODES, MAX_TEXT, RichText, kept,
    runs::{Atom, Formatting, Style, nest, trim_end},
    source::cut_at,
    work,
};

/// The depth from which another list or quotation is not opened any more; tables need three levels.
const LAST_LEVEL: usize = MAX_DEPTH - 4;

/// A block that is open.
pub(super) enum Frame {
    Root,
    Quote,
    List { ordered: bool, items: Vec<Vec<Block>> },
    Item,
    Table { rows: Vec<Vec<RawCell>> },
    Row { cells: Vec<RawCell> },
    Cell { header: bool, outside: Formatting },
}

/// A cell before it is known whether its table is one.
pub(super) struct RawCell {
    header: bool,
    pub(super) blocks: Vec<Block>,
}

pub(super) struct Open {
    pub(super) frame: Frame,
    pub(super) blocks: Vec<Block>,
}

pub(super) struct Builder {
    pub(super) stack: Vec<Open>,
    /// Containers that were too deep to open: their ends are to be ignored as well.
    pub(super) too_deep: u32,
    /// Runs of the paragraph being built.
    pub(super) runs: Vec<(Style, Atom)>,
    pub(super) heading: Option<u8>,
    pub(super) formatting: Formatting,
    /// Text of the `<pre>` being read.
    pub(super) pre: Option<String>,
    /// The raw-text element being passed over.
    pub(super) skipping: Option<String>,
    /// Line breaks of the source count.
    lines_count: bool,
    text_left: usize,
    nodes_left: usize,
    /// A bound was reached: the rest is not looked at.
    pub(super) full: bool,
}

impl Builder {
    pub(super) fn new(lines_count: bool) -> Self {
        Self {
            stack: vec![Open {
                frame: Frame::Root,
                blocks: Vec::new(),
            }],
            too_deep: 0,
            runs: Vec::new(),
            heading: None,
            formatting: Formatting::default(),
            pre: None,
            skipping: None,
            lines_count,
            text_left: MAX_TEXT,
            nodes_left: MAX_NODES,
            full: false,
        }
    }

    pub(super) fn finish(mut self, cut: bool) -> RichText {
        self.end_pre();
        self.end_paragraph();
        while self.stack.len() > 1 {
            self.close_top();
        }
        let mut blocks = self.stack.pop().map(|open| open.blocks).unwrap_or_default();
        if cut || self.full {
            blocks.push(cut_mark());
        }
        RichText { blocks }
    }

    /// Takes a node from the budget.
    pub(super) fn spend_node(&mut self) -> bool {
        match self.nodes_left.checked_sub(1) {
            Some(left) => self.nodes_left = left,
            None => self.full = true,
        }
        !self.full
    }

    /// Takes text from the budget: what of it fits.
    pub(super) fn spend_text<'t>(&mut self, text: &'t str) -> &'t str {
        let (kept, cut) = cut_at(text, self.text_left);
        self.text_left -= kept.len();
        self.full |= cut;
        kept
    }

    // ---- text ----

    pub(super) fn text(&mut self, text: &str) {
        work::spend(text.len());
        if self.skipping.is_some() || self.full {
            return;
        }
        if self.pre.is_some() {
            let text = self.spend_text(text);
            if let Some(pre) = &mut self.pre {
                pre.extend(text.chars().filter_map(kept));
            }
            return;
        }
        if self.lines_count {
            for (i, line) in text.split('\n').enumerate() {
                if i > 0 {
                    self.line_break();
                }
                self.inline_text(line);
            }
        } else {
            self.inline_text(text);
        }
    }

    /// Adds text to the paragraph, white space collapsed as HTML does.
    pub(super) fn inline_text(&mut self, text: &str) {
        let blank = text.chars().filter_map(kept).all(|c| c.is_ascii_whitespace());
        if blank && self.runs.is_empty() {
            return;
        }
        if !blank {
            self.open_implied();
        }
        let text = self.spend_text(text);
        let mut after_space = match self.runs.last() {
            None | Some((_, Atom::Break)) => true,
            Some((_, Atom::Text(text))) => text.ends_with(' '),
            Some((_, Atom::Image(..))) => false,
        };
        let mut collapsed = String::with_capacity(text.len());
        for c in text.chars().filter_map(kept) {
            if !c.is_ascii_whitespace() {
                collapsed.push(c);
                after_space = false;
            } else if !after_space {
                collapsed.push(' ');
                after_space = true;
            }
        }
        if collapsed.is_empty() {
            return;
        }
        let style = self.formatting.style();
        match self.runs.last_mut() {
            Some((last, Atom::Text(text))) if *last == style => text.push_str(&collapsed),
            _ => self.push_run(Atom::Text(collapsed)),
        }
    }

    pub(super) fn push_run(&mut self, atom: Atom) {
        let mut style = self.formatting.style();
        if let Some(href) = &style.link
            && !matches!(self.runs.last(), Some((last, _)) if last.link.as_ref() == Some(href))
        {
            // A target counts like text, once per link.
            let length = href.len();
            if length > self.text_left {
                self.full = true;
                return;
            }
            self.text_left -= length;
        }
        if !matches!(atom, Atom::Text(_)) {
            style.code = false;
        }
        if self.spend_node() {
            self.runs.push((style, atom));
        }
    }

    pub(super) fn line_break(&mut self) {
        if !self.runs.is_empty() {
            trim_end(&mut self.runs, false);
            if !self.runs.is_empty() {
                self.push_run(Atom::Break);
            }
        }
    }

    /// Ends the paragraph being built and puts it into the open block.
    pub(super) fn end_paragraph(&mut self) {
        let mut runs = std::mem::take(&mut self.runs);
        work::spend(1 + runs.len());
        trim_end(&mut runs, true);
        let says_something = runs.iter().any(|(_, atom)| match atom {
            Atom::Text(text) => !text.chars().all(char::is_whitespace),
            Atom::Image(..) => true,
            Atom::Break => false,
        });
        if !says_something || !self.spend_node() {
            return;
        }
        let content = nest(runs);
        let block = match self.heading {
            Some(level) => Block::Heading { level, content },
            None => Block::Paragraph { content },
        };
        self.push_block(block);
    }

    pub(super) fn push_block(&mut self, block: Block) {
        if let Some(open) = self.stack.last_mut() {
            open.blocks.push(block);
        }
    }

    pub(super) fn end_pre(&mut self) {
        if let Some(pre) = self.pre.take() {
            let text = pre.trim_start_matches('\n').trim_end().to_owned();
            if !text.trim().is_empty() && self.spend_node() {
                self.open_implied();
                self.push_block(Block::Code { text });
            }
        }
    }

    // ---- blocks ----

    /// Text or a block directly within a list or a table gets the item or the cell it lacks.
    pub(super) fn open_implied(&mut self) {
        match self.stack.last_mut() {
            Some(Open {
                frame: Frame::List { items, .. },
                ..
            }) => {
                let blocks = items.pop().unwrap_or_default();
                self.stack.push(Open {
                    frame: Frame::Item,
                    blocks,
                });
            }
            Some(Open {
                frame: Frame::Table { .. },
                ..
            }) => {
                self.open(Frame::Row { cells: Vec::new() });
                self.open_cell(false);
            }
            Some(Open {
                frame: Frame::Row { .. },
                ..
            }) => self.open_cell(false),
            _ => {}
        }
    }

    pub(super) fn open(&mut self, frame: Frame) {
        self.stack.push(Open {
            frame,
            blocks: Vec::new(),
        });
    }

    /// Opens a list, quotation or table within the open block, unless it is too deep.
    pub(super) fn open_container(&mut self, frame: Frame) {
        self.end_paragraph();
        if self.stack.len() >= LAST_LEVEL {
            self.too_deep = self.too_deep.saturating_add(1);
            return;
        }
        self.open_implied();
        if self.spend_node() {
            self.open(frame);
        }
    }

    pub(super) fn open_cell(&mut self, header: bool) {
        let outside = std::mem::take(&mut self.formatting);
        if self.spend_node() {
            self.open(Frame::Cell { header, outside });
        } else {
            self.formatting = outside;
        }
    }

    /// Ends the innermost open block and hands it to the one around it.
    pub(super) fn close_top(&mut self) {
        self.end_paragraph();
        if self.stack.len() < 2 {
            return;
        }
        let Some(Open { frame, blocks }) = self.stack.pop() else {
            return;
        };
        match frame {
            Frame::Root => {}
            Frame::Quote if blocks.is_empty() => {}
            Frame::Quote => self.push_block(Block::Quote { blocks }),
            Frame::Item => {
                if let Some(Open {
                    frame: Frame::List { items, .. },
                    ..
                }) = self.stack.last_mut()
                    && !blocks.is_empty()
                {
                    items.push(blocks);
                }
            }
            Frame::List { ordered, items } => {
                if !items.is_empty() {
                    self.push_block(Block::List { ordered, items });
                }
            }
            Frame::Cell { header, outside } => {
                self.formatting = outside;
                if let Some(Open {
                    frame: Frame::Row { cells },
                    ..
                }) = self.stack.last_mut()
                {
                    cells.push(RawCell { header, blocks });
                }
            }
            Frame::Row { cells } => {
                if let Some(Open {
                    frame: Frame::Table { rows },
                    ..
                }) = self.stack.last_mut()
                    && cells.iter().any(|cell| !cell.blocks.is_empty())
                {
                    rows.push(cells);
                }
            }
            Frame::Table { rows } => {
                for block in table(rows) {
                    self.push_block(block);
                }
            }
        }
    }

    /// Ends the innermost block for which `wanted` holds, and everything within it, unless `barrier` comes first.
    pub(super) fn close(&mut self, wanted: fn(&Frame) -> bool, barrier: fn(&Frame) -> bool) {
        self.end_paragraph();
        work::spend(self.stack.len());
        let found = self
            .stack
            .iter()
            .enumerate()
            .rev()
            .skip_while(|(_, open)| !wanted(&open.frame) && !barrier(&open.frame));
        let Some(depth) = found
            .map(|(depth, open)| wanted(&open.frame).then_some(depth))
            .next()
            .flatten()
        else {
            return;
        };
        while self.stack.len() > depth.max(1) {
            self.close_top();
        }
    }

    /// The end tag of a container: one that was not opened for its depth is not closed either.
    pub(super) fn close_container(&mut self, wanted: fn(&Frame) -> bool, barrier: fn(&Frame) -> bool) {
        self.end_paragraph();
        match self.too_deep.checked_sub(1) {
            Some(left) => self.too_deep = left,
            None => self.close(wanted, barrier),
        }
    }
}

/// What stands where a document was cut.
pub(super) fn cut_mark() -> Block {
    Block::Paragraph {
        content: vec![Inline::text(CUT_MARK)],
    }
}

/// A table of the source: ours if it is one, else (a mail's layout: one column, or blocks that no cell can hold) its
/// contents one after the other.
fn table(rows: Vec<Vec<RawCell>>) -> Vec<Block> {
    work::spend(rows.iter().map(|row| 1 + row.len()).sum());
    let one_column = rows.iter().all(|row| row.len() < 2);
    let holds_blocks = rows
        .iter()
        .flatten()
        .flat_map(|cell| &cell.blocks)
        .any(needs_lines_of_its_own);
    if one_column || holds_blocks {
        return rows.into_iter().flatten().flat_map(|cell| cell.blocks).collect();
    }
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|row| {
            row.into_iter()
                .map(|cell| Cell {
                    header: cell.header,
                    content: one_line(cell.blocks),
                })
                .collect()
        })
        .collect();
    vec![Block::Table { rows }]
}

/// Whether a block cannot be lines of a cell without losing words: a table or a quotation, and a list that holds a table.
fn needs_lines_of_its_own(block: &Block) -> bool {
    fn holds_a_table(block: &Block) -> bool {
        work::spend(1);
        match block {
            Block::Table { .. } => true,
            Block::List { items, .. } => items.iter().flatten().any(holds_a_table),
            Block::Quote { blocks } => blocks.iter().any(holds_a_table),
            Block::Paragraph { .. } | Block::Heading { .. } | Block::Code { .. } => false,
        }
    }
    matches!(block, Block::Quote { .. }) || holds_a_table(block)
}

/// Blocks as the lines of a cell.
fn one_line(blocks: Vec<Block>) -> Vec<Inline> {
    work::spend(blocks.len());
    let mut out: Vec<Inline> = Vec::new();
    let mut line = |content: Vec<Inline>| {
        if !out.is_empty() {
            out.push(Inline::Break);
        }
        out.extend(content);
    };
    for block in blocks {
        match block {
            Block::Paragraph { content } | Block::Heading { content, .. } => line(content),
            Block::Code { text } => {
                for text in text.lines().filter(|text| !text.trim().is_empty()) {
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    line(vec![Inline::Code { text }]);
                }
            }
            Block::List { ordered, items } => {
                for (i, item) in items.into_iter().enumerate() {
                    let mark = if ordered {
                        format!("{}. ", i + 1)
                    } else {
                        "• ".to_owned()
                    };
                    let mut content = one_line(item);
                    work::spend(content.len());
                    match content.first_mut() {
                        Some(Inline::Text { text }) => text.insert_str(0, &mark),
                        _ => content.insert(0, Inline::text(mark)),
                    }
                    line(content);
                }
            }
            Block::Quote { blocks } => line(one_line(blocks)),
            // No cell holds one (`needs_lines_of_its_own`).
            Block::Table { .. } => {}
        }
    }
    out
}
