//! Sampling runs: from a model to pictures, with steps left out.
//!
//! [`Engine`] is a model prepared on a device; [`Engine::start`] makes a [`Sampling`], one run of a
//! sampler under a [`Policy`](crate::Policy), which the caller advances call by call. [`calibrate`]
//! measures, on full runs, the tables that some policies need.

mod bench;
mod calibrate;
mod call;
mod device;
#[cfg(feature = "gpu")]
mod device_loop;
mod engine;
mod error;
mod forward;
mod log;
#[cfg(test)]
mod order;
pub(crate) mod plan;
mod quality;
mod sampling;
mod saved;
mod settings;
mod signals;

pub use bench::{Bench, Ceiling, Measured};
pub use calibrate::{CALIBRATED, Calibration, calibrate};
pub use device::Backend;
#[cfg(feature = "gpu")]
pub use engine::check_on_device;
#[cfg(feature = "capi")]
pub(crate) use engine::prepare;
pub use engine::{Engine, memory};
pub use error::RunError;
pub use forward::Forward;
pub use log::{Listener, Message};
pub use quality::{Quality, compare};
pub use sampling::{Advance, Sampling};
pub use settings::{Decide, Settings};
