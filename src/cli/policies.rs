//! `refrain policies`: what there is to choose from.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use clap::Args;
use serde::Serialize;

use super::report::{Failure, Report};
use super::table::{Align, Table};
use crate::policy::{GaugeKind, KEYS, Key, Method, ParseError, Policy, Preset, tables};
use crate::text::Named;

/// List the policies, or explain one: its rule, its options and when not to use it
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Policy to explain; without it all are listed
    name: Option<String>,
    /// Print one JSON document: an array with an object for each policy
    #[arg(long)]
    json: bool,
}

/// One policy as JSON.
#[derive(Serialize)]
struct Entry {
    name: &'static str,
    family: &'static str,
    summary: &'static str,
    rule: &'static str,
    avoid: &'static str,
    citation: &'static str,
    needs_calibration: bool,
    site: &'static str,
    signal: Option<&'static str>,
    anchors: u32,
    options: Vec<Choice>,
}

/// One option of a policy as JSON.
#[derive(Serialize)]
struct Choice {
    name: &'static str,
    default: String,
    allowed: String,
    summary: &'static str,
}

pub(super) fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let presets: Vec<&Preset> = match &arguments.name {
        Some(name) => alloc::vec![find(name)?.preset()],
        None => Method::ALL.iter().map(|family| family.preset()).collect(),
    };
    if arguments.json {
        let entries: Vec<Entry> = presets.into_iter().map(entry).collect();
        return report.json(&entries);
    }
    match (&arguments.name, presets.as_slice()) {
        (Some(_), [preset]) => explain(preset, report),
        _ => list(&presets, report),
    }
    Ok(())
}

/// The family of that name alone, without options.
fn find(name: &str) -> Result<Method, Failure> {
    if let Some(family) = Method::from_name(name) {
        return Ok(family);
    }
    let word = name.split(':').next().unwrap_or(name);
    Err(match Policy::parse(word) {
        Err(error @ ParseError::Method { .. }) => Failure::new(error.to_string()),
        _ => Failure::new(format!(
            "`{name}` is a policy with options; give its name alone: `{word}`"
        )),
    })
}

fn list(presets: &[&Preset], report: &mut Report) {
    let columns = ["policy", "site", "signal", "features"];
    let [name, site, signal, anchors] = columns.map(|column| (column, Align::Left));
    let mut table = Table::new([name, site, signal, anchors, ("what it does", Align::Left)]);
    for preset in presets {
        let policy = &preset.policy;
        let summary = match preset.needs_calibration {
            true => format!("{} (calibrated)", preset.summary),
            false => preset.summary.to_string(),
        };
        table.row([
            preset.method.to_string(),
            policy.site.kind.to_string(),
            signal_name(policy).unwrap_or("-").to_string(),
            policy.anchors().to_string(),
            summary,
        ]);
    }
    report.line(table);
    report.line("");
    report.line("features: how many outputs of the site are kept.");
    report.line("`refrain policies NAME` has the rule, the options and when not to use it.");
}

fn explain(preset: &Preset, report: &mut Report) {
    let policy = &preset.policy;
    report.line(format_args!("{}: {}", preset.method, preset.summary));
    report.line("");
    let mut facts = Table::new([("rule", Align::Left), (preset.rule, Align::Left)]);
    let mut fact = |name: &str, value: String| facts.row([name.to_string(), value]);
    fact("not to be used", preset.avoid.to_string());
    fact("published", preset.citation.to_string());
    fact(
        "calibration",
        match preset.needs_calibration {
            true => "needed: a curve made for the model, the sampler and its schedule".to_string(),
            false => "not needed".to_string(),
        },
    );
    fact("what is skipped", policy.site.kind.to_string());
    fact(
        "signal",
        match signal_name(policy) {
            Some(name) => format!("{name}, against the {} call", policy.gauge.reference),
            None => "none".to_string(),
        },
    );
    fact("features kept", policy.anchors().to_string());
    report.line(facts);
    report.line("");
    let columns = ["option", "default", "allowed", "what it does"];
    let mut table = Table::new(columns.map(|column| (column, Align::Left)));
    for option in options(policy) {
        table.row([
            option.name.to_string(),
            option.default,
            option.allowed,
            option.summary.to_string(),
        ]);
    }
    report.line(table);
    let rest: Vec<String> = KEYS
        .iter()
        .filter(|key| !key.applies_to(policy))
        .map(|key| format!("{} ({})", key.name, key.needs))
        .collect();
    report.line("");
    report.line(format_args!("without effect here: {}", rest.join(", ")));
}

fn entry(preset: &Preset) -> Entry {
    let policy = &preset.policy;
    Entry {
        name: preset.method.name(),
        family: policy.method.name(),
        summary: preset.summary,
        rule: preset.rule,
        avoid: preset.avoid,
        citation: preset.citation,
        needs_calibration: preset.needs_calibration,
        site: policy.site.kind.name(),
        signal: signal_name(policy),
        anchors: policy.anchors(),
        options: options(policy),
    }
}

fn signal_name(policy: &Policy) -> Option<&'static str> {
    (policy.gauge.kind == GaugeKind::Signal).then(|| policy.gauge.signal.name())
}

/// The keys that have an effect on the policy.
fn options(policy: &Policy) -> Vec<Choice> {
    KEYS.iter()
        .filter(|key| key.applies_to(policy))
        .map(|key| {
            let mut default = String::new();
            // Writing to a String does not fail.
            let _ = key.write_value(policy, &mut default);
            Choice {
                name: key.name,
                default,
                allowed: allowed(key, policy),
                summary: key.summary,
            }
        })
        .collect()
}

fn allowed(key: &Key, policy: &Policy) -> String {
    if key.name == "model" {
        let names: Vec<&str> = match policy.gauge.kind {
            GaugeKind::Curve => tables::CURVES.iter().map(|table| table.model).collect(),
            _ => tables::POLYNOMIALS
                .iter()
                .map(|table| table.model)
                .collect(),
        };
        return names.join("|");
    }
    let mut range = String::new();
    let _ = key.write_range(&mut range);
    range
}
