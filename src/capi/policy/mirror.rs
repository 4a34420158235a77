//! Between a struct of the core and the same bytes with plain numbers for enums.

use core::fmt;

use crate::text::Named;

/// Declares the way between a struct of the core and the same bytes with plain numbers for enums.
macro_rules! mirror {
    ($c:ident = $rust:ident as $path:literal {
        $(enums: $($e:ident),+;)? $(plain: $($p:ident),+;)? $(nested: $($n:ident: $nc:ident),+;)?
    }) => {
        impl $c {
            pub(in crate::capi) const fn new(from: &$rust) -> Self {
                Self {
                    $($($e: from.$e as u32,)+)?
                    $($($p: from.$p,)+)?
                    $($($n: $nc::new(&from.$n),)+)?
                }
            }

            /// The same, unless a number names no value of its enum.
            pub(in crate::capi) fn read(&self) -> Result<$rust, NoSuchValue> {
                Ok($rust {
                    $($($e: value(concat!($path, ".", stringify!($e)), self.$e)?,)+)?
                    $($($p: self.$p,)+)?
                    $($($n: self.$n.read()?,)+)?
                })
            }
        }

        const _: () = {
            assert!(size_of::<$c>() == size_of::<$rust>());
            $($(assert!(offset_of!($c, $e) == offset_of!($rust, $e));)+)?
            $($(assert!(offset_of!($c, $p) == offset_of!($rust, $p));)+)?
            $($(assert!(offset_of!($c, $n) == offset_of!($rust, $n));)+)?
        };
    };
}
pub(in crate::capi) use mirror;

/// A number that names no value of a field's enum.
pub(in crate::capi) struct NoSuchValue {
    field: &'static str,
    given: u32,
    values: usize,
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

pub(in crate::capi) fn value<T: Named>(field: &'static str, given: u32) -> Result<T, NoSuchValue> {
    T::from_number(given).ok_or(NoSuchValue {
        field,
        given,
        values: T::ALL.len(),
    })
}
