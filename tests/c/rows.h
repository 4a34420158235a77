/* Rows of a table of errors: each names what is wrong, makes the call, and compares the status;
   outputs must be as they were. Prints a line a row. */
#ifndef ROWS_H
#define ROWS_H

#include <refrain.h>

#include <string.h>

#include "check.h"

/* Every output of every call. */
static struct {
    refrain_policy policy;
    refrain_scheduler *scheduler;
    refrain_decision decision;
    refrain_event event;
    refrain_stats stats;
    refrain_weights weights;
    refrain_kernel kernel;
    refrain_binding binding;
    refrain_variant variant;
    refrain_text text;
    refrain_model *model;
    refrain_model_sizes info;
    refrain_engine *engine;
    refrain_settings settings;
    refrain_memory memory;
    refrain_sampling *sampling;
    refrain_forward *forward;
    refrain_place place;
    refrain_program *program;
    refrain_program_sizes sizes;
    refrain_lane_buffers lane;
    refrain_buffer buffer;
    refrain_segment segment;
    refrain_command command;
    refrain_step step;
    refrain_lifetime lifetime;
    const void *data;
    float values[4];
    double value;
    size_t size;
    uint32_t number, workgroups[3];
    unsigned char bytes[64];
    char string[64];
} out;

static int failures;

static void blank(void) { memset(&out, 0xA5, sizeof out); }

static int is_blank(void) {
    const unsigned char *at = (const unsigned char *)&out;
    size_t i;
    for (i = 0; i < sizeof out; i++)
        if (at[i] != 0xA5) return 0;
    return 1;
}

static void expect(const char *what, refrain_status got, refrain_status expected) {
    printf("%s %s\n", what, refrain_status_name(got));
    if (got != expected) {
        fprintf(stderr, "%s: %s, expected %s\n", what, refrain_status_name(got),
                refrain_status_name(expected));
        failures++;
    }
    if (expected != REFRAIN_OK && expected != REFRAIN_E_CAPACITY && !is_blank()) {
        fprintf(stderr, "%s: an output was written\n", what);
        failures++;
    }
    blank();
}

/* A row of a NULL pointer: the function, the parameter that is NULL, the arguments. */
#define NUL(function, parameter, arguments)                                    \
    expect("NULL " #function "." #parameter, function arguments, REFRAIN_E_NULL)
/* A row of another error. */
#define ROW(what, call, expected) expect(what, call, expected)

#define POLICY(text, policy) TRY(refrain_policy_parse(text, sizeof(refrain_policy), policy, NULL, 0))

/* Two faults that may be planted: a wrong status is expected, or an output is written. */
static void plant(const char *fault) {
    blank();
    if (strcmp(fault, "plant-output") == 0) out.size = 0;
    if (strncmp(fault, "plant", 5) == 0)
        expect("planted", refrain_policy_check(NULL, 0, 0, NULL, 0),
               strcmp(fault, "plant-status") == 0 ? REFRAIN_E_ORDER : REFRAIN_E_NULL);
}

static int finish(void) {
    if (failures) fprintf(stderr, "%d rows failed\n", failures);
    return failures != 0;
}

#endif
