//! What is known of the methods, as texts for a host's menus and help.

use core::ffi::c_char;

use crate::capi::border::{guard, output, text as read_text, write_text};
use crate::capi::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_VALUE};
use crate::policy::Method;
use crate::text::Named;

/// What is known of a method: its `summary`, its `rule` as a formula, when another is better (`avoid`),
/// what of it is not here (`unsupported`), what its authors report (`headline`), where it was published
/// (`citation`), its `family`, and how well it is known here (`evidence`: code, paper or notes). English,
/// in one line each; empty where there is nothing to say.
///
/// - `method`: in, a REFRAIN_METHOD_… number.
/// - `field`: in, one of these names, ending in a zero.
/// - `text_out`: out, room for `capacity` bytes: the text, in UTF-8, and a zero.
/// - `capacity`: in, bytes; 0 only asks for the length.
/// - `length_out`: out, bytes of the text without the zero; written also with REFRAIN_E_CAPACITY.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown method; REFRAIN_E_VALUE for another field;
/// REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_method_field(
    method: u32,
    field: *const c_char,
    text_out: *mut c_char,
    capacity: usize,
    length_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (field, length) = unsafe { (read_text(field)?, output(length_out)?) };
        let preset = Method::from_number(method).ok_or(REFRAIN_E_RANGE)?.preset();
        let text = match field {
            "summary" => preset.summary,
            "rule" => preset.rule,
            "avoid" => preset.avoid,
            "unsupported" => preset.unsupported,
            "headline" => preset.headline,
            "citation" => preset.citation,
            "family" => preset.family.name(),
            "evidence" => preset.evidence.name(),
            _ => return Err(REFRAIN_E_VALUE),
        };
        // SAFETY: the pointer contract of this module.
        unsafe { write_text(&text, text_out, capacity, length) }
    })
}
