//! What the program says, and where.

use core::fmt;
use std::io::{self, Write};

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Serialize;

/// Why a command could not do what it was asked for: one line for the user.
#[derive(Debug)]
pub(super) struct Failure(String);

impl Failure {
    /// What is wrong with which value, and what to do about it.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The same with the file or the option it is about in front.
    pub(super) fn about(subject: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self(alloc::format!("{subject}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.0).fmt(f)
    }
}

/// A text in which what would steer a terminal is written out: names of files and tensors, and options,
/// come from outside and may contain anything.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            // Controls, and marks that turn the direction of the text.
            let steers = c.is_control()
                || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if steers {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

/// Standard output, written at the end so that a failing command leaves nothing half said;
/// long commands say at the start what they are about to do.
#[derive(Debug, Default)]
pub(super) struct Report {
    text: String,
}

impl Report {
    /// Adds a line.
    pub(super) fn line(&mut self, line: impl fmt::Display) {
        self.text.push_str(&line.to_string());
        self.text.push('\n');
    }

    /// Adds a JSON document.
    pub(super) fn json(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Failure::about("cannot write JSON", error))?;
        self.line(text);
        Ok(())
    }

    /// Writes out what there is so far.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        let text = core::mem::take(&mut self.text);
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever closed the pipe has read enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::about("cannot write to standard output", error)),
            Ok(()) => Ok(()),
        }
    }
}

/// Says something beside the result, on standard error.
pub(super) fn note(text: impl fmt::Display) {
    say("note", &text);
}

/// Says why the program stops.
pub(super) fn complain(failure: &Failure) {
    say("error", failure);
}

fn say(kind: &str, text: &dyn fmt::Display) {
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{kind}: {}", Shown(&text.to_string()));
}

/// Reads a whole file of at most `most` bytes.
pub(super) fn read(path: &std::path::Path, most: u64) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let shown = path.display();
    let file = std::fs::File::open(path).map_err(|error| Failure::about(shown, error))?;
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::about(path.display(), error))?;
    if bytes.len() as u64 > most {
        return Err(Failure::about(
            path.display(),
            format_args!("longer than {most} bytes, which is the most that is read"),
        ));
    }
    Ok(bytes)
}
