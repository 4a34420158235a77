//! What a user reads when options are refused, word for word.

use refrain::policy::peers::Peer::{self, CacheDit, Diffusers, SdCpp};

use crate::read;

/// Peer, options and the refusal.
pub(crate) const ROWS: &[(Peer, &str, &str)] = &[
    (
        SdCpp,
        "--cache-option threshold=0.2",
        "no mode is given; give --cache-mode easycache, ucache, dbcache, taylorseer, cache-dit or spectrum",
    ),
    (
        SdCpp,
        "--cache-mode easycach",
        "`easycach` is no --cache-mode; the nearest is `easycache`",
    ),
    (
        SdCpp,
        "--cache-mod easycache",
        "option `--cache-mod` does not exist; the nearest is `--cache-mode`",
    ),
    (
        SdCpp,
        "--cache-mode easycache --cache-option treshold=0.2",
        "option `treshold` does not exist; the nearest is `threshold`",
    ),
    (
        SdCpp,
        "--cache-mode easycache --cache-option threshold",
        "`threshold` is not of the form key=value",
    ),
    (
        SdCpp,
        "--cache-mode easycache --cache-option threshold=high",
        "option `threshold` is `high`; allowed is a number from 0 to 1000000",
    ),
    (
        SdCpp,
        "--cache-mode easycache --cache-option threshold=0.2,threshold=0.3",
        "option `threshold` is given twice; keep one",
    ),
    (
        SdCpp,
        "--cache-mode easycache --cache-mode ucache",
        "option `--cache-mode` is given twice; keep one",
    ),
    (
        SdCpp,
        "--cache-mode easycache --cache-option",
        "`--cache-option` is not of the form --option value",
    ),
    (
        SdCpp,
        "--cache-mode ucache --cache-option relative=maybe",
        "option `relative` is `maybe`; allowed is 0 or 1",
    ),
    (
        SdCpp,
        "--cache-mode ucache --cache-option start=1.5",
        "option `start` is `1.5`; allowed is a share from 0 to 1",
    ),
    (
        SdCpp,
        "--cache-mode easycache --cache-option start=0.5,end=0.2",
        "policy key `start`: the window starts behind its end; set start to end or less",
    ),
    (
        SdCpp,
        "--cache-mode easycache --scm-mask 1,0",
        "option `--scm-mask` cannot be had here: masks belong to the modes dbcache, taylorseer and cache-dit",
    ),
    (
        SdCpp,
        "--cache-mode dbcache --scm-mask 1,0,2",
        "option `--scm-mask` is `1,0,2`; allowed is zeros and ones, one a step: 1 is computed",
    ),
    (
        SdCpp,
        "--cache-mode dbcache --scm-policy static",
        "option `--scm-policy=static` cannot be had here: there is no mask for it; give --scm-mask",
    ),
    (
        SdCpp,
        "--cache-mode dbcache --scm-policy maybe",
        "option `--scm-policy` is `maybe`; allowed is dynamic or static",
    ),
    (
        SdCpp,
        "--cache-mode dbcache --cache-preset fast",
        "option `--cache-preset=fast` cannot be had here: its mask depends on the steps of the run; give --steps, total_steps or num_inference_steps too",
    ),
    (
        SdCpp,
        "--cache-mode dbcache --cache-preset quick",
        "option `--cache-preset` is `quick`; allowed is slow, medium, fast, ultra or s, m, f, u",
    ),
    (
        SdCpp,
        "--cache-mode spectrum --cache-option m=7",
        "option `m` is `7`; allowed is a whole number from 0 to 4",
    ),
    (
        SdCpp,
        "--cache-mode spectrum --cache-option w=2",
        "option `w` is `2`; allowed is a number from 0 to 1",
    ),
    (
        SdCpp,
        "--cache-mode \"easycache",
        "`\"easycache` is not of the form \"words\": the quotation mark is not closed",
    ),
    (
        SdCpp,
        "--cache-mode dbcache --scm-mask 1,0,1 --steps 20",
        "option `--steps=20` cannot be had here: the mask has another number of steps; give it one value for each step",
    ),
    (
        SdCpp,
        "--steps 2 --cache-mode cache-dit --scm-mask 1,0,1 --scm-policy static",
        "option `--steps=2` cannot be had here: the mask has another number of steps; give it one value for each step",
    ),
    (
        SdCpp,
        "easycache ucache",
        "option `--cache-mode` is given twice; keep one",
    ),
    (
        SdCpp,
        "--easycache 0.3,0.1,0.9 --cache-mode ucache",
        "option `--cache-mode` is given twice; keep one",
    ),
    (
        SdCpp,
        "cat --cache-mode easycache",
        "`cat` is not of the form key=value",
    ),
    (
        SdCpp,
        "dbcache 0.3",
        "`0.3` is not of the form key=value; name it, as in threshold=0.3",
    ),
    (
        SdCpp,
        "--cache-mode easycache --cache-option 0.3",
        "`0.3` is not of the form key=value",
    ),
    (
        SdCpp,
        "easycache 0.3,0.1,0.9,1",
        "`1` is not of the form key=value; name it, as in threshold=0.3",
    ),
    (
        SdCpp,
        "easycache 0.3 threshold=0.2",
        "option `threshold` is given twice; keep one",
    ),
    (
        SdCpp,
        "easycache -0.3",
        "option `threshold` is `-0.3`; allowed is a number from 0 to 1000000",
    ),
    (
        SdCpp,
        "easycache =0.3",
        "`=0.3` is not of the form key=value",
    ),
    (
        SdCpp,
        "easycache threshold=",
        "option `threshold` is ``; allowed is a number from 0 to 1000000",
    ),
    (
        SdCpp,
        "sd-cli -m model.gguf -p \"a cat\" --steps 20",
        "no mode is given; give --cache-mode easycache, ucache, dbcache, taylorseer, cache-dit or spectrum",
    ),
    (
        SdCpp,
        "-m model.gguf --cache-mode dbcache --scm-maks 1,0",
        "option `--scm-maks` does not exist; the nearest is `--scm-mask`",
    ),
    (
        SdCpp,
        "-m model.gguf --cache-mode ucache --step 20",
        "option `--step` does not exist; the nearest is `--steps`",
    ),
    (
        SdCpp,
        "--cache-mode ucache --cache-opts threshold=1",
        "option `--cache-opts` does not exist; the nearest is `--cache-option`",
    ),
    (
        SdCpp,
        "--ucache 1,0.15,0.95",
        "option `--ucache` does not exist; the nearest is `--cache-mode`",
    ),
    (
        SdCpp,
        "--cache-mode ucache \u{2013}steps 20",
        "option `\u{2013}steps` does not exist; the nearest is `--steps`",
    ),
    (
        SdCpp,
        "--cache-mode ucache --steps",
        "`--steps` is not of the form --option value",
    ),
    (
        SdCpp,
        "--cache-mode easycache --steps 0",
        "option `--steps` is `0`; allowed is a whole number from 1",
    ),
    (
        CacheDit,
        "DBCacheConfi()",
        "`DBCacheConfi` is no class of cache-dit; the nearest is `DBCacheConfig`",
    ),
    (
        CacheDit,
        "Fn_compute_block=8",
        "option `Fn_compute_block` does not exist; the nearest is `Fn_compute_blocks`",
    ),
    (
        CacheDit,
        "DBCacheConfig(Fn_compute_blocks=8, Fn_compute_blocks=1)",
        "option `Fn_compute_blocks` is given twice; keep one",
    ),
    (
        CacheDit,
        "DBCacheConfig(Fn_compute_blocks=0)",
        "option `Fn_compute_blocks` is `0`; allowed is a whole number from 1",
    ),
    (
        CacheDit,
        "DBCacheConfig(",
        "`(` is not of the form (key=value): a bracket is not closed",
    ),
    (
        CacheDit,
        "DBCacheConfig())",
        "`)` is not of the form key=value: a bracket closes that was not opened",
    ),
    (
        CacheDit,
        "residual_diff_threshold=low",
        "option `residual_diff_threshold` is `low`; allowed is a number",
    ),
    (
        CacheDit,
        "max_cached_steps=-2",
        "option `max_cached_steps` is `-2`; allowed is a whole number from -1, which is no limit",
    ),
    (
        CacheDit,
        "warmup_interval=0",
        "option `warmup_interval` is `0`; allowed is a whole number from 1",
    ),
    (
        CacheDit,
        "enable_separate_cfg=maybe",
        "option `enable_separate_cfg` is `maybe`; allowed is True or False",
    ),
    (
        CacheDit,
        "steps_computation_mask=[1, 0, x]",
        "option `steps_computation_mask` is `[1, 0, x]`; allowed is zeros and ones, one a step: 1 is computed",
    ),
    (
        CacheDit,
        "steps_computation_mask=fast",
        "option `steps_computation_mask=fast` cannot be had here: its mask depends on the steps of the run; give --steps, total_steps or num_inference_steps too",
    ),
    (
        CacheDit,
        "steps_computation_policy=static",
        "option `steps_computation_policy=static` cannot be had here: there is no mask for it; give steps_computation_mask",
    ),
    (
        CacheDit,
        "steps_mask(compute_bins=[4])",
        "option `compute_bins=[4]` cannot be had here: compute_bins and cache_bins belong together; give both",
    ),
    (
        CacheDit,
        "steps_mask(compute_bins=[4], cache_bins=[2], total_steps=28)",
        "option `compute_bins=[4]` cannot be had here: the runs hold fewer steps than the run; make them longer",
    ),
    (
        CacheDit,
        "num_inference_steps=28, steps_computation_mask=[1, 0]",
        "option `num_inference_steps=28` cannot be had here: the mask has another number of steps; give it one value for each step",
    ),
    (
        CacheDit,
        "TaylorSeerCalibratorConfig(), FoCaCalibratorConfig()",
        "option `FoCaCalibratorConfig` cannot be had here: there is one calibrator; give one of them",
    ),
    (
        CacheDit,
        "TaylorSeerCalibratorConfig(taylorseer_order=5)",
        "option `taylorseer_order` is `5`; allowed is a whole number from 0 to 4",
    ),
    (
        CacheDit,
        "calibrator_type=euler",
        "option `calibrator_type` is `euler`; allowed is taylorseer, foca or dmd",
    ),
    (
        CacheDit,
        "calibrator_kwargs={'taylorseer_order': 2}",
        "option `calibrator_kwargs={'taylorseer_order': 2}` cannot be had here: give its entries as options of their own",
    ),
    (
        CacheDit,
        "l1_hidden_states_diff_threshold=0.1",
        "option `l1_hidden_states_diff_threshold=0.1` cannot be had here: the change is that of a residual; give residual_diff_threshold",
    ),
    (
        CacheDit,
        "parallelism_config:\n  tp_size: 2",
        "option `parallelism_config` cannot be had here: it is not about caching; give the part cache_config alone",
    ),
    (
        CacheDit,
        "attention_backend: flash",
        "option `attention_backend=flash` cannot be had here: it is not about caching; give the part cache_config alone",
    ),
    (
        CacheDit,
        "quantize_config=QuantizeConfig()",
        "option `quantize_config=QuantizeConfig()` cannot be had here: it is not about caching; give the part cache_config alone",
    ),
    (
        CacheDit,
        "pipe, DBCacheConfig()",
        "`pipe, DBCacheConfig()` is not of the form key=value",
    ),
    (
        CacheDit,
        "enable_cache(pipe, cache_config=config)",
        "`config` is not of the form Name(key=value), or `key: value` in lines of their own",
    ),
    (
        CacheDit,
        "steps_mask()",
        "option `mask_policy=medium` cannot be had here: its mask depends on the steps of the run; give --steps, total_steps or num_inference_steps too",
    ),
    (
        CacheDit,
        "FoCaCalibratorConfig(True, False, 'foca', 'residual', {}, 2)",
        "`2` is not of the form key=value: the class has no field in its place; name it",
    ),
    (
        CacheDit,
        "DBCacheConfig(8)",
        "option `cache_type` is `8`; allowed is DBCache, DBPrune or NONE",
    ),
    (
        CacheDit,
        "cache_type=FBCache",
        "option `cache_type` is `FBCache`; allowed is DBCache, DBPrune or NONE",
    ),
    (
        CacheDit,
        "steps_computation_mask:\n  - 1",
        "`- 1` is not of the form key=value",
    ),
    (
        Diffusers,
        "threshold=0.1",
        "no class is given; give FirstBlockCacheConfig, MagCacheConfig, TaylorSeerCacheConfig, PyramidAttentionBroadcastConfig, FasterCacheConfig or SeaCacheConfig, with its options in brackets",
    ),
    (
        Diffusers,
        "FirstBlockCache(threshold=0.1)",
        "`FirstBlockCache` is no class of diffusers; the nearest is `FirstBlockCacheConfig`",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig",
        "`FirstBlockCacheConfig` is not of the form Name(key=value): its brackets are missing",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(0.2); pipe.to('cuda')",
        "`to` is no class of diffusers; the nearest is `MagCacheConfig`",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(0.2, 3)",
        "`3` is not of the form key=value: the class has no field in its place; name it",
    ),
    (
        Diffusers,
        "MagCacheConfig(threshold=0.2, 3)",
        "`3` is not of the form key=value: name it, as the one before it",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(0.2, threshold=0.3)",
        "option `threshold` is given twice; keep one",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(-0.2)",
        "option `threshold` is `-0.2`; allowed is a number from 0 to 1000000",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(), 0.2",
        "`0.2` is not of the form key=value",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(threshold=)",
        "`threshold=)` is not of the form key=value",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(**options)",
        "`**options` is not of the form key=value: write the arguments out",
    ),
    (
        Diffusers,
        "FasterCacheConfig(spatial_attention_block_skip_range=None)",
        "option `spatial_attention_block_skip_range=None` cannot be had here: no spatial attention is held then; the guidance half alone is cfgcache",
    ),
    (
        Diffusers,
        "pipe.transformer.enable_cache(config)",
        "no class is given; give FirstBlockCacheConfig, MagCacheConfig, TaylorSeerCacheConfig, PyramidAttentionBroadcastConfig, FasterCacheConfig or SeaCacheConfig, with its options in brackets",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(treshold=0.1)",
        "option `treshold` does not exist; the nearest is `threshold`",
    ),
    (
        Diffusers,
        "PyramidAttentionBroadcastConfig(cross_attention_timestep_skip_rang=(1, 2))",
        "option `cross_attention_timestep_skip_rang` does not exist; the nearest is \
         `cross_attention_timestep_skip_range`",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(threshold=-1)",
        "option `threshold` is `-1`; allowed is a number from 0 to 1000000",
    ),
    (
        Diffusers,
        "TextKVCacheConfig()",
        "option `TextKVCacheConfig` cannot be had here: the text's keys and values are kept exactly there, which is the engine's part",
    ),
    (
        Diffusers,
        "MagCacheConfig(calibrate=True)",
        "option `calibrate=True` cannot be had here: a policy does not calibrate; `refrain calibrate` does, and writes a table",
    ),
    (
        Diffusers,
        "MagCacheConfig(mag_ratios=[1, 0])",
        "option `mag_ratios` is `[1, 0]`; allowed is FLUX_MAG_RATIOS, or up to 128 numbers from 0.01 to 100",
    ),
    (
        Diffusers,
        "MagCacheConfig(mag_ratios=torch.tensor([1.0]))",
        "option `mag_ratios` is `torch.tensor([1.0])`; allowed is FLUX_MAG_RATIOS, or up to 128 numbers from 0.01 to 100",
    ),
    (
        Diffusers,
        "TaylorSeerCacheConfig(cache_interval=0)",
        "option `cache_interval` is `0`; allowed is a whole number from 1 to 1000000",
    ),
    (
        Diffusers,
        "TaylorSeerCacheConfig(max_order=9)",
        "option `max_order` is `9`; allowed is a whole number from 0 to 4",
    ),
    (
        Diffusers,
        "PyramidAttentionBroadcastConfig(spatial_attention_timestep_skip_range=100)",
        "option `spatial_attention_timestep_skip_range` is `100`; allowed is two numbers, (low, high)",
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(), SeaCacheConfig()",
        "option `SeaCacheConfig` cannot be had here: one model has one cache in diffusers; give one class",
    ),
    (
        Diffusers,
        "SeaCacheConfig(residual_order=2)",
        "option `residual_order` is `2`; allowed is 0 or 1",
    ),
    (
        Diffusers,
        "FasterCacheConfig(tensor_format=BCT)",
        "option `tensor_format` is `BCT`; allowed is BCFHW, BFCHW or BCHW",
    ),
];

#[test]
fn refusals_word_for_word() {
    let mut wrong = Vec::new();
    for (peer, options, said) in ROWS {
        match read(*peer, options) {
            Ok((policy, _)) => wrong.push(format!("{peer} {options}\n  is read as {policy}")),
            Err(error) if error != *said => wrong.push(format!("{peer} {options}\n  {error}")),
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
