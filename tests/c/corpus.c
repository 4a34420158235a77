/* Runs the decision corpus, as tests/capi.rs writes it to standard input, and prints a line a case:
   its name, actions and reasons.

     case NAME
     policy TEXT
     run STEPS EVALUATIONS LANES
     call STEP EVALUATION LANE TIME FEATURE INVALIDATED SIGNALS signal... FACTORS factor... RATES rate...
          ERRORS error...
     end

   The values of a call are handed in where they are wanted: factors behind the signals of an aligned
   prediction, rates (or late signals) with a computed call, the error with a verified one; products
   are those of the features. A call that is given up is made again at once.

   Every case is run as it is, after a reset, and once more with the state saved, wiped and restored
   at every point; all three must agree. */
#include <refrain.h>

#include <string.h>

#include "check.h"

#define MOST_CALLS 4096
#define MOST_LANES 16

typedef struct list {
    uint32_t count;
    double values[MOST_LANES];
} list;

typedef struct input {
    refrain_call call;
    float feature;
    int invalidated;
    list signals, factors, rates, errors;
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

/* The computed features of a lane, newest first. */
typedef struct features {
    uint32_t count;
    float values[6];
} features;

/* Takes in the newest, and multiplies it with all. */
static uint32_t multiply(features *kept, float newest, double *products) {
    uint32_t k;
    if (kept->count < 6) kept->count++;
    for (k = kept->count - 1; k > 0; k--) kept->values[k] = kept->values[k - 1];
    kept->values[0] = newest;
    for (k = 0; k < kept->count; k++)
        TRY(refrain_cpu_product(&newest, &kept->values[k], 1, &products[k]));
    return kept->count;
}

static void drive(int moving, char *actions, char *reasons) {
    static const char letters[] = "awlomnrtuks.fcxp";
    features kept[MOST_LANES] = {{0, {0}}};
    double products[6];
    uint32_t wants;
    size_t i, made = 0;
    TRY(refrain_policy_wants(&policy, &wants));
    for (i = 0; i < input_count; i++) {
        const input *in = &inputs[i];
        refrain_decision todo;
        refrain_event event;
        int again = 0;
        if (in->invalidated) {
            TRY(refrain_scheduler_invalidate(scheduler, in->call.lane));
            kept[in->call.lane].count = 0;
        }
        do {
            const double *values = NULL;
            uint32_t count = 0;
            move_house(moving);
            TRY(refrain_scheduler_begin(scheduler, &in->call, &todo));
            move_house(moving);
            if (todo.needs != 0) {
                double asked[2 * MOST_LANES];
                uint32_t signals = in->signals.count, factors = todo.aligned ? in->factors.count : 0;
                memcpy(asked, in->signals.values, signals * sizeof *asked);
                memcpy(asked + signals, in->factors.values, factors * sizeof *asked);
                CHECK(todo.needs == signals + factors);
                TRY(refrain_scheduler_decide(scheduler, todo.lane, asked, todo.needs, &todo));
                move_house(moving);
            }
            CHECK(todo.needs == 0 && todo.reason < sizeof letters - 1 && made < MOST_CALLS);
            if (todo.action == REFRAIN_ACTION_COMPUTE && wants == REFRAIN_WANTS_PRODUCTS) {
                values = products;
                count = multiply(&kept[in->call.lane], in->feature, products);
            } else if (todo.action == REFRAIN_ACTION_COMPUTE) {
                values = in->rates.values;
                count = in->rates.count;
            } else if (todo.action == REFRAIN_ACTION_VERIFY) {
                values = in->errors.values;
                count = in->errors.count;
            }
            TRY(refrain_scheduler_commit(scheduler, todo.lane, values, count, &event));
            CHECK(event.slot == todo.slot && event.order == todo.order);
            CHECK(event.action == todo.action);
            actions[made] = refrain_action_letter(event.action);
            reasons[made++] = letters[event.reason];
            again = !again && event.action == REFRAIN_ACTION_VERIFY
                    && event.reason == REFRAIN_REASON_FORECAST_REJECTED
                    && policy.verify.kind == REFRAIN_VERIFY_KIND_ROLLBACK;
        } while (again);
    }
    actions[made] = reasons[made] = 0;
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

static void read_list(char **at, list *into) {
    uint32_t i;
    into->count = (uint32_t)number(at);
    CHECK(into->count <= MOST_LANES);
    for (i = 0; i < into->count; i++) into->values[i] = number(at);
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
            CHECK(input_count <= MOST_CALLS);
            memset(in, 0, sizeof *in);
            in->call.step = (uint32_t)number(&at);
            in->call.evaluation = (uint32_t)number(&at);
            in->call.lane = (uint32_t)number(&at);
            in->call.time = number(&at);
            in->feature = (float)number(&at);
            in->invalidated = (int)number(&at);
            read_list(&at, &in->signals);
            read_list(&at, &in->factors);
            read_list(&at, &in->rates);
            read_list(&at, &in->errors);
        } else {
            CHECK(strcmp(line, "end") == 0);
            run_case(name);
        }
    }
    return 0;
}
