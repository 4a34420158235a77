//! Other kernels for the same operations.

use core::ffi::{c_char, c_void};
use core::mem::size_of;

use super::{kernel, named, refrain_text, text, variant as variant_of};
use crate::capi::border::{guard, guard_telling, inputs, output};
use crate::capi::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE};
use crate::kernels::KernelId;

/// Another kernel for the same operation: the same bindings, constants and parameter block, for some
/// devices and shapes, where it may be faster. Time it before it is used: which is fastest depends on
/// the device and the shape.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_variant {
    /// What stands behind the kernel's name: "tile32" of "linear".
    pub name: refrain_text,
    /// How it computes, in one line.
    pub summary: refrain_text,
    /// Invocations of a workgroup along x, y and z.
    pub workgroup: [u32; 3],
    /// 1: the device must have 16-bit floats in shaders. 0: it need not.
    pub needs_f16: u32,
    /// The size that the device's subgroups must have, with arithmetic in them; 0: any, and none.
    pub needs_subgroup: u32,
    /// The side of cooperative matrices that the device must have, f16 with f32 sums, in subgroups of
    /// 32; 0: none.
    pub needs_cooperative: u32,
    /// How far a device may be from the kernel's CPU twin: absolute + relative * the largest magnitude.
    pub tolerance_absolute: f32,
    /// See `tolerance_absolute`.
    pub tolerance_relative: f32,
}

const _: () = assert!(size_of::<refrain_variant>() == 4 * size_of::<usize>() + 8 * 4);

/// How many variants a kernel has; most have none.
///
/// - `index`: in, the kernel.
/// - `count_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// the pointer is not aligned.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_variant_count(index: u32, count_out: *mut u32) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let count_out = unsafe { output(count_out)? };
        let id = KernelId::ALL.get(index as usize).ok_or(REFRAIN_E_RANGE)?;
        count_out.write(id.variants().count() as u32);
        Ok(())
    })
}

/// What a variant is and needs. Its text comes from refrain_kernel_translate.
///
/// - `index`: in, the kernel.
/// - `variant`: in, 0 to the kernel's refrain_variant_count - 1.
/// - `variant_out`: out; its texts are static.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel or variant; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if the pointer is not aligned.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_variant_info(
    index: u32,
    variant: u32,
    variant_out: *mut refrain_variant,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let variant_out = unsafe { output(variant_out)? };
        let (id, variant) = variant_of(index, variant)?;
        let tolerance = variant.tolerance(id);
        variant_out.write(refrain_variant {
            name: text(variant.name),
            summary: text(variant.summary),
            workgroup: variant.workgroup,
            needs_f16: variant.needs.f16.into(),
            needs_subgroup: variant.needs.subgroup,
            needs_cooperative: variant.needs.cooperative,
            tolerance_absolute: tolerance.absolute,
            tolerance_relative: tolerance.relative,
        });
        Ok(())
    })
}

/// How many workgroups a variant takes, or that it has no text for such a shape or weight format; then
/// the kernel of the table serves.
///
/// - `index`, `variant`: in, as for refrain_variant_info.
/// - `params`: in, `params_bytes` bytes: the parameter block of the dispatch, as for the kernel.
/// - `params_bytes`: in, the kernel's `params_bytes`.
/// - `constants`: in, `constant_count` values, in the order of refrain_kernel_constant.
/// - `constant_count`: in, as many as the kernel has.
/// - `workgroups_out`: out, 3 numbers: along x, y and z.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_UNSUPPORTED if it does not take the dispatch; REFRAIN_E_RANGE if there
/// is no such kernel or variant; REFRAIN_E_VALUE if there are other numbers of bytes or constants than
/// the kernel has, or a constant is out of its range; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is
/// not aligned.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_variant_workgroups(
    index: u32,
    variant: u32,
    params: *const c_void,
    params_bytes: usize,
    constants: *const u32,
    constant_count: usize,
    workgroups_out: *mut u32,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module; three numbers are an array of three.
        let (params, values, out) = unsafe {
            (
                inputs(params.cast::<u8>(), params_bytes)?,
                inputs(constants, constant_count)?,
                output(workgroups_out.cast::<[u32; 3]>())?,
            )
        };
        let (id, variant) = variant_of(index, variant)?;
        let kernel = kernel(index)?;
        if params.len() != kernel.params_size {
            let why = format_args!(
                "params_bytes is {}; the block of `{}` has {}",
                params.len(),
                kernel.name,
                kernel.params_size
            );
            return Err(message.refuse(REFRAIN_E_VALUE, &why));
        }
        let constants = named(kernel, values, message)?;
        for (name, value) in &constants {
            id.check_constant(name, *value)
                .map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))?;
        }
        let workgroups = variant.workgroups_of(params, &constants).ok_or_else(|| {
            let why = format_args!(
                "`{}` has no variant `{}` for this shape or weight format; use the kernel of the table",
                kernel.name, variant.name
            );
            message.refuse(REFRAIN_E_UNSUPPORTED, &why)
        })?;
        out.write(workgroups);
        Ok(())
    })
}
