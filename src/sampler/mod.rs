//! Samplers: from noise to a picture by repeated prediction.
//!
//! A sampler is data: one [`Step`] a call, and `x' = keep · x + add · prediction` between them.

mod noise;

use alloc::vec::Vec;
use core::fmt;

pub use noise::noise;

use crate::{
    dit::Prediction,
    text::{Named, named},
};

/// Training steps of a DiT; its timesteps are 0 to 999.
const TRAINING_STEPS: u32 = 1000;

/// How a picture is made of predictions.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampler {
    /// Euler's method on the velocity of a rectified flow, evenly from t = 1 to 0. The network is
    /// given 1000 t.
    Euler = 0,
    /// Denoising diffusion implicit models (Song et al., 2020, arXiv 2010.02502) without added noise
    /// (eta 0), on the noise that a DiT predicts: 1000 training steps with linear betas from 1e-4 to
    /// 0.02, evenly spaced and rounded. The predicted picture is not clipped.
    Ddim = 1,
}

named!(Sampler, "sampler", {
    Euler => "euler",
    Ddim => "ddim",
});

/// Why a sampler cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SamplerError {
    /// The model predicts something else.
    Prediction {
        /// The sampler asked for.
        sampler: Sampler,
        /// What the model predicts.
        prediction: Prediction,
    },
    /// Too few or too many steps.
    Steps {
        /// The sampler asked for.
        sampler: Sampler,
        /// Steps asked for.
        given: u32,
    },
}

impl fmt::Display for SamplerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Prediction {
                sampler,
                prediction,
            } => write!(
                f,
                "sampler is {sampler}: the model predicts {prediction}, which takes {}",
                Sampler::for_prediction(prediction)
            ),
            Self::Steps { sampler, given } => {
                let most = sampler.most_steps();
                write!(f, "steps is {given}: {sampler} takes 1 to {most}")
            }
        }
    }
}

impl core::error::Error for SamplerError {}

/// One call of the network and what is done with what it predicts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// What the network is given, 0 to 1000.
    pub timestep: f32,
    /// Share of the latent that is kept.
    pub keep: f32,
    /// How much of the prediction is added.
    pub add: f32,
}

impl Step {
    /// Takes a latent to the next call, in place.
    pub fn apply(&self, latent: &mut [f32], prediction: &[f32]) {
        for (x, v) in latent.iter_mut().zip(prediction) {
            *x = self.keep * *x + self.add * v;
        }
    }
}

impl Sampler {
    /// The sampler for what a model predicts.
    #[must_use]
    pub const fn for_prediction(prediction: Prediction) -> Self {
        match prediction {
            Prediction::Velocity => Self::Euler,
            Prediction::Epsilon => Self::Ddim,
        }
    }

    /// Most steps of a run.
    #[must_use]
    pub const fn most_steps(self) -> u32 {
        match self {
            Self::Euler => 1 << 20,
            Self::Ddim => TRAINING_STEPS,
        }
    }

    /// Shares of the picture and of the noise in a latent at a timestep.
    pub(crate) fn levels(self, timestep: f32) -> [f64; 2] {
        match self {
            Self::Euler => {
                let noise = f64::from(timestep) / 1000.0;
                [1.0 - noise, noise]
            }
            Self::Ddim => {
                let kept = kept_shares().get(timestep as usize).copied().unwrap_or(0.0);
                [libm::sqrt(kept), libm::sqrt(1.0 - kept)]
            }
        }
    }

    /// The calls of a run.
    ///
    /// # Errors
    /// [`SamplerError`] if the model predicts something else, or the number of steps is 0 or more
    /// than [`most_steps`](Self::most_steps).
    pub fn steps(self, prediction: Prediction, steps: u32) -> Result<Vec<Step>, SamplerError> {
        if self != Self::for_prediction(prediction) {
            return Err(SamplerError::Prediction {
                sampler: self,
                prediction,
            });
        }
        if !(1..=self.most_steps()).contains(&steps) {
            return Err(SamplerError::Steps {
                sampler: self,
                given: steps,
            });
        }
        Ok(match self {
            Self::Euler => euler(steps),
            Self::Ddim => ddim(steps),
        })
    }
}

fn euler(steps: u32) -> Vec<Step> {
    let time = |i: u32| 1.0 - f64::from(i) / f64::from(steps);
    (0..steps)
        .map(|i| Step {
            timestep: (1000.0 * time(i)) as f32,
            keep: 1.0,
            add: (time(i + 1) - time(i)) as f32,
        })
        .collect()
}

/// x' = √ᾱ' x₀ + √(1 − ᾱ') ε with x₀ = (x − √(1 − ᾱ) ε) / √ᾱ, as one linear step.
fn ddim(steps: u32) -> Vec<Step> {
    let kept = kept_shares();
    let timesteps = spaced_timesteps(steps);
    let share = |i: usize| timesteps.get(i).and_then(|t| kept.get(*t as usize));
    (0..timesteps.len())
        .map(|i| {
            let now = share(i).copied().unwrap_or(1.0);
            let then = share(i + 1).copied().unwrap_or(1.0);
            let keep = libm::sqrt(then / now);
            Step {
                timestep: timesteps[i] as f32,
                keep: keep as f32,
                add: (libm::sqrt(1.0 - then) - keep * libm::sqrt(1.0 - now)) as f32,
            }
        })
        .collect()
}

/// ᾱ: the product of 1 − β over the training steps up to each.
fn kept_shares() -> Vec<f64> {
    let (first, last) = (1e-4, 0.02);
    let mut product = 1.0;
    (0..TRAINING_STEPS)
        .map(|t| {
            let share = f64::from(t) / f64::from(TRAINING_STEPS - 1);
            product *= 1.0 - (first + (last - first) * share);
            product
        })
        .collect()
}

/// Training steps in the order of the calls: from 999 to 0, spaced by 999 / (steps − 1) and rounded
/// to the nearest, ties to even, as the published respacing does. A single step is taken at 999,
/// where the published one is at 0 and returns the noise.
fn spaced_timesteps(steps: u32) -> Vec<u32> {
    let last = f64::from(TRAINING_STEPS - 1);
    if steps == 1 {
        return alloc::vec![TRAINING_STEPS - 1];
    }
    let stride = last / f64::from(steps - 1);
    let mut at = 0.0;
    let mut all = Vec::with_capacity(steps as usize);
    for _ in 0..steps {
        all.push(libm::rint(at) as u32);
        at += stride;
    }
    all.reverse();
    all
}
