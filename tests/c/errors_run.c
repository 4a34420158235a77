/* Everything a caller of kernels, models, engines and samplings can get wrong that the library can
   see.

   Usage: errors_run MODEL HEADS [plant-status|plant-output] */
#include <math.h>

#include "rows.h"

static void translations(void) {
    const uint32_t format = REFRAIN_WEIGHT_FORMAT_F16, wrong = 3;
    uint32_t linear, language;
    unsigned char *code;
    char why[160] = "";
    size_t bytes, written;
    CHECK(refrain_features() & REFRAIN_FEATURE_EXPORT);
    TRY(refrain_kernel_find("linear", &linear));
    NUL(refrain_kernel_translate, constants,
        (linear, REFRAIN_NONE, 0, NULL, 1, out.bytes, 64, &out.size, NULL, 0));
    NUL(refrain_kernel_translate, code_out,
        (linear, REFRAIN_NONE, 0, &format, 1, NULL, 64, &out.size, NULL, 0));
    NUL(refrain_kernel_translate, bytes_out,
        (linear, REFRAIN_NONE, 0, &format, 1, out.bytes, 64, NULL, NULL, 0));
    ROW("no kernel to translate",
        refrain_kernel_translate(9999, REFRAIN_NONE, 0, &format, 1, out.bytes, 64, &out.size, NULL, 0),
        REFRAIN_E_RANGE);
    ROW("no variant to translate",
        refrain_kernel_translate(linear, 9999, 0, &format, 1, out.bytes, 64, &out.size, NULL, 0),
        REFRAIN_E_RANGE);
    ROW("language 99",
        refrain_kernel_translate(linear, REFRAIN_NONE, 99, &format, 1, out.bytes, 64, &out.size, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "language is 99") != NULL);
    ROW("no constants",
        refrain_kernel_translate(linear, REFRAIN_NONE, 0, NULL, 0, out.bytes, 64, &out.size, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "takes 1") != NULL);
    ROW("format 3",
        refrain_kernel_translate(linear, REFRAIN_NONE, 0, &wrong, 1, out.bytes, 64, &out.size, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "FORMAT is 3") != NULL);
    for (language = 0; language <= REFRAIN_LANGUAGE_GLSL; language++) {
        ROW("no room for code",
            refrain_kernel_translate(linear, REFRAIN_NONE, language, &format, 1, NULL, 0, &out.size, NULL, 0),
            REFRAIN_E_CAPACITY);
        if (refrain_kernel_translate(linear, REFRAIN_NONE, language, &format, 1, NULL, 0, &bytes, NULL, 0)
            != REFRAIN_E_CAPACITY)
            CHECK(!"a size");
        code = malloc(bytes);
        CHECK(code != NULL && bytes > 500);
        TRY(refrain_kernel_translate(linear, REFRAIN_NONE, language, &format, 1, code, bytes, &written, NULL, 0));
        CHECK(written == bytes);
        if (language == REFRAIN_LANGUAGE_SPIRV) CHECK(code[0] == 3 && code[1] == 2 && code[3] == 7);
        free(code);
    }
}

/* Every variant becomes WGSL, says for what shapes it has a text, and refuses others. */
static void variants(void) {
    const uint32_t format = REFRAIN_WEIGHT_FORMAT_F16;
    uint32_t linear, count, variant, taken = 0, found = 0;
    uint32_t params[8] = {17, 16, 24, 0, 0, 0, 0, 0};
    size_t size;
    char why[160] = "", name[32];
    unsigned char *code;
    TRY(refrain_kernel_find("linear", &linear));
    TRY(refrain_kernel_info(linear, &out.kernel));
    size = out.kernel.params_bytes;
    CHECK(size <= sizeof params);
    TRY(refrain_variant_count(linear, &count));
    CHECK(count > 5);
    blank();
    NUL(refrain_variant_count, count_out, (linear, NULL));
    NUL(refrain_variant_info, variant_out, (linear, 0, NULL));
    NUL(refrain_variant_workgroups, params,
        (linear, 0, NULL, size, &format, 1, out.workgroups, NULL, 0));
    NUL(refrain_variant_workgroups, constants,
        (linear, 0, params, size, NULL, 1, out.workgroups, NULL, 0));
    NUL(refrain_variant_workgroups, workgroups_out,
        (linear, 0, params, size, &format, 1, NULL, NULL, 0));
    ROW("variants beyond the table", refrain_variant_count(9999, &out.number), REFRAIN_E_RANGE);
    ROW("a variant of no kernel", refrain_variant_info(9999, 0, &out.variant), REFRAIN_E_RANGE);
    ROW("no such variant", refrain_variant_info(linear, count, &out.variant), REFRAIN_E_RANGE);
    ROW("workgroups of no variant",
        refrain_variant_workgroups(linear, count, params, size, &format, 1, out.workgroups, NULL, 0),
        REFRAIN_E_RANGE);
    ROW("half a block",
        refrain_variant_workgroups(linear, 0, params, 8, &format, 1, out.workgroups, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "params_bytes is 8") != NULL);
    ROW("workgroups without constants",
        refrain_variant_workgroups(linear, 0, params, size, NULL, 0, out.workgroups, NULL, 0),
        REFRAIN_E_VALUE);
    {
        const uint32_t wrong = 99;
        ROW("format 99 of a variant",
            refrain_variant_workgroups(linear, 0, params, size, &wrong, 1, out.workgroups, why,
                                       sizeof why),
            REFRAIN_E_VALUE);
        CHECK(strstr(why, "FORMAT is 99") != NULL);
    }
    params[2] = 0xFFFFFFF0;
    ROW("more workgroups than a device takes",
        refrain_variant_workgroups(linear, 0, params, size, &format, 1, out.workgroups, NULL, 0),
        REFRAIN_E_UNSUPPORTED);
    params[2] = 24;
    params[0] = 0;
    ROW("no rows",
        refrain_variant_workgroups(linear, 0, params, size, &format, 1, out.workgroups, why,
                                   sizeof why),
        REFRAIN_E_UNSUPPORTED);
    CHECK(strstr(why, "kernel of the table") != NULL);
    params[0] = 17;
    for (variant = 0; variant < count; variant++) {
        size_t bytes, written;
        refrain_status status;
        TRY(refrain_variant_info(linear, variant, &out.variant));
        CHECK(out.variant.name.length < sizeof name && out.variant.workgroup[0] > 0);
        CHECK(out.variant.summary.length > 0 && out.variant.tolerance_relative > 0);
        memcpy(name, out.variant.name.data, out.variant.name.length);
        name[out.variant.name.length] = 0;
        status = refrain_variant_workgroups(linear, variant, params, size, &format, 1,
                                            out.workgroups, NULL, 0);
        CHECK(status == REFRAIN_OK || status == REFRAIN_E_UNSUPPORTED);
        taken += status == REFRAIN_OK;
        if (strcmp(name, "tile32") == 0) {
            /* 17 rows and 24 columns are in one tile of 32 by 32. */
            CHECK(status == REFRAIN_OK && out.workgroups[0] == 1 && out.workgroups[1] == 1);
            found++;
        }
        if (strcmp(name, "few2") == 0) {
            CHECK(status == REFRAIN_E_UNSUPPORTED);
            found++;
        }
        CHECK(refrain_kernel_translate(linear, variant, REFRAIN_LANGUAGE_WGSL, &format, 1, NULL, 0,
                                       &bytes, NULL, 0) == REFRAIN_E_CAPACITY);
        code = malloc(bytes);
        CHECK(code != NULL);
        TRY(refrain_kernel_translate(linear, variant, REFRAIN_LANGUAGE_WGSL, &format, 1, code, bytes,
                                     &written, NULL, 0));
        CHECK(written == bytes && bytes > 500);
        free(code);
        blank();
    }
    CHECK(found == 2 && taken > 2 && taken < count);
}

static void kernels(void) {
    uint32_t i, k, count = refrain_kernel_count(), formats = 0;
    NUL(refrain_kernel_find, name, (NULL, &out.number));
    NUL(refrain_kernel_find, index_out, ("blend", NULL));
    NUL(refrain_kernel_info, kernel_out, (0, NULL));
    NUL(refrain_kernel_source, source_out, (0, NULL));
    NUL(refrain_kernel_binding, binding_out, (0, 1, NULL));
    NUL(refrain_kernel_constant, name_out, (0, 0, NULL));
    ROW("unknown kernel", refrain_kernel_find("blende", &out.number), REFRAIN_E_RANGE);
    ROW("kernel not UTF-8", refrain_kernel_find("\xFF", &out.number), REFRAIN_E_VALUE);
    ROW("info beyond the table", refrain_kernel_info(count, &out.kernel), REFRAIN_E_RANGE);
    ROW("source beyond the table", refrain_kernel_source(0xFFFFFFFF, &out.text), REFRAIN_E_RANGE);
    ROW("binding 0", refrain_kernel_binding(0, 0, &out.binding), REFRAIN_E_RANGE);
    ROW("binding beyond the table", refrain_kernel_binding(count, 1, &out.binding),
        REFRAIN_E_RANGE);
    ROW("constant beyond the table", refrain_kernel_constant(count, 0, &out.text), REFRAIN_E_RANGE);
    translations();
    variants();
    for (i = 0; i < count; i++) {
        char name[64];
        size_t place;
        const char *source;
        TRY(refrain_kernel_info(i, &out.kernel));
        CHECK(out.kernel.name.length < sizeof name && out.kernel.params_bytes % 16 == 0);
        memcpy(name, out.kernel.name.data, out.kernel.name.length);
        name[out.kernel.name.length] = 0;
        TRY(refrain_kernel_find(name, &out.number));
        CHECK(out.number == i);
        TRY(refrain_kernel_source(i, &out.text));
        source = out.text.data;
        for (place = 0; place + 8 <= out.text.length; place++)
            if (memcmp(source + place, "fn main(", 8) == 0) break;
        CHECK(place + 8 <= out.text.length);
        for (k = 1; k <= out.kernel.binding_count; k++) {
            TRY(refrain_kernel_binding(i, k, &out.binding));
            CHECK((out.binding.access == REFRAIN_ACCESS_WRITE) == (k == out.kernel.binding_count));
        }
        CHECK(refrain_kernel_binding(i, k, &out.binding) == REFRAIN_E_RANGE);
        for (k = 0; k < out.kernel.constant_count; k++) {
            TRY(refrain_kernel_constant(i, k, &out.text));
            formats += out.text.length == 6 && memcmp(out.text.data, "FORMAT", 6) == 0;
        }
        CHECK(refrain_kernel_constant(i, k, &out.text) == REFRAIN_E_RANGE);
        blank();
    }
    CHECK(count >= 16 && formats == 5);
}

static void runs(const char *path, uint32_t heads) {
    refrain_model *model;
    refrain_model_sizes info;
    refrain_model_options options = {sizeof options, 0, 0, 0};
    refrain_engine *engine;
    refrain_sampling *sampling;
    refrain_settings settings;
    struct {
        refrain_settings settings;
        uint32_t beyond[4];
    } newer;
    refrain_policy policy;
    uint32_t classes[2] = {0, 0}, made;
    char why[300];
    void *bytes;
    size_t length;
    FILE *file = fopen(path, "rb");
    CHECK(file && fseek(file, 0, SEEK_END) == 0);
    length = (size_t)ftell(file);
    bytes = malloc(length);
    rewind(file);
    CHECK(bytes && fread(bytes, 1, length, file) == length);
    fclose(file);

    NUL(refrain_model_open, path, (NULL, NULL, &out.model, NULL, 0));
    NUL(refrain_model_open, model_out, (path, NULL, NULL, NULL, 0));
    NUL(refrain_model_from_memory, bytes, (NULL, length, NULL, &out.model, NULL, 0));
    NUL(refrain_model_from_memory, model_out, (bytes, length, NULL, NULL, NULL, 0));
    ROW("no file", refrain_model_open("nowhere/no.safetensors", NULL, &out.model, why, sizeof why),
        REFRAIN_E_FILE);
    CHECK(strstr(why, "nowhere/no.safetensors"));
    ROW("path not UTF-8", refrain_model_open("\xFF", NULL, &out.model, NULL, 0), REFRAIN_E_VALUE);
    ROW("empty model", refrain_model_from_memory(NULL, 0, NULL, &out.model, why, sizeof why),
        REFRAIN_E_FORMAT);
    ROW("truncated model",
        refrain_model_from_memory(bytes, length - 1, NULL, &out.model, why, sizeof why),
        REFRAIN_E_FORMAT);
    options.struct_size = 4;
    ROW("short options", refrain_model_open(path, &options, &out.model, NULL, 0),
        REFRAIN_E_CONFIG_SIZE);
    options.struct_size = sizeof options;
    options.num_heads = 7777;
    ROW("impossible heads", refrain_model_open(path, &options, &out.model, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "7777"));
    options.num_heads = 0;
    options.has_prediction = 1;
    options.prediction = 5;
    ROW("impossible prediction", refrain_model_open(path, &options, &out.model, why, sizeof why),
        REFRAIN_E_VALUE);
    options.has_prediction = 2;
    ROW("has_prediction 2", refrain_model_open(path, &options, &out.model, NULL, 0),
        REFRAIN_E_UNSUPPORTED);
    refrain_model_destroy(NULL);
    refrain_engine_destroy(NULL);
    refrain_sampling_destroy(NULL);

    options.has_prediction = 0;
    ROW("a prediction that is not looked at",
        refrain_model_open(path, &options, &out.model, NULL, 0), REFRAIN_E_UNSUPPORTED);
    options.prediction = 0;
    options.num_heads = heads;
    TRY(refrain_model_from_memory(bytes, length, &options, &model, NULL, 0));
    free(bytes);
    TRY(refrain_model_info(model, &info));
    NUL(refrain_model_info, model, (NULL, &out.info));
    NUL(refrain_model_info, info_out, (model, NULL));
    NUL(refrain_model_class_name, model, (NULL, 0, out.string, sizeof out.string, &out.size));
    NUL(refrain_model_class_name, text_out, (model, 0, NULL, 64, &out.size));
    NUL(refrain_model_class_name, length_out, (model, 0, out.string, sizeof out.string, NULL));
    NUL(refrain_model_find_class, model, (NULL, "0", &out.number));
    NUL(refrain_model_find_class, name, (model, NULL, &out.number));
    NUL(refrain_model_find_class, class_out, (model, "0", NULL));
    ROW("class beyond the model",
        refrain_model_class_name(model, info.num_classes, out.string, sizeof out.string, &out.size),
        REFRAIN_E_RANGE);
    ROW("unknown class", refrain_model_find_class(model, "no such class", &out.number),
        REFRAIN_E_RANGE);
    TRY(refrain_model_class_name(model, 1, out.string, sizeof out.string, &out.size));
    TRY(refrain_model_find_class(model, out.string, &out.number));
    CHECK(out.number == 1);
    blank();

    NUL(refrain_engine_create, model, (NULL, REFRAIN_BACKEND_CPU, &out.engine, NULL, 0));
    NUL(refrain_engine_create, engine_out, (model, REFRAIN_BACKEND_CPU, NULL, NULL, 0));
    ROW("unknown backend", refrain_engine_create(model, 9, &out.engine, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "backend is 9"));
    TRY(refrain_engine_create(model, REFRAIN_BACKEND_CPU, &engine, NULL, 0));
    NUL(refrain_engine_device_name, engine, (NULL, out.string, sizeof out.string, &out.size));
    NUL(refrain_engine_device_name, text_out, (engine, NULL, 64, &out.size));
    NUL(refrain_engine_device_name, length_out, (engine, out.string, sizeof out.string, NULL));
    /* One object in the place of another. */
    ROW("an engine for a model",
        refrain_model_info((const refrain_model *)(const void *)engine, &out.info),
        REFRAIN_E_MEMORY);

    NUL(refrain_settings_default, settings_out, (sizeof settings, NULL));
    ROW("short settings", refrain_settings_default(8, &out.settings), REFRAIN_E_CONFIG_SIZE);
    TRY(refrain_settings_default(sizeof settings, &settings));
    settings.steps = 2;
    NUL(refrain_settings_memory, model, (NULL, &settings, 2, &out.memory, NULL, 0));
    NUL(refrain_settings_memory, settings, (model, NULL, 2, &out.memory, NULL, 0));
    NUL(refrain_settings_memory, memory_out, (model, &settings, 2, NULL, NULL, 0));
    NUL(refrain_sampling_create, engine, (NULL, &settings, &out.sampling, NULL, 0));
    NUL(refrain_sampling_create, settings, (engine, NULL, &out.sampling, NULL, 0));
    NUL(refrain_sampling_create, sampling_out, (engine, &settings, NULL, NULL, 0));
    settings.class_count = 2;
    ROW("classes missing", refrain_sampling_create(engine, &settings, &out.sampling, NULL, 0),
        REFRAIN_E_NULL);
    settings.classes = classes;
    settings.class_count = 0;
    ROW("no pictures", refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "number of classes is 0"));
    settings.class_count = 2;
    classes[1] = info.num_classes + 1;
    ROW("class beyond the classes",
        refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why), REFRAIN_E_VALUE);
    classes[1] = 1;
    settings.steps = 0;
    ROW("no steps", refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "steps"));
    settings.steps = 0xFFFFFFFF;
    ROW("steps -1", refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why),
        REFRAIN_E_VALUE);
    settings.steps = 2;
    settings.guidance = NAN;
    ROW("guidance NaN", refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "guidance"));
    settings.guidance = 2.0f;
    settings.has_sampler = 1;
    settings.sampler = 9;
    ROW("sampler 9", refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why),
        REFRAIN_E_VALUE);
    settings.sampler = info.prediction == REFRAIN_PREDICTION_VELOCITY ? REFRAIN_SAMPLER_DDIM
                                                                      : REFRAIN_SAMPLER_EULER;
    ROW("the other sampler",
        refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why), REFRAIN_E_VALUE);
    settings.has_sampler = 0;
    settings.sampler = 1;
    ROW("a sampler that is not looked at",
        refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why),
        REFRAIN_E_UNSUPPORTED);
    CHECK(strstr(why, "sampler is 1 while has_sampler is 0"));
    settings.has_sampler = 2;
    ROW("has_sampler 2",
        refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why),
        REFRAIN_E_UNSUPPORTED);
    CHECK(strstr(why, "has_sampler is 2"));
    settings.has_sampler = 0;
    settings.sampler = 0;
    settings.anchor_format = 3;
    ROW("anchor format 3",
        refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why), REFRAIN_E_VALUE);
    CHECK(strstr(why, "anchor_format is 3"));
    settings.anchor_format = REFRAIN_ANCHOR_FORMAT_F32;
    settings.reserved = 1;
    ROW("reserved 1", refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why),
        REFRAIN_E_UNSUPPORTED);
    CHECK(strstr(why, "reserved is 1"));
    settings.reserved = 0;
    ROW("backend 3",
        refrain_settings_memory(model, &settings, 3, &out.memory, why, sizeof why), REFRAIN_E_VALUE);
    CHECK(strstr(why, "backend is 3"));
    settings.struct_size = 12;
    ROW("short settings", refrain_sampling_create(engine, &settings, &out.sampling, NULL, 0),
        REFRAIN_E_CONFIG_SIZE);
    settings.struct_size = sizeof settings;
    /* A program built against a newer header. */
    TRY(refrain_settings_default(sizeof newer, &newer.settings));
    CHECK(newer.settings.struct_size == sizeof newer && newer.beyond[3] == 0);
    newer.settings = settings;
    newer.settings.struct_size = sizeof newer;
    TRY(refrain_settings_memory(model, &newer.settings, REFRAIN_BACKEND_CPU, &out.memory, NULL, 0));
    blank();
    newer.beyond[3] = 1;
    ROW("newer field in use",
        refrain_settings_memory(model, &newer.settings, REFRAIN_BACKEND_CPU, &out.memory, NULL, 0),
        REFRAIN_E_UNSUPPORTED);
    POLICY("interval", &policy);
    policy.pool = 50;
    settings.policy = &policy;
    ROW("bad policy", refrain_sampling_create(engine, &settings, &out.sampling, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "pool"));
    POLICY("interval:interval=2", &policy);
    TRY(refrain_settings_memory(model, &settings, REFRAIN_BACKEND_CPU, &out.memory, NULL, 0));
    CHECK(out.memory.weights > 0 && out.memory.activations > 0 && out.memory.anchors > 0);
    CHECK(out.memory.references == 0);
    blank();

    TRY(refrain_sampling_create(engine, &settings, &sampling, NULL, 0));
    refrain_model_destroy(model);
    refrain_engine_destroy(engine);
    NUL(refrain_sampling_advance, sampling, (NULL, &out.event, &out.number, NULL, 0));
    NUL(refrain_sampling_advance, left_out, (sampling, &out.event, NULL, NULL, 0));
    NUL(refrain_sampling_advance_slice, sampling,
        (NULL, 0, 1, &out.number, &out.number, NULL, 0));
    NUL(refrain_sampling_advance_slice, made_out, (sampling, 0, 1, NULL, &out.number, NULL, 0));
    NUL(refrain_sampling_advance_slice, left_out, (sampling, 0, 1, &out.number, NULL, NULL, 0));
    NUL(refrain_sampling_cancel, sampling, (NULL));
    NUL(refrain_sampling_decide_on_device, sampling, (NULL, 0, NULL, 0));
    ROW("a CPU decides nothing", refrain_sampling_decide_on_device(sampling, 0, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strstr(why, "GPU"));
    NUL(refrain_sampling_image, sampling, (NULL, 0, out.bytes, sizeof out.bytes, &out.size));
    NUL(refrain_sampling_image, rgb_out, (sampling, 0, NULL, 64, &out.size));
    NUL(refrain_sampling_image, bytes_out, (sampling, 0, out.bytes, sizeof out.bytes, NULL));
    NUL(refrain_sampling_latents, sampling, (NULL, 0, out.values, 4, &out.size));
    NUL(refrain_sampling_latents, values_out, (sampling, 0, NULL, 4, &out.size));
    NUL(refrain_sampling_latents, count_out, (sampling, 0, out.values, 4, NULL));
    NUL(refrain_sampling_stats, sampling, (NULL, &out.stats));
    NUL(refrain_sampling_stats, stats_out, (sampling, NULL));
    NUL(refrain_sampling_notice, sampling, (NULL, &out.number));
    NUL(refrain_sampling_notice, notice_out, (sampling, NULL));
    ROW("latents of a picture that is not there",
        refrain_sampling_latents(sampling, 2, NULL, 0, &out.size), REFRAIN_E_RANGE);
    CHECK(refrain_sampling_latents(sampling, 1, out.values, 4, &out.size) == REFRAIN_E_CAPACITY);
    CHECK(out.size == (size_t)info.in_channels * info.input_size * info.input_size);
    blank();
    if (info.in_channels != 3) {
        ROW("no RGB", refrain_sampling_image(sampling, 0, NULL, 0, &out.size),
            REFRAIN_E_UNSUPPORTED);
    } else {
        CHECK(refrain_sampling_image(sampling, 1, NULL, 0, &out.size) == REFRAIN_E_CAPACITY);
        CHECK(out.size == 3 * (size_t)info.input_size * info.input_size);
        blank();
        ROW("a picture that is not there", refrain_sampling_image(sampling, 2, NULL, 0, &out.size),
            REFRAIN_E_RANGE);
    }
    TRY(refrain_sampling_cancel(sampling));
    TRY(refrain_sampling_advance_slice(sampling, 0, 3, &made, &out.number, NULL, 0));
    CHECK(made == 0 && out.number == 2);
    TRY(refrain_sampling_cancel(sampling));
    do {
        TRY(refrain_sampling_advance_slice(sampling, 1, 0, &made, &out.number, NULL, 0));
    } while (made == 0);
    CHECK(made == 1 && out.number == 1);
    TRY(refrain_sampling_advance(sampling, &out.event, &out.number, NULL, 0));
    CHECK(out.number == 0 && out.event.step == 1);
    blank();
    ROW("a slice after the end",
        refrain_sampling_advance_slice(sampling, 0, 0, &out.number, &out.number, why, sizeof why),
        REFRAIN_E_ORDER);
    ROW("advance after the end",
        refrain_sampling_advance(sampling, &out.event, &out.number, why, sizeof why),
        REFRAIN_E_ORDER);
    TRY(refrain_sampling_stats(sampling, &out.stats));
    CHECK(out.stats.calls == 2);
    blank();
    refrain_sampling_destroy(sampling);
}

int main(int argc, char **argv) {
    CHECK(argc >= 3);
    plant(argc > 3 ? argv[3] : "");
    kernels();
    runs(argv[1], (uint32_t)atoi(argv[2]));
    return finish();
}
