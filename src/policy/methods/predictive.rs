//! Methods that forecast what they skip.

use super::{Evidence, Family, Method, Preset, counted, free, site};
use crate::policy::{Keep, Schedule, Site, SiteKind, SplitKind};
use crate::predict::{Predictor, PredictorKind};

/// Liu et al., From Reusing to Forecasting: Accelerating Diffusion Models with TaylorSeers, ICCV
/// 2025 (arXiv 2503.06923).
///
/// The schedule of the official code: the first `warmup` steps, then every `interval`-th. Features
/// are forecast from the warm-up's last two steps on, as there.
pub(super) static TAYLORSEER: Preset = Preset {
    method: Method::TaylorSeer,
    family: Family::Predictive,
    evidence: Evidence::Code,
    summary: "one call in `interval` is computed; TaylorSeer's forecast fills in between",
    rule: "compute iff calls since the last computed one = interval; else Σ Dᵢ xⁱ / i!",
    avoid: "at few steps with high order: an interval near a tenth of the steps diverges",
    unsupported: "the official code does not protect the last step (last=0). Its defaults differ \
                  by model: DiT interval 4, order 4, warm-up 2; FLUX 6, 1 (2 in the paper), 3; \
                  HunyuanVideo and Wan2.1 5, 1, 1. diffusers holds attention alone by default \
                  (site=attention) and computes one step more behind the warm-up",
    citation: "Liu et al., From Reusing to Forecasting: Accelerating Diffusion Models with \
               TaylorSeers, ICCV 2025 (arXiv 2503.06923)",
    headline: "DiT-XL/2, DDIM 50 steps: N3 O3 2.77x at FID 2.34 (base 2.32), N4 O4 3.57x, N5 O3 \
               4.53x at 2.65; FLUX N6 O2 4.99x (FLOPs)",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::TaylorSeer, Schedule::Since, 4);
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::Taylor, 1);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// TaylorSeer-Lite, Cache4Diffusion (HunyuanImage-2.1); also in diffusers and OpenVINO GenAI.
///
/// One table in place of two for every block. It is taken before the head, whose modulation stays
/// fresh.
pub(super) static TAYLORSEERLITE: Preset = Preset {
    method: Method::TaylorSeerLite,
    family: Family::Predictive,
    evidence: Evidence::Code,
    summary: "TaylorSeer on one feature: what the last block gave",
    rule: "as taylorseer, of the trunk's output",
    avoid: "where fidelity counts more than memory: taylorseer forecasts module by module",
    unsupported: "HunyuanImage-2.1 forecasts behind the head, with intervals 5, 4 and 3, and \
                  protects no last step (last=0). OpenVINO has order 1, interval 3, \
                  warmup=6,last=2. diffusers' lite mode gave noise on FLUX, as was reported",
    citation: "TaylorSeer-Lite, Cache4Diffusion (HunyuanImage-2.1); also in diffusers and \
               OpenVINO GenAI",
    headline: "HunyuanImage-2.1: one table in place of 240 tensors",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::TaylorSeerLite, Schedule::Since, 5);
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::Taylor, 2);
        policy.site.keep = Keep::Output;
        policy
    },
};

/// Feng et al., HiCache: Training-free Acceleration of Diffusion Models via Hermite
/// Polynomial-based Feature Caching, 2025 (arXiv 2508.16984).
///
/// TaylorSeer's table with scaled Hermite polynomials in place of powers. At σ = 0.5 they damp; at
/// σ = 1/√2 the first order is Taylor's.
pub(super) static HICACHE: Preset = Preset {
    method: Method::HiCache,
    family: Family::Predictive,
    evidence: Evidence::Notes,
    summary: "one call in `interval` is computed; a damped Hermite forecast fills in between",
    rule: "compute iff calls since the last computed one = interval; else Σ Dᵢ σⁱ Hᵢ(σx) / i!",
    avoid: "on DiT-XL/2 with many steps: TaylorSeer's own forecast drifts less there",
    unsupported: "σ from the size of each layer's differences, which the authors' fork has. Only \
                  third-party code was read",
    citation: "Feng et al., HiCache: Training-free Acceleration of Diffusion Models via Hermite \
               Polynomial-based Feature Caching, 2025 (arXiv 2508.16984)",
    headline: "FLUX 6.24x at interval 7 above the baseline's ImageReward (first version), 5.55x \
               in later ones",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::HiCache, Schedule::Since, 6);
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::Hermite, 2);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Zheng et al., Forecast then Calibrate: Feature Caching as ODE for Efficient Diffusion
/// Transformers, AAAI 2026 (arXiv 2508.16211).
///
/// The recursion of predictor and corrector has a closed form: a straight line, and half of the
/// last forecast's error less with every step.
pub(super) static FOCA: Preset = Preset {
    method: Method::FoCa,
    family: Family::Predictive,
    evidence: Evidence::Notes,
    summary: "one call in `interval` is computed; a line corrected by the last forecast's error \
              fills in between",
    rule: "F + k a + (F − F̂ − a)(1 − 2⁻ᵏ), a = (F − F′) / (s − s′)",
    avoid: "over long intervals of features that turn: it is of first order",
    unsupported: "the paper's text and formula differ on where the corrector starts; the formula \
                  is followed. cache-dit does not divide the slope by the spacing. Interval and \
                  warm-up are not published for it",
    citation: "Zheng et al., Forecast then Calibrate: Feature Caching as ODE for Efficient \
               Diffusion Transformers, AAAI 2026 (arXiv 2508.16211)",
    headline: "FLUX 5.50x; HunyuanVideo 6.45x; DiT-XL/2 4.53x; Inf-DiT 3.17x (FLOPs)",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::FoCa, Schedule::Since, 5);
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::Foca, 0);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Yu et al., AB-Cache: Training-Free Acceleration of Diffusion Models via Adams-Bashforth Cached
/// Feature Reuse, 2025 (arXiv 2504.10540).
///
/// A polynomial through the newest features, forecasts among them, one call ahead: of order 1, 2F₁
/// − F₂.
pub(super) static ABCACHE: Preset = Preset {
    method: Method::AbCache,
    family: Family::Predictive,
    evidence: Evidence::Notes,
    summary: "one call in `interval` is computed; each skipped one goes on from the two before",
    rule: "compute iff calls since the last computed one = interval; else Σ (−1)^(i+1) C(j,i) Fᵢ",
    avoid: "over long runs of skips: forecasts feed on forecasts",
    unsupported: "the paper's own coefficients, interval and order were not found; these are \
                  restated from the paper on molecules (molcache)",
    citation: "Yu et al., AB-Cache: Training-Free Acceleration of Diffusion Models via \
               Adams-Bashforth Cached Feature Reuse, 2025 (arXiv 2504.10540)",
    headline: "about 3x",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::AbCache, Schedule::Since, 3);
        policy.guards.max_warmup_steps = 2;
        policy.predictor = Predictor::new(PredictorKind::AdamsBashforth, 1);
        policy.site.keep = Keep::Output;
        policy
    },
};

/// Predictive feature caching for molecular generation, NeurIPS 2025 workshop (arXiv 2510.04646).
///
/// Of order 2: 3F₁ − 3F₂ + F₃. A linear combination of features keeps their symmetry under
/// rotation. The last step is always computed.
pub(super) static MOLCACHE: Preset = Preset {
    method: Method::MolCache,
    family: Family::Predictive,
    evidence: Evidence::Notes,
    summary: "one call in `interval` is computed; each skipped module goes on from the three \
              before",
    rule: "compute iff calls since the last computed one = interval; else 3F₁ − 3F₂ + F₃",
    avoid: "over long runs of skips: forecasts feed on forecasts",
    unsupported: "the interval is not published; with Taylor it is taylorseer",
    citation: "Predictive feature caching for molecular generation, NeurIPS 2025 workshop (arXiv \
               2510.04646)",
    headline: "order 2 scored better than TaylorSeer of order 2; no speed-up was read",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::MolCache, Schedule::Since, 3);
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::AdamsBashforth, 2);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Qiu et al., Accelerating Diffusion Transformer via Gradient-Optimized Cache, ICCV 2025 (arXiv
/// 2503.05156).
///
/// On top of FORA at interval 2, η times the last change is added at steps 3, 5, 7 and 9 of 20;
/// what was used is what is kept, forecasts too.
pub(super) static GOC: Preset = Preset {
    method: Method::Goc,
    family: Family::Predictive,
    evidence: Evidence::Code,
    summary: "every second step is computed; in a part of the run the last change is added",
    rule: "compute iff calls since the last computed one = interval; else F + η (F − F′) within \
           gain_start to gain_end",
    avoid: "with other schedules than 20 steps: the steps that are corrected are hand-picked",
    unsupported: "the factor of every block, and leaving out changes that turn back. On top of \
                  L2C η is 0.8 at steps 3, 5, 7, 9, 11, 13, 15, 19",
    citation: "Qiu et al., Accelerating Diffusion Transformer via Gradient-Optimized Cache, ICCV \
               2025 (arXiv 2503.05156)",
    headline: "DiT-XL/2, 20 steps, half of it held: FID 3.907, IS 216.3",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::Goc, Schedule::Since, 2);
        policy.guards.max_warmup_steps = 1;
        policy.predictor = Predictor::new(PredictorKind::Gradient, 0);
        policy.predictor.gain = 1.2;
        policy.predictor.rolling = 1;
        policy.predictor.gain_start = 0.15;
        policy.predictor.gain_end = 0.5;
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Liu et al., FreqCa: Accelerating Diffusion Models via Frequency-Aware Caching, 2025 (arXiv
/// 2510.08669).
///
/// The last hidden state is split over the token grid: within a tenth of the radius it is held, the
/// rest is forecast. Since the bands add up, three features serve for the six tensors of the
/// official code.
pub(super) static FREQCA: Preset = Preset {
    method: Method::FreqCa,
    family: Family::Predictive,
    evidence: Evidence::Code,
    summary: "one call in `interval` is computed; low frequencies are held, high ones forecast",
    rule: "compute iff calls since the last computed one = interval; else F + high(Σ Dᵢ σⁱ Hᵢ(σx) \
           / i! − F)",
    avoid: "on token grids of few rows, where the low band is little more than the mean",
    unsupported: "looking ahead and going back between two computed steps. The official code \
                  needs a square grid on FLUX, and splits Qwen-Image's tokens as one row. \
                  Interval 6 or 9 in the paper, 1 by default in the code",
    citation: "Liu et al., FreqCa: Accelerating Diffusion Models via Frequency-Aware Caching, \
               2025 (arXiv 2510.08669)",
    headline: "FLUX 6.24x at interval 9; Qwen-Image 7.14x",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::FreqCa, Schedule::Since, 6);
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::Hermite, 2);
        policy.predictor.sigma = 0.71;
        policy.split.kind = SplitKind::Band;
        policy.split.band = 0.1;
        policy.site.keep = Keep::Output;
        policy
    },
};

/// Spectrum, 2026 (arXiv 2603.01623).
///
/// A ridge fit of Chebyshev polynomials to every computed feature, kept as running sums. The
/// interval grows by 0.75 with every computed call.
pub(super) static SPECTRUM: Preset = Preset {
    method: Method::Spectrum,
    family: Family::Predictive,
    evidence: Evidence::Code,
    summary: "a growing interval; a regularised Chebyshev fit over all computed calls fills in",
    rule: "compute iff calls since the last computed one = ⌊interval + growth · computed⌋; else Σ \
           yₘ Aₘ, y = (XᵀX + λI)⁻¹ x",
    avoid: "where few calls are computed before the first skip: the fit needs its warm-up",
    unsupported: "mixing in a local line, which is off by default. The official code takes 50 \
                  steps for granted and protects no last step (last=0). stable-diffusion.cpp \
                  differs: order 3, λ 1, growth 0.5, warm-up 4, on the denoised output",
    citation: "Spectrum, 2026 (arXiv 2603.01623)",
    headline: "FLUX 4.79x; Wan2.1 4.67x; FLUX 3.47x at PSNR 24.3",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::Spectrum, Schedule::Since, 2);
        policy.gauge.growth = 0.75;
        policy.guards.max_warmup_steps = 5;
        policy.predictor = Predictor::new(PredictorKind::Chebyshev, 4);
        policy.site.keep = Keep::Output;
        policy
    },
};

/// HiCache++, github.com/Archerkattri/hicache-plus-plus (2026).
///
/// Six features of even spacing are decomposed into modes that grow, shrink or turn; with fewer it
/// falls back to a straight line.
pub(super) static DMD: Preset = Preset {
    method: Method::Dmd,
    family: Family::Predictive,
    evidence: Evidence::Code,
    summary: "one call in `interval` is computed; modes of the last features are carried on",
    rule: "compute iff calls since the last computed one = interval; else Φ λᵏ b",
    avoid: "on DiT-XL/2 and with uneven spacing: it drifts many times as far as TaylorSeer there",
    unsupported: "features of uneven spacing: the first regular forecast comes after six intervals",
    citation: "HiCache++, github.com/Archerkattri/hicache-plus-plus (2026)",
    headline: "better than polynomials on flow-matching 3D models; on DiT-XL/2, DDPM 250 steps, \
               interval 4: FID drift 18.0 against TaylorSeer's 2.27",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::Dmd, Schedule::Since, 4);
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::Dmd, 0);
        policy.site.keep = Keep::Output;
        policy
    },
};

/// L2P, 2026 (arXiv 2604.26365).
///
/// For every step the weights of the kept predictions are fitted offline: a table in place of a
/// formula.
pub(super) static L2P: Preset = Preset {
    method: Method::L2p,
    family: Family::Predictive,
    evidence: Evidence::Notes,
    summary: "a mask of computed steps; a table of weights forecasts the prediction in between",
    rule: "compute iff mask[step] = 1; else Σ W[step][j] Fⱼ",
    avoid: "with another model, sampler or mask than the table was fitted for",
    unsupported: "fitting the table, by ridge regression in a re-implementation. Two kept \
                  predictions here; all past ones there",
    citation: "L2P, 2026 (arXiv 2604.26365)",
    headline: "FLUX 4.15x at PSNR 31.46 (latency); Qwen-Image 7.18x",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::L2p);
        policy.predictor = Predictor::new(PredictorKind::Table, 1);
        policy.site = Site {
            keep: Keep::Output,
            ..Site::MODEL
        };
        policy
    },
};
