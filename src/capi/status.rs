//! Status codes.

use core::ffi::{CStr, c_char};

/// What a function returns: 0 if it did what it was asked, else a negative number. After an error
/// outputs are as they were, and so is the object unless the function says otherwise.
///
/// cbindgen:prefix-with-name=false
/// cbindgen:rename-all=None
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum refrain_status {
    /// Done.
    REFRAIN_OK = 0,
    /// A pointer that is not optional is NULL.
    REFRAIN_E_NULL = -1,
    /// `struct_size` is smaller than any released version of the struct, or beyond 65536: the
    /// struct was not initialised.
    REFRAIN_E_CONFIG_SIZE = -2,
    /// The struct is of a newer version and uses what this library does not know, or a reserved
    /// field is not zero.
    REFRAIN_E_UNSUPPORTED = -3,
    /// A value is out of its range, has no effect beside the others, or does not fit them.
    REFRAIN_E_VALUE = -4,
    /// Memory is too small or not aligned, or the object in it was never initialised.
    REFRAIN_E_MEMORY = -5,
    /// Calls are out of order: a call is begun twice, decided or committed without being begun, or
    /// earlier than the last one; or an object is used twice at once.
    REFRAIN_E_ORDER = -6,
    /// A lane, step, evaluation, index or picture that does not exist.
    REFRAIN_E_RANGE = -7,
    /// The caller's buffer is too small. The size needed is written, alone of all outputs, where the
    /// function has one for it.
    REFRAIN_E_CAPACITY = -8,
    /// Saved bytes or a checkpoint cannot be read: another format or version, damaged, or saved
    /// under another policy.
    REFRAIN_E_FORMAT = -9,
    /// The device refused: no adapter, no memory, or it was lost.
    REFRAIN_E_DEVICE = -10,
    /// A file cannot be read.
    REFRAIN_E_FILE = -11,
    /// A defect of the library was caught. The object is unusable from now on: every function on it
    /// returns this, except those that reset, initialise or destroy it.
    REFRAIN_E_PANIC = -99,
}

use refrain_status::{
    REFRAIN_E_CAPACITY, REFRAIN_E_CONFIG_SIZE, REFRAIN_E_DEVICE, REFRAIN_E_FILE, REFRAIN_E_FORMAT,
    REFRAIN_E_MEMORY, REFRAIN_E_NULL, REFRAIN_E_ORDER, REFRAIN_E_PANIC, REFRAIN_E_RANGE,
    REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE, REFRAIN_OK,
};

impl refrain_status {
    const ALL: [Self; 13] = [
        REFRAIN_OK,
        REFRAIN_E_NULL,
        REFRAIN_E_CONFIG_SIZE,
        REFRAIN_E_UNSUPPORTED,
        REFRAIN_E_VALUE,
        REFRAIN_E_MEMORY,
        REFRAIN_E_ORDER,
        REFRAIN_E_RANGE,
        REFRAIN_E_CAPACITY,
        REFRAIN_E_FORMAT,
        REFRAIN_E_DEVICE,
        REFRAIN_E_FILE,
        REFRAIN_E_PANIC,
    ];

    /// Its name in the header, and what it means in a few words.
    const fn describe(self) -> (&'static CStr, &'static str) {
        match self {
            REFRAIN_OK => (c"REFRAIN_OK", "done"),
            REFRAIN_E_NULL => (
                c"REFRAIN_E_NULL",
                "a pointer is NULL that refrain.h does not call optional",
            ),
            REFRAIN_E_CONFIG_SIZE => (
                c"REFRAIN_E_CONFIG_SIZE",
                "struct_size is below the first version of the struct or above 65536; it is sizeof(struct)",
            ),
            REFRAIN_E_UNSUPPORTED => (
                c"REFRAIN_E_UNSUPPORTED",
                "the struct uses what this library does not know, or this build is without it; reserved fields must be zero",
            ),
            REFRAIN_E_VALUE => (
                c"REFRAIN_E_VALUE",
                "a value is out of range, or a text is not UTF-8",
            ),
            REFRAIN_E_MEMORY => (
                c"REFRAIN_E_MEMORY",
                "memory is too small or not aligned, or there is no such object at the pointer",
            ),
            REFRAIN_E_ORDER => (
                c"REFRAIN_E_ORDER",
                "calls are out of order, or the object is in use by another call",
            ),
            REFRAIN_E_RANGE => (
                c"REFRAIN_E_RANGE",
                "a number of something that does not exist",
            ),
            REFRAIN_E_CAPACITY => (c"REFRAIN_E_CAPACITY", "the buffer is too small"),
            REFRAIN_E_FORMAT => (
                c"REFRAIN_E_FORMAT",
                "saved bytes or a checkpoint cannot be read",
            ),
            REFRAIN_E_DEVICE => (c"REFRAIN_E_DEVICE", "the device refused"),
            REFRAIN_E_FILE => (c"REFRAIN_E_FILE", "a file cannot be read"),
            REFRAIN_E_PANIC => (
                c"REFRAIN_E_PANIC",
                "a defect of the library was caught; the object is unusable",
            ),
        }
    }

    /// What it means in a few words.
    pub(super) const fn meaning(self) -> &'static str {
        self.describe().1
    }
}

/// The name of a status, such as "REFRAIN_E_ORDER"; "unknown" for any other number. The string is
/// static.
#[unsafe(no_mangle)]
pub extern "C" fn refrain_status_name(status: i32) -> *const c_char {
    let known = refrain_status::ALL
        .iter()
        .find(|known| **known as i32 == status);
    known
        .map_or(c"unknown", |known| known.describe().0)
        .as_ptr()
}
