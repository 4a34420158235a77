//! Methods with a fixed schedule.

use super::{Evidence, Family, Method, Preset, THIRD, counted, free, site};
use crate::policy::{Keep, Level, Schedule, Site, SiteKind, SplitKind, Window};
use crate::predict::{Predictor, PredictorKind};

/// Ma et al., DeepCache: Accelerating Diffusion Models for Free, CVPR 2024 (arXiv 2312.00858).
///
/// Of a U-Net the deep branch is held and the shallow one runs on every call. Here the first and
/// the last block take the part of the shallow branch. No warm-up in the official code.
pub(super) static DEEPCACHE: Preset = Preset {
    method: Method::DeepCache,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "every `interval`-th step runs in full; in between only the first and the last block \
              run",
    rule: "compute iff (step − offset) mod interval = 0",
    avoid: "on a diffusion transformer without long skips at few steps, and with DPM++ SDE",
    unsupported: "a U-Net method: a cut behind the first and before the last block stands in for \
                  its branches. The official code also has a non-uniform schedule \
                  (schedule=quadratic,center=15), with the complex powers it computes for a \
                  center above 0. It does not protect the last step (last=0)",
    citation: "Ma et al., DeepCache: Accelerating Diffusion Models for Free, CVPR 2024 (arXiv \
               2312.00858)",
    headline: "SD 1.5, 50 PLMS steps: 3.34 s to 1.54 s (2.3x); SDXL 2.6x; LDM-4-G 4.1x at FID \
               +0.22",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::DeepCache, Schedule::First, 3);
        policy.site = Site::range(1, 1);
        policy
    },
};

/// Li et al., Faster Diffusion: Rethinking the Role of the Encoder for Diffusion Model Inference,
/// NeurIPS 2024 (arXiv 2312.09608).
///
/// The key steps are a hand-made set; of 50 steps the official code has 0, 1, 2, 3, 5, 10, 15, 25
/// and 35 (`50ls`). The encoder's part is taken by the first half of the blocks.
pub(super) static FASTERDIFFUSION: Preset = Preset {
    method: Method::FasterDiffusion,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "the front blocks run at key steps only; the rear blocks run on every call",
    rule: "compute iff mask[step] = 1; else the front blocks give what they gave at the last key \
           step",
    avoid: "on diffusion transformers where front and rear are not encoder and decoder: try \
            blockdance",
    unsupported: "decoding all steps between two key steps in one batch, and adding a share of \
                  the initial noise late in the run, which is the sampler's. A transformer has no \
                  encoder: half the blocks stand in for it. The key steps are the mask",
    citation: "Li et al., Faster Diffusion: Rethinking the Role of the Encoder for Diffusion \
               Model Inference, NeurIPS 2024 (arXiv 2312.09608)",
    headline: "SD, DDIM 50 steps: 2.524 s to 1.476 s on an RTX 3090; DeepFloyd-IF 1.3x; \
               ControlNet 3.264 s to 1.526 s",
    needs_calibration: true,
    policy: || {
        let mut policy = free(Method::FasterDiffusion);
        policy.site = Site::output(SiteKind::Front);
        policy
    },
};

/// Selvaraju et al., FORA: Fast-Forward Caching in Diffusion Transformer Acceleration, 2024 (arXiv
/// 2407.01425).
///
/// Steps count down in the official code, so the pattern is anchored at the last step, which is
/// always computed, and the first interval may be shorter. Module outputs are held before their
/// gates, which stay fresh.
pub(super) static FORA: Preset = Preset {
    method: Method::Fora,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "module outputs are computed at every `interval`-th step, counted back from the last",
    rule: "compute iff (steps − 1 − step) mod interval = 0",
    avoid: "at long intervals: at the same speed a forecast (taylorseer) scores better",
    unsupported: "SmoothCache ships a FORA schedule that is anchored at the first step \
                  (schedule=first)",
    citation: "Selvaraju et al., FORA: Fast-Forward Caching in Diffusion Transformer \
               Acceleration, 2024 (arXiv 2407.01425)",
    headline: "README: interval 3 at DiT-XL/2, 250 DDIM steps, guidance 1.5. DiT-XL/2, DDIM 50 \
               steps, interval 3: 2.76x, FID 3.88 against 2.43 (ProCache's table); FLUX.1-dev, 50 \
               steps: 2.82x (cache-dit's benchmark)",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::Fora, Schedule::Last, 3);
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Chen et al., Δ-DiT: A Training-Free Acceleration Method Tailored for Diffusion Transformers,
/// 2024 (arXiv 2406.01125).
///
/// What is kept of the skipped blocks is the offset they add, not their output.
pub(super) static DELTADIT: Preset = Preset {
    method: Method::DeltaDit,
    family: Family::Static,
    evidence: Evidence::Notes,
    summary: "every `interval`-th step runs in full; in between the rear blocks are skipped \
              early, the front blocks late",
    rule: "compute iff (step − offset) mod interval = 0; else the range's D = F(h) − h is added: \
           rear before the boundary, front after",
    avoid: "where a module schedule is possible: at the same interval it saves more",
    unsupported: "no code was published, and the boundary of no model: `boundary` and `share` are \
                  half the run and half the blocks here. Others take 14 of 28 blocks (Open-Sora, \
                  Latte) or 4 to 12 (CogVideoX)",
    citation: "Chen et al., Δ-DiT: A Training-Free Acceleration Method Tailored for Diffusion \
               Transformers, 2024 (arXiv 2406.01125)",
    headline: "PixArt-alpha, 20 steps: 1.60x, FID 35.88 against 39.00; 4-step LCM: 1.08x to 1.12x",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::DeltaDit, Schedule::First, 2);
        policy.site = site(SiteKind::Stage);
        policy
    },
};

/// Zhao et al., Real-Time Video Generation with Pyramid Attention Broadcast, ICLR 2025 (arXiv
/// 2408.12588).
///
/// The window is in training timesteps, 0 to 1000, and both of its ends are outside. The counter
/// starts at step 0, not at the window, so the first step inside may already be skipped.
pub(super) static PAB: Preset = Preset {
    method: Method::Pab,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "attention is computed at every `interval`-th step while the timestep is within the \
              window",
    rule: "skip iff step mod interval ≠ 0 and start < timestep < end",
    avoid: "where the timestep does not run from 1000 to 0: give the window in the sampler's own \
            times",
    unsupported: "one interval for one kind of module: spatial, temporal and cross-attention at \
                  once take a scheduler each, and so does the MLP (site=mlp with a mask). \
                  Broadcasting between devices, which the largest speed-ups come from, is the \
                  host's. Only the window protects the last steps there",
    citation: "Zhao et al., Real-Time Video Generation with Pyramid Attention Broadcast, ICLR \
               2025 (arXiv 2408.12588)",
    headline: "CogVideoX 1.35x at LPIPS 0.0860, Open-Sora 1.2 1.23x at 0.1041, on one A100; up to \
               10.6x on several GPUs",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::Pab, Schedule::First, 2);
        policy.guards.window = Window::Time;
        policy.guards.window_start = 100.0;
        policy.guards.window_end = 850.0;
        policy.site = site(SiteKind::Attention);
        policy
    },
};

/// Liu et al., Faster Diffusion via Temporal Attention Decomposition (T-GATE), TMLR (arXiv
/// 2404.02747).
///
/// The self-attention half of the rule, for 25 steps with the gate at step 10: two warm-up steps
/// and one that fills the cache, then every fifth step up to the gate; behind it every step is
/// computed.
pub(super) static TGATE: Preset = Preset {
    method: Method::TGate,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "before the gate self-attention is computed at every `interval`-th step",
    rule: "skip iff warmup ≤ step < end and step mod interval ≠ 0",
    avoid: "on joint-attention models: the method is for separate cross-attention",
    unsupported: "dropping the unconditional branch behind the gate, and keeping the mean of \
                  both: that changes the guidance. The cross-attention half is tgatecross",
    citation: "Liu et al., Faster Diffusion via Temporal Attention Decomposition (T-GATE), TMLR \
               (arXiv 2404.02747)",
    headline: "SDXL 53.2 s to 31.6 s, FID 24.16 to 22.92; PixArt-alpha 61.5 s to 36.7 s; LCM-SDXL \
               3.81 s to 3.53 s",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::TGate, Schedule::First, 5);
        policy.guards.max_warmup_steps = 3;
        policy.guards.window = Window::Step;
        policy.guards.window_end = 9.0;
        policy.site = site(SiteKind::Attention);
        policy
    },
};

/// Liu et al., Faster Diffusion via Temporal Attention Decomposition (T-GATE), TMLR (arXiv
/// 2404.02747).
///
/// The cross-attention half of the rule: computed up to the gate, then held to the end.
pub(super) static TGATECROSS: Preset = Preset {
    method: Method::TGateCross,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "cross-attention is computed in the first `warmup` steps and held from then on",
    rule: "skip iff step ≥ warmup",
    avoid: "on models without cross-attention, and where the prompt matters late",
    unsupported: "for hosts with cross-attention: the networks of this crate have none, there \
                  site=attention is self-attention. Dropping the unconditional branch behind the \
                  gate is not here. The official code holds the last step too (last=0)",
    citation: "Liu et al., Faster Diffusion via Temporal Attention Decomposition (T-GATE), TMLR \
               (arXiv 2404.02747)",
    headline: "see tgate: both halves together",
    needs_calibration: false,
    policy: || {
        let mut policy = free(Method::TGateCross);
        policy.guards.max_warmup_steps = 10;
        policy.site = site(SiteKind::Attention);
        policy
    },
};

/// Lv et al., FasterCache: Training-Free Video Diffusion Model Acceleration with High Quality, ICLR
/// 2025 (arXiv 2410.19355).
///
/// The paper's form: w rises from 0 at the start of the window to 1 at the end of the run.
pub(super) static FASTERCACHE: Preset = Preset {
    method: Method::FasterCache,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "attention is computed at every `interval`-th step and extrapolated in between",
    rule: "skip iff share ≥ start and step mod interval ≠ 0; F + w · (F − F′), w from 0 to 1",
    avoid: "without guidance in batches: much of the gain is in cfgcache",
    unsupported: "the official scripts have a constant w of 0.3 or 0.5 (ramp=0) and windows of \
                  their own for each model; diffusers has 0.5 and skips attention only where it \
                  skips the unconditional branch. The guidance half is cfgcache",
    citation: "Lv et al., FasterCache: Training-Free Video Diffusion Model Acceleration with High \
               Quality, ICLR 2025 (arXiv 2410.19355)",
    headline: "Open-Sora 1.2 1.62x at LPIPS 0.0835; CogVideoX 1.62x at 0.0766; Vchitect-2.0 1.67x \
               at 0.0282, with both halves, on an A100",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::FasterCache, Schedule::First, 2);
        policy.predictor = Predictor::new(PredictorKind::Gradient, 0);
        policy.predictor.gain = 1.0;
        policy.predictor.ramp = 1;
        policy.predictor.gain_start = THIRD;
        policy.guards.window_start = THIRD;
        policy.site = site(SiteKind::Attention);
        policy
    },
};

/// Lv et al., FasterCache: Training-Free Video Diffusion Model Acceleration with High Quality, ICLR
/// 2025 (arXiv 2410.19355).
///
/// The difference between the branches is kept in two bands: a circle of a fifth of the shorter
/// side is the low one. The paper's form: each band's factor is applied once.
pub(super) static CFGCACHE: Preset = Preset {
    method: Method::CfgCache,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "the unconditional branch is computed at every `interval`-th step; in between its \
              difference is added",
    rule: "skip iff share ≥ start and step mod interval ≠ 0; u = c + w₁ · D_low + w₂ · D_high",
    avoid: "without classifier-free guidance: there is no branch to save",
    unsupported: "the official scripts multiply the kept difference again at every skipped step, \
                  and Latte's raises the high band only from step 45 on. The boundary between the \
                  two factors is not published as a share: half the run here",
    citation: "Lv et al., FasterCache: Training-Free Video Diffusion Model Acceleration with High \
               Quality, ICLR 2025 (arXiv 2410.19355)",
    headline: "Open-Sora: 9.96 s of 41.28 s saved, more than by the attention half (7.78 s)",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::CfgCache, Schedule::First, 5);
        policy.split.kind = SplitKind::Band;
        policy.split.band = 0.4;
        policy.split.boost = 0.2;
        policy.guards.window_start = THIRD;
        policy.site = site(SiteKind::Branch);
        policy
    },
};

/// Zhang et al., BlockDance: Reuse Structurally Similar Spatio-Temporal Features to Accelerate
/// Diffusion Transformers, CVPR 2025 (arXiv 2503.15927).
///
/// The hidden state behind the front blocks is held as it is, so the fresh latent is left out at a
/// skipped step; only the rear blocks and the current time run.
pub(super) static BLOCKDANCE: Preset = Preset {
    method: Method::BlockDance,
    family: Family::Static,
    evidence: Evidence::Notes,
    summary: "from 40 to 95 % of the run the front blocks run at every `interval`-th step only",
    rule: "skip iff start ≤ share < end and step mod interval ≠ 0",
    avoid: "on 1 to 4 step models, which the paper leaves out",
    unsupported: "the learned variant, BlockDance-Ada. No official code was found: groups are \
                  counted from step 0 here, not from the window. 21 of 28 blocks, as for \
                  PixArt-alpha; DiT-XL/2 and Open-Sora start at 25 %",
    citation: "Zhang et al., BlockDance: Reuse Structurally Similar Spatio-Temporal Features to \
               Accelerate Diffusion Transformers, CVPR 2025 (arXiv 2503.15927)",
    headline: "DiT-XL/2 37.4 % faster at FID 15.70; PixArt-alpha 25.4 %; Open-Sora 34.8 %",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::BlockDance, Schedule::First, 2);
        policy.guards.window_start = 0.4;
        policy.guards.window_end = 0.95;
        policy.site = Site::output(SiteKind::Front);
        policy.site.share = 0.75;
        policy
    },
};

/// So et al., FRDiff: Feature Reuse for Universal Training-free Acceleration of Diffusion Models,
/// ECCV 2024 (arXiv 2312.03517).
///
/// Up to the share of the run at which its mixing factor leaves 0 the method is pure reuse; that
/// part is here.
pub(super) static FRDIFF: Preset = Preset {
    method: Method::FrDiff,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "early in the run every `interval`-th step is computed, later every step",
    rule: "skip iff share < 13/30 and step mod interval ≠ 0",
    avoid: "where early steps matter: it skips early and computes late",
    unsupported: "mixing computed and reused predictions later in the run, and learned key steps. \
                  No interval is published for the part that is here",
    citation: "So et al., FRDiff: Feature Reuse for Universal Training-free Acceleration of \
               Diffusion Models, ECCV 2024 (arXiv 2312.03517)",
    headline: "not found in the sources read",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::FrDiff, Schedule::First, 2);
        policy.guards.window_end = 0.433_333_333_333_333_3;
        policy.site = site(SiteKind::Modules);
        policy
    },
};

/// Chen et al., Accelerating Vision Diffusion Transformers with Skip Branches, ICCV 2025 (arXiv
/// 2411.17616).
///
/// The official rule N2-700-50: interval 2 while the timestep is between 50 and 700, else in full.
pub(super) static SKIPDIT: Preset = Preset {
    method: Method::SkipDit,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "between the first and the last block every `interval`-th step is computed within a \
              window of timesteps",
    rule: "skip iff step mod interval ≠ 0 and start < timestep < end",
    avoid: "on models that were not trained with long skips",
    unsupported: "the trained skip branches: the model must have them",
    citation: "Chen et al., Accelerating Vision Diffusion Transformers with Skip Branches, ICCV \
               2025 (arXiv 2411.17616)",
    headline: "1.5x to 2x",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::SkipDit, Schedule::First, 2);
        policy.guards.window = Window::Time;
        policy.guards.window_start = 50.0;
        policy.guards.window_end = 700.0;
        policy.site = Site::range(1, 1);
        policy.site.keep = Keep::Output;
        policy
    },
};

/// Steps computation mask, cache-dit.
///
/// The mask of 28 steps is stretched to longer runs; runs of 4, 6 and 8 to 10 steps have masks of
/// their own. The last step is computed.
pub(super) static SCM: Preset = Preset {
    method: Method::Scm,
    family: Family::Static,
    evidence: Evidence::Code,
    summary: "a mask for any number of steps, dense at first, at one of four levels",
    rule: "compute iff mask(level, steps)[step] = 1",
    avoid: "below 8 steps other than 4 and 6, which have no mask",
    unsupported: "in cache-dit the mask stands beside a threshold (its dynamic policy); its \
                  static policy is here, which is said there to blur more. With dbcache a mask is \
                  one of the guards",
    citation: "steps computation mask, cache-dit",
    headline: "FLUX.1-dev, 50 steps, DBCache in its settings M and F: 3.94x at ImageReward \
               0.9997, 5.72x at 0.9271 (cache-dit's benchmark)",
    needs_calibration: false,
    policy: || {
        let mut policy = counted(Method::Scm, Schedule::Scm, 1);
        policy.gauge.level = Level::Medium;
        policy
    },
};
