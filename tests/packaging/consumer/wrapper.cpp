// Decides with the C++ wrapper and the decide layer alone.
//
// Usage: wrapper POLICY STEPS
#include <refrain.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    const auto steps = static_cast<uint32_t>(std::atoi(argv[2]));
    const auto policy = refrain::Policy::parse(argv[1]).value();
    auto scheduler = refrain::Scheduler::create(policy, steps).value();
    std::printf("%u ", static_cast<unsigned>(refrain_features()));
    for (uint32_t number = 0; number < steps; number++) {
        refrain::Step step = scheduler.begin(number).value();
        if (step.needs() != 0 && !step.decide(0.02)) return 1;
        std::putchar(refrain::letter(step.commit().value().action));
    }
    return std::putchar('\n') == EOF;
}
