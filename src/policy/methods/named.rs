//! Methods that have no preset, and why.

/// A method that is no composition of a policy's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absent {
    /// What it is called.
    pub name: &'static str,
    /// Where it was published.
    pub citation: &'static str,
    /// Why it has no preset.
    pub why: &'static str,
}

const fn absent(name: &'static str, citation: &'static str, why: &'static str) -> Absent {
    Absent {
        name,
        citation,
        why,
    }
}

/// Published methods without a preset.
pub static NAMED: &[Absent] = &[
    // Guidance, corrections and calibration.
    absent(
        "EOC",
        "arXiv 2501.19243",
        "corrects what FORA or L2C reuse by offline differences; its formulas were not found",
    ),
    absent(
        "ICC",
        "Accelerating Diffusion Transformer via Increment-Calibrated Caching with Channel-Aware \
         Singular Value Decomposition, CVPR 2025 (arXiv 2505.05829)",
        "adds a calibrated low-rank map of the input's change at every linear layer: more \
         kernels, and weights of its own",
    ),
    absent(
        "TCC",
        "arXiv 2605.24870",
        "calibrates reused features offline, iteratively; only the abstract was read",
    ),
    absent(
        "PromptTea",
        "arXiv 2507.06739",
        "TeaCache with a threshold from the prompt's complexity: the host sets it",
    ),
    absent(
        "TACache",
        "arXiv 2605.16789",
        "reconstructs the velocity by its orthogonal part, from offline thresholds of magnitude \
         and direction: no linear combination of features",
    ),
    absent(
        "OmniCache",
        "OmniCache: A Trajectory-Oriented Global Perspective on Training-Free Cache Reuse for \
         Diffusion Transformer Models, ICCV 2025 (arXiv 2508.16212)",
        "chooses steps by the trajectory's curvature and filters the noise of reuse; its formulas \
         were not found",
    ),
    absent(
        "MixCache",
        "MixCache: Mixture-of-Cache for Video Diffusion Transformer Acceleration (arXiv \
         2508.12691)",
        "chooses between step, branch and block; its triggers were not found",
    ),
    absent(
        "TaoCache",
        "TaoCache: Structure-Maintained Video Generation Acceleration (arXiv 2508.08978)",
        "predicts the noise as a fixed point from calibrated angles and norms; its formulas were \
         not found",
    ),
    absent(
        "ScalingCache",
        "ScalingCache, ICLR 2026",
        "scales differences offline and varies the interval; its formulas were not found",
    ),
    absent(
        "AdaCorrection",
        "arXiv 2602.13357",
        "blends kept and fresh features by a signal; its formulas were not found",
    ),
    absent(
        "X-Slim",
        "arXiv 2512.12604",
        "between two thresholds it refreshes blocks and tokens: a call that is computed in part",
    ),
    absent(
        "UniCP",
        "arXiv 2502.04393",
        "slices attention by principal components and shifts weight to pruned outputs; its \
         formulas were not found",
    ),
    absent(
        "SortBlock",
        "SortBlock, AAAI 2026",
        "ranks blocks by the similarity of residuals; its formulas were not found",
    ),
    absent(
        "VCUT",
        "Faster Image2Video Generation: A Closer Look at CLIP Image Embedding's Impact on \
         Spatio-Temporal Cross-Attentions (arXiv 2407.19205)",
        "drops a cross-attention for good: a change of the model",
    ),
    absent(
        "BAC",
        "Block-wise Adaptive Caching for Accelerating Diffusion Policy (arXiv 2506.13456)",
        "for diffusion policies of robots; its details were not read",
    ),
    absent(
        "DiTReducio",
        "arXiv 2509.09748",
        "for speech models; its formulas were not found",
    ),
    absent(
        "Z-Cache",
        "Z-Cache: Accelerating Diffusion Transformers via Self-Reflection, 2025",
        "its formulas were not found",
    ),
    absent(
        "NaviCache",
        "arXiv 2606.26795",
        "filters feature change and drift as two states of a Kalman filter; its formulas were not \
         found",
    ),
    absent(
        "OTCache",
        "OTCache, ECCV 2026",
        "by optimal transport; its repository is empty",
    ),
    absent(
        "SoftCap",
        "arXiv 2605.27075",
        "a controller that keeps a soft budget of computed steps; its formulas were not found",
    ),
    absent(
        "SpectralCache",
        "arXiv 2603.05315",
        "its formulas were not found",
    ),
    absent("HSA", "arXiv 2605.06892", "its formulas were not found"),
    absent("E2-CRF", "arXiv 2604.22901", "its formulas were not found"),
    absent(
        "OmniCache-2",
        "arXiv 2607.23844",
        "tokens, frames, blocks and layers at once; its formulas were not found",
    ),
    absent(
        "Sol-Engine",
        "NVIDIA Sol-Engine",
        "a search over TeaCache, EasyCache and fixed steps: what it finds are settings of those",
    ),
    absent(
        "CachedSearch",
        "arXiv 2607.23159",
        "uses cached runs to rank candidates: a use of caching, no rule",
    ),
    // Tokens.
    absent(
        "ClusCa",
        "Compute only 16 tokens in one timestep: Accelerating Diffusion Transformers with \
         Cluster-Driven Feature Caching, ACM MM 2025 (arXiv 2509.10312)",
        "clusters tokens and recomputes one of each cluster at skipped steps",
    ),
    absent(
        "ResCa",
        "ResCa, CVPR 2026",
        "clusters the tokens' trajectories and recomputes proxies at skipped steps",
    ),
    absent(
        "TokenCache",
        "Token Caching for Diffusion Transformer Acceleration (arXiv 2409.18523)",
        "a trained network scores tokens; its formulas were not found",
    ),
    absent(
        "DaTo",
        "Token Pruning for Caching Better: 9 Times Acceleration on Stable Diffusion for Free \
         (arXiv 2501.00375)",
        "prunes tokens by their change over time",
    ),
    absent(
        "RAS",
        "Region-Adaptive Sampling (arXiv 2502.10389)",
        "samples some tokens only, with kept keys and values of the others: inside attention and \
         sampler",
    ),
    absent(
        "TAP",
        "TAP, CVPR 2026 (arXiv 2603.03792)",
        "chooses among 15 forecasts token by token: one set of weights a token",
    ),
    absent(
        "WorldCache",
        "WorldCache, ICML 2026 (arXiv 2603.06331)",
        "tells tokens by their curvature and forecasts each class in its own way",
    ),
    absent(
        "HetCache",
        "HetCache, CVPR 2026",
        "TeaCache's rule with a third outcome that recomputes some tokens; without it: teacache",
    ),
    absent(
        "SpecDiff",
        "SpecDiff, AAAI 2026 (arXiv 2509.13848)",
        "classes of tokens from the attention of speculative steps",
    ),
    absent(
        "ToMe",
        "ToMe and ToMA, token merging",
        "merges tokens: no caching of features",
    ),
    absent(
        "VidToMe",
        "VidToMe, token merging in video",
        "merges tokens across frames: no caching of features",
    ),
    absent(
        "AsymRnR",
        "AsymRnR, ICML 2025",
        "reduces keys and values, matched across steps: no caching of features",
    ),
    absent(
        "FISEdit",
        "Accelerating Text-to-Image Editing via Cache-Enabled Sparse Diffusion Inference, AAAI \
         2024 (arXiv 2305.17423)",
        "recomputes the edited region's tokens only",
    ),
    // Forecasts.
    absent(
        "PrediT",
        "arXiv 2602.18093",
        "Adams–Bashforth with an Adams–Moulton corrector where features move fast; its formulas \
         were not found",
    ),
    absent(
        "FeatFix",
        "arXiv 2607.27842",
        "SpeCa, with the checked block's exact output written over the forecast: one site of many \
         is renewed at a skipped call",
    ),
    absent(
        "Confidence-gated Taylor",
        "arXiv 2508.02240",
        "a forecast at the last block, gated by the error of the forecast at the first; its \
         threshold was not found",
    ),
    absent(
        "RACER",
        "arXiv 2608.01740",
        "shrinks a forecast by the disagreement of two; no code was found",
    ),
    absent(
        "FlowCast",
        "arXiv 2602.01329",
        "verifies several future states at once and rolls back: more than one call in flight",
    ),
    absent(
        "RFC",
        "arXiv 2602.19506, ICLR 2026",
        "scales TaylorSeer's direction by the change of a module's input: weights that need a \
         norm of every module",
    ),
    absent(
        "TC-Pade",
        "TC-Pade, CVPR 2026",
        "a rational forecast: a quotient of features is no linear combination",
    ),
    absent(
        "SVD-Cache",
        "arXiv 2601.07396",
        "splits channels by an offline basis and smooths the main part",
    ),
    absent(
        "VDE",
        "VDE, CVPR 2026",
        "mixes the current latent into the forecast, by inner products of latent and velocity",
    ),
    absent(
        "SADA",
        "SADA, ICML 2025 (arXiv 2507.17135)",
        "acts on the sampler's trajectory, not on features",
    ),
    absent(
        "LTC-Accel",
        "arXiv 2503.09675",
        "reuses scaled increments of the latent: the sampler's part",
    ),
    absent(
        "FeMo",
        "Accelerate Diffusion Transformers with Feature Momentum, 2025",
        "its formulas were not found",
    ),
    absent(
        "WaveEx",
        "WaveEx: Accelerating Flow Matching-based Speech Generation via Wavelet-guided \
         Extrapolation, 2025",
        "for speech, by wavelets; its formulas were not found",
    ),
    absent(
        "HERO",
        "arXiv 2508.17588",
        "extrapolates deep and refreshes shallow features of world models; its formulas were not \
         found",
    ),
    absent(
        "SCOPE",
        "arXiv 2604.02979",
        "forecasts along the noise level in autoregressive video; its formulas were not found",
    ),
    absent(
        "ARCache",
        "ARCache, CVPR 2026",
        "autoregressive video: thresholds on history tokens, and a correction from the first \
         segment; see flowcache",
    ),
    // Trained networks.
    absent(
        "DisCa",
        "DisCa (arXiv 2602.05449)",
        "a trained predictor of two blocks beside a distilled model",
    ),
    absent(
        "LESA",
        "arXiv 2602.20497",
        "a trained network forecasts: no fixed weights",
    ),
    absent(
        "LearniBridge",
        "arXiv 2606.26778",
        "trained low-rank layers stand in for skipped blocks",
    ),
    absent(
        "Diffusion-on-Demand",
        "Diffusion-on-Demand, NeurIPS 2025",
        "a trained gate modulates kept features",
    ),
    absent(
        "OnlineCache",
        "arXiv 2607.29398",
        "a trained scheduler and corrector; the schedule it gives fits mask",
    ),
    absent(
        "ReCache",
        "arXiv 2606.06060",
        "a trained schedule for a budget; what it gives fits mask",
    ),
    absent(
        "RAPID3",
        "RAPID3, ICLR 2026",
        "trained policies; its details were not read",
    ),
    absent(
        "Salt",
        "arXiv 2604.03118",
        "distillation that knows of the cache",
    ),
    // Quantisation, sparsity, resolution.
    absent(
        "QuantCache",
        "QuantCache: Adaptive Importance-Guided Quantization with Hierarchical Latent and Layer \
         Caching for Video Generation, ICCV 2025 (arXiv 2503.06545)",
        "caching, quantisation and pruning at once; its code was not published",
    ),
    absent(
        "EchoCache",
        "EchoCache",
        "quantises what is kept; its details were not read",
    ),
    absent(
        "Chipmunk",
        "arXiv 2506.03275",
        "sparse changes of attention and MLP against kept activations: inside attention",
    ),
    absent(
        "RainFusion",
        "arXiv 2505.21036",
        "sparse attention: no caching of features",
    ),
    absent(
        "SVG",
        "Sparse VideoGen",
        "sparse attention: no caching of features",
    ),
    absent(
        "Bottleneck Sampling",
        "arXiv 2503.18940",
        "changes the resolution within a run: no caching",
    ),
    absent(
        "JiT",
        "arXiv 2603.10744",
        "sparse anchor tokens and interpolation: no caching",
    ),
    absent(
        "RALU",
        "RALU",
        "changes the resolution within a run: no caching",
    ),
    // Serving, parallel runs, exact caches, other caches.
    absent(
        "Approximate Caching",
        "Approximate Caching for Efficiently Serving Diffusion Models, NSDI 2024 (arXiv \
         2312.04429)",
        "keeps latents across requests: a server's part",
    ),
    absent(
        "FlexCache",
        "FlexCache: Flexible Approximate Cache System for Video Diffusion (arXiv 2501.04012)",
        "keeps latents across requests: a server's part",
    ),
    absent(
        "MoDM",
        "arXiv 2503.11972",
        "serves requests from several models: a server's part",
    ),
    absent(
        "ElasticCache",
        "Efficient Inference of Vision Instruction-Following Models with Elastic Cache, ECCV 2024 \
         (arXiv 2407.18121)",
        "keys and values of a language model: no diffusion",
    ),
    absent(
        "Ca2-VDM",
        "Ca2-VDM: Efficient Autoregressive Video Diffusion Model with Causal Generation and Cache \
         Sharing, ICML 2025 (arXiv 2411.16375)",
        "shares keys and values between chunks: the model's part",
    ),
    absent(
        "TextKVCache",
        "diffusers, text_kv_cache",
        "keeps the text's keys and values, which is exact: the engine's part",
    ),
    absent(
        "ParaStep",
        "arXiv 2505.14741",
        "reuses and predicts between devices: a distributed run",
    ),
    absent(
        "LightningCP",
        "arXiv 2509.00052",
        "predicts the inputs of other devices: a distributed run",
    ),
    absent(
        "CompactFusion",
        "CompactFusion",
        "compresses what devices exchange: a distributed run",
    ),
    absent(
        "DiTango",
        "DiTango",
        "keeps attention states of other devices: a distributed run",
    ),
    absent(
        "X-Cache",
        "arXiv 2604.20289",
        "keeps blocks across the chunks of a world model; its formulas were not found",
    ),
    absent(
        "WorldDynCache",
        "arXiv 2608.01845",
        "for world models; its formulas were not found",
    ),
    absent(
        "Tortoise-Hare",
        "Tortoise-Hare guidance",
        "integrates the guidance on a coarser grid: the sampler's part",
    ),
];
