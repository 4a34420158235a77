/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Part of refrain.hpp: models, engines, samplings and single evaluations. The library must have the
 * feature cpu or gpu, or what is used of this file does not link.
 */
#ifndef REFRAIN_RUN_HPP
#define REFRAIN_RUN_HPP

#include <chrono>
#include <memory>

#include "policy.hpp"

namespace refrain {
inline namespace REFRAIN_CPP_SPANS {

class Model;
class Settings;

namespace detail {

/* A time that C takes for a limit: 0 would mean none there. Rounded up, at least a microsecond. */
inline uint64_t limit(std::chrono::nanoseconds time) noexcept {
    return time.count() <= 1000 ? 1 : (uint64_t(time.count()) + 999) / 1000;
}

/* The address of a caller's function object, as C takes it. */
template <class F> void *user(F &callback) noexcept {
    return const_cast<void *>(static_cast<const void *>(std::addressof(callback)));
}

/* What C calls; it calls the function object. What that throws ends the program. */
template <class F>
void progressed(void *user, const refrain_event *event, uint32_t made, uint32_t calls) noexcept {
    (*static_cast<F *>(user))(*event, made, calls);
}
template <class F> void logged(void *user, refrain_message message, const char *text) noexcept {
    (*static_cast<F *>(user))(message, text);
}

} // namespace detail

/** The name of what a message of the log is about. Static. */
inline const char *name(refrain_message message) noexcept { return refrain_message_name(message); }

/** A checkpoint, checked. */
class Model {
  public:
    /** None: every function returns REFRAIN_E_NULL. */
    Model() noexcept = default;
    /** Takes over a model that C made. */
    explicit Model(refrain_model *model) noexcept : object_(model) {}

    /**
     * Reads a checkpoint from a `.safetensors` file.
     *
     * - `path`: UTF-8, ending in a zero.
     * - `options`: what goes before what the file says; NULL leaves everything to the file.
     *
     * Errors, with a message: REFRAIN_E_FILE; REFRAIN_E_FORMAT, naming the tensor; REFRAIN_E_VALUE;
     * REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED, also if the library does not fit the header.
     */
    static Result<Model> open(const char *path, const refrain_model_options *options = nullptr) noexcept {
        if (!compatible()) return detail::incompatible();
        Error error(REFRAIN_OK);
        refrain_model *model = nullptr;
        const refrain_status status =
            refrain_model_open(path, options, &model, error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return Model(model);
    }

    /** The same of the contents of such a file, which are copied. Errors as open(), but REFRAIN_E_FILE. */
    static Result<Model> from_memory(span<const std::byte> bytes,
                                     const refrain_model_options *options = nullptr) noexcept {
        if (!compatible()) return detail::incompatible();
        Error error(REFRAIN_OK);
        refrain_model *model = nullptr;
        const refrain_status status = refrain_model_from_memory(
            bytes.data(), bytes.size(), options, &model, error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return Model(model);
    }

    /** The sizes of the model. Errors: REFRAIN_E_NULL. */
    Result<refrain_model_sizes> info() const noexcept {
        refrain_model_sizes sizes{};
        const refrain_status status = refrain_model_info(capi(), &sizes);
        return detail::result(status, sizes);
    }

    /**
     * Writes the name of a class; its number, if the file has no names.
     *
     * - `number`: 0 to `num_classes` - 1.
     * - `room`: the name and a zero; an empty one only asks: needed() of the error tells the size.
     *
     * Returns the bytes of the name without the zero. Errors: REFRAIN_E_RANGE; REFRAIN_E_CAPACITY.
     */
    Result<std::size_t> class_name(uint32_t number, span<char> room) const noexcept {
        std::size_t length = 0;
        const refrain_status status =
            refrain_model_class_name(capi(), number, room.data(), room.size(), &length);
        return detail::counted(status, status == REFRAIN_E_CAPACITY ? length + 1 : length);
    }
    /** The name as a string. Errors: REFRAIN_E_RANGE. */
    Result<std::string> class_name(uint32_t number) const {
        return detail::grown<std::string>(
            [&](char *data, std::size_t size) { return class_name(number, {data, size}); }, 1);
    }

    /** The number of a class, from its name or its number as text. Errors: REFRAIN_E_RANGE; REFRAIN_E_VALUE. */
    Result<uint32_t> find_class(const char *name) const noexcept {
        uint32_t number = 0;
        const refrain_status status = refrain_model_find_class(capi(), name, &number);
        return detail::result(status, number);
    }

    /** The model, for C. It stays this object's. */
    refrain_model *capi() noexcept { return object_.get(); }
    const refrain_model *capi() const noexcept { return object_.get(); }
    /** Hands it over, to be destroyed with refrain_model_destroy. */
    refrain_model *release() noexcept { return object_.release(); }

  private:
    detail::Handle<refrain_model, refrain_model_destroy> object_;
};

/**
 * What a run is to do: 50 steps, the sampler that fits, guidance 1, every call computed, seed 0. The
 * classes must be given. Values are checked where the settings are used.
 */
class Settings {
  public:
    Settings() noexcept { (void)refrain_settings_default(sizeof settings_, &settings_); }

    /** Sampler steps, at least 1; with DDIM at most 1000. */
    Settings &steps(uint32_t steps) noexcept { settings_.steps = steps; return *this; }
    /** The sampler, in place of the one that fits the model. */
    Settings &sampler(refrain_sampler sampler) noexcept {
        settings_.has_sampler = 1;
        settings_.sampler = sampler;
        return *this;
    }
    /** Classifier-free guidance scale; 1 leaves the unconditional half out. */
    Settings &guidance(float scale) noexcept { settings_.guidance = scale; return *this; }
    /** Seed of the noise. */
    Settings &seed(uint64_t seed) noexcept { settings_.seed = seed; return *this; }
    /** How what the policy keeps is stored. */
    Settings &anchor_format(refrain_anchor_format format) noexcept {
        settings_.anchor_format = format;
        return *this;
    }
    /** When calls are skipped; copied. */
    Settings &policy(const Policy &policy) noexcept {
        policy_ = policy;
        has_policy_ = true;
        return *this;
    }
    /** One picture of this class. */
    Settings &classes(uint32_t one) noexcept { one_ = one; classes_ = {}; return *this; }
    /** A picture of every class. Not copied: they must live as long as the settings are used. */
    Settings &classes(span<const uint32_t> classes) noexcept {
        classes_ = classes;
        one_ = REFRAIN_NONE;
        return *this;
    }
    /**
     * Where the pictures start from, in place of the seed's noise: channels * rows * columns values a
     * picture, of variance 1. Not copied: they must live as long as the settings are used.
     */
    Settings &latents(span<const float> latents) noexcept { latents_ = latents; return *this; }

    /**
     * Bytes that a run would take, before anything of it is made.
     *
     * - `backend`: where it would run.
     *
     * Errors: REFRAIN_E_VALUE with a message if the settings do not fit the model, or for a backend
     * that is not there; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL.
     */
    Result<refrain_memory> memory(const Model &model, refrain_backend backend) const noexcept {
        Error error(REFRAIN_OK);
        refrain_memory memory{};
        const refrain_settings settings = capi();
        const refrain_status status =
            refrain_settings_memory(model.capi(), &settings, uint32_t(backend), &memory,
                                    error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return memory;
    }

    /** The settings, for C. They point into this object, which must stay where it is meanwhile. */
    refrain_settings capi() const noexcept {
        refrain_settings settings = settings_;
        settings.policy = has_policy_ ? &policy_.capi() : nullptr;
        const bool one = one_ != REFRAIN_NONE;
        settings.classes = one ? &one_ : classes_.data();
        settings.class_count = one ? 1 : uint32_t(classes_.size());
        settings.latents = latents_.data();
        settings.latent_count = latents_.size();
        return settings;
    }

  private:
    refrain_settings settings_{};
    Policy policy_;
    bool has_policy_ = false;
    uint32_t one_ = REFRAIN_NONE;
    span<const uint32_t> classes_;
    span<const float> latents_;
};

/** A model prepared on a device; it may serve samplings on several threads at once. */
class Engine {
  public:
    /** None: every function returns REFRAIN_E_NULL. */
    Engine() noexcept = default;
    /** Takes over an engine that C made. */
    explicit Engine(refrain_engine *engine) noexcept : object_(engine) {}

    /**
     * Prepares a model, which may be destroyed afterwards.
     *
     * Errors, with a message: REFRAIN_E_DEVICE if there is no such device or it cannot hold the model;
     * REFRAIN_E_UNSUPPORTED if the library was built without that backend; REFRAIN_E_VALUE;
     * REFRAIN_E_NULL.
     */
    static Result<Engine> create(const Model &model,
                                 refrain_backend backend = REFRAIN_BACKEND_AUTO) noexcept {
        Error error(REFRAIN_OK);
        refrain_engine *engine = nullptr;
        const refrain_status status = refrain_engine_create(
            model.capi(), uint32_t(backend), &engine, error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return Engine(engine);
    }

    /**
     * Writes the name of the device.
     *
     * - `room`: the name and a zero; an empty one only asks: needed() of the error tells the size.
     *
     * Returns the bytes of the name without the zero. Errors: REFRAIN_E_CAPACITY; REFRAIN_E_NULL.
     */
    Result<std::size_t> device_name(span<char> room) const noexcept {
        std::size_t length = 0;
        const refrain_status status =
            refrain_engine_device_name(capi(), room.data(), room.size(), &length);
        return detail::counted(status, status == REFRAIN_E_CAPACITY ? length + 1 : length);
    }
    /** The name as a string. Errors: REFRAIN_E_NULL. */
    Result<std::string> device_name() const {
        return detail::grown<std::string>(
            [&](char *data, std::size_t size) { return device_name({data, size}); }, 1);
    }

    /**
     * Has `callback(refrain_message, const char *)` called with messages of the engine and its runs, on
     * the thread of the function that has something to say, by several at once if several use the
     * engine; first with those from when it was made. Nothing is allocated.
     *
     * - `callback`: a function object that lives as long as the engine and its runs. What it throws
     *   ends the program; it must not use the run that it hears from.
     *
     * Errors: REFRAIN_E_NULL.
     */
    template <class F> Result<void> on_message(F &callback) const noexcept {
        static_assert(std::is_invocable_v<F &, refrain_message, const char *>,
                      "it is called with a refrain_message and a const char *");
        return detail::result(
            refrain_engine_set_log(capi(), detail::logged<F>, detail::user(callback)));
    }
    template <class F> Result<void> on_message(const F &&) const = delete;
    /** Has nothing called any more. Errors: REFRAIN_E_NULL. */
    Result<void> on_message(std::nullptr_t) const noexcept {
        return detail::result(refrain_engine_set_log(capi(), nullptr, nullptr));
    }

    /** Which GPU kernels were measured to be fastest; empty on the CPU. Errors: REFRAIN_E_NULL. */
    Result<std::string> tuning() const {
        return detail::grown<std::string>(
            [&](char *data, std::size_t size) {
                std::size_t length = 0;
                const refrain_status status = refrain_engine_tuning(capi(), data, size, &length);
                return detail::counted(status, status == REFRAIN_E_CAPACITY ? length + 1 : length);
            },
            1);
    }
    /**
     * Takes what tuning() gave on an earlier day.
     *
     * Errors: REFRAIN_E_VALUE with a message if it is of another version, adapter or driver: nothing
     * of it is taken then; REFRAIN_E_NULL.
     */
    Result<void> remember_tuning(const char *text) const noexcept {
        Error error(REFRAIN_OK);
        const refrain_status status =
            refrain_engine_remember_tuning(capi(), text, error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return {};
    }

    /** The engine, for C. It stays this object's. */
    refrain_engine *capi() noexcept { return object_.get(); }
    const refrain_engine *capi() const noexcept { return object_.get(); }
    /** Hands it over, to be destroyed with refrain_engine_destroy. */
    refrain_engine *release() noexcept { return object_.release(); }

  private:
    detail::Handle<refrain_engine, refrain_engine_destroy> object_;
};

/** What one advance of a run did. */
struct Advance {
    /** What was done, by the last call. */
    refrain_event event;
    /** Calls that are left; with 0 the pictures are done. */
    uint32_t left;
};

/** What a slice of a run did. */
struct Slice {
    /** Calls that were finished. */
    uint32_t made;
    /** Calls that are left, with the one that is cut; with 0 the pictures are done. */
    uint32_t left;
};

/** A run that makes pictures, one call of the network at a time. */
class Sampling {
  public:
    /** None: every function returns REFRAIN_E_NULL. */
    Sampling() noexcept = default;
    /** Takes over a run that C made. */
    explicit Sampling(refrain_sampling *sampling) noexcept : object_(sampling) {}

    /**
     * Starts a run. All memory it needs is taken here. The engine may be destroyed while it goes on.
     *
     * Errors, with a message: REFRAIN_E_VALUE if the settings do not fit the model; REFRAIN_E_DEVICE if
     * the device cannot hold the run; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL.
     */
    static Result<Sampling> create(const Engine &engine, const Settings &settings) noexcept {
        Error error(REFRAIN_OK);
        refrain_sampling *sampling = nullptr;
        const refrain_settings all = settings.capi();
        const refrain_status status = refrain_sampling_create(engine.capi(), &all, &sampling,
                                                              error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return Sampling(sampling);
    }

    /**
     * Goes on with a run that save() made bytes of, with its settings, on any device.
     *
     * - `bytes`: all that was saved.
     *
     * Errors, with a message: REFRAIN_E_FORMAT if they are no saved run, of another version or model,
     * or damaged; REFRAIN_E_DEVICE if the device cannot hold the run; REFRAIN_E_NULL.
     */
    static Result<Sampling> resume(const Engine &engine, span<const uint8_t> bytes) noexcept {
        Error error(REFRAIN_OK);
        refrain_sampling *sampling = nullptr;
        const refrain_status status = refrain_sampling_resume(
            engine.capi(), bytes.data(), bytes.size(), &sampling, error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return Sampling(sampling);
    }

    /**
     * Writes the run as bytes, to go on with it after the program was ended or on another device.
     *
     * - `room`: the bytes; an empty one only asks: needed() of the error tells the size.
     *
     * Returns how many. Errors: REFRAIN_E_CAPACITY, with needed(); REFRAIN_E_ORDER within a call;
     * REFRAIN_E_DEVICE; REFRAIN_E_NULL.
     */
    Result<std::size_t> save(span<uint8_t> room) noexcept { return save(room.data(), room.size()); }
    /** The bytes as a vector. Errors as above. */
    Result<std::vector<uint8_t>> save() {
        return detail::grown<std::vector<uint8_t>>(
            [&](uint8_t *data, std::size_t size) { return save(data, size); });
    }

    /**
     * Has the device decide the calls that are left; advance() then makes `calls` at once, 0 for all.
     *
     * Errors: REFRAIN_E_VALUE with a message if the run is not on a GPU or its policy is none that the
     * device decides: the host then goes on to decide; REFRAIN_E_DEVICE; REFRAIN_E_UNSUPPORTED.
     */
    Result<void> decide_on_device(uint32_t calls = 0) noexcept {
        Error error(REFRAIN_OK);
        const refrain_status status =
            refrain_sampling_decide_on_device(capi(), calls, error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return {};
    }

    /**
     * Makes one call of the network, or stands in for it: one step of the sampler.
     *
     * Errors: REFRAIN_E_ORDER if no call was left; REFRAIN_E_DEVICE with a message if the device failed,
     * and it may be tried again; REFRAIN_E_NULL.
     */
    Result<Advance> advance() noexcept {
        Error error(REFRAIN_OK);
        Advance made{};
        const refrain_status status = refrain_sampling_advance(capi(), &made.event, &made.left,
                                                               error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return made;
    }

    /**
     * Goes on for a while and comes back. The pictures are the same, bit for bit, however the run is
     * cut. At least one kernel is run, and one may take longer than the limit.
     *
     * - `time`: to come back after, rounded up to microseconds. 0 or less runs one kernel.
     * - `commands`: kernels and copies to run at most; 0 for no limit on them.
     *
     * Errors as advance().
     */
    Result<Slice> advance_slice(std::chrono::nanoseconds time, uint32_t commands = 0) noexcept {
        return slice(detail::limit(time), commands);
    }
    /** The same with a limit on commands alone, at least 1. */
    Result<Slice> advance_commands(uint32_t commands) noexcept {
        return slice(0, commands == 0 ? 1 : commands);
    }

    /** Gives up what was done of the call that a slice has cut. Its step is made anew. Errors: REFRAIN_E_NULL. */
    Result<void> cancel() noexcept { return detail::result(refrain_sampling_cancel(capi())); }

    /**
     * Has `callback(const refrain_event &, uint32_t made, uint32_t calls)` called after every call, from
     * within advance() or advance_slice() and on their thread. Nothing is allocated.
     *
     * - `callback`: a function object that lives as long as the run, or until on_progress(nullptr).
     *   What it throws ends the program; it must not use the run.
     *
     * Errors: REFRAIN_E_NULL.
     */
    template <class F> Result<void> on_progress(F &callback) noexcept {
        static_assert(std::is_invocable_v<F &, const refrain_event &, uint32_t, uint32_t>,
                      "it is called with an event, the calls made and the calls of the run");
        return detail::result(
            refrain_sampling_set_progress(capi(), detail::progressed<F>, detail::user(callback)));
    }
    template <class F> Result<void> on_progress(const F &&) = delete;
    /** Has nothing called any more. Errors: REFRAIN_E_NULL. */
    Result<void> on_progress(std::nullptr_t) noexcept {
        return detail::result(refrain_sampling_set_progress(capi(), nullptr, nullptr));
    }

    /**
     * Writes a picture as it is now, as 8-bit red, green and blue, row by row from the top.
     *
     * - `picture`: 0 to the number of classes - 1.
     * - `rgb`: 3 * side * side bytes; an empty one only asks: needed() of the error tells the size.
     *
     * Returns the bytes written. Errors: REFRAIN_E_CAPACITY; REFRAIN_E_RANGE; REFRAIN_E_UNSUPPORTED if
     * the model does not draw in RGB: decode what latents() gives; REFRAIN_E_NULL.
     */
    Result<std::size_t> image(uint32_t picture, span<uint8_t> rgb) const noexcept {
        std::size_t bytes = 0;
        const refrain_status status =
            refrain_sampling_image(capi(), picture, rgb.data(), rgb.size(), &bytes);
        return detail::counted(status, bytes);
    }
    /** The picture as a vector. Errors as above. */
    Result<std::vector<uint8_t>> image(uint32_t picture) const {
        return detail::grown<std::vector<uint8_t>>(
            [&](uint8_t *data, std::size_t size) { return image(picture, {data, size}); });
    }

    /**
     * Writes the latents of a picture as they are now: channels, rows, columns.
     *
     * - `values`: channels * rows * columns of them; an empty one only asks.
     *
     * Returns the values written. Errors: REFRAIN_E_CAPACITY; REFRAIN_E_RANGE; REFRAIN_E_NULL.
     */
    Result<std::size_t> latents(uint32_t picture, span<float> values) const noexcept {
        std::size_t count = 0;
        const refrain_status status =
            refrain_sampling_latents(capi(), picture, values.data(), values.size(), &count);
        return detail::counted(status, count);
    }
    /** The latents as a vector. Errors as above. */
    Result<std::vector<float>> latents(uint32_t picture) const {
        return detail::grown<std::vector<float>>(
            [&](float *data, std::size_t size) { return latents(picture, {data, size}); });
    }

    /** What happened so far. Errors: REFRAIN_E_NULL. */
    Result<refrain_stats> stats() const noexcept {
        refrain_stats stats{};
        const refrain_status status = refrain_sampling_stats(capi(), &stats);
        return detail::result(status, stats);
    }
    /** That the policy cannot skip on so few steps, or did not. Errors: REFRAIN_E_NULL. */
    Result<refrain_notice> notice() const noexcept {
        refrain_notice notice = REFRAIN_NOTICE_NONE;
        const refrain_status status = refrain_sampling_notice(capi(), &notice);
        return detail::result(status, notice);
    }
    /** An event of the run so far, 0 to calls made * lanes - 1. Errors: REFRAIN_E_RANGE; REFRAIN_E_NULL. */
    Result<refrain_event> event(uint32_t index) const noexcept {
        refrain_event event{};
        const refrain_status status = refrain_sampling_event(capi(), index, &event);
        return detail::result(status, event);
    }
    /**
     * Writes the trace of the run so far, a letter an event.
     *
     * - `room`: the text and a zero; an empty one only asks: needed() of the error tells the size.
     *
     * Returns the bytes of the text without the zero. Errors: REFRAIN_E_CAPACITY; REFRAIN_E_NULL.
     */
    Result<std::size_t> trace(span<char> room) const noexcept {
        std::size_t length = 0;
        const refrain_status status =
            refrain_sampling_trace(capi(), room.data(), room.size(), &length);
        return detail::counted(status, status == REFRAIN_E_CAPACITY ? length + 1 : length);
    }
    /** The trace as a string. Errors: REFRAIN_E_NULL. */
    Result<std::string> trace() const {
        return detail::grown<std::string>(
            [&](char *data, std::size_t size) { return trace({data, size}); }, 1);
    }
    /** Bytes that the run takes on its device. Errors: REFRAIN_E_NULL. */
    Result<refrain_memory> memory() const noexcept {
        refrain_memory memory{};
        const refrain_status status = refrain_sampling_memory(capi(), &memory);
        return detail::result(status, memory);
    }

    /** The run, for C. It stays this object's. */
    refrain_sampling *capi() noexcept { return object_.get(); }
    const refrain_sampling *capi() const noexcept { return object_.get(); }
    /** Hands it over, to be destroyed with refrain_sampling_destroy. */
    refrain_sampling *release() noexcept { return object_.release(); }

  private:
    Result<std::size_t> save(uint8_t *data, std::size_t size) noexcept {
        Error error(REFRAIN_OK);
        std::size_t needed = 0;
        const refrain_status status =
            refrain_sampling_save(capi(), data, size, &needed, error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status, needed);
        return needed;
    }
    Result<Slice> slice(uint64_t microseconds, uint32_t commands) noexcept {
        Error error(REFRAIN_OK);
        Slice made{};
        const refrain_status status =
            refrain_sampling_advance_slice(capi(), microseconds, commands, &made.made, &made.left,
                                           error.text(), Error::capacity);
        if (status != REFRAIN_OK) return error.with(status);
        return made;
    }

    detail::Handle<refrain_sampling, refrain_sampling_destroy> object_;
};

} // namespace REFRAIN_CPP_SPANS
} // namespace refrain

#endif
