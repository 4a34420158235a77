//! Methods that decide step by step.

use super::{Evidence, Family, Method, Preset, measured};
use crate::policy::{
    BudgetKind, Comparator, GaugeKind, Policy, Progress, Rescale, Rounding, Scale, Site,
};
use crate::predict::{Predictor, PredictorKind};
use crate::signal::{Filter, Metric, Reference, SignalKind};

/// Liu et al., Timestep Embedding Tells: It's Time to Cache for Video Diffusion Model, CVPR 2025
/// (arXiv 2411.19108).
///
/// d = mean|m − m_prev| / mean|m_prev| of the first block's modulated input; the first and the last
/// step are computed. The published polynomials may be negative, which lowers the sum, as in the
/// official code.
pub(super) static TEACACHE: Preset = Preset {
    method: Method::TeaCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "accumulated relative change of the first block's modulated input",
    rule: "spent += p(d); skip iff spent < threshold; a computed call sets spent to 0",
    avoid: "below about 10 steps, and with a polynomial fitted to another model or sampler",
    unsupported: "on Wan2.1, CogVideoX, ConsisID and HiDream the signal is the timestep's \
                  embedding (signal=time-embedding). Wan2.1's retention mode has warmup=5,last=0; \
                  HiDream retention=0.1,last=0. The ComfyUI port takes the polynomial's magnitude \
                  on FLUX (rescale=absolute-polynomial), has a window in place of first and last \
                  step, and computes if any branch wants it (pool=any). The second, text stream's \
                  residual is the host's",
    citation: "Liu et al., Timestep Embedding Tells: It's Time to Cache for Video Diffusion \
               Model, CVPR 2025 (arXiv 2411.19108)",
    headline: "FLUX.1-dev, 28 steps: 1.5x, 1.8x, 2.0x, 2.25x at 0.25, 0.4, 0.6, 0.8; Open-Sora \
               1.55x at PSNR 23.62; HunyuanVideo 1.6x at 0.1, 2.1x at 0.15",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::TeaCache,
            SignalKind::ModulatedInput,
            Metric::RelativeL1,
            Reference::Previous,
        );
        policy.budget.threshold = 0.1;
        policy.guards.max_warmup_steps = 1;
        policy
    },
};

/// First Block Cache, ParaAttention (C. Zeyi, 2024); in diffusers as FirstBlockCache.
///
/// r = what the front blocks added to their input; d = mean|r_anchor − r| / mean|r_anchor| against
/// the last computed call. As in ParaAttention, equality computes.
pub(super) static FBCACHE: Preset = Preset {
    method: Method::FbCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "relative change of what the first block adds, against the last computed call",
    rule: "skip iff d < threshold",
    avoid: "on shallow models: the first block runs on every call; and on distilled few-step \
            models",
    unsupported: "the official rule protects no last step (last=0). In diffusers equality skips \
                  (compare=at-most) and the threshold is 0.05; in LightX2V the reference is the \
                  previous call, which hides slow drift (reference=previous). The second, text \
                  stream's residual is the host's",
    citation: "First Block Cache, ParaAttention (C. Zeyi, 2024); in diffusers as FirstBlockCache",
    headline: "FLUX.1-dev, 28 steps, L20: 26.36 s to 21.83, 17.01, 16.00, 13.78 s at 0.06, 0.08, \
               0.10, 0.12; HunyuanVideo 1.62x",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::FbCache,
            SignalKind::FrontResidual,
            Metric::RelativeL1,
            Reference::Computed,
        );
        policy.budget.kind = BudgetKind::Instant;
        policy.budget.threshold = 0.08;
        policy.guards.max_warmup_steps = 1;
        policy.site = Site::range(1, 0);
        policy
    },
};

/// Zhou et al., Less is Enough: Training-Free Video Diffusion Acceleration via Runtime-Adaptive
/// Caching, 2025 (arXiv 2507.02860).
///
/// k = mean|v_c − v_c'| / mean|x_c − x_c'| over the two latest computed calls; the cost of a skip
/// is k · mean|x − x_prev| / mean|v_c|. The host hands in k / mean|v_c| with each computed call.
pub(super) static EASYCACHE: Preset = Preset {
    method: Method::EasyCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "accumulated input change times the rate at which the network passes it on",
    rule: "spent += rate · mean|x − x_prev|; skip iff spent < threshold",
    avoid: "with samplers that add noise, and where input and output have different channels",
    unsupported: "Wan2.1 has a warm-up of 10, HunyuanVideo threshold 0.025. ComfyUI and \
                  stable-diffusion.cpp compare with the last computed call and add that up all \
                  the same (reference=computed), at 0.2 within 15 to 95 % of the run; ComfyUI \
                  measures every 8th row and column (filter=downsample,filter_size=8). The \
                  official code carries k over into the next run",
    citation: "Zhou et al., Less is Enough: Training-Free Video Diffusion Acceleration via \
               Runtime-Adaptive Caching, 2025 (arXiv 2507.02860)",
    headline: "HunyuanVideo, 50 steps: 2.21x at PSNR 32.66; Wan2.1 1.3B 2.54x at 25.24 (TeaCache \
               2.00x at 22.57)",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::EasyCache,
            SignalKind::ModelInput,
            Metric::MeanAbsolute,
            Reference::Previous,
        );
        policy.gauge.rescale = Rescale::Rate;
        policy.budget.threshold = 0.05;
        policy.guards.max_warmup_steps = 5;
        policy.site = Site::MODEL;
        policy
    },
};

/// LazyCache, ComfyUI core (nodes_easycache.py).
///
/// EasyCache's rule against the last computed call, on every 8th row and column, within 15 to 95 %
/// of the run; what it wraps there is the prediction behind the guidance.
pub(super) static LAZYCACHE: Preset = Preset {
    method: Method::LazyCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "EasyCache's rule for hosts that can only wrap the whole prediction",
    rule: "spent += rate · mean|x − x_computed|; skip iff start ≤ share < end and spent < \
           threshold",
    avoid: "where the network itself can be wrapped: easycache sees each branch",
    unsupported: "the change against the last computed call is added up, as there, which counts \
                  it more than once. In this crate's runs site=model lies before the guidance",
    citation: "LazyCache, ComfyUI core (nodes_easycache.py)",
    headline: "not found in the sources read",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::LazyCache,
            SignalKind::ModelInput,
            Metric::MeanAbsolute,
            Reference::Computed,
        );
        policy.gauge.rescale = Rescale::Rate;
        policy.gauge.filter = Filter::Downsample;
        policy.gauge.filter_size = 8.0;
        policy.budget.threshold = 0.2;
        policy.guards.window_start = 0.15;
        policy.guards.window_end = 0.95;
        policy.site = Site::MODEL;
        policy
    },
};

/// UCache, stable-diffusion.cpp (ucache.hpp).
///
/// Every skip of a run makes the next one dearer by half; the threshold is halved before a fifth of
/// the run and raised by half behind four fifths, counted in computed calls.
pub(super) static UCACHE: Preset = Preset {
    method: Method::UCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "input change times a smoothed rate, dearer with every skip of a run, under a \
              threshold by progress",
    rule: "spent = decay · spent + rate · d · (1 + run_factor · run); skip iff spent < threshold \
           · factor(progress)",
    avoid: "without a threshold for sampler and schedule: it varies with both, as its author says",
    unsupported: "the rate is divided there by sqrt(mean|v| · 1.6 · a moving mean of the output's \
                  change): a host that wants it commits that rate. For euler_a its documentation \
                  recommends reset=0. The first condition decides for all: hand the same value to \
                  every lane",
    citation: "UCache, stable-diffusion.cpp (ucache.hpp)",
    headline: "SDXL-class, 20 steps: 5, 7, 8 skipped are 1.33x, 1.54x, 1.67x",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::UCache,
            SignalKind::ModelInput,
            Metric::MeanAbsolute,
            Reference::Computed,
        );
        policy.gauge.rescale = Rescale::Rate;
        policy.gauge.run_factor = 0.5;
        policy.budget.kind = BudgetKind::Leaky;
        policy.budget.threshold = 1.0;
        policy.budget.early_factor = 0.5;
        policy.budget.early_until = 0.2;
        policy.budget.late_factor = 1.5;
        policy.budget.late_from = 0.8;
        policy.budget.progress = Progress::Computed;
        policy.guards.window_start = 0.15;
        policy.guards.window_end = 0.95;
        policy.site = Site::MODEL;
        policy
    },
};

/// Dbcache, taylorseer and cache-dit modes, stable-diffusion.cpp (cache_dit.hpp).
///
/// All three modes come to the same rule on the noised latent; of their options only the threshold
/// and a fixed window act.
pub(super) static SDCPP: Preset = Preset {
    method: Method::SdCpp,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "relative change of the latent against the last computed call, for the whole network",
    rule: "skip iff start ≤ share < end and d < threshold",
    avoid: "as dbcache or taylorseer: it measures no block and forecasts nothing",
    unsupported: "front and back blocks only scale the threshold there: times 1 + 0.02 (Fn − 8), \
                  0.5 to 2, and 1 − 0.03 Bn, 0.5 to 1. Warm-up, mask and limits have no effect \
                  there; here they have",
    citation: "dbcache, taylorseer and cache-dit modes, stable-diffusion.cpp (cache_dit.hpp)",
    headline: "not found in the sources read",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::SdCpp,
            SignalKind::ModelInput,
            Metric::RelativeL1,
            Reference::Computed,
        );
        policy.budget.kind = BudgetKind::Instant;
        policy.budget.threshold = 0.08;
        policy.guards.window_start = 0.15;
        policy.guards.window_end = 0.95;
        policy.site = Site::MODEL;
        policy
    },
};

/// Ma et al., MagCache: Fast Video Generation with Magnitude-Aware Cache, NeurIPS 2025 (arXiv
/// 2506.09045).
///
/// Before the retention steps nothing accumulates; a computed call restarts the product at 1. As in
/// the official FLUX code, `≤` allows a skip.
pub(super) static MAGCACHE: Preset = Preset {
    method: Method::MagCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "calibrated ratios of the residual's magnitude from step to step",
    rule: "ratio *= curve[step]; spent += |1 − ratio|; skip iff spent ≤ threshold and run ≤ \
           max_run",
    avoid: "with another model, sampler or time shift than the curve was calibrated on",
    unsupported: "the official rule protects no last step (last=0). The FLUX code never skips the \
                  curve's step 11 (protect=11); Wan2.1 and Qwen-Image have `<` (compare=below), \
                  Wan2.1 and HunyuanVideo round the retention down (rounding=down). FramePack \
                  adds max_cost=0.06, Open-Sora counts the signed deviation (deviation=signed). \
                  Wan2.2 starts the retention again with its second expert: give each expert a \
                  run",
    citation: "Ma et al., MagCache: Fast Video Generation with Magnitude-Aware Cache, NeurIPS \
               2025 (arXiv 2506.09045)",
    headline: "FLUX.1-dev, 28 steps: 2.8x at threshold 0.24, max_run 5, retention 0.1; \
               HunyuanVideo 2.25x at PSNR 34.51; Wan2.1 1.3B 2.14x at 23.42",
    needs_calibration: true,
    policy: || {
        let mut policy = Policy::BASE;
        policy.method = Method::MagCache;
        policy.gauge.kind = GaugeKind::Curve;
        policy.budget.comparator = Comparator::AtMost;
        policy.budget.threshold = 0.06;
        policy.guards.max_warmup_steps = 1;
        policy.guards.warmup_fraction = 0.2;
        policy.guards.max_continuous_cached_steps = 3;
        policy
    },
};

/// Bu et al., DiCache: Let Diffusion Model Determine Its Own Cache, ICLR 2026 (arXiv 2508.17356).
///
/// The probe's output against the previous call's adds up. A skipped call adds R′ + γ (R − R′) over
/// the last two residuals, where γ is the probe's way since the older one, as a share of its way
/// between both, within 1 and 1.5.
pub(super) static DICACHE: Preset = Preset {
    method: Method::DiCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "accumulated change of the first block's output, with the residual aligned by the \
              same probe",
    rule: "spent += d; skip iff spent < threshold; R′ + γ (R − R′)",
    avoid: "on shallow models, where the probe is a large part of the network",
    unsupported: "FLUX takes one step more than the retention says, and forces the last step; \
                  Wan2.1 (threshold 0.08, γ to 2) and HunyuanVideo (0.1, compare=at-most) do not \
                  (last=0). The second measure, |change of the output − change of the input| at \
                  0.08, is not a signal here",
    citation: "Bu et al., DiCache: Let Diffusion Model Determine Its Own Cache, ICLR 2026 (arXiv \
               2508.17356)",
    headline: "FLUX, 30 steps: 3.22x at PSNR 22.39; Wan2.1 2.45x at 26.45; HunyuanVideo 2.34x at \
               32.79",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::DiCache,
            SignalKind::FrontOutput,
            Metric::RelativeL1,
            Reference::Previous,
        );
        policy.budget.threshold = 0.4;
        policy.guards.max_warmup_steps = 1;
        policy.guards.warmup_fraction = 0.2;
        policy.guards.rounding = Rounding::Down;
        policy.predictor = Predictor::new(PredictorKind::Aligned, 0);
        policy.predictor.gain = 1.5;
        policy.site = Site::range(1, 0);
        policy
    },
};

/// SeaCache, CVPR 2026 (arXiv 2602.18993).
///
/// The modulated input goes through a Wiener filter for the call's noise level before it is
/// compared; no polynomial. The spectrum is taken to fall as |f|^−2 for pictures and |f|^−3 for
/// video.
pub(super) static SEACACHE: Preset = Preset {
    method: Method::SeaCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Notes,
    summary: "accumulated change of the first block's modulated input behind a filter for the \
              noise level",
    rule: "spent += d(filtered); skip iff spent < threshold; a computed call sets spent to 0",
    avoid: "where a transform of the token grid costs more than it saves",
    unsupported: "the official code was not read: the rule is from a fork and from notes. There \
                  the first filtered input is stored without the filter",
    citation: "SeaCache, CVPR 2026 (arXiv 2602.18993)",
    headline: "FLUX.1-dev, 50 steps: 20.9 s to 9.4 s at PSNR 26.29 (TeaCache 11.4 s at 20.76); \
               HunyuanVideo half the time at 32.39",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::SeaCache,
            SignalKind::ModulatedInput,
            Metric::RelativeL1,
            Reference::Previous,
        );
        policy.gauge.filter = Filter::Sea;
        policy.gauge.filter_size = 2.0;
        policy.budget.threshold = 0.3;
        policy.guards.max_warmup_steps = 1;
        policy
    },
};

/// SenCache, CVPR 2026 (arXiv 2602.24208).
///
/// Both distances are taken to the last computed call and are not added up. The threshold is lower
/// in the first fifth of the run: 0.005 against 0.07.
pub(super) static SENCACHE: Preset = Preset {
    method: Method::SenCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "distance in latent and time to the last computed call, weighed by calibrated \
              sensitivities",
    rule: "skip iff Jx[step] · ‖x − x_computed‖ + Jt[step] · |t − t_computed| < threshold and run \
           ≤ max_run",
    avoid: "without sensitivities of the model: two curves from finite differences",
    unsupported: "the source multiplies its thresholds by the root of the number of values in the \
                  latent: divide both sensitivities by it. The defaults are the command line's; \
                  its documentation has 2 and 0.045 with max_run=3 for Wan2.1. There the \
                  conditional branch decides for both, and no last step is protected (last=0)",
    citation: "SenCache, CVPR 2026 (arXiv 2602.24208)",
    headline: "Wan2.1, 21 evaluations: PSNR 29.14 (MagCache 28.37; TeaCache 25.07 at 25); \
               LTX-Video 27 evaluations: 23.67",
    needs_calibration: true,
    policy: || {
        let mut policy = measured(
            Method::SenCache,
            SignalKind::ModelInput,
            Metric::L2,
            Reference::Computed,
        );
        policy.gauge.rescale = Rescale::Sensitivity;
        policy.budget.kind = BudgetKind::Instant;
        policy.budget.threshold = 0.07;
        policy.budget.early_factor = 0.071_428_571_428_571_43;
        policy.budget.early_until = 0.2;
        policy.guards.max_warmup_steps = 1;
        policy.guards.max_continuous_cached_steps = 10;
        policy
    },
};

/// D2Cache, CVPR 2026.
///
/// An addition to the schedule of TeaCache or EasyCache: the first difference of what was computed
/// is added once.
pub(super) static D2CACHE: Preset = Preset {
    method: Method::D2Cache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Notes,
    summary: "TeaCache's rule; a skipped call adds the last change of the residual",
    rule: "as teacache; F + (F − F′)",
    avoid: "where the residual turns back: a difference overshoots",
    unsupported: "the sum of second differences, scaled by the ratio of TeaCache's polynomial \
                  over both intervals: without that scale VBench falls by 1.72 % in the paper",
    citation: "D2Cache, CVPR 2026",
    headline: "VBench 0.4 to 2.5 % above TeaCache at its schedule",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::D2Cache,
            SignalKind::ModulatedInput,
            Metric::RelativeL1,
            Reference::Previous,
        );
        policy.budget.threshold = 0.1;
        policy.guards.max_warmup_steps = 1;
        policy.predictor = Predictor::new(PredictorKind::Gradient, 0);
        policy.predictor.gain = 1.0;
        policy
    },
};

/// PreciseCache, ICLR 2026 (arXiv 2603.00976).
///
/// The trial runs on a latent of half the frames and a quarter of the rows and columns; its low
/// frequencies, within a fifth of the radius, are compared. The threshold is a share of the largest
/// change seen.
pub(super) static PRECISECACHE: Preset = Preset {
    method: Method::PreciseCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Notes,
    summary: "accumulated change of a cheap trial prediction's low frequencies, relative to the \
              largest",
    rule: "spent += ‖low(F) − low(F_prev)‖; skip iff spent < threshold · largest",
    avoid: "where a trial costs much: on small latents it is no cheaper than the network",
    unsupported: "its second half, which computes only the blocks that change most within \
                  computed steps; no code was read. 0.5 is its base setting, 0.7 the faster one",
    citation: "PreciseCache, ICLR 2026 (arXiv 2603.00976)",
    headline: "Wan2.1 14B: 1.59x at PSNR 29.12, 2.15x at 28.98; HunyuanVideo 1.95x",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::PreciseCache,
            SignalKind::TrialOutput,
            Metric::L2,
            Reference::Previous,
        );
        policy.gauge.filter = Filter::LowPass;
        policy.gauge.filter_size = 0.2;
        policy.budget.scale = Scale::Largest;
        policy.budget.threshold = 0.5;
        policy.guards.max_warmup_steps = 1;
        policy
    },
};

/// FlowCache, 2026 (arXiv 2602.10825).
///
/// An autoregressive video has chunks at noise levels of their own: a lane each, with its own call
/// times.
pub(super) static FLOWCACHE: Preset = Preset {
    method: Method::FlowCache,
    family: Family::TimestepAdaptive,
    evidence: Evidence::Code,
    summary: "accumulated change of each chunk's input; a lane is a chunk",
    rule: "spent += d of the chunk; skip iff spent < threshold; a computed call sets spent to 0",
    avoid: "where all frames share a noise level: there is one chunk",
    unsupported: "compressing keys and values. The signal is the embedded input there, the latent \
                  here. No threshold was found: 0.1 is a guess",
    citation: "FlowCache, 2026 (arXiv 2602.10825)",
    headline: "MAGI-1 2.38x; SkyReels-V2 6.7x",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::FlowCache,
            SignalKind::ModelInput,
            Metric::RelativeL1,
            Reference::Previous,
        );
        policy.budget.threshold = 0.1;
        policy.guards.max_warmup_steps = 1;
        policy
    },
};
