/* What a caller of places, logs, evaluations and samplers can get wrong that the library can see.

   Usage: errors_objects MODEL HEADS [plant-status|plant-output] */
#include <math.h>

#include "rows.h"

static void places(void) {
    refrain_policy policy, bad;
    refrain_at at = {REFRAIN_UNIT_BLOCK, 0, 6, 0, 10}, wrong;
    uint32_t block;
    POLICY("interval:site=range,front=1,back=2", &policy);
    NUL(refrain_policy_lanes, policy, (NULL, 6, 10, &out.number));
    NUL(refrain_policy_lanes, lanes_out, (&policy, 6, 10, NULL));
    NUL(refrain_policy_granules, policy, (NULL, 6, &out.number));
    NUL(refrain_policy_granules, granules_out, (&policy, 6, NULL));
    NUL(refrain_policy_place, policy, (NULL, &at, &out.place));
    NUL(refrain_policy_place, at, (&policy, NULL, &out.place));
    NUL(refrain_policy_place, place_out, (&policy, &at, NULL));
    ROW("lanes without blocks", refrain_policy_lanes(&policy, 0, 10, &out.number), REFRAIN_E_RANGE);
    ROW("lanes without steps", refrain_policy_lanes(&policy, 6, 0, &out.number), REFRAIN_E_RANGE);
    ROW("granules without blocks", refrain_policy_granules(&policy, 0, &out.number),
        REFRAIN_E_RANGE);
    wrong = at;
    wrong.unit = 3;
    ROW("unit 3", refrain_policy_place(&policy, &wrong, &out.place), REFRAIN_E_VALUE);
    wrong = at;
    wrong.block = 6;
    ROW("block beyond the network", refrain_policy_place(&policy, &wrong, &out.place),
        REFRAIN_E_RANGE);
    wrong = at;
    wrong.step = 10;
    ROW("step beyond the run", refrain_policy_place(&policy, &wrong, &out.place), REFRAIN_E_RANGE);
    bad = policy;
    bad.site.kind = 99;
    ROW("place in a bad policy", refrain_policy_place(&bad, &at, &out.place), REFRAIN_E_VALUE);

    for (block = 0; block < 6; block++) {
        at.block = block;
        TRY(refrain_policy_place(&policy, &at, &out.place));
        CHECK((out.place.granule == REFRAIN_NONE) == (block < 1 || block > 3));
        CHECK(out.place.first == (block == 1) && out.place.last == (block == 3));
    }
    POLICY("dbprune", &policy);
    TRY(refrain_policy_lanes(&policy, 6, 10, &out.number));
    CHECK(out.number == 6);
    TRY(refrain_policy_granules(&policy, 6, &out.number));
    CHECK(out.number == 6);
    CHECK(refrain_policy_size() == sizeof policy);
    CHECK(strcmp(refrain_unit_name(REFRAIN_UNIT_MLP), "mlp") == 0);
    CHECK(strcmp(refrain_unit_name(9), "unknown") == 0);
    CHECK(strcmp(refrain_message_name(REFRAIN_MESSAGE_NO_GPU), "no-gpu") == 0);
    blank();
}

static void samplers(void) {
    NUL(refrain_sampler_steps, steps_out, (0, 2, NULL, 2, &out.size));
    NUL(refrain_sampler_steps, count_out, (0, 1, &out.step, 1, NULL));
    ROW("sampler 9", refrain_sampler_steps(9, 1, &out.step, 1, &out.size), REFRAIN_E_VALUE);
    ROW("a sampler without steps", refrain_sampler_steps(0, 0, &out.step, 1, &out.size),
        REFRAIN_E_VALUE);
    ROW("DDIM with too many steps", refrain_sampler_steps(1, 1001, NULL, 0, &out.size),
        REFRAIN_E_VALUE);
    CHECK(refrain_sampler_steps(0, 2, &out.step, 1, &out.size) == REFRAIN_E_CAPACITY);
    CHECK(out.size == 2);
    blank();
}

/* A run of three steps is saved behind the first, whose feature the second takes, dropped, and resumed:
   it ends as it would have. */
static void saved(const refrain_engine *engine, const refrain_settings *given) {
    refrain_settings held = *given, *settings = &held;
    refrain_policy policy;
    refrain_sampling *sampling, *resumed;
    size_t size, count, i;
    unsigned char *bytes;
    float *ends[2];
    char why[200] = "";
    POLICY("interval:interval=2", &policy);
    held.policy = &policy;
    held.steps = 3;
    TRY(refrain_sampling_create(engine, settings, &sampling, NULL, 0));
    NUL(refrain_sampling_save, sampling, (NULL, out.bytes, 64, &out.size, NULL, 0));
    NUL(refrain_sampling_save, bytes_out, (sampling, NULL, 64, &out.size, NULL, 0));
    NUL(refrain_sampling_save, size_out, (sampling, out.bytes, 64, NULL, NULL, 0));
    TRY(refrain_sampling_advance_slice(sampling, 0, 3, &out.number, &out.number, NULL, 0));
    blank();
    ROW("save within a call",
        refrain_sampling_save(sampling, out.bytes, 64, &out.size, why, sizeof why), REFRAIN_E_ORDER);
    CHECK(strstr(why, "within a call") != NULL && strstr(why, "cancel") != NULL);
    TRY(refrain_sampling_advance(sampling, NULL, &out.number, NULL, 0));
    CHECK(out.number == 2);
    blank();
    ROW("no room for a run", refrain_sampling_save(sampling, NULL, 0, &out.size, NULL, 0),
        REFRAIN_E_CAPACITY);
    CHECK(refrain_sampling_save(sampling, NULL, 0, &size, NULL, 0) == REFRAIN_E_CAPACITY);
    bytes = malloc(size + 1);
    CHECK(bytes != NULL && size > 1000);
    /* No alignment is needed. */
    TRY(refrain_sampling_save(sampling, bytes + 1, size, &out.size, NULL, 0));
    CHECK(out.size == size);
    blank();
    NUL(refrain_sampling_resume, engine, (NULL, bytes + 1, size, &out.sampling, NULL, 0));
    NUL(refrain_sampling_resume, bytes, (engine, NULL, size, &out.sampling, NULL, 0));
    NUL(refrain_sampling_resume, sampling_out, (engine, bytes + 1, size, NULL, NULL, 0));
    ROW("no saved run", refrain_sampling_resume(engine, NULL, 0, &out.sampling, NULL, 0),
        REFRAIN_E_FORMAT);
    ROW("half a saved run",
        refrain_sampling_resume(engine, bytes + 1, size / 2, &out.sampling, why, sizeof why),
        REFRAIN_E_FORMAT);
    CHECK(strstr(why, "saved run") != NULL);
    bytes[size] ^= 1;
    ROW("a damaged run",
        refrain_sampling_resume(engine, bytes + 1, size, &out.sampling, why, sizeof why),
        REFRAIN_E_FORMAT);
    CHECK(strstr(why, "not those that were saved") != NULL);
    bytes[size] ^= 1;
    TRY(refrain_sampling_resume(engine, bytes + 1, size, &resumed, NULL, 0));
    memset(bytes, 0, size + 1);
    free(bytes);
    CHECK(refrain_sampling_latents(sampling, 0, NULL, 0, &count) == REFRAIN_E_CAPACITY);
    for (i = 0; i < 2; i++) {
        refrain_sampling *run = i == 0 ? sampling : resumed;
        TRY(refrain_sampling_advance(run, &out.event, &out.number, NULL, 0));
        CHECK(out.number == 1 && out.event.action == REFRAIN_ACTION_REUSE);
        TRY(refrain_sampling_advance(run, &out.event, &out.number, NULL, 0));
        CHECK(out.number == 0 && out.event.step == 2);
        TRY(refrain_sampling_trace(run, out.string, sizeof out.string, &out.size));
        CHECK(strcmp(out.string, "CrC") == 0);
        ends[i] = malloc(count * sizeof(float));
        CHECK(ends[i] != NULL);
        TRY(refrain_sampling_latents(run, 0, ends[i], count, &out.size));
        refrain_sampling_destroy(run);
        blank();
    }
    CHECK(memcmp(ends[0], ends[1], count * sizeof(float)) == 0);
    free(ends[0]);
    free(ends[1]);
}

static void engines(const char *path, uint32_t heads) {
    enum { MOST = 8192 };
    static float x[MOST];
    const float t = 500.0f, late = 1001.0f;
    const uint32_t y = 0;
    refrain_model_options options = {sizeof options, 0, 0, 0};
    refrain_model_sizes info;
    refrain_model *model;
    refrain_engine *engine;
    refrain_sampling *sampling;
    refrain_forward *forward;
    refrain_settings settings;
    size_t count;
    char why[200];
    options.num_heads = heads;
    TRY(refrain_model_open(path, &options, &model, NULL, 0));
    TRY(refrain_model_info(model, &info));
    count = (size_t)info.in_channels * info.input_size * info.input_size;
    CHECK(count <= MOST);
    TRY(refrain_engine_create(model, REFRAIN_BACKEND_CPU, &engine, NULL, 0));
    NUL(refrain_engine_set_log, engine, (NULL, NULL, NULL));
    NUL(refrain_engine_tuning, engine, (NULL, out.string, 64, &out.size));
    NUL(refrain_engine_tuning, text_out, (engine, NULL, 64, &out.size));
    NUL(refrain_engine_tuning, length_out, (engine, out.string, 64, NULL));
    NUL(refrain_engine_remember_tuning, engine, (NULL, "", NULL, 0));
    NUL(refrain_engine_remember_tuning, text, (engine, NULL, NULL, 0));

    NUL(refrain_forward_create, engine, (NULL, x, count, &t, &y, 1, &out.forward, NULL, 0));
    NUL(refrain_forward_create, x, (engine, NULL, count, &t, &y, 1, &out.forward, NULL, 0));
    NUL(refrain_forward_create, t, (engine, x, count, NULL, &y, 1, &out.forward, NULL, 0));
    NUL(refrain_forward_create, y, (engine, x, count, &t, NULL, 1, &out.forward, NULL, 0));
    NUL(refrain_forward_create, forward_out, (engine, x, count, &t, &y, 1, NULL, NULL, 0));
    ROW("x too short",
        refrain_forward_create(engine, x, count - 1, &t, &y, 1, &out.forward, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "length of x") != NULL);
    x[2] = NAN;
    ROW("NaN in x",
        refrain_forward_create(engine, x, count, &t, &y, 1, &out.forward, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "x is NaN at 2") != NULL);
    x[2] = 0;
    ROW("a time beyond 1000",
        refrain_forward_create(engine, x, count, &late, &y, 1, &out.forward, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "1001") != NULL);
    TRY(refrain_forward_create(engine, x, count, &t, &y, 1, &forward, NULL, 0));
    NUL(refrain_forward_advance, forward, (NULL, 0, 1, &out.number, NULL, 0));
    NUL(refrain_forward_advance, done_out, (forward, 0, 1, NULL, NULL, 0));
    NUL(refrain_forward_output, forward, (NULL, out.values, 4, &out.size));
    NUL(refrain_forward_output, values_out, (forward, NULL, 4, &out.size));
    NUL(refrain_forward_output, count_out, (forward, out.values, 4, NULL));
    ROW("output before the end", refrain_forward_output(forward, out.values, 4, &out.size),
        REFRAIN_E_ORDER);
    TRY(refrain_forward_advance(forward, 0, 0, &out.number, NULL, 0));
    CHECK(out.number == 1);
    CHECK(refrain_forward_output(forward, out.values, 4, &out.size) == REFRAIN_E_CAPACITY);
    CHECK(out.size == count / info.in_channels * info.out_channels);
    blank();
    ROW("an engine for an evaluation",
        refrain_forward_output((const refrain_forward *)(const void *)engine, out.values, 4,
                               &out.size),
        REFRAIN_E_MEMORY);
    refrain_forward_destroy(forward);
    refrain_forward_destroy(NULL);

    TRY(refrain_settings_default(sizeof settings, &settings));
    settings.steps = 2;
    settings.class_count = 1;
    settings.classes = &y;
    settings.latent_count = count;
    ROW("latents missing", refrain_sampling_create(engine, &settings, &out.sampling, NULL, 0),
        REFRAIN_E_NULL);
    settings.latents = x;
    settings.latent_count = count - 1;
    ROW("latents too short",
        refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why), REFRAIN_E_VALUE);
    CHECK(strstr(why, "latents") != NULL);
    settings.latent_count = count;
    x[1] = INFINITY;
    ROW("infinite latents",
        refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why), REFRAIN_E_VALUE);
    CHECK(strstr(why, "latents is inf at 1") != NULL);
    x[1] = 0;
    TRY(refrain_sampling_create(engine, &settings, &sampling, NULL, 0));
    NUL(refrain_sampling_set_progress, sampling, (NULL, NULL, NULL));
    NUL(refrain_sampling_event, sampling, (NULL, 0, &out.event));
    NUL(refrain_sampling_event, event_out, (sampling, 0, NULL));
    NUL(refrain_sampling_trace, sampling, (NULL, out.string, 64, &out.size));
    NUL(refrain_sampling_trace, text_out, (sampling, NULL, 64, &out.size));
    NUL(refrain_sampling_trace, length_out, (sampling, out.string, 64, NULL));
    NUL(refrain_sampling_memory, sampling, (NULL, &out.memory));
    NUL(refrain_sampling_memory, memory_out, (sampling, NULL));
    ROW("an event to come", refrain_sampling_event(sampling, 0, &out.event), REFRAIN_E_RANGE);
    refrain_sampling_destroy(sampling);
    saved(engine, &settings);
    refrain_engine_destroy(engine);
    refrain_model_destroy(model);
}

int main(int argc, char **argv) {
    CHECK(argc >= 3);
    plant(argc > 3 ? argv[3] : "");
    places();
    samplers();
    engines(argv[1], (uint32_t)atoi(argv[2]));
    return finish();
}
