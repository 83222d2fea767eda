//! What was measured: distributions by name, rates, and the slowest of a kind.

use guichet_store::StoreError;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Figures in the order they were first taken.
pub struct Figures {
    tickets: i64,
    samples: Vec<(String, Vec<f64>)>,
    rates: Vec<(String, u64, f64, f64)>,
    notes: Vec<(String, f64, String)>,
    slowest: Vec<(String, String, f64)>,
}

/// Processor time of this process so far in seconds, where the system tells (a shared machine's wall clock tells little).
pub fn cpu() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanoseconds: f64 = tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|stat| stat.split_whitespace().next()?.parse::<f64>().ok())
        .sum();
    nanoseconds / 1e9
}

impl Figures {
    pub fn new(tickets: i64) -> Self {
        Self {
            tickets,
            samples: Vec::new(),
            rates: Vec::new(),
            notes: Vec::new(),
            slowest: Vec::new(),
        }
    }

    /// Adds a sample in milliseconds.
    pub fn sample(&mut self, name: &str, ms: f64) {
        match self.samples.iter_mut().find(|(known, _)| known == name) {
            Some((_, samples)) => samples.push(ms),
            None => self.samples.push((name.to_owned(), vec![ms])),
        }
    }

    /// Times one call.
    pub async fn timed<T>(
        &mut self,
        name: &str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        Ok(self.timed_as(name, work).await?.0)
    }

    /// Times one call and tells how long it took, in milliseconds.
    pub async fn timed_as<T>(
        &mut self,
        name: &str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<(T, f64), StoreError> {
        let start = Instant::now();
        let value = work.await?;
        let took = start.elapsed().as_secs_f64() * 1000.0;
        self.sample(name, took);
        Ok((value, took))
    }

    /// Rows written, in wall and processor time.
    pub fn rate(&mut self, name: &str, rows: u64, wall: Duration, cpu: f64) {
        println!(
            "{name:<28} {rows:>9} rows {:>9.0} /s {:>9.0} /s of processor",
            rows as f64 / wall.as_secs_f64(),
            rows as f64 / cpu
        );
        self.rates.push((name.to_owned(), rows, wall.as_secs_f64(), cpu));
    }

    /// One number.
    pub fn note(&mut self, name: &str, value: f64, unit: &str) {
        self.notes.push((name.to_owned(), value, unit.to_owned()));
    }

    /// Remembers the slowest of a kind.
    pub fn slowest(&mut self, kind: &str, what: &str, ms: f64) {
        self.slowest.push((kind.to_owned(), what.to_owned(), ms));
        self.slowest.sort_by(|a, b| b.2.total_cmp(&a.2));
        self.slowest.truncate(12);
    }

    /// Memory in use now (Linux).
    pub fn memory(&mut self) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kilobytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        if let Some(kilobytes) = kilobytes {
            self.note("resident memory at the end", kilobytes / 1000.0, "MB");
        }
    }

    pub fn print(&self) {
        println!("\n{:<40} {:>6} {:>9} {:>9} {:>9}", "ms", "n", "p50", "p95", "max");
        for (name, samples) in &self.samples {
            let [p50, p95, max] = percentiles(samples);
            println!("{name:<40} {:>6} {p50:>9.2} {p95:>9.2} {max:>9.2}", samples.len());
        }
        for (kind, what, ms) in &self.slowest {
            println!("slowest {kind}: {what:?} {ms:.1} ms");
        }
        for (name, value, unit) in &self.notes {
            println!("{name}: {value:.0} {unit}");
        }
    }

    pub fn json(&self) -> String {
        let samples: Vec<Value> = self
            .samples
            .iter()
            .map(|(name, samples)| {
                let [p50, p95, max] = percentiles(samples);
                json!({ "name": name, "n": samples.len(), "p50_ms": p50, "p95_ms": p95, "max_ms": max })
            })
            .collect();
        let rates: Vec<Value> = self
            .rates
            .iter()
            .map(|(name, rows, wall, cpu)| json!({ "name": name, "rows": rows, "wall_s": wall, "cpu_s": cpu }))
            .collect();
        let slowest: Vec<Value> = self
            .slowest
            .iter()
            .map(|(kind, what, ms)| json!({ "kind": kind, "what": what, "ms": ms }))
            .collect();
        let notes: Vec<Value> = self
            .notes
            .iter()
            .map(|(name, value, unit)| json!({ "name": name, "value": value, "unit": unit }))
            .collect();
        let document =
            json!({ "tickets": self.tickets, "rates": rates, "reads": samples, "slowest": slowest, "notes": notes });
        format!("{document:#}\n")
    }
}

/// The median, the 95th percentile and the greatest.
fn percentiles(samples: &[f64]) -> [f64; 3] {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    [0.5, 0.95, 1.0].map(|share| {
        let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
        sorted.get(at).copied().unwrap_or_default()
    })
}
