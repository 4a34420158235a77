//! The rule by which the manifest says how many workgroups a dispatch has, against the dispatches of
//! real programs.

use alloc::collections::BTreeSet;

use refrain::Policy;
use refrain::dit::{Lowering, Model, Overrides};
use refrain::kernels::export::{Field, Grid, Permutation};
use refrain::kernels::params::{LinearParams, NormParams, ReduceParams};
use refrain::kernels::{self, AnchorFormat, Command, Dispatch, KernelId, VARIANTS};

use crate::root;

/// The fields of a kernel's block, as naga sees them.
fn fields(kernel: KernelId) -> Vec<Field> {
    let constants = kernel.kernel().constants;
    let value = |name| if name == "HEAD_DIM" { 64 } else { 0 };
    let constants: Vec<_> = constants.iter().map(|&name| (name, value(name))).collect();
    let shader = Permutation::of(kernel, &constants).shader().expect("valid");
    let (fields, bytes) = shader.params();
    assert_eq!(bytes as usize, kernel.kernel().params_size);
    fields
}

/// The workgroups of a parameter block by the rule.
fn workgroups(grid: &Grid, fields: &[Field], params: &[u8]) -> Option<[u32; 3]> {
    grid.workgroups(|name| {
        let field = fields.iter().find(|field| field.name == name)?;
        assert_eq!(field.ty, "u32", "{name}");
        let bytes = params[field.offset as usize..].first_chunk()?;
        Some(u32::from_le_bytes(*bytes))
    })
}

/// Dispatches of whole and of cached runs.
fn dispatches() -> Vec<Dispatch> {
    let path = root().join("models/emoji/emoji_dit_f16.safetensors");
    let model = Model::open(&path, &Overrides::default()).expect("a model");
    let policies = [
        "full",
        "taylorseer:interval=4,order=1",
        "teacache:metric=cosine,threshold=0.1",
        "teacache:metric=relative-l2,threshold=0.1",
        "seacache",
        "easycache:threshold=0.03",
        "cfgcache",
        "freqca",
    ];
    let stored = policies.map(|policy| (policy, AnchorFormat::F32));
    let others = [AnchorFormat::F16, AnchorFormat::Int8].map(|format| (policies[1], format));
    let mut all = Vec::new();
    for (policy, format) in stored.into_iter().chain(others) {
        let policy = Policy::parse(policy).unwrap_or_else(|error| panic!("{policy}: {error}"));
        let mut lowering = Lowering::for_policy(&policy, 3, 2.0, 20);
        lowering.anchor_format = format;
        let program = lowering.program(&model).expect("it fits");
        let recording = program.recording;
        let commands = recording.segments.iter().flat_map(|s| &s.commands);
        all.extend(commands.filter_map(|command| match command {
            Command::Dispatch(dispatch) => Some(dispatch.clone()),
            Command::Copy { .. } => None,
        }));
    }
    all
}

#[test]
fn rules_give_the_workgroups_of_recordings() {
    let mut seen = BTreeSet::new();
    let mut caught = 0;
    for dispatch in dispatches() {
        let (grid, fields) = (Grid::of(dispatch.kernel), fields(dispatch.kernel));
        let name = dispatch.kernel.kernel().name;
        let found = workgroups(&grid, &fields, &dispatch.params);
        assert_eq!(found, Some(dispatch.workgroups), "{name}: {grid}");
        seen.insert(dispatch.kernel);

        let mut planted = grid;
        planted.shares[0].per += 1;
        let found = workgroups(&planted, &fields, &dispatch.params);
        caught += usize::from(found != Some(dispatch.workgroups));
    }
    let missing = KernelId::ALL.iter().filter(|kernel| !seen.contains(kernel));
    assert_eq!(missing.count(), 0, "{seen:?}");
    assert!(caught > 100, "planted: {caught}");
}

/// The same for the variants: their own count of workgroups, where they take a dispatch.
#[test]
fn rules_give_the_workgroups_of_variants() {
    let mut dispatches = dispatches();
    let linear = dispatches
        .iter()
        .find(|dispatch| dispatch.kernel == KernelId::Linear)
        .expect("a linear layer")
        .clone();
    // Few rows, and more than one dimension has workgroups for.
    for rows in [1, 5, 16, 64 * 65_535 + 1] {
        let mut params: LinearParams = bytemuck::pod_read_unaligned(&linear.params);
        params.rows = rows;
        dispatches.push(Dispatch {
            params: bytemuck::bytes_of(&params).to_vec(),
            workgroups: params.workgroups(),
            ..linear.clone()
        });
    }

    let (mut seen, mut caught) = (BTreeSet::new(), 0);
    for dispatch in dispatches {
        let fields = fields(dispatch.kernel);
        for variant in dispatch.kernel.variants() {
            let Some(expected) = variant.workgroups(&dispatch) else {
                continue;
            };
            let grid = Grid::of_variant(variant);
            let name = variant.kernel_name(dispatch.kernel);
            let found = workgroups(&grid, &fields, &dispatch.params);
            assert_eq!(found, Some(expected), "{name}: {grid}");
            seen.insert((variant.family.operations()[0], variant.name));

            let mut planted = *variant;
            planted.grid = match variant.grid {
                kernels::Grid::Tiles { rows, columns } => kernels::Grid::Tiles {
                    rows,
                    columns: columns + 1,
                },
                kernels::Grid::Queries { queries } => kernels::Grid::Queries {
                    queries: queries + 1,
                },
            };
            let found = workgroups(&Grid::of_variant(&planted), &fields, &dispatch.params);
            caught += usize::from(found != Some(expected));
        }
    }
    assert_eq!(seen.len(), VARIANTS.len(), "{seen:?}");
    assert!(caught > 100, "planted: {caught}");
}

/// Beyond the limit on a dimension, and where there is nothing to do.
#[test]
fn rules_wrap_as_the_parameters_do() {
    for rows in [0, 1, 64, 65, 64 * 65_535, 64 * 65_535 + 1] {
        let linear = LinearParams {
            rows,
            inputs: 8,
            outputs: 100,
            tokens: 1,
            gate_stride: 0,
            gate_offset: 0,
            addend_rows: 0,
            pad: 0,
        };
        let norm = NormParams {
            rows,
            channels: 8,
            tokens: 1,
            stride: 16,
            shift_offset: 0,
            scale_offset: 8,
            epsilon: 1e-6,
            grid: 65_535,
        };
        let reduce = ReduceParams {
            len: rows,
            slice: 7,
            slot: 0,
            pad: 0,
        };
        for (kernel, params, expected) in [
            (
                KernelId::Linear,
                bytemuck::bytes_of(&linear),
                linear.workgroups(),
            ),
            (
                KernelId::LayerNormModulate,
                bytemuck::bytes_of(&norm),
                norm.workgroups(),
            ),
            (
                KernelId::Products,
                bytemuck::bytes_of(&reduce),
                reduce.workgroups(),
            ),
        ] {
            let found = workgroups(&Grid::of(kernel), &fields(kernel), params);
            let empty = |[x, y, z]: [u32; 3]| x.min(y).min(z) == 0;
            if empty(expected) {
                assert!(found.is_some_and(empty), "{kernel:?} {rows}: {found:?}");
            } else {
                assert_eq!(found, Some(expected), "{kernel:?} {rows}");
            }
        }
    }
    let nothing = Grid::of(KernelId::Products).workgroups(|_| Some(0));
    assert_eq!(nothing, None, "a slice of nothing");
    assert_eq!(Grid::of(KernelId::Blend).workgroups(|_| None), None);
}
