//! Option strings as people write them, most from the peers' own documentation, and what they come to.

use refrain::policy::peers::Peer::{self, CacheDit, Diffusers, SdCpp};

use crate::read;

/// Peer, options, policy, and of each line of the report the part before the reason.
pub(crate) type Read = (Peer, &'static str, &'static str, &'static [&'static str]);

const ROWS: &[Read] = &[
    (SdCpp, "--cache-mode disabled", "full", &[]),
    (
        SdCpp,
        "--cache-mode easycache",
        "easycache:threshold=0.2,reference=computed,warmup=0,last=0,start=0.15,end=0.95",
        &["start, end", "condition"],
    ),
    (
        SdCpp,
        "--cache-mode easycache --cache-option \"threshold=0.3\"",
        "easycache:threshold=0.3,reference=computed,warmup=0,last=0,start=0.15,end=0.95",
        &["start, end", "condition"],
    ),
    (
        SdCpp,
        "--cache-option 'threshold=0.25, start=0.2,decay=0.5,Fn=4' --cache-mode=easycache",
        "easycache:threshold=0.25,reference=computed,warmup=0,last=0,start=0.2,end=0.95",
        &["decay=0.5", "Fn=4", "start, end", "condition"],
    ),
    (
        SdCpp,
        "easycache threshold=0.3",
        "easycache:threshold=0.3,reference=computed,warmup=0,last=0,start=0.15,end=0.95",
        &["start, end", "condition"],
    ),
    (
        SdCpp,
        "--easycache 0.3,0.1,0.9",
        "easycache:threshold=0.3,reference=computed,warmup=0,last=0,start=0.1,end=0.9",
        &["start, end", "condition"],
    ),
    (
        SdCpp,
        "--cache-mode ucache \\\n  --cache-option \"threshold=1.5\"",
        "ucache:threshold=1.5,last=0",
        &["relative=1", "--steps", "condition"],
    ),
    (
        SdCpp,
        "--cache-mode ucache --cache-option threshold=1.5,reset=0,relative=0 --steps 20",
        "ucache:threshold=1.5,reset=0,warmup=5,last=0,window=step,start=3,end=19",
        &["condition"],
    ),
    (
        SdCpp,
        "--cache-mode ucache --cache-option decay=0.9,start=0.1,end=0.8",
        "ucache:decay=0.9,last=0,start=0.1,end=0.8",
        &["relative=1", "--steps", "condition"],
    ),
    (
        SdCpp,
        "--cache-mode dbcache --cache-option \"threshold=0.25,warmup=4\"",
        "sdcpp:threshold=0.25,warmup=4,last=0",
        &["warmup=4", "--cache-mode=dbcache", "--steps", "condition"],
    ),
    (
        SdCpp,
        "--cache-mode cache-dit --steps 20",
        "sdcpp:warmup=4,last=0,window=step,start=3,end=19",
        &["--cache-mode=cache-dit", "condition"],
    ),
    (
        SdCpp,
        "--cache-mode taylorseer --cache-option Fn=12,Bn=4 --steps 28",
        "sdcpp:threshold=0.076032,warmup=5,last=0,window=step,start=4,end=26",
        &["Fn=12", "Bn=4", "--cache-mode=taylorseer", "condition"],
    ),
    (
        SdCpp,
        "--cache-mode cache-dit --scm-mask \"1,1,1,1,0,0,1,0,0,0,1,0,0,0,1,0,0,0,1,1\" \
         --scm-policy dynamic",
        "sdcpp:last=0,mask=11110010001000100011",
        &[
            "--scm-mask=1,1,1,1,0,0,1,0,0,0,1,0,0,0,1,0,0,0,1,1",
            "--cache-mode=cache-dit",
            "--steps",
            "condition",
        ],
    ),
    (
        SdCpp,
        "--cache-mode dbcache --cache-option threshold=0.2 --scm-mask 1,1,0 --scm-policy static",
        "sdcpp:gauge=free,last=0,mask=110",
        &[
            "--scm-mask=1,1,0",
            "--scm-policy=static",
            "--cache-mode=dbcache",
            "--steps",
            "threshold",
        ],
    ),
    (
        SdCpp,
        "--cache-mode cache-dit --cache-preset fast --steps 28",
        "sdcpp:warmup=5,last=0,window=step,start=4,end=26,mask=1111110100010000100000100001",
        &["--cache-preset=fast", "--cache-mode=cache-dit", "condition"],
    ),
    (
        SdCpp,
        "--cache-mode spectrum",
        "spectrum:growth=0.5,warmup=4,last=0,end=0.9,order=3,ridge=1,site=model",
        &["w=0.40", "history", "output", "--steps"],
    ),
    (
        SdCpp,
        "--cache-mode spectrum --cache-option w=1,m=4,lam=0.1,window=2,flex=0.75,warmup=5,stop=1 \
         --steps 50",
        "spectrum:last=0,window=step,end=50,site=model",
        &["history", "output"],
    ),
    (CacheDit, "DBCacheConfig()", "dbcache:last=0", &[]),
    (
        CacheDit,
        "DBCacheConfig(Fn_compute_blocks=8, Bn_compute_blocks=0, max_warmup_steps=8, \
         warmup_interval=1, max_cached_steps=-1, max_continuous_cached_steps=-1, \
         residual_diff_threshold=0.08, enable_separate_cfg=True, cfg_compute_first=False, \
         cfg_diff_compute_separate=True, steps_computation_mask=None)",
        "dbcache:last=0",
        &[],
    ),
    (
        CacheDit,
        "cache_config=DBCacheConfig(max_warmup_steps=8, warmup_interval=2, max_cached_steps=-1, \
         max_continuous_cached_steps=2, Fn_compute_blocks=1, Bn_compute_blocks=0, \
         residual_diff_threshold=0.12), \
         calibrator_config=TaylorSeerCalibratorConfig(taylorseer_order=1)",
        "dbcache:threshold=0.12,last=0,max_run=2,predictor=taylor,order=1,front=1",
        &["warmup_interval=2"],
    ),
    (
        CacheDit,
        "# as a file\ncache_config:\n  max_warmup_steps: 8\n  warmup_interval: 2\n  \
         max_cached_steps: -1\n  max_continuous_cached_steps: 2\n  Fn_compute_blocks: 1\n  \
         Bn_compute_blocks: 0 # none\n  residual_diff_threshold: 0.12\n  enable_taylorseer: true\n  \
         taylorseer_order: 1\n  num_inference_steps: 28\n",
        "dbcache:threshold=0.12,warmup=0,last=0,max_run=2,mask=1010101000000000000000000000,\
         predictor=taylor,order=1,front=1",
        &[],
    ),
    (
        CacheDit,
        "DBCacheConfig(steps_computation_mask=cache_dit.steps_mask(mask_policy=\"fast\", \
         total_steps=28), steps_computation_policy='static', max_cached_steps=3)",
        "dbcache:gauge=free,warmup=0,last=0,mask=1111110100010000100000100001",
        &["max_cached_steps=3"],
    ),
    (
        CacheDit,
        "steps_computation_mask=steps_mask(compute_bins=[6, 1, 1, 1, 1], cache_bins=[1, 2, 5, 5, 5])",
        "dbcache:warmup=0,last=0,mask=1111110100100000100000100000",
        &[],
    ),
    (
        CacheDit,
        "steps_computation_mask: medium\nnum_inference_steps: 8",
        "dbcache:warmup=0,last=0,mask=11110101",
        &[],
    ),
    (
        CacheDit,
        "Fn_compute_blocks=4, Bn_compute_blocks=2, max_accumulated_residual_diff_threshold=0.5, \
         max_cached_steps=20, num_inference_steps=50",
        "dbcache:last=0,max_total=20,max_spent=0.5,front=4,back=2",
        &["num_inference_steps=50"],
    ),
    (
        CacheDit,
        "DBPruneConfig(residual_diff_threshold=0.12, max_warmup_steps=4, Bn_compute_blocks=1, \
         non_prune_block_ids=[3], enable_dynamic_prune_threshold=True), FoCaCalibratorConfig()",
        "dbprune:threshold=0.12,warmup=4,last=0,predictor=foca",
        &[
            "Bn_compute_blocks=1",
            "non_prune_block_ids=[3]",
            "enable_dynamic_prune_threshold=True",
            "Fn_compute_blocks=8",
            "FoCaCalibratorConfig",
        ],
    ),
    (
        CacheDit,
        "cache_type: DBPrune\nresidual_diff_threshold: 0.05\nFn_compute_blocks: 0",
        "dbprune:threshold=0.05,warmup=8,last=0",
        &[],
    ),
    (
        CacheDit,
        "DBCacheConfig(residual_diff_threshold=1.0)",
        "dbcache:threshold=1000000,last=0",
        &["residual_diff_threshold=1.0"],
    ),
    (
        CacheDit,
        "max_cached_steps=0",
        "dbcache:threshold=0,last=0",
        &["max_cached_steps=0"],
    ),
    (
        CacheDit,
        "DMDCalibratorConfig(dmd_history=5, dmd_rank=2)",
        "dbcache:last=0,predictor=dmd",
        &["dmd_history=5", "dmd_rank=2", "DMDCalibratorConfig"],
    ),
    (
        CacheDit,
        "TaylorSeerCalibratorConfig(enable_calibrator=False, taylorseer_order=2)",
        "dbcache:last=0",
        &["taylorseer_order=2"],
    ),
    (
        CacheDit,
        "enable_separate_cfg=False, cfg_compute_first=True, cfg_diff_compute_separate=False, \
         force_refresh_step_hint=25, force_refresh_step_policy=\"repeat\", downsample_factor=4, \
         enable_taylorseer=True, taylorseer_cache_type=hidden_states, enable_encoder_taylorseer=True",
        "dbcache:last=0,predictor=taylor,order=1,keep=output",
        &[
            "enable_separate_cfg=False",
            "cfg_compute_first=True",
            "cfg_diff_compute_separate=False",
            "force_refresh_step_hint=25",
            "force_refresh_step_policy=repeat",
            "downsample_factor=4",
            "enable_encoder_taylorseer=True",
        ],
    ),
    (CacheDit, "cache_type=CacheType.NONE", "full", &[]),
    (
        CacheDit,
        "DBPruneConfig(enable_dynamic_prune_threshold=False, max_dynamic_prune_threshold=0.16, \
         dynamic_prune_threshold_relax_ratio=1.5, force_reduce_calibrator_vram=True)",
        "dbprune:warmup=8,last=0",
        &[
            "max_dynamic_prune_threshold=0.16",
            "dynamic_prune_threshold_relax_ratio=1.5",
            "force_reduce_calibrator_vram=True",
            "Fn_compute_blocks=8",
        ],
    ),
    (
        CacheDit,
        "DBCacheConfig(), DMDCalibratorConfig(enable_encoder_calibrator=False, \
         calibrator_cache_type=\"residual\", dmd_ridge=1e-6, dmd_svd_precision=high, \
         important_condition_threshold=0.1)",
        "dbcache:last=0,predictor=dmd",
        &[
            "dmd_ridge=1e-6",
            "dmd_svd_precision=high",
            "important_condition_threshold=0.1",
            "DMDCalibratorConfig",
        ],
    ),
    (
        CacheDit,
        "enable_foca: true\nenable_encoder_foca: false\nenable_dmd: false\nenable_encoder_dmd: false",
        "dbcache:last=0,predictor=foca",
        &["enable_foca=true"],
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig()",
        "fbcache:threshold=0.05,compare=at-most,warmup=0,last=0",
        &[],
    ),
    (
        Diffusers,
        "config = diffusers.FirstBlockCacheConfig(threshold=0.2)",
        "fbcache:threshold=0.2,compare=at-most,warmup=0,last=0",
        &[],
    ),
    (
        Diffusers,
        "MagCacheConfig(mag_ratios=FLUX_MAG_RATIOS, num_inference_steps=28)",
        "magcache:model=flux-dev,warmup=0,last=0",
        &["num_inference_steps=28"],
    ),
    (
        Diffusers,
        "MagCacheConfig(threshold=0.24, max_skip_steps=5, retention_ratio=0.1, \
         mag_ratios=[1.0, 1.1, 0.9])",
        "magcache:threshold=0.24,curve=1/1.1/0.9,warmup=0,retention=0.1,last=0,max_run=5",
        &[],
    ),
    (
        Diffusers,
        "MagCacheConfig()",
        "magcache:warmup=0,last=0",
        &["mag_ratios"],
    ),
    (
        Diffusers,
        "TaylorSeerCacheConfig(cache_interval=5, max_order=1, disable_cache_before_step=10, \
         taylor_factors_dtype=torch.bfloat16)",
        "taylorseer:schedule=first,interval=5,offset=11,warmup=10,last=0,site=attention",
        &["taylor_factors_dtype=torch.bfloat16"],
    ),
    (
        Diffusers,
        "TaylorSeerCacheConfig(use_lite_mode=True, disable_cache_after_step=45, max_order=2)",
        "taylorseer:schedule=first,interval=5,offset=4,last=0,window=step,end=45,order=2,\
         site=model,keep=output",
        &["use_lite_mode=True"],
    ),
    (
        Diffusers,
        "PyramidAttentionBroadcastConfig(\n    spatial_attention_block_skip_range=2,\n    \
         spatial_attention_timestep_skip_range=(100, 800),\n    \
         current_timestep_callback=lambda: pipe.current_timestep,\n)",
        "pab:last=0,end=800",
        &["current_timestep_callback=lambda: pipe.current_timestep"],
    ),
    (
        Diffusers,
        "PyramidAttentionBroadcastConfig(temporal_attention_block_skip_range=4, \
         cross_attention_block_skip_range=6, cross_attention_timestep_skip_range=(100,850), \
         spatial_attention_timestep_skip_range=(0, 500))",
        "pab:interval=4,last=0,end=800",
        &[
            "cross_attention_block_skip_range=6",
            "cross_attention_timestep_skip_range=(100,850)",
            "spatial_attention_timestep_skip_range=(0, 500)",
        ],
    ),
    (
        Diffusers,
        "FasterCacheConfig(spatial_attention_block_skip_range=2, \
         spatial_attention_timestep_skip_range=(-1, 681), \
         unconditional_batch_skip_range=5, attention_weight_callback=lambda _: 0.3, \
         tensor_format=\"BFCHW\")",
        "fastercache:last=0,window=time,start=-1,end=681,gain=0.3,ramp=0,gain_start=0,rolling=1",
        &[
            "unconditional_batch_skip_range=5",
            "tensor_format=BFCHW",
            "is_guidance_distilled=False",
        ],
    ),
    (
        Diffusers,
        "FasterCacheConfig(is_guidance_distilled=True)",
        "fastercache:last=0,window=time,start=-1,end=681,gain=0.5,ramp=0,gain_start=0,rolling=1",
        &[],
    ),
    (
        Diffusers,
        "TaylorSeerCacheConfig(skip_predict_identifiers=[r\"blocks\\..*\"], \
         cache_identifiers=[r\"proj_out\"])",
        "taylorseer:schedule=first,interval=5,offset=4,last=0,site=attention",
        &[
            "skip_predict_identifiers=[r\"blocks\\..*\"]",
            "cache_identifiers=[r\"proj_out\"]",
        ],
    ),
    (
        Diffusers,
        "PyramidAttentionBroadcastConfig(cross_attention_block_skip_range=6, \
         temporal_attention_timestep_skip_range=(450, 930), \
         spatial_attention_block_identifiers=(\"blocks\",), \
         temporal_attention_block_identifiers=(\"temporal\",), \
         cross_attention_block_identifiers=(\"blocks\",))",
        "pab:interval=6,last=0,end=800",
        &[
            "spatial_attention_block_identifiers=(\"blocks\",)",
            "temporal_attention_block_identifiers=(\"temporal\",)",
            "cross_attention_block_identifiers=(\"blocks\",)",
            "temporal_attention_timestep_skip_range=(450, 930)",
        ],
    ),
    (
        Diffusers,
        "FasterCacheConfig(temporal_attention_timestep_skip_range=(-1, 681), \
         low_frequency_weight_update_timestep_range=(99, 641), \
         high_frequency_weight_update_timestep_range=(-1, 301), alpha_low_frequency=1.2, \
         alpha_high_frequency=1.1, unconditional_batch_timestep_skip_range=(-1, 641), \
         spatial_attention_block_identifiers=[\"blocks\"], \
         temporal_attention_block_identifiers=[\"temporal\"], \
         attention_weight_callback=partial(weight, 3), low_frequency_weight_callback=low, \
         high_frequency_weight_callback=high, \
         _unconditional_conditional_input_kwargs_identifiers=[\"timestep\"])",
        "fastercache:last=0,window=time,start=-1,end=681,gain=0.5,ramp=0,gain_start=0,rolling=1",
        &[
            "temporal_attention_timestep_skip_range=(-1, 681)",
            "low_frequency_weight_update_timestep_range=(99, 641)",
            "high_frequency_weight_update_timestep_range=(-1, 301)",
            "alpha_low_frequency=1.2",
            "alpha_high_frequency=1.1",
            "unconditional_batch_timestep_skip_range=(-1, 641)",
            "spatial_attention_block_identifiers=[\"blocks\"]",
            "temporal_attention_block_identifiers=[\"temporal\"]",
            "attention_weight_callback=partial(weight, 3)",
            "low_frequency_weight_callback=low",
            "high_frequency_weight_callback=high",
            "_unconditional_conditional_input_kwargs_identifiers=[\"timestep\"]",
            "is_guidance_distilled=False",
            "unconditional_batch_skip_range=5",
        ],
    ),
    (
        Diffusers,
        "SeaCacheConfig(raw_vision_callback=vision)",
        "seacache:threshold=0.25,signal=model-input,filter_size=3,max_run=2,predictor=taylor,order=1",
        &["raw_vision_callback=vision"],
    ),
    (
        Diffusers,
        "SeaCacheConfig()",
        "seacache:threshold=0.25,signal=model-input,filter_size=3,max_run=2,predictor=taylor,order=1",
        &[],
    ),
    (
        Diffusers,
        "SeaCacheConfig(residual_order=0, retention_steps=2, cache_end_steps=0, \
         max_consecutive_cached=0, power_exp=2.0)",
        "seacache:threshold=0.25,signal=model-input,warmup=2,last=0",
        &[],
    ),
];

#[test]
fn options_become_policies() {
    compare(ROWS);
}

pub(crate) fn compare(rows: &[Read]) {
    let mut wrong = Vec::new();
    for (peer, options, policy, heads) in rows {
        match read(*peer, options) {
            Ok((found, report)) => {
                let found_heads: Vec<&str> = report
                    .lines()
                    .map(|line| {
                        let known = heads.iter().find(|head| {
                            line.strip_prefix(**head)
                                .is_some_and(|r| r.starts_with(": "))
                        });
                        known.copied().unwrap_or(line)
                    })
                    .collect();
                if found != *policy || found_heads != *heads {
                    wrong.push(format!("{peer} {options}\n  {found}\n  {found_heads:#?}"));
                }
            }
            Err(error) => wrong.push(format!("{peer} {options}\n  {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every option stands in a row or is refused: none is known and never tried.
#[test]
fn every_option_is_tried() {
    use refrain::text::Named;
    let mut missing = Vec::new();
    for peer in Peer::ALL {
        let tried: Vec<&str> = ROWS
            .iter()
            .filter(|row| row.0 == *peer)
            .map(|row| row.1)
            .collect();
        for option in peer.options() {
            let given = |text: &&str| {
                let places = text.match_indices(option.name);
                places.into_iter().any(|(at, name)| {
                    let before = text[..at].chars().next_back();
                    let behind = text[at + name.len()..].trim_start().chars().next();
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
                        && (matches!(behind, Some('=' | ':')) || name.starts_with('-'))
                })
            };
            let refused = crate::refused::ROWS.iter().filter(|row| row.0 == *peer);
            if !tried.iter().any(given) && !refused.map(|row| row.1).any(|text| given(&text)) {
                missing.push(format!("{peer} {} {}", option.of, option.name));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
