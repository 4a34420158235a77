//! One-dispatch cases for every kernel, at the edges of its tiles, for the twin tests.

mod anchors;
mod shapes;

pub(crate) use shapes::cases;

use refrain::kernels::{
    Kernel, KernelId, Tolerance, WeightFormat,
    params::{KeepInt8Params, KeepParams},
    twins::{Call, Slot},
};

/// What the inputs look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Uniform in -1..1.
    Uniform,
    /// The same, a thousand away from zero (the values of attention; the rows of other kernels).
    Offset,
    /// Zeros and a single one.
    OneHot,
    /// Subnormal.
    Subnormal,
}

const KINDS: [Kind; 4] = [Kind::Uniform, Kind::Offset, Kind::OneHot, Kind::Subnormal];

/// One dispatch and its inputs.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) id: KernelId,
    pub(crate) params: Vec<u8>,
    pub(crate) constants: Vec<(&'static str, u32)>,
    pub(crate) workgroups: [u32; 3],
    /// What the bindings that are read hold.
    pub(crate) reads: Vec<Input>,
    /// Elements of the binding that is written.
    pub(crate) out_len: usize,
}

/// One buffer that is read.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// `None` for floats that are no weight.
    pub(crate) format: Option<WeightFormat>,
    /// Elements.
    pub(crate) len: usize,
    /// As a device sees them.
    pub(crate) words: Vec<u32>,
}

impl Input {
    pub(crate) fn floats(values: &[f32]) -> Self {
        let words = values.iter().map(|value| value.to_bits()).collect();
        Self {
            format: None,
            len: values.len(),
            words,
        }
    }
}

impl Case {
    pub(crate) fn kernel(&self) -> &'static Kernel {
        self.id.kernel()
    }

    /// What the twin makes of it.
    pub(crate) fn twin(&self) -> Vec<f32> {
        let mut out = vec![0; self.out_len];
        let mut slots: Vec<_> = self
            .reads
            .iter()
            .map(|input| Slot::Read(&input.words))
            .collect();
        slots.push(Slot::Write(&mut out));
        (self.kernel().twin)(&mut Call {
            params: &self.params,
            constants: &self.constants,
            workgroups: self.workgroups,
            slots: &mut slots,
        });
        out.into_iter().map(f32::from_bits).collect()
    }
}

/// SplitMix64: Steele, Lea and Flood, 2014.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u32 << 23) as f32 - 1.0
    }

    fn values(&mut self, len: usize, kind: Kind) -> Vec<f32> {
        let hot = (self.next() % len as u64) as usize;
        let each = |i| match kind {
            Kind::Uniform => self.uniform(),
            Kind::Offset => 1000.0 + self.uniform(),
            Kind::OneHot => f32::from(u8::from(i == hot)),
            Kind::Subnormal => f32::from_bits((self.next() as u32) & 0x803f_ffff),
        };
        (0..len).map(each).collect()
    }

    fn input(&mut self, len: usize, kind: Kind) -> Input {
        Input::floats(&self.values(len, kind))
    }

    /// Random bits with exponents below that of one, so that every value is below one.
    fn weight(&mut self, format: WeightFormat, len: usize) -> Input {
        let half = |random: &mut Self| {
            let bits = random.next() as u32;
            match format {
                WeightFormat::Bf16 => (bits & 0x807f) | (118 + (bits >> 16) % 9) << 7,
                // Two in sixteen are subnormal.
                _ => (bits & 0x83ff) | ((bits >> 16) % 16).saturating_sub(1) << 10,
            }
        };
        let words = match format {
            WeightFormat::F32 => {
                return Input {
                    format: Some(format),
                    ..self.input(len, Kind::Uniform)
                };
            }
            _ => (0..len.div_ceil(2))
                .map(|_| half(self) | half(self) << 16)
                .collect(),
        };
        Input {
            format: Some(format),
            len,
            words,
        }
    }
}

/// What `compare` wants: words as a twin writes them, or the values they stand for.
pub(crate) trait Wanted: Copy {
    fn values(case: &Case, wanted: &[Self]) -> Vec<f64>;
}

impl Wanted for f32 {
    fn values(case: &Case, wanted: &[f32]) -> Vec<f64> {
        case.values(wanted)
    }
}

impl Wanted for f64 {
    fn values(_: &Case, wanted: &[f64]) -> Vec<f64> {
        wanted.to_vec()
    }
}

/// A finite half.
fn half_value(bits: u32) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f64::from(bits & 0x3ff);
    match (bits >> 10) & 0x1f {
        0 => sign * fraction * 2_f64.powi(-24),
        exponent => sign * (1024.0 + fraction) * 2_f64.powi(exponent as i32 - 25),
    }
}

/// The elements of an anchor in words, rows of `width`.
pub(crate) fn anchor_values(format: u32, words: &[u32], len: usize, width: usize) -> Vec<f64> {
    let element = |i: usize| match format {
        0 => f64::from(f32::from_bits(words[i])),
        1 => half_value(words[i / 2] >> (16 * (i % 2)) & 0xffff),
        _ => {
            let row = &words[i / width * (1 + width.div_ceil(4))..];
            let bytes = row[1 + i % width / 4].to_le_bytes();
            f64::from(f32::from_bits(row[0])) * f64::from(bytes[i % width % 4] as i8)
        }
    };
    (0..len).map(element).collect()
}

impl Case {
    /// What the words that were written stand for. Before an anchor nothing is written.
    fn values(&self, out: &[f32]) -> Vec<f64> {
        let (format, len, width, offset) = match self.id {
            KernelId::Keep => {
                let p: KeepParams = bytemuck::pod_read_unaligned(&self.params);
                (self.constants[0].1, p.len as usize, 1, p.offset)
            }
            KernelId::KeepInt8 => {
                let p: KeepInt8Params = bytemuck::pod_read_unaligned(&self.params);
                (2, (p.rows * p.width) as usize, p.width as usize, p.offset)
            }
            _ => return out.iter().map(|value| f64::from(*value)).collect(),
        };
        let words: Vec<u32> = out.iter().map(|value| value.to_bits()).collect();
        let (before, anchor) = words.split_at(offset as usize);
        let before = before.iter().map(|word| f64::from(*word));
        before
            .chain(anchor_values(format, anchor, len, width))
            .collect()
    }
}

/// Whether `found` is within the tolerance of the kernel's row of `wanted`.
pub(crate) fn compare<T: Wanted>(case: &Case, found: &[f32], wanted: &[T]) -> Result<(), String> {
    compare_within(case, case.kernel().tolerance, found, wanted)
}

/// Whether `found` is within `tolerance` of `wanted`.
pub(crate) fn compare_within<T: Wanted>(
    case: &Case,
    tolerance: Tolerance,
    found: &[f32],
    wanted: &[T],
) -> Result<(), String> {
    let name = &case.name;
    if found.len() != case.out_len {
        return Err(format!(
            "{name}: {} elements, wanted {}",
            found.len(),
            case.out_len
        ));
    }
    let (found, wanted) = (case.values(found), T::values(case, wanted));
    if found.len() != wanted.len() {
        return Err(format!(
            "{name}: {} values, wanted {}",
            found.len(),
            wanted.len()
        ));
    }
    let largest = wanted
        .iter()
        .fold(0.0, |largest: f64, v| largest.max(v.abs()));
    let allowed = f64::from(tolerance.absolute) + f64::from(tolerance.relative) * largest;
    for (i, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let error = (found - wanted).abs();
        if error.is_nan() || error > allowed {
            return Err(format!(
                "{name}: [{i}] is {found}, wanted {wanted} +- {allowed:e}"
            ));
        }
    }
    Ok(())
}
