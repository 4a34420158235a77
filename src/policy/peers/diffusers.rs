//! Options of diffusers' hooks, as of version 0.42.1 (October 2026): the configuration classes of
//! `diffusers.hooks`.

use core::slice;

use super::reading::{
    Check, Given, Group, Nothing, Reading, Row, error, flag, is_none, key, list, near, number,
    optional, range, report, row, steps, unless, whole, words,
};
use super::report::{Carried, PeerError, Wrong};
use super::words::{Item, Items};
use crate::policy::{Comparator, Keep, MAX_CURVE, Method, Policy, Schedule, Site, Window};
use crate::predict::{Predictor, PredictorKind};
use crate::signal::SignalKind;

/// The classes, each with its fields in their order.
pub(super) static GROUPS: &[Group] = &[
    Group {
        name: "FirstBlockCacheConfig",
        rows: FIRST_BLOCK,
    },
    Group {
        name: "MagCacheConfig",
        rows: MAG,
    },
    Group {
        name: "TaylorSeerCacheConfig",
        rows: TAYLORSEER,
    },
    Group {
        name: "PyramidAttentionBroadcastConfig",
        rows: PYRAMID,
    },
    Group {
        name: "FasterCacheConfig",
        rows: FASTER,
    },
    Group {
        name: "SeaCacheConfig",
        rows: SEA,
    },
    Group {
        name: "TextKVCacheConfig",
        rows: &[],
    },
];

const HOST: &str = "which modules are held is the site's to say";
const TIME: &str = "the run hands its time to every call";
const OWN: &str = "it takes a scheduler of its own: pab, with that interval and window";
const GUIDANCE: &str =
    "the guidance half takes a scheduler of its own: cfgcache, with interval and window as given";

static FIRST_BLOCK: &[Row] = &[key("threshold", "threshold")];

static MAG: &[Row] = &[
    key("threshold", "threshold"),
    row("max_skip_steps", "max_run", |r, given| {
        let most = steps(given.value, 0)?;
        if most == 0 {
            r.never = true;
            r.note(
                given,
                "nothing is skipped there; 0 is no limit here, so all steps are retained",
            );
        }
        r.policy.guards.max_continuous_cached_steps = most;
        Ok(())
    }),
    key("retention_ratio", "retention"),
    unless(
        "num_inference_steps",
        Check::Whole(1, -1),
        "the run's own number of steps counts here",
    ),
    optional(row("mag_ratios", "curve", |r, given| {
        if given.value.rsplit('.').next() == Some("FLUX_MAG_RATIOS") {
            return r.key("model", "flux-dev");
        }
        let wrong = words("FLUX_MAG_RATIOS, or up to 128 numbers from 0.01 to 100");
        let curve = &mut r.policy.gauge.curve;
        for item in list(given.value) {
            let ratio = number(item).map_err(|_| wrong)?;
            let free = curve.values.get_mut(curve.len as usize);
            let fits = (0.01..=100.0).contains(&ratio);
            *free.filter(|_| fits).ok_or(wrong)? = ratio;
            curve.len += 1;
        }
        if curve.len == 0 || curve.len as usize > MAX_CURVE {
            return Err(wrong);
        }
        Ok(())
    })),
    row("calibrate", "refused", |_, given| {
        match flag(given.value)? {
            false => Ok(()),
            true => Err(Wrong::Refused(
                "a policy does not calibrate; `refrain calibrate` does, and writes a table",
            )),
        }
    }),
];

static TAYLORSEER: &[Row] = &[
    key("cache_interval", "interval"),
    row("disable_cache_before_step", "warmup", |r, given| {
        r.policy.guards.max_warmup_steps = steps(given.value, 0)?;
        Ok(())
    }),
    optional(row("disable_cache_after_step", "end", |r, given| {
        let end = steps(given.value, 0)?;
        r.window_in_steps(0, end);
        Ok(())
    })),
    key("max_order", "order"),
    report(
        "taylor_factors_dtype",
        "in what format features are kept is the engine's",
    ),
    optional(report("skip_predict_identifiers", HOST)),
    optional(report("cache_identifiers", HOST)),
    row("use_lite_mode", "site", |r, given| {
        if flag(given.value)? {
            r.policy.site = Site {
                keep: Keep::Output,
                ..Site::MODEL
            };
            r.note(
                given,
                "the output of the network is forecast, which is that of its last projection",
            );
        }
        Ok(())
    }),
];

static PYRAMID: &[Row] = &[
    optional(row(
        "spatial_attention_block_skip_range",
        "interval",
        |r, g| attention(r, g, 0),
    )),
    optional(row(
        "temporal_attention_block_skip_range",
        "interval",
        |r, g| attention(r, g, 1),
    )),
    optional(row(
        "cross_attention_block_skip_range",
        "interval",
        |r, g| attention(r, g, 2),
    )),
    row(
        "spatial_attention_timestep_skip_range",
        "start, end",
        |r, g| attention_window(r, g, 0),
    ),
    row(
        "temporal_attention_timestep_skip_range",
        "start, end",
        |r, g| attention_window(r, g, 1),
    ),
    row(
        "cross_attention_timestep_skip_range",
        "start, end",
        |r, g| attention_window(r, g, 2),
    ),
    report("spatial_attention_block_identifiers", HOST),
    report("temporal_attention_block_identifiers", HOST),
    report("cross_attention_block_identifiers", HOST),
    optional(report("current_timestep_callback", TIME)),
];

static FASTER: &[Row] = &[
    Row {
        none: Nothing::Value,
        ..row(
            "spatial_attention_block_skip_range",
            "interval",
            |r, given| {
                if is_none(given.value) {
                    return Err(Wrong::Refused(
                        "no spatial attention is held then; the guidance half alone is cfgcache",
                    ));
                }
                r.key("interval", given.value)
            },
        )
    },
    optional(unless(
        "temporal_attention_block_skip_range",
        Check::Whole(1, -1),
        "it takes a scheduler of its own: fastercache, with that interval and window",
    )),
    row(
        "spatial_attention_timestep_skip_range",
        "start, end",
        time_window,
    ),
    unless(
        "temporal_attention_timestep_skip_range",
        Check::Range,
        "as temporal_attention_block_skip_range",
    ),
    unless(
        "low_frequency_weight_update_timestep_range",
        Check::Range,
        GUIDANCE,
    ),
    unless(
        "high_frequency_weight_update_timestep_range",
        Check::Range,
        GUIDANCE,
    ),
    unless("alpha_low_frequency", Check::Number(f64::NAN), GUIDANCE),
    unless("alpha_high_frequency", Check::Number(f64::NAN), GUIDANCE),
    unless(
        "unconditional_batch_skip_range",
        Check::Whole(1, -1),
        GUIDANCE,
    ),
    unless(
        "unconditional_batch_timestep_skip_range",
        Check::Range,
        GUIDANCE,
    ),
    report("spatial_attention_block_identifiers", HOST),
    report("temporal_attention_block_identifiers", HOST),
    optional(row("attention_weight_callback", "gain", |r, given| {
        // `lambda _: 0.3` is as good as a number.
        let value = match given.value.strip_prefix("lambda") {
            Some(rest) => rest.split_once(':').map_or("", |(_, value)| value.trim()),
            None => given.value,
        };
        if number(value).is_ok() {
            return r.key("gain", value);
        }
        r.note(
            given,
            "a function is not read: the weight is 0.5 throughout; give gain, with ramp=1 for one \
             that rises from 0",
        );
        Ok(())
    })),
    optional(report("low_frequency_weight_callback", GUIDANCE)),
    optional(report("high_frequency_weight_callback", GUIDANCE)),
    row("tensor_format", "report", |r, given| {
        r.note(given, "how tensors lie in memory is the engine's");
        match given.value {
            "BCFHW" | "BFCHW" | "BCHW" => Ok(()),
            _ => Err(words("BCFHW, BFCHW or BCHW")),
        }
    }),
    row("is_guidance_distilled", "report", |r, given| {
        r.never = flag(given.value)?;
        Ok(())
    }),
    optional(report("current_timestep_callback", TIME)),
    report("_unconditional_conditional_input_kwargs_identifiers", HOST),
];

static SEA: &[Row] = &[
    key("threshold", "threshold"),
    row("residual_order", "order", |r, given| {
        let order = whole(given.value, 0, 1).map_err(|_| words("0 or 1"))?;
        r.policy.predictor = match order {
            0 => Predictor::HOLD,
            _ => Predictor::new(PredictorKind::Taylor, 1),
        };
        Ok(())
    }),
    key("retention_steps", "warmup"),
    key("cache_end_steps", "last"),
    key("max_consecutive_cached", "max_run"),
    key("power_exp", "filter_size"),
    optional(report(
        "raw_vision_callback",
        "the network's input latent is measured",
    )),
];

fn time_window<'a>(r: &mut Reading<'a>, given: Given<'a>) -> Result<(), Wrong> {
    let (low, high) = range(given.value)?;
    r.policy.guards.window = Window::Time;
    r.policy.guards.window_start = low;
    r.policy.guards.window_end = high;
    Ok(())
}

/// An interval of one kind of attention, of which one can be had; see `settle`.
fn attention<'a>(r: &mut Reading<'a>, given: Given<'a>, kind: usize) -> Result<(), Wrong> {
    steps(given.value, 1)?;
    if let Some(free) = r.limits.get_mut(kind) {
        *free = Some(given);
    }
    Ok(())
}

fn attention_window<'a>(r: &mut Reading<'a>, given: Given<'a>, kind: usize) -> Result<(), Wrong> {
    range(given.value)?;
    if let Some(free) = r.windows.get_mut(kind) {
        *free = Some(given);
    }
    Ok(())
}

pub(super) fn read(text: &str) -> Result<(Policy, Carried<'_>), PeerError<'_>> {
    let mut reading = Reading::new(Method::Full);
    reading.keywords = true;
    let mut items = Items::new(text, is_class);
    let mut group: Option<&'static Group> = None;
    let mut in_call = false;
    while let Some(item) = items.next()? {
        match item {
            Item::Class { name, .. } if CALLS.contains(&name) => in_call = true,
            // The model, or the name of a configuration.
            Item::Value(_) | Item::Option { key: "config", .. } if in_call => {}
            Item::Class { key, name } => {
                in_call = false;
                if !matches!(key, "" | "config") {
                    return Err(PeerError::Key {
                        given: key,
                        nearest: "config",
                    });
                }
                if group.is_some() && is_class(name) {
                    let why = "one model has one cache in diffusers; give one class";
                    return Err(PeerError::Refused {
                        key: name,
                        given: "",
                        why,
                    });
                }
                group = Some(class(&mut reading, name)?);
                reading.enter();
            }
            Item::Option { key, value } => {
                let group = group.ok_or(MISSING)?;
                reading.argument(slice::from_ref(group), Given { key, value })?;
            }
            Item::Value(value) => {
                let group = group.ok_or(MISSING)?;
                let field = |at| group.rows.get(at);
                reading.unnamed(slice::from_ref(group), field, value)?;
            }
        }
    }
    if group.is_none() {
        return Err(MISSING);
    }
    settle(&mut reading)?;
    reading.finish()
}

/// What a configuration is handed to.
const CALLS: [&str; 8] = [
    "enable_cache",
    "apply_first_block_cache",
    "apply_mag_cache",
    "apply_taylorseer_cache",
    "apply_pyramid_attention_broadcast",
    "apply_faster_cache",
    "apply_sea_cache",
    "apply_text_kv_cache",
];

const MISSING: PeerError<'_> = PeerError::Missing {
    what: "class",
    remedy: "give FirstBlockCacheConfig, MagCacheConfig, TaylorSeerCacheConfig, \
             PyramidAttentionBroadcastConfig, FasterCacheConfig or SeaCacheConfig, with its options \
             in brackets",
};

fn is_class(name: &str) -> bool {
    GROUPS.iter().any(|group| group.name == name)
}

/// The class, and its defaults.
fn class<'a>(r: &mut Reading<'a>, name: &'a str) -> Result<&'static Group, PeerError<'a>> {
    let Some(group) = GROUPS.iter().find(|group| group.name == name) else {
        return Err(PeerError::Name {
            what: "class of diffusers",
            given: name,
            nearest: near(name, &mut GROUPS.iter().map(|group| group.name)),
        });
    };
    match name {
        "FirstBlockCacheConfig" => {
            r.start(Method::FbCache);
            r.policy.budget.threshold = 0.05;
            r.policy.budget.comparator = Comparator::AtMost;
        }
        "MagCacheConfig" => r.start(Method::MagCache),
        "TaylorSeerCacheConfig" => {
            r.start(Method::TaylorSeer);
            r.policy.gauge.schedule = Schedule::First;
            r.policy.gauge.interval = 5;
            r.policy.guards.max_warmup_steps = 3;
            r.policy.site.kind = crate::policy::SiteKind::Attention;
        }
        "PyramidAttentionBroadcastConfig" => {
            r.start(Method::Pab);
            r.policy.guards.window_end = 800.0;
        }
        "FasterCacheConfig" => {
            r.start(Method::FasterCache);
            let predictor = &mut r.policy.predictor;
            predictor.gain = 0.5;
            predictor.ramp = 0;
            predictor.gain_start = 0.0;
            predictor.rolling = 1;
            let guards = &mut r.policy.guards;
            guards.window = Window::Time;
            guards.window_start = -1.0;
            guards.window_end = 681.0;
        }
        "SeaCacheConfig" => {
            r.start(Method::SeaCache);
            let policy = &mut r.policy;
            policy.gauge.signal = SignalKind::ModelInput;
            policy.gauge.filter_size = 3.0;
            policy.budget.threshold = 0.25;
            policy.predictor = Predictor::new(PredictorKind::Taylor, 1);
            policy.guards.max_warmup_steps = 1;
            policy.guards.last_steps = 1;
            policy.guards.max_continuous_cached_steps = 2;
        }
        _ => {
            let why =
                "the text's keys and values are kept exactly there, which is the engine's part";
            return Err(PeerError::Refused {
                key: name,
                given: "",
                why,
            });
        }
    }
    Ok(group)
}

/// What depends on more than one option.
fn settle<'a>(r: &mut Reading<'a>) -> Result<(), PeerError<'a>> {
    match r.policy.method {
        Method::MagCache => {
            if r.never {
                r.policy.guards.warmup_fraction = 1.0;
            }
            if r.policy.gauge.curve.len == 0 {
                r.carried.say(
                    "mag_ratios",
                    "",
                    "not given, which is an error there; name a model or give a table here",
                );
            }
        }
        Method::TaylorSeer => {
            // There the pattern starts one step behind the first that may be forecast.
            r.policy.gauge.offset = r.policy.guards.max_warmup_steps.saturating_add(1);
        }
        Method::Pab => pyramid(r)?,
        Method::FasterCache if !r.never => {
            r.carried.say(
                "is_guidance_distilled",
                "False",
                "attention is held at every step of its pattern; there only where the \
                 unconditional branch is left out as well",
            );
            if !r.has("unconditional_batch_skip_range") {
                r.carried
                    .say("unconditional_batch_skip_range", "5", GUIDANCE);
            }
        }
        _ => {}
    }
    Ok(())
}

/// One kind of attention: spatial if it is given, or nothing is; else the first that is.
fn pyramid<'a>(r: &mut Reading<'a>) -> Result<(), PeerError<'a>> {
    let intervals = r.limits;
    let windows = r.windows;
    let mut chosen = None;
    for (interval, window) in intervals.into_iter().zip(windows).take(3) {
        match interval {
            Some(given) if chosen.is_none() => {
                chosen = Some(());
                r.key("interval", given.value)
                    .map_err(|wrong| error(given, wrong))?;
                if let Some(window) = window {
                    time_window(r, window).map_err(|wrong| error(window, wrong))?;
                }
            }
            Some(given) => {
                r.note(given, OWN);
                if let Some(window) = window {
                    r.note(window, OWN);
                }
            }
            None => {}
        }
    }
    if chosen.is_none() {
        r.policy.gauge.interval = 2;
        if let Some(Some(window)) = windows.first().copied() {
            time_window(r, window).map_err(|wrong| error(window, wrong))?;
        }
    }
    for (i, window) in windows.into_iter().enumerate() {
        let spatial = i == 0 && chosen.is_none();
        let used = spatial || intervals.get(i).is_some_and(Option::is_some);
        if let (false, Some(window)) = (used, window) {
            r.note(
                window,
                "its interval is not given, so it has no effect, there and here",
            );
        }
    }
    Ok(())
}
