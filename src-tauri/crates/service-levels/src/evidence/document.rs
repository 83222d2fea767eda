//! Finds the records of an evidence document without reading them: where a key's list begins and where each of its records
//! ends. What a record says is left to serde; here only strings and brackets are looked at, so that a file of a gigabyte is cut
//! up faster than it can be understood.

use std::io::{self, Read};

/// Bytes read at a time.
const BUFFER: usize = 1 << 18;

/// The document cannot be cut up.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// Not JSON.
    #[error("byte {offset}: expected {expected}")]
    Syntax {
        /// Where, from 0.
        offset: u64,
        /// What should be there.
        expected: &'static str,
    },
}

/// Cuts a document up, from its first byte to its last.
pub struct Scanner<R> {
    input: R,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    /// Bytes before the buffer's first.
    before: u64,
}

impl<R: Read> Scanner<R> {
    /// Before the first byte.
    pub fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            at: 0,
            end: 0,
            before: 0,
        }
    }

    fn expected<T>(&self, expected: &'static str) -> Result<T, DocumentError> {
        Err(DocumentError::Syntax {
            offset: self.before + self.at as u64,
            expected,
        })
    }

    /// Makes sure that there is a byte to look at; false at the end.
    fn fill(&mut self) -> Result<bool, DocumentError> {
        while self.at == self.end {
            self.before += self.end as u64;
            (self.at, self.end) = (0, 0);
            match self.input.read(&mut self.buffer) {
                Ok(0) => return Ok(false),
                Ok(read) => self.end = read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// The next byte that is no white space, not taken.
    fn peek(&mut self) -> Result<Option<u8>, DocumentError> {
        while self.fill()? {
            let byte = self.buffer[self.at];
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(Some(byte));
            }
            self.at += 1;
        }
        Ok(None)
    }

    /// Takes a byte if it comes next.
    fn take(&mut self, byte: u8) -> Result<bool, DocumentError> {
        let next = self.peek()? == Some(byte);
        self.at += usize::from(next);
        Ok(next)
    }

    /// The document's opening brace.
    pub fn begin(&mut self) -> Result<(), DocumentError> {
        // Some editors begin a file with a byte-order mark.
        if self.peek()? == Some(0xEF) {
            for byte in [0xEF, 0xBB, 0xBF] {
                if !self.fill()? || self.buffer[self.at] != byte {
                    return self.expected("an object");
                }
                self.at += 1;
            }
        }
        if self.take(b'{')? {
            Ok(())
        } else {
            self.expected("an object")
        }
    }

    /// The next key of the document; `None` after the last, when nothing may follow. `first` tells whether none was read yet.
    pub fn key(&mut self, first: bool) -> Result<Option<String>, DocumentError> {
        if self.take(b'}')? {
            return match self.peek()? {
                None => Ok(None),
                Some(_) => self.expected("the end of the document"),
            };
        }
        if !first && !self.take(b',')? {
            return self.expected("`,` or `}`");
        }
        if self.peek()? != Some(b'"') {
            return self.expected("a key");
        }
        let mut raw = Vec::new();
        self.value(&mut raw)?;
        let Ok(key) = serde_json::from_slice(&raw) else {
            return self.expected("a key");
        };
        if !self.take(b':')? {
            return self.expected("`:`");
        }
        Ok(Some(key))
    }

    /// Whether a list comes next.
    pub fn at_list(&mut self) -> Result<bool, DocumentError> {
        Ok(self.peek()? == Some(b'['))
    }

    /// The opening bracket of a list; false when there is `null` instead.
    pub fn list(&mut self) -> Result<bool, DocumentError> {
        if self.take(b'[')? {
            return Ok(true);
        }
        if self.peek()? == Some(b'n') {
            let mut raw = Vec::new();
            self.value(&mut raw)?;
            if raw == b"null" {
                return Ok(false);
            }
        }
        self.expected("a list")
    }

    /// Adds the next record's bytes to `out`; false after the last one.
    pub fn element(&mut self, first: bool, out: &mut Vec<u8>) -> Result<bool, DocumentError> {
        if self.take(b']')? {
            return Ok(false);
        }
        if !first && !self.take(b',')? {
            return self.expected("`,` or `]`");
        }
        self.value(out)?;
        Ok(true)
    }

    /// Adds the bytes of the next value to `out`.
    pub fn value(&mut self, out: &mut Vec<u8>) -> Result<(), DocumentError> {
        match self.peek()? {
            Some(b'{' | b'[') => self.nested(out),
            Some(b'"') => {
                out.push(b'"');
                self.at += 1;
                self.string(out)
            }
            Some(b',' | b'}' | b']' | b':') | None => self.expected("a value"),
            Some(_) => self.word(out),
        }
    }

    /// A number or a word, up to what cannot be part of one.
    fn word(&mut self, out: &mut Vec<u8>) -> Result<(), DocumentError> {
        while self.fill()? {
            let rest = &self.buffer[self.at..self.end];
            let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
            let length = rest.iter().position(ends).unwrap_or(rest.len());
            out.extend_from_slice(&rest[..length]);
            self.at += length;
            if self.at < self.end {
                break;
            }
        }
        Ok(())
    }

    /// The rest of a string after its opening quote.
    fn string(&mut self, out: &mut Vec<u8>) -> Result<(), DocumentError> {
        let mut escaped = false;
        while self.fill()? {
            let start = self.at;
            while self.at < self.end {
                let byte = self.buffer[self.at];
                self.at += 1;
                if escaped {
                    escaped = false;
                } else if byte == b'\\' {
                    escaped = true;
                } else if byte == b'"' {
                    out.extend_from_slice(&self.buffer[start..self.at]);
                    return Ok(());
                }
            }
            out.extend_from_slice(&self.buffer[start..self.at]);
        }
        self.expected("the end of a text")
    }

    /// An object or a list, up to the bracket that closes it. Which bracket closes which is left to serde.
    fn nested(&mut self, out: &mut Vec<u8>) -> Result<(), DocumentError> {
        let mut depth = 0_usize;
        let (mut quoted, mut escaped) = (false, false);
        while self.fill()? {
            let start = self.at;
            let bytes = &self.buffer[start..self.end];
            let mut at = 0;
            while at < bytes.len() {
                if quoted {
                    if escaped {
                        escaped = false;
                        at += 1;
                        continue;
                    }
                    let special = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\'));
                    let Some(skipped) = special else {
                        break;
                    };
                    at += skipped + 1;
                    if bytes[at - 1] == b'"' {
                        quoted = false;
                    } else {
                        escaped = true;
                    }
                    continue;
                }
                match bytes[at] {
                    b'"' => quoted = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            out.extend_from_slice(&bytes[..=at]);
                            self.at = start + at + 1;
                            return Ok(());
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
            out.extend_from_slice(bytes);
            self.at = self.end;
        }
        self.expected("the end of a record")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Gives one byte at a time: every token meets the edge of a buffer.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else {
                return Ok(0);
            };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    /// The document put together again from its pieces.
    fn pieces(input: impl Read) -> Result<Value, DocumentError> {
        let mut scanner = Scanner::new(input);
        scanner.begin()?;
        let mut whole = serde_json::Map::new();
        let mut first = true;
        while let Some(key) = scanner.key(first)? {
            first = false;
            if key.starts_with("list") {
                let mut records = Vec::new();
                if scanner.list()? {
                    let mut raw = Vec::new();
                    while scanner.element(records.is_empty(), &mut raw)? {
                        records.push(serde_json::from_slice::<Value>(&raw).unwrap());
                        raw.clear();
                    }
                }
                whole.insert(key, records.into());
            } else {
                let mut raw = Vec::new();
                scanner.value(&mut raw)?;
                whole.insert(key, serde_json::from_slice(&raw).unwrap());
            }
        }
        Ok(whole.into())
    }

    #[test]
    fn a_document_is_the_sum_of_its_pieces_wherever_the_buffer_ends() {
        let document = json!({
            "data_end": "2026-01-01T00:00:00Z",
            "list": [{"id": "a\"}]\\", "n": [1, {"b": "]"}]}, "x", 12.5, null, [], {}],
            "list2": [],
            "clé \"\u{1F600}": {"deep": [[[{}]]]},
            "n": -3,
            "t": true,
        });
        for text in [document.to_string(), serde_json::to_string_pretty(&document).unwrap()] {
            assert_eq!(pieces(text.as_bytes()).unwrap(), document);
            assert_eq!(pieces(Drops(text.as_bytes())).unwrap(), document);
            let marked = format!("\u{FEFF}{text}\n");
            assert_eq!(pieces(Drops(marked.as_bytes())).unwrap(), document);
        }
        assert_eq!(pieces(&br#"{"list": null}"#[..]).unwrap(), json!({"list": []}));
    }

    #[test]
    fn what_is_no_document_is_refused_where_it_stops_being_one() {
        for (text, at) in [
            ("", 0),
            ("[]", 0),
            ("{", 1),
            (r#"{"a" 1}"#, 5),
            (r#"{"a":}"#, 5),
            (r#"{"a":1 "b":2}"#, 7),
            (r#"{"a":1} x"#, 8),
            (r#"{"list":{}}"#, 8),
            (r#"{"list":[1 2]}"#, 11),
            (r#"{"list":[{"a":"#, 14),
            (r#"{"list":["abc"#, 13),
        ] {
            match pieces(text.as_bytes()) {
                Err(DocumentError::Syntax { offset, .. }) => assert_eq!(offset, at, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
