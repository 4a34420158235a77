/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Part of refrain.hpp: policies.
 */
#ifndef REFRAIN_POLICY_HPP
#define REFRAIN_POLICY_HPP

#include "core.hpp"

namespace refrain {
inline namespace REFRAIN_CPP_SPANS {

/**
 * When to skip, what to keep, and how to fill in for what was skipped. Plain data: it may be copied,
 * and capi() reaches every field.
 */
class Policy {
  public:
    /** Every call computed. */
    Policy() noexcept {
        // It fails only for a library that does not know this header's size. The struct then stays
        // without one, and whatever it is handed to refuses it.
        (void)refrain_policy_default(REFRAIN_METHOD_FULL, sizeof policy_, &policy_);
    }
    /** A policy that was made in C. It is checked where it is used. */
    explicit Policy(const refrain_policy &policy) noexcept : policy_(policy) {}

    /**
     * Reads the text form: `method`, `method:key=value,...`, or `mask:1101...`.
     *
     * - `text`: UTF-8, ending in a zero.
     *
     * Errors: REFRAIN_E_VALUE, whose message names the key, the value, the range and the nearest
     * valid name; REFRAIN_E_NULL; REFRAIN_E_UNSUPPORTED if the library does not fit the header.
     */
    static Result<Policy> parse(const char *text) noexcept {
        if (!compatible()) return detail::incompatible();
        Policy made;
        Error error(REFRAIN_OK);
        const refrain_status status = refrain_policy_parse(text, sizeof made.policy_, &made.policy_,
                                                           error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return made;
    }

    /**
     * The defaults of a method.
     *
     * Errors: REFRAIN_E_RANGE for an unknown method; REFRAIN_E_UNSUPPORTED if the library does not fit
     * the header.
     */
    static Result<Policy> preset(refrain_method method) noexcept {
        if (!compatible()) return detail::incompatible();
        Policy made;
        return detail::result(
            refrain_policy_default(uint32_t(method), sizeof made.policy_, &made.policy_), made);
    }

    /**
     * Reads the options of another library; what is not given has that library's default.
     *
     * - `peer`: REFRAIN_PEER_SD_CPP, REFRAIN_PEER_CACHE_DIT or REFRAIN_PEER_DIFFUSERS.
     * - `options`: UTF-8, ending in a zero, as that library has them.
     * - `report`: a line for each thing that does not carry over or is only near; empty if all does. As it
     *   was after an error.
     *
     * Errors: REFRAIN_E_VALUE, whose message names the option, the value, what is allowed and the nearest
     * name; REFRAIN_E_RANGE for an unknown peer; REFRAIN_E_NULL; REFRAIN_E_UNSUPPORTED if the library does
     * not fit the header.
     */
    static Result<Policy> from_options(refrain_peer peer, const char *options, std::string &report) {
        if (!compatible()) return detail::incompatible();
        Policy made;
        Error error(REFRAIN_OK);
        std::string said;
        std::size_t length = 1023;
        refrain_status status;
        do {
            said.resize(length + 1);
            status = refrain_policy_from_options(uint32_t(peer), options, sizeof made.policy_,
                                                 &made.policy_, said.data(), said.size(), &length,
                                                 error.text(), Error::capacity);
        } while (status == REFRAIN_E_CAPACITY);
        if (status != REFRAIN_OK) return error.with(status);
        said.resize(length);
        report = std::move(said);
        return made;
    }

    /**
     * Writes the text form: the method and every key that is not its default. Reading it gives the
     * same policy.
     *
     * - `room`: the text and a zero; an empty one only asks: needed() of the error tells the size.
     *
     * Returns the bytes of the text without the zero. Errors: REFRAIN_E_CAPACITY, with needed();
     * REFRAIN_E_VALUE, REFRAIN_E_CONFIG_SIZE or REFRAIN_E_UNSUPPORTED if it is no policy.
     */
    Result<std::size_t> text(span<char> room) const noexcept {
        return text(room.data(), room.size());
    }
    /** The text form as a string. Errors as above. */
    Result<std::string> text() const {
        return detail::grown<std::string>(
            [&](char *data, std::size_t size) { return text(data, size); }, 1);
    }

    /**
     * Whether it makes sense, and whether it can run on so many steps.
     *
     * - `steps`: of the run, 1 to 2^30; 0 checks the policy alone.
     * - `evaluations`: network evaluations a step, 1 to 8.
     *
     * Errors: REFRAIN_E_VALUE, whose message names the key, the value and the range;
     * REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED.
     */
    Result<void> check(uint32_t steps = 0, uint32_t evaluations = 1) const noexcept {
        Error error(REFRAIN_OK);
        const refrain_status status =
            refrain_policy_check(&policy_, steps, evaluations, error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return {};
    }

    /** Features to keep at the site: slots of the ring, 0 to REFRAIN_MAX_ANCHORS. Errors as text(). */
    Result<uint32_t> anchors() const noexcept {
        uint32_t count = 0;
        const refrain_status status = refrain_policy_anchors(&policy_, &count);
        return detail::result(status, count);
    }

    /** What computed calls are to be committed with. Errors as text(). */
    Result<refrain_wants> wants() const noexcept {
        refrain_wants wants = REFRAIN_WANTS_NOTHING;
        const refrain_status status = refrain_policy_wants(&policy_, &wants);
        return detail::result(status, wants);
    }

    /** Whether it is calibrated and its curve or mask is missing still. Errors as text(). */
    Result<bool> needs_table() const noexcept {
        uint32_t needs = 0;
        const refrain_status status = refrain_policy_needs_table(&policy_, &needs);
        return detail::result(status, needs != 0);
    }

    /**
     * This policy with what a calibrated table sets.
     *
     * - `table`: UTF-8, ending in a zero: what `refrain calibrate` wrote.
     *
     * Errors: REFRAIN_E_VALUE, whose message names the line, the field and the remedy;
     * REFRAIN_E_NULL.
     */
    Result<Policy> with_table(const char *table) const noexcept {
        Policy made;
        Error error(REFRAIN_OK);
        const refrain_status status =
            refrain_policy_apply_table(&policy_, table, sizeof made.policy_, &made.policy_,
                                       error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return made;
    }

    /**
     * Lanes that a run takes: what Scheduler::create is to be given.
     *
     * - `depth`: blocks of the network, 1 or more.
     * - `steps`: of the run, 1 or more.
     *
     * Errors: REFRAIN_E_RANGE if one of them is 0; else as text().
     */
    Result<uint32_t> lanes(uint32_t depth, uint32_t steps) const noexcept {
        uint32_t lanes = 0;
        const refrain_status status = refrain_policy_lanes(&policy_, depth, steps, &lanes);
        return detail::result(status, lanes);
    }

    /** Granules of the site, rings of anchors that a host keeps. Errors as lanes(). */
    Result<uint32_t> granules(uint32_t depth) const noexcept {
        uint32_t granules = 0;
        const refrain_status status = refrain_policy_granules(&policy_, depth, &granules);
        return detail::result(status, granules);
    }

    /**
     * Where a block or a module stands in the site. It takes about a microsecond: ask once a run for
     * every block, not once a call.
     *
     * Errors: REFRAIN_E_RANGE if there is no such block or step; REFRAIN_E_VALUE for an unknown unit;
     * else as text().
     */
    Result<refrain_place> place(const refrain_at &at) const noexcept {
        refrain_place place{};
        const refrain_status status = refrain_policy_place(&policy_, &at, &place);
        return detail::result(status, place);
    }

    /** The struct, to read and to change field by field. It belongs to this object. */
    refrain_policy &capi() noexcept { return policy_; }
    const refrain_policy &capi() const noexcept { return policy_; }

  private:
    Result<std::size_t> text(char *data, std::size_t size) const noexcept {
        std::size_t length = 0;
        const refrain_status status = refrain_policy_text(&policy_, data, size, &length);
        return detail::counted(status, status == REFRAIN_E_CAPACITY ? length + 1 : length);
    }

    refrain_policy policy_{};
};

/** What is known of the methods, for menus and help. */
struct Method {
    /**
     * Writes a text: `summary`, `rule` as a formula, when another is better (`avoid`), what of it is
     * not here (`unsupported`), what its authors report (`headline`), `citation`, `family`, `evidence`.
     *
     * - `field`: one of these names, ending in a zero.
     * - `room`: the text and a zero; an empty one only asks: needed() of the error tells the size.
     *
     * Returns the bytes of the text without the zero. Errors: REFRAIN_E_RANGE for an unknown method;
     * REFRAIN_E_VALUE for another field; REFRAIN_E_CAPACITY, with needed(); REFRAIN_E_NULL.
     */
    static Result<std::size_t> field(refrain_method method, const char *field,
                                     span<char> room) noexcept {
        std::size_t length = 0;
        const refrain_status status =
            refrain_method_field(uint32_t(method), field, room.data(), room.size(), &length);
        return detail::counted(status, status == REFRAIN_E_CAPACITY ? length + 1 : length);
    }
    /** The text as a string. Errors as above. */
    static Result<std::string> field(refrain_method method, const char *name) {
        return detail::grown<std::string>(
            [&](char *data, std::size_t size) { return field(method, name, {data, size}); }, 1);
    }
};

/** What a calibrated table says of itself. */
struct Table {
    /**
     * Writes a field: `method`, `model`, `checkpoint`, `steps`, `sampler`, `guidance`, `date`, `fit`,
     * `range`, `source`, or a policy key it sets.
     *
     * - `table`, `field`: UTF-8, ending in a zero.
     * - `room`: the text and a zero; an empty one only asks: needed() of the error tells the size.
     *
     * Returns the bytes of the text without the zero. Errors: REFRAIN_E_RANGE if the table does not
     * say; REFRAIN_E_VALUE if it is no table; REFRAIN_E_CAPACITY, with needed(); REFRAIN_E_NULL.
     */
    static Result<std::size_t> field(const char *table, const char *field, span<char> room) noexcept {
        std::size_t length = 0;
        const refrain_status status =
            refrain_table_field(table, field, room.data(), room.size(), &length);
        return detail::counted(status, status == REFRAIN_E_CAPACITY ? length + 1 : length);
    }
    /** The field as a string. Errors as above. */
    static Result<std::string> field(const char *table, const char *name) {
        return detail::grown<std::string>(
            [&](char *data, std::size_t size) { return field(table, name, {data, size}); }, 1);
    }
};

} // namespace REFRAIN_CPP_SPANS
} // namespace refrain

#endif
