/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Part of refrain.hpp: predictors, and measurements, sums and the blend on buffers of the CPU.
 */
#ifndef REFRAIN_CPU_HPP
#define REFRAIN_CPU_HPP

#include "core.hpp"

namespace refrain {
inline namespace REFRAIN_CPP_SPANS {

/** The weights alone, for a host that decides by itself. Plain data: it may be copied. */
class Predictor {
  public:
    /** A rule, such as the `predictor` of a policy. */
    explicit Predictor(const refrain_predictor &rule) noexcept : rule_(rule) {}

    /**
     * One weight an anchor, newest first.
     *
     * - `given`: what it looks at.
     *
     * Errors: REFRAIN_E_VALUE for an unknown kind or axis, an order above 4 or a number that is not
     * finite; REFRAIN_E_RANGE if there are too many anchors; REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL.
     */
    Result<refrain_weights> weights(const refrain_predictor_inputs &given) const noexcept {
        refrain_weights weights{};
        const refrain_status status = refrain_predictor_weights(&rule_, &given, &weights);
        return detail::result(status, weights);
    }
    /** The same of times alone: `times` of the anchors, newest first, and the one that is wanted. */
    Result<refrain_weights> weights(span<const double> times, double target) const noexcept {
        refrain_predictor_inputs given{};
        given.times = times.data();
        given.count = uint32_t(times.size());
        given.target = target;
        given.gain = rule_.gain;
        return weights(given);
    }

    /** The rule, to read and to change. It belongs to this object. */
    refrain_predictor &capi() noexcept { return rule_; }
    const refrain_predictor &capi() const noexcept { return rule_; }

  private:
    refrain_predictor rule_;
};

/**
 * Plain loops over buffers of the caller's. They allocate nothing and add up in double precision.
 * Spans of different lengths are REFRAIN_E_VALUE, and nothing is written.
 */
namespace cpu {

namespace detail {
inline Error lengths() noexcept {
    return Error(REFRAIN_E_VALUE, "the spans must have the same length");
}
} // namespace detail

/**
 * How much a tensor has changed, in the metric that a decision asks for: 0 or more; not finite, and
 * then taken for unknown, where it cannot be told.
 *
 * - `reference`, `now`: the older and the newer tensor.
 *
 * Errors: REFRAIN_E_RANGE for an unknown metric; REFRAIN_E_VALUE.
 */
inline Result<double> change(refrain_metric metric, span<const float> reference,
                             span<const float> now) noexcept {
    if (reference.size() != now.size()) return detail::lengths();
    double value = 0.0;
    const refrain_status status =
        refrain_cpu_change(uint32_t(metric), reference.data(), now.data(), now.size(), &value);
    return refrain::detail::result(status, value);
}

/**
 * Transformation rate of the network, what Step::commit takes with REFRAIN_WANTS_RATE; not finite, and
 * then taken for unknown, where it cannot be told.
 *
 * - `input_change`: change() of the network's inputs in REFRAIN_METRIC_MEAN_ABSOLUTE between the
 *   computed call before and this one.
 * - `before`, `output`: the network's outputs at these calls.
 *
 * Errors: REFRAIN_E_VALUE.
 */
inline Result<double> rate(double input_change, span<const float> before,
                           span<const float> output) noexcept {
    if (before.size() != output.size()) return detail::lengths();
    double value = 0.0;
    const refrain_status status =
        refrain_cpu_rate(input_change, before.data(), output.data(), output.size(), &value);
    return refrain::detail::result(status, value);
}

/**
 * How far a probe has moved since the older of the last two computed calls, as a multiple of how far
 * it had moved between them: the factor that a decision with `aligned` asks for.
 *
 * - `probe`: of the open call.
 * - `newest`, `older`: of the last computed call, and of the one before it.
 *
 * Errors: REFRAIN_E_VALUE.
 */
inline Result<double> alignment(span<const float> probe, span<const float> newest,
                                span<const float> older) noexcept {
    if (probe.size() != newest.size() || probe.size() != older.size()) return detail::lengths();
    double value = 0.0;
    const refrain_status status = refrain_cpu_alignment(probe.data(), newest.data(), older.data(),
                                                        probe.size(), &value);
    return refrain::detail::result(status, value);
}

/** Inner product of two features, which may be one: for REFRAIN_WANTS_PRODUCTS. Errors: REFRAIN_E_VALUE. */
inline Result<double> product(span<const float> a, span<const float> b) noexcept {
    if (a.size() != b.size()) return detail::lengths();
    double value = 0.0;
    const refrain_status status = refrain_cpu_product(a.data(), b.data(), a.size(), &value);
    return refrain::detail::result(status, value);
}

/**
 * Takes a computed feature into running sums, as a decision says whose slot is REFRAIN_SET_SLOTS or
 * REFRAIN_ADD_TO_SLOTS.
 *
 * - `decision`: of the computed call.
 * - `feature`: what the site gave.
 * - `sums`: in and out, a pointer a slot to as many values as the feature has; Policy::anchors() of
 *   them. They overlap neither one another nor the feature.
 *
 * Errors: REFRAIN_E_RANGE for another slot or too many sums; REFRAIN_E_NULL for one of the sums.
 */
inline Result<void> accumulate(const refrain_decision &decision, span<const float> feature,
                               span<float *const> sums) noexcept {
    return refrain::detail::result(refrain_cpu_accumulate(decision.slot, decision.weights,
                                                          feature.data(), feature.size(),
                                                          sums.data(), uint32_t(sums.size())));
}

/**
 * What stands in for a skipped call: out = base + sum of weights[k] * anchors[k].
 *
 * - `weights`: at least one an anchor, as Step::weights() has them.
 * - `anchors`: pointers to as many values as `out` has, at most REFRAIN_MAX_ANCHORS. One whose weight
 *   is 0 is not read and may be NULL.
 * - `base`: the site's input; an empty one stands for zeros.
 * - `out`: may be `base` itself, else overlaps nothing.
 *
 * Errors: REFRAIN_E_VALUE, also if there are fewer weights than anchors; REFRAIN_E_RANGE for too many
 * anchors; REFRAIN_E_NULL for an anchor that is read.
 */
inline Result<void> blend(span<const float> weights, span<const float *const> anchors,
                          span<const float> base, span<float> out) noexcept {
    if (weights.size() < anchors.size() || (!base.empty() && base.size() != out.size()))
        return detail::lengths();
    return refrain::detail::result(
        refrain_cpu_blend(weights.data(), anchors.data(), uint32_t(anchors.size()),
                          base.empty() ? nullptr : base.data(), out.size(), out.data()));
}

} // namespace cpu

} // namespace REFRAIN_CPP_SPANS
} // namespace refrain

#endif
