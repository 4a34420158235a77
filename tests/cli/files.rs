//! Safetensors and PNG files, taken apart and put together.

use std::{fs, path::Path};

use serde_json::Value;

/// A safetensors file whose header may be anything.
#[derive(Clone)]
pub(crate) struct Raw {
    pub(crate) header: Value,
    pub(crate) data: Vec<u8>,
}

impl Raw {
    pub(crate) fn read(path: impl AsRef<Path>) -> Self {
        let bytes = fs::read(path).expect("a file of the repository");
        let (length, rest) = bytes.split_first_chunk().expect("a length");
        let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
        Self {
            header: serde_json::from_slice(header).expect("a header"),
            data: data.to_vec(),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut header = self.header.to_string().into_bytes();
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend(&self.data);
        bytes
    }

    /// Where a tensor's bytes are.
    pub(crate) fn span(&self, name: &str) -> [usize; 2] {
        let offsets = &self.header[name]["data_offsets"];
        [0, 1].map(|i| offsets[i].as_u64().expect("an offset") as usize)
    }

    /// The elements of an f32 tensor.
    pub(crate) fn floats(&self, name: &str) -> Vec<f32> {
        let [start, end] = self.span(name);
        let (words, _) = self.data[start..end].as_chunks::<4>();
        words.iter().map(|word| f32::from_le_bytes(*word)).collect()
    }

    /// Adds a tensor behind the others.
    pub(crate) fn push(&mut self, name: &str, dtype: &str, shape: &[usize], bytes: &[u8]) {
        let start = self.data.len();
        self.data.extend(bytes);
        self.header[name] = serde_json::json!({
            "dtype": dtype, "shape": shape, "data_offsets": [start, self.data.len()],
        });
    }

    /// A file without tensors.
    pub(crate) fn empty() -> Self {
        Self {
            header: serde_json::json!({}),
            data: Vec::new(),
        }
    }
}

/// An RGB picture.
#[derive(Clone, PartialEq)]
pub(crate) struct Rgb {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Rgb {
    pub(crate) fn read(path: &Path) -> Self {
        let file = fs::File::open(path).expect("a PNG file");
        let decoder = png::Decoder::new(std::io::BufReader::new(file));
        let mut reader = decoder.read_info().expect("a valid PNG file");
        let info = reader.info();
        assert_eq!(info.color_type, png::ColorType::Rgb);
        let (width, height) = (info.width as usize, info.height as usize);
        let mut pixels = vec![0; width * height * 3];
        reader.next_frame(&mut pixels).expect("a whole picture");
        Self {
            width,
            height,
            pixels,
        }
    }

    /// A part of it, every `zoom`-th pixel.
    pub(crate) fn part(&self, left: usize, top: usize, side: usize, zoom: usize) -> Vec<u8> {
        let spot = |i: usize| (left + i % side * zoom, top + i / side * zoom);
        (0..side * side)
            .map(spot)
            .flat_map(|(x, y)| {
                let at = 3 * (y * self.width + x);
                self.pixels[at..at + 3].to_vec()
            })
            .collect()
    }
}
