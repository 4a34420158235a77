//! Calibrated tables, as text in the caller's memory.

use core::ffi::c_char;

use super::{read, refrain_policy};
use crate::capi::border::{
    Checked, Message, guard, guard_telling, output, text as read_text, write_sized, write_text,
};
use crate::capi::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_VALUE};
use crate::policy::TableFile;

/// A table from C; a refusal says why.
unsafe fn table<'a>(text: *const c_char, message: &mut Message) -> Checked<TableFile<'a>> {
    // SAFETY: the pointer contract of this module.
    let text = unsafe { read_text(text)? };
    TableFile::parse(text).map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))
}

/// A policy with what a calibrated table sets: what `refrain calibrate` writes, read by the caller into
/// memory. The table must be for the policy's method.
///
/// - `policy`: in.
/// - `table`: in, UTF-8, ending in a zero; its first line is `refrain-table 1`.
/// - `struct_size`: in, sizeof(refrain_policy).
/// - `policy_out`: out, the policy; may be `policy` itself.
/// - `message`, `message_capacity`: optional; on an error, the line, the field and the remedy.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if the text is no table, is for another method, or sets what
/// does not fit; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a
/// pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_apply_table(
    policy: *const refrain_policy,
    table: *const c_char,
    struct_size: usize,
    policy_out: *mut refrain_policy,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let policy = unsafe { read(policy, None, message)? };
        // SAFETY: the pointer contract of this module.
        let table = unsafe { self::table(table, message)? };
        let policy = policy
            .with_table(&table)
            .map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))?;
        let policy = refrain_policy::new(&policy, struct_size);
        // SAFETY: the pointer contract of this module.
        unsafe { write_sized(policy, struct_size, policy_out) }
    })
}

/// What a calibrated table says of itself: `method`, `model`, `checkpoint`, `steps`, `sampler`,
/// `guidance`, `date`, `fit`, `range`, `source`, or a policy key it sets.
///
/// - `table`: in, UTF-8, ending in a zero.
/// - `field`: in, its name, ending in a zero.
/// - `text_out`: out, room for `capacity` bytes: the text and a zero.
/// - `capacity`: in, bytes; 0 only asks for the length.
/// - `length_out`: out, bytes of the text without the zero; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if the table does not say; REFRAIN_E_VALUE if the text is no
/// table; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_table_field(
    table: *const c_char,
    field: *const c_char,
    text_out: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (table, field) =
            unsafe { (self::table(table, &mut Message::none())?, read_text(field)?) };
        // SAFETY: the pointer contract of this module.
        let length = unsafe { output(length_out)? };
        let text = table.get(field).ok_or(REFRAIN_E_RANGE)?;
        // SAFETY: the pointer contract of this module.
        unsafe { write_text(&text, text_out, capacity, length) }
    })
}
