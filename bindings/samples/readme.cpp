#include <refrain.hpp>

int main() {
    auto policy = refrain::Policy::parse("taylorseer:interval=3").value();
    auto scheduler = refrain::Scheduler::create(policy, 20).value(); // 20 steps
    for (uint32_t number = 0; number < 20; number++) {
        refrain::Step step = scheduler.begin(number).value(); // abandoned if it is not committed
        // Here step.computes() runs the network and keeps its features in slot step.slot();
        // anything else adds up the kept features times step.weights().
        std::putchar(refrain::letter(step.commit().value().action));
    }
    return std::putchar('\n') == EOF;
}
