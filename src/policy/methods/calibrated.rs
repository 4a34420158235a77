//! Methods with a schedule made for one model, by calibration, search or training.

use super::{Evidence, Family, Method, Preset, free, site};
use crate::policy::{Keep, Site, SiteKind};
use crate::predict::{Axis, Predictor, PredictorKind};

/// Liu et al., SmoothCache: A Universal Inference Acceleration Technique for Diffusion
/// Transformers, CVPR eLVM workshop 2025 (arXiv 2411.10510).
///
/// Calibration measures how much a module's output changes over one to three steps, and takes the
/// longest jump below a threshold. The first and the last step are computed.
pub(super) static SMOOTHCACHE: Preset = Preset {
    method: Method::SmoothCache,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a mask by look-ahead over measured changes of module outputs",
    rule: "compute iff mask[step] = 1; the mask skips j steps if the change over j is at most the \
           threshold",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "nothing. The code divides by the later output, as calibration does here, the \
                  paper by the earlier",
    citation: "Liu et al., SmoothCache: A Universal Inference Acceleration Technique for \
               Diffusion Transformers, CVPR eLVM workshop 2025 (arXiv 2411.10510)",
    headline: "DiT-XL/2 256, 50 DDIM steps: threshold 0.08 1.09x at FID 2.28, 0.18 1.72x at 2.65, \
               0.22 2.03x at 3.14 (base 2.28)",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::SmoothCache);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Wimbauer et al., Cache Me if You Can: Accelerating Diffusion Models through Block Caching, CVPR
/// 2024 (arXiv 2312.03209).
///
/// Offline, a block's relative change from step to step adds up until it crosses δ; there it is
/// computed again. δ is 0.5 for LDM-512.
pub(super) static BLOCKCACHING: Preset = Preset {
    method: Method::BlockCaching,
    family: Family::Calibrated,
    evidence: Evidence::Paper,
    summary: "a mask with a column a block, from the relative changes of its output",
    rule: "block b: compute iff mask[step][b] = 1; the mask holds while Σ relative change ≤ δ",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "the trained scale and shift of held features. The paper's blocks are a U-Net's \
                  transformer blocks; calibration here measures their residuals and keeps those",
    citation: "Wimbauer et al., Cache Me if You Can: Accelerating Diffusion Models through Block \
               Caching, CVPR 2024 (arXiv 2312.03209)",
    headline: "LDM-512, 20 DPM steps: 1.68x at FID 17.58 against 17.15, with scale and shift \
               1.65x at 15.95; 14 steps without it: 1.43x at 18.67",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::BlockCaching);
        policy.site = Site::output(SiteKind::Blocks);
        policy
    },
};

/// Gao et al., LeMiCa: Lexicographic Minimax Path Caching for Efficient Diffusion-Based Video
/// Generation, NeurIPS 2025 (arXiv 2511.00090).
///
/// Every segment of skipped steps is weighed by the error it leaves in the final latent; the path
/// of so many computed steps whose largest weight is smallest is taken.
pub(super) static LEMICA: Preset = Preset {
    method: Method::LeMiCa,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a mask whose worst skipped segment is the least bad",
    rule: "compute iff mask[step] = 1; the mask minimises the sorted weights of its segments",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "the search: its code was not published. Schedules were, for given numbers of \
                  steps",
    citation: "Gao et al., LeMiCa: Lexicographic Minimax Path Caching for Efficient \
               Diffusion-Based Video Generation, NeurIPS 2025 (arXiv 2511.00090)",
    headline: "Wan2.1 1.3B 480p 1.85x, 2.23x, 2.59x at 25, 20, 17 computed of 50; Open-Sora 1.52x \
               at PSNR 31.32 (TeaCache 1.50x at 23.50)",
    needs_calibration: true,
    policy: || free(Method::LeMiCa),
};

/// DPCache, CVPR 2026 (arXiv 2602.22654).
///
/// The cost of a segment is the error of the forecast over it, given the two computed steps before.
/// The first three steps and the last are computed.
pub(super) static DPCACHE: Preset = Preset {
    method: Method::DpCache,
    family: Family::Calibrated,
    evidence: Evidence::Notes,
    summary: "a mask that minimises the summed error of the forecasts, with TaylorSeer's forecast",
    rule: "compute iff mask[step] = 1; else Σ Dᵢ xⁱ / i!",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "the search; the repository has no code. The longest jump, 0.3 of the steps in a \
                  re-implementation, is the mask's affair",
    citation: "DPCache, CVPR 2026 (arXiv 2602.22654)",
    headline: "FLUX.1-dev, 50 steps: 13 computed 3.54x at ImageReward 1.007, 9 computed 4.87x at \
               0.958; HunyuanVideo 4.05x at PSNR 23.11",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::DpCache);
        policy.guards.max_warmup_steps = 3;
        policy.predictor = Predictor::new(PredictorKind::Taylor, 2);
        policy.site.keep = Keep::Output;
        policy
    },
};

/// InvarDiff, 2025 (arXiv 2512.05134).
///
/// Steps whose change, relative to the change before, is below a quantile are skipped; a second
/// pass measures with them skipped. A skipped step takes the previous prediction.
pub(super) static INVARDIFF: Preset = Preset {
    method: Method::InvarDiff,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a mask of the steps whose change relative to the change before is small",
    rule: "compute iff mask[step] = 1; the mask skips where ‖x₊ − x‖ / ‖x − x₋‖ is below a \
           quantile",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "the second stage, a mask for every block and module within \
                  computed steps: give it to a scheduler with site=modules",
    citation: "InvarDiff, 2025 (arXiv 2512.05134)",
    headline: "FLUX, 28 steps: 3.31x; DiT-XL/2, 50 steps: 2.86x",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::InvarDiff);
        policy.site = Site {
            keep: Keep::Output,
            ..Site::MODEL
        };
        policy
    },
};

/// Aggarwal et al., Evolutionary Caching to Accelerate Your Off-the-Shelf Diffusion Model (ECAD),
/// ICLR 2026 (arXiv 2506.15682).
///
/// A population of masks over steps, blocks and modules is bred for few operations and a high image
/// reward.
pub(super) static ECAD: Preset = Preset {
    method: Method::Ecad,
    family: Family::Calibrated,
    evidence: Evidence::Notes,
    summary: "a mask with a column a module, searched for speed and image reward",
    rule: "module m: compute iff mask[step][m] = 1",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "the search: 100 prompts of 10 seeds, hundreds of generations",
    citation: "Aggarwal et al., Evolutionary Caching to Accelerate Your Off-the-Shelf Diffusion \
               Model (ECAD), ICLR 2026 (arXiv 2506.15682)",
    headline: "PixArt-alpha 1.97x at FID 20.58 (base 24.84); FLUX.1-dev 256 2.58x at ImageReward \
               1.04, 3.37x at 0.89",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::Ecad);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// ProCache, AAAI 2026 (arXiv 2512.17298).
///
/// Patterns within a budget whose intervals do not grow are drawn, and the one with the best FID is
/// taken.
pub(super) static PROCACHE: Preset = Preset {
    method: Method::ProCache,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a sampled mask whose intervals do not grow over the run",
    rule: "compute iff mask[step] = 1",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "recomputing important tokens of the deepest quarter of the blocks at every \
                  second skipped step, and drawing the patterns",
    citation: "ProCache, AAAI 2026 (arXiv 2512.17298)",
    headline: "DiT-XL/2 2.90x at FID 2.96; PixArt-alpha 1.96x; FLUX.1-dev 1.54x; FLUX-schnell \
               1.56x",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::ProCache);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// SODA, CVPR 2026 (arXiv 2603.07057).
///
/// Offline sensitivities are 1 − cos between a module's features at two steps.
pub(super) static SODA: Preset = Preset {
    method: Method::Soda,
    family: Family::Calibrated,
    evidence: Evidence::Notes,
    summary: "a mask that minimises summed sensitivities",
    rule: "compute iff mask[step] = 1; dp[t][i+1] = min over n of E(t, n) + dp[t+n][i]",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "pruning instead of reuse where its offline error is smaller, and calibration",
    citation: "SODA, CVPR 2026 (arXiv 2603.07057)",
    headline: "DiT-XL/2, DDPM: 2.73x at FID 2.47; DDIM: 2.49x at FID 2.75",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::Soda);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Peng et al., ERTACache: Error Rectification and Timesteps Adjustment for Efficient Diffusion,
/// ICLR 2026 (arXiv 2508.21091).
///
/// A step is skipped if its relative residual error stays below λ on the calibration set: 0.1 and
/// 0.18 for Open-Sora, 0.08 for Wan, 0.6 for FLUX.
pub(super) static ERTACACHE: Preset = Preset {
    method: Method::ErtaCache,
    family: Family::Calibrated,
    evidence: Evidence::Notes,
    summary: "a mask of the steps whose residual hardly changes",
    rule: "compute iff mask[step] = 1; else v = x + r",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "the correction by a fitted sigmoid, and the change of the sampler's step sizes, \
                  which couples it to the sampler. No official code was read",
    citation: "Peng et al., ERTACache: Error Rectification and Timesteps Adjustment for Efficient \
               Diffusion, ICLR 2026 (arXiv 2508.21091)",
    headline: "Open-Sora 1.55x at PSNR 25.45, 2.47x at 22.34; Wan2.1 1.3B 2.17x at 23.77; FLUX \
               1.86x at 20.51",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::ErtaCache);
        policy.site = Site::MODEL;
        policy
    },
};

/// Zou et al., FEB-Cache: Frequency-Guided Exposure Bias Reduction for Enhancing Diffusion
/// Transformer Caching, 2025 (arXiv 2503.07120).
///
/// The official table has a number a step: 0 both computed, 1 attention held, 2 both held. As a
/// mask it has two columns, attention and MLP.
pub(super) static FEBCACHE: Preset = Preset {
    method: Method::FebCache,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a table of steps at which attention, or attention and MLP, are held",
    rule: "attention, MLP: compute iff mask[step][column] = 1",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "blocks at the border that are always computed in one phase, and the division of \
                  the noise by 0.965 against exposure bias, which is the sampler's",
    citation: "Zou et al., FEB-Cache: Frequency-Guided Exposure Bias Reduction for Enhancing \
               Diffusion Transformer Caching, 2025 (arXiv 2503.07120)",
    headline: "DiT-XL/2, 50 steps: 1.49x, FID 3.69 to 3.06",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::FebCache);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Yuan et al., DiTFastAttn: Attention Compression for Diffusion Transformer Models, NeurIPS 2024
/// (arXiv 2406.08552).
///
/// A greedy plan chooses, for every step and layer, how attention is computed; sharing it with the
/// step before is the part that is here. The threshold is 0.05.
pub(super) static DITFASTATTN: Preset = Preset {
    method: Method::DitFastAttn,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a mask with a column a block: which attentions are held from the step before",
    rule: "block b: compute its attention iff mask[step][b] = 1",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "window attention with a kept residual, and sharing between the guidance \
                  branches; the plan itself",
    citation: "Yuan et al., DiTFastAttn: Attention Compression for Diffusion Transformer Models, \
               NeurIPS 2024 (arXiv 2406.08552)",
    headline: "not found in the sources read",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::DitFastAttn);
        policy.site = site(SiteKind::Attention);
        policy
    },
};

/// Ma et al., Learning-to-Cache: Accelerating Diffusion Transformer via Layer Caching, NeurIPS 2024
/// (arXiv 2406.01733).
///
/// Steps alternate between computed and caching ones; on the latter a trained router, compared with
/// a threshold of 0.1 to 0.5, says which modules are held.
pub(super) static L2C: Preset = Preset {
    method: Method::L2c,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a trained mask with a column a module",
    rule: "module m: compute iff mask[step][m] = 1; the mask holds where router ≤ threshold on \
           every second step",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "training the router",
    citation: "Ma et al., Learning-to-Cache: Accelerating Diffusion Transformer via Layer \
               Caching, NeurIPS 2024 (arXiv 2406.01733)",
    headline: "U-ViT-H/2: up to 93.68 % of the layers of caching steps held, FID loss below 0.01",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::L2c);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Huang et al., HarmoniCa: Harmonizing Training and Inference for Better Feature Caching in
/// Diffusion Transformer Acceleration, ICML 2025 (arXiv 2410.01723).
///
/// A router for every step but the first is trained along whole denoising runs and compared with
/// 0.1.
pub(super) static HARMONICA: Preset = Preset {
    method: Method::Harmonica,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a trained mask with a column a module, for any step but the first",
    rule: "module m: compute iff mask[step][m] = 1",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "training the router",
    citation: "Huang et al., HarmoniCa: Harmonizing Training and Inference for Better Feature \
               Caching in Diffusion Transformer Acceleration, ICML 2025 (arXiv 2410.01723)",
    headline: "DiT-XL/2 1.44x; PixArt-Sigma 2048 1.73x",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::Harmonica);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// MeanCache, ICLR 2026 (arXiv 2601.19961).
///
/// A skipped step takes v_last − jvp · dσ, where jvp is the slope to an average velocity. The line
/// through the last two kept velocities along the sampler's time stands in for it. With guidance,
/// the combined velocity is kept.
pub(super) static MEANCACHE: Preset = Preset {
    method: Method::MeanCache,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a mask of computed steps, with the velocity extrapolated along the sampler's time \
              in between",
    rule: "compute iff mask[step] = 1; else v + (v − v′)/(σ − σ′) · (σ_now − σ)",
    avoid: "where the guidance scale changes over the run: what is kept is the guided velocity",
    unsupported: "the average velocity over the last steps: the slope of the last two kept ones \
                  is taken, so numbers differ. The search for the mask",
    citation: "MeanCache, ICLR 2026 (arXiv 2601.19961)",
    headline: "Qwen-Image, 10 of 50 steps computed: 4.72x at PSNR 19.4",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::MeanCache);
        policy.predictor = Predictor::new(PredictorKind::Newton, 1);
        policy.predictor.axis = Axis::Time;
        policy.site = Site {
            keep: Keep::Output,
            ..Site::MODEL
        };
        policy
    },
};

/// BudCache, ICML 2026 (arXiv 2606.13496).
///
/// Simulated annealing, then hill climbing, over masks of exactly B computed steps; residuals are
/// held.
pub(super) static BUDCACHE: Preset = Preset {
    method: Method::BudCache,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a mask of exactly so many computed steps, found by simulated annealing",
    rule: "compute iff mask[step] = 1",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "the search",
    citation: "BudCache, ICML 2026 (arXiv 2606.13496)",
    headline: "not found in the sources read; its shared mask is within 1 dB of each prompt's \
               best on 69.5 % of prompts (FLUX, 50 steps, Golden Path Hypothesis)",
    needs_calibration: true,
    policy: || free(Method::BudCache),
};

/// Cumulative Error Minimization (CEM), ICLR 2026 (arXiv 2512.23258).
///
/// An offline table of errors by step and interval, and dynamic programming over it; it replaces
/// the schedule of other methods.
pub(super) static CEM: Preset = Preset {
    method: Method::Cem,
    family: Family::Calibrated,
    evidence: Evidence::Notes,
    summary: "a mask from a table of errors by step and interval, for a method with forecasts",
    rule: "compute iff mask[step] = 1; else the forecast of the method it is added to",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "the table and the search. It is added to TaylorSeer, ToCa or DuCa; TaylorSeer \
                  of order 1 is taken here",
    citation: "Cumulative Error Minimization (CEM), ICLR 2026 (arXiv 2512.23258)",
    headline: "the same speed as the method it is added to, at higher fidelity; no numbers were \
               read",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::Cem);
        policy.predictor = Predictor::new(PredictorKind::Taylor, 1);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Liu et al., CacheQuant: Comprehensively Accelerated Diffusion Models, CVPR 2025 (arXiv
/// 2503.01323).
///
/// Dynamic programming groups the steps, half to twice as many in a group as the interval, by the
/// least summed change.
pub(super) static CACHEQUANT: Preset = Preset {
    method: Method::CacheQuant,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "a mask that groups steps by the least summed change of features",
    rule: "compute iff mask[step] = 1",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "quantisation, and the correction of each channel by a fitted factor and offset",
    citation: "Liu et al., CacheQuant: Comprehensively Accelerated Diffusion Models, CVPR 2025 \
               (arXiv 2503.01323)",
    headline: "DiT, interval 2, W8A8: 2.72x at FID 7.86; LDM 7.87x; SD 5.18x, with quantisation",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::CacheQuant);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Golden Path Hypothesis, github.com/nanguoyu/Golden-Path-Hypothesis.
///
/// All 1370754 masks of one budget were tried for FLUX at 50 steps; one shared mask serves new
/// prompts nearly as well as each prompt's best.
pub(super) static GOLDENPATH: Preset = Preset {
    method: Method::GoldenPath,
    family: Family::Calibrated,
    evidence: Evidence::Code,
    summary: "one searched mask for all prompts, with the last prediction held",
    rule: "compute iff mask[step] = 1; else the last prediction",
    avoid: "with another model, sampler or number of steps than the mask was made for",
    unsupported: "the search",
    citation: "Golden Path Hypothesis, github.com/nanguoyu/Golden-Path-Hypothesis",
    headline: "FLUX, 50 steps, 82 % skipped: within 1 dB PSNR of each prompt's best mask on 78.9 \
               % of 2381 new prompts",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::GoldenPath);
        policy.site = Site {
            keep: Keep::Output,
            ..Site::MODEL
        };
        policy
    },
};
