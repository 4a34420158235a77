/* SPDX-License-Identifier: MIT OR Apache-2.0

   An engine with kernels of its own asks refrain which steps to compute.

   The network is a toy: 32 tokens of 8 channels through six residual blocks in plain loops. What a
   skipped step leaves out is the trunk, all six blocks; embedding and head always run.

   Usage: decide_only [POLICY]... */
#include <refrain.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS = 32, CHANNELS = 8, VALUES = TOKENS * CHANNELS, BLOCKS = 6, STEPS = 40 };

/* -- The engine ----------------------------------------------------------------------------------- */

static float weights[BLOCKS][CHANNELS][CHANNELS];
static uint32_t random_state = 1;

static float random_value(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return (float)(random_state >> 8) / 8388608.0f - 1.0f;
}

/* What goes into the first block; it is also what most policies measure. */
static void embed(const float *x, float t, float *hidden) {
    int i;
    for (i = 0; i < VALUES; i++)
        hidden[i] = x[i] * (1.0f + 0.5f * t) + 0.3f * sinf(3.0f * t + (float)(i % CHANNELS));
}

/* The expensive part. */
static void run_blocks(float t, float *hidden) {
    int block, token, out, in;
    for (block = 0; block < BLOCKS; block++)
        for (token = 0; token < TOKENS; token++) {
            float *row = hidden + token * CHANNELS, sum[CHANNELS];
            for (out = 0; out < CHANNELS; out++) {
                sum[out] = t * (float)(block - 2) * 0.2f;
                for (in = 0; in < CHANNELS; in++) sum[out] += weights[block][out][in] * row[in];
            }
            for (out = 0; out < CHANNELS; out++) row[out] += 0.4f * tanhf(sum[out]);
        }
}

/* One Euler step along the velocity that the head makes of the hidden state. */
static void head_and_step(const float *hidden, float dt, float *x) {
    int i;
    for (i = 0; i < VALUES; i++) x[i] += dt * (0.8f * x[i] - hidden[i]);
}

/* -- What is kept from call to call ---------------------------------------------------------------- */

typedef struct cache {
    refrain_scheduler *scheduler;
    int residual; /* whether what the trunk adds is kept, or what it gives */
    uint32_t slot_count;
    float *slots[REFRAIN_MAX_ANCHORS];
    float previous[VALUES], computed[VALUES]; /* the signal at the previous and the last computed call */
} cache;

static int failed(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    return 1;
}

static int cache_open(cache *c, const char *text, uint32_t steps) {
    refrain_policy policy;
    refrain_wants wants;
    char why[200] = "out of memory";
    size_t bytes;
    void *memory;
    uint32_t k;
    memset(c, 0, sizeof *c);
    if (refrain_policy_parse(text, sizeof policy, &policy, why, sizeof why)) return failed(text, why);
    /* This engine can leave out its trunk and nothing else, and measures before the blocks only. */
    if (refrain_policy_wants(&policy, &wants) || wants != REFRAIN_WANTS_NOTHING
        || policy.site.kind != REFRAIN_SITE_KIND_TRUNK || policy.split.kind != REFRAIN_SPLIT_KIND_NONE
        || policy.verify.kind != REFRAIN_VERIFY_KIND_NONE)
        return failed(text, "this engine cannot do that");
    c->residual = policy.site.keep == REFRAIN_KEEP_RESIDUAL;
    if (refrain_policy_anchors(&policy, &c->slot_count) || refrain_scheduler_size(1, &bytes)
        || (memory = malloc(bytes)) == NULL)
        return failed(text, why);
    if (refrain_scheduler_init(memory, bytes, &policy, steps, 1, 1, &c->scheduler, why, sizeof why)) {
        free(memory);
        return failed(text, why);
    }
    for (k = 0; k < c->slot_count; k++)
        if ((c->slots[k] = malloc(VALUES * sizeof(float))) == NULL) return failed(text, "out of memory");
    return 0;
}

static void cache_close(cache *c) {
    uint32_t k;
    for (k = 0; k < c->slot_count; k++) free(c->slots[k]);
    free(c->scheduler);
}

/* Runs the trunk or what stands in for it, and says which in `letter`. */
static int cached_blocks(cache *c, uint32_t step, float t, float *hidden, char *letter) {
    refrain_call call = {0, 0, 0, 0, 0.0};
    refrain_decision todo;
    float base[VALUES], feature[VALUES];
    refrain_status status;
    int i;
    call.step = step;
    call.time = t;
    if ((status = refrain_scheduler_begin(c->scheduler, &call, &todo)) != REFRAIN_OK) return status;
    if (todo.needs != 0) {
        const float *past = todo.reference == REFRAIN_REFERENCE_PREVIOUS ? c->previous : c->computed;
        double measured[2] = {NAN, NAN}; /* NAN: not measured, so the call is computed */
        if (todo.signal == REFRAIN_SIGNAL_MODULATED_INPUT && todo.filter == REFRAIN_FILTER_NONE)
            refrain_cpu_change(todo.metric, past, hidden, VALUES, &measured[0]);
        status = refrain_scheduler_decide(c->scheduler, todo.lane, measured, todo.needs, &todo);
        if (status != REFRAIN_OK) {
            refrain_scheduler_abandon(c->scheduler, todo.lane);
            return status;
        }
    }
    memcpy(c->previous, hidden, sizeof base);
    for (i = 0; i < VALUES; i++) base[i] = c->residual ? hidden[i] : 0.0f;
    if (todo.action == REFRAIN_ACTION_COMPUTE) {
        memcpy(c->computed, hidden, sizeof base);
        run_blocks(t, hidden);
        for (i = 0; i < VALUES; i++) feature[i] = hidden[i] - base[i];
    } else {
        refrain_cpu_blend(todo.weights, (const float *const *)c->slots, c->slot_count, NULL, VALUES,
                          feature);
        for (i = 0; i < VALUES; i++) hidden[i] = base[i] + feature[i];
    }
    if (todo.slot < c->slot_count)
        memcpy(c->slots[todo.slot], feature, sizeof feature);
    else if (todo.slot != REFRAIN_NO_SLOT) /* running sums */
        refrain_cpu_accumulate(todo.slot, todo.weights, feature, VALUES, c->slots, c->slot_count);
    *letter = refrain_action_letter(todo.action);
    return refrain_scheduler_commit(c->scheduler, todo.lane, NULL, 0, NULL);
}

/* A whole run; `trace` gets a letter a step. */
static int sample(const char *policy, uint32_t steps, float *x, char *trace) {
    cache c;
    uint32_t step;
    int i, status = cache_open(&c, policy, steps);
    random_state = 7; /* the same noise for every run */
    for (i = 0; i < VALUES; i++) x[i] = random_value();
    for (step = 0; status == 0 && step < steps; step++) {
        float t = 1.0f - (float)step / (float)steps, hidden[VALUES];
        embed(x, t, hidden);
        status = cached_blocks(&c, step, t, hidden, &trace[step]);
        head_and_step(hidden, -1.0f / (float)steps, x);
    }
    trace[step] = 0;
    cache_close(&c);
    return status;
}

int main(int argc, char **argv) {
    static const char *usual[] = {"teacache:threshold=0.15", "taylorseerlite:interval=4",
                                  "spectrum:ridge=1e-3"};
    float full[VALUES], cached[VALUES], fewer[VALUES];
    char trace[STEPS + 1], unused[STEPS + 1];
    int i, k, count = argc > 1 ? argc - 1 : 3;
    for (k = 0; k < BLOCKS * CHANNELS; k++)
        for (i = 0; i < CHANNELS; i++) weights[k / CHANNELS][k % CHANNELS][i] = 0.5f * random_value();
    if (sample("full", STEPS, full, trace)) return 1;
    for (k = 0; k < count; k++) {
        const char *policy = argc > 1 ? argv[k + 1] : usual[k], *at;
        uint32_t computed = 0;
        double error, same_cost;
        if (sample(policy, STEPS, cached, trace)) return 1;
        for (at = trace; *at; at++) computed += *at == 'C';
        /* A cache is worth something only if it beats the plain sampler at the same cost. */
        if (sample("full", computed, fewer, unused)) return 1;
        refrain_cpu_change(REFRAIN_METRIC_RELATIVE_L2, full, cached, VALUES, &error);
        refrain_cpu_change(REFRAIN_METRIC_RELATIVE_L2, full, fewer, VALUES, &same_cost);
        printf("%s\n%s\n  %u of %d steps computed, error %.5f, of %u plain steps %.5f\n", policy, trace,
               (unsigned)computed, STEPS, error, (unsigned)computed, same_cost);
    }
    return 0;
}
