//! The published methods as compositions of a policy's parts, one section each, a file a family; and
//! the methods that are no such composition, by name ([`NAMED`]).

mod basic;
mod calibrated;
mod hybrid;
mod layer;
mod named;
mod predictive;
mod static_schedules;
mod timestep;

pub use named::{Absent, NAMED};

use super::{GaugeKind, Policy, Schedule, Site, SiteKind};
use crate::signal::{Metric, Reference, SignalKind};
use crate::text::{Named, named};

/// Where the survey of the field (arXiv 2510.19755) would put a method.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// No method: what the others are compared with or made of.
    Basic = 0,
    /// A fixed schedule.
    Static = 1,
    /// A fixed schedule or table, made for one model by calibration, search or training.
    Calibrated = 2,
    /// Decides step by step.
    TimestepAdaptive = 3,
    /// Decides block by block, or from what the blocks show.
    LayerAdaptive = 4,
    /// Forecasts what it skips.
    Predictive = 5,
    /// Several of these.
    Hybrid = 6,
}

named!(Family, "family", {
    Basic => "basic",
    Static => "static",
    Calibrated => "calibrated",
    TimestepAdaptive => "timestep-adaptive",
    LayerAdaptive => "layer-adaptive",
    Predictive => "predictive",
    Hybrid => "hybrid",
});

/// How well a method is known here.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The official code was read.
    Code = 0,
    /// The paper was read.
    Paper = 1,
    /// Only summaries, or third-party code, were read.
    Notes = 2,
}

named!(Evidence, "evidence", {
    Code => "code",
    Paper => "paper",
    Notes => "notes",
});

/// A method's defaults and where they are from.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Which one.
    pub method: Method,
    /// Where it belongs.
    pub family: Family,
    /// How well it is known here.
    pub evidence: Evidence,
    /// What it does, in one line.
    pub summary: &'static str,
    /// The rule, as a formula.
    pub rule: &'static str,
    /// When another policy is the better choice.
    pub avoid: &'static str,
    /// What of the method is not here, and what was decided where sources disagree.
    pub unsupported: &'static str,
    /// Where it was published.
    pub citation: &'static str,
    /// What its authors report.
    pub headline: &'static str,
    /// Whether it needs a table made for the model.
    pub needs_calibration: bool,
    /// The defaults. A function, since a policy has room for tables.
    pub policy: fn() -> Policy,
}

/// The preset a policy starts from: the first word of its text form.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Every call is computed.
    Full = 0,
    /// One call in `interval` is computed.
    Interval = 1,
    /// An explicit step mask.
    Mask = 2,
    /// A fixed interval around the deep blocks.
    DeepCache = 3,
    /// Key steps run the front blocks, the others take their output.
    FasterDiffusion = 4,
    /// A fixed interval at every attention and MLP.
    Fora = 5,
    /// The rear blocks early in the run, the front blocks late.
    DeltaDit = 6,
    /// Attention at an interval in the middle of the run.
    Pab = 7,
    /// Self-attention at an interval before a gate step.
    TGate = 8,
    /// Cross-attention up to a gate step only.
    TGateCross = 9,
    /// Every second attention, extrapolated with a growing weight.
    FasterCache = 10,
    /// The unconditional branch from the conditional one.
    CfgCache = 11,
    /// The front blocks at an interval, late in the run.
    BlockDance = 12,
    /// A fixed interval early in the run.
    FrDiff = 13,
    /// A fixed interval inside long skips.
    SkipDit = 14,
    /// cache-dit's steps computation mask.
    Scm = 15,
    /// A mask from error curves.
    SmoothCache = 16,
    /// A mask for every block from accumulated changes.
    BlockCaching = 17,
    /// A mask that minimises the worst segment's error.
    LeMiCa = 18,
    /// A mask by dynamic programming, with TaylorSeer's forecast.
    DpCache = 19,
    /// A mask from the quantiles of second-order change.
    InvarDiff = 20,
    /// A mask found by a genetic search.
    Ecad = 21,
    /// A mask with intervals that never grow.
    ProCache = 22,
    /// A mask by dynamic programming over sensitivities.
    Soda = 23,
    /// A mask from residual errors.
    ErtaCache = 24,
    /// A mask each for attention and MLP.
    FebCache = 25,
    /// A mask for every attention.
    DitFastAttn = 26,
    /// A learned mask for every module at every second step.
    L2c = 27,
    /// A learned mask for every module at every step.
    Harmonica = 28,
    /// A mask, and a velocity extrapolated along time.
    MeanCache = 29,
    /// A mask of exactly so many steps, by annealing.
    BudCache = 30,
    /// A mask that minimises the accumulated error.
    Cem = 31,
    /// A mask for a quantised model, by dynamic programming.
    CacheQuant = 32,
    /// A mask found by trying all.
    GoldenPath = 33,
    /// Accumulated relative change of the modulated input.
    TeaCache = 34,
    /// Relative change of the first block's residual.
    FbCache = 35,
    /// Input change times the runtime transformation rate.
    EasyCache = 36,
    /// EasyCache on the guided prediction.
    LazyCache = 37,
    /// EasyCache's rate with a budget that varies.
    UCache = 38,
    /// What stable-diffusion.cpp's block caches do.
    SdCpp = 39,
    /// Calibrated magnitude ratios.
    MagCache = 40,
    /// The first block as a probe, and an aligned residual.
    DiCache = 41,
    /// TeaCache's rule on a filtered input.
    SeaCache = 42,
    /// Calibrated sensitivities to input and time.
    SenCache = 43,
    /// TeaCache's rule with an extrapolated residual.
    D2Cache = 44,
    /// A trial run at low resolution.
    PreciseCache = 45,
    /// TeaCache's rule for every chunk of a video.
    FlowCache = 46,
    /// An interval from a codebook after every computed step.
    AdaCache = 47,
    /// Relative change of the front blocks' residual.
    DbCache = 48,
    /// Relative change of every block's input.
    DbPrune = 49,
    /// Every block against what it showed in the warm-up.
    Foresight = 50,
    /// The mean change of all blocks, then several skips.
    BwCache = 51,
    /// Relative change of every block's input, in the L2 norm.
    FastCache = 52,
    /// A trained gate at every module.
    LazyDit = 53,
    /// Interval with TaylorSeer's forecast.
    TaylorSeer = 54,
    /// TaylorSeer on the last hidden state.
    TaylorSeerLite = 55,
    /// Interval with scaled Hermite polynomials.
    HiCache = 56,
    /// Interval with FoCa's forecast and correction.
    FoCa = 57,
    /// Interval with an Adams–Bashforth step.
    AbCache = 58,
    /// Adams–Bashforth for molecules.
    MolCache = 59,
    /// The last change added at a few steps.
    Goc = 60,
    /// Low frequencies held, high ones forecast.
    FreqCa = 61,
    /// A Chebyshev fit over the whole past.
    Spectrum = 62,
    /// Dynamic mode decomposition of the last features.
    Dmd = 63,
    /// Fitted weights for every step.
    L2p = 64,
    /// ToCa's schedule at every module.
    ToCa = 65,
    /// ToCa's schedule with steps that skip everything.
    DuCa = 66,
    /// Background blocks by a mask.
    ProfilingDit = 67,
    /// An integrator's step between computed ones.
    HyCa = 68,
    /// Forecasts that are checked at one block.
    SpeCa = 69,
}

/// Gives the methods, by number, their names and presets.
macro_rules! presets {
    ($($variant:ident = $name:literal in $module:ident :: $preset:ident),+ $(,)?) => {
        named!(Method, "policy", { $($variant => $name),+ });

        impl Method {
            /// Defaults and citation.
            #[must_use]
            pub const fn preset(self) -> &'static Preset {
                match self {
                    $(Self::$variant => &$module::$preset),+
                }
            }
        }
    };
}

presets! {
    Full = "full" in basic::FULL,
    Interval = "interval" in basic::INTERVAL,
    Mask = "mask" in basic::MASK,
    DeepCache = "deepcache" in static_schedules::DEEPCACHE,
    FasterDiffusion = "fasterdiffusion" in static_schedules::FASTERDIFFUSION,
    Fora = "fora" in static_schedules::FORA,
    DeltaDit = "deltadit" in static_schedules::DELTADIT,
    Pab = "pab" in static_schedules::PAB,
    TGate = "tgate" in static_schedules::TGATE,
    TGateCross = "tgatecross" in static_schedules::TGATECROSS,
    FasterCache = "fastercache" in static_schedules::FASTERCACHE,
    CfgCache = "cfgcache" in static_schedules::CFGCACHE,
    BlockDance = "blockdance" in static_schedules::BLOCKDANCE,
    FrDiff = "frdiff" in static_schedules::FRDIFF,
    SkipDit = "skipdit" in static_schedules::SKIPDIT,
    Scm = "scm" in static_schedules::SCM,
    SmoothCache = "smoothcache" in calibrated::SMOOTHCACHE,
    BlockCaching = "blockcaching" in calibrated::BLOCKCACHING,
    LeMiCa = "lemica" in calibrated::LEMICA,
    DpCache = "dpcache" in calibrated::DPCACHE,
    InvarDiff = "invardiff" in calibrated::INVARDIFF,
    Ecad = "ecad" in calibrated::ECAD,
    ProCache = "procache" in calibrated::PROCACHE,
    Soda = "soda" in calibrated::SODA,
    ErtaCache = "ertacache" in calibrated::ERTACACHE,
    FebCache = "febcache" in calibrated::FEBCACHE,
    DitFastAttn = "ditfastattn" in calibrated::DITFASTATTN,
    L2c = "l2c" in calibrated::L2C,
    Harmonica = "harmonica" in calibrated::HARMONICA,
    MeanCache = "meancache" in calibrated::MEANCACHE,
    BudCache = "budcache" in calibrated::BUDCACHE,
    Cem = "cem" in calibrated::CEM,
    CacheQuant = "cachequant" in calibrated::CACHEQUANT,
    GoldenPath = "goldenpath" in calibrated::GOLDENPATH,
    TeaCache = "teacache" in timestep::TEACACHE,
    FbCache = "fbcache" in timestep::FBCACHE,
    EasyCache = "easycache" in timestep::EASYCACHE,
    LazyCache = "lazycache" in timestep::LAZYCACHE,
    UCache = "ucache" in timestep::UCACHE,
    SdCpp = "sdcpp" in timestep::SDCPP,
    MagCache = "magcache" in timestep::MAGCACHE,
    DiCache = "dicache" in timestep::DICACHE,
    SeaCache = "seacache" in timestep::SEACACHE,
    SenCache = "sencache" in timestep::SENCACHE,
    D2Cache = "d2cache" in timestep::D2CACHE,
    PreciseCache = "precisecache" in timestep::PRECISECACHE,
    FlowCache = "flowcache" in timestep::FLOWCACHE,
    AdaCache = "adacache" in layer::ADACACHE,
    DbCache = "dbcache" in layer::DBCACHE,
    DbPrune = "dbprune" in layer::DBPRUNE,
    Foresight = "foresight" in layer::FORESIGHT,
    BwCache = "bwcache" in layer::BWCACHE,
    FastCache = "fastcache" in layer::FASTCACHE,
    LazyDit = "lazydit" in layer::LAZYDIT,
    TaylorSeer = "taylorseer" in predictive::TAYLORSEER,
    TaylorSeerLite = "taylorseerlite" in predictive::TAYLORSEERLITE,
    HiCache = "hicache" in predictive::HICACHE,
    FoCa = "foca" in predictive::FOCA,
    AbCache = "abcache" in predictive::ABCACHE,
    MolCache = "molcache" in predictive::MOLCACHE,
    Goc = "goc" in predictive::GOC,
    FreqCa = "freqca" in predictive::FREQCA,
    Spectrum = "spectrum" in predictive::SPECTRUM,
    Dmd = "dmd" in predictive::DMD,
    L2p = "l2p" in predictive::L2P,
    ToCa = "toca" in hybrid::TOCA,
    DuCa = "duca" in hybrid::DUCA,
    ProfilingDit = "profilingdit" in hybrid::PROFILINGDIT,
    HyCa = "hyca" in hybrid::HYCA,
    SpeCa = "speca" in hybrid::SPECA,
}

impl Method {
    /// What the text form starts from: the preset, and with any of them the last step is computed
    /// unless the text says otherwise, so also in `full:gauge=signal`.
    pub(super) fn defaults(self) -> Policy {
        let mut policy = (self.preset().policy)();
        if matches!(self, Self::Full) {
            policy.guards.last_steps = Policy::BASE.guards.last_steps;
        }
        policy
    }
}

/// A third of the run.
const THIRD: f64 = 1.0 / 3.0;

/// What computes by a schedule.
const fn counted(method: Method, schedule: Schedule, interval: u32) -> Policy {
    let mut policy = Policy::BASE;
    policy.method = method;
    policy.gauge.kind = GaugeKind::Count;
    policy.gauge.schedule = schedule;
    policy.gauge.interval = interval;
    policy
}

/// What skips unless a guard objects: a mask, for the most part.
const fn free(method: Method) -> Policy {
    let mut policy = Policy::BASE;
    policy.method = method;
    policy.gauge.kind = GaugeKind::Free;
    policy
}

/// What measures before it decides.
const fn measured(
    method: Method,
    signal: SignalKind,
    metric: Metric,
    reference: Reference,
) -> Policy {
    let mut policy = Policy::BASE;
    policy.method = method;
    policy.gauge.kind = GaugeKind::Signal;
    policy.gauge.signal = signal;
    policy.gauge.metric = metric;
    policy.gauge.reference = reference;
    policy
}

/// What measures at computed calls, for those that follow.
const fn late(method: Method, signal: SignalKind, metric: Metric, reference: Reference) -> Policy {
    let mut policy = measured(method, signal, metric, reference);
    policy.gauge.kind = GaugeKind::Late;
    policy
}

/// The site of that kind.
const fn site(kind: SiteKind) -> Site {
    Site {
        kind,
        ..Site::TRUNK
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Wants;
    use crate::scheduler::{Action, Begin, Lane, Outcome, Scheduler};
    use crate::timeline::{Call, Timeline};

    fn presets() -> impl Iterator<Item = &'static Preset> {
        Method::ALL.iter().map(|method| method.preset())
    }

    #[test]
    fn every_preset_is_its_methods_and_passes_the_check() {
        for (method, preset) in Method::ALL.iter().zip(presets()) {
            assert_eq!(preset.method, *method);
            assert_eq!((preset.policy)().method, *method);
            assert_eq!((preset.policy)().check(), Ok(()), "{method}");
        }
    }

    #[test]
    fn every_preset_reads_back_from_its_text() {
        for Preset { method, policy, .. } in presets() {
            let policy = &policy();
            // Twice the policy is too long to print.
            assert!(Policy::parse(method.name()) == Ok(*policy), "{method}");
            assert!(
                Policy::parse(&policy.to_string()) == Ok(*policy),
                "{method}"
            );
        }
    }

    #[test]
    fn every_preset_is_described() {
        for preset in presets() {
            let Preset {
                method,
                summary,
                rule,
                avoid,
                unsupported,
                citation,
                headline,
                ..
            } = preset;
            let claims = preset.family != Family::Basic;
            for (said, wanted) in [
                (summary, true),
                (rule, true),
                (avoid, true),
                (citation, true),
                (headline, claims),
                (unsupported, false),
            ] {
                assert!(!said.is_empty() || !wanted, "{method}");
                assert!(!said.contains(['\n', '\t']), "{method}: {said}");
                assert!(!said.ends_with(['.', ' ']), "{method}: {said}");
                assert!(!said.contains("  "), "{method}: {said}");
            }
        }
    }

    #[test]
    fn names_are_plain_and_unique() {
        for (i, method) in Method::ALL.iter().enumerate() {
            let name = method.name();
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            assert!(!name.is_empty() && name.chars().all(plain), "{name}");
            assert!(Method::ALL.iter().skip(i + 1).all(|m| m.name() != name));
        }
    }

    /// A change that is large at first and small from then on.
    fn signal(step: u32) -> f64 {
        if step < 3 { 0.3 } else { 0.01 }
    }

    /// Calls that are skipped of 50 steps from time 1000 down to 20.
    fn skipped(policy: &Policy) -> u32 {
        let mut scheduler = Scheduler::new(policy, Timeline::new(50), [Lane::NEW; 1])
            .unwrap_or_else(|error| panic!("{policy}: {error}"));
        for step in 0..50 {
            let call = Call {
                time: 1000.0 - 20.0 * f64::from(step),
                ..Call::new(step)
            };
            let pending = match scheduler.begin(call).expect("calls are in order") {
                Begin::Decided(pending) => pending,
                Begin::Needs(question) => {
                    let values = [signal(step), 1.0];
                    let values = &values[..question.values];
                    scheduler.decide(question, values).expect("asked")
                }
            };
            let action = pending.decision().action;
            let measured = [match (policy.wants(), action) {
                (_, Action::Verify) => 0.0,
                (Wants::Rate, _) => 1.0,
                _ => signal(step),
            }];
            let wanted = action == Action::Verify
                || action == Action::Compute
                    && matches!(policy.wants(), Wants::Rate | Wants::Signal);
            let outcome = match wanted {
                true => Outcome::Measured(&measured),
                false => Outcome::Done,
            };
            scheduler.commit(pending, outcome).expect("decided");
        }
        scheduler.stats().skipped()
    }

    #[test]
    fn every_preset_that_needs_no_table_skips() {
        for preset in presets().filter(|preset| !preset.needs_calibration) {
            let skips = preset.method != Method::Full && preset.method != Method::Mask;
            if skips {
                let count = skipped(&(preset.policy)());
                assert!((1..50).contains(&count), "{}: {count}", preset.method);
            }
        }
        let mask = Policy::parse("mask:10101010101010101010101010101010101010101010101011");
        assert_eq!(skipped(&mask.expect("a mask")), 24);
    }

    /// A name without what differs between spellings.
    fn letters(name: &str) -> impl Iterator<Item = char> + '_ {
        let letters = name.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase)
    }

    #[test]
    fn what_is_named_only_is_named_once_and_has_no_preset() {
        for (i, absent) in NAMED.iter().enumerate() {
            let Absent {
                name,
                citation,
                why,
            } = absent;
            for said in [name, citation, why] {
                assert!(!said.is_empty() && !said.contains('\n'), "{name}");
            }
            let others = NAMED.iter().skip(i + 1).map(|other| other.name);
            let mut taken = others.chain(Method::ALL.iter().map(|m| m.name()));
            assert!(
                taken.all(|other| letters(other).ne(letters(name))),
                "{name}"
            );
        }
    }
}
