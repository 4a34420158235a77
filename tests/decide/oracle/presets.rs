//! The published methods written out a second time, each as what it changes of a policy that
//! computes every call.

/// Names, and keys of the text form.
pub(super) const PRESETS: &[(&str, &str)] = &[
    ("full", "gauge=always"),
    ("interval", "gauge=count,interval=2,warmup=1"),
    ("mask", "gauge=free"),
    // Static.
    (
        "deepcache",
        "gauge=count,schedule=first,interval=3,site=range,front=1,back=1",
    ),
    ("fasterdiffusion", "gauge=free,site=front,keep=output"),
    (
        "fora",
        "gauge=count,schedule=last,interval=3,site=modules,keep=output",
    ),
    (
        "deltadit",
        "gauge=count,schedule=first,interval=2,site=stage",
    ),
    (
        "pab",
        "gauge=count,schedule=first,interval=2,window=time,start=100,end=850,site=attention,keep=output",
    ),
    (
        "tgate",
        "gauge=count,schedule=first,interval=5,warmup=3,window=step,start=0,end=9,site=attention,keep=output",
    ),
    (
        "tgatecross",
        "gauge=free,warmup=10,site=attention,keep=output",
    ),
    (
        "fastercache",
        "gauge=count,schedule=first,interval=2,start=0.3333333333333333,predictor=gradient,gain=1,ramp=1,\
         gain_start=0.3333333333333333,site=attention,keep=output",
    ),
    (
        "cfgcache",
        "gauge=count,schedule=first,interval=5,start=0.3333333333333333,site=branch,split=band,band=0.4,\
         boost=0.2,boundary=0.5",
    ),
    (
        "blockdance",
        "gauge=count,schedule=first,interval=2,start=0.4,end=0.95,site=front,keep=output,share=0.75",
    ),
    (
        "frdiff",
        "gauge=count,schedule=first,interval=2,end=0.4333333333333333,site=modules,keep=output",
    ),
    (
        "skipdit",
        "gauge=count,schedule=first,interval=2,window=time,start=50,end=700,site=range,front=1,back=1,keep=output",
    ),
    ("profilingdit", "gauge=free,site=blocks"),
    ("scm", "gauge=count,schedule=scm,level=medium"),
    (
        "toca",
        "gauge=count,schedule=toca,interval=3,site=modules,keep=output",
    ),
    (
        "duca",
        "gauge=count,schedule=toca,interval=3,site=modules,keep=output",
    ),
    // Calibrated.
    ("smoothcache", "gauge=free,site=modules,keep=output"),
    ("lemica", "gauge=free"),
    (
        "dpcache",
        "gauge=free,predictor=taylor,order=2,warmup=3,last=3",
    ),
    ("invardiff", "gauge=free,site=model,keep=output"),
    ("ecad", "gauge=free,site=modules,keep=output"),
    ("procache", "gauge=free,site=modules,keep=output"),
    ("soda", "gauge=free,site=modules,keep=output"),
    ("ertacache", "gauge=free,site=model"),
    ("febcache", "gauge=free,site=modules,keep=output"),
    ("blockcaching", "gauge=free,site=blocks,keep=output"),
    ("ditfastattn", "gauge=free,site=attention,keep=output"),
    ("l2c", "gauge=free,site=modules,keep=output"),
    ("harmonica", "gauge=free,site=modules,keep=output"),
    (
        "meancache",
        "gauge=free,site=model,keep=output,predictor=newton,order=1,axis=time",
    ),
    ("budcache", "gauge=free"),
    (
        "cem",
        "gauge=free,site=modules,keep=output,predictor=taylor,order=1",
    ),
    ("cachequant", "gauge=free,site=modules,keep=output"),
    (
        "l2p",
        "gauge=free,predictor=table,order=1,site=model,keep=output",
    ),
    ("goldenpath", "gauge=free,site=model,keep=output"),
    (
        "goc",
        "gauge=count,interval=2,site=modules,keep=output,predictor=gradient,gain=1.2,rolling=1,\
         gain_start=0.15,gain_end=0.5",
    ),
    // Step by step.
    ("teacache", "gauge=signal,threshold=0.1,warmup=1"),
    (
        "fbcache",
        "gauge=signal,signal=front-residual,reference=computed,budget=instant,threshold=0.08,warmup=1,\
         site=range,front=1",
    ),
    (
        "easycache",
        "gauge=signal,signal=model-input,metric=mean-absolute,rescale=rate,threshold=0.05,warmup=5,site=model",
    ),
    (
        "lazycache",
        "gauge=signal,signal=model-input,metric=mean-absolute,reference=computed,rescale=rate,threshold=0.2,\
         start=0.15,end=0.95,filter=downsample,filter_size=8,site=model",
    ),
    (
        "ucache",
        "gauge=signal,signal=model-input,metric=mean-absolute,reference=computed,rescale=rate,run_factor=0.5,\
         budget=leaky,decay=1,threshold=1,early_factor=0.5,early_until=0.2,late_factor=1.5,late_from=0.8,\
         progress=computed,start=0.15,end=0.95,site=model",
    ),
    (
        "sdcpp",
        "gauge=signal,signal=model-input,reference=computed,budget=instant,threshold=0.08,start=0.15,end=0.95,\
         site=model",
    ),
    (
        "magcache",
        "gauge=curve,compare=at-most,threshold=0.06,warmup=1,retention=0.2,max_run=3",
    ),
    (
        "dicache",
        "gauge=signal,signal=front-output,threshold=0.4,retention=0.2,rounding=down,warmup=1,site=range,front=1,\
         predictor=aligned,gain=1.5",
    ),
    (
        "seacache",
        "gauge=signal,filter=sea,filter_size=2,threshold=0.3,warmup=1",
    ),
    (
        "sencache",
        "gauge=signal,signal=model-input,metric=l2,reference=computed,rescale=sensitivity,budget=instant,\
         threshold=0.07,early_factor=0.0714285714,early_until=0.2,max_run=3,warmup=1",
    ),
    (
        "d2cache",
        "gauge=signal,threshold=0.1,warmup=1,predictor=gradient,gain=1",
    ),
    (
        "precisecache",
        "gauge=signal,signal=trial-output,metric=l2,filter=low-pass,filter_size=0.2,scale=largest,threshold=0.5",
    ),
    ("flowcache", "gauge=signal,signal=model-input,threshold=0.1"),
    // Block by block.
    (
        "adacache",
        "gauge=late,signal=block-residual,reference=computed,rescale=gap,\
         codebook=0.08/6/0.16/5/0.24/4/0.32/3/0.4/2/1/1,warmup=1,last=2",
    ),
    (
        "dbcache",
        "gauge=signal,signal=front-residual,reference=computed,budget=instant,threshold=0.08,warmup=8,\
         site=range,front=8",
    ),
    (
        "dbprune",
        "gauge=signal,signal=block-input,reference=computed,budget=instant,threshold=0.08,warmup=1,site=blocks",
    ),
    (
        "foresight",
        "gauge=late,signal=block-output,metric=mse,scale=learned,threshold=1,compare=at-most,interval=2,\
         retention=0.15,site=blocks,keep=output",
    ),
    (
        "bwcache",
        "gauge=late,signal=block-output,threshold=0.15,interval=5,keep=output",
    ),
    (
        "fastcache",
        "gauge=signal,signal=block-input,metric=relative-l2,reference=computed,budget=instant,compare=at-most,\
         threshold=0.05,site=blocks,keep=output",
    ),
    (
        "lazydit",
        "gauge=signal,signal=gate,budget=instant,compare=at-most,threshold=0.5,site=modules,keep=output",
    ),
    // Forecasts.
    (
        "taylorseer",
        "gauge=count,interval=4,warmup=3,predictor=taylor,order=1,site=modules,keep=output",
    ),
    (
        "taylorseerlite",
        "gauge=count,interval=5,warmup=3,predictor=taylor,order=2,keep=output",
    ),
    (
        "hicache",
        "gauge=count,interval=6,warmup=3,predictor=hermite,order=2,sigma=0.5,site=modules,keep=output",
    ),
    (
        "foca",
        "gauge=count,interval=5,warmup=3,predictor=foca,site=modules,keep=output",
    ),
    (
        "abcache",
        "gauge=count,interval=3,warmup=2,predictor=adams-bashforth,order=1,keep=output",
    ),
    (
        "molcache",
        "gauge=count,interval=3,warmup=3,predictor=adams-bashforth,order=2,site=modules,keep=output",
    ),
    (
        "hyca",
        "gauge=count,interval=5,warmup=3,predictor=forward,site=modules,keep=output",
    ),
    (
        "speca",
        "gauge=free,warmup=1,enhance=3,max_run=5,verify=next,verify_from=2,tolerance=0.1,tolerance_decay=0.01,\
         tolerance_floor=0.01,predictor=taylor,order=4,site=modules,keep=output",
    ),
    (
        "freqca",
        "gauge=count,interval=6,warmup=3,predictor=hermite,order=2,sigma=0.71,split=band,band=0.1,keep=output",
    ),
    (
        "spectrum",
        "gauge=count,interval=2,growth=0.75,warmup=5,predictor=chebyshev,order=4,ridge=0.1,keep=output",
    ),
    (
        "hicachepp",
        "gauge=count,interval=4,warmup=3,predictor=dmd,keep=output",
    ),
];
