//! Buffers that hold nothing at the same time share memory.
//!
//! Memory is shared whole: a slot is one allocation, as long as the longest of its buffers, and no
//! dispatch binds two buffers of one slot. Only [`Role::Scratch`] shares.

use alloc::{format, vec, vec::Vec};
use core::cmp::Reverse;

use super::{
    check::RecordingError,
    extent::Reach,
    kernel::{Access, KernelId},
    recording::{BufferId, Command, Dispatch, Recording, Role, SegmentId},
};

/// The runs of segments of which a call makes one. An empty one is nothing.
pub type Alternatives = Vec<Vec<SegmentId>>;

/// Which memory each buffer of a recording has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryPlan {
    /// Of each buffer; `None` for weights, which are shared by recordings.
    slots: Vec<Option<u32>>,
    /// Bytes of each slot.
    bytes: Vec<u64>,
}

impl MemoryPlan {
    /// Every buffer apart.
    #[must_use]
    pub fn apart(recording: &Recording) -> Self {
        Self::new(recording, |id| id.0)
    }

    /// Buffers with the same number in one slot; slots are numbered as they come up.
    #[must_use]
    pub fn new(recording: &Recording, number: impl Fn(BufferId) -> u32) -> Self {
        let mut plan = Self {
            slots: Vec::with_capacity(recording.buffers.len()),
            bytes: Vec::new(),
        };
        let mut numbers = Vec::new();
        for (buffer, id) in recording.buffers.iter().zip(0..) {
            if matches!(buffer.role, Role::Weight(_)) {
                plan.slots.push(None);
                continue;
            }
            let number = number(BufferId(id));
            let slot = numbers.iter().position(|known| *known == number);
            let slot = slot.unwrap_or(numbers.len());
            match plan.bytes.get_mut(slot) {
                Some(bytes) => *bytes = buffer.bytes().max(*bytes),
                None => {
                    numbers.push(number);
                    plan.bytes.push(buffer.bytes());
                }
            }
            plan.slots.push(Some(slot as u32));
        }
        plan
    }

    /// Scratch buffers share where `order`, in which a call runs segments, allows it: of each element
    /// of it one alternative runs. A buffer that another segment uses stays apart.
    #[must_use]
    pub fn shared(recording: &Recording, order: &[Alternatives]) -> Self {
        let lives = Lives::new(recording, order);
        let mut by_size: Vec<usize> = (0..lives.candidates.len()).collect();
        let bytes = |of: usize| {
            let buffer = lives.candidates.get(of).and_then(|id| at(recording, *id));
            buffer.map_or(0, |buffer| buffer.bytes())
        };
        by_size.sort_by_key(|of| Reverse(bytes(*of)));
        // The longest first: a slot is as long as the first that it takes.
        let mut taken: Vec<Vec<usize>> = Vec::new();
        for of in by_size {
            let free = taken
                .iter_mut()
                .find(|slot| slot.iter().all(|other| !lives.meet(of, *other)));
            match free {
                Some(slot) => slot.push(of),
                None => taken.push(vec![of]),
            }
        }
        Self::new(recording, |id| {
            let of = lives.candidates.iter().position(|other| *other == id);
            let slot = taken
                .iter()
                .find(|slot| of.is_some_and(|of| slot.contains(&of)));
            let first = slot.and_then(|slot| lives.candidates.get(*slot.first()?));
            first.unwrap_or(&id).0
        })
    }

    /// The slot of a buffer; `None` for weights.
    #[must_use]
    pub fn slot(&self, buffer: BufferId) -> Option<usize> {
        let slot = self.slots.get(buffer.0 as usize).copied().flatten();
        slot.map(|slot| slot as usize)
    }

    /// Bytes of each slot.
    #[must_use]
    pub fn slots(&self) -> &[u64] {
        &self.bytes
    }

    /// Bytes of all slots.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.iter().sum()
    }

    /// Checks what an executor relies on: the plan is this recording's, and no command binds a buffer
    /// that it writes together with another of the same slot.
    ///
    /// # Errors
    /// [`RecordingError`] names the segment, the command and the buffers.
    pub fn check(&self, recording: &Recording) -> Result<(), RecordingError> {
        for (buffer, id) in recording.buffers.iter().zip(0..) {
            let room = self
                .slot(BufferId(id))
                .and_then(|slot| self.bytes.get(slot));
            let planned = match buffer.role {
                Role::Weight(_) => room.is_none(),
                _ => room.is_some_and(|room| *room >= buffer.bytes()),
            };
            if !planned || self.slots.len() != recording.buffers.len() {
                return Err(RecordingError::new(
                    format!("buffer `{}`", buffer.name),
                    "the memory plan is of another recording",
                ));
            }
        }
        for segment in &recording.segments {
            for (index, command) in segment.commands.iter().enumerate() {
                let uses = Uses::of(command);
                let Some(written) = uses.write else { continue };
                let other = uses.bound().find(|other| {
                    *other != written.buffer && self.slot(*other) == self.slot(written.buffer)
                });
                if let Some(other) = other {
                    return Err(RecordingError::new(
                        format!("segment `{}`, command {index}", segment.name),
                        format!(
                            "`{}` is written and has its memory in common with `{}`, which is read",
                            name(recording, written.buffer),
                            name(recording, other)
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Replays every way that a call may take and finds a buffer that is read after another has taken
    /// its memory. Follows what is certainly there, forwards; [`shared`](Self::shared) goes backwards
    /// from what is read.
    ///
    /// # Errors
    /// [`RecordingError`] names the segment, the command and the buffer.
    pub fn verify(
        &self,
        recording: &Recording,
        order: &[Alternatives],
    ) -> Result<(), RecordingError> {
        let mut held = vec![0; recording.buffers.len()];
        for alternatives in order {
            let mut after: Option<Vec<u64>> = None;
            for run in alternatives {
                let mut here = held.clone();
                self.replay(recording, run, &mut here)?;
                after = Some(match after {
                    None => here,
                    Some(before) => before
                        .into_iter()
                        .zip(here)
                        .map(|(a, b)| a.min(b))
                        .collect(),
                });
            }
            held = after.unwrap_or(held);
        }
        Ok(())
    }

    /// `held`: elements that each buffer certainly holds.
    fn replay(
        &self,
        recording: &Recording,
        run: &[SegmentId],
        held: &mut [u64],
    ) -> Result<(), RecordingError> {
        let together = |buffer: BufferId| {
            let slot = self.slot(buffer);
            let others = self.slots.iter().zip(0..);
            others
                .filter(move |(of, _)| slot.is_some() && of.map(|of| of as usize) == slot)
                .map(|(_, id)| BufferId(id))
                .filter(move |other| *other != buffer)
        };
        for id in run {
            let Some(segment) = recording.segments.get(id.0 as usize) else {
                continue;
            };
            for (index, command) in segment.commands.iter().enumerate() {
                let uses = Uses::of(command).within(recording);
                for read in &uses.reads {
                    let there = held.get(read.buffer.0 as usize).copied().unwrap_or(0);
                    // What is alone in its memory keeps what an earlier call left.
                    if there < read.extent && together(read.buffer).next().is_some() {
                        return Err(RecordingError::new(
                            format!("segment `{}`, command {index}", segment.name),
                            format!(
                                "`{}` is read up to {}, and is only there up to {there}",
                                name(recording, read.buffer),
                                read.extent
                            ),
                        ));
                    }
                }
                let Some(written) = uses.write else { continue };
                for other in together(written.buffer) {
                    if let Some(held) = held.get_mut(other.0 as usize) {
                        *held = 0;
                    }
                }
                if let (Some(held), true) =
                    (held.get_mut(written.buffer.0 as usize), uses.from_the_front)
                {
                    *held = written.extent.max(*held);
                }
            }
        }
        Ok(())
    }
}

fn at(recording: &Recording, id: BufferId) -> Option<&super::Buffer> {
    recording.buffers.get(id.0 as usize)
}

fn name(recording: &Recording, id: BufferId) -> &str {
    at(recording, id).map_or("?", |buffer| &buffer.name)
}

/// The first elements of a buffer.
#[derive(Clone, Copy)]
struct Use {
    buffer: BufferId,
    extent: u64,
}

/// What a command reads and writes.
struct Uses {
    reads: Vec<Use>,
    write: Option<Use>,
    /// Whether all that `write` says is written.
    from_the_front: bool,
}

impl Uses {
    fn of(command: &Command) -> Self {
        match command {
            Command::Copy { from, to, .. } => {
                let whole = |buffer| Use {
                    buffer,
                    extent: u64::MAX,
                };
                Self {
                    reads: vec![whole(*from)],
                    write: Some(whole(*to)),
                    from_the_front: true,
                }
            }
            Command::Dispatch(dispatch) => Self::of_dispatch(dispatch),
        }
    }

    fn of_dispatch(dispatch: &Dispatch) -> Self {
        let reach = Reach::of(dispatch).ok();
        let mut uses = Self {
            reads: Vec::new(),
            write: None,
            // These write at an offset.
            from_the_front: !matches!(
                dispatch.kernel,
                KernelId::SumPartials | KernelId::Keep | KernelId::KeepInt8
            ) && reach
                .as_ref()
                .is_some_and(|reach| reach.workgroups() == dispatch.workgroups),
        };
        let specs = dispatch.kernel.kernel().bindings;
        for (i, (buffer, spec)) in dispatch.bindings.iter().zip(specs).enumerate() {
            let extent = reach.as_ref().and_then(|reach| reach.elements.get(i));
            let used = Use {
                buffer: *buffer,
                extent: extent.copied().unwrap_or(u64::MAX),
            };
            match spec.access {
                Access::Read => uses.reads.push(used),
                Access::Write => uses.write = Some(used),
            }
        }
        uses
    }

    /// With no extent beyond its buffer.
    fn within(mut self, recording: &Recording) -> Self {
        for used in self.reads.iter_mut().chain(&mut self.write) {
            let len = at(recording, used.buffer).map_or(0, |buffer| buffer.len as u64);
            used.extent = used.extent.min(len);
        }
        self
    }

    fn bound(&self) -> impl Iterator<Item = BufferId> {
        self.reads.iter().chain(&self.write).map(|used| used.buffer)
    }
}

/// Which scratch buffers hold something at the same time.
struct Lives {
    candidates: Vec<BufferId>,
    /// Of each candidate, those that it meets.
    meets: Vec<Vec<bool>>,
}

impl Lives {
    fn new(recording: &Recording, order: &[Alternatives]) -> Self {
        let all = 0..recording.segments.len() as u32;
        let ordered: Vec<SegmentId> = order.iter().flatten().flatten().copied().collect();
        let elsewhere: Vec<BufferId> = all
            .filter(|id| !ordered.contains(&SegmentId(*id)))
            .filter_map(|id| recording.segments.get(id as usize))
            .flat_map(|segment| &segment.commands)
            .flat_map(|command| Uses::of(command).bound().collect::<Vec<_>>())
            .collect();
        let numbered = recording.buffers.iter().zip(0..);
        let candidates: Vec<BufferId> = numbered
            .filter(|(buffer, _)| buffer.role == Role::Scratch)
            .map(|(_, id)| BufferId(id))
            .filter(|id| !elsewhere.contains(id))
            .collect();
        let mut lives = Self {
            meets: vec![vec![false; candidates.len()]; candidates.len()],
            candidates,
        };
        // Elements of each candidate that are yet to be read.
        let mut wanted = vec![0; lives.candidates.len()];
        for alternatives in order.iter().rev() {
            let mut before = vec![0; wanted.len()];
            for run in alternatives {
                let mut here = wanted.clone();
                lives.walk(recording, run, &mut here);
                before = before
                    .into_iter()
                    .zip(here)
                    .map(|(a, b)| a.max(b))
                    .collect();
            }
            wanted = before;
        }
        // What is read before it is written holds something from call to call.
        for (of, wanted) in wanted.into_iter().enumerate() {
            if wanted > 0 {
                (0..lives.candidates.len()).for_each(|other| lives.note(of, other));
            }
        }
        lives
    }

    /// Goes backwards through a run of segments.
    fn walk(&mut self, recording: &Recording, run: &[SegmentId], wanted: &mut [u64]) {
        let segments = run.iter().rev();
        let commands = segments
            .filter_map(|id| recording.segments.get(id.0 as usize))
            .flat_map(|segment| segment.commands.iter().rev());
        for command in commands {
            let uses = Uses::of(command).within(recording);
            let written = uses.write.and_then(|write| {
                let of = self.find(write.buffer)?;
                Some((of, write.extent))
            });
            if let Some((of, extent)) = written {
                let later = wanted.iter().enumerate();
                let later: Vec<usize> = later
                    .filter(|(_, wanted)| **wanted > 0)
                    .map(|(other, _)| other)
                    .chain(uses.bound().filter_map(|id| self.find(id)))
                    .collect();
                later.into_iter().for_each(|other| self.note(of, other));
                if let Some(wanted) = wanted.get_mut(of)
                    && uses.from_the_front
                    && extent >= *wanted
                {
                    *wanted = 0;
                }
            }
            for read in &uses.reads {
                if let Some(wanted) = self.find(read.buffer).and_then(|of| wanted.get_mut(of)) {
                    *wanted = read.extent.max(*wanted);
                }
            }
        }
    }

    fn find(&self, id: BufferId) -> Option<usize> {
        self.candidates.binary_search(&id).ok()
    }

    fn note(&mut self, a: usize, b: usize) {
        if a == b {
            return;
        }
        for (a, b) in [(a, b), (b, a)] {
            if let Some(meets) = self.meets.get_mut(a).and_then(|row| row.get_mut(b)) {
                *meets = true;
            }
        }
    }

    fn meet(&self, a: usize, b: usize) -> bool {
        let row = self.meets.get(a);
        row.and_then(|row| row.get(b)).copied().unwrap_or(true)
    }
}
