//! Whether a text, its row and its parameter block say the same.

use core::mem::offset_of;

use naga::{
    AddressSpace, ArraySize, Module, StorageAccess, TypeInner,
    back::PipelineConstants,
    back::pipeline_constants::process_overrides,
    proc::Layouter,
    valid::{
        Capabilities, ModuleInfo, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator,
    },
};
use refrain::kernels::{Access, Element, Kernel, KernelId, params::*};

/// The members of a kernel's parameter block, as Rust lays them out.
pub(crate) fn members(id: KernelId) -> Vec<(&'static str, usize)> {
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
pub(crate) fn validate(source: &str) -> Result<(Module, ModuleInfo), String> {
    validate_with(source, Capabilities::empty())
}

pub(crate) fn validate_with(
    source: &str,
    more: Capabilities,
) -> Result<(Module, ModuleInfo), String> {
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
pub(crate) fn check(kernel: &Kernel, members: &[(&str, usize)]) -> Result<(), String> {
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

pub(crate) fn check_entry(kernel: &Kernel, module: &Module) -> Result<(), String> {
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

pub(crate) fn check_bindings(kernel: &Kernel, module: &Module) -> Result<(), String> {
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

pub(crate) fn check_params(
    kernel: &Kernel,
    members: &[(&str, usize)],
    module: &Module,
) -> Result<(), String> {
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

pub(crate) fn check_workgroup_memory(module: &Module) -> Result<(), String> {
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
