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
 *    function returns REFRAIN_OK; but with REFRAIN_E_CAPACITY the size needed is written, where a
 *    function has an output for it. A capacity of 0 asks for it, and returns REFRAIN_E_CAPACITY too.
 *    Of texts that size is the length without the zero: give one byte more. After an error the object
 *    is as it was.
 * 2. Functions return a `refrain_status`: 0, or a negative number. Functions that look up a static
 *    value return that.
 * 3. Every pointer is checked: NULL is REFRAIN_E_NULL unless it is called optional, a pointer that is
 *    not aligned is REFRAIN_E_MEMORY. A pointer whose count is 0 is not looked at.
 * 4. What is passed as `const T *` may be used by any number of threads at once, what is passed as
 *    `T *` by one at a time. There is no thread-local state, and nothing global but the allocator.
 *    Where models, engines, samplings, evaluations and programs notice that they are used twice at
 *    once, that is REFRAIN_E_ORDER, and such a _destroy does nothing; schedulers do not notice.
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
 * A call
 * ------
 * 1. refrain_scheduler_begin. If `needs` is not 0, measure first: take the tensor that `signal` names
 *    through `filter`, compare it with its copy of the call that `reference` names, in the metric
 *    `metric` (refrain_cpu_change, or on your device), and hand the values to
 *    refrain_scheduler_decide: one, or one per lane of a pool. With `aligned`, as many factors
 *    (refrain_cpu_alignment) follow them. What cannot be measured is NAN: the call is then computed.
 * 2. Do what `action` says at the site that the policy names; refrain_policy_place tells of every block
 *    and module whether it is part of that, and refrain_policy_lanes how many lanes the run takes.
 *        COMPUTE          Run the network. Keep what the site gave in slot `slot` of your ring of
 *                         refrain_policy_anchors features; with REFRAIN_SET_SLOTS and
 *                         REFRAIN_ADD_TO_SLOTS take it into all slots (refrain_cpu_accumulate); with
 *                         REFRAIN_NO_SLOT keep nothing.
 *        REUSE, PREDICT   Leave the site out. What stands in for it is the sum of the slots times
 *                         `weights` (refrain_cpu_blend), put on the site's input if
 *                         REFRAIN_KEEP_RESIDUAL was kept. With REFRAIN_SPLIT_KIND_BAND the low band
 *                         takes `low_weights` and the rest `weights`. If `slot` is not
 *                         REFRAIN_NO_SLOT, keep the stand-in there once the call is committed.
 *        VERIFY           As PREDICT; also compute one block of the site, and measure how far what
 *                         stands in for it is from it.
 * 3. refrain_scheduler_commit, of a computed call with what refrain_policy_wants says, of a verified
 *    one with the error. If its event tells REFRAIN_REASON_FORECAST_REJECTED and the policy has
 *    REFRAIN_VERIFY_KIND_ROLLBACK, begin the call again: it is computed now. A call that was not
 *    carried out: refrain_scheduler_abandon.
 *
 * A call on a device of yours
 * ---------------------------
 * refrain_program_create lowers a model under a policy to buffers and segments of commands. Make the
 * buffers with their contents and the kernels (refrain_kernel_source, refrain_kernel_translate, or the
 * files of `refrain kernels`), and a scheduler of `lanes` lanes with refrain_program_policy. Then, for
 * every refrain_program_step:
 *
 * 1. Write the latents to `x`, with guidance twice, and the timestep to `t`; with `filter` also what
 *    refrain_program_filter gives.
 * 2. For every part, in order: if it takes the decision of a lane (refrain_program_part) that has no
 *    call open, begin one. If the decision `needs` something, run all segments so far and those of
 *    refrain_program_path, read `sums`, and decide with what refrain_program_values makes of them.
 *    Write the lane's weights. Then the segments of refrain_program_path are those of the part.
 * 3. Run what is left, read `prediction`, and commit every lane that has a call open with what
 *    refrain_program_values makes of `sums`. A forecast that was rejected is made anew, as above.
 *
 * bindings/samples/vulkan_host.cpp does that with plain Vulkan.
 *
 * Objects
 * -------
 *     policy      refrain_policy        plain data: when to skip, and how to fill in
 *     scheduler   refrain_scheduler     decides a run; in your memory
 *     predictor   refrain_predictor     the weights alone, without a scheduler
 *     cpu         float buffers         measurements, sums and the blend, in plain loops
 *     kernel      refrain_kernel        WGSL text and bindings, for a device of yours   (kernels)
 *     model       refrain_model         a checkpoint                                    (cpu or gpu)
 *     engine      refrain_engine        a model prepared on a device                    (cpu or gpu)
 *     sampling    refrain_sampling      a run that makes pictures, call by call         (cpu or gpu)
 *     forward     refrain_forward       one evaluation of a network, by slices          (cpu or gpu)
 *     sampler     refrain_step          steps and noise, for a loop of yours            (cpu or gpu)
 *     program     refrain_program       a model as dispatches, for a device of yours    (cpu or gpu)
 *     allocator   refrain_allocator     your heap in place of the system's              (allocator)
 *
 * The last column names the feature a library must have been built with for these functions to be
 * there; refrain_features tells at run time.
 *
 * Memory
 * ------
 * Policy, scheduler, predictor and cpu functions allocate nothing. A scheduler wants
 * refrain_scheduler_size(lanes) bytes, never more than REFRAIN_SCHEDULER_MAX_BYTES(lanes), aligned to
 * REFRAIN_ALIGNMENT; malloc does that on 64-bit systems. Its bytes may be copied. What kernel functions
 * hand out is static. Models, engines, samplings and programs allocate on the heap and on the device,
 * most of it in _open and _create; a process whose heap is exhausted ends there, as programs in Rust do.
 * refrain_settings_memory tells what a run takes before anything of it is made. In builds with the feature
 * allocator, refrain_allocator_set has all of the heap come from you; it is the one thing here that is
 * global.
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
 * builds with the feature std); the object is unusable from then on. No caller's error that rule 4 does
 * not forbid is known to cause it.
 *
 * A signal that is missing or not a number is no error: the call is computed, and the reason says so.
 *
 * Callbacks
 * ---------
 * refrain_sampling_set_progress and refrain_engine_set_log take a function of yours and a pointer that
 * is handed to it. Messages have numbers, for programs, and a line of text, for people. Your function is
 * called on the thread that advances a run, before that returns; it must return, neither throw nor jump,
 * and must not use the run that it hears from.
 *
 * Versions
 * --------
 * Functions marked REFRAIN_API are stable: they change only with REFRAIN_ABI_VERSION. Those marked
 * REFRAIN_EXPERIMENTAL may change with any version. REFRAIN_VERSION_NUMBER is the library's version and
 * says nothing of the binary interface.
 *
 * REFRAIN_ABI_VERSION changes only if programs built against an older header could break. Structs that
 * configure (policies, settings, options) begin with `struct_size`: programs built against an older or a
 * newer header work as long as they use nothing that the library does not know. All other structs keep
 * their fields. Numbers of enums are never reused. The same
 * policy and signals give the same decisions in every version with the same REFRAIN_ABI_VERSION, except
 * where a release note calls a difference a fixed defect.
 *
 * Linking
 * -------
 * CMake: add_subdirectory(refrain/bindings/cmake) or find_package(refrain), then refrain::core for
 * policies, schedulers, predictors and cpu functions alone, or refrain::refrain. pkg-config:
 * refrain-core or refrain. By hand:
 *
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

/* Stands before functions that may still change; those with REFRAIN_API do not, as long as
   REFRAIN_ABI_VERSION stays. To be warned wherever one is used, define it as
   REFRAIN_API __attribute__((deprecated("experimental"))) before this header is included. */
#ifndef REFRAIN_EXPERIMENTAL
#define REFRAIN_EXPERIMENTAL REFRAIN_API
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

/** In `refrain_features`: `refrain_kernel_translate` is there. */
#define REFRAIN_FEATURE_EXPORT 16

/** In `refrain_features`: `refrain_allocator_set` is there. */
#define REFRAIN_FEATURE_ALLOCATOR 32

/** The number of a granule, buffer, lane or kernel that there is none of. */
#define REFRAIN_NONE 4294967295

/** Coefficients of a rescaling polynomial. */
#define REFRAIN_MAX_COEFFICIENTS 6

/** Longest calibrated curve, in values. */
#define REFRAIN_MAX_CURVE 128

/** Most entries of a codebook. */
#define REFRAIN_MAX_CODEBOOK 8

/** Words of a step mask of 16384 bits. */
#define REFRAIN_MASK_WORDS 512

/** Alignment of the memory that objects are initialised in, in bytes. */
#define REFRAIN_ALIGNMENT 16

/** Most lanes of one scheduler. */
#define REFRAIN_MAX_LANES 65536

/** The slot of a decision that writes no anchor. */
#define REFRAIN_NO_SLOT 4294967295

/**
 * The slot of a computed call whose feature is added to running sums: slot k gains `weights[k]`
 * times the feature.
 */
#define REFRAIN_ADD_TO_SLOTS 4294967294

/** The slot of the first of those: slot k becomes `weights[k]` times the feature. */
#define REFRAIN_SET_SLOTS 4294967293

/** Bytes that a scheduler never exceeds beside its lanes. */
#define REFRAIN_SCHEDULER_BASE_BYTES 4608

/** Bytes that one lane never exceeds. */
#define REFRAIN_LANE_BYTES 1024

/** Most anchors a predictor uses, and so most slots of a ring. */
#define REFRAIN_MAX_ANCHORS 8

/** Buffer: written by the host before a call. */
#define REFRAIN_ROLE_INPUT 0

/** Buffer: read by the host after a call, or to decide it. */
#define REFRAIN_ROLE_OUTPUT 1

/** Buffer: holds nothing between calls. */
#define REFRAIN_ROLE_SCRATCH 2

/** Buffer: kept from call to call. */
#define REFRAIN_ROLE_STATE 3

/** Buffer: a tensor of the model, never written by a command. */
#define REFRAIN_ROLE_WEIGHT 4

/** Buffer: made for some calls in advance, of time and class alone. */
#define REFRAIN_ROLE_PREPARED 5

/** Most constants of a kernel. */
#define REFRAIN_MAX_CONSTANTS 4

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
     * earlier than the last one; or an object is used twice at once.
     */
    REFRAIN_E_ORDER = -6,
    /** A lane, step, evaluation, index or picture that does not exist. */
    REFRAIN_E_RANGE = -7,
    /**
     * The caller's buffer is too small. The size needed is written, alone of all outputs, where the
     * function has one for it.
     */
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
    /** Run the network; write what the site gave to the anchor slot, or into running sums. */
    REFRAIN_ACTION_COMPUTE = 0,
    /** Take the newest anchor as it is. */
    REFRAIN_ACTION_REUSE = 1,
    /** Blend the anchors by the weights. */
    REFRAIN_ACTION_PREDICT = 2,
    /**
     * Blend the anchors by the weights, compute the block that is checked from what they give, and
     * commit with the error between the two.
     */
    REFRAIN_ACTION_VERIFY = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_action refrain_action;
#else
typedef uint32_t refrain_action;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Element type of the anchors of a ring. Weights and predictions do not depend on it. */
enum refrain_anchor_format
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** 32-bit float, one a word. */
    REFRAIN_ANCHOR_FORMAT_F32 = 0,
    /**
     * IEEE half, two a word, low half first; rounded to nearest, ties to even, at most 65,504 in
     * magnitude.
     */
    REFRAIN_ANCHOR_FORMAT_F16 = 1,
    /**
     * A row of elements as its scale (an `f32`) and codes of 8 bits, -127 to 127, four a word, lowest
     * byte first; an element is its code times the scale, the nearest there is.
     */
    REFRAIN_ANCHOR_FORMAT_INT8 = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_anchor_format refrain_anchor_format;
#else
typedef uint32_t refrain_anchor_format;
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

/** What a calibrated curve is indexed by. */
enum refrain_curve_by
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** The step, as a share of the run; the nearest value counts. */
    REFRAIN_CURVE_BY_STEP = 0,
    /**
     * The call's time between the curve's start and end; values in between are interpolated, so
     * that a curve fits a run of other steps or another spacing.
     */
    REFRAIN_CURVE_BY_TIME = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_curve_by refrain_curve_by;
#else
typedef uint32_t refrain_curve_by;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Which deviation of the magnitude ratios counts. */
enum refrain_deviation
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** `|1 - product of g|`, as in most of the official code. */
    REFRAIN_DEVIATION_ABSOLUTE = 0,
    /** `1 - product of g`, as in the paper and in the official code for Open-Sora. */
    REFRAIN_DEVIATION_SIGNED = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_deviation refrain_deviation;
#else
typedef uint32_t refrain_deviation;
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
    /**
     * Words of anchors (`array<u32>`); constant `ANCHOR_FORMAT` or the kernel's name says which.
     */
    REFRAIN_ELEMENT_ANCHORS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_element refrain_element;
#else
typedef uint32_t refrain_element;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** What a tensor goes through before it is measured. */
enum refrain_filter
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Nothing. */
    REFRAIN_FILTER_NONE = 0,
    /** Every so-manieth row and column of the picture. */
    REFRAIN_FILTER_DOWNSAMPLE = 1,
    /** The low frequencies of the picture or the token grid, within a share of its radius. */
    REFRAIN_FILTER_LOW_PASS = 2,
    /**
     * SeaCache's filter: what is signal rather than noise at the call's noise level, if the
     * spectrum falls as |f|^-p.
     */
    REFRAIN_FILTER_SEA = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_filter refrain_filter;
#else
typedef uint32_t refrain_filter;
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
    /** Nothing is measured: a schedule says which calls are computed. */
    REFRAIN_GAUGE_KIND_COUNT = 2,
    /** A measured signal, rescaled. */
    REFRAIN_GAUGE_KIND_SIGNAL = 3,
    /**
     * `|1 - product of g|` over the calls since the last computed one, from a calibrated curve g of
     * magnitude ratios (MagCache). Needs no measurement.
     */
    REFRAIN_GAUGE_KIND_CURVE = 4,
    /**
     * A signal measured at computed calls alone, which says how many of the next calls are skipped
     * (AdaCache, Foresight, BWCache). It is known when the call is over, so nothing waits for it.
     */
    REFRAIN_GAUGE_KIND_LATE = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_gauge_kind refrain_gauge_kind;
#else
typedef uint32_t refrain_gauge_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** What is kept of a site. */
enum refrain_keep
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * What the site added to its input: a skipped call adds it to the fresh input, exactly once.
     */
    REFRAIN_KEEP_RESIDUAL = 0,
    /** What the site gave: a skipped call takes it in place of anything fresh. */
    REFRAIN_KEEP_OUTPUT = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_keep refrain_keep;
#else
typedef uint32_t refrain_keep;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** A shading language. */
enum refrain_language
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** WGSL, with the constants filled in. */
    REFRAIN_LANGUAGE_WGSL = 0,
    /** SPIR-V 1.3, which Vulkan 1.1 takes. */
    REFRAIN_LANGUAGE_SPIRV = 1,
    /** Metal Shading Language 2.4. */
    REFRAIN_LANGUAGE_MSL = 2,
    /** HLSL for shader model 6.0, or 6.2 where 16-bit floats are used. */
    REFRAIN_LANGUAGE_HLSL = 3,
    /** GLSL 4.50. */
    REFRAIN_LANGUAGE_GLSL = 4,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_language refrain_language;
#else
typedef uint32_t refrain_language;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** How much cache-dit's mask skips. */
enum refrain_level
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** About a quarter to a third. */
    REFRAIN_LEVEL_SLOW = 0,
    /** About half. */
    REFRAIN_LEVEL_MEDIUM = 1,
    /** About two thirds. */
    REFRAIN_LEVEL_FAST = 2,
    /** About three quarters. */
    REFRAIN_LEVEL_ULTRA = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_level refrain_level;
#else
typedef uint32_t refrain_level;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** What a message is about. Numbers are never used again for another. */
enum refrain_message
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** A device was opened; the text is its name. */
    REFRAIN_MESSAGE_DEVICE = 0,
    /** No GPU was used where one was looked for; the text says why. */
    REFRAIN_MESSAGE_NO_GPU = 1,
    /** The GPU is a software renderer: it is right, and slow. */
    REFRAIN_MESSAGE_SOFTWARE_GPU = 2,
    /**
     * A kernel was measured to be the fastest for its shape; the text is the line of the tuning.
     */
    REFRAIN_MESSAGE_KERNEL = 3,
    /** A run has started; the text is its policy, steps and bytes. */
    REFRAIN_MESSAGE_STARTED = 4,
    /** All calls of a run are made; the text is its trace. */
    REFRAIN_MESSAGE_FINISHED = 5,
    /** The policy cannot skip on so few steps, or did not skip; the text is the notice's name. */
    REFRAIN_MESSAGE_NOTICE = 6,
    /** A call failed on the device; the text says why. */
    REFRAIN_MESSAGE_FAILED = 7,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_message refrain_message;
#else
typedef uint32_t refrain_message;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** The preset a policy starts from: the first word of its text form. */
enum refrain_method
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Every call is computed. */
    REFRAIN_METHOD_FULL = 0,
    /** One call in `interval` is computed. */
    REFRAIN_METHOD_INTERVAL = 1,
    /** An explicit step mask. */
    REFRAIN_METHOD_MASK = 2,
    /** A fixed interval around the deep blocks. */
    REFRAIN_METHOD_DEEP_CACHE = 3,
    /** Key steps run the front blocks, the others take their output. */
    REFRAIN_METHOD_FASTER_DIFFUSION = 4,
    /** A fixed interval at every attention and MLP. */
    REFRAIN_METHOD_FORA = 5,
    /** The rear blocks early in the run, the front blocks late. */
    REFRAIN_METHOD_DELTA_DIT = 6,
    /** Attention at an interval in the middle of the run. */
    REFRAIN_METHOD_PAB = 7,
    /** Self-attention at an interval before a gate step. */
    REFRAIN_METHOD_T_GATE = 8,
    /** Cross-attention up to a gate step only. */
    REFRAIN_METHOD_T_GATE_CROSS = 9,
    /** Every second attention, extrapolated with a growing weight. */
    REFRAIN_METHOD_FASTER_CACHE = 10,
    /** The unconditional branch from the conditional one. */
    REFRAIN_METHOD_CFG_CACHE = 11,
    /** The front blocks at an interval, late in the run. */
    REFRAIN_METHOD_BLOCK_DANCE = 12,
    /** A fixed interval early in the run. */
    REFRAIN_METHOD_FR_DIFF = 13,
    /** A fixed interval inside long skips. */
    REFRAIN_METHOD_SKIP_DIT = 14,
    /** cache-dit's steps computation mask. */
    REFRAIN_METHOD_SCM = 15,
    /** A mask from error curves. */
    REFRAIN_METHOD_SMOOTH_CACHE = 16,
    /** A mask for every block from accumulated changes. */
    REFRAIN_METHOD_BLOCK_CACHING = 17,
    /** A mask that minimises the worst segment's error. */
    REFRAIN_METHOD_LE_MI_CA = 18,
    /** A mask by dynamic programming, with TaylorSeer's forecast. */
    REFRAIN_METHOD_DP_CACHE = 19,
    /** A mask from the quantiles of second-order change. */
    REFRAIN_METHOD_INVAR_DIFF = 20,
    /** A mask found by a genetic search. */
    REFRAIN_METHOD_ECAD = 21,
    /** A mask with intervals that never grow. */
    REFRAIN_METHOD_PRO_CACHE = 22,
    /** A mask by dynamic programming over sensitivities. */
    REFRAIN_METHOD_SODA = 23,
    /** A mask from residual errors. */
    REFRAIN_METHOD_ERTA_CACHE = 24,
    /** A mask each for attention and MLP. */
    REFRAIN_METHOD_FEB_CACHE = 25,
    /** A mask for every attention. */
    REFRAIN_METHOD_DIT_FAST_ATTN = 26,
    /** A learned mask for every module at every second step. */
    REFRAIN_METHOD_L2C = 27,
    /** A learned mask for every module at every step. */
    REFRAIN_METHOD_HARMONICA = 28,
    /** A mask, and a velocity extrapolated along time. */
    REFRAIN_METHOD_MEAN_CACHE = 29,
    /** A mask of exactly so many steps, by annealing. */
    REFRAIN_METHOD_BUD_CACHE = 30,
    /** A mask that minimises the accumulated error. */
    REFRAIN_METHOD_CEM = 31,
    /** A mask for a quantised model, by dynamic programming. */
    REFRAIN_METHOD_CACHE_QUANT = 32,
    /** A mask found by trying all. */
    REFRAIN_METHOD_GOLDEN_PATH = 33,
    /** Accumulated relative change of the modulated input. */
    REFRAIN_METHOD_TEA_CACHE = 34,
    /** Relative change of the first block's residual. */
    REFRAIN_METHOD_FB_CACHE = 35,
    /** Input change times the runtime transformation rate. */
    REFRAIN_METHOD_EASY_CACHE = 36,
    /** EasyCache on the guided prediction. */
    REFRAIN_METHOD_LAZY_CACHE = 37,
    /** EasyCache's rate with a budget that varies. */
    REFRAIN_METHOD_U_CACHE = 38,
    /** What stable-diffusion.cpp's block caches do. */
    REFRAIN_METHOD_SD_CPP = 39,
    /** Calibrated magnitude ratios. */
    REFRAIN_METHOD_MAG_CACHE = 40,
    /** The first block as a probe, and an aligned residual. */
    REFRAIN_METHOD_DI_CACHE = 41,
    /** TeaCache's rule on a filtered input. */
    REFRAIN_METHOD_SEA_CACHE = 42,
    /** Calibrated sensitivities to input and time. */
    REFRAIN_METHOD_SEN_CACHE = 43,
    /** TeaCache's rule with an extrapolated residual. */
    REFRAIN_METHOD_D2_CACHE = 44,
    /** A trial run at low resolution. */
    REFRAIN_METHOD_PRECISE_CACHE = 45,
    /** TeaCache's rule for every chunk of a video. */
    REFRAIN_METHOD_FLOW_CACHE = 46,
    /** An interval from a codebook after every computed step. */
    REFRAIN_METHOD_ADA_CACHE = 47,
    /** Relative change of the front blocks' residual. */
    REFRAIN_METHOD_DB_CACHE = 48,
    /** Relative change of every block's input. */
    REFRAIN_METHOD_DB_PRUNE = 49,
    /** Every block against what it showed in the warm-up. */
    REFRAIN_METHOD_FORESIGHT = 50,
    /** The mean change of all blocks, then several skips. */
    REFRAIN_METHOD_BW_CACHE = 51,
    /** Relative change of every block's input, in the L2 norm. */
    REFRAIN_METHOD_FAST_CACHE = 52,
    /** A trained gate at every module. */
    REFRAIN_METHOD_LAZY_DIT = 53,
    /** Interval with TaylorSeer's forecast. */
    REFRAIN_METHOD_TAYLOR_SEER = 54,
    /** TaylorSeer on the last hidden state. */
    REFRAIN_METHOD_TAYLOR_SEER_LITE = 55,
    /** Interval with scaled Hermite polynomials. */
    REFRAIN_METHOD_HI_CACHE = 56,
    /** Interval with FoCa's forecast and correction. */
    REFRAIN_METHOD_FO_CA = 57,
    /** Interval with an Adams-Bashforth step. */
    REFRAIN_METHOD_AB_CACHE = 58,
    /** Adams-Bashforth for molecules. */
    REFRAIN_METHOD_MOL_CACHE = 59,
    /** The last change added at a few steps. */
    REFRAIN_METHOD_GOC = 60,
    /** Low frequencies held, high ones forecast. */
    REFRAIN_METHOD_FREQ_CA = 61,
    /** A Chebyshev fit over the whole past. */
    REFRAIN_METHOD_SPECTRUM = 62,
    /** Dynamic mode decomposition of the last features. */
    REFRAIN_METHOD_DMD = 63,
    /** Fitted weights for every step. */
    REFRAIN_METHOD_L2P = 64,
    /** ToCa's schedule at every module. */
    REFRAIN_METHOD_TO_CA = 65,
    /** ToCa's schedule with steps that skip everything. */
    REFRAIN_METHOD_DU_CA = 66,
    /** Background blocks by a mask. */
    REFRAIN_METHOD_PROFILING_DIT = 67,
    /** An integrator's step between computed ones. */
    REFRAIN_METHOD_HY_CA = 68,
    /** Forecasts that are checked at one block. */
    REFRAIN_METHOD_SPE_CA = 69,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_method refrain_method;
#else
typedef uint32_t refrain_method;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** How a tensor's change becomes a number. `ref` is the older tensor. */
enum refrain_metric
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** `mean|now - ref| / mean|ref|` */
    REFRAIN_METRIC_RELATIVE_L1 = 0,
    /** `||now - ref|| / ||ref||` */
    REFRAIN_METRIC_RELATIVE_L2 = 1,
    /** `1 - cos(now, ref)` */
    REFRAIN_METRIC_COSINE = 2,
    /** `mean|now - ref|` */
    REFRAIN_METRIC_MEAN_ABSOLUTE = 3,
    /** `mean (now - ref)^2` */
    REFRAIN_METRIC_MEAN_SQUARE = 4,
    /** `||now - ref||` */
    REFRAIN_METRIC_L2 = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_metric refrain_metric;
#else
typedef uint32_t refrain_metric;
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

/** Whose options a text holds. */
enum refrain_peer
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** stable-diffusion.cpp: `--cache-mode easycache --cache-option threshold=0.25`. */
    REFRAIN_PEER_SD_CPP = 0,
    /** cache-dit: `DBCacheConfig(Fn_compute_blocks=8)`, or lines of YAML. */
    REFRAIN_PEER_CACHE_DIT = 1,
    /** diffusers: `FirstBlockCacheConfig(threshold=0.05)`. */
    REFRAIN_PEER_DIFFUSERS = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_peer refrain_peer;
#else
typedef uint32_t refrain_peer;
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

/**
 * The rule that turns anchor times into weights. Its weights sum to one unless it says otherwise.
 */
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
    /**
     * HiCache's scaled Hermite polynomials over TaylorSeer's table: exact on straight lines with
     * sigma 1/sqrt 2 alone, and damped below.
     */
    REFRAIN_PREDICTOR_KIND_HERMITE = 3,
    /** AB-Cache: the polynomial through the last values, forecasts included, one call apart. */
    REFRAIN_PREDICTOR_KIND_ADAMS_BASHFORTH = 4,
    /**
     * FoCa: a straight line, and a correction by what the last refresh changed, which fades by half
     * with every call.
     */
    REFRAIN_PREDICTOR_KIND_FOCA = 5,
    /**
     * The newest feature and a share of the last change, whatever the distance (GOC, FasterCache).
     */
    REFRAIN_PREDICTOR_KIND_GRADIENT = 6,
    /** DiCache: as far along the last change as a probe was measured to be. */
    REFRAIN_PREDICTOR_KIND_ALIGNED = 7,
    /** HyCa's `rk2`: 1.5 F0 - 0.5 F2, whatever the distance. */
    REFRAIN_PREDICTOR_KIND_RK2 = 8,
    /** HyCa's `ab2`: 2.5 F0 - 2 F1 + 0.5 F2, whatever the distance. */
    REFRAIN_PREDICTOR_KIND_AB2 = 9,
    /** HyCa's `tf`: 2 F0 - F1, whatever the distance. */
    REFRAIN_PREDICTOR_KIND_FORWARD = 10,
    /** HyCa's `bdf2`: 4/3 F0 - 1/3 F1, whatever the distance. */
    REFRAIN_PREDICTOR_KIND_BDF2 = 11,
    /** HyCa's `am`: a step of ab2, corrected. */
    REFRAIN_PREDICTOR_KIND_ADAMS_MOULTON = 12,
    /**
     * Spectrum's ridge-regularised fit over the whole run, as running sums. Weights do not sum to
     * one.
     */
    REFRAIN_PREDICTOR_KIND_CHEBYSHEV = 13,
    /** Weights learned elsewhere, a row a step (L2P). They sum to what they were made to. */
    REFRAIN_PREDICTOR_KIND_TABLE = 14,
    /**
     * Dynamic modes from the inner products of the anchors (HiCache++). Weights do not sum to one.
     */
    REFRAIN_PREDICTOR_KIND_DMD = 15,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_predictor_kind refrain_predictor_kind;
#else
typedef uint32_t refrain_predictor_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** What the phases of a threshold are a share of. */
enum refrain_progress
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** The steps of the run. */
    REFRAIN_PROGRESS_STEP = 0,
    /** The calls computed within the window, of all calls of the run (UCache). */
    REFRAIN_PROGRESS_COMPUTED = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_progress refrain_progress;
#else
typedef uint32_t refrain_progress;
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
    /** Skipped: nothing is measured, and neither a guard nor the schedule objects. */
    REFRAIN_REASON_FREE = 12,
    /** Computed: the schedule says so. */
    REFRAIN_REASON_SCHEDULE = 13,
    /**
     * Computed: the forecast of the call before, or of this call, was found to be wrong. In the
     * event of a verified call: it was found to be wrong.
     */
    REFRAIN_REASON_FORECAST_REJECTED = 14,
    /** Computed: the signals of the run have added up to their limit. */
    REFRAIN_REASON_MAX_SPENT = 15,
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
    /** The magnitude of the polynomial (TeaCache in ComfyUI, on FLUX). */
    REFRAIN_RESCALE_ABSOLUTE_POLYNOMIAL = 3,
    /** The signal divided by the distance, in calls, to the last computed call (AdaCache). */
    REFRAIN_RESCALE_GAP = 4,
    /**
     * `Jx * signal + Jt * |time - time of the last computed call|`: sensitivities from a calibrated
     * curve, whose first half is Jx and whose second half is Jt (SenCache).
     */
    REFRAIN_RESCALE_SENSITIVITY = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_rescale refrain_rescale;
#else
typedef uint32_t refrain_rescale;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** How a share of the steps becomes a number of steps. */
enum refrain_rounding
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** `floor(share * steps + 1/2)` */
    REFRAIN_ROUNDING_NEAREST = 0,
    /** `floor(share * steps)` */
    REFRAIN_ROUNDING_DOWN = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_rounding refrain_rounding;
#else
typedef uint32_t refrain_rounding;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** How skips in a row are counted. */
enum refrain_run_count
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Skips since the last computed call. */
    REFRAIN_RUN_COUNT_CONSECUTIVE = 0,
    /**
     * As cache-dit's code has it: the count falls to zero only when the limit is reached, the first
     * skip of the run counts one, a skip right after another counts one, or two from zero, and any
     * other skip counts nothing. A limit of 1 so lets two skips in a row pass.
     */
    REFRAIN_RUN_COUNT_CACHE_DIT = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_run_count refrain_run_count;
#else
typedef uint32_t refrain_run_count;
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

/** What the threshold is a multiple of. */
enum refrain_scale
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Nothing: it is a cost. */
    REFRAIN_SCALE_CONSTANT = 0,
    /**
     * What was measured in the last three calls of the warm-up, the newest in full, the others a
     * tenth and a hundredth (Foresight's lambda).
     */
    REFRAIN_SCALE_LEARNED = 1,
    /** The largest cost of the run so far (PreciseCache). */
    REFRAIN_SCALE_LARGEST = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_scale refrain_scale;
#else
typedef uint32_t refrain_scale;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Which calls are computed. */
enum refrain_schedule
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Every `interval`-th, counted from the last computed one (TaylorSeer). */
    REFRAIN_SCHEDULE_SINCE = 0,
    /** Steps at a multiple of `interval` from `offset` (DeepCache, PAB). */
    REFRAIN_SCHEDULE_FIRST = 1,
    /** Steps at a multiple of `interval` from the last step (FORA). */
    REFRAIN_SCHEDULE_LAST = 2,
    /** One in `interval`, densest around `center` (DeepCache's non-uniform schedule). */
    REFRAIN_SCHEDULE_QUADRATIC = 3,
    /** cache-dit's steps computation mask at `level`. */
    REFRAIN_SCHEDULE_SCM = 4,
    /**
     * ToCa's and DuCa's schedule: intervals around `interval`, longer at first, and every second
     * step from 60 to 80 % of the run.
     */
    REFRAIN_SCHEDULE_TOCA = 5,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_schedule refrain_schedule;
#else
typedef uint32_t refrain_schedule;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Which tensor is measured. */
enum refrain_signal
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** The first block's input after layer norm, scale and shift (TeaCache). */
    REFRAIN_SIGNAL_MODULATED_INPUT = 0,
    /**
     * What the front blocks (the first `front` blocks of the site) added to their input (FBCache).
     */
    REFRAIN_SIGNAL_FRONT_RESIDUAL = 1,
    /** The network's input latent (EasyCache). */
    REFRAIN_SIGNAL_MODEL_INPUT = 2,
    /**
     * The timestep's embedding. It depends on the sampler's times alone, so that a schedule can be
     * known before the run (TeaCache on Wan2.1 and CogVideoX).
     */
    REFRAIN_SIGNAL_TIME_EMBEDDING = 3,
    /** The residual stream behind the front blocks (DiCache's probe). */
    REFRAIN_SIGNAL_FRONT_OUTPUT = 4,
    /** The lane's block: its input (DBPrune, FastCache). */
    REFRAIN_SIGNAL_BLOCK_INPUT = 5,
    /**
     * The outputs of the blocks; with a lane a block its own, else the mean over all of them
     * (Foresight, BWCache).
     */
    REFRAIN_SIGNAL_BLOCK_OUTPUT = 6,
    /** What the block in the middle of the trunk added to its input (AdaCache). */
    REFRAIN_SIGNAL_BLOCK_RESIDUAL = 7,
    /**
     * The output of a trained gate, 0 to 1: no change of a tensor, and not for any metric (LazyDiT).
     */
    REFRAIN_SIGNAL_GATE = 8,
    /**
     * The network's output for a latent of lower resolution, a trial run of the host's
     * (PreciseCache).
     */
    REFRAIN_SIGNAL_TRIAL_OUTPUT = 9,
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
    /** All transformer blocks; embedding and final layer run on every call. */
    REFRAIN_SITE_KIND_TRUNK = 0,
    /** The blocks between the first `front` and the last `back` ones, which run on every call. */
    REFRAIN_SITE_KIND_RANGE = 1,
    /** The whole network, from latent to prediction; nothing of it runs. */
    REFRAIN_SITE_KIND_MODEL = 2,
    /** The first blocks, a `share` of them (BlockDance). */
    REFRAIN_SITE_KIND_FRONT = 3,
    /** The last blocks, a `share` of them. */
    REFRAIN_SITE_KIND_REAR = 4,
    /** The last blocks before `boundary`, the first ones from there on (Delta-DiT). */
    REFRAIN_SITE_KIND_STAGE = 5,
    /**
     * The outputs of every attention and MLP module before their gates, which stay fresh (FORA).
     */
    REFRAIN_SITE_KIND_MODULES = 6,
    /** The outputs of every attention module before their gates (PAB). */
    REFRAIN_SITE_KIND_ATTENTION = 7,
    /** The outputs of every MLP module before their gates. */
    REFRAIN_SITE_KIND_MLP = 8,
    /** Every block by itself, with a lane each (DBPrune, Foresight). */
    REFRAIN_SITE_KIND_BLOCKS = 9,
    /**
     * The network on the rows without their classes: guidance from the rows with them and what was
     * kept of the difference (FasterCache's CFG-Cache).
     */
    REFRAIN_SITE_KIND_BRANCH = 10,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_site_kind refrain_site_kind;
#else
typedef uint32_t refrain_site_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** Which parts of a feature have weights of their own. */
enum refrain_split_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** None: one set of weights for all of it. */
    REFRAIN_SPLIT_KIND_NONE = 0,
    /**
     * Its low frequencies over the picture or the token grid, which are held, and the rest, which
     * is forecast (FreqCa); of a guidance branch each has a factor of its own (FasterCache).
     */
    REFRAIN_SPLIT_KIND_BAND = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_split_kind refrain_split_kind;
#else
typedef uint32_t refrain_split_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** A part of a network that an engine runs as one. */
enum refrain_unit
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** A transformer block. */
    REFRAIN_UNIT_BLOCK = 0,
    /** The attention of a block, before its gate. */
    REFRAIN_UNIT_ATTENTION = 1,
    /** The MLP of a block, before its gate. */
    REFRAIN_UNIT_MLP = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_unit refrain_unit;
#else
typedef uint32_t refrain_unit;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** What happens when a forecast is found to be wrong. */
enum refrain_verify_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Nothing is checked. */
    REFRAIN_VERIFY_KIND_NONE = 0,
    /** The call stands, and the next one is computed (SpeCa's code). */
    REFRAIN_VERIFY_KIND_NEXT = 1,
    /** The call is given up and made again, computed (SpeCa's paper). */
    REFRAIN_VERIFY_KIND_ROLLBACK = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_verify_kind refrain_verify_kind;
#else
typedef uint32_t refrain_verify_kind;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** What a computed call is to be committed with. */
enum refrain_wants
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Nothing. */
    REFRAIN_WANTS_NOTHING = 0,
    /**
     * Its transformation rate (EasyCache), one per lane that decides:
     * `mean|v - v'| / mean|x - x'| / mean|v|` over this and the computed call before.
     */
    REFRAIN_WANTS_RATE = 1,
    /** The signal of a late gauge, one value per lane that decides. */
    REFRAIN_WANTS_SIGNAL = 2,
    /**
     * Inner products of the newly kept feature with every kept feature, itself first, then from
     * newest to oldest, at most six (DMD).
     */
    REFRAIN_WANTS_PRODUCTS = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_wants refrain_wants;
#else
typedef uint32_t refrain_wants;
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

/** What a window is given in. */
enum refrain_window
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /** Shares of the steps, 0 to 1: `start <= step / steps < end`. */
    REFRAIN_WINDOW_SHARE = 0,
    /** Steps: `start <= step < end`. */
    REFRAIN_WINDOW_STEP = 1,
    /** The sampler's time (timestep or sigma), in either direction: `start < time < end`. */
    REFRAIN_WINDOW_TIME = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum refrain_window refrain_window;
#else
typedef uint32_t refrain_window;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/** A model prepared on a device: its weights are loaded once and shared by all runs. */
typedef struct refrain_engine refrain_engine;

/** One evaluation of a network, advanced by slices. */
typedef struct refrain_forward refrain_forward;

/** A checkpoint, checked. Reading it needs the feature cpu or gpu, as all that follows. */
typedef struct refrain_model refrain_model;

/**
 * A model's forward pass under a policy: buffers, segments of commands over them, and which segments
 * a call runs. The host makes the buffers and dispatches the kernels on its own device; a scheduler
 * decides. Making one needs no device.
 */
typedef struct refrain_program refrain_program;

/** A run that makes pictures, one call of the network at a time. */
typedef struct refrain_sampling refrain_sampling;

/**
 * A scheduler: decides, call by call, for one run of a policy. It lives in memory of the caller,
 * holds nothing else, has no pointers in it, and needs no destroying: the memory may be copied to
 * another aligned place, reused, or freed at any time.
 */
typedef struct refrain_scheduler refrain_scheduler;

/** Which interval follows a value measured at a computed call. */
typedef struct refrain_codebook {
    /** Entries in use: 0 for no codebook, at most REFRAIN_MAX_CODEBOOK. */
    uint32_t len;
    /** Interval of each entry, 1 or more. */
    uint32_t intervals[REFRAIN_MAX_CODEBOOK];
    /** Zero. */
    uint32_t reserved;
    /** An entry counts for values below its threshold, 0 to 1e6; thresholds rise. */
    double thresholds[REFRAIN_MAX_CODEBOOK];
} refrain_codebook;

/** A calibrated curve, one value a step of the run it was calibrated on. */
typedef struct refrain_curve {
    /** Values in use: 0 for none, at most REFRAIN_MAX_CURVE. */
    uint32_t len;
    /** What it is indexed by. */
    refrain_curve_by by;
    /** With REFRAIN_CURVE_BY_TIME: time of the first value. */
    double start;
    /** With REFRAIN_CURVE_BY_TIME: time of the last value. */
    double end;
    /**
     * The values; those beyond `len` are 0. Magnitude ratios are 0.01 to 100; by step, a run of
     * another length takes the nearest.
     */
    double values[REFRAIN_MAX_CURVE];
} refrain_curve;

/** What is measured or counted, and how it is rescaled. */
typedef struct refrain_gauge {
    /** Where the cost of skipping a call comes from. */
    refrain_gauge_kind kind;
    /** With REFRAIN_GAUGE_KIND_SIGNAL and _LATE: what the host measures. */
    refrain_signal signal;
    /** With a signal: how a tensor's change becomes a number. */
    refrain_metric metric;
    /** With a signal: what it is compared with. */
    refrain_reference reference;
    /** With a signal: what it goes through before. */
    refrain_filter filter;
    /** With a signal: how the measured value becomes a cost. */
    refrain_rescale rescale;
    /** With REFRAIN_GAUGE_KIND_COUNT: which calls are computed. */
    refrain_schedule schedule;
    /**
     * With REFRAIN_GAUGE_KIND_COUNT and _LATE: the interval between computed calls, 1 to 1e6. Else
     * 1.
     */
    uint32_t interval;
    /** With REFRAIN_SCHEDULE_FIRST: step at which the pattern starts. Else 0. */
    uint32_t offset;
    /** With REFRAIN_SCHEDULE_SCM: how much it skips. */
    refrain_level level;
    /** With REFRAIN_GAUGE_KIND_CURVE: how a product of ratios becomes a cost. */
    refrain_deviation deviation;
    /**
     * With REFRAIN_GAUGE_KIND_CURVE: index of a value whose steps are always computed; 0 for none.
     */
    uint32_t protect;
    /**
     * With a filter: factor of REFRAIN_FILTER_DOWNSAMPLE, share of the radius of _LOW_PASS,
     * exponent of _SEA. Else 0.
     */
    double filter_size;
    /** With REFRAIN_SCHEDULE_QUADRATIC: step around which computed calls are densest. Else 0. */
    double center;
    /**
     * With REFRAIN_SCHEDULE_SINCE: what the interval grows by with every computed call behind the
     * warm-up, 0 to 1e6.
     */
    double growth;
    /** With a polynomial: the signal counts as no smaller than this, 0 to 1e9. */
    double domain_min;
    /** With a polynomial: the signal counts as no larger than this; else 1e9. */
    double domain_max;
    /**
     * With REFRAIN_GAUGE_KIND_SIGNAL: a call costs 1 + run_factor times as much for every skip
     * before it in its run, 0 to 1e6.
     */
    double run_factor;
    /**
     * With a polynomial: coefficients from -1e9 to 1e9, highest degree first, ending in the
     * constant; a polynomial of lower degree has leading zeros.
     */
    double coefficients[REFRAIN_MAX_COEFFICIENTS];
    /** With REFRAIN_GAUGE_KIND_LATE: which interval follows a value. */
    struct refrain_codebook codebook;
    /**
     * With REFRAIN_GAUGE_KIND_CURVE: magnitude ratios. With REFRAIN_RESCALE_SENSITIVITY: Jx, then
     * Jt. With REFRAIN_PREDICTOR_KIND_TABLE: its weights, order + 1 a step.
     */
    struct refrain_curve curve;
} refrain_gauge;

/** How much cost may be spent before a call is computed. */
typedef struct refrain_budget {
    /** How costs add up. */
    refrain_budget_kind kind;
    /** Whether a skip must stay below the threshold or may reach it. Key `compare`. */
    refrain_comparator comparator;
    /** What the threshold is a multiple of. */
    refrain_scale scale;
    /** What the phases of the threshold are a share of. */
    refrain_progress progress;
    /**
     * Cost allowed, in units of the gauge and its scale, 0 to 1e6. Larger skips more. With
     * REFRAIN_COMPARATOR_BELOW, 0 computes every call.
     */
    double threshold;
    /**
     * With REFRAIN_BUDGET_KIND_LEAKY: share of the amount spent that is left at the next call, 0
     * to 1; smaller skips more. Else 1.
     */
    double decay;
    /** What the threshold is multiplied by before `early_until`, 0 to 100. */
    double early_factor;
    /** Share of the run before which `early_factor` counts, 0 to 1. */
    double early_until;
    /** What the threshold is multiplied by after `late_from`, 0 to 100. */
    double late_factor;
    /** Share of the run after which `late_factor` counts, 0 to 1. */
    double late_from;
    /** Largest cost of a single call, 0 for no limit. */
    double max_cost;
    /** 1: a computed call sets the amount spent to zero. 0: it goes on. */
    uint32_t reset;
    /** Zero. */
    uint32_t reserved;
} refrain_budget;

/** What stands in for a skipped call. */
typedef struct refrain_predictor {
    /** The rule. */
    refrain_predictor_kind kind;
    /**
     * Highest order, 0 to 4, of a rule that has one: it uses up to order + 1 anchors and ramps up
     * with the history. Else 0.
     */
    uint32_t order;
    /** What the anchors are spaced along. */
    refrain_axis axis;
    /**
     * With REFRAIN_PREDICTOR_KIND_GRADIENT: 1 if forecasts take a place among the anchors. Else 0.
     */
    uint32_t rolling;
    /** With REFRAIN_PREDICTOR_KIND_GRADIENT: 1 if the gain rises from 0 over the run. Else 0. */
    uint32_t ramp;
    /** Zero. */
    uint32_t reserved;
    /** With REFRAIN_PREDICTOR_KIND_HERMITE: width of the basis, 0.01 to 10. Else 0.5. */
    double sigma;
    /**
     * With REFRAIN_PREDICTOR_KIND_GRADIENT: share of the last change that is added, -10 to 10. With
     * REFRAIN_PREDICTOR_KIND_ALIGNED: largest factor, 1 to 10. Else 1.
     */
    double gain;
    /**
     * With REFRAIN_PREDICTOR_KIND_GRADIENT: share of the run from which the gain counts. Else 0.
     */
    double gain_start;
    /**
     * With REFRAIN_PREDICTOR_KIND_GRADIENT: share of the run up to which the gain counts. Else 1.
     */
    double gain_end;
    /**
     * Share of the forecast, 0 to 1; the rest is the newest anchor. 1 unless a policy says otherwise.
     */
    double blend;
    /** Largest distance that is extrapolated, on the axis, 0 for no limit. */
    double horizon;
    /** With REFRAIN_PREDICTOR_KIND_CHEBYSHEV: regularisation of the fit, 1e-9 to 1e6. Else 0.1. */
    double ridge;
} refrain_predictor;

/** Parts of a feature with weights of their own. */
typedef struct refrain_split {
    /** Which parts. */
    refrain_split_kind kind;
    /** Zero. */
    uint32_t reserved;
    /**
     * With REFRAIN_SPLIT_KIND_BAND: share of the radius of the spectrum that is the low band, 0 to
     * 1. Else 0.
     */
    double band;
    /**
     * With REFRAIN_SITE_KIND_BRANCH too: what the low band gains before the boundary and the high
     * band after it, as a share, 0 to 10. Else 0.
     */
    double boost;
} refrain_split;

/** Checking a forecast: an error above max(tolerance * decay^progress, floor) rejects it. */
typedef struct refrain_verify {
    /** What happens when a forecast is found to be wrong. */
    refrain_verify_kind kind;
    /** First skip of a run that is verified, counted from 1. */
    uint32_t from;
    /** Error allowed at the start of the run, 0 to 1e6. Larger skips more. */
    double tolerance;
    /** What is left of it at the end, as a factor, 1e-9 to 1. Else 1. */
    double decay;
    /** What it never falls below, 0 to 1e6. */
    double floor;
} refrain_verify;

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
    /**
     * What is kept of it. Modules and a branch leave no choice: REFRAIN_KEEP_RESIDUAL stands here.
     */
    refrain_keep keep;
    /**
     * With REFRAIN_SITE_KIND_FRONT, _REAR and _STAGE: share of the blocks that is left out, 0 to
     * 1. Else 0.5.
     */
    double share;
    /**
     * With REFRAIN_SITE_KIND_STAGE, and a branch in bands: share of the steps at which the stage
     * changes, 0 to 1. Else 0.5.
     */
    double boundary;
} refrain_site;

/**
 * When a call is computed whatever the gauge says. Guards only ever turn a skip into a computed
 * call.
 */
typedef struct refrain_guards {
    /** First steps that are always computed, 0 to 2^30. Larger is safer. Key `warmup`. */
    uint32_t max_warmup_steps;
    /**
     * Last steps that are always computed, 0 to 2^30. 1 unless a policy says otherwise: a skipped
     * last step leaves visible noise. Key `last`.
     */
    uint32_t last_steps;
    /** Longest run of skipped calls, 0 for no limit. Key `max_run`. */
    uint32_t max_continuous_cached_steps;
    /** How that run is counted. */
    refrain_run_count run_count;
    /** Skipped calls of a whole run, 0 for no limit. Key `max_total`. */
    uint32_t max_cached_steps;
    /** First steps in which no two calls in a row are skipped, 0 to 2^30. Key `enhance`. */
    uint32_t enhanced_steps;
    /** How `warmup_fraction` becomes whole steps. */
    refrain_rounding rounding;
    /** What the window is given in. */
    refrain_window window;
    /**
     * Share of the steps, 0 to 1, that is always computed at the start; the longer of this and
     * `max_warmup_steps` counts. Key `retention`.
     */
    double warmup_fraction;
    /** Skips are allowed from here: a share of the steps, a step or a time. Key `start`. */
    double window_start;
    /** Skips are allowed up to, and without, this. Key `end`. */
    double window_end;
    /** Signals of the whole run that may add up before every call is computed, 0 for no limit. */
    double max_spent;
    /**
     * Bits in `mask`: 0 for no mask, else the steps of the run times its columns, at most 16384.
     */
    uint32_t mask_len;
    /** Zero. */
    uint32_t reserved;
    /**
     * One bit a step and column, lowest bit of the first word first, the columns of a step next to
     * each other; lane n follows column n modulo the columns. 1 is always computed, 0 is left to
     * the gauge. Bits beyond `mask_len` are 0.
     */
    uint32_t mask[REFRAIN_MASK_WORDS];
} refrain_guards;

/**
 * When to skip, what to keep, and how to fill in for what was skipped. Plain data without padding;
 * it may be copied, stored and changed field by field. Start from `refrain_policy_default` or
 * `refrain_policy_parse`. Later versions grow at the end.
 */
typedef struct refrain_policy {
    /** sizeof(refrain_policy), as `refrain_policy_default` and `refrain_policy_parse` set it. */
    uint32_t struct_size;
    /** The method whose defaults it started from: what its text begins with. */
    refrain_method method;
    /** What is measured or counted. */
    struct refrain_gauge gauge;
    /** How much of it may be spent before a call is computed. */
    struct refrain_budget budget;
    /** What stands in for a skipped call. */
    struct refrain_predictor predictor;
    /** Which parts of a feature have weights of their own. */
    struct refrain_split split;
    /** Whether a forecast is checked. */
    struct refrain_verify verify;
    /** What part of the network is skipped. */
    struct refrain_site site;
    /** How lanes decide. */
    refrain_pool pool;
    /** Zero. */
    uint32_t reserved;
    /** When a call is computed regardless. */
    struct refrain_guards guards;
} refrain_policy;

/** A part of a network that an engine runs as one, and when. */
typedef struct refrain_at {
    /** What kind of part: a block, or the attention or the MLP of a block. */
    refrain_unit unit;
    /** The block, 0 to `depth` - 1. */
    uint32_t block;
    /** Blocks of the network. */
    uint32_t depth;
    /** The step, 0 to `steps` - 1. */
    uint32_t step;
    /** Steps of the run. */
    uint32_t steps;
} refrain_at;

/**
 * Where such a part stands. A granule is what is kept, skipped and filled in as one; every granule has
 * a ring of anchors of its own.
 */
typedef struct refrain_place {
    /** The granule, or REFRAIN_NONE: it is run on every call, and nothing of it is kept. */
    uint32_t granule;
    /** The lane whose decision it takes. */
    uint32_t lane;
    /**
     * 1 if a call that is not computed leaves it out, else 0: with REFRAIN_SITE_KIND_STAGE not at every
     * step.
     */
    uint32_t left_out;
    /**
     * 1 if its input is that of the granule: what REFRAIN_KEEP_RESIDUAL is taken from and added to.
     * With REFRAIN_SITE_KIND_MODEL that is the latent, and of no block.
     */
    uint32_t first;
    /**
     * 1 if its output is that of the granule: what is kept, and what the stand-in takes the place of.
     * With REFRAIN_SITE_KIND_MODEL that is the prediction, and of no block.
     */
    uint32_t last;
} refrain_place;

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
     * Where on the sampler's own time axis (timestep or sigma): any finite number. Looked at with
     * REFRAIN_AXIS_TIME, REFRAIN_WINDOW_TIME (pab: without it every call is computed),
     * REFRAIN_CURVE_BY_TIME and REFRAIN_RESCALE_SENSITIVITY; of no effect otherwise.
     */
    double time;
} refrain_call;

/** What to do with one call, and why. If `needs` is not 0 it is not decided yet. */
typedef struct refrain_decision {
    /**
     * How many numbers to hand to `refrain_scheduler_decide` first: a signal, or one per lane of a
     * pool, and with `aligned` as many factors behind them, which are counted. 0: decided.
     */
    uint32_t needs;
    /** With `needs`: what to measure. Else 0. */
    refrain_signal signal;
    /** With `needs`: how its change becomes a number (`refrain_cpu_change`). Else 0. */
    refrain_metric metric;
    /** With `needs`: what to compare it with. Else 0. */
    refrain_reference reference;
    /**
     * With `needs`: what both go through before, of the size that the policy's gauge says. Else 0.
     */
    refrain_filter filter;
    /**
     * With `needs`: 1 if factors of an aligned prediction are wanted behind the signals
     * (`refrain_cpu_alignment`). Else 0.
     */
    uint32_t aligned;
    /** The lane of the call, as the other functions want it. */
    uint32_t lane;
    /** What to do. 0 as long as it is not decided. */
    refrain_action action;
    /** Why. 0 as long as it is not decided. */
    refrain_reason reason;
    /**
     * With REFRAIN_ACTION_PREDICT and REFRAIN_ACTION_VERIFY: the order used, which ramps up with the
     * history. Else 0.
     */
    uint32_t order;
    /**
     * The anchor slot to write: with REFRAIN_ACTION_COMPUTE what the site gave, else what the blend
     * gave, for predictors that take forecasts for features, once it is committed: a forecast that is
     * rolled back must not be kept. REFRAIN_NO_SLOT if nothing is to be kept; REFRAIN_ADD_TO_SLOTS and
     * REFRAIN_SET_SLOTS for running sums.
     */
    uint32_t slot;
    /**
     * Of a skipped call: one weight per anchor slot; the stand-in is `base + sum of weights[k] *
     * anchor[k]`. A slot with weight 0 must not be read. Of a computed call that goes into running
     * sums: what the feature counts in each. Else 0.
     */
    float weights[8];
    /**
     * Of a skipped call with REFRAIN_SPLIT_KIND_BAND: the weights of the low band; `weights` are
     * those of the rest. Else 0.
     */
    float low_weights[8];
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
    /**
     * Signal handed in before the call or with its commit (of the first lane, or the mean of the
     * pool), or the error of a verified call; -1 if none was usable.
     */
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
    /** Of them predicted and verified. */
    uint32_t verified;
    /**
     * Forecasts that were found to be wrong. One that stands all the same is also counted as
     * verified; one that is made again, computed, is no call of its own.
     */
    uint32_t rejected;
    /** Zero; later versions may count further actions here. */
    uint32_t reserved[2];
} refrain_stats;

/** What a predictor looks at. */
typedef struct refrain_predictor_inputs {
    /**
     * Finite times at which the anchors were computed, newest first. Anchors beyond the order, and
     * from the first on at the time of a newer one, are left out. NULL if there are none.
     */
    const double *times;
    /**
     * With REFRAIN_PREDICTOR_KIND_TABLE: the weights of the step, newest anchor first. Else NULL.
     */
    const double *row;
    /**
     * With REFRAIN_PREDICTOR_KIND_CHEBYSHEV: sums of the polynomials T0, T1, ... of
     * `2 * time / span - 1` over all computed calls, 2 * order + 1 of them. With
     * REFRAIN_PREDICTOR_KIND_DMD: inner products of every anchor with itself and with those older
     * than it, newest first. Else NULL.
     */
    const double *moments;
    /** Times, 0 to REFRAIN_MAX_ANCHORS. */
    uint32_t count;
    /** Weights in `row`. */
    uint32_t row_count;
    /** Numbers in `moments`. */
    uint32_t moments_count;
    /**
     * With REFRAIN_PREDICTOR_KIND_FOCA: 1 if there is a forecast that was made just before the
     * newest anchor. Its weight is the last. Else 0.
     */
    uint32_t hat;
    /** The finite time that is wanted. */
    double target;
    /**
     * With REFRAIN_PREDICTOR_KIND_GRADIENT and _ALIGNED: the share of the last change, or the
     * factor, that counts now.
     */
    double gain;
    /** With REFRAIN_PREDICTOR_KIND_CHEBYSHEV: length of the axis, the steps of the run, above 0. */
    double span;
} refrain_predictor_inputs;

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

/**
 * Another kernel for the same operation: the same bindings, constants and parameter block, for some
 * devices and shapes, where it may be faster. Time it before it is used: which is fastest depends on
 * the device and the shape.
 */
typedef struct refrain_variant {
    /** What stands behind the kernel's name: "tile32" of "linear". */
    struct refrain_text name;
    /** How it computes, in one line. */
    struct refrain_text summary;
    /** Invocations of a workgroup along x, y and z. */
    uint32_t workgroup[3];
    /** 1: the device must have 16-bit floats in shaders. 0: it need not. */
    uint32_t needs_f16;
    /**
     * The size that the device's subgroups must have, with arithmetic in them; 0: any, and none.
     */
    uint32_t needs_subgroup;
    /**
     * The side of cooperative matrices that the device must have, f16 with f32 sums, in subgroups of
     * 32; 0: none.
     */
    uint32_t needs_cooperative;
    /**
     * How far a device may be from the kernel's CPU twin: absolute + relative * the largest magnitude.
     */
    float tolerance_absolute;
    /** See `tolerance_absolute`. */
    float tolerance_relative;
} refrain_variant;

/** What is said about a checkpoint beside the file, and goes before what the file says. */
typedef struct refrain_model_options {
    /** sizeof(refrain_model_options). */
    uint32_t struct_size;
    /** Attention heads; 0: as the file says, else as published for its size. */
    uint32_t num_heads;
    /**
     * 1: look at `prediction`. 0: as the file says, else as usual for its shape, and `prediction` is 0.
     */
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

/**
 * What is called with every message.
 *
 * - `user`: as handed to refrain_engine_set_log.
 * - `message`: a REFRAIN_MESSAGE_... number, for programs.
 * - `text`: a line in English, for people; valid until the function returns.
 */
typedef void (*refrain_log_callback)(void *user, refrain_message message, const char *text);

/** What a run is to do. Start from refrain_settings_default. */
typedef struct refrain_settings {
    /** sizeof(refrain_settings), as refrain_settings_default sets it. */
    uint32_t struct_size;
    /** Sampler steps, 1 to 1000 with DDIM, to 1048576 with Euler. Default 50. */
    uint32_t steps;
    /** 1: look at `sampler`. 0: the sampler that fits the model, and `sampler` is 0. Default 0. */
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
    /**
     * How what the policy keeps is stored. Default REFRAIN_ANCHOR_FORMAT_F32, which running sums
     * (the predictor chebyshev) need.
     */
    refrain_anchor_format anchor_format;
    /** Zero. */
    uint32_t reserved;
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
    /**
     * Where the pictures start from, in place of the seed's noise: `latent_count` values, one picture
     * after the other, each channels, rows, columns. They must be what the sampler starts from: noise of
     * variance 1. The second version begins here.
     */
    const float *latents;
    /** Values of `latents`: 0, or channels * rows * columns for each picture. Default 0. */
    size_t latent_count;
} refrain_settings;

/**
 * What is called after every call of the network.
 *
 * - `user`: as handed to refrain_sampling_set_progress.
 * - `event`: what was done, by the first lane; valid until the function returns.
 * - `made`: calls made so far, 1 to `calls`.
 * - `calls`: calls of the run.
 */
typedef void (*refrain_progress_callback)(void *user,
                                          const struct refrain_event *event,
                                          uint32_t made,
                                          uint32_t calls);

/** Bytes that a run takes on its device. */
typedef struct refrain_memory {
    /** Weights; shared by all runs of an engine. On a GPU they are in the checkpoint's format. */
    uint64_t weights;
    /**
     * Activations, inputs and outputs, which a run without a policy needs too. Those that are not
     * needed at the same time share memory.
     */
    uint64_t activations;
    /** Anchors: what the policy blends. */
    uint64_t anchors;
    /** What else the policy keeps from call to call: what signals are compared with. */
    uint64_t references;
} refrain_memory;

/** A step of the sampler: a latent x becomes keep * x + add * prediction. */
typedef struct refrain_step {
    /** What the rows of `t` hold for this step. */
    float timestep;
    /** Share of the latent that is kept. */
    float keep;
    /** How much of the prediction is added. */
    float add;
} refrain_step;

/** The sizes of a program, and the buffers that a host writes and reads. */
typedef struct refrain_program_sizes {
    /** Buffers, numbered from 0. */
    uint32_t buffer_count;
    /** Segments, numbered from 0. */
    uint32_t segment_count;
    /** Parts of a call, numbered from 0 in the order in which they run. */
    uint32_t part_count;
    /** Lanes for refrain_scheduler_init. */
    uint32_t lanes;
    /** Decisions of a call: as many as lanes, or 1 if the policy pools them. */
    uint32_t decision_count;
    /** Rows of `x`: the pictures, with guidance twice. */
    uint32_t rows;
    /**
     * Calls that are prepared together, at least 1: the path of part 0 prepares them at steps that
     * are a multiple of it.
     */
    uint32_t calls;
    /** In: latents (rows, channels, height, width); with guidance the pictures twice. */
    uint32_t x;
    /**
     * In: timesteps (calls, rows), those of the steps from one that is a multiple of `calls` on,
     * written before the path of part 0 of that step runs.
     */
    uint32_t t;
    /** In: labels (calls, rows), as refrain_program_contents gives them. */
    uint32_t y;
    /**
     * In: the filter's matrix, which refrain_program_filter makes for every call; REFRAIN_NONE if it
     * is the same for all, and then it is one of the contents.
     */
    uint32_t filter;
    /** Out: pairs of sums that decisions are made of; REFRAIN_NONE if there are none. */
    uint32_t sums;
    /** Out: the prediction of a call, one picture after the other. */
    uint32_t prediction;
    /**
     * Values of one picture in `prediction`. With learned sigma and without guidance more than the
     * latent has: the first of them count.
     */
    uint32_t prediction_values;
} refrain_program_sizes;

/** A buffer. */
typedef struct refrain_buffer {
    /** Its name, unique in the program; of a weight the tensor's. */
    struct refrain_text name;
    /** Elements: 32-bit floats, or a weight's in its format. */
    uint64_t elements;
    /** Bytes on a device, a multiple of 4. */
    uint64_t bytes;
    /** A REFRAIN_ROLE_... number. */
    uint32_t role;
    /** Of a weight: a `refrain_weight_format` number. Else 0, 32-bit floats. */
    uint32_t format;
} refrain_buffer;

/** A named run of commands, always executed together and in order. */
typedef struct refrain_segment {
    /** Its name, for example "begin". */
    struct refrain_text name;
    /** Commands, numbered from 0. */
    uint32_t command_count;
    /** Zero. */
    uint32_t reserved;
} refrain_segment;

/** A command: a dispatch of a kernel, or a copy. Each sees what those before it have written. */
typedef struct refrain_command {
    /** Of a dispatch: the kernel's number, for refrain_kernel_info. REFRAIN_NONE for a copy. */
    uint32_t kernel;
    /** Of a copy: the buffer that is copied from. Else 0. */
    uint32_t copy_from;
    /** Of a copy: the first element of it that is copied. Else 0. */
    uint32_t copy_first;
    /** Of a copy: the buffer it is copied to, which is written whole. Else 0. */
    uint32_t copy_to;
    /** Zero. */
    uint32_t reserved;
    /** Workgroups along x, y and z; nothing is to be done if one of them is 0. */
    uint32_t workgroups[3];
    /** Values of the constants, in the order of refrain_kernel_constant. */
    uint32_t constants[4];
    /** Buffers that are bound. */
    uint32_t binding_count;
    /** Bytes of the parameter block. */
    uint32_t params_bytes;
    /** The buffer at binding 1, at binding 2, ... */
    const uint32_t *bindings;
    /** What the uniform block at binding 0 holds. */
    const void *params;
} refrain_command;

/** The commands that use a buffer, counted over a list of segments. */
typedef struct refrain_lifetime {
    /** The first; REFRAIN_NONE if there is none. */
    uint32_t first;
    /** The last; REFRAIN_NONE if there is none. */
    uint32_t last;
} refrain_lifetime;

/** The buffers of a lane that decides. */
typedef struct refrain_lane_buffers {
    /**
     * In, 8 values: `weights` of the decision, written where the call is skipped or goes into
     * running sums, before the next segment runs; REFRAIN_NONE if there is none.
     */
    uint32_t weights;
    /** In, 8 values, likewise: `weights` less `low_weights`; REFRAIN_NONE if there is none. */
    uint32_t corrections;
} refrain_lane_buffers;

/**
 * Returns `bytes` bytes aligned to `alignment`, a power of two; NULL if there are none, which ends the
 * program, as for every allocation in Rust. Called by any thread.
 */
typedef void *(*refrain_allocate_callback)(void *user, size_t bytes, size_t alignment);

/** Takes back what `allocate` returned, with what it was asked for. Called by any thread. */
typedef void (*refrain_release_callback)(void *user, void *memory, size_t bytes, size_t alignment);

/** Memory from the host. What it names must be there for as long as the program runs. */
typedef struct refrain_allocator {
    /** Makes memory. */
    refrain_allocate_callback allocate;
    /** Frees it. */
    refrain_release_callback release;
    /** Handed to both and never looked at; may be NULL. */
    void *user;
} refrain_allocator;



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
 * The letter of an action in a trace: 'C' computed, 'r' reused, 'p' predicted, 'v' predicted and
 * verified; '?' for any other number.
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
 * The name of a metric, such as "relative-l1"; "unknown" for any other number. The string is static.
 */
REFRAIN_API
const char *refrain_metric_name(uint32_t metric);

/**
 * The name of a filter, such as "low-pass"; "unknown" for any other number. The string is static.
 */
REFRAIN_API const char *refrain_filter_name(uint32_t filter);

/**
 * The name of what computed calls are committed with, such as "products"; "unknown" for any other
 * number. The string is static.
 */
REFRAIN_API const char *refrain_wants_name(uint32_t wants);

/**
 * The name of a notice, such as "nothing-skipped"; "unknown" for any other number. The string is
 * static.
 */
REFRAIN_API const char *refrain_notice_name(uint32_t notice);

/**
 * The name of a method, such as "teacache": what a policy's text begins with; "unknown" for any
 * other number. Methods are numbered from 0 without gaps. The string is static.
 */
REFRAIN_API const char *refrain_method_name(uint32_t method);

/**
 * The name of a unit of a network, such as "attention"; "unknown" for any other number. The string is
 * static.
 */
REFRAIN_API
const char *refrain_unit_name(uint32_t unit);

/**
 * The name of what a message of the log is about, such as "software-gpu"; "unknown" for any other
 * number. Only with the feature cpu or gpu. The string is static.
 */
REFRAIN_API const char *refrain_message_name(uint32_t message);

/* -- Policies ------------------------------------------------------------------------------------ */

/**
 * The defaults of a method.
 *
 * - `method`: in, a REFRAIN_METHOD_... number.
 * - `struct_size`: in, sizeof(refrain_policy).
 * - `policy_out`: out, the policy.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown method; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if the pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_default(uint32_t method,
                                      size_t struct_size,
                                      struct refrain_policy *policy_out);

/**
 * Reads the text form of a policy: `method`, `method:key=value,...`, or `mask:1101...`. Keys that
 * are not given have the method's defaults; `refrain policies NAME` on the command line lists them.
 *
 * A calibrated policy may still lack its curve (`refrain_policy_needs_table`).
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
 * Writes the text form of a policy: its method and every key that is not the method's default.
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
 * What computed calls should be committed with (`refrain_scheduler_commit`).
 *
 * - `policy`: in.
 * - `wants_out`: out, a REFRAIN_WANTS_... number.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or
 * REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_wants(const struct refrain_policy *policy,
                                    refrain_wants *wants_out);

/**
 * Whether the policy is calibrated and its curve or mask is still missing: a scheduler refuses it
 * until a model is named or the table given.
 *
 * - `policy`: in.
 * - `needs_out`: out, 1 or 0.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or
 * REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_needs_table(const struct refrain_policy *policy,
                                          uint32_t *needs_out);

/**
 * What is known of a method: its `summary`, its `rule` as a formula, when another is better (`avoid`),
 * what of it is not here (`unsupported`), what its authors report (`headline`), where it was published
 * (`citation`), its `family`, and how well it is known here (`evidence`: code, paper or notes). English,
 * in one line each; empty where there is nothing to say.
 *
 * - `method`: in, a REFRAIN_METHOD_... number.
 * - `field`: in, one of these names, ending in a zero.
 * - `text_out`: out, room for `capacity` bytes: the text, in UTF-8, and a zero.
 * - `capacity`: in, bytes; 0 only asks for the length.
 * - `length_out`: out, bytes of the text without the zero; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown method; REFRAIN_E_VALUE for another field;
 * REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_method_field(uint32_t method,
                                    const char *field,
                                    char *text_out,
                                    size_t capacity,
                                    size_t *length_out);

/**
 * Reads the options of another library into a policy, and reports what of them does not carry over.
 * What is not given has that library's default.
 *
 * - `dialect`: in, a REFRAIN_PEER_... number. REFRAIN_PEER_SD_CPP: flags of its command line
 *   (`--cache-mode easycache --cache-option threshold=0.25`). REFRAIN_PEER_CACHE_DIT: its classes with
 *   their arguments (`DBCacheConfig(Fn_compute_blocks=8)`), the arguments alone, or lines of YAML.
 *   REFRAIN_PEER_DIFFUSERS: one of its classes (`FirstBlockCacheConfig(threshold=0.05)`).
 * - `options`: in, UTF-8, ending in a zero.
 * - `struct_size`: in, sizeof(refrain_policy).
 * - `policy_out`: out, the policy. It may lack its curve (`refrain_policy_needs_table`).
 * - `report_out`: out, room for `capacity` bytes: a line for each thing that does not carry over or
 *   is only near, and a zero; empty if everything carries over.
 * - `capacity`: in, bytes; 0 only asks for the length. 8192 are enough unless options are long. There is
 *   no policy without its report.
 * - `length_out`: out, bytes of the report without the zero; written also with REFRAIN_E_CAPACITY.
 * - `message`, `message_capacity`: optional; on an error, the option, the value, what is allowed and
 *   the nearest name, in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY if the report does not fit; REFRAIN_E_VALUE if an option is
 * unknown, refused or out of range; REFRAIN_E_RANGE for an unknown dialect; REFRAIN_E_CONFIG_SIZE;
 * REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_from_options(uint32_t dialect,
                                           const char *options,
                                           size_t struct_size,
                                           struct refrain_policy *policy_out,
                                           char *report_out,
                                           size_t capacity,
                                           size_t *length_out,
                                           char *message,
                                           size_t message_capacity);

/**
 * sizeof(refrain_policy) as the library has it, for languages that do not read this header: there a
 * policy is so many bytes, aligned to 8, of which the first four are `struct_size`.
 */
REFRAIN_API size_t refrain_policy_size(void);

/**
 * Lanes that a run takes: what refrain_scheduler_init is to be given.
 *
 * - `policy`: in.
 * - `depth`: in, blocks of the network, 1 or more.
 * - `steps`: in, steps of the run, 1 or more.
 * - `lanes_out`: out: 1, one for every block, or one a column of the mask. A scheduler takes no more
 *   than REFRAIN_MAX_LANES.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if `depth` or `steps` is 0; REFRAIN_E_NULL;
 * REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or REFRAIN_E_VALUE as `refrain_policy_check`;
 * REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_lanes(const struct refrain_policy *policy,
                                    uint32_t depth,
                                    uint32_t steps,
                                    uint32_t *lanes_out);

/**
 * Granules of the site: rings of anchors that a host keeps.
 *
 * - `policy`: in.
 * - `depth`: in, blocks of the network, 1 or more.
 * - `granules_out`: out: 1, 2 with REFRAIN_SITE_KIND_STAGE, or one for every block or module.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if `depth` is 0; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE,
 * REFRAIN_E_UNSUPPORTED or REFRAIN_E_VALUE as `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is
 * not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_granules(const struct refrain_policy *policy,
                                       uint32_t depth,
                                       uint32_t *granules_out);

/**
 * Where a block or a module stands in the site: what an engine asks before it runs each of them. Of a
 * site of modules ask for the modules, of any other for blocks or, all the same, for their modules.
 *
 * - `policy`: in.
 * - `at`: in.
 * - `place_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE for an unknown unit; REFRAIN_E_RANGE if there is no such block or
 * step; REFRAIN_E_NULL; REFRAIN_E_CONFIG_SIZE, REFRAIN_E_UNSUPPORTED or REFRAIN_E_VALUE as
 * `refrain_policy_check`; REFRAIN_E_MEMORY if a pointer is not aligned. The policy is checked each time,
 * which takes about a microsecond: ask once a run for every block, not once a call.
 */
REFRAIN_API
refrain_status refrain_policy_place(const struct refrain_policy *policy,
                                    const struct refrain_at *at,
                                    struct refrain_place *place_out);

/**
 * A policy with what a calibrated table sets: what `refrain calibrate` writes, read by the caller into
 * memory. The table must be for the policy's method.
 *
 * - `policy`: in.
 * - `table`: in, UTF-8, ending in a zero; its first line is `refrain-table 1`.
 * - `struct_size`: in, sizeof(refrain_policy).
 * - `policy_out`: out, the policy; may be `policy` itself.
 * - `message`, `message_capacity`: optional; on an error, the line, the field and the remedy.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if the text is no table, is for another method, or sets what
 * does not fit; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a
 * pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_policy_apply_table(const struct refrain_policy *policy,
                                          const char *table,
                                          size_t struct_size,
                                          struct refrain_policy *policy_out,
                                          char *message,
                                          size_t message_capacity);

/**
 * What a calibrated table says of itself: `method`, `model`, `checkpoint`, `steps`, `sampler`,
 * `guidance`, `date`, `fit`, `range`, `source`, or a policy key it sets.
 *
 * - `table`: in, UTF-8, ending in a zero.
 * - `field`: in, its name, ending in a zero.
 * - `text_out`: out, room for `capacity` bytes: the text and a zero.
 * - `capacity`: in, bytes; 0 only asks for the length.
 * - `length_out`: out, bytes of the text without the zero; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if the table does not say; REFRAIN_E_VALUE if the text is no
 * table; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_table_field(const char *table,
                                   const char *field,
                                   char *text_out,
                                   size_t capacity,
                                   size_t *length_out);

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
 * cannot run on such a timeline or with so many lanes; REFRAIN_E_CONFIG_SIZE or
 * REFRAIN_E_UNSUPPORTED as `refrain_policy_check`. After an error the memory is as it was.
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
 * - `values`: in, `value_count` measurements. Of a computed call what `refrain_policy_wants` says:
 *   transformation rates (`refrain_cpu_rate`) or late signals, one per lane that decides, or inner
 *   products of the feature that was kept with itself and the other kept features, newest first, at
 *   most six. Of a verified call (REFRAIN_ACTION_VERIFY): the error of its forecast, one value. A
 *   value that is not finite, or negative and no product, counts as unknown.
 * - `value_count`: in, 0 for none, else as many: one for each lane that decides together, 1 to 6
 *   products, one error. An error that is not given counts as too large. Of a call that wants nothing
 *   the values, one for each lane that decides together, are ignored.
 * - `event_out`: out, what a trace keeps; optional: may be NULL. If its action is
 *   REFRAIN_ACTION_VERIFY and its reason REFRAIN_REASON_FORECAST_REJECTED, the forecast was wrong;
 *   with REFRAIN_VERIFY_KIND_ROLLBACK the call was given up: begin it again.
 *
 * Returns REFRAIN_OK; REFRAIN_E_ORDER if no call of the lane is decided; REFRAIN_E_VALUE for another
 * number of values, and the call stays open; REFRAIN_E_RANGE for a lane that does not exist;
 * REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no scheduler or a pointer is not aligned;
 * REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_scheduler_commit(struct refrain_scheduler *scheduler,
                                        uint32_t lane,
                                        const double *values,
                                        uint32_t value_count,
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

/* -- Predictors ---------------------------------------------------------------------------------- */

/**
 * The weights a predictor gives to anchors, for a host that decides by itself. A scheduler hands
 * out the same weights, ordered by slot, with its decisions.
 *
 * - `predictor`: in, the rule; its axis is up to the caller.
 * - `given`: in, what it looks at.
 * - `weights_out`: out, the weights.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_VALUE for an unknown kind or axis, an order above 4, a
 * number that is not finite, one that the kind looks at and that is out of its range, or a table
 * without a row; REFRAIN_E_RANGE if `count` is too large; REFRAIN_E_UNSUPPORTED if
 * `reserved` is not zero; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_predictor_weights(const struct refrain_predictor *predictor,
                                         const struct refrain_predictor_inputs *given,
                                         struct refrain_weights *weights_out);

/* -- Measurements, running sums and the blend on buffers of the CPU ------------------------------ */

/**
 * How much a tensor has changed, in the metric that a decision asks for. Adds up in double
 * precision.
 *
 * - `metric`: in, a REFRAIN_METRIC_... number.
 * - `reference`, `now`: in, `count` values each.
 * - `count`: in, number of values.
 * - `value_out`: out, the change, 0 or more; infinite or NaN if a relative metric has a reference
 *   that is all zeros, a value is not finite, or there are none. A scheduler takes such a value for
 *   unknown and computes.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE for an unknown metric; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a
 * pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_cpu_change(uint32_t metric,
                                  const float *reference,
                                  const float *now,
                                  size_t count,
                                  double *value_out);

/**
 * Transformation rate of the network, mean|v - v'| / input_change / mean|v|: what
 * `refrain_scheduler_commit` takes for a policy that wants it (REFRAIN_WANTS_RATE).
 *
 * - `input_change`: in, mean|x - x'| between the network's inputs at the computed call before and
 *   at this one (`refrain_cpu_change` with REFRAIN_METRIC_MEAN_ABSOLUTE).
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
 * How far a probe has moved since the older of the last two computed calls, as a multiple of how
 * far it had moved between them, mean|probe - older| / mean|newest - older|: the factor that a
 * decision with `aligned` asks for. The probe is the tensor that the policy's signal names.
 *
 * - `probe`: in, the probe of the open call, `count` values.
 * - `newest`, `older`: in, the probe at the last computed call and at the one before it, `count`
 *   values each.
 * - `count`: in, number of values.
 * - `factor_out`: out, the factor; not finite, and then taken for unknown, if the probe had not
 *   moved between the computed calls or a value is not finite.
 *
 * Returns REFRAIN_OK, REFRAIN_E_NULL, or REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_cpu_alignment(const float *probe,
                                     const float *newest,
                                     const float *older,
                                     size_t count,
                                     double *factor_out);

/**
 * Inner product of two features, added up in double precision: what `refrain_scheduler_commit`
 * takes for a policy that wants it (REFRAIN_WANTS_PRODUCTS).
 *
 * - `a`, `b`: in, `count` values each; may be the same.
 * - `count`: in, number of values.
 * - `product_out`: out, the sum of `a[i] * b[i]`; 0 if there are no values.
 *
 * Returns REFRAIN_OK, REFRAIN_E_NULL, or REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_cpu_product(const float *a,
                                   const float *b,
                                   size_t count,
                                   double *product_out);

/**
 * Takes a computed feature into running sums, as a decision says whose slot is
 * REFRAIN_SET_SLOTS, `sums[k] = weights[k] * feature`, or REFRAIN_ADD_TO_SLOTS, `sums[k] +=
 * weights[k] * feature`. Computed in double precision, kept in single.
 *
 * - `slot`: in, the decision's slot: one of the two.
 * - `weights`: in, `sum_count` weights, as the decision has them.
 * - `feature`: in, `count` values.
 * - `count`: in, values of the feature and of each sum.
 * - `sums`: in and out, `sum_count` pointers to `count` values each: the slots of the ring. They
 *   overlap neither one another nor the feature.
 * - `sum_count`: in, 0 to REFRAIN_MAX_ANCHORS: what `refrain_policy_anchors` says.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL, also for one of the sums; REFRAIN_E_RANGE for another slot or
 * if `sum_count` is too large; REFRAIN_E_MEMORY if a pointer is not aligned.
 */
REFRAIN_API
refrain_status refrain_cpu_accumulate(uint32_t slot,
                                      const float *weights,
                                      const float *feature,
                                      size_t count,
                                      float *const *sums,
                                      uint32_t sum_count);

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
 * "ANCHOR_FORMAT", a `refrain_anchor_format` as a number; "HEAD_DIM", 24 to 128 in steps of 8.
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

/**
 * A kernel, or a variant of it, in a shading language, with values for its constants. The entry point
 * is main, in MSL main_; bindings have the same numbers as in WGSL (in HLSL as registers b, t and u of
 * space 0, in MSL as buffers, with one more behind them that is never read). Needs the feature export.
 *
 * - `index`: in, the kernel.
 * - `variant`: in, REFRAIN_NONE for the kernel of the table, or a number for refrain_variant_info.
 * - `language`: in, a REFRAIN_LANGUAGE_... number.
 * - `constants`: in, `constant_count` values, in the order of refrain_kernel_constant.
 * - `constant_count`: in, as many as the kernel has.
 * - `code_out`: out, room for `capacity` bytes: SPIR-V, or text in UTF-8 without a zero at its end.
 * - `capacity`: in, bytes; 0 only asks for the size.
 * - `bytes_out`: out, bytes of the code; written also with REFRAIN_E_CAPACITY.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_RANGE if there is no such kernel or variant;
 * REFRAIN_E_VALUE for an unknown language, or constants that the kernel does not take;
 * REFRAIN_E_UNSUPPORTED if the language has no word for something in it; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_kernel_translate(uint32_t index,
                                        uint32_t variant,
                                        uint32_t language,
                                        const uint32_t *constants,
                                        size_t constant_count,
                                        uint8_t *code_out,
                                        size_t capacity,
                                        size_t *bytes_out,
                                        char *message,
                                        size_t message_capacity);

/**
 * How many variants a kernel has; most have none.
 *
 * - `index`: in, the kernel.
 * - `count_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * the pointer is not aligned.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_variant_count(uint32_t index,
                                     uint32_t *count_out);

/**
 * What a variant is and needs. Its text comes from refrain_kernel_translate.
 *
 * - `index`: in, the kernel.
 * - `variant`: in, 0 to the kernel's refrain_variant_count - 1.
 * - `variant_out`: out; its texts are static.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such kernel or variant; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if the pointer is not aligned.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_variant_info(uint32_t index,
                                    uint32_t variant,
                                    struct refrain_variant *variant_out);

/**
 * How many workgroups a variant takes, or that it has no text for such a shape or weight format; then
 * the kernel of the table serves.
 *
 * - `index`, `variant`: in, as for refrain_variant_info.
 * - `params`: in, `params_bytes` bytes: the parameter block of the dispatch, as for the kernel.
 * - `params_bytes`: in, the kernel's `params_bytes`.
 * - `constants`: in, `constant_count` values, in the order of refrain_kernel_constant.
 * - `constant_count`: in, as many as the kernel has.
 * - `workgroups_out`: out, 3 numbers: along x, y and z.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_UNSUPPORTED if it does not take the dispatch; REFRAIN_E_RANGE if there
 * is no such kernel or variant; REFRAIN_E_VALUE if there are other numbers of bytes or constants than
 * the kernel has, or a constant is out of its range; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is
 * not aligned.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_variant_workgroups(uint32_t index,
                                          uint32_t variant,
                                          const void *params,
                                          size_t params_bytes,
                                          const uint32_t *constants,
                                          size_t constant_count,
                                          uint32_t *workgroups_out,
                                          char *message,
                                          size_t message_capacity);

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
 * tensor is missing, superfluous, of the wrong shape, or holds NaN or infinity, or its metadata name
 * heads, a prediction or classes that cannot be; REFRAIN_E_VALUE for
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
 * Returns REFRAIN_OK; REFRAIN_E_DEVICE if there is no such device or it cannot hold the model;
 * REFRAIN_E_UNSUPPORTED if the library was built without that backend; REFRAIN_E_VALUE for an unknown
 * one; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not aligned;
 * REFRAIN_E_PANIC.
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

/**
 * Has a function called with messages of the engine and of its runs; first, before this returns, with
 * those from when the engine was made, if nobody has had them yet. It is called on the thread of the
 * function that has something to say, by several at once if several use the engine. It must return,
 * neither throw nor jump, and must not use the run that it hears from.
 *
 * - `engine`: shared.
 * - `callback`: in; optional: NULL has nothing called any more.
 * - `user`: in, handed to the function and never looked at; optional.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no engine; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_engine_set_log(const struct refrain_engine *engine,
                                      refrain_log_callback callback,
                                      void *user);

/**
 * Writes which GPU kernels were measured to be fastest, as text for refrain_engine_remember_tuning on
 * a later day. They are measured when a run begins that has shapes not measured yet.
 *
 * - `engine`: shared.
 * - `text_out`: out, room for `capacity` bytes: the text and a zero.
 * - `capacity`: in, bytes; 0 only asks for the length.
 * - `length_out`: out, bytes of the text without the zero, 0 on the CPU; written also with
 *   REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no engine or a
 * pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_engine_tuning(const struct refrain_engine *engine,
                                     char *text_out,
                                     size_t capacity,
                                     size_t *length_out);

/**
 * Takes what refrain_engine_tuning gave on an earlier day, so that it need not be measured again. On
 * the CPU there is nothing to do.
 *
 * - `engine`: shared.
 * - `text`: in, UTF-8, ending in a zero.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if the text is of another version, adapter or driver, or is no
 * such text: nothing of it is taken then; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no engine;
 * REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_engine_remember_tuning(const struct refrain_engine *engine,
                                              const char *text,
                                              char *message,
                                              size_t message_capacity);

/* -- Runs; only with the feature cpu or gpu ------------------------------------------------------ */

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
 * A run as bytes, to go on with it after the program was ended or on another device: with
 * refrain_sampling_resume. The settings, the latents, the decisions and what the policy keeps are in
 * it, about as many bytes as the latents, the anchors and the references of refrain_sampling_memory;
 * making it takes twice as many. Waits for the device and reads from it. A run that the device decided
 * goes on with the host's decisions, until refrain_sampling_decide_on_device.
 *
 * - `sampling`: exclusive; between two calls.
 * - `bytes_out`: out, room for `capacity` bytes: a safetensors file.
 * - `capacity`: in, bytes; 0 only asks for the size. What is too long for it is kept for the next call,
 *   until the run goes on.
 * - `size_out`: out, bytes of the file; written also with REFRAIN_E_CAPACITY.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_ORDER within a call, which is to be finished or
 * cancelled first; REFRAIN_E_DEVICE if the device failed; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is
 * no run or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_save(struct refrain_sampling *sampling,
                                     uint8_t *bytes_out,
                                     size_t capacity,
                                     size_t *size_out,
                                     char *message,
                                     size_t message_capacity);

/**
 * Goes on with a run that refrain_sampling_save made bytes of, with the settings it was started with.
 * On the same device what comes after is, bit for bit, what it would have been without the pause.
 *
 * - `engine`: shared; of the same model, on any device; may be destroyed while the run goes on.
 * - `bytes`: in, `size` bytes: all that was saved; copied. No alignment is needed.
 * - `size`: in, bytes.
 * - `sampling_out`: out, to be destroyed with refrain_sampling_destroy.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_FORMAT if the bytes are no saved run, of another version or model, or
 * damaged; REFRAIN_E_DEVICE if the device cannot hold the run; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there
 * is no engine or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_resume(const struct refrain_engine *engine,
                                       const uint8_t *bytes,
                                       size_t size,
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
 * Has the device decide the calls that are left: it measures, decides, leaves out and steps the
 * latents by itself. The decisions and the pictures are the same. refrain_sampling_advance then makes
 * `call_count` calls at once, with one wait for the device, and writes the event of the last.
 *
 * - `sampling`: exclusive.
 * - `call_count`: in, calls handed over at once; 0 for all that are left.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if the run is not on a GPU, or its policy or its lanes are none
 * that the device decides: the host then goes on to decide; REFRAIN_E_DEVICE if the device cannot hold
 * it; REFRAIN_E_UNSUPPORTED if this build has no GPU executor; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * there is no run; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_sampling_decide_on_device(struct refrain_sampling *sampling,
                                                 uint32_t call_count,
                                                 char *message,
                                                 size_t message_capacity);

/**
 * Makes one call of the network, or stands in for it: one step of the sampler. With decisions on the
 * device, the calls that are handed over at once.
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
 * Goes on with the run for a while and comes back: calls of the network are cut where the limit falls,
 * between two kernels, and the next advance goes on from there. The pictures are the same, bit for
 * bit, however the run is cut. At least one kernel is run, and one may take longer than the limit.
 *
 * - `sampling`: exclusive.
 * - `microseconds`: in, time to come back after; 0 for no limit on time. On a GPU every slice waits for
 *   what it has submitted.
 * - `commands`: in, kernels and copies to run at most; 0 for no limit on them.
 * - `made_out`: out, calls that were finished by this slice.
 * - `left_out`: out, calls that are left, with the one that is cut; with 0 the pictures are done.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_ORDER if no call was left; REFRAIN_E_DEVICE if the device failed, and
 * the call may be tried again if it recovers; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or
 * a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_advance_slice(struct refrain_sampling *sampling,
                                              uint64_t microseconds,
                                              uint32_t commands,
                                              uint32_t *made_out,
                                              uint32_t *left_out,
                                              char *message,
                                              size_t message_capacity);

/**
 * Gives up what was done of the call that a slice has cut; without such a call it does nothing. Its
 * step is made anew by the next advance, and computed: what was kept may be overwritten in part.
 *
 * - `sampling`: exclusive.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run; REFRAIN_E_PANIC.
 */
REFRAIN_API refrain_status refrain_sampling_cancel(struct refrain_sampling *sampling);

/**
 * Has a function called after every call of the network, from within refrain_sampling_advance or
 * refrain_sampling_advance_slice and on their thread. It must return, neither throw nor jump, and must
 * not use this run.
 *
 * - `sampling`: exclusive.
 * - `callback`: in; optional: NULL has nothing called any more.
 * - `user`: in, handed to the function and never looked at; optional.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_set_progress(struct refrain_sampling *sampling,
                                             refrain_progress_callback callback,
                                             void *user);

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

/**
 * An event of the run so far: what was decided for a call. Of a run with several lanes those of a call
 * stand together.
 *
 * - `sampling`: shared.
 * - `index`: in, 0 to calls made * lanes - 1; the `calls` of refrain_sampling_stats are their number.
 * - `event_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such event yet; REFRAIN_E_NULL; REFRAIN_E_MEMORY
 * if there is no run or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_event(const struct refrain_sampling *sampling,
                                      uint32_t index,
                                      struct refrain_event *event_out);

/**
 * The trace of the run so far as text: one letter an event (refrain_action_letter); with several lanes
 * those of a call stand together, and calls apart.
 *
 * - `sampling`: shared.
 * - `text_out`: out, room for `capacity` bytes: the text and a zero.
 * - `capacity`: in, bytes; 0 only asks for the length.
 * - `length_out`: out, bytes of the text without the zero; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a
 * pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_trace(const struct refrain_sampling *sampling,
                                      char *text_out,
                                      size_t capacity,
                                      size_t *length_out);

/**
 * Bytes that the run takes on its device: what refrain_settings_memory told before.
 *
 * - `sampling`: shared.
 * - `memory_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no run or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampling_memory(const struct refrain_sampling *sampling,
                                       struct refrain_memory *memory_out);

/**
 * Settings to start from: 50 steps, the sampler that fits, guidance 1, every call computed, anchors
 * in f32. Classes must still be given.
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
 * - `backend`: in, a REFRAIN_BACKEND_... number: where it would run.
 *   REFRAIN_BACKEND_AUTO looks for a GPU.
 * - `memory_out`: out.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if the settings do not fit the model, or for an unknown backend;
 * REFRAIN_E_UNSUPPORTED also if the library was built without the backend; REFRAIN_E_CONFIG_SIZE;
 * REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_settings_memory(const struct refrain_model *model,
                                       const struct refrain_settings *settings,
                                       uint32_t backend,
                                       struct refrain_memory *memory_out,
                                       char *message,
                                       size_t message_capacity);

/* -- Single evaluations; only with the feature cpu or gpu ---------------------------------------- */

/**
 * Begins an evaluation of the network without any policy. All memory it needs is taken here.
 *
 * - `engine`: shared; may be destroyed meanwhile.
 * - `x`: in, `batch` latents: channels, rows, columns.
 * - `x_count`: in, values of `x`: batch * channels * rows * columns.
 * - `t`: in, `batch` timesteps, 0 to 1000.
 * - `y`: in, `batch` classes, 0 to `num_classes`, which stands for none.
 * - `batch`: in, 1 or more.
 * - `forward_out`: out, to be destroyed with refrain_forward_destroy.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if a length, a time or a class does not fit; REFRAIN_E_DEVICE
 * if the device cannot hold it; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no engine or a pointer is
 * not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_forward_create(const struct refrain_engine *engine,
                                      const float *x,
                                      size_t x_count,
                                      const float *t,
                                      const uint32_t *y,
                                      size_t batch,
                                      struct refrain_forward **forward_out,
                                      char *message,
                                      size_t message_capacity);

/**
 * Frees an evaluation, done or not.
 *
 * - `forward`: exclusive; optional: NULL does nothing.
 */
REFRAIN_EXPERIMENTAL void refrain_forward_destroy(struct refrain_forward *forward);

/**
 * Goes on with the evaluation for a while and comes back. The output is the same, bit for bit, however
 * it is cut. At least one kernel is run, and one may take longer than the limit.
 *
 * - `forward`: exclusive.
 * - `microseconds`: in, time to come back after; 0 for no limit on time.
 * - `commands`: in, kernels and copies to run at most; 0 for no limit on them.
 * - `done_out`: out, 1 if all of it was run, else 0.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK, again and again once it is done; REFRAIN_E_DEVICE if the device failed;
 * REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no evaluation or a pointer is not aligned;
 * REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_forward_advance(struct refrain_forward *forward,
                                       uint64_t microseconds,
                                       uint32_t commands,
                                       uint32_t *done_out,
                                       char *message,
                                       size_t message_capacity);

/**
 * Writes what the network gave: batch, `out_channels`, rows, columns.
 *
 * - `forward`: shared.
 * - `values_out`: out, room for `capacity` values.
 * - `capacity`: in, values; 0 only asks for the number.
 * - `count_out`: out, values of the output; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_ORDER if it is not done yet; REFRAIN_E_CAPACITY; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if there is no evaluation or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_forward_output(const struct refrain_forward *forward,
                                      float *values_out,
                                      size_t capacity,
                                      size_t *count_out);

/* -- Samplers; only with the feature cpu or gpu -------------------------------------------------- */

/**
 * The steps of a sampler: what the network is given, and what is done with what it predicts. A latent
 * becomes `keep` times itself plus `add` times the prediction.
 *
 * - `sampler`: in, a REFRAIN_SAMPLER_... number: REFRAIN_SAMPLER_EULER for a network that predicts the
 *   velocity, REFRAIN_SAMPLER_DDIM for one that predicts the noise.
 * - `steps`: in, 1 to 1000 with DDIM, to 1048576 with Euler.
 * - `steps_out`: out, room for `capacity` steps.
 * - `capacity`: in; at least `steps`, or 0 to ask for the number.
 * - `count_out`: out, steps; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE for an unknown sampler or too few or many steps;
 * REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_sampler_steps(uint32_t sampler,
                                     uint32_t steps,
                                     struct refrain_step *steps_out,
                                     size_t capacity,
                                     size_t *count_out);

/**
 * Fills a buffer with the noise that a run starts from: normal, mean 0, variance 1, the same on every
 * machine. Picture i is the same however many pictures there are.
 *
 * - `seed`: in.
 * - `picture_values`: in, values of one picture: channels * height * width.
 * - `values_out`: out, `value_count` values, one picture after the other.
 * - `value_count`: in, a multiple of `picture_values`.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if `value_count` is no multiple; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_API
refrain_status refrain_noise_fill(uint64_t seed,
                                  size_t picture_values,
                                  float *values_out,
                                  size_t value_count);

/* -- Programs, for a device of the host's; only with the feature cpu or gpu ---------------------- */

/**
 * Makes a program of a model, for the pictures and under the policy of the settings.
 *
 * - `model`: shared; may be destroyed afterwards.
 * - `settings`: in, with what it points to; copied. Its seed and latents do not matter.
 * - `program_out`: out, to be destroyed with refrain_program_destroy.
 * - `message`, `message_capacity`: optional; on an error, why in one line.
 *
 * Returns REFRAIN_OK; REFRAIN_E_VALUE if the settings do not fit the model; REFRAIN_E_CONFIG_SIZE;
 * REFRAIN_E_UNSUPPORTED; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no model or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_create(const struct refrain_model *model,
                                      const struct refrain_settings *settings,
                                      struct refrain_program **program_out,
                                      char *message,
                                      size_t message_capacity);

/**
 * Frees what refrain_program_create made, and the names, parameters and contents it has handed out.
 *
 * - `program`: exclusive; optional: NULL does nothing.
 */
REFRAIN_EXPERIMENTAL void refrain_program_destroy(struct refrain_program *program);

/**
 * The sizes of a program, and the buffers that a host writes and reads.
 *
 * - `program`: shared.
 * - `sizes_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no program or a pointer is not
 * aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_info(const struct refrain_program *program,
                                    struct refrain_program_sizes *sizes_out);

/**
 * The policy of a program, with the curve that the model has for it: what its scheduler is
 * initialised with.
 *
 * - `program`: shared.
 * - `struct_size`: in, sizeof(refrain_policy).
 * - `policy_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CONFIG_SIZE; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no program
 * or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_policy(const struct refrain_program *program,
                                      size_t struct_size,
                                      struct refrain_policy *policy_out);

/**
 * A buffer. The host makes it, of `bytes` bytes, zeroed but for its contents.
 *
 * - `program`: shared.
 * - `buffer`: in, 0 to `buffer_count` - 1.
 * - `buffer_out`: out; its name lives as long as the program.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such buffer; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_buffer(const struct refrain_program *program,
                                      uint32_t buffer,
                                      struct refrain_buffer *buffer_out);

/**
 * What a buffer holds before the first call: a weight's elements, the labels, a filter's matrix.
 *
 * - `program`: shared.
 * - `buffer`: in, 0 to `buffer_count` - 1.
 * - `data_out`: out, little-endian elements without any alignment, which live as long as the program.
 * - `bytes_out`: out, bytes of them: as many as the buffer has, or 0 if it begins with zeros.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such buffer; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_contents(const struct refrain_program *program,
                                        uint32_t buffer,
                                        const void **data_out,
                                        size_t *bytes_out);

/**
 * A segment.
 *
 * - `program`: shared.
 * - `segment`: in, 0 to `segment_count` - 1.
 * - `segment_out`: out; its name lives as long as the program.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such segment; REFRAIN_E_NULL; REFRAIN_E_MEMORY
 * if there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_segment(const struct refrain_program *program,
                                       uint32_t segment,
                                       struct refrain_segment *segment_out);

/**
 * A command of a segment.
 *
 * - `program`: shared.
 * - `segment`: in, 0 to `segment_count` - 1.
 * - `command`: in, 0 to `command_count` - 1.
 * - `command_out`: out; what it points to lives as long as the program.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such segment or command; REFRAIN_E_NULL;
 * REFRAIN_E_MEMORY if there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_command(const struct refrain_program *program,
                                       uint32_t segment,
                                       uint32_t command,
                                       struct refrain_command *command_out);

/**
 * Which commands use the buffers, counted over a list of segments: two buffers of the role scratch
 * may share memory if they are in use at once in none of the lists that the host runs as one.
 *
 * - `program`: shared.
 * - `segments`: in, `segment_count` numbers.
 * - `segment_count`: in.
 * - `lifetimes_out`: out, room for `capacity` lifetimes.
 * - `capacity`: in; at least `buffer_count` of the program.
 *
 * Returns REFRAIN_OK; REFRAIN_E_CAPACITY if there is no room for `buffer_count` of them;
 * REFRAIN_E_RANGE if there is no such segment;
 * REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no program or a pointer is not aligned;
 * REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_lifetimes(const struct refrain_program *program,
                                         const uint32_t *segments,
                                         size_t segment_count,
                                         struct refrain_lifetime *lifetimes_out,
                                         size_t capacity);

/**
 * The buffers of a lane that decides.
 *
 * - `program`: shared.
 * - `lane`: in, 0 to `decision_count` - 1.
 * - `buffers_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such lane; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_lane(const struct refrain_program *program,
                                    uint32_t lane,
                                    struct refrain_lane_buffers *buffers_out);

/**
 * The lane whose decision a part of a call takes: before it runs, a call of that lane is begun if
 * none is open.
 *
 * - `program`: shared.
 * - `part`: in, 0 to `part_count` - 1.
 * - `lane_out`: out; REFRAIN_NONE if it takes none.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such part; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_part(const struct refrain_program *program,
                                    uint32_t part,
                                    uint32_t *lane_out);

/**
 * The segments that a part of a call runs. Of a part whose decision `needs` measurements, those that
 * make them instead: run all segments so far, read `sums`, and let refrain_program_values and
 * refrain_scheduler_decide complete the decision.
 *
 * - `program`: shared.
 * - `part`: in, 0 to `part_count` - 1.
 * - `step`: in, of the call.
 * - `decisions`: in, `decision_count` decisions, one a lane; those of lanes that were not begun yet
 *   are not looked at.
 * - `decision_count`: in, as the program's.
 * - `computed`: in, calls of lane 0 that were computed before, since the run began or the lane was
 *   invalidated.
 * - `segments_out`: out, room for `capacity` numbers.
 * - `capacity`: in; 0 only asks for the number. No part has more than 16.
 * - `count_out`: out, segments; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such part or step; REFRAIN_E_VALUE for another
 * number of decisions or an unknown action; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_path(const struct refrain_program *program,
                                    uint32_t part,
                                    uint32_t step,
                                    const struct refrain_decision *decisions,
                                    uint32_t decision_count,
                                    uint32_t computed,
                                    uint32_t *segments_out,
                                    size_t capacity,
                                    size_t *count_out);

/**
 * The measurements of a lane, made of the sums: what refrain_scheduler_decide wants if the decision
 * `needs` them, else what refrain_scheduler_commit wants.
 *
 * - `program`: shared.
 * - `decision`: in, of the lane.
 * - `computed`: in, calls of the lane that were computed before, since the run began or the lane was
 *   invalidated.
 * - `sums`: in, `sum_count` values read from the buffer `sums`.
 * - `sum_count`: in; what is beyond counts as NaN.
 * - `values_out`: out, room for `capacity` values.
 * - `capacity`: in; 0 only asks for the number, and the sums need not be read if it is 0.
 * - `count_out`: out, values; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such lane; REFRAIN_E_VALUE for an unknown
 * action; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no program or a pointer is
 * not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_values(const struct refrain_program *program,
                                      const struct refrain_decision *decision,
                                      uint32_t computed,
                                      const float *sums,
                                      size_t sum_count,
                                      double *values_out,
                                      size_t capacity,
                                      size_t *count_out);

/**
 * A step of the sampler.
 *
 * - `program`: shared.
 * - `step`: in, 0 to `steps` of the settings - 1.
 * - `step_out`: out.
 *
 * Returns REFRAIN_OK; REFRAIN_E_RANGE if there is no such step; REFRAIN_E_NULL; REFRAIN_E_MEMORY if
 * there is no program or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_step(const struct refrain_program *program,
                                    uint32_t step,
                                    struct refrain_step *step_out);

/**
 * The matrix that the buffer `filter` holds at a step.
 *
 * - `program`: shared.
 * - `step`: in, 0 to `steps` of the settings - 1.
 * - `values_out`: out, room for `capacity` values.
 * - `capacity`: in; 0 only asks for the number.
 * - `count_out`: out, values of the matrix; written also with REFRAIN_E_CAPACITY.
 *
 * Returns REFRAIN_OK; REFRAIN_E_UNSUPPORTED if the program has no such buffer; REFRAIN_E_RANGE if
 * there is no such step; REFRAIN_E_CAPACITY; REFRAIN_E_NULL; REFRAIN_E_MEMORY if there is no program
 * or a pointer is not aligned; REFRAIN_E_PANIC.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_program_filter(const struct refrain_program *program,
                                      uint32_t step,
                                      float *values_out,
                                      size_t capacity,
                                      size_t *count_out);

/* -- The heap; only with the feature allocator --------------------------------------------------- */

/**
 * Has the library allocate from the host from now on, everything that it allocates on the heap: models,
 * engines, samplings, programs and what they use. Memory of a GPU is its driver's affair, and stacks of
 * threads are the system's. Policies, schedulers, predictors and the cpu functions allocate nothing. When
 * all objects are destroyed, some 20 KB in a few blocks stay with the threads of the CPU executor.
 *
 * To be called once, before any object is created, while no other thread uses the library.
 *
 * - `allocator`: in; copied.
 *
 * Returns REFRAIN_OK; REFRAIN_E_ORDER if something is allocated already, or there is a host's allocator;
 * REFRAIN_E_NULL, also if one of the functions is NULL; REFRAIN_E_MEMORY if the pointer is not aligned.
 */
REFRAIN_EXPERIMENTAL
refrain_status refrain_allocator_set(const struct refrain_allocator *allocator);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* REFRAIN_H */
