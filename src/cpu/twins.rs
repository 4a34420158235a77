//! Every kernel by its twin.

use alloc::{format, vec, vec::Vec};

use half::{bf16, f16};

use super::{
    executor::Place,
    lines::Lines,
    weights::{find, to_f32},
};
use crate::{
    executor::{ExecutorError, WeightSource},
    kernels::{
        Access, Buffer, Command, Recording, Role, WeightFormat,
        twins::{Call, Slot},
    },
};

/// The weights as words, as a device has them.
pub(super) struct Twins {
    /// One for each buffer; empty for what is no weight.
    weights: Vec<Vec<u32>>,
}

impl Twins {
    pub(super) fn new(
        recording: &Recording,
        source: &dyn WeightSource,
    ) -> Result<Self, ExecutorError> {
        let weight = |buffer: &Buffer| match buffer.role {
            Role::Weight(format) => {
                let tensor = find(source, &buffer.name, buffer.len)?;
                let values = to_f32(&tensor).ok_or_else(|| {
                    ExecutorError::Device(format!("no memory for weight `{}`", buffer.name))
                })?;
                Ok(words(&values, format))
            }
            _ => Ok(Vec::new()),
        };
        let weights = recording
            .buffers
            .iter()
            .map(weight)
            .collect::<Result<_, ExecutorError>>()?;
        Ok(Self { weights })
    }

    /// Runs a command of a checked segment.
    pub(super) fn run(&self, command: &Command, places: &[Place], buffers: &mut [Lines]) {
        match command {
            Command::Copy { from, first, to } => {
                let [from, to] = [from, to].map(|id| places[id.0 as usize]);
                let mut out = core::mem::take(&mut buffers[to.slot]);
                let part = &buffers[from.slot][*first as usize..][..to.len];
                out[..to.len].copy_from_slice(part);
                buffers[to.slot] = out;
            }
            Command::Dispatch(dispatch) => {
                let kernel = dispatch.kernel.kernel();
                let written = kernel
                    .bindings
                    .iter()
                    .position(|b| b.access == Access::Write);
                let Some(written) = written else { return };
                let write = places[dispatch.bindings[written].0 as usize];
                let mut out = core::mem::take(&mut buffers[write.slot]);
                let mut words = Some(bytemuck::cast_slice_mut(&mut out[..write.len]));
                let mut slots = Vec::new();
                for (i, id) in dispatch.bindings.iter().enumerate() {
                    let weight = &self.weights[id.0 as usize];
                    let slot = match words.take_if(|_| i == written) {
                        Some(words) => Slot::Write(words),
                        None if weight.is_empty() => {
                            let Place { slot, len } = places[id.0 as usize];
                            Slot::Read(bytemuck::cast_slice(&buffers[slot][..len]))
                        }
                        None => Slot::Read(weight),
                    };
                    slots.push(slot);
                }
                (kernel.twin)(&mut Call {
                    params: &dispatch.params,
                    constants: &dispatch.constants,
                    workgroups: dispatch.workgroups,
                    slots: &mut slots,
                });
                drop(slots);
                buffers[write.slot] = out;
            }
        }
    }
}

/// The elements in `format`, packed into words.
fn words(values: &[f32], format: WeightFormat) -> Vec<u32> {
    let pair = |halves: &mut dyn Iterator<Item = u16>| {
        let mut words = vec![];
        while let Some(low) = halves.next() {
            words.push(u32::from(low) | u32::from(halves.next().unwrap_or(0)) << 16);
        }
        words
    };
    match format {
        WeightFormat::F32 => values.iter().map(|value| value.to_bits()).collect(),
        WeightFormat::F16 => pair(&mut values.iter().map(|v| f16::from_f32(*v).to_bits())),
        WeightFormat::Bf16 => pair(&mut values.iter().map(|v| bf16::from_f32(*v).to_bits())),
    }
}
