//! Options of cache-dit, as of version 1.5.3 (October 2026): `DBCacheConfig`, `DBPruneConfig`, the
//! calibrators' classes, `steps_mask`, and the flat and nested YAML of `load_configs`.

mod settle;

use crate::policy::peers::reading::{
    Calibrator, Check, Given, Group, Reading, Row, error, flag, is_none, key, level, list, near,
    number, optional, row, row_of, steps, unless, whole, words,
};
use crate::policy::peers::report::{Carried, PeerError, Wrong};
use crate::policy::peers::words::{Item, Items};
use crate::policy::{Keep, Method, Policy};

pub(super) static GROUPS: &[Group] = &[
    Group {
        name: "DBCacheConfig",
        rows: CONFIG,
    },
    Group {
        name: "DBPruneConfig",
        rows: PRUNE,
    },
    Group {
        name: "TaylorSeerCalibratorConfig, FoCaCalibratorConfig, DMDCalibratorConfig",
        rows: CALIBRATORS,
    },
    Group {
        name: "steps_mask",
        rows: STEPS_MASK,
    },
    Group {
        name: "ExtraCacheConfig",
        rows: EXTRA,
    },
    Group {
        name: "YAML",
        rows: YAML,
    },
];

const CLASSES: [&str; 9] = [
    "DBCacheConfig",
    "BasicCacheConfig",
    "DBPruneConfig",
    "ExtraCacheConfig",
    "CalibratorConfig",
    "TaylorSeerCalibratorConfig",
    "FoCaCalibratorConfig",
    "DMDCalibratorConfig",
    "steps_mask",
];

/// What the classes are handed to.
const CALL: &str = "enable_cache";

const OF_THE_RUN: &str = "the run's own number of steps counts here";
const NOT_EXEMPT: &str = "no block is exempt; give a mask with a column a block to have that";
const CHANNELS: &str = "changes are measured on all channels";
const ENCODER: &str = "a second stream's features are the host's to keep";
const LANES: &str = "a run has a lane a branch here, in any order: it is the host's";

static CONFIG: &[Row] = &[
    row("cache_type", "the method", |r, given| {
        match given.value.rsplit('.').next().unwrap_or("") {
            "DBCache" => Ok(()),
            "DBPrune" => {
                prune(r);
                Ok(())
            }
            "NONE" => {
                r.start(Method::Full);
                Ok(())
            }
            _ => Err(words("DBCache, DBPrune or NONE")),
        }
    }),
    row("Fn_compute_blocks", "front", |r, given| {
        if r.policy.method != Method::DbPrune {
            steps(given.value, 1)?;
            return r.key("front", given.value);
        }
        if steps(given.value, 0)? > 0 {
            r.note(given, NOT_EXEMPT);
        }
        Ok(())
    }),
    row("Bn_compute_blocks", "back", |r, given| {
        if r.policy.method != Method::DbPrune {
            return r.key("back", given.value);
        }
        if steps(given.value, 0)? > 0 {
            r.note(given, NOT_EXEMPT);
        }
        Ok(())
    }),
    row("residual_diff_threshold", "threshold", |r, given| {
        let value = number(given.value)?;
        if value < 1.0 {
            return r.key("threshold", given.value);
        }
        r.note(
            given,
            "from 1 on every change passes there; the largest threshold stands for that here",
        );
        r.policy.budget.threshold = 1e6;
        Ok(())
    }),
    optional(row(
        "max_accumulated_residual_diff_threshold",
        "max_spent",
        |r, given| {
            limit(r, given, 0);
            r.key("max_spent", given.value)
        },
    )),
    key("max_warmup_steps", "warmup"),
    row("warmup_interval", "mask", |r, given| {
        if steps(given.value, 1)? > 1 {
            r.warmup_interval = Some(given);
        }
        Ok(())
    }),
    row("max_cached_steps", "max_total", |r, given| {
        let most = whole(given.value, -1, 1 << 30)?;
        r.policy.guards.max_cached_steps = most.max(0) as u32;
        count_limit(r, given, most, 1);
        Ok(())
    }),
    row("max_continuous_cached_steps", "max_run", |r, given| {
        let most = whole(given.value, -1, 1 << 30)?;
        r.policy.guards.max_continuous_cached_steps = most.max(0) as u32;
        count_limit(r, given, most, 2);
        Ok(())
    }),
    optional(unless(
        "enable_separate_cfg",
        Check::Flag(true),
        "both branches are one call there: give the run one lane",
    )),
    unless("cfg_compute_first", Check::Flag(false), LANES),
    unless(
        "cfg_diff_compute_separate",
        Check::Flag(true),
        "every lane decides for itself; hand all lanes the first one's change to have that",
    ),
    optional(row("num_inference_steps", "mask", |r, given| {
        run_of(r, given, steps(given.value, 1)?)
    })),
    optional(row("steps_computation_mask", "mask", |r, given| {
        match level(given.value) {
            Some(level) => r.mask.level = Some((level, given)),
            None => r.mask.list = Some(given),
        }
        Ok(())
    })),
    row("steps_computation_policy", "gauge", |r, given| {
        match given.value {
            "dynamic" => {}
            "static" => r.mask.fixed = Some(given),
            _ => return Err(words("dynamic or static")),
        }
        Ok(())
    }),
    optional(unless(
        "force_refresh_step_hint",
        Check::Whole(0, -1),
        "a run does not start again in its middle; give each part a run of its own",
    )),
    row("force_refresh_step_policy", "report", |r, given| {
        if given.value == "once" {
            return Ok(());
        }
        r.note(given, "as force_refresh_step_hint");
        match given.value {
            "repeat" => Ok(()),
            _ => Err(words("once or repeat")),
        }
    }),
];

static PRUNE: &[Row] = &[
    unless(
        "enable_dynamic_prune_threshold",
        Check::Flag(false),
        "the threshold does not follow the changes of the call",
    ),
    optional(unless(
        "max_dynamic_prune_threshold",
        Check::Number(-1.0),
        "as enable_dynamic_prune_threshold",
    )),
    unless(
        "dynamic_prune_threshold_relax_ratio",
        Check::Number(1.25),
        "as enable_dynamic_prune_threshold",
    ),
    row("non_prune_block_ids", "report", |r, given| {
        if list(given.value).next().is_some() {
            r.note(given, NOT_EXEMPT);
        }
        Ok(())
    }),
    unless("force_reduce_calibrator_vram", Check::Flag(false), CHANNELS),
];

static CALIBRATORS: &[Row] = &[
    row("enable_calibrator", "predictor", |r, given| {
        r.calibrator_off = !flag(given.value)?;
        Ok(())
    }),
    unless("enable_encoder_calibrator", Check::Flag(false), ENCODER),
    row("calibrator_type", "predictor", |r, given| {
        let which = match given.value {
            "taylorseer" => Calibrator::Taylor,
            "foca" => Calibrator::Foca,
            "dmd" => Calibrator::Dmd,
            _ => return Err(words("taylorseer, foca or dmd")),
        };
        calibrator(r, which, given)
    }),
    row("calibrator_cache_type", "keep", keep),
    row("calibrator_kwargs", "refused", |_, given| {
        if list(given.value).next().is_none() {
            return Ok(());
        }
        Err(Wrong::Refused("give its entries as options of their own"))
    }),
    row("taylorseer_order", "order", |r, given| {
        r.order = Some(given);
        Ok(())
    }),
    unless(
        "dmd_history",
        Check::Whole(1, 6),
        "the newest six features are kept",
    ),
    unless(
        "dmd_rank",
        Check::Whole(0, 0),
        "one or two modes are fitted, by how many features there are",
    ),
    unless(
        "dmd_ridge",
        Check::Number(0.0),
        "the fit is not regularised",
    ),
    row("dmd_svd_precision", "report", |r, given| {
        if given.value != "medium" {
            r.note(given, "the fit is from inner products, without an SVD");
        }
        Ok(())
    }),
];

static STEPS_MASK: &[Row] = &[
    optional(row("compute_bins", "mask", |r, given| {
        r.mask.computed = Some(given);
        Ok(())
    })),
    optional(row("cache_bins", "mask", |r, given| {
        r.mask.skipped = Some(given);
        Ok(())
    })),
    optional(row("total_steps", "mask", |r, given| {
        run_of(r, given, steps(given.value, 1)?)
    })),
    row("mask_policy", "mask", |r, given| {
        let level = level(given.value).ok_or(words("slow, medium, fast or ultra"))?;
        r.mask.level = Some((level, given));
        Ok(())
    }),
];

static EXTRA: &[Row] = &[
    optional(row("l1_hidden_states_diff_threshold", "refused", |_, _| {
        Err(Wrong::Refused(
            "the change is that of a residual; give residual_diff_threshold",
        ))
    })),
    unless(
        "important_condition_threshold",
        Check::Number(0.0),
        "all tokens count alike",
    ),
    unless("downsample_factor", Check::Whole(1, 1), CHANNELS),
];

static YAML: &[Row] = &[
    row("enable_taylorseer", "predictor", |r, given| {
        by_flag(r, Calibrator::Taylor, given)
    }),
    unless("enable_encoder_taylorseer", Check::Flag(false), ENCODER),
    row("taylorseer_cache_type", "keep", keep),
    row("enable_foca", "predictor", |r, given| {
        by_flag(r, Calibrator::Foca, given)
    }),
    unless("enable_encoder_foca", Check::Flag(false), ENCODER),
    row("enable_dmd", "predictor", |r, given| {
        by_flag(r, Calibrator::Dmd, given)
    }),
    unless("enable_encoder_dmd", Check::Flag(false), ENCODER),
    row("parallelism_config", "refused", elsewhere),
    row("attention_backend", "refused", elsewhere),
    row("quantize_config", "refused", elsewhere),
];

fn elsewhere<'a>(_: &mut Reading<'a>, _: Given<'a>) -> Result<(), Wrong> {
    Err(Wrong::Refused(
        "it is not about caching; give the part cache_config alone",
    ))
}

fn keep<'a>(r: &mut Reading<'a>, given: Given<'a>) -> Result<(), Wrong> {
    r.policy.site.keep = match given.value {
        "residual" => Keep::Residual,
        "hidden_states" => Keep::Output,
        _ => return Err(words("residual or hidden_states")),
    };
    Ok(())
}

/// A limit that a fixed mask does not look at.
fn limit<'a>(r: &mut Reading<'a>, given: Given<'a>, which: usize) {
    if let Some(free) = r.limits.get_mut(which) {
        *free = Some(given);
    }
}

fn count_limit<'a>(r: &mut Reading<'a>, given: Given<'a>, most: i64, which: usize) {
    if most >= 0 {
        limit(r, given, which);
    }
    if most == 0 {
        r.never = true;
        r.note(
            given,
            "nothing is skipped there; 0 is no limit here, so the threshold is 0",
        );
    }
}

/// Steps of the run, from whichever option says.
fn run_of<'a>(r: &mut Reading<'a>, given: Given<'a>, steps: u32) -> Result<(), Wrong> {
    if r.steps != 0 && r.steps != steps {
        return Err(Wrong::Refused(
            "num_inference_steps and total_steps differ; give the same",
        ));
    }
    r.steps = steps;
    r.steps_given = Some(given);
    Ok(())
}

fn calibrator<'a>(r: &mut Reading<'a>, which: Calibrator, given: Given<'a>) -> Result<(), Wrong> {
    if r.calibrator.is_some_and(|other| other != which) {
        return Err(Wrong::Refused("there is one calibrator; give one of them"));
    }
    r.calibrator = Some(which);
    r.calibrated = Some(given);
    Ok(())
}

fn by_flag<'a>(r: &mut Reading<'a>, which: Calibrator, given: Given<'a>) -> Result<(), Wrong> {
    if flag(given.value)? {
        calibrator(r, which, given)?;
    }
    Ok(())
}

/// Block by block, with what was read so far.
fn prune(r: &mut Reading<'_>) {
    let (guards, budget) = (r.policy.guards, r.policy.budget);
    r.start(Method::DbPrune);
    r.policy.guards = guards;
    r.policy.budget.threshold = budget.threshold;
}

pub(super) fn read(text: &str) -> Result<(Policy, Carried<'_>), PeerError<'_>> {
    let mut reading = Reading::new(Method::DbCache);
    reading.keywords = true;
    reading.policy.guards.max_warmup_steps = 8;
    // What is pruned must be known before its options are read.
    let mut first = Items::new(text, is_class);
    while let Some(item) = first.next()? {
        let pruned = match item {
            Item::Class { name, .. } => name == "DBPruneConfig",
            Item::Option { key, value } => key == "cache_type" && is_prune(value),
            Item::Value(value) => is_prune(value),
        };
        if pruned {
            prune(&mut reading);
        }
    }
    let mut items = Items::new(text, is_class);
    let mut any = false;
    let mut within = "";
    let mut classes = false;
    while let Some(item) = items.next()? {
        any = true;
        match item {
            Item::Class { key, name } => {
                class(&mut reading, key, name)?;
                classes |= is_class(name);
                reading.enter();
                within = name;
            }
            Item::Option {
                key: "cache_config" | "calibrator_config",
                value,
            } => {
                // A class may have been given before, and stand here by the name of its variable.
                let known = is_none(value) || classes && is_variable(value);
                let form = "Name(key=value), or `key: value` in lines of their own";
                known
                    .then_some(())
                    .ok_or(PeerError::Item { given: value, form })?;
            }
            Item::Option { key, value } => {
                reading.argument(GROUPS, Given { key, value })?;
            }
            // The pipeline.
            Item::Value(_) if within == CALL => {}
            Item::Value(value) => reading.unnamed(GROUPS, |at| field(within, at), value)?,
        }
    }
    if !any {
        return Err(PeerError::Missing {
            what: "option",
            remedy: "give DBCacheConfig() for cache-dit's defaults",
        });
    }
    settle::settle(&mut reading)?;
    reading.finish()
}

fn is_prune(value: &str) -> bool {
    value.rsplit('.').next() == Some("DBPrune")
}

/// The field of a class that an argument without a name sets.
fn field(class: &str, at: usize) -> Option<&'static Row> {
    let (shared, own) = CALIBRATORS.split_at_checked(5)?;
    let (taylor, dmd) = own.split_at_checked(1)?;
    let (first, then): (&[Row], &[Row]) = match class {
        "DBCacheConfig" | "BasicCacheConfig" => (CONFIG, &[]),
        "DBPruneConfig" => (CONFIG, PRUNE),
        "ExtraCacheConfig" => (EXTRA, &[]),
        "steps_mask" => (STEPS_MASK, &[]),
        "TaylorSeerCalibratorConfig" => (shared, taylor),
        "DMDCalibratorConfig" => (shared, dmd),
        _ => (shared, &[]),
    };
    first.iter().chain(then).nth(at)
}

fn is_variable(value: &str) -> bool {
    value
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

fn is_class(name: &str) -> bool {
    CLASSES.contains(&name)
}

/// A class, or the head of a part of YAML.
fn class<'a>(r: &mut Reading<'a>, key: &'a str, name: &'a str) -> Result<(), PeerError<'a>> {
    let heads = [
        "cache_config",
        "calibrator_config",
        "steps_computation_mask",
    ];
    if !key.is_empty() && !heads.contains(&key) {
        // Refused with its own reason, if it has one.
        let given = Given { key, value: name };
        if row_of(GROUPS, key).is_some() {
            return r.option(GROUPS, given);
        }
        return Err(PeerError::Key {
            given: key,
            nearest: near(key, &mut heads.into_iter()),
        });
    }
    if name.is_empty() && key == "steps_computation_mask" {
        return Err(PeerError::Item {
            given: key,
            form: "steps_computation_mask: [1, 0], in one line",
        });
    }
    let which = match name {
        "" => return Ok(()),
        "DBCacheConfig" | "BasicCacheConfig" | "DBPruneConfig" | "ExtraCacheConfig"
        | "CalibratorConfig" | CALL => return Ok(()),
        "steps_mask" => {
            r.mask.made = true;
            return Ok(());
        }
        "TaylorSeerCalibratorConfig" => Calibrator::Taylor,
        "FoCaCalibratorConfig" => Calibrator::Foca,
        "DMDCalibratorConfig" => Calibrator::Dmd,
        _ => {
            return Err(PeerError::Name {
                what: "class of cache-dit",
                given: name,
                nearest: near(name, &mut CLASSES.into_iter()),
            });
        }
    };
    let given = Given {
        key: name,
        value: "",
    };
    calibrator(r, which, given).map_err(|wrong| error(given, wrong))
}
