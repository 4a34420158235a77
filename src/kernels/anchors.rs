//! How anchors are stored.

use crate::text::{Named, named};

/// Element type of the anchors of a ring. Weights and predictions do not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum AnchorFormat {
    /// 32-bit float, one a word.
    #[default]
    F32 = 0,
    /// IEEE half, two a word, low half first; rounded to nearest, ties to even, at most 65,504 in
    /// magnitude.
    F16 = 1,
    /// A row of elements as its scale (an `f32`) and codes of 8 bits, −127 to 127, four a word, lowest
    /// byte first; an element is its code times the scale, the nearest there is.
    Int8 = 2,
}

named!(AnchorFormat, "anchor format", {
    F32 => "f32",
    F16 => "f16",
    Int8 => "int8",
});

impl AnchorFormat {
    /// Words of an anchor of `len` elements in rows of `width`, which divides `len`.
    #[must_use]
    pub const fn words(self, len: u64, width: u32) -> u64 {
        match self {
            Self::F32 => len,
            Self::F16 => len.div_ceil(2),
            Self::Int8 if width == 0 => 0,
            Self::Int8 => (len / width as u64).saturating_mul(1 + width.div_ceil(4) as u64),
        }
    }
}

/// The scale of a row whose magnitudes are at most that of `most`: a 127th of it, rounded up to 16
/// bits, so that products with codes are exact. 0 below 2⁻¹⁰⁰, NaN of what is not finite.
pub(crate) fn scale_of(most: u32) -> f32 {
    if most >= 0x7f80_0000 {
        f32::NAN
    } else if most >= 0x0d80_0000 {
        let scale = f32::from_bits(most) * (1.0 / 127.0);
        f32::from_bits((scale.to_bits() + 0xff) & 0xffff_ff00)
    } else {
        0.0
    }
}

/// The bits of the half next to a float: to nearest, ties to even, at most 65,504 in magnitude.
pub(crate) fn half_of(bits: u32) -> u32 {
    let rounded = |number: u32, shift: u32| {
        (number + (1 << (shift - 1)) - 1 + ((number >> shift) & 1)) >> shift
    };
    let (sign, magnitude) = ((bits >> 16) & 0x8000, bits & 0x7fff_ffff);
    sign | match magnitude {
        0x7f80_0001.. => 0x7e00,
        // 65,520 is halfway between the largest half and the next power of two.
        0x477f_f000.. => 0x7bff,
        0x3880_0000.. => rounded(magnitude - (112 << 23), 13),
        // Subnormal: the fraction with its leading one, in units of 2⁻²⁴.
        0x3300_0000.. => rounded((magnitude & 0x7f_ffff) | 0x80_0000, 126 - (magnitude >> 23)),
        _ => 0,
    }
}

/// The value of a half.
pub(crate) fn half_value(half: u32) -> f32 {
    let magnitude = half & 0x7fff;
    let value = match magnitude {
        0..0x400 => magnitude as f32 * 5.960_464_5e-8,
        0x7c00.. => f32::from_bits((magnitude << 13) | 0x7f80_0000),
        _ => f32::from_bits((magnitude << 13) + (112 << 23)),
    };
    if half >= 0x8000 { -value } else { value }
}

#[cfg(all(test, feature = "_run"))]
mod tests {
    use super::*;

    /// Every half is read as the crate `half` reads it, and every float next to one, halfway to the
    /// next or beside that is rounded as there.
    #[test]
    fn halves_are_those_of_the_standard() {
        for bits in 0..=u16::MAX {
            let value = half::f16::from_bits(bits).to_f32();
            let ours = half_value(bits.into());
            assert!(
                value.to_bits() == ours.to_bits() || value.is_nan() && ours.is_nan(),
                "{bits:#x}: {ours}"
            );
            if !value.is_finite() {
                continue;
            }
            // A half has 13 bits less than a float, a subnormal one more than that.
            for apart in [0, 1, 0xfff, 0x1000, 0x1001, 0x1fff, 0x80_0000] {
                let near = f32::from_bits(value.to_bits() + apart);
                let wanted = half::f16::from_f32(near.clamp(-65_504.0, 65_504.0)).to_bits();
                assert_eq!(half_of(near.to_bits()), u32::from(wanted), "{near:e}");
            }
        }
        assert_eq!(half_of(f32::INFINITY.to_bits()), 0x7bff);
        assert!(half_value(half_of(f32::NAN.to_bits())).is_nan());
    }

    #[test]
    fn scales_have_sixteen_bits_and_reach_the_largest() {
        for most in [1.0_f32, 127.0, 3.3e-5, 1e30, f32::MAX, 2_f32.powi(-100)] {
            let scale = scale_of(most.to_bits());
            assert_eq!(scale.to_bits() & 0xff, 0, "{most}");
            assert!(f64::from(scale) * 127.0 >= f64::from(most) * (1.0 - 2e-7));
            assert!(scale * 127.0 <= most * 1.0001, "{most}");
        }
        assert_eq!(scale_of(2_f32.powi(-101).to_bits()), 0.0);
        assert!(scale_of(f32::INFINITY.to_bits()).is_nan());
    }

    #[test]
    fn words_are_counted_by_rows() {
        for (format, words) in [
            (AnchorFormat::F32, 30),
            (AnchorFormat::F16, 15),
            (AnchorFormat::Int8, 6 * 3),
        ] {
            assert_eq!(format.words(30, 5), words, "{format}");
        }
        assert_eq!(AnchorFormat::F16.words(3, 1), 2);
    }
}
