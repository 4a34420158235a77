//! `refrain replay`: a policy on recorded signals, without a network.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::calibrated::Table;
use super::report::{self, Failure, Report};
use super::signals::{Column, Signals};
use super::table::{Align, Table as TextTable};
use crate::policy::{Policy, Pool, VerifyKind, Wants};
use crate::scheduler::{Action, Begin, Event, Lane, NO_SLOT, Notice, Outcome, Reason, Scheduler};
use crate::text::Named;
use crate::timeline::{Call, Timeline};
use crate::trace::Trace;

/// Most steps of a replay: its events are held until the trace is printed.
const MAX_STEPS: u32 = 1_000_000;

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
    /// Columns are named as the policy's `signal` names them (modulated-input, front-residual, …), and
    /// `rate` (the transformation rate that goes with each computed call, for `rescale=rate`), `factor`
    /// (of an aligned prediction), `error` (of a verified forecast), `time` (the sampler's time; without
    /// it 1000 falling evenly to 0); a column `call` may number the rows from 0. A field that is empty
    /// or `nan`, and a column that is not there, count as not measured: the call is computed. All lanes
    /// measure the same.
    #[arg(long, value_name = "CSV")]
    signals: Option<PathBuf>,
    /// Calibrated table for the policy's method
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
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
    /// Only where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    lane: Option<u32>,
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
    let mut policy = Policy::parse(&arguments.policy).map_err(|e| Failure::about("--policy", e))?;
    if let Some(path) = &arguments.table {
        policy = Table::read(path)?.apply(&policy)?;
    }
    let steps = arguments.steps;
    if !(1..=MAX_STEPS).contains(&steps) {
        return Err(Failure::new(format!(
            "--steps is {steps}; allowed is 1 to {MAX_STEPS}"
        )));
    }
    // Every column of a mask is a lane of its own.
    let lanes = alloc::vec![Lane::NEW; policy.guards.columns(steps) as usize];
    let mut scheduler = Scheduler::new(policy, Timeline::new(steps), lanes)
        .map_err(|error| Failure::about("--policy", error))?;
    let signals = match &arguments.signals {
        Some(path) => Signals::read(path, steps)?,
        None => Signals::default(),
    };
    signals.note_missing(&policy, arguments.signals.is_some());
    let traces = decide(&mut scheduler, &signals)?;
    let mut events: Vec<&Event> = traces.iter().flat_map(Trace::events).collect();
    events.sort_by_key(|event| event.call);
    let many = traces.len() > 1;
    let text: Vec<String> = traces.iter().map(|trace| trace.to_string()).collect();
    let text = text.join("\n");
    let notice = sentence(scheduler.notice());
    let stats = scheduler.stats();
    if arguments.json {
        report.json(&Replay {
            policy: policy.to_string(),
            steps,
            trace: text,
            calls: stats.calls,
            computed: stats.computed,
            notice,
            events: events.iter().map(|event| row(event, many)).collect(),
        })?;
    } else {
        report.line(&text);
        report.line("");
        report.line(table(&events, many));
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

/// Asks, decides and commits every call; one trace a lane.
fn decide(scheduler: &mut Scheduler<Vec<Lane>>, signals: &Signals) -> Result<Vec<Trace>, Failure> {
    let policy = *scheduler.policy();
    let steps = scheduler.timeline().steps;
    let lanes = scheduler.lanes().len();
    let together = policy.pool != Pool::Alone;
    let mut traces = alloc::vec![Trace::new(); if together { 1 } else { lanes }];
    for step in 0..steps {
        let refused = |error| Failure::about(format_args!("call {step}"), error);
        for (lane, trace) in (0..).zip(&mut traces) {
            let call = Call {
                lane,
                time: signals.time(step, steps),
                ..Call::new(step)
            };
            let event = loop {
                let pending = match scheduler.begin(call).map_err(refused)? {
                    Begin::Decided(pending) => pending,
                    Begin::Needs(question) => {
                        let mut values =
                            alloc::vec![signals.at(Column::Factor, step); question.values];
                        let signal = signals.at(Column::Signal(question.signal), step);
                        let count = if question.aligned {
                            values.len() / 2
                        } else {
                            values.len()
                        };
                        values
                            .iter_mut()
                            .take(count)
                            .for_each(|value| *value = signal);
                        scheduler.decide(question, &values).map_err(refused)?
                    }
                };
                let count = if together { lanes } else { 1 };
                let measured = match (pending.decision().action, policy.wants()) {
                    (Action::Verify, _) => alloc::vec![signals.at(Column::Error, step)],
                    (Action::Compute, Wants::Rate) => {
                        alloc::vec![signals.at(Column::Rate, step); count]
                    }
                    (Action::Compute, Wants::Signal) => {
                        alloc::vec![signals.at(Column::Signal(policy.gauge.signal), step); count]
                    }
                    _ => Vec::new(),
                };
                let outcome = if measured.is_empty() {
                    Outcome::Done
                } else {
                    Outcome::Measured(&measured)
                };
                let event = scheduler.commit(pending, outcome).map_err(refused)?;
                // A forecast that is given up is no call: it is made again, computed.
                let given_up = event.action == Action::Verify
                    && event.reason == Reason::ForecastRejected
                    && policy.verify.kind == VerifyKind::Rollback;
                if !given_up {
                    break event;
                }
            };
            trace.push(event);
        }
    }
    Ok(traces)
}

fn table(events: &[&Event], many: bool) -> TextTable {
    let mut columns = alloc::vec![("call", Align::Right)];
    columns.extend(many.then_some(("lane", Align::Right)));
    columns.extend([
        ("action", Align::Left),
        ("order", Align::Right),
        ("reason", Align::Left),
        ("signal", Align::Right),
        ("spent", Align::Right),
    ]);
    let mut table = TextTable::new(columns);
    for event in events {
        let event = row(event, many);
        let mut cells = alloc::vec![event.call.to_string()];
        cells.extend(event.lane.map(|lane| lane.to_string()));
        cells.extend([
            event.action.to_string(),
            event.order.to_string(),
            event.reason.to_string(),
            event.signal.map_or("-".to_string(), |v| format!("{v:.6}")),
            format!("{:.6}", event.spent),
        ]);
        table.row(cells);
    }
    table
}

fn row(event: &Event, many: bool) -> Row {
    Row {
        call: event.call,
        lane: many.then_some(event.lane),
        action: event.action.name(),
        reason: event.reason.name(),
        order: event.order,
        slot: (event.slot != NO_SLOT).then_some(event.slot),
        signal: (event.signal >= 0.0).then_some(event.signal),
        spent: event.spent,
    }
}
