//! Methods of several families.

use super::{Evidence, Family, Method, Preset, counted, free, site};
use crate::policy::{Schedule, SiteKind, VerifyKind};
use crate::predict::{Predictor, PredictorKind};

/// Zou et al., Accelerating Diffusion Transformers with Token-wise Feature Caching, ICLR 2025
/// (arXiv 2410.05317).
///
/// Steps count down in the official code. Intervals are longer at first, and from 60 to 80 % of the
/// run every second step is computed.
pub(super) static TOCA: Preset = Preset {
    method: Method::ToCa,
    family: Family::Hybrid,
    evidence: Evidence::Code,
    summary: "intervals around `interval`, longer at first, with every second step computed from \
              60 to 80 % of the run",
    rule: "s = steps − 1 − step; t = round(interval / (1.4 − 0.8 · s/steps)), 2 if 0.2 ≤ s/steps \
           < 0.4; compute iff s mod t = 0",
    avoid: "where speed is counted in FLOPs alone: what the token refresh saves is less on the \
            clock",
    unsupported: "recomputing the most important tokens at skipped steps, which needs attention \
                  maps and gathered rows: with the published weights the first quarter of 50 DDIM \
                  steps refreshes none. The official code also runs layer 0 alone in full at two \
                  steps, by a slip",
    citation: "Zou et al., Accelerating Diffusion Transformers with Token-wise Feature Caching, \
               ICLR 2025 (arXiv 2410.05317)",
    headline: "FLUX.1-dev, 50 steps, interval 4: 2.94x at ImageReward 0.9798; PixArt-alpha 1.93x; \
               Open-Sora 2.36x, with the token refresh",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::ToCa, Schedule::Toca, 3);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Zou et al., Accelerating Diffusion Transformers with Dual Feature Caching, 2024 (arXiv
/// 2412.18911).
///
/// Between computed steps the official code alternates token-wise steps with aggressive ones that
/// skip every block and take what the last layer gave.
pub(super) static DUCA: Preset = Preset {
    method: Method::DuCa,
    family: Family::Hybrid,
    evidence: Evidence::Code,
    summary: "ToCa's schedule; what is between computed steps is held",
    rule: "as toca",
    avoid: "where toca serves: without the token-wise steps the two are the same",
    unsupported: "the token-wise steps and their score from the norms of values: every skipped \
                  step is an aggressive one here",
    citation: "Zou et al., Accelerating Diffusion Transformers with Dual Feature Caching, 2024 \
               (arXiv 2412.18911)",
    headline: "Open-Sora 2.50x, with token-wise steps",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::DuCa, Schedule::Toca, 3);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Ma et al., Model Reveals What to Cache: Profiling-Based Feature Reuse for Video Diffusion
/// Models, ICCV 2025 (arXiv 2504.03140).
///
/// Profiling tells blocks that attend to the background from those that attend to the foreground. A
/// mask with a column a block: foreground blocks are 1 throughout, background blocks at the listed
/// steps (6, 18, 26, 32, 38, 42, 46 and 48 of 50).
pub(super) static PROFILINGDIT: Preset = Preset {
    method: Method::ProfilingDit,
    family: Family::Hybrid,
    evidence: Evidence::Code,
    summary: "background blocks run at a few listed steps, foreground blocks on every call",
    rule: "block b: compute iff mask[step][b] = 1",
    avoid: "without a profile of the model: the lists fit one model and 50 steps",
    unsupported: "the profiling itself. A run of neighbouring blocks keeps one offset there and \
                  one each here. The shipped code has the same list for both kinds of \
                  HunyuanVideo blocks: it must be set",
    citation: "Ma et al., Model Reveals What to Cache: Profiling-Based Feature Reuse for Video \
               Diffusion Models, ICCV 2025 (arXiv 2504.03140)",
    headline: "HunyuanVideo 1.87x at PSNR 26.44; Wan2.1 2.01x at PSNR 22.02",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::ProfilingDit);
        policy.site = site(SiteKind::Blocks);
        policy
    },
};

/// Let Features Decide Their Own Solvers: Hybrid Feature Caching for Diffusion Transformers (HyCa),
/// ICLR 2026 (arXiv 2510.04188).
///
/// Solvers with fixed coefficients: rk2, ab2, forward, bdf2 and adams-moulton. All but bdf2 are
/// exact on straight lines of even spacing.
pub(super) static HYCA: Preset = Preset {
    method: Method::HyCa,
    family: Family::Hybrid,
    evidence: Evidence::Notes,
    summary: "one call in `interval` is computed; one solver's step fills in between",
    rule: "compute iff calls since the last computed one = interval; else 2F₀ − F₁ \
           (predictor=forward)",
    avoid: "where forecasts lie far away: the coefficients do not depend on the distance",
    unsupported: "choosing a solver for every cluster of channels, which is the method: one \
                  solver serves all channels here. Only third-party code was read; interval and \
                  warm-up are not published",
    citation: "Let Features Decide Their Own Solvers: Hybrid Feature Caching for Diffusion \
               Transformers (HyCa), ICLR 2026 (arXiv 2510.04188)",
    headline: "FLUX 5.55x; HunyuanVideo 5.56x; Qwen-Image 6.24x",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::HyCa, Schedule::Since, 5);
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::Forward, 0);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Liu et al., SpeCa: Accelerating Diffusion Transformers with Speculative Feature Caching, ACM MM
/// 2025 (arXiv 2509.11628).
///
/// One block is also computed from the forecast; a large error has the next step computed, while
/// the forecast stands. From the third skip of a run on forecasts are checked, and none is longer
/// than five.
pub(super) static SPECA: Preset = Preset {
    method: Method::SpeCa,
    family: Family::Hybrid,
    evidence: Evidence::Code,
    summary: "TaylorSeer's forecast goes on until a block that is computed all the same disagrees",
    rule: "skip iff run < max_run and error ≤ max(tolerance · tolerance_decay^progress, \
           tolerance_floor)",
    avoid: "where a relative error divides by values near zero: on FLUX the tolerance is 7",
    unsupported: "the paper gives a wrong forecast up (verify=rollback); the code, which is \
                  followed here, keeps it. FLUX has tolerance 7, decay 0.3, floor 0.1 and order \
                  2; HunyuanVideo 1, 0.1, 0.1 and order 1. The exact output of the checked block \
                  is thrown away, as in the code. Its tolerance is that of two steps later",
    citation: "Liu et al., SpeCa: Accelerating Diffusion Transformers with Speculative Feature \
               Caching, ACM MM 2025 (arXiv 2509.11628)",
    headline: "FLUX 6.34x at ImageReward 0.9355 (TaylorSeer at 6.24x: 0.8168); DiT-XL/2 7.3x; \
               HunyuanVideo 6.1x at VBench 79.84",
    needs_calibration: false,
    policy: || {
        let mut policy = free(Method::SpeCa);
        policy.guards.max_warmup_steps = 1;
        policy.guards.enhanced_steps = 3;
        policy.guards.max_continuous_cached_steps = 5;
        policy.verify.kind = VerifyKind::Next;
        policy.verify.from = 3;
        policy.verify.tolerance = 0.1;
        policy.verify.decay = 0.01;
        policy.verify.floor = 0.01;
        policy.predictor = Predictor::new(PredictorKind::Taylor, 4);
        policy.site = site(SiteKind::Modules);
        policy
    },
};
