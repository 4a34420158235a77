//! Methods that decide block by block, or from what the blocks show.

use super::{Evidence, Family, Method, Preset, late, measured, site};
use crate::policy::{BudgetKind, Codebook, Comparator, Keep, Rescale, Scale, Site, SiteKind};
use crate::signal::{Metric, Reference, SignalKind};

/// Kahatapitiya et al., Adaptive Caching for Faster Video Generation with Diffusion Transformers,
/// ICCV 2025 (arXiv 2411.02397).
///
/// The middle block's residual at a computed step, against the one before and divided by the
/// distance, chooses the interval that follows; all blocks share it. The first step and the last
/// two are computed.
pub(super) static ADACACHE: Preset = Preset {
    method: Method::AdaCache,
    family: Family::LayerAdaptive,
    evidence: Evidence::Code,
    summary: "the change of the middle block's residual chooses how many steps are skipped next",
    rule: "c = d / gap; the next computed step is the interval of the first threshold above c away",
    avoid: "with other numbers of steps than 30 or 100: the codebooks are for those",
    unsupported: "motion regularisation (MoReg), which multiplies c by the frames' motion: the \
                  host may do so. The official code holds every module's gated output, here the \
                  trunk's residual is held, as in LightX2V. The fast codebook of 30 steps; the \
                  slow one is codebook=0.08/3/0.16/2/0.24/1/1/1, that of 100 steps \
                  0.03/12/0.05/10/0.07/8/0.09/6/0.11/4/1/3",
    citation: "Kahatapitiya et al., Adaptive Caching for Faster Video Generation with Diffusion \
               Transformers, ICCV 2025 (arXiv 2411.02397)",
    headline: "Open-Sora 480p: fast 2.24x at PSNR 24.92, with MoReg 2.10x at 25.78, slow 1.46x at \
               29.97; 720p 4.7x, on an A100",
    needs_calibration: false,
    policy: || {
        let mut policy = late(
            Method::AdaCache,
            SignalKind::BlockResidual,
            Metric::RelativeL1,
            Reference::Computed,
        );
        policy.gauge.rescale = Rescale::Gap;
        policy.gauge.codebook = Codebook::new(&[
            (0.08, 6),
            (0.16, 5),
            (0.24, 4),
            (0.32, 3),
            (0.4, 2),
            (1.0, 1),
        ]);
        policy.guards.max_warmup_steps = 1;
        policy.guards.last_steps = 2;
        policy
    },
};

/// DBCache: Dual Block Caching for Diffusion Transformers, cache-dit (Vipshop, 2025).
///
/// FBCache's rule behind Fn front blocks; Bn back blocks run on every call to correct what the
/// middle gave. Each call's change counts alone.
pub(super) static DBCACHE: Preset = Preset {
    method: Method::DbCache,
    family: Family::LayerAdaptive,
    evidence: Evidence::Code,
    summary: "relative change of what the front blocks add, with the middle blocks skipped",
    rule: "skip iff d < threshold",
    avoid: "on distilled few-step models: give a mask; and without last=1, which leaves noise",
    unsupported: "cache-dit protects no last step but by a mask (last=0). Up to August 2026 it \
                  counted a run of skips in its own way: max_run=1 let two in a row pass \
                  (run_count=cache-dit). Its limit of accumulated change is max_spent. Important \
                  tokens are not told apart",
    citation: "DBCache: Dual Block Caching for Diffusion Transformers, cache-dit (Vipshop, 2025)",
    headline: "FLUX.1-dev, 50 steps: 1.80x at PSNR 33.83 with F8B0, warm-up 4, 0.08; 2.66x at \
               F4B0 (cache-dit's benchmark)",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::DbCache,
            SignalKind::FrontResidual,
            Metric::RelativeL1,
            Reference::Computed,
        );
        policy.budget.kind = BudgetKind::Instant;
        policy.budget.threshold = 0.08;
        policy.guards.max_warmup_steps = 8;
        policy.site = Site::range(8, 0);
        policy
    },
};

/// DBPrune: Dynamic Block Prune with Residual Caching, cache-dit (Vipshop, 2025).
///
/// A lane a block: its input against the one it was last computed with.
pub(super) static DBPRUNE: Preset = Preset {
    method: Method::DbPrune,
    family: Family::LayerAdaptive,
    evidence: Evidence::Code,
    summary: "every block by itself: relative change of its input",
    rule: "block b: skip iff d_b < threshold",
    avoid: "where reading a number back is slow: it takes one a block",
    unsupported: "first and last blocks that are never pruned: give a mask with a column a block. \
                  The dynamic threshold, 1.25 times the mean of the call's first changes, is not \
                  here. LightX2V renews reference and residual at skipped blocks too",
    citation: "DBPrune: Dynamic Block Prune with Residual Caching, cache-dit (Vipshop, 2025)",
    headline: "FLUX.1-dev, 28 steps, L20: 24, 35, 45, 60 % of the blocks pruned take 19.43, \
               16.82, 14.24, 10.66 s",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::DbPrune,
            SignalKind::BlockInput,
            Metric::RelativeL1,
            Reference::Computed,
        );
        policy.budget.kind = BudgetKind::Instant;
        policy.budget.threshold = 0.08;
        policy.guards.max_warmup_steps = 1;
        policy.site = site(SiteKind::Blocks);
        policy
    },
};

/// Adnan et al., Foresight: Adaptive Layer Reuse for Accelerated and High-Quality Text-to-Video
/// Generation, NeurIPS 2025 (arXiv 2506.00329).
///
/// The paper's form: λ of a block comes from its changes in the last three warm-up steps. At every
/// second step all blocks are computed and compared with what was kept; in between a block is held
/// if its change was at most γ λ.
pub(super) static FORESIGHT: Preset = Preset {
    method: Method::Foresight,
    family: Family::LayerAdaptive,
    evidence: Evidence::Code,
    summary: "every block by itself: held if its last change is small beside that of the warm-up",
    rule: "block b: skip the next interval − 1 calls iff mse_b ≤ threshold · λ_b",
    avoid: "at few steps: the warm-up is 15 % of them",
    unsupported: "the code differs from the paper: it holds the whole front up to the last block \
                  below the threshold, learns λ from two steps, and stores wrong tensors for \
                  Open-Sora. It protects no last step (last=0). γ is the threshold, 0 to 2",
    citation: "Adnan et al., Foresight: Adaptive Layer Reuse for Accelerated and High-Quality \
               Text-to-Video Generation, NeurIPS 2025 (arXiv 2506.00329)",
    headline: "one step reused of two: Open-Sora 1.28x at PSNR 29.67, CogVideoX 1.46x at 34.75; \
               HunyuanVideo 1.62x, Wan2.1 2.23x",
    needs_calibration: false,
    policy: || {
        let mut policy = late(
            Method::Foresight,
            SignalKind::BlockOutput,
            Metric::MeanSquare,
            Reference::Computed,
        );
        policy.gauge.interval = 2;
        policy.budget.scale = Scale::Learned;
        policy.budget.threshold = 1.0;
        policy.budget.comparator = Comparator::AtMost;
        policy.guards.warmup_fraction = 0.15;
        policy.site = Site::output(SiteKind::Blocks);
        policy
    },
};

/// Cui et al., BWCache: Accelerating Video Diffusion Transformers through Block-Wise Caching, ICLR
/// 2026 (arXiv 2509.13789).
///
/// If the blocks' outputs changed little on average at a computed step, the next R steps take them
/// all as they were; R is a tenth of the steps, for 50 steps an interval of 6.
pub(super) static BWCACHE: Preset = Preset {
    method: Method::BwCache,
    family: Family::LayerAdaptive,
    evidence: Evidence::Notes,
    summary: "the mean change of the blocks' outputs decides on several steps at once",
    rule: "skip the next interval − 1 calls iff mean over blocks of d < threshold",
    avoid: "with another number of steps: set interval to a tenth of them and one",
    unsupported: "computing the last half of the steps that are left at the first skip. Notes \
                  disagree on whether blocks decide alone (site=blocks). 0.15 is its slow \
                  setting, 0.20 and 0.25 are faster",
    citation: "Cui et al., BWCache: Accelerating Video Diffusion Transformers through Block-Wise \
               Caching, ICLR 2026 (arXiv 2509.13789)",
    headline: "Open-Sora 1.61x at PSNR 27.05; Wan2.1 2.00x at 25.86; HunyuanVideo 2.60x at 29.91; \
               Latte 1.90x",
    needs_calibration: false,
    policy: || {
        let mut policy = late(
            Method::BwCache,
            SignalKind::BlockOutput,
            Metric::RelativeL1,
            Reference::Previous,
        );
        policy.gauge.interval = 6;
        policy.budget.threshold = 0.15;
        policy.site.keep = Keep::Output;
        policy
    },
};

/// Liu et al., FastCache: Fast Caching for Diffusion Transformer Through Learnable Linear
/// Approximation, 2025 (arXiv 2505.20353).
///
/// A chi-square test in the paper; for large tensors its threshold comes to 0.05 in the code
/// whatever was measured.
pub(super) static FASTCACHE: Preset = Preset {
    method: Method::FastCache,
    family: Family::LayerAdaptive,
    evidence: Evidence::Code,
    summary: "every block by itself: relative change of its input in the L2 norm",
    rule: "block b: skip iff d_b ≤ threshold",
    avoid: "where dbprune serves: it keeps residuals, so that the fresh input is not lost",
    unsupported: "the linear map that stands in for a skipped block, which has random weights in \
                  the code, and recomputing the tokens that move",
    citation: "Liu et al., FastCache: Fast Caching for Diffusion Transformer Through Learnable \
               Linear Approximation, 2025 (arXiv 2505.20353)",
    headline: "FLUX 9.8 s to 6.2 s",
    needs_calibration: false,
    policy: || {
        let mut policy = measured(
            Method::FastCache,
            SignalKind::BlockInput,
            Metric::RelativeL2,
            Reference::Computed,
        );
        policy.budget.kind = BudgetKind::Instant;
        policy.budget.comparator = Comparator::AtMost;
        policy.budget.threshold = 0.05;
        policy.site = Site::output(SiteKind::Blocks);
        policy
    },
};

/// Shen et al., LazyDiT: Lazy Learning for the Acceleration of Diffusion Transformers, AAAI 2025
/// (arXiv 2412.12444).
///
/// A linear layer on the module's input, summed over its tokens and squeezed to 0 to 1, is the
/// gate; a module's output is held, and what was used is what is held next.
pub(super) static LAZYDIT: Preset = Preset {
    method: Method::LazyDit,
    family: Family::LayerAdaptive,
    evidence: Evidence::Code,
    summary: "a trained gate says module by module what is held",
    rule: "module m: skip iff gate_m ≤ threshold",
    avoid: "without gates trained for the model",
    unsupported: "training the gates; masks for single samples: a lane is a module of all of \
                  them. Sources disagree on which side of 0.5 is reused: here a gate above the \
                  threshold computes",
    citation: "Shen et al., LazyDiT: Lazy Learning for the Acceleration of Diffusion \
               Transformers, AAAI 2025 (arXiv 2412.12444)",
    headline: "half of the modules held (DiT-XL/2)",
    needs_calibration: true,
    policy: || {
        let mut policy = measured(
            Method::LazyDit,
            SignalKind::Gate,
            Metric::RelativeL1,
            Reference::Previous,
        );
        policy.budget.kind = BudgetKind::Instant;
        policy.budget.comparator = Comparator::AtMost;
        policy.budget.threshold = 0.5;
        policy.site = site(SiteKind::Modules);
        policy
    },
};
