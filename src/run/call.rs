//! One call of a run: what its lanes decide, and what the executor is given to do.

use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};
use core::fmt;

use super::{error::RunError, signals};
use crate::{
    dit::{Granule, Part, Program, Stage},
    executor::Executor,
    kernels::SegmentId,
    policy::{GaugeKind, Policy, Pool, VerifyKind},
    predict::MAX_ANCHORS,
    scheduler::{
        ADD_TO_SLOTS, Action, Begin, Decision, Event, Lane, Outcome, Pending, Reason, SET_SLOTS,
        Scheduler,
    },
    signal::Reference,
    timeline::{Call, Timeline},
    trace::Trace,
};

/// A program on an executor, with the scheduler that decides what of it runs.
pub(super) struct Caller {
    pub(super) executor: Box<dyn Executor>,
    pub(super) program: Program,
    pub(super) scheduler: Scheduler<Vec<Lane>>,
    pub(super) parts: Arc<[Part]>,
    granules: u32,
    /// Elements of the latents of all pictures.
    latents: usize,
    /// The open call of each lane that decides.
    open: Vec<Option<Pending>>,
    /// The segments that are yet to be run.
    path: Vec<SegmentId>,
    /// Multiply-adds of each segment, and of all that were run.
    costs: Vec<u64>,
    pub(super) multiply_adds: u64,
    sums: Vec<f32>,
    values: Vec<f64>,
    known: Known,
}

/// What the state on the device is good for.
#[derive(Debug, Default)]
struct Known {
    /// Whether a computed call was tracked, so that a rate can be told.
    rate: bool,
    /// Probes that were kept, at most 2.
    probes: u32,
    /// Of each lane: whether a late signal has a reference.
    references: Vec<bool>,
}

impl Caller {
    pub(super) fn new(
        policy: &Policy,
        steps: u32,
        latents: usize,
        mut program: Program,
        mut executor: Box<dyn Executor>,
    ) -> Result<Self, RunError> {
        for (buffer, values) in core::mem::take(&mut program.constants) {
            executor.write(buffer, &values)?;
        }
        let lanes = program.lanes as usize;
        let scheduler = Scheduler::new(*policy, Timeline::new(steps), vec![Lane::NEW; lanes])?;
        let parts: Arc<[Part]> = core::mem::take(&mut program.parts).into();
        let segments = 0..program.recording.segments.len() as u32;
        let costs = segments.map(|id| program.recording.multiply_adds(SegmentId(id)));
        let granules = parts.iter().filter(|p| matches!(p, Part::Granule(_)));
        Ok(Self {
            granules: granules.count() as u32,
            latents,
            open: (0..lanes).map(|_| None).collect(),
            // A part is at most five segments, and there are eight around them.
            path: Vec::with_capacity(5 * parts.len() + 8),
            costs: costs.collect(),
            multiply_adds: 0,
            sums: vec![0.0; 2 * program.pairs.all as usize],
            values: Vec::with_capacity((2 * lanes).max(MAX_ANCHORS)),
            known: Known {
                references: vec![false; lanes],
                ..Known::default()
            },
            executor,
            program,
            scheduler,
            parts,
        })
    }

    /// Lanes that decide apart.
    pub(super) fn lanes(&self) -> usize {
        match self.scheduler.policy().pool {
            Pool::Alone => self.open.len(),
            Pool::Any | Pool::All | Pool::Mean => 1,
        }
    }

    /// Hands over the input of a call; with the filter `sea` also the shares of picture and noise.
    pub(super) fn write(
        &mut self,
        x: &[f32],
        t: &[f32],
        level: Option<[f64; 2]>,
    ) -> Result<(), RunError> {
        let buffers = &self.program.buffers;
        let written = (|| {
            self.executor.write(buffers.x, x)?;
            self.executor.write(buffers.t, t)?;
            let filter = buffers.filter.zip(self.program.sea.as_mut());
            if let (Some((filter, sea)), Some([signal, noise])) = (filter, level) {
                self.executor.write(filter, sea.matrix(signal, noise))?;
            }
            Ok(())
        })();
        if written.is_err() {
            self.forget();
        }
        written
    }

    /// Evaluates or stands in for the network on what was written; the prediction is then on the
    /// host. Gives the event of the first lane; those of all lanes go into the trace.
    ///
    /// After an error nothing of the call was done, and nothing on the device is sure any more.
    pub(super) fn call(
        &mut self,
        call: Call,
        prediction: &mut [f32],
        trace: &mut Trace,
    ) -> Result<Event, RunError> {
        let made = self.make(call, prediction, trace);
        if made.is_err() {
            self.forget();
        }
        made
    }

    fn make(
        &mut self,
        call: Call,
        prediction: &mut [f32],
        trace: &mut Trace,
    ) -> Result<Event, RunError> {
        loop {
            self.run(call)?;
            let buffers = &self.program.buffers;
            let result = buffers.guided.unwrap_or(buffers.output);
            self.executor.read(result, prediction)?;
            self.read_late()?;
            let mut first = None;
            let mut again = false;
            for lane in 0..self.lanes() {
                let Some(event) = self.commit(lane)? else {
                    continue;
                };
                again |= self.is_given_up(&event);
                first.get_or_insert(event);
                if !again {
                    trace.push(event);
                }
            }
            match first {
                Some(event) if !again => return Ok(event),
                _ => {}
            }
        }
    }

    /// Whether a call is to be made once more, because its forecast was wrong.
    fn is_given_up(&self, event: &Event) -> bool {
        event.action == Action::Verify
            && event.reason == Reason::ForecastRejected
            && self.scheduler.policy().verify.kind == VerifyKind::Rollback
    }

    /// Gives the open calls up. What went wrong is told elsewhere: there may be none to abandon.
    pub(super) fn forget(&mut self) {
        for lane in 0..self.lanes() {
            let _ = self.scheduler.abandon(lane as u32);
            let _ = self.scheduler.invalidate(lane as u32);
        }
        self.open.fill_with(|| None);
        self.known.rate = false;
        self.known.probes = 0;
        self.known.references.fill(false);
    }

    /// Decides and runs all parts.
    fn run(&mut self, call: Call) -> Result<(), RunError> {
        let segments = self.program.segments;
        self.path.clear();
        self.path.push(segments.begin);
        let parts = Arc::clone(&self.parts);
        for part in parts.iter() {
            match part {
                Part::Always(segment) => self.path.push(*segment),
                Part::Granule(granule) => self.granule(call, granule)?,
                Part::Behind { lane, segment } => {
                    if self.computed(self.decider(*lane)) {
                        self.path.push(*segment);
                    }
                }
            }
        }
        let policy = self.scheduler.policy();
        let (late, previous) = (
            policy.gauge.kind == GaugeKind::Late,
            policy.gauge.reference == Reference::Previous,
        );
        // What is measured once a call has one lane.
        let computed = self.computed(0);
        if self.verifies() {
            self.path.extend(segments.verify);
        }
        self.path.push(segments.end);
        if late && computed {
            self.path.extend(segments.measure);
        }
        if computed || previous {
            self.path.extend(segments.track);
        }
        if computed {
            self.path.extend(segments.track_probe);
            if self.known.rate {
                self.path.extend(segments.rate);
            }
            self.path.extend(segments.track_rate);
        }
        self.flush()
    }

    /// Runs the segments that are yet to be run.
    fn flush(&mut self) -> Result<(), RunError> {
        self.executor.run(&self.path)?;
        let costs = self
            .path
            .iter()
            .filter_map(|id| self.costs.get(id.0 as usize));
        self.multiply_adds += costs.sum::<u64>();
        self.path.clear();
        Ok(())
    }

    /// Counts segments that the device has run by itself.
    #[cfg(feature = "gpu")]
    pub(super) fn count(&mut self, segments: impl Iterator<Item = SegmentId>) {
        let costs = segments.filter_map(|id| self.costs.get(id.0 as usize));
        self.multiply_adds += costs.sum::<u64>();
    }

    /// Computed calls that were tracked, at most 2.
    #[cfg(feature = "gpu")]
    pub(super) const fn tracked(&self) -> u32 {
        self.known.probes
    }

    /// A call was computed, and what is measured of it is kept.
    pub(super) fn track(&mut self, lane: usize) {
        self.known.rate = true;
        self.known.probes = (self.known.probes + 1).min(2);
        if let Some(known) = self.known.references.get_mut(lane) {
            *known = true;
        }
    }

    fn granule(&mut self, call: Call, granule: &Granule) -> Result<(), RunError> {
        let lane = self.decider(granule.lane);
        if self.decision(lane).is_none() {
            self.decide(call, lane, granule.measure)?;
        }
        let Some(&Decision { action, slot, .. }) = self.decision(lane) else {
            return Ok(());
        };
        let policy = self.scheduler.policy();
        let previous = policy.gauge.reference == Reference::Previous;
        let rear = policy
            .site
            .rear_at(call.step, self.scheduler.timeline().steps);
        let left_out = action.skips()
            && match granule.stage {
                None => true,
                Some(Stage::Front) => !rear,
                Some(Stage::Rear) => rear,
            };
        if previous || !action.skips() {
            self.path.extend(granule.track);
        }
        let at = slot as usize;
        if left_out {
            self.path.extend(granule.predict);
            self.path.extend(granule.keep_forecast.get(at));
            return Ok(());
        }
        self.path.push(granule.compute);
        let finish = match slot {
            SET_SLOTS => granule.set,
            ADD_TO_SLOTS => granule.add,
            _ => granule.keep.get(at).copied(),
        };
        self.path.extend(finish.or(granule.pass));
        self.path.extend(granule.products.get(at));
        Ok(())
    }

    /// Asks the scheduler about a lane, measures what it wants, and hands over its weights.
    fn decide(&mut self, call: Call, lane: usize, own: Option<SegmentId>) -> Result<(), RunError> {
        let call = Call {
            lane: lane as u32,
            ..call
        };
        let pending = match self.scheduler.begin(call)? {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => {
                self.path.extend(own.or(self.program.segments.measure));
                self.flush()?;
                self.read_sums()?;
                let pairs = &self.program.pairs;
                let metric = self.scheduler.policy().gauge.metric;
                let number = (lane as u32).min(pairs.signals.saturating_sub(1));
                self.values.clear();
                let value = signals::value(metric, pairs, &self.sums, number);
                self.values.push(value);
                if question.aligned {
                    let known = self.known.probes == 2;
                    self.values
                        .push(signals::alignment(pairs, &self.sums, known));
                }
                self.scheduler.decide(question, &self.values)?
            }
        };
        let decision = pending.decision();
        let summed = matches!(decision.slot, SET_SLOTS | ADD_TO_SLOTS);
        let buffers = &self.program.buffers;
        if decision.action.skips() || summed {
            if let Some(weights) = buffers.weights.get(lane) {
                self.executor.write(*weights, &decision.weights)?;
            }
            if let Some(corrections) = buffers.corrections.get(lane) {
                let pairs = decision.weights.iter().zip(decision.low_weights);
                let mut apart = [0.0; MAX_ANCHORS];
                for (apart, (all, low)) in apart.iter_mut().zip(pairs) {
                    *apart = all - low;
                }
                self.executor.write(*corrections, &apart)?;
            }
        }
        if let Some(open) = self.open.get_mut(lane) {
            *open = Some(pending);
        }
        Ok(())
    }

    /// The lane that decides for another.
    fn decider(&self, lane: u32) -> usize {
        match self.scheduler.policy().pool {
            Pool::Alone => lane as usize,
            Pool::Any | Pool::All | Pool::Mean => 0,
        }
    }

    fn decision(&self, lane: usize) -> Option<&Decision> {
        self.open.get(lane)?.as_ref().map(Pending::decision)
    }

    fn computed(&self, lane: usize) -> bool {
        self.decision(lane)
            .is_some_and(|decision| !decision.action.skips())
    }

    fn verifies(&self) -> bool {
        let verified = |lane| {
            self.decision(lane)
                .is_some_and(|decision| decision.action == Action::Verify)
        };
        (0..self.lanes()).any(verified)
    }

    fn read_sums(&mut self) -> Result<(), RunError> {
        if let Some(sums) = self.program.buffers.sums {
            self.executor.read(sums, &mut self.sums)?;
        }
        Ok(())
    }

    /// Reads what is only known when the call is over, if it is wanted.
    fn read_late(&mut self) -> Result<(), RunError> {
        let late = self.scheduler.policy().gauge.kind == GaugeKind::Late;
        let any = (0..self.lanes()).any(|lane| self.computed(lane));
        let rated = self.known.rate && self.program.pairs.rate.is_some();
        let products = self.program.pairs.products.is_some();
        if any && (late || rated || products) || self.verifies() {
            self.read_sums()?;
        }
        Ok(())
    }

    /// Commits the open call of a lane with what was measured.
    fn commit(&mut self, lane: usize) -> Result<Option<Event>, RunError> {
        let Some(pending) = self.open.get_mut(lane).and_then(Option::take) else {
            return Ok(None);
        };
        let Decision { action, slot, .. } = *pending.decision();
        self.values.clear();
        match action {
            Action::Compute => self.measured(lane, slot as usize),
            Action::Verify => {
                let (pairs, policy) = (&self.program.pairs, self.scheduler.policy());
                let error = signals::verified(policy.gauge.metric, pairs, &self.sums);
                self.values.push(error);
            }
            _ => {}
        }
        let outcome = if self.values.is_empty() {
            Outcome::Done
        } else {
            Outcome::Measured(&self.values)
        };
        let event = self.scheduler.commit(pending, outcome)?;
        if action == Action::Compute {
            self.track(lane);
        }
        Ok(Some(event))
    }

    /// What a computed call is committed with.
    fn measured(&mut self, lane: usize, slot: usize) {
        let (pairs, policy) = (&self.program.pairs, self.scheduler.policy());
        if let (Some(first), true) = (pairs.rate, self.known.rate) {
            self.values
                .push(signals::rate(&self.sums, first, self.latents));
        }
        if policy.gauge.kind == GaugeKind::Late && self.known.references.get(lane) == Some(&true) {
            let together = self.open.len() / self.lanes();
            let value = |number| signals::value(policy.gauge.metric, pairs, &self.sums, number);
            if together == 1 && self.open.len() == 1 {
                let sum: f64 = (0..pairs.signals).map(value).sum();
                self.values.push(sum / f64::from(pairs.signals));
            } else {
                let lanes = lane..lane + together;
                self.values.extend(lanes.map(|lane| value(lane as u32)));
            }
        }
        if let Some(first) = pairs.products {
            let ring = policy.anchors();
            let lanes = self.scheduler.lanes();
            let held = lanes.get(lane).map_or(0, Lane::anchors) + 1;
            let own = (lane as u32..self.granules).step_by(self.open.len());
            for older in 0..held.min(ring) {
                let other = (slot as u32 + ring - older) % ring;
                let pair = |granule| signals::first(&self.sums, first + granule * ring + other);
                self.values.push(own.clone().map(pair).sum());
            }
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("executor", &self.executor)
            .field("lanes", &self.open.len())
            .field("granules", &self.granules)
            .finish_non_exhaustive()
    }
}
