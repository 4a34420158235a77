//! Names of enum values, in one place for the text form, traces, C and errors.

mod sealed {
    /// What other crates cannot implement: features add to it.
    pub trait Sealed {}
}
pub(crate) use sealed::Sealed;

/// An enum whose values have a text form. The library's own implement it.
pub trait Named: Sealed + Sized + Copy + 'static {
    /// What the enum is called in a message.
    const KIND: &'static str;
    /// Every value, ordered by number from 0.
    const ALL: &'static [Self];

    /// The value's name, in lower case.
    fn name(self) -> &'static str;

    /// [`name`](Self::name), ending in a zero for C.
    #[cfg(feature = "capi")]
    fn c_name(self) -> &'static core::ffi::CStr;

    /// The value of that name.
    #[must_use]
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.name() == name)
    }

    /// The value of that number.
    #[must_use]
    fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get(number as usize).copied()
    }
}

/// Implements [`Named`] and `Display` for an enum whose variants are listed by number.
macro_rules! named {
    ($type:ident, $kind:literal, { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $crate::text::Sealed for $type {}
        impl Named for $type {
            const KIND: &'static str = $kind;
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            #[cfg(feature = "capi")]
            fn c_name(self) -> &'static core::ffi::CStr {
                // Every name is a literal without a zero in it.
                let bytes = match self { $(Self::$variant => concat!($name, "\0")),+ }.as_bytes();
                core::ffi::CStr::from_bytes_with_nul(bytes).unwrap_or_default()
            }
        }
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.name())
            }
        }
        const _: () = {
            // `from_number` relies on the list being in order of the discriminants.
            let mut i = 0;
            while i < <$type as Named>::ALL.len() {
                assert!(<$type as Named>::ALL[i] as u32 as usize == i);
                i += 1;
            }
        };
    };
}
pub(crate) use named;
