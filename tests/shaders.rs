//! Every row of the kernel table against its WGSL, as naga sees it. Needs no device.
#![cfg(feature = "kernels")]

use core::mem::offset_of;
use std::{fs, path::Path};

use naga::{
    AddressSpace, ArraySize, Module, StorageAccess, TypeInner,
    back::{PipelineConstants, pipeline_constants::process_overrides},
    proc::Layouter,
    valid::{
        Capabilities, ModuleInfo, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator,
    },
};
use refrain::decide;
use refrain::kernels::{
    Access, Element, Family, KERNELS, Kernel, KernelId, VARIANTS, Variant, params::*,
};

/// The members of a kernel's parameter block, as Rust lays them out.
fn members(id: KernelId) -> Vec<(&'static str, usize)> {
    macro_rules! offsets {
        ($block:ident: $($member:ident)*) => {
            vec![$((stringify!($member), offset_of!($block, $member)),)*]
        };
    }
    match id {
        KernelId::Patchify | KernelId::Unpatchify => {
            offsets!(PatchParams: batch channels height width patch_size row pad)
        }
        KernelId::TimestepFeatures => offsets!(TimestepParams: batch features max_period row),
        KernelId::Linear
        | KernelId::LinearGelu
        | KernelId::LinearSilu
        | KernelId::LinearGated
        | KernelId::LinearAdd => offsets!(
            LinearParams: rows inputs outputs tokens gate_stride gate_offset addend_rows pad
        ),
        KernelId::Condition => offsets!(ConditionParams: batch channels labels row),
        KernelId::LayerNormModulate => offsets!(
            NormParams: rows channels tokens stride shift_offset scale_offset epsilon grid
        ),
        KernelId::Attention => offsets!(AttentionParams: batch tokens heads scale),
        KernelId::Guide | KernelId::GuideDifference | KernelId::GuideKept => {
            offsets!(GuideParams: batch channels out_channels pixels scale row pad)
        }
        KernelId::AbsoluteSums
        | KernelId::SquareSums
        | KernelId::Products
        | KernelId::SumPartials => {
            offsets!(ReduceParams: len slice slot pad)
        }
        KernelId::Subtract => offsets!(SubtractParams: len row pad),
        KernelId::Blend => {
            let members = offsets!(
                BlendParams: len count first use_base base_offset width stride offset row
            );
            padded(members, offset_of!(BlendParams, pad))
        }
        KernelId::Keep => {
            let members = offsets!(KeepParams: len words use_base offset row);
            padded(members, offset_of!(KeepParams, pad))
        }
        KernelId::KeepInt8 => {
            let members = offsets!(KeepInt8Params: rows width use_base offset grid);
            padded(members, offset_of!(KeepInt8Params, pad))
        }
        KernelId::GatedAdd => {
            offsets!(GatedAddParams: rows channels tokens stride offset row pad)
        }
        KernelId::MixTokens => {
            let members = offsets!(MixParams: batch tokens channels rows row);
            padded(members, offset_of!(MixParams, pad))
        }
    }
}

/// A uniform block cannot hold an array of three words without padding of its own.
fn padded(mut members: Vec<(&'static str, usize)>, pad: usize) -> Vec<(&'static str, usize)> {
    members.extend([("pad_0", pad), ("pad_1", pad + 4), ("pad_2", pad + 8)]);
    members
}

/// Values to try for a kernel's constants, those with the most workgroup memory among them.
fn constants(kernel: &Kernel) -> Vec<PipelineConstants> {
    let mut sets = vec![PipelineConstants::default()];
    for name in kernel.constants {
        let values: &[u32] = match *name {
            "FORMAT" => &[0, 1, 2],
            "ANCHOR_FORMAT" => &[0, 1, 2],
            "HEAD_DIM" => &[24, 72, 128],
            _ => panic!("constant `{name}` is not known here"),
        };
        let with = |set: &PipelineConstants, value: u32| {
            let mut set = set.clone();
            set.insert((*name).to_owned(), f64::from(value));
            set
        };
        sets = sets
            .iter()
            .flat_map(|set| values.iter().map(move |v| with(set, *v)))
            .collect();
    }
    sets
}

/// Parses and validates without any capability beyond WebGPU's core. naga counts `unpack2x16float`,
/// which is core WGSL, as one, because OpenGL ES 3.0 lacks it.
fn validate(source: &str) -> Result<(Module, ModuleInfo), String> {
    validate_with(source, Capabilities::empty())
}

fn validate_with(source: &str, more: Capabilities) -> Result<(Module, ModuleInfo), String> {
    let module = naga::front::wgsl::parse_str(source).map_err(|e| e.emit_to_string(source))?;
    let mut validator = Validator::new(
        ValidationFlags::all(),
        Capabilities::SHADER_FLOAT16_IN_FLOAT32 | more,
    );
    if more.contains(Capabilities::SUBGROUP) {
        validator
            .subgroup_stages(ShaderStages::COMPUTE)
            .subgroup_operations(SubgroupOperationSet::all());
    }
    let info = validator
        .validate(&module)
        .map_err(|e| e.emit_to_string(source))?;
    Ok((module, info))
}

/// Whether the kernel's text, its row and its parameter block agree.
fn check(kernel: &Kernel, members: &[(&str, usize)]) -> Result<(), String> {
    for forbidden in ["num_workgroups", "arrayLength", "enable "] {
        if kernel.source.contains(forbidden) {
            return Err(format!("`{forbidden}` is used"));
        }
    }
    let (module, info) = validate(kernel.source)?;
    check_entry(kernel, &module)?;
    check_bindings(kernel, &module)?;
    check_params(kernel, members, &module)?;
    let mut names: Vec<_> = module
        .overrides
        .iter()
        .filter_map(|(_, constant)| constant.name.as_deref())
        .collect();
    names.sort_unstable();
    if names != kernel.constants {
        return Err(format!("overrides {names:?}, table {:?}", kernel.constants));
    }
    for set in constants(kernel) {
        let entry = Some((naga::ShaderStage::Compute, "main"));
        let (module, _) =
            process_overrides(&module, &info, entry, &set).map_err(|e| format!("{set:?}: {e}"))?;
        check_workgroup_memory(&module).map_err(|why| format!("{set:?}: {why}"))?;
    }
    Ok(())
}

fn check_entry(kernel: &Kernel, module: &Module) -> Result<(), String> {
    let [entry] = module.entry_points.as_slice() else {
        return Err(format!("{} entry points", module.entry_points.len()));
    };
    if entry.name != "main" || entry.stage != naga::ShaderStage::Compute {
        return Err(format!("entry point `{}`", entry.name));
    }
    if entry.workgroup_size != kernel.workgroup || entry.workgroup_size_overrides.is_some() {
        return Err(format!(
            "workgroup {:?}, table {:?}",
            entry.workgroup_size, kernel.workgroup
        ));
    }
    if kernel.workgroup.iter().product::<u32>() > 256 {
        return Err("more than 256 invocations".into());
    }
    Ok(())
}

fn check_bindings(kernel: &Kernel, module: &Module) -> Result<(), String> {
    let mut bound: Vec<_> = module
        .global_variables
        .iter()
        .filter_map(|(_, variable)| Some((variable.binding?, variable)))
        .collect();
    bound.sort_by_key(|(at, _)| (at.group, at.binding));
    if bound.len() != kernel.bindings.len() + 1 {
        return Err(format!(
            "{} bindings, table {}",
            bound.len(),
            kernel.bindings.len() + 1
        ));
    }
    if kernel.bindings.len() > 8 {
        return Err("more than 8 storage buffers".into());
    }
    for (i, (at, variable)) in bound.iter().enumerate() {
        if (at.group, at.binding as usize) != (0, i) {
            return Err(format!("binding {i} is at {at:?}"));
        }
        if i == 0 {
            if variable.space != AddressSpace::Uniform {
                return Err("binding 0 is no uniform".into());
            }
            continue;
        }
        let spec = &kernel.bindings[i - 1];
        if variable.name.as_deref() != Some(spec.name) {
            return Err(format!(
                "binding {i} is {:?}, table `{}`",
                variable.name, spec.name
            ));
        }
        let access = match spec.access {
            Access::Read => StorageAccess::LOAD,
            Access::Write => StorageAccess::LOAD | StorageAccess::STORE,
        };
        if variable.space != (AddressSpace::Storage { access }) {
            return Err(format!("`{}` is {:?}", spec.name, variable.space));
        }
        let scalar = match spec.element {
            Element::F32 => naga::Scalar::F32,
            Element::Weight | Element::Anchors => naga::Scalar::U32,
        };
        match module.types[variable.ty].inner {
            TypeInner::Array {
                base,
                size: ArraySize::Dynamic,
                ..
            } if element(&module.types[base].inner) == Some(scalar) => {}
            ref other => return Err(format!("`{}` is {other:?}", spec.name)),
        }
    }
    Ok(())
}

/// The scalar that an array holds, alone or in vectors.
fn element(inner: &TypeInner) -> Option<naga::Scalar> {
    match *inner {
        TypeInner::Scalar(scalar) | TypeInner::Vector { scalar, .. } => Some(scalar),
        _ => None,
    }
}

fn check_params(kernel: &Kernel, members: &[(&str, usize)], module: &Module) -> Result<(), String> {
    let (_, block) = module
        .global_variables
        .iter()
        .find(|(_, variable)| variable.space == AddressSpace::Uniform)
        .ok_or("no uniform block")?;
    let TypeInner::Struct {
        members: reflected,
        span,
    } = &module.types[block.ty].inner
    else {
        return Err("the uniform block is no struct".into());
    };
    if *span as usize != kernel.params_size || !kernel.params_size.is_multiple_of(16) {
        return Err(format!(
            "block of {span} bytes, table {}",
            kernel.params_size
        ));
    }
    let reflected: Vec<_> = reflected
        .iter()
        .map(|member| (member.name.as_deref().unwrap_or(""), member.offset as usize))
        .collect();
    if reflected != members {
        return Err(format!("members {reflected:?}, Rust {members:?}"));
    }
    Ok(())
}

fn check_workgroup_memory(module: &Module) -> Result<(), String> {
    let mut layouter = Layouter::default();
    layouter
        .update(module.to_ctx())
        .map_err(|e| e.to_string())?;
    let bytes: u32 = module
        .global_variables
        .iter()
        .filter(|(_, variable)| variable.space == AddressSpace::WorkGroup)
        .map(|(_, variable)| layouter[variable.ty].size.next_multiple_of(16))
        .sum();
    if bytes > 16 * 1024 {
        Err(format!("{bytes} bytes of workgroup memory"))
    } else {
        Ok(())
    }
}

#[test]
fn rows_agree_with_their_shaders() {
    for id in KernelId::ALL {
        let kernel = id.kernel();
        if let Err(why) = check(kernel, &members(id)) {
            panic!("{}: {why}", kernel.name);
        }
    }
}

/// Values of a variant's constants to make a text of.
fn texts(variant: &Variant) -> Vec<Vec<(&'static str, u32)>> {
    let (name, values): (_, &[u32]) = match variant.family {
        Family::Linear if variant.takes.only_f16_weights => ("FORMAT", &[1]),
        Family::Linear => ("FORMAT", &[0, 1, 2]),
        Family::Attention => ("HEAD_DIM", &[24, 64, 72, 128]),
    };
    values.iter().map(|value| vec![(name, *value)]).collect()
}

/// Whether a variant's text for an operation agrees with its row and with the operation's, needs no
/// more than the row says, and becomes SPIR-V.
fn check_variant(
    variant: &Variant,
    operation: KernelId,
    change: fn(String) -> String,
) -> Result<(), String> {
    let mut capabilities = Capabilities::empty();
    if variant.needs.f16 {
        capabilities |= Capabilities::SHADER_FLOAT16;
    }
    if variant.needs.subgroup > 0 {
        capabilities |= Capabilities::SUBGROUP;
    }
    if variant.needs.cooperative > 0 {
        capabilities |= Capabilities::COOPERATIVE_MATRIX;
    }
    for constants in texts(variant) {
        let source = change(variant.source(operation, &constants));
        // A driver crashes where one module has both.
        if variant.needs.cooperative > 0 && source.contains("subgroup_") {
            return Err("cooperative matrices and subgroups in one module".into());
        }
        let kernel = Kernel {
            source: source.leak(),
            workgroup: variant.workgroup,
            ..*operation.kernel()
        };
        let (module, info) = validate_with(kernel.source, capabilities)?;
        check_entry(&kernel, &module)?;
        check_bindings(&kernel, &module)?;
        check_params(&kernel, &members(operation), &module)?;
        let overrides = variant.overrides(&constants);
        let set = overrides
            .iter()
            .map(|&(name, value)| (name.to_owned(), f64::from(value)))
            .collect();
        let entry = Some((naga::ShaderStage::Compute, "main"));
        let (module, info) =
            process_overrides(&module, &info, entry, &set).map_err(|e| e.to_string())?;
        check_workgroup_memory(&module)?;
        let options = naga::back::spv::Options {
            lang_version: (1, 3),
            ..Default::default()
        };
        naga::back::spv::write_vec(&module, &info, &options, None).map_err(|e| e.to_string())?;
    }
    Ok(())
}

#[test]
fn variants_agree_with_their_rows_and_operations() {
    let mut pairs = 0;
    for variant in VARIANTS {
        for operation in variant.family.operations() {
            if let Err(why) = check_variant(variant, *operation, |text| text) {
                panic!("{}: {why}", variant.kernel_name(*operation));
            }
            pairs += 1;
        }
    }
    let all = KernelId::ALL.map(|id| id.variants().count());
    assert_eq!(all.iter().sum::<usize>(), pairs);
}

#[test]
fn faults_in_variants_are_caught() {
    for (name, operation, part_of_message, change) in [
        (
            "subgroup8",
            KernelId::Linear,
            "workgroup",
            (|text| text.replace("size(8,", "size(16,")) as fn(String) -> String,
        ),
        ("tile32", KernelId::Linear, "error", |text| {
            text.replace("let quad = slot", "let quad = subgroupAdd(slot)")
        }),
        ("coop8", KernelId::Linear, "one module", |text| {
            text.replace("local_invocation_index", "subgroup_invocation_id")
        }),
        ("row64", KernelId::Attention, "workgroup memory", |text| {
            text.replace("const KEYS: u32 = ", "const KEYS: u32 = 64u + ")
        }),
        ("row32", KernelId::Attention, "error", |text| {
            text.replace("sum_0", "{sum}")
        }),
        ("few2", KernelId::LinearGelu, "out", |text| {
            text.replace("<storage, read_write> out", "<storage, read> out")
                .replace("out[row", "_ = out[row")
        }),
    ] {
        let variant = operation
            .variants()
            .find(|variant| variant.name == name)
            .unwrap();
        check_variant(variant, operation, |text| text).unwrap();
        let why = check_variant(variant, operation, change).expect_err(name);
        assert!(why.contains(part_of_message), "{name}: {why}");
    }
}

#[test]
fn rows_are_in_the_order_of_their_ids() {
    assert_eq!(KERNELS.len(), KernelId::ALL.len());
    for (i, id) in KernelId::ALL.into_iter().enumerate() {
        assert_eq!(id as usize, i);
        let camel: String = KERNELS[i]
            .name
            .split('_')
            .flat_map(|word| [word[..1].to_uppercase(), word[1..].to_owned()])
            .collect();
        assert_eq!(camel, format!("{id:?}"));
        assert_eq!(id.kernel().name, KERNELS[i].name);
    }
}

/// They are in no table: what they work on is no tensor. `tests/device` has their results.
#[test]
fn kernels_of_decisions_are_plain_wgsl_within_the_limits() {
    for source in [decide::DECIDE, decide::GATE, decide::COPY, decide::ADVANCE] {
        let (module, _) = validate(source).unwrap();
        let storage = module
            .global_variables
            .iter()
            .filter(|(_, variable)| matches!(variable.space, AddressSpace::Storage { .. }));
        assert!(storage.count() <= 8);
        assert_eq!(module.entry_points.len(), 1);
    }
    assert!(
        validate(&decide::GATE.replace("vec4<u32>", "vec4<u64>")).is_err(),
        "planted"
    );
}

#[test]
fn every_shader_is_in_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let of_decisions = [decide::DECIDE, decide::GATE, decide::COPY, decide::ADVANCE];
    let mut files = 0;
    // Every template is known by its first line.
    for entry in fs::read_dir(folder.join("variants")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let title = text.lines().next().unwrap().split('{').next().unwrap();
        let used = VARIANTS.iter().any(|variant| {
            let constants = &texts(variant)[0];
            variant
                .source(variant.family.operations()[0], constants)
                .contains(title)
        });
        assert!(used, "no variant uses the template `{title}`");
        files += 1;
    }
    for folder in [folder.clone(), folder.join("shared")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let mut sources = KERNELS
                .iter()
                .map(|kernel| kernel.source)
                .chain(of_decisions);
            let used = sources.any(|source| source.contains(text.as_str()));
            assert!(used, "no kernel uses {}", path.display());
            files += 1;
        }
    }
    assert!(files >= KERNELS.len(), "{files} files");
}

#[test]
fn tiles_are_those_the_dispatch_counts_with() {
    for (id, name, value) in [
        (KernelId::Linear, "TILE", LINEAR_TILE),
        (KernelId::Attention, "ROWS", ATTENTION_ROWS),
    ] {
        let (module, _) = validate(id.kernel().source).unwrap();
        let found = module
            .constants
            .iter()
            .find(|(_, constant)| constant.name.as_deref() == Some(name))
            .map(|(_, constant)| &module.global_expressions[constant.init]);
        assert_eq!(
            found,
            Some(&naga::Expression::Literal(naga::Literal::U32(value))),
            "{name}"
        );
    }
}

#[test]
fn faults_are_caught() {
    let id = KernelId::Attention;
    let kernel = *id.kernel();
    let members = members(id);
    check(&kernel, &members).unwrap();

    let source = |from: &str, to: &str| {
        assert!(
            kernel.source.contains(from),
            "`{from}` is not in {}",
            kernel.name
        );
        Kernel {
            source: kernel.source.replacen(from, to, 1).leak(),
            ..kernel
        }
    };
    let bindings = |change: fn(&mut Vec<refrain::kernels::BindingSpec>)| {
        let mut bindings = kernel.bindings.to_vec();
        change(&mut bindings);
        Kernel {
            bindings: bindings.leak(),
            ..kernel
        }
    };
    for (fault, part_of_message, kernel) in [
        (
            "swapped members",
            "members",
            source("tokens: u32,\n    heads:", "heads: u32,\n    tokens:"),
        ),
        (
            "a wider block",
            "block of",
            source("scale: f32,", "scale: f32, more: vec4<u32>,"),
        ),
        (
            "a wider row",
            "block of",
            Kernel {
                params_size: 32,
                ..kernel
            },
        ),
        (
            "another entry point",
            "entry point",
            source("fn main(", "fn other("),
        ),
        (
            "another workgroup",
            "workgroup [64",
            source("size(8, 8, 1)", "size(64, 1, 1)"),
        ),
        (
            "a large workgroup",
            "256 invocations",
            Kernel {
                workgroup: [8, 8, 8],
                ..source("size(8, 8, 1)", "size(8, 8, 8)")
            },
        ),
        (
            "a moved binding",
            "is at",
            source("@binding(2)", "@binding(3)"),
        ),
        (
            "more bindings",
            "bindings",
            bindings(|all| all.push(all[0])),
        ),
        ("another name", "qkv", bindings(|all| all[0].name = "other")),
        (
            "another access",
            "qkv",
            bindings(|all| all[0].access = Access::Write),
        ),
        (
            "another element",
            "qkv",
            bindings(|all| all[0].element = Element::Weight),
        ),
        (
            "a type error",
            "error",
            source("HEAD_DIM / 8u;", "HEAD_DIM / 8.0;"),
        ),
        (
            "a capability",
            "error",
            source("var total = vec4<f32>()", "var total = vec4<f64>()"),
        ),
        (
            "another constant",
            "overrides",
            source(
                "override HEAD_DIM",
                "override WIDTH: u32;\noverride HEAD_DIM",
            ),
        ),
        (
            "much workgroup memory",
            "workgroup memory",
            source("const KEYS: u32 = 32u", "const KEYS: u32 = 96u"),
        ),
        (
            "the size of the grid",
            "num_workgroups",
            source(
                "fn main(",
                "fn main(@builtin(num_workgroups) grid: vec3<u32>, ",
            ),
        ),
    ] {
        let why = check(&kernel, &members).expect_err(fault);
        assert!(why.contains(part_of_message), "{fault}: {why}");
    }
}
