//! A model prepared on a device.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    sync::Arc,
    vec,
    vec::Vec,
};

use super::{
    device::{self, Backend, Device},
    error::RunError,
    forward::Forward,
    log::{Listener, Log, Message},
    sampling::Sampling,
    saved,
    settings::Settings,
};
use crate::{
    dit::{DitConfig, Lowering, Memory, Model, Program},
    executor::Executor,
    policy::{GaugeKind, Policy, VerifyKind, tables},
    predict::PredictorKind,
    sampler::noise,
};

/// A model prepared on a device: its weights are loaded once and shared by all runs.
#[derive(Debug)]
pub struct Engine {
    model: Arc<Model>,
    device: Device,
    log: Log,
}

impl Engine {
    /// Prepares a model.
    ///
    /// # Errors
    /// [`RunError`] if there is no such device, or it cannot hold the model.
    pub fn new(model: Arc<Model>, backend: Backend) -> Result<Self, RunError> {
        let program = Lowering::whole(1).program(&model)?;
        let log = Log::default();
        let device = Device::open(backend, &model, &program.recording, &log)?;
        Ok(Self { model, device, log })
    }

    /// The device's name, for example `cpu (2 threads, avx512)` or an adapter's name.
    #[must_use]
    pub fn device_name(&self) -> &str {
        self.device.name()
    }

    /// Tells `listener` what happens to the engine and its runs, beginning with what happened when it was
    /// made if nobody has heard that yet; `None` tells nobody any more.
    pub fn listen(&self, listener: Option<Box<Listener>>) {
        self.log.tell(listener);
    }

    /// Which GPU kernels were measured to be fastest, as text for
    /// [`remember_tuning`](Self::remember_tuning); `None` on the CPU.
    #[must_use]
    pub fn tuning(&self) -> Option<String> {
        self.device.tuning()
    }

    /// Takes what [`tuning`](Self::tuning) gave on an earlier day, so that it need not be measured
    /// again. Nothing to do on the CPU.
    ///
    /// # Errors
    /// [`RunError`] if the text is of another version, adapter or driver, or is no such text; nothing of
    /// it is taken then.
    pub fn remember_tuning(&self, text: &str) -> Result<(), RunError> {
        Ok(self.device.remember_tuning(text)?)
    }

    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    /// Times that the host has waited for the device so far, preparing included; 0 on the CPU, which
    /// computes on the host's own time.
    #[must_use]
    pub fn host_waits(&self) -> u64 {
        self.device.waits()
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The network's output for `batch` pictures: x (batch, C, H, W), t (batch) from 0 to 1000,
    /// y (batch) labels, `num_classes` for none. Returns (batch, out_channels, H, W).
    ///
    /// # Errors
    /// [`RunError`] if a length, a time or a label does not fit, or the device fails.
    pub fn forward(
        &self,
        x: &[f32],
        t: &[f32],
        y: &[u32],
        batch: usize,
    ) -> Result<Vec<f32>, RunError> {
        self.begin_forward(x, t, y, batch)?.output()
    }

    /// The same evaluation, to be advanced by slices. All memory it needs is taken here.
    ///
    /// # Errors
    /// As for [`forward`](Self::forward).
    pub fn begin_forward(
        &self,
        x: &[f32],
        t: &[f32],
        y: &[u32],
        batch: usize,
    ) -> Result<Forward, RunError> {
        let config = self.model.config();
        for (field, given, each) in [
            ("length of x", x.len(), config.picture_len()),
            ("length of t", t.len(), 1),
            ("length of y", y.len(), 1),
        ] {
            if Some(given) != batch.checked_mul(each) {
                return Err(RunError::setting(
                    field,
                    given.to_string(),
                    format!("a batch of {batch} takes {each} elements a picture"),
                ));
            }
        }
        check_finite("x", x)?;
        for t in t {
            if !(0.0..=1000.0).contains(t) {
                return Err(RunError::setting(
                    "t",
                    t.to_string(),
                    "it must be 0 to 1000",
                ));
            }
        }
        check_classes(config, y)?;
        let pictures = u32::try_from(batch).unwrap_or(u32::MAX);
        let program = Lowering::whole(pictures).program(&self.model)?;
        let mut executor = self.executor(&program)?;
        executor.write(program.buffers.x, x)?;
        executor.write(program.buffers.t, t)?;
        let labels: Vec<f32> = y.iter().map(|y| *y as f32).collect();
        executor.write(program.buffers.y, &labels)?;
        let (path, output) = (program.computed(None), program.buffers.output);
        let len = batch * config.output_len();
        Ok(Forward::new(executor, path, output, len))
    }

    /// Starts a run from seeded noise. All memory it needs is taken here.
    ///
    /// A policy whose curve is not given gets the one calibrated on the model, if there is one.
    ///
    /// # Errors
    /// [`RunError`] if the settings do not fit the model, or the device cannot hold the run.
    pub fn start(&self, settings: &Settings) -> Result<Sampling, RunError> {
        self.begin(settings, None)
    }

    /// Starts a run from latents (pictures, C, H, W) of the caller's, in place of the noise.
    ///
    /// # Errors
    /// As for [`start`](Self::start), and if the latents have another length.
    pub fn start_from(&self, settings: &Settings, latents: &[f32]) -> Result<Sampling, RunError> {
        self.begin(settings, Some(latents))
    }

    /// Goes on with a run that [`Sampling::save`] made bytes of, on any device. All memory it needs is
    /// taken here.
    ///
    /// # Errors
    /// [`RunError::Saved`] if they are no such bytes, of another version or model, or damaged, and
    /// [`RunError::Executor`] if the device cannot hold the run.
    pub fn resume(&self, bytes: &[u8]) -> Result<Sampling, RunError> {
        let (settings, model, kept) = saved::read(bytes)?;
        let own = saved::model(&self.model);
        if model != own {
            return Err(RunError::Saved(format!(
                "it is of the model {model}, and this one is {own}"
            )));
        }
        let run = self.begin(&settings, Some(&kept.latents));
        let mut run = run.map_err(|why| match why {
            RunError::Executor(_) => why,
            other => RunError::Saved(other.to_string()),
        })?;
        run.take_over(kept)?;
        Ok(run)
    }

    fn begin(&self, settings: &Settings, latents: Option<&[f32]>) -> Result<Sampling, RunError> {
        let (settings, lowering) = prepare(&self.model, settings)?;
        let config = self.model.config();
        let pictures = settings.classes.len();
        let len = pictures * config.picture_len();
        let latents = match latents {
            Some(given) if given.len() == len => {
                check_finite("latents", given)?;
                given.to_vec()
            }
            Some(given) => {
                return Err(RunError::setting(
                    "length of the latents",
                    given.len().to_string(),
                    format!("a run of {pictures} pictures takes {len}"),
                ));
            }
            None => {
                let mut latents = vec![0.0; len];
                noise(settings.seed, config.picture_len(), &mut latents);
                latents
            }
        };
        let program = lowering.program(&self.model)?;
        let executor = self.executor(&program)?;
        let memory = self.device.memory(&program)?;
        self.log.say(Message::Started, || {
            let (steps, bytes) = (settings.steps, memory.total());
            format!("{}; steps {steps}, {bytes} bytes", settings.policy)
        });
        let of_device = (executor, memory, self.log.clone());
        Sampling::new(&self.model, settings, latents, program, of_device)
    }

    /// Prepares a program; whoever listens hears which kernels were measured for it.
    fn executor(&self, program: &Program) -> Result<Box<dyn Executor>, RunError> {
        let known = self.log.is_heard().then(|| self.tuning()).flatten();
        let executor = self.device.executor(&program.recording, &program.plan)?;
        if let (Some(known), Some(now)) = (known, self.tuning()) {
            let known: Vec<&str> = known.lines().collect();
            for line in now.lines().filter(|line| !known.contains(line)) {
                self.log.say(Message::Kernel, || line.into());
            }
        }
        Ok(executor)
    }
}

/// Bytes that a run of `model` takes, before anything of it is made: the peak, from when the weights
/// are loaded.
///
/// # Errors
/// [`RunError`] if the settings do not fit the model, or this build has no such backend.
pub fn memory(model: &Model, settings: &Settings, backend: Backend) -> Result<Memory, RunError> {
    let (_, lowering) = prepare(model, settings)?;
    device::memory(backend, &lowering.program(model)?)
}

/// Whether a run with those settings can be decided on the device.
///
/// # Errors
/// [`RunError`] if the settings do not fit the model, or name a policy that is decided on the host
/// alone; it says what stands in the way.
#[cfg(feature = "gpu")]
pub fn check_on_device(model: &Model, settings: &Settings) -> Result<(), RunError> {
    let (settings, lowering) = prepare(model, settings)?;
    super::device_loop::supported(&settings.policy, lowering.program(model)?.lanes)
}

/// Checks settings against a model and fills in its curve.
pub(crate) fn prepare(
    model: &Model,
    settings: &Settings,
) -> Result<(Settings, Lowering), RunError> {
    let config = model.config();
    let mut settings = settings.clone();
    calibrate(model, &mut settings.policy)?;
    let (policy, guidance) = (&settings.policy, settings.guidance);
    policy.check()?;
    if !guidance.is_finite() {
        return Err(RunError::setting(
            "guidance",
            guidance.to_string(),
            "it must be a finite number; 1 is none",
        ));
    }
    // FoCa reads the forecast of the call before: one that is given up must not take its place, and a
    // run keeps forecasts with the blend that makes them.
    if policy.predictor.kind == PredictorKind::Foca && policy.verify.kind == VerifyKind::Rollback {
        return Err(RunError::setting(
            "policy key `verify`",
            VerifyKind::Rollback.to_string(),
            "a run cannot take back a forecast that predictor=foca still reads; set verify=next",
        ));
    }
    check_classes(config, &settings.classes)?;
    let pictures = u32::try_from(settings.classes.len()).unwrap_or(u32::MAX);
    let lowering = Lowering {
        anchor_format: settings.anchor_format,
        ..Lowering::for_policy(policy, pictures, guidance, settings.steps)
    };
    Ok((settings, lowering))
}

/// Refuses NaN and infinity.
fn check_finite(field: &'static str, values: &[f32]) -> Result<(), RunError> {
    let Some((index, value)) = values.iter().enumerate().find(|(_, v)| !v.is_finite()) else {
        return Ok(());
    };
    Err(RunError::setting(
        field,
        format!("{value} at {index}"),
        "every element must be a finite number",
    ))
}

fn calibrate(model: &Model, policy: &mut Policy) -> Result<(), RunError> {
    if !policy.needs_curve() {
        return Ok(());
    }
    // Only magnitude ratios are known by model: neither sensitivities nor weights are.
    let ratios = policy.gauge.kind == GaugeKind::Curve;
    let table = model.known_as().and_then(tables::curve);
    let Some(table) = table.filter(|_| ratios) else {
        return Err(RunError::setting(
            "policy key `curve`",
            "missing",
            "this policy is calibrated, and there is no curve for this model; give one \
             (`curve=1/1.01/…`, a ratio a step) or a related model's (`model=…`)",
        ));
    };
    policy.gauge.curve = table.curve();
    Ok(())
}

fn check_classes(config: &DitConfig, classes: &[u32]) -> Result<(), RunError> {
    if classes.is_empty() {
        return Err(RunError::setting(
            "number of classes",
            "0",
            "name one class for each picture",
        ));
    }
    let last = config.num_classes;
    match classes.iter().find(|class| **class > last) {
        None => Ok(()),
        Some(class) => Err(RunError::setting(
            "class",
            class.to_string(),
            format!(
                "the model has {last}{}; {last} stands for none",
                listed(config)
            ),
        )),
    }
}

/// The names of the classes, if they are few enough to be read.
fn listed(config: &DitConfig) -> String {
    if config.num_classes > 32 {
        return String::new();
    }
    let names: Vec<String> = config
        .class_names
        .iter()
        .enumerate()
        .map(|(number, name)| format!("{number} {name}"))
        .collect();
    format!(" ({})", names.join(", "))
}
