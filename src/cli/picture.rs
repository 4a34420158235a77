//! Pictures of a run, and a sheet of them as a PNG file.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use font8x8::legacy::BASIC_LEGACY as FONT;

use crate::dit::DitConfig;

/// Pixels between pictures.
const MARGIN: usize = 4;
/// Side of a letter.
const LETTER: usize = 8;
/// Letters of a label that is wider than the pictures below it.
const MAX_LABEL: usize = 100;
/// Side that small pictures are enlarged to, by a whole factor.
const SIDE: usize = 96;
const PAPER: u8 = 255;
const INK: u8 = 48;

/// What value of a latent is black, and what is full.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    black: f32,
    full: f32,
}

impl Scale {
    /// −1 to 1 for pictures; for the latents of an autoencoder, which are not meant to be looked at,
    /// the range of the first three channels.
    pub(super) fn of(latents: &[f32], config: &DitConfig) -> Self {
        let mut scale = Self {
            black: -1.0,
            full: 1.0,
        };
        if !is_rgb(config) {
            let pixels = config.input_size as usize * config.input_size as usize;
            let shown = latents
                .chunks_exact(config.picture_len())
                .flat_map(|picture| picture.iter().take(3 * pixels))
                .filter(|value| value.is_finite());
            let (low, high) = shown.fold((f32::MAX, f32::MIN), |(low, high), value| {
                (low.min(*value), high.max(*value))
            });
            if low < high {
                (scale.black, scale.full) = (low, high);
            }
        }
        scale
    }
}

/// Whether the model's latents are pictures.
pub(super) fn is_rgb(config: &DitConfig) -> bool {
    config.in_channels == 3
}

/// The latents as 8-bit RGB, row by row, one picture each. Of further channels the first three are
/// taken; a lone channel is grey.
pub(super) fn pictures(latents: &[f32], config: &DitConfig, scale: Scale) -> Vec<Vec<u8>> {
    let pixels = config.input_size as usize * config.input_size as usize;
    let last = config.in_channels as usize - 1;
    let byte = |value: f32| {
        let share = (value - scale.black) / (scale.full - scale.black);
        // A float that is cast saturates, and NaN becomes 0.
        (share * 255.0 + 0.5) as u8
    };
    latents
        .chunks_exact(config.picture_len())
        .map(|picture| {
            let at = |pixel: usize, channel: usize| picture[channel.min(last) * pixels + pixel];
            (0..pixels)
                .flat_map(|pixel| [0, 1, 2].map(|channel| byte(at(pixel, channel))))
                .collect()
        })
        .collect()
}

/// Rows of pictures with a line of text above each.
#[derive(Debug)]
pub(super) struct Sheet {
    /// Side of a picture.
    side: usize,
    rows: Vec<(String, Vec<Vec<u8>>)>,
}

impl Sheet {
    /// An empty sheet for pictures of that side.
    pub(super) fn new(side: u32) -> Self {
        Self {
            side: side as usize,
            rows: Vec::new(),
        }
    }

    /// Adds a row below.
    pub(super) fn row(&mut self, label: String, pictures: Vec<Vec<u8>>) {
        self.rows.push((label, pictures));
    }

    /// The sheet as a PNG file.
    pub(super) fn png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let zoom = (SIDE / self.side).clamp(1, 4);
        let cell = self.side * zoom;
        let columns = self
            .rows
            .iter()
            .map(|(_, row)| row.len())
            .max()
            .unwrap_or(0);
        let letters = self
            .rows
            .iter()
            .map(|(label, _)| label.chars().count())
            .max();
        let text = letters.unwrap_or(0).min(MAX_LABEL) * LETTER;
        let width = 2 * MARGIN + text.max(columns * (cell + MARGIN) - MARGIN);
        let row_height = LETTER + cell + 3 * MARGIN;
        let height = MARGIN + self.rows.len() * row_height;
        let mut canvas = Canvas {
            width,
            rgb: vec![PAPER; width * height * 3],
        };
        for (i, (label, pictures)) in self.rows.iter().enumerate() {
            let top = MARGIN + i * row_height;
            canvas.write(label, MARGIN, top);
            for (column, picture) in pictures.iter().enumerate() {
                let left = MARGIN + column * (cell + MARGIN);
                canvas.draw(picture, self.side, zoom, left, top + LETTER + MARGIN);
            }
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&canvas.rgb)?;
        writer.finish()?;
        Ok(file)
    }
}

/// Pixels to draw on; what lies outside is left out.
struct Canvas {
    width: usize,
    rgb: Vec<u8>,
}

impl Canvas {
    fn set(&mut self, x: usize, y: usize, rgb: [u8; 3]) {
        if x < self.width
            && let Some(pixel) = self.rgb.as_chunks_mut::<3>().0.get_mut(y * self.width + x)
        {
            *pixel = rgb;
        }
    }

    fn write(&mut self, text: &str, left: usize, top: usize) {
        for (i, c) in text.chars().enumerate() {
            let glyph = FONT.get(c as usize).or(FONT.get('?' as usize));
            for (y, line) in glyph.into_iter().flatten().enumerate() {
                for x in (0..LETTER).filter(|x| line >> x & 1 == 1) {
                    self.set(left + i * LETTER + x, top + y, [INK; 3]);
                }
            }
        }
    }

    fn draw(&mut self, picture: &[u8], side: usize, zoom: usize, left: usize, top: usize) {
        for (i, rgb) in picture.as_chunks::<3>().0.iter().enumerate() {
            let (x, y) = (left + i % side * zoom, top + i / side * zoom);
            for (dx, dy) in (0..zoom * zoom).map(|j| (j % zoom, j / zoom)) {
                self.set(x + dx, y + dy, *rgb);
            }
        }
    }
}
