/* Everything a caller of policies and schedulers can get wrong that the library can see. tests/capi
   compares the rows of NULL pointers with the functions of the header.

   Usage: errors [plant-status|plant-output] */
#include <math.h>

#include "rows.h"

/* A calibrated table. */
#define TABLE "refrain-table 1\nmethod = magcache\nmodel = toy\ncurve = 1/0.9\n"

static union {
    long double align;
    unsigned char bytes[REFRAIN_SCHEDULER_MAX_BYTES(3) + REFRAIN_ALIGNMENT];
} store[3];

static unsigned char *aligned(int i) {
    unsigned char *bytes = store[i].bytes;
    return bytes + (REFRAIN_ALIGNMENT - (uintptr_t)bytes % REFRAIN_ALIGNMENT) % REFRAIN_ALIGNMENT;
}

static refrain_scheduler *start(int i, const char *text, uint32_t steps, uint32_t lanes) {
    refrain_policy policy;
    refrain_scheduler *scheduler;
    POLICY(text, &policy);
    TRY(refrain_scheduler_init(aligned(i), REFRAIN_SCHEDULER_MAX_BYTES(3), &policy, steps, 1, lanes,
                               &scheduler, NULL, 0));
    return scheduler;
}

static void policies(void) {
    refrain_policy good, bad;
    struct {
        refrain_policy policy;
        uint32_t beyond[4];
    } newer;
    char why[200];
    uint32_t *number;
    size_t i, length;
    /* Places of the enums in a policy. */
    static const size_t enums[] = {
        offsetof(refrain_policy, method),            offsetof(refrain_policy, gauge.kind),
        offsetof(refrain_policy, gauge.signal),      offsetof(refrain_policy, gauge.metric),
        offsetof(refrain_policy, gauge.reference),   offsetof(refrain_policy, gauge.filter),
        offsetof(refrain_policy, gauge.rescale),     offsetof(refrain_policy, gauge.schedule),
        offsetof(refrain_policy, gauge.level),       offsetof(refrain_policy, gauge.deviation),
        offsetof(refrain_policy, gauge.curve.by),    offsetof(refrain_policy, budget.kind),
        offsetof(refrain_policy, budget.comparator), offsetof(refrain_policy, budget.scale),
        offsetof(refrain_policy, budget.progress),   offsetof(refrain_policy, predictor.kind),
        offsetof(refrain_policy, predictor.axis),    offsetof(refrain_policy, split.kind),
        offsetof(refrain_policy, verify.kind),       offsetof(refrain_policy, site.kind),
        offsetof(refrain_policy, site.keep),         offsetof(refrain_policy, pool),
        offsetof(refrain_policy, guards.run_count),  offsetof(refrain_policy, guards.rounding),
        offsetof(refrain_policy, guards.window),
    };
    static const size_t reserved[] = {
        offsetof(refrain_policy, gauge.codebook.reserved),
        offsetof(refrain_policy, budget.reserved),
        offsetof(refrain_policy, guards.reserved),
        offsetof(refrain_policy, predictor.reserved),
        offsetof(refrain_policy, split.reserved),
        offsetof(refrain_policy, reserved),
    };
    POLICY("teacache", &good);

    NUL(refrain_policy_default, policy_out, (0, sizeof good, NULL));
    NUL(refrain_policy_parse, text, (NULL, sizeof good, &out.policy, NULL, 0));
    NUL(refrain_policy_parse, policy_out, ("full", sizeof good, NULL, NULL, 0));
    NUL(refrain_policy_apply_table, policy, (NULL, TABLE, sizeof good, &out.policy, NULL, 0));
    NUL(refrain_policy_apply_table, table, (&good, NULL, sizeof good, &out.policy, NULL, 0));
    NUL(refrain_policy_apply_table, policy_out,
        (&good, "refrain-table 1\nmethod = teacache\nthreshold = 0.2\n", sizeof good, NULL, NULL, 0));
    NUL(refrain_table_field, table, (NULL, "model", out.string, sizeof out.string, &out.size));
    NUL(refrain_table_field, field, (TABLE, NULL, out.string, sizeof out.string, &out.size));
    NUL(refrain_table_field, text_out, (TABLE, "model", NULL, 64, &out.size));
    NUL(refrain_table_field, length_out, (TABLE, "model", out.string, sizeof out.string, NULL));
    NUL(refrain_method_field, field, (0, NULL, out.string, sizeof out.string, &out.size));
    NUL(refrain_method_field, text_out, (0, "summary", NULL, 64, &out.size));
    NUL(refrain_method_field, length_out, (0, "summary", out.string, sizeof out.string, NULL));
    ROW("the summary of method 9999",
        refrain_method_field(9999, "summary", out.string, sizeof out.string, &out.size),
        REFRAIN_E_RANGE);
    ROW("a method's unknown field",
        refrain_method_field(0, "price", out.string, sizeof out.string, &out.size), REFRAIN_E_VALUE);
    ROW("a table for another method",
        refrain_policy_apply_table(&good, TABLE, sizeof good, &out.policy, NULL, 0), REFRAIN_E_VALUE);
    ROW("no table", refrain_policy_apply_table(&good, "full", sizeof good, &out.policy, NULL, 0),
        REFRAIN_E_VALUE);
    ROW("a table's unknown field",
        refrain_table_field(TABLE, "sampler", out.string, sizeof out.string, &out.size),
        REFRAIN_E_RANGE);
    NUL(refrain_policy_text, policy, (NULL, out.string, sizeof out.string, &out.size));
    NUL(refrain_policy_text, text_out, (&good, NULL, 64, &out.size));
    NUL(refrain_policy_text, length_out, (&good, out.string, sizeof out.string, NULL));
    NUL(refrain_policy_check, policy, (NULL, 0, 0, NULL, 0));
    NUL(refrain_policy_anchors, policy, (NULL, &out.number));
    NUL(refrain_policy_anchors, anchors_out, (&good, NULL));
    NUL(refrain_policy_wants, policy, (NULL, &out.number));
    NUL(refrain_policy_wants, wants_out, (&good, NULL));
    NUL(refrain_policy_needs_table, policy, (NULL, &out.number));
    NUL(refrain_policy_needs_table, needs_out, (&good, NULL));

    ROW("unknown method", refrain_policy_default(999, sizeof good, &out.policy), REFRAIN_E_RANGE);
    ROW("default, size 0", refrain_policy_default(0, 0, &out.policy), REFRAIN_E_CONFIG_SIZE);
    ROW("default, one byte short", refrain_policy_default(0, sizeof good - 1, &out.policy),
        REFRAIN_E_CONFIG_SIZE);
    ROW("parse, one byte short",
        refrain_policy_parse("full", sizeof good - 1, &out.policy, NULL, 0), REFRAIN_E_CONFIG_SIZE);
    ROW("parse, size of garbage",
        refrain_policy_parse("full", (size_t)-1, &out.policy, NULL, 0), REFRAIN_E_CONFIG_SIZE);
    ROW("parse, misaligned",
        refrain_policy_parse("full", sizeof good, (refrain_policy *)(void *)((char *)&out.policy + 1),
                             NULL, 0),
        REFRAIN_E_MEMORY);

    /* The message names the key, the value, and the range or the nearest name. */
    ROW("parse, unknown key",
        refrain_policy_parse("teacache:treshold=1", sizeof good, &out.policy, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "treshold") && strstr(why, "threshold"));
    ROW("parse, out of range",
        refrain_policy_parse("teacache:threshold=-2", sizeof good, &out.policy, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "threshold") && strstr(why, "-2") && strstr(why, "0 to 1000000"));
    ROW("parse, unknown method",
        refrain_policy_parse("teecache", sizeof good, &out.policy, why, 12), REFRAIN_E_VALUE);
    CHECK(strlen(why) == 11);
    ROW("parse, not UTF-8",
        refrain_policy_parse("\xFF\xFE", sizeof good, &out.policy, why, sizeof why),
        REFRAIN_E_VALUE);
    memset(why, '?', sizeof why);
    TRY(refrain_policy_parse("full", sizeof good, &out.policy, why, sizeof why));
    CHECK(why[0] == '?');
    blank();

    bad = good;
    bad.struct_size = 0;
    ROW("struct_size 0", refrain_policy_check(&bad, 0, 0, NULL, 0), REFRAIN_E_CONFIG_SIZE);
    bad.struct_size = sizeof bad - 1;
    ROW("struct_size short", refrain_policy_check(&bad, 0, 0, NULL, 0), REFRAIN_E_CONFIG_SIZE);
    bad.struct_size = 0xFFFFFFFF;
    ROW("struct_size garbage", refrain_policy_check(&bad, 0, 0, NULL, 0), REFRAIN_E_CONFIG_SIZE);

    /* A program built against a newer header. */
    memset(&newer, 0xFF, sizeof newer);
    TRY(refrain_policy_parse("teacache", sizeof newer, &newer.policy, NULL, 0));
    CHECK(newer.policy.struct_size == sizeof newer);
    for (i = 0; i < 4; i++) CHECK(newer.beyond[i] == 0);
    TRY(refrain_policy_check(&newer.policy, 8, 1, NULL, 0));
    newer.beyond[3] = 1;
    ROW("newer field in use", refrain_policy_check(&newer.policy, 8, 1, NULL, 0),
        REFRAIN_E_UNSUPPORTED);

    for (i = 0; i < sizeof enums / sizeof *enums; i++) {
        bad = good;
        number = (uint32_t *)(void *)((unsigned char *)&bad + enums[i]);
        *number = 999;
        ROW("enum 999", refrain_policy_check(&bad, 0, 0, why, sizeof why), REFRAIN_E_VALUE);
        CHECK(strstr(why, " is 999; allowed is 0 to "));
        *number = 0xFFFFFFFF;
        ROW("enum -1", refrain_policy_anchors(&bad, &out.number), REFRAIN_E_VALUE);
    }
    for (i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        bad = good;
        *(uint32_t *)(void *)((unsigned char *)&bad + reserved[i]) = 1;
        ROW("reserved 1", refrain_policy_check(&bad, 0, 0, NULL, 0), REFRAIN_E_UNSUPPORTED);
    }
    bad = good;
    bad.budget.threshold = NAN;
    ROW("threshold NaN", refrain_policy_check(&bad, 0, 0, why, sizeof why), REFRAIN_E_VALUE);
    CHECK(strstr(why, "threshold"));
    bad = good;
    bad.gauge.curve.len = 0xFFFFFFFF;
    ROW("curve.len -1", refrain_policy_check(&bad, 0, 0, NULL, 0), REFRAIN_E_VALUE);
    bad = good;
    bad.gauge.codebook.len = 0xFFFFFFFF;
    ROW("codebook.len -1", refrain_policy_check(&bad, 0, 0, NULL, 0), REFRAIN_E_VALUE);
    bad = good;
    bad.guards.mask_len = 0xFFFFFFFF;
    ROW("mask_len -1", refrain_policy_check(&bad, 0, 0, NULL, 0), REFRAIN_E_VALUE);
    bad = good;
    bad.predictor.kind = REFRAIN_PREDICTOR_KIND_NEWTON;
    bad.predictor.order = 0xFFFFFFFF;
    ROW("order -1", refrain_policy_anchors(&bad, &out.number), REFRAIN_E_VALUE);
    ROW("steps beyond 2^30", refrain_policy_check(&good, 1u << 31, 1, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "2147483648 steps"));
    ROW("no evaluations", refrain_policy_check(&good, 8, 0, NULL, 0), REFRAIN_E_VALUE);
    TRY(refrain_policy_check(&good, 0, 0, NULL, 0));
    TRY(refrain_policy_default(REFRAIN_METHOD_MAG_CACHE, sizeof bad, &bad));
    TRY(refrain_policy_check(&bad, 0, 0, NULL, 0));
    ROW("curve missing", refrain_policy_check(&bad, 8, 1, why, sizeof why), REFRAIN_E_VALUE);
    CHECK(strstr(why, "curve"));
    POLICY("teacache", &bad);
    bad.gauge.curve.values[0] = 3.0;
    ROW("a value beyond the curve", refrain_policy_check(&bad, 0, 0, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "curve") != NULL);
    bad.gauge.curve.values[0] = 0.0;
    bad.gauge.codebook.intervals[7] = 2;
    ROW("an entry beyond the codebook", refrain_policy_check(&bad, 0, 0, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "codebook") != NULL);
    bad.gauge.codebook.intervals[7] = 0;
    bad.guards.window_start = 2.0;
    ROW("a window from 2", refrain_policy_check(&bad, 0, 0, why, sizeof why), REFRAIN_E_VALUE);
    CHECK(strstr(why, "`start` is 2; allowed is 0 to 1") != NULL);
    bad.guards.window_start = 0.0;
    bad.guards.window_end = -1.0;
    ROW("a window to -1", refrain_policy_check(&bad, 0, 0, why, sizeof why), REFRAIN_E_VALUE);
    CHECK(strstr(why, "`end` is -1") != NULL);
    POLICY("mask", &bad);
    ROW("mask missing", refrain_policy_check(&bad, 8, 1, why, sizeof why), REFRAIN_E_VALUE);
    CHECK(strstr(why, "mask"));

    ROW("text, capacity 0", refrain_policy_text(&good, NULL, 0, &out.size), REFRAIN_E_CAPACITY);
    TRY(refrain_policy_text(&good, out.string, sizeof out.string, &out.size));
    length = out.size;
    blank();
    TRY(refrain_policy_text(&good, out.string, length + 1, &out.size));
    CHECK(out.string[length] == 0 && out.string[length + 1] == (char)0xA5);
    blank();
    CHECK(refrain_policy_text(&good, out.string, length, &out.size) == REFRAIN_E_CAPACITY);
    CHECK(out.size == length && out.string[0] == (char)0xA5);
    blank();
}

static void schedulers(void) {
    refrain_policy policy;
    refrain_scheduler *scheduler, *other;
    refrain_call call = {0, 0, 0, 0, 0.0};
    unsigned char saved[8192];
    char why[200];
    size_t size, i, damaged = 0;
    double values[3] = {0.01, 0.01, 0.01};
    POLICY("teacache", &policy);
    TRY(refrain_scheduler_size(3, &size));

    NUL(refrain_scheduler_size, bytes_out, (1, NULL));
    NUL(refrain_scheduler_init, memory,
        (NULL, size, &policy, 8, 1, 3, &out.scheduler, NULL, 0));
    NUL(refrain_scheduler_init, policy,
        (aligned(0), size, NULL, 8, 1, 3, &out.scheduler, NULL, 0));
    NUL(refrain_scheduler_init, scheduler_out,
        (aligned(0), size, &policy, 8, 1, 3, NULL, NULL, 0));
    ROW("size of no lanes", refrain_scheduler_size(0, &out.size), REFRAIN_E_RANGE);
    ROW("size of too many lanes", refrain_scheduler_size(REFRAIN_MAX_LANES + 1, &out.size),
        REFRAIN_E_RANGE);
    ROW("init without lanes",
        refrain_scheduler_init(aligned(0), size, &policy, 8, 1, 0, &out.scheduler, why, sizeof why),
        REFRAIN_E_RANGE);
    CHECK(strstr(why, "0 lanes") && strstr(why, "65536"));
    memset(store, 0x5A, sizeof store);
    ROW("init one byte short",
        refrain_scheduler_init(aligned(0), size - 1, &policy, 8, 1, 3, &out.scheduler, why,
                               sizeof why),
        REFRAIN_E_MEMORY);
    CHECK(strstr(why, "are needed"));
    ROW("init misaligned",
        refrain_scheduler_init(aligned(0) + 8, size, &policy, 8, 1, 3, &out.scheduler, NULL, 0),
        REFRAIN_E_MEMORY);
    ROW("init without steps",
        refrain_scheduler_init(aligned(0), size, &policy, 0, 1, 3, &out.scheduler, NULL, 0),
        REFRAIN_E_VALUE);
    ROW("init with nine evaluations",
        refrain_scheduler_init(aligned(0), size, &policy, 8, 9, 3, &out.scheduler, NULL, 0),
        REFRAIN_E_VALUE);
    POLICY("mask:1001100110011001", &policy);
    ROW("init with two columns for three lanes",
        refrain_scheduler_init(aligned(0), size, &policy, 8, 1, 3, &out.scheduler, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "3 lanes"));
    POLICY("teacache", &policy);
    policy.struct_size--;
    ROW("init with a short policy",
        refrain_scheduler_init(aligned(0), size, &policy, 8, 1, 3, &out.scheduler, NULL, 0),
        REFRAIN_E_CONFIG_SIZE);
    for (i = 0; i < sizeof store[0].bytes; i++) CHECK(store[0].bytes[i] == 0x5A);

    /* Memory that holds no scheduler. */
    scheduler = (refrain_scheduler *)(void *)aligned(0);
    ROW("begin on garbage", refrain_scheduler_begin(scheduler, &call, &out.decision),
        REFRAIN_E_MEMORY);
    ROW("reset on garbage", refrain_scheduler_reset(scheduler), REFRAIN_E_MEMORY);
    ROW("stats of garbage", refrain_scheduler_stats(scheduler, &out.stats), REFRAIN_E_MEMORY);
    memset(store, 0, sizeof store);
    ROW("begin on zeros", refrain_scheduler_begin(scheduler, &call, &out.decision),
        REFRAIN_E_MEMORY);
    scheduler = (refrain_scheduler *)(void *)(aligned(0) + 4);
    ROW("begin misaligned", refrain_scheduler_begin(scheduler, &call, &out.decision),
        REFRAIN_E_MEMORY);

    scheduler = start(0, "teacache:threshold=0.1,warmup=1", 8, 3);
    NUL(refrain_scheduler_reset, scheduler, (NULL));
    NUL(refrain_scheduler_begin, scheduler, (NULL, &call, &out.decision));
    NUL(refrain_scheduler_begin, call, (scheduler, NULL, &out.decision));
    NUL(refrain_scheduler_begin, decision_out, (scheduler, &call, NULL));
    NUL(refrain_scheduler_abandon, scheduler, (NULL, 0));
    NUL(refrain_scheduler_invalidate, scheduler, (NULL, 0));
    NUL(refrain_scheduler_stats, scheduler, (NULL, &out.stats));
    NUL(refrain_scheduler_stats, stats_out, (scheduler, NULL));
    NUL(refrain_scheduler_reason_count, scheduler, (NULL, 0, &out.number));
    NUL(refrain_scheduler_reason_count, count_out, (scheduler, 0, NULL));
    NUL(refrain_scheduler_notice, scheduler, (NULL, &out.number));
    NUL(refrain_scheduler_notice, notice_out, (scheduler, NULL));
    NUL(refrain_scheduler_save_size, scheduler, (NULL, &out.size));
    NUL(refrain_scheduler_save_size, bytes_out, (scheduler, NULL));
    NUL(refrain_scheduler_save, scheduler, (NULL, out.bytes, sizeof out.bytes, &out.size));
    NUL(refrain_scheduler_save, saved_out, (scheduler, NULL, sizeof saved, &out.size));
    NUL(refrain_scheduler_save, bytes_out, (scheduler, saved, sizeof saved, NULL));
    NUL(refrain_scheduler_restore, scheduler, (NULL, saved, sizeof saved));
    NUL(refrain_scheduler_restore, saved, (scheduler, NULL, sizeof saved));
    ROW("count of an unknown reason", refrain_scheduler_reason_count(scheduler, 99, &out.number),
        REFRAIN_E_RANGE);

    /* Out of order. No refused call changes the state. */
    ROW("decide before begin", refrain_scheduler_decide(scheduler, 0, values, 1, &out.decision),
        REFRAIN_E_ORDER);
    ROW("commit before begin", refrain_scheduler_commit(scheduler, 0, NULL, 0, &out.event),
        REFRAIN_E_ORDER);
    ROW("abandon before begin", refrain_scheduler_abandon(scheduler, 0), REFRAIN_E_ORDER);
    call.reserved = 1;
    ROW("call.reserved", refrain_scheduler_begin(scheduler, &call, &out.decision),
        REFRAIN_E_UNSUPPORTED);
    call.reserved = 0;
    call.step = 8;
    ROW("step beyond the run", refrain_scheduler_begin(scheduler, &call, &out.decision),
        REFRAIN_E_RANGE);
    call.step = 0;
    call.evaluation = 1;
    ROW("evaluation beyond the step", refrain_scheduler_begin(scheduler, &call, &out.decision),
        REFRAIN_E_RANGE);
    call.evaluation = 0;
    call.lane = 3;
    ROW("lane that is not there", refrain_scheduler_begin(scheduler, &call, &out.decision),
        REFRAIN_E_RANGE);
    ROW("decide for a lane that is not there",
        refrain_scheduler_decide(scheduler, 3, values, 1, &out.decision), REFRAIN_E_RANGE);
    ROW("commit of a lane that is not there",
        refrain_scheduler_commit(scheduler, 0xFFFFFFFF, NULL, 0, &out.event), REFRAIN_E_RANGE);
    ROW("abandon of a lane that is not there", refrain_scheduler_abandon(scheduler, 3),
        REFRAIN_E_RANGE);
    ROW("invalidate of a lane that is not there", refrain_scheduler_invalidate(scheduler, 3),
        REFRAIN_E_RANGE);
    call.lane = 0;
    call.time = INFINITY;
    ROW("time infinite", refrain_scheduler_begin(scheduler, &call, &out.decision), REFRAIN_E_VALUE);
    call.time = 0.0;

    TRY(refrain_scheduler_begin(scheduler, &call, &out.decision));
    CHECK(out.decision.needs == 0 && out.decision.reason == REFRAIN_REASON_WARMUP);
    blank();
    ROW("begin twice", refrain_scheduler_begin(scheduler, &call, &out.decision), REFRAIN_E_ORDER);
    ROW("decide what is decided", refrain_scheduler_decide(scheduler, 0, values, 1, &out.decision),
        REFRAIN_E_ORDER);
    ROW("invalidate while open", refrain_scheduler_invalidate(scheduler, 0), REFRAIN_E_ORDER);
    NUL(refrain_scheduler_commit, scheduler, (NULL, 0, NULL, 0, &out.event));
    NUL(refrain_scheduler_commit, values, (scheduler, 0, NULL, 1, &out.event));
    ROW("two measurements of one lane", refrain_scheduler_commit(scheduler, 0, values, 2, &out.event),
        REFRAIN_E_VALUE);
    ROW("misaligned measurements",
        refrain_scheduler_commit(scheduler, 0, (double *)(void *)((char *)values + 1), 1, &out.event),
        REFRAIN_E_MEMORY);
    TRY(refrain_scheduler_commit(scheduler, 0, NULL, 0, NULL));
    ROW("commit twice", refrain_scheduler_commit(scheduler, 0, NULL, 0, &out.event),
        REFRAIN_E_ORDER);
    ROW("the same call again", refrain_scheduler_begin(scheduler, &call, &out.decision),
        REFRAIN_E_ORDER);
    call.step = 1;
    TRY(refrain_scheduler_begin(scheduler, &call, &out.decision));
    CHECK(out.decision.needs == 1);
    blank();
    NUL(refrain_scheduler_decide, scheduler, (NULL, 0, values, 1, &out.decision));
    NUL(refrain_scheduler_decide, values, (scheduler, 0, NULL, 1, &out.decision));
    NUL(refrain_scheduler_decide, decision_out, (scheduler, 0, values, 1, NULL));
    ROW("commit what is undecided", refrain_scheduler_commit(scheduler, 0, NULL, 0, &out.event),
        REFRAIN_E_ORDER);
    ROW("two values for one lane", refrain_scheduler_decide(scheduler, 0, values, 2, &out.decision),
        REFRAIN_E_VALUE);
    ROW("no values", refrain_scheduler_decide(scheduler, 0, NULL, 0, &out.decision),
        REFRAIN_E_VALUE);
    values[0] = NAN; /* no error: the call is computed */
    TRY(refrain_scheduler_decide(scheduler, 0, values, 1, &out.decision));
    CHECK(out.decision.action == REFRAIN_ACTION_COMPUTE);
    CHECK(out.decision.reason == REFRAIN_REASON_SIGNAL_UNUSABLE);
    blank();

    /* Saves. */
    TRY(refrain_scheduler_save_size(scheduler, &size));
    CHECK(size <= sizeof saved);
    CHECK(refrain_scheduler_save(scheduler, out.bytes, sizeof out.bytes, &out.size)
          == REFRAIN_E_CAPACITY);
    CHECK(out.size == size && out.bytes[0] == 0xA5);
    blank();
    TRY(refrain_scheduler_save(scheduler, saved, sizeof saved, &size));
    other = start(1, "teacache:threshold=0.1,warmup=1", 8, 3);
    ROW("restore one byte short", refrain_scheduler_restore(other, saved, size - 1),
        REFRAIN_E_FORMAT);
    ROW("restore nothing", refrain_scheduler_restore(other, NULL, 0), REFRAIN_E_FORMAT);
    ROW("restore one byte long", refrain_scheduler_restore(other, saved, size + 1),
        REFRAIN_E_FORMAT);
    other = start(1, "teacache:threshold=0.11,warmup=1", 8, 3);
    ROW("restore under another policy", refrain_scheduler_restore(other, saved, size),
        REFRAIN_E_FORMAT);
    other = start(1, "teacache:threshold=0.1,warmup=1", 9, 3);
    ROW("restore under other steps", refrain_scheduler_restore(other, saved, size),
        REFRAIN_E_FORMAT);
    other = start(1, "teacache:threshold=0.1,warmup=1", 8, 2);
    ROW("restore with other lanes", refrain_scheduler_restore(other, saved, size),
        REFRAIN_E_FORMAT);
    other = start(1, "teacache:threshold=0.1,warmup=1", 8, 3);
    for (i = 0; i < size; i++) {
        /* Any damage is refused or leaves a state that goes on without harm. */
        refrain_status status;
        saved[i] ^= 0xFF;
        status = refrain_scheduler_restore(other, saved, size);
        saved[i] ^= 0xFF;
        damaged += status == REFRAIN_E_FORMAT;
        if (status == REFRAIN_OK) {
            uint32_t lane;
            for (lane = 0; lane < 3; lane++) {
                refrain_call next = {7, 0, 0, 0, 0.0};
                next.lane = lane;
                refrain_scheduler_abandon(other, lane);
                if (refrain_scheduler_begin(other, &next, &out.decision) == REFRAIN_OK)
                    refrain_scheduler_commit(other, lane, NULL, 0, &out.event);
            }
        }
    }
    blank();
    CHECK(damaged >= 24); /* the header at least */
    TRY(refrain_scheduler_restore(other, saved, size));
    TRY(refrain_scheduler_commit(other, 0, NULL, 0, NULL));
}

/* What is out of order in each phase of a call, for policies of each kind: it is refused, and the
   state is as it was. */
static void orders(void) {
    static const char *const texts[] = {
        "interval",
        "teacache:threshold=0.1",
        "interval:predictor=chebyshev,order=2",
        "interval:predictor=dmd",
        "interval:verify=rollback,tolerance=0.1",
        "fbcache:gauge=late,interval=3",
    };
    static unsigned char before[4096], after[4096];
    const double values[1] = {0.01};
    size_t i, size;
    uint32_t step;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        refrain_scheduler *scheduler = start(0, texts[i], 8, 1);
        refrain_policy policy;
        uint32_t wants;
        POLICY(texts[i], &policy);
        TRY(refrain_policy_wants(&policy, &wants));
        for (step = 0; step < 8; step++) {
            refrain_call call = {0, 0, 0, 0, 0.0};
            refrain_decision todo;
            int phase;
            call.step = step;
            for (phase = 0; phase < 3; phase++) { /* idle, asked, decided */
                if (phase == 1) TRY(refrain_scheduler_begin(scheduler, &call, &todo));
                if (phase == 1 && todo.needs == 0) continue;
                if (phase == 2 && todo.needs)
                    TRY(refrain_scheduler_decide(scheduler, 0, values, 1, &todo));
                TRY(refrain_scheduler_save(scheduler, before, sizeof before, &size));
                if (phase != 0) {
                    ROW("begin an open call",
                        refrain_scheduler_begin(scheduler, &call, &out.decision), REFRAIN_E_ORDER);
                    ROW("invalidate an open lane", refrain_scheduler_invalidate(scheduler, 0),
                        REFRAIN_E_ORDER);
                } else {
                    ROW("abandon what is not open", refrain_scheduler_abandon(scheduler, 0),
                        REFRAIN_E_ORDER);
                    call.step = 0;
                    if (step > 0)
                        ROW("begin an earlier call",
                            refrain_scheduler_begin(scheduler, &call, &out.decision),
                            REFRAIN_E_ORDER);
                    call.step = step;
                }
                if (phase != 1)
                    ROW("decide what does not ask",
                        refrain_scheduler_decide(scheduler, 0, values, 1, &out.decision),
                        REFRAIN_E_ORDER);
                if (phase != 2)
                    ROW("commit what is not decided",
                        refrain_scheduler_commit(scheduler, 0, NULL, 0, &out.event),
                        REFRAIN_E_ORDER);
                TRY(refrain_scheduler_save(scheduler, after, sizeof after, &size));
                CHECK(memcmp(before, after, size) == 0);
            }
            if (todo.action == REFRAIN_ACTION_VERIFY)
                ROW("a verified call with two errors",
                    refrain_scheduler_commit(scheduler, 0, (const double[2]){0.0, 0.0}, 2,
                                             &out.event),
                    REFRAIN_E_VALUE);
            if (todo.action == REFRAIN_ACTION_COMPUTE && wants == REFRAIN_WANTS_PRODUCTS)
                ROW("seven products",
                    refrain_scheduler_commit(scheduler, 0, (const double[7]){1, 1, 1, 1, 1, 1, 1}, 7,
                                             &out.event),
                    REFRAIN_E_VALUE);
            TRY(refrain_scheduler_commit(scheduler, 0, values, 1, NULL));
        }
    }
}

int main(int argc, char **argv) {
    plant(argc > 1 ? argv[1] : "");
    policies();
    schedulers();
    orders();
    return finish();
}
