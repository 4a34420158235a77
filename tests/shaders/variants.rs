//! Every variant against its row and its operation.

use naga::{back::pipeline_constants::process_overrides, valid::Capabilities};
use refrain::kernels::{Family, Kernel, KernelId, VARIANTS, Variant};

use crate::agree::{
    check_bindings, check_entry, check_params, check_workgroup_memory, members, validate_with,
};

/// Values of a variant's constants to make a text of.
pub(crate) fn texts(variant: &Variant) -> Vec<Vec<(&'static str, u32)>> {
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
