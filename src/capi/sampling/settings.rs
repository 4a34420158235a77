//! What a run is to do, and what it would take.

use core::ffi::{c_char, c_void};
use core::mem::size_of;

use crate::capi::border::{
    Checked, Message, Sized32, guard, guard_telling, inputs, output, sized, write_sized,
};
use crate::capi::engine::read_backend;
use crate::capi::model::refrain_model;
use crate::capi::numbers::{refrain_anchor_format, refrain_sampler};
use crate::capi::object::shared;
use crate::capi::policy::{self, refrain_policy};
use crate::capi::refrain_status::{self, REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE};
use crate::dit::{Memory, Model};
use crate::kernels::AnchorFormat;
use crate::policy::Policy;
use crate::run::{Settings, memory};
use crate::sampler::Sampler;
use crate::text::Named;

/// What a run is to do. Start from refrain_settings_default.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_settings {
    /// sizeof(refrain_settings), as refrain_settings_default sets it.
    pub struct_size: u32,
    /// Sampler steps, 1 to 1000 with DDIM, to 1048576 with Euler. Default 50.
    pub steps: u32,
    /// 1: look at `sampler`. 0: the sampler that fits the model, and `sampler` is 0. Default 0.
    pub has_sampler: u32,
    /// The sampler.
    pub sampler: refrain_sampler,
    /// Classifier-free guidance scale s of u + s * (c - u), a finite number; 1 leaves the
    /// unconditional half out. Default 1.
    pub guidance: f32,
    /// Pictures of the run, at least 1.
    pub class_count: u32,
    /// How what the policy keeps is stored. Default REFRAIN_ANCHOR_FORMAT_F32, which running sums
    /// (the predictor chebyshev) need.
    pub anchor_format: refrain_anchor_format,
    /// Zero.
    pub reserved: u32,
    /// Seed of the noise. Picture i starts from the same noise however many pictures there are.
    pub seed: u64,
    /// The class of each picture, `class_count` numbers from 0 to `num_classes`, which stands for
    /// none.
    pub classes: *const u32,
    /// When calls are skipped; NULL computes them all. A calibrated policy whose curve is not given
    /// gets that of the model, if there is one.
    pub policy: *const refrain_policy,
    /// Where the pictures start from, in place of the seed's noise: `latent_count` values, one picture
    /// after the other, each channels, rows, columns. They must be what the sampler starts from: noise of
    /// variance 1. The second version begins here.
    pub latents: *const f32,
    /// Values of `latents`: 0, or channels * rows * columns for each picture. Default 0.
    pub latent_count: usize,
}

// SAFETY: numbers and pointers, which are checked before they are used; no padding, as asserted.
unsafe impl Sized32 for refrain_settings {
    const OLDEST: usize = core::mem::offset_of!(Self, latents);
}

/// Bytes that a run takes on its device.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_memory {
    /// Weights; shared by all runs of an engine. On a GPU they are in the checkpoint's format.
    pub weights: u64,
    /// Activations, inputs and outputs, which a run without a policy needs too. Those that are not
    /// needed at the same time share memory.
    pub activations: u64,
    /// Anchors: what the policy blends.
    pub anchors: u64,
    /// What else the policy keeps from call to call: what signals are compared with.
    pub references: u64,
}

const _: () = {
    assert!(size_of::<refrain_settings>() == 8 * 4 + 8 + 4 * size_of::<*const c_void>());
    assert!(size_of::<refrain_memory>() == 4 * 8);
};

impl refrain_memory {
    pub(super) const fn new(memory: &Memory) -> Self {
        Self {
            weights: memory.weights,
            activations: memory.activations,
            anchors: memory.anchors,
            references: memory.references,
        }
    }
}

/// Settings from C, and what they start from if that is not noise.
pub(in crate::capi) unsafe fn read<'a>(
    settings: *const refrain_settings,
    model: &Model,
    message: &mut Message,
) -> Checked<(Settings, Option<&'a [f32]>)> {
    // SAFETY: the pointer contract of this module.
    let raw = unsafe { sized(settings)? };
    let policy = if raw.policy.is_null() {
        Policy::NEUTRAL
    } else {
        // SAFETY: the pointer contract of this module.
        unsafe { policy::read(raw.policy, None, message)? }
    };
    // SAFETY: the pointer contract of this module.
    let classes = unsafe { inputs(raw.classes, raw.class_count as usize)? };
    let sampler = match raw.has_sampler {
        0 if raw.sampler == 0 => Sampler::for_prediction(model.config().prediction),
        1 => Sampler::from_number(raw.sampler).ok_or_else(|| {
            let last = Sampler::ALL.len().saturating_sub(1);
            let why = format_args!("sampler is {}; allowed is 0 to {last}", raw.sampler);
            message.refuse(REFRAIN_E_VALUE, &why)
        })?,
        0 => {
            let why = format_args!(
                "sampler is {} while has_sampler is 0; set that to 1",
                raw.sampler
            );
            return Err(message.refuse(REFRAIN_E_UNSUPPORTED, &why));
        }
        other => {
            let why = format_args!("has_sampler is {other}; allowed is 0 to 1");
            return Err(message.refuse(REFRAIN_E_UNSUPPORTED, &why));
        }
    };
    if raw.reserved != 0 {
        let why = format_args!("reserved is {}; it must be 0", raw.reserved);
        return Err(message.refuse(REFRAIN_E_UNSUPPORTED, &why));
    }
    let anchor_format = AnchorFormat::from_number(raw.anchor_format).ok_or_else(|| {
        let last = AnchorFormat::ALL.len().saturating_sub(1);
        let why = format_args!(
            "anchor_format is {}; allowed is 0 to {last}",
            raw.anchor_format
        );
        message.refuse(REFRAIN_E_VALUE, &why)
    })?;
    // SAFETY: the pointer contract of this module.
    let latents = unsafe { inputs(raw.latents, raw.latent_count)? };
    let settings = Settings {
        policy,
        steps: raw.steps,
        sampler,
        guidance: raw.guidance,
        classes: classes.to_vec(),
        anchor_format,
        seed: raw.seed,
    };
    Ok((settings, (!latents.is_empty()).then_some(latents)))
}

/// Settings to start from: 50 steps, the sampler that fits, guidance 1, every call computed, anchors
/// in f32. Classes must still be given.
///
/// - `struct_size`: in, sizeof(refrain_settings).
/// - `settings_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_NULL; REFRAIN_E_MEMORY if the pointer is not
/// aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_settings_default(
    struct_size: usize,
    settings_out: *mut refrain_settings,
) -> refrain_status {
    guard(|| {
        let settings = refrain_settings {
            struct_size: struct_size as u32,
            steps: 50,
            has_sampler: 0,
            sampler: 0,
            guidance: 1.0,
            class_count: 0,
            anchor_format: AnchorFormat::F32 as u32,
            reserved: 0,
            seed: 0,
            classes: core::ptr::null(),
            policy: core::ptr::null(),
            latents: core::ptr::null(),
            latent_count: 0,
        };
        // SAFETY: the pointer contract of this module.
        unsafe { write_sized(settings, struct_size, settings_out) }
    })
}

/// Bytes that a run would take, before anything of it is made.
///
/// - `model`: shared.
/// - `settings`: in.
/// - `backend`: in, a REFRAIN_BACKEND_... number: where it would run.
///   REFRAIN_BACKEND_AUTO looks for a GPU.
/// - `memory_out`: out.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if the settings do not fit the model, or for an unknown backend;
/// REFRAIN_E_UNSUPPORTED also if the library was built without the backend; REFRAIN_E_CONFIG_SIZE;
/// REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not aligned; REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_settings_memory(
    model: *const refrain_model,
    settings: *const refrain_settings,
    backend: u32,
    memory_out: *mut refrain_memory,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (model, memory_out) = unsafe { (shared(model)?, output(memory_out)?) };
        // SAFETY: the pointer contract of this module.
        let (settings, _) = unsafe { read(settings, &model, message)? };
        let backend = read_backend(backend, message)?;
        let memory = memory(&model, &settings, backend)
            .map_err(|why| message.refuse((&why).into(), &why))?;
        memory_out.write(refrain_memory::new(&memory));
        Ok(())
    })
}
