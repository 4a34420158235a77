//! Samplers, for a host with a loop of its own.

use core::mem::{MaybeUninit, size_of};

use super::border::{fill, guard, output, room};
use super::refrain_status::{self, REFRAIN_E_VALUE};
use crate::dit::Prediction;
use crate::sampler::{Sampler, Step, noise};
use crate::text::Named;

/// A step of the sampler: a latent x becomes keep * x + add * prediction.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_step {
    /// What the rows of `t` hold for this step.
    pub timestep: f32,
    /// Share of the latent that is kept.
    pub keep: f32,
    /// How much of the prediction is added.
    pub add: f32,
}

const _: () = assert!(size_of::<refrain_step>() == 3 * 4);

impl refrain_step {
    pub(super) const fn new(step: &Step) -> Self {
        Self {
            timestep: step.timestep,
            keep: step.keep,
            add: step.add,
        }
    }
}

/// The steps of a sampler: what the network is given, and what is done with what it predicts. A latent
/// becomes `keep` times itself plus `add` times the prediction.
///
/// - `sampler`: in, a REFRAIN_SAMPLER_... number: REFRAIN_SAMPLER_EULER for a network that predicts the
///   velocity, REFRAIN_SAMPLER_DDIM for one that predicts the noise.
/// - `steps`: in, 1 to 1000 with DDIM, to 1048576 with Euler.
/// - `steps_out`: out, room for `capacity` steps.
/// - `capacity`: in; at least `steps`, or 0 to ask for the number.
/// - `count_out`: out, steps; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE for an unknown sampler or too few or many steps;
/// REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_sampler_steps(
    sampler: u32,
    steps: u32,
    steps_out: *mut refrain_step,
    capacity: usize,
    count_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (steps_out, count_out) = unsafe { (room(steps_out, capacity)?, output(count_out)?) };
        let sampler = Sampler::from_number(sampler).ok_or(REFRAIN_E_VALUE)?;
        let prediction = Prediction::ALL
            .iter()
            .find(|prediction| Sampler::for_prediction(**prediction) == sampler);
        let prediction = prediction.copied().ok_or(REFRAIN_E_VALUE)?;
        let all = sampler.steps(prediction, steps);
        let all = all.map_err(|_| REFRAIN_E_VALUE)?;
        let all: alloc::vec::Vec<_> = all.iter().map(refrain_step::new).collect();
        fill(steps_out, &all, count_out)
    })
}

/// Fills a buffer with the noise that a run starts from: normal, mean 0, variance 1, the same on every
/// machine. Picture i is the same however many pictures there are.
///
/// - `seed`: in.
/// - `picture_values`: in, values of one picture: channels * height * width.
/// - `values_out`: out, `value_count` values, one picture after the other.
/// - `value_count`: in, a multiple of `picture_values`.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if `value_count` is no multiple; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_noise_fill(
    seed: u64,
    picture_values: usize,
    values_out: *mut f32,
    value_count: usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let values_out = unsafe { room(values_out, value_count)? };
        if !value_count.is_multiple_of(picture_values) {
            return Err(REFRAIN_E_VALUE);
        }
        values_out.fill(MaybeUninit::new(0.0));
        // SAFETY: every value was just written.
        let values = unsafe {
            core::slice::from_raw_parts_mut(values_out.as_mut_ptr().cast(), values_out.len())
        };
        noise(seed, picture_values, values);
        Ok(())
    })
}
