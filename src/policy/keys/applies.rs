//! When keys have an effect.

use crate::policy::{GaugeKind, Policy, Rescale, Schedule, SiteKind, VerifyKind, tables};
use crate::predict::PredictorKind;
use crate::signal::SignalKind;
use crate::text::Named;

pub(super) fn measured(p: &Policy) -> bool {
    p.gauge.measures()
}
/// A tensor's change, in contrast to what a gate says.
pub(super) fn compared(p: &Policy) -> bool {
    measured(p) && p.gauge.signal != SignalKind::Gate
}
pub(super) fn immediate(p: &Policy) -> bool {
    p.gauge.kind == GaugeKind::Signal
}
pub(super) fn spends(p: &Policy) -> bool {
    matches!(p.gauge.kind, GaugeKind::Signal | GaugeKind::Curve)
}
pub(super) fn late_interval(p: &Policy) -> bool {
    p.gauge.kind == GaugeKind::Late && p.gauge.codebook.len == 0
}
pub(super) fn limited(p: &Policy) -> bool {
    spends(p) || late_interval(p)
}
pub(super) fn counts(p: &Policy) -> bool {
    p.gauge.kind == GaugeKind::Count
}
pub(super) fn scheduled(p: &Policy, schedule: Schedule) -> bool {
    counts(p) && p.gauge.schedule == schedule
}
pub(super) fn polynomial(p: &Policy) -> bool {
    measured(p) && p.gauge.rescale.is_polynomial()
}
/// A curve that is followed call by call.
pub(super) fn follows_curve(p: &Policy) -> bool {
    p.gauge.kind == GaugeKind::Curve || immediate(p) && p.gauge.rescale == Rescale::Sensitivity
}
pub(super) fn skips(p: &Policy) -> bool {
    p.gauge.kind != GaugeKind::Always
}
/// Whether tables are published for what the policy is calibrated by.
pub(super) fn has_tables(p: &Policy) -> bool {
    measured(p)
        || p.gauge.kind == GaugeKind::Curve
        || skips(p) && tables::masks(p.method.name()).next().is_some()
}
pub(super) fn sited(p: &Policy, kinds: &[SiteKind]) -> bool {
    skips(p) && kinds.contains(&p.site.kind)
}
pub(super) fn predicts(p: &Policy, kinds: &[PredictorKind]) -> bool {
    skips(p) && kinds.contains(&p.predictor.kind)
}
/// Predictors that look at how far away the wanted time is.
pub(super) const BY_DISTANCE: &[PredictorKind] = &[
    PredictorKind::Taylor,
    PredictorKind::Newton,
    PredictorKind::Hermite,
    PredictorKind::Foca,
    PredictorKind::Dmd,
];
pub(super) fn verifies(p: &Policy) -> bool {
    skips(p) && p.verify.kind != VerifyKind::None
}
/// Of them those whose axis is free.
pub(super) const ON_AXIS: &[PredictorKind] = &[
    PredictorKind::Taylor,
    PredictorKind::Newton,
    PredictorKind::Hermite,
    PredictorKind::Dmd,
];
pub(super) fn gradient(p: &Policy) -> bool {
    predicts(p, &[PredictorKind::Gradient])
}
