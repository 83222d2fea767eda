//! Memory of a program with all its processes, from `/proc`.

use crate::window::children;
use std::fs;

/// Memory of a program and of everything it started, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Proportional set size: pages that several processes share count once in all.
    pub pss: u64,
    /// How many processes it is.
    pub processes: usize,
}

impl Memory {
    /// Now.
    #[must_use]
    pub fn of(program: u32) -> Self {
        let family = family(program);
        Self {
            pss: family.iter().filter_map(|process| pss(*process)).sum(),
            processes: family.len(),
        }
    }
}

fn family(program: u32) -> Vec<u32> {
    let mut all = vec![program];
    let mut next = 0;
    while let Some(&process) = all.get(next) {
        all.extend(children(process).map(|(child, _)| child));
        next += 1;
    }
    all
}

fn pss(process: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
