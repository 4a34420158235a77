// An engine that throws in the middle of a call: the call is abandoned, and the run goes on as if it
// had never been begun.
#include <refrain.hpp>

#include <stdexcept>

#include "check.hpp"

static bool fails;

static double measure() {
    if (fails) throw std::runtime_error("the device was lost");
    return 0.05;
}

static void call(refrain::Scheduler &scheduler, uint32_t number, std::string &trace) {
    refrain::Step step = TRY(scheduler.begin(number));
    if (step.needs() > 0) TRY(step.decide(measure()));
    measure();
    TRY(step.commit());
    trace += refrain::letter(step.action());
}

int main(int argc, char **argv) {
    const auto policy = TRY(refrain::Policy::parse("fbcache:threshold=0.2"));
    const bool plant = argc > 1 && std::string_view(argv[1]) == "plant-release";
    auto thrown_at = TRY(refrain::Scheduler::create(policy, 10));
    auto left_alone = TRY(refrain::Scheduler::create(policy, 10));
    std::string interrupted, whole;
    for (uint32_t number = 0; number < 10; number++) {
        fails = true;
        bool thrown = false;
        try {
            call(thrown_at, number, interrupted);
        } catch (const std::runtime_error &) {
            thrown = true;
        }
        CHECK(thrown);
        fails = false;
        CHECK(TRY(thrown_at.save()) == TRY(left_alone.save()));
        if (plant && number == 4) (void)TRY(thrown_at.begin(number)).release();
        call(thrown_at, number, interrupted);
        call(left_alone, number, whole);
    }
    CHECK(interrupted == whole && whole.find('r') != std::string::npos);
    std::printf("%s\n", whole.c_str());
    return 0;
}
