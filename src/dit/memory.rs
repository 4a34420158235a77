//! Bytes a run needs.

use core::fmt;

use super::program::Program;
use crate::kernels::{BufferId, Command, Role};

/// Bytes that a run takes on its device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Weights; shared by all runs of a model. On a GPU they are in the checkpoint's format, on the CPU
    /// in the form in which its executor reads them, 4 bytes an element and more.
    pub weights: u64,
    /// Activations, modulations, inputs and outputs, and the parameters of dispatches or, on the CPU,
    /// what its threads work in: what a run without a policy needs too, but for a measured tensor.
    /// Activations that are not needed at the same time share memory.
    pub activations: u64,
    /// Anchors: what the policy blends.
    pub anchors: u64,
    /// What else the policy keeps from call to call: what signals are compared with.
    pub references: u64,
}

/// Bytes that the parameters of a dispatch take in a uniform buffer, at WebGPU's default alignment.
const PARAMETERS: u64 = 256;

impl Memory {
    /// Of the buffers of a program on a GPU, as its plan puts them.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let Program {
            recording,
            plan,
            buffers,
            ..
        } = program;
        let mut memory = Self::default();
        for (buffer, id) in recording.buffers.iter().zip(0..) {
            match buffer.role {
                Role::Weight(_) => memory.weights += buffer.bytes(),
                Role::State if buffers.anchors.contains(&BufferId(id)) => {
                    memory.anchors += buffer.bytes();
                }
                Role::State => memory.references += buffer.bytes(),
                Role::Input | Role::Output | Role::Scratch | Role::Prepared => {}
            }
        }
        let commands = recording.segments.iter().flat_map(|s| &s.commands);
        let dispatches = commands.filter(|command| matches!(command, Command::Dispatch(_)));
        memory.activations = plan.bytes() - memory.kept() + PARAMETERS * dispatches.count() as u64;
        memory
    }

    /// What the policy keeps from call to call: anchors and references.
    #[must_use]
    pub const fn kept(&self) -> u64 {
        self.anchors + self.references
    }

    /// All four.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.weights + self.activations + self.kept()
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "weights {} B, activations {} B, anchors {} B, references {} B",
            self.weights, self.activations, self.anchors, self.references
        )
    }
}
