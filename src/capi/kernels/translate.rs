//! Kernels in the shading language of the host's device.

use core::ffi::c_char;

use super::{named, variant as variant_of};
use crate::capi::border::{guard_telling, inputs, output, room};
use crate::capi::library::REFRAIN_NONE;
use crate::capi::refrain_status::{
    self, REFRAIN_E_CAPACITY, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE,
};
use crate::kernels::KernelId;
use crate::kernels::export::{Language, Permutation};
use crate::text::Named;

/// A kernel, or a variant of it, in a shading language, with values for its constants. The entry point
/// is main, in MSL main_; bindings have the same numbers as in WGSL (in HLSL as registers b, t and u of
/// space 0, in MSL as buffers, with one more behind them that is never read). Needs the feature export.
///
/// - `index`: in, the kernel.
/// - `variant`: in, REFRAIN_NONE for the kernel of the table, or a number for refrain_variant_info.
/// - `language`: in, a REFRAIN_LANGUAGE_... number.
/// - `constants`: in, `constant_count` values, in the order of refrain_kernel_constant.
/// - `constant_count`: in, as many as the kernel has.
/// - `code_out`: out, room for `capacity` bytes: SPIR-V, or text in UTF-8 without a zero at its end.
/// - `capacity`: in, bytes; 0 only asks for the size.
/// - `bytes_out`: out, bytes of the code; written also with REFRAIN_E_CAPACITY.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_RANGE if there is no such kernel or variant;
/// REFRAIN_E_VALUE for an unknown language, or constants that the kernel does not take;
/// REFRAIN_E_UNSUPPORTED if the language has no word for something in it; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_kernel_translate(
    index: u32,
    variant: u32,
    language: u32,
    constants: *const u32,
    constant_count: usize,
    code_out: *mut u8,
    capacity: usize,
    bytes_out: *mut usize,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (values, bytes_out) =
            unsafe { (inputs(constants, constant_count)?, output(bytes_out)?) };
        // SAFETY: the pointer contract of this module.
        let code_out = unsafe { room(code_out, capacity)? };
        let id = *KernelId::ALL.get(index as usize).ok_or(REFRAIN_E_RANGE)?;
        let variant = match variant {
            REFRAIN_NONE => None,
            number => Some(variant_of(index, number)?.1),
        };
        let language = Language::from_number(language).ok_or_else(|| {
            let last = Language::ALL.len().saturating_sub(1);
            let why = format_args!("language is {language}; allowed is 0 to {last}");
            message.refuse(REFRAIN_E_VALUE, &why)
        })?;
        let constants = named(id.kernel(), values, message)?;
        let permutation = match variant {
            None => Permutation::of(id, &constants),
            Some(variant) => Permutation::of_variant(id, variant, &constants),
        };
        let shader = permutation
            .shader()
            .map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))?;
        let translated = shader
            .translate(language)
            .map_err(|why| message.refuse(REFRAIN_E_UNSUPPORTED, &why))?;
        let bytes = translated.code.bytes();
        bytes_out.write(bytes.len());
        let room = code_out.get_mut(..bytes.len()).ok_or(REFRAIN_E_CAPACITY)?;
        for (to, from) in room.iter_mut().zip(bytes) {
            to.write(from);
        }
        Ok(())
    })
}
