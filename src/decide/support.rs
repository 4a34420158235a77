//! What the decision kernel can decide.

use alloc::string::{String, ToString};
use core::fmt;

use crate::policy::{Policy, Pool, VerifyKind};
use crate::predict::PredictorKind;
use crate::signal::Filter;

/// Why a policy is not decided on the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The key of the policy's text form.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// What stands in the way.
    pub why: &'static str,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, why } = self;
        write!(
            f,
            "{key}={value} is not decided on the device: {why}; decide on the host"
        )
    }
}

impl core::error::Error for Unsupported {}

/// Whether the decision kernel knows everything of a policy, for so many lanes.
///
/// Left to the host are the predictors that need more than + − × ÷ or the tensors themselves (`foca`,
/// `chebyshev`, `dmd`), forecasts that are taken back (`verify=rollback`), the filter `sea`, and lanes
/// that decide together.
///
/// # Errors
/// [`Unsupported`] names the first key that stands in the way.
pub fn device_support(policy: &Policy, lanes: u32) -> Result<(), Unsupported> {
    let refused = |key, value: &dyn ToString, why| {
        Err(Unsupported {
            key,
            value: value.to_string(),
            why,
        })
    };
    let kind = policy.predictor.kind;
    match kind {
        PredictorKind::Foca => refused("predictor", &kind, "its correction is a power"),
        PredictorKind::Chebyshev => refused("predictor", &kind, "it solves a system of equations"),
        PredictorKind::Dmd => refused("predictor", &kind, "it needs roots, powers and angles"),
        _ if policy.verify.kind == VerifyKind::Rollback => refused(
            "verify",
            &policy.verify.kind,
            "a call that was encoded cannot be made again",
        ),
        _ if policy.gauge.measures() && policy.gauge.filter == Filter::Sea => refused(
            "filter",
            &policy.gauge.filter,
            "its matrix is made anew for every call",
        ),
        _ if lanes > 1 && policy.pool != Pool::Alone => {
            refused("pool", &policy.pool, "lanes decide one by one there")
        }
        _ => Ok(()),
    }
}
