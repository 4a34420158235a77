"""Prints where the fields of the package's structs are, and its numbers, in the names of
include/refrain.h."""

import ctypes

from refrain import _c

for struct in (_c.Call, _c.Decision, _c.Event, _c.Stats, _c.Site):
    name = "refrain_" + struct.__name__.lower()
    for field, _ in struct._fields_:
        print(f"{name}.{field} {getattr(struct, field).offset}")
    print(name, ctypes.sizeof(struct))
print("refrain_policy", _c.POLICY_BYTES)
for part in ("site", "split", "verify"):
    print(f"refrain_policy.{part}", getattr(_c, part.upper() + "_OFFSET"))
for number in "NO_SLOT ADD_TO_SLOTS SET_SLOTS ABI_VERSION ALIGNMENT E_CAPACITY".split():
    print(f"REFRAIN_{number}", getattr(_c, number))
for number in "REASON_FORECAST_REJECTED ACTION_COMPUTE ACTION_VERIFY VERIFY_KIND_ROLLBACK".split():
    print(f"REFRAIN_{number}", getattr(_c, number))
