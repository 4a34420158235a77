//! Weights as a device's buffers hold them.

use alloc::{borrow::Cow, format, vec::Vec};

use half::{bf16, f16};

use super::{ExecutorError, WeightSource};
use crate::kernels::{Buffer, WeightFormat};

pub(crate) fn word(format: WeightFormat) -> &'static str {
    match format {
        WeightFormat::F32 => "f32",
        WeightFormat::F16 => "f16",
        WeightFormat::Bf16 => "bf16",
    }
}

/// What the buffer of a weight holds, a multiple of four bytes: as stored where the formats agree, and
/// f16 or bf16 as f32 where f32 is wanted.
pub(crate) fn contents<'a>(
    buffer: &Buffer,
    wanted: WeightFormat,
    source: &'a dyn WeightSource,
) -> Result<Cow<'a, [u8]>, ExecutorError> {
    let name = &buffer.name;
    let stored = source
        .tensor(name)
        .ok_or_else(|| ExecutorError::Weight(format!("the checkpoint has no tensor `{name}`")))?;
    let elements = stored.shape.iter().product::<usize>();
    if elements != buffer.len
        || stored.bytes.len() as u64 != elements as u64 * stored.format.bytes()
    {
        return Err(ExecutorError::Weight(format!(
            "`{name}` has shape {:?} ({} bytes), the recording wants {} elements",
            stored.shape,
            stored.bytes.len(),
            buffer.len,
        )));
    }
    let halves = stored.bytes.as_chunks::<2>().0.iter().copied();
    Ok(match (stored.format, wanted) {
        (have, want) if have == want => {
            let mut bytes = Cow::Borrowed(stored.bytes);
            if !bytes.len().is_multiple_of(4) {
                bytes.to_mut().extend_from_slice(&[0; 2]);
            }
            bytes
        }
        (WeightFormat::F16, WeightFormat::F32) => {
            widen(halves.map(|half| f16::from_le_bytes(half).to_f32()))
        }
        (WeightFormat::Bf16, WeightFormat::F32) => {
            widen(halves.map(|half| bf16::from_le_bytes(half).to_f32()))
        }
        (have, want) => {
            return Err(ExecutorError::Weight(format!(
                "`{name}` is stored as {} and the recording wants {}; only a widening to f32 is made",
                word(have),
                word(want),
            )));
        }
    })
}

fn widen(values: impl Iterator<Item = f32>) -> Cow<'static, [u8]> {
    Cow::Owned(values.flat_map(f32::to_le_bytes).collect::<Vec<u8>>())
}
