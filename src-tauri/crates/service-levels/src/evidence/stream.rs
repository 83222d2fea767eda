//! Reads a document of any size: one thread cuts it up, the others understand the records and count them at once. What is
//! kept is what the report needs, so memory does not grow with the number of tickets but for their ids.

use super::{
    document::{DocumentError, Scanner},
    model::{Alert, Call, Satisfaction, Ticket},
};
use crate::{
    contract::Contract,
    engine::{DuplicateTicket, Engine, Life, SmallSections, Tally},
    instant::Instant,
    period::Period,
    report::Report,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    io::{self, Read},
    num::NonZeroUsize,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, sync_channel},
    },
};

/// Why evidence cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Not a JSON document, or the file cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The key `data_end` is not there.
    #[error("the document has no data_end")]
    NoDataEnd,
    /// A record does not say what it should.
    #[error("{section}[{index}] {id}: {field}: {detail}")]
    Record {
        /// Which list.
        section: String,
        /// Which of its records, from 0.
        index: usize,
        /// The record's id, where it has one.
        id: String,
        /// Which key of it.
        field: String,
        /// What is wrong.
        detail: String,
    },
    /// A ticket is there twice.
    #[error(transparent)]
    Twice(#[from] DuplicateTicket),
}

impl From<io::Error> for EvidenceError {
    fn from(error: io::Error) -> Self {
        Self::Document(error.into())
    }
}

/// The lists whose records are counted as they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Tickets,
    Calls,
    Alerts,
    Satisfaction,
}

impl Section {
    fn of(key: &str) -> Option<Self> {
        Some(match key {
            "tickets" => Self::Tickets,
            "calls" => Self::Calls,
            "alerts" => Self::Alerts,
            "satisfaction" => Self::Satisfaction,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::Calls => "calls",
            Self::Alerts => "alerts",
            Self::Satisfaction => "satisfaction",
        }
    }
}

/// Some records of a list, one after another.
struct Batch {
    /// Its place among the batches.
    number: usize,
    section: Section,
    /// Place of its first record in the list.
    first: usize,
    bytes: Vec<u8>,
    /// Where each record ends.
    ends: Vec<usize>,
}

/// A batch is handed over when it is as large as this…
const BATCH_BYTES: usize = 1 << 20;
/// …and so many wait at most, per worker.
const WAITING: usize = 2;

/// A record as it is wrong: `(place of its batch, place in its list)` tells which error came first.
type Failure = ((usize, usize), EvidenceError);

/// What is wrong with a record: its id and the key are looked for only now, so that good records cost nothing.
fn record_error<'de, T: Deserialize<'de>>(
    section: &str,
    index: usize,
    raw: &'de [u8],
    error: &serde_json::Error,
) -> EvidenceError {
    let mut reader = serde_json::Deserializer::from_slice(raw);
    let field = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) if error.path().iter().len() > 0 => error.path().to_string(),
        _ => String::from("-"),
    };
    let whole: Option<Value> = serde_json::from_slice(raw).ok();
    let id = |key: &str| match whole.as_ref().and_then(|record| record.get(key)) {
        Some(Value::String(id)) => Some(id.clone()),
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => None,
    };
    // serde adds a place within the record, which is no place in the file.
    let detail = error.to_string();
    let detail = detail.rfind(" at line ").map_or(detail.as_str(), |at| &detail[..at]);
    EvidenceError::Record {
        section: section.to_owned(),
        index,
        id: ["id", "ticket", "service"]
            .into_iter()
            .find_map(id)
            .unwrap_or_else(|| "-".to_owned()),
        field,
        detail: detail.to_owned(),
    }
}

fn parse<'de, T: Deserialize<'de>>(section: &str, index: usize, raw: &'de [u8]) -> Result<T, EvidenceError> {
    serde_json::from_slice(raw).map_err(|error| record_error::<T>(section, index, raw, &error))
}

/// Finds `data_end`, which may come last: everything is judged by it.
fn data_end<R: Read>(input: R) -> Result<Instant, EvidenceError> {
    let mut scanner = Scanner::new(input);
    scanner.begin()?;
    let mut first = true;
    let mut raw = Vec::new();
    while let Some(key) = scanner.key(first)? {
        first = false;
        raw.clear();
        if key == "data_end" {
            scanner.value(&mut raw)?;
            return parse("data_end", 0, &raw);
        }
        if !scanner.at_list()? {
            scanner.value(&mut raw)?;
            continue;
        }
        // A list is skipped record by record, so that none of it is kept.
        scanner.list()?;
        let mut first = true;
        while scanner.element(first, &mut raw)? {
            first = false;
            raw.clear();
        }
    }
    Err(EvidenceError::NoDataEnd)
}

/// The report on a document that `open` gives to read, as often as it is asked (twice).
///
/// # Errors
/// The document cannot be read, is no evidence, or has a ticket twice.
pub fn report<R: Read>(
    open: impl Fn() -> io::Result<R>,
    contract: &Contract,
    period: impl Into<Period>,
) -> Result<Report, EvidenceError> {
    let engine = Engine::new(contract, period, data_end(open()?)?);
    let workers = std::thread::available_parallelism()
        .map_or(2, NonZeroUsize::get)
        .clamp(1, 16);
    let (sender, receiver) = sync_channel::<Batch>(workers * WAITING);
    let receiver = Mutex::new(receiver);
    let stop = AtomicBool::new(false);
    let mut small = SmallSections::default();
    let (cut, counted) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|_| scope.spawn(|| work(&engine, &receiver, &stop)))
            .collect();
        let mut hand_over = |batch: Batch| !stop.load(Ordering::Relaxed) && sender.send(batch).is_ok();
        let cut = open()
            .map_err(EvidenceError::from)
            .and_then(|input| cut_up(input, &mut small, &mut hand_over));
        drop(sender);
        let counted: Vec<_> = threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        (cut, counted)
    });
    let mut whole = engine.tally();
    let mut failures: Vec<Failure> = Vec::new();
    for one in counted {
        match one {
            Ok(Ok(tally)) => whole.join(tally),
            Ok(Err(failure)) => failures.push(failure),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    // The first record that is wrong, whoever found which.
    if let Some((_, error)) = failures.into_iter().min_by_key(|(place, _)| *place) {
        return Err(error);
    }
    cut?;
    Ok(engine.report(whole, &small)?)
}

/// Cuts the document up, hands the long lists over and reads the short ones.
fn cut_up<R: Read>(
    input: R,
    small: &mut SmallSections,
    hand_over: &mut impl FnMut(Batch) -> bool,
) -> Result<(), EvidenceError> {
    let mut scanner = Scanner::new(input);
    scanner.begin()?;
    let mut first = true;
    let mut number = 0;
    while let Some(key) = scanner.key(first)? {
        first = false;
        if let Some(section) = Section::of(&key) {
            if !scanner.list()? {
                continue;
            }
            let mut index = 0;
            loop {
                let mut batch = Batch {
                    number,
                    section,
                    first: index,
                    bytes: Vec::with_capacity(BATCH_BYTES + BATCH_BYTES / 8),
                    ends: Vec::new(),
                };
                number += 1;
                let mut more = true;
                while more && batch.bytes.len() < BATCH_BYTES {
                    more = scanner.element(index == 0, &mut batch.bytes)?;
                    if more {
                        batch.ends.push(batch.bytes.len());
                        index += 1;
                    }
                }
                if !hand_over(batch) {
                    // A record was wrong: whoever found it tells.
                    return Ok(());
                }
                if !more {
                    break;
                }
            }
            continue;
        }
        match key.as_str() {
            "surveys" => list(&mut scanner, &key, &mut small.surveys)?,
            "outages" => list(&mut scanner, &key, &mut small.outages)?,
            "services" => list(&mut scanner, &key, &mut small.services)?,
            "compliance" => list(&mut scanner, &key, &mut small.compliance)?,
            "milestones" => list(&mut scanner, &key, &mut small.milestones)?,
            "deliverables" => list(&mut scanner, &key, &mut small.deliverables)?,
            _ => scanner.value(&mut Vec::new())?,
        }
    }
    Ok(())
}

/// A list read at once.
fn list<R: Read, T: DeserializeOwned>(
    scanner: &mut Scanner<R>,
    key: &str,
    out: &mut Vec<T>,
) -> Result<(), EvidenceError> {
    if !scanner.list()? {
        return Ok(());
    }
    let mut raw = Vec::new();
    let mut index = 0;
    while scanner.element(index == 0, &mut raw)? {
        out.push(parse(key, index, &raw)?);
        raw.clear();
        index += 1;
    }
    Ok(())
}

/// A worker: batches until there are none.
fn work(engine: &Engine<'_>, batches: &Mutex<Receiver<Batch>>, stop: &AtomicBool) -> Result<Tally, Failure> {
    let mut tally = engine.tally();
    let mut life = Life::default();
    loop {
        let batch = match batches.lock() {
            Ok(batches) => batches.recv(),
            // Another worker panicked; that is told when it is joined.
            Err(_) => return Ok(tally),
        };
        let Ok(batch) = batch else {
            return Ok(tally);
        };
        let mut start = 0;
        for (place, end) in batch.ends.iter().enumerate() {
            let index = batch.first + place;
            let counted = count(engine, &batch, start..*end, index, &mut life, &mut tally);
            if let Err(error) = counted {
                stop.store(true, Ordering::Relaxed);
                return Err(((batch.number, index), error));
            }
            start = *end;
        }
    }
}

fn count(
    engine: &Engine<'_>,
    batch: &Batch,
    range: Range<usize>,
    index: usize,
    life: &mut Life,
    tally: &mut Tally,
) -> Result<(), EvidenceError> {
    let raw = batch.bytes.get(range).unwrap_or_default();
    let name = batch.section.name();
    match batch.section {
        Section::Tickets => engine.ticket(&parse::<Ticket<'_>>(name, index, raw)?, life, tally),
        Section::Calls => engine.call(&parse::<Call<'_>>(name, index, raw)?, tally),
        Section::Alerts => engine.alert(&parse::<Alert<'_>>(name, index, raw)?, tally),
        Section::Satisfaction => tally.satisfaction(&parse::<Satisfaction<'_>>(name, index, raw)?),
    }
    Ok(())
}

#[cfg(test)]
#[path = "stream_tests.rs"]
pub(crate) mod tests;
