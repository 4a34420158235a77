//! A file of what was decided, call by call.

use alloc::string::{String, ToString};

use serde::Serialize;

use super::report::Failure;
use super::timed::Run;
use crate::scheduler::NO_SLOT;
use crate::text::Named;

/// The columns of the CSV form: the fields of [`Line`].
const HEADER: &str = "policy,call,step,evaluation,lane,action,reason,order,slot,signal,spent\n";

/// One call.
#[derive(Serialize)]
struct Line<'a> {
    policy: &'a str,
    call: u32,
    step: u32,
    evaluation: u32,
    lane: u32,
    action: &'static str,
    reason: &'static str,
    order: u32,
    slot: Option<u32>,
    signal: Option<f64>,
    spent: f64,
}

/// The calls of the runs as JSON lines or as CSV.
pub(super) fn write<'a>(runs: impl Iterator<Item = &'a Run>, csv: bool) -> Result<String, Failure> {
    let mut text = String::new();
    if csv {
        text.push_str(HEADER);
    }
    for run in runs {
        let policy = run.label();
        for event in &run.events {
            let line = Line {
                policy: &policy,
                call: event.call,
                step: event.step,
                evaluation: event.evaluation,
                lane: event.lane,
                action: event.action.name(),
                reason: event.reason.name(),
                order: event.order,
                slot: (event.slot != NO_SLOT).then_some(event.slot),
                signal: (event.signal >= 0.0).then_some(event.signal),
                spent: event.spent,
            };
            if csv {
                text.push_str(&line.csv());
            } else {
                let line = serde_json::to_string(&line)
                    .map_err(|error| Failure::about("cannot write JSON", error))?;
                text.push_str(&line);
            }
            text.push('\n');
        }
    }
    Ok(text)
}

impl Line<'_> {
    /// The policy's text has commas of its own, so it is quoted.
    fn csv(&self) -> String {
        alloc::format!(
            "\"{}\",{},{},{},{},{},{},{},{},{},{}",
            self.policy,
            self.call,
            self.step,
            self.evaluation,
            self.lane,
            self.action,
            self.reason,
            self.order,
            self.slot.map_or(String::new(), |slot| slot.to_string()),
            self.signal
                .map_or(String::new(), |signal| signal.to_string()),
            self.spent,
        )
    }
}
