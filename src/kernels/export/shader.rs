//! A checked kernel: what it binds, and its translations.

use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};

use naga::{
    AddressSpace, ArraySize, Module, ResourceBinding, Scalar, ScalarKind, ShaderStage,
    StorageAccess, Type, TypeInner,
    back::{glsl, hlsl, msl, spv},
    proc::{BoundsCheckPolicies, BoundsCheckPolicy},
    valid::{
        Capabilities, ModuleInfo, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator,
    },
};

use super::layout::without_workgroup_strides;
use super::{ExportError, Language, Permutation};
use crate::kernels::{Access, Element};

/// What every kernel may use: naga counts `unpack2x16float`, which is core WGSL, as a capability.
const CORE: Capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32;
/// What a kernel may need beyond that, and what it is called.
const OPTIONAL: [(Capabilities, &str); 3] = [
    (Capabilities::SHADER_FLOAT16, "f16"),
    (Capabilities::SUBGROUP, "subgroups"),
    (Capabilities::COOPERATIVE_MATRIX, "cooperative-matrix"),
];
/// Nothing is checked at run time: see the module's documentation.
const UNCHECKED: BoundsCheckPolicies = BoundsCheckPolicies {
    index: BoundsCheckPolicy::Unchecked,
    buffer: BoundsCheckPolicy::Unchecked,
    image_load: BoundsCheckPolicy::Unchecked,
    binding_array: BoundsCheckPolicy::Unchecked,
};
/// Metal's matrices have this side, and naga writes others all the same.
const MSL_SIDE: u32 = 8;
/// The entry point of every kernel.
const ENTRY: &str = "main";

/// A kernel with its constants, checked.
#[derive(Debug)]
pub struct Shader {
    permutation: Permutation,
    text: String,
    module: Module,
    info: ModuleInfo,
    needs: Capabilities,
}

/// A buffer that a kernel binds, all in group 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShaderBinding {
    /// Its number: 0 is the parameter block.
    pub binding: u32,
    /// The variable in WGSL; other languages may rename it.
    pub name: String,
    /// The type in WGSL, such as `array<f32>`.
    pub ty: String,
    /// Whether it is read or written; `None` for the parameter block, a uniform buffer.
    pub access: Option<Access>,
    /// What a storage buffer holds, and its shape, as the table of kernels has them.
    pub holds: Option<(Element, &'static str)>,
}

/// A field of the parameter block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The type in WGSL, such as `u32`.
    pub ty: String,
    /// Bytes from the start of the block.
    pub offset: u32,
}

/// A kernel in another language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated {
    /// The code.
    pub code: Code,
    /// What the entry point is called there.
    pub entry: String,
    /// Which version of the language.
    pub dialect: &'static str,
    /// In MSL: the number of one more buffer that the entry point declares and nothing reads.
    pub unread: Option<u32>,
}

/// Code of a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Source text.
    Text(String),
    /// SPIR-V.
    Words(Vec<u32>),
}

impl Code {
    /// As a file holds it; words are little-endian.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Words(words) => words.iter().flat_map(|word| word.to_le_bytes()).collect(),
        }
    }
}

impl Language {
    /// What its back end can write.
    fn capabilities(self) -> Capabilities {
        match self {
            Self::Wgsl => Capabilities::all(),
            Self::Spirv => spv::supported_capabilities(),
            Self::Msl => msl::supported_capabilities(),
            Self::Hlsl => hlsl::supported_capabilities(),
            // naga counts 16-bit floats in, and then has no word for them.
            Self::Glsl => glsl::supported_capabilities().difference(Capabilities::SHADER_FLOAT16),
        }
    }
}

impl Shader {
    pub(super) fn new(permutation: &Permutation) -> Result<Self, ExportError> {
        let refuse = |why: &dyn core::fmt::Display| ExportError::new(permutation.name(), why);
        let text = permutation.text()?;
        let module = naga::front::wgsl::parse_str(&text).map_err(|error| refuse(&error))?;
        if let Some((_, open)) = module.overrides.iter().next() {
            let name = open.name.as_deref().unwrap_or("?");
            return Err(refuse(&format_args!("constant {name} is not given")));
        }
        let optional = OPTIONAL.iter().map(|(capability, _)| *capability);
        let all = optional.clone().fold(CORE, Capabilities::union);
        let info = validate(&module, all).map_err(|why| refuse(&why))?;
        let needs = optional
            .filter(|capability| validate(&module, all.difference(*capability)).is_err())
            .fold(Capabilities::empty(), Capabilities::union);
        Ok(Self {
            permutation: permutation.clone(),
            text,
            module,
            info,
            needs,
        })
    }

    /// What the device must have: of `f16` (in SPIR-V with 16-bit access to storage and uniform
    /// buffers, which naga declares with it), `subgroups`, `cooperative-matrix`.
    #[must_use]
    pub fn needs(&self) -> Vec<&'static str> {
        let needed = OPTIONAL.iter().filter(|(c, _)| self.needs.contains(*c));
        needed.map(|(_, name)| *name).collect()
    }

    /// Invocations of a workgroup along x, y and z.
    #[must_use]
    pub fn workgroup(&self) -> [u32; 3] {
        let entry = self.module.entry_points.first();
        entry.map_or([0; 3], |entry| entry.workgroup_size)
    }

    /// The buffers, by number.
    #[must_use]
    pub fn bindings(&self) -> Vec<ShaderBinding> {
        let rows = self.permutation.kernel().bindings;
        let variables = self.module.global_variables.iter();
        let bound = variables.filter_map(|(_, variable)| {
            let name = variable.name.clone().unwrap_or_default();
            let row = rows.iter().find(|row| row.name == name);
            Some(ShaderBinding {
                binding: variable.binding?.binding,
                access: match variable.space {
                    AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => {
                        Some(Access::Write)
                    }
                    AddressSpace::Storage { .. } => Some(Access::Read),
                    _ => None,
                },
                ty: self.name_of(self.module.types.get_handle(variable.ty).ok()?),
                holds: row.map(|row| (row.element, row.shape)),
                name,
            })
        });
        let mut bindings: Vec<_> = bound.collect();
        bindings.sort_by_key(|binding| binding.binding);
        bindings
    }

    /// The fields of the parameter block, in order, and the bytes of the block.
    #[must_use]
    pub fn params(&self) -> (Vec<Field>, u32) {
        let mut variables = self.module.global_variables.iter();
        let block = variables
            .find(|(_, variable)| variable.space == AddressSpace::Uniform)
            .and_then(|(_, variable)| self.module.types.get_handle(variable.ty).ok());
        let Some(TypeInner::Struct { members, span }) = block.map(|block| &block.inner) else {
            return (Vec::new(), 0);
        };
        let fields = members.iter().filter_map(|member| {
            Some(Field {
                name: member.name.clone()?,
                ty: self.name_of(self.module.types.get_handle(member.ty).ok()?),
                offset: member.offset,
            })
        });
        (fields.collect(), *span)
    }

    /// A type as WGSL writes it.
    fn name_of(&self, ty: &Type) -> String {
        let scalar = |scalar: Scalar| match scalar.kind {
            ScalarKind::Sint => format!("i{}", 8 * scalar.width),
            ScalarKind::Uint => format!("u{}", 8 * scalar.width),
            ScalarKind::Float => format!("f{}", 8 * scalar.width),
            _ => "bool".to_string(),
        };
        match ty.inner {
            TypeInner::Scalar(of) => scalar(of),
            TypeInner::Vector { size, scalar: of } => {
                format!("vec{}<{}>", size as u8, scalar(of))
            }
            TypeInner::Array { base, size, .. } => {
                let base = self.module.types.get_handle(base);
                let base = base.map_or_else(|_| String::new(), |base| self.name_of(base));
                match size {
                    ArraySize::Constant(count) => format!("array<{base}, {count}>"),
                    _ => format!("array<{base}>"),
                }
            }
            _ => ty.name.clone().unwrap_or_default(),
        }
    }

    fn resources(&self) -> impl Iterator<Item = (ResourceBinding, bool)> {
        let variables = self.module.global_variables.iter();
        variables.filter_map(|(_, variable)| {
            let writes = match variable.space {
                AddressSpace::Storage { access } => access.contains(StorageAccess::STORE),
                _ => false,
            };
            Some((variable.binding?, writes))
        })
    }

    /// The kernel in a language.
    ///
    /// # Errors
    /// [`ExportError`] if the language, or its back end, has no word for something in it.
    pub fn translate(&self, language: Language) -> Result<Translated, ExportError> {
        let refuse = |why: &dyn core::fmt::Display| ExportError::new(self.permutation.name(), why);
        let missing = self.needs.difference(language.capabilities());
        if let Some((_, name)) = OPTIONAL.iter().find(|(c, _)| missing.contains(*c)) {
            return Err(refuse(&format_args!("{language} has no {name}")));
        }
        if language == Language::Msl
            && let Some(side) = self.sides().find(|side| *side != MSL_SIDE)
        {
            let why = format_args!("{language} has no cooperative matrices of {side} by {side}");
            return Err(refuse(&why));
        }
        let text = |(code, entry, dialect)| Translated {
            code: Code::Text(code),
            entry,
            dialect,
            unread: None,
        };
        match language {
            Language::Wgsl => Ok(text(self.wgsl())),
            Language::Spirv => Ok(Translated {
                code: Code::Words(self.spirv().map_err(|error| refuse(&error))?),
                entry: ENTRY.into(),
                dialect: if self.needs.contains(Capabilities::COOPERATIVE_MATRIX) {
                    "SPIR-V 1.3 with SPV_KHR_cooperative_matrix and SPV_KHR_vulkan_memory_model"
                } else {
                    "SPIR-V 1.3"
                },
                unread: None,
            }),
            Language::Msl => self.msl().map_err(|why| refuse(&why)),
            Language::Hlsl => self.hlsl().map(text).map_err(|why| refuse(&why)),
            Language::Glsl => self.glsl().map(text).map_err(|why| refuse(&why)),
        }
    }

    fn wgsl(&self) -> (String, String, &'static str) {
        // Demanded by the standard, and refused by naga 30.
        let enable = if self.needs.contains(Capabilities::SUBGROUP) {
            "enable subgroups;\n"
        } else {
            ""
        };
        let dialect = if self.needs.contains(Capabilities::COOPERATIVE_MATRIX) {
            "WGSL with wgpu_cooperative_matrix, which only wgpu takes"
        } else {
            "WGSL"
        };
        (format!("{enable}{}", self.text), ENTRY.into(), dialect)
    }

    /// The sides of its cooperative matrices.
    fn sides(&self) -> impl Iterator<Item = u32> {
        let types = self.module.types.iter();
        types
            .filter_map(|(_, ty)| match ty.inner {
                TypeInner::CooperativeMatrix { columns, rows, .. } => Some([columns, rows]),
                _ => None,
            })
            .flatten()
            .map(|side| side as u32)
    }

    fn spirv(&self) -> Result<Vec<u32>, spv::Error> {
        let place = |at: ResourceBinding| spv::BindingInfo {
            descriptor_set: at.group,
            binding: at.binding,
            binding_array_size: None,
        };
        let options = spv::Options {
            lang_version: (1, 3),
            flags: spv::WriterFlags::empty(),
            fake_missing_bindings: false,
            binding_map: self.resources().map(|(at, _)| (at, place(at))).collect(),
            bounds_check_policies: UNCHECKED,
            zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
            force_loop_bounding: false,
            emit_int_div_checks: false,
            // No kernel has such an input or output, and few devices do.
            use_storage_input_output_16: false,
            ..spv::Options::default()
        };
        let entry = spv::PipelineOptions {
            shader_stage: ShaderStage::Compute,
            entry_point: ENTRY.into(),
        };
        spv::write_vec(&self.module, &self.info, &options, Some(&entry))
            .map(|words| without_workgroup_strides(&words))
    }

    fn msl(&self) -> Result<Translated, String> {
        // naga's entry points take the sizes of arrays, whether something asks for them or not.
        let bound = self.resources().map(|(at, _)| at.binding).max();
        let unread = bound.map(|last| last + 1);
        let target = |(at, mutable): (ResourceBinding, bool)| {
            let slot = u8::try_from(at.binding).ok();
            (
                at,
                msl::BindTarget {
                    buffer: slot,
                    mutable,
                    ..msl::BindTarget::default()
                },
            )
        };
        let resources = msl::EntryPointResources {
            resources: self.resources().map(target).collect(),
            sizes_buffer: unread.and_then(|slot| u8::try_from(slot).ok()),
            ..msl::EntryPointResources::default()
        };
        let options = msl::Options {
            lang_version: (2, 4),
            per_entry_point_map: BTreeMap::from([(ENTRY.to_string(), resources)]),
            fake_missing_bindings: false,
            bounds_check_policies: UNCHECKED,
            zero_initialize_workgroup_memory: false,
            force_loop_bounding: false,
            emit_int_div_checks: false,
            ..msl::Options::default()
        };
        let entry = msl::PipelineOptions {
            entry_point: Some((ShaderStage::Compute, ENTRY.into())),
            ..msl::PipelineOptions::default()
        };
        let (code, info) = msl::write_string(&self.module, &self.info, &options, &entry)
            .map_err(|error| error.to_string())?;
        let entry = first(info.entry_point_names)?;
        Ok(Translated {
            code: Code::Text(code),
            entry,
            dialect: "MSL 2.4",
            unread,
        })
    }

    fn hlsl(&self) -> Result<(String, String, &'static str), String> {
        let target = |(at, _): (ResourceBinding, bool)| {
            let target = hlsl::BindTarget {
                space: u8::try_from(at.group).unwrap_or_default(),
                register: at.binding,
                ..hlsl::BindTarget::default()
            };
            (at, target)
        };
        let half = self.needs.contains(Capabilities::SHADER_FLOAT16);
        let (shader_model, dialect) = if half {
            (hlsl::ShaderModel::V6_2, "HLSL, shader model 6.2")
        } else {
            (hlsl::ShaderModel::V6_0, "HLSL, shader model 6.0")
        };
        let options = hlsl::Options {
            shader_model,
            binding_map: self.resources().map(target).collect(),
            fake_missing_bindings: false,
            zero_initialize_workgroup_memory: false,
            restrict_indexing: false,
            force_loop_bounding: false,
            ..hlsl::Options::default()
        };
        let entry = hlsl::PipelineOptions {
            entry_point: Some((ShaderStage::Compute, ENTRY.into())),
        };
        let mut code = String::new();
        let info = hlsl::Writer::new(&mut code, &options, &entry)
            .write(&self.module, &self.info, None)
            .map_err(|error| error.to_string())?;
        let name = first(info.entry_point_names)?;
        Ok((code, name, dialect))
    }

    fn glsl(&self) -> Result<(String, String, &'static str), String> {
        let slot = |(at, _): (ResourceBinding, bool)| {
            let slot = u8::try_from(at.binding).ok();
            slot.map(|slot| (at, slot))
        };
        let options = glsl::Options {
            version: glsl::Version::Desktop(450),
            writer_flags: glsl::WriterFlags::empty(),
            binding_map: self.resources().filter_map(slot).collect(),
            zero_initialize_workgroup_memory: false,
        };
        let entry = glsl::PipelineOptions {
            shader_stage: ShaderStage::Compute,
            entry_point: ENTRY.into(),
            multiview: None,
        };
        let mut code = String::new();
        let written = glsl::Writer::new(
            &mut code,
            &self.module,
            &self.info,
            &options,
            &entry,
            UNCHECKED,
        )
        .and_then(|mut writer| writer.write());
        written.map_err(|error| error.to_string())?;
        let dialect = if self.needs.contains(Capabilities::SUBGROUP) {
            "GLSL 4.50 with GL_KHR_shader_subgroup"
        } else {
            "GLSL 4.50"
        };
        Ok((code, ENTRY.into(), dialect))
    }
}

/// The name of the only entry point.
fn first<E: core::fmt::Display>(names: Vec<Result<String, E>>) -> Result<String, String> {
    match names.into_iter().next() {
        Some(name) => name.map_err(|error| error.to_string()),
        None => Err("it has no entry point".to_string()),
    }
}

/// Validates with those capabilities and no others.
fn validate(module: &Module, capabilities: Capabilities) -> Result<ModuleInfo, String> {
    let mut validator = Validator::new(ValidationFlags::all(), capabilities);
    validator
        .subgroup_stages(ShaderStages::COMPUTE)
        .subgroup_operations(SubgroupOperationSet::all());
    validator
        .validate(module)
        .map_err(|error| format!("{error}: {:?}", error.as_inner()))
}
