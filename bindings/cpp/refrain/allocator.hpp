/*
 * SPDX-License-Identifier: MIT OR Apache-2.0
 * Part of refrain.hpp: the host's memory for everything that the library allocates. The library must
 * have the feature allocator, or what is used of this file does not link.
 */
#ifndef REFRAIN_ALLOCATOR_HPP
#define REFRAIN_ALLOCATOR_HPP

#include "run.hpp"

namespace refrain {
inline namespace REFRAIN_CPP_SPANS {

/**
 * Has the library allocate from the host from now on. To be called once, before any object is made,
 * while no other thread uses the library.
 *
 * - `memory`: an object with `void *allocate(size_t bytes, size_t alignment)` and
 *   `deallocate(void *, size_t bytes, size_t alignment)`, such as a std::pmr::memory_resource. Any
 *   thread calls them. It lives as long as the program. If it returns NULL, or throws, the program
 *   ends.
 *
 * Errors: REFRAIN_E_ORDER if something is allocated, or there is such an object already;
 * REFRAIN_E_MEMORY if there is none to begin with.
 */
template <class Memory> Result<void> use_memory(Memory &memory) noexcept {
    refrain_allocator allocator{};
    allocator.allocate = [](void *user, std::size_t bytes, std::size_t alignment) noexcept -> void * {
        return static_cast<Memory *>(user)->allocate(bytes, alignment);
    };
    allocator.release = [](void *user, void *at, std::size_t bytes, std::size_t alignment) noexcept {
        static_cast<Memory *>(user)->deallocate(at, bytes, alignment);
    };
    allocator.user = detail::user(memory);
    return detail::result(refrain_allocator_set(&allocator));
}
template <class Memory> Result<void> use_memory(const Memory &&) = delete;

} // namespace REFRAIN_CPP_SPANS
} // namespace refrain

#endif
