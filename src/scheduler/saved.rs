//! The state as bytes: to pause a run, roll it back, or replay it elsewhere.
//!
//! Little-endian, the same on every machine. The header names the version and a fingerprint of the
//! policy and the timeline, so that a state is not restored under other rules.

use core::fmt;

use super::Scheduler;
use super::decision::{Action, NO_SLOT, REASONS, Reason};
use super::lane::{Lane, Phase};
use crate::policy::{MAX_MASK, Policy};
use crate::predict::MAX_ANCHORS;
use crate::text::Named;
use crate::timeline::Timeline;

const MAGIC: u32 = u32::from_le_bytes(*b"RFRN");
const VERSION: u32 = 1;
/// Bytes before the first lane.
pub const SAVED_HEADER_BYTES: usize = 24;
/// Bytes of one lane.
pub const LANE_BYTES: usize =
    4 * 5 + 8 * 3 + 8 * MAX_ANCHORS + 4 * MAX_ANCHORS + OPEN_BYTES + STATS_BYTES;
const OPEN_BYTES: usize = 4 * 3 + 8 + 4 * 5 + 8 * 3 + 4 * MAX_ANCHORS;
const STATS_BYTES: usize = 4 * (4 + REASONS);

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
    /// A value that no scheduler writes.
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
            Self::Damaged => f.write_str("the saved state is damaged"),
        }
    }
}

impl core::error::Error for SavedError {}

impl<L: AsRef<[Lane]>> Scheduler<L> {
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
        let mut out = Writer(bytes);
        out.u32(MAGIC);
        out.u32(VERSION);
        out.u64(fingerprint(&self.policy, self.timeline));
        out.u32(self.lanes.as_ref().len() as u32);
        out.u32(0);
        for lane in self.lanes.as_ref() {
            write_lane(&mut out, lane);
        }
        Ok(())
    }
}

impl<L: AsRef<[Lane]> + AsMut<[Lane]>> Scheduler<L> {
    /// Takes over a saved state.
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
        if header.u64() != fingerprint(&self.policy, self.timeline) {
            return Err(SavedError::Policy);
        }
        if header.u32() as usize != self.lanes.as_ref().len() || header.u32() != 0 {
            return Err(SavedError::Format);
        }
        let mut check = Reader(header.0);
        for _ in self.lanes.as_ref() {
            read_lane(&mut check, &self.policy).ok_or(SavedError::Damaged)?;
        }
        for lane in self.lanes.as_mut() {
            *lane = read_lane(&mut header, &self.policy).ok_or(SavedError::Damaged)?;
        }
        Ok(())
    }
}

fn write_lane(out: &mut Writer<'_>, lane: &Lane) {
    out.u32(lane.phase as u32);
    for v in [lane.next_call, lane.run, lane.anchors, lane.newest] {
        out.u32(v);
    }
    for v in [lane.spent, lane.ratio, lane.rate] {
        out.f64(v);
    }
    lane.places.iter().for_each(|v| out.f64(*v));
    lane.steps.iter().for_each(|v| out.u32(*v));
    let open = &lane.pending;
    for v in [open.call.step, open.call.evaluation, open.call.lane] {
        out.u32(v);
    }
    out.f64(open.call.time);
    for v in [
        open.number,
        open.action as u32,
        open.reason as u32,
        open.order,
        open.slot,
    ] {
        out.u32(v);
    }
    for v in [open.signal, open.spent, open.ratio] {
        out.f64(v);
    }
    open.weights.iter().for_each(|v| out.u32(v.to_bits()));
    let stats = &lane.stats;
    for v in [stats.calls, stats.computed, stats.reused, stats.predicted] {
        out.u32(v);
    }
    stats.reasons.iter().for_each(|v| out.u32(*v));
}

/// A lane, or nothing if a value cannot be one that was written.
fn read_lane(from: &mut Reader<'_>, policy: &Policy) -> Option<Lane> {
    let mut lane = Lane::NEW;
    lane.phase = Phase::from_number(from.u32())?;
    for v in [
        &mut lane.next_call,
        &mut lane.run,
        &mut lane.anchors,
        &mut lane.newest,
    ] {
        *v = from.u32();
    }
    for v in [&mut lane.spent, &mut lane.ratio, &mut lane.rate] {
        *v = from.finite()?;
    }
    for v in &mut lane.places {
        *v = from.finite()?;
    }
    for v in &mut lane.steps {
        *v = from.u32();
    }
    let open = &mut lane.pending;
    for v in [
        &mut open.call.step,
        &mut open.call.evaluation,
        &mut open.call.lane,
    ] {
        *v = from.u32();
    }
    open.call.time = from.finite()?;
    open.number = from.u32();
    open.action = Action::from_number(from.u32())?;
    open.reason = Reason::from_number(from.u32())?;
    open.order = from.u32();
    open.slot = from.u32();
    for v in [&mut open.signal, &mut open.spent, &mut open.ratio] {
        *v = from.finite()?;
    }
    for v in &mut open.weights {
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
    ] {
        *v = from.u32();
    }
    for v in &mut stats.reasons {
        *v = from.u32();
    }
    let (ring, open) = (policy.anchors(), &lane.pending);
    let slots_fit = lane.anchors <= ring
        && lane.newest < ring.max(1)
        && (open.slot < ring || open.slot == NO_SLOT);
    let decision_fits = open.action.skips() == open.reason.allows_skip()
        && (lane.phase == Phase::Decided) >= open.action.skips()
        && open.order <= policy.predictor.order;
    (slots_fit && decision_fits).then_some(lane)
}

/// FNV-1a over everything that rules a run.
fn fingerprint(policy: &Policy, timeline: Timeline) -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    let Policy {
        gauge,
        budget,
        guards,
        predictor,
        site,
        pool,
        family,
        ..
    } = policy;
    for v in [
        *family as u32,
        gauge.kind as u32,
        gauge.signal as u32,
        gauge.reference as u32,
        gauge.rescale as u32,
        gauge.curve.len,
        budget.kind as u32,
        budget.comparator as u32,
        budget.reset,
        guards.max_warmup_steps,
        guards.last_steps,
        guards.max_continuous_cached_steps,
        guards.max_cached_steps,
        guards.mask_len,
        predictor.kind as u32,
        predictor.order,
        predictor.axis as u32,
        site.kind as u32,
        site.front,
        site.back,
        *pool as u32,
        timeline.steps,
        timeline.evaluations,
    ] {
        hash.u32(v);
    }
    for v in gauge
        .coefficients
        .iter()
        .chain(gauge.curve.values())
        .chain(&[
            budget.threshold,
            budget.decay,
            guards.warmup_fraction,
            guards.window_start,
            guards.window_end,
        ])
    {
        hash.u32(v.to_bits() as u32);
        hash.u32((v.to_bits() >> 32) as u32);
    }
    for word in guards.mask.iter().take(MAX_MASK / 32) {
        hash.u32(*word);
    }
    hash.0
}

struct Hash(u64);

impl Hash {
    fn u32(&mut self, v: u32) {
        for byte in v.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

struct Writer<'a>(&'a mut [u8]);

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let rest = core::mem::take(&mut self.0);
        if let Some((front, rest)) = rest.split_at_mut_checked(bytes.len()) {
            for (to, from) in front.iter_mut().zip(bytes) {
                *to = *from;
            }
            self.0 = rest;
        }
    }

    fn u32(&mut self, v: u32) {
        self.put(&v.to_le_bytes());
    }

    fn u64(&mut self, v: u64) {
        self.put(&v.to_le_bytes());
    }

    fn f64(&mut self, v: f64) {
        self.u64(v.to_bits());
    }
}

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

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn finite(&mut self) -> Option<f64> {
        Some(f64::from_bits(self.u64())).filter(|v| v.is_finite())
    }
}
