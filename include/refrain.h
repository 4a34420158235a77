/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Generated from src/capi by `cargo test --features capi --test header`. Do not edit.
 *
 * refrain: diffusion caching for engines of your own
 * ==================================================
 *
 * A diffusion transformer is evaluated 20 to 250 times per picture, and neighbouring evaluations are
 * nearly the same. A scheduler tells, call by call, whether to compute the network or to take what was
 * kept of earlier calls, and with which weights. Your program keeps its loop, its memory, its device
 * and its frame.
 *
 * Rules
 * -----
 * 1. Names are `refrain_<object>_<verb>`. The object comes first, then inputs, then outputs, which end
 *    in `_out`; a buffer is followed by its size. Outputs are never read, and written only if the
 *    function returns REFRAIN_OK; but with REFRAIN_E_CAPACITY the size needed is written. After an
 *    error the object is as it was.
 * 2. Functions return a `refrain_status`: 0, or a negative number. Functions that look up a static
 *    value return that.
 * 3. Every pointer is checked: NULL is REFRAIN_E_NULL unless it is called optional, a pointer that is
 *    not aligned is REFRAIN_E_MEMORY. A pointer whose count is 0 is not looked at.
 * 4. What is passed as `const T *` may be used by any number of threads at once, what is passed as
 *    `T *` by one at a time. There is no global and no thread-local state.
 * 5. Schedulers live in memory you give and need no destroying. Objects with `_create` or `_open` own
 *    memory or a device and have one `_destroy`, which takes NULL.
 *
 * A program
 * ---------
 * This one prints which of 20 steps are computed (C) and predicted (p):
 *
 *     #include <refrain.h>
 *     #include <stdio.h>
 *     #include <stdlib.h>
 *
 *     int main(void) {
 *         refrain_policy policy;
 *         refrain_scheduler *scheduler;
 *         char why[160] = "out of memory";
 *         size_t bytes;
 *         void *memory;
 *         uint32_t step;
 *         if (refrain_policy_parse("taylorseer:interval=3", sizeof policy, &policy, why, sizeof why)
 *             || refrain_scheduler_size(1, &bytes) || !(memory = malloc(bytes))
 *             || refrain_scheduler_init(memory, bytes, &policy, 20, 1, 1, &scheduler, why, sizeof why)) {
 *             fprintf(stderr, "%s\n", why);
 *             return 1;
 *         }
 *         for (step = 0; step < 20; step++) {
 *             refrain_call call = {0, 0, 0, 0, 0.0};
 *             refrain_decision todo;
 *             call.step = step;
 *             if (refrain_scheduler_begin(scheduler, &call, &todo)) return 1;
 *             // Here REFRAIN_ACTION_COMPUTE runs the network and keeps its features in slot todo.slot;
 *             // anything else adds up the kept features times todo.weights.
 *             if (refrain_scheduler_commit(scheduler, todo.lane, NULL, 0, NULL)) return 1;
 *             putchar(refrain_action_letter(todo.action));
 *         }
 *         free(memory);
 *         return putchar('\n') == EOF;
 *     }
 *
 * A policy that measures something has `todo.needs` above 0: measure what `todo.signal` and
 * `todo.reference` say (refrain_cpu_relative_l1, or on your device) and call refrain_scheduler_decide.
 *
 * Objects
 * -------
 *     policy      refrain_policy        plain data: when to skip, and how to fill in
 *     scheduler   refrain_scheduler     decides a run; in your memory
 *     predictor   refrain_predictor     the weights alone, without a scheduler
 *     cpu         float buffers         measurements and the blend, in plain loops
 *     kernel      refrain_kernel        WGSL text and bindings, for a device of yours   (kernels)
 *     model       refrain_model         a checkpoint                                    (cpu or gpu)
 *     engine      refrain_engine        a model prepared on a device                    (cpu or gpu)
 *     sampling    refrain_sampling      a run that makes pictures, call by call         (cpu or gpu)
 *
 * The last column names the feature a library must have been built with for these functions to be
 * there; refrain_features tells at run time.
 *
 * Memory
 * ------
 * Policy, scheduler, predictor and cpu functions allocate nothing. A scheduler wants
 * refrain_scheduler_size(lanes) bytes, never more than REFRAIN_SCHEDULER_MAX_BYTES(lanes), aligned to
 * REFRAIN_ALIGNMENT; malloc does that on 64-bit systems. Its bytes may be copied. What kernel functions
 * hand out is static. Models, engines and samplings allocate on the heap and on the device, most of it
 * in _open and _create; a program whose heap is exhausted ends there, as programs in Rust do.
 *
 * Threads
 * -------
 * Rule 4 is all. One scheduler per thread, or a lock around it. A `const refrain_engine *` may serve
 * samplings on several threads at once.
 *
 * Errors
 * ------
 * A status says what kind of thing went wrong; where a person may have typed the cause, the function
 * takes `message` and `message_capacity`: if it fails, one line saying which key, value and range goes
 * there, cut to the capacity, ending in a zero. `message` may be NULL.
 *
 * A defect in the library that would end a Rust program is caught and returned as REFRAIN_E_PANIC (in
 * builds with the feature std); the object is unusable from then on. No caller's error is known to
 * cause it.
 *
 * A signal that is missing or not a number is no error: the call is computed, and the reason says so.
 *
 * Versions
 * --------
 * REFRAIN_ABI_VERSION changes only if programs built against an older header could break. Structs that
 * are handed in begin with `struct_size`: programs built against an older or a newer header work as
 * long as they use nothing that the library does not know. Numbers of enums are never reused. The same
 * policy and signals give the same decisions in every version with the same REFRAIN_ABI_VERSION, except
 * where a release note calls a difference a fixed defect.
 *
 * Linking
 * -------
 *     cargo rustc --release --lib --features capi --crate-type staticlib     target/release/librefrain.a
 *     cargo rustc --release --lib --features capi --crate-type cdylib        target/release/librefrain.so
 *
 * The decide layer alone: add --no-default-features --features capi,std. With the static library, on
 * Linux: cc program.c -Iinclude target/release/librefrain.a -lm -lpthread -ldl
 */

#ifndef REFRAIN_H
#define REFRAIN_H

#include <stddef.h>
#include <stdint.h>

#define REFRAIN_VERSION_MAJOR 0
#define REFRAIN_VERSION_MINOR 1
#define REFRAIN_VERSION_PATCH 0
#define REFRAIN_VERSION_NUMBER                                                                     \
    (((uint32_t)REFRAIN_VERSION_MAJOR << 24) | ((uint32_t)REFRAIN_VERSION_MINOR << 12) |           \
     (uint32_t)REFRAIN_VERSION_PATCH)

/* Bytes that a scheduler of so many lanes never exceeds, for static memory. */
#define REFRAIN_SCHEDULER_MAX_BYTES(lanes)                                                         \
    (REFRAIN_SCHEDULER_BASE_BYTES + (size_t)(lanes) * REFRAIN_LANE_BYTES)

/* Define REFRAIN_DLL to use the dynamic library on Windows. */
#ifndef REFRAIN_API
#if defined(_WIN32) && defined(REFRAIN_DLL)
#define REFRAIN_API __declspec(dllimport)
#else
#define REFRAIN_API
#endif
#endif

/**
 * Number of the binary interface. It changes only when a program built against an older header
 * could break; compare it with `refrain_abi_version()` when the library is loaded at run time.
 */
#define REFRAIN_ABI_VERSION 1

/** In `refrain_features`: the standard library is in; panics are caught. */
#define REFRAIN_FEATURE_STD 1

/** In `refrain_features`: the `refrain_kernel_...` functions are there. */
#define REFRAIN_FEATURE_KERNELS 2

/** In `refrain_features`: models and runs are there, on the CPU. */
#define REFRAIN_FEATURE_CPU 4

/** In `refrain_features`: models and runs are there, on the GPU. */
#define REFRAIN_FEATURE_GPU 8

/** Coefficients of a rescaling polynomial. */
#define REFRAIN_MAX_COEFFICIENTS 6

/** Longest calibrated curve, in values. */
#define REFRAIN_MAX_CURVE 128

/** Words of a step mask of 1024 steps. */
#define REFRAIN_MASK_WORDS 32

/** Alignment of the memory that objects are initialised in, in bytes. */
#define REFRAIN_ALIGNMENT 16

/** Most lanes of one scheduler. */
#define REFRAIN_MAX_LANES 65536

/** The slot of a decision that writes no anchor. */
#define REFRAIN_NO_SLOT 4294967295

/** Bytes that a scheduler never exceeds beside its lanes. */
#define REFRAIN_SCHEDULER_BASE_BYTES 4096

/** Bytes that one lane never exceeds. */
#define REFRAIN_LANE_BYTES 1024

/** Most anchors a predictor uses, and so most slots of a ring. */
#define REFRAIN_MAX_ANCHORS 8

/**
 * What a function returns: 0 if it did what it was asked, else a negative number. After an error
 * outputs are as they were, and so is the object unless the function says otherwise.
 */
enum refrain_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Done. */
    REFRAIN_OK = 0,
    /** A pointer that is not optional is NULL. */
    REFRAIN_E_NULL = -1,
    /**
     * `struct_size` is smaller than any released version of the struct, or beyond 65536: the
     * struct was not initialised.
     */
    REFRAIN_E_CONFIG_SIZE = -2,
    /**
     * The struct is of a newer version and uses what this library does not know, or a reserved
     * field is not zero.
     */
    REFRAIN_E_UNSUPPORTED = -3,
    /** A value is out of its range, has no effect beside the others, or does not fit them. */
    REFRAIN_E_VALUE = -4,
    /** Memory is too small or not aligned, or the object in it was never initialised. */
    REFRAIN_E_MEMORY = -5,
    /**
     * Calls are out of order: a call is begun twice, decided or committed without being begun, or
     * earlier than the last one.
     */
    REFRAIN_E_ORDER = -6,
    /** A lane, step, evaluation, index or picture that does not exist. */
    REFRAIN_E_RANGE = -7,
    /** The caller's buffer is too small. The size needed is written, alone of all outputs. */
    REFRAIN_E_CAPACITY = -8,
    /**
     * Saved bytes or a checkpoint cannot be read: another format or version, damaged, or saved
     * under another policy.
     */
    REFRAIN_E_FORMAT = -9,
    /** The device refused: no adapter, no memory, or it was lost. */
    REFRAIN_E_DEVICE = -10,
    /** A file cannot be read. */
    REFRAIN_E_FILE = -11,
    /**
     * A defect of the library was caught. The object is unusable from now on: every function on it
     * returns this, except those that reset, initialise or destroy it.
     */
    REFRAIN_E_PANIC = -99,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_status refrain_status;
#else
typedef int32_t refrain_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** How a kernel uses a storage binding. */
enum refrain_access
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Only read. */
    REFRAIN_ACCESS_READ = 0,
    /** Written, never read. */
    REFRAIN_ACCESS_WRITE = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_access refrain_access;
#else
typedef uint32_t refrain_access;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** What to do with a call. */
enum refrain_action
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Run the network; write what the site gave to the anchor slot. */
    REFRAIN_ACTION_COMPUTE = 0,
    /** Take the newest anchor as it is. */
    REFRAIN_ACTION_REUSE = 1,
    /** Blend the anchors by the weights. */
    REFRAIN_ACTION_PREDICT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_action refrain_action;
#else
typedef uint32_t refrain_action;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** The time along which anchors are spaced. */
enum refrain_axis
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Step number; evaluations within a step are evenly spaced. */
    REFRAIN_AXIS_STEP = 0,
    /** The sampler's own time, as the call carries it. */
    REFRAIN_AXIS_TIME = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_axis refrain_axis;
#else
typedef uint32_t refrain_axis;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Where to compute. */
enum refrain_backend
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** A hardware GPU adapter if there is one, else the CPU. */
    REFRAIN_BACKEND_AUTO = 0,
    /** The best GPU adapter, a software renderer if there is nothing else. */
    REFRAIN_BACKEND_GPU = 1,
    /** The CPU. */
    REFRAIN_BACKEND_CPU = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_backend refrain_backend;
#else
typedef uint32_t refrain_backend;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** How the costs of consecutive calls add up. */
enum refrain_budget_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** They add up since the last computed call. */
    REFRAIN_BUDGET_KIND_SUM = 0,
    /** Each call's cost counts alone. */
    REFRAIN_BUDGET_KIND_INSTANT = 1,
    /** They add up, and what was spent before shrinks by `decay` with every call. */
    REFRAIN_BUDGET_KIND_LEAKY = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_budget_kind refrain_budget_kind;
#else
typedef uint32_t refrain_budget_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** When the amount spent still allows a skip. */
enum refrain_comparator
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** `spent < threshold` */
    REFRAIN_COMPARATOR_BELOW = 0,
    /** `spent <= threshold` */
    REFRAIN_COMPARATOR_AT_MOST = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_comparator refrain_comparator;
#else
typedef uint32_t refrain_comparator;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** What a storage binding holds. */
enum refrain_element
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** `f32` values. */
    REFRAIN_ELEMENT_F32 = 0,
    /** Words of a weight in its stored format (`array<u32>`); constant `FORMAT` says which. */
    REFRAIN_ELEMENT_WEIGHT = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_element refrain_element;
#else
typedef uint32_t refrain_element;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** The preset a policy starts from: the first word of its text form. */
enum refrain_family
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Every call is computed. */
    REFRAIN_FAMILY_FULL = 0,
    /** One call in `interval` is computed. */
    REFRAIN_FAMILY_INTERVAL = 1,
    /** An explicit step mask. */
    REFRAIN_FAMILY_MASK = 2,
    /** Accumulated relative change of the modulated input. */
    REFRAIN_FAMILY_TEA_CACHE = 3,
    /** Relative change of the first block's residual. */
    REFRAIN_FAMILY_FB_CACHE = 4,
    /** Input change times the runtime transformation rate. */
    REFRAIN_FAMILY_EASY_CACHE = 5,
    /** Calibrated magnitude ratios. */
    REFRAIN_FAMILY_MAG_CACHE = 6,
    /** Interval with TaylorSeer's forecast. */
    REFRAIN_FAMILY_TAYLOR_SEER = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_family refrain_family;
#else
typedef uint32_t refrain_family;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Where the cost of skipping a call comes from. */
enum refrain_gauge_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** No call is ever skipped. */
    REFRAIN_GAUGE_KIND_ALWAYS = 0,
    /** Skipping costs nothing: only the guards compute. */
    REFRAIN_GAUGE_KIND_FREE = 1,
    /** Every skipped call costs 1. */
    REFRAIN_GAUGE_KIND_COUNT = 2,
    /** A measured signal, rescaled. */
    REFRAIN_GAUGE_KIND_SIGNAL = 3,
    /**
     * `|1 - product of g|` over the calls since the last computed one, from a calibrated curve g of
     * magnitude ratios (MagCache). Needs no measurement.
     */
    REFRAIN_GAUGE_KIND_CURVE = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_gauge_kind refrain_gauge_kind;
#else
typedef uint32_t refrain_gauge_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Something a user should hear about a run. */
enum refrain_notice
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Nothing to say. */
    REFRAIN_NOTICE_NONE = 0,
    /** The policy cannot skip on so few steps: its guards have every step computed. */
    REFRAIN_NOTICE_CANNOT_SKIP = 1,
    /** The run is over and nothing was skipped: the threshold may be too small. */
    REFRAIN_NOTICE_NOTHING_SKIPPED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_notice refrain_notice;
#else
typedef uint32_t refrain_notice;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** How lanes decide. */
enum refrain_pool
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Each lane for itself. */
    REFRAIN_POOL_ALONE = 0,
    /** One decision for all lanes: computed if any lane wants it computed. */
    REFRAIN_POOL_ANY = 1,
    /** One decision for all lanes: computed only if every lane wants it computed. */
    REFRAIN_POOL_ALL = 2,
    /** One decision for all lanes, from the mean of their signals. */
    REFRAIN_POOL_MEAN = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_pool refrain_pool;
#else
typedef uint32_t refrain_pool;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** What the network predicts. */
enum refrain_prediction
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** The velocity of a rectified flow, `noise - picture` (SiT, the emoji model). */
    REFRAIN_PREDICTION_VELOCITY = 0,
    /** The noise of a variance-preserving diffusion (DiT). */
    REFRAIN_PREDICTION_EPSILON = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_prediction refrain_prediction;
#else
typedef uint32_t refrain_prediction;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** The rule that turns anchor times into weights. */
enum refrain_predictor_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** The newest anchor as it is. */
    REFRAIN_PREDICTOR_KIND_HOLD = 0,
    /**
     * TaylorSeer's difference table, which divides every order by the latest gap and so damps
     * itself: exact on straight lines, not on parabolas.
     */
    REFRAIN_PREDICTOR_KIND_TAYLOR = 1,
    /**
     * The polynomial through the newest anchors by divided differences: exact up to its order,
     * for any spacing.
     */
    REFRAIN_PREDICTOR_KIND_NEWTON = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_predictor_kind refrain_predictor_kind;
#else
typedef uint32_t refrain_predictor_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Why a call was decided as it was. */
enum refrain_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Computed: the policy never skips. */
    REFRAIN_REASON_ALWAYS = 0,
    /** Computed: within the first steps. */
    REFRAIN_REASON_WARMUP = 1,
    /** Computed: within the last steps. */
    REFRAIN_REASON_LAST_STEPS = 2,
    /** Computed: outside the window. */
    REFRAIN_REASON_WINDOW = 3,
    /** Computed: the mask says so. */
    REFRAIN_REASON_MASK = 4,
    /** Computed: there is nothing to reuse yet. */
    REFRAIN_REASON_NO_HISTORY = 5,
    /** Computed: the longest run of skips is reached. */
    REFRAIN_REASON_MAX_RUN = 6,
    /** Computed: the skips of the whole run are used up. */
    REFRAIN_REASON_MAX_TOTAL = 7,
    /** Computed: the signal is missing, NaN, infinite or negative, or gives no finite cost. */
    REFRAIN_REASON_SIGNAL_UNUSABLE = 8,
    /** Computed: the transformation rate is not known yet. */
    REFRAIN_REASON_RATE_UNKNOWN = 9,
    /** Computed: the budget is spent. */
    REFRAIN_REASON_BUDGET_SPENT = 10,
    /** Skipped: within the budget. */
    REFRAIN_REASON_WITHIN_BUDGET = 11,
    /** Skipped: the gauge is free and no guard objects. */
    REFRAIN_REASON_FREE = 12,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_reason refrain_reason;
#else
typedef uint32_t refrain_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * What a measured tensor is compared with: the fork on which implementations that share a name
 * disagree.
 */
enum refrain_reference
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The previous call of the lane, whether it was computed or skipped. The host replaces its
     * copy on every call.
     */
    REFRAIN_REFERENCE_PREVIOUS = 0,
    /**
     * The last computed call of the lane. The host replaces its copy on computed calls only, so a
     * chain of small changes cannot hide a large one.
     */
    REFRAIN_REFERENCE_COMPUTED = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_reference refrain_reference;
#else
typedef uint32_t refrain_reference;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** How a measured signal becomes a cost. */
enum refrain_rescale
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** The signal itself. */
    REFRAIN_RESCALE_IDENTITY = 0,
    /**
     * A polynomial of the signal, as calibrated: it may be negative and then lowers what was spent.
     */
    REFRAIN_RESCALE_POLYNOMIAL = 1,
    /**
     * The signal times the network's transformation rate at the last computed call (EasyCache):
     * the host hands that rate in with the commit of a computed call.
     */
    REFRAIN_RESCALE_RATE = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_rescale refrain_rescale;
#else
typedef uint32_t refrain_rescale;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** How a picture is made of predictions. */
enum refrain_sampler
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Euler's method on the velocity of a rectified flow, evenly from t = 1 to 0. The network is
     * given 1000 t.
     */
    REFRAIN_SAMPLER_EULER = 0,
    /**
     * Denoising diffusion implicit models (Song et al., 2020, arXiv 2010.02502) without added noise
     * (eta 0), on the noise that a DiT predicts: 1000 training steps with linear betas from 1e-4 to
     * 0.02, evenly spaced and rounded. The predicted picture is not clipped.
     */
    REFRAIN_SAMPLER_DDIM = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_sampler refrain_sampler;
#else
typedef uint32_t refrain_sampler;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Which tensor is measured, and how. */
enum refrain_signal
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Relative L1 change, `mean|now - ref| / mean|ref|`, of the first block's input after layer
     * norm, scale and shift (TeaCache).
     */
    REFRAIN_SIGNAL_MODULATED_INPUT = 0,
    /**
     * Relative L1 change, `mean|now - ref| / mean|ref|`, of what the front blocks (the first
     * `front` blocks of the site) added to their input (FBCache).
     */
    REFRAIN_SIGNAL_FRONT_RESIDUAL = 1,
    /** Mean absolute change, `mean|now - ref|`, of the network's input latent (EasyCache). */
    REFRAIN_SIGNAL_MODEL_INPUT = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_signal refrain_signal;
#else
typedef uint32_t refrain_signal;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** What part of the network a skipped call leaves out. */
enum refrain_site_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * All transformer blocks; embedding and final layer run on every call. What is kept is what
     * the blocks added to their input.
     */
    REFRAIN_SITE_KIND_TRUNK = 0,
    /** The blocks between the first `front` and the last `back` ones, which run on every call. */
    REFRAIN_SITE_KIND_RANGE = 1,
    /** The whole network, from latent to prediction; nothing of it runs. */
    REFRAIN_SITE_KIND_MODEL = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_site_kind refrain_site_kind;
#else
typedef uint32_t refrain_site_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Element type of a weight as stored. */
enum refrain_weight_format
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** 32-bit float, one a word. */
    REFRAIN_WEIGHT_FORMAT_F32 = 0,
    /** IEEE half, two a word, low half first. */
    REFRAIN_WEIGHT_FORMAT_F16 = 1,
    /** bfloat16, two a word, low half first. */
    REFRAIN_WEIGHT_FORMAT_BF16 = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_weight_format refrain_weight_format;
#else
typedef uint32_t refrain_weight_format;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** A model prepared on a device: its weights are loaded once and shared by all runs. */
typedef struct refrain_engine refrain_engine;

/** A checkpoint, checked. Reading it needs the feature cpu or gpu, as all that follows. */
typedef struct refrain_model refrain_model;

/** A run that makes pictures, one call of the network at a time. */
typedef struct refrain_sampling refrain_sampling;

/**
 * A scheduler: decides, call by call, for one run of a policy. It lives in memory of the caller,
 * holds nothing else, has no pointers in it, and needs no destroying: the memory may be copied to
 * another aligned place, reused, or freed at any time.
 */
typedef struct refrain_scheduler refrain_scheduler;

/** What is measured or counted, and how it is rescaled. */
typedef struct refrain_gauge {
    /** Where the cost of skipping a call comes from. */
    refrain_gauge_kind kind;
    /** With REFRAIN_GAUGE_KIND_SIGNAL: what the host measures. */
    refrain_signal signal;
    /** With REFRAIN_GAUGE_KIND_SIGNAL: what it is compared with. */
    refrain_reference reference;
    /** With REFRAIN_GAUGE_KIND_SIGNAL: how the measured value becomes a cost. */
    refrain_rescale rescale;
    /**
     * With REFRAIN_RESCALE_POLYNOMIAL: coefficients from -1e9 to 1e9, highest degree first, ending
     * in the constant; a polynomial of lower degree has leading zeros.
     */
    double coefficients[REFRAIN_MAX_COEFFICIENTS];
    /** With REFRAIN_GAUGE_KIND_CURVE: values in use, 1 to REFRAIN_MAX_CURVE. Else 0. */
    uint32_t curve_len;
    /** Zero. */
    uint32_t reserved;
    /**
     * With REFRAIN_GAUGE_KIND_CURVE: magnitude ratios from 0.01 to 100, one a step of the run they
     * were calibrated on; a run of another length takes the nearest. Those beyond `curve_len` are 0.
     */
    double curve[REFRAIN_MAX_CURVE];
} refrain_gauge;

/** How much cost may be spent before a call is computed. */
typedef struct refrain_budget {
    /** How the costs of consecutive calls add up. */
    refrain_budget_kind kind;
    /** Whether a skip must stay below the threshold or may reach it. */
    refrain_comparator comparator;
    /**
     * Cost allowed, in units of the gauge, 0 to 1e6. Larger skips more. With
     * REFRAIN_COMPARATOR_BELOW, 0 computes every call. With REFRAIN_GAUGE_KIND_COUNT: the interval.
     */
    double threshold;
    /**
     * With REFRAIN_BUDGET_KIND_LEAKY: share of the amount spent that is left at the next call, 0 to
     * 1; smaller skips more. Else 1.
     */
    double decay;
    /** 1: a computed call sets the amount spent to zero. 0: it goes on. */
    uint32_t reset;
    /** Zero. */
    uint32_t reserved;
} refrain_budget;

/**
 * When a call is computed whatever the gauge says. Guards only ever turn a skip into a computed
 * call.
 */
typedef struct refrain_guards {
    /** First steps that are always computed, 0 to 2^30. Larger is safer. */
    uint32_t max_warmup_steps;
    /**
     * Last steps that are always computed, 0 to 2^30. 1 unless a policy says otherwise: a skipped
     * last step leaves visible noise.
     */
    uint32_t last_steps;
    /** Longest run of skipped calls, 0 for no limit. */
    uint32_t max_continuous_cached_steps;
    /** Skipped calls of a whole run, 0 for no limit. */
    uint32_t max_cached_steps;
    /** Steps in `mask`: 0 for no mask, else the steps of the run, at most 1024. */
    uint32_t mask_len;
    /** Zero. */
    uint32_t reserved;
    /**
     * Share of the steps, 0 to 1, that is always computed at the start, rounded to whole steps; the
     * longer of this and `max_warmup_steps` counts.
     */
    double warmup_fraction;
    /** Skips are allowed from this share of the steps, 0 to 1. */
    double window_start;
    /** Skips are allowed up to, and without, this share of the steps, 0 to 1. */
    double window_end;
    /**
     * One bit a step, lowest bit of the first word first: 1 is always computed, 0 is left to the
     * gauge. Bits beyond `mask_len` are 0.
     */
    uint32_t mask[REFRAIN_MASK_WORDS];
} refrain_guards;

/** What stands in for a skipped call. */
typedef struct refrain_predictor {
    /** The rule. */
    refrain_predictor_kind kind;
    /**
     * Highest order, 0 to 3: it uses up to order + 1 anchors and ramps up with the history. 0 with
     * REFRAIN_PREDICTOR_KIND_HOLD.
     */
    uint32_t order;
    /** What the anchors are spaced along. */
    refrain_axis axis;
    /** Zero. */
    uint32_t reserved;
} refrain_predictor;

/** What part of the network a skipped call leaves out. */
typedef struct refrain_site {
    /** Which part. */
    refrain_site_kind kind;
    /**
     * With REFRAIN_SITE_KIND_RANGE: blocks at the front that run on every call
     * (Fn_compute_blocks), 0 to 1024. Else 0.
     */
    uint32_t front;
    /**
     * With REFRAIN_SITE_KIND_RANGE: blocks at the back that run on every call (Bn_compute_blocks),
     * 0 to 1024. Else 0.
     */
    uint32_t back;
    /** Zero. */
    uint32_t reserved;
} refrain_site;

/**
 * When to skip, what to keep, and how to fill in for what was skipped. Plain data without padding;
 * it may be copied, stored and changed field by field. Start from `refrain_policy_default` or
 * `refrain_policy_parse`. Later versions grow at the end.
 */
typedef struct refrain_policy {
    /** sizeof(refrain_policy), as `refrain_policy_default` and `refrain_policy_parse` set it. */
    uint32_t struct_size;
    /** The family whose defaults it started from: what its text begins with. */
    refrain_family family;
    /** What is measured or counted. */
    struct refrain_gauge gauge;
    /** How much of it may be spent before a call is computed. */
    struct refrain_budget budget;
    /** When a call is computed regardless. */
    struct refrain_guards guards;
    /** What stands in for a skipped call. */
    struct refrain_predictor predictor;
    /** What part of the network is skipped. */
    struct refrain_site site;
    /** How lanes decide. */
    refrain_pool pool;
    /** Zero. */
    uint32_t reserved;
} refrain_policy;

/** One evaluation of the network, as the host is about to make it. */
typedef struct refrain_call {
    /** Sampler step, counted from 0 at the noisiest. */
    uint32_t step;
    /** Evaluation within the step, counted from 0; Heun and other two-stage samplers have two. */
    uint32_t evaluation;
    /**
     * Stream of features: a guidance branch, a batch element, an expert. 0 if there is one, and for
     * a policy that pools its lanes.
     */
    uint32_t lane;
    /** Zero. */
    uint32_t reserved;
    /**
     * Where on the sampler's own time axis (timestep or sigma): any finite number. Only predictors
     * with REFRAIN_AXIS_TIME look at it.
     */
    double time;
} refrain_call;

/** What to do with one call, and why. If `needs` is not 0 it is not decided yet. */
typedef struct refrain_decision {
    /**
     * Measurements to hand to `refrain_scheduler_decide` first: one, or one per lane of a pool.
     * 0: decided.
     */
    uint32_t needs;
    /** With `needs`: what to measure. Else 0. */
    refrain_signal signal;
    /** With `needs`: what to compare it with. Else 0. */
    refrain_reference reference;
    /** The lane of the call, as the other functions want it. */
    uint32_t lane;
    /** What to do. 0 as long as it is not decided. */
    refrain_action action;
    /** Why. 0 as long as it is not decided. */
    refrain_reason reason;
    /** With REFRAIN_ACTION_PREDICT: the order used, which ramps up with the history. Else 0. */
    uint32_t order;
    /**
     * With REFRAIN_ACTION_COMPUTE: the anchor slot to write what the site gave to. REFRAIN_NO_SLOT
     * if nothing is to be kept.
     */
    uint32_t slot;
    /**
     * With REFRAIN_ACTION_REUSE and REFRAIN_ACTION_PREDICT: one weight per anchor slot; the stand-in
     * is `base + sum of weights[k] * anchor[k]`. A slot with weight 0 must not be read.
     */
    float weights[8];
} refrain_decision;

/** What a trace keeps of a committed call. */
typedef struct refrain_event {
    /** Number of the call, counted over the run: step * evaluations + evaluation. */
    uint32_t call;
    /** Sampler step. */
    uint32_t step;
    /** Evaluation within the step. */
    uint32_t evaluation;
    /** Lane, or the first lane of a pool. */
    uint32_t lane;
    /** What was done. */
    refrain_action action;
    /** Why. */
    refrain_reason reason;
    /** Order used. */
    uint32_t order;
    /** Anchor slot written, REFRAIN_NO_SLOT for none. */
    uint32_t slot;
    /** Signal handed in (of the first lane, or the mean of the pool); -1 if none was usable. */
    double signal;
    /** Budget spent after the call, in units of the gauge. */
    double spent;
} refrain_event;

/** Counters of a run. */
typedef struct refrain_stats {
    /** Calls committed. */
    uint32_t calls;
    /** Of them computed. */
    uint32_t computed;
    /** Of them reused. */
    uint32_t reused;
    /** Of them predicted. */
    uint32_t predicted;
    /** Zero; later versions may count further actions here. */
    uint32_t reserved[4];
} refrain_stats;

/** One weight per anchor, newest first. */
typedef struct refrain_weights {
    /** Weights in use, 0 if there are no anchors; the order used is one less. */
    uint32_t count;
    /** Zero. */
    uint32_t reserved;
    /** The weights; those beyond `count` are zero. */
    double values[REFRAIN_MAX_ANCHORS];
} refrain_weights;

/** A static text, in UTF-8. It does not end in a zero: print it with "%.*s". */
typedef struct refrain_text {
    /** Its first byte. */
    const char *data;
    /** Its bytes. */
    size_t length;
} refrain_text;

/** One kernel. Activations are 32-bit floats, row by row; the entry point is `main`. */
typedef struct refrain_kernel {
    /** Its name, for refrain_kernel_find. */
    struct refrain_text name;
    /** What it computes, in one line. */
    struct refrain_text summary;
    /** Invocations of a workgroup along x, y and z. */
    uint32_t workgroup[3];
    /**
     * Bytes of the uniform parameter block at binding 0 of group 0: `struct Params` of the source.
     */
    uint32_t params_bytes;
    /** Storage buffers, at bindings 1 and up. */
    uint32_t binding_count;
    /** Constants (`override` in WGSL) that a pipeline must be given. */
    uint32_t constant_count;
    /** How far a device may be from the CPU twin: absolute + relative * the largest magnitude. */
    float tolerance_absolute;
    /** See `tolerance_absolute`. */
    float tolerance_relative;
} refrain_kernel;

/** One storage buffer of a kernel. */
typedef struct refrain_binding {
    /** The variable of the source. */
    struct refrain_text name;
    /** Its shape, for a reader. */
    struct refrain_text shape;
    /** What it holds. */
    refrain_element element;
    /** How it is used. */
    refrain_access access;
} refrain_binding;

/** What is said about a checkpoint beside the file, and goes before what the file says. */
typedef struct refrain_model_options {
    /** sizeof(refrain_model_options). */
    uint32_t struct_size;
    /** Attention heads; 0: as the file says, else as published for its size. */
    uint32_t num_heads;
    /** 1: look at `prediction`. 0: as the file says, else as usual for its shape. */
    uint32_t has_prediction;
    /**
     * What the network predicts. SiT checkpoints have sigma channels like DiT's and need
     * REFRAIN_PREDICTION_VELOCITY said here if their metadata does not.
     */
    refrain_prediction prediction;
} refrain_model_options;

/** The sizes of a model. */
typedef struct refrain_model_sizes {
    /** Side of the square picture or latent, in pixels. */
    uint32_t input_size;
    /** Channels of the picture or latent. */
    uint32_t in_channels;
    /** Channels of the output: `in_channels`, or twice as many with learned sigma. */
    uint32_t out_channels;
    /** Side of a patch, in pixels. */
    uint32_t patch_size;
    /** Width of a token. */
    uint32_t hidden_size;
    /** Transformer blocks. */
    uint32_t depth;
    /** Attention heads. */
    uint32_t num_heads;
    /** Classes; label `num_classes` stands for none. */
    uint32_t num_classes;
    /** What the network predicts. */
    refrain_prediction prediction;
    /** Zero. */
    uint32_t reserved;
    /** Elements of all tensors. */
    uint64_t parameters;
    /** A hash over names, shapes and elements of the tensors: the same for the same weights. */
    uint64_t fingerprint;
} refrain_model_sizes;

/** What a run is to do. Start from refrain_settings_default. */
typedef struct refrain_settings {
    /** sizeof(refrain_settings), as refrain_settings_default sets it. */
    uint32_t struct_size;
    /** Sampler steps, at least 1; with DDIM at most 1000. Default 50. */
    uint32_t steps;
    /** 1: look at `sampler`. 0: the sampler that fits the model. Default 0. */
    uint32_t has_sampler;
    /** The sampler. */
    refrain_sampler sampler;
    /**
     * Classifier-free guidance scale s of u + s * (c - u), a finite number; 1 leaves the
     * unconditional half out. Default 1.
     */
    float guidance;
    /** Pictures of the run, at least 1. */
    uint32_t class_count;
    /** Seed of the noise. Picture i starts from the same noise however many pictures there are. */
    uint64_t seed;
    /**
     * The class of each picture, `class_count` numbers from 0 to `num_classes`, which stands for
     * none.
     */
    const uint32_t *classes;
    /**
     * When calls are skipped; NULL computes them all. A calibrated policy whose curve is not given
     * gets that of the model, if there is one.
     */
    const struct refrain_policy *policy;
} refrain_settings;

/** Bytes that a run takes on its device. */
typedef struct refrain_memory {
    /** Weights, in the checkpoint's format; shared by all runs of an engine. */
    uint64_t weights;
    /** Activations, inputs and outputs, which a run without a policy needs too. */
    uint64_t activations;
    /** What the policy keeps from call to call. */
    uint64_t state;
} refrain_memory;



#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* -- The library --------------------------------------------------------------------------------- */

/**
 * The name of a status, such as "REFRAIN_E_ORDER"; "unknown" for any other number. The string is
 * static.
 */
REFRAIN_API const char *refrain_status_name(int32_t status);

/** The version of the library, such as "0.1.0". The string is static. */
REFRAIN_API const char *refrain_version_string(void);

/**
 * The version of the library as REFRAIN_VERSION_NUMBER has it for the header: major in the upper 8
 * bits, minor in the next 12, patch in the lower 12.
 */
REFRAIN_API uint32_t refrain_version_number(void);

/** The number of the library's binary interface; it fits if it equals REFRAIN_ABI_VERSION. */
REFRAIN_API uint32_t refrain_abi_version(void);

/** What the library was built with: REFRAIN_FEATURE_... bits. */
REFRAIN_API uint32_t refrain_features(void);

/**
 * The name of an action, such as "compute"; "unknown" for any other number. The string is static.
 */
REFRAIN_API const char *refrain_action_name(uint32_t action);

/**
 * The letter of an action in a trace: 'C' computed, 'r' reused, 'p' predicted; '?' for any other
 * number.
 */
REFRAIN_API char refrain_action_letter(uint32_t action);

/**
 * The name of a reason, such as "budget-spent"; "unknown" for any other number. The string is
 * static.
 */
REFRAIN_API const char *refrain_reason_name(uint32_t reason);

/**
 * The name of a signal, such as "modulated-input"; "unknown" for any other number. The string is
 * static.
 */
REFRAIN_API const char *refrain_signal_name(uint32_t signal);

/**
 * The name of a reference, such as "previous"; "unknown" for any other number. The string is
 * static.
 */
REFRAIN_API const char *refrain_reference_name(uint32_t reference);

/**
 * The name of a notice, such as "nothing-skipped"; "unknown" for any other number. The string is
 * static.
 */
REFRAIN_API const char *refrain_notice_name(uint32_t notice);

/**
 * The name of a family of policies, such as "teacache": what a policy's text begins with; "unknown"
 * for any other number. Families are numbered from 0 without gaps. The string is static.
 */
REFRAIN_API const char *refrain_family_name(uint32_t family);

/* -- Policies ------------------------------------------------------------------------------------ */

/**
 * The defaults of a family.
 *
 * - `family`: in, a REFRAIN_FAMILY_... number.
 * - `struct_size`: in, sizeof(refrain_policy).
 * - `policy_out`: out, the policy.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown family; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if the pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_default(uint32_t family,
                                      size_t struct_size,
                                      struct refrain_policy *policy_out);

/**
 * Reads the text form of a policy: `family`, `family:key=value,...`, or `mask:1101...`. Keys that
 * are not given have the family's defaults; `refrain policies NAME` on the command line lists them.
 *
 * A calibrated policy may still lack its curve (`refrain_policy_needs_curve`).
 *
 * - `text`: in, UTF-8, ending in a zero.
 * - `struct_size`: in, sizeof(refrain_policy).
 * - `policy_out`: out, the policy.
 * - `message`, `message_capacity`: optional; on an error, the key, the value, the range and the
 *   nearest valid name, in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if the text is no policy; REFRAIN_E_CONFIG_SIZE;
 * REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_parse(const char *text,
                                    size_t struct_size,
                                    struct refrain_policy *policy_out,
                                    char *message,
                                    size_t message_capacity);

/**
 * Writes the text form of a policy: its family and every key that is not the family's default.
 * Reading it gives the same policy.
 *
 * - `policy`: in.
 * - `text_out`: out, room for `capacity` bytes: the text and a zero. A policy with a curve and a mask
 *   needs a few thousand.
 * - `capacity`: in, bytes; 0 only asks for the length.
 * - `length_out`: out, bytes of the text without the zero; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE,
 * REFRAIN_E_UNSUPPORTED or REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer
 * is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_text(const struct refrain_policy *policy,
                                   char *text_out,
                                   size_t capacity,
                                   size_t *length_out);

/**
 * Whether a policy makes sense, and whether it can run on so many steps.
 *
 * - `policy`: in.
 * - `steps`: in, steps of the run, 1 to 2^30; 0 checks the policy alone.
 * - `evaluations`: in, network evaluations a step, 1 to 8; any number if `steps` is 0.
 * - `message`, `message_capacity`: optional; on an error, the key, the value and the range.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if a field is out of range, has no effect beside the others
 * or does not fit the steps, or if a curve is needed; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED;
 * REFRAIN_E_NULL; REFRAIN_E_MEMORY if the pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_check(const struct refrain_policy *policy,
                                    uint32_t steps,
                                    uint32_t evaluations,
                                    char *message,
                                    size_t message_capacity);

/**
 * Features the policy wants kept at its site: the slots of the ring that a host keeps.
 *
 * - `policy`: in.
 * - `anchors_out`: out, 0 to REFRAIN_MAX_ANCHORS.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or
 * REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_anchors(const struct refrain_policy *policy,
                                      uint32_t *anchors_out);

/**
 * Whether computed calls should be committed with their transformation rate (EasyCache).
 *
 * - `policy`: in.
 * - `wants_out`: out, 1 or 0.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or
 * REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_wants_rate(const struct refrain_policy *policy,
                                         uint32_t *wants_out);

/**
 * Whether the policy is calibrated and its curve is still missing: a scheduler refuses it until a
 * model is named or the curve given.
 *
 * - `policy`: in.
 * - `needs_out`: out, 1 or 0.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or
 * REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_needs_curve(const struct refrain_policy *policy,
                                          uint32_t *needs_out);

/* -- Schedulers ---------------------------------------------------------------------------------- */

/**
 * Bytes of a scheduler. REFRAIN_SCHEDULER_MAX_BYTES(lanes) is a limit known when compiling, for
 * static memory.
 *
 * - `lanes`: in, 1 to REFRAIN_MAX_LANES.
 * - `bytes_out`: out, bytes of memory that `refrain_scheduler_init` wants.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE for another number of lanes; REFRAIN_E_NULL; REFRAIN_E_MEMORY
 * if the pointer is not aligned.
 */
REFRAIN_API refrain_status refrain_scheduler_size(uint32_t lanes, size_t *bytes_out);

/**
 * Makes a scheduler at the start of a run, in the caller's memory.
 *
 * - `memory`: in, aligned to REFRAIN_ALIGNMENT; what it held before does not matter. It belongs to
 *   the scheduler until the caller has no more use for it.
 * - `memory_bytes`: in, at least what `refrain_scheduler_size` says.
 * - `policy`: in, copied.
 * - `steps`: in, sampler steps of the run, 1 to 2^30.
 * - `evaluations`: in, network evaluations a step, 1 to 8.
 * - `lanes`: in, streams of features, 1 to REFRAIN_MAX_LANES.
 * - `scheduler_out`: out, the scheduler: the address of `memory`.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if the memory is too small or a pointer not
 * aligned; REFRAIN_E_RANGE for a number of lanes that is not allowed; REFRAIN_E_VALUE if the policy
 * cannot run on such a timeline; REFRAIN_E_CONFIG_SIZE or REFRAIN_E_UNSUPPORTED as
 * `refrain_policy_check`. After an error the memory is as it was.
 */
REFRAIN_API
refrain_status refrain_scheduler_init(void *memory,
                                      size_t memory_bytes,
                                      const struct refrain_policy *policy,
                                      uint32_t steps,
                                      uint32_t evaluations,
                                      uint32_t lanes,
                                      struct refrain_scheduler **scheduler_out,
                                      char *message,
                                      size_t message_capacity);

/**
 * Starts a new run: forgets anchors, what was spent, and counters. Also makes a scheduler usable
 * again after REFRAIN_E_PANIC.
 *
 * - `scheduler`: exclusive.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler.
 */
REFRAIN_API refrain_status refrain_scheduler_reset(struct refrain_scheduler *scheduler);

/**
 * Opens a call. If the decision `needs` nothing it is final; else measure what it asks for and call
 * `refrain_scheduler_decide`.
 *
 * - `scheduler`: exclusive.
 * - `call`: in, later than the last one committed on its lane.
 * - `decision_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_ORDER if a call is open on the lane or the call is not later than
 * the last; REFRAIN_E_RANGE for a lane, step or evaluation that does not exist; REFRAIN_E_VALUE if
 * the time is not finite; REFRAIN_E_UNSUPPORTED if `reserved` is not zero; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if there is no scheduler or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_begin(struct refrain_scheduler *scheduler,
                                       const struct refrain_call *call,
                                       struct refrain_decision *decision_out);

/**
 * Decides the open call of a lane from what was measured.
 *
 * - `scheduler`: exclusive.
 * - `lane`: in, as in the decision.
 * - `values`: in, `value_count` measurements. One that is NaN, infinite or negative counts as
 *   unknown, and the call is computed.
 * - `value_count`: in, `needs` of the decision.
 * - `decision_out`: out, the decision.
 *
 * Returns REFRAIN_OK; REFRAIN_E_ORDER if no call of the lane waits for it; REFRAIN_E_VALUE for
 * another number of values, and the call stays open; REFRAIN_E_RANGE for a lane that does not exist;
 * REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not aligned;
 * REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_decide(struct refrain_scheduler *scheduler,
                                        uint32_t lane,
                                        const double *values,
                                        uint32_t value_count,
                                        struct refrain_decision *decision_out);

/**
 * Closes a call whose decision was carried out.
 *
 * - `scheduler`: exclusive.
 * - `lane`: in, as in the decision.
 * - `rates`: in, `rate_count` transformation rates of a computed call (`refrain_cpu_rate`), if
 *   `refrain_policy_wants_rate`; one that is not finite or negative counts as unknown.
 * - `rate_count`: in, one per lane that decides; 0 for none.
 * - `event_out`: out, what a trace keeps; optional: may be NULL.
 *
 * Returns REFRAIN_OK; REFRAIN_E_ORDER if no call of the lane is decided; REFRAIN_E_VALUE for another
 * number of rates, and the call stays open; REFRAIN_E_RANGE for a lane that does not exist;
 * REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not aligned;
 * REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_commit(struct refrain_scheduler *scheduler,
                                        uint32_t lane,
                                        const double *rates,
                                        uint32_t rate_count,
                                        struct refrain_event *event_out);

/**
 * Closes the open call of a lane as if it had never been begun, because it was not carried out:
 * cancelled, or failed. It may be made again.
 *
 * - `scheduler`: exclusive.
 * - `lane`: in, as in the decision.
 *
 * Returns REFRAIN_OK; REFRAIN_E_ORDER if no call is open on the lane; REFRAIN_E_RANGE for a lane that
 * does not exist; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_abandon(struct refrain_scheduler *scheduler,
                                         uint32_t lane);

/**
 * Forgets the anchors of a lane, because the shape of its features or the prompt changed. Its next
 * call is computed. What it has counted stays.
 *
 * - `scheduler`: exclusive.
 * - `lane`: in; the first lane of a pool stands for all.
 *
 * Returns REFRAIN_OK; REFRAIN_E_ORDER while a call is open on the lane; REFRAIN_E_RANGE for a lane
 * that does not exist; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_invalidate(struct refrain_scheduler *scheduler,
                                            uint32_t lane);

/**
 * What happened so far, over all lanes.
 *
 * - `scheduler`: shared.
 * - `stats_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_stats(const struct refrain_scheduler *scheduler,
                                       struct refrain_stats *stats_out);

/**
 * How many calls were decided for a reason, over all lanes.
 *
 * - `scheduler`: shared.
 * - `reason`: in, a REFRAIN_REASON_... number.
 * - `count_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown reason; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * there is no scheduler or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_reason_count(const struct refrain_scheduler *scheduler,
                                              uint32_t reason,
                                              uint32_t *count_out);

/**
 * What a user should hear. Asked before a run it tells whether the policy can skip at all on so few
 * steps, after one whether it did.
 *
 * - `scheduler`: shared.
 * - `notice_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_notice(const struct refrain_scheduler *scheduler,
                                        refrain_notice *notice_out);

/**
 * Bytes of a saved state.
 *
 * - `scheduler`: shared.
 * - `bytes_out`: out, depends on the number of lanes alone.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_save_size(const struct refrain_scheduler *scheduler,
                                           size_t *bytes_out);

/**
 * Writes the state, open calls included, as bytes that are the same on every machine: to pause a
 * run, roll it back, or replay it elsewhere. Equal states are equal bytes.
 *
 * - `scheduler`: shared.
 * - `saved_out`: out, room for `capacity` bytes.
 * - `capacity`: in.
 * - `bytes_out`: out, bytes of the state; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler
 * or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_save(const struct refrain_scheduler *scheduler,
                                      void *saved_out,
                                      size_t capacity,
                                      size_t *bytes_out);

/**
 * Takes over a saved state. The scheduler must have been made with the same policy, steps,
 * evaluations and lanes as the one that saved it.
 *
 * - `scheduler`: exclusive.
 * - `saved`: in, `saved_bytes` bytes; no alignment is needed.
 * - `saved_bytes`: in, exactly as many as were saved.
 *
 * Returns REFRAIN_OK; REFRAIN_E_FORMAT if the bytes are not such a state, and the scheduler is as it
 * was; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_restore(struct refrain_scheduler *scheduler,
                                         const void *saved,
                                         size_t saved_bytes);

/**
 * What happened so far, over all lanes.
 *
 * - `scheduler`: shared.
 * - `stats_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_stats(const struct refrain_scheduler *scheduler,
                                       struct refrain_stats *stats_out);

/**
 * How many calls were decided for a reason, over all lanes.
 *
 * - `scheduler`: shared.
 * - `reason`: in, a REFRAIN_REASON_... number.
 * - `count_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown reason; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * there is no scheduler or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_reason_count(const struct refrain_scheduler *scheduler,
                                              uint32_t reason,
                                              uint32_t *count_out);

/**
 * What a user should hear. Asked before a run it tells whether the policy can skip at all on so few
 * steps, after one whether it did.
 *
 * - `scheduler`: shared.
 * - `notice_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_notice(const struct refrain_scheduler *scheduler,
                                        refrain_notice *notice_out);

/**
 * Bytes of a saved state.
 *
 * - `scheduler`: shared.
 * - `bytes_out`: out, depends on the number of lanes alone.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_save_size(const struct refrain_scheduler *scheduler,
                                           size_t *bytes_out);

/**
 * Writes the state, open calls included, as bytes that are the same on every machine: to pause a
 * run, roll it back, or replay it elsewhere. Equal states are equal bytes.
 *
 * - `scheduler`: shared.
 * - `saved_out`: out, room for `capacity` bytes.
 * - `capacity`: in.
 * - `bytes_out`: out, bytes of the state; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler
 * or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_save(const struct refrain_scheduler *scheduler,
                                      void *saved_out,
                                      size_t capacity,
                                      size_t *bytes_out);

/**
 * Takes over a saved state. The scheduler must have been made with the same policy, steps,
 * evaluations and lanes as the one that saved it.
 *
 * - `scheduler`: exclusive.
 * - `saved`: in, `saved_bytes` bytes; no alignment is needed.
 * - `saved_bytes`: in, exactly as many as were saved.
 *
 * Returns REFRAIN_OK; REFRAIN_E_FORMAT if the bytes are not such a state, and the scheduler is as it
 * was; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_restore(struct refrain_scheduler *scheduler,
                                         const void *saved,
                                         size_t saved_bytes);

/* -- Predictors ---------------------------------------------------------------------------------- */

/**
 * The weights a predictor gives to anchors, for a host that decides by itself. A scheduler hands
 * out the same weights, ordered by slot, with its decisions.
 *
 * - `predictor`: in, the rule; its axis is up to the caller.
 * - `times`: in, `count` finite times at which the anchors were computed, newest first. Anchors
 *   beyond the order, and from the first on at the time of a newer one, are left out.
 * - `count`: in, 0 to REFRAIN_MAX_ANCHORS.
 * - `target`: in, the finite time that is wanted.
 * - `weights_out`: out, the weights.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_VALUE for an unknown kind or axis, an order above 3
 * or a time that is not finite; REFRAIN_E_RANGE if `count` is too large; REFRAIN_E_UNSUPPORTED if
 * `reserved` is not zero; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_predictor_weights(const struct refrain_predictor *predictor,
                                         const double *times,
                                         uint32_t count,
                                         double target,
                                         struct refrain_weights *weights_out);

/* -- Measurements and the blend on buffers of the CPU -------------------------------------------- */

/**
 * Relative L1 change mean|now - reference| / mean|reference|, what REFRAIN_SIGNAL_MODULATED_INPUT
 * and REFRAIN_SIGNAL_FRONT_RESIDUAL ask for. Adds up in double precision.
 *
 * - `reference`, `now`: in, `count` values each.
 * - `count`: in, number of values.
 * - `value_out`: out, the change, 0 or more; infinite or NaN if the reference is all zeros, a value
 *   is not finite, or there are none. A scheduler takes such a value for unknown and computes.
 *
 * Returns REFRAIN_OK, REFRAIN_E_NULL, or REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_cpu_relative_l1(const float *reference,
                                       const float *now,
                                       size_t count,
                                       double *value_out);

/**
 * Mean absolute change mean|now - reference|, what REFRAIN_SIGNAL_MODEL_INPUT asks for. Adds up in
 * double precision.
 *
 * - `reference`, `now`: in, `count` values each.
 * - `count`: in, number of values.
 * - `value_out`: out, the change, 0 or more; not finite if a value is not, NaN if there are none.
 *
 * Returns REFRAIN_OK, REFRAIN_E_NULL, or REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_cpu_mean_change(const float *reference,
                                       const float *now,
                                       size_t count,
                                       double *value_out);

/**
 * Transformation rate of the network, mean|v - v'| / input_change / mean|v|: what
 * `refrain_scheduler_commit` takes for a policy that wants it (`refrain_policy_wants_rate`).
 *
 * - `input_change`: in, mean|x - x'| between the network's inputs at the computed call before and
 *   at this one (`refrain_cpu_mean_change`).
 * - `output_before`, `output`: in, the network's output v' at the computed call before and v at
 *   this one, `count` values each.
 * - `count`: in, number of values.
 * - `rate_out`: out, the rate; not finite, and then taken for unknown, if the input did not change
 *   or the output is all zeros.
 *
 * Returns REFRAIN_OK, REFRAIN_E_NULL, or REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_cpu_rate(double input_change,
                                const float *output_before,
                                const float *output,
                                size_t count,
                                double *rate_out);

/**
 * What stands in for a skipped call: `out = base + sum of weights[k] * anchors[k]`, each element
 * added up in double precision.
 *
 * - `weights`: in, `anchor_count` weights, as a decision has them.
 * - `anchors`: in, `anchor_count` pointers to `count` values each. An anchor whose weight is 0 is
 *   not read; its pointer may be NULL.
 * - `anchor_count`: in, 0 to REFRAIN_MAX_ANCHORS.
 * - `base`: in, `count` values; optional: NULL stands for zeros.
 * - `count`: in, values of the output.
 * - `values_out`: out, `count` values; may be `base` itself, but no anchor and no other overlap.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL, also for an anchor that is read; REFRAIN_E_RANGE if
 * `anchor_count` is too large; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_cpu_blend(const float *weights,
                                 const float *const *anchors,
                                 uint32_t anchor_count,
                                 const float *base,
                                 size_t count,
                                 float *values_out);

/* -- Kernels; only with the feature kernels ------------------------------------------------------ */

/** Number of kernels. Needs the feature kernels, as all functions on kernels. */
REFRAIN_API uint32_t refrain_kernel_count(void);

/**
 * The number of a kernel in the table. It may be another in another version.
 *
 * - `name`: in, UTF-8, ending in a zero.
 * - `index_out`: out, 0 to refrain_kernel_count() - 1.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel; REFRAIN_E_VALUE if the name is not
 * UTF-8; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_kernel_find(const char *name,
                                   uint32_t *index_out);

/**
 * What a kernel is and needs.
 *
 * - `index`: in.
 * - `kernel_out`: out; its texts are static.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * the pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_kernel_info(uint32_t index,
                                   struct refrain_kernel *kernel_out);

/**
 * The WGSL of a kernel, complete in itself.
 *
 * - `index`: in.
 * - `source_out`: out; the text is static.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * the pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_kernel_source(uint32_t index,
                                     struct refrain_text *source_out);

/**
 * A storage buffer of a kernel.
 *
 * - `index`: in.
 * - `binding`: in, 1 to `binding_count`, as in the source.
 * - `binding_out`: out; its texts are static.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel or binding; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if the pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_kernel_binding(uint32_t index,
                                      uint32_t binding,
                                      struct refrain_binding *binding_out);

/**
 * A constant that a pipeline must be given: "FORMAT", a `refrain_weight_format` as a number;
 * "HEAD_DIM", 24 to 128 in steps of 8.
 *
 * - `index`: in.
 * - `constant`: in, 0 to `constant_count` - 1.
 * - `name_out`: out; the text is static.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel or constant; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if the pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_kernel_constant(uint32_t index,
                                       uint32_t constant,
                                       struct refrain_text *name_out);

/* -- Models; only with the feature cpu or gpu ---------------------------------------------------- */

/**
 * Reads a checkpoint from a `.safetensors` file with the published DiT and SiT parameter names, in
 * f32, f16 or bf16.
 *
 * - `path`: in, UTF-8, ending in a zero.
 * - `options`: in, optional: NULL leaves everything to the file.
 * - `model_out`: out, to be destroyed with refrain_model_destroy.
 * - `message`, `message_capacity`: optional; on an error, why in one line, naming the tensor.
 *
 * Returns REFRAIN_OK; REFRAIN_E_FILE if the file cannot be read; REFRAIN_E_FORMAT if it is damaged, a
 * tensor is missing, superfluous, of the wrong shape, or holds NaN or infinity; REFRAIN_E_VALUE for
 * an option that does not fit, or a path that is not UTF-8; REFRAIN_E_CONFIG_SIZE;
 * REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned;
 * REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_model_open(const char *path,
                                  const struct refrain_model_options *options,
                                  struct refrain_model **model_out,
                                  char *message,
                                  size_t message_capacity);

/**
 * Reads a checkpoint from memory.
 *
 * - `bytes`: in, the contents of a `.safetensors` file; copied. No alignment is needed.
 * - `byte_count`: in.
 * - `options`: in, optional: NULL leaves everything to the file.
 * - `model_out`: out, to be destroyed with refrain_model_destroy.
 * - `message`, `message_capacity`: optional; on an error, why in one line, naming the tensor.
 *
 * Returns what refrain_model_open returns, but REFRAIN_E_FILE.
 */
REFRAIN_API
refrain_status refrain_model_from_memory(const void *bytes,
                                         size_t byte_count,
                                         const struct refrain_model_options *options,
                                         struct refrain_model **model_out,
                                         char *message,
                                         size_t message_capacity);

/**
 * Frees a model. Engines made of it keep what they need.
 *
 * - `model`: exclusive; optional: NULL does nothing.
 */
REFRAIN_API void refrain_model_destroy(struct refrain_model *model);

/**
 * The sizes of a model.
 *
 * - `model`: shared.
 * - `info_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not
 * aligned.
 */
REFRAIN_API
refrain_status refrain_model_info(const struct refrain_model *model,
                                  struct refrain_model_sizes *info_out);

/**
 * Writes the name of a class; its number, if the file has no names.
 *
 * - `model`: shared.
 * - `class_number`: in, 0 to `num_classes` - 1.
 * - `text_out`: out, room for `capacity` bytes: the name and a zero.
 * - `capacity`: in, bytes; 0 only asks for the length.
 * - `length_out`: out, bytes of the name without the zero; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such class; REFRAIN_E_CAPACITY; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if there is no model or a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_model_class_name(const struct refrain_model *model,
                                        uint32_t class_number,
                                        char *text_out,
                                        size_t capacity,
                                        size_t *length_out);

/**
 * The number of a class, from its name or its number as text.
 *
 * - `model`: shared.
 * - `name`: in, UTF-8, ending in a zero.
 * - `class_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such class; REFRAIN_E_VALUE if the name is not
 * UTF-8; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_model_find_class(const struct refrain_model *model,
                                        const char *name,
                                        uint32_t *class_out);

/* -- Engines; only with the feature cpu or gpu --------------------------------------------------- */

/**
 * Prepares a model on a device.
 *
 * - `model`: shared; may be destroyed afterwards.
 * - `backend`: in, a REFRAIN_BACKEND_... number.
 * - `engine_out`: out, to be destroyed with refrain_engine_destroy.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_DEVICE if there is no such device, the library was built without it,
 * or it cannot hold the model; REFRAIN_E_VALUE for an unknown backend; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if there is no model or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_engine_create(const struct refrain_model *model,
                                     uint32_t backend,
                                     struct refrain_engine **engine_out,
                                     char *message,
                                     size_t message_capacity);

/**
 * Frees an engine. Samplings made with it go on.
 *
 * - `engine`: exclusive; optional: NULL does nothing.
 */
REFRAIN_API void refrain_engine_destroy(struct refrain_engine *engine);

/**
 * Writes the name of the device, such as "cpu (2 threads, avx512)" or an adapter's name.
 *
 * - `engine`: shared.
 * - `text_out`: out, room for `capacity` bytes: the name and a zero.
 * - `capacity`: in, bytes; 0 only asks for the length.
 * - `length_out`: out, bytes of the name without the zero; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no engine or a
 * pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_engine_device_name(const struct refrain_engine *engine,
                                          char *text_out,
                                          size_t capacity,
                                          size_t *length_out);

/* -- Runs; only with the feature cpu or gpu ------------------------------------------------------ */

/**
 * Settings to start from: 50 steps, the sampler that fits, guidance 1, every call computed. Classes
 * must still be given.
 *
 * - `struct_size`: in, sizeof(refrain_settings).
 * - `settings_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_NULL; REFRAIN_E_MEMORY if the pointer is not
 * aligned.
 */
REFRAIN_API
refrain_status refrain_settings_default(size_t struct_size,
                                        struct refrain_settings *settings_out);

/**
 * Bytes that a run would take, before anything of it is made.
 *
 * - `model`: shared.
 * - `settings`: in.
 * - `memory_out`: out.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if the settings do not fit the model; REFRAIN_E_CONFIG_SIZE;
 * REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_settings_memory(const struct refrain_model *model,
                                       const struct refrain_settings *settings,
                                       struct refrain_memory *memory_out,
                                       char *message,
                                       size_t message_capacity);

/**
 * Starts a run. All memory it needs is taken here.
 *
 * - `engine`: shared; may be destroyed while the run goes on.
 * - `settings`: in, with what it points to; copied.
 * - `sampling_out`: out, to be destroyed with refrain_sampling_destroy.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if the settings do not fit the model; REFRAIN_E_DEVICE if the
 * device cannot hold the run; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if there is no engine or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_create(const struct refrain_engine *engine,
                                       const struct refrain_settings *settings,
                                       struct refrain_sampling **sampling_out,
                                       char *message,
                                       size_t message_capacity);

/**
 * Frees a run.
 *
 * - `sampling`: exclusive; optional: NULL does nothing.
 */
REFRAIN_API void refrain_sampling_destroy(struct refrain_sampling *sampling);

/**
 * Makes one call of the network, or stands in for it: one step of the sampler.
 *
 * - `sampling`: exclusive.
 * - `event_out`: out, what was done; optional: may be NULL.
 * - `left_out`: out, calls that are left; with 0 the pictures are done.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_ORDER if no call was left; REFRAIN_E_DEVICE if the device failed, and
 * the call may be tried again if it recovers; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or
 * a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_advance(struct refrain_sampling *sampling,
                                        struct refrain_event *event_out,
                                        uint32_t *left_out,
                                        char *message,
                                        size_t message_capacity);

/**
 * Writes a picture as it is now, as 8-bit red, green and blue, row by row from the top.
 *
 * - `sampling`: shared.
 * - `picture`: in, 0 to `class_count` - 1.
 * - `rgb_out`: out, room for `capacity` bytes.
 * - `capacity`: in, bytes; 0 only asks for the size.
 * - `bytes_out`: out, bytes of the picture, 3 * side * side; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_RANGE if there is no such picture;
 * REFRAIN_E_UNSUPPORTED if the model does not draw in RGB: decode what refrain_sampling_latents
 * gives; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a pointer is not aligned;
 * REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_image(const struct refrain_sampling *sampling,
                                      uint32_t picture,
                                      uint8_t *rgb_out,
                                      size_t capacity,
                                      size_t *bytes_out);

/**
 * Writes the latents of a picture as they are now: channels, rows, columns.
 *
 * - `sampling`: shared.
 * - `picture`: in, 0 to `class_count` - 1.
 * - `values_out`: out, room for `capacity` values.
 * - `capacity`: in, values; 0 only asks for the size.
 * - `count_out`: out, values of the picture; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_RANGE if there is no such picture;
 * REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_latents(const struct refrain_sampling *sampling,
                                        uint32_t picture,
                                        float *values_out,
                                        size_t capacity,
                                        size_t *count_out);

/**
 * What happened so far.
 *
 * - `sampling`: shared.
 * - `stats_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_stats(const struct refrain_sampling *sampling,
                                      struct refrain_stats *stats_out);

/**
 * What a user should hear of the policy: that it cannot skip on so few steps, or did not.
 *
 * - `sampling`: shared.
 * - `notice_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_notice(const struct refrain_sampling *sampling,
                                       refrain_notice *notice_out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* REFRAIN_H */
