# SPDX-License-Identifier: MIT OR Apache-2.0
"""The C functions of include/refrain.h that the package uses."""

import ctypes
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_double, c_float, c_size_t, c_uint32, c_void_p
from ctypes.util import find_library
from pathlib import Path

ABI_VERSION = 1
POLICY_BYTES = 3680
SITE_OFFSET, SPLIT_OFFSET, VERIFY_OFFSET = 1520, 1464, 1488
ALIGNMENT = 16
NO_SLOT, ADD_TO_SLOTS, SET_SLOTS = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
E_CAPACITY = -8
REASON_FORECAST_REJECTED = 14
ACTION_COMPUTE, ACTION_VERIFY = 0, 3
VERIFY_KIND_ROLLBACK = 2


class Call(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("step", "evaluation", "lane", "reserved")]
    _fields_ += [("time", c_double)]


class Decision(ctypes.Structure):
    _fields_ = [
        (name, c_uint32)
        for name in "needs signal metric reference filter aligned lane action reason order slot".split()
    ]
    _fields_ += [("weights", c_float * 8), ("low_weights", c_float * 8)]


class Event(ctypes.Structure):
    _fields_ = [
        (name, c_uint32) for name in "call step evaluation lane action reason order slot".split()
    ]
    _fields_ += [("signal", c_double), ("spent", c_double)]


class Stats(ctypes.Structure):
    _fields_ = [
        (name, c_uint32) for name in "calls computed reused predicted verified rejected".split()
    ]
    _fields_ += [("reserved", c_uint32 * 2)]


class Site(ctypes.Structure):
    _fields_ = [(name, c_uint32) for name in ("kind", "front", "back", "keep")]
    _fields_ += [("share", c_double), ("boundary", c_double)]


class Error(Exception):
    """An error of the library. `status` is its number, `name` such as "REFRAIN_E_VALUE"; the text says
    why."""

    def __init__(self, status, why=""):
        self.status = status
        self.name = lib.refrain_status_name(status).decode()
        super().__init__(f"{self.name}: {why}" if why else self.name)


def _found():
    given = os.environ.get("REFRAIN_LIBRARY")
    if given:
        return given
    names = {"darwin": "librefrain.dylib", "win32": "refrain.dll"}
    beside = Path(__file__).with_name(names.get(sys.platform, "librefrain.so"))
    if beside.exists():
        return str(beside)
    installed = find_library("refrain")
    if installed is None:
        raise ImportError(f"{beside} is not there; name the library in REFRAIN_LIBRARY")
    return installed


def _load():
    library = ctypes.CDLL(_found())
    texts = "status action reason signal reference metric filter wants notice method".split()
    for name in texts:
        function = getattr(library, f"refrain_{name}_name")
        function.restype, function.argtypes = c_char_p, [c_uint32]
    library.refrain_status_name.argtypes = [ctypes.c_int32]
    library.refrain_version_string.restype = c_char_p
    library.refrain_abi_version.restype = c_uint32
    library.refrain_action_letter.restype = ctypes.c_char
    library.refrain_action_letter.argtypes = [c_uint32]
    policy, scheduler, number = c_void_p, c_void_p, POINTER(c_uint32)
    message = [c_char_p, c_size_t]
    room = [c_char_p, c_size_t, POINTER(c_size_t)]
    floats, doubles = c_void_p, POINTER(c_double)
    for name, arguments in {
        "policy_parse": [c_char_p, c_size_t, policy] + message,
        "policy_text": [policy] + room,
        "policy_anchors": [policy, number],
        "policy_wants": [policy, number],
        "policy_needs_table": [policy, number],
        "policy_apply_table": [policy, c_char_p, c_size_t, policy] + message,
        "scheduler_size": [c_uint32, POINTER(c_size_t)],
        "scheduler_init": [c_void_p, c_size_t, policy, c_uint32, c_uint32, c_uint32, POINTER(c_void_p)]
        + message,
        "scheduler_reset": [scheduler],
        "scheduler_begin": [scheduler, POINTER(Call), POINTER(Decision)],
        "scheduler_decide": [scheduler, c_uint32, doubles, c_uint32, POINTER(Decision)],
        "scheduler_commit": [scheduler, c_uint32, doubles, c_uint32, POINTER(Event)],
        "scheduler_abandon": [scheduler, c_uint32],
        "scheduler_invalidate": [scheduler, c_uint32],
        "scheduler_stats": [scheduler, POINTER(Stats)],
        "scheduler_notice": [scheduler, number],
        "scheduler_save_size": [scheduler, POINTER(c_size_t)],
        "scheduler_save": [scheduler, c_char_p, c_size_t, POINTER(c_size_t)],
        "scheduler_restore": [scheduler, c_char_p, c_size_t],
        "cpu_change": [c_uint32, floats, floats, c_size_t, doubles],
    }.items():
        function = getattr(library, f"refrain_{name}")
        function.restype, function.argtypes = ctypes.c_int32, arguments
    return library


lib = _load()
if lib.refrain_abi_version() != ABI_VERSION:
    raise ImportError("the refrain library and this package are of different ABI versions")


def check(status, why=None):
    if status != 0:
        raise Error(status, why.value.decode() if why is not None else "")


def number(function, *arguments):
    """What a function writes into its only output, a number."""
    out = c_uint32()
    check(function(*arguments, byref(out)))
    return out.value


def names(kind):
    """The names of an enum, by number."""
    function, found = getattr(lib, f"refrain_{kind}_name"), []
    while function(len(found)) != b"unknown":
        found.append(function(len(found)).decode())
    return found
