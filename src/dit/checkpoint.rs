//! Reading a `.safetensors` file that may be hostile.

use alloc::{
    borrow::Cow,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, ops::Range};

use safetensors::{SafeTensorError, SafeTensors};
use serde_json::Value;

use super::error::ModelError;
use crate::hash::Hash;
use crate::kernels::WeightFormat;

/// The tensors of a file, by name, and its metadata. Nothing in it depends on what the header
/// claims beyond what the file has bytes for.
pub(super) struct Checkpoint {
    pub(super) bytes: Cow<'static, [u8]>,
    pub(super) tensors: BTreeMap<String, Tensor>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// Where a tensor lies in the file.
pub(super) struct Tensor {
    pub(super) shape: Vec<usize>,
    pub(super) format: WeightFormat,
    pub(super) range: Range<usize>,
}

impl Checkpoint {
    pub(super) fn parse(bytes: Cow<'static, [u8]>) -> Result<Self, ModelError> {
        check_header(&bytes)?;
        let (header, read) =
            SafeTensors::read_metadata(&bytes).map_err(|error| explain(&error, bytes.len()))?;
        let start = header + 8;
        let mut tensors = BTreeMap::new();
        for name in read.offset_keys() {
            let Some(info) = read.info(&name) else {
                continue;
            };
            let Some(format) = format(&info.dtype.to_string()) else {
                return Err(unsupported(&name, &info.dtype));
            };
            let (from, to) = info.data_offsets;
            let tensor = Tensor {
                shape: info.shape.clone(),
                format,
                range: start + from..start + to,
            };
            tensors.insert(name, tensor);
        }
        let metadata = read.metadata().iter().flatten();
        Ok(Self {
            metadata: metadata.map(|(k, v)| (k.clone(), v.clone())).collect(),
            tensors,
            bytes,
        })
    }

    pub(super) fn bytes_of(&self, tensor: &Tensor) -> &[u8] {
        self.bytes.get(tensor.range.clone()).unwrap_or(&[])
    }

    /// Refuses NaN and infinity.
    pub(super) fn check_finite(&self) -> Result<(), ModelError> {
        for (name, tensor) in &self.tensors {
            if let Some(index) = not_finite(self.bytes_of(tensor), tensor.format) {
                return Err(ModelError::tensor(
                    name,
                    format!("element {index} is NaN or infinite; the file is damaged or unusable"),
                ));
            }
        }
        Ok(())
    }

    /// A hash over names, shapes, element types and elements: the same for the same weights.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hash = Hash::NEW;
        for (name, tensor) in &self.tensors {
            hash.bytes(name.as_bytes());
            hash.word(tensor.format as u64);
            for dim in &tensor.shape {
                hash.word(*dim as u64);
            }
            hash.bytes(self.bytes_of(tensor));
        }
        hash.value()
    }
}

/// The first element whose exponent is all ones.
fn not_finite(bytes: &[u8], format: WeightFormat) -> Option<usize> {
    fn find<const N: usize>(bytes: &[u8], bad: impl Fn(&[u8; N]) -> bool) -> Option<usize> {
        let (elements, _) = bytes.as_chunks::<N>();
        // Blocks without a branch within are left to the vectoriser.
        let mut from = 0;
        for block in elements.chunks(1024) {
            if block.iter().fold(false, |any, element| any | bad(element)) {
                return block.iter().position(&bad).map(|at| from + at);
            }
            from += block.len();
        }
        None
    }
    let all = |mask: u16| move |e: &[u8; 2]| u16::from_le_bytes(*e) & mask == mask;
    match format {
        WeightFormat::F32 => find::<4>(bytes, |e| {
            u32::from_le_bytes(*e) & 0x7f80_0000 == 0x7f80_0000
        }),
        WeightFormat::F16 => find::<2>(bytes, all(0x7c00)),
        WeightFormat::Bf16 => find::<2>(bytes, all(0x7f80)),
    }
}

/// The element type of that name, if the kernels read it.
fn format(dtype: &str) -> Option<WeightFormat> {
    match dtype {
        "F32" => Some(WeightFormat::F32),
        "F16" => Some(WeightFormat::F16),
        "BF16" => Some(WeightFormat::Bf16),
        _ => None,
    }
}

fn unsupported(name: &str, dtype: &dyn fmt::Display) -> ModelError {
    let why = format!("its elements are {dtype}; convert them to F32, F16 or BF16");
    ModelError::tensor(name, why)
}

/// Refuses a header that does not fit the file, naming the tensor. The safetensors reader names few,
/// and adds offsets up before it compares them with the length.
fn check_header(bytes: &[u8]) -> Result<(), ModelError> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(ModelError::Format(format!(
            "it has {} bytes, the length of its header alone takes 8",
            bytes.len()
        )));
    };
    let length = u64::from_le_bytes(*length);
    let header = usize::try_from(length).ok().and_then(|n| rest.get(..n));
    let Some(header) = header else {
        return Err(ModelError::Format(format!(
            "its header claims {length} bytes, the file has {}; it is truncated or no safetensors \
             file",
            bytes.len()
        )));
    };
    let data = (rest.len() - header.len()) as u64;
    let Ok(Value::Object(entries)) = serde_json::from_slice(header) else {
        return Err(ModelError::Format("its header is no JSON object".into()));
    };
    for (name, entry) in entries.iter().filter(|(name, _)| *name != "__metadata__") {
        check_entry(name, entry, data)?;
    }
    Ok(())
}

/// One tensor of the header, in a file with `data` bytes behind it.
fn check_entry(name: &str, entry: &Value, data: u64) -> Result<(), ModelError> {
    let numbers = |key: &str| -> Option<Vec<u64>> {
        let list = entry.get(key)?.as_array()?;
        list.iter().map(Value::as_u64).collect()
    };
    let Some([from, to]) = numbers("data_offsets").and_then(|v| <[u64; 2]>::try_from(v).ok())
    else {
        return Err(ModelError::tensor(
            name,
            "it has no data_offsets [from, to]",
        ));
    };
    if to > data || from > to {
        return Err(ModelError::tensor(
            name,
            format!(
                "its data are bytes {from} to {to}, the file has {data} bytes of data; it is \
                 truncated or damaged"
            ),
        ));
    }
    let Some(shape) = numbers("shape") else {
        return Err(ModelError::tensor(name, "it has no shape"));
    };
    let dtype = entry
        .get("dtype")
        .and_then(Value::as_str)
        .unwrap_or("unknown");
    let each = format(dtype)
        .ok_or_else(|| unsupported(name, &dtype))?
        .bytes();
    let size = shape
        .iter()
        .try_fold(each, |size, dim| size.checked_mul(*dim));
    if size != Some(to - from) {
        return Err(ModelError::tensor(
            name,
            format!(
                "shape {shape:?} in {dtype} does not fit its {} bytes of data",
                to - from
            ),
        ));
    }
    Ok(())
}

fn explain(error: &SafeTensorError, len: usize) -> ModelError {
    match error {
        SafeTensorError::InvalidOffset(name) => ModelError::tensor(
            name,
            "its data overlap another tensor's, or leave a gap before them",
        ),
        SafeTensorError::MetadataIncompleteBuffer => ModelError::Format(format!(
            "its tensors do not fill the file of {len} bytes; it is truncated or damaged"
        )),
        other => ModelError::Format(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bad_element_is_found_in_every_format() {
        for (format, width, bad) in [
            (WeightFormat::F32, 4, f32::NAN.to_le_bytes().to_vec()),
            (
                WeightFormat::F32,
                4,
                f32::NEG_INFINITY.to_le_bytes().to_vec(),
            ),
            (WeightFormat::F16, 2, 0x7c00u16.to_le_bytes().to_vec()),
            (WeightFormat::Bf16, 2, 0xffc1u16.to_le_bytes().to_vec()),
        ] {
            for at in [0, 1023, 1024, 2999] {
                // The largest finite number everywhere else.
                let finite: u32 = match format {
                    WeightFormat::F32 => 0x7f7f_ffff,
                    WeightFormat::F16 => 0x7bff,
                    WeightFormat::Bf16 => 0x7f7f,
                };
                let mut bytes = finite.to_le_bytes()[..width].repeat(3000);
                assert_eq!(not_finite(&bytes, format), None);
                bytes[at * width..(at + 1) * width].copy_from_slice(&bad);
                assert_eq!(not_finite(&bytes, format), Some(at));
            }
        }
    }
}
