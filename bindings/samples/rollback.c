/* SPDX-License-Identifier: MIT OR Apache-2.0

   A game with rollback netcode whose background is denoised a step a tick.

   The other player's input is guessed until it arrives; if the guess was wrong, the game goes back to
   that tick and plays the ticks since then again. What refrain decided must come back with the rest of
   the world, so every tick saves the scheduler (refrain_scheduler_save) beside the kept features.

   Shown here: played again from a saved tick the world is the same, bit for bit; with the input that
   came late it is another one; and that one equals the world of a game that knew it all along. */
#include <refrain.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICKS = 60, LATE = 23, ARRIVED = 31, PIXELS = 64, SLOTS = 4, SAVED_BYTES = 2048 };

static const char *policy_text = "teacache:threshold=0.1,predictor=newton,order=1";

/* Everything that a tick reads and writes but the scheduler. Plain data: saving it is an assignment. */
typedef struct world {
    float player_x, rival_x;
    float latent[PIXELS];
    float previous[PIXELS], computed[PIXELS]; /* what the signal is compared with */
    float slots[SLOTS][PIXELS];               /* kept features */
} world;

typedef struct snapshot {
    world all;
    unsigned char scheduler[SAVED_BYTES];
    size_t bytes;
} snapshot;

typedef struct game {
    world now;
    refrain_scheduler *scheduler;
    uint32_t slot_count;
    snapshot saved[TICKS + 1]; /* as it was before each tick, and at the end */
    char trace[TICKS + 1];
} game;

static void try_it(refrain_status status, const char *what) {
    if (status == REFRAIN_OK) return;
    fprintf(stderr, "%s: %s\n", what, refrain_status_name(status));
    exit(1);
}
#define TRY(call) try_it(call, #call)

/* The expensive part: what the network adds to the picture, which looks at both players. */
static void network(const world *w, const float *input, float t, float *added) {
    int i, k;
    for (i = 0; i < PIXELS; i++) {
        float sum = 0.0f, place = (float)i / PIXELS;
        for (k = 0; k < PIXELS; k++) sum += cosf(0.1f * (float)(i * k % 29)) * input[k];
        added[i] = tanhf(0.05f * sum + t) - expf(-20.0f * (place - w->player_x) * (place - w->player_x))
                   + expf(-20.0f * (place - w->rival_x) * (place - w->rival_x));
    }
}

/* One step of the sampler, computed or not. */
static void denoise(game *g, uint32_t tick) {
    world *w = &g->now;
    float t = 1.0f - (float)tick / TICKS, input[PIXELS], added[PIXELS];
    const float *slots[SLOTS];
    refrain_call call = {0, 0, 0, 0, 0.0};
    refrain_decision todo;
    int i;
    call.step = tick;
    for (i = 0; i < SLOTS; i++) slots[i] = w->slots[i];
    for (i = 0; i < PIXELS; i++)
        input[i] = w->latent[i] * (1.0f + t) + 0.2f * sinf(9.0f * w->rival_x + (float)i);
    TRY(refrain_scheduler_begin(g->scheduler, &call, &todo));
    if (todo.needs != 0) {
        double change;
        TRY(refrain_cpu_change(todo.metric,
                               todo.reference == REFRAIN_REFERENCE_PREVIOUS ? w->previous : w->computed,
                               input, PIXELS, &change));
        TRY(refrain_scheduler_decide(g->scheduler, todo.lane, &change, 1, &todo));
    }
    memcpy(w->previous, input, sizeof input);
    if (todo.action == REFRAIN_ACTION_COMPUTE) {
        network(w, input, t, added);
        memcpy(w->computed, input, sizeof input);
    } else {
        TRY(refrain_cpu_blend(todo.weights, slots, g->slot_count, NULL, PIXELS, added));
    }
    if (todo.slot < g->slot_count) memcpy(w->slots[todo.slot], added, sizeof added);
    TRY(refrain_scheduler_commit(g->scheduler, todo.lane, NULL, 0, NULL));
    for (i = 0; i < PIXELS; i++) w->latent[i] -= (added[i] + 0.2f * w->latent[i]) / TICKS;
    g->trace[tick] = refrain_action_letter(todo.action);
}

static void save(game *g, uint32_t tick) {
    snapshot *to = &g->saved[tick];
    to->all = g->now;
    TRY(refrain_scheduler_save(g->scheduler, to->scheduler, sizeof to->scheduler, &to->bytes));
}

static void go_back(game *g, uint32_t tick) {
    const snapshot *from = &g->saved[tick];
    g->now = from->all;
    TRY(refrain_scheduler_restore(g->scheduler, from->scheduler, from->bytes));
}

/* Plays ticks with the rival's inputs: 'L' left, 'R' right, '.' nothing. */
static void play(game *g, uint32_t from, uint32_t to, const char *inputs) {
    uint32_t tick;
    for (tick = from; tick < to; tick++) {
        save(g, tick);
        g->now.player_x = 0.5f + 0.3f * sinf(0.1f * (float)tick);
        g->now.rival_x += inputs[tick] == 'L' ? -0.02f : inputs[tick] == 'R' ? 0.02f : 0.0f;
        denoise(g, tick);
    }
    save(g, to);
}

static game *start(void) {
    game *g = calloc(1, sizeof *g);
    refrain_policy policy;
    void *memory;
    size_t bytes, saved;
    int i;
    if (g == NULL) exit(1);
    TRY(refrain_policy_parse(policy_text, sizeof policy, &policy, NULL, 0));
    TRY(refrain_policy_anchors(&policy, &g->slot_count));
    TRY(refrain_scheduler_size(1, &bytes));
    if ((memory = malloc(bytes)) == NULL) exit(1);
    TRY(refrain_scheduler_init(memory, bytes, &policy, TICKS, 1, 1, &g->scheduler, NULL, 0));
    TRY(refrain_scheduler_save_size(g->scheduler, &saved));
    if (saved > SAVED_BYTES || g->slot_count > SLOTS) exit(1);
    g->now.rival_x = 0.5f;
    for (i = 0; i < PIXELS; i++) g->now.latent[i] = 0.8f * sinf(12.9898f * (float)(i + 1));
    return g;
}

static void end(game *g) {
    free(g->scheduler);
    free(g);
}

/* Whether two worlds and their schedulers are the same, to the last bit. */
static int same(const snapshot *a, const snapshot *b) {
    return a->bytes == b->bytes && memcmp(a->scheduler, b->scheduler, a->bytes) == 0
           && memcmp(&a->all, &b->all, sizeof a->all) == 0;
}

int main(void) {
    char guessed[TICKS + 1], right[TICKS + 1];
    game *g = start(), *knew = start();
    snapshot first;
    memset(guessed, '.', TICKS);
    guessed[TICKS] = 0;
    memcpy(right, guessed, sizeof right);
    memset(right + LATE, 'R', 12);

    /* The input of tick LATE is there at tick ARRIVED; until then the guess was "nothing". */
    play(g, 0, ARRIVED, guessed);
    first = g->saved[ARRIVED];
    printf("guessed    %s\n", g->trace);

    go_back(g, LATE);
    play(g, LATE, ARRIVED, guessed);
    printf("again      %s %s\n", g->trace, same(&g->saved[ARRIVED], &first) ? "the same" : "DIFFERS");
    if (!same(&g->saved[ARRIVED], &first)) return 2;

    go_back(g, LATE);
    play(g, LATE, ARRIVED, right);
    printf("corrected  %s %s\n", g->trace, same(&g->saved[ARRIVED], &first) ? "THE SAME" : "differs");
    if (same(&g->saved[ARRIVED], &first)) return 3;

    play(g, ARRIVED, TICKS, right);
    play(knew, 0, TICKS, right);
    printf("to the end %s\nknew it    %s %s\n", g->trace, knew->trace,
           same(&g->saved[TICKS], &knew->saved[TICKS]) ? "the same" : "DIFFERS");
    if (!same(&g->saved[TICKS], &knew->saved[TICKS])) return 4;
    end(g);
    end(knew);
    return 0;
}
