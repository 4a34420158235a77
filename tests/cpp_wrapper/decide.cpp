// The decide layer through the wrapper: policies, schedulers, steps, predictors, the cpu functions.
#include <refrain.hpp>

#include <array>
#include <cmath>

#include "check.hpp"

using refrain::Policy;
using refrain::Scheduler;
using refrain::Step;

static_assert(!std::is_copy_constructible_v<Scheduler> && !std::is_copy_constructible_v<Step>);
static_assert(std::is_nothrow_move_constructible_v<Scheduler>
              && std::is_nothrow_move_assignable_v<Step>);
static_assert(std::is_convertible_v<std::vector<double> &, refrain::span<const double>>
              && std::is_convertible_v<const std::array<double, 3> &, refrain::span<const double>>
              && std::is_convertible_v<refrain::span<float>, refrain::span<const float>>
              && !std::is_convertible_v<refrain::span<const float>, refrain::span<float>>
              && !std::is_convertible_v<const std::vector<float> &, refrain::span<float>>
              && !std::is_convertible_v<std::vector<double> &, refrain::span<const float>>);

static void spans() {
    float values[5] = {1, 2, 3, 4, 5};
    const refrain::span<float> all = values;
    CHECK(all.size() == 5 && all.size_bytes() == 20 && all.front() == 1 && all.back() == 5);
    CHECK(all.first(2).size() == 2 && all.last(2)[0] == 4 && all.subspan(3).size() == 2);
    CHECK(all.subspan(1, 3).back() == 4 && !all.empty() && refrain::span<float>().empty());
    float sum = 0;
    for (float &value : all) sum += value;
    CHECK(sum == 15);
}

static void policies() {
    CHECK(refrain::compatible() && refrain::Library::has(REFRAIN_FEATURE_STD));
    CHECK(refrain::Library::version_number() == REFRAIN_VERSION_NUMBER);
    CHECK((refrain::Library::features() & REFRAIN_FEATURE_STD) != 0);
    CHECK(std::string_view(refrain::Library::version()).find('.') == 1);
    Policy policy = TRY(Policy::parse("teacache:threshold=0.25"));
    CHECK(policy.capi().budget.threshold == 0.25 && policy.capi().struct_size == sizeof(refrain_policy));
    policy.capi().budget.threshold = 0.125;
    CHECK(TRY(policy.text()) == "teacache:threshold=0.125");
    const Policy copy(policy.capi());
    char text[64];
    CHECK(TRY(copy.text(text)) == 24 && std::string_view(text) == "teacache:threshold=0.125");
    const auto small = copy.text(refrain::span<char>(text, 7));
    FAILS(small, REFRAIN_E_CAPACITY);
    CHECK(small.error().needed() == 25 && small.error().message() == std::string_view("REFRAIN_E_CAPACITY"));
    FAILS(copy.text(refrain::span<char>()), REFRAIN_E_CAPACITY);
    const auto wrong = Policy::parse("teacache:treshold=1");
    FAILS(wrong, REFRAIN_E_VALUE);
    CHECK(std::string_view(wrong.error().message()).find("threshold") != std::string_view::npos);
    CHECK(wrong.error().name() == std::string_view("REFRAIN_E_VALUE") && wrong.error().needed() == 0);
    FAILS(Policy::parse(nullptr), REFRAIN_E_NULL);
    FAILS(Policy::preset(refrain_method(9999)), REFRAIN_E_RANGE);
    CHECK(TRY(Policy().text()) == "full" && TRY(TRY(Policy::preset(REFRAIN_METHOD_FORA)).text()) == "fora");
    TRY(policy.check());
    TRY(policy.check(20, 2));
    const auto nine = policy.check(20, 9);
    FAILS(nine, REFRAIN_E_VALUE);
    CHECK(nine.error().message() != nine.error().name());
    CHECK(TRY(policy.anchors()) == 1 && TRY(policy.wants()) == REFRAIN_WANTS_NOTHING);
    CHECK(!TRY(policy.needs_table()));
    CHECK(TRY(TRY(Policy::parse("smoothcache")).needs_table()));
    CHECK(TRY(TRY(Policy::parse("easycache")).wants()) == REFRAIN_WANTS_RATE);
    // Nothing is thrown away silently: another policy stands in only if asked for.
    CHECK(TRY(Policy::parse("none").value_or(copy).text()) == TRY(copy.text()));

    const Policy blocks = TRY(Policy::parse("dbprune"));
    CHECK(TRY(blocks.lanes(6, 20)) == 6 && TRY(blocks.granules(6)) == 6 && TRY(policy.lanes(6, 20)) == 1);
    FAILS(blocks.lanes(0, 20), REFRAIN_E_RANGE);
    const refrain_place fourth = TRY(blocks.place({REFRAIN_UNIT_BLOCK, 3, 6, 0, 20}));
    CHECK(fourth.granule == 3 && fourth.lane == 3 && fourth.left_out && fourth.first && fourth.last);
    FAILS(blocks.place({REFRAIN_UNIT_BLOCK, 6, 6, 0, 20}), REFRAIN_E_RANGE);

    const char *table = "refrain-table 1\nmethod = magcache\nmodel = toy\ncurve = 1/0.9/1.1/1\n";
    const Policy calibrated = TRY(Policy::parse("magcache"));
    CHECK(TRY(calibrated.needs_table()));
    CHECK(TRY(TRY(calibrated.with_table(table)).text()) == "magcache:curve=1/0.9/1.1/1");
    FAILS(calibrated.with_table("nothing"), REFRAIN_E_VALUE);
    std::string report = "as it was";
    const char *const options = "TaylorSeerCacheConfig(cache_interval=5, taylor_factors_dtype=torch.float32)";
    CHECK(TRY(Policy::from_options(REFRAIN_PEER_DIFFUSERS, options, report)).capi().method
          == refrain_method(REFRAIN_METHOD_TAYLOR_SEER));
    CHECK(report.find("taylor_factors_dtype") != std::string::npos);
    FAILS(Policy::from_options(REFRAIN_PEER_DIFFUSERS, "FirstBlockConfig()", report), REFRAIN_E_VALUE);
    FAILS(policy.with_table(table), REFRAIN_E_VALUE);
    char toy[4];
    CHECK(TRY(refrain::Table::field(table, "model", toy)) == 3 && std::string_view(toy) == "toy");
    CHECK(TRY(refrain::Table::field(table, "model")) == "toy");
    FAILS(refrain::Table::field(table, "sampler"), REFRAIN_E_RANGE);
    char family[32];
    CHECK(TRY(refrain::Method::field(REFRAIN_METHOD_FULL, "family", family)) == 5);
    CHECK(TRY(refrain::Method::field(REFRAIN_METHOD_FULL, "family")) == "basic");
    FAILS(refrain::Method::field(REFRAIN_METHOD_FULL, "price"), REFRAIN_E_VALUE);
}

static void names() {
    const auto same = [](const char *a, const char *b) { return std::string_view(a) == b; };
    CHECK(same(refrain::name(REFRAIN_E_ORDER), "REFRAIN_E_ORDER"));
    CHECK(same(refrain::name(REFRAIN_ACTION_COMPUTE), "compute"));
    CHECK(same(refrain::name(REFRAIN_REASON_BUDGET_SPENT), "budget-spent"));
    CHECK(same(refrain::name(REFRAIN_SIGNAL_MODULATED_INPUT), "modulated-input"));
    CHECK(same(refrain::name(REFRAIN_REFERENCE_PREVIOUS), "previous"));
    CHECK(same(refrain::name(REFRAIN_METRIC_RELATIVE_L1), "relative-l1"));
    CHECK(same(refrain::name(REFRAIN_FILTER_LOW_PASS), "low-pass"));
    CHECK(same(refrain::name(REFRAIN_WANTS_PRODUCTS), "products"));
    CHECK(same(refrain::name(REFRAIN_NOTICE_NOTHING_SKIPPED), "nothing-skipped"));
    CHECK(same(refrain::name(REFRAIN_METHOD_TEA_CACHE), "teacache"));
    CHECK(same(refrain::name(REFRAIN_UNIT_ATTENTION), "attention"));
    CHECK(refrain::letter(REFRAIN_ACTION_PREDICT) == 'p');
}

static std::string trace(Scheduler &scheduler, uint32_t steps) {
    std::string letters;
    for (uint32_t number = 0; number < steps; number++) {
        Step step = TRY(scheduler.begin(number));
        if (step.needs() > 0) TRY(step.decide(0.1));
        letters += refrain::letter(step.action());
        CHECK(step.computes() != step.skips());
        TRY(step.commit());
    }
    return letters;
}

static void schedulers() {
    const Policy policy = TRY(Policy::parse("taylorseer:interval=3"));
    Scheduler owned = TRY(Scheduler::create(policy, 20));
    static refrain::SchedulerMemory<1> memory;
    CHECK(TRY(Scheduler::bytes(1)) <= memory.size());
    Scheduler borrowed = TRY(Scheduler::borrow(memory, policy, 20));
    CHECK(static_cast<void *>(borrowed.capi()) == memory.data());
    const std::string expected = "CCCppCppCppCppCppCpC";
    CHECK(trace(owned, 20) == expected && trace(borrowed, 20) == expected);
    CHECK(TRY(owned.save()) == TRY(borrowed.save()));
    const refrain_stats stats = TRY(owned.stats());
    CHECK(stats.calls == 20 && stats.computed == 9 && stats.predicted == 11);
    CHECK(TRY(owned.reason_count(REFRAIN_REASON_LAST_STEPS)) == 1);
    FAILS(owned.reason_count(refrain_reason(99)), REFRAIN_E_RANGE);
    CHECK(TRY(owned.notice()) == REFRAIN_NOTICE_NONE);
    TRY(owned.reset());
    CHECK(trace(owned, 20) == expected);
    CHECK(TRY(TRY(Scheduler::create(policy, 2)).notice()) == REFRAIN_NOTICE_CANNOT_SKIP);

    // Errors, of makers with their message.
    FAILS(Scheduler::bytes(0), REFRAIN_E_RANGE);
    FAILS(Scheduler::create(policy, 20, 0), REFRAIN_E_RANGE);
    const auto none = Scheduler::create(policy, 0);
    FAILS(none, REFRAIN_E_VALUE);
    CHECK(none.error().message() != none.error().name());
    FAILS(Scheduler::borrow(refrain::span<std::byte>(memory.data(), 16), policy, 20), REFRAIN_E_MEMORY);
    FAILS(Scheduler::borrow(refrain::span<std::byte>(memory.data() + 1, memory.size() - 1), policy, 20),
          REFRAIN_E_MEMORY);
    std::byte few[4];
    const auto short_of = owned.save(few);
    FAILS(short_of, REFRAIN_E_CAPACITY);
    CHECK(short_of.error().needed() == TRY(owned.save_size()));
    FAILS(owned.restore(few), REFRAIN_E_FORMAT);

    // Ownership: what is handed over is freed by hand.
    refrain_scheduler *raw = owned.release();
    FAILS(owned.stats(), REFRAIN_E_NULL);
    Scheduler::free(raw);
    Scheduler::free(nullptr);
    (void)borrowed.release();
}

static void dropped_steps(bool plant) {
    const Policy policy = TRY(Policy::parse("easycache:threshold=0.5"));
    Scheduler dropping = TRY(Scheduler::create(policy, 12, 2)), abandoning = TRY(Scheduler::create(policy, 12, 2)),
              never = TRY(Scheduler::create(policy, 12, 2));
    const auto both = [](Scheduler &scheduler, uint32_t number) {
        for (uint32_t lane = 0; lane < 2; lane++) {
            Step step = TRY(scheduler.begin(number, lane));
            if (step.needs() > 0) TRY(step.decide(0.03));
            if (step.computes()) TRY(step.commit(1.5));
            else TRY(step.commit());
        }
    };
    for (uint32_t number = 0; number < 12; number++) {
        { // Undecided or decided, it leaves its scope.
            Step step = TRY(dropping.begin(number));
            if (number % 2 && step.needs() > 0) TRY(step.decide(0.02));
            if (plant && number == 7) TRY(step.commit());
        }
        Step step = TRY(abandoning.begin(number));
        if (number % 2 && step.needs() > 0) TRY(step.decide(0.02));
        TRY(step.abandon());
        CHECK(!step.open());
        FAILS(step.abandon(), REFRAIN_E_NULL);
        CHECK(TRY(dropping.save()) == TRY(abandoning.save()));
        if (!plant) CHECK(TRY(dropping.save()) == TRY(never.save()));
        both(dropping, number);
        both(abandoning, number);
        both(never, number);
    }
    CHECK(TRY(dropping.save()) == TRY(never.save()));
    CHECK(TRY(never.stats()).reused > 0);
}

static void steps() {
    const Policy policy = TRY(Policy::parse("fbcache:threshold=0.2"));
    Scheduler scheduler = TRY(Scheduler::create(policy, 8, 2));
    trace(scheduler, 3);
    FAILS(scheduler.begin(1), REFRAIN_E_ORDER);
    FAILS(scheduler.begin(8), REFRAIN_E_RANGE);
    FAILS(scheduler.begin(3, 2), REFRAIN_E_RANGE);
    FAILS(scheduler.begin(3, 0, double(NAN)), REFRAIN_E_VALUE);
    FAILS(scheduler.begin({3, 0, 0, 7, 0.0}), REFRAIN_E_UNSUPPORTED);
    Step step = TRY(scheduler.begin(3));
    CHECK(step.open() && step.needs() == 1 && !step.computes() && !step.skips() && step.lane() == 0);
    CHECK(step.decision().metric == policy.capi().gauge.metric && &step.capi() == &step.decision());
    FAILS(scheduler.begin(3), REFRAIN_E_ORDER);
    FAILS(scheduler.invalidate(), REFRAIN_E_ORDER);
    // What fails leaves the call open.
    FAILS(step.commit(), REFRAIN_E_ORDER);
    const double two[2] = {0.1, 0.1};
    FAILS(step.decide(two), REFRAIN_E_VALUE);
    CHECK(step.open());
    TRY(step.decide(0.01));
    FAILS(step.decide(0.01), REFRAIN_E_ORDER);
    CHECK(step.skips() && step.reason() == REFRAIN_REASON_WITHIN_BUDGET);
    CHECK(step.weights().size() == 8 && step.low_weights().size() == 8);
    float sum = 0;
    for (float weight : step.weights()) sum += weight;
    CHECK(sum == 1 && step.slot() == REFRAIN_NO_SLOT);

    // A step may be moved, and so may its scheduler; what was moved from holds no call.
    Step other = std::move(step);
    Scheduler moved = std::move(scheduler);
    CHECK(!step.open() && other.open()); // NOLINT: that is what is tested
    FAILS(step.commit(), REFRAIN_E_NULL);
    FAILS(step.decide(0.1), REFRAIN_E_NULL);
    FAILS(scheduler.begin(4), REFRAIN_E_NULL);
    FAILS(scheduler.stats(), REFRAIN_E_NULL);
    FAILS(scheduler.save(), REFRAIN_E_NULL);
    FAILS(scheduler.reset(), REFRAIN_E_NULL);
    CHECK(TRY(other.commit()).action == REFRAIN_ACTION_REUSE);
    FAILS(other.commit(), REFRAIN_E_NULL);

    // Assigning to a step abandons what it held.
    Step kept = TRY(moved.begin(4));
    Step second = TRY(moved.begin(4, 1));
    second = std::move(kept);
    CHECK(second.open() && second.lane() == 0);
    { const Step again = TRY(moved.begin(4, 1)); }
    // Itself, too, it may be assigned to.
    Step &alias = second;
    second = std::move(alias);
    CHECK(second.open());
    if (second.needs() > 0) TRY(second.decide(0.01));
    TRY(second.commit());
    scheduler = std::move(moved);
    CHECK(TRY(scheduler.begin(5)).open());
    TRY(scheduler.invalidate());
    CHECK(TRY(scheduler.begin(5)).reason() == REFRAIN_REASON_NO_HISTORY);
}

static void arithmetic() {
    const float a[4] = {1, 2, 3, 4}, b[4] = {2, 2, 3, 4}, three[3] = {0, 0, 0};
    float out[4], sum[4];
    CHECK(TRY(refrain::cpu::change(REFRAIN_METRIC_MEAN_ABSOLUTE, a, b)) == 0.25);
    FAILS(refrain::cpu::change(REFRAIN_METRIC_MEAN_ABSOLUTE, a, three), REFRAIN_E_VALUE);
    FAILS(refrain::cpu::change(refrain_metric(99), a, b), REFRAIN_E_RANGE);
    CHECK(TRY(refrain::cpu::product(a, b)) == 31.0);
    FAILS(refrain::cpu::product(a, three), REFRAIN_E_VALUE);
    CHECK(TRY(refrain::cpu::rate(0.5, a, b)) == 0.25 / 0.5 / 2.75);
    FAILS(refrain::cpu::rate(0.5, a, three), REFRAIN_E_VALUE);
    const float zero[4] = {0, 0, 0, 0};
    CHECK(TRY(refrain::cpu::alignment(a, b, zero)) == 10.0 / 11.0);
    FAILS(refrain::cpu::alignment(a, b, three), REFRAIN_E_VALUE);
    FAILS(refrain::cpu::alignment(a, three, b), REFRAIN_E_VALUE);
    const float weights[2] = {2, -1};
    const float *anchors[2] = {a, b};
    TRY(refrain::cpu::blend(weights, anchors, {}, out));
    CHECK(out[0] == 0 && out[3] == 4);
    TRY(refrain::cpu::blend(weights, anchors, a, out));
    CHECK(out[0] == 1 && out[3] == 8);
    FAILS(refrain::cpu::blend(refrain::span<const float>(weights, 1), anchors, {}, out), REFRAIN_E_VALUE);
    FAILS(refrain::cpu::blend(weights, anchors, three, out), REFRAIN_E_VALUE);
    refrain_decision decision{};
    decision.slot = REFRAIN_SET_SLOTS;
    decision.weights[0] = 0.5f;
    float *sums[1] = {sum};
    TRY(refrain::cpu::accumulate(decision, a, sums));
    decision.slot = REFRAIN_ADD_TO_SLOTS;
    TRY(refrain::cpu::accumulate(decision, b, sums));
    CHECK(sum[0] == 1.5f && sum[3] == 4.0f);
    decision.slot = 0;
    FAILS(refrain::cpu::accumulate(decision, b, sums), REFRAIN_E_RANGE);

    refrain::Predictor line(TRY(Policy::parse("taylorseer:order=1")).capi().predictor);
    line.capi().kind = REFRAIN_PREDICTOR_KIND_NEWTON;
    const double times[2] = {2, 1};
    const refrain_weights found = TRY(line.weights(times, 3));
    CHECK(found.count == 2 && found.values[0] == 2 && found.values[1] == -1);
    const double many[9] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    FAILS(line.weights(many, 10), REFRAIN_E_RANGE);
    const refrain_predictor_inputs nothing{};
    CHECK(TRY(line.weights(nothing)).count == 0);
}

int main(int argc, char **argv) {
    const bool plant = argc > 1 && std::string_view(argv[1]) == "plant-committed";
    if (argc > 1 && std::string_view(argv[1]) == "value-of-an-error")
        (void)Policy::parse("teacache:treshold=1").value();
    spans();
    policies();
    names();
    schedulers();
    dropped_steps(plant);
    steps();
    arithmetic();
    std::puts("decided");
    return 0;
}
