//! Options of stable-diffusion.cpp's `sd-cli`, as of August 2026: `docs/caching.md`,
//! `examples/common/common.cpp` and `src/runtime/{sample-cache,easycache,ucache,cache_dit,spectrum}`.

use super::line::{Line, Part};
use super::reading::{
    Given, Group, Reading, Row, flag, key, level, near, number, report, row, row_of, steps, words,
};
use super::report::{Carried, PeerError, Wrong};
use super::words::start;
use crate::policy::{GaugeKind, Keep, Method, Policy, Site};
use crate::signal::Reference;

pub(super) static GROUPS: &[Group] = &[
    Group {
        name: "command line",
        rows: FLAGS,
    },
    Group {
        name: "easycache",
        rows: EASYCACHE,
    },
    Group {
        name: "ucache",
        rows: UCACHE,
    },
    Group {
        name: "dbcache, taylorseer, cache-dit",
        rows: CACHE_DIT,
    },
    Group {
        name: "spectrum",
        rows: SPECTRUM,
    },
];

pub(super) const MODES: [&str; 7] = [
    "easycache",
    "ucache",
    "dbcache",
    "taylorseer",
    "cache-dit",
    "spectrum",
    "disabled",
];

/// Most options that are not about caching and have a note of their own.
const MOST_OTHERS: u32 = 16;

const IGNORED: &str = "stable-diffusion.cpp ignores it in this mode, and so does this";
const HONOURED: &str = "takes effect here; stable-diffusion.cpp reads it and goes on without";
const UNTOLD: &str = "not given, so the window is in shares of the steps; \
     stable-diffusion.cpp cuts it to whole steps and starts from what it computes within; \
     give --steps to have that";
const LEADER: &str = "there the first condition decides for all; here every lane decides for \
     itself: hand all lanes the same value to have that";

const OTHER: &str = "it is not about caching between steps, so it is not read";
const OTHERS: &str = "it is not about caching between steps, so it is not read, nor is any other such option behind it";
const STEPPING: &str =
    "it is not read, and can change how many steps are run; give that number as --steps";
const UNNAMED: &str = "key=value; name it, as in threshold=0.3";

static FLAGS: &[Row] = &[
    row("--cache-mode", "the method", |_, _| Ok(())),
    row("--cache-option", "the rows below", |_, _| Ok(())),
    row("--easycache", "threshold, start, end", |_, _| Ok(())),
    row("--cache-preset", "mask", |r, given| {
        let level = level(given.value).ok_or(words("slow, medium, fast, ultra or s, m, f, u"))?;
        r.mask.level = Some((level, given));
        r.note(
            given,
            "gone from stable-diffusion.cpp since 2026; cache-dit's mask of that name, which \
             stands in, takes effect here",
        );
        Ok(())
    }),
    row("--scm-mask", "mask", |r, given| {
        if given.value.trim().is_empty() {
            return Ok(());
        }
        r.mask.list = Some(given);
        r.note(given, HONOURED);
        Ok(())
    }),
    row("--scm-policy", "gauge", |r, given| match given.value {
        "dynamic" => Ok(()),
        "static" => {
            r.mask.fixed = Some(given);
            r.note(given, HONOURED);
            Ok(())
        }
        _ => Err(words("dynamic or static")),
    }),
    row("--steps", "start, end", |r, given| {
        r.steps = steps(given.value, 1)?;
        r.steps_given = Some(given);
        Ok(())
    }),
];

static EASYCACHE: &[Row] = &[
    key("threshold", "threshold"),
    row("start", "start", share_start),
    row("end", "end", share_end),
    report("decay", IGNORED),
    report("relative", IGNORED),
    report("reset", IGNORED),
];

static UCACHE: &[Row] = &[
    key("threshold", "threshold"),
    row("start", "start", share_start),
    row("end", "end", share_end),
    key("decay", "decay"),
    row("relative", "report", |r, given| {
        r.relative = Some(given);
        switch(given.value).map(drop)
    }),
    row("reset", "reset", |r, given| {
        r.policy.budget.reset = switch(given.value)?.into();
        Ok(())
    }),
];

static CACHE_DIT: &[Row] = &[
    row("Fn", "threshold", |r, given| {
        r.front = steps(given.value, 0)?.into();
        if r.front != 8.0 {
            r.note(
                given,
                "no block is told apart; as there it only scales the threshold, by 1 + 0.02 (Fn - 8)",
            );
        }
        Ok(())
    }),
    row("Bn", "threshold", |r, given| {
        r.back = steps(given.value, 0)?.into();
        if r.back != 0.0 {
            r.note(
                given,
                "no block is told apart; as there it only scales the threshold, by 1 - 0.03 Bn",
            );
        }
        Ok(())
    }),
    key("threshold", "threshold"),
    row("warmup", "warmup", |r, given| {
        r.note(given, HONOURED);
        r.key("warmup", given.value)
    }),
];

static SPECTRUM: &[Row] = &[
    row("w", "report", |r, given| {
        let w = number(given.value)?;
        if !(0.0..=1.0).contains(&w) {
            return Err(words("a number from 0 to 1"));
        }
        r.relative = Some(given);
        Ok(())
    }),
    key("m", "order"),
    key("lam", "ridge"),
    key("window", "interval"),
    key("flex", "growth"),
    key("warmup", "warmup"),
    row("stop", "end", share_end),
];

fn share_start<'a>(r: &mut Reading<'a>, given: Given<'a>) -> Result<(), Wrong> {
    r.policy.guards.window_start = share(given.value)?;
    Ok(())
}

fn share_end<'a>(r: &mut Reading<'a>, given: Given<'a>) -> Result<(), Wrong> {
    r.policy.guards.window_end = share(given.value)?;
    Ok(())
}

fn share(text: &str) -> Result<f64, Wrong> {
    match number(text)? {
        value if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(words("a share from 0 to 1")),
    }
}

/// What is read as a number and means yes unless it is 0.
fn switch(text: &str) -> Result<bool, Wrong> {
    match number(text) {
        Ok(value) => Ok(value != 0.0),
        Err(_) => flag(text).map_err(|_| words("0 or 1")),
    }
}

pub(super) fn read(text: &str) -> Result<(Policy, Carried<'_>), PeerError<'_>> {
    let mut reading = Reading::new(Method::Full);
    let Some(mode) = command_line(text, &mut reading)? else {
        return Err(PeerError::Missing {
            what: "mode",
            remedy: "give --cache-mode easycache, ucache, dbcache, taylorseer, cache-dit or spectrum",
        });
    };
    let (method, group) = match mode {
        "easycache" => (Method::EasyCache, 1),
        "ucache" => (Method::UCache, 2),
        "dbcache" | "taylorseer" | "cache-dit" => (Method::SdCpp, 3),
        "spectrum" => (Method::Spectrum, 4),
        "disabled" => (Method::Full, 0),
        _ => {
            return Err(PeerError::Name {
                what: "--cache-mode",
                given: mode,
                nearest: near(mode, &mut MODES.into_iter()),
            });
        }
    };
    reading.start(method);
    peer_defaults(&mut reading, method);
    options(text, &mut reading, group)?;
    settle(&mut reading, mode, method)?;
    reading.finish()
}

/// Reads the flags and finds the mode; options are left for when the mode is known.
fn command_line<'a>(text: &'a str, r: &mut Reading<'a>) -> Result<Option<&'a str>, PeerError<'a>> {
    let mut line = Line::new(text, FLAGS);
    let (mut mode, mut stray, mut others) = (None, None, 0);
    while let Some(part) = line.next()? {
        let given = match part {
            Part::Known(key, value) => {
                r.option(GROUPS.get(..1).unwrap_or(&[]), Given { key, value })?;
                match key {
                    "--cache-mode" => value,
                    "--easycache" => "easycache",
                    _ => continue,
                }
            }
            Part::Word(word) if MODES.contains(&word) => word,
            Part::Word(word) => {
                stray = stray.or(Some(word));
                continue;
            }
            Part::Other(key, value) => {
                others += 1;
                let value = start(value);
                other(r, Given { key, value }, others);
                continue;
            }
            Part::Values(_) => continue,
        };
        if mode.replace(given).is_some() {
            return Err(PeerError::Repeated {
                key: "--cache-mode",
            });
        }
    }
    match (mode, stray) {
        (Some(_), Some(given)) => Err(PeerError::Item {
            given,
            form: "key=value",
        }),
        _ => Ok(mode.or(stray)),
    }
}

/// Notes an option that is not about caching.
fn other<'a>(r: &mut Reading<'a>, given: Given<'a>, count: u32) {
    let stepping = matches!(
        given.key,
        "--sigmas" | "--hires-steps" | "--high-noise-steps" | "--strength" | "-i" | "--init-img"
    );
    match count {
        ..MOST_OTHERS if stepping => r.note(given, STEPPING),
        ..MOST_OTHERS => r.note(given, OTHER),
        MOST_OTHERS => r.note(given, OTHERS),
        _ => {}
    }
}

/// Reads the options of the mode, wherever they stand.
fn options<'a>(text: &'a str, r: &mut Reading<'a>, group: usize) -> Result<(), PeerError<'a>> {
    let mut line = Line::new(text, FLAGS);
    let mut unnamed = ["threshold", "start", "end"].into_iter();
    while let Some(part) = line.next()? {
        let (values, bare) = match part {
            Part::Known("--cache-option", values) => (values, false),
            Part::Known("--easycache", values) | Part::Values(values) => (values, true),
            _ => continue,
        };
        for item in values.split(',').map(str::trim) {
            if item.is_empty() {
                continue;
            }
            if !bare || item.contains('=') {
                option(r, group, item)?;
                continue;
            }
            // EasyCache and UCache have taken the first three without names.
            let name = unnamed.next().filter(|_| matches!(group, 1 | 2));
            let key = name.ok_or(PeerError::Item {
                given: item,
                form: UNNAMED,
            })?;
            let mine = GROUPS.get(group..=group).unwrap_or(&[]);
            r.option(mine, Given { key, value: item })?;
        }
    }
    Ok(())
}

/// What stable-diffusion.cpp has where the preset has something else.
fn peer_defaults(r: &mut Reading<'_>, method: Method) {
    let policy = &mut r.policy;
    match method {
        Method::EasyCache => {
            policy.gauge.reference = Reference::Computed;
            policy.budget.threshold = 0.2;
            policy.guards.window_start = 0.15;
            policy.guards.window_end = 0.95;
        }
        Method::Spectrum => {
            policy.gauge.growth = 0.5;
            policy.predictor.order = 3;
            policy.predictor.ridge = 1.0;
            policy.guards.max_warmup_steps = 4;
            policy.guards.window_end = 0.9;
            policy.site = Site {
                keep: Keep::Output,
                ..Site::MODEL
            };
        }
        _ => {}
    }
}

/// Reads one `key=value`. A key of another mode is accepted there, and ignored.
fn option<'a>(r: &mut Reading<'a>, group: usize, item: &'a str) -> Result<(), PeerError<'a>> {
    let pair = item.split_once('=');
    let (key, value) = pair
        .filter(|(key, _)| !key.trim().is_empty())
        .ok_or(PeerError::Item {
            given: item,
            form: "key=value",
        })?;
    let key = match key.trim() {
        "fn" => "Fn",
        "bn" => "Bn",
        key => key,
    };
    let given = Given {
        key,
        value: value.trim(),
    };
    let all = GROUPS.get(1..).unwrap_or(&[]);
    let mine = match group {
        0 => &[],
        _ => GROUPS.get(group..=group).unwrap_or(&[]),
    };
    if row_of(mine, key).is_none() && row_of(all, key).is_some() {
        r.note(given, IGNORED);
        return Ok(());
    }
    r.option(if mine.is_empty() { all } else { mine }, given)
}

/// What depends on more than one option.
fn settle<'a>(r: &mut Reading<'a>, mode: &'a str, method: Method) -> Result<(), PeerError<'a>> {
    if method != Method::SdCpp {
        for flag in ["--scm-mask", "--scm-policy", "--cache-preset"] {
            if r.has(flag) {
                return Err(PeerError::Refused {
                    key: flag,
                    given: "",
                    why: "masks belong to the modes dbcache, taylorseer and cache-dit",
                });
            }
        }
    }
    match method {
        Method::EasyCache => {
            r.carried.say(
                "start, end",
                "",
                "there they are noise levels, shares of 1000 timesteps; here they are shares of \
                 the steps",
            );
            r.carried.say("condition", "", LEADER);
        }
        Method::UCache => {
            let scaled = match r.relative {
                Some(given) => switch(given.value).unwrap_or(true),
                None => true,
            };
            if scaled {
                let value = r.relative.map_or("1", |given| given.value);
                r.carried.say(
                    "relative",
                    value,
                    "the rate is divided by mean|v| here; there by the root of that times a moving \
                     mean of the output's change: commit such a rate to have that",
                );
            }
            window(r, 2);
            r.carried.say("condition", "", LEADER);
        }
        Method::SdCpp => {
            block_cache(r, mode)?;
            if r.policy.gauge.kind == GaugeKind::Signal {
                r.carried.say("condition", "", LEADER);
            }
        }
        Method::Spectrum => spectrum(r),
        _ => {}
    }
    Ok(())
}

/// The window in whole steps. Nothing is kept before it, so the first `blind` steps in it are computed.
fn window(r: &mut Reading<'_>, blind: u32) {
    if r.steps == 0 {
        r.carried.say("--steps", "", UNTOLD);
        return;
    }
    let guards = r.policy.guards;
    let last = r.steps - 1;
    let start = r.step_of(guards.window_start).min(last);
    let end = r.step_of(guards.window_end).min(last);
    r.window_in_steps(start, end);
    let warmup = &mut r.policy.guards.max_warmup_steps;
    *warmup = (*warmup).max(start + blind);
}

/// dbcache, taylorseer and cache-dit, which are one rule.
fn block_cache<'a>(r: &mut Reading<'a>, mode: &'a str) -> Result<(), PeerError<'a>> {
    r.carried.say(
        "--cache-mode",
        mode,
        "its code tells no blocks apart and forecasts nothing, whatever the mode: it measures the \
         latent and skips the whole network, and so does this; dbcache and taylorseer are the \
         methods of those names",
    );
    // As it is written there, in single precision.
    let front = (1.0 + 0.02 * (r.front - 8.0)).clamp(0.5, 2.0);
    let back = (1.0 - 0.03 * r.back).clamp(0.5, 1.0);
    if r.front > 0.0 && front != 1.0 {
        r.policy.budget.threshold *= front;
    }
    if back != 1.0 {
        r.policy.budget.threshold *= back;
    }
    window(r, 1);
    let masked = r.write_mask()?;
    r.mask_fits()?;
    if let Some(given) = r.mask.fixed {
        if !masked {
            return Err(super::reading::error(
                given,
                Wrong::Refused("there is no mask for it; give --scm-mask"),
            ));
        }
        r.policy.gauge.kind = GaugeKind::Free;
        if r.has("threshold") {
            r.carried.say(
                "threshold",
                "",
                "the static policy does not look at it: what the mask leaves is skipped",
            );
        }
    }
    Ok(())
}

fn spectrum(r: &mut Reading<'_>) {
    let w = r.relative.map_or("0.40", |given| given.value);
    if number(w).ok() != Some(1.0) {
        r.carried.say(
            "w",
            w,
            "half the last change is not mixed in: the fit stands alone, as with w=1",
        );
    }
    r.carried.say(
        "history",
        "",
        "the fit is over all computed calls of the run; there over the newest m + 1, at least 6, \
         on an axis of 50 steps",
    );
    r.carried.say(
        "output",
        "",
        "each lane's own output is forecast; there the guided, denoised one",
    );
    if r.steps == 0 {
        r.carried.say(
            "--steps",
            "",
            "not given, so stop is a share of the steps; stable-diffusion.cpp cuts it to whole \
             steps; give --steps to have that",
        );
    } else {
        let end = r.step_of(r.policy.guards.window_end);
        // A stop at step 0 is none.
        let end = if end == 0 { r.steps } else { end };
        r.window_in_steps(0, end);
    }
}
