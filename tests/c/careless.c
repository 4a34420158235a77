/* Three mistakes that only a watcher of memory sees, for tests/capi to see that it watches.

   Usage: careless leak|overrun|beyond MODEL HEADS */
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
    } else if (strcmp(argv[1], "beyond") == 0) {
        /* The library's answer is taken for more than it is. */
        size_t bytes, i;
        unsigned char *memory;
        unsigned sum = 0;
        TRY(refrain_scheduler_size(1, &bytes));
        memory = calloc(bytes, 1);
        CHECK(memory != NULL);
        for (i = 0; i <= bytes; i++) sum += memory[i];
        printf("%u\n", sum);
        free(memory);
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
