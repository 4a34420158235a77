/* The library on an allocator of the host's: everything comes from it and goes back to it.

   Usage: heap MODEL HEADS [late|plant] */
#include <refrain.h>

#include <string.h>

#include "check.h"

/* Blocks with their size in front, so that a wrong size or alignment on release is seen. */
struct heap {
    size_t blocks, bytes, most, calls, wrong, planted;
};

static void *take(void *user, size_t bytes, size_t alignment) {
    struct heap *heap = user;
    unsigned char *start = malloc(bytes + alignment + 3 * sizeof(size_t)), *at;
    size_t head = 3 * sizeof(size_t);
    if (start == NULL) return NULL;
    at = start + head + (alignment - (size_t)(uintptr_t)(start + head) % alignment) % alignment;
    memcpy(at - 3 * sizeof(size_t), &start, sizeof start);
    memcpy(at - 2 * sizeof(size_t), &bytes, sizeof bytes);
    memcpy(at - sizeof(size_t), &alignment, sizeof alignment);
    __atomic_add_fetch(&heap->blocks, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&heap->calls, 1, __ATOMIC_SEQ_CST);
    if (__atomic_add_fetch(&heap->bytes, bytes, __ATOMIC_SEQ_CST) > heap->most) heap->most = heap->bytes;
    return at;
}

static void give(void *user, void *memory, size_t bytes, size_t alignment) {
    struct heap *heap = user;
    unsigned char *at = memory, *start;
    size_t had, aligned;
    memcpy(&start, at - 3 * sizeof(size_t), sizeof start);
    memcpy(&had, at - 2 * sizeof(size_t), sizeof had);
    memcpy(&aligned, at - sizeof(size_t), sizeof aligned);
    had += heap->planted;
    if (had != bytes || aligned != alignment) __atomic_add_fetch(&heap->wrong, 1, __ATOMIC_SEQ_CST);
    __atomic_sub_fetch(&heap->blocks, 1, __ATOMIC_SEQ_CST);
    __atomic_sub_fetch(&heap->bytes, bytes, __ATOMIC_SEQ_CST);
    free(start);
}

int main(int argc, char **argv) {
    static struct heap heap;
    refrain_allocator allocator = {take, give, &heap}, half = {take, NULL, &heap};
    refrain_model_options options = {sizeof options, 0, 0, 0};
    refrain_model *model;
    refrain_engine *engine;
    refrain_sampling *sampling;
    refrain_settings settings;
    const uint32_t class = 0;
    uint32_t left;
    size_t before;
    CHECK(argc >= 3);
    CHECK(refrain_features() & REFRAIN_FEATURE_ALLOCATOR);
    CHECK(refrain_allocator_set(NULL) == REFRAIN_E_NULL);
    printf("NULL refrain_allocator_set.allocator REFRAIN_E_NULL\n");
    CHECK(refrain_allocator_set(&half) == REFRAIN_E_NULL);
    options.num_heads = (uint32_t)atoi(argv[2]);
    if (argc > 3 && strcmp(argv[3], "late") == 0) {
        TRY(refrain_model_open(argv[1], &options, &model, NULL, 0));
        CHECK(refrain_allocator_set(&allocator) == REFRAIN_E_ORDER);
        refrain_model_destroy(model);
        CHECK(heap.calls == 0);
        printf("too late\n");
        return 0;
    }
    heap.planted = argc > 3 && strcmp(argv[3], "plant") == 0;
    TRY(refrain_allocator_set(&allocator));
    CHECK(refrain_allocator_set(&allocator) == REFRAIN_E_ORDER);

    TRY(refrain_model_open(argv[1], &options, &model, NULL, 0));
    TRY(refrain_engine_create(model, REFRAIN_BACKEND_CPU, &engine, NULL, 0));
    TRY(refrain_settings_default(sizeof settings, &settings));
    settings.steps = 3;
    settings.class_count = 1;
    settings.classes = &class;
    before = heap.bytes;
    TRY(refrain_sampling_create(engine, &settings, &sampling, NULL, 0));
    CHECK(heap.bytes > before && heap.most > 100000);
    do {
        TRY(refrain_sampling_advance(sampling, NULL, &left, NULL, 0));
    } while (left > 0);
    refrain_sampling_destroy(sampling);
    refrain_engine_destroy(engine);
    refrain_model_destroy(model);
    CHECK(heap.wrong == 0);
    /* What stays belongs to threads that wait for more work, and is little. */
    CHECK(heap.blocks < 200 && heap.bytes < 65536);
    printf("all of it\n");
    return 0;
}
