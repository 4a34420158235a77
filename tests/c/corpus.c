/* Runs the decision corpus, as tests/capi.rs writes it to standard input, and prints a line a case:
   its name, actions and reasons.

     case NAME
     policy TEXT
     run STEPS EVALUATIONS LANES
     call STEP EVALUATION LANE TIME INVALIDATED SIGNALS signal... RATES rate...
     end

   Every case is run as it is, after a reset, and once more with the state saved, wiped and restored
   at every point; all three must agree. */
#include <refrain.h>

#include <string.h>

#include "check.h"

#define MOST_CALLS 4096
#define MOST_LANES 16

typedef struct input {
    refrain_call call;
    int invalidated;
    uint32_t signals, rates;
    double signal[MOST_LANES], rate[MOST_LANES];
} input;

static input inputs[MOST_CALLS];
static size_t input_count;

static union {
    long double align;
    unsigned char bytes[REFRAIN_SCHEDULER_MAX_BYTES(MOST_LANES) + REFRAIN_ALIGNMENT];
} store;

static refrain_scheduler *scheduler;
static refrain_policy policy;
static uint32_t steps, evaluations, lanes;

static void start(void) {
    unsigned char *at = store.bytes;
    char why[300];
    at += (REFRAIN_ALIGNMENT - (uintptr_t)at % REFRAIN_ALIGNMENT) % REFRAIN_ALIGNMENT;
    if (refrain_scheduler_init(at, REFRAIN_SCHEDULER_MAX_BYTES(MOST_LANES), &policy, steps,
                               evaluations, lanes, &scheduler, why, sizeof why) != REFRAIN_OK) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
}

static void move_house(int moving) {
    static unsigned char saved[65536];
    size_t bytes;
    if (!moving) return;
    TRY(refrain_scheduler_save(scheduler, saved, sizeof saved, &bytes));
    memset(store.bytes, 0xEE, sizeof store.bytes);
    start();
    TRY(refrain_scheduler_restore(scheduler, saved, bytes));
}

static void drive(int moving, char *actions, char *reasons) {
    static const char letters[] = "awlomnrtuks.f";
    size_t i;
    for (i = 0; i < input_count; i++) {
        const input *in = &inputs[i];
        refrain_decision decision;
        refrain_event event;
        uint32_t rates;
        if (in->invalidated) TRY(refrain_scheduler_invalidate(scheduler, in->call.lane));
        move_house(moving);
        TRY(refrain_scheduler_begin(scheduler, &in->call, &decision));
        move_house(moving);
        if (decision.needs != 0) {
            CHECK(decision.needs == in->signals);
            TRY(refrain_scheduler_decide(scheduler, decision.lane, in->signal, in->signals,
                                         &decision));
            move_house(moving);
        }
        CHECK(decision.needs == 0 && decision.reason < sizeof letters - 1);
        rates = decision.action == REFRAIN_ACTION_COMPUTE ? in->rates : 0;
        TRY(refrain_scheduler_commit(scheduler, decision.lane, in->rate, rates, &event));
        CHECK(event.slot == decision.slot && event.order == decision.order);
        actions[i] = refrain_action_letter(decision.action);
        reasons[i] = letters[decision.reason];
    }
    actions[i] = reasons[i] = 0;
}

static void run_case(const char *name) {
    static char actions[3][MOST_CALLS + 1], reasons[3][MOST_CALLS + 1];
    int i;
    start();
    for (i = 0; i < 3; i++) {
        TRY(refrain_scheduler_reset(scheduler));
        drive(i == 2, actions[i], reasons[i]);
        CHECK(strcmp(actions[i], actions[0]) == 0 && strcmp(reasons[i], reasons[0]) == 0);
    }
    printf("%s %s %s\n", name, actions[0], reasons[0]);
}

static double number(char **at) {
    char *from = *at;
    double value = strtod(from, at);
    CHECK(*at != from);
    return value;
}

int main(void) {
    static char line[65536], name[256];
    while (fgets(line, sizeof line, stdin)) {
        char *at = line + strcspn(line, " \n");
        line[strcspn(line, "\n")] = 0;
        if (*at) *at++ = 0;
        if (strcmp(line, "case") == 0) {
            CHECK(strlen(at) < sizeof name);
            strcpy(name, at);
            input_count = 0;
        } else if (strcmp(line, "policy") == 0) {
            TRY(refrain_policy_parse(at, sizeof policy, &policy, NULL, 0));
        } else if (strcmp(line, "run") == 0) {
            steps = (uint32_t)number(&at);
            evaluations = (uint32_t)number(&at);
            lanes = (uint32_t)number(&at);
            CHECK(lanes <= MOST_LANES);
        } else if (strcmp(line, "call") == 0) {
            input *in = &inputs[input_count++];
            uint32_t i;
            CHECK(input_count <= MOST_CALLS);
            memset(in, 0, sizeof *in);
            in->call.step = (uint32_t)number(&at);
            in->call.evaluation = (uint32_t)number(&at);
            in->call.lane = (uint32_t)number(&at);
            in->call.time = number(&at);
            in->invalidated = (int)number(&at);
            in->signals = (uint32_t)number(&at);
            CHECK(in->signals <= MOST_LANES);
            for (i = 0; i < in->signals; i++) in->signal[i] = number(&at);
            in->rates = (uint32_t)number(&at);
            CHECK(in->rates <= MOST_LANES);
            for (i = 0; i < in->rates; i++) in->rate[i] = number(&at);
        } else {
            CHECK(strcmp(line, "end") == 0);
            run_case(name);
        }
    }
    return 0;
}
