//! From where to where the buffers of a recording are in use.

use alloc::{vec, vec::Vec};

use super::{BufferId, Command, Recording, SegmentId};

/// The first and the last command that touch a buffer, counted over the segments of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// The first command.
    pub first: u32,
    /// The last command.
    pub last: u32,
}

impl Recording {
    /// The lifetime of every buffer on a path, `None` for one that no command touches: two buffers
    /// of role [`Scratch`](super::Role::Scratch) may share memory if none of the paths that a host
    /// takes has them in use at once. Segments that do not exist are left out.
    #[must_use]
    pub fn lifetimes(&self, path: &[SegmentId]) -> Vec<Option<Lifetime>> {
        let mut lifetimes = vec![None; self.buffers.len()];
        let segments = path
            .iter()
            .filter_map(|id| self.segments.get(id.0 as usize));
        for (command, at) in segments.flat_map(|segment| &segment.commands).zip(0..) {
            let mut touch = |id: &BufferId| {
                if let Some(lifetime) = lifetimes.get_mut(id.0 as usize) {
                    lifetime
                        .get_or_insert(Lifetime {
                            first: at,
                            last: at,
                        })
                        .last = at;
                }
            };
            match command {
                Command::Dispatch(dispatch) => dispatch.bindings.iter().for_each(touch),
                Command::Copy { from, to, .. } => [from, to].into_iter().for_each(&mut touch),
            }
        }
        lifetimes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Buffer, Role, Segment};

    #[test]
    fn commands_are_counted_over_the_path() {
        let buffer = |name: &str| Buffer {
            name: name.into(),
            len: 4,
            role: Role::Scratch,
        };
        let copy = |from, to| Command::Copy {
            from: BufferId(from),
            first: 0,
            to: BufferId(to),
        };
        let segment = |commands: &[Command]| Segment {
            name: "s".into(),
            commands: commands.into(),
        };
        let recording = Recording {
            buffers: ["a", "b", "c", "d"].map(buffer).into(),
            segments: vec![
                segment(&[copy(0, 1), copy(1, 2)]),
                segment(&[copy(3, 0)]),
                segment(&[copy(2, 0)]),
            ],
        };
        let life = |first, last| Some(Lifetime { first, last });
        let path = |path: &[u32]| {
            let path: Vec<_> = path.iter().map(|id| SegmentId(*id)).collect();
            recording.lifetimes(&path)
        };
        assert_eq!(path(&[0, 2]), [life(0, 2), life(0, 1), life(1, 2), None]);
        assert_eq!(
            path(&[2, 9, 1, 0]),
            [life(0, 2), life(2, 3), life(0, 3), life(1, 1)]
        );
        assert_eq!(path(&[]), [None; 4]);
    }
}
