/* Converts options of other libraries: prints each policy, and a line for what does not carry over.

   Usage: peers [plant] */
#include <refrain.h>

#include <string.h>

#include "check.h"

static const struct {
    uint32_t dialect;
    const char *options;
} given[] = {
    {REFRAIN_PEER_SD_CPP, "--cache-mode easycache --cache-option threshold=0.25"},
    {REFRAIN_PEER_SD_CPP, "--cache-mode ucache --cache-option threshold=1.5,relative=0 --steps 20"},
    {REFRAIN_PEER_SD_CPP, "--cache-mode spectrum"},
    {REFRAIN_PEER_CACHE_DIT,
     "DBCacheConfig(Fn_compute_blocks=8, Bn_compute_blocks=0, max_warmup_steps=8)"},
    {REFRAIN_PEER_CACHE_DIT, "residual_diff_threshold: 0.12\nenable_taylorseer: true\n"},
    {REFRAIN_PEER_DIFFUSERS, "FirstBlockCacheConfig(threshold=0.2)"},
    {REFRAIN_PEER_DIFFUSERS, "MagCacheConfig(mag_ratios=FLUX_MAG_RATIOS)"},
    {REFRAIN_PEER_DIFFUSERS,
     "TaylorSeerCacheConfig(cache_interval=5, taylor_factors_dtype=torch.float32)"},
};

int main(int argc, char **argv) {
    size_t i, length;
    for (i = 0; i < sizeof given / sizeof given[0]; i++) {
        refrain_policy policy, again;
        char report[8192], text[8192], why[256];
        refrain_status status =
            refrain_policy_from_options(given[i].dialect, given[i].options, sizeof policy, &policy, report,
                                        sizeof report, &length, why, sizeof why);
        if (status != REFRAIN_OK) {
            fprintf(stderr, "%s: %s\n", given[i].options, why);
            return 1;
        }
        CHECK(length == strlen(report));
        TRY(refrain_policy_check(&policy, 20, 1, NULL, 0));
        TRY(refrain_policy_text(&policy, text, sizeof text, &length));
        /* A fault for the test: the policy is changed behind its text. */
        if (argc > 1 && strcmp(argv[1], "plant") == 0) policy.guards.last_steps = 7;
        TRY(refrain_policy_parse(text, sizeof again, &again, NULL, 0));
        if (memcmp(&policy, &again, sizeof policy) != 0) {
            fprintf(stderr, "%s is not its policy\n", text);
            return 2;
        }
        printf("%s\n%s%s", text, report, *report ? "\n" : "");
    }
    return 0;
}
