//! Runs that are timed and compared.

use std::io::{self, IsTerminal};
use std::time::Instant;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use indicatif::{ProgressBar, ProgressStyle};

use super::report::Failure;
use crate::kernels::AnchorFormat;
use crate::policy::{Policy, SiteKind};
use crate::run::{Engine, Quality, RunError, Settings, compare};
use crate::scheduler::{Event, Notice};

/// A run that is over.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The policy as it was asked for.
    pub(super) policy: String,
    pub(super) trace: String,
    pub(super) events: Vec<Event>,
    pub(super) computed: u32,
    /// Multiply-adds of its matrix products.
    pub(super) multiply_adds: u64,
    /// How the policy's anchors are stored, and the bytes that they take.
    pub(super) anchors: AnchorFormat,
    pub(super) anchor_bytes: u64,
    /// From the first call to the last; loading and preparing are not in it.
    pub(super) seconds: f64,
    pub(super) latents: Vec<f32>,
    pub(super) notice: Notice,
}

impl Run {
    /// Multiply-adds beside another run's, as a share.
    pub(super) fn work(&self, full: &Self) -> f64 {
        self.multiply_adds as f64 / full.multiply_adds as f64
    }

    /// The policy, with the format of its anchors where that is not f32.
    pub(super) fn label(&self) -> String {
        match self.anchors {
            AnchorFormat::F32 => self.policy.clone(),
            format => alloc::format!("{} in {format}", self.policy),
        }
    }

    /// Decisions of the run: its calls, or the calls of all its lanes.
    pub(super) fn calls(&self) -> u32 {
        self.events.len() as u32
    }

    /// How far it ends from another run from the same noise.
    pub(super) fn quality(&self, reference: &Self) -> Quality {
        compare(&self.latents, &reference.latents)
    }
}

/// A policy's run and the plain sampler at the same cost.
#[derive(Debug)]
pub(super) struct Rivals {
    pub(super) cached: Run,
    pub(super) plain: Run,
}

/// Runs of one model from one noise.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    engine: &'a Engine,
    settings: Settings,
    /// Calls of a submission, 0 for all, where the device decides.
    on_device: Option<u32>,
    /// Runs without a policy, by their steps.
    plain: Vec<Run>,
    progress: Option<ProgressBar>,
}

impl<'a> Stage<'a> {
    /// Warms the device up, so that the first run is not the slowest. `runs` is how many whole runs
    /// are to come at the least; `on_device` has the device decide, so many calls a submission.
    pub(super) fn new(
        engine: &'a Engine,
        settings: Settings,
        on_device: Option<u32>,
        runs: usize,
    ) -> Result<Self, Failure> {
        let stage = Self {
            engine,
            on_device,
            progress: progress(runs * settings.steps as usize),
            settings,
            plain: Vec::new(),
        };
        let mut warm = stage.start(Policy::NEUTRAL, 2)?;
        while warm.advance().map_err(failed)?.is_some() {}
        Ok(stage)
    }

    /// How the runs to come store their anchors.
    pub(super) fn keep_anchors_in(&mut self, format: AnchorFormat) {
        self.settings.anchor_format = format;
    }

    fn start(&self, policy: Policy, steps: u32) -> Result<crate::run::Sampling, Failure> {
        let settings = Settings {
            policy,
            steps,
            ..self.settings.clone()
        };
        let mut sampling = self.engine.start(&settings).map_err(failed)?;
        if let Some(calls) = self.on_device {
            sampling.decide_on_device(calls).map_err(failed)?;
        }
        Ok(sampling)
    }

    fn run(&self, policy: Policy, text: &str, steps: u32) -> Result<Run, Failure> {
        if let Some(bar) = &self.progress {
            bar.set_message(text.to_string());
        }
        let mut sampling = self.start(policy, steps)?;
        let start = Instant::now();
        let mut made = 0;
        while sampling.advance().map_err(failed)?.is_some() {
            if let Some(bar) = &self.progress {
                bar.inc(u64::from(sampling.made() - made));
            }
            made = sampling.made();
        }
        let seconds = start.elapsed().as_secs_f64();
        if sampling.latents().iter().any(|value| !value.is_finite()) {
            super::report::note(format_args!(
                "{text}: the picture is not finite; the policy or the guidance diverges"
            ));
        }
        Ok(Run {
            policy: text.to_string(),
            trace: sampling.trace().to_string(),
            events: sampling.trace().events().to_vec(),
            computed: sampling.stats().computed,
            multiply_adds: sampling.multiply_adds(),
            anchors: self.settings.anchor_format,
            anchor_bytes: sampling.memory().anchors,
            seconds,
            latents: sampling.latents().to_vec(),
            notice: sampling.notice(),
        })
    }

    /// The plain sampler at so many steps, made once.
    pub(super) fn plain(&mut self, steps: u32) -> Result<Run, Failure> {
        if let Some(run) = self.plain.iter().find(|run| run.calls() == steps) {
            return Ok(run.clone());
        }
        if let Some(bar) = &self.progress
            && !self.plain.is_empty()
        {
            bar.inc_length(steps.into());
        }
        let run = self.run(Policy::NEUTRAL, "full", steps)?;
        self.plain.push(run.clone());
        Ok(run)
    }

    /// A policy and its rival: as many steps as it computed, or where it computes parts of a call, as
    /// many as its multiply-adds pay for.
    pub(super) fn rivals(&mut self, policy: Policy, text: &str) -> Result<Rivals, Failure> {
        let cached = self.run(policy, text, self.settings.steps)?;
        let whole = matches!(
            policy.site.kind,
            SiteKind::Trunk | SiteKind::Range | SiteKind::Model
        );
        let steps = if whole {
            cached.computed
        } else {
            let full = self.plain(self.settings.steps)?;
            let each = full.multiply_adds as f64 / f64::from(full.calls());
            let steps = (cached.multiply_adds as f64 / each).round() as u32;
            steps.clamp(1, self.settings.steps)
        };
        let plain = self.plain(steps)?;
        Ok(Rivals { cached, plain })
    }

    /// Takes the progress bar away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.progress {
            bar.finish_and_clear();
        }
    }
}

fn failed(error: RunError) -> Failure {
    Failure::new(error.to_string())
}

/// A progress bar, if somebody watches.
pub(super) fn progress(calls: usize) -> Option<ProgressBar> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} calls, {eta} left  {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    Some(ProgressBar::new(calls as u64).with_style(style))
}
