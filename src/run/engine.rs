//! A model prepared on a device.

use alloc::{sync::Arc, vec::Vec};

use super::{device::Backend, error::RunError, sampling::Sampling, settings::Settings};
use crate::dit::Model;

/// A model prepared on a device: its weights are loaded once and shared by all runs.
#[derive(Debug)]
pub struct Engine {
    model: Arc<Model>,
}

impl Engine {
    /// Prepares a model.
    ///
    /// # Errors
    /// [`RunError`] if there is no such device, or it cannot hold the model.
    pub fn new(model: Arc<Model>, backend: Backend) -> Result<Self, RunError> {
        let _ = backend;
        Ok(Self { model })
    }

    /// The device's name, for example `cpu (2 threads, avx512)` or an adapter's name.
    #[must_use]
    pub fn device_name(&self) -> &str {
        todo!()
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
    /// [`RunError`] if a length or a label does not fit, or the device fails.
    pub fn forward(
        &self,
        x: &[f32],
        t: &[f32],
        y: &[u32],
        batch: usize,
    ) -> Result<Vec<f32>, RunError> {
        let _ = (x, t, y, batch);
        todo!()
    }

    /// Starts a run. All memory it needs is taken here.
    ///
    /// # Errors
    /// [`RunError`] if the settings do not fit the model, or the device cannot hold the run.
    pub fn start(&self, settings: &Settings) -> Result<Sampling, RunError> {
        let _ = settings;
        todo!()
    }
}
