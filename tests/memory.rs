//! Buffers that share memory: nothing that is still read is overwritten, and the bytes that are told
//! are those that are taken. On the CPU these are counted by `tests/cpu_allocations.rs`.

#![cfg(feature = "cpu")]

extern crate alloc;

#[cfg(feature = "gpu")]
mod adapter;
mod reference;

use alloc::sync::Arc;

use reference::emoji;
use refrain::{
    Policy,
    cpu::{CpuDevice, CpuExecutor, CpuWeights},
    dit::{Lowering, Model, Overrides, Program},
    executor::Executor,
    kernels::{
        Alternatives, Buffer, BufferId, Command, Dispatch, KernelId, MemoryPlan, Recording, Role,
        Segment, SegmentId,
        params::{SubtractParams, elementwise_row},
    },
    policy::Method,
    sampler::noise,
    text::Named,
};

fn small(name: &str) -> Model {
    let heads = Overrides {
        num_heads: Some(2),
        prediction: None,
    };
    let path = reference::path(&format!("tests/data/{name}.safetensors"));
    Model::open(&path, &heads).expect("a model")
}

/// Every site, signal and ring that differs in what is kept or measured.
const POLICIES: [&str; 20] = [
    "full",
    "taylorseer:site=trunk",
    "taylorseer",
    "teacache",
    "fbcache:front=1,back=1",
    "easycache",
    "dicache",
    "deltadit",
    "cfgcache",
    "spectrum",
    "dmd",
    "speca",
    "interval:site=stage,predictor=foca",
    "interval:site=model,keep=output,predictor=taylor,order=2",
    "interval:site=attention,predictor=dmd",
    "teacache:signal=block-input,site=blocks,threshold=1",
    "teacache:filter=sea,filter_size=2",
    "full:gauge=late,interval=3,threshold=1000,signal=block-output,site=modules",
    "full:gauge=late,interval=2,threshold=1000,signal=block-residual,site=trunk",
    "interval:predictor=newton,order=1,split=band,band=0.4,site=branch",
];

fn program(model: &Model, text: &str) -> Program {
    let policy = Policy::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let lowering = Lowering::for_policy(&policy, 2, 1.5, 50);
    let program = lowering.program(model);
    program.unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The check goes forwards, the plan was made backwards.
#[test]
fn every_plan_is_sound_and_saves() {
    let models = ["dit_d144_h2", "dit_d48_h2_sigma", "dit_d64_deep"].map(small);
    let presets = Method::ALL.iter().map(|method| method.name());
    let texts: Vec<&str> = POLICIES.into_iter().chain(presets).collect();
    let mut plans = 0;
    for model in &models {
        for text in &texts {
            let policy = Policy::parse(text).expect("a policy");
            let lowering = Lowering::for_policy(&policy, 2, 1.5, 50);
            // Some presets do not fit a model of three blocks.
            let Ok(program) = lowering.program(model) else {
                continue;
            };
            let Program {
                recording, plan, ..
            } = &program;
            plan.check(recording).expect(text);
            plan.verify(recording, &program.order()).expect(text);
            let apart = MemoryPlan::apart(recording);
            apart.verify(recording, &program.order()).expect(text);
            let scratch = |plan: &MemoryPlan| {
                let own = recording
                    .buffers
                    .iter()
                    .filter(|b| !matches!(b.role, Role::Scratch | Role::Weight(_)));
                plan.bytes() - own.map(Buffer::bytes).sum::<u64>()
            };
            let share = scratch(plan) as f64 / scratch(&apart) as f64;
            assert!(share < 0.85, "{text}: {share}");
            plans += 1;
        }
    }
    assert!(plans > 150, "{plans}");
}

/// What a computed, a kept, a skipped and a computed call give, from different inputs.
fn outputs(program: &Program, plan: &MemoryPlan, model: &Model) -> Vec<Vec<f32>> {
    let device = CpuDevice::new(Some(2)).expect("a CPU");
    let recording = &program.recording;
    let weights = CpuWeights::load(&device, model, recording).expect("weights");
    let executor = CpuExecutor::with_plan(&device, Arc::clone(recording), plan, &weights);
    let mut executor = executor.expect("an executor");
    for (buffer, values) in &program.constants {
        executor.write(*buffer, values).expect("a constant");
    }
    let len = |id: BufferId| recording.buffers[id.0 as usize].len;
    for weights in &program.buffers.weights {
        executor.write(*weights, &[0.75, 0.5]).expect("weights");
    }
    let mut all = Vec::new();
    let mut paths = vec![
        program.computed(Some(0)),
        program.computed(Some(1)),
        program.computed(None),
    ];
    if program.granules().all(|granule| granule.predict.is_some()) {
        paths.insert(2, program.skipped(None));
    }
    for (seed, path) in paths.into_iter().enumerate() {
        for id in [program.buffers.x, program.buffers.t] {
            let mut values = vec![0.0; len(id)];
            noise(seed as u64 + 1, values.len(), &mut values);
            executor.write(id, &values).expect("an input");
        }
        executor.run(&path).expect("a call");
        let id = program.buffers.guided.unwrap_or(program.buffers.output);
        let mut values = vec![0.0; len(id)];
        executor.read(id, &mut values).expect("an output");
        all.push(values);
    }
    all
}

#[test]
fn sharing_changes_no_bit() {
    let model = small("dit_d144_h2");
    for text in POLICIES {
        let program = program(&model, text);
        let apart = outputs(&program, &MemoryPlan::apart(&program.recording), &model);
        assert!(outputs(&program, &program.plan, &model) == apart, "{text}");
        assert!(
            apart.iter().flatten().all(|value| value.is_finite()),
            "{text}"
        );
    }
}

/// The plan with two of its slots made one.
fn merged(program: &Program, [one, other]: [usize; 2]) -> MemoryPlan {
    MemoryPlan::new(&program.recording, |id| match program.plan.slot(id) {
        Some(slot) if slot == other => one as u32,
        Some(slot) => slot as u32,
        None => u32::MAX,
    })
}

/// Slots that hold scratch alone.
fn scratch_slots(program: &Program) -> Vec<usize> {
    let Program {
        recording, plan, ..
    } = program;
    let of_scratch = |slot: &usize| {
        let buffers = recording.buffers.iter().zip(0..);
        buffers
            .filter(|(_, id)| plan.slot(BufferId(*id)) == Some(*slot))
            .all(|(buffer, _)| buffer.role == Role::Scratch)
    };
    (0..plan.slots().len()).filter(of_scratch).collect()
}

/// The plan is as small as first fit makes it: any two slots made one are caught, by the check and
/// by what comes out.
#[test]
fn one_buffer_too_many_in_a_slot_is_caught() {
    let model = small("dit_d144_h2");
    let (mut caught, mut seen) = (0, 0);
    for text in ["taylorseer:site=trunk", "dicache", "taylorseer"] {
        let program = program(&model, text);
        let apart = outputs(&program, &MemoryPlan::apart(&program.recording), &model);
        let slots = scratch_slots(&program);
        for (i, one) in slots.iter().enumerate() {
            for other in &slots[i + 1..] {
                let plan = merged(&program, [*one, *other]);
                let checked = plan.check(&program.recording);
                let verified = plan.verify(&program.recording, &program.order());
                let Err(error) = checked.clone().and(verified) else {
                    panic!("{text}: {one} and {other} are one");
                };
                assert!(error.to_string().contains('`'), "{error}");
                caught += 1;
                if checked.is_ok() {
                    seen += u32::from(outputs(&program, &plan, &model) != apart);
                }
            }
        }
    }
    // Some of what is overwritten is read by no path that is run here.
    assert!(caught > 10 && seen > 2, "{caught}, {seen}");
}

const LEN: usize = 40;

/// `out = a − b`.
fn subtract([a, b, out]: [u32; 3], len: u32) -> Command {
    let params = SubtractParams {
        len,
        row: elementwise_row(len),
        pad: [0; 2],
    };
    Command::Dispatch(Dispatch {
        kernel: KernelId::Subtract,
        bindings: [a, b, out].map(BufferId).into(),
        params: bytemuck::bytes_of(&params).to_vec(),
        constants: vec![],
        workgroups: params.workgroups(),
    })
}

/// SplitMix64: Steele, Lea and Flood, 2014.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % count as u64) as usize
    }
}

/// Two inputs, an output, and scratch buffers of many lengths that a few dozen commands read and
/// write, whole or in part, in segments of which some have alternatives.
fn random(seed: u64) -> (Recording, Vec<Alternatives>) {
    let mut random = Random(seed);
    let buffer = |name: &str, role, len| Buffer {
        name: name.into(),
        len,
        role,
    };
    let mut recording = Recording {
        buffers: vec![
            buffer("a", Role::Input, LEN),
            buffer("b", Role::Input, LEN),
            buffer("out", Role::Output, LEN),
        ],
        segments: vec![],
    };
    let scratch = 3 + random.below(9);
    for number in 0..scratch {
        let len = LEN + random.below(3);
        let name = format!("scratch.{number}");
        recording.buffers.push(buffer(&name, Role::Scratch, len));
    }
    let mut order = Vec::new();
    // Nearly everything that is read was written in the same call, at least on one way.
    let mut known = vec![0, 1];
    for _ in 0..2 + random.below(5) {
        let mut ways = Vec::new();
        for _ in 0..1 + random.below(3) {
            let mut commands = Vec::new();
            for _ in 0..random.below(6) {
                let out = 3 + random.below(scratch) as u32;
                let mut read = || {
                    let at = match random.below(40) {
                        0 => 3 + random.below(scratch) as u32,
                        _ => known[random.below(known.len())],
                    };
                    if at == out { 0 } else { at }
                };
                let (a, b) = (read(), read());
                let len = if random.below(8) == 0 { LEN / 2 } else { LEN };
                commands.push(subtract([a, b, out], len as u32));
                known.push(out);
            }
            let name = format!("segment.{}", recording.segments.len());
            recording.segments.push(Segment { name, commands });
            ways.push(vec![SegmentId(recording.segments.len() as u32 - 1)]);
        }
        if random.below(3) == 0 {
            ways.push(vec![]);
        }
        order.push(ways);
    }
    let mut read = || known[random.below(known.len())];
    let last = subtract([read(), read(), 2], LEN as u32);
    recording.segments.push(Segment {
        name: "out".into(),
        commands: vec![last],
    });
    let last = recording.segments.len() as u32 - 1;
    order.push(vec![vec![SegmentId(last)]]);
    (recording, order)
}

/// What a few calls give, each along a path of its own.
fn calls(recording: &Recording, plan: &MemoryPlan, order: &[Alternatives]) -> Vec<Vec<f32>> {
    let device = CpuDevice::new(Some(1)).expect("a CPU");
    let recording = Arc::new(recording.clone());
    let weights = CpuWeights::load(&device, &small("dit_d144_h2"), &recording).expect("none");
    let executor = CpuExecutor::with_plan(&device, recording, plan, &weights);
    let mut executor = executor.expect("an executor");
    let mut all = Vec::new();
    for call in 0..6 {
        for input in 0..2 {
            let mut values = vec![0.0; LEN];
            noise(2 * call + input, LEN, &mut values);
            executor
                .write(BufferId(input as u32), &values)
                .expect("an input");
        }
        let mut random = Random(call);
        let ways = order
            .iter()
            .flat_map(|ways| ways[random.below(ways.len())].clone());
        executor.run(&ways.collect::<Vec<_>>()).expect("a call");
        let mut out = vec![0.0; LEN];
        executor.read(BufferId(2), &mut out).expect("the output");
        all.push(out);
    }
    all
}

#[test]
fn random_recordings_share_soundly() {
    let (mut saved, mut caught, mut differ) = (0, 0, 0);
    for seed in 0..300 {
        let (recording, order) = random(seed);
        recording.check().expect("sound");
        let plan = MemoryPlan::shared(&recording, &order);
        plan.check(&recording).expect("no dispatch has both");
        plan.verify(&recording, &order).expect("sound");
        let apart = MemoryPlan::apart(&recording);
        saved += u32::from(plan.bytes() < apart.bytes());
        let wanted = calls(&recording, &apart, &order);
        assert!(calls(&recording, &plan, &order) == wanted, "{seed}");
        // One buffer moved into the slot of another.
        let scratch = 3..recording.buffers.len() as u32;
        for (moved, to) in scratch.clone().zip(scratch.skip(1)) {
            let faulty = MemoryPlan::new(&recording, |id| {
                let id = if id.0 == moved { BufferId(to) } else { id };
                plan.slot(id).map_or(u32::MAX, |slot| slot as u32)
            });
            if faulty.check(&recording).is_err() {
                continue;
            }
            if faulty.verify(&recording, &order).is_err() {
                caught += 1;
                differ += u32::from(calls(&recording, &faulty, &order) != wanted);
            } else {
                assert!(
                    calls(&recording, &faulty, &order) == wanted,
                    "{seed}: missed"
                );
            }
        }
    }
    println!("{saved} save, {caught} faults are caught, {differ} are seen");
    assert!(
        saved > 50 && caught > 10 && differ > 5,
        "{saved}, {caught}, {differ}"
    );
}

/// Nothing is known of when a segment runs that the order leaves out.
#[test]
fn what_the_order_leaves_out_stays_apart() {
    let model = small("dit_d144_h2");
    let program = program(&model, "taylorseer:site=trunk");
    let recording = &program.recording;
    let order = program.order();
    assert_eq!(MemoryPlan::shared(recording, &order), program.plan);
    let apart = MemoryPlan::shared(recording, &order[..order.len() - 1]);
    let end = &recording.segments[program.segments.end.0 as usize];
    let mut alone = 0;
    for command in &end.commands {
        let Command::Dispatch(dispatch) = command else {
            continue;
        };
        for id in &dispatch.bindings {
            let slot = apart.slot(*id);
            let others = (0..recording.buffers.len() as u32).map(BufferId);
            let sharing = others.filter(|other| slot.is_some() && apart.slot(*other) == slot);
            assert_eq!(sharing.count(), usize::from(slot.is_some()));
            alone += usize::from(slot.is_some());
        }
    }
    assert!(alone > 5 && apart.bytes() > program.plan.bytes(), "{alone}");
    assert_eq!(
        MemoryPlan::shared(recording, &[]),
        MemoryPlan::apart(recording)
    );
}

#[test]
fn a_plan_of_another_recording_is_refused() {
    let model = small("dit_d144_h2");
    let [one, other] = ["teacache", "taylorseer"].map(|text| program(&model, text));
    let error = one.plan.check(&other.recording).expect_err("another");
    assert!(error.to_string().contains("another recording"), "{error}");
    let device = CpuDevice::new(Some(1)).expect("a CPU");
    let weights = CpuWeights::load(&device, &model, &other.recording).expect("weights");
    let recording = Arc::clone(&other.recording);
    let error = CpuExecutor::with_plan(&device, recording, &one.plan, &weights);
    let error = error.expect_err("another").to_string();
    assert!(error.contains("another recording"), "{error}");
}

/// What the CPU executor holds, but for its weights and its threads' scratch, is the plan's.
#[test]
fn the_cpu_takes_the_bytes_of_the_plan() {
    let model = emoji();
    let device = CpuDevice::new(Some(2)).expect("a CPU");
    let program = program(&model, "taylorseer");
    let recording = &program.recording;
    let weights = CpuWeights::load(&device, &*model, recording).expect("weights");
    assert_eq!(CpuWeights::bytes_of(&device, recording), weights.bytes());
    let executor = CpuExecutor::with_plan(&device, Arc::clone(recording), &program.plan, &weights);
    let scratch = CpuExecutor::scratch_bytes(&device, recording).expect("sound");
    let taken = executor.expect("an executor").bytes() - scratch;
    // Every slot ends with a line of 64 bytes.
    let slots = program.plan.slots().len() as u64;
    let planned = program.plan.bytes();
    assert!(
        (planned..=planned + 64 * slots).contains(&taken),
        "{taken}, {planned}"
    );
}

#[cfg(feature = "gpu")]
#[test]
fn the_gpu_takes_what_was_told() {
    use refrain::gpu::{GpuExecutor, GpuWeights};
    let Some(device) = adapter::device() else {
        return;
    };
    let model = emoji();
    for text in ["full", "taylorseer", "teacache", "fbcache", "spectrum"] {
        let program = program(&model, text);
        let weights = GpuWeights::load(&device, &*model, &program.recording).expect("weights");
        let recording = Arc::clone(&program.recording);
        let executor = GpuExecutor::with_plan(&device, recording, &program.plan, &weights);
        let taken = weights.bytes() + executor.expect("an executor").bytes();
        let told = program.memory().total();
        let apart = taken as f64 / told as f64 - 1.0;
        println!("{text}: told {told}, taken {taken}");
        assert!(apart.abs() <= 0.05, "{text}: {apart}");
    }
}
