//! Whether a recording is consistent with itself and with the table of kernels.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use super::{
    extent::Reach,
    kernel::{Access, Element},
    recording::{Buffer, BufferId, Command, Dispatch, Recording, Role},
};

/// What is wrong with a recording, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingError {
    place: String,
    why: String,
}

/// Kernels compute indices in 32 bits, and may go one workgroup past the end before they compare.
const MAX_ELEMENTS: usize = 1 << 31;

impl RecordingError {
    pub(super) fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            why: why.into(),
        }
    }
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

impl core::error::Error for RecordingError {}

impl Recording {
    /// Checks everything an executor relies on, so that no kernel reaches past a buffer: buffers
    /// exist, have at most 2^31 elements, are as long as the parameters say and hold what their
    /// binding wants; dispatches give the parameters and constants their kernel has, and no more
    /// workgroups than cover its shapes; nothing is read and written by the same dispatch; copies
    /// are between buffers of one length; weights are never written.
    ///
    /// # Errors
    /// [`RecordingError`] names the segment, the command and what is wrong with it.
    pub fn check(&self) -> Result<(), RecordingError> {
        for buffer in &self.buffers {
            if buffer.len > MAX_ELEMENTS {
                return Err(RecordingError {
                    place: format!("buffer `{}`", buffer.name),
                    why: format!(
                        "{} elements, at most {MAX_ELEMENTS} are indexed",
                        buffer.len
                    ),
                });
            }
        }
        for segment in &self.segments {
            for (index, command) in segment.commands.iter().enumerate() {
                let (what, checked) = match command {
                    Command::Dispatch(dispatch) => {
                        (dispatch.kernel.kernel().name, self.check_dispatch(dispatch))
                    }
                    Command::Copy { from, first, to } => {
                        ("copy", self.check_copy(*from, *first, *to))
                    }
                };
                checked.map_err(|why| RecordingError {
                    place: format!("segment `{}`, command {index} ({what})", segment.name),
                    why,
                })?;
            }
        }
        Ok(())
    }

    fn buffer(&self, id: BufferId) -> Result<&Buffer, String> {
        let count = self.buffers.len();
        self.buffers
            .get(id.0 as usize)
            .ok_or_else(|| format!("there is no buffer {}, only {count}", id.0))
    }

    fn check_copy(&self, from: BufferId, first: u32, to: BufferId) -> Result<(), String> {
        let (source, target) = (self.buffer(from)?, self.buffer(to)?);
        if from == to {
            return Err(format!("`{}` is copied to itself", source.name));
        }
        for end in [source, target] {
            if let Role::Weight(_) = end.role {
                return Err(format!("`{}` is a weight", end.name));
            }
        }
        if source.len < target.len.saturating_add(first as usize) {
            return Err(format!(
                "`{}` has {} elements from {first} on, `{}` takes {}",
                source.name,
                source.len.saturating_sub(first as usize),
                target.name,
                target.len
            ));
        }
        Ok(())
    }

    fn check_dispatch(&self, dispatch: &Dispatch) -> Result<(), String> {
        let kernel = dispatch.kernel.kernel();
        if dispatch.bindings.len() != kernel.bindings.len() {
            return Err(format!(
                "{} buffers are bound, it takes {}",
                dispatch.bindings.len(),
                kernel.bindings.len()
            ));
        }
        if dispatch.params.len() != kernel.params_size {
            return Err(format!(
                "{} bytes of parameters, it takes {}",
                dispatch.params.len(),
                kernel.params_size
            ));
        }
        let given: Vec<&str> = dispatch.constants.iter().map(|&(name, _)| name).collect();
        if given != kernel.constants {
            return Err(format!(
                "constants {given:?} are given, it takes {:?}",
                kernel.constants
            ));
        }

        for (id, spec) in dispatch.bindings.iter().zip(kernel.bindings) {
            let buffer = self.buffer(*id)?;
            let wrong = match (spec.access, spec.element, buffer.role) {
                (Access::Write, _, Role::Weight(_)) => {
                    Some("a weight is never written".to_string())
                }
                (Access::Read, Element::F32, Role::Weight(format)) if format as u32 != 0 => {
                    Some(format!("it reads f32, the weight is {format:?}"))
                }
                (Access::Read, Element::Weight, Role::Weight(format)) => dispatch
                    .constants
                    .iter()
                    .find(|&&(name, value)| name == "FORMAT" && value != format as u32)
                    .map(|(_, value)| format!("FORMAT is {value}, the weight is {format:?}")),
                (Access::Read, Element::Weight, _) => Some("it is no weight".to_string()),
                (Access::Read, Element::Anchors, Role::Weight(_)) => {
                    Some("a weight is no anchor".to_string())
                }
                _ => None,
            };
            if let Some(why) = wrong {
                return Err(format!("`{}` at `{}`: {why}", buffer.name, spec.name));
            }
            if spec.access == Access::Write
                && dispatch
                    .bindings
                    .iter()
                    .filter(|other| *other == id)
                    .count()
                    > 1
            {
                return Err(format!(
                    "`{}` is written at `{}` and bound once more",
                    buffer.name, spec.name
                ));
            }
        }
        self.check_reach(dispatch)
    }

    fn check_reach(&self, dispatch: &Dispatch) -> Result<(), String> {
        let kernel = dispatch.kernel.kernel();
        let reach = Reach::of(dispatch)?;
        for ((id, spec), &needed) in dispatch
            .bindings
            .iter()
            .zip(kernel.bindings)
            .zip(&reach.elements)
        {
            let buffer = self.buffer(*id)?;
            if (buffer.len as u64) < needed {
                return Err(format!(
                    "`{}` at `{}` has {} elements, the parameters reach {needed}",
                    buffer.name, spec.name, buffer.len
                ));
            }
        }
        let most = reach.workgroups();
        if dispatch
            .workgroups
            .iter()
            .zip(most)
            .any(|(&count, most)| count > most)
        {
            return Err(format!(
                "{:?} workgroups, its shapes take {most:?}",
                dispatch.workgroups
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
