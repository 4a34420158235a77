#include <refrain.hpp>

static std::string sum(refrain::span<const float> weights) {
    float all = 0;
    for (float weight : weights) all += weight;
    return std::to_string(int(all));
}

std::string decided_elsewhere(refrain_scheduler *raw);
std::string decided_elsewhere(refrain_scheduler *raw) {
    // Goes on with a copy of the state, as plain bytes.
    auto policy = refrain::Policy::parse("interval:interval=3,last=0").value();
    auto scheduler = refrain::Scheduler::create(policy, 9).value();
    std::vector<std::byte> saved(scheduler.save_size().value());
    size_t bytes = 0;
    if (refrain_scheduler_save(raw, saved.data(), saved.size(), &bytes) != REFRAIN_OK) return "not saved";
    scheduler.restore(saved).value();
    std::string trace;
    for (uint32_t number = 4; number < 9; number++) {
        refrain::Step step = scheduler.begin(number).value();
        if (step.skips()) trace += sum(step.weights());
        trace += refrain::letter(step.commit().value().action);
    }
    return trace;
}
