// Runs the decision corpus through the wrapper; the input is that of tests/c/corpus.c, and so is the
// output. Every case is run as it is, and once more with the scheduler moved between objects, saved and
// restored at every point, calls left open meanwhile.
#include <refrain.hpp>

#include "check.hpp"

struct Input {
    refrain_call call{};
    float feature = 0;
    bool invalidated = false;
    std::vector<double> signals, factors, rates, errors;
};

struct Case {
    refrain::Policy policy;
    uint32_t steps = 0, evaluations = 0, lanes = 0;
    std::vector<Input> inputs;

    refrain::Scheduler scheduler() const {
        return TRY(refrain::Scheduler::create(policy, steps, lanes, evaluations));
    }
};

// Another scheduler in the same state, with the same call open.
static void move_house(const Case &one, refrain::Scheduler &scheduler, refrain::Step *step) {
    const std::vector<std::byte> saved = TRY(scheduler.save());
    refrain_decision open{};
    if (step) open = step->release();
    scheduler = one.scheduler();
    TRY(scheduler.restore(saved));
    if (step) *step = scheduler.resume(open);
}

static std::string decided(const Case &one, bool moving) {
    static const char letters[] = "awlomnrtuks.fcxp";
    refrain::Scheduler scheduler = one.scheduler();
    const refrain_wants wants = TRY(one.policy.wants());
    std::vector<std::vector<float>> kept(one.lanes);
    std::string actions, reasons;
    for (const Input &in : one.inputs) {
        if (in.invalidated) {
            TRY(scheduler.invalidate(in.call.lane));
            kept[in.call.lane].clear();
        }
        for (bool again = true, first = true; again; first = false) {
            if (moving) move_house(one, scheduler, nullptr);
            refrain::Step step = TRY(scheduler.begin(in.call));
            if (moving) move_house(one, scheduler, &step);
            if (step.needs() > 0) {
                std::vector<double> asked = in.signals;
                if (step.decision().aligned)
                    asked.insert(asked.end(), in.factors.begin(), in.factors.end());
                TRY(step.decide(asked));
                if (moving) move_house(one, scheduler, &step);
            }
            std::vector<double> values;
            if (step.computes() && wants == REFRAIN_WANTS_PRODUCTS) {
                std::vector<float> &features = kept[in.call.lane];
                features.insert(features.begin(), in.feature);
                if (features.size() > 6) features.pop_back();
                for (const float &feature : features)
                    values.push_back(TRY(refrain::cpu::product({&in.feature, 1}, {&feature, 1})));
            } else if (step.computes()) {
                values = in.rates;
            } else if (step.action() == REFRAIN_ACTION_VERIFY) {
                values = in.errors;
            }
            const refrain_event event = TRY(step.commit(values));
            CHECK(!step.open() && event.action == step.action());
            actions += refrain::letter(event.action);
            reasons += letters[event.reason];
            again = first && refrain::rejected(event)
                    && one.policy.capi().verify.kind == REFRAIN_VERIFY_KIND_ROLLBACK;
        }
    }
    return actions + " " + reasons;
}

static double number(char *&at) {
    char *from = at;
    const double value = std::strtod(from, &at);
    CHECK(at != from);
    return value;
}

static std::vector<double> list(char *&at) {
    std::vector<double> values(std::size_t(number(at)));
    for (double &value : values) value = number(at);
    return values;
}

int main() {
    static char line[65536];
    std::string name;
    Case one;
    while (std::fgets(line, sizeof line, stdin)) {
        char *at = line + std::strcspn(line, " \n");
        line[std::strcspn(line, "\n")] = 0;
        if (*at) *at++ = 0;
        const std::string_view word = line;
        if (word == "case") {
            name = at;
            one.inputs.clear();
        } else if (word == "policy") {
            one.policy = TRY(refrain::Policy::parse(at));
        } else if (word == "run") {
            one.steps = uint32_t(number(at));
            one.evaluations = uint32_t(number(at));
            one.lanes = uint32_t(number(at));
        } else if (word == "call") {
            Input in;
            in.call.step = uint32_t(number(at));
            in.call.evaluation = uint32_t(number(at));
            in.call.lane = uint32_t(number(at));
            in.call.time = number(at);
            in.feature = float(number(at));
            in.invalidated = number(at) != 0;
            in.signals = list(at);
            in.factors = list(at);
            in.rates = list(at);
            in.errors = list(at);
            one.inputs.push_back(in);
        } else {
            CHECK(word == "end");
            const std::string said = decided(one, false);
            CHECK(said == decided(one, true));
            std::printf("%s %s\n", name.c_str(), said.c_str());
        }
    }
    return 0;
}
