/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Part of refrain.hpp: spans, results, the library's version and names.
 */
#ifndef REFRAIN_CORE_HPP
#define REFRAIN_CORE_HPP

#include <refrain.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#if __cplusplus >= 202002L || (defined(_MSVC_LANG) && _MSVC_LANG >= 202002L)
#include <span>
#define REFRAIN_CPP_SPANS std_spans
#else
#define REFRAIN_CPP_SPANS own_spans
#endif

/* A name of its own for either kind of span, so that files of one program may be compiled as C++17
   and as C++20. */
namespace refrain {
inline namespace REFRAIN_CPP_SPANS {

#if __cplusplus >= 202002L || (defined(_MSVC_LANG) && _MSVC_LANG >= 202002L)
/** Values that lie one after the other and belong to somebody else. */
template <class T> using span = std::span<T>;
#else
/** Values that lie one after the other and belong to somebody else; as std::span of C++20. */
template <class T> class span {
  public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using iterator = T *;

    /** No values. */
    constexpr span() noexcept = default;
    /** `size` values from `data` on. */
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    /** All of an array. */
    template <std::size_t N> constexpr span(T (&array)[N]) noexcept : data_(array), size_(N) {}
    /** All of a container that has data() and size(). */
    template <class C, class Data = decltype(std::declval<C &>().data()),
              class Size = decltype(std::declval<C &>().size()),
              class = std::enable_if_t<
                  std::is_convertible_v<std::remove_pointer_t<Data> (*)[], T (*)[]>
                  && std::is_convertible_v<Size, std::size_t>
                  && (std::is_lvalue_reference_v<C> || std::is_const_v<T>)>>
    constexpr span(C &&container) noexcept : data_(container.data()), size_(container.size()) {}

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr std::size_t size_bytes() const noexcept { return size_ * sizeof(T); }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &front() const noexcept { return data_[0]; }
    constexpr T &back() const noexcept { return data_[size_ - 1]; }
    /** Value `index`, which must be below size(). */
    constexpr T &operator[](std::size_t index) const noexcept { return data_[index]; }
    /** The first `count` values; there must be so many. */
    constexpr span first(std::size_t count) const noexcept { return {data_, count}; }
    /** The last `count` values; there must be so many. */
    constexpr span last(std::size_t count) const noexcept { return {data_ + (size_ - count), count}; }
    /** `count` values from `offset` on, or all that are left. */
    constexpr span subspan(std::size_t offset, std::size_t count = std::size_t(-1)) const noexcept {
        return {data_ + offset, count == std::size_t(-1) ? size_ - offset : count};
    }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};
#endif

/** Why something failed. Plain data: it may be copied and kept. */
class Error {
  public:
    /** Room for the text, with its zero. */
    static constexpr std::size_t capacity = 240;

    /** A status with a text, of which what goes beyond the capacity is cut off. */
    explicit Error(refrain_status status, const char *text = "") noexcept : status_(status) {
        std::size_t length = std::strlen(text);
        if (length > capacity - 1) length = capacity - 1;
        std::memcpy(text_, text, length);
        text_[length] = 0;
    }

    /** What kind of thing went wrong; never REFRAIN_OK. */
    refrain_status status() const noexcept { return status_; }
    /** The name of the status, such as "REFRAIN_E_ORDER". The text is static. */
    const char *name() const noexcept { return refrain_status_name(status_); }
    /** One line for a person: the key, the value and the range; the name if there is no more to say. */
    const char *message() const noexcept { return text_[0] ? text_ : name(); }
    /** With REFRAIN_E_CAPACITY: the size that is needed. Else 0. */
    std::size_t needed() const noexcept { return needed_; }

    /** The text, for a C function to write to: `capacity` bytes. */
    char *text() noexcept { return text_; }
    /** The same error with another status. */
    Error &with(refrain_status status, std::size_t needed = 0) noexcept {
        status_ = status;
        needed_ = status == REFRAIN_E_CAPACITY ? needed : 0;
        return *this;
    }

  private:
    refrain_status status_;
    std::size_t needed_ = 0;
    char text_[capacity] = {0};
};

/** A value, or why there is none. */
template <class T> class [[nodiscard]] Result {
  public:
    using value_type = T;

    Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    Result(const Error &error) : held_(std::in_place_index<1>, error) {}

    /** Whether there is a value. */
    explicit operator bool() const noexcept { return held_.index() == 0; }
    /** REFRAIN_OK, or what went wrong. */
    refrain_status status() const noexcept { return *this ? REFRAIN_OK : error().status(); }
    /** Why there is no value. There must be none. */
    const Error &error() const noexcept { return *must(std::get_if<1>(&held_)); }

    /** The value. If there is none, the program ends with the error's message on stderr. */
    T &value() & noexcept { return *must(std::get_if<0>(&held_)); }
    const T &value() const & noexcept { return *must(std::get_if<0>(&held_)); }
    T &&value() && noexcept { return std::move(value()); }
    T &operator*() & noexcept { return value(); }
    const T &operator*() const & noexcept { return value(); }
    T &&operator*() && noexcept { return std::move(value()); }
    T *operator->() noexcept { return &value(); }
    const T *operator->() const noexcept { return &value(); }
    /** The value, or `other`. */
    T value_or(T other) && { return *this ? std::move(value()) : std::move(other); }
    T value_or(T other) const & { return *this ? value() : std::move(other); }

  private:
    template <class P> P *must(P *pointer) const noexcept {
        if (pointer) return pointer;
        const Error *error = std::get_if<1>(&held_);
        std::fprintf(stderr, "refrain: %s\n", error ? error->message() : "error() of a value");
        std::abort();
    }
    std::variant<T, Error> held_;
};

/** Done, or why not. */
template <> class [[nodiscard]] Result<void> {
  public:
    using value_type = void;

    Result() noexcept : error_(REFRAIN_OK) {}
    Result(const Error &error) noexcept : error_(error) {}

    /** Whether it was done. */
    explicit operator bool() const noexcept { return error_.status() == REFRAIN_OK; }
    /** REFRAIN_OK, or what went wrong. */
    refrain_status status() const noexcept { return error_.status(); }
    /** Why it was not done. */
    const Error &error() const noexcept { return error_; }
    /** Nothing. If it was not done, the program ends with the error's message on stderr. */
    void value() const noexcept {
        if (*this) return;
        std::fprintf(stderr, "refrain: %s\n", error_.message());
        std::abort();
    }

  private:
    Error error_;
};

namespace detail {

/* The value of a call that says what it was, or its error. */
template <class T> Result<T> result(refrain_status status, T value) {
    if (status != REFRAIN_OK) return Error(status);
    return Result<T>(std::move(value));
}
inline Result<void> result(refrain_status status) {
    if (status != REFRAIN_OK) return Error(status);
    return {};
}
/* How much of a span was written. */
inline Result<std::size_t> counted(refrain_status status, std::size_t count) {
    if (status != REFRAIN_OK) return Error(status).with(status, count);
    return count;
}

/* Calls `fill(data, capacity)` for the size, then for the contents. */
template <class Container, class Fill> Result<Container> grown(const Fill &fill, std::size_t extra = 0) {
    Result<std::size_t> size = fill(nullptr, std::size_t(0));
    if (!size && size.status() != REFRAIN_E_CAPACITY) return size.error();
    Container room;
    room.resize((size ? *size : size.error().needed()) + extra);
    size = fill(room.data(), room.size());
    if (!size) return size.error();
    room.resize(*size);
    return Result<Container>(std::move(room));
}

/* An object that C destroys. */
template <class T, void (*Destroy)(T *)> class Handle {
  public:
    Handle() noexcept = default;
    explicit Handle(T *object) noexcept : object_(object) {}
    Handle(Handle &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Handle &operator=(Handle &&other) noexcept {
        if (this != &other) {
            Destroy(object_);
            object_ = std::exchange(other.object_, nullptr);
        }
        return *this;
    }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    ~Handle() { Destroy(object_); }

    T *get() noexcept { return object_; }
    const T *get() const noexcept { return object_; }
    T *release() noexcept { return std::exchange(object_, nullptr); }

  private:
    T *object_ = nullptr;
};

inline std::string_view view(refrain_text text) noexcept { return {text.data, text.length}; }

} // namespace detail

/** Whether the library that is linked or loaded fits this header. Asked of the library once. */
inline bool compatible() noexcept {
    static const bool same = refrain_abi_version() == REFRAIN_ABI_VERSION;
    return same;
}

namespace detail {

/* What every object is refused with that a library of another interface would make. */
inline Error incompatible() noexcept {
    return Error(REFRAIN_E_UNSUPPORTED, "the library has another binary interface than the header");
}

} // namespace detail

/** What the library is. */
struct Library {
    /** Such as "0.1.0". The text is static. */
    static const char *version() noexcept { return refrain_version_string(); }
    /** As REFRAIN_VERSION_NUMBER has it for the header. */
    static uint32_t version_number() noexcept { return refrain_version_number(); }
    /** REFRAIN_FEATURE_... bits. */
    static uint32_t features() noexcept { return refrain_features(); }
    /** Whether all of these REFRAIN_FEATURE_... bits are there. */
    static bool has(uint32_t bits) noexcept { return (refrain_features() & bits) == bits; }
};

/** Names, as traces, texts and command lines have them; "unknown" for other numbers. All static. */
inline const char *name(refrain_status status) noexcept { return refrain_status_name(status); }
inline const char *name(refrain_action action) noexcept { return refrain_action_name(action); }
inline const char *name(refrain_reason reason) noexcept { return refrain_reason_name(reason); }
inline const char *name(refrain_signal signal) noexcept { return refrain_signal_name(signal); }
inline const char *name(refrain_reference kind) noexcept { return refrain_reference_name(kind); }
inline const char *name(refrain_metric metric) noexcept { return refrain_metric_name(metric); }
inline const char *name(refrain_filter filter) noexcept { return refrain_filter_name(filter); }
inline const char *name(refrain_wants wants) noexcept { return refrain_wants_name(wants); }
inline const char *name(refrain_notice notice) noexcept { return refrain_notice_name(notice); }
inline const char *name(refrain_method method) noexcept { return refrain_method_name(method); }
inline const char *name(refrain_unit unit) noexcept { return refrain_unit_name(unit); }
/** The letter of an action in a trace: C, r, p or v. */
inline char letter(refrain_action action) noexcept { return refrain_action_letter(action); }

} // namespace REFRAIN_CPP_SPANS
} // namespace refrain

#endif
