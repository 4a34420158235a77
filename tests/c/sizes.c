/* A program as an older, a newer or this version of the header makes it: what it asks for is the same,
   so it prints the same. With PLANTED it uses what only the newer header has.

   Usage: sizes MODEL HEADS */
#include <refrain.h>

#include "check.h"

int main(int argc, char **argv) {
    static refrain_model_options options;
    refrain_model *model;
    refrain_engine *engine;
    refrain_sampling *sampling;
    refrain_policy policy;
    refrain_settings settings;
    const uint32_t class = 1;
    static float latents[8192];
    float sum = 0.0f;
    uint32_t left, i;
    size_t count;
    char text[256];
    CHECK(argc >= 3);
    options.struct_size = sizeof options;
    options.num_heads = (uint32_t)atoi(argv[2]);
    TRY(refrain_model_open(argv[1], &options, &model, NULL, 0));
    TRY(refrain_engine_create(model, REFRAIN_BACKEND_CPU, &engine, NULL, 0));
    TRY(refrain_policy_parse("interval:interval=2", sizeof policy, &policy, NULL, 0));
    CHECK(policy.struct_size == sizeof policy);
    TRY(refrain_settings_default(sizeof settings, &settings));
    CHECK(settings.struct_size == sizeof settings);
    settings.steps = 4;
    settings.seed = 3;
    settings.class_count = 1;
    settings.classes = &class;
    settings.policy = &policy;
#ifdef PLANTED
    CHECK(settings.planted == 0 && policy.planted == 0);
    settings.planted = 1;
    if (refrain_sampling_create(engine, &settings, &sampling, NULL, 0) != REFRAIN_E_UNSUPPORTED) return 3;
    settings.planted = 0;
    policy.planted = 1;
    if (refrain_sampling_create(engine, &settings, &sampling, NULL, 0) != REFRAIN_E_UNSUPPORTED) return 3;
    options.planted = 1;
    if (refrain_model_open(argv[1], &options, &model, NULL, 0) != REFRAIN_E_UNSUPPORTED) return 3;
    printf("refused\n");
    return 0;
#endif
    TRY(refrain_sampling_create(engine, &settings, &sampling, NULL, 0));
    do {
        TRY(refrain_sampling_advance(sampling, NULL, &left, NULL, 0));
    } while (left > 0);
    TRY(refrain_sampling_latents(sampling, 0, latents, 8192, &count));
    for (i = 0; i < count; i++) sum += latents[i];
    TRY(refrain_policy_text(&policy, text, sizeof text, &count));
    printf("%s %.9g\n", text, (double)sum);
    refrain_sampling_destroy(sampling);
    refrain_engine_destroy(engine);
    refrain_model_destroy(model);
    return 0;
}
