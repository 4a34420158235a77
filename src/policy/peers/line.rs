//! The command line of stable-diffusion.cpp's `sd-cli`, as of August 2026, part by part.

use super::PeerError;
use super::reading::{Row, is_slip, near};
use super::sdcpp::MODES;
use super::words::{unquoted, word};

/// Options that take no value.
const ALONE: [&str; 37] = [
    "--auto-fit",
    "--canny",
    "--chroma-disable-dit-mask",
    "--chroma-enable-t5-mask",
    "--circular",
    "--circularx",
    "--circulary",
    "--clip-on-cpu",
    "--color",
    "--control-net-cpu",
    "--convert-name",
    "--diffusion-conv-direct",
    "--diffusion-fa",
    "--disable-auto-resize-ref-image",
    "--disable-image-metadata",
    "--fa",
    "--force-sdxl-vae-conv-scale",
    "--help",
    "--hires",
    "--increase-ref-index",
    "--metadata-all",
    "--metadata-brief",
    "--metadata-raw",
    "--mmap",
    "--normalize-input",
    "--offload-to-cpu",
    "--preview-noisy",
    "--qwen-image-zero-cond-t",
    "--stream-layers",
    "--taesd-preview-only",
    "--temporal-tiling",
    "--vae-conv-direct",
    "--vae-on-cpu",
    "--vae-tiling",
    "--verbose",
    "-h",
    "-v",
];

/// A part of a command line.
pub(super) enum Part<'a> {
    /// An option that is known, and its value; `--easycache` may have none.
    Known(&'a str, &'a str),
    /// Another option of the program, and its value if it has one.
    Other(&'a str, &'a str),
    /// `key=value` or numbers, between commas, without an option before them.
    Values(&'a str),
    /// A word that is none of these, which may be a mode.
    Word(&'a str),
}

/// The parts of a command line.
pub(super) struct Line<'a> {
    rest: &'a str,
    known: &'static [Row],
    started: bool,
}

impl<'a> Line<'a> {
    /// `known` are the options that are read.
    pub(super) const fn new(text: &'a str, known: &'static [Row]) -> Self {
        Self {
            rest: text,
            known,
            started: false,
        }
    }

    /// The next part.
    pub(super) fn next(&mut self) -> Result<Option<Part<'a>>, PeerError<'a>> {
        let Some(mut given) = self.word()? else {
            return Ok(None);
        };
        // A prompt, and the program.
        while !self.started && (given == "$" || is_program(given)) {
            let Some(behind) = self.word()? else {
                return Ok(None);
            };
            given = behind;
        }
        self.started = true;
        // Dashes as a page shows them.
        if given.starts_with(['\u{2013}', '\u{2014}']) {
            return Err(self.unknown(given));
        }
        if !is_option(given) {
            let value = given.contains('=') || is_number(given);
            return Ok(Some(match value {
                true => Part::Values(given),
                false => Part::Word(given),
            }));
        }
        let (key, joined) = match given.split_once('=') {
            Some((key, value)) => (key, Some(unquoted(value))),
            None => (given, None),
        };
        let part = if self.known.iter().any(|row| row.name == key) {
            let value = match joined {
                Some(value) => Some(value),
                None if key == "--easycache" => self.number()?.or(Some("")),
                None => self.word()?,
            };
            let form = "--option value";
            Part::Known(key, value.ok_or(PeerError::Item { given: key, form })?)
        } else if ALONE.contains(&key) {
            Part::Other(key, "")
        } else {
            let about = key.starts_with("--cache") || key.starts_with("--scm");
            let slip = self.known.iter().any(|row| is_slip(key, row.name));
            if about || slip {
                return Err(self.unknown(key));
            }
            // A mode has no option of its own, but EasyCache's of old.
            if key
                .strip_prefix("--")
                .is_some_and(|mode| MODES.contains(&mode))
            {
                return Err(PeerError::Key {
                    given: key,
                    nearest: "--cache-mode",
                });
            }
            let value = match joined {
                Some(value) => value,
                None => self.value()?.unwrap_or(""),
            };
            Part::Other(key, value)
        };
        Ok(Some(part))
    }

    fn unknown(&self, given: &'a str) -> PeerError<'a> {
        let nearest = near(given, &mut self.known.iter().map(|row| row.name));
        PeerError::Key { given, nearest }
    }

    fn word(&mut self) -> Result<Option<&'a str>, PeerError<'a>> {
        let Some((word, rest)) = word(self.rest)? else {
            return Ok(None);
        };
        self.rest = rest;
        Ok(Some(word))
    }

    /// The next word, if it is no option.
    fn value(&mut self) -> Result<Option<&'a str>, PeerError<'a>> {
        let quoted = self.rest.trim_start().starts_with(['"', '\'']);
        match word(self.rest)? {
            Some((word, _)) if quoted || !is_option(word) => self.word(),
            _ => Ok(None),
        }
    }

    /// The next word, if it is of numbers.
    fn number(&mut self) -> Result<Option<&'a str>, PeerError<'a>> {
        match word(self.rest)? {
            Some((word, _)) if is_number(word) => self.word(),
            _ => Ok(None),
        }
    }
}

/// Whether a word is the program itself, in a folder or not.
fn is_program(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    matches!(
        name.strip_suffix(".exe").unwrap_or(name),
        "sd-cli" | "sd-server" | "sd"
    )
}

fn is_option(word: &str) -> bool {
    word.starts_with('-') && !is_number(word)
}

/// Whether a word begins as a number does.
fn is_number(word: &str) -> bool {
    let word = word.strip_prefix(['-', '+']).unwrap_or(word);
    word.starts_with(|c: char| c.is_ascii_digit() || c == '.')
}
