//! How a forward pass is to be split, and what of that a policy asks for.

use crate::{
    kernels::AnchorFormat,
    policy::{GaugeKind, Policy, Pool, Site, SplitKind, VerifyKind, Wants},
    predict::PredictorKind,
    signal::{Filter, Metric, SignalKind},
};

/// How a model's forward pass is to be split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lowering {
    /// Pictures of a batch.
    pub pictures: u32,
    /// Calls whose modulations are made at once, at least 1; fewer where they would take more than
    /// 64 MiB.
    pub calls: u32,
    /// Guidance scale: the network then runs on twice as many rows, those with their classes first.
    pub guidance: Option<f32>,
    /// What a skipped call leaves out.
    pub site: Site,
    /// What is measured.
    pub signal: Option<Signal>,
    /// Whether computed calls measure the transformation rate (EasyCache).
    pub rate: bool,
    /// Whether computed calls measure the products of what is kept (DMD).
    pub products: bool,
    /// Slots of the ring of kept features, 0 to 8; with 0 no call can be skipped.
    pub anchors: u32,
    /// How they are used.
    pub ring: Ring,
    /// How they are stored. Running sums are f32.
    pub anchor_format: AnchorFormat,
    /// Share of the radius of the spectrum that has weights of its own.
    pub band: Option<f64>,
    /// Metric by which forecasts are checked.
    pub verify: Option<Metric>,
    /// Lanes that decide apart: 1, two (attention and MLP modules), or one a granule. With a signal
    /// of the blocks there is always one a block.
    pub columns: u32,
    /// Whether the lanes decide together.
    pub pooled: bool,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// Which tensor.
    pub kind: SignalKind,
    /// How its change becomes a number.
    pub metric: Metric,
    /// What it goes through before.
    pub filter: Filter,
    /// Factor, share of the radius, or exponent of the filter.
    pub filter_size: f64,
    /// Whether it is measured at computed calls, and not before a call is decided.
    pub late: bool,
    /// Whether the probe of an aligned prediction is measured with it.
    pub aligned: bool,
}

impl Signal {
    /// The relative L1 change of a tensor, before a call is decided.
    #[must_use]
    pub const fn new(kind: SignalKind) -> Self {
        Self {
            kind,
            metric: Metric::RelativeL1,
            filter: Filter::None,
            filter_size: 0.0,
            late: false,
            aligned: false,
        }
    }

    /// Whether there is one of it for every block.
    pub(super) const fn of_blocks(&self) -> bool {
        matches!(self.kind, SignalKind::BlockInput | SignalKind::BlockOutput)
    }

    /// Whether it is measured once a call, before the site.
    pub(super) const fn before_site(&self) -> bool {
        !self.of_blocks() && !matches!(self.kind, SignalKind::BlockResidual)
    }
}

/// How anchors are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// The only anchor stands in as it is.
    Hold,
    /// A weighted sum of the anchors stands in.
    Blend,
    /// The same, and forecasts are kept, too.
    Forecasts,
    /// The anchors are running sums over the whole past.
    Sums,
}

impl Lowering {
    /// The whole forward pass on every call.
    #[must_use]
    pub const fn whole(pictures: u32) -> Self {
        Self {
            pictures,
            calls: 1,
            guidance: None,
            site: Site::TRUNK,
            signal: None,
            rate: false,
            products: false,
            anchors: 0,
            ring: Ring::Blend,
            anchor_format: AnchorFormat::F32,
            band: None,
            verify: None,
            columns: 1,
            pooled: false,
        }
    }

    /// As a policy needs it for a run of so many steps, with anchors in f32. A guidance scale of 1 is
    /// no guidance.
    #[must_use]
    pub fn for_policy(policy: &Policy, pictures: u32, guidance: f32, steps: u32) -> Self {
        let guidance = (guidance != 1.0).then_some(guidance);
        let (gauge, predictor) = (&policy.gauge, &policy.predictor);
        if gauge.kind == GaugeKind::Always {
            return Self {
                guidance,
                calls: steps,
                ..Self::whole(pictures)
            };
        }
        let signal = Signal {
            kind: gauge.signal,
            metric: gauge.metric,
            filter: gauge.filter,
            filter_size: gauge.filter_size,
            late: gauge.kind == GaugeKind::Late,
            aligned: predictor.kind == PredictorKind::Aligned,
        };
        let band = policy.split.kind == SplitKind::Band;
        let verifies = policy.verify.kind != VerifyKind::None;
        Self {
            pictures,
            calls: steps,
            guidance,
            site: policy.site,
            signal: gauge.measures().then_some(signal),
            rate: policy.wants() == Wants::Rate,
            products: policy.wants() == Wants::Products,
            anchors: policy.anchors(),
            ring: match predictor.kind {
                PredictorKind::Hold if !band => Ring::Hold,
                PredictorKind::Chebyshev => Ring::Sums,
                PredictorKind::Foca => Ring::Forecasts,
                _ if predictor.rolls() => Ring::Forecasts,
                _ => Ring::Blend,
            },
            anchor_format: AnchorFormat::F32,
            band: band.then_some(policy.split.band),
            verify: verifies.then_some(gauge.metric),
            columns: policy.guards.columns(steps),
            pooled: policy.pool != Pool::Alone,
        }
    }
}
