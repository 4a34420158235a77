/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Part of refrain.hpp: single evaluations of a network, and what a sampling loop of the host's wants.
 * The library must have the feature cpu or gpu, or what is used of this file does not link.
 */
#ifndef REFRAIN_FORWARD_HPP
#define REFRAIN_FORWARD_HPP

#include "run.hpp"

namespace refrain {
inline namespace REFRAIN_CPP_SPANS {

/** One evaluation of a network without any policy, advanced by slices. */
class Forward {
  public:
    /** None: every function returns REFRAIN_E_NULL. */
    Forward() noexcept = default;
    /** Takes over an evaluation that C made. */
    explicit Forward(refrain_forward *forward) noexcept : object_(forward) {}

    /**
     * Begins an evaluation. All memory it needs is taken here. The engine may be destroyed meanwhile.
     *
     * - `x`: latents, one for each time: channels, rows, columns.
     * - `t`: timesteps, 0 to 1000, at least one.
     * - `y`: as many classes, 0 to `num_classes`, which stands for none.
     *
     * Errors, with a message: REFRAIN_E_VALUE if a length, a time or a class does not fit;
     * REFRAIN_E_DEVICE if the device cannot hold it; REFRAIN_E_NULL.
     */
    static Result<Forward> create(const Engine &engine, span<const float> x, span<const float> t,
                                  span<const uint32_t> y) noexcept {
        if (t.size() != y.size()) return Error(REFRAIN_E_VALUE, "t and y must have the same length");
        Error error(REFRAIN_OK);
        refrain_forward *forward = nullptr;
        const refrain_status status =
            refrain_forward_create(engine.capi(), x.data(), x.size(), t.data(), y.data(), t.size(),
                                   &forward, error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return Forward(forward);
    }

    /**
     * Goes on for a while and comes back. The output is the same, bit for bit, however it is cut. At
     * least one kernel is run, and one may take longer than the limit.
     *
     * - `time`: to come back after, rounded up to microseconds. 0 or less runs one kernel.
     * - `commands`: kernels and copies to run at most; 0 for no limit on them.
     *
     * Returns whether all of it was run. Errors: REFRAIN_E_DEVICE with a message; REFRAIN_E_NULL.
     */
    Result<bool> advance(std::chrono::nanoseconds time, uint32_t commands = 0) noexcept {
        return slice(detail::limit(time), commands);
    }
    /** Runs all that is left. Errors as above. */
    Result<bool> finish() noexcept { return slice(0, 0); }

    /**
     * Writes what the network gave: batch, `out_channels`, rows, columns.
     *
     * - `values`: so many; an empty one only asks: needed() of the error tells the size.
     *
     * Returns the values written. Errors: REFRAIN_E_ORDER if it is not done; REFRAIN_E_CAPACITY;
     * REFRAIN_E_NULL.
     */
    Result<std::size_t> output(span<float> values) const noexcept {
        std::size_t count = 0;
        const refrain_status status =
            refrain_forward_output(capi(), values.data(), values.size(), &count);
        return detail::counted(status, count);
    }
    /** The output as a vector. Errors as above. */
    Result<std::vector<float>> output() const {
        return detail::grown<std::vector<float>>(
            [&](float *data, std::size_t size) { return output({data, size}); });
    }

    /** The evaluation, for C. It stays this object's. */
    refrain_forward *capi() noexcept { return object_.get(); }
    const refrain_forward *capi() const noexcept { return object_.get(); }
    /** Hands it over, to be destroyed with refrain_forward_destroy. */
    refrain_forward *release() noexcept { return object_.release(); }

  private:
    Result<bool> slice(uint64_t microseconds, uint32_t commands) noexcept {
        Error error(REFRAIN_OK);
        uint32_t done = 0;
        const refrain_status status = refrain_forward_advance(capi(), microseconds, commands, &done,
                                                              error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return done != 0;
    }

    detail::Handle<refrain_forward, refrain_forward_destroy> object_;
};

/**
 * The steps of a sampler: what the network is given, and what is done with what it predicts. A latent
 * becomes `keep` times itself plus `add` times the prediction.
 *
 * - `steps`: of the run, at least 1; with DDIM at most 1000.
 * - `room`: so many; an empty one only asks: needed() of the error tells the number.
 *
 * Returns the steps written. Errors: REFRAIN_E_VALUE for an unknown sampler or too few or many steps;
 * REFRAIN_E_CAPACITY.
 */
inline Result<std::size_t> sampler_steps(refrain_sampler sampler, uint32_t steps,
                                         span<refrain_step> room) noexcept {
    std::size_t count = 0;
    const refrain_status status =
        refrain_sampler_steps(uint32_t(sampler), steps, room.data(), room.size(), &count);
    return detail::counted(status, count);
}
/** The steps as a vector. Errors as above. */
inline Result<std::vector<refrain_step>> sampler_steps(refrain_sampler sampler, uint32_t steps) {
    return detail::grown<std::vector<refrain_step>>(
        [&](refrain_step *data, std::size_t size) {
            return sampler_steps(sampler, steps, {data, size});
        });
}

/**
 * Fills a buffer with the noise that a run starts from, the same on every machine.
 *
 * - `picture_values`: of one picture: channels * rows * columns.
 * - `values`: one picture after the other; a multiple of that.
 *
 * Errors: REFRAIN_E_VALUE if it is no multiple.
 */
inline Result<void> noise(uint64_t seed, std::size_t picture_values, span<float> values) noexcept {
    return detail::result(
        refrain_noise_fill(seed, picture_values, values.data(), values.size()));
}

} // namespace REFRAIN_CPP_SPANS
} // namespace refrain

#endif
