//! Steps, evaluations and calls: the clock of a run.

/// The calls of one run: `steps` sampler steps of `evaluations` network evaluations each.
///
/// Heun and other two-stage samplers evaluate twice a step.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Sampler steps, 1 to 2³⁰.
    pub steps: u32,
    /// Network evaluations in one step, 1 to 8.
    pub evaluations: u32,
}

impl Timeline {
    /// A timeline with one evaluation a step.
    #[must_use]
    pub const fn new(steps: u32) -> Self {
        Self {
            steps,
            evaluations: 1,
        }
    }

    /// Calls of a whole run.
    #[must_use]
    pub const fn calls(&self) -> u32 {
        self.steps.saturating_mul(self.evaluations)
    }
}

/// One evaluation of the network, as the host is about to make it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call {
    /// Sampler step, counted from 0 at the noisiest.
    pub step: u32,
    /// Evaluation within the step, counted from 0.
    pub evaluation: u32,
    /// Stream of features: a guidance branch, a batch element, an expert. 0 if there is one.
    pub lane: u32,
    /// Zero.
    pub reserved: u32,
    /// Where on the sampler's own time axis (timestep or sigma); any finite number. Looked at with
    /// `axis=time`, `window=time` (`pab`), `curve_by=time` and `rescale=sensitivity`; of no effect
    /// otherwise.
    pub time: f64,
}

impl Call {
    /// The only evaluation of `step` on lane 0, with the step number as its time.
    #[must_use]
    pub const fn new(step: u32) -> Self {
        Self {
            step,
            evaluation: 0,
            lane: 0,
            reserved: 0,
            time: step as f64,
        }
    }
}
