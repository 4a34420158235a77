/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Part of refrain.hpp: schedulers, and the calls they decide.
 */
#ifndef REFRAIN_SCHEDULER_HPP
#define REFRAIN_SCHEDULER_HPP

#include <new>

#include "policy.hpp"

namespace refrain {
inline namespace REFRAIN_CPP_SPANS {

/**
 * One call of the network, begun and not yet committed. If it leaves its scope before commit() has
 * succeeded, by return or by an exception of the engine, the call is abandoned: it counts as never
 * begun and may be begun again. It must not outlive its scheduler, nor be kept over reset() or
 * restore() of it; it uses the scheduler as a non-const function does.
 */
class [[nodiscard]] Step {
  public:
    /** No call. */
    Step() noexcept = default;
    Step(Step &&other) noexcept
        : scheduler_(std::exchange(other.scheduler_, nullptr)), decision_(other.decision_) {}
    Step &operator=(Step &&other) noexcept {
        if (this != &other) {
            drop();
            scheduler_ = std::exchange(other.scheduler_, nullptr);
            decision_ = other.decision_;
        }
        return *this;
    }
    Step(const Step &) = delete;
    Step &operator=(const Step &) = delete;
    ~Step() { drop(); }

    /** Whether a call is open: not committed, abandoned, released or moved away. */
    bool open() const noexcept { return scheduler_ != nullptr; }
    /**
     * Measurements to hand to decide() first: one, or one per lane of a pool; with `aligned` of the
     * decision as many factors behind them. 0: decided.
     */
    uint32_t needs() const noexcept { return decision_.needs; }
    /** With needs(): what to measure, in which metric, against what. Then: what to do, and why. */
    const refrain_decision &decision() const noexcept { return decision_; }
    /** The same, as the way to C. */
    const refrain_decision &capi() const noexcept { return decision_; }

    /** What to do, once it is decided. */
    refrain_action action() const noexcept { return decision_.action; }
    /** Why, once it is decided. */
    refrain_reason reason() const noexcept { return decision_.reason; }
    /** Whether it is decided and the network is to be run. */
    bool computes() const noexcept {
        return needs() == 0 && action() == REFRAIN_ACTION_COMPUTE;
    }
    /** Whether it is decided and the site is left out. */
    bool skips() const noexcept { return needs() == 0 && action() != REFRAIN_ACTION_COMPUTE; }
    /** The anchor slot to write; REFRAIN_NO_SLOT, REFRAIN_ADD_TO_SLOTS or REFRAIN_SET_SLOTS. */
    uint32_t slot() const noexcept { return decision_.slot; }
    /** The lane of the call. */
    uint32_t lane() const noexcept { return decision_.lane; }
    /** One weight a slot; of a slot with weight 0 nothing may be read. They live in this object. */
    span<const float> weights() const & noexcept { return decision_.weights; }
    span<const float> weights() const && = delete;
    /** With REFRAIN_SPLIT_KIND_BAND: the weights of the low band. They live in this object. */
    span<const float> low_weights() const & noexcept { return decision_.low_weights; }
    span<const float> low_weights() const && = delete;

    /**
     * Decides the call from what was measured.
     *
     * - `values`: needs() of them, in units of the metric. One that is NaN, infinite or negative
     *   counts as unknown, and the call is computed.
     *
     * Errors: REFRAIN_E_VALUE for another number of values, and the call stays open;
     * REFRAIN_E_ORDER if it needs none; REFRAIN_E_NULL if no call is open.
     */
    Result<void> decide(span<const double> values) noexcept {
        return detail::result(refrain_scheduler_decide(scheduler_, decision_.lane, values.data(),
                                                       uint32_t(values.size()), &decision_));
    }
    /** The same with one measurement. */
    Result<void> decide(double value) noexcept { return decide(span<const double>(&value, 1)); }

    /**
     * Closes the call, whose decision was carried out.
     *
     * - `values`: of a computed call what Policy::wants() says, of a verified one the error of its
     *   forecast, else none. An error that is not given counts as too large.
     *
     * Returns what a trace keeps of it: see rejected(). Errors: REFRAIN_E_VALUE for another number of
     * values and REFRAIN_E_ORDER if it is not decided, and the call stays open; REFRAIN_E_NULL if no
     * call is open.
     */
    Result<refrain_event> commit(span<const double> values = {}) noexcept {
        refrain_event event{};
        const refrain_status status = refrain_scheduler_commit(
            scheduler_, decision_.lane, values.data(), uint32_t(values.size()), &event);
        if (status == REFRAIN_OK) scheduler_ = nullptr;
        return detail::result(status, event);
    }
    /** The same with one value. */
    Result<refrain_event> commit(double value) noexcept {
        return commit(span<const double>(&value, 1));
    }

    /**
     * Closes the call as if it had never been begun. What the destructor does.
     *
     * Errors: REFRAIN_E_NULL if no call is open.
     */
    Result<void> abandon() noexcept {
        return detail::result(
            refrain_scheduler_abandon(std::exchange(scheduler_, nullptr), decision_.lane));
    }

    /** Leaves the call open in the scheduler and forgets it; Scheduler::resume takes it up again. */
    refrain_decision release() noexcept {
        scheduler_ = nullptr;
        return decision_;
    }

  private:
    friend class Scheduler;
    Step(refrain_scheduler *scheduler, const refrain_decision &decision) noexcept
        : scheduler_(scheduler), decision_(decision) {}
    void drop() noexcept {
        if (scheduler_) (void)refrain_scheduler_abandon(scheduler_, decision_.lane);
    }

    refrain_scheduler *scheduler_ = nullptr;
    refrain_decision decision_{};
};

/**
 * Whether a committed forecast was found to be wrong. With REFRAIN_VERIFY_KIND_ROLLBACK the call was
 * given up then: begin it again, and it is computed.
 */
inline bool rejected(const refrain_event &event) noexcept {
    return event.action == REFRAIN_ACTION_VERIFY
           && event.reason == REFRAIN_REASON_FORECAST_REJECTED;
}

/** Memory of a scheduler of so many lanes, where none is to be allocated: static, or in a struct. */
template <uint32_t Lanes> struct SchedulerMemory {
    static_assert(Lanes >= 1 && Lanes <= REFRAIN_MAX_LANES, "lanes are 1 to REFRAIN_MAX_LANES");
    alignas(REFRAIN_ALIGNMENT) std::byte bytes[REFRAIN_SCHEDULER_MAX_BYTES(Lanes)];

    std::byte *data() noexcept { return bytes; }
    std::size_t size() const noexcept { return sizeof bytes; }
};

/**
 * Decides, call by call, for one run of a policy. It owns its memory, or lives in memory of the
 * caller's. It may be moved while calls are open.
 */
class Scheduler {
  public:
    /** None: every function returns REFRAIN_E_NULL. */
    Scheduler() noexcept = default;
    Scheduler(Scheduler &&other) noexcept
        : object_(std::exchange(other.object_, nullptr)), owned_(other.owned_) {}
    Scheduler &operator=(Scheduler &&other) noexcept {
        if (this != &other) {
            drop();
            object_ = std::exchange(other.object_, nullptr);
            owned_ = other.owned_;
        }
        return *this;
    }
    Scheduler(const Scheduler &) = delete;
    Scheduler &operator=(const Scheduler &) = delete;
    ~Scheduler() { drop(); }

    /** Bytes of a scheduler. Errors: REFRAIN_E_RANGE unless `lanes` is 1 to REFRAIN_MAX_LANES. */
    static Result<std::size_t> bytes(uint32_t lanes) noexcept {
        std::size_t bytes = 0;
        const refrain_status status = refrain_scheduler_size(lanes, &bytes);
        return detail::result(status, bytes);
    }

    /**
     * Makes a scheduler at the start of a run, in memory that it allocates here and frees when it is
     * destroyed.
     *
     * - `policy`: copied.
     * - `steps`: sampler steps of the run, 1 to 2^30.
     * - `lanes`: streams of features, 1 to REFRAIN_MAX_LANES.
     * - `evaluations`: network evaluations a step, 1 to 8.
     *
     * Errors: REFRAIN_E_VALUE with a message if the policy cannot run so; REFRAIN_E_RANGE;
     * REFRAIN_E_MEMORY if there is no memory; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED, also if
     * the library does not fit the header.
     */
    static Result<Scheduler> create(const Policy &policy, uint32_t steps, uint32_t lanes = 1,
                                    uint32_t evaluations = 1) noexcept {
        const Result<std::size_t> size = bytes(lanes);
        if (!size) return size.error();
        void *memory = ::operator new(*size, std::align_val_t(REFRAIN_ALIGNMENT), std::nothrow);
        if (!memory) return Error(REFRAIN_E_MEMORY, "out of memory");
        Result<Scheduler> made =
            borrow({static_cast<std::byte *>(memory), *size}, policy, steps, lanes, evaluations);
        if (made) made->owned_ = true;
        else free(memory);
        return made;
    }

    /**
     * Makes a scheduler in memory of the caller's, which must live as long, and allocates nothing.
     *
     * - `memory`: aligned to REFRAIN_ALIGNMENT, at least bytes(lanes): a SchedulerMemory, or a part of
     *   an arena. It is the scheduler's until the scheduler is destroyed.
     *
     * Errors: as create(), and REFRAIN_E_MEMORY if the memory is too small or not aligned.
     */
    static Result<Scheduler> borrow(span<std::byte> memory, const Policy &policy, uint32_t steps,
                                    uint32_t lanes = 1, uint32_t evaluations = 1) noexcept {
        if (!compatible()) return detail::incompatible();
        Scheduler made;
        Error error(REFRAIN_OK);
        const refrain_status status =
            refrain_scheduler_init(memory.data(), memory.size(), &policy.capi(), steps, evaluations,
                                   lanes, &made.object_, error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return made;
    }
    /** The same in a SchedulerMemory. */
    template <uint32_t Lanes>
    static Result<Scheduler> borrow(SchedulerMemory<Lanes> &memory, const Policy &policy,
                                    uint32_t steps, uint32_t lanes = Lanes,
                                    uint32_t evaluations = 1) noexcept {
        return borrow(span<std::byte>(memory.bytes), policy, steps, lanes, evaluations);
    }

    /**
     * Opens a call. If the step needs() something, measure it and hand it to Step::decide.
     *
     * - `call`: later than the last one committed on its lane.
     *
     * Errors: REFRAIN_E_ORDER if a call is open on the lane or this one is not later than the last;
     * REFRAIN_E_RANGE for a lane, step or evaluation that does not exist; REFRAIN_E_VALUE if the time
     * is not finite; REFRAIN_E_UNSUPPORTED if `reserved` is not zero.
     */
    Result<Step> begin(const refrain_call &call) noexcept {
        refrain_decision decision{};
        const refrain_status status = refrain_scheduler_begin(object_, &call, &decision);
        if (status != REFRAIN_OK) return Error(status);
        return Step(object_, decision);
    }
    /** The same; `time` counts for predictors with REFRAIN_AXIS_TIME, and for windows in time. */
    Result<Step> begin(uint32_t step, uint32_t lane = 0, double time = 0.0,
                       uint32_t evaluation = 0) noexcept {
        return begin(refrain_call{step, evaluation, lane, 0, time});
    }

    /**
     * Takes up a call that is open in the scheduler: one that was released, or is open in a state that
     * was restored.
     *
     * - `decision`: the last one of the call.
     */
    Step resume(const refrain_decision &decision) noexcept { return {object_, decision}; }

    /** Starts a new run. No step may be open. Errors: REFRAIN_E_NULL if there is no scheduler. */
    Result<void> reset() noexcept { return detail::result(refrain_scheduler_reset(object_)); }

    /**
     * Forgets the anchors of a lane, because the shape of its features or the prompt changed. Its next
     * call is computed.
     *
     * Errors: REFRAIN_E_ORDER while a call is open on it; REFRAIN_E_RANGE.
     */
    Result<void> invalidate(uint32_t lane = 0) noexcept {
        return detail::result(refrain_scheduler_invalidate(object_, lane));
    }

    /** What happened so far, over all lanes. Errors: REFRAIN_E_NULL. */
    Result<refrain_stats> stats() const noexcept {
        refrain_stats stats{};
        const refrain_status status = refrain_scheduler_stats(object_, &stats);
        return detail::result(status, stats);
    }

    /** How many calls were decided for a reason. Errors: REFRAIN_E_RANGE; REFRAIN_E_NULL. */
    Result<uint32_t> reason_count(refrain_reason reason) const noexcept {
        uint32_t count = 0;
        const refrain_status status =
            refrain_scheduler_reason_count(object_, uint32_t(reason), &count);
        return detail::result(status, count);
    }

    /**
     * What a user should hear: before a run whether the policy can skip at all on so few steps, after
     * it whether it did. Errors: REFRAIN_E_NULL.
     */
    Result<refrain_notice> notice() const noexcept {
        refrain_notice notice = REFRAIN_NOTICE_NONE;
        const refrain_status status = refrain_scheduler_notice(object_, &notice);
        return detail::result(status, notice);
    }

    /** Bytes of a saved state; it depends on the number of lanes alone. Errors: REFRAIN_E_NULL. */
    Result<std::size_t> save_size() const noexcept {
        std::size_t bytes = 0;
        const refrain_status status = refrain_scheduler_save_size(object_, &bytes);
        return detail::result(status, bytes);
    }

    /**
     * Writes the state, open calls included, as bytes that are the same on every machine.
     *
     * - `room`: save_size() bytes.
     *
     * Returns the bytes written. Errors: REFRAIN_E_CAPACITY, with needed(); REFRAIN_E_NULL.
     */
    Result<std::size_t> save(span<std::byte> room) const noexcept {
        return save(room.data(), room.size());
    }
    /** The state as a vector. Errors: REFRAIN_E_NULL. */
    Result<std::vector<std::byte>> save() const {
        return detail::grown<std::vector<std::byte>>(
            [&](std::byte *data, std::size_t size) { return save(data, size); });
    }

    /**
     * Takes over a saved state, of a scheduler with the same policy, steps, evaluations and lanes. No
     * step may be open; one that was open when the state was saved is taken up with resume().
     *
     * Errors: REFRAIN_E_FORMAT if it is no such state; REFRAIN_E_NULL.
     */
    Result<void> restore(span<const std::byte> saved) noexcept {
        return detail::result(refrain_scheduler_restore(object_, saved.data(), saved.size()));
    }

    /** The scheduler, for C. It stays this object's. */
    refrain_scheduler *capi() noexcept { return object_; }
    const refrain_scheduler *capi() const noexcept { return object_; }
    /** Hands the scheduler over. If it owned its memory, Scheduler::free frees that. */
    refrain_scheduler *release() noexcept { return std::exchange(object_, nullptr); }
    /** Frees what release() handed over of a scheduler that owned its memory; NULL does nothing. */
    static void free(void *scheduler) noexcept {
        ::operator delete(scheduler, std::align_val_t(REFRAIN_ALIGNMENT), std::nothrow);
    }

  private:
    Result<std::size_t> save(std::byte *data, std::size_t size) const noexcept {
        std::size_t bytes = 0;
        const refrain_status status = refrain_scheduler_save(object_, data, size, &bytes);
        return detail::counted(status, bytes);
    }
    void drop() noexcept {
        if (owned_) free(object_);
    }

    refrain_scheduler *object_ = nullptr;
    bool owned_ = false;
};

} // namespace REFRAIN_CPP_SPANS
} // namespace refrain

#endif
