//! `refrain policies`: what there is to choose from.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use clap::Args;
use serde::Serialize;

use super::report::{Failure, Report};
use super::table::{Align, Table};
use crate::policy::methods::{Absent, Evidence, Family, NAMED};
use crate::policy::{
    GaugeKind, KEYS, Key, Method, ParseError, Policy, Preset, SiteKind, VerifyKind, tables,
};
use crate::signal::{Filter, SignalKind};
use crate::text::Named;

/// Characters a line of prose may have beside its name.
const WIDTH: usize = 88;

/// List the policies, or explain one: its rule, its options and when not to use it
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Policy to explain; without it all are listed
    name: Option<String>,
    /// List the published methods that are no policy here, and why
    #[arg(long, conflicts_with = "name")]
    unsupported: bool,
    /// Read the options of another library (sd.cpp, cache-dit or diffusers): the policy they come to,
    /// and notes on what does not carry over
    #[arg(
        long,
        num_args = 2,
        value_names = ["LIBRARY", "OPTIONS"],
        allow_hyphen_values = true,
        conflicts_with_all = ["name", "unsupported"]
    )]
    from: Option<Vec<String>>,
    /// Print one JSON document: an array with an object for each policy
    #[arg(long)]
    json: bool,
}

/// One policy as JSON.
#[derive(Serialize)]
struct Entry {
    name: &'static str,
    family: &'static str,
    evidence: &'static str,
    site: &'static str,
    signal: Option<&'static str>,
    needs_calibration: bool,
    anchors: u32,
    citation: &'static str,
    headline: &'static str,
    summary: &'static str,
    rule: &'static str,
    avoid: &'static str,
    unsupported: &'static str,
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

/// A method that is no policy, as JSON.
#[derive(Serialize)]
struct Missing {
    name: &'static str,
    citation: &'static str,
    why: &'static str,
}

pub(super) fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    if let Some([peer, options]) = arguments.from.as_deref() {
        return super::peers::read(peer, options, arguments.json, report);
    }
    if arguments.unsupported {
        return unsupported(arguments.json, report);
    }
    let presets: Vec<&Preset> = match &arguments.name {
        Some(name) => alloc::vec![find(name)?.preset()],
        None => Method::ALL.iter().map(|method| method.preset()).collect(),
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

/// The method of that name alone, without options.
fn find(name: &str) -> Result<Method, Failure> {
    if let Some(method) = Method::from_name(name) {
        return Ok(method);
    }
    let word = name.split(':').next().unwrap_or(name);
    if let Some(absent) = NAMED.iter().find(|absent| same_letters(absent.name, word)) {
        let Absent { name, why, .. } = absent;
        return Err(Failure::new(format!("{name} is no policy here: {why}")));
    }
    Err(match Policy::parse(word) {
        Err(error @ ParseError::Method { .. }) => Failure::new(error.to_string()),
        _ => Failure::new(format!(
            "`{name}` is a policy with options; give its name alone: `{word}`"
        )),
    })
}

/// Whether two names differ in case, spaces and hyphens at most.
fn same_letters(a: &str, b: &str) -> bool {
    let letters = |name: &str| -> String {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    letters(a) == letters(b)
}

fn list(presets: &[&Preset], report: &mut Report) {
    let columns = ["policy", "site", "signal", "features"];
    let [name, site, signal, anchors] = columns.map(|column| (column, Align::Left));
    let mut table = Table::new([name, site, signal, anchors, ("what it does", Align::Left)]);
    for family in Family::ALL {
        let mut members = presets.iter().filter(|preset| preset.family == *family);
        if members.clone().next().is_some() {
            let blank = String::new;
            table.row([family.to_string(), blank(), blank(), blank(), blank()]);
        }
        for preset in &mut members {
            let policy = &(preset.policy)();
            let summary = match preset.needs_calibration {
                true => format!("{} (calibrated)", preset.summary),
                false => preset.summary.to_string(),
            };
            table.row([
                format!("  {}", preset.method),
                policy.site.kind.to_string(),
                signal_name(policy).unwrap_or("-").to_string(),
                policy.anchors().to_string(),
                summary,
            ]);
        }
    }
    report.line(table);
    report.line("");
    report.line("features: how many outputs of the site are kept.");
    report.line("`refrain policies NAME` has the rule, the options and when not to use it.");
    report.line(format_args!(
        "`refrain policies --unsupported` has {} more methods, and why each is no policy here.",
        NAMED.len()
    ));
}

fn unsupported(json: bool, report: &mut Report) -> Result<(), Failure> {
    if json {
        let missing = |absent: &Absent| Missing {
            name: absent.name,
            citation: absent.citation,
            why: absent.why,
        };
        let all: Vec<Missing> = NAMED.iter().map(missing).collect();
        return report.json(&all);
    }
    let mut table = Table::new([
        ("method", Align::Left),
        (
            "why it is no policy here, and where it was published",
            Align::Left,
        ),
    ]);
    for absent in NAMED {
        prose(&mut table, absent.name, absent.why);
        prose(&mut table, "", absent.citation);
    }
    report.line(table);
    Ok(())
}

/// Adds a name and what is said of it, in lines of so many characters.
fn prose(table: &mut Table, name: &str, said: &str) {
    let mut name = name.to_string();
    for line in wrapped(said) {
        table.row([core::mem::take(&mut name), line]);
    }
}

/// The words of a text in lines.
fn wrapped(text: &str) -> Vec<String> {
    let lines = filled(text.split_inclusive(' '), WIDTH);
    lines
        .iter()
        .map(|line| line.trim_end().to_string())
        .collect()
}

/// The names between the bars of a range in lines.
fn choices(range: &str) -> Vec<String> {
    filled(range.split_inclusive('|'), WIDTH / 2)
}

/// As many parts in a line as fit.
fn filled<'a>(parts: impl Iterator<Item = &'a str>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + part.trim_end().chars().count() <= width => {
                line.push_str(part);
            }
            _ => lines.push(part.to_string()),
        }
    }
    lines
}

fn explain(preset: &Preset, report: &mut Report) {
    let policy = &(preset.policy)();
    report.line(format_args!("{}: {}", preset.method, preset.summary));
    report.line("");
    report.line(facts(preset));
    report.line("");
    let columns = ["option", "default", "allowed", "what it does"];
    let mut table = Table::new(columns.map(|column| (column, Align::Left)));
    for option in options(policy) {
        let allowed = match option.name {
            "model" => where_models(policy),
            _ => &option.allowed,
        };
        let mut cells = [option.name, &option.default, option.summary].map(ToString::to_string);
        for line in choices(allowed) {
            let [name, default, summary] = core::mem::take(&mut cells);
            table.row([name, default, line, summary]);
        }
    }
    report.line(table);
    if published(policy) {
        list_models(policy, report);
    }
    let rest = KEYS.iter().filter(|key| !key.applies_to(policy));
    let rest: Vec<&str> = rest.map(|key| key.name).collect();
    report.line("");
    for line in wrapped(&format!("without effect here: {}", rest.join(", "))) {
        report.line(line);
    }
}

/// What `model=` may name, by where it is from.
fn list_models(policy: &Policy, report: &mut Report) {
    let mut models = models(policy);
    models.sort_by_key(|(_, source)| *source);
    for group in models.chunk_by(|a, b| a.1 == b.1) {
        let source = group.first().map_or("", |(_, source)| source);
        let names: Vec<&str> = group.iter().map(|(model, _)| *model).collect();
        report.line("");
        for line in wrapped(&format!("for `model=` ({source}):")) {
            report.line(line);
        }
        for line in wrapped(&names.join(", ")) {
            report.line(format_args!("  {line}"));
        }
    }
}

/// What there is to say of a method beside its options.
fn facts(preset: &Preset) -> Table {
    let policy = &(preset.policy)();
    let mut rule = wrapped(preset.rule).into_iter();
    let first = rule.next().unwrap_or_default();
    let mut facts = Table::new([("rule", Align::Left), (&first, Align::Left)]);
    for line in rule {
        facts.row([String::new(), line]);
    }
    let mut fact = |name: &str, said: &str| {
        if !said.is_empty() {
            prose(&mut facts, name, said);
        }
    };
    fact("family", preset.family.name());
    fact(
        "evidence",
        match preset.evidence {
            Evidence::Code => "code: the official code was read",
            Evidence::Paper => "paper: the paper was read",
            Evidence::Notes => "notes: only summaries, or third-party code, were read",
        },
    );
    fact("published", preset.citation);
    fact("reported", preset.headline);
    fact("not to be used", preset.avoid);
    fact("not here", preset.unsupported);
    fact("calibration", calibration(preset));
    fact("what is skipped", &site(policy));
    fact("signal", &signal(policy));
    if policy.verify.kind != VerifyKind::None {
        fact("verified", policy.verify.kind.name());
    }
    fact("features kept", &policy.anchors().to_string());
    facts
}

fn calibration(preset: &Preset) -> &'static str {
    let policy = &(preset.policy)();
    match (preset.needs_calibration, policy.gauge.kind) {
        (false, _) => "not needed",
        (true, _) if policy.needs_mask() && policy.needs_curve() => {
            "needed: a mask and weights made for the model, the sampler and the steps"
        }
        (true, _) if policy.needs_mask() => {
            "needed: a mask made for the model, the sampler and the steps"
        }
        (true, _) if policy.needs_curve() => {
            "needed: a curve made for the model, the sampler and its schedule"
        }
        (true, _) => "needed: trained for the model, outside of the policy",
    }
}

/// What is skipped and what is kept of it.
fn site(policy: &Policy) -> String {
    let site = &policy.site;
    if policy.gauge.kind == GaugeKind::Always {
        return "nothing".to_string();
    }
    let kept = match site.kind {
        SiteKind::Modules | SiteKind::Attention | SiteKind::Mlp => "output",
        SiteKind::Branch => "difference to the other",
        _ => site.keep.name(),
    };
    let which = match site.kind {
        SiteKind::Range => format!(" (front {}, back {})", site.front, site.back),
        SiteKind::Front | SiteKind::Rear | SiteKind::Stage => {
            format!(" (share {} of the blocks)", site.share)
        }
        _ => String::new(),
    };
    format!("{}{which}, of which the {kept} is kept", site.kind)
}

/// What is measured, how, and against what.
fn signal(policy: &Policy) -> String {
    let gauge = &policy.gauge;
    let Some(name) = signal_name(policy) else {
        return "none".to_string();
    };
    if gauge.signal == SignalKind::Gate {
        return format!("{name}, as it is");
    }
    let filter = match gauge.filter {
        Filter::None => String::new(),
        filter => format!(" behind {filter} ({})", gauge.filter_size),
    };
    let when = match gauge.kind {
        GaugeKind::Late => ", at computed calls",
        _ => "",
    };
    format!(
        "{name}{filter}: {} against the {} call{when}",
        gauge.metric, gauge.reference
    )
}

fn entry(preset: &Preset) -> Entry {
    let policy = &(preset.policy)();
    Entry {
        name: preset.method.name(),
        family: preset.family.name(),
        evidence: preset.evidence.name(),
        site: policy.site.kind.name(),
        signal: signal_name(policy),
        needs_calibration: preset.needs_calibration,
        anchors: policy.anchors(),
        citation: preset.citation,
        headline: preset.headline,
        summary: preset.summary,
        rule: preset.rule,
        avoid: preset.avoid,
        unsupported: preset.unsupported,
        options: options(policy),
    }
}

fn signal_name(policy: &Policy) -> Option<&'static str> {
    policy.gauge.measures().then(|| policy.gauge.signal.name())
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
        let names: Vec<&str> = models(policy).iter().map(|(model, _)| *model).collect();
        return match names.is_empty() {
            true => "none".to_string(),
            false => names.join("|"),
        };
    }
    let mut range = String::new();
    let _ = key.write_range(&mut range);
    range
}

/// The models `model=` may name, and where their tables are from.
fn models(policy: &Policy) -> Vec<(&'static str, &'static str)> {
    match policy.gauge.kind {
        GaugeKind::Signal | GaugeKind::Late => tables::POLYNOMIALS
            .iter()
            .map(|table| (table.model, table.source))
            .collect(),
        GaugeKind::Curve => tables::CURVES
            .iter()
            .map(|table| (table.model, table.source))
            .collect(),
        GaugeKind::Always | GaugeKind::Free | GaugeKind::Count => {
            tables::masks(policy.method.name())
                .map(|table| (table.model, table.source))
                .collect()
        }
    }
}

/// Whether the tables are for what the policy measures: polynomials are of one signal.
fn published(policy: &Policy) -> bool {
    let fitted = matches!(
        policy.gauge.signal,
        SignalKind::ModulatedInput | SignalKind::TimeEmbedding
    ) && policy.gauge.filter == Filter::None;
    !policy.gauge.measures() || fitted
}

/// Where the models are listed.
fn where_models(policy: &Policy) -> &'static str {
    if models(policy).is_empty() {
        "none published"
    } else if published(policy) {
        "a model below"
    } else {
        "a model listed under teacache"
    }
}
