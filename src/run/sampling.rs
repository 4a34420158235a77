//! One run of a sampler.

use alloc::{boxed::Box, format, string::ToString, vec, vec::Vec};
use core::fmt;

use super::{error::RunError, settings::Settings};
use crate::{
    dit::{DitConfig, Memory, Program},
    executor::{Executor, ExecutorError},
    kernels::{BufferId, SegmentId},
    sampler::Step,
    scheduler::{Begin, Event, Lane, Notice, Outcome, Scheduler, Stats},
    signal::{Reference, SignalKind},
    timeline::{Call, Timeline},
    trace::Trace,
};

/// One run of a sampler under a policy, advanced call by call.
///
/// All pictures of the batch, with and without their classes, are one lane: a call is computed or
/// skipped for all of them. The host waits for the device when the policy asks for a signal, and for
/// the prediction; nothing is allocated between calls.
pub struct Sampling {
    executor: Box<dyn Executor>,
    program: Program,
    scheduler: Scheduler<[Lane; 1]>,
    steps: Vec<Step>,
    next: usize,
    /// (pictures, C, H, W)
    latents: Vec<f32>,
    picture_len: usize,
    channels: u32,
    /// What the device is given: the latents, twice with guidance, and one timestep a row.
    input: Vec<f32>,
    timesteps: Vec<f32>,
    /// What the device gives: the guided prediction, or the network's output.
    prediction: Vec<f32>,
    output_len: usize,
    /// The segments of the call.
    path: Vec<SegmentId>,
    reference: Reference,
    /// Whether a computed call was tracked, so that a rate can be told.
    rate_known: bool,
    trace: Trace,
}

impl Sampling {
    pub(super) fn new(
        config: &DitConfig,
        settings: &Settings,
        latents: Vec<f32>,
        program: Program,
        mut executor: Box<dyn Executor>,
    ) -> Result<Self, RunError> {
        let steps = settings.sampler.steps(config.prediction, settings.steps)?;
        let scheduler = Scheduler::new(
            settings.policy,
            Timeline::new(settings.steps),
            [Lane::NEW; 1],
        )?;
        let (rows, pictures) = (program.rows as usize, settings.classes.len());
        let mut labels: Vec<f32> = settings.classes.iter().map(|class| *class as f32).collect();
        labels.resize(rows, config.num_classes as f32);
        executor.write(program.buffers.y, &labels)?;
        let picture_len = config.picture_len();
        let guided = program.buffers.guided.is_some();
        let output_len = if guided {
            picture_len
        } else {
            config.output_len()
        };
        Ok(Self {
            trace: Trace::with_capacity(steps.len()),
            executor,
            scheduler,
            steps,
            next: 0,
            latents,
            picture_len,
            channels: config.in_channels,
            input: vec![0.0; rows * picture_len],
            timesteps: vec![0.0; rows],
            prediction: vec![0.0; pictures * output_len],
            output_len,
            path: Vec::with_capacity(8),
            reference: settings.policy.gauge.reference,
            rate_known: false,
            program,
        })
    }

    /// Makes one call: one step of the sampler. `None` once all are made.
    ///
    /// # Errors
    /// [`RunError`] if the device fails. The step was not made and may be tried again, if the device
    /// recovers.
    pub fn advance(&mut self) -> Result<Option<Event>, RunError> {
        let Some(&step) = self.steps.get(self.next) else {
            return Ok(None);
        };
        let call = Call {
            time: step.timestep.into(),
            ..Call::new(self.next as u32)
        };
        let event = match self.call(call) {
            Ok(event) => event,
            Err(error) => {
                // Nothing on the device is sure any more. What went wrong is the error: there may
                // be no open call to abandon.
                let _ = self.scheduler.abandon(0);
                let _ = self.scheduler.invalidate(0);
                self.rate_known = false;
                return Err(error);
            }
        };
        let pictures = self.latents.chunks_exact_mut(self.picture_len);
        for (latent, prediction) in pictures.zip(self.prediction.chunks_exact(self.output_len)) {
            step.apply(latent, prediction);
        }
        self.next += 1;
        self.trace.push(event);
        Ok(Some(event))
    }

    /// Evaluates or stands in for the network; the prediction is then on the host.
    fn call(&mut self, call: Call) -> Result<Event, RunError> {
        let segments = &self.program.segments;
        let buffers = &self.program.buffers;
        for rows in self.input.chunks_exact_mut(self.latents.len()) {
            rows.copy_from_slice(&self.latents);
        }
        self.timesteps.fill(call.time as f32);
        self.executor.write(buffers.x, &self.input)?;
        self.executor.write(buffers.t, &self.timesteps)?;

        self.path.clear();
        self.path.push(segments.begin);
        let pending = match self.scheduler.begin(call)? {
            Begin::Decided(pending) => pending,
            Begin::Needs(question) => {
                self.path.extend(segments.measure);
                self.executor.run(&self.path)?;
                self.path.clear();
                let sums = sums(&mut *self.executor, buffers.sums)?;
                let value = signal(question.signal, sums, self.latents.len());
                self.scheduler.decide(question, &[value])?
            }
        };
        let decision = *pending.decision();
        let computed = !decision.action.skips();
        if computed {
            self.path.push(segments.rest);
            self.path.extend(segments.store.get(decision.slot as usize));
        } else {
            if let Some(weights) = buffers.weights {
                self.executor.write(weights, &decision.weights)?;
            }
            self.path.extend(segments.predict);
        }
        self.path.push(segments.end);
        if computed || self.reference == Reference::Previous {
            self.path.extend(segments.track);
        }
        let rated = computed && self.rate_known && segments.rate.is_some();
        if computed {
            if rated {
                self.path.extend(segments.rate);
            }
            self.path.extend(segments.track_rate);
        }
        self.executor.run(&self.path)?;
        self.executor.read(
            buffers.guided.unwrap_or(buffers.output),
            &mut self.prediction,
        )?;
        let event = if rated {
            let sums = sums(&mut *self.executor, buffers.sums)?;
            let rate = rate(sums, self.latents.len());
            self.scheduler.commit(pending, Outcome::Measured(&[rate]))?
        } else {
            self.scheduler.commit(pending, Outcome::Done)?
        };
        self.rate_known |= computed;
        Ok(event)
    }

    /// The latents as they are now, (pictures, C, H, W).
    #[must_use]
    pub fn latents(&self) -> &[f32] {
        &self.latents
    }

    /// Calls of the whole run.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.steps.len() as u32
    }

    /// The calls made so far.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Counters of the run.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.scheduler.stats()
    }

    /// What a user should hear of the policy: that it cannot skip on so few steps, or did not.
    #[must_use]
    pub fn notice(&self) -> Notice {
        self.scheduler.notice()
    }

    /// Bytes the run takes on its device.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.program.memory()
    }

    /// Picture `index` as 8-bit RGB, row by row; −1 is black and 1 full.
    ///
    /// # Errors
    /// [`RunError`] if there is no such picture, or the model does not draw in RGB (a latent of an
    /// autoencoder: read [`latents`](Self::latents)).
    pub fn picture_rgb8(&self, index: usize) -> Result<Vec<u8>, RunError> {
        if self.channels != 3 {
            return Err(RunError::setting(
                "channels of the model",
                self.channels.to_string(),
                "only 3 are RGB; decode the latents with the model's autoencoder",
            ));
        }
        let mut pictures = self.latents.chunks_exact(self.picture_len);
        let pictures_len = pictures.len();
        let Some(picture) = pictures.nth(index) else {
            return Err(RunError::setting(
                "picture",
                index.to_string(),
                format!("the run has {pictures_len}, counted from 0"),
            ));
        };
        let pixels = self.picture_len / 3;
        let mut rgb = Vec::with_capacity(self.picture_len);
        for pixel in 0..pixels {
            for plane in picture.chunks_exact(pixels) {
                let value = (plane[pixel].clamp(-1.0, 1.0) + 1.0) * 127.5;
                // A float that is cast saturates, and NaN becomes 0.
                rgb.push((value + 0.5) as u8);
            }
        }
        Ok(rgb)
    }
}

/// What `measure` and `rate` added up.
fn sums(executor: &mut dyn Executor, buffer: Option<BufferId>) -> Result<[f64; 6], ExecutorError> {
    let mut sums = [0.0; 6];
    if let Some(buffer) = buffer {
        executor.read(buffer, &mut sums)?;
    }
    Ok(sums.map(f64::from))
}

/// A signal, as [`SignalKind`] defines it; the latents have `len` elements.
fn signal(signal: SignalKind, [change, size, ..]: [f64; 6], len: usize) -> f64 {
    match signal {
        SignalKind::ModulatedInput | SignalKind::FrontResidual => change / size,
        _ => change / len as f64,
    }
}

/// `mean|v − v'| / mean|x − x'| / mean|v|` over this computed call and the one before; v is the
/// output of the rows with classes.
fn rate([_, _, v_change, v_size, x_change, _]: [f64; 6], len: usize) -> f64 {
    v_change / v_size / (x_change / len as f64)
}

impl fmt::Debug for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampling")
            .field("executor", &self.executor)
            .field("calls", &self.steps.len())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
