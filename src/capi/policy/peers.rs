//! Options of other libraries.

use core::ffi::c_char;

use super::refrain_policy;
use crate::capi::border::{
    check_size, guard_telling, output, room, text as read_text, write_sized, write_text,
};
use crate::capi::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_VALUE};
use crate::policy::Policy;
use crate::policy::peers::Peer;
use crate::text::Named;

/// Reads the options of another library into a policy, and reports what of them does not carry over.
/// What is not given has that library's default.
///
/// - `dialect`: in, a REFRAIN_PEER_… number. REFRAIN_PEER_SD_CPP: flags of its command line
///   (`--cache-mode easycache --cache-option threshold=0.25`). REFRAIN_PEER_CACHE_DIT: its classes with
///   their arguments (`DBCacheConfig(Fn_compute_blocks=8)`), the arguments alone, or lines of YAML.
///   REFRAIN_PEER_DIFFUSERS: one of its classes (`FirstBlockCacheConfig(threshold=0.05)`).
/// - `options`: in, UTF-8, ending in a zero.
/// - `struct_size`: in, sizeof(refrain_policy).
/// - `policy_out`: out, the policy. It may lack its curve (`refrain_policy_needs_table`).
/// - `report_out`: out, room for `capacity` bytes: a line for each thing that does not carry over or
///   is only near, and a zero; empty if everything carries over.
/// - `capacity`: in, bytes; 0 only asks for the length. 8192 are enough unless options are long. There is
///   no policy without its report.
/// - `length_out`: out, bytes of the report without the zero; written also with REFRAIN_E_CAPACITY.
/// - `message`, `message_capacity`: optional; on an error, the option, the value, what is allowed and
///   the nearest name, in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY if the report does not fit; REFRAIN_E_VALUE if an option is
/// unknown, refused or out of range; REFRAIN_E_RANGE for an unknown dialect; REFRAIN_E_CONFIG_SIZE;
/// REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_policy_from_options(
    dialect: u32,
    options: *const c_char,
    struct_size: usize,
    policy_out: *mut refrain_policy,
    report_out: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        let peer = Peer::from_number(dialect).ok_or(REFRAIN_E_RANGE)?;
        // SAFETY: the pointer contract of this module.
        let options = unsafe { read_text(options)? };
        // SAFETY: the pointer contract of this module.
        let length = unsafe { output(length_out)? };
        // Nothing is written if any output is bad.
        check_size::<refrain_policy>(struct_size)?;
        // SAFETY: the pointer contract of this module.
        unsafe { (output(policy_out)?, room(report_out, capacity)?) };
        let (policy, carried) = Policy::from_peer(peer, options)
            .map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))?;
        let policy = refrain_policy::new(&policy, struct_size);
        // SAFETY: the pointer contract of this module.
        unsafe { write_text(&carried, report_out, capacity, length)? };
        // SAFETY: the pointer contract of this module.
        unsafe { write_sized(policy, struct_size, policy_out) }
    })
}
