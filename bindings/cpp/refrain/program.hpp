/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Part of refrain.hpp: a model's forward pass as data, for a device of the host's. The library must
 * have the feature cpu or gpu, or what is used of this file does not link.
 */
#ifndef REFRAIN_PROGRAM_HPP
#define REFRAIN_PROGRAM_HPP

#include "run.hpp"

namespace refrain {
inline namespace REFRAIN_CPP_SPANS {

/**
 * A model's forward pass under a policy: buffers, segments of commands over them, and which segments a
 * call runs. What its functions hand out by pointer or view lives as long as the program.
 */
class Program {
  public:
    /** None: every function returns REFRAIN_E_NULL. */
    Program() noexcept = default;
    /** Takes over a program that C made. */
    explicit Program(refrain_program *program) noexcept : object_(program) {}

    /**
     * Makes a program of a model, which may be destroyed afterwards. It needs no device.
     *
     * - `settings`: with their policy; their seed and latents do not matter.
     *
     * Errors, with a message: REFRAIN_E_VALUE if the settings do not fit the model;
     * REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL.
     */
    static Result<Program> create(const Model &model, const Settings &settings) noexcept {
        Error error(REFRAIN_OK);
        refrain_program *program = nullptr;
        const refrain_settings all = settings.capi();
        const refrain_status status = refrain_program_create(model.capi(), &all, &program,
                                                             error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return Program(program);
    }

    /** Its sizes, and the buffers that a host writes and reads. Errors: REFRAIN_E_NULL. */
    Result<refrain_program_sizes> info() const noexcept {
        refrain_program_sizes sizes{};
        const refrain_status status = refrain_program_info(capi(), &sizes);
        return detail::result(status, sizes);
    }

    /** Its policy, for a scheduler of `lanes` lanes. Errors: REFRAIN_E_NULL. */
    Result<Policy> policy() const noexcept {
        Policy made;
        return detail::result(
            refrain_program_policy(capi(), sizeof(refrain_policy), &made.capi()), made);
    }

    /** A buffer, 0 to `buffer_count` - 1. Errors: REFRAIN_E_RANGE; REFRAIN_E_NULL. */
    Result<refrain_buffer> buffer(uint32_t buffer) const noexcept {
        refrain_buffer made{};
        const refrain_status status = refrain_program_buffer(capi(), buffer, &made);
        return detail::result(status, made);
    }

    /**
     * What a buffer holds before the first call: as many bytes as it has, or none if it begins with
     * zeros. They have no alignment. Errors: REFRAIN_E_RANGE; REFRAIN_E_NULL.
     */
    Result<span<const std::byte>> contents(uint32_t buffer) const noexcept {
        const void *data = nullptr;
        std::size_t bytes = 0;
        const refrain_status status = refrain_program_contents(capi(), buffer, &data, &bytes);
        return detail::result(status,
                              span<const std::byte>(static_cast<const std::byte *>(data), bytes));
    }

    /** A segment, 0 to `segment_count` - 1. Errors: REFRAIN_E_RANGE; REFRAIN_E_NULL. */
    Result<refrain_segment> segment(uint32_t segment) const noexcept {
        refrain_segment made{};
        const refrain_status status = refrain_program_segment(capi(), segment, &made);
        return detail::result(status, made);
    }

    /** A command of a segment, 0 to `command_count` - 1. Errors: REFRAIN_E_RANGE; REFRAIN_E_NULL. */
    Result<refrain_command> command(uint32_t segment, uint32_t command) const noexcept {
        refrain_command made{};
        const refrain_status status = refrain_program_command(capi(), segment, command, &made);
        return detail::result(status, made);
    }

    /**
     * Which commands use the buffers, counted over a list of segments: scratch buffers that are in use
     * at once in none of the lists that a host runs as one may share memory.
     *
     * - `lifetimes`: written; `buffer_count` of them.
     *
     * Errors: REFRAIN_E_CAPACITY; REFRAIN_E_RANGE if there is no such segment; REFRAIN_E_NULL.
     */
    Result<void> lifetimes(span<const uint32_t> segments,
                           span<refrain_lifetime> lifetimes) const noexcept {
        return detail::result(refrain_program_lifetimes(capi(), segments.data(), segments.size(),
                                                        lifetimes.data(), lifetimes.size()));
    }

    /** The buffers of a lane, 0 to `decision_count` - 1. Errors: REFRAIN_E_RANGE; REFRAIN_E_NULL. */
    Result<refrain_lane_buffers> lane(uint32_t lane) const noexcept {
        refrain_lane_buffers buffers{};
        const refrain_status status = refrain_program_lane(capi(), lane, &buffers);
        return detail::result(status, buffers);
    }

    /**
     * The lane whose decision a part takes, 0 to `part_count` - 1; REFRAIN_NONE if it takes none.
     * Errors: REFRAIN_E_RANGE; REFRAIN_E_NULL.
     */
    Result<uint32_t> part(uint32_t part) const noexcept {
        uint32_t lane = 0;
        const refrain_status status = refrain_program_part(capi(), part, &lane);
        return detail::result(status, lane);
    }

    /**
     * The segments that a part of a call runs; of a part whose decision `needs` something, those that
     * measure it instead.
     *
     * - `step`: of the call.
     * - `decisions`: `decision_count` of them, one a lane; not looked at where none was begun.
     * - `computed`: calls of lane 0 that were computed before.
     * - `room`: segments; no part has more than 16. An empty one only asks.
     *
     * Returns the number written. Errors: REFRAIN_E_RANGE; REFRAIN_E_VALUE for another number of
     * decisions; REFRAIN_E_CAPACITY; REFRAIN_E_NULL.
     */
    Result<std::size_t> path(uint32_t part, uint32_t step, span<const refrain_decision> decisions,
                             uint32_t computed, span<uint32_t> room) const noexcept {
        std::size_t count = 0;
        const refrain_status status =
            refrain_program_path(capi(), part, step, decisions.data(), uint32_t(decisions.size()),
                                 computed, room.data(), room.size(), &count);
        return detail::counted(status, count);
    }

    /**
     * The measurements of a lane, made of the sums: what Step::decide wants if the decision `needs`
     * them, else what Step::commit wants.
     *
     * - `decision`: of the lane.
     * - `computed`: calls of the lane that were computed before.
     * - `sums`: read from the buffer `sums`; what is beyond counts as NaN.
     * - `room`: the values; an empty one only asks.
     *
     * Returns the number written. Errors: REFRAIN_E_RANGE if there is no such lane; REFRAIN_E_VALUE;
     * REFRAIN_E_CAPACITY; REFRAIN_E_NULL.
     */
    Result<std::size_t> values(const refrain_decision &decision, uint32_t computed,
                               span<const float> sums, span<double> room) const noexcept {
        std::size_t count = 0;
        const refrain_status status =
            refrain_program_values(capi(), &decision, computed, sums.data(), sums.size(),
                                   room.data(), room.size(), &count);
        return detail::counted(status, count);
    }

    /** A step of the sampler, 0 to `steps` - 1. Errors: REFRAIN_E_RANGE; REFRAIN_E_NULL. */
    Result<refrain_step> step(uint32_t step) const noexcept {
        refrain_step made{};
        const refrain_status status = refrain_program_step(capi(), step, &made);
        return detail::result(status, made);
    }

    /**
     * Writes the matrix that the buffer `filter` holds at a step.
     *
     * - `room`: its values; an empty one only asks.
     *
     * Returns the number written. Errors: REFRAIN_E_UNSUPPORTED if there is no such buffer;
     * REFRAIN_E_RANGE; REFRAIN_E_CAPACITY; REFRAIN_E_NULL.
     */
    Result<std::size_t> filter(uint32_t step, span<float> room) const noexcept {
        std::size_t count = 0;
        const refrain_status status =
            refrain_program_filter(capi(), step, room.data(), room.size(), &count);
        return detail::counted(status, count);
    }

    /** The program, for C. It stays this object's. */
    refrain_program *capi() noexcept { return object_.get(); }
    const refrain_program *capi() const noexcept { return object_.get(); }
    /** Hands it over, to be destroyed with refrain_program_destroy. */
    refrain_program *release() noexcept { return object_.release(); }

  private:
    detail::Handle<refrain_program, refrain_program_destroy> object_;
};

} // namespace REFRAIN_CPP_SPANS
} // namespace refrain

#endif
