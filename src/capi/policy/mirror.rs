//! Between a struct of the core and the same bytes with plain numbers for enums.

use core::fmt;
use core::mem::transmute_copy;

use crate::text::Named;

/// A struct whose bytes are those of one of the core, once its numbers are known to be values.
///
/// # Safety
/// `Core` has the same layout without padding, and `check` refuses every number that is none of the
/// values of the enum in its place. [`mirror!`] sees to both.
pub(in crate::capi) unsafe trait Mirror: Copy {
    /// The struct of the core.
    type Core: Copy;

    /// Whether every number names a value of its enum.
    fn check(&self) -> Result<(), NoSuchValue>;

    fn of(core: &Self::Core) -> Self {
        // SAFETY: the same layout, and every number is a number.
        unsafe { transmute_copy(core) }
    }

    /// The same, unless a number names no value of its enum.
    fn core(&self) -> Result<Self::Core, NoSuchValue> {
        self.check()?;
        // SAFETY: the same layout, and the enums were just checked.
        Ok(unsafe { transmute_copy(self) })
    }
}

/// The numbers of how many values an enum has, by a field of its.
pub(in crate::capi) const fn values<S, T: Named>(_: fn(&S) -> T) -> u32 {
    T::ALL.len() as u32
}

/// Compiles if a field of two structs is of one type.
pub(in crate::capi) const fn same_type<A, B, T>(_: fn(&A) -> T, _: fn(&B) -> T) {}

/// Implements [`Mirror`]: names every field of both structs as an enum's, as plain or as a struct in
/// itself, and does not compile unless the layouts agree.
macro_rules! mirror {
    ($c:ident = $rust:ident as $path:literal {
        $(enums: $($e:ident),+;)? $(plain: $($p:ident),+;)? $(nested: $($n:ident: $nc:ident),+;)?
    }) => {
        // SAFETY: checked below.
        unsafe impl $crate::capi::policy::mirror::Mirror for $c {
            type Core = $rust;

            fn check(&self) -> Result<(), $crate::capi::policy::mirror::NoSuchValue> {
                $($crate::capi::policy::mirror::check(&[$((
                    concat!($path, stringify!($e)),
                    self.$e,
                    const { $crate::capi::policy::mirror::values(|from: &$rust| from.$e) },
                )),+])?;)?
                $($($crate::capi::policy::mirror::Mirror::check(&self.$n)?;)+)?
                Ok(())
            }
        }

        const _: () = {
            use core::mem::{offset_of, size_of};
            assert!(size_of::<$c>() == size_of::<$rust>());
            $($(assert!(offset_of!($c, $e) == offset_of!($rust, $e));)+)?
            $($(assert!(offset_of!($c, $p) == offset_of!($rust, $p));)+)?
            $($(assert!(offset_of!($c, $n) == offset_of!($rust, $n));)+)?
            $($($crate::capi::policy::mirror::same_type(|c: &$c| c.$p, |core: &$rust| core.$p);)+)?
            // No padding: the fields, which are all, add up.
            let sum = $($(size_of_field(|c: &$c| c.$e) +)+)? $($(size_of_field(|c: &$c| c.$p) +)+)?
                $($(size_of_field(|c: &$c| c.$n) +)+)? 0;
            assert!(sum == size_of::<$c>());
            const fn size_of_field<S, T>(_: fn(&S) -> T) -> usize {
                size_of::<T>()
            }
        };
    };
}
pub(in crate::capi) use mirror;

/// A number that names no value of a field's enum.
pub(in crate::capi) struct NoSuchValue {
    field: &'static str,
    given: u32,
    values: u32,
}

impl fmt::Display for NoSuchValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            given,
            values,
        } = *self;
        write!(
            f,
            "policy field `{field}` is {given}; allowed is 0 to {}",
            values.saturating_sub(1)
        )
    }
}

/// Fields, the numbers in them, and how many values their enums have.
pub(in crate::capi) fn check(fields: &[(&'static str, u32, u32)]) -> Result<(), NoSuchValue> {
    let wrong = fields.iter().find(|(_, given, values)| given >= values);
    match wrong {
        None => Ok(()),
        Some(&(field, given, values)) => Err(NoSuchValue {
            field,
            given,
            values,
        }),
    }
}
