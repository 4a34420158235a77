/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Part of refrain.hpp: kernels, for a device of the host's.
 */
#ifndef REFRAIN_KERNELS_HPP
#define REFRAIN_KERNELS_HPP

#include "core.hpp"

#include <array>

namespace refrain {
inline namespace REFRAIN_CPP_SPANS {

/**
 * One kernel of the table: WGSL, its bindings and its constants. Plain data; its texts are static.
 * The library must have the feature kernels (REFRAIN_FEATURE_KERNELS), or it does not link.
 */
class Kernel {
  public:
    /** Kernels in the table. */
    static uint32_t count() noexcept { return refrain_kernel_count(); }

    /** The kernel of a number, 0 to count() - 1. Errors: REFRAIN_E_RANGE. */
    static Result<Kernel> at(uint32_t index) noexcept {
        Kernel made;
        made.index_ = index;
        return detail::result(refrain_kernel_info(index, &made.info_), made);
    }

    /**
     * The kernel of a name.
     *
     * - `name`: UTF-8, ending in a zero.
     *
     * Errors: REFRAIN_E_RANGE if there is none; REFRAIN_E_VALUE if it is not UTF-8; REFRAIN_E_NULL.
     */
    static Result<Kernel> find(const char *name) noexcept {
        uint32_t index = 0;
        const refrain_status status = refrain_kernel_find(name, &index);
        if (status != REFRAIN_OK) return Error(status);
        return at(index);
    }

    /** Its number, which may be another in another version. */
    uint32_t index() const noexcept { return index_; }
    /** Its name. */
    std::string_view name() const noexcept { return detail::view(info_.name); }
    /** What it computes, in one line. */
    std::string_view summary() const noexcept { return detail::view(info_.summary); }
    /** Workgroup, parameter block, numbers of bindings and constants, tolerance. */
    const refrain_kernel &info() const noexcept { return info_; }
    /** The same, as the way to C. */
    const refrain_kernel &capi() const noexcept { return info_; }

    /** Its WGSL, complete in itself. Errors: none for a kernel of the table. */
    Result<std::string_view> source() const noexcept {
        refrain_text text{};
        const refrain_status status = refrain_kernel_source(index_, &text);
        return detail::result(status, detail::view(text));
    }

    /** A storage buffer, 1 to `binding_count`. Errors: REFRAIN_E_RANGE. */
    Result<refrain_binding> binding(uint32_t number) const noexcept {
        refrain_binding binding{};
        const refrain_status status = refrain_kernel_binding(index_, number, &binding);
        return detail::result(status, binding);
    }

    /** The name of a constant, 0 to `constant_count` - 1. Errors: REFRAIN_E_RANGE. */
    Result<std::string_view> constant(uint32_t number) const noexcept {
        refrain_text text{};
        const refrain_status status = refrain_kernel_constant(index_, number, &text);
        return detail::result(status, detail::view(text));
    }

    /** How many variants it has: other kernels for the same operation. Errors: none. */
    Result<uint32_t> variants() const noexcept {
        uint32_t count = 0;
        const refrain_status status = refrain_variant_count(index_, &count);
        return detail::result(status, count);
    }

    /** A variant, 0 to variants() - 1: what it is and needs. Errors: REFRAIN_E_RANGE. */
    Result<refrain_variant> variant(uint32_t number) const noexcept {
        refrain_variant variant{};
        const refrain_status status = refrain_variant_info(index_, number, &variant);
        return detail::result(status, variant);
    }

    /**
     * The workgroups that a variant takes along x, y and z.
     *
     * - `number`: the variant.
     * - `params`: the parameter block of the dispatch, as for the kernel: `params_bytes` bytes.
     * - `constants`: `constant_count` values, in the order of constant().
     *
     * Errors: REFRAIN_E_UNSUPPORTED if it has no text for such a shape or weight format: the kernel of
     * the table serves; REFRAIN_E_RANGE; REFRAIN_E_VALUE for other numbers of bytes or constants.
     */
    Result<std::array<uint32_t, 3>> workgroups(uint32_t number, span<const uint8_t> params,
                                               span<const uint32_t> constants) const noexcept {
        Error error(REFRAIN_OK);
        std::array<uint32_t, 3> counts{};
        const refrain_status status = refrain_variant_workgroups(
            index_, number, params.data(), params.size(), constants.data(), constants.size(),
            counts.data(), error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return counts;
    }

    /**
     * The kernel, or a variant of it, in a shading language, with values for its constants. Needs the
     * feature export.
     *
     * - `language`: the language.
     * - `constants`: `constant_count` values, in the order of constant().
     * - `room`: the code: SPIR-V, or text in UTF-8 without a zero; an empty one only asks: needed()
     *   of the error tells the size.
     *
     * - `variant`: a variant's number, or REFRAIN_NONE for the kernel of the table.
     *
     * Returns the bytes of the code. Errors: REFRAIN_E_CAPACITY, with needed(); REFRAIN_E_RANGE if
     * there is no such variant; REFRAIN_E_VALUE for constants that it does not take;
     * REFRAIN_E_UNSUPPORTED if the language has no word for something in it.
     */
    Result<std::size_t> translate(refrain_language language, span<const uint32_t> constants,
                                  span<uint8_t> room,
                                  uint32_t variant = REFRAIN_NONE) const noexcept {
        return translate(language, constants, room.data(), room.size(), variant);
    }
    /** The code as a vector. Errors as above. */
    Result<std::vector<uint8_t>> translate(refrain_language language,
                                           span<const uint32_t> constants,
                                           uint32_t variant = REFRAIN_NONE) const {
        return detail::grown<std::vector<uint8_t>>([&](uint8_t *data, std::size_t size) {
            return translate(language, constants, data, size, variant);
        });
    }

  private:
    Kernel() noexcept = default;
    Result<std::size_t> translate(refrain_language language, span<const uint32_t> constants,
                                  uint8_t *data, std::size_t size,
                                  uint32_t variant) const noexcept {
        Error error(REFRAIN_OK);
        std::size_t bytes = 0;
        const refrain_status status = refrain_kernel_translate(
            index_, variant, uint32_t(language), constants.data(), constants.size(), data, size, &bytes,
            error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status, bytes);
        return bytes;
    }

    uint32_t index_ = 0;
    refrain_kernel info_{};
};

} // namespace REFRAIN_CPP_SPANS
} // namespace refrain

#endif
