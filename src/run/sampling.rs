//! One run of a sampler.

use alloc::{boxed::Box, format, string::ToString, vec, vec::Vec};
use core::fmt;

#[cfg(feature = "gpu")]
use super::device_loop::{DeviceLoop, Shape};
use super::{call::Caller, error::RunError, settings::Settings};
use crate::{
    dit::{DitConfig, Memory, Program},
    executor::Executor,
    kernels::BufferId,
    sampler::Step,
    scheduler::{Event, Notice, Stats},
    timeline::Call,
    trace::Trace,
};

/// One run of a sampler under a policy, advanced call by call.
///
/// All pictures of the batch, with and without their classes, are decided together; modules and
/// blocks that are skipped apart are lanes. The host waits for the device when the policy asks for a
/// signal, and for the prediction; nothing is allocated between calls.
pub struct Sampling {
    caller: Caller,
    steps: Vec<Step>,
    /// With the filter `sea`: share of the picture and of the noise in the latent of each step.
    levels: Vec<[f64; 2]>,
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
    trace: Trace,
    /// If it is decided on the device.
    #[cfg(feature = "gpu")]
    device: Option<DeviceLoop>,
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
        let levels = match program.sea {
            Some(_) => steps
                .iter()
                .map(|step| settings.sampler.levels(step.timestep))
                .collect(),
            None => Vec::new(),
        };
        let caller = Caller::new(
            &settings.policy,
            settings.steps,
            latents.len(),
            program,
            executor,
        )?;
        Ok(Self {
            trace: Trace::with_capacity(steps.len() * caller.lanes()),
            caller,
            steps,
            levels,
            next: 0,
            latents,
            picture_len,
            channels: config.in_channels,
            input: vec![0.0; rows * picture_len],
            timesteps: vec![0.0; rows],
            prediction: vec![0.0; pictures * output_len],
            output_len,
            #[cfg(feature = "gpu")]
            device: None,
        })
    }

    /// Has the device decide the calls that are left: it measures, decides, leaves out and steps the
    /// latents by itself, and the host waits once for `calls` calls, or with 0 once for all of them. The
    /// trace and the pictures are those that the host's decisions would give.
    ///
    /// [`advance`](Self::advance) then makes so many calls at once.
    ///
    /// # Errors
    /// [`RunError`] if the run is not on a GPU, has lanes that decide apart, or its policy is none that
    /// [`device_support`](crate::kernels::decide::device_support) knows, or the device cannot hold what
    /// it takes. The host then goes on to decide.
    #[cfg(feature = "gpu")]
    pub fn decide_on_device(&mut self, calls: u32) -> Result<(), RunError> {
        let shape = Shape {
            latents: self.latents.len(),
            picture_len: self.picture_len,
            output_len: self.output_len,
        };
        self.device = Some(DeviceLoop::new(&self.caller, &self.steps, shape, calls)?);
        Ok(())
    }

    /// Makes one call: one step of the sampler. `None` once all are made. The event is that of the
    /// first lane. With decisions [on the device](Self::decide_on_device), makes the calls of one
    /// submission and gives the event of the last.
    ///
    /// # Errors
    /// [`RunError`] if the device fails. The step was not made and may be tried again, if the device
    /// recovers.
    pub fn advance(&mut self) -> Result<Option<Event>, RunError> {
        let Some(&step) = self.steps.get(self.next) else {
            return Ok(None);
        };
        for rows in self.input.chunks_exact_mut(self.latents.len()) {
            rows.copy_from_slice(&self.latents);
        }
        self.timesteps.fill(step.timestep);
        let call = Call {
            time: step.timestep.into(),
            ..Call::new(self.next as u32)
        };
        let level = self.levels.get(self.next).copied();
        self.caller.write(&self.input, &self.timesteps, level)?;
        #[cfg(feature = "gpu")]
        if let Some(device) = &self.device {
            let decided = device.advance(&mut self.caller, self.next, &mut self.latents)?;
            self.next += decided.len();
            self.trace.extend(decided.iter().map(|call| call.event));
            return Ok(decided.last().map(|call| call.event));
        }
        let event = self
            .caller
            .call(call, &mut self.prediction, &mut self.trace)?;
        let pictures = self.latents.chunks_exact_mut(self.picture_len);
        for (latent, prediction) in pictures.zip(self.prediction.chunks_exact(self.output_len)) {
            step.apply(latent, prediction);
        }
        self.next += 1;
        Ok(Some(event))
    }

    /// The buffers whose names end so, with their lengths: those of the first end first.
    pub(super) fn buffers(&self, ends: &[&str]) -> Vec<(BufferId, usize)> {
        let buffers = &self.caller.program.recording.buffers;
        let ending = |end: &&str| {
            let numbered = buffers.iter().zip(0..);
            let named = numbered.filter(|(buffer, _)| buffer.name.ends_with(*end));
            let found = named.map(|(buffer, number)| (BufferId(number), buffer.len));
            found.collect::<Vec<_>>()
        };
        ends.iter().flat_map(ending).collect()
    }

    /// Reads a buffer as the last call has left it.
    pub(super) fn read(&mut self, buffer: BufferId, values: &mut [f32]) -> Result<(), RunError> {
        Ok(self.caller.executor.read(buffer, values)?)
    }

    /// Multiply-adds of the matrix products that were run so far.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        self.caller.multiply_adds
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

    /// Calls made so far.
    #[must_use]
    pub fn made(&self) -> u32 {
        self.next as u32
    }

    /// Lanes that decide apart: events of a call.
    #[must_use]
    pub fn lanes(&self) -> u32 {
        self.caller.lanes() as u32
    }

    /// What was decided so far, one event for each lane of a call.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Counters of the run, over all lanes.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.caller.scheduler.stats()
    }

    /// What a user should hear of the policy: that it cannot skip on so few steps, or did not.
    #[must_use]
    pub fn notice(&self) -> Notice {
        self.caller.scheduler.notice()
    }

    /// Bytes the run takes on its device.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.caller.program.memory()
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

impl fmt::Debug for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sampling")
            .field("caller", &self.caller)
            .field("calls", &self.steps.len())
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
