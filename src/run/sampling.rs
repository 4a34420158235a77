//! One run of a sampler.

use alloc::{
    boxed::Box,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

#[cfg(feature = "gpu")]
use super::device_loop::{DeviceLoop, Shape};
use super::{
    call::Caller,
    error::RunError,
    log::{Log, Message},
    saved::{self, Kept},
    settings::Settings,
};
use crate::{
    dit::{Memory, Model, Program},
    executor::{Executor, Slice},
    kernels::{BufferId, Role},
    sampler::Step,
    scheduler::{Event, Notice, Stats},
    timeline::Call,
    trace::Trace,
};

/// What a slice of a run came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Advance {
    /// The slice is used up within a call, or before it.
    Paused,
    /// A call was made: one step of the sampler. The event is that of the first lane.
    Made(Event),
    /// All calls are made.
    Over,
}

/// One run of a sampler under a policy, advanced call by call or by slices of calls.
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
    /// What the device is given: the latents, twice with guidance.
    input: Vec<f32>,
    /// What the device gives: the guided prediction, or the network's output.
    prediction: Vec<f32>,
    output_len: usize,
    trace: Trace,
    memory: Memory,
    log: Log,
    /// What it was started with, its policy with the curve of the model.
    settings: Settings,
    /// Which model it is of, as [`saved::model`] says.
    model: String,
    /// If it is decided on the device.
    #[cfg(feature = "gpu")]
    device: Option<DeviceLoop>,
}

impl Sampling {
    pub(super) fn new(
        model: &Model,
        settings: Settings,
        latents: Vec<f32>,
        program: Program,
        (mut executor, memory, log): (Box<dyn Executor>, Memory, Log),
    ) -> Result<Self, RunError> {
        let config = model.config();
        let steps = settings.sampler.steps(config.prediction, settings.steps)?;
        let (rows, pictures) = (program.rows as usize, settings.classes.len());
        let mut labels: Vec<f32> = settings.classes.iter().map(|class| *class as f32).collect();
        labels.resize(rows, config.num_classes as f32);
        let labels = labels.repeat(program.calls as usize);
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
            steps.iter().map(|step| step.timestep).collect(),
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
            prediction: vec![0.0; pictures * output_len],
            output_len,
            memory,
            log,
            settings,
            model: saved::model(model),
            #[cfg(feature = "gpu")]
            device: None,
        })
    }

    /// The run as bytes, to go on with it after the program was ended:
    /// [`Engine::resume`](super::Engine::resume) has the settings, the latents, the decisions and what
    /// the policy keeps on the device out of them. What comes after is, on the same device, the same bits
    /// as without the pause; only modulations are made again. A run that the device decided goes on with
    /// the host's decisions until it is asked again. A safetensors file, little-endian, and about as long
    /// as the latents, the anchors and the references of [`memory`](Self::memory); making it takes twice
    /// as many bytes.
    ///
    /// # Errors
    /// [`RunError`] within a call, which is to be finished or cancelled first, or if the device fails.
    pub fn save(&mut self) -> Result<Vec<u8>, RunError> {
        if self.is_within_call() {
            return Err(RunError::WithinCall);
        }
        let scheduler = &self.caller.scheduler;
        let mut state = vec![0; scheduler.saved_bytes()];
        // It is as long as it is to be.
        let _ = scheduler.save(&mut state);
        let mut buffers = BTreeMap::new();
        for (buffer, name, len) in self.kept() {
            let mut values = vec![0.0; len];
            self.read(buffer, &mut values)?;
            buffers.insert(name, values);
        }
        let kept = Kept {
            made: self.made(),
            multiply_adds: self.multiply_adds(),
            latents: self.latents.clone(),
            scheduler: state,
            events: self.trace.events().to_vec(),
            before: self.caller.before.clone(),
            buffers,
        };
        saved::write(&self.settings, &self.model, &kept)
    }

    /// Goes on where a run with the same settings was saved; this one has made no call.
    pub(super) fn take_over(&mut self, kept: Kept) -> Result<(), RunError> {
        let refuse = |why: String| Err(RunError::Saved(why));
        let (made, calls) = (kept.made as usize, self.steps.len());
        let lanes = self.caller.lanes();
        if made > calls || kept.events.len() != made * lanes {
            let events = kept.events.len();
            return refuse(format!(
                "it has made {made} of {calls} calls and has {events} decisions of {lanes} lanes"
            ));
        }
        let lengths = [
            ("before", kept.before.len(), self.caller.before.len()),
            ("state", kept.buffers.len(), self.kept().len()),
        ];
        for (name, given, needed) in lengths {
            if given != needed {
                return refuse(format!("its `{name}` are {given}, the run has {needed}"));
            }
        }
        for (buffer, name, len) in self.kept() {
            match kept.buffers.get(&name) {
                Some(values) if values.len() == len => {
                    self.caller.executor.write(buffer, values)?;
                }
                _ => {
                    return refuse(format!(
                        "its tensor `state/{name}` is none of {len} elements"
                    ));
                }
            }
        }
        let scheduler = &mut self.caller.scheduler;
        let fits = scheduler.restore(&kept.scheduler).is_ok()
            && scheduler
                .lanes()
                .iter()
                .all(|lane| lane.waits_for(kept.made));
        if !fits {
            return refuse(format!(
                "its `scheduler` is none of this policy behind {made} calls"
            ));
        }
        self.next = made;
        self.caller.before = kept.before;
        self.caller.multiply_adds = kept.multiply_adds;
        self.trace.extend(kept.events);
        Ok(())
    }

    /// The buffers that are kept from call to call.
    fn kept(&self) -> Vec<(BufferId, String, usize)> {
        let numbered = self.caller.program.recording.buffers.iter().zip(0..);
        let state = numbered.filter(|(buffer, _)| buffer.role == Role::State);
        let found = state.map(|(buffer, id)| (BufferId(id), buffer.name.clone(), buffer.len));
        found.collect()
    }

    /// Has the device decide the calls that are left: it measures, decides, leaves out and steps the
    /// latents by itself, and the host waits once for `calls` calls, or with 0 once for all of them. The
    /// trace and the pictures are those that the host's decisions would give.
    ///
    /// [`advance`](Self::advance) then makes so many calls at once.
    ///
    /// # Errors
    /// [`RunError`] if the run is not on a GPU, has lanes that decide apart, or its policy is none that
    /// [`device_support`](crate::decide::device_support) knows, or the device cannot hold what
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
    /// first lane. With decisions on the device (`decide_on_device`), makes the calls of one
    /// submission and gives the event of the last.
    ///
    /// # Errors
    /// [`RunError`] if the device fails. The step was not made and may be tried again, if the device
    /// recovers.
    pub fn advance(&mut self) -> Result<Option<Event>, RunError> {
        match self.advance_slice(&mut Slice::whole())? {
            Advance::Made(event) => Ok(Some(event)),
            // Nothing pauses without a limit.
            Advance::Over | Advance::Paused => Ok(None),
        }
    }

    /// Goes on until a call is made or the slice is used up, which may be handed in again for the
    /// next call as long as something of it is left. Cut or not, a run is the same, bit for bit.
    ///
    /// Between slices the run may be paused for any time, [cancelled](Self::cancel) or dropped; its
    /// latents are those before the call.
    ///
    /// # Errors
    /// As for [`advance`](Self::advance).
    pub fn advance_slice(&mut self, slice: &mut Slice) -> Result<Advance, RunError> {
        let before = self.next;
        let advanced = self.go_on(slice);
        match &advanced {
            Err(why) => self.log.say(Message::Failed, || why.to_string()),
            Ok(_) if self.next > before && self.next == self.steps.len() => self.end(),
            Ok(_) => {}
        }
        advanced
    }

    /// Tells how the run was.
    fn end(&self) {
        self.log.say(Message::Finished, || self.trace.to_string());
        if self.notice() != Notice::None {
            self.log.say(Message::Notice, || self.notice().to_string());
        }
    }

    fn go_on(&mut self, slice: &mut Slice) -> Result<Advance, RunError> {
        let Some(&step) = self.steps.get(self.next) else {
            return Ok(Advance::Over);
        };
        if slice.is_over() {
            return Ok(Advance::Paused);
        }
        let call = Call {
            time: step.timestep.into(),
            ..Call::new(self.next as u32)
        };
        if !self.caller.is_open() {
            for rows in self.input.chunks_exact_mut(self.latents.len()) {
                rows.copy_from_slice(&self.latents);
            }
            let level = self.levels.get(self.next).copied();
            self.caller.write(call.step, &self.input, level)?;
        }
        #[cfg(feature = "gpu")]
        if let Some(device) = &self.device {
            let decided = device.advance(&mut self.caller, self.next, &mut self.latents)?;
            slice.take();
            self.next += decided.len();
            self.trace.extend(decided.iter().map(|call| call.event));
            let last = decided.last().map(|call| Advance::Made(call.event));
            return Ok(last.unwrap_or(Advance::Over));
        }
        let made = self
            .caller
            .call(call, slice, &mut self.prediction, &mut self.trace)?;
        let Some(event) = made else {
            return Ok(Advance::Paused);
        };
        let pictures = self.latents.chunks_exact_mut(self.picture_len);
        for (latent, prediction) in pictures.zip(self.prediction.chunks_exact(self.output_len)) {
            step.apply(latent, prediction);
        }
        self.next += 1;
        Ok(Advance::Made(event))
    }

    /// Whether a slice was used up within the call that is next.
    #[must_use]
    pub const fn is_within_call(&self) -> bool {
        self.caller.is_open()
    }

    /// Gives up what was done of the call that a slice was used up in. Its step is made anew by the
    /// next advance, without what was kept: on the device it may be overwritten in part.
    pub fn cancel(&mut self) {
        if self.caller.is_open() {
            self.caller.forget();
        }
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

    /// What it was started with; a policy that had no curve has that of the model.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Pictures that are made together.
    #[must_use]
    pub fn pictures(&self) -> u32 {
        self.settings.classes.len() as u32
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
        self.memory
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
