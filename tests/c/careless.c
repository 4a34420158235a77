/* Two mistakes that only a watcher of memory sees, for tests/capi to see that it watches.

   Usage: careless leak|overrun MODEL HEADS */
#include <refrain.h>

#include <string.h>

#include "check.h"

int main(int argc, char **argv) {
    CHECK(argc == 4);
    if (strcmp(argv[1], "leak") == 0) {
        refrain_model *model;
        refrain_model_options options = {sizeof options, 0, 0, 0};
        options.num_heads = (uint32_t)atoi(argv[3]);
        TRY(refrain_model_open(argv[2], &options, &model, NULL, 0));
        model = NULL;
    } else {
        /* The library is told of one value more than there is. */
        float *values = calloc(8, sizeof *values);
        double change;
        CHECK(values != NULL);
        TRY(refrain_cpu_change(REFRAIN_METRIC_MEAN_ABSOLUTE, values, values + 4, 5, &change));
        printf("%g\n", change);
        free(values);
    }
    return 0;
}
