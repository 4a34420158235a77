//! One call of a run: what its lanes decide, and what the executor is given to do.

use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};
use core::fmt;

use super::{
    error::RunError,
    plan::{self, Choice, Plan},
};
use crate::{
    dit::{Granule, Part, Program},
    executor::{Executor, Progress, Slice},
    kernels::SegmentId,
    policy::{GaugeKind, Policy, VerifyKind},
    predict::MAX_ANCHORS,
    scheduler::{
        ADD_TO_SLOTS, Action, Begin, Decision, Event, Lane, Outcome, Pending, Question, Reason,
        SET_SLOTS, Scheduler,
    },
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
    /// The timestep of every call of the run.
    times: Vec<f32>,
    /// Timesteps of the calls that are prepared together, a row each.
    timesteps: Vec<f32>,
    prepared: Prepared,
    /// The open call of each lane that decides.
    open: Vec<Option<Pending>>,
    at: At,
    /// The segments that are yet to be run, and how many of their commands were.
    path: Vec<SegmentId>,
    done: usize,
    /// Multiply-adds of each segment, and of all that were run.
    costs: Vec<u64>,
    pub(super) multiply_adds: u64,
    sums: Vec<f32>,
    values: Vec<f64>,
    /// Computed calls of each lane whose state on the device is still good.
    pub(super) before: Vec<u32>,
}

/// Which calls the modulations on the device are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prepared {
    Nothing,
    /// The timesteps of those calls are there, their modulations are yet to be made.
    Times(u32),
    /// Those in that place of the run, counted in as many as are prepared together.
    Calls(u32),
}

/// Where the open call is.
#[derive(Debug)]
enum At {
    /// No call is open.
    Nowhere,
    /// The parts from that one on are yet to be decided.
    Part(usize),
    /// What a part's lane asked for is being measured.
    Asked {
        part: usize,
        lane: usize,
        question: Question,
    },
    /// Everything is decided.
    End,
}

impl Caller {
    pub(super) fn new(
        policy: &Policy,
        times: Vec<f32>,
        latents: usize,
        mut program: Program,
        mut executor: Box<dyn Executor>,
    ) -> Result<Self, RunError> {
        for (buffer, values) in core::mem::take(&mut program.constants) {
            executor.write(buffer, &values)?;
        }
        let lanes = program.lanes as usize;
        let timeline = Timeline::new(times.len() as u32);
        let scheduler = Scheduler::new(*policy, timeline, vec![Lane::NEW; lanes])?;
        let parts: Arc<[Part]> = core::mem::take(&mut program.parts).into();
        let segments = 0..program.recording.segments.len() as u32;
        let costs = segments.map(|id| program.recording.multiply_adds(SegmentId(id)));
        let granules = parts.iter().filter(|p| matches!(p, Part::Granule(_)));
        Ok(Self {
            granules: granules.count() as u32,
            latents,
            open: (0..lanes).map(|_| None).collect(),
            // A part is at most five segments, and there are ten around them.
            path: Vec::with_capacity(5 * parts.len() + 10),
            times,
            timesteps: vec![0.0; (program.calls * program.rows) as usize],
            prepared: Prepared::Nothing,
            costs: costs.collect(),
            at: At::Nowhere,
            done: 0,
            multiply_adds: 0,
            sums: vec![0.0; 2 * program.pairs.all as usize],
            values: Vec::with_capacity((2 * lanes).max(MAX_ANCHORS)),
            before: vec![0; lanes],
            executor,
            program,
            scheduler,
            parts,
        })
    }

    /// Lanes that decide apart.
    pub(super) fn lanes(&self) -> usize {
        plan::deciders(self.scheduler.policy(), self.program.lanes) as usize
    }

    /// The plan of its calls, and what it fills.
    fn plan(&mut self) -> (Plan<'_>, &mut Vec<SegmentId>, &mut Vec<f64>) {
        let plan = Plan {
            program: &self.program,
            policy: self.scheduler.policy(),
            steps: self.scheduler.timeline().steps,
            granules: self.granules,
            latents: self.latents,
        };
        (plan, &mut self.path, &mut self.values)
    }

    /// Hands over the input of a call; with the filter `sea` also the shares of picture and noise.
    pub(super) fn write(
        &mut self,
        step: u32,
        x: &[f32],
        level: Option<[f64; 2]>,
    ) -> Result<(), RunError> {
        let buffers = &self.program.buffers;
        let written = (|| {
            let place = step / self.program.calls;
            if self.prepared != Prepared::Calls(place) {
                let first = (place * self.program.calls) as usize;
                let times = self.times.get(first..).unwrap_or_default();
                let rows = self.timesteps.chunks_exact_mut(self.program.rows as usize);
                for (rows, time) in rows.zip(times) {
                    rows.fill(*time);
                }
                self.executor.write(buffers.t, &self.timesteps)?;
                self.prepared = Prepared::Times(place);
            }
            self.executor.write(buffers.x, x)?;
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

    /// Whether a call was begun and is yet to be made.
    pub(super) const fn is_open(&self) -> bool {
        !matches!(self.at, At::Nowhere)
    }

    /// Evaluates or stands in for the network on what was written, or goes on with it; `None` if the
    /// slice is used up before the prediction is on the host. Gives the event of the first lane;
    /// those of all lanes go into the trace.
    ///
    /// After an error nothing of the call was done, and nothing on the device is sure any more.
    pub(super) fn call(
        &mut self,
        call: Call,
        slice: &mut Slice,
        prediction: &mut [f32],
        trace: &mut Trace,
    ) -> Result<Option<Event>, RunError> {
        let made = self.make(call, slice, prediction, trace);
        if made.is_err() {
            self.forget();
        }
        made
    }

    fn make(
        &mut self,
        call: Call,
        slice: &mut Slice,
        prediction: &mut [f32],
        trace: &mut Trace,
    ) -> Result<Option<Event>, RunError> {
        loop {
            if !self.run(call, slice)? {
                return Ok(None);
            }
            self.at = At::Nowhere;
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
                Some(event) if !again => return Ok(Some(event)),
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
        (self.at, self.done) = (At::Nowhere, 0);
        self.path.clear();
        for lane in 0..self.lanes() {
            let _ = self.scheduler.abandon(lane as u32);
            let _ = self.scheduler.invalidate(lane as u32);
        }
        self.open.fill_with(|| None);
        self.prepared = Prepared::Nothing;
        self.before.fill(0);
    }

    /// Decides and runs all parts, or as many as the slice allows: then false.
    fn run(&mut self, call: Call, slice: &mut Slice) -> Result<bool, RunError> {
        loop {
            if !self.flush(slice)? {
                return Ok(false);
            }
            match core::mem::replace(&mut self.at, At::End) {
                At::Nowhere => {
                    self.begin(call);
                    self.parts(call, 0)?;
                }
                At::Part(from) => self.parts(call, from)?,
                At::Asked {
                    part,
                    lane,
                    question,
                } => {
                    self.answer(lane, question)?;
                    self.at = At::Part(part);
                }
                At::End => return Ok(true),
            }
        }
    }

    /// What every call begins with.
    fn begin(&mut self, call: Call) {
        let prepare = match self.prepared {
            Prepared::Times(place) => {
                self.prepared = Prepared::Calls(place);
                true
            }
            Prepared::Nothing | Prepared::Calls(_) => false,
        };
        let (plan, path, _) = self.plan();
        plan.opening(prepare, call.step, path);
    }

    /// Decides the parts from that one on, up to one whose lane asks for a signal.
    fn parts(&mut self, call: Call, from: usize) -> Result<(), RunError> {
        let parts = Arc::clone(&self.parts);
        for (number, part) in parts.iter().enumerate().skip(from) {
            match part {
                Part::Always(segment) => self.path.push(*segment),
                Part::Granule(granule) => {
                    let lane = self.decider(granule.lane);
                    if self.decision(lane).is_none()
                        && let Some(question) = self.ask(call, lane)?
                    {
                        let (plan, path, _) = self.plan();
                        path.extend(plan.asked(granule));
                        self.at = At::Asked {
                            part: number,
                            lane,
                            question,
                        };
                        return Ok(());
                    }
                    self.granule(call, granule);
                }
                Part::Behind { lane, segment } => {
                    if self.computed(self.decider(*lane)) {
                        self.path.push(*segment);
                    }
                }
            }
        }
        let (computed, verified, before) = (self.computed(0), self.verifies(), self.before(0));
        let (plan, path, _) = self.plan();
        plan.closing(computed, verified, before, path);
        self.at = At::End;
        Ok(())
    }

    /// Runs the segments that are yet to be run; false if the slice is used up before.
    fn flush(&mut self, slice: &mut Slice) -> Result<bool, RunError> {
        if self.path.is_empty() {
            return Ok(true);
        }
        match self.executor.advance(&self.path, self.done, slice)? {
            Progress::Left(done) => {
                self.done = done;
                return Ok(false);
            }
            Progress::Done => self.done = 0,
        }
        let costs = self
            .path
            .iter()
            .filter_map(|id| self.costs.get(id.0 as usize));
        self.multiply_adds = self.multiply_adds.saturating_add(costs.sum());
        self.path.clear();
        Ok(true)
    }

    /// Counts segments that the device has run by itself.
    #[cfg(feature = "gpu")]
    pub(super) fn count(&mut self, segments: impl Iterator<Item = SegmentId>) {
        let costs = segments.filter_map(|id| self.costs.get(id.0 as usize));
        self.multiply_adds = self.multiply_adds.saturating_add(costs.sum());
    }

    /// Computed calls that were tracked, at most 2.
    #[cfg(feature = "gpu")]
    pub(super) fn tracked(&self) -> u32 {
        self.before(0).min(2)
    }

    /// Makes the modulations of the calls whose timesteps were written, if that is yet to be done.
    #[cfg(feature = "gpu")]
    pub(super) fn prepare(&mut self) -> Result<(), RunError> {
        if let Prepared::Times(place) = self.prepared {
            let path = [self.program.segments.prepare];
            self.executor.run(&path)?;
            self.count(path.into_iter());
            self.prepared = Prepared::Calls(place);
        }
        Ok(())
    }

    /// A call was computed, and what is measured of it is kept.
    pub(super) fn track(&mut self, lane: usize) {
        if let Some(before) = self.before.get_mut(lane) {
            *before = before.saturating_add(1);
        }
    }

    /// What of a granule is run, once its lane has decided.
    fn granule(&mut self, call: Call, granule: &Granule) {
        let lane = self.decider(granule.lane);
        if let Some(&Decision { action, slot, .. }) = self.decision(lane) {
            let (plan, path, _) = self.plan();
            plan.granule(granule, Choice { action, slot }, call.step, path);
        }
    }

    /// Asks the scheduler about a lane: it decides, or wants a signal.
    fn ask(&mut self, call: Call, lane: usize) -> Result<Option<Question>, RunError> {
        let call = Call {
            lane: lane as u32,
            ..call
        };
        match self.scheduler.begin(call)? {
            Begin::Decided(pending) => self.decided(lane, pending).map(|()| None),
            Begin::Needs(question) => Ok(Some(question)),
        }
    }

    /// Decides a lane by the signal it wanted, which is there.
    fn answer(&mut self, lane: usize, question: Question) -> Result<(), RunError> {
        self.read_sums()?;
        let before = self.before(lane);
        let sums = core::mem::take(&mut self.sums);
        let (plan, _, values) = self.plan();
        values.clear();
        plan.question(&sums, lane as u32, question.aligned, before, values);
        self.sums = sums;
        let pending = self.scheduler.decide(question, &self.values)?;
        self.decided(lane, pending)
    }

    /// Hands a lane's weights over.
    fn decided(&mut self, lane: usize, pending: Pending) -> Result<(), RunError> {
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

    fn decider(&self, lane: u32) -> usize {
        plan::decider(self.scheduler.policy(), lane) as usize
    }

    /// Computed calls of a lane before this one.
    fn before(&self, lane: usize) -> u32 {
        self.before.get(lane).copied().unwrap_or(0)
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
        let rated = self.before(0) > 0 && self.program.pairs.rate.is_some();
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
        let before = self.before(lane);
        let sums = core::mem::take(&mut self.sums);
        let (plan, _, values) = self.plan();
        values.clear();
        let choice = Choice { action, slot };
        plan.results(&sums, lane as u32, choice, before, values);
        self.sums = sums;
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
