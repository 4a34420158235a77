/* Everything a caller of refrain_policy_from_options can get wrong that the library can see.

   Usage: errors_peers [plant-status|plant-output] */
#include "rows.h"

#define EASY "--cache-mode easycache"
#define FIRST "FirstBlockCacheConfig()"

static void options(void) {
    const size_t size = sizeof(refrain_policy);
    char why[200], small[8];
    size_t length;

    NUL(refrain_policy_from_options, options,
        (REFRAIN_PEER_SD_CPP, NULL, size, &out.policy, out.string, sizeof out.string, &out.size, NULL,
         0));
    NUL(refrain_policy_from_options, policy_out,
        (REFRAIN_PEER_DIFFUSERS, FIRST, size, NULL, out.string, sizeof out.string, &out.size, NULL, 0));
    NUL(refrain_policy_from_options, report_out,
        (REFRAIN_PEER_DIFFUSERS, FIRST, size, &out.policy, NULL, 64, &out.size, NULL, 0));
    NUL(refrain_policy_from_options, length_out,
        (REFRAIN_PEER_DIFFUSERS, FIRST, size, &out.policy, out.string, sizeof out.string, NULL, NULL, 0));
    ROW("unknown dialect",
        refrain_policy_from_options(3, FIRST, size, &out.policy, out.string, sizeof out.string, &out.size,
                                    NULL, 0),
        REFRAIN_E_RANGE);
    ROW("options of another dialect",
        refrain_policy_from_options(REFRAIN_PEER_SD_CPP, FIRST, size, &out.policy, out.string,
                                    sizeof out.string, &out.size, NULL, 0),
        REFRAIN_E_VALUE);
    ROW("no options",
        refrain_policy_from_options(REFRAIN_PEER_CACHE_DIT, "", size, &out.policy, out.string,
                                    sizeof out.string, &out.size, NULL, 0),
        REFRAIN_E_VALUE);
    ROW("no UTF-8",
        refrain_policy_from_options(REFRAIN_PEER_SD_CPP, "\xff", size, &out.policy, out.string,
                                    sizeof out.string, &out.size, NULL, 0),
        REFRAIN_E_VALUE);
    ROW("a size below the first version's",
        refrain_policy_from_options(REFRAIN_PEER_DIFFUSERS, FIRST, size - 1, &out.policy, out.string,
                                    sizeof out.string, &out.size, NULL, 0),
        REFRAIN_E_CONFIG_SIZE);
    ROW("a policy that is not aligned",
        refrain_policy_from_options(REFRAIN_PEER_DIFFUSERS, FIRST, size,
                                    (refrain_policy *)(void *)(out.bytes + 1), out.string,
                                    sizeof out.string, &out.size, NULL, 0),
        REFRAIN_E_MEMORY);

    /* The report does not fit: its length is written, and nothing else. */
    CHECK(refrain_policy_from_options(REFRAIN_PEER_SD_CPP, EASY, size, &out.policy, out.string,
                                      sizeof out.string, &length, NULL, 0) == REFRAIN_E_CAPACITY);
    CHECK(length > sizeof out.string && is_blank());
    CHECK(refrain_policy_from_options(REFRAIN_PEER_SD_CPP, EASY, size, &out.policy, NULL, 0, &length,
                                      NULL, 0) == REFRAIN_E_CAPACITY);
    CHECK(length > sizeof out.string && is_blank());
    /* Nothing to report still takes a zero. */
    CHECK(refrain_policy_from_options(REFRAIN_PEER_DIFFUSERS, FIRST, size, &out.policy, NULL, 0, &length,
                                      NULL, 0) == REFRAIN_E_CAPACITY);
    CHECK(length == 0 && is_blank());
    TRY(refrain_policy_from_options(REFRAIN_PEER_DIFFUSERS, FIRST, size, &out.policy, small, 1, &length,
                                    NULL, 0));
    CHECK(length == 0 && small[0] == 0 && out.policy.budget.threshold == 0.05);
    blank();

    /* The message names the option and the nearest one, and is cut to its capacity. */
    CHECK(refrain_policy_from_options(REFRAIN_PEER_DIFFUSERS, "FirstBlockCacheConfig(treshold=1)", size,
                                      &out.policy, NULL, 0, &length, why, sizeof why) == REFRAIN_E_VALUE);
    CHECK(strstr(why, "`treshold`") && strstr(why, "`threshold`") && is_blank());
    CHECK(refrain_policy_from_options(REFRAIN_PEER_DIFFUSERS, "x()", size, &out.policy, NULL, 0, &length,
                                      small, sizeof small) == REFRAIN_E_VALUE);
    CHECK(strlen(small) == sizeof small - 1 && is_blank());
}

int main(int argc, char **argv) {
    plant(argc > 1 ? argv[1] : "");
    options();
    return finish();
}
