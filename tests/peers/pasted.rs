//! Options as they are pasted: whole command lines and calls, arguments without names, odd spelling.

use refrain::policy::peers::MAX_NOTES;
use refrain::policy::peers::Peer::{CacheDit, Diffusers, SdCpp};

use crate::options::{Read, compare};
use crate::read;

const EASY: &str = "easycache:threshold=0.3,reference=computed,warmup=0,last=0,start=0.15,end=0.95";
const EARLY: &str = "easycache:threshold=0.3,reference=computed,warmup=0,last=0,start=0.1,end=0.95";
const FIRST: &str = "fbcache:threshold=0.2,compare=at-most,warmup=0,last=0";

/// stable-diffusion.cpp.
const LINES: &[Read] = &[
    (
        SdCpp,
        "easycache threshold=0.3 start=0.1",
        EARLY,
        &["start, end", "condition"],
    ),
    (
        SdCpp,
        "start=0.1, easycache threshold=3e-1,",
        EARLY,
        &["start, end", "condition"],
    ),
    (SdCpp, "easycache 0.3", EASY, &["start, end", "condition"]),
    (
        SdCpp,
        "easycache .3,start=0.1",
        EARLY,
        &["start, end", "condition"],
    ),
    (
        SdCpp,
        "--easycache 0.3 --cache-option start=0.1",
        EARLY,
        &["start, end", "condition"],
    ),
    (
        SdCpp,
        "--easycache -v --cache-option threshold=0.3",
        EASY,
        &["-v", "start, end", "condition"],
    ),
    (
        SdCpp,
        "ucache 1.5,0.2,0.8 relative=False --steps 20",
        "ucache:threshold=1.5,warmup=6,last=0,window=step,start=4,end=16",
        &["condition"],
    ),
    (
        SdCpp,
        "$ sd-cli.exe ^\n --cache-mode easycache ^\n --cache-option threshold=0.3 # low\n",
        EASY,
        &["start, end", "condition"],
    ),
    (SdCpp, "disabled threshold=0.3", "full", &["threshold=0.3"]),
    (
        SdCpp,
        "--cache-mode easycache --cache-option \" threshold = 0.3 ,, start=+0.15, \"",
        EASY,
        &["start, end", "condition"],
    ),
    (
        SdCpp,
        "--cache-mode dbcache --scm-mask \"\" --steps 4",
        "sdcpp:warmup=1,last=0,window=step,start=0,end=3",
        &["--cache-mode=dbcache", "condition"],
    ),
    (
        SdCpp,
        "--cache-mode dbcache --cache-option \"\" --scm-mask \"1, 1, 0, 0\" --steps 4",
        "sdcpp:warmup=1,last=0,window=step,start=0,end=3,mask=1100",
        &["--scm-mask=1, 1, 0, 0", "--cache-mode=dbcache", "condition"],
    ),
    (
        SdCpp,
        "./bin/sd-cli -m model.gguf -p \"a cat, with = signs and --cache-mode ucache\" \
         --cache-mode easycache --cache-option threshold=0.3 --steps 20 --cfg-scale 7 -s -1 \
         --diffusion-fa -v -n \"\" -W 1024",
        EASY,
        &[
            "-m=model.gguf",
            "-p=a cat, with = signs and --cache-mode uca",
            "--cfg-scale=7",
            "-s=-1",
            "--diffusion-fa",
            "-v",
            "-n",
            "-W=1024",
            "start, end",
            "condition",
        ],
    ),
    (
        SdCpp,
        "..\\bin\\sd-cli.exe --diffusion-model ..\\flux.gguf --vae-tiling --cache-mode dbcache \
         --steps=20 --new-option=7",
        "sdcpp:warmup=4,last=0,window=step,start=3,end=19",
        &[
            "--diffusion-model=..\\flux.gguf",
            "--vae-tiling",
            "--new-option=7",
            "--cache-mode=dbcache",
            "condition",
        ],
    ),
    (
        SdCpp,
        "sd-cli -p \"say \\\"hi there\\\" now\" -n 'it'\\''s' -o my\\ cat.png -i \"--odd.png\" \\\n  \
         --cache-mode easycache\\\n --cache-option threshold=0.3 \\",
        EASY,
        &[
            "-p=say \\\"hi there\\\" now",
            "-n=it'\\''s",
            "-o=my\\ cat.png",
            "-i=--odd.png",
            "start, end",
            "condition",
        ],
    ),
];

/// cache-dit and diffusers.
const CALLS: &[Read] = &[
    (Diffusers, "FirstBlockCacheConfig(0.2)", FIRST, &[]),
    (
        Diffusers,
        "FirstBlockCacheConfig( threshold = 2e-1 , )",
        FIRST,
        &[],
    ),
    (
        Diffusers,
        "FirstBlockCacheConfig(threshold=None)",
        "fbcache:threshold=0.05,compare=at-most,warmup=0,last=0",
        &["threshold=None"],
    ),
    (
        Diffusers,
        "from diffusers.hooks import FirstBlockCacheConfig, apply_first_block_cache\n\
         apply_first_block_cache(pipe.transformer, FirstBlockCacheConfig(0.2))",
        FIRST,
        &[],
    ),
    (
        Diffusers,
        "cache = diffusers.FirstBlockCacheConfig(0.2)\npipe.transformer.enable_cache(cache)",
        FIRST,
        &[],
    ),
    (
        Diffusers,
        "MagCacheConfig(0.24, 5, 0.1, 28, mag_ratios=None, calibrate=False)",
        "magcache:threshold=0.24,warmup=0,retention=0.1,last=0,max_run=5",
        &["num_inference_steps=28", "mag_ratios"],
    ),
    (
        Diffusers,
        "MagCacheConfig(0.24, 5, 0.1, 28, [1.0, 1.1,], False)",
        "magcache:threshold=0.24,curve=1/1.1,warmup=0,retention=0.1,last=0,max_run=5",
        &["num_inference_steps=28"],
    ),
    (
        Diffusers,
        "TaylorSeerCacheConfig(5, 10, None, 1, torch.float32, None, None, TRUE)",
        "taylorseer:schedule=first,interval=5,offset=11,warmup=10,last=0,site=model,keep=output",
        &["taylor_factors_dtype=torch.float32", "use_lite_mode=TRUE"],
    ),
    (
        Diffusers,
        "PyramidAttentionBroadcastConfig(None, 4, None, (0, 5), (100, 800))",
        "pab:interval=4,last=0,end=800",
        &["spatial_attention_timestep_skip_range=(0, 5)"],
    ),
    (
        Diffusers,
        "FasterCacheConfig(3, None, (-1, 681), attention_weight_callback=None, tensor_format=None, \
         is_guidance_distilled=True)",
        "fastercache:interval=3,last=0,window=time,start=-1,end=681,gain=0.5,ramp=0,gain_start=0,\
         rolling=1",
        &["tensor_format=None"],
    ),
    (
        Diffusers,
        "SeaCacheConfig(0.25, 0, 2, 0, 0, 2.0)",
        "seacache:threshold=0.25,signal=model-input,warmup=2,last=0",
        &[],
    ),
    (
        CacheDit,
        "import cache_dit\ncache_dit.enable_cache(pipe, cache_config=DBCacheConfig(\n    \
         CacheType.DBCache, 4, 2, 0.12))",
        "dbcache:threshold=0.12,last=0,front=4,back=2",
        &[],
    ),
    (
        CacheDit,
        "config = DBCacheConfig(Fn_compute_blocks=4)\n\
         cache_dit.enable_cache(pipe, cache_config=config, calibrator_config=None)",
        "dbcache:last=0,front=4",
        &[],
    ),
    (
        Diffusers,
        "config = FirstBlockCacheConfig(0.2)\npipe.transformer.enable_cache(config=config)",
        FIRST,
        &[],
    ),
    (
        CacheDit,
        "DBPruneConfig(CacheType.DBPrune, 0, 0, 0.12)",
        "dbprune:threshold=0.12,warmup=8,last=0",
        &[],
    ),
    (
        CacheDit,
        "DBCacheConfig(CacheType.DBPrune, 0, 0, 0.12)",
        "dbprune:threshold=0.12,warmup=8,last=0",
        &[],
    ),
    (
        CacheDit,
        "calibrator = TaylorSeerCalibratorConfig(True, False, 'taylorseer', 'residual', {}, 2)",
        "dbcache:last=0,predictor=taylor,order=2",
        &[],
    ),
    (
        CacheDit,
        "DMDCalibratorConfig(True, False, 'dmd', 'residual', {}, 5)",
        "dbcache:last=0,predictor=dmd",
        &["dmd_history=5", "calibrator_type=dmd"],
    ),
    (
        CacheDit,
        "DBCacheConfig(steps_computation_mask=steps_mask([4, 1], [2, 3], 10))",
        "dbcache:warmup=0,last=0,mask=1111001000",
        &[],
    ),
    (
        CacheDit,
        "DBCacheConfig(steps_computation_mask=steps_mask(total_steps=8))",
        "dbcache:warmup=0,last=0,mask=11110101",
        &[],
    ),
    (
        CacheDit,
        "max_warmup_steps: null\nenable_separate_cfg: ~\nenable_taylorseer: yes\n\
         residual_diff_threshold: 1.0e-1 # low",
        "dbcache:threshold=0.1,last=0,predictor=taylor,order=1",
        &["max_warmup_steps=null"],
    ),
];

#[test]
fn lines_become_policies() {
    compare(LINES);
}

#[test]
fn calls_become_policies() {
    compare(CALLS);
}

/// A default of `None` is no news; another one stays, and is said to.
#[test]
fn none_is_the_default() {
    let (_, report) = read(CacheDit, "max_cached_steps=None, enable_separate_cfg=None").unwrap();
    assert_eq!(
        report,
        "max_cached_steps=None: it is left at its default, as if it were not given"
    );
}

/// Options that change how many steps are run say so; the others do not.
#[test]
fn options_that_change_the_steps() {
    let line = |options: &str| read(SdCpp, &format!("easycache {options}")).unwrap().1;
    for option in [
        "--sigmas \"14.6,7.8,0\"",
        "-i a.png",
        "--init-img a.png",
        "--strength 0.5",
    ] {
        assert!(
            line(option).contains("give that number as --steps"),
            "{option}"
        );
    }
    assert!(!line("-p cat").contains("--steps"));
}

/// However many options are not about caching, what is lost is reported.
#[test]
fn many_options_leave_room() {
    let line = format!(
        "{} --cache-mode spectrum",
        "--lora-model-dir loras ".repeat(200)
    );
    let (_, report) = read(SdCpp, &line).unwrap();
    assert!(report.lines().count() < MAX_NOTES);
    assert!(report.contains("nor is any other such option behind it"));
    assert!(report.lines().any(|line| line.starts_with("output: ")));
}

/// No option of the program is taken for a slip in one about caching.
#[test]
fn options_of_the_program_are_no_slips() {
    for option in [
        "--mask",
        "--mode",
        "--fps",
        "--eta",
        "--tae",
        "--seed",
        "--type",
        "--scheduler",
        "--high-noise-steps",
        "--hires-steps",
        "--skip-layers",
        "--strength",
        "--taesd",
        "--vae",
        "--conditioning-cache-size",
        "--sigmas",
        "--llm",
        "--preview",
        "--model",
        "-s",
        "-H",
    ] {
        let line = format!("--cache-mode disabled {option} 1");
        let (policy, report) = read(SdCpp, &line).unwrap();
        assert_eq!(policy, "full");
        assert!(report.starts_with(&format!("{option}=1: ")), "{report}");
    }
}
