// The library allocates from an object in C++. Usage: memory SMALL-MODEL HEADS [plant-late]
#include <refrain.hpp>

#include <atomic>
#include <memory_resource>

#include "check.hpp"

// Counts what goes through it; all of it must be aligned as was asked, and come back as it went out.
struct Counting {
    std::pmr::memory_resource &below = *std::pmr::new_delete_resource();
    std::atomic<std::size_t> calls{0}, held{0};

    void *allocate(std::size_t bytes, std::size_t alignment) {
        calls++;
        held += bytes;
        void *at = below.allocate(bytes, alignment);
        CHECK(reinterpret_cast<std::uintptr_t>(at) % alignment == 0);
        return at;
    }
    void deallocate(void *at, std::size_t bytes, std::size_t alignment) {
        held -= bytes;
        below.deallocate(at, bytes, alignment);
    }
};

static Counting memory; // lives as long as the program

int main(int argc, char **argv) {
    CHECK(argc >= 3 && refrain::Library::has(REFRAIN_FEATURE_ALLOCATOR));
    refrain_model_options options{};
    options.struct_size = sizeof options;
    options.num_heads = uint32_t(std::atoi(argv[2]));
    refrain::Model early;
    if (argc > 3) early = TRY(refrain::Model::open(argv[1], &options));
    TRY(refrain::use_memory(memory));
    const std::size_t calls = memory.calls;
    auto scheduler = TRY(refrain::Scheduler::create(refrain::Policy(), 20));
    CHECK(memory.calls == calls); // the wrapper's own memory, not the library's
    {
        const auto model = TRY(refrain::Model::open(argv[1], &options));
        const std::size_t one = memory.held;
        CHECK(memory.calls > calls && one > 100000);
        const auto other = TRY(refrain::Model::open(argv[1], &options));
        CHECK(memory.held > one + 100000);
    }
    CHECK(memory.held < 10000);
    FAILS(refrain::use_memory(memory), REFRAIN_E_ORDER);
    return 0;
}
