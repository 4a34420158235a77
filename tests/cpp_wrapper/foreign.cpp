// A header of another binary interface than the library: everything that is made is refused.
#include <refrain.h>
#undef REFRAIN_ABI_VERSION
#define REFRAIN_ABI_VERSION 999
#include <refrain.hpp>

#include "check.hpp"

int main() {
    CHECK(!refrain::compatible());
    const auto refused = refrain::Policy::parse("full");
    FAILS(refused, REFRAIN_E_UNSUPPORTED);
    CHECK(refused.error().message() != refused.error().name());
    FAILS(refrain::Policy::preset(REFRAIN_METHOD_FULL), REFRAIN_E_UNSUPPORTED);
    FAILS(refrain::Scheduler::create(refrain::Policy(), 20), REFRAIN_E_UNSUPPORTED);
    FAILS(refrain::Model::open("nowhere"), REFRAIN_E_UNSUPPORTED);
    FAILS(refrain::Model::from_memory({}), REFRAIN_E_UNSUPPORTED);
    return 0;
}
