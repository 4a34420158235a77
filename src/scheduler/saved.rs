//! The state as bytes: to pause a run, roll it back, or replay it elsewhere.
//!
//! Little-endian, the same on every machine. The header names the version, a fingerprint of the policy
//! and the timeline, so that a state is not restored under other rules, and a checksum.

use core::borrow::Borrow;
use core::fmt;

use super::Scheduler;
use super::decision::{ADD_TO_SLOTS, Action, NO_SLOT, REASONS, Reason, SET_SLOTS};
use super::lane::{Lane, Open, Phase};
use super::moments;
use crate::hash::Hash;
use crate::policy::Policy;
use crate::predict::MAX_ANCHORS;
use crate::text::Named;
use crate::timeline::Timeline;

const MAGIC: u32 = u32::from_le_bytes(*b"RFRN");
const VERSION: u32 = 3;
/// Bytes before the first lane.
pub const SAVED_HEADER_BYTES: usize = 24;
/// Where the header has the checksum.
const CHECKSUM: core::ops::Range<usize> = 20..24;
/// Bytes of one lane.
pub const LANE_BYTES: usize =
    4 * (14 + MAX_ANCHORS) + 8 * (6 + MAX_ANCHORS + moments::MOST) + OPEN_BYTES + STATS_BYTES;
const OPEN_BYTES: usize = 4 * (9 + 2 * MAX_ANCHORS) + 8 * 6;
const STATS_BYTES: usize = 4 * (6 + REASONS);

/// Why saved bytes were not written or not restored. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SavedError {
    /// The buffer has another size than the state.
    Size {
        /// Bytes given.
        given: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// Not a saved state, or of another version.
    Format,
    /// Saved under another policy or timeline.
    Policy,
    /// The checksum does not fit, or a value is none that a scheduler writes.
    Damaged,
}

impl fmt::Display for SavedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Size { given, needed } => {
                write!(f, "{given} bytes were given, the state has {needed}")
            }
            Self::Format => write!(f, "not a saved state of version {VERSION}"),
            Self::Policy => f.write_str(
                "the state was saved under another policy or timeline; make the scheduler with those",
            ),
            Self::Damaged => f.write_str("the saved state is damaged; start the run anew"),
        }
    }
}

impl core::error::Error for SavedError {}

impl<L: AsRef<[Lane]>, P: Borrow<Policy>> Scheduler<L, P> {
    /// Bytes that [`save`](Self::save) writes.
    pub fn saved_bytes(&self) -> usize {
        SAVED_HEADER_BYTES.saturating_add(LANE_BYTES.saturating_mul(self.lanes.as_ref().len()))
    }

    /// Writes the state, open calls included.
    ///
    /// # Errors
    /// [`SavedError::Size`] unless `bytes` is exactly [`saved_bytes`](Self::saved_bytes) long.
    pub fn save(&self, bytes: &mut [u8]) -> Result<(), SavedError> {
        let needed = self.saved_bytes();
        if bytes.len() != needed {
            return Err(SavedError::Size {
                given: bytes.len(),
                needed,
            });
        }
        let mut out = Writer(&mut *bytes);
        out.u32(MAGIC);
        out.u32(VERSION);
        out.u64(fingerprint(self.policy(), self.timeline));
        out.u32(self.lanes.as_ref().len() as u32);
        out.u32(0);
        for lane in self.lanes.as_ref() {
            write_lane(&mut out, lane);
        }
        seal(bytes);
        Ok(())
    }
}

/// Puts the checksum that fits into saved bytes whose lanes were changed, as a device that decides
/// changes them.
pub fn seal(bytes: &mut [u8]) {
    let sum = checksum(bytes).to_le_bytes();
    if let Some(place) = bytes.get_mut(CHECKSUM) {
        for (to, from) in place.iter_mut().zip(sum) {
            *to = from;
        }
    }
}

/// Over all words but its own.
fn checksum(bytes: &[u8]) -> u32 {
    let mut hash = Hash::NEW;
    let front = bytes.get(..CHECKSUM.start).unwrap_or(&[]);
    let rest = bytes.get(CHECKSUM.end..).unwrap_or(&[]);
    for part in [front, rest] {
        for word in part.as_chunks().0 {
            hash.word(u32::from_le_bytes(*word).into());
        }
    }
    (hash.value() ^ hash.value() >> 32) as u32
}

impl<L: AsRef<[Lane]> + AsMut<[Lane]>, P: Borrow<Policy>> Scheduler<L, P> {
    /// Takes over a saved state. A call that was open when it was saved is open again; what it was
    /// decided is not handed out anew, so [`abandon`](Self::abandon) it and begin it once more.
    ///
    /// # Errors
    /// [`SavedError`] says what does not fit; the state is then as it was.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), SavedError> {
        let needed = self.saved_bytes();
        if bytes.len() != needed {
            return Err(SavedError::Size {
                given: bytes.len(),
                needed,
            });
        }
        let mut header = Reader(bytes);
        if header.u32() != MAGIC || header.u32() != VERSION {
            return Err(SavedError::Format);
        }
        if header.u64() != fingerprint(self.policy(), self.timeline) {
            return Err(SavedError::Policy);
        }
        if header.u32() as usize != self.lanes.as_ref().len() {
            return Err(SavedError::Format);
        }
        if header.u32() != checksum(bytes) {
            return Err(SavedError::Damaged);
        }
        let mut check = Reader(header.0);
        let policy = self.policy.borrow();
        let mut scratch = Lane::NEW;
        for _ in self.lanes.as_ref() {
            read_lane(&mut check, policy, &mut scratch).ok_or(SavedError::Damaged)?;
        }
        for lane in self.lanes.as_mut() {
            read_lane(&mut header, policy, lane).ok_or(SavedError::Damaged)?;
        }
        Ok(())
    }
}

/// The whole numbers of a lane.
fn counters(lane: &mut Lane) -> [&mut u32; 13] {
    [
        &mut lane.next_call,
        &mut lane.run,
        &mut lane.streak,
        &mut lane.last_skip,
        &mut lane.settled,
        &mut lane.active,
        &mut lane.due,
        &mut lane.rejected,
        &mut lane.anchors,
        &mut lane.newest,
        &mut lane.hat,
        &mut lane.forecast,
        &mut lane.moments_len,
    ]
}

/// The single numbers of a lane.
fn amounts(lane: &mut Lane) -> [&mut f64; 6] {
    [
        &mut lane.spent,
        &mut lane.ratio,
        &mut lane.rate,
        &mut lane.total,
        &mut lane.scale,
        &mut lane.computed_time,
    ]
}

/// The whole numbers of an open call but for its action and reason.
fn open_counters(open: &mut Open) -> [&mut u32; 7] {
    [
        &mut open.call.step,
        &mut open.call.evaluation,
        &mut open.call.lane,
        &mut open.number,
        &mut open.order,
        &mut open.slot,
        &mut open.capped,
    ]
}

fn open_amounts(open: &mut Open) -> [&mut f64; 6] {
    [
        &mut open.call.time,
        &mut open.signal,
        &mut open.error,
        &mut open.spent,
        &mut open.ratio,
        &mut open.largest,
    ]
}

fn write_lane(out: &mut Writer<'_>, lane: &Lane) {
    let mut lane = *lane;
    out.u32(lane.phase as u32);
    counters(&mut lane).into_iter().for_each(|v| out.u32(*v));
    amounts(&mut lane).into_iter().for_each(|v| out.f64(*v));
    lane.places.iter().for_each(|v| out.f64(*v));
    lane.steps.iter().for_each(|v| out.u32(*v));
    lane.moments.iter().for_each(|v| out.f64(*v));
    let open = &mut lane.pending;
    out.u32(open.action as u32);
    out.u32(open.reason as u32);
    open_counters(open).into_iter().for_each(|v| out.u32(*v));
    open_amounts(open).into_iter().for_each(|v| out.f64(*v));
    let weights = open.weights.iter().chain(&open.low_weights);
    weights.for_each(|v| out.u32(v.to_bits()));
    let stats = &lane.stats;
    for v in [
        stats.calls,
        stats.computed,
        stats.reused,
        stats.predicted,
        stats.verified,
        stats.rejected,
    ] {
        out.u32(v);
    }
    stats.reasons.iter().for_each(|v| out.u32(*v));
}

/// Reads all of a lane; nothing if a value cannot be one that was written. In place: a lane is large
/// for a small stack.
fn read_lane(from: &mut Reader<'_>, policy: &Policy, lane: &mut Lane) -> Option<()> {
    lane.phase = Phase::from_number(from.u32())?;
    counters(lane).into_iter().for_each(|v| *v = from.u32());
    for v in amounts(lane) {
        *v = from.finite()?;
    }
    for v in &mut lane.places {
        *v = from.finite()?;
    }
    for v in &mut lane.steps {
        *v = from.u32();
    }
    for v in &mut lane.moments {
        *v = from.finite()?;
    }
    let open = &mut lane.pending;
    open.action = Action::from_number(from.u32())?;
    open.reason = Reason::from_number(from.u32())?;
    open_counters(open)
        .into_iter()
        .for_each(|v| *v = from.u32());
    for v in open_amounts(open) {
        *v = from.finite()?;
    }
    for v in open.weights.iter_mut().chain(&mut open.low_weights) {
        *v = f32::from_bits(from.u32());
        if !v.is_finite() {
            return None;
        }
    }
    let stats = &mut lane.stats;
    for v in [
        &mut stats.calls,
        &mut stats.computed,
        &mut stats.reused,
        &mut stats.predicted,
        &mut stats.verified,
        &mut stats.rejected,
    ] {
        *v = from.u32();
    }
    for v in &mut stats.reasons {
        *v = from.u32();
    }
    let (ring, open) = (policy.anchors(), &lane.pending);
    let slot = |slot: u32| slot < ring || slot == NO_SLOT;
    let sums = open.slot == ADD_TO_SLOTS || open.slot == SET_SLOTS;
    let slots_fit = lane.anchors <= ring
        && lane.newest < ring.max(1)
        && slot(lane.hat)
        && slot(lane.forecast)
        && (slot(open.slot) || sums)
        && lane.moments_len as usize <= moments::MOST;
    let decision_fits = open.action.skips() == open.reason.allows_skip()
        && (lane.phase == Phase::Decided) >= open.action.skips()
        && open.order as usize <= MAX_ANCHORS;
    (slots_fit && decision_fits && lane.rejected <= 1).then_some(())
}

/// A hash over everything that rules a run.
fn fingerprint(policy: &Policy, timeline: Timeline) -> u64 {
    let mut hash = Hash::NEW;
    policy.fold(|word| hash.word(word.into()));
    hash.word(timeline.steps.into());
    hash.word(timeline.evaluations.into());
    hash.value()
}

/// One copy of its code: a save has over a hundred fields, and none is written in haste.
struct Writer<'a>(&'a mut [u8]);

impl Writer<'_> {
    #[inline(never)]
    fn put(&mut self, bytes: &[u8]) {
        let rest = core::mem::take(&mut self.0);
        if let Some((front, rest)) = rest.split_at_mut_checked(bytes.len()) {
            for (to, from) in front.iter_mut().zip(bytes) {
                *to = *from;
            }
            self.0 = rest;
        }
    }

    #[inline(never)]
    fn u32(&mut self, v: u32) {
        self.put(&v.to_le_bytes());
    }

    #[inline(never)]
    fn u64(&mut self, v: u64) {
        self.put(&v.to_le_bytes());
    }

    fn f64(&mut self, v: f64) {
        self.u64(v.to_bits());
    }
}

/// One copy of its code, as [`Writer`].
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((front, rest)) => {
                self.0 = rest;
                *front
            }
            None => [0; N],
        }
    }

    #[inline(never)]
    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    #[inline(never)]
    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn finite(&mut self) -> Option<f64> {
        Some(f64::from_bits(self.u64())).filter(|v| v.is_finite())
    }
}
