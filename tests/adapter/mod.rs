//! The adapter that the device tests use.
//!
//! `REFRAIN_GPU=required` makes a missing adapter a failure, `REFRAIN_GPU=none` skips the tests;
//! without it they run if there is an adapter. Each test prints which.

use std::env;

use refrain::gpu::{GpuDevice, GpuPreference};

/// The best adapter, opened for one test; `None` if the test is to be skipped.
pub(crate) fn device() -> Option<GpuDevice> {
    let wish = env::var("REFRAIN_GPU").unwrap_or_default();
    if wish == "none" {
        println!("skipped: REFRAIN_GPU=none");
        return None;
    }
    match GpuDevice::new(GpuPreference::Any) {
        Ok(device) => {
            println!("adapter: {}", device.name());
            Some(device)
        }
        Err(error) => {
            assert_ne!(wish, "required", "{error}");
            println!("skipped: {error}");
            None
        }
    }
}
