//! What reading and writing must keep, and what must never pass.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

fn p(text: &str) -> Block {
    Block::Paragraph {
        content: vec![Inline::text(text)],
    }
}

fn doc(blocks: Vec<Block>) -> RichText {
    RichText { blocks }
}

/// How deep blocks lie in each other.
fn depth(blocks: &[Block]) -> usize {
    blocks
        .iter()
        .map(|block| match block {
            Block::List { items, .. } => 1 + items.iter().map(|item| depth(item)).max().unwrap_or(0),
            Block::Quote { blocks } => 1 + depth(blocks),
            Block::Table { .. } => 3,
            _ => 1,
        })
        .max()
        .unwrap_or(0)
}

/// What every document read from a server must satisfy.
fn check(document: &RichText) {
    assert!(depth(&document.blocks) <= MAX_DEPTH);
    let html = document.to_html();
    let json = serde_json::to_string(document).unwrap();
    assert_eq!(
        &serde_json::from_str::<RichText>(&json).unwrap(),
        document,
        "survives the database"
    );
    let again = RichText::from_html(&html);
    assert_eq!(
        &again, document,
        "what was read is written so that it reads the same: {html}"
    );
    assert_eq!(again.fingerprint(), document.fingerprint());
    let lower = html.to_ascii_lowercase();
    for tag in lower.split('<').skip(1) {
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        assert!(
            [
                "p",
                "h1",
                "h2",
                "h3",
                "h4",
                "h5",
                "h6",
                "ul",
                "ol",
                "li",
                "table",
                "tr",
                "td",
                "th",
                "blockquote",
                "pre",
                "strong",
                "em",
                "code",
                "a",
                "img",
                "br"
            ]
            .contains(&name.as_str()),
            "<{name}> is not ours"
        );
        if let Some(href) = tag.strip_prefix("a href=\"") {
            assert!(
                [
                    "http://",
                    "https://",
                    "mailto:",
                    "tel:",
                    "../front/document.send.php?docid="
                ]
                .iter()
                .any(|s| href.starts_with(s)),
                "{href}"
            );
        }
    }
}

#[test]
fn reads_the_usual_mail() {
    let html = "<p>Bonjour,</p>\n<p>L'imprimante <b>HP &amp; Co</b> affiche « erreur 0x<97> ».</p>\
        <ul><li>une<li>deux <i>bis</i></ul><h2>Suite</h2><pre>\n  a\n  b\n</pre><blockquote>cité<br>deux</blockquote>";
    let read = RichText::from_html(html);
    assert_eq!(
        read,
        doc(vec![
            p("Bonjour,"),
            Block::Paragraph {
                content: vec![
                    Inline::text("L'imprimante "),
                    Inline::Strong {
                        content: vec![Inline::text("HP & Co")]
                    },
                    Inline::text(" affiche « erreur 0x<97> »."),
                ]
            },
            Block::List {
                ordered: false,
                items: vec![
                    vec![p("une")],
                    vec![Block::Paragraph {
                        content: vec![
                            Inline::text("deux "),
                            Inline::Emphasis {
                                content: vec![Inline::text("bis")]
                            }
                        ]
                    }],
                ]
            },
            Block::Heading {
                level: 2,
                content: vec![Inline::text("Suite")]
            },
            Block::Code {
                text: "  a\n  b".into()
            },
            Block::Quote {
                blocks: vec![Block::Paragraph {
                    content: vec![Inline::text("cité"), Inline::Break, Inline::text("deux")]
                }]
            },
        ])
    );
    check(&read);
    assert_eq!(
        read.to_plain(),
        "Bonjour,\n\nL'imprimante HP & Co affiche « erreur 0x<97> ».\n\n- une\n- deux bis\n\nSuite\n\n  a\n  b\n\n> cité\n> deux"
    );
}

#[test]
fn content_is_not_always_html() {
    let read = RichText::from_html(
        "Bonjour,\r\nplus de réseau & d'imprimante <jean@exemple.fr>\r\n\r\na < b &eacute; ?a=1&copy=2\n- un\n- deux",
    );
    assert_eq!(
        read.to_plain(),
        "Bonjour,\nplus de réseau & d'imprimante <jean@exemple.fr>\n\na < b é ?a=1&copy=2\n\n- un\n- deux"
    );
    check(&read);
    // A tag put into plain text does not take its lines away.
    assert_eq!(
        RichText::from_html("un <b>deux</b>\ntrois").to_plain(),
        "un deux\ntrois"
    );
    // In HTML they are spaces.
    assert_eq!(RichText::from_html("<p>un\n  deux</p>").to_plain(), "un deux");
    assert!(RichText::from_html("").blocks.is_empty());
    assert!(RichText::from_html("<p>&nbsp;</p><br><div> </div>").is_empty());
}

#[test]
fn nested_lists_and_tables() {
    let read = RichText::from_html(
        "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol><table><tr><th>N</th><th>V</th></tr><tr><td>x</td><td><p>1</p><p>2</p></td></tr></table>",
    );
    check(&read);
    assert_eq!(read.to_plain(), "1. a\n  - b\n2. c\n\nN\tV\nx\t1 2");
    let Some(Block::Table { rows }) = read.blocks.last() else {
        panic!("{read:?}")
    };
    assert!(rows[0][0].header && !rows[1][0].header);
    // A mail's layout is no table.
    let layout = RichText::from_html(
        "<table><tr><td><table><tr><td>Bonjour</td></tr><tr><td><p>A</p><p>B</p></td></tr></table></td></tr></table>",
    );
    assert_eq!(layout, doc(vec![p("Bonjour"), p("A"), p("B")]));
    // A cell holds no table, not even in a list: its words are kept outside.
    let listed = RichText::from_html(
        "<table><tr><th>N</th><td>V<ul><li><table><tr><td>a</td><td>b</td></tr></table></li></ul></td></tr></table>",
    );
    check(&listed);
    assert!(listed.to_plain().contains("a\tb"), "{}", listed.to_plain());
}

#[test]
fn inline_documents_of_glpi_become_images() {
    let image = |n: i64, alt: &str| {
        doc(vec![Block::Paragraph {
            content: vec![Inline::Image {
                document: Some(DocumentId(n)),
                alt: alt.into(),
            }],
        }])
    };
    for html in [
        r#"<p><a href="/front/document.send.php?docid=12&amp;itemtype=Ticket&amp;items_id=3" target="_blank"><img alt="écran" src="/front/document.send.php?docid=12&amp;itemtype=Ticket&amp;items_id=3" /></a></p>"#,
        r#"<p><img alt="écran" src="/glpi/front/document.send.php?docid=12"></p>"#,
        r#"<a href="http://glpi.exemple.fr/front/document.send.php?itemtype=Ticket&amp;docid=12"><img alt="écran" src="vignette.png"></a>"#,
    ] {
        let read = RichText::from_html(html);
        assert_eq!(read, image(12, "écran"), "{html}");
        check(&read);
    }
    let pasted = RichText::from_html(
        r#"<img alt="5e5e92ffd9bd91.11111111image_paste22222222" src="document.send.php?docid=7">"#,
    );
    assert_eq!(pasted, image(7, ""));
    assert!(!pasted.is_empty());
}

#[test]
fn images_from_elsewhere_keep_their_words_only() {
    let read = RichText::from_html(
        r#"<p>a<img src="data:image/png;base64,AAAA" alt="capture">b<img src="https://x.fr/p.gif" width=1 height=1></p>"#,
    );
    assert_eq!(
        read,
        doc(vec![Block::Paragraph {
            content: vec![
                Inline::text("a"),
                Inline::Image {
                    document: None,
                    alt: "capture".into()
                },
                Inline::text("b")
            ]
        }])
    );
    check(&read);
    assert!(!serde_json::to_string(&read).unwrap().contains("base64"));
}

#[test]
fn a_big_inline_image_does_not_push_the_text_out() {
    let html = format!(
        "<p>avant</p><img src=\"data:image/png;base64,{}\"><p>après</p>",
        "QUJD".repeat(4 << 20)
    );
    assert_eq!(RichText::from_html(&html).to_plain(), "avant\n\n[image]\n\naprès");
}

#[test]
fn links_keep_safe_targets_only() {
    for (href, kept) in [
        ("https://exemple.fr/a?b=1&amp;c=2", Some("https://exemple.fr/a?b=1&c=2")),
        ("HTTP://exemple.fr", Some("http://exemple.fr")),
        ("mailto:jean@exemple.fr", Some("mailto:jean@exemple.fr")),
        ("tel:+33612340013", Some("tel:+33612340013")),
        ("javascript:alert(1)", None),
        ("  java\nscript:alert(1)", None),
        ("&#106;avascript:alert(1)", None),
        ("\u{1}javascript:alert(1)", None),
        ("data:text/html,<script>alert(1)</script>", None),
        ("vbscript:x", None),
        ("file:///etc/passwd", None),
        ("//exemple.fr", None),
        ("/front/ticket.form.php?id=1", None),
        ("https:exemple.fr", None),
        ("https://", None),
    ] {
        let read = RichText::from_html(&format!("<p><a href='{href}'>texte</a></p>"));
        let expected = match kept {
            Some(href) => Inline::Link {
                href: href.into(),
                content: vec![Inline::text("texte")],
            },
            None => Inline::text("texte"),
        };
        assert_eq!(
            read,
            doc(vec![Block::Paragraph {
                content: vec![expected]
            }]),
            "{href}"
        );
        check(&read);
    }
    // A document made by the window is looked at again on its way out.
    let forged = doc(vec![Block::Paragraph {
        content: vec![Inline::Link {
            href: "javascript:alert(1)".into(),
            content: vec![Inline::text("x")],
        }],
    }]);
    assert_eq!(forged.to_html(), "<p>x</p>");
}

#[test]
fn nothing_hostile_survives() {
    for html in [
        "<script>alert(1)</script>",
        "<p>a</p><script>alert(1)</script><p>b</p>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<iframe src=javascript:alert(1)></iframe>",
        "<style>*{background:url(javascript:alert(1))}</style><p style=\"x:expression(alert(1))\">a</p>",
        "<a href=javascript:alert(1)>x</a><a href=\"jav&#x09;ascript:alert(1)\">y</a>",
        "<b><i></b></i></p></div></table></li></ul>",
        "<table><p>dehors<tr>x<td>1<td>2<table><tr><td>3</table>",
        "<p>&#xD800;&#0;&#x110000;&bogus;&amp&lt&#</p>",
        "<plaintext><p>x",
        "<p",
        "<!--",
        "<![CDATA[<p>x</p>]]>",
        "<textarea><p>x</textarea>",
        "<title>t</title><p>x",
        "<xmp><script>alert(1)</script></xmp>",
        "<pre><pre>\n\n<table><tr><td>x",
        "<a href=https://a.fr>1<a href=https://b.fr>2</a>3",
        "<li>seul<li>deux",
        "<ul><ul><li>x</ul>y</ul>",
        "<td>x</td><tr>",
        "<h1><ul><li>x</ul>y</h1>z",
        "<p>\0\u{b}\u{c}\u{1b}x</p>",
        "<body onload=alert(1)><p>x",
    ] {
        let read = RichText::from_html(html);
        check(&read);
        let written = read.to_html();
        assert!(
            !written.contains("onerror=") || !written.contains("<img alt=\"\" onerror"),
            "{written}"
        );
        assert!(
            !read.to_plain().contains("alert(1)")
                || html.contains("xmp")
                || html.contains("<style><!--")
                || html.contains("&lt;img"),
            "{html} → {read:?}"
        );
    }
}

#[test]
fn depth_is_bounded_and_no_word_is_lost() {
    for (open, close) in [
        ("<div>", "</div>"),
        ("<blockquote>", "</blockquote>"),
        ("<ul><li>", "</li></ul>"),
        ("<b>", "</b>"),
        ("<table><tr><td>", "</td></tr></table>"),
        ("<a href=https://a.fr>", "</a>"),
        ("<font color=red>", "</font>"),
    ] {
        for closed in [true, false] {
            let end = if closed { close.repeat(2_000) } else { String::new() };
            let html = format!("avant {}fond{end} après", open.repeat(2_000));
            let read = RichText::from_html(&html);
            check(&read);
            let text = read.fingerprint();
            assert!(
                text.contains("avant") && text.contains("fond") && text.contains("après"),
                "{open}: {text}"
            );
        }
    }
}

/// Steps are counted, not time: four times the source must not cost much more than four times the work, and no byte more
/// than a few dozen looks (but for a tag's attributes, which the tokenizer compares with each other, within one tag).
#[test]
fn hostile_sources_cost_no_more_than_their_length() {
    type Source = fn(usize) -> String;
    let many_attributes = |n: usize| (0..n).map(|i| format!(" a{i}")).collect::<String>();
    let sources: [(&str, bool, Source); 17] = [
        ("a tag without an end of attributes", false, |n| {
            let attributes: String = (0..n).map(|i| format!(" a{i}")).collect();
            format!("<p{attributes}>x</p><p>fin</p>")
        }),
        ("tags full of attributes", true, |n| {
            let attributes: String = (0..600).map(|i| format!(" a{i}")).collect();
            format!("<p{attributes}>x").repeat(n / 600 + 1)
        }),
        ("formatting opened and never closed", false, |n| {
            (0..n).map(|i| format!("<b a={i}><p>x")).collect()
        }),
        ("comments", false, |n| "<!---->".repeat(n)),
        ("comments that never end", false, |n| "<!--".repeat(n)),
        ("a target without an end", false, |n| {
            "<p><a href=https://a.fr/?".to_owned() + &"x".repeat(n)
        }),
        ("a long target on many runs", false, |n| {
            format!("<p><a href=https://a.fr/?{}>", "x".repeat(9_000)) + &"x<br>".repeat(n)
        }),
        ("blocks", false, |n| "<div>".repeat(n)),
        ("tables", false, |n| "<table>".repeat(n)),
        ("items", false, |n| "<li>".repeat(n)),
        ("ends of what is not open", false, |n| {
            "<ul><li>x".repeat(40) + &"</td>".repeat(n)
        }),
        ("ampersands", false, |n| "&".repeat(n)),
        ("entities", false, |n| "&amp;".repeat(n)),
        ("what looks like tags", false, |n| "<".repeat(n)),
        ("entities in a paragraph", false, |n| {
            "<p>".to_owned() + &"&lt;".repeat(n)
        }),
        ("an indentation", false, |n| {
            format!("{}x\n{}", " ".repeat(n), "\n".repeat(n))
        }),
        ("a list in plain text", false, |n| "- a\n".repeat(n)),
    ];
    for (name, compares_attributes, source) in sources {
        let work = |n: usize| {
            let html = source(n);
            let mut read = RichText::default();
            let steps = work::steps_of(|| read = RichText::from_html(&html));
            assert!(depth(&read.blocks) <= MAX_DEPTH, "{name}");
            assert!(read.to_html().len() <= 1000 + 24 * html.len(), "{name}");
            (steps, html.len() as u64)
        };
        let (once, length) = work(4_000);
        let (four_times, four_lengths) = work(16_000);
        assert!(
            four_times * length <= once * four_lengths * 3 / 2,
            "{name}: {once} steps for {length} bytes, {four_times} for {four_lengths}"
        );
        let looks = if compares_attributes { 1_000 } else { 40 };
        assert!(
            four_times <= looks * four_lengths,
            "{name}: {four_times} for {four_lengths}"
        );
    }
    // The measure itself can tell: a tag of many attributes that is read costs their square.
    let html = format!("<p{}>x</p>", many_attributes(1_000));
    assert!(work::steps_of(|| drop(RichText::from_html(&html))) > 1_000_000);
}

#[test]
fn what_is_cut_says_so() {
    let html = format!("<p>{}</p><p>fin</p>", "mot ".repeat(MAX_TEXT / 2));
    let read = RichText::from_html(&html);
    assert_eq!(read.blocks.last(), Some(&p(CUT_MARK)));
    let again = RichText::from_html(&read.to_html());
    assert_eq!(again.blocks.len(), read.blocks.len());
    let many = RichText::from_html(&"<p>x</p>".repeat(MAX_NODES));
    assert_eq!(many.blocks.last(), Some(&p(CUT_MARK)));
    let plain = RichText::from_html(&"mot ".repeat(MAX_TEXT / 2));
    assert_eq!(plain.blocks.last(), Some(&p(CUT_MARK)));
}

#[test]
fn plain_text_keeps_its_shape() {
    let read = RichText::from_plain("Bonjour,\nligne 2\n\nParagraphe\n- un\n- deux\nfin\n    indenté  deux");
    assert_eq!(
        read,
        doc(vec![
            Block::Paragraph {
                content: vec![Inline::text("Bonjour,"), Inline::Break, Inline::text("ligne 2")]
            },
            p("Paragraphe"),
            Block::List {
                ordered: false,
                items: vec![vec![p("un")], vec![p("deux")]]
            },
            Block::Paragraph {
                content: vec![
                    Inline::text("fin"),
                    Inline::Break,
                    Inline::text("\u{a0}\u{a0}\u{a0}\u{a0}indenté\u{a0} deux")
                ]
            },
        ])
    );
    assert_eq!(
        read.to_plain(),
        "Bonjour,\nligne 2\n\nParagraphe\n\n- un\n- deux\n\nfin\n    indenté  deux"
    );
    check(&read);
    assert!(RichText::from_plain(" \n\n ").is_empty());
}

#[test]
fn a_fingerprint_forgives_markup_and_typography() {
    let sent = RichText::from_plain("Bonjour,\n\nC'est \"fait\" - voir l'écran...");
    for back in [
        "<p>Bonjour,</p><p>C’est « fait » – voir l’écran…</p>",
        "<div>Bonjour,<br /><br />C&#39;est &quot;fait&quot; - voir l&rsquo;écran...</div>",
        "Bonjour,\r\n\r\nC'est \"fait\" -\u{a0}voir l'\u{200b}e\u{301}cran...",
    ] {
        let back = RichText::from_html(back).fingerprint();
        assert_eq!(back.replace("\" fait \"", "\"fait\""), sent.fingerprint());
    }
    assert_ne!(
        sent.fingerprint(),
        RichText::from_plain("Bonjour,\n\nC'est \"fait\" - voir l'écran.").fingerprint()
    );
}

// ---- properties -------------------------------------------------------------------------------------------------------

/// GLPI 10 stores every string with these three characters encoded, and gives it back so.
fn glpi10_encode(text: &str) -> String {
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;")
}

fn glpi10_decode(text: &str) -> String {
    text.replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
}

fn inline() -> impl Strategy<Value = Inline> {
    let text = prop_oneof![
        "[ a-zé&<>\"'\u{a0}\u{301}\n\t]{0,12}",
        ".{0,8}",
        Just("&lt;script&gt;".to_owned()),
        Just("&#60;b&#62;".to_owned())
    ];
    let leaf = prop_oneof![
        4 => text.clone().prop_map(|text| Inline::Text { text }),
        1 => text.clone().prop_map(|text| Inline::Code { text }),
        1 => (prop::option::of(1..99_i64), text).prop_map(|(n, alt)| Inline::Image { document: n.map(DocumentId), alt }),
        1 => Just(Inline::Break),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let content = prop::collection::vec(inner, 0..4);
        prop_oneof![
            content.clone().prop_map(|content| Inline::Strong { content }),
            content.clone().prop_map(|content| Inline::Emphasis { content }),
            (
                prop_oneof![
                    Just("https://a.fr/?x=1&y=<2>\"".to_owned()),
                    Just("javascript:alert(1)".to_owned()),
                    ".{0,12}"
                ],
                content
            )
                .prop_map(|(href, content)| Inline::Link { href, content }),
        ]
    })
}

fn block() -> impl Strategy<Value = Block> {
    let content = || prop::collection::vec(inline(), 0..5);
    let leaf = prop_oneof![
        4 => content().prop_map(|content| Block::Paragraph { content }),
        1 => (0_u8..9, content()).prop_map(|(level, content)| Block::Heading { level, content }),
        1 => "(\n|[a-z <&]|.){0,20}".prop_map(|text| Block::Code { text }),
        1 => prop::collection::vec(prop::collection::vec((any::<bool>(), content()).prop_map(|(header, content)| Cell { header, content }), 0..3), 0..3)
            .prop_map(|rows| Block::Table { rows }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (
                any::<bool>(),
                prop::collection::vec(prop::collection::vec(inner.clone(), 0..3), 0..3)
            )
                .prop_map(|(ordered, items)| Block::List { ordered, items }),
            prop::collection::vec(inner, 0..3).prop_map(|blocks| Block::Quote { blocks }),
        ]
    })
}

fn document() -> impl Strategy<Value = RichText> {
    prop::collection::vec(block(), 0..5).prop_map(|blocks| RichText { blocks })
}

/// Tags and words thrown together.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<i>",
            "</i>",
            "<a href='https://a.fr'>",
            "<a href=javascript:x>",
            "</a>",
            "<ul>",
            "</ul>",
            "<ol>",
            "</ol>",
            "<li>",
            "</li>",
            "<table>",
            "</table>",
            "<tr>",
            "</tr>",
            "<td>",
            "</td>",
            "<th>",
            "</th>",
            "<blockquote>",
            "</blockquote>",
            "<pre>",
            "</pre>",
            "<code>",
            "</code>",
            "<h2>",
            "</h2>",
            "<br>",
            "<img src=x alt=y>",
            "<img src='document.send.php?docid=4'>",
            "<script>",
            "</script>",
            "<style>",
            "</style>",
            "<!--",
            "-->",
            "<svg>",
            "</svg>",
            "<div>",
            "</div>",
            "&nbsp;",
            "&amp;",
            "&lt;",
            " ",
            "\n",
            "<",
            ">",
            "\"",
            "mot",
            "- ",
            "<xmp>",
            "</xmp>",
            "<title>",
            "</title>",
            "<caption>",
            "<hr>",
            "&#0;",
            "\u{a0}",
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn reading_never_panics_and_what_was_read_reads_the_same(source in soup()) {
        check(&RichText::from_html(&source));
    }

    #[test]
    fn any_text_is_read(source in "(?s).{0,300}") {
        check(&RichText::from_html(&source));
    }

    #[test]
    fn a_fingerprint_survives_the_way_out_and_back(document in document()) {
        let html = document.to_html();
        prop_assert_eq!(RichText::from_html(&html).fingerprint(), document.fingerprint(), "{}", html);
        prop_assert_eq!(glpi10_decode(&glpi10_encode(&html)), html.clone());
        prop_assert_eq!(RichText::from_html(&glpi10_decode(&glpi10_encode(&html))).fingerprint(), document.fingerprint());
        prop_assert_eq!(RichText::from_html(&html).is_empty(), document.is_empty());
    }

    #[test]
    fn plain_text_survives_the_way_out_and_back(text in "([a-zé&<>'-]| |\n|  |- ){0,60}") {
        let document = RichText::from_plain(&text);
        prop_assert_eq!(RichText::from_html(&document.to_html()).fingerprint(), document.fingerprint());
        prop_assert_eq!(RichText::from_plain(&document.to_plain()).fingerprint(), document.fingerprint());
    }
}

fn nowhere(_: DocumentId) -> Option<String> {
    None
}

#[test]
fn markdown_says_the_same_in_its_own_marks() {
    let source = "<h2>Panne</h2><p>Le <strong>VPN</strong> de <em>Zoé</em> :<br>- rien</p><ul><li>un</li><li>deux<ol><li>b</li></ol></li></ul>\
        <table><tr><th>Poste</th><th>État</th></tr><tr><td>PC|1</td><td>a<br>b</td></tr></table>\
        <blockquote><p>cité</p><p>encore</p></blockquote><pre>a ``` b\n  c</pre>\
        <p><a href=\"https://exemple.fr/a(b)\">ici</a> <code>x`y</code></p>";
    let markdown = RichText::from_html(source).to_markdown(2, &nowhere);
    assert_eq!(
        markdown,
        "#### Panne\n\nLe **VPN** de *Zoé* :\\\n\\- rien\n\n- un\n- deux\n\n  1. b\n\n\
         | Poste | État |\n| --- | --- |\n| PC\\|1 | a<br>b |\n\n\
         > cité\n>\n> encore\n\n````\na ``` b\n  c\n````\n\n\
         [ici](https://exemple.fr/a%28b%29) ``x`y``"
    );
}

#[test]
fn nothing_that_is_said_becomes_markup_of_markdown() {
    for (said, written) in [
        ("# titre", "\\# titre"),
        ("1. un", "1\\. un"),
        ("12) un", "12\\) un"),
        ("--- | ---", "\\--- | ---"),
        ("===", "\\==="),
        ("> cité", "&gt; cité"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("&lt;script&gt;", "&amp;lt;script&amp;gt;"),
        ("![x](javascript:alert(1))", "!\\[x\\](javascript:alert(1))"),
        (
            "**gras** _bas_ `code` ~~non~~",
            "\\*\\*gras\\*\\* \\_bas\\_ \\`code\\` \\~\\~non\\~\\~",
        ),
        ("c:\\temp", "c:\\\\temp"),
    ] {
        assert_eq!(doc(vec![p(said)]).to_markdown(0, &nowhere), written, "{said}");
        assert_eq!(markdown_line(said), written, "{said}");
    }
    assert_eq!(markdown_line("a\nb\u{1}\u{7f}c "), "a bc");
    let link = Block::Paragraph {
        content: vec![
            Inline::Link {
                href: "javascript:alert(1)".to_owned(),
                content: vec![Inline::text("là")],
            },
            Inline::Break,
        ],
    };
    assert_eq!(doc(vec![link]).to_markdown(0, &nowhere), "là");
}

#[test]
fn images_are_where_the_caller_has_put_them() {
    let text = RichText::from_html(
        "<p>Vu : <a href=\"../front/document.send.php?docid=7\"><img alt=\"écran\" src=\"../front/document.send.php?docid=7\"></a></p>",
    );
    assert_eq!(text.images(), [DocumentId(7)]);
    let place = |document: DocumentId| Some(format!("../documents/{document}.png"));
    assert_eq!(text.to_markdown(0, &place), "Vu : ![écran](../documents/7.png)");
    assert_eq!(
        text.to_html_with(&place),
        "<p>Vu : <img alt=\"écran\" src=\"../documents/7.png\"></p>"
    );
    assert_eq!(text.to_markdown(0, &nowhere), "Vu : \\[écran\\]");
    assert_eq!(text.to_html_with(&nowhere), "<p>Vu : <img alt=\"écran\"></p>");
}

proptest! {
    #[test]
    fn markdown_holds_no_tag_that_a_text_brought(document in document()) {
        fn has_code(document: &RichText) -> bool {
            let json = serde_json::to_string(document).unwrap();
            json.contains("\"code\"")
        }
        prop_assume!(!has_code(&document));
        let markdown = document.to_markdown(0, &nowhere);
        let plain = markdown.replace("<br>", "").replace("<!-- -->", "");
        prop_assert!(!plain.contains('<'), "{markdown}");
        prop_assert!(!markdown.chars().any(|c| c.is_control() && c != '\n'), "{markdown:?}");
    }
}
