//! Indicators of the small lists (surveys, outages, checks, milestones, dashboards), and the report made of everything.

use super::{
    DuplicateTicket, Engine, PERIODS, Tally,
    bounds::Bounds,
    mean::{Fraction, Notes},
    reason,
    tally::Count,
    tickets::Delay,
};
use crate::{
    calendar::{Calendar, Wait, merge_waits},
    contract::{Indicator, Rule},
    evidence::model::{Compliance, Deliverable, Milestone, Outage, Survey},
    instant::{Instant, Nanoseconds},
    period::Period,
    report::{Figure, IndicatorReport, PeriodFigure, Report},
};
use std::collections::BTreeSet;

/// The lists of the document that are short however large the help desk: kept whole, in the document's order.
#[derive(Debug, Default)]
pub struct SmallSections {
    /// Periodic surveys.
    pub surveys: Vec<Survey>,
    /// Outages.
    pub outages: Vec<Outage>,
    /// Services in scope.
    pub services: Vec<String>,
    /// Checks against the security policy.
    pub compliance: Vec<Compliance>,
    /// Milestones.
    pub milestones: Vec<Milestone>,
    /// Dashboards.
    pub deliverables: Vec<Deliverable>,
}

/// Thirteen figures and what was missed in the last month.
type Series = ([Figure; PERIODS], Vec<Box<str>>);

/// A figure that is a number of hits.
#[allow(clippy::cast_precision_loss, reason = "numbers of tickets")]
fn share(count: Count) -> Figure {
    Figure::of(count.hits as f64, count.total as f64)
}

/// Counts hits and what is missed, outside a tally.
#[derive(Default)]
struct Counts {
    months: [Count; PERIODS],
    missed: Vec<Box<str>>,
}

impl Counts {
    fn add(&mut self, month: usize, hit: bool, id: &str) {
        if let Some(count) = self.months.get_mut(month) {
            count.total += 1;
            count.hits += u64::from(hit);
        }
        if !hit && month == PERIODS - 1 {
            self.missed.push(id.into());
        }
    }

    fn series(self) -> Series {
        (self.months.map(share), self.missed)
    }
}

#[allow(clippy::cast_precision_loss, reason = "numbers of answers")]
fn means(notes: &[Notes; PERIODS]) -> [Figure; PERIODS] {
    std::array::from_fn(|month| {
        let notes = &notes[month];
        let sum = notes.sum();
        Figure {
            numerator: sum.value(),
            denominator: notes.count as f64,
            value: (notes.count > 0).then(|| sum.divided_by(notes.count).value()),
        }
    })
}

/// What an outage is called in the lists: it has no id of its own.
fn outage_id(outage: &Outage) -> String {
    format!("{}@{}", outage.service, outage.started_at)
}

impl Engine<'_> {
    /// The report on everything that was counted.
    ///
    /// # Errors
    /// A ticket was counted twice.
    pub fn report(&self, mut tally: Tally, small: &SmallSections) -> Result<Report, DuplicateTicket> {
        tally.check_tickets()?;
        self.settle_answers(&mut tally);
        let good = self.checked(small, &mut tally);
        let indicators = self
            .contract
            .indicators
            .iter()
            .enumerate()
            .filter_map(|(place, indicator)| {
                let (calendar, periods) = self.calendars.get(indicator.calendar)?.as_ref()?;
                let series = self.series(place, indicator, &good, (calendar, periods), &mut tally);
                Some(self.indicator(indicator, series))
            })
            .collect();
        let (mut excluded, mut rejected) = (tally.excluded, tally.rejected);
        excluded.sort_unstable();
        rejected.sort_unstable();
        // Two indicators may refuse the same dashboard.
        rejected.dedup();
        Ok(Report {
            period: self.period,
            contract: self.contract.id.clone(),
            indicators,
            excluded,
            rejected,
        })
    }

    /// The small lists without what is bad or not known yet.
    fn checked(&self, small: &SmallSections, tally: &mut Tally) -> SmallSections {
        let mut good = SmallSections {
            services: small.services.clone(),
            ..SmallSections::default()
        };
        for survey in &small.surveys {
            if survey.scale > 0.0 && (0.0..=survey.scale).contains(&survey.note) {
                good.surveys.push(survey.clone());
            } else {
                tally.reject(&format!("survey {}", survey.period), reason::NOTE_OUT_OF_SCALE);
            }
        }
        for outage in &small.outages {
            if outage.ended_at.is_some_and(|end| end < outage.started_at) {
                tally.reject(&outage_id(outage), reason::OUTAGE_ENDS_BEFORE_START);
            } else if outage.started_at > self.data_end {
                tally.exclude(&outage_id(outage), reason::AFTER_DATA_END);
            } else {
                good.outages.push(Outage {
                    ended_at: self.known(outage.ended_at),
                    ..outage.clone()
                });
            }
        }
        for check in &small.compliance {
            if check.compliant > check.checked {
                tally.reject(&format!("compliance {}", check.at), reason::MORE_COMPLIANT_THAN_CHECKED);
            } else if check.at <= self.data_end {
                good.compliance.push(check.clone());
            } else {
                tally.exclude(&format!("compliance {}", check.at), reason::AFTER_DATA_END);
            }
        }
        for milestone in &small.milestones {
            good.milestones.push(Milestone {
                done_at: self.known(milestone.done_at),
                ..milestone.clone()
            });
        }
        for deliverable in &small.deliverables {
            good.deliverables.push(Deliverable {
                delivered_at: self.known(deliverable.delivered_at),
                ..deliverable.clone()
            });
        }
        good
    }

    fn series(
        &self,
        place: usize,
        indicator: &Indicator,
        small: &SmallSections,
        (calendar, periods): (&Calendar, &Bounds),
        tally: &mut Tally,
    ) -> Series {
        match &indicator.rule {
            Rule::CallAnswer { .. }
            | Rule::TakeUp(_)
            | Rule::AlertTakeUp { .. }
            | Rule::FirstContact(_)
            | Rule::Escalation(_)
            | Rule::Resolution { .. }
            | Rule::SolvedShare(_)
            | Rule::ReopenRate(_) => {
                let (counts, missed) = tally.take(place);
                (counts.map(share), missed)
            }
            Rule::Satisfaction => {
                let mut notes: [Notes; PERIODS] = Default::default();
                for answer in &tally.answers {
                    if let Some(month) = periods.of(answer.at) {
                        notes[month].add(answer.note, answer.scale);
                    }
                }
                (means(&notes), Vec::new())
            }
            Rule::Survey => {
                let mut notes: [Notes; PERIODS] = Default::default();
                for survey in &small.surveys {
                    // A month's survey counts where the month begins.
                    if let Some(month) = periods.of(survey.period.first_instant(calendar.zone())) {
                        notes[month].add(survey.note, survey.scale);
                    }
                }
                (means(&notes), Vec::new())
            }
            Rule::Availability { services } => (self.availability(services, small, calendar, periods), Vec::new()),
            Rule::Compliance => (compliance(small, periods), Vec::new()),
            Rule::Milestones => self.milestones(small, periods),
            Rule::Deliverables { target } => self.deliverables(small, *target, (calendar, periods), tally),
            Rule::Restoration {
                services,
                except,
                target,
            } => {
                let named = |outage: &&Outage| {
                    (services.is_empty() || services.contains(&outage.service)) && !except.contains(&outage.service)
                };
                let mut counts = Counts::default();
                for outage in small.outages.iter().filter(named) {
                    let delay = Delay {
                        start: outage.started_at,
                        end: outage.ended_at,
                        waits: &[],
                        target: *target,
                    };
                    if let Some((month, hit)) = delay.counted(calendar, periods, self.data_end) {
                        counts.add(month, hit, &outage_id(outage));
                    }
                }
                counts.series()
            }
        }
    }

    /// Per service 1 − downtime ÷ service time, then the mean, over the part of each month that is known.
    #[allow(clippy::cast_precision_loss, reason = "numbers of services")]
    fn availability(
        &self,
        wanted: &[String],
        small: &SmallSections,
        calendar: &Calendar,
        periods: &Bounds,
    ) -> [Figure; PERIODS] {
        let services: BTreeSet<&String> = small
            .services
            .iter()
            .filter(|service| wanted.is_empty() || wanted.contains(service))
            .collect();
        let mut down: Vec<Wait> = Vec::new();
        // Downtimes of one service that overlap are one.
        let mut by_service: Vec<Vec<Wait>> = Vec::with_capacity(services.len());
        for service in &services {
            down.extend(
                small
                    .outages
                    .iter()
                    .filter(|outage| outage.service == **service)
                    .map(|outage| Wait {
                        start: outage.started_at,
                        end: outage.ended_at.unwrap_or(self.data_end),
                    }),
            );
            merge_waits(&mut down);
            by_service.push(std::mem::take(&mut down));
        }
        std::array::from_fn(|month| {
            let (first, end) = (periods.first(month), periods.first(month + 1).min(self.data_end));
            let open = calendar.service_time(first, end);
            if open <= 0 || services.is_empty() {
                return Figure::EMPTY;
            }
            let available = by_service.iter().fold(Fraction::ZERO, |sum, downtimes| {
                let down: Nanoseconds = downtimes
                    .iter()
                    .map(|down| calendar.service_time(down.start.max(first), down.end.min(end)))
                    .sum();
                sum.plus(Fraction::new(i128::from(open - down), i128::from(open)))
            });
            let count = services.len() as u64;
            Figure {
                numerator: available.value(),
                denominator: services.len() as f64,
                value: Some(available.divided_by(count).value()),
            }
        })
    }

    /// Milestones due; one that is due after the data's end is judged only if it is done.
    fn milestones(&self, small: &SmallSections, periods: &Bounds) -> Series {
        let mut counts = Counts::default();
        for milestone in &small.milestones {
            if milestone.done_at.is_none() && milestone.due_at > self.data_end {
                continue;
            }
            if let Some(month) = periods.of(milestone.due_at) {
                let kept = milestone.done_at.is_some_and(|done| done <= milestone.due_at);
                counts.add(month, kept, &milestone.id);
            }
        }
        counts.series()
    }

    /// Dashboards due: so many service days after their month's end.
    fn deliverables(
        &self,
        small: &SmallSections,
        target: Nanoseconds,
        (calendar, periods): (&Calendar, &Bounds),
        tally: &mut Tally,
    ) -> Series {
        let mut counts = Counts::default();
        for deliverable in &small.deliverables {
            let (_, month_end) = calendar.month(deliverable.month);
            if deliverable.delivered_at.is_some_and(|delivered| delivered < month_end) {
                tally.reject(&deliverable.id, reason::DELIVERED_BEFORE_MONTH_END);
                continue;
            }
            let Some(due) = calendar.target_date(month_end, target) else {
                continue;
            };
            let hit = match deliverable.delivered_at {
                Some(delivered) => calendar.service_time(month_end, delivered) <= target,
                None if due > self.data_end => continue,
                None => false,
            };
            if let Some(month) = periods.of(due) {
                counts.add(month, hit, &deliverable.id);
            }
        }
        counts.series()
    }

    /// A period by its place.
    fn period_at(&self, place: usize) -> Period {
        self.period.plus(i32::try_from(place).unwrap_or(0) - 12)
    }

    fn indicator(&self, indicator: &Indicator, (figures, mut missed): Series) -> IndicatorReport {
        missed.sort_unstable();
        let last = figures[PERIODS - 1];
        let met = last.value.map(|value| indicator.objective.is_met(value));
        let history = figures
            .iter()
            .enumerate()
            .map(|(place, figure)| PeriodFigure {
                period: self.period_at(place),
                figure: *figure,
            })
            .collect();
        IndicatorReport {
            id: indicator.id.clone(),
            figure: last,
            objective: indicator.objective.share(),
            met,
            penalty: indicator.penalty.clone().filter(|_| met == Some(false)),
            missed,
            history,
        }
    }
}

/// The last check of each month; of two at the same instant the one that comes last in the document.
#[allow(clippy::cast_precision_loss, reason = "numbers of machines")]
fn compliance(small: &SmallSections, periods: &Bounds) -> [Figure; PERIODS] {
    let mut last: [Option<(Instant, &Compliance)>; PERIODS] = [None; PERIODS];
    for check in &small.compliance {
        if let Some(month) = periods.of(check.at)
            && last[month].is_none_or(|(at, _)| at <= check.at)
        {
            last[month] = Some((check.at, check));
        }
    }
    last.map(|check| {
        check.map_or(Figure::EMPTY, |(_, check)| {
            Figure::of(check.compliant as f64, check.checked as f64)
        })
    })
}
