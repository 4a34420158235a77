//! Checkpoints.

use alloc::sync::Arc;
use core::ffi::{c_char, c_void};
use core::mem::size_of;
use std::path::Path;

use super::border::{
    Checked, Message, Sized32, guard, guard_telling, inputs, output, sized, text as read_text,
    write_text,
};
use super::numbers::refrain_prediction;
use super::object::{Opaque, create, destroy, shared};
use super::refrain_status::{
    self, REFRAIN_E_FILE, REFRAIN_E_FORMAT, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE,
};
use crate::dit::{Model, ModelError, Overrides, Prediction};
use crate::text::Named;

/// A checkpoint, checked. Reading it needs the feature cpu or gpu, as all that follows.
#[derive(Debug)]
pub struct refrain_model {
    _opaque: [u8; 0],
}

impl Opaque for refrain_model {
    type Value = Arc<Model>;
    const LIVE: u32 = u32::from_le_bytes(*b"rfMo");
}

/// What is said about a checkpoint beside the file, and goes before what the file says.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_model_options {
    /// sizeof(refrain_model_options).
    pub struct_size: u32,
    /// Attention heads; 0: as the file says, else as published for its size.
    pub num_heads: u32,
    /// 1: look at `prediction`. 0: as the file says, else as usual for its shape, and `prediction` is 0.
    pub has_prediction: u32,
    /// What the network predicts. SiT checkpoints have sigma channels like DiT's and need
    /// REFRAIN_PREDICTION_VELOCITY said here if their metadata does not.
    pub prediction: refrain_prediction,
}

// SAFETY: four numbers, without padding.
unsafe impl Sized32 for refrain_model_options {
    const OLDEST: usize = size_of::<Self>();
}

/// The sizes of a model.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_model_sizes {
    /// Side of the square picture or latent, in pixels.
    pub input_size: u32,
    /// Channels of the picture or latent.
    pub in_channels: u32,
    /// Channels of the output: `in_channels`, or twice as many with learned sigma.
    pub out_channels: u32,
    /// Side of a patch, in pixels.
    pub patch_size: u32,
    /// Width of a token.
    pub hidden_size: u32,
    /// Transformer blocks.
    pub depth: u32,
    /// Attention heads.
    pub num_heads: u32,
    /// Classes; label `num_classes` stands for none.
    pub num_classes: u32,
    /// What the network predicts.
    pub prediction: refrain_prediction,
    /// Zero.
    pub reserved: u32,
    /// Elements of all tensors.
    pub parameters: u64,
    /// A hash over names, shapes and elements of the tensors: the same for the same weights.
    pub fingerprint: u64,
}

const _: () = {
    assert!(size_of::<refrain_model_options>() == 4 * 4);
    assert!(size_of::<refrain_model_sizes>() == 10 * 4 + 2 * 8);
};

impl From<&ModelError> for refrain_status {
    fn from(error: &ModelError) -> Self {
        match error {
            ModelError::Read { .. } => REFRAIN_E_FILE,
            ModelError::Format(_) | ModelError::Tensor { .. } | ModelError::Metadata { .. } => {
                REFRAIN_E_FORMAT
            }
            ModelError::Setting { .. } => REFRAIN_E_VALUE,
        }
    }
}

/// Options from C; NULL leaves everything to the file.
unsafe fn overrides(
    options: *const refrain_model_options,
    message: &mut Message,
) -> Checked<Overrides> {
    if options.is_null() {
        return Ok(Overrides::default());
    }
    // SAFETY: the pointer contract of this module.
    let options = unsafe { sized(options)? };
    let prediction = match options.has_prediction {
        0 if options.prediction == 0 => None,
        1 => Some(Prediction::from_number(options.prediction).ok_or_else(|| {
            let why = format_args!("prediction is {}; allowed is 0 to 1", options.prediction);
            message.refuse(REFRAIN_E_VALUE, &why)
        })?),
        0 => {
            let why = format_args!(
                "prediction is {} while has_prediction is 0; set that to 1",
                options.prediction
            );
            return Err(message.refuse(REFRAIN_E_UNSUPPORTED, &why));
        }
        other => {
            let why = format_args!("has_prediction is {other}; allowed is 0 to 1");
            return Err(message.refuse(REFRAIN_E_UNSUPPORTED, &why));
        }
    };
    Ok(Overrides {
        num_heads: (options.num_heads != 0).then_some(options.num_heads),
        prediction,
    })
}

/// Reads a checkpoint from a `.safetensors` file with the published DiT and SiT parameter names, in
/// f32, f16 or bf16.
///
/// - `path`: in, UTF-8, ending in a zero.
/// - `options`: in, optional: NULL leaves everything to the file.
/// - `model_out`: out, to be destroyed with refrain_model_destroy.
/// - `message`, `message_capacity`: optional; on an error, why in one line, naming the tensor.
///
/// Returns REFRAIN_OK; REFRAIN_E_FILE if the file cannot be read; REFRAIN_E_FORMAT if it is damaged, a
/// tensor is missing, superfluous, of the wrong shape, or holds NaN or infinity, or its metadata name
/// heads, a prediction or classes that cannot be; REFRAIN_E_VALUE for
/// an option that does not fit, or a path that is not UTF-8; REFRAIN_E_CONFIG_SIZE;
/// REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned;
/// REFRAIN_E_PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_model_open(
    path: *const c_char,
    options: *const refrain_model_options,
    model_out: *mut *mut refrain_model,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (path, model_out) = unsafe { (read_text(path)?, output(model_out)?) };
        // SAFETY: the pointer contract of this module.
        let overrides = unsafe { overrides(options, message)? };
        let model = Model::open(Path::new(path), &overrides)
            .map_err(|why| message.refuse((&why).into(), &why))?;
        model_out.write(create(Arc::new(model)));
        Ok(())
    })
}

/// Reads a checkpoint from memory.
///
/// - `bytes`: in, the contents of a `.safetensors` file; copied. No alignment is needed.
/// - `byte_count`: in.
/// - `options`: in, optional: NULL leaves everything to the file.
/// - `model_out`: out, to be destroyed with refrain_model_destroy.
/// - `message`, `message_capacity`: optional; on an error, why in one line, naming the tensor.
///
/// Returns what refrain_model_open returns, but REFRAIN_E_FILE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_model_from_memory(
    bytes: *const c_void,
    byte_count: usize,
    options: *const refrain_model_options,
    model_out: *mut *mut refrain_model,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (bytes, model_out) =
            unsafe { (inputs(bytes.cast::<u8>(), byte_count)?, output(model_out)?) };
        // SAFETY: the pointer contract of this module.
        let overrides = unsafe { overrides(options, message)? };
        let model = Model::from_bytes(bytes.to_vec(), &overrides)
            .map_err(|why| message.refuse((&why).into(), &why))?;
        model_out.write(create(Arc::new(model)));
        Ok(())
    })
}

/// Frees a model. Engines made of it keep what they need.
///
/// - `model`: exclusive; optional: NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_model_destroy(model: *mut refrain_model) {
    // SAFETY: the pointer contract of this module.
    unsafe { destroy(model) }
}

/// The sizes of a model.
///
/// - `model`: shared.
/// - `info_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not
/// aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_model_info(
    model: *const refrain_model,
    info_out: *mut refrain_model_sizes,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (model, info_out) = unsafe { (shared(model)?, output(info_out)?) };
        let config = model.config();
        info_out.write(refrain_model_sizes {
            input_size: config.input_size,
            in_channels: config.in_channels,
            out_channels: config.out_channels,
            patch_size: config.patch_size,
            hidden_size: config.hidden_size,
            depth: config.depth,
            num_heads: config.num_heads,
            num_classes: config.num_classes,
            prediction: config.prediction as u32,
            reserved: 0,
            parameters: model.parameters(),
            fingerprint: model.fingerprint(),
        });
        Ok(())
    })
}

/// Writes the name of a class; its number, if the file has no names.
///
/// - `model`: shared.
/// - `class_number`: in, 0 to `num_classes` - 1.
/// - `text_out`: out, room for `capacity` bytes: the name and a zero.
/// - `capacity`: in, bytes; 0 only asks for the length.
/// - `length_out`: out, bytes of the name without the zero; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such class; REFRAIN_E_CAPACITY; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if there is no model or a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_model_class_name(
    model: *const refrain_model,
    class_number: u32,
    text_out: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (model, length) = unsafe { (shared(model)?, output(length_out)?) };
        let config = model.config();
        if class_number >= config.num_classes {
            return Err(REFRAIN_E_RANGE);
        }
        match config.class_names.get(class_number as usize) {
            // SAFETY: the pointer contract of this module.
            Some(name) => unsafe { write_text(name, text_out, capacity, length) },
            // SAFETY: the pointer contract of this module.
            None => unsafe { write_text(&class_number, text_out, capacity, length) },
        }
    })
}

/// The number of a class, from its name or its number as text.
///
/// - `model`: shared.
/// - `name`: in, UTF-8, ending in a zero.
/// - `class_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such class; REFRAIN_E_VALUE if the name is not
/// UTF-8; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_model_find_class(
    model: *const refrain_model,
    name: *const c_char,
    class_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (model, class_out) = unsafe { (shared(model)?, output(class_out)?) };
        // SAFETY: the pointer contract of this module.
        let name = unsafe { read_text(name)? };
        class_out.write(model.config().class(name).ok_or(REFRAIN_E_RANGE)?);
        Ok(())
    })
}
