// One program of two files, which may be compiled for different versions of C++.
#include <refrain.hpp>

std::string decided_elsewhere(refrain_scheduler *scheduler);

static std::string sum(refrain::span<const float> weights) {
    float all = 0;
    for (float weight : weights) all += weight;
    return std::to_string(int(all));
}

int main() {
    auto policy = refrain::Policy::parse("interval:interval=3,last=0").value();
    auto scheduler = refrain::Scheduler::create(policy, 9).value();
    std::string trace;
    for (uint32_t number = 0; number < 4; number++) {
        refrain::Step step = scheduler.begin(number).value();
        if (step.skips()) trace += sum(step.weights());
        trace += refrain::letter(step.commit().value().action);
    }
    std::printf("%s %s\n", trace.c_str(), decided_elsewhere(scheduler.capi()).c_str());
    return 0;
}
