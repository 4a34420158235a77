// The policies that are run, by method.

pub(crate) const SETTINGS: [(&str, &[&str]); 70] = [
    ("full", &["full", "full:gauge=signal,threshold=0.2"]),
    (
        "interval",
        &[
            "interval",
            "interval:interval=4,last=0",
            "interval:interval=5,start=0.2,end=0.8,max_total=8",
            "interval:interval=3,predictor=newton,order=2",
        ],
    ),
    (
        "mask",
        &[
            "mask:1101001000100001000010001001",
            "mask:11001000100001,predictor=taylor,order=1",
        ],
    ),
    (
        "deepcache",
        &[
            "deepcache",
            "deepcache:schedule=quadratic,center=7,interval=4",
        ],
    ),
    (
        "fasterdiffusion",
        &[
            "fasterdiffusion:mask=1110110000101111000011000010",
            "fasterdiffusion:mask=10001100110101",
        ],
    ),
    ("fora", &["fora", "fora:interval=5,pool=any"]),
    ("deltadit", &["deltadit"]),
    ("pab", &["pab"]),
    ("tgate", &["tgate"]),
    ("tgatecross", &["tgatecross"]),
    ("fastercache", &["fastercache", "fastercache:interval=3"]),
    ("cfgcache", &["cfgcache", "cfgcache:interval=3"]),
    ("blockdance", &["blockdance"]),
    ("frdiff", &["frdiff"]),
    ("skipdit", &["skipdit"]),
    (
        "profilingdit",
        &[
            "profilingdit:mask=10101010000110111000100100100000000001110001001110000010",
            "profilingdit:mask=1011100000000110000010000000",
        ],
    ),
    ("scm", &["scm", "scm:level=ultra"]),
    ("toca", &["toca"]),
    ("duca", &["duca"]),
    (
        "smoothcache",
        &[
            "smoothcache:mask=1000000111111111011100000100",
            "smoothcache:mask=10100000100010",
        ],
    ),
    (
        "lemica",
        &[
            "lemica:mask=1000010000100110011010000101",
            "lemica:mask=10100001011100",
        ],
    ),
    (
        "dpcache",
        &[
            "dpcache:mask=1100010000110010111000011010",
            "dpcache:mask=11000000100000",
        ],
    ),
    (
        "invardiff",
        &[
            "invardiff:mask=1011011010101000001001100000",
            "invardiff:mask=10010000000100",
        ],
    ),
    (
        "ecad",
        &[
            "ecad:mask=1000100011010110000010000000",
            "ecad:mask=11101010101111",
        ],
    ),
    (
        "procache",
        &[
            "procache:mask=1001010101000000100001010011",
            "procache:mask=10010001100100",
        ],
    ),
    (
        "soda",
        &[
            "soda:mask=1000100101100100000010010010",
            "soda:mask=10101000010100",
        ],
    ),
    (
        "ertacache",
        &[
            "ertacache:mask=1011010010000000001011000001",
            "ertacache:mask=10000001101000",
        ],
    ),
    (
        "febcache",
        &[
            "febcache:mask=1000110100100100100000100101",
            "febcache:mask=11001100100101",
        ],
    ),
    (
        "blockcaching",
        &[
            "blockcaching:mask=1110110010011111010100001101",
            "blockcaching:mask=10101110100011",
        ],
    ),
    (
        "ditfastattn",
        &[
            "ditfastattn:mask=1010101001011010000100001010",
            "ditfastattn:mask=10010000101010",
        ],
    ),
    (
        "l2c",
        &[
            "l2c:mask=1011011000000111000000110000",
            "l2c:mask=10100011100001",
        ],
    ),
    (
        "harmonica",
        &[
            "harmonica:mask=1110011101001000011001100110",
            "harmonica:mask=11011001011000",
        ],
    ),
    (
        "meancache",
        &[
            "meancache:mask=1111000100000010110000111011",
            "meancache:mask=10000100010101",
        ],
    ),
    (
        "budcache",
        &[
            "budcache:mask=1000100010000000011010000000",
            "budcache:mask=10000100000001",
        ],
    ),
    (
        "cem",
        &[
            "cem:mask=1000000001101100011100000011",
            "cem:mask=10100001010010",
        ],
    ),
    (
        "cachequant",
        &[
            "cachequant:mask=1000010000010000001001011111",
            "cachequant:mask=10000011010001",
        ],
    ),
    (
        "l2p",
        &[
            "l2p:mask=1100000101000000010001000101,curve=0.16/1.47/1.42/1.34/1.08/1.25/-0.5/0.75/-0.0/0.96/0.36/0.62/0.59/0.65/1.15/1.46/0.19/1.11/1.28/0.28/-0.25/0.49/1.03/0.55/-0.13/0.91/0.15/1.27/-0.16/0.69/0.27/1.47/-0.22/1.26/0.34/0.24/-0.08/0.49/1.36/1.5/1.38/0.72/-0.03/0.51/0.8/0.09/1.47/-0.33/-0.03/-0.09/-0.16/-0.37/-0.02/0.25/1.38/0.59",
        ],
    ),
    (
        "goldenpath",
        &[
            "goldenpath:mask=1010000000100100000011100000",
            "goldenpath:mask=11001100000010",
        ],
    ),
    ("goc", &["goc", "goc:interval=4,gain_start=0,gain_end=1"]),
    (
        "teacache",
        &[
            "teacache:threshold=0.1",
            "teacache:threshold=0.3",
            "teacache:threshold=0.3,max_run=2,warmup=4",
            "teacache:model=flux-dev,threshold=0.4",
            "teacache:threshold=0.2,budget=leaky,decay=0.5,reset=0",
            "teacache:threshold=0.3,predictor=taylor,order=2",
        ],
    ),
    (
        "fbcache",
        &[
            "fbcache:threshold=0.08",
            "fbcache:threshold=0.15,warmup=4,max_run=3",
            "fbcache:threshold=0.12,predictor=newton,order=1,pool=any",
        ],
    ),
    (
        "easycache",
        &[
            "easycache:threshold=0.05",
            "easycache:threshold=0.1,warmup=3",
            "easycache:threshold=0.1,warmup=3,pool=mean",
        ],
    ),
    ("lazycache", &["lazycache"]),
    ("ucache", &["ucache", "ucache:threshold=0.2,pool=any"]),
    ("sdcpp", &["sdcpp", "sdcpp:pool=mean"]),
    (
        "magcache",
        &[
            "magcache:model=flux-dev",
            "magcache:model=flux-dev,threshold=0.24,max_run=5,retention=0.1",
            "magcache:model=flux-dev,threshold=0.12,predictor=taylor,order=1",
        ],
    ),
    ("dicache", &["dicache", "dicache:gain=2,threshold=0.3"]),
    ("seacache", &["seacache", "seacache:threshold=0.6"]),
    (
        "sencache",
        &["sencache:curve=1.32/0.7/1.57/0.95/0.0/0.0/0.0/0.0,threshold=0.2"],
    ),
    ("d2cache", &["d2cache", "d2cache:threshold=0.3"]),
    (
        "precisecache",
        &["precisecache", "precisecache:threshold=2"],
    ),
    ("flowcache", &["flowcache"]),
    (
        "adacache",
        &["adacache", "adacache:rescale=identity,pool=all"],
    ),
    (
        "dbcache",
        &[
            "dbcache",
            "dbcache:threshold=0.15,warmup=4,max_run=2,run_count=cache-dit,max_spent=1.5",
        ],
    ),
    ("dbprune", &["dbprune"]),
    (
        "foresight",
        &["foresight", "foresight:threshold=0.5,interval=3"],
    ),
    ("bwcache", &["bwcache", "bwcache:threshold=0.1,interval=3"]),
    ("fastcache", &["fastcache"]),
    ("lazydit", &["lazydit"]),
    (
        "taylorseer",
        &[
            "taylorseer",
            "taylorseer:interval=4,order=2",
            "taylorseer:interval=6,order=3,axis=time",
            "taylorseer:interval=3,order=2,warmup=6",
        ],
    ),
    (
        "taylorseerlite",
        &["taylorseerlite", "taylorseerlite:horizon=2"],
    ),
    ("hicache", &["hicache", "hicache:interval=4,order=3"]),
    ("foca", &["foca", "foca:interval=3,warmup=1"]),
    (
        "abcache",
        &["abcache", "abcache:order=2,interval=4,blend=0.5"],
    ),
    ("molcache", &["molcache"]),
    (
        "hyca",
        &[
            "hyca",
            "hyca:predictor=rk2",
            "hyca:predictor=ab2",
            "hyca:predictor=bdf2",
            "hyca:predictor=adams-moulton",
        ],
    ),
    (
        "speca",
        &[
            "speca",
            "speca:tolerance=0.3",
            "speca:tolerance=0.2,verify=rollback,verify_from=2",
        ],
    ),
    ("freqca", &["freqca", "freqca:interval=4,sigma=0.5"]),
    ("spectrum", &["spectrum", "spectrum:growth=3"]),
    ("dmd", &["dmd", "dmd:interval=2,warmup=2"]),
];
