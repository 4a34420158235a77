/* Makes a picture call by call and writes it as a PPM.

   Usage: generate MODEL OUT.ppm POLICY STEPS SEED GUIDANCE BACKEND-NUMBER */
#include <refrain.h>

#include <string.h>

#include "check.h"

int main(int argc, char **argv) {
    refrain_policy policy;
    refrain_settings settings;
    refrain_model *model;
    refrain_model_sizes sizes;
    refrain_engine *engine;
    refrain_sampling *sampling;
    refrain_memory memory;
    refrain_stats stats;
    char why[300] = "", name[200], trace[200];
    size_t length, bytes;
    uint32_t class_number, left, notice, calls = 0;
    unsigned char *rgb;
    FILE *file;

    CHECK(argc == 8);
    if (refrain_policy_parse(argv[3], sizeof policy, &policy, why, sizeof why) != REFRAIN_OK
        || refrain_model_open(argv[1], NULL, &model, why, sizeof why) != REFRAIN_OK
        || refrain_engine_create(model, (uint32_t)atoi(argv[7]), &engine, why, sizeof why)
               != REFRAIN_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    TRY(refrain_model_info(model, &sizes));
    TRY(refrain_engine_device_name(engine, name, sizeof name, &length));
    TRY(refrain_model_class_name(model, 0, why, sizeof why, &length));
    TRY(refrain_model_find_class(model, why, &class_number));
    CHECK(class_number == 0 && sizes.in_channels == 3);
    TRY(refrain_settings_default(sizeof settings, &settings));
    settings.policy = &policy;
    settings.steps = (uint32_t)atoi(argv[4]);
    settings.seed = (uint64_t)atoi(argv[5]);
    settings.guidance = (float)atof(argv[6]);
    settings.classes = &class_number;
    settings.class_count = 1;
    if (refrain_settings_memory(model, &settings, (uint32_t)atoi(argv[7]), &memory, why, sizeof why) != REFRAIN_OK
        || refrain_sampling_create(engine, &settings, &sampling, why, sizeof why) != REFRAIN_OK) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    CHECK(memory.weights >= sizes.parameters * 2);
    refrain_engine_destroy(engine);
    refrain_model_destroy(model);
    do {
        refrain_event event;
        if (refrain_sampling_advance(sampling, &event, &left, why, sizeof why) != REFRAIN_OK) {
            fprintf(stderr, "%s\n", why);
            return 1;
        }
        CHECK(calls + 1 < sizeof trace);
        trace[calls++] = refrain_action_letter(event.action);
        trace[calls] = 0;
    } while (left > 0);
    TRY(refrain_sampling_stats(sampling, &stats));
    CHECK(stats.calls == calls && calls == settings.steps);
    TRY(refrain_sampling_notice(sampling, &notice));
    if (notice != REFRAIN_NOTICE_NONE) fprintf(stderr, "%s\n", refrain_notice_name(notice));
    bytes = 3 * (size_t)sizes.input_size * sizes.input_size;
    rgb = malloc(bytes);
    CHECK(rgb != NULL);
    TRY(refrain_sampling_image(sampling, 0, rgb, bytes, &length));
    CHECK(length == bytes);
    file = fopen(argv[2], "wb");
    CHECK(file != NULL);
    fprintf(file, "P6\n%u %u\n255\n", (unsigned)sizes.input_size, (unsigned)sizes.input_size);
    CHECK(fwrite(rgb, 1, bytes, file) == bytes && fclose(file) == 0);
    free(rgb);
    refrain_sampling_destroy(sampling);
    printf("%s %u %s\n", trace, (unsigned)stats.computed, name);
    return 0;
}
