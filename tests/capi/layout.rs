//! Structs have the same layout on both sides, and no padding.

use core::fmt::Write;
use std::fs;

use refrain::capi::kernels::{
    refrain_binding, refrain_kernel, refrain_text, variants::refrain_variant,
};
use refrain::capi::model::{refrain_model_options, refrain_model_sizes};
use refrain::capi::policy::parts::{
    refrain_budget, refrain_codebook, refrain_curve, refrain_gauge, refrain_guards, refrain_site,
    refrain_split, refrain_verify,
};
use refrain::capi::policy::place::{refrain_at, refrain_place};
use refrain::capi::policy::refrain_policy;
use refrain::capi::predictor::{refrain_predictor, refrain_predictor_inputs, refrain_weights};
use refrain::capi::program::call::refrain_lane_buffers;
use refrain::capi::program::{
    refrain_buffer, refrain_command, refrain_lifetime, refrain_program_sizes, refrain_segment,
};
use refrain::capi::sampler::refrain_step;
use refrain::capi::sampling::settings::{refrain_memory, refrain_settings};
use refrain::capi::scheduler::{refrain_call, refrain_decision, refrain_event, refrain_stats};

use crate::build::{C, compile, folder, stderr, succeeds};
use crate::header;

macro_rules! layout {
    ($($name:ident { $($field:ident),+ $(,)? })+) => {{
        let mut lines = String::new();
        $(
            $(
                let offset = core::mem::offset_of!($name, $field);
                writeln!(lines, "{}.{} {offset}", stringify!($name), stringify!($field)).unwrap();
            )+
            writeln!(lines, "{} {}", stringify!($name), size_of::<$name>()).unwrap();
        )+
        lines
    }};
}

pub(crate) fn rust() -> String {
    // The library of this test has no `allocator`: three pointers, as its source asserts.
    let each = size_of::<usize>();
    let allocator = format!(
        "refrain_allocator.allocate 0\nrefrain_allocator.release {each}\n\
         refrain_allocator.user {}\nrefrain_allocator {}\n",
        2 * each,
        3 * each
    );
    allocator + &library()
}

fn library() -> String {
    layout! {
        refrain_text { data, length }
        refrain_kernel {
            name, summary, workgroup, params_bytes, binding_count, constant_count,
            tolerance_absolute, tolerance_relative,
        }
        refrain_binding { name, shape, element, access }
        refrain_variant {
            name, summary, workgroup, needs_f16, needs_subgroup, needs_cooperative,
            tolerance_absolute, tolerance_relative,
        }
        refrain_model_options { struct_size, num_heads, has_prediction, prediction }
        refrain_model_sizes {
            input_size, in_channels, out_channels, patch_size, hidden_size, depth, num_heads,
            num_classes, prediction, reserved, parameters, fingerprint,
        }
        refrain_settings {
            struct_size, steps, has_sampler, sampler, guidance, class_count, anchor_format, reserved,
            seed, classes, policy, latents, latent_count,
        }
        refrain_memory { weights, activations, anchors, references }
        refrain_curve { len, by, start, end, values }
        refrain_codebook { len, intervals, reserved, thresholds }
        refrain_gauge {
            kind, signal, metric, reference, filter, rescale, schedule, interval, offset, level,
            deviation, protect, filter_size, center, growth, domain_min, domain_max, run_factor,
            coefficients, codebook, curve,
        }
        refrain_budget {
            kind, comparator, scale, progress, threshold, decay, early_factor, early_until,
            late_factor, late_from, max_cost, reset, reserved,
        }
        refrain_guards {
            max_warmup_steps, last_steps, max_continuous_cached_steps, run_count,
            max_cached_steps, enhanced_steps, rounding, window, warmup_fraction, window_start,
            window_end, max_spent, mask_len, reserved, mask,
        }
        refrain_predictor {
            kind, order, axis, rolling, ramp, reserved, sigma, gain, gain_start, gain_end, blend,
            horizon, ridge,
        }
        refrain_predictor_inputs {
            times, row, moments, count, row_count, moments_count, hat, target, gain, span,
        }
        refrain_split { kind, reserved, band, boost }
        refrain_verify { kind, from, tolerance, decay, floor }
        refrain_site { kind, front, back, keep, share, boundary }
        refrain_policy {
            struct_size, method, gauge, budget, predictor, split, verify, site, pool, reserved,
            guards,
        }
        refrain_call { step, evaluation, lane, reserved, time }
        refrain_decision {
            needs, signal, metric, reference, filter, aligned, lane, action, reason, order, slot,
            weights, low_weights,
        }
        refrain_event {
            call, step, evaluation, lane, action, reason, order, slot, signal, spent,
        }
        refrain_stats { calls, computed, reused, predicted, verified, rejected, reserved }
        refrain_program_sizes {
            buffer_count, segment_count, part_count, lanes, decision_count, rows, calls, x, t, y,
            filter, sums, prediction, prediction_values,
        }
        refrain_lane_buffers { weights, corrections }
        refrain_buffer { name, elements, bytes, role, format }
        refrain_segment { name, command_count, reserved }
        refrain_command {
            kernel, copy_from, copy_first, copy_to, reserved, workgroups, constants, binding_count,
            params_bytes, bindings, params,
        }
        refrain_step { timestep, keep, add }
        refrain_at { unit, block, depth, step, steps }
        refrain_place { granule, lane, left_out, first, last }
        refrain_lifetime { first, last }
        refrain_weights { count, reserved, values }
    }
}

/// The structs of a header: their names, and the declaration and the name of each field.
pub(crate) fn structs(header: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let items = header.split("typedef struct ").skip(1);
    items
        .filter_map(|item| {
            let (name, rest) = item.split_once(" {\n")?;
            let lines = rest.split("\n}").next().expect("an end").lines();
            let fields = lines.filter_map(|line| {
                let declaration = line.strip_suffix(';')?;
                let field = declaration.split([' ', '*']).next_back()?;
                Some((declaration, field.split('[').next()?))
            });
            Some((name, fields.collect()))
        })
        .collect()
}

/// A program that prints the layout of every struct of a header, and fails on padding.
fn program(header: &str) -> String {
    let mut body = String::new();
    for (name, fields) in structs(header) {
        let mut sizes = Vec::new();
        for (_, field) in fields {
            writeln!(
                body,
                r#"printf("{name}.{field} %d\n", (int)offsetof({name}, {field}));"#
            )
            .unwrap();
            sizes.push(format!("sizeof(((({name} *)0)->{field}))"));
        }
        writeln!(body, r#"printf("{name} %d\n", (int)sizeof({name}));"#).unwrap();
        let sum = sizes.join(" + ");
        writeln!(body, "if ({sum} != sizeof({name})) return 1;").unwrap();
    }
    format!("#include \"layout.h\"\n#include <stdio.h>\nint main(void) {{\n{body}return 0;\n}}\n")
}

fn c(name: &str, header: &str) -> Result<String, String> {
    let folder = folder().join(name);
    fs::create_dir_all(&folder).unwrap();
    let (source, exe) = (folder.join("layout.c"), folder.join("layout"));
    fs::write(folder.join("layout.h"), header).unwrap();
    fs::write(&source, program(header)).unwrap();
    let out = compile("cc", &C, &[&source], &exe);
    assert!(out.status.success(), "{}", stderr(&out));
    let out = crate::build::run::<&str>(&exe, &[]);
    if out.status.success() {
        Ok(succeeds::<&str>(&exe, &[]))
    } else {
        Err("padding".to_owned())
    }
}

fn sorted(lines: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = lines.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn structs_are_the_same_on_both_sides() {
    let header = header::text();
    let rust = rust();
    let found = c("layout", &header).expect("no padding");
    assert_eq!(sorted(&found), sorted(&rust));

    let swapped = header.replacen("uint32_t evaluation;", "uint64_t evaluation;", 1);
    assert_ne!(swapped, header);
    assert_eq!(c("padded", &swapped), Err("padding".to_owned()), "planted");
    let renamed = header
        .replacen("uint32_t calls;", "uint32_t was_computed;", 1)
        .replacen("uint32_t computed;", "uint32_t calls;", 1)
        .replacen("uint32_t was_computed;", "uint32_t computed;", 1);
    assert_ne!(renamed, header);
    let found = c("renamed", &renamed).expect("no padding");
    assert_ne!(sorted(&found), sorted(&rust), "planted");
}
