#include <refrain.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    refrain_policy policy;
    refrain_scheduler *scheduler;
    char why[160] = "out of memory";
    size_t bytes;
    void *memory;
    uint32_t step;
    if (refrain_policy_parse("taylorseer:interval=3", sizeof policy, &policy, why, sizeof why)
        || refrain_scheduler_size(1, &bytes) || !(memory = malloc(bytes))
        || refrain_scheduler_init(memory, bytes, &policy, 20, 1, 1, &scheduler, why, sizeof why)) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    for (step = 0; step < 20; step++) {
        refrain_call call = {0, 0, 0, 0, 0.0};
        refrain_decision todo;
        call.step = step;
        if (refrain_scheduler_begin(scheduler, &call, &todo)) return 1;
        // Here REFRAIN_ACTION_COMPUTE runs the network and keeps its features in slot todo.slot;
        // anything else adds up the kept features times todo.weights.
        if (refrain_scheduler_commit(scheduler, todo.lane, NULL, 0, NULL)) return 1;
        putchar(refrain_action_letter(todo.action));
    }
    free(memory);
    return putchar('\n') == EOF;
}
