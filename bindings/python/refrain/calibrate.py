# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes the tables that calibrated methods need, beside a pipeline of your own.

Run the pipeline as it is, with every step computed, and record each call; then save the table:

    recorder = refrain.calibrate.MagCache(steps=28)
    for prompt in prompts:
        for step in ...:
            recorder.record(step, output - input)      # of the trunk: what its blocks have added
    table = recorder.table(model="my-model")
    table.save("magcache.table")

    policy = refrain.Policy.parse("magcache:threshold=0.1").apply_table(table)

A table also fits the command line (`--table`) and the C function refrain_policy_apply_table.
"""

import datetime
import math

from . import Error, Policy, Scheduler, _wide, relative_change

__all__ = ["MagCache", "Table", "TeaCache"]


class Table:
    """A calibrated table: its text is a table file."""

    def __init__(self, fields):
        self.fields = dict(fields)

    def __str__(self):
        lines = (f"{name} = {value}\n" for name, value in self.fields.items())
        return "refrain-table 1\n" + "".join(lines)

    def save(self, path):
        """Writes it to a file."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(str(self))


class _Recorder:
    """Steps of runs, in order. A run begins with step 0."""

    def __init__(self, steps):
        if steps < 2:
            raise ValueError("a table takes at least 2 steps")
        self.steps, self._next, self._runs = steps, 0, []

    def _take(self, step):
        """Returns whether there is a step before."""
        if step == 0:
            if self._next not in (0, self.steps):
                raise ValueError(f"a run has ended before step {self._next} of {self.steps}")
            self._next = 0
            self._runs.append([])
        if not self._runs or step != self._next or step >= self.steps:
            raise ValueError(f"step {step} of {self.steps} was recorded, not {self._next}")
        self._next += 1
        return step > 0

    def _complete(self):
        if not self._runs or self._next != self.steps:
            raise ValueError(f"{self._next} of {self.steps} steps of the last run are recorded")
        return self._runs

    def _table(self, method, keys, fit, measured, about):
        known = ("model", "checkpoint", "sampler", "guidance")
        for name in about:
            if name not in known:
                raise TypeError(f"a table does not say {name!r}; it can say {', '.join(known)}")
        fields = {"method": method, "model": about.get("model", "another"), "steps": self.steps}
        fields.update(about)
        fields.update(date=datetime.date.today().isoformat(), fit=fit)
        fields.update(range=f"{_digits(min(measured))} to {_digits(max(measured))}")
        fields.update(source="refrain.calibrate", **keys)
        return Table(fields)


class MagCache(_Recorder):
    """Magnitude ratios (arXiv 2506.09045, equation 3): the mean over all tokens of the L2 norm of the
    residual, relative to the step before. A table takes 2 to 128 steps."""

    def record(self, step, residual):
        """residual: what the skipped part adds to its input, of shape (..., tokens, width), or a list of
        tokens. With guidance record the conditional half alone, or both together, as they will run."""
        norms = _norms(residual)
        if self._take(step):
            self._runs[-1].append(_mean_ratio(norms, self._before))
        else:
            self._runs[-1].append(1.0)
        self._before = norms

    def table(self, threshold=None, **about):
        """The table. threshold: written into it, else left to the policy. about: model, checkpoint,
        sampler, guidance."""
        runs = self._complete()
        curve = [sum(values) / len(runs) for values in zip(*runs)]
        off = max(abs(v / mean - 1.0) for run in runs for v, mean in zip(run, curve))
        keys = {"curve": "/".join(map(_digits, curve))}
        if threshold is not None:
            keys["threshold"] = threshold
        policy = Policy.parse("magcache").apply_table(Table({"method": "magcache", **keys}))
        computed = _computed(policy, [0.0] * self.steps)
        fit = f"{computed} of {self.steps} calls computed; runs differ from the curve by {100 * off:.2f} % at most"
        return self._table("magcache", keys, fit, curve, about)


class TeaCache(_Recorder):
    """The polynomial of degree four from the relative change of the modulated input to that of the
    network's output, from step to step (arXiv 2411.19108). Needs NumPy."""

    DEGREE = 4

    def record(self, step, modulated_input, output):
        """modulated_input: the first block's input after norm, scale and shift. output: of the network.
        With guidance record a picture's two halves together. Neither is copied: give a clone of what is
        changed in place."""
        if self._take(step):
            before = self._before
            point = relative_change(before[0], modulated_input), relative_change(before[1], output)
            self._runs[-1].append(point)
        self._before = modulated_input, output

    def table(self, threshold=None, **about):
        """The table. threshold: the change that may add up; None for the least at which at most half of
        the calls are computed. about: model, checkpoint, sampler, guidance."""
        try:
            import numpy
        except ImportError as why:
            raise ImportError("the polynomial is fitted by NumPy: pip install 'refrain[calibrate]'") from why
        points = [point for run in self._complete() for point in run]
        inputs, outputs = zip(*points)
        if len(set(inputs)) <= self.DEGREE + 1 or not all(map(math.isfinite, inputs + outputs)):
            raise ValueError("the polynomial needs more different changes: take more steps or runs")
        unit = max(inputs)  # with the largest as unit the powers are of one size
        scaled = numpy.polyfit(numpy.array(inputs) / unit, outputs, self.DEGREE)
        coefficients = [float(c) / unit ** (self.DEGREE - k) for k, c in enumerate(scaled)]
        off = numpy.polyval(coefficients, inputs) - outputs
        signals = [0.0] + [sum(x for x, _ in step) / len(self._runs) for step in zip(*self._runs)]

        def keys(threshold):
            return {
                "rescale": "polynomial",
                "coefficients": "/".join(map(_digits, coefficients)),
                "domain_min": _digits(min(inputs)),
                "domain_max": _digits(max(inputs)),
                "threshold": threshold,
            }

        def computed(threshold):
            table = Table({"method": "teacache", **keys(threshold)})
            return _computed(Policy.parse("teacache").apply_table(table), signals)

        if threshold is None:
            threshold = _half(lambda t: computed(t) / self.steps)
        fit = (
            f"rms error {_digits(float((off * off).mean()) ** 0.5)} of changes {_digits(min(outputs))} to "
            f"{_digits(max(outputs))}, {len(points)} points; {computed(threshold)} of {self.steps} calls "
            "computed at the mean signal"
        )
        return self._table("teacache", keys(threshold), fit, inputs, about)


def _norms(x):
    if isinstance(x, (list, tuple)):
        return [math.sqrt(sum(v * v for v in token)) for token in x]
    x = _wide(x)
    return (x * x).sum(-1) ** 0.5


def _mean_ratio(now, before):
    if isinstance(now, list):
        return sum(n / b for n, b in zip(now, before)) / len(now)
    return float((now / before).mean())


def _computed(policy, signals):
    """How many calls a policy computes if it measures this."""
    scheduler = Scheduler(policy, len(signals))
    for step, signal in enumerate(signals):
        with scheduler.begin(step) as call:
            if call.needs:
                call.decide(signal)
    return scheduler.stats.computed


def _half(share):
    """The least threshold, to three digits, at which at most half is computed."""

    def enough(threshold):
        try:
            return share(threshold) <= 0.5
        except Error:  # beyond what a policy takes
            return threshold > 1.0

    low, high = -9.0, 9.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if enough(10.0**middle):
            high = middle
        else:
            low = middle
    place = 10.0 ** (2.0 - math.floor(high))
    return math.ceil(10.0**high * place) / place


def _digits(value):
    """A number to six digits."""
    return repr(float(f"{value:.5e}"))
