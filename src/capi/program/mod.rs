//! Models as lists of dispatches, for a host that runs them on its own device.

pub mod call;

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::{c_char, c_void};
use core::mem::{MaybeUninit, size_of};

use super::border::{Checked, fill, guard, guard_telling, inputs, output, room, write_sized};
use super::kernels::{refrain_text, text};
use super::library::REFRAIN_NONE;
use super::model::refrain_model;
use super::object::{Opaque, create, destroy, shared};
use super::policy::refrain_policy;
use super::refrain_status::{self, REFRAIN_E_RANGE, REFRAIN_E_VALUE};
use super::sampling::settings::{read as read_settings, refrain_settings};
use crate::dit::{Model, Program};
use crate::executor::{WeightSource, contents};
use crate::kernels::{BufferId, Command, Dispatch, Recording, Role, SegmentId};
use crate::run::{RunError, Settings, prepare};
use crate::sampler::Step;

/// Buffer: written by the host before a call.
pub const REFRAIN_ROLE_INPUT: u32 = 0;
/// Buffer: read by the host after a call, or to decide it.
pub const REFRAIN_ROLE_OUTPUT: u32 = 1;
/// Buffer: holds nothing between calls.
pub const REFRAIN_ROLE_SCRATCH: u32 = 2;
/// Buffer: kept from call to call.
pub const REFRAIN_ROLE_STATE: u32 = 3;
/// Buffer: a tensor of the model, never written by a command.
pub const REFRAIN_ROLE_WEIGHT: u32 = 4;
/// Buffer: made for some calls in advance, of time and class alone.
pub const REFRAIN_ROLE_PREPARED: u32 = 5;
/// Most constants of a kernel.
pub const REFRAIN_MAX_CONSTANTS: usize = 4;

/// A model's forward pass under a policy: buffers, segments of commands over them, and which segments
/// a call runs. The host makes the buffers and dispatches the kernels on its own device; a scheduler
/// decides. Making one needs no device.
#[derive(Debug)]
pub struct refrain_program {
    _opaque: [u8; 0],
}

impl Opaque for refrain_program {
    type Value = Lowered;
    const LIVE: u32 = u32::from_le_bytes(*b"rfPr");
}

/// What an opaque program holds.
pub(super) struct Lowered {
    model: Arc<Model>,
    settings: Settings,
    program: Program,
    steps: Vec<Step>,
    /// What `y` holds.
    labels: Vec<f32>,
    /// Weights that the checkpoint has in another form, by buffer.
    converted: BTreeMap<u32, Vec<u8>>,
}

/// The sizes of a program, and the buffers that a host writes and reads.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_program_sizes {
    /// Buffers, numbered from 0.
    pub buffer_count: u32,
    /// Segments, numbered from 0.
    pub segment_count: u32,
    /// Parts of a call, numbered from 0 in the order in which they run.
    pub part_count: u32,
    /// Lanes for refrain_scheduler_init.
    pub lanes: u32,
    /// Decisions of a call: as many as lanes, or 1 if the policy pools them.
    pub decision_count: u32,
    /// Rows of `x`: the pictures, with guidance twice.
    pub rows: u32,
    /// Calls that are prepared together, at least 1: the path of part 0 prepares them at steps that
    /// are a multiple of it.
    pub calls: u32,
    /// In: latents (rows, channels, height, width); with guidance the pictures twice.
    pub x: u32,
    /// In: timesteps (calls, rows), those of the steps from one that is a multiple of `calls` on,
    /// written before the path of part 0 of that step runs.
    pub t: u32,
    /// In: labels (calls, rows), as refrain_program_contents gives them.
    pub y: u32,
    /// In: the filter's matrix, which refrain_program_filter makes for every call; REFRAIN_NONE if it
    /// is the same for all, and then it is one of the contents.
    pub filter: u32,
    /// Out: pairs of sums that decisions are made of; REFRAIN_NONE if there are none.
    pub sums: u32,
    /// Out: the prediction of a call, one picture after the other.
    pub prediction: u32,
    /// Values of one picture in `prediction`. With learned sigma and without guidance more than the
    /// latent has: the first of them count.
    pub prediction_values: u32,
}

/// A buffer.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_buffer {
    /// Its name, unique in the program; of a weight the tensor's.
    pub name: refrain_text,
    /// Elements: 32-bit floats, or a weight's in its format.
    pub elements: u64,
    /// Bytes on a device, a multiple of 4.
    pub bytes: u64,
    /// A REFRAIN_ROLE_... number.
    pub role: u32,
    /// Of a weight: a `refrain_weight_format` number. Else 0, 32-bit floats.
    pub format: u32,
}

/// A named run of commands, always executed together and in order.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_segment {
    /// Its name, for example "begin".
    pub name: refrain_text,
    /// Commands, numbered from 0.
    pub command_count: u32,
    /// Zero.
    pub reserved: u32,
}

/// A command: a dispatch of a kernel, or a copy. Each sees what those before it have written.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_command {
    /// Of a dispatch: the kernel's number, for refrain_kernel_info. REFRAIN_NONE for a copy.
    pub kernel: u32,
    /// Of a copy: the buffer that is copied from. Else 0.
    pub copy_from: u32,
    /// Of a copy: the first element of it that is copied. Else 0.
    pub copy_first: u32,
    /// Of a copy: the buffer it is copied to, which is written whole. Else 0.
    pub copy_to: u32,
    /// Zero.
    pub reserved: u32,
    /// Workgroups along x, y and z; nothing is to be done if one of them is 0.
    pub workgroups: [u32; 3],
    /// Values of the constants, in the order of refrain_kernel_constant.
    pub constants: [u32; 4],
    /// Buffers that are bound.
    pub binding_count: u32,
    /// Bytes of the parameter block.
    pub params_bytes: u32,
    /// The buffer at binding 1, at binding 2, ...
    pub bindings: *const u32,
    /// What the uniform block at binding 0 holds.
    pub params: *const c_void,
}

/// The commands that use a buffer, counted over a list of segments.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct refrain_lifetime {
    /// The first; REFRAIN_NONE if there is none.
    pub first: u32,
    /// The last; REFRAIN_NONE if there is none.
    pub last: u32,
}

const _: () = {
    assert!(size_of::<refrain_program_sizes>() == 14 * 4);
    assert!(size_of::<refrain_buffer>() == 2 * size_of::<usize>() + 2 * 8 + 2 * 4);
    assert!(size_of::<refrain_segment>() == 2 * size_of::<usize>() + 2 * 4);
    assert!(size_of::<refrain_command>() == 14 * 4 + 2 * size_of::<usize>());
    assert!(size_of::<refrain_lifetime>() == 2 * 4);
    assert!(size_of::<BufferId>() == size_of::<u32>());
};

impl Lowered {
    fn recording(&self) -> &Recording {
        &self.program.recording
    }

    /// What a buffer holds before the first call; empty for zeros.
    fn contents(&self, id: u32) -> Checked<&[u8]> {
        let buffer = self.recording().buffers.get(id as usize);
        let buffer = buffer.ok_or(REFRAIN_E_RANGE)?;
        if let Some(bytes) = self.converted.get(&id) {
            return Ok(bytes);
        }
        if let Role::Weight(_) = buffer.role {
            let tensor = self.model.tensor(&buffer.name);
            return tensor.map(|tensor| tensor.bytes).ok_or(REFRAIN_E_RANGE);
        }
        if self.program.buffers.y.0 == id {
            return Ok(bytemuck::cast_slice(&self.labels));
        }
        let mut constants = self.program.constants.iter();
        let found = constants.find(|(constant, _)| constant.0 == id);
        Ok(found.map_or(&[], |(_, values)| bytemuck::cast_slice(values)))
    }
}

/// Makes a program of a model, for the pictures and under the policy of the settings.
///
/// - `model`: shared; may be destroyed afterwards.
/// - `settings`: in, with what it points to; copied. Its seed and latents do not matter.
/// - `program_out`: out, to be destroyed with refrain_program_destroy.
/// - `message`, `message_capacity`: optional; on an error, why in one line.
///
/// Returns REFRAIN_OK; REFRAIN_E_VALUE if the settings do not fit the model; REFRAIN_E_CONFIG_SIZE;
/// REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not
/// aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_create(
    model: *const refrain_model,
    settings: *const refrain_settings,
    program_out: *mut *mut refrain_program,
    message: *mut c_char,
    message_capacity: usize,
) -> refrain_status {
    guard_telling(message, message_capacity, |message| {
        // SAFETY: the pointer contract of this module.
        let (model, program_out) = unsafe { (shared(model)?, output(program_out)?) };
        // SAFETY: the pointer contract of this module.
        let (settings, _) = unsafe { read_settings(settings, &model, message)? };
        let (settings, lowering) =
            prepare(&model, &settings).map_err(|why| message.refuse((&why).into(), &why))?;
        let config = model.config();
        let steps = settings.sampler.steps(config.prediction, settings.steps);
        let steps = steps.map_err(|why| message.refuse(REFRAIN_E_VALUE, &why))?;
        let program = lowering
            .program(&model)
            .map_err(|why| message.refuse((&why).into(), &why))?;
        let mut labels: Vec<f32> = settings.classes.iter().map(|c| *c as f32).collect();
        labels.resize(program.rows as usize, config.num_classes as f32);
        let labels = labels.repeat(program.calls as usize);
        let mut converted = BTreeMap::new();
        for (buffer, id) in program.recording.buffers.iter().zip(0..) {
            if let Role::Weight(format) = buffer.role {
                let bytes = contents(buffer, format, model.as_ref()).map_err(|why| {
                    let why = RunError::from(why);
                    message.refuse((&why).into(), &why)
                })?;
                if let Cow::Owned(bytes) = bytes {
                    converted.insert(id, bytes);
                }
            }
        }
        program_out.write(create(Lowered {
            model: Arc::clone(&model),
            settings,
            program,
            steps,
            labels,
            converted,
        }));
        Ok(())
    })
}

/// Frees what refrain_program_create made, and the names, parameters and contents it has handed out.
///
/// - `program`: exclusive; optional: NULL does nothing.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_destroy(program: *mut refrain_program) {
    // SAFETY: the pointer contract of this module.
    unsafe { destroy(program) }
}

/// The sizes of a program, and the buffers that a host writes and reads.
///
/// - `program`: shared.
/// - `sizes_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no program or a pointer is not
/// aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_info(
    program: *const refrain_program,
    sizes_out: *mut refrain_program_sizes,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, sizes_out) = unsafe { (shared(program)?, output(sizes_out)?) };
        let (program, recording) = (&lowered.program, lowered.recording());
        let number = |id: Option<BufferId>| id.map_or(REFRAIN_NONE, |id| id.0);
        let buffers = &program.buffers;
        let config = lowered.model.config();
        let values = match buffers.guided {
            Some(_) => config.picture_len(),
            None => config.output_len(),
        };
        sizes_out.write(refrain_program_sizes {
            buffer_count: recording.buffers.len() as u32,
            segment_count: recording.segments.len() as u32,
            part_count: program.parts.len() as u32 + 2,
            lanes: program.lanes,
            decision_count: lowered.deciders(),
            rows: program.rows,
            calls: program.calls,
            x: buffers.x.0,
            t: buffers.t.0,
            y: buffers.y.0,
            filter: number(buffers.filter.filter(|_| program.sea.is_some())),
            sums: number(buffers.sums),
            prediction: buffers.guided.unwrap_or(buffers.output).0,
            prediction_values: values as u32,
        });
        Ok(())
    })
}

/// The policy of a program, with the curve that the model has for it: what its scheduler is
/// initialised with.
///
/// - `program`: shared.
/// - `struct_size`: in, sizeof(refrain_policy).
/// - `policy_out`: out.
///
/// Returns REFRAIN_OK; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no program
/// or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_policy(
    program: *const refrain_program,
    struct_size: usize,
    policy_out: *mut refrain_policy,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let lowered = unsafe { shared(program)? };
        let policy = refrain_policy::new(&lowered.settings.policy, struct_size);
        // SAFETY: the pointer contract of this module.
        unsafe { write_sized(policy, struct_size, policy_out) }
    })
}

/// A buffer. The host makes it, of `bytes` bytes, zeroed but for its contents.
///
/// - `program`: shared.
/// - `buffer`: in, 0 to `buffer_count` - 1.
/// - `buffer_out`: out; its name lives as long as the program.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such buffer; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_buffer(
    program: *const refrain_program,
    buffer: u32,
    buffer_out: *mut refrain_buffer,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, buffer_out) = unsafe { (shared(program)?, output(buffer_out)?) };
        let buffer = lowered.recording().buffers.get(buffer as usize);
        let buffer = buffer.ok_or(REFRAIN_E_RANGE)?;
        let (role, format) = match buffer.role {
            Role::Input => (REFRAIN_ROLE_INPUT, 0),
            Role::Output => (REFRAIN_ROLE_OUTPUT, 0),
            Role::Scratch => (REFRAIN_ROLE_SCRATCH, 0),
            Role::State => (REFRAIN_ROLE_STATE, 0),
            Role::Prepared => (REFRAIN_ROLE_PREPARED, 0),
            Role::Weight(format) => (REFRAIN_ROLE_WEIGHT, format as u32),
        };
        buffer_out.write(refrain_buffer {
            name: text(&buffer.name),
            elements: buffer.len as u64,
            bytes: buffer.bytes(),
            role,
            format,
        });
        Ok(())
    })
}

/// What a buffer holds before the first call: a weight's elements, the labels, a filter's matrix.
///
/// - `program`: shared.
/// - `buffer`: in, 0 to `buffer_count` - 1.
/// - `data_out`: out, little-endian elements without any alignment, which live as long as the program.
/// - `bytes_out`: out, bytes of them: as many as the buffer has, or 0 if it begins with zeros.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such buffer; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
/// there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_contents(
    program: *const refrain_program,
    buffer: u32,
    data_out: *mut *const c_void,
    bytes_out: *mut usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, data_out) = unsafe { (shared(program)?, output(data_out)?) };
        // SAFETY: the pointer contract of this module.
        let bytes_out = unsafe { output(bytes_out)? };
        let contents = lowered.contents(buffer)?;
        data_out.write(contents.as_ptr().cast());
        bytes_out.write(contents.len());
        Ok(())
    })
}

/// A segment.
///
/// - `program`: shared.
/// - `segment`: in, 0 to `segment_count` - 1.
/// - `segment_out`: out; its name lives as long as the program.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such segment; REFRAIN_E_NULL; REFRAIN_E_MEMORY
/// if there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_segment(
    program: *const refrain_program,
    segment: u32,
    segment_out: *mut refrain_segment,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, segment_out) = unsafe { (shared(program)?, output(segment_out)?) };
        let segment = lowered.recording().segments.get(segment as usize);
        let segment = segment.ok_or(REFRAIN_E_RANGE)?;
        segment_out.write(refrain_segment {
            name: text(&segment.name),
            command_count: segment.commands.len() as u32,
            reserved: 0,
        });
        Ok(())
    })
}

/// A command of a segment.
///
/// - `program`: shared.
/// - `segment`: in, 0 to `segment_count` - 1.
/// - `command`: in, 0 to `command_count` - 1.
/// - `command_out`: out; what it points to lives as long as the program.
///
/// Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such segment or command; REFRAIN_E_NULL;
/// REFRAIN_E_MEMORY if there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_command(
    program: *const refrain_program,
    segment: u32,
    command: u32,
    command_out: *mut refrain_command,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, command_out) = unsafe { (shared(program)?, output(command_out)?) };
        let segment = lowered.recording().segments.get(segment as usize);
        let commands = &segment.ok_or(REFRAIN_E_RANGE)?.commands;
        let command = commands.get(command as usize).ok_or(REFRAIN_E_RANGE)?;
        command_out.write(match command {
            Command::Dispatch(dispatch) => refrain_command::dispatch(dispatch),
            Command::Copy { from, first, to } => refrain_command {
                copy_from: from.0,
                copy_first: *first,
                copy_to: to.0,
                ..refrain_command::NONE
            },
        });
        Ok(())
    })
}

impl refrain_command {
    const NONE: Self = Self {
        kernel: REFRAIN_NONE,
        copy_from: 0,
        copy_first: 0,
        reserved: 0,
        copy_to: 0,
        workgroups: [0; 3],
        constants: [0; REFRAIN_MAX_CONSTANTS],
        binding_count: 0,
        params_bytes: 0,
        bindings: core::ptr::null(),
        params: core::ptr::null(),
    };

    fn dispatch(dispatch: &Dispatch) -> Self {
        let mut constants = [0; REFRAIN_MAX_CONSTANTS];
        for (to, (_, value)) in constants.iter_mut().zip(&dispatch.constants) {
            *to = *value;
        }
        Self {
            kernel: dispatch.kernel as u32,
            workgroups: dispatch.workgroups,
            constants,
            binding_count: dispatch.bindings.len() as u32,
            params_bytes: dispatch.params.len() as u32,
            bindings: dispatch.bindings.as_ptr().cast(),
            params: dispatch.params.as_ptr().cast(),
            ..Self::NONE
        }
    }
}

/// Which commands use the buffers, counted over a list of segments: two buffers of the role scratch
/// may share memory if they are in use at once in none of the lists that the host runs as one.
///
/// - `program`: shared.
/// - `segments`: in, `segment_count` numbers.
/// - `segment_count`: in.
/// - `lifetimes_out`: out, room for `capacity` lifetimes.
/// - `capacity`: in; at least `buffer_count` of the program.
///
/// Returns REFRAIN_OK; REFRAIN_E_CAPACITY if there is no room for `buffer_count` of them;
/// REFRAIN_E_RANGE if there is no such segment;
/// REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no program or a pointer is not aligned;
/// REFRAIN_E_PANIC.
///
/// cbindgen:prefix=REFRAIN_EXPERIMENTAL
#[unsafe(no_mangle)]
pub unsafe extern "C" fn refrain_program_lifetimes(
    program: *const refrain_program,
    segments: *const u32,
    segment_count: usize,
    lifetimes_out: *mut refrain_lifetime,
    capacity: usize,
) -> refrain_status {
    guard(|| {
        // SAFETY: the pointer contract of this module.
        let (lowered, segments) = unsafe { (shared(program)?, inputs(segments, segment_count)?) };
        // SAFETY: the pointer contract of this module.
        let lifetimes_out = unsafe { room(lifetimes_out, capacity)? };
        let recording = lowered.recording();
        if segments
            .iter()
            .any(|id| *id as usize >= recording.segments.len())
        {
            return Err(REFRAIN_E_RANGE);
        }
        let path: Vec<SegmentId> = segments.iter().map(|id| SegmentId(*id)).collect();
        let lifetimes: Vec<refrain_lifetime> = recording
            .lifetimes(&path)
            .into_iter()
            .map(|used| refrain_lifetime {
                first: used.map_or(REFRAIN_NONE, |used| used.first),
                last: used.map_or(REFRAIN_NONE, |used| used.last),
            })
            .collect();
        fill(lifetimes_out, &lifetimes, &mut MaybeUninit::uninit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::KERNELS;

    #[test]
    fn every_kernel_has_room_for_its_constants() {
        let most = KERNELS.iter().map(|kernel| kernel.constants.len()).max();
        assert!(most.is_some_and(|most| most <= REFRAIN_MAX_CONSTANTS));
    }
}
