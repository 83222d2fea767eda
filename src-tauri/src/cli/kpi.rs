//! `kpi`: the indicators of a contract, from an evidence document (which needs no profile, no server and no window: the computation
//! can be checked by anyone who has the two files) or from what the desk holds, and that as a document.

use super::{
    Ending, Output,
    args::{FormatArg, KpiArgs, KpiCommand},
    output::{shortened, shown_time},
};
use crate::{
    core::{
        Desk,
        evidence::{self, Parts, Written},
        figures,
    },
    error::AppError,
    messages::Locale,
};
use guichet_service_levels::{
    Contract, EvidenceError, Month, Report,
    contract::{Indicator, Text},
    evidence::{document::DocumentError, stream},
    export::workbook,
    report::{Figure, IndicatorReport, Listed},
};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Characters of an indicator's name in the table.
const NAME_WIDTH: usize = 44;

/// What can go wrong with indicators.
#[derive(Debug, thiserror::Error)]
pub enum KpiError {
    /// The evidence is wrong.
    #[error("{path}: {source}")]
    Evidence {
        /// Which.
        path: PathBuf,
        /// What.
        source: EvidenceError,
    },
    /// A workbook is not for a terminal.
    #[error("a workbook needs a file")]
    OutputMissing,
    /// The result cannot be written.
    #[error("{path}: {source}")]
    Write {
        /// Where to.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl KpiError {
    /// Every code, for the catalogue's test.
    pub const CODES: [&str; 6] = [
        "evidence_document",
        "evidence_no_data_end",
        "evidence_record",
        "evidence_twice",
        "output_missing",
        "file_unwritable",
    ];

    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Evidence { source, .. } => match source {
                EvidenceError::Document(DocumentError::Read(_)) => "file_unreadable",
                EvidenceError::Document(DocumentError::Syntax { .. }) => "evidence_document",
                EvidenceError::NoDataEnd => "evidence_no_data_end",
                EvidenceError::Record { .. } => "evidence_record",
                EvidenceError::Twice(_) => "evidence_twice",
            },
            Self::OutputMissing => "output_missing",
            Self::Write { .. } => "file_unwritable",
        }
    }

    /// The command was given wrongly.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::OutputMissing)
    }

    /// What fills the places of the texts.
    #[must_use]
    pub fn args(&self) -> Vec<(&'static str, String)> {
        let shown = |path: &Path| path.display().to_string();
        match self {
            Self::Evidence { path, source } => {
                let mut args = vec![("path", shown(path))];
                match source {
                    EvidenceError::Document(DocumentError::Read(error)) => args.push(("detail", error.to_string())),
                    EvidenceError::Document(DocumentError::Syntax { offset, expected }) => {
                        args.extend([("offset", offset.to_string()), ("expected", (*expected).to_owned())]);
                    }
                    EvidenceError::NoDataEnd => {}
                    EvidenceError::Record {
                        section,
                        index,
                        id,
                        field,
                        detail,
                    } => args.extend([
                        ("section", section.clone()),
                        ("index", index.to_string()),
                        ("name", id.clone()),
                        ("field", field.clone()),
                        ("detail", detail.clone()),
                    ]),
                    EvidenceError::Twice(twice) => args.push(("name", twice.id.clone())),
                }
                args
            }
            Self::OutputMissing => Vec::new(),
            Self::Write { path, source } => vec![("path", shown(path)), ("detail", source.to_string())],
        }
    }
}

/// How the report is written, and whether it can be.
fn format_of(out: &Output, args: &KpiArgs) -> Result<FormatArg, AppError> {
    let format = args
        .format
        .unwrap_or(if out.json { FormatArg::Json } else { FormatArg::Table });
    if format == FormatArg::Xlsx && args.output.is_none() && std::io::stdout().is_terminal() {
        return Err(KpiError::OutputMissing.into());
    }
    Ok(format)
}

/// The month, which the grammar asks for.
fn month_of(args: &KpiArgs) -> Result<Month, AppError> {
    args.month.ok_or_else(|| AppError::Usage {
        what: "month",
        value: String::new(),
    })
}

/// Computes from a file of evidence, and writes.
pub fn run(out: &Output, args: &KpiArgs, evidence: &Path) -> Result<Ending, AppError> {
    let (format, month) = (format_of(out, args)?, month_of(args)?);
    let contract = crate::core::contract::load(args.contract.as_deref().unwrap_or_default())?;
    // A missing file is told as such, before anything is computed.
    drop(File::open(evidence).map_err(|source| AppError::File {
        path: evidence.to_owned(),
        source,
    })?);
    let report = stream::report(|| File::open(evidence), &contract, month).map_err(|source| KpiError::Evidence {
        path: evidence.to_owned(),
        source,
    })?;
    write(out, args, format, &report, &contract)
}

async fn contract_of(desk: &Desk, named: Option<&str>) -> Result<Arc<Contract>, AppError> {
    match named {
        Some(name) => Ok(Arc::new(crate::core::contract::load(name)?)),
        None => desk.contract().await,
    }
}

fn parts_of(path: Option<&Path>) -> Result<Parts, AppError> {
    path.map_or_else(|| Ok(Parts::default()), evidence::parts)
}

/// What cannot be told is said beside the figures, where it disturbs no program.
fn say_gaps(out: &Output, written: &Written) {
    for line in evidence::told(&written.gaps, out.locale) {
        out.aside(&line);
    }
}

/// Computes from what the desk holds, or writes that as evidence.
pub async fn run_on(desk: &Desk, out: &Output, args: &KpiArgs) -> Result<Ending, AppError> {
    if let Some(KpiCommand::ExportEvidence(args)) = &args.command {
        let contract = contract_of(desk, args.contract.as_deref()).await?;
        let parts = parts_of(args.with.as_deref())?;
        let written = desk.write_evidence(&contract, args.from, &parts, &args.output).await?;
        let path = args.output.display().to_string();
        let (tickets, calls) = (written.tickets, written.calls);
        out.answer(
            &serde_json::json!({ "path": path, "tickets": tickets, "calls": calls, "gaps": written.gaps, "data_end": written.data_end }),
            || {
                let filled = [
                    ("tickets", tickets.to_string()),
                    ("calls", calls.to_string()),
                    ("path", path.clone()),
                    ("data_end", shown_time(written.data_end)),
                ];
                out.text("kpi.exported", &filled)
            },
        );
        say_gaps(out, &written);
        return Ok(Ending::Done);
    }
    let (format, month) = (format_of(out, args)?, month_of(args)?);
    let contract = contract_of(desk, args.contract.as_deref()).await?;
    let parts = parts_of(args.with.as_deref())?;
    let (report, written) = desk.indicators(&contract, month, &parts).await?;
    out.aside(&out.text("kpi.from_desk", &[("data_end", shown_time(written.data_end))]));
    say_gaps(out, &written);
    write(out, args, format, &report, &contract)
}

fn write(
    out: &Output,
    args: &KpiArgs,
    format: FormatArg,
    report: &Report,
    contract: &Contract,
) -> Result<Ending, AppError> {
    let words = Words { out, contract };
    let bytes = match format {
        FormatArg::Json => {
            let mut bytes = serde_json::to_vec(report).map_err(|error| KpiError::Write {
                path: args.output.clone().unwrap_or_default(),
                source: error.into(),
            })?;
            bytes.push(b'\n');
            bytes
        }
        FormatArg::Table => format!("{}\n", words.table(report)).into_bytes(),
        FormatArg::Xlsx => workbook(
            report,
            contract,
            &figures::labels(out.locale),
            &|indicator| words.name(&indicator.name).to_owned(),
            &|reason| words.reason(reason),
        )?,
    };
    match &args.output {
        Some(path) => {
            std::fs::write(path, bytes).map_err(|source| KpiError::Write {
                path: path.clone(),
                source,
            })?;
            if !out.json {
                out.aside(&out.text("kpi.written", &[("path", path.display().to_string())]));
            }
        }
        None => {
            let mut stdout = std::io::stdout().lock();
            // A reader that went away (`| head`) is no failure of ours.
            let _ = stdout.write_all(&bytes).and_then(|()| stdout.flush());
        }
    }
    Ok(Ending::Done)
}

/// The report in a person's words.
struct Words<'a> {
    out: &'a Output,
    contract: &'a Contract,
}

impl Words<'_> {
    fn name<'t>(&self, text: &'t Text) -> &'t str {
        match self.out.locale {
            Locale::Fr => &text.fr,
            Locale::En => &text.en,
        }
    }

    fn reason(&self, reason: &str) -> String {
        self.out.text(&format!("kpi.reason.{reason}"), &[])
    }

    fn decimal(&self, text: String) -> String {
        match self.out.locale {
            Locale::Fr => text.replace('.', ","),
            Locale::En => text,
        }
    }

    /// A share in percent. It is cut, not rounded: 94.999 % must not read like the 95 % it misses.
    fn percent(&self, value: Option<f64>) -> String {
        let Some(value) = value else {
            return "–".to_owned();
        };
        // A hair is added first: 0.07 × 10,000 is 700.0000000000001 one way and 0.29 × 10,000 is 2,899.9999999999995 the other.
        let hundredths = (value * 10_000.0 + 1e-7).floor();
        let text = self.decimal(format!("{:.2}", hundredths / 100.0));
        match self.out.locale {
            Locale::Fr => format!("{text} %"),
            Locale::En => format!("{text}%"),
        }
    }

    fn number(&self, value: f64) -> String {
        if value.fract() == 0.0 {
            format!("{value:.0}")
        } else {
            self.decimal(format!("{value:.2}"))
        }
    }

    fn earlier(&self, told: &IndicatorReport, months: usize) -> String {
        let month = told
            .history
            .len()
            .checked_sub(months + 1)
            .and_then(|place| told.history.get(place));
        self.percent(month.and_then(|month| month.figure.value))
    }

    fn row(&self, indicator: &Indicator, told: &IndicatorReport) -> Vec<String> {
        let Figure {
            numerator,
            denominator,
            value,
        } = told.figure;
        let sign = match indicator.objective {
            guichet_service_levels::contract::Objective::AtLeast(_) => "≥",
            guichet_service_levels::contract::Objective::AtMost(_) => "≤",
        };
        let met = match told.met {
            Some(true) => self.out.text("kpi.met.yes", &[]),
            Some(false) => self.out.text("kpi.met.no", &[]),
            None => "–".to_owned(),
        };
        let penalty = told
            .penalty
            .as_ref()
            .map(|level| match self.contract.penalties.get(level) {
                Some(penalty) if penalty.amount > 0.0 => {
                    format!("{level} ({} {})", self.number(penalty.amount), penalty.currency)
                }
                _ => level.clone(),
            });
        vec![
            told.id.clone(),
            shortened(self.name(&indicator.name), NAME_WIDTH),
            self.percent(value),
            format!("{}/{}", self.number(numerator), self.number(denominator)),
            format!("{sign} {}", self.percent(Some(told.objective))),
            met,
            penalty.unwrap_or_default(),
            told.missed.len().to_string(),
            self.earlier(told, 1),
            self.earlier(told, 12),
        ]
    }

    fn table(&self, report: &Report) -> String {
        let head = self.out.text(
            "kpi.head",
            &[
                ("contract", self.name(&self.contract.name).to_owned()),
                ("month", report.period.to_string()),
            ],
        );
        let rows = self.contract.indicators.iter().zip(&report.indicators);
        let table = self.out.table(
            &[
                "column.kpi.indicator",
                "column.kpi.name",
                "column.kpi.value",
                "column.kpi.ratio",
                "column.kpi.objective",
                "column.kpi.met",
                "column.kpi.penalty",
                "column.kpi.missed",
                "column.kpi.month_before",
                "column.kpi.year_before",
            ],
            rows.map(|(indicator, told)| self.row(indicator, told)).collect(),
        );
        let mut lines = vec![head, table];
        let amount = self.amount(report);
        if !amount.is_empty() {
            lines.push(self.out.text("kpi.amount", &[("amount", amount)]));
        }
        for (key, list) in [("kpi.excluded", &report.excluded), ("kpi.rejected", &report.rejected)] {
            if !list.is_empty() {
                lines.push(self.out.text(
                    key,
                    &[("count", list.len().to_string()), ("reasons", self.reasons(list))],
                ));
            }
        }
        lines.join("\n")
    }

    /// Money foreseen, by currency; empty where nothing is due or no amount is known.
    fn amount(&self, report: &Report) -> String {
        let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
        let levels = report.indicators.iter().filter_map(|told| told.penalty.as_ref());
        for penalty in levels.filter_map(|level| self.contract.penalties.get(level)) {
            *sums.entry(&penalty.currency).or_default() += penalty.amount;
        }
        let shown = sums.iter().filter(|(_, sum)| **sum > 0.0);
        let shown: Vec<String> = shown
            .map(|(currency, sum)| format!("{} {currency}", self.number(*sum)))
            .collect();
        shown.join(" + ")
    }

    fn reasons(&self, list: &[Listed]) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for listed in list {
            *counts.entry(listed.reason).or_default() += 1;
        }
        let told: Vec<String> = counts
            .iter()
            .map(|(reason, count)| format!("{} {count}", self.reason(reason)))
            .collect();
        told.join(", ")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use guichet_service_levels::{contract::Problem, engine::reason};

    /// One of each, for the catalogue's test.
    pub(crate) fn every_error() -> Vec<KpiError> {
        let text = || String::from("x");
        let evidence = |source| KpiError::Evidence {
            path: PathBuf::from("x"),
            source,
        };
        vec![
            evidence(std::io::Error::other("x").into()),
            evidence(
                DocumentError::Syntax {
                    offset: 1,
                    expected: "x",
                }
                .into(),
            ),
            evidence(EvidenceError::NoDataEnd),
            evidence(EvidenceError::Record {
                section: text(),
                index: 0,
                id: text(),
                field: text(),
                detail: text(),
            }),
            evidence(guichet_service_levels::engine::DuplicateTicket { id: text() }.into()),
            KpiError::OutputMissing,
            KpiError::Write {
                path: PathBuf::from("x"),
                source: std::io::Error::other("x"),
            },
        ]
    }

    #[test]
    fn every_reason_and_every_problem_has_its_text() {
        let text = || String::from("x");
        let problems = [
            Problem::Syntax(text()),
            Problem::TimeZone(text()),
            Problem::Days(text()),
            Problem::Opening(text()),
            Problem::OpeningsOverlap(text()),
            Problem::NeverOpen(text()),
            Problem::Date(text()),
            Problem::Length(text()),
            Problem::NoCalendar(text()),
            Problem::NoPopulation(text()),
            Problem::NoPenalty(text()),
            Problem::NoRoster(text()),
            Problem::NoSteps(text()),
            Problem::NoDomain(text()),
            Problem::DomainTwice(text()),
            Problem::FormTwice(text()),
            Problem::Extension(text()),
            Problem::NoHotTransfer,
            Problem::Empty { key: text() },
            Problem::Place {
                key: text(),
                name: text(),
            },
            Problem::Twice(text()),
            Problem::MissingKey {
                kind: text(),
                key: text(),
            },
            Problem::UselessKey {
                kind: text(),
                key: text(),
            },
            Problem::Objective,
            Problem::Range {
                key: text(),
                min: 0,
                max: 1,
            },
        ];
        for locale in Locale::ALL {
            let out = Output { json: false, locale };
            for reason in reason::ALL {
                let key = format!("kpi.reason.{reason}");
                assert_ne!(out.text(&key, &[]), key);
            }
            for problem in &problems {
                let key = format!("contract.problem.{}", problem.code());
                let told = out.text(&key, &problem.arguments());
                assert!(told != key && !told.contains('{'), "{told}");
            }
            let contract = Contract::embedded("vsgp").unwrap().unwrap();
            let words = Words {
                out: &out,
                contract: &contract,
            };
            let labels = format!("{:?}", figures::labels(words.out.locale));
            assert!(!labels.contains("kpi."), "{labels}");
        }
    }

    #[test]
    fn a_figure_just_below_its_objective_does_not_read_like_it() {
        let out = Output {
            json: false,
            locale: Locale::En,
        };
        let contract = Contract::embedded("vsgp").unwrap().unwrap();
        let words = Words {
            out: &out,
            contract: &contract,
        };
        assert_eq!(words.percent(Some(0.949_999)), "94.99%");
        assert_eq!(words.percent(Some(0.95)), "95.00%");
        assert_eq!(words.percent(Some(0.29)), "29.00%");
        assert_eq!(words.percent(Some(1.0)), "100.00%");
        assert_eq!(words.percent(None), "–");
    }
}
