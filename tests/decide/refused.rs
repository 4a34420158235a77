//! What is refused, and the words it is refused with.

/// Texts that are no policy, and why.
pub(crate) const REFUSED: &[(&str, &str)] = &[
    // The family.
    (
        "teacach",
        "no policy is called `teacach`; the nearest is `teacache`, all are: {all}",
    ),
    (
        "TaylorSeer:order=2",
        "no policy is called `TaylorSeer`; the nearest is `taylorseer`, all are: {all}",
    ),
    (
        "",
        "no policy is called ``; the nearest is `pab`, all are: {all}",
    ),
    (
        "teacache threshold=1",
        "no policy is called `teacache threshold=1`; the nearest is `teacache`, all are: {all}",
    ),
    // The key.
    (
        "teacache:threshhold=1",
        "policy key `threshhold` does not exist; the nearest is `threshold`",
    ),
    (
        "interval:warm_up=1",
        "policy key `warm_up` does not exist; the nearest is `warmup`",
    ),
    (
        "interval:maxrun=1",
        "policy key `maxrun` does not exist; the nearest is `max_run`",
    ),
    (
        "interval:Interval=3",
        "policy key `Interval` does not exist; the nearest is `interval`",
    ),
    (
        "teacache:🙂=1",
        "policy key `🙂` does not exist; the nearest is `last`",
    ),
    // The item.
    (
        "teacache:threshold",
        "`threshold` is not of the form key=value",
    ),
    ("teacache:threshold=0,1", "`1` is not of the form key=value"),
    (
        "teacache:last=1,last=2",
        "policy key `last` is given twice; keep one",
    ),
    (
        "mask:1100,mask=1100",
        "policy key `mask` is given twice; keep one",
    ),
    // Whole numbers.
    (
        "interval:interval=0",
        "policy key `interval` is `0`; allowed is a whole number from 1 to 1000000",
    ),
    (
        "interval:interval=2.5",
        "policy key `interval` is `2.5`; allowed is a whole number from 1 to 1000000",
    ),
    (
        "interval:warmup=-1",
        "policy key `warmup` is `-1`; allowed is a whole number from 0 to 1073741824",
    ),
    (
        "interval:last=99999999999",
        "policy key `last` is `99999999999`; allowed is a whole number from 0 to 1073741824",
    ),
    (
        "taylorseer:order=5",
        "policy key `order` is `5`; allowed is a whole number from 0 to 4",
    ),
    (
        "fbcache:front=1025",
        "policy key `front` is `1025`; allowed is a whole number from 0 to 1024",
    ),
    (
        "teacache:reset=yes",
        "policy key `reset` is `yes`; allowed is a whole number from 0 to 1",
    ),
    // Numbers.
    (
        "teacache:threshold=",
        "policy key `threshold` is ``; allowed is a number from 0 to 1000000",
    ),
    (
        "teacache:threshold=-0.1",
        "policy key `threshold` is `-0.1`; allowed is a number from 0 to 1000000",
    ),
    (
        "teacache:threshold=nan",
        "policy key `threshold` is `nan`; allowed is a number from 0 to 1000000",
    ),
    (
        "teacache:threshold=inf",
        "policy key `threshold` is `inf`; allowed is a number from 0 to 1000000",
    ),
    (
        "teacache:threshold=10%",
        "policy key `threshold` is `10%`; allowed is a number from 0 to 1000000",
    ),
    (
        "magcache:retention=1.01",
        "policy key `retention` is `1.01`; allowed is a number from 0 to 1",
    ),
    // Names.
    (
        "teacache:pool=some",
        "policy key `pool` is `some`; allowed is alone|any|all|mean",
    ),
    (
        "teacache:compare=<",
        "policy key `compare` is `<`; allowed is below|at-most",
    ),
    (
        "teacache:signal=latent",
        "policy key `signal` is `latent`; allowed is modulated-input|front-residual|model-input|\
         time-embedding|front-output|block-input|block-output|block-residual|gate|trial-output",
    ),
    // Lists.
    (
        "teacache:coefficients=1/2/3/4/5/6/7",
        "policy key `coefficients` is `1/2/3/4/5/6/7`; allowed is 1 to 6 numbers from -1000000000 \
         to 1000000000, separated by /",
    ),
    (
        "magcache:curve=1/0",
        "policy key `curve` is 0; allowed is 0.01 to 100",
    ),
    (
        "magcache:curve=1//2",
        "policy key `curve` is `1//2`; allowed is 1 to 128 numbers from -1000000 to 1000000, separated by /",
    ),
    // Masks.
    (
        "mask:1021",
        "policy key `mask` is `1021`; allowed is 1 to 16384 characters 0 or 1",
    ),
    (
        "teacache:mask=",
        "policy key `mask` is ``; allowed is 1 to 16384 characters 0 or 1",
    ),
    // Models.
    (
        "teacache:model=flux",
        "no table for model `flux` fits this policy; the nearest is `flux-dev`",
    ),
    (
        "magcache:model=flux-devv",
        "no table for model `flux-devv` fits this policy; the nearest is `flux-dev`",
    ),
    (
        "teacache:model=flux-dev,coefficients=1/0",
        "policy key `model`: it stands for coefficients, a curve or a mask; give one of them",
    ),
    (
        "magcache:curve=1/1,model=flux-dev",
        "policy key `model`: it stands for coefficients, a curve or a mask; give one of them",
    ),
    // Keys without effect.
    (
        "full:last=2",
        "policy key `last` has no effect here: it needs a policy that skips; leave it out",
    ),
    (
        "interval:threshold=3",
        "policy key `threshold` has no effect here: it needs gauge=signal, gauge=curve, or gauge=late \
         without a codebook; leave it out",
    ),
    (
        "interval:model=flux-dev",
        "policy key `model` has no effect here: it needs a method with published tables; leave it out",
    ),
    (
        "teacache:order=2",
        "policy key `order` has no effect here: it needs predictor=taylor, newton, hermite, \
         adams-bashforth, chebyshev or table; leave it out",
    ),
    (
        "teacache:decay=0.5",
        "policy key `decay` has no effect here: it needs budget=leaky; leave it out",
    ),
    (
        "teacache:reset=0,budget=instant",
        "policy key `reset` has no effect here: it needs budget=sum or budget=leaky; leave it out",
    ),
    (
        "teacache:front=1",
        "policy key `front` has no effect here: it needs site=range; leave it out",
    ),
    (
        "teacache:curve=1",
        "policy key `curve` has no effect here: it needs gauge=curve, rescale=sensitivity or \
         predictor=table; leave it out",
    ),
    // Parts that do not fit together.
    (
        "teacache:coefficients=0/0",
        "policy key `coefficients`: a polynomial of zeros would skip every call; name a model or give them",
    ),
    (
        "teacache:rescale=polynomial",
        "policy key `coefficients`: a polynomial of zeros would skip every call; name a model or give them",
    ),
    (
        "teacache:coefficients=1/0,rescale=identity",
        "policy key `rescale`: coefficients and models are polynomials; leave it out",
    ),
    (
        "teacache:rescale=identity,coefficients=1/0",
        "policy key `rescale`: coefficients and models are polynomials; leave it out",
    ),
    (
        "easycache:model=flux-dev,rescale=rate",
        "policy key `rescale`: coefficients and models are polynomials; leave it out",
    ),
    (
        "teacache:rescale=rate",
        "policy key `rescale`: rate relates the network's output to its input; set gauge=signal \
         and signal=model-input",
    ),
    (
        "fbcache:front=0",
        "policy key `signal`: front-residual and front-output are measured behind the front blocks; set site=range and \
         front to 1 or more",
    ),
    (
        "interval:start=0.5,end=0.4",
        "policy key `start`: the window starts behind its end; set start to end or less",
    ),
];

/// Policies that cannot run on 28 steps, and why.
pub(crate) const NOT_ON_28_STEPS: &[(&str, &str)] = &[
    (
        "magcache",
        "policy key `curve`: this policy is calibrated; name a model or give the curve",
    ),
    (
        "mask",
        "policy key `mask`: this policy follows a mask; give one character a step, or name a model",
    ),
    (
        "mask:110",
        "policy key `mask` has 3 characters but the run has 28 steps; give one character a step, or one a step and column",
    ),
    (
        "teacache:mask=10000000000000000000000000000",
        "policy key `mask` has 29 characters but the run has 28 steps; give one character a step, or one a step and column",
    ),
];
