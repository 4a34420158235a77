//! Every row of the kernel table against its WGSL, as naga sees it. Needs no device.
#![cfg(feature = "kernels")]

mod agree;
mod variants;

use std::{fs, path::Path};

use naga::AddressSpace;
use refrain::decide;
use refrain::kernels::{Access, Element, KERNELS, Kernel, KernelId, VARIANTS, params::*};

use agree::{check, members, validate};
use variants::texts;

#[test]
fn rows_agree_with_their_shaders() {
    for id in KernelId::ALL {
        let kernel = id.kernel();
        if let Err(why) = check(kernel, &members(id)) {
            panic!("{}: {why}", kernel.name);
        }
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
