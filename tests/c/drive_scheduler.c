/* A host with arithmetic of its own: a "network" whose features are parabolas in time, caching by
   the scheduler's word. Everything it forecasts it also computes, and compares.

   With the argument `plant` it blends wrongly, and must say so. */
#include <refrain.h>

#include <math.h>
#include <string.h>

#include "check.h"

#define STEPS 24
#define LEN 37

static double feature(int i, double t) {
    return 1.0 + 0.25 * i - (0.5 + 0.125 * i) * t + 0.0625 * t * t;
}

static void network(double t, float *out) {
    int i;
    for (i = 0; i < LEN; i++) out[i] = (float)feature(i, t);
}

/* Static memory of a size known when compiling; the union aligns it. */
static union {
    long double align;
    unsigned char bytes[REFRAIN_SCHEDULER_MAX_BYTES(1) + REFRAIN_ALIGNMENT];
} first, second;

static void *aligned(unsigned char *bytes) {
    return bytes + (REFRAIN_ALIGNMENT - (uintptr_t)bytes % REFRAIN_ALIGNMENT) % REFRAIN_ALIGNMENT;
}

/* One run; `trace` gets a letter a call. Returns the largest relative error of a forecast. */
static double drive(refrain_scheduler *scheduler, int plant, char *trace) {
    static float slots[REFRAIN_MAX_ANCHORS][LEN];
    static float before[LEN], now[LEN], forecast[LEN], last_computed[LEN], v_before[LEN];
    const float *anchors[REFRAIN_MAX_ANCHORS];
    double worst = 0.0;
    uint32_t step, k;
    int i, computed = 0;
    for (k = 0; k < REFRAIN_MAX_ANCHORS; k++) anchors[k] = slots[k];
    for (step = 0; step < STEPS; step++) {
        refrain_call call = {0, 0, 0, 0, 0.0};
        refrain_decision decision;
        refrain_event event;
        double t = 3.0 - 0.125 * step, rate = 0.0;
        uint32_t rates = 0;
        call.step = step;
        call.time = t;
        network(t, now);
        TRY(refrain_scheduler_begin(scheduler, &call, &decision));
        if (decision.needs != 0) {
            double change;
            CHECK(decision.needs == 1 && step > 0);
            if (decision.signal == REFRAIN_SIGNAL_MODEL_INPUT) {
                TRY(refrain_cpu_mean_change(before, now, LEN, &change));
            } else {
                TRY(refrain_cpu_relative_l1(before, now, LEN, &change));
            }
            TRY(refrain_scheduler_decide(scheduler, decision.lane, &change, 1, &decision));
        }
        CHECK(decision.needs == 0);
        if (decision.action == REFRAIN_ACTION_COMPUTE) {
            CHECK(decision.slot < REFRAIN_MAX_ANCHORS);
            memcpy(slots[decision.slot], now, sizeof now);
            if (computed) {
                double input_change;
                TRY(refrain_cpu_mean_change(last_computed, now, LEN, &input_change));
                TRY(refrain_cpu_rate(input_change, v_before, now, LEN, &rate));
                rates = 1;
            }
            memcpy(last_computed, now, sizeof now);
            memcpy(v_before, now, sizeof now);
            computed = 1;
        } else {
            if (plant) decision.weights[0] += 0.01f;
            TRY(refrain_cpu_blend(decision.weights, anchors, REFRAIN_MAX_ANCHORS, NULL, LEN,
                                  forecast));
            for (i = 0; i < LEN; i++) {
                double error = fabs(forecast[i] - now[i]) / (1.0 + fabs(now[i]));
                if (error > worst) worst = error;
            }
        }
        memcpy(before, now, sizeof now);
        TRY(refrain_scheduler_commit(scheduler, decision.lane, rates ? &rate : NULL, rates, &event));
        CHECK(event.action == decision.action && event.step == step && event.reason == decision.reason);
        trace[step] = refrain_action_letter(decision.action);
    }
    trace[STEPS] = 0;
    return worst;
}

static refrain_scheduler *start(void *memory, const char *text) {
    refrain_scheduler *scheduler;
    refrain_policy policy;
    char why[200] = "";
    if (refrain_policy_parse(text, sizeof policy, &policy, why, sizeof why) != REFRAIN_OK
        || refrain_scheduler_init(memory, REFRAIN_SCHEDULER_MAX_BYTES(1), &policy, STEPS, 1, 1,
                                  &scheduler, why, sizeof why) != REFRAIN_OK) {
        fprintf(stderr, "%s: %s\n", text, why);
        exit(1);
    }
    CHECK((void *)scheduler == memory);
    return scheduler;
}

static void check_counters(const refrain_scheduler *scheduler, const char *trace) {
    refrain_stats stats;
    uint32_t reason, count, by_reason = 0, letters[3] = {0, 0, 0};
    const char *at;
    for (at = trace; *at; at++) letters[*at == 'C' ? 0 : *at == 'r' ? 1 : 2]++;
    TRY(refrain_scheduler_stats(scheduler, &stats));
    CHECK(stats.calls == STEPS && stats.computed == letters[0]);
    CHECK(stats.reused == letters[1] && stats.predicted == letters[2]);
    for (reason = 0; strcmp(refrain_reason_name(reason), "unknown") != 0; reason++) {
        TRY(refrain_scheduler_reason_count(scheduler, reason, &count));
        by_reason += count;
    }
    CHECK(by_reason == STEPS);
}

/* Stops in the middle of an open call, goes on elsewhere, and ends in the same state. */
static void check_moving(void) {
    static unsigned char saved[4096], ended[4096], again[4096];
    refrain_scheduler *here = start(aligned(first.bytes), "teacache:threshold=0.1"), *there;
    refrain_call call = {0, 0, 0, 0, 0.0};
    refrain_decision decision;
    size_t bytes, needed, written;
    double change = 0.04;
    TRY(refrain_scheduler_save_size(here, &needed));
    CHECK(needed <= sizeof saved);
    TRY(refrain_scheduler_begin(here, &call, &decision));
    TRY(refrain_scheduler_commit(here, 0, NULL, 0, NULL));
    call.step = 1;
    TRY(refrain_scheduler_begin(here, &call, &decision));
    CHECK(decision.needs == 1 && decision.reference == REFRAIN_REFERENCE_PREVIOUS);
    TRY(refrain_scheduler_save(here, saved, sizeof saved, &written));
    CHECK(written == needed);

    TRY(refrain_scheduler_decide(here, 0, &change, 1, &decision));
    CHECK(decision.action == REFRAIN_ACTION_REUSE && decision.weights[0] == 1.0f);
    TRY(refrain_scheduler_commit(here, 0, NULL, 0, NULL));
    TRY(refrain_scheduler_save(here, ended, sizeof ended, &written));

    there = start(aligned(second.bytes), "teacache:threshold=0.1");
    TRY(refrain_scheduler_restore(there, saved, needed));
    TRY(refrain_scheduler_decide(there, 0, &change, 1, &decision));
    TRY(refrain_scheduler_commit(there, 0, NULL, 0, NULL));
    TRY(refrain_scheduler_save(there, again, sizeof again, &written));
    CHECK(memcmp(ended, again, needed) == 0);

    /* Bytes of the object itself may be copied, too. */
    TRY(refrain_scheduler_size(1, &bytes));
    memset(second.bytes, 0xEE, sizeof second.bytes);
    memcpy(aligned(second.bytes), here, bytes);
    memset(first.bytes, 0xEE, sizeof first.bytes);
    TRY(refrain_scheduler_save((refrain_scheduler *)aligned(second.bytes), again, sizeof again, &written));
    CHECK(memcmp(ended, again, needed) == 0);

    call.step = 2;
    TRY(refrain_scheduler_begin(there, &call, &decision));
    TRY(refrain_scheduler_abandon(there, 0));
    TRY(refrain_scheduler_invalidate(there, 0));
    TRY(refrain_scheduler_begin(there, &call, &decision));
    CHECK(decision.needs == 0 && decision.reason == REFRAIN_REASON_NO_HISTORY);
}

/* A predictor without a scheduler: exact on a parabola, whatever the spacing. */
static void check_predictor(void) {
    refrain_predictor newton = {REFRAIN_PREDICTOR_KIND_NEWTON, 2, REFRAIN_AXIS_TIME, 0};
    const double times[4] = {0.5, 0.75, 1.5, 9.0};
    refrain_weights weights;
    double sum = 0.0;
    uint32_t k;
    TRY(refrain_predictor_weights(&newton, times, 4, 0.125, &weights));
    CHECK(weights.count == 3);
    for (k = 0; k < weights.count; k++) sum += weights.values[k] * feature(3, times[k]);
    CHECK(fabs(sum - feature(3, 0.125)) < 1e-12);
    TRY(refrain_predictor_weights(&newton, NULL, 0, 0.125, &weights));
    CHECK(weights.count == 0 && weights.values[0] == 0.0);
}

static void check_texts(void) {
    refrain_policy policy, again;
    char text[256];
    size_t length;
    uint32_t family, flag;
    for (family = 0; strcmp(refrain_family_name(family), "unknown") != 0; family++) {
        TRY(refrain_policy_default(family, sizeof policy, &policy));
        TRY(refrain_policy_text(&policy, text, sizeof text, &length));
        CHECK(strlen(text) == length && strcmp(text, refrain_family_name(family)) == 0);
        TRY(refrain_policy_parse(text, sizeof again, &again, NULL, 0));
        CHECK(memcmp(&policy, &again, sizeof policy) == 0);
    }
    CHECK(family == REFRAIN_FAMILY_TAYLOR_SEER + 1);
    TRY(refrain_policy_default(REFRAIN_FAMILY_MAG_CACHE, sizeof policy, &policy));
    TRY(refrain_policy_needs_curve(&policy, &flag));
    CHECK(flag == 1);
    policy.gauge.curve_len = 2;
    policy.gauge.curve[0] = policy.gauge.curve[1] = 1.0;
    TRY(refrain_policy_needs_curve(&policy, &flag));
    CHECK(flag == 0);
    TRY(refrain_policy_check(&policy, STEPS, 1, NULL, 0));
    TRY(refrain_policy_default(REFRAIN_FAMILY_EASY_CACHE, sizeof policy, &policy));
    TRY(refrain_policy_wants_rate(&policy, &flag));
    CHECK(flag == 1);
    policy.guards.last_steps = 2;
    TRY(refrain_policy_text(&policy, text, sizeof text, &length));
    CHECK(strcmp(text, "easycache:last=2") == 0);

    CHECK(refrain_version_number() == REFRAIN_VERSION_NUMBER);
    CHECK(REFRAIN_VERSION_NUMBER >> 24 == REFRAIN_VERSION_MAJOR);
    CHECK((REFRAIN_VERSION_NUMBER >> 12 & 0xFFF) == REFRAIN_VERSION_MINOR);
    CHECK((REFRAIN_VERSION_NUMBER & 0xFFF) == REFRAIN_VERSION_PATCH);
    sprintf(text, "%d.%d.%d", REFRAIN_VERSION_MAJOR, REFRAIN_VERSION_MINOR, REFRAIN_VERSION_PATCH);
    CHECK(strcmp(text, refrain_version_string()) == 0);
    CHECK(refrain_abi_version() == REFRAIN_ABI_VERSION);
    CHECK(refrain_features() & REFRAIN_FEATURE_STD);
    CHECK(strcmp(refrain_status_name(REFRAIN_E_ORDER), "REFRAIN_E_ORDER") == 0);
    CHECK(strcmp(refrain_status_name(-42), "unknown") == 0);
    CHECK(strcmp(refrain_action_name(REFRAIN_ACTION_PREDICT), "predict") == 0);
    CHECK(strcmp(refrain_reason_name(REFRAIN_REASON_FREE), "free") == 0);
    CHECK(strcmp(refrain_signal_name(REFRAIN_SIGNAL_MODEL_INPUT), "model-input") == 0);
    CHECK(strcmp(refrain_reference_name(REFRAIN_REFERENCE_COMPUTED), "computed") == 0);
    CHECK(strcmp(refrain_notice_name(REFRAIN_NOTICE_CANNOT_SKIP), "cannot-skip") == 0);
    CHECK(refrain_action_letter(99) == '?');
}

int main(int argc, char **argv) {
    static const struct {
        const char *policy;
        double tolerance; /* of a forecast */
        uint32_t anchors;
    } runs[] = {
        {"full", 0.0, 0},
        {"interval:interval=3", 1.0, 1},
        {"taylorseer:interval=3,order=3", 0.5, 4},
        {"taylorseer:interval=3,order=2,predictor=newton,axis=time", 1e-5, 3},
        {"teacache:threshold=0.3", 0.5, 1},
        {"easycache:threshold=0.3,warmup=3", 0.9, 1},
        {"mask:111010101010101010101011", 0.5, 1},
    };
    int plant = argc > 1 && strcmp(argv[1], "plant") == 0;
    size_t i, bytes;
    TRY(refrain_scheduler_size(1, &bytes));
    CHECK(bytes <= REFRAIN_SCHEDULER_MAX_BYTES(1));
    TRY(refrain_scheduler_size(1000, &bytes));
    CHECK(bytes <= REFRAIN_SCHEDULER_MAX_BYTES(1000));
    for (i = 0; i < sizeof runs / sizeof *runs; i++) {
        refrain_scheduler *scheduler;
        char trace[STEPS + 1], again[STEPS + 1];
        refrain_policy policy;
        uint32_t anchors, notice;
        double worst;
        memset(first.bytes, (int)i * 37, sizeof first.bytes);
        scheduler = start(aligned(first.bytes), runs[i].policy);
        TRY(refrain_policy_parse(runs[i].policy, sizeof policy, &policy, NULL, 0));
        TRY(refrain_policy_anchors(&policy, &anchors));
        CHECK(anchors == runs[i].anchors);
        if (anchors == 0) continue; /* nothing is kept, so there is nothing to drive */
        worst = drive(scheduler, plant, trace);
        if (worst > runs[i].tolerance) {
            fprintf(stderr, "%s: a forecast is off by %g\n", runs[i].policy, worst);
            return 2;
        }
        check_counters(scheduler, trace);
        TRY(refrain_scheduler_notice(scheduler, &notice));
        CHECK(notice == REFRAIN_NOTICE_NONE && strpbrk(trace, "rp") != NULL);
        TRY(refrain_scheduler_reset(scheduler));
        drive(scheduler, plant, again);
        CHECK(strcmp(trace, again) == 0);
        printf("%-60s %s %.1e\n", runs[i].policy, trace, worst);
    }
    check_moving();
    check_predictor();
    check_texts();
    return 0;
}
