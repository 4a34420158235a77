/* Prints the features of the library and which calls of a run are computed.

   Usage: decide POLICY STEPS */
#include <refrain.h>
#include <stdio.h>
#include <stdlib.h>

/* No allocator is needed. */
static unsigned char memory[REFRAIN_SCHEDULER_MAX_BYTES(1) + REFRAIN_ALIGNMENT];

int main(int argc, char **argv) {
    refrain_policy policy;
    refrain_scheduler *scheduler;
    size_t past = (uintptr_t)memory % REFRAIN_ALIGNMENT;
    unsigned char *start = memory + (REFRAIN_ALIGNMENT - past);
    char why[160];
    uint32_t step, steps = argc == 3 ? (uint32_t)atoi(argv[2]) : 0;
    size_t bytes = REFRAIN_SCHEDULER_MAX_BYTES(1);

    if (argc != 3 || refrain_abi_version() != REFRAIN_ABI_VERSION) return 2;
    if (refrain_policy_parse(argv[1], sizeof policy, &policy, why, sizeof why) != REFRAIN_OK
        || refrain_scheduler_init(start, bytes, &policy, steps, 1, 1, &scheduler, why, sizeof why)
               != REFRAIN_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    printf("%u ", (unsigned)refrain_features());
    for (step = 0; step < steps; step++) {
        refrain_call call = {0, 0, 0, 0, 0.0};
        refrain_decision todo;
        double change = 0.02;
        call.step = step;
        if (refrain_scheduler_begin(scheduler, &call, &todo) != REFRAIN_OK) return 1;
        if (todo.needs != 0
            && refrain_scheduler_decide(scheduler, todo.lane, &change, 1, &todo) != REFRAIN_OK)
            return 1;
        if (refrain_scheduler_commit(scheduler, todo.lane, NULL, 0, NULL) != REFRAIN_OK) return 1;
        putchar(refrain_action_letter(todo.action));
    }
    putchar('\n');
    return 0;
}
