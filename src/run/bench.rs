//! How fast a device runs a model's forward pass, kernel by kernel.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    sync::Arc,
    vec,
    vec::Vec,
};
use core::time::Duration;
use std::time::Instant;

use super::{engine::Engine, error::RunError};
use crate::{
    dit::Lowering,
    executor::{Executor, ExecutorError, WeightSource, WeightTensor},
    kernels::{
        Buffer, BufferId, Command, Dispatch, KernelId, MemoryPlan, Recording, Role, Segment,
        SegmentId, WeightFormat, params::LinearParams,
    },
};

/// The fewest times that anything is measured.
const SAMPLES: usize = 5;
/// The shortest time that is measured as one: the clock and the wait must not show in it.
const SHORTEST: Duration = Duration::from_millis(20);
/// Sides of the square products that are tried, until one takes longer than that.
const SIDES: [u32; 4] = [512, 1024, 2048, 4096];
const LONG_PRODUCT: f64 = 0.1;
/// Elements of the copied buffer, 64 MiB: more than caches hold.
const COPIED: usize = 1 << 24;

/// What a device can do, as its own kernels show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ceiling {
    /// The linear kernel on the fastest of some large square shapes, f32 weights.
    pub product: Measured,
    /// A copy of 64 MiB.
    pub copy: Measured,
}

/// Work and how long it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The kernel's name, `copy`, or `forward` for the whole pass.
    pub name: &'static str,
    /// Its shape, as [`Dispatch::shape`] says it.
    pub shape: String,
    /// How often the forward pass has it.
    pub calls: u32,
    /// Multiply-adds of one call.
    pub multiply_adds: u64,
    /// Bytes that one call must read and write: [`Dispatch::bytes_moved`].
    pub bytes: u64,
    /// Median seconds of one call.
    pub seconds: f64,
}

/// A forward pass, measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Bench {
    /// The device, measured just before.
    pub ceiling: Ceiling,
    /// Every kernel at every shape, in the order of the pass.
    pub kernels: Vec<Measured>,
    /// The pass as a whole.
    pub forward: Measured,
}

impl Measured {
    /// Floating-point operations a second, two for a multiply-add.
    #[must_use]
    pub fn operations_per_second(&self) -> f64 {
        2.0 * self.multiply_adds as f64 / self.seconds
    }

    /// Bytes a second.
    #[must_use]
    pub fn bytes_per_second(&self) -> f64 {
        self.bytes as f64 / self.seconds
    }

    /// The time that the device needs at its ceiling, for the multiply-adds or the bytes, whichever
    /// takes longer, over the time it took. Above 1 where the data were in a cache: the ceiling of
    /// memory is that of a copy which no cache holds.
    #[must_use]
    pub fn fraction_of(&self, ceiling: &Ceiling) -> f64 {
        let products = 2.0 * self.multiply_adds as f64 / ceiling.product.operations_per_second();
        let memory = self.bytes as f64 / ceiling.copy.bytes_per_second();
        products.max(memory) / self.seconds
    }
}

impl Engine {
    /// Measures the device's [`Ceiling`].
    ///
    /// # Errors
    /// [`RunError`] if the device fails, or cannot hold the buffers.
    pub fn ceiling(&self, seconds: f64) -> Result<Ceiling, RunError> {
        let budget = budget(seconds)?;
        let mut best: Option<Measured> = None;
        for side in SIDES {
            let recording = Arc::new(product(side));
            let fill = Fill::of(&recording);
            let mut run = Timed::new(self.device().executor_of(&fill, &recording)?, BufferId(3))?;
            run.fill(BufferId(0))?;
            let found = run.measure(SegmentId(0), budget)?;
            let seconds = found.seconds;
            if best
                .as_ref()
                .is_none_or(|best| found.operations_per_second() > best.operations_per_second())
            {
                best = Some(found);
            }
            if seconds > LONG_PRODUCT {
                break;
            }
        }
        let recording = Arc::new(copy());
        let fill = Fill::of(&recording);
        let mut run = Timed::new(self.device().executor_of(&fill, &recording)?, BufferId(1))?;
        let copy = run.measure(SegmentId(0), budget)?;
        // There is a side that was measured.
        let product = best.unwrap_or_else(|| copy.clone());
        Ok(Ceiling { product, copy })
    }

    /// Measures the forward pass on `rows` pictures, and each of its kernels at each of its shapes,
    /// for about `seconds` each and at least five times.
    ///
    /// The calls of a kernel at one shape run back to back, with the weights that they have in the
    /// pass, and count a share each. A GPU gets many repetitions in one submission, and one wait.
    ///
    /// # Errors
    /// [`RunError`] if `rows` is 0 or `seconds` no positive number, the device fails, or cannot hold
    /// the buffers.
    pub fn bench(&self, rows: u32, seconds: f64) -> Result<Bench, RunError> {
        let ceiling = self.ceiling(seconds)?;
        let (mut run, kernels) = self.parts(rows)?;
        let budget = budget(seconds)?;
        let forward = run.measure(SegmentId(0), budget)?;
        let kernels = (1..=kernels).map(|id| run.measure(SegmentId(id), budget));
        Ok(Bench {
            kernels: kernels.collect::<Result<_, _>>()?,
            forward,
            ceiling,
        })
    }

    /// Measures the forward pass on `rows` pictures as a whole, for about `seconds`.
    ///
    /// # Errors
    /// As for [`bench`](Self::bench).
    pub fn bench_forward(&self, rows: u32, seconds: f64) -> Result<Measured, RunError> {
        let (mut run, _) = self.parts(rows)?;
        run.measure(SegmentId(0), budget(seconds)?)
    }

    /// The forward pass as segment 0, and behind it one segment for each kernel and shape; how many
    /// those are.
    fn parts(&self, rows: u32) -> Result<(Timed, u32), RunError> {
        if rows == 0 {
            return Err(RunError::setting("rows", "0", "it must be 1 or more"));
        }
        let program = Lowering::whole(rows).program(self.model())?;
        let commands: Vec<Command> = program
            .computed(None)
            .iter()
            .filter_map(|id| program.recording.segments.get(id.0 as usize))
            .flat_map(|segment| segment.commands.iter().cloned())
            .collect();
        let mut segments = vec![Segment {
            name: "forward".into(),
            commands,
        }];
        let mut apart: Vec<Segment> = Vec::new();
        for command in segments.iter().flat_map(|forward| &forward.commands) {
            let like = apart.iter_mut().find(|segment| {
                let first = segment.commands.first();
                first.is_some_and(|first| is_like(first, command, &program.recording))
            });
            match like {
                Some(segment) => segment.commands.push(command.clone()),
                None => apart.push(Segment {
                    name: String::new(),
                    commands: vec![command.clone()],
                }),
            }
        }
        let kernels = apart.len() as u32;
        segments.extend(apart);
        let recording = Arc::new(Recording {
            buffers: program.recording.buffers.clone(),
            segments,
        });
        let (buffers, plan) = (&program.buffers, MemoryPlan::apart(&recording));
        let mut run = Timed::new(self.device().executor(&recording, &plan)?, buffers.output)?;
        run.fill(buffers.x)?;
        run.executor.write(buffers.t, &vec![500.0; rows as usize])?;
        run.executor.run(&[SegmentId(0)])?;
        Ok((run, kernels))
    }
}

/// Whether two commands do the same with different data.
fn is_like(a: &Command, b: &Command, recording: &Recording) -> bool {
    let len = |id: &BufferId| recording.buffers.get(id.0 as usize).map(|b| b.len);
    match (a, b) {
        (Command::Copy { to: a, .. }, Command::Copy { to: b, .. }) => len(a) == len(b),
        (Command::Dispatch(a), Command::Dispatch(b)) => {
            (a.kernel, &a.constants) == (b.kernel, &b.constants) && a.shape() == b.shape()
        }
        _ => false,
    }
}

/// An executor with a clock.
struct Timed {
    executor: Box<dyn Executor>,
    /// What is read to wait for the device.
    awaited: BufferId,
    /// Seconds that a wait takes when there is nothing to wait for.
    idle: f64,
}

impl Timed {
    fn new(executor: Box<dyn Executor>, awaited: BufferId) -> Result<Self, RunError> {
        let mut timed = Self {
            executor,
            awaited,
            idle: 0.0,
        };
        let waits = (0..=SAMPLES).map(|_| timed.once(&[]));
        let waits = waits.collect::<Result<Vec<_>, _>>()?;
        timed.idle = median(waits.into_iter().skip(1).collect());
        Ok(timed)
    }

    /// Puts numbers of about the size that a network sees into a buffer.
    fn fill(&mut self, buffer: BufferId) -> Result<(), ExecutorError> {
        let buffers = &self.executor.recording().buffers;
        let len = buffers.get(buffer.0 as usize).map_or(0, |b| b.len);
        let values: Vec<f32> = (0..len).map(|i| (i % 251) as f32 / 125.0 - 1.0).collect();
        self.executor.write(buffer, &values)
    }

    /// Seconds of one submission and the wait for it.
    fn once(&mut self, path: &[SegmentId]) -> Result<f64, RunError> {
        let start = Instant::now();
        self.executor.run(path)?;
        self.executor.read(self.awaited, &mut [0.0])?;
        Ok(start.elapsed().as_secs_f64())
    }

    /// Measures a segment of like commands, or one that is a whole.
    fn measure(&mut self, id: SegmentId, budget: Duration) -> Result<Measured, RunError> {
        self.once(&[id])?;
        let first = (self.once(&[id])? - self.idle).max(1e-7);
        let repeats = (SHORTEST.as_secs_f64() / first).ceil().clamp(1.0, 4096.0) as usize;
        let path = vec![id; repeats];
        let start = Instant::now();
        let mut samples = Vec::new();
        while samples.len() < SAMPLES || start.elapsed() < budget {
            let all = (self.once(&path)? - self.idle).max(1e-9);
            samples.push(all / repeats as f64);
        }
        let recording = self.executor.recording();
        let segment = recording.segments.get(id.0 as usize);
        let commands = segment.map_or(&[][..], |segment| &segment.commands);
        let whole = segment.is_some_and(|segment| segment.name == "forward");
        let (name, shape) = match commands.first() {
            _ if whole => ("forward", format!("{} commands", commands.len())),
            Some(Command::Dispatch(dispatch)) => (dispatch.kernel.kernel().name, dispatch.shape()),
            Some(Command::Copy { from, .. }) => {
                let buffer = recording.buffers.get(from.0 as usize);
                ("copy", buffer.map_or(0, |buffer| buffer.len).to_string())
            }
            None => ("nothing", String::new()),
        };
        let calls = if whole {
            1
        } else {
            commands.len().max(1) as u32
        };
        Ok(Measured {
            name,
            shape,
            calls,
            multiply_adds: recording.multiply_adds(id) / u64::from(calls),
            bytes: recording.bytes_moved(id) / u64::from(calls),
            seconds: median(samples) / f64::from(calls),
        })
    }
}

fn budget(seconds: f64) -> Result<Duration, RunError> {
    if !(seconds > 0.0 && seconds <= 3600.0) {
        return Err(RunError::setting(
            "seconds",
            seconds.to_string(),
            "it must be more than 0, and at most 3600",
        ));
    }
    Ok(Duration::from_secs_f64(seconds))
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(0.0)
}

/// A square linear layer.
fn product(side: u32) -> Recording {
    let params = LinearParams {
        rows: side,
        inputs: side,
        outputs: side,
        tokens: 1,
        gate_stride: 0,
        gate_offset: 0,
        addend_rows: 0,
        pad: 0,
    };
    let square = side as usize * side as usize;
    let buffer = |name: &str, len, role| Buffer {
        name: name.into(),
        len,
        role,
    };
    let weight = Role::Weight(WeightFormat::F32);
    Recording {
        buffers: vec![
            buffer("x", square, Role::Input),
            buffer("weight", square, weight),
            buffer("bias", side as usize, weight),
            buffer("out", square, Role::Output),
        ],
        segments: vec![Segment {
            name: "product".into(),
            commands: vec![Command::Dispatch(Dispatch {
                kernel: KernelId::Linear,
                bindings: (0..4).map(BufferId).collect(),
                params: bytemuck::bytes_of(&params).into(),
                constants: vec![("FORMAT", WeightFormat::F32 as u32)],
                workgroups: params.workgroups(),
            })],
        }],
    }
}

/// A large copy.
fn copy() -> Recording {
    let buffer = |name: &str, role| Buffer {
        name: name.into(),
        len: COPIED,
        role,
    };
    Recording {
        buffers: vec![buffer("from", Role::Input), buffer("to", Role::Output)],
        segments: vec![Segment {
            name: "copy".into(),
            commands: vec![Command::Copy {
                first: 0,
                from: BufferId(0),
                to: BufferId(1),
            }],
        }],
    }
}

/// Weights that are all alike.
struct Fill {
    weights: Vec<(String, [usize; 1])>,
    bytes: Vec<u8>,
}

impl Fill {
    /// For every weight of a recording, f32.
    fn of(recording: &Recording) -> Self {
        let weights = recording
            .buffers
            .iter()
            .filter(|b| matches!(b.role, Role::Weight(_)));
        let weights: Vec<_> = weights.map(|b| (b.name.clone(), [b.len])).collect();
        let largest = weights.iter().map(|(_, [len])| *len).max().unwrap_or(0);
        Self {
            weights,
            bytes: 0.01f32.to_le_bytes().repeat(largest),
        }
    }
}

impl WeightSource for Fill {
    fn tensor(&self, name: &str) -> Option<WeightTensor<'_>> {
        let (_, shape) = self.weights.iter().find(|(known, _)| known == name)?;
        Some(WeightTensor {
            shape,
            format: WeightFormat::F32,
            bytes: self.bytes.get(..4 * shape.first()?)?,
        })
    }
}
