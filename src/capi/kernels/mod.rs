//! The table of kernels, for a host that dispatches on its own device.

use alloc::vec::Vec;
use core::ffi::c_char;
use core::mem::size_of;

use super::border::{Checked, Message, guard, output, text as read_text};
use super::numbers::{refrain_access, refrain_element};
use super::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_VALUE};
use crate::kernels::{KERNELS, Kernel, KernelId, Variant};

#[cfg(feature = "export")]
pub mod translate;
pub mod variants;

/// A static text, in UTF-8. It does not end in a zero: print it with "%.*s".
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_text {
    /// Its first byte.
    pub data: *const c_char,
    /// Its bytes.
    pub length: usize,
}

/// One kernel. Activations are 32-bit floats, row by row; the entry point is `main`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_kernel {
    /// Its name, for refrain_kernel_find.
    pub name: refrain_text,
    /// What it computes, in one line.
    pub summary: refrain_text,
    /// Invocations of a workgroup along x, y and z.
    pub workgroup: [u32; 3],
    /// Bytes of the uniform parameter block at binding 0 of group 0: `struct Params` of the source.
    pub params_bytes: u32,
    /// Storage buffers, at bindings 1 and up.
    pub binding_count: u32,
    /// Constants (`override` in WGSL) that a pipeline must be given.
    pub constant_count: u32,
    /// How far a device may be from the CPU twin: absolute + relative * the largest magnitude.
    pub tolerance_absolute: f32,
    /// See `tolerance_absolute`.
    pub tolerance_relative: f32,
}

/// One storage buffer of a kernel.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_binding {
    /// The variable of the source.
    pub name: refrain_text,
    /// Its shape, for a reader.
    pub shape: refrain_text,
    /// What it holds.
    pub element: refrain_element,
    /// How it is used.
    pub access: refrain_access,
}

const _: () = {
    assert!(size_of::<refrain_text>() == 2 * size_of::<usize>());
    assert!(size_of::<refrain_kernel>() == 4 * size_of::<usize>() + 8 * 4);
    assert!(size_of::<refrain_binding>() == 4 * size_of::<usize>() + 2 * 4);
};

pub(super) const fn text(from: &str) -> refrain_text {
    refrain_text {
        data: from.as_ptr().cast(),
        length: from.len(),
    }
}

fn kernel(index: u32) -> Checked<&'static Kernel> {
    KERNELS.get(index as usize).ok_or(REFRAIN_E_RANGE)
}

fn variant(index: u32, variant: u32) -> Checked<(KernelId, &'static Variant)> {
    let id = *KernelId::ALL.get(index as usize).ok_or(REFRAIN_E_RANGE)?;
    let found = id.variants().nth(variant as usize);
    Ok((id, found.ok_or(REFRAIN_E_RANGE)?))
}

/// Values for all constants of a kernel, with their names.
fn named(
    kernel: &Kernel,
    values: &[u32],
    message: &mut Message,
) -> Checked<Vec<(&'static str, u32)>> {
    if kernel.constants.len() == values.len() {
        let names = kernel.constants.iter().copied();
        return Ok(names.zip(values.iter().copied()).collect());
    }
    let why = format_args!(
        "{} constants were given; `{}` takes {}",
        values.len(),
        kernel.name,
        kernel.constants.len()
    );
    Err(message.refuse(REFRAIN_E_VALUE, &why))
}

/// Number of kernels. Needs the feature kernels, as all functions on kernels.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_kernel_count() -> u32 {
    KERNELS.len() as u32
}

/// The number of a kernel in the table. It may be another in another version.
///
/// - `name`: in, UTF-8, ending in a zero.
/// - `index_out`: out, 0 to refrain_kernel_count() - 1.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel; REFRAIN_E_VALUE if the name is not
/// UTF-8; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_kernel_find(
    name: *const c_char,
    index_out: *mut u32,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (name, index_out) = unsafe { (read_text(name)?, output(index_out)?) };
        let found = KERNELS.iter().position(|kernel| kernel.name == name);
        index_out.write(found.ok_or(REFRAIN_E_RANGE)? as u32);
        Ok(())
    })
}

/// What a kernel is and needs.
///
/// - `index`: in.
/// - `kernel_out`: out; its texts are static.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// the pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_kernel_info(
    index: u32,
    kernel_out: *mut refrain_kernel,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let kernel_out = unsafe { output(kernel_out)? };
        let kernel = kernel(index)?;
        kernel_out.write(refrain_kernel {
            name: text(kernel.name),
            summary: text(kernel.summary),
            workgroup: kernel.workgroup,
            params_bytes: kernel.params_size as u32,
            binding_count: kernel.bindings.len() as u32,
            constant_count: kernel.constants.len() as u32,
            tolerance_absolute: kernel.tolerance.absolute,
            tolerance_relative: kernel.tolerance.relative,
        });
        Ok(())
    })
}

/// The WGSL of a kernel, complete in itself.
///
/// - `index`: in.
/// - `source_out`: out; the text is static.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// the pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_kernel_source(
    index: u32,
    source_out: *mut refrain_text,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let source_out = unsafe { output(source_out)? };
        source_out.write(text(kernel(index)?.source));
        Ok(())
    })
}

/// A storage buffer of a kernel.
///
/// - `index`: in.
/// - `binding`: in, 1 to `binding_count`, as in the source.
/// - `binding_out`: out; its texts are static.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel or binding; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if the pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_kernel_binding(
    index: u32,
    binding: u32,
    binding_out: *mut refrain_binding,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let binding_out = unsafe { output(binding_out)? };
        let kernel = kernel(index)?;
        let place = binding.checked_sub(1).ok_or(REFRAIN_E_RANGE)?;
        let spec = kernel.bindings.get(place as usize).ok_or(REFRAIN_E_RANGE)?;
        binding_out.write(refrain_binding {
            name: text(spec.name),
            shape: text(spec.shape),
            element: spec.element as u32,
            access: spec.access as u32,
        });
        Ok(())
    })
}

/// A constant that a pipeline must be given: "FORMAT", a `refrain_weight_format` as a number;
/// "ANCHOR_FORMAT", a `refrain_anchor_format` as a number; "HEAD_DIM", 24 to 128 in steps of 8.
///
/// - `index`: in.
/// - `constant`: in, 0 to `constant_count` - 1.
/// - `name_out`: out; the text is static.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel or constant; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if the pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_kernel_constant(
    index: u32,
    constant: u32,
    name_out: *mut refrain_text,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let name_out = unsafe { output(name_out)? };
        let constants = kernel(index)?.constants;
        let name = constants.get(constant as usize).ok_or(REFRAIN_E_RANGE)?;
        name_out.write(text(name));
        Ok(())
    })
}
