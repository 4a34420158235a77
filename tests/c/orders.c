/* Every sequence of so many functions of a scheduler, in every order: each returns what the protocol
   says, and one that is refused leaves the scheduler's bytes as they were.

   Usage: orders LENGTH [plant] */
#include <refrain.h>

#include <string.h>

#include "check.h"

enum op { NEXT, SAME, LATER, DECIDE, COMMIT, ABANDON, INVALIDATE, SAVE, RESTORE, RESET, OPS };

/* What a scheduler of one lane must know of its calls. */
struct state {
    int steps, last, open, asked, done;
};

struct run {
    union {
        long double align;
        unsigned char bytes[REFRAIN_SCHEDULER_MAX_BYTES(1)];
    } memory;
    refrain_scheduler *scheduler;
    struct state state, saved_state;
    unsigned char saved[8192];
    size_t saved_bytes;
};

enum { STEPS = 5 };

static unsigned long sequences, refused;
static int plant;

/* The status of an operation by the protocol; the state goes on if it succeeds. */
static refrain_status expected(struct run *run, enum op op, uint32_t *step) {
    struct state *now = &run->state;
    *step = (uint32_t)(now->last + 1);
    switch (op) {
    case NEXT:
    case SAME:
    case LATER:
        if (op == SAME) *step = now->last < 0 ? 0 : (uint32_t)now->last;
        if (op == LATER) *step = STEPS;
        if (*step >= STEPS) return REFRAIN_E_RANGE;
        if (now->open || (int)*step <= now->last) return REFRAIN_E_ORDER;
        now->open = 1;
        now->asked = -1; /* taken from the decision */
        now->done = (int)*step;
        return REFRAIN_OK;
    case DECIDE:
        if (!now->open || !now->asked) return REFRAIN_E_ORDER;
        now->asked = 0;
        return REFRAIN_OK;
    case COMMIT:
        if (!now->open || now->asked) return REFRAIN_E_ORDER;
        now->open = 0;
        now->last = now->done;
        return REFRAIN_OK;
    case ABANDON:
        if (!now->open) return REFRAIN_E_ORDER;
        now->open = 0;
        return REFRAIN_OK;
    case INVALIDATE:
        return now->open ? REFRAIN_E_ORDER : REFRAIN_OK;
    case SAVE:
        run->saved_state = *now;
        return REFRAIN_OK;
    case RESTORE:
        if (!run->saved_bytes) return REFRAIN_E_FORMAT;
        *now = run->saved_state;
        return REFRAIN_OK;
    case RESET:
        now->last = -1;
        now->open = 0;
        return REFRAIN_OK;
    case OPS: break;
    }
    return REFRAIN_E_PANIC;
}

static refrain_status perform(struct run *run, enum op op, uint32_t step, refrain_decision *todo) {
    refrain_call call = {0, 0, 0, 0, 0.0};
    double change = 0.02;
    call.step = step;
    switch (op) {
    case NEXT:
    case SAME:
    case LATER: return refrain_scheduler_begin(run->scheduler, &call, todo);
    case DECIDE: return refrain_scheduler_decide(run->scheduler, 0, &change, 1, todo);
    case COMMIT: return refrain_scheduler_commit(run->scheduler, 0, NULL, 0, NULL);
    case ABANDON: return refrain_scheduler_abandon(run->scheduler, 0);
    case INVALIDATE: return refrain_scheduler_invalidate(run->scheduler, 0);
    case SAVE:
        return refrain_scheduler_save(run->scheduler, run->saved, sizeof run->saved,
                                      &run->saved_bytes);
    case RESTORE: return refrain_scheduler_restore(run->scheduler, run->saved, run->saved_bytes);
    case RESET: return refrain_scheduler_reset(run->scheduler);
    case OPS: break;
    }
    return REFRAIN_E_PANIC;
}

static void go_on(const struct run *from, int left, const char *path) {
    int op;
    if (left == 0) {
        sequences++;
        return;
    }
    for (op = 0; op < OPS; op++) {
        struct run run = *from;
        unsigned char before[sizeof run.memory.bytes];
        char way[32];
        refrain_decision todo;
        refrain_status want, got;
        uint32_t step;
        /* A scheduler may be moved: its bytes are all there is to it. */
        run.scheduler = (refrain_scheduler *)(void *)run.memory.bytes;
        memcpy(before, run.memory.bytes, sizeof before);
        want = expected(&run, (enum op)op, &step);
        if (plant && op == ABANDON && want == REFRAIN_OK) want = REFRAIN_E_ORDER;
        got = perform(&run, (enum op)op, step, &todo);
        if (got != want || (got != REFRAIN_OK && memcmp(before, run.memory.bytes, sizeof before))) {
            fprintf(stderr, "%s%c: %s, expected %s\n", path, "nsldcaivrz"[op],
                    refrain_status_name(got), refrain_status_name(want));
            exit(2);
        }
        refused += got != REFRAIN_OK;
        if (run.state.open && run.state.asked < 0) run.state.asked = todo.needs != 0;
        snprintf(way, sizeof way, "%s%c", path, "nsldcaivrz"[op]);
        go_on(&run, left - 1, way);
    }
}

static void all(const char *text, int length) {
    static struct run run;
    refrain_policy policy;
    memset(&run, 0, sizeof run);
    run.state.steps = STEPS;
    run.state.last = -1;
    TRY(refrain_policy_parse(text, sizeof policy, &policy, NULL, 0));
    TRY(refrain_scheduler_init(run.memory.bytes, sizeof run.memory.bytes, &policy, STEPS, 1, 1,
                               &run.scheduler, NULL, 0));
    go_on(&run, length, "");
}

int main(int argc, char **argv) {
    CHECK(argc >= 2);
    plant = argc > 2 && strcmp(argv[2], "plant") == 0;
    all("interval:interval=2", atoi(argv[1]));
    all("easycache:threshold=0.5,warmup=1,last=0", atoi(argv[1]));
    all("teacache:threshold=0.3", atoi(argv[1]));
    printf("%lu sequences, %s\n", sequences, refused ? "some refused" : "none refused");
    return 0;
}
