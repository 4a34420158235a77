// Mistakes of a host, which the watchers of the tests must notice. Usage: careless leak|outlived|shift
#include <refrain.hpp>

#include "check.hpp"

int main(int argc, char **argv) {
    const std::string_view plant = argc > 1 ? argv[1] : "";
    const auto policy = TRY(refrain::Policy::parse("interval:interval=2"));
    auto scheduler = TRY(refrain::Scheduler::create(policy, 4));
    if (plant == "leak") {
        refrain_scheduler *volatile lost = scheduler.release();
        lost = nullptr;
        (void)lost;
    } else if (plant == "outlived") {
        // The step uses the scheduler when it is dropped, which happens in the library.
        refrain::Step step = TRY(scheduler.begin(0));
        const volatile unsigned char *state = reinterpret_cast<unsigned char *>(scheduler.capi());
        scheduler = refrain::Scheduler();
        std::printf("%d\n", state[0]);
    } else {
        volatile int bits = argc * 20;
        std::printf("%d\n", 1 << bits);
    }
    return 0;
}
