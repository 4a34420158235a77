/* Everything a caller of programs can get wrong that the library can see, and a walk over one.

   Usage: errors_program MODEL HEADS [plant-status|plant-output] */
#include "rows.h"

static refrain_model *model;

static refrain_program *made(const char *policy_text, float guidance) {
    refrain_policy policy;
    refrain_settings settings;
    refrain_program *program;
    uint32_t class_number = 0;
    POLICY(policy_text, &policy);
    TRY(refrain_settings_default(sizeof settings, &settings));
    settings.policy = &policy;
    settings.steps = 6;
    settings.guidance = guidance;
    settings.classes = &class_number;
    settings.class_count = 1;
    TRY(refrain_program_create(model, &settings, &program, NULL, 0));
    return program;
}

static void create(void) {
    refrain_settings settings;
    char why[160];
    TRY(refrain_settings_default(sizeof settings, &settings));
    NUL(refrain_program_create, model, (NULL, &settings, &out.program, NULL, 0));
    NUL(refrain_program_create, settings, (model, NULL, &out.program, NULL, 0));
    NUL(refrain_program_create, program_out, (model, &settings, NULL, NULL, 0));
    ROW("no pictures", refrain_program_create(model, &settings, &out.program, why, sizeof why),
        REFRAIN_E_VALUE);
    CHECK(strlen(why) > 0);
    settings.struct_size = 3;
    ROW("small settings", refrain_program_create(model, &settings, &out.program, NULL, 0),
        REFRAIN_E_CONFIG_SIZE);
    refrain_program_destroy(NULL);
}

static void refused(const refrain_program *program) {
    const refrain_program_sizes *sizes = &out.sizes;
    refrain_decision todo[2];
    uint32_t segments[16], buffers, parts, segment_count;
    const float sums[2] = {1.0f, 4.0f};
    double values[16];
    size_t count;
    memset(todo, 0, sizeof todo);
    TRY(refrain_program_info(program, &out.sizes));
    CHECK(sizes->lanes == 1 && sizes->decision_count == 1 && sizes->rows == 2);
    buffers = sizes->buffer_count;
    parts = sizes->part_count;
    segment_count = sizes->segment_count;
    CHECK(sizes->filter == REFRAIN_NONE && sizes->sums != REFRAIN_NONE);
    blank();
    NUL(refrain_program_info, program, (NULL, &out.sizes));
    NUL(refrain_program_info, sizes_out, (program, NULL));
    NUL(refrain_program_policy, program, (NULL, sizeof out.policy, &out.policy));
    NUL(refrain_program_policy, policy_out, (program, sizeof out.policy, NULL));
    ROW("small policy", refrain_program_policy(program, 4, &out.policy), REFRAIN_E_CONFIG_SIZE);
    NUL(refrain_program_lane, program, (NULL, 0, &out.lane));
    NUL(refrain_program_lane, buffers_out, (program, 0, NULL));
    ROW("lane 1 of 1", refrain_program_lane(program, 1, &out.lane), REFRAIN_E_RANGE);
    NUL(refrain_program_buffer, program, (NULL, 0, &out.buffer));
    NUL(refrain_program_buffer, buffer_out, (program, 0, NULL));
    ROW("no such buffer", refrain_program_buffer(program, buffers, &out.buffer), REFRAIN_E_RANGE);
    NUL(refrain_program_contents, program, (NULL, 0, &out.data, &out.size));
    NUL(refrain_program_contents, data_out, (program, 0, NULL, &out.size));
    NUL(refrain_program_contents, bytes_out, (program, 0, &out.data, NULL));
    ROW("contents of no buffer", refrain_program_contents(program, buffers, &out.data, &out.size),
        REFRAIN_E_RANGE);
    NUL(refrain_program_segment, program, (NULL, 0, &out.segment));
    NUL(refrain_program_segment, segment_out, (program, 0, NULL));
    ROW("no such segment", refrain_program_segment(program, segment_count, &out.segment),
        REFRAIN_E_RANGE);
    NUL(refrain_program_command, program, (NULL, 0, 0, &out.command));
    NUL(refrain_program_command, command_out, (program, 0, 0, NULL));
    ROW("command of no segment", refrain_program_command(program, segment_count, 0, &out.command),
        REFRAIN_E_RANGE);
    ROW("no such command", refrain_program_command(program, 0, 9999, &out.command),
        REFRAIN_E_RANGE);
    NUL(refrain_program_part, program, (NULL, 0, &out.number));
    NUL(refrain_program_part, lane_out, (program, 0, NULL));
    ROW("no such part", refrain_program_part(program, parts, &out.number), REFRAIN_E_RANGE);
    NUL(refrain_program_path, program, (NULL, 0, 0, todo, 1, 0, segments, 16, &out.size));
    NUL(refrain_program_path, decisions, (program, 0, 0, NULL, 1, 0, segments, 16, &out.size));
    NUL(refrain_program_path, segments_out, (program, 0, 0, todo, 1, 0, NULL, 16, &out.size));
    NUL(refrain_program_path, count_out, (program, 0, 0, todo, 1, 0, segments, 16, NULL));
    ROW("path of no part",
        refrain_program_path(program, parts, 0, todo, 1, 0, segments, 16, &out.size),
        REFRAIN_E_RANGE);
    ROW("path of no step", refrain_program_path(program, 0, 6, todo, 1, 0, segments, 16, &out.size),
        REFRAIN_E_RANGE);
    ROW("two decisions", refrain_program_path(program, 0, 0, todo, 2, 0, segments, 16, &out.size),
        REFRAIN_E_VALUE);
    ROW("no room for a path", refrain_program_path(program, 0, 0, todo, 1, 0, NULL, 0, &out.size),
        REFRAIN_E_CAPACITY);
    todo[0].action = 99;
    ROW("action 99",
        refrain_program_path(program, parts - 1, 0, todo, 1, 0, segments, 16, &out.size),
        REFRAIN_E_VALUE);
    ROW("values of action 99",
        refrain_program_values(program, todo, 0, NULL, 0, values, 16, &out.size), REFRAIN_E_VALUE);
    todo[0].action = REFRAIN_ACTION_COMPUTE;
    NUL(refrain_program_values, program, (NULL, todo, 0, NULL, 0, values, 16, &out.size));
    NUL(refrain_program_values, decision, (program, NULL, 0, NULL, 0, values, 16, &out.size));
    NUL(refrain_program_values, sums, (program, todo, 0, NULL, 2, values, 16, &out.size));
    NUL(refrain_program_values, values_out, (program, todo, 0, NULL, 0, NULL, 16, &out.size));
    NUL(refrain_program_values, count_out, (program, todo, 0, NULL, 0, values, 16, NULL));
    /* A computed call of this policy is committed with nothing, a decision needs one signal. */
    TRY(refrain_program_values(program, todo, 3, NULL, 0, NULL, 0, &count));
    CHECK(count == 0);
    todo[0].needs = 1;
    ROW("no room for a value",
        refrain_program_values(program, todo, 0, NULL, 0, NULL, 0, &out.size), REFRAIN_E_CAPACITY);
    TRY(refrain_program_values(program, todo, 0, sums, 2, values, 1, &count));
    CHECK(count == 1 && values[0] == 0.25);
    todo[0].lane = 1;
    ROW("values of no lane",
        refrain_program_values(program, todo, 0, NULL, 0, values, 1, &out.size), REFRAIN_E_RANGE);
    NUL(refrain_program_step, program, (NULL, 0, &out.step));
    NUL(refrain_program_step, step_out, (program, 0, NULL));
    ROW("step 6 of 6", refrain_program_step(program, 6, &out.step), REFRAIN_E_RANGE);
    NUL(refrain_program_filter, program, (NULL, 0, out.values, 4, &out.size));
    NUL(refrain_program_filter, values_out, (program, 0, NULL, 4, &out.size));
    NUL(refrain_program_filter, count_out, (program, 0, out.values, 4, NULL));
    ROW("no filter", refrain_program_filter(program, 0, out.values, 4, &out.size),
        REFRAIN_E_UNSUPPORTED);
    segments[0] = 0;
    NUL(refrain_program_lifetimes, program, (NULL, segments, 1, &out.lifetime, 1));
    NUL(refrain_program_lifetimes, segments, (program, NULL, 1, &out.lifetime, 1));
    NUL(refrain_program_lifetimes, lifetimes_out, (program, segments, 1, NULL, 1));
    ROW("no room for lifetimes", refrain_program_lifetimes(program, segments, 1, &out.lifetime, 1),
        REFRAIN_E_CAPACITY);
    segments[0] = segment_count;
    ROW("lifetimes of no segment",
        refrain_program_lifetimes(program, segments, 1, &out.lifetime, 1), REFRAIN_E_RANGE);
    NUL(refrain_noise_fill, values_out, (1, 4, NULL, 4));
    ROW("noise of half a picture", refrain_noise_fill(1, 3, out.values, 4), REFRAIN_E_VALUE);
    ROW("noise of pictures without values", refrain_noise_fill(1, 0, out.values, 4),
        REFRAIN_E_VALUE);
}

/* Every command fits the table of kernels and the buffers, and every path ends. */
static void walk(const refrain_program *program) {
    refrain_program_sizes sizes;
    uint32_t s, c, b, i, weights = 0, filled = 0, used = 0, segments[16], path[512];
    refrain_decision *todo;
    refrain_lifetime *lifetimes;
    size_t count, length = 0;
    TRY(refrain_program_info(program, &sizes));
    for (i = 0; i < sizes.buffer_count; i++) {
        refrain_buffer buffer;
        const void *data;
        TRY(refrain_program_buffer(program, i, &buffer));
        TRY(refrain_program_contents(program, i, &data, &count));
        CHECK(buffer.bytes % 4 == 0 && buffer.name.length > 0);
        CHECK(count == 0 || count == buffer.bytes);
        CHECK(buffer.bytes >= buffer.elements * (buffer.format == 0 ? 4 : 2));
        if (buffer.role == REFRAIN_ROLE_WEIGHT) {
            weights++;
            CHECK(count == buffer.bytes);
        } else {
            filled += count > 0;
            CHECK(count == 0 || buffer.role == REFRAIN_ROLE_INPUT);
        }
    }
    CHECK(weights > 20 && filled >= 1);
    for (s = 0; s < sizes.segment_count; s++) {
        refrain_segment segment;
        TRY(refrain_program_segment(program, s, &segment));
        for (c = 0; c < segment.command_count; c++) {
            refrain_command command;
            refrain_kernel kernel;
            TRY(refrain_program_command(program, s, c, &command));
            if (command.kernel == REFRAIN_NONE) {
                CHECK(command.copy_from != command.copy_to && command.copy_to < sizes.buffer_count);
                continue;
            }
            TRY(refrain_kernel_info(command.kernel, &kernel));
            CHECK(kernel.binding_count == command.binding_count);
            CHECK(kernel.params_bytes == command.params_bytes);
            CHECK(kernel.constant_count <= REFRAIN_MAX_CONSTANTS);
            for (b = 0; b < command.binding_count; b++)
                CHECK(command.bindings[b] < sizes.buffer_count);
        }
    }
    todo = calloc(sizes.decision_count, sizeof *todo);
    lifetimes = calloc(sizes.buffer_count, sizeof *lifetimes);
    CHECK(todo != NULL && lifetimes != NULL);
    for (i = 0; i < sizes.part_count; i++) {
        TRY(refrain_program_path(program, i, 0, todo, sizes.decision_count, 0, segments, 16,
                                 &count));
        for (c = 0; c < count; c++) {
            CHECK(segments[c] < sizes.segment_count && length < 512);
            path[length++] = segments[c];
        }
    }
    TRY(refrain_program_lifetimes(program, path, length, lifetimes, sizes.buffer_count));
    CHECK(lifetimes[sizes.x].first != REFRAIN_NONE);
    for (i = 0; i < sizes.buffer_count; i++) {
        CHECK((lifetimes[i].first == REFRAIN_NONE) == (lifetimes[i].last == REFRAIN_NONE));
        used += lifetimes[i].first != REFRAIN_NONE && lifetimes[i].first <= lifetimes[i].last;
    }
    CHECK(used > weights);
    if (sizes.filter != REFRAIN_NONE) {
        refrain_buffer buffer;
        float *matrix;
        TRY(refrain_program_buffer(program, sizes.filter, &buffer));
        matrix = malloc(buffer.bytes);
        CHECK(matrix != NULL);
        TRY(refrain_program_filter(program, 0, matrix, (size_t)buffer.elements, &count));
        CHECK(count == buffer.elements && matrix[0] != 0.0f);
        free(matrix);
    }
    free(todo);
    free(lifetimes);
}

int main(int argc, char **argv) {
    refrain_model_options options = {sizeof options, 0, 0, 0};
    refrain_program *program;
    CHECK(argc >= 3);
    plant(argc > 3 ? argv[3] : "");
    options.num_heads = (uint32_t)atoi(argv[2]);
    TRY(refrain_model_open(argv[1], &options, &model, NULL, 0));
    create();
    program = made("teacache:threshold=0.1,predictor=taylor,order=1", 2.0f);
    refused(program);
    walk(program);
    refrain_program_destroy(program);
    program = made("seacache", 1.0f);
    walk(program);
    refrain_program_destroy(program);
    program = made("interval:interval=2,site=modules", 2.0f);
    walk(program);
    refrain_program_destroy(program);
    refrain_model_destroy(model);
    return finish();
}
