//! `refrain replay`: a policy on recorded signals, without a network.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::str;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::report::{self, Failure, Report};
use super::table::{Align, Table};
use crate::policy::{Policy, Wants};
use crate::scheduler::{Begin, Event, Lane, NO_SLOT, Notice, Outcome, Scheduler};
use crate::signal::SignalKind;
use crate::text::Named;
use crate::timeline::{Call, Timeline};
use crate::trace::Trace;

/// Most steps of a replay: its events are held until the trace is printed.
const MAX_STEPS: u32 = 1_000_000;
/// Longest file of signals, in bytes.
const MAX_SIGNALS: u64 = 256 << 20;

/// Run a policy on recorded signals and print what it decides
///
/// The first line of the output is the trace, one letter a call: C computed, r reused, p predicted.
/// A table of the calls follows.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Policy, as `method:key=value,…`; `refrain policies` lists them
    #[arg(long, value_name = "TEXT")]
    policy: String,
    /// Sampler steps of the run, 1 to 1000000; one call each
    #[arg(long, value_name = "N")]
    steps: u32,
    /// Recorded signals: a header, then one row a call
    ///
    /// Columns are named modulated-input, front-residual, model-input (as the policy's `signal`
    /// names them) and rate (the transformation rate that goes with each computed call, for
    /// `rescale=rate`); a column `call` may number the rows from 0. A field that is empty or `nan`,
    /// and a column that is not there, count as not measured: the call is computed.
    #[arg(long, value_name = "CSV")]
    signals: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Replay {
    policy: String,
    steps: u32,
    trace: String,
    calls: u32,
    computed: u32,
    notice: Option<&'static str>,
    events: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    call: u32,
    action: &'static str,
    reason: &'static str,
    order: u32,
    /// Anchor slot written by a computed call.
    slot: Option<u32>,
    /// None if none was asked for, or it could not be used.
    signal: Option<f64>,
    spent: f64,
}

pub(super) fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let policy = Policy::parse(&arguments.policy).map_err(|e| Failure::about("--policy", e))?;
    let steps = arguments.steps;
    if !(1..=MAX_STEPS).contains(&steps) {
        return Err(Failure::new(format!(
            "--steps is {steps}; allowed is 1 to {MAX_STEPS}"
        )));
    }
    let mut scheduler = Scheduler::new(policy, Timeline::new(steps), [Lane::NEW; 1])
        .map_err(|error| Failure::about("--policy", error))?;
    let signals = match &arguments.signals {
        Some(path) => Signals::read(path, steps)?,
        None => Signals::default(),
    };
    signals.note_missing(&policy, arguments.signals.is_some());
    let trace = decide(&mut scheduler, &signals)?;
    let notice = sentence(scheduler.notice());
    let stats = scheduler.stats();
    if arguments.json {
        report.json(&Replay {
            policy: policy.to_string(),
            steps,
            trace: trace.to_string(),
            calls: stats.calls,
            computed: stats.computed,
            notice,
            events: trace.events().iter().map(row).collect(),
        })?;
    } else {
        report.line(&trace);
        report.line("");
        report.line(table(&trace));
        report.line("");
        report.line(format_args!(
            "{policy}: {} of {} calls computed",
            stats.computed, stats.calls
        ));
    }
    if let Some(notice) = notice {
        report::note(format_args!("{policy}: {notice}"));
    }
    Ok(())
}

/// What a notice means.
pub(super) const fn sentence(notice: Notice) -> Option<&'static str> {
    match notice {
        Notice::None => None,
        Notice::CannotSkip => Some(
            "cannot skip on so few steps: warm-up, last steps, window or mask have every one computed",
        ),
        Notice::NothingSkipped => {
            Some("nothing was skipped; a larger threshold or interval skips more")
        }
    }
}

/// Asks, decides and commits every call.
fn decide(scheduler: &mut Scheduler, signals: &Signals) -> Result<Trace, Failure> {
    let rated = scheduler.policy().wants() == Wants::Rate;
    let mut trace = Trace::new();
    for step in 0..scheduler.timeline().steps {
        let refused = |error| Failure::about(format_args!("call {step}"), error);
        let pending = match scheduler.begin(Call::new(step)).map_err(refused)? {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => {
                let value = signals.at(Column::Signal(question.signal), step);
                scheduler.decide(question, &[value]).map_err(refused)?
            }
        };
        let rate = [signals.at(Column::Rate, step)];
        let outcome = if rated && !pending.decision().action.skips() {
            Outcome::Measured(&rate)
        } else {
            Outcome::Done
        };
        trace.push(scheduler.commit(pending, outcome).map_err(refused)?);
    }
    Ok(trace)
}

fn table(trace: &Trace) -> Table {
    let mut table = Table::new([
        ("call", Align::Right),
        ("action", Align::Left),
        ("order", Align::Right),
        ("reason", Align::Left),
        ("signal", Align::Right),
        ("spent", Align::Right),
    ]);
    for event in trace.events() {
        let event = row(event);
        table.row([
            event.call.to_string(),
            event.action.to_string(),
            event.order.to_string(),
            event.reason.to_string(),
            event.signal.map_or("-".to_string(), |v| format!("{v:.6}")),
            format!("{:.6}", event.spent),
        ]);
    }
    table
}

fn row(event: &Event) -> Row {
    Row {
        call: event.call,
        action: event.action.name(),
        reason: event.reason.name(),
        order: event.order,
        slot: (event.slot != NO_SLOT).then_some(event.slot),
        signal: (event.signal >= 0.0).then_some(event.signal),
        spent: event.spent,
    }
}

/// What a column of the file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Call,
    Signal(SignalKind),
    Rate,
}

impl Column {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "call" => Some(Self::Call),
            "rate" => Some(Self::Rate),
            _ => SignalKind::from_name(name).map(Self::Signal),
        }
    }
}

/// Recorded signals, one row a call.
#[derive(Debug, Default)]
struct Signals {
    columns: Vec<Column>,
    /// Row after row.
    values: Vec<f64>,
}

impl Signals {
    fn read(path: &Path, steps: u32) -> Result<Self, Failure> {
        let bytes = report::read(path, MAX_SIGNALS)?;
        let text = str::from_utf8(&bytes).map_err(|_| {
            Failure::about(
                path.display(),
                "not UTF-8 text; give comma-separated values",
            )
        })?;
        Self::parse(text, steps).map_err(|error| Failure::about(path.display(), error))
    }

    fn parse(text: &str, steps: u32) -> Result<Self, String> {
        let mut lines = text
            .lines()
            .enumerate()
            .filter(|(_, l)| !l.trim().is_empty());
        let (_, header) = lines
            .next()
            .ok_or("empty; the first line names the columns")?;
        let mut columns = Vec::new();
        for name in header
            .trim_start_matches('\u{feff}')
            .split(',')
            .map(str::trim)
        {
            let column = Column::from_name(name).ok_or_else(|| {
                let names: Vec<&str> = SignalKind::ALL.iter().map(|kind| kind.name()).collect();
                format!(
                    "column `{name}` is unknown; columns are call, {}, rate",
                    names.join(", ")
                )
            })?;
            if columns.contains(&column) {
                return Err(format!("column `{name}` is there twice; keep one"));
            }
            columns.push(column);
        }
        let mut values = Vec::new();
        let mut rows = 0_u32;
        for (number, line) in lines {
            let line_number = number + 1;
            let fields = line.split(',').count();
            if fields != columns.len() {
                return Err(format!(
                    "line {line_number} has {fields} fields but the header has {}",
                    columns.len()
                ));
            }
            for (field, column) in line.split(',').map(str::trim).zip(&columns) {
                let value = match field {
                    "" => f64::NAN,
                    _ => field.parse().map_err(|_| {
                        format!(
                            "line {line_number}: `{field}` is not a number; empty is not measured"
                        )
                    })?,
                };
                if *column == Column::Call && value != f64::from(rows) {
                    return Err(format!(
                        "line {line_number} is call {field} but should be call {rows}; \
                         give every call once, in order"
                    ));
                }
                values.push(value);
            }
            rows = rows.saturating_add(1);
        }
        if rows != steps {
            return Err(format!(
                "{rows} rows of signals but --steps is {steps}; give one row a call"
            ));
        }
        Ok(Self { columns, values })
    }

    /// The value of a call, NaN if it was not recorded.
    fn at(&self, column: Column, call: u32) -> f64 {
        let index = self.columns.iter().position(|c| *c == column);
        index
            .and_then(|i| self.values.get(call as usize * self.columns.len() + i))
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// Tells which columns the policy would have used.
    fn note_missing(&self, policy: &Policy, given: bool) {
        use crate::policy::GaugeKind;
        if policy.gauge.kind != GaugeKind::Signal {
            return;
        }
        let mut wanted = alloc::vec![Column::Signal(policy.gauge.signal)];
        if policy.wants() == Wants::Rate {
            wanted.push(Column::Rate);
        }
        for column in wanted.into_iter().filter(|c| !self.columns.contains(c)) {
            let name = match column {
                Column::Signal(kind) => kind.name(),
                Column::Rate | Column::Call => "rate",
            };
            let source = if given {
                "the file has no column"
            } else {
                "without --signals there is no"
            };
            report::note(format_args!(
                "{policy} asks for `{name}`, but {source} `{name}`: calls that need it are computed"
            ));
        }
    }
}
