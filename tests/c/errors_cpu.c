/* Everything a caller of predictors and buffers can get wrong that the library can see.

   Usage: errors_cpu [plant-status|plant-output] */
#include <math.h>

#include "rows.h"

static void predictors(void) {
    refrain_policy policy;
    refrain_predictor rule;
    double times[9] = {3.0, 2.0, 1.0, 0, 0, 0, 0, 0, 0};
    refrain_predictor_inputs given = {0}, none = {0};
    POLICY("taylorseer:order=2", &policy);
    rule = policy.predictor;
    given.times = times;
    given.count = 3;
    given.target = 4.0;
    given.span = 8.0;
    NUL(refrain_predictor_weights, predictor, (NULL, &given, &out.weights));
    NUL(refrain_predictor_weights, given, (&rule, NULL, &out.weights));
    NUL(refrain_predictor_weights, weights_out, (&rule, &given, NULL));
    none = given;
    none.times = NULL;
    ROW("no times", refrain_predictor_weights(&rule, &none, &out.weights), REFRAIN_E_NULL);
    none = given;
    none.row_count = 1;
    ROW("no row", refrain_predictor_weights(&rule, &none, &out.weights), REFRAIN_E_NULL);
    none.row_count = 0;
    none.moments_count = 1;
    ROW("no moments", refrain_predictor_weights(&rule, &none, &out.weights), REFRAIN_E_NULL);
    none.moments = (const double *)(const void *)((const char *)times + 1);
    ROW("misaligned moments", refrain_predictor_weights(&rule, &none, &out.weights),
        REFRAIN_E_MEMORY);
    given.count = 9;
    ROW("nine times", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_RANGE);
    given.count = 3;
    given.target = NAN;
    ROW("target NaN", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    given.target = 4.0;
    given.span = INFINITY;
    ROW("span infinite", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    given.span = 8.0;
    times[1] = INFINITY;
    ROW("time infinite", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    times[1] = 2.0;
    rule.order = 5;
    ROW("order 5", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    rule.order = 2;
    rule.sigma = NAN;
    ROW("sigma NaN", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    rule.sigma = 0.5;
    rule.kind = REFRAIN_PREDICTOR_KIND_HERMITE;
    rule.sigma = 0.0;
    ROW("sigma 0", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    rule.sigma = -5.0;
    ROW("sigma -5", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    rule.sigma = 0.5;
    rule.blend = 7.0;
    ROW("blend 7", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    rule.blend = 1.0;
    rule.horizon = -1.0;
    ROW("horizon -1", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    rule.horizon = 0.0;
    rule.kind = REFRAIN_PREDICTOR_KIND_CHEBYSHEV;
    rule.ridge = -1.0;
    ROW("ridge -1", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    rule.ridge = 0.1;
    given.span = 0.0;
    ROW("span 0", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    given.span = 8.0;
    rule.kind = REFRAIN_PREDICTOR_KIND_TABLE;
    ROW("a table without a row", refrain_predictor_weights(&rule, &given, &out.weights),
        REFRAIN_E_VALUE);
    /* What the kind does not look at may be anything. */
    rule.kind = REFRAIN_PREDICTOR_KIND_TAYLOR;
    rule.sigma = -5.0;
    TRY(refrain_predictor_weights(&rule, &given, &out.weights));
    CHECK(out.weights.count == 3);
    rule.sigma = 0.5;
    blank();
    rule.kind = 77;
    ROW("predictor 77", refrain_predictor_weights(&rule, &given, &out.weights), REFRAIN_E_VALUE);
    rule.kind = REFRAIN_PREDICTOR_KIND_TAYLOR;
    rule.reserved = 1;
    ROW("predictor.reserved", refrain_predictor_weights(&rule, &given, &out.weights),
        REFRAIN_E_UNSUPPORTED);
}

static void buffers(void) {
    const float a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 5};
    const float weights[2] = {0.0f, 0.5f};
    const float *anchors[9] = {NULL, a, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    const float missing[2] = {0.5f, 0.5f};
    float first[4], second[4];
    float *sums[9] = {first, second, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    uint32_t metric;
    int i;
    NUL(refrain_cpu_change, reference, (0, NULL, b, 4, &out.value));
    NUL(refrain_cpu_change, now, (0, a, NULL, 4, &out.value));
    NUL(refrain_cpu_change, value_out, (0, a, b, 4, NULL));
    NUL(refrain_cpu_rate, output_before, (1.0, NULL, b, 4, &out.value));
    NUL(refrain_cpu_rate, output, (1.0, a, NULL, 4, &out.value));
    NUL(refrain_cpu_rate, rate_out, (1.0, a, b, 4, NULL));
    NUL(refrain_cpu_alignment, probe, (NULL, a, b, 4, &out.value));
    NUL(refrain_cpu_alignment, newest, (a, NULL, b, 4, &out.value));
    NUL(refrain_cpu_alignment, older, (a, b, NULL, 4, &out.value));
    NUL(refrain_cpu_alignment, factor_out, (a, b, b, 4, NULL));
    NUL(refrain_cpu_product, a, (NULL, b, 4, &out.value));
    NUL(refrain_cpu_product, b, (a, NULL, 4, &out.value));
    NUL(refrain_cpu_product, product_out, (a, b, 4, NULL));
    NUL(refrain_cpu_accumulate, weights, (REFRAIN_SET_SLOTS, NULL, a, 4, sums, 2));
    NUL(refrain_cpu_accumulate, feature, (REFRAIN_SET_SLOTS, weights, NULL, 4, sums, 2));
    NUL(refrain_cpu_accumulate, sums, (REFRAIN_SET_SLOTS, weights, a, 4, NULL, 2));
    NUL(refrain_cpu_blend, weights, (NULL, anchors, 2, a, 4, out.values));
    NUL(refrain_cpu_blend, anchors, (weights, NULL, 2, a, 4, out.values));
    NUL(refrain_cpu_blend, values_out, (weights, anchors, 2, a, 4, NULL));
    ROW("unknown metric", refrain_cpu_change(99, a, b, 4, &out.value), REFRAIN_E_RANGE);
    ROW("an anchor that is read is NULL", refrain_cpu_blend(missing, anchors, 2, a, 4, out.values),
        REFRAIN_E_NULL);
    ROW("nine anchors", refrain_cpu_blend(weights, anchors, 9, a, 4, out.values), REFRAIN_E_RANGE);
    ROW("a sum is NULL",
        refrain_cpu_accumulate(REFRAIN_ADD_TO_SLOTS, (const float[3]){0}, a, 4, sums, 3),
        REFRAIN_E_NULL);
    ROW("nine sums", refrain_cpu_accumulate(REFRAIN_SET_SLOTS, weights, a, 4, sums, 9),
        REFRAIN_E_RANGE);
    ROW("sums in one slot", refrain_cpu_accumulate(0, weights, a, 4, sums, 2), REFRAIN_E_RANGE);
    ROW("sums in no slot", refrain_cpu_accumulate(REFRAIN_NO_SLOT, weights, a, 4, sums, 2),
        REFRAIN_E_RANGE);
    ROW("misaligned values",
        refrain_cpu_change(0, (const float *)(const void *)((const char *)a + 1), b, 3, &out.value),
        REFRAIN_E_MEMORY);
    ROW("more values than memory", refrain_cpu_change(3, a, b, (size_t)-1, &out.value),
        REFRAIN_E_MEMORY);
    /* A pointer whose count is 0 is not looked at. */
    for (metric = 0; strcmp(refrain_metric_name(metric), "unknown") != 0; metric++) {
        TRY(refrain_cpu_change(metric, NULL, NULL, 0, &out.value));
        CHECK(!isfinite(out.value));
        TRY(refrain_cpu_change(metric, b, b, 4, &out.value));
        CHECK(out.value >= 0.0 && out.value < 1e-12);
    }
    CHECK(metric == REFRAIN_METRIC_L2 + 1);
    TRY(refrain_cpu_product(NULL, NULL, 0, &out.value));
    CHECK(out.value == 0.0);
    TRY(refrain_cpu_blend(NULL, NULL, 0, NULL, 0, NULL));
    TRY(refrain_cpu_accumulate(REFRAIN_SET_SLOTS, NULL, NULL, 0, NULL, 0));
    TRY(refrain_cpu_change(REFRAIN_METRIC_RELATIVE_L1, a, b, 4, &out.value));
    CHECK(out.value == 0.1);
    TRY(refrain_cpu_change(REFRAIN_METRIC_L2, a, b, 4, &out.value));
    CHECK(out.value == 1.0);
    TRY(refrain_cpu_alignment(b, a, a, 4, &out.value));
    CHECK(!isfinite(out.value));
    TRY(refrain_cpu_alignment(b, b, a, 4, &out.value));
    CHECK(out.value == 1.0);
    TRY(refrain_cpu_product(a, b, 4, &out.value));
    CHECK(out.value == 34.0);
    TRY(refrain_cpu_accumulate(REFRAIN_SET_SLOTS, missing, a, 4, sums, 2));
    TRY(refrain_cpu_accumulate(REFRAIN_ADD_TO_SLOTS, weights, b, 4, sums, 2));
    for (i = 0; i < 4; i++) CHECK(first[i] == 0.5f * a[i] && second[i] == 0.5f * (a[i] + b[i]));
    TRY(refrain_cpu_blend(weights, anchors, 2, b, 4, out.values));
    for (i = 0; i < 4; i++) CHECK(out.values[i] == b[i] + 0.5f * a[i]);
    TRY(refrain_cpu_blend(weights, anchors, 2, out.values, 4, out.values));
    for (i = 0; i < 4; i++) CHECK(out.values[i] == b[i] + a[i]);
    TRY(refrain_cpu_blend(weights, anchors, 2, NULL, 4, out.values));
    for (i = 0; i < 4; i++) CHECK(out.values[i] == 0.5f * a[i]);
    blank();
}

int main(int argc, char **argv) {
    plant(argc > 1 ? argv[1] : "");
    predictors();
    buffers();
    return finish();
}
