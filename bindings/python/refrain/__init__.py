# SPDX-License-Identifier: MIT OR Apache-2.0
"""refrain: which evaluations of a diffusion model to compute, and what stands in for the others.

    import refrain

    policy = refrain.Policy.parse("teacache:threshold=0.1")
    scheduler = refrain.Scheduler(policy, steps=50)
    kept = refrain.Features(policy)
    for step in range(50):
        with scheduler.begin(step) as call:
            if call.needs:
                call.measure(signal)            # what call.signal names; call.decide(x) for a number
            if call.computes:
                feature = network(x)
            else:
                feature = kept.stand_in(call)
            kept.take(call, feature)

A call that ends in an exception is abandoned, as if it had not been begun. Tensors may be NumPy arrays,
torch tensors, plain numbers or lists of numbers; refrain imports neither. To make the tables that
calibrated methods need, see `refrain.calibrate`.
"""

import ctypes
from array import array
from ctypes import byref, c_double, c_size_t, c_uint32, c_void_p

from . import _c
from ._c import Error, check, lib

__all__ = ["Call", "Error", "Features", "Policy", "Scheduler", "change", "relative_change", "version"]

version = lib.refrain_version_string().decode()

_NAMES = {kind: _c.names(kind) for kind in "action reason signal reference metric filter wants notice".split()}


class Policy:
    """When to skip, and how to fill in. Immutable."""

    def __init__(self, data):
        self._data = data

    @classmethod
    def parse(cls, text):
        """Reads "method", "method:key=value,..." or "mask:1101...". Raises Error, which names the key,
        the value, its range and the nearest name."""
        data, why = (ctypes.c_uint64 * (_c.POLICY_BYTES // 8))(), ctypes.create_string_buffer(400)
        check(lib.refrain_policy_parse(text.encode(), _c.POLICY_BYTES, data, why, len(why)), why)
        return cls(data)

    def apply_table(self, table):
        """This policy with what a calibrated table sets. `table`: its text, a Table of
        `refrain.calibrate`, or a path (an object with `read_text`)."""
        text = table.read_text() if hasattr(table, "read_text") else str(table)
        data, why = type(self._data)(), ctypes.create_string_buffer(400)
        status = lib.refrain_policy_apply_table(
            self._data, text.encode(), _c.POLICY_BYTES, data, why, len(why)
        )
        check(status, why)
        return Policy(data)

    @property
    def text(self):
        """The text form; parsing it gives the same policy."""
        length = c_size_t()
        status = lib.refrain_policy_text(self._data, None, 0, byref(length))
        if status != _c.E_CAPACITY:
            check(status)
        text = ctypes.create_string_buffer(length.value + 1)
        check(lib.refrain_policy_text(self._data, text, len(text), byref(length)))
        return text.value.decode()

    def __repr__(self):
        return f"Policy.parse({self.text!r})"

    def __eq__(self, other):
        return isinstance(other, Policy) and bytes(self._data) == bytes(other._data)

    def __hash__(self):
        return hash(bytes(self._data))

    @property
    def anchors(self):
        """Features that are kept at the site, 0 to 8."""
        return _c.number(lib.refrain_policy_anchors, self._data)

    @property
    def wants(self):
        """What a computed call is committed with: "nothing", "rate", "signal" or "products"."""
        return _NAMES["wants"][_c.number(lib.refrain_policy_wants, self._data)]

    @property
    def needs_table(self):
        """Whether it is calibrated and its curve or mask is still missing."""
        return _c.number(lib.refrain_policy_needs_table, self._data) != 0

    def _part(self, offset):
        return ctypes.c_uint32.from_buffer(self._data, offset).value

    @property
    def site(self):
        """What part of the network is skipped: a struct with the numbers of refrain_site."""
        return _c.Site.from_buffer_copy(self._data, _c.SITE_OFFSET)

    @property
    def keeps_residual(self):
        """True: what the site added to its input is kept, and a stand-in is put on the fresh input.
        False: what it gave is kept."""
        return self.site.keep == 0

    @property
    def splits_bands(self):
        """Whether the low band of a feature has weights of its own (`Call.low_weights`)."""
        return self._part(_c.SPLIT_OFFSET) != 0

    @property
    def rolls_back(self):
        """Whether a call whose forecast was rejected is to be begun again."""
        return self._part(_c.VERIFY_OFFSET) == _c.VERIFY_KIND_ROLLBACK


class Scheduler:
    """Decides, call by call, for one run. One thread at a time.

    steps: of the sampler. lanes: streams of features, for example guidance branches. evaluations: of the
    network, a step. Raises Error if the policy cannot run like that."""

    def __init__(self, policy, steps, lanes=1, evaluations=1):
        self.policy = policy
        size, why, self._self = c_size_t(), ctypes.create_string_buffer(400), c_void_p()
        check(lib.refrain_scheduler_size(lanes, byref(size)))
        self._memory = ctypes.create_string_buffer(size.value + _c.ALIGNMENT)
        start = -ctypes.addressof(self._memory) % _c.ALIGNMENT + ctypes.addressof(self._memory)
        status = lib.refrain_scheduler_init(
            start, size.value, policy._data, steps, evaluations, lanes, byref(self._self), why, len(why)
        )
        check(status, why)
        self._past = {}  # by lane: the signal at the previous and at the last two computed calls

    def begin(self, step, evaluation=0, lane=0, time=0.0):
        """Opens a call: use it in a `with` statement."""
        decision = _c.Decision()
        call = _c.Call(step, evaluation, lane, 0, time)
        check(lib.refrain_scheduler_begin(self._self, byref(call), byref(decision)))
        return Call(self, decision)

    def reset(self):
        """Starts a new run."""
        check(lib.refrain_scheduler_reset(self._self))
        self._past.clear()

    def invalidate(self, lane=0):
        """Forgets what is kept of a lane, because the prompt or a shape has changed."""
        check(lib.refrain_scheduler_invalidate(self._self, lane))
        self._past.pop(lane, None)

    @property
    def stats(self):
        """Counters: calls, computed, reused, predicted, verified, rejected."""
        stats = _c.Stats()
        check(lib.refrain_scheduler_stats(self._self, byref(stats)))
        return stats

    @property
    def notice(self):
        """What a user should hear: "none", "cannot-skip" or "nothing-skipped"."""
        return _NAMES["notice"][_c.number(lib.refrain_scheduler_notice, self._self)]

    def save(self):
        """The state of the decisions as bytes that are the same on every machine. What `Call.measure`
        compares with is not in it."""
        size = c_size_t()
        check(lib.refrain_scheduler_save_size(self._self, byref(size)))
        saved = ctypes.create_string_buffer(size.value)
        check(lib.refrain_scheduler_save(self._self, saved, len(saved), byref(size)))
        return saved.raw

    def restore(self, saved):
        """Takes over a state of a scheduler with the same policy, steps, lanes and evaluations."""
        check(lib.refrain_scheduler_restore(self._self, saved, len(saved)))
        self._past.clear()


class Call:
    """A call that is open. At the end of its `with` statement it is committed, unless it was before; if
    that ends in an exception, it is abandoned."""

    def __init__(self, scheduler, decision):
        self._scheduler, self._decision, self._open, self._now = scheduler, decision, True, None
        self.event = None
        """What was committed: a struct with the fields of refrain_event; None as long as it is open."""

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None and self._open:
                self.commit()
        finally:
            self.abandon()

    needs = property(lambda self: self._decision.needs, doc="Values to decide with first; 0: decided.")
    aligned = property(lambda self: self._decision.aligned != 0, doc="Whether factors follow them.")
    signal = property(lambda self: _NAMES["signal"][self._decision.signal], doc="What to measure.")
    metric = property(lambda self: _NAMES["metric"][self._decision.metric], doc="In which metric.")
    filter = property(lambda self: _NAMES["filter"][self._decision.filter], doc="Through which filter.")
    reference = property(
        lambda self: _NAMES["reference"][self._decision.reference],
        doc='What to compare with: "previous", its copy of the previous call, or "computed".',
    )
    lane = property(lambda self: self._decision.lane, doc="The lane.")
    action = property(
        lambda self: _NAMES["action"][self._decision.action],
        doc='"compute", "reuse", "predict" or "verify" (predict, and commit with the error of a block).',
    )
    letter = property(
        lambda self: lib.refrain_action_letter(self._decision.action).decode(), doc="C, r, p or v."
    )
    computes = property(
        lambda self: self._decision.action == _c.ACTION_COMPUTE and not self.needs,
        doc="Whether the network is to be run.",
    )
    reason = property(lambda self: _NAMES["reason"][self._decision.reason], doc="Why.")
    order = property(lambda self: self._decision.order, doc="Order of the forecast.")

    @property
    def slot(self):
        """The slot of the ring that the feature is to be written to; None for none."""
        slot = self._decision.slot
        return slot if slot < self._scheduler.policy.anchors else None

    @property
    def sums(self):
        """With a fit over the whole past: "set" or "add", what happens to every slot. Else None."""
        return {_c.SET_SLOTS: "set", _c.ADD_TO_SLOTS: "add"}.get(self._decision.slot)

    @property
    def weights(self):
        """One weight a slot. A slot with weight 0 must not be read."""
        return list(self._decision.weights)[: self._scheduler.policy.anchors]

    @property
    def low_weights(self):
        """Those of the low band, if the policy splits bands."""
        return list(self._decision.low_weights)[: self._scheduler.policy.anchors]

    def decide(self, *values):
        """Hands in `needs` values; NaN for one that cannot be measured, and the call is computed."""
        values = (c_double * len(values))(*values)
        check(
            lib.refrain_scheduler_decide(
                self._scheduler._self, self.lane, values, len(values), byref(self._decision)
            )
        )

    def measure(self, tensor):
        """Decides with the change of a tensor since the call that `reference` names. The scheduler keeps
        the tensor for later calls: give it at every call, needed or not, before the network changes it.
        For one value without a filter; else measure yourself and `decide`."""
        past = self._scheduler._past.setdefault(self.lane, {})
        if self.needs:
            if self.needs != 1 or self.filter != "none":
                raise ValueError("this policy asks for more than one change: use decide")
            before = past.get(self.reference)
            self.decide(float("nan") if before is None else change(self.metric, before, tensor))
        self._now = tensor

    def commit(self, *values):
        """Closes the call. A computed one takes what `Policy.wants` says, a verified one its error."""
        event, given = _c.Event(), (c_double * len(values))(*values)
        check(
            lib.refrain_scheduler_commit(
                self._scheduler._self, self.lane, given if values else None, len(values), byref(event)
            )
        )
        self._open, self.event = False, event
        if self._now is not None and not self.rejected:
            past = self._scheduler._past.setdefault(self.lane, {})
            past["previous"] = self._now
            if event.action == _c.ACTION_COMPUTE:
                past["computed"] = self._now

    @property
    def rejected(self):
        """Whether it was verified and its forecast is wrong: if `Policy.rolls_back`, begin it again."""
        event = self.event
        if event is None or event.action != _c.ACTION_VERIFY:
            return False
        return event.reason == _c.REASON_FORECAST_REJECTED

    def abandon(self):
        """Closes the call as if it had not been begun. Does nothing if it is closed."""
        if self._open:
            self._open = False
            check(lib.refrain_scheduler_abandon(self._scheduler._self, self.lane))


class Features:
    """The features that a policy keeps of one lane, and what stands in for a skipped one."""

    def __init__(self, policy):
        if policy.splits_bands:
            raise ValueError("this policy has weights for bands; keep its features yourself")
        self.slots = [None] * policy.anchors

    def take(self, call, feature):
        """Keeps a feature where the call says: what the site gave, or its stand-in. Of a verified call
        only once it is committed and not rejected. Not copied: give it away, or a clone."""
        if call.sums:
            for k, weight in enumerate(call.weights):
                part = _times(weight, feature)
                self.slots[k] = part if call.sums == "set" else _plus(self.slots[k], part)
        elif call.slot is not None:
            self.slots[call.slot] = feature

    def stand_in(self, call, base=None):
        """The sum of the kept features times the call's weights, put on `base` if there is one: the
        site's input if `Policy.keeps_residual`."""
        total = base
        for weight, slot in zip(call.weights, self.slots):
            if weight != 0.0:
                part = slot if weight == 1.0 else _times(weight, slot)
                total = part if total is None else _plus(total, part)
        return total


def _times(weight, x):
    return [weight * v for v in x] if isinstance(x, (list, tuple)) else weight * x


def _plus(a, b):
    return [x + y for x, y in zip(a, b)] if isinstance(a, (list, tuple)) else a + b


def relative_change(reference, now):
    """mean|now - reference| / mean|reference|: the metric "relative-l1"."""
    return change("relative-l1", reference, now)


def change(metric, reference, now):
    """How much a tensor has changed, in a metric of refrain_metric: "relative-l1", "relative-l2",
    "cosine", "mean-absolute", "mse" or "l2". NaN or infinite if there is nothing to compare
    with; a scheduler then computes."""
    known = _NAMES["metric"]
    if metric not in known:
        raise ValueError(f"there is no metric {metric!r}; there are {', '.join(known)}")
    if not hasattr(now, "sum"):
        reference, now = _floats(reference), _floats(now)
        value = c_double()
        if len(reference) != len(now):
            raise ValueError("the tensors are of different lengths")
        at = [x.buffer_info()[0] for x in (reference, now)]
        check(lib.refrain_cpu_change(known.index(metric), at[0], at[1], len(now), byref(value)))
        return value.value
    # Where the tensors are: nothing but the sums leaves the device.
    reference, now = _wide(reference), _wide(now)
    if reference.shape != now.shape:
        raise ValueError("the tensors are of different shapes")
    off, count = now - reference, 1
    for side in now.shape:
        count *= side
    if metric in ("relative-l1", "mean-absolute"):
        top, size = float(abs(off).sum()) / count, float(abs(reference).sum()) / count
        return top if metric == "mean-absolute" else _ratio(top, size)
    squares = float((off * off).sum())
    if metric == "mse":
        return squares / count
    if metric == "l2":
        return squares**0.5
    size = float((reference * reference).sum())
    if metric == "relative-l2":
        return _ratio(squares**0.5, size**0.5)
    return 1.0 - _ratio(float((now * reference).sum()), (size * float((now * now).sum())) ** 0.5)


def _ratio(top, bottom):
    return top / bottom if bottom != 0.0 else float("nan")


def _wide(x):
    """With at least single precision."""
    return x.detach().float() if hasattr(x, "detach") else x.astype("float64")


def _floats(x):
    return array("f", x if isinstance(x, (list, tuple, array)) else [x])
