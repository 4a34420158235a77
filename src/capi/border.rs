//! Crossing the border: checked pointers, messages, and panics.

use core::ffi::{CStr, c_char};
use core::fmt::{self, Write};
use core::mem::MaybeUninit;
use core::slice;

use super::refrain_status::{
    self, REFRAIN_E_CAPACITY, REFRAIN_E_CONFIG_SIZE, REFRAIN_E_MEMORY, REFRAIN_E_NULL,
    REFRAIN_E_UNSUPPORTED, REFRAIN_E_VALUE, REFRAIN_OK,
};

/// What the body of a function returns.
pub(super) type Checked<T> = Result<T, refrain_status>;

/// Largest `struct_size` that is believed.
const MAX_STRUCT: usize = 65_536;

/// Runs the body of a function; a panic in it becomes a status.
pub(super) fn guard(body: impl FnOnce() -> Checked<()>) -> refrain_status {
    catch(body).err().unwrap_or(REFRAIN_OK)
}

/// As [`guard`], and fills in the message of a refusal that did not write its own.
pub(super) fn guard_telling(
    message: *mut c_char,
    capacity: usize,
    body: impl FnOnce(&mut Message) -> Checked<()>,
) -> refrain_status {
    let mut message = Message {
        at: message.cast(),
        capacity,
        said: false,
    };
    let result = catch(|| body(&mut message));
    if let Err(status) = result
        && !message.said
    {
        message.say(&status.meaning());
    }
    result.err().unwrap_or(REFRAIN_OK)
}

/// Runs something that may panic because of a defect.
#[cfg(feature = "std")]
pub(super) fn catch(body: impl FnOnce() -> Checked<()>) -> Checked<()> {
    // What a panic leaves half done is never looked at again: objects are poisoned.
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(body))
        .unwrap_or(Err(refrain_status::REFRAIN_E_PANIC))
}

/// Without the standard library a panic ends the program in the host's handler.
#[cfg(not(feature = "std"))]
pub(super) fn catch(body: impl FnOnce() -> Checked<()>) -> Checked<()> {
    body()
}

/// The caller's buffer for the reason of a refusal.
pub(super) struct Message {
    at: *mut u8,
    capacity: usize,
    said: bool,
}

impl Message {
    /// Nobody listens.
    pub(super) const fn none() -> Self {
        Self {
            at: core::ptr::null_mut(),
            capacity: 0,
            said: false,
        }
    }

    /// Says why, and returns the status.
    pub(super) fn refuse(
        &mut self,
        status: refrain_status,
        why: &dyn fmt::Display,
    ) -> refrain_status {
        self.say(why);
        status
    }

    /// Writes a text, cut to the capacity between two characters, and a zero.
    fn say(&mut self, why: &dyn fmt::Display) {
        self.said = true;
        if self.at.is_null() || self.capacity == 0 {
            return;
        }
        // SAFETY: `message` has room for `message_capacity` bytes, as its documentation demands.
        let room = unsafe { slice::from_raw_parts_mut(self.at.cast(), self.capacity) };
        let mut text = Fill { room, len: 0 };
        // The only error is that the rest did not fit.
        let _ = write!(text, "{why}");
        if let Some(end) = text.room.get_mut(text.len) {
            end.write(0);
        }
    }
}

/// Text into memory, leaving room for a zero.
struct Fill<'a> {
    room: &'a mut [MaybeUninit<u8>],
    len: usize,
}

impl Write for Fill<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = self.room.len().saturating_sub(self.len + 1);
        let mut fits = text.len().min(left);
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        for (to, from) in self
            .room
            .iter_mut()
            .skip(self.len)
            .zip(text.bytes().take(fits))
        {
            to.write(from);
        }
        self.len += fits;
        if fits == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

/// Counts the bytes of a text.
struct Count(usize);

impl Write for Count {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.saturating_add(text.len());
        Ok(())
    }
}

/// Writes a text and a zero if both fit, and the text's length in any case.
///
/// # Safety
/// `text` has room for `capacity` bytes.
pub(super) unsafe fn write_text(
    value: &dyn fmt::Display,
    text: *mut c_char,
    capacity: usize,
    length: &mut MaybeUninit<usize>,
) -> Checked<()> {
    let mut count = Count(0);
    // Counting cannot fail.
    let _ = write!(count, "{value}");
    // SAFETY: as for this function.
    let room = unsafe { room(text.cast::<u8>(), capacity)? };
    length.write(count.0);
    if room.len() <= count.0 {
        return Err(REFRAIN_E_CAPACITY);
    }
    let mut fill = Fill { room, len: 0 };
    // It fits, as it was counted.
    let _ = write!(fill, "{value}");
    if let Some(end) = fill.room.get_mut(fill.len) {
        end.write(0);
    }
    Ok(())
}

/// A value that C hands in.
///
/// # Safety
/// `from`, if not NULL, points to a `T` that nobody changes while the reference lives.
pub(super) unsafe fn input<'a, T>(from: *const T) -> Checked<&'a T> {
    check(from)?;
    // SAFETY: not NULL and aligned; the rest is demanded of the caller.
    Ok(unsafe { &*from })
}

/// Where an output goes.
///
/// # Safety
/// `to`, if not NULL, has room for a `T` that nobody else touches while the reference lives.
pub(super) unsafe fn output<'a, T>(to: *mut T) -> Checked<&'a mut MaybeUninit<T>> {
    check(to)?;
    // SAFETY: not NULL and aligned; the rest is demanded of the caller.
    Ok(unsafe { &mut *to.cast() })
}

/// Values that C hands in; none if `count` is 0, whatever the pointer.
///
/// # Safety
/// `from`, if neither NULL nor `count` 0, points to `count` values that nobody changes while the
/// reference lives.
pub(super) unsafe fn inputs<'a, T>(from: *const T, count: usize) -> Checked<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    check_many(from, count)?;
    // SAFETY: not NULL, aligned and no longer than memory can be; the rest is demanded of the caller.
    Ok(unsafe { slice::from_raw_parts(from, count) })
}

/// Where several outputs go; nowhere if `count` is 0, whatever the pointer.
///
/// # Safety
/// `to`, if neither NULL nor `count` 0, has room for `count` values that nobody else touches while
/// the reference lives.
pub(super) unsafe fn room<'a, T>(to: *mut T, count: usize) -> Checked<&'a mut [MaybeUninit<T>]> {
    if count == 0 {
        return Ok(&mut []);
    }
    check_many(to, count)?;
    // SAFETY: not NULL, aligned and no longer than memory can be; the rest is demanded of the caller.
    Ok(unsafe { slice::from_raw_parts_mut(to.cast(), count) })
}

/// A text that ends in a zero.
///
/// # Safety
/// `text`, if not NULL, points to bytes up to and with a zero that nobody changes while the
/// reference lives.
pub(super) unsafe fn text<'a>(text: *const c_char) -> Checked<&'a str> {
    check(text)?;
    // SAFETY: not NULL; the zero is demanded of the caller.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|_| REFRAIN_E_VALUE)
}

/// A configuration struct that grows at its end from version to version.
///
/// # Safety
/// Every bit pattern is a value, there is no padding, and the first field is `struct_size: u32`.
pub(super) unsafe trait Sized32: Copy {
    /// Size of its first version. What later versions have added is zero where it is not given, and
    /// zero leaves things as the first version had them.
    const OLDEST: usize;
}

/// A configuration struct of any version.
///
/// # Safety
/// `from`, if not NULL, points to as many bytes as its first field says.
pub(super) unsafe fn sized<T: Sized32>(from: *const T) -> Checked<T> {
    check(from)?;
    // SAFETY: not NULL and aligned; every version begins with this field.
    let theirs = unsafe { from.cast::<u32>().read() } as usize;
    check_size::<T>(theirs)?;
    // SAFETY: it has as many bytes as it says.
    let bytes = unsafe { slice::from_raw_parts(from.cast::<u8>(), theirs) };
    if bytes.iter().skip(size_of::<T>()).any(|byte| *byte != 0) {
        return Err(REFRAIN_E_UNSUPPORTED);
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: no more than there is on either side, and every bit pattern is a `T`.
    unsafe {
        let known = theirs.min(size_of::<T>());
        value
            .as_mut_ptr()
            .cast::<u8>()
            .copy_from(bytes.as_ptr(), known);
        Ok(value.assume_init())
    }
}

/// Writes a configuration struct whose first field is already `struct_size`: as much of it as an older
/// caller has room for; bytes of a newer one become zero.
///
/// # Safety
/// `to`, if not NULL, has room for `struct_size` bytes.
pub(super) unsafe fn write_sized<T: Sized32>(
    value: T,
    struct_size: usize,
    to: *mut T,
) -> Checked<()> {
    check(to)?;
    check_size::<T>(struct_size)?;
    // SAFETY: there is room for `struct_size` bytes, and `value` has its own.
    unsafe {
        let to = to.cast::<u8>();
        to.write_bytes(0, struct_size);
        let known = struct_size.min(size_of::<T>());
        to.copy_from((&raw const value).cast(), known);
    }
    Ok(())
}

/// Whether a `struct_size` is that of some version.
pub(super) fn check_size<T: Sized32>(struct_size: usize) -> Checked<()> {
    if (T::OLDEST..=MAX_STRUCT).contains(&struct_size) {
        Ok(())
    } else {
        Err(REFRAIN_E_CONFIG_SIZE)
    }
}

/// Copies values if there is room, and writes their number in any case.
#[cfg(feature = "_run")]
pub(super) fn fill<T: Copy>(
    room: &mut [MaybeUninit<T>],
    values: &[T],
    count: &mut MaybeUninit<usize>,
) -> Checked<()> {
    count.write(values.len());
    let room = room.get_mut(..values.len()).ok_or(REFRAIN_E_CAPACITY)?;
    for (to, from) in room.iter_mut().zip(values) {
        to.write(*from);
    }
    Ok(())
}

fn check<T>(pointer: *const T) -> Checked<()> {
    if pointer.is_null() {
        Err(REFRAIN_E_NULL)
    } else if !pointer.is_aligned() {
        Err(REFRAIN_E_MEMORY)
    } else {
        Ok(())
    }
}

fn check_many<T>(pointer: *const T, count: usize) -> Checked<()> {
    check(pointer)?;
    match size_of::<T>().checked_mul(count) {
        Some(bytes) if bytes <= isize::MAX as usize => Ok(()),
        _ => Err(REFRAIN_E_MEMORY),
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::refrain_status::REFRAIN_E_PANIC;
    use super::*;

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(guard(|| panic!("planted")), REFRAIN_E_PANIC);
        let mut text = [b'?' as c_char; 64];
        let status = guard_telling(text.as_mut_ptr(), text.len(), |_| panic!("planted"));
        assert_eq!(status, REFRAIN_E_PANIC);
        // SAFETY: the text ends in a zero.
        let said = unsafe { CStr::from_ptr(text.as_ptr()) };
        assert_eq!(said.to_str(), Ok(REFRAIN_E_PANIC.meaning()));
    }

    /// A struct of three versions: of 8, 12 and 16 bytes; the library has the second.
    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Grown {
        struct_size: u32,
        first: u32,
        second: u32,
    }

    // SAFETY: three numbers without padding.
    unsafe impl Sized32 for Grown {
        const OLDEST: usize = 8;
    }

    #[test]
    fn structs_of_older_and_newer_callers_are_read() {
        let read = |bytes: [u32; 4]| {
            // SAFETY: there are 16 bytes, which no test has `struct_size` exceed.
            unsafe { sized(bytes.as_ptr().cast::<Grown>()) }
        };
        let grown = |struct_size, second| Grown {
            struct_size,
            first: 7,
            second,
        };
        // What an older caller has behind its struct is not looked at.
        assert_eq!(read([8, 7, 99, 99]), Ok(grown(8, 0)));
        assert_eq!(read([12, 7, 5, 99]), Ok(grown(12, 5)));
        assert_eq!(read([16, 7, 5, 0]), Ok(grown(16, 5)));
        assert_eq!(read([16, 7, 5, 1]), Err(REFRAIN_E_UNSUPPORTED));
        assert_eq!(read([4, 7, 5, 0]), Err(REFRAIN_E_CONFIG_SIZE));
        assert_eq!(read([u32::MAX, 7, 5, 0]), Err(REFRAIN_E_CONFIG_SIZE));
    }

    #[test]
    fn structs_of_older_and_newer_callers_are_written() {
        let write = |size: usize| {
            let mut to = [99_u32; 4];
            let value = Grown {
                struct_size: size as u32,
                first: 7,
                second: 5,
            };
            // SAFETY: there are 16 bytes, which no test has `size` exceed.
            let done = unsafe { write_sized(value, size, to.as_mut_ptr().cast()) };
            done.map(|()| to)
        };
        assert_eq!(write(8), Ok([8, 7, 99, 99]));
        assert_eq!(write(12), Ok([12, 7, 5, 99]));
        assert_eq!(write(16), Ok([16, 7, 5, 0]));
        assert_eq!(write(4), Err(REFRAIN_E_CONFIG_SIZE));
    }

    #[test]
    fn a_message_is_cut_between_characters() {
        for (capacity, expected) in [(6, "ab≤"), (5, "ab"), (1, ""), (8, "ab≤c")] {
            let mut text = [b'?' as c_char; 9];
            let mut message = Message {
                at: text.as_mut_ptr().cast(),
                capacity,
                said: false,
            };
            assert_eq!(message.refuse(REFRAIN_E_VALUE, &"ab≤c"), REFRAIN_E_VALUE);
            // SAFETY: the text ends in a zero.
            let said = unsafe { CStr::from_ptr(text.as_ptr()) };
            assert_eq!(said.to_str(), Ok(expected));
            assert!(text[capacity..].iter().all(|c| *c == b'?' as c_char));
        }
    }
}
