//! Names of the numbers.

use core::ffi::c_char;

use crate::policy::{Method, Unit, Wants};
use crate::scheduler::{Action, Notice, Reason};
use crate::signal::{Filter, Metric, Reference, SignalKind};
use crate::text::Named;

fn name<T: Named>(number: u32) -> *const c_char {
    T::from_number(number)
        .map_or(c"unknown", Named::c_name)
        .as_ptr()
}

/// The name of an action, such as "compute"; "unknown" for any other number. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_action_name(action: u32) -> *const c_char {
    name::<Action>(action)
}

/// The letter of an action in a trace: 'C' computed, 'r' reused, 'p' predicted, 'v' predicted and
/// verified; '?' for any other number.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_action_letter(action: u32) -> c_char {
    Action::from_number(action).map_or('?', Action::letter) as c_char
}

/// The name of a reason, such as "budget-spent"; "unknown" for any other number. The string is
/// static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_reason_name(reason: u32) -> *const c_char {
    name::<Reason>(reason)
}

/// The name of a signal, such as "modulated-input"; "unknown" for any other number. The string is
/// static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_signal_name(signal: u32) -> *const c_char {
    name::<SignalKind>(signal)
}

/// The name of a reference, such as "previous"; "unknown" for any other number. The string is
/// static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_reference_name(reference: u32) -> *const c_char {
    name::<Reference>(reference)
}

/// The name of a metric, such as "relative-l1"; "unknown" for any other number. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_metric_name(metric: u32) -> *const c_char {
    name::<Metric>(metric)
}

/// The name of a filter, such as "low-pass"; "unknown" for any other number. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_filter_name(filter: u32) -> *const c_char {
    name::<Filter>(filter)
}

/// The name of what computed calls are committed with, such as "products"; "unknown" for any other
/// number. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_wants_name(wants: u32) -> *const c_char {
    name::<Wants>(wants)
}

/// The name of a notice, such as "nothing-skipped"; "unknown" for any other number. The string is
/// static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_notice_name(notice: u32) -> *const c_char {
    name::<Notice>(notice)
}

/// The name of a method, such as "teacache": what a policy's text begins with; "unknown" for any
/// other number. Methods are numbered from 0 without gaps. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_method_name(method: u32) -> *const c_char {
    name::<Method>(method)
}

/// The name of a unit of a network, such as "attention"; "unknown" for any other number. The string is
/// static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_unit_name(unit: u32) -> *const c_char {
    name::<Unit>(unit)
}

/// The name of what a message of the log is about, such as "software-gpu"; "unknown" for any other
/// number. Only with the feature cpu or gpu. The string is static.
#[cfg(feature = "_run")]
#[unsafe(no_mangle)]
pub extern "C" fn refrain_message_name(message: u32) -> *const c_char {
    name::<crate::run::Message>(message)
}
