/* Runs that a host watches and cuts: messages, progress, traces, latents of its own, single evaluations
   by slices, samplers.

   Usage: listen MODEL HEADS [plant] */
#include <refrain.h>

#include <string.h>

#include "check.h"

enum { STEPS = 6, MOST = 4096 };

struct heard {
    uint32_t messages[32], count;
    char last[512];
};

static void on_message(void *user, refrain_message message, const char *text) {
    struct heard *heard = user;
    CHECK(heard->count < 32 && strlen(text) > 0);
    heard->messages[heard->count++] = message;
    snprintf(heard->last, sizeof heard->last, "%s", text);
}

struct calls {
    uint32_t made;
    char trace[STEPS + 1];
};

static void on_call(void *user, const refrain_event *event, uint32_t made, uint32_t calls) {
    struct calls *seen = user;
    CHECK(made == seen->made + 1 && calls == STEPS && event->step == seen->made);
    seen->trace[seen->made] = refrain_action_letter(event->action);
    seen->made = made;
}

/* What must not be done: the run that it hears from is in use. */
static void on_call_within(void *user, const refrain_event *event, uint32_t made, uint32_t calls) {
    refrain_sampling *sampling = *(refrain_sampling **)user;
    uint32_t left;
    refrain_stats stats;
    CHECK(event->step + 1 == made && calls == STEPS);
    CHECK(refrain_sampling_advance(sampling, NULL, &left, NULL, 0) == REFRAIN_E_ORDER);
    CHECK(refrain_sampling_stats(sampling, &stats) == REFRAIN_E_ORDER);
    refrain_sampling_destroy(sampling);
}

static float start[2 * MOST], whole[2 * MOST], cut[2 * MOST];

static void runs(const refrain_model *model, const refrain_engine *engine,
                 const refrain_model_sizes *info, int plant) {
    static const uint32_t classes[2] = {0, 1};
    const size_t each = (size_t)info->in_channels * info->input_size * info->input_size;
    struct heard heard = {{0}, 0, ""};
    struct calls seen = {0, ""};
    refrain_policy policy;
    refrain_settings settings;
    refrain_sampling *sampling;
    refrain_memory told, taken;
    refrain_event event;
    refrain_stats stats;
    uint32_t left, made, i;
    char text[64];
    size_t length;
    CHECK(each <= MOST);
    TRY(refrain_engine_set_log(engine, on_message, &heard));
    CHECK(heard.count == 1 && heard.messages[0] == REFRAIN_MESSAGE_DEVICE);
    CHECK(strncmp(heard.last, "cpu", 3) == 0);

    TRY(refrain_policy_parse("interval:interval=2", sizeof policy, &policy, NULL, 0));
    TRY(refrain_settings_default(sizeof settings, &settings));
    settings.steps = STEPS;
    settings.seed = 7;
    settings.classes = classes;
    settings.class_count = 2;
    settings.policy = &policy;
    TRY(refrain_settings_memory(model, &settings, REFRAIN_BACKEND_CPU, &told, NULL, 0));
    TRY(refrain_sampling_create(engine, &settings, &sampling, NULL, 0));
    CHECK(heard.count == 2 && heard.messages[1] == REFRAIN_MESSAGE_STARTED);
    CHECK(strstr(heard.last, "interval") != NULL);
    TRY(refrain_sampling_set_progress(sampling, on_call, &seen));
    do {
        TRY(refrain_sampling_advance_slice(sampling, 0, 5, &made, &left, NULL, 0));
    } while (left > 0);
    CHECK(seen.made == STEPS && strcmp(seen.trace, "CrCrCC") == 0);
    CHECK(heard.count == 3 && heard.messages[2] == REFRAIN_MESSAGE_FINISHED);
    CHECK(strcmp(heard.last, seen.trace) == 0);
    TRY(refrain_sampling_trace(sampling, text, sizeof text, &length));
    CHECK(length == STEPS && strcmp(text, seen.trace) == 0);
    TRY(refrain_sampling_stats(sampling, &stats));
    CHECK(stats.calls == STEPS && stats.computed == 4);
    for (i = 0; i < STEPS; i++) {
        TRY(refrain_sampling_event(sampling, i, &event));
        CHECK(event.step == i && refrain_action_letter(event.action) == text[i]);
    }
    TRY(refrain_sampling_memory(sampling, &taken));
    CHECK(memcmp(&told, &taken, sizeof told) == 0 && told.anchors > 0);
    TRY(refrain_sampling_latents(sampling, 0, whole, MOST, &length));
    TRY(refrain_sampling_latents(sampling, 1, whole + each, MOST, &length));
    refrain_sampling_destroy(sampling);

    /* From the same noise, handed in, with another seed. */
    TRY(refrain_noise_fill(7, each, start, 2 * each));
    if (plant) start[0] += 0.01f;
    settings.seed = 8;
    settings.latents = start;
    settings.latent_count = 2 * each;
    TRY(refrain_sampling_create(engine, &settings, &sampling, NULL, 0));
    TRY(refrain_sampling_set_progress(sampling, on_call_within, &sampling));
    TRY(refrain_sampling_advance(sampling, NULL, &left, NULL, 0));
    TRY(refrain_sampling_set_progress(sampling, NULL, NULL));
    do {
        TRY(refrain_sampling_advance(sampling, NULL, &left, NULL, 0));
    } while (left > 0);
    CHECK(seen.made == STEPS);
    TRY(refrain_sampling_latents(sampling, 0, cut, MOST, &length));
    TRY(refrain_sampling_latents(sampling, 1, cut + each, MOST, &length));
    refrain_sampling_destroy(sampling);
    if (memcmp(whole, cut, 2 * each * sizeof *whole) != 0) {
        fprintf(stderr, "the pictures differ\n");
        exit(2);
    }

    /* A policy that cannot skip; then nobody listens any more. */
    TRY(refrain_policy_parse("interval:interval=2,warmup=6", sizeof policy, &policy, NULL, 0));
    TRY(refrain_sampling_create(engine, &settings, &sampling, NULL, 0));
    do {
        TRY(refrain_sampling_advance(sampling, NULL, &left, NULL, 0));
    } while (left > 0);
    refrain_sampling_destroy(sampling);
    CHECK(heard.messages[heard.count - 1] == REFRAIN_MESSAGE_NOTICE);
    CHECK(strcmp(heard.last, "cannot-skip") == 0);
    made = heard.count;
    TRY(refrain_engine_set_log(engine, NULL, NULL));
    TRY(refrain_sampling_create(engine, &settings, &sampling, NULL, 0));
    refrain_sampling_destroy(sampling);
    CHECK(heard.count == made);
    TRY(refrain_engine_tuning(engine, text, sizeof text, &length));
    CHECK(length == 0);
    TRY(refrain_engine_remember_tuning(engine, "", NULL, 0));
}

/* One evaluation, whole and by slices. */
static void evaluations(const refrain_engine *engine, const refrain_model_sizes *info) {
    const size_t each = (size_t)info->in_channels * info->input_size * info->input_size;
    const float t[2] = {900.0f, 250.0f};
    const uint32_t y[2] = {0, 1};
    refrain_forward *forward;
    uint32_t done, slices = 0;
    size_t count;
    TRY(refrain_forward_create(engine, start, 2 * each, t, y, 2, &forward, NULL, 0));
    TRY(refrain_forward_advance(forward, 0, 0, &done, NULL, 0));
    CHECK(done == 1);
    TRY(refrain_forward_output(forward, whole, 2 * MOST, &count));
    CHECK(count == 2 * each / info->in_channels * info->out_channels);
    refrain_forward_destroy(forward);

    TRY(refrain_forward_create(engine, start, 2 * each, t, y, 2, &forward, NULL, 0));
    CHECK(refrain_forward_output(forward, cut, 2 * MOST, &count) == REFRAIN_E_ORDER);
    do {
        TRY(refrain_forward_advance(forward, 0, 7, &done, NULL, 0));
        slices++;
    } while (!done);
    TRY(refrain_forward_advance(forward, 1, 1, &done, NULL, 0));
    CHECK(done == 1 && slices > 3);
    TRY(refrain_forward_output(forward, cut, 2 * MOST, &count));
    CHECK(memcmp(whole, cut, count * sizeof *cut) == 0);
    refrain_forward_destroy(forward);
    /* Given up halfway. */
    TRY(refrain_forward_create(engine, start, 2 * each, t, y, 2, &forward, NULL, 0));
    TRY(refrain_forward_advance(forward, 0, 3, &done, NULL, 0));
    refrain_forward_destroy(forward);
}

static void samplers(void) {
    refrain_step steps[4];
    size_t count;
    uint32_t i;
    TRY(refrain_sampler_steps(REFRAIN_SAMPLER_EULER, 4, steps, 4, &count));
    CHECK(count == 4);
    for (i = 0; i < 4; i++) {
        CHECK(steps[i].timestep == 1000.0f - 250.0f * (float)i);
        CHECK(steps[i].keep == 1.0f && steps[i].add == -0.25f);
    }
    CHECK(refrain_sampler_steps(REFRAIN_SAMPLER_DDIM, 1000, NULL, 0, &count) == REFRAIN_E_CAPACITY);
    CHECK(count == 1000);
}

int main(int argc, char **argv) {
    refrain_model_options options = {sizeof options, 0, 0, 0};
    refrain_model_sizes info;
    refrain_model *model;
    refrain_engine *engine;
    CHECK(argc >= 3);
    options.num_heads = (uint32_t)atoi(argv[2]);
    TRY(refrain_model_open(argv[1], &options, &model, NULL, 0));
    TRY(refrain_model_info(model, &info));
    TRY(refrain_engine_create(model, REFRAIN_BACKEND_CPU, &engine, NULL, 0));
    runs(model, engine, &info, argc > 3 && strcmp(argv[3], "plant") == 0);
    evaluations(engine, &info);
    samplers();
    refrain_engine_destroy(engine);
    refrain_model_destroy(model);
    printf("heard\n");
    return 0;
}
