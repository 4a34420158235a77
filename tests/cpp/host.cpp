// A host in C++: the header as C++11 and as C++17, linked with a file in C that includes it too.
#include <refrain.h>
#include <refrain.h>

#include <cstdio>
#include <string>
#include <vector>

extern "C" uint32_t version_of_header(void);

static_assert(sizeof(refrain_event) == 48, "outputs have no padding");

int main() {
    refrain_policy policy;
    std::string why(200, '\0');
    if (refrain_policy_default(REFRAIN_METHOD_TEA_CACHE, sizeof policy, &policy) != REFRAIN_OK) return 1;
    policy.budget.threshold = 0.3;
    policy.site.kind = REFRAIN_SITE_KIND_MODEL;
    if (refrain_policy_check(&policy, 12, 1, &why[0], why.size()) != REFRAIN_OK) {
        std::fprintf(stderr, "%s\n", why.c_str());
        return 1;
    }
    struct alignas(REFRAIN_ALIGNMENT) Memory {
        unsigned char bytes[REFRAIN_SCHEDULER_MAX_BYTES(1)];
    };
    std::vector<Memory> memory(1);
    refrain_scheduler *scheduler = nullptr;
    if (refrain_scheduler_init(memory.data(), sizeof(Memory), &policy, 12, 1, 1, &scheduler, nullptr, 0)
        != REFRAIN_OK) {
        return 1;
    }
    std::string trace;
    for (uint32_t step = 0; step < 12; ++step) {
        refrain_call call{};
        call.step = step;
        refrain_decision decision;
        if (refrain_scheduler_begin(scheduler, &call, &decision) != REFRAIN_OK) return 1;
        if (decision.needs) {
            const double change = 0.1;
            if (refrain_scheduler_decide(scheduler, 0, &change, 1, &decision) != REFRAIN_OK) return 1;
        }
        if (refrain_scheduler_commit(scheduler, 0, nullptr, 0, nullptr) != REFRAIN_OK) return 1;
        trace += refrain_action_letter(decision.action);
    }
    std::printf("%s\n", trace.c_str());
    return version_of_header() == refrain_version_number() ? 0 : 1;
}
