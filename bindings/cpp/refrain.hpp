/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * refrain for C++17: the whole of refrain.h as objects
 * =====================================================
 *
 * Header only, without iostreams. It compiles with -fno-exceptions -fno-rtti, throws nothing of its
 * own, and is safe beside an engine that throws: a call that is left by an exception is abandoned.
 *
 * A program
 * ---------
 *     #include <refrain.hpp>
 *
 *     auto policy = refrain::Policy::parse("taylorseer:interval=3").value();
 *     auto scheduler = refrain::Scheduler::create(policy, 20).value();
 *     for (uint32_t number = 0; number < 20; number++) {
 *         refrain::Step step = scheduler.begin(number).value();
 *         if (step.computes()) run_network(step.slot());   // and keep its feature in that slot
 *         else blend(step.weights());                      // base + sum of weight * kept feature
 *         if (!step.commit()) return 1;
 *     }
 *
 * Rules
 * -----
 * 1. What can fail returns a Result: a value, or an Error with a status and one line of text. value()
 *    of an error prints the line and ends the program; ask operator bool first where that will not do.
 * 2. Objects that own something are moved, never copied. One that was moved from owns nothing: its
 *    functions return REFRAIN_E_NULL, and it may be assigned to or destroyed. Settings, policies and
 *    the structs of refrain.h are plain data and may be copied.
 * 3. const functions may be called by any number of threads at once, the others by one at a time, as
 *    in C. There is no global state.
 * 4. A span that is handed in is read or written during the call and not kept, unless the function
 *    says so. span is std::span in C++20, and before that a type of the same use.
 * 5. Functions that fill a span never allocate. Their twins that return a std::string or std::vector
 *    do. Otherwise only Scheduler::create, models, engines, samplings and programs take memory.
 * 6. capi() is the way to C: the struct or the pointer, which stays owned. release() hands a pointer
 *    over: from then on destroying it is the caller's.
 *
 * What wraps functions that refrain.h marks REFRAIN_EXPERIMENTAL may change like them: Program, Forward,
 * Kernel::translate() and variants, Sampling::decide_on_device(), Engine::on_message() and tuning(), and
 * use_memory().
 *
 * Enums and plain structs keep their names of refrain.h; what their fields mean is said there.
 */
#ifndef REFRAIN_HPP
#define REFRAIN_HPP

#include "refrain/core.hpp"
#include "refrain/policy.hpp"
#include "refrain/scheduler.hpp"
#include "refrain/cpu.hpp"
#include "refrain/kernels.hpp"
#include "refrain/run.hpp"
#include "refrain/forward.hpp"
#include "refrain/program.hpp"
#include "refrain/allocator.hpp"

#endif
