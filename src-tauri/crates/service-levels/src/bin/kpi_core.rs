//! What `guichet kpi --format json` does, without the rest of the program: quick to build, for the benchmark.
//! `guichet-kpi-core EVIDENCE CONTRACT YYYY-MM`: the report goes to standard output.

use guichet_service_levels::{Contract, Month, evidence::stream};
use std::{error::Error, fs::File, io::Write};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [evidence, contract, month] = arguments.as_slice() else {
        return Err("guichet-kpi-core EVIDENCE CONTRACT YYYY-MM".into());
    };
    let contract = Contract::embedded(contract).ok_or("no such contract")??;
    let month: Month = month.parse()?;
    let report = stream::report(|| File::open(evidence), &contract, month)?;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &report)?;
    writeln!(out)?;
    Ok(())
}
