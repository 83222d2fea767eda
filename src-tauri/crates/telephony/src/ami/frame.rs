//! AMI's line protocol: frames of `Key: Value` lines, ended by an empty line, after one greeting line.
//!
//! The decoder takes bytes as they come and bounds everything: a line, a frame, the number of fields. What is too long is
//! skipped to the next empty line and counted; what is no UTF-8 is replaced; a line without a colon is no field. A PBX that
//! sends rubbish costs those frames, never the connection, and never memory.

use std::fmt;

/// Longest line kept. Asterisk's own buffer for one is 1,025 bytes; variables may be longer.
const LONGEST_LINE: usize = 16 * 1024;
/// Most bytes of one frame.
const LONGEST_FRAME: usize = 256 * 1024;
/// Most fields of one frame: `AttendedTransfer`, the largest, has about 75; a command's output has a field per line.
const MOST_FIELDS: usize = 4096;

/// One message: its fields in order. Keys may repeat (`Output`, `Variable`).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Frame {
    fields: Vec<(String, String)>,
}

impl Frame {
    /// A message of these fields.
    #[must_use]
    pub fn new<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            fields: fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    /// Adds a field at the end.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.fields.push((key.to_owned(), value.into()));
        self
    }

    /// The first value of a key; keys compare without case, as Asterisk's do.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a key, unless it is empty or one of Asterisk's words for nothing.
    #[must_use]
    pub fn known(&self, key: &str) -> Option<&str> {
        self.get(key)
            .filter(|value| !matches!(*value, "" | "<unknown>" | "<none>" | "(null)"))
    }

    /// The fields in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The event's name, when it is one.
    #[must_use]
    pub fn event(&self) -> Option<&str> {
        self.get("Event")
    }

    /// Its bytes on the wire. `None` when a key or a value could end its line and begin another one: nothing that came from
    /// a person or a server is ever sent as a field of its own making.
    #[must_use]
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut text = String::new();
        for (key, value) in &self.fields {
            let safe = |text: &str| !text.contains(['\r', '\n', '\0']);
            if !safe(key) || !safe(value) || key.is_empty() || key.contains(':') {
                return None;
            }
            text.push_str(key);
            text.push_str(": ");
            text.push_str(value);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        Some(text.into_bytes())
    }
}

/// Secrets never reach a log, not even by `{:?}`.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (key, value) in self.fields() {
            let secret = ["secret", "key"].iter().any(|word| key.eq_ignore_ascii_case(word));
            map.entry(&key, &if secret { "…" } else { value });
        }
        map.finish()
    }
}

/// Cuts a byte stream into frames.
#[derive(Debug, Default)]
pub struct Decoder {
    greeting: Option<String>,
    line: Vec<u8>,
    line_too_long: bool,
    frame: Frame,
    size: usize,
    skipping: bool,
    skipped: u64,
}

impl Decoder {
    /// One that waits for the greeting.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The greeting ("Asterisk Call Manager/9.0.0"), once it came.
    #[must_use]
    pub fn greeting(&self) -> Option<&str> {
        self.greeting.as_deref()
    }

    /// How many frames were given up because they were too large.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Takes bytes in and gives the frames they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Frame> {
        let mut frames = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                if self.line.len() < LONGEST_LINE {
                    self.line.push(*byte);
                } else {
                    self.line_too_long = true;
                }
                continue;
            }
            let mut line = std::mem::take(&mut self.line);
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            let too_long = std::mem::take(&mut self.line_too_long);
            if let Some(frame) = self.line(&String::from_utf8_lossy(&line), too_long) {
                frames.push(frame);
            }
        }
        frames
    }

    fn line(&mut self, line: &str, too_long: bool) -> Option<Frame> {
        if self.greeting.is_none() {
            self.greeting = Some(line.to_owned());
            return None;
        }
        if line.is_empty() {
            self.size = 0;
            let frame = std::mem::take(&mut self.frame);
            let skipped = std::mem::take(&mut self.skipping);
            self.skipped += u64::from(skipped);
            return (!skipped && !frame.fields.is_empty()).then_some(frame);
        }
        self.size += line.len();
        if too_long || self.size > LONGEST_FRAME || self.frame.fields.len() >= MOST_FIELDS {
            self.skipping = true;
            self.frame = Frame::default();
        }
        if !self.skipping
            && let Some((key, value)) = line.split_once(':')
        {
            let value = value.strip_prefix(' ').unwrap_or(value);
            self.frame.fields.push((key.trim().to_owned(), value.to_owned()));
        }
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(bytes: &[u8]) -> Vec<Frame> {
        let mut decoder = Decoder::new();
        decoder.push(b"Asterisk Call Manager/9.0.0\r\n");
        decoder.push(bytes)
    }

    #[test]
    fn the_greeting_is_one_line_and_no_frame() {
        let mut decoder = Decoder::new();
        let frames = decoder.push(b"Asterisk Call Manager/9.0.0\r\nResponse: Success\r\nActionID: a1\r\n\r\n");
        assert_eq!(decoder.greeting(), Some("Asterisk Call Manager/9.0.0"));
        assert_eq!(frames, [Frame::new([("Response", "Success"), ("ActionID", "a1")])]);
    }

    #[test]
    fn values_may_hold_colons_and_keys_may_repeat() {
        let frames = decode(b"Response: Success\nOutput: a: b\nOutput:\nAppData: x,,,60\n\n");
        assert_eq!(frames.len(), 1);
        let outputs: Vec<_> = frames[0].fields().filter(|(key, _)| *key == "Output").collect();
        assert_eq!(outputs, [("Output", "a: b"), ("Output", "")]);
        assert_eq!(frames[0].get("appdata"), Some("x,,,60"), "keys have no case");
    }

    #[test]
    fn a_giant_line_costs_its_frame_and_nothing_else() {
        let mut bytes = b"Event: Hangup\r\nValue: ".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', 10_000_000));
        bytes.extend(b"\r\nUniqueid: 1\r\n\r\nEvent: Hangup\r\nUniqueid: 2\r\n\r\n");
        let mut decoder = Decoder::new();
        decoder.push(b"hello\n");
        let frames = decoder.push(&bytes);
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0].get("Uniqueid"), Some("2"));
        assert_eq!(decoder.skipped(), 1);
        assert!(decoder.line.capacity() <= 2 * LONGEST_LINE);
    }

    #[test]
    fn a_frame_without_end_does_not_grow() {
        let mut decoder = Decoder::new();
        decoder.push(b"hello\n");
        for _ in 0..200_000 {
            assert!(decoder.push(b"Key: value\r\n").is_empty());
        }
        assert!(decoder.frame.fields.len() <= MOST_FIELDS);
        assert_eq!(decoder.push(b"\r\nEvent: Next\r\n\r\n").len(), 1);
    }

    #[test]
    fn a_value_that_could_begin_a_field_of_its_own_is_never_sent() {
        for value in ["7001\r\nAction: Command", "7001\nX: y", "a\0b"] {
            assert_eq!(
                Frame::new([("Action", "Atxfer"), ("Exten", value)]).encode(),
                None,
                "{value:?}"
            );
        }
        assert_eq!(Frame::new([("Exten: 1\r\nAction", "x")]).encode(), None);
        assert_eq!(
            Frame::new([("Action", "Ping")]).encode().unwrap(),
            b"Action: Ping\r\n\r\n"
        );
    }

    #[test]
    fn a_secret_is_not_printed() {
        let printed = format!("{:?}", Frame::new([("Action", "Login"), ("Secret", "hunter2")]));
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_are_survived_and_give_the_same_frames(
            bytes in proptest::collection::vec(any::<u8>(), 0..4000),
            cuts in proptest::collection::vec(1_usize..200, 1..40),
        ) {
            let whole = decode(&bytes);
            let mut decoder = Decoder::new();
            decoder.push(b"Asterisk Call Manager/9.0.0\r\n");
            let (mut pieces, mut rest) = (Vec::new(), bytes.as_slice());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                pieces.extend(decoder.push(piece));
                rest = after;
            }
            prop_assert_eq!(whole, pieces);
        }

        #[test]
        fn what_is_encoded_is_decoded_again(
            fields in proptest::collection::vec(("[A-Za-z][A-Za-z0-9-]{0,20}", "[^\r\n\0]{0,60}"), 1..20),
        ) {
            let mut frame = Frame::default();
            for (key, value) in &fields {
                frame = frame.with(key, value.clone());
            }
            let decoded = decode(&frame.encode().unwrap());
            prop_assert_eq!(decoded, [frame]);
        }
    }
}
