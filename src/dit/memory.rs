//! Bytes a run needs.

use core::fmt;

use crate::kernels::{Recording, Role};

/// Bytes that a recording's buffers take on a device.
///
/// The CPU executor prepares matrices in a form of its own, which takes more than their stored
/// format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Weights, in the checkpoint's format; shared by all runs of a model.
    pub weights: u64,
    /// Activations, modulations, inputs and outputs: what a run without a policy needs too, but for
    /// a measured tensor.
    pub activations: u64,
    /// What the policy keeps from call to call: anchors, and what signals are compared with.
    pub state: u64,
}

impl Memory {
    /// Of the buffers of `recording`.
    #[must_use]
    pub fn of(recording: &Recording) -> Self {
        let mut memory = Self::default();
        for buffer in &recording.buffers {
            let part = match buffer.role {
                Role::Weight(_) => &mut memory.weights,
                Role::State => &mut memory.state,
                Role::Input | Role::Output | Role::Scratch | Role::Prepared => {
                    &mut memory.activations
                }
            };
            *part += buffer.bytes();
        }
        memory
    }

    /// All three.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.weights + self.activations + self.state
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "weights {} B, activations {} B, state {} B",
            self.weights, self.activations, self.state
        )
    }
}
