//! `refrain kernels`: the kernels in a shading language, as files for a host's own device.

use std::fs;
use std::path::{Path, PathBuf};

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use clap::Args;
use serde::Serialize;

use super::model;
use super::report::{Failure, Report};
use crate::kernels::export::{Language, Permutation, Shader, Translated, permutations};
use crate::kernels::{Access, Element};
use crate::text::Named;

/// The name of the description beside the files.
const MANIFEST: &str = "manifest.json";
/// The naga that this program is built with; a test compares it with Cargo.lock.
const NAGA: &str = "30.0.1";

/// Write every kernel in a shading language, for an engine that dispatches on its own device
///
/// One file for each kernel and each set of its constants (linear.f16 for a weight format,
/// attention.d64 for the width of a head, blend.int8 for the format of anchors), and for each of its
/// variants (linear_tile32.f16), which serve some devices and shapes in its stead. manifest.json says
/// of each file: operation and variant, what it takes and needs, entry point, workgroup size, constants,
/// buffers with number, access, type and shape, the layout of the parameter block, how many workgroups
/// its fields ask for, and how far a device may be off. What a language has no words for stands there
/// under left_out, with the reason.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Language to write
    #[arg(long, value_name = "L", value_parser = model::names::<Language>())]
    lang: Language,
    /// Folder to write to; it is made if need be, and must be empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Width of a head, may be repeated [default: 24 to 128 in steps of 8]
    #[arg(long = "head-dim", value_name = "N")]
    head_dims: Vec<u32>,
    /// Write to a folder that is not empty, over the files of the same names
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Manifest {
    refrain: &'static str,
    naga: &'static str,
    language: &'static str,
    /// Where a binding is found.
    bindings: &'static str,
    files: Vec<File>,
    left_out: Vec<LeftOut>,
}

#[derive(Serialize)]
struct File {
    file: String,
    /// The kernel of the table.
    operation: &'static str,
    /// Null for the table's own.
    variant: Option<&'static str>,
    summary: String,
    dialect: &'static str,
    entry: String,
    workgroup: [u32; 3],
    constants: Vec<Constant>,
    /// What the device must have beyond the core of the language.
    needs: Vec<&'static str>,
    /// What the fields of the parameter block must be.
    takes: Vec<String>,
    /// The only number of invocations of a subgroup that it works with; null for any.
    subgroup_size: Option<u32>,
    bindings: Vec<Binding>,
    /// In MSL: the number of one more buffer that is declared and never read.
    #[serde(skip_serializing_if = "Option::is_none")]
    unread_buffer: Option<u32>,
    params: Params,
    dispatch: Dispatch,
    tolerance: Tolerance,
}

#[derive(Serialize)]
struct Constant {
    name: &'static str,
    value: u32,
}

#[derive(Serialize)]
struct Binding {
    group: u32,
    binding: u32,
    name: String,
    access: &'static str,
    #[serde(rename = "type")]
    ty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<&'static str>,
}

#[derive(Serialize)]
struct Params {
    bytes: u32,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    offset: u32,
}

/// Workgroups along x, y and z.
#[derive(Serialize)]
struct Dispatch {
    rule: String,
    fields: Vec<&'static str>,
}

#[derive(Serialize)]
struct Tolerance {
    absolute: f32,
    relative: f32,
}

#[derive(Serialize)]
struct LeftOut {
    name: String,
    why: String,
}

pub(super) fn run(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let all = permutations(&arguments.head_dims)
        .map_err(|error| Failure::new(format!("--head-dim: {}", error.why())))?;
    let folder = &arguments.out;
    prepare(folder, arguments.force)?;
    let language = arguments.lang;
    let mut manifest = Manifest {
        refrain: env!("CARGO_PKG_VERSION"),
        naga: NAGA,
        language: language.name(),
        bindings: language.binding_rule(),
        files: Vec::new(),
        left_out: Vec::new(),
    };
    for permutation in all {
        let shader = permutation
            .shader()
            .map_err(|error| Failure::new(error.to_string()))?;
        match shader.translate(language) {
            Ok(translated) => {
                let entry = describe(&permutation, &shader, &translated, language);
                write(&folder.join(&entry.file), &translated.code.bytes())?;
                manifest.files.push(entry);
            }
            Err(error) => manifest.left_out.push(LeftOut {
                name: permutation.name(),
                why: error.why().to_string(),
            }),
        }
    }
    let mut text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| Failure::about("cannot write JSON", error))?;
    text.push('\n');
    let path = folder.join(MANIFEST);
    write(&path, text.as_bytes())?;
    report.line(format_args!("files     {}", manifest.files.len()));
    report.line(format_args!("left out  {}", manifest.left_out.len()));
    report.line(format_args!("manifest  {}", path.display()));
    Ok(())
}

/// Makes the folder, and refuses one with something in it.
fn prepare(folder: &Path, force: bool) -> Result<(), Failure> {
    let about = |error: &dyn core::fmt::Display| {
        Failure::about(format_args!("--out {}", folder.display()), error)
    };
    if folder.exists() && !folder.is_dir() {
        return Err(about(&"it is not a folder"));
    }
    fs::create_dir_all(folder).map_err(|error| about(&error))?;
    let mut entries = fs::read_dir(folder).map_err(|error| about(&error))?;
    if entries.next().is_some() && !force {
        return Err(about(
            &"the folder is not empty; give another, or --force to write over its files",
        ));
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| Failure::about(path.display(), error))
}

fn describe(
    permutation: &Permutation,
    shader: &Shader,
    translated: &Translated,
    language: Language,
) -> File {
    let grid = permutation.grid();
    let tolerance = permutation.tolerance();
    let (fields, bytes) = shader.params();
    let binding = |binding: crate::kernels::export::ShaderBinding| Binding {
        group: 0,
        binding: binding.binding,
        name: binding.name,
        access: match binding.access {
            None => "uniform",
            Some(Access::Read) => "read",
            Some(Access::Write) => "write",
        },
        ty: binding.ty,
        element: binding.holds.map(|(element, _)| match element {
            Element::F32 => "f32",
            Element::Weight => "weight",
            Element::Anchors => "anchors",
        }),
        shape: binding.holds.map(|(_, shape)| shape),
    };
    let constants = permutation.constants().iter();
    File {
        file: format!("{}.{}", permutation.name(), language.extension()),
        operation: permutation.kernel().name,
        variant: permutation.variant().map(|variant| variant.name),
        summary: permutation.summary(),
        dialect: translated.dialect,
        entry: translated.entry.clone(),
        workgroup: shader.workgroup(),
        constants: constants
            .map(|&(name, value)| Constant { name, value })
            .collect(),
        needs: shader.needs(),
        takes: permutation.takes(),
        subgroup_size: permutation.subgroup_size(),
        bindings: shader.bindings().into_iter().map(binding).collect(),
        unread_buffer: translated.unread,
        params: Params {
            bytes,
            fields: fields
                .into_iter()
                .map(|field| Field {
                    name: field.name,
                    ty: field.ty,
                    offset: field.offset,
                })
                .collect(),
        },
        dispatch: Dispatch {
            rule: grid.to_string(),
            fields: grid.fields(),
        },
        tolerance: Tolerance {
            absolute: tolerance.absolute,
            relative: tolerance.relative,
        },
    }
}
