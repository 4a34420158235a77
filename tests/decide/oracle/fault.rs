/// Mistakes the corpus must notice, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `<` for `≤` and the other way round.
    Comparator,
    /// A computed call does not restart what was spent.
    NoRestart,
    /// A computed call does not restart MagCache's product.
    RatioGoesOn,
    /// `1 − ratio` without the absolute value, or with it where it is signed.
    SignedRatio,
    /// The longest run is one longer.
    RunOffByOne,
    /// The retention share is rounded down.
    RetentionDown,
    /// The retention share is rounded to the nearest, whatever the policy says.
    RoundingIgnored,
    /// The curve is stretched to another number of steps by rounding down.
    CurveDown,
    /// The curve is indexed by steps where it should be by time.
    CurveBySteps,
    /// A negative polynomial is cut off at zero.
    PolynomialClamped,
    /// An absolute polynomial keeps its sign.
    SignedPolynomial,
    /// The polynomial is evaluated outside of where it was fitted.
    DomainIgnored,
    /// A negative signal counts as zero.
    NegativeIsZero,
    /// A missing rate leaves the one before in place.
    StaleRate,
    /// The change is not divided by the distance over which it came about.
    GapIgnored,
    /// The sensitivity to time counts for nothing.
    TimeIsFree,
    /// Every call of a run costs the same.
    RunFactorIgnored,
    /// MagCache's protected step is free.
    ProtectIgnored,
    /// No call is too expensive by itself.
    MaxCostIgnored,
    /// The largest cost of a call is that of its run's product.
    MaxCostOfProduct,
    /// Any lane that wants to skip makes the pool skip.
    PoolSwapped,
    /// The window's end belongs to it.
    WindowClosed,
    /// The window's edges are rounded twice.
    WindowProduct,
    /// The last step is not protected.
    LastFree,
    /// The first steps have no limit of their own.
    EnhanceIgnored,
    /// cache-dit's counter of hits counts as others do.
    PlainCount,
    /// Signals of computed calls do not add up.
    SkippedSignalsAlone,
    /// Every lane follows the mask's first column.
    ColumnsIgnored,
    /// A leaky budget shrinks what the call itself costs, too.
    LeakAfter,
    /// The edges of the run's parts belong to the other side.
    FactorsClosed,
    /// Progress counts steps where it should count computed calls.
    StepsForComputed,
    /// The values of the warm-up all count the same.
    EvenLambda,
    /// The largest cost is that of the calls before.
    LargestBefore,
    /// A value at a threshold of the codebook is below it.
    CodebookClosed,
    /// A late gauge skips one call more.
    LateOffByOne,
    /// FORA's pattern starts with the first step.
    CountedFromTheStart,
    /// The pattern starts with step 0, whatever the policy says.
    OffsetIgnored,
    /// DeepCache's powers keep the sign and stay real.
    RealPowers,
    /// ToCa knows no sensitive steps.
    NoSensitiveZone,
    /// Calls computed in the warm-up let the interval grow, too.
    GrowsInWarmup,
    /// The Taylor table divides each order by its own spacing, as Newton's does.
    TrueDifferences,
    /// The Taylor table starts with the first step instead of at the end of the warm-up.
    NoGate,
    /// Forecasts count calls where they should use the sampler's time.
    TimeIgnored,
    /// The Hermite basis is that of σ² = ½.
    HermiteUnscaled,
    /// Forecasts take no place among the features.
    NotRolling,
    /// FoCa does not know how wrong its last forecast was.
    FocaForgets,
    /// DiCache's factor has no upper limit.
    FactorUnclipped,
    /// The gain is the same throughout.
    RampIgnored,
    /// The gain counts outside of its part of the run.
    GainWindowIgnored,
    /// The fit is hardly regularised.
    RidgeIgnored,
    /// The forecast is taken whole.
    BlendIgnored,
    /// Forecasts go as far as is asked.
    HorizonIgnored,
    /// The low band is forecast as the rest is.
    LowIsForecast,
    /// The bands of a guidance branch gain nothing.
    BoostIgnored,
    /// Verification starts one skip later.
    VerifiesLate,
    /// The tolerance is the same throughout.
    EvenTolerance,
    /// The tolerance may fall to nothing.
    NoFloor,
    /// An error that is not known is small enough.
    TrustsUnknown,
    /// A wrong forecast stands, and the next call is computed.
    NoRollback,
}

impl Fault {
    pub(crate) const ALL: [Self; 59] = [
        Self::Comparator,
        Self::NoRestart,
        Self::RatioGoesOn,
        Self::SignedRatio,
        Self::RunOffByOne,
        Self::RetentionDown,
        Self::RoundingIgnored,
        Self::CurveDown,
        Self::CurveBySteps,
        Self::PolynomialClamped,
        Self::SignedPolynomial,
        Self::DomainIgnored,
        Self::NegativeIsZero,
        Self::StaleRate,
        Self::GapIgnored,
        Self::TimeIsFree,
        Self::RunFactorIgnored,
        Self::ProtectIgnored,
        Self::MaxCostIgnored,
        Self::MaxCostOfProduct,
        Self::PoolSwapped,
        Self::WindowClosed,
        Self::WindowProduct,
        Self::LastFree,
        Self::EnhanceIgnored,
        Self::PlainCount,
        Self::SkippedSignalsAlone,
        Self::ColumnsIgnored,
        Self::LeakAfter,
        Self::FactorsClosed,
        Self::StepsForComputed,
        Self::EvenLambda,
        Self::LargestBefore,
        Self::CodebookClosed,
        Self::LateOffByOne,
        Self::CountedFromTheStart,
        Self::OffsetIgnored,
        Self::RealPowers,
        Self::NoSensitiveZone,
        Self::GrowsInWarmup,
        Self::TrueDifferences,
        Self::NoGate,
        Self::TimeIgnored,
        Self::HermiteUnscaled,
        Self::NotRolling,
        Self::FocaForgets,
        Self::FactorUnclipped,
        Self::RampIgnored,
        Self::GainWindowIgnored,
        Self::RidgeIgnored,
        Self::BlendIgnored,
        Self::HorizonIgnored,
        Self::LowIsForecast,
        Self::BoostIgnored,
        Self::VerifiesLate,
        Self::EvenTolerance,
        Self::NoFloor,
        Self::TrustsUnknown,
        Self::NoRollback,
    ];
}
