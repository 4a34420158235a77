//! What of cache-dit's options depends on more than one: the calibrator, and the mask.

use super::{NOT_EXEMPT, OF_THE_RUN};
use crate::policy::peers::reading::{Calibrator, Given, Reading, error, steps};
use crate::policy::peers::report::{PeerError, Wrong};
use crate::policy::schedule::Level;
use crate::policy::{GaugeKind, MAX_MASK, Method};
use crate::predict::{Predictor, PredictorKind};

/// What depends on more than one option.
pub(super) fn settle<'a>(r: &mut Reading<'a>) -> Result<(), PeerError<'a>> {
    if r.policy.gauge.kind == GaugeKind::Always {
        return Ok(());
    }
    if r.policy.method == Method::DbPrune && !r.has("Fn_compute_blocks") {
        r.carried.say("Fn_compute_blocks", "8", NOT_EXEMPT);
    }
    forecast(r)?;
    mask(r)?;
    if r.never {
        r.policy.budget.threshold = 0.0;
        r.policy.guards.max_cached_steps = 0;
        r.policy.guards.max_continuous_cached_steps = 0;
    }
    Ok(())
}

fn forecast<'a>(r: &mut Reading<'a>) -> Result<(), PeerError<'a>> {
    let on = r.calibrator.filter(|_| !r.calibrator_off);
    match on {
        Some(Calibrator::Taylor) => {
            r.policy.predictor = Predictor::new(PredictorKind::Taylor, 1);
            if let Some(given) = r.order {
                r.key("order", given.value)
                    .map_err(|wrong| error(given, wrong))?;
            }
        }
        Some(Calibrator::Foca) => {
            r.policy.predictor = Predictor::new(PredictorKind::Foca, 0);
            if let Some(given) = r.calibrated {
                r.note(
                    given,
                    "the slope is per step and reaches any distance; there it is per interval, up \
                     to three steps",
                );
            }
        }
        Some(Calibrator::Dmd) => {
            r.policy.predictor = Predictor::new(PredictorKind::Dmd, 0);
            if let Some(given) = r.calibrated {
                r.note(
                    given,
                    "two modes at most, from inner products of the features; there up to five, by \
                     an SVD",
                );
            }
        }
        None => {}
    }
    if let (Some(given), false) = (r.order, on == Some(Calibrator::Taylor)) {
        r.note(given, "there is no TaylorSeer calibrator to have an order");
    }
    Ok(())
}

fn mask<'a>(r: &mut Reading<'a>) -> Result<(), PeerError<'a>> {
    let warmup = r.policy.guards.max_warmup_steps;
    let of_bins = r.mask.computed.or(r.mask.skipped).is_some();
    if r.mask.made && r.mask.level.is_none() && !of_bins {
        let medium = Given {
            key: "mask_policy",
            value: "medium",
        };
        r.mask.level = Some((Level::Medium, medium));
    }
    let masked = r.write_mask()?;
    r.mask_fits()?;
    if let (false, None, Some(given)) = (masked, r.warmup_interval, r.steps_given) {
        r.note(given, OF_THE_RUN);
    }
    if masked {
        // There the warm-up ends with the mask's first run of computed steps, which the mask has.
        r.policy.guards.max_warmup_steps = 0;
        if let Some(given) = r.warmup_interval {
            r.note(
                given,
                "the mask computes its first steps anyway, there and here",
            );
        }
    } else if let Some(given) = r.warmup_interval {
        if r.steps == 0 {
            r.note(
                given,
                "every warm-up step is computed; give num_inference_steps to have a mask of them",
            );
        } else {
            let every = steps(given.value, 1).map_err(|wrong| error(given, wrong))?;
            r.policy.guards.mask_len = r.steps.min(MAX_MASK as u32);
            r.policy.guards.max_warmup_steps = 0;
            for step in (0..warmup.min(r.steps)).step_by(every.max(1) as usize) {
                r.compute(step);
            }
        }
    }
    let Some(given) = r.mask.fixed else {
        return Ok(());
    };
    if !masked {
        let why = "there is no mask for it; give steps_computation_mask";
        return Err(error(given, Wrong::Refused(why)));
    }
    r.policy.gauge.kind = GaugeKind::Free;
    r.policy.guards.max_cached_steps = 0;
    r.policy.guards.max_continuous_cached_steps = 0;
    if r.has("residual_diff_threshold") {
        r.carried.say(
            "residual_diff_threshold",
            "",
            "the static policy does not look at it, there and here",
        );
    }
    for given in r.limits.into_iter().flatten() {
        r.note(given, "the static policy looks at no limit, there and here");
    }
    // Nothing is measured, so nothing is left that could be never.
    r.never = false;
    Ok(())
}
