//! Diffusion caching you can embed.
//!
//! A diffusion transformer is evaluated 20 to 250 times per picture, and neighbouring evaluations
//! are nearly the same. refrain decides, call by call, what an engine can refrain from computing,
//! and brings the kernels to compute the rest and to blend what was kept. The host keeps its loop,
//! its memory, its device and its frame.
//!
//! # Layers
//!
//! Each is usable without the next.
//!
//! | layer | modules | needs | for |
//! | --- | --- | --- | --- |
//! | decide | [`policy`], [`predict`], [`scheduler`], [`signal`], [`timeline`], [`measure`] | `core` | an engine with its own kernels |
//! | kernels | `kernels`; `decide`, the scheduler as a kernel | `alloc` | an engine that dispatches WGSL, or what it translates to, on its own device |
//! | run | `dit`, `sampler`, `run`, `executor`, `cpu`, `gpu` | `std` | a program that wants pictures from a `.safetensors` file |
//!
//! `trace` and [`text`] serve all of them; `capi` is the whole for C.
//!
//! Data flows one way:
//!
//! ```text
//! policy + timeline → scheduler → decision → recording → executor → features → signal → scheduler
//! ```
//!
//! # Two ideas
//!
//! A *prediction is a set of weights*: nearly every predictor in the literature is a linear
//! combination of a few kept features, whose coefficients depend only on when they were computed.
//! So the [scheduler](Scheduler) hands out weights, one kernel blends, and a predictor never sees a
//! tensor.
//!
//! A *policy is plain data made of few parts*: gauge, budget, guards, predictor, site. Every
//! published method is a named composition with one text form:
//!
//! ```
//! use refrain::Policy;
//!
//! let policy = Policy::parse("taylorseer:interval=4,order=2,warmup=3")?;
//! assert_eq!(policy.anchors(), 3);
//! assert_eq!(policy.to_string(), "taylorseer:order=2");
//! # Ok::<(), refrain::policy::ParseError<'static>>(())
//! ```
//!
//! # What the core promises
//!
//! It reads no clock, allocates nothing, has no global state and cannot panic. Whatever is wrong
//! with a signal or a history, the answer is to compute, with the reason. The same inputs give the
//! same decisions, bit for bit, on every target and in every build.
//!
//! # What it does not do
//!
//! No training, no tokenizer, no text encoder, no VAE; it takes over neither the host's loop nor its
//! device; there is no macro in the public interface.
//!
//! # Features
//!
//! | feature | adds |
//! | --- | --- |
//! | (none) | the decide layer: `core` only, no dependencies |
//! | `alloc` | `Trace` |
//! | `std` | the standard library |
//! | `kernels` | WGSL, parameter blocks, CPU twins, recordings; `alloc` |
//! | `cpu` | the CPU executor, checkpoints, samplers, runs |
//! | `gpu` | the wgpu executor, checkpoints, samplers, runs |
//! | `export` | kernels in SPIR-V, MSL, HLSL and GLSL; `std`, `kernels` |
//! | `capi` | the C functions of `include/refrain.h` |
//! | `allocator` | the host's allocator for what the C functions allocate; for C artifacts alone |
//! | `panic-handler` | what a static library without `std` needs to be linked into a C program |
//! | `cli` (default) | the `refrain` program |
//!
//! No feature changes a decision.
#![cfg_attr(not(any(feature = "std", test)), no_std)]
#![deny(unsafe_code)]
#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "capi")]
pub mod capi;
mod hash;
pub mod measure;
mod numeric;
pub mod policy;
pub mod predict;
pub mod scheduler;
pub mod signal;
pub mod text;
pub mod timeline;
#[cfg(feature = "alloc")]
pub mod trace;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cpu")]
pub mod cpu;
#[cfg(feature = "kernels")]
pub mod decide;
#[cfg(feature = "_run")]
pub mod dit;
#[cfg(feature = "_run")]
pub mod executor;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(feature = "kernels")]
pub mod kernels;
#[cfg(feature = "_run")]
pub mod run;
#[cfg(feature = "_run")]
pub mod sampler;

pub use policy::{Policy, PolicyError};
pub use scheduler::{
    Action, Begin, CallError, Decision, Event, Lane, Outcome, Reason, Scheduler, Stats,
};
pub use timeline::{Call, Timeline};
#[cfg(feature = "alloc")]
pub use trace::Trace;

#[cfg(all(doctest, feature = "cli"))]
#[doc = include_str!("../README.md")]
struct Readme;
