//! Every reader of bytes that come from outside, as a fuzzer sees it: a function of some bytes that must come back, and must come
//! back with something the rest of the product may rely on.
//!
//! `cargo xtask fuzz` runs each under libFuzzer, which looks for bytes that reach code no bytes have reached before. What it
//! found is kept in `cases/` and read again by an ordinary test (`tests/found.rs`), with the seeds, whole and cut, and the
//! readings of a JSON test suite.

mod glpi;
mod readers;
pub mod seeds;

/// A reader before the fuzzer.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it is called on the command line, and the name of its folders.
    pub name: &'static str,
    /// Whose bytes it reads.
    pub about: &'static str,
    /// Reads them. Panics when the reader does, or when what came of it breaks a promise.
    pub read: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "glpi",
        about: "GLPI's answers to every call of the adapter",
        read: glpi::answers,
    },
    Target {
        name: "ami",
        about: "Asterisk's manager interface",
        read: readers::ami,
    },
    Target {
        name: "o2g",
        about: "the event stream of an OmniPCX (O2G), and its list of calls",
        read: readers::o2g,
    },
    Target {
        name: "xuc",
        about: "the messages of XiVO's xuc",
        read: readers::xuc,
    },
    Target {
        name: "telephones",
        about: "Wazo, Aircall and the generic form",
        read: readers::telephones,
    },
    Target {
        name: "links",
        about: "links another program opens the console with",
        read: readers::links,
    },
    Target {
        name: "contract",
        about: "contract files, and the clocks and indicators computed by them",
        read: readers::contract,
    },
    Target {
        name: "evidence",
        about: "documents of evidence for the service levels",
        read: readers::evidence,
    },
    Target {
        name: "rich_text",
        about: "HTML and plain text of tickets and articles",
        read: readers::rich_text,
    },
    Target {
        name: "supervision",
        about: "Nagios' and Centreon's answers",
        read: readers::supervision,
    },
];

/// The one of that name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
