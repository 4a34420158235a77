/* A program with a second library written in Rust, which catches a panic of its own. */
#include <refrain.h>
#include <stdio.h>

int other_catches(void);

int main(void) {
    printf("%s %d\n", refrain_version_string(), other_catches());
    return refrain_abi_version() == REFRAIN_ABI_VERSION && other_catches() == 7 ? 0 : 1;
}
