// What use_memory makes of an allocator in C++. The library that tests are linked with leaves the
// feature allocator out; what it would call is called here.
#include <refrain.hpp>

#include <memory_resource>

#include "check.hpp"

static refrain_allocator given;
static refrain_status answer = REFRAIN_OK;

extern "C" refrain_status refrain_allocator_set(const refrain_allocator *allocator) {
    given = *allocator;
    return answer;
}

struct Arena {
    alignas(64) unsigned char bytes[256];
    std::size_t used = 0, returned = 0;

    void *allocate(std::size_t size, std::size_t alignment) {
        used = (used + alignment - 1) / alignment * alignment + size;
        return used > sizeof bytes ? nullptr : bytes + used - size;
    }
    void deallocate(void *, std::size_t size, std::size_t) { returned += size; }
};

int main() {
    static Arena arena;
    TRY(refrain::use_memory(arena));
    void *first = given.allocate(given.user, 10, 1), *second = given.allocate(given.user, 32, 64);
    CHECK(first == arena.bytes && second == arena.bytes + 64);
    CHECK(given.allocate(given.user, 1000, 8) == nullptr);
    given.release(given.user, second, 32, 64);
    CHECK(arena.returned == 32);
    TRY(refrain::use_memory(*std::pmr::new_delete_resource()));
    void *aligned = given.allocate(given.user, 100, 128);
    CHECK(reinterpret_cast<std::uintptr_t>(aligned) % 128 == 0);
    given.release(given.user, aligned, 100, 128);
    answer = REFRAIN_E_ORDER;
    FAILS(refrain::use_memory(arena), REFRAIN_E_ORDER);
    return 0;
}
