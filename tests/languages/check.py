"""Tests of the installed Python package, with a small pipeline in NumPy.

Usage: check.py EXAMPLES-FOLDER OUTPUT-FOLDER [plant]"""

import math
import sys
import unittest
from pathlib import Path

import numpy

import refrain
import refrain.calibrate

EXAMPLES, OUTPUT = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(EXAMPLES))
from cached_blocks import CachedBlocks, RecordedBlocks  # noqa: E402

STEPS = 30


class Block:
    def __init__(self, seed):
        self.weight = numpy.random.default_rng(seed).normal(0, 0.3, (8, 8))
        self.fail_at = None

    def __call__(self, hidden, time):
        if self.fail_at is not None and abs(time - self.fail_at) < 1e-9:
            self.fail_at = None
            raise MemoryError
        return hidden + 0.2 * numpy.tanh(hidden @ self.weight + time)


class Pipeline:
    """As much of a pipeline as matters here."""

    def __init__(self):
        self.blocks = [Block(seed) for seed in range(4)]

    def __call__(self, seed=0):
        x = numpy.random.default_rng(100 + seed).normal(size=(16, 8))
        for step in range(STEPS):
            time = 1.0 - step / STEPS
            hidden = x * (1 + time)
            for block in self.blocks:
                try:
                    hidden = block(hidden, time=time)
                except MemoryError:  # the step is made again
                    hidden = block(hidden, time=time)
            x = x - (hidden - 0.5 * x) / STEPS
        return x


def cached(policy):
    pipe = Pipeline()
    pipe.blocks = CachedBlocks(pipe.blocks, policy, STEPS)
    return pipe


def recorded(recorder, runs=3):
    pipe = Pipeline()
    pipe.blocks = RecordedBlocks(pipe.blocks, recorder)
    for seed in range(runs):
        pipe(seed)
    return recorder


class Policies(unittest.TestCase):
    def test_errors_say_what_and_why(self):
        with self.assertRaises(refrain.Error) as caught:
            refrain.Policy.parse("teacache:treshold=1")
        self.assertEqual(caught.exception.name, "REFRAIN_E_VALUE")
        self.assertEqual(caught.exception.status, -4)
        self.assertIn("treshold", str(caught.exception))
        with self.assertRaises(refrain.Error):
            refrain.Scheduler(refrain.Policy.parse("mask:1101"), 9)
        with self.assertRaises(refrain.Error):
            refrain.Policy.parse("magcache").apply_table("a table")

    def test_what_a_policy_tells(self):
        policy = refrain.Policy.parse("taylorseerlite:interval=3,order=1")
        self.assertEqual((policy.anchors, policy.wants, policy.site.kind), (2, "nothing", 0))
        self.assertEqual((policy.keeps_residual, policy.needs_table), (False, False))
        self.assertTrue(refrain.Policy.parse("teacache").keeps_residual)
        self.assertTrue(refrain.Policy.parse("freqca").splits_bands)
        self.assertTrue(refrain.Policy.parse("interval:verify=rollback,tolerance=0.1").rolls_back)
        self.assertTrue(refrain.Policy.parse("magcache").needs_table)
        self.assertEqual(refrain.Policy.parse("easycache").wants, "rate")
        self.assertEqual(policy.text, "taylorseerlite:interval=3,order=1")


class Calls(unittest.TestCase):
    def setUp(self):
        policy = refrain.Policy.parse("taylorseerlite:interval=3,order=1")
        self.scheduler = refrain.Scheduler(policy, 12)

    def test_an_exception_abandons(self):
        before = self.scheduler.save()
        with self.assertRaises(MemoryError):
            with self.scheduler.begin(0) as call:
                self.assertTrue(call.computes)
                raise MemoryError
        self.assertEqual(self.scheduler.save(), before)
        self.assertEqual(self.scheduler.stats.calls, 0)
        with self.scheduler.begin(0):
            with self.assertRaises(refrain.Error):
                self.scheduler.begin(1)
        self.assertEqual(self.scheduler.stats.calls, 1)

    def test_a_call_is_committed_once(self):
        with self.scheduler.begin(0) as call:
            call.commit()
        self.assertEqual(call.event.step, 0)
        with self.assertRaises(refrain.Error):
            call.commit()
        call.abandon()

    def test_what_is_left_undecided_is_an_error_and_closed(self):
        scheduler = refrain.Scheduler(refrain.Policy.parse("teacache"), 9)
        with scheduler.begin(0):
            pass
        with self.assertRaises(refrain.Error) as caught:
            with scheduler.begin(1) as call:
                self.assertEqual((call.needs, call.signal), (1, "modulated-input"))
                self.assertEqual((call.reference, call.filter), ("previous", "none"))
        self.assertEqual(caught.exception.name, "REFRAIN_E_ORDER")
        with scheduler.begin(1) as call:
            call.decide(math.nan)
            self.assertEqual((call.computes, call.reason), (True, "signal-unusable"))

    def test_a_forecast_is_exact_on_a_line(self):
        for kind in (float, lambda v: [v, 2 * v], lambda v: numpy.array([v, -v])):
            self.scheduler.reset()
            kept, predicted = refrain.Features(self.scheduler.policy), 0
            for step in range(12):
                with self.scheduler.begin(step) as call:
                    feature = kind(3.0 + 0.5 * step)
                    if not call.computes:
                        found, predicted = kept.stand_in(call), predicted + 1
                        numpy.testing.assert_allclose(found, feature, rtol=1e-6)
                    kept.take(call, feature)
            self.assertGreater(predicted, 4)

    def test_running_sums_fit_the_past(self):
        policy = refrain.Policy.parse("interval:interval=3,predictor=chebyshev,order=2,ridge=1e-9,warmup=4")
        scheduler, kept, most = refrain.Scheduler(policy, STEPS), refrain.Features(policy), 0.0
        for step in range(STEPS):
            with scheduler.begin(step) as call:
                feature = numpy.array([1.0 + 0.1 * step - 0.002 * step * step])
                if not call.computes:
                    most = max(most, abs(float((kept.stand_in(call) - feature)[0])))
                kept.take(call, feature)
        self.assertLess(most, 1e-3)

    def test_changes(self):
        a, b = [2.0, -2.0], [3.0, -2.0]
        self.assertEqual(refrain.relative_change(a, b), 0.25)
        for metric in refrain._NAMES["metric"]:
            slow = refrain.change(metric, a, b)
            fast = refrain.change(metric, numpy.array(a, "float16"), numpy.array(b, "float16"))
            self.assertAlmostEqual(slow, fast, places=12, msg=metric)
        self.assertFalse(math.isfinite(refrain.relative_change([0.0], [1.0])))
        self.assertFalse(math.isfinite(refrain.relative_change(numpy.zeros(1), numpy.ones(1))))
        with self.assertRaises(ValueError):
            refrain.change("l3", a, b)


class Pipelines(unittest.TestCase):
    def test_a_cached_pipeline_is_near_the_full_one(self):
        full = Pipeline()()
        for text, most in (("full", 0.0), ("teacache:threshold=0.1", 0.05), ("taylorseerlite:interval=3", 0.05)):
            pipe = cached(refrain.Policy.parse(text))
            error = refrain.change("relative-l2", full, pipe())
            self.assertEqual(len(pipe.blocks.trace), STEPS)
            self.assertLessEqual(error, most, f"{text} {pipe.blocks.trace}")
            self.assertEqual(text == "full", pipe.blocks.trace == "C" * STEPS)
            pipe.blocks.restart()
            self.assertEqual(refrain.change("relative-l2", full, pipe()), error)

    def test_a_step_that_failed_is_made_again(self):
        policy = refrain.Policy.parse("taylorseerlite:interval=3")
        right, pipe = cached(policy)(), cached(policy)
        pipe.blocks.blocks[2].fail_at = 1.0 - 5 / STEPS  # a computed step
        numpy.testing.assert_array_equal(pipe(), right)
        self.assertIsNone(pipe.blocks.blocks[2].fail_at)


class Calibration(unittest.TestCase):
    def test_ratios_are_those_of_the_residual(self):
        ratios = [1.0] + [0.9 + 0.005 * step for step in range(1, 20)]
        recorder, scale = refrain.calibrate.MagCache(20), 1.0
        tokens = numpy.random.default_rng(1).normal(size=(2, 5, 8))
        for step, ratio in enumerate(ratios):
            scale *= ratio
            recorder.record(step, scale * tokens)
        text = str(recorder.table(threshold=0.2, model="toy", sampler="euler"))
        self.assertTrue(text.startswith("refrain-table 1\nmethod = magcache\nmodel = toy\nsteps = 20\n"))
        curve = next(line[8:] for line in text.splitlines() if line.startswith("curve = "))
        numpy.testing.assert_allclose([float(v) for v in curve.split("/")], ratios, rtol=1e-5)
        policy = refrain.Policy.parse("magcache").apply_table(text)
        self.assertIn("threshold=0.2", policy.text)

    def test_a_polynomial_is_found_again(self):
        wanted = [300.0, -40.0, 2.0, 0.5, 0.01]
        recorder, x, y = refrain.calibrate.TeaCache(40), 1.0, 1.0
        for step in range(40):
            if step > 0:
                change = 0.002 * step
                x, y = x * (1 + change), y * (1 + numpy.polyval(wanted, change))
            recorder.record(step, numpy.full(4, x), numpy.full(4, y))
        table = recorder.table()
        found = [float(v) for v in table.fields["coefficients"].split("/")]
        numpy.testing.assert_allclose(found, wanted, rtol=1e-4)
        # The threshold is the least that leaves at most half.
        changes = [0.002 * step for step in range(40)]
        policy = refrain.Policy.parse("teacache").apply_table(table)
        less = refrain.Policy.parse(policy.text.replace(f"threshold={table.fields['threshold']}", f"threshold={table.fields['threshold'] * 0.99}"))
        self.assertNotEqual(less, policy)
        self.assertLessEqual(refrain.calibrate._computed(policy, changes), 20)
        self.assertGreater(refrain.calibrate._computed(less, changes), 20)

    def test_what_was_not_recorded_is_no_table(self):
        recorder = refrain.calibrate.MagCache(3)
        with self.assertRaises(ValueError):
            recorder.table()
        recorder.record(0, [[1.0, 2.0]])
        with self.assertRaises(ValueError):
            recorder.record(2, [[1.0, 2.0]])
        with self.assertRaises(ValueError):
            recorder.record(0, [[1.0, 2.0]])
        with self.assertRaises(ValueError):
            recorder.table()
        recorder.record(1, [[1.0, 1.0]])
        recorder.record(2, [[1.0, 0.0]])
        with self.assertRaises(TypeError):
            recorder.table(colour="red")
        self.assertEqual(recorder.table(sampler="ddim").fields["sampler"], "ddim")

    def test_a_table_of_the_pipeline_changes_decisions(self):
        magcache = recorded(refrain.calibrate.MagCache(STEPS)).table(model="toy")
        magcache.save(OUTPUT / "magcache.table")
        policy = refrain.Policy.parse("magcache:threshold=0.3")
        with self.assertRaises(refrain.Error):
            refrain.Scheduler(policy, STEPS)
        policy = policy.apply_table(OUTPUT / "magcache.table")

        recorder, pipe, past = refrain.calibrate.TeaCache(STEPS), Pipeline(), []

        class Seen(RecordedBlocks):
            def __call__(self, hidden, **what):
                before = hidden
                for block in self.blocks:
                    hidden = block(hidden, **what)
                self.recorder.record(self.step % STEPS, before, hidden)
                self.step += 1
                return hidden

        pipe.blocks = Seen(pipe.blocks, recorder)
        for seed in range(3):
            pipe(seed)
        teacache = recorder.table(threshold=0.15)
        teacache.save(OUTPUT / "teacache.table")
        calibrated = refrain.Policy.parse("teacache").apply_table(teacache)
        traces = {}
        for name, policy in (
            ("magcache", policy),
            ("teacache", calibrated),
            ("plain", refrain.Policy.parse("teacache:threshold=0.15")),
        ):
            pipe = cached(policy)
            error = refrain.relative_change(Pipeline()(), pipe())
            traces[name] = pipe.blocks.trace
            self.assertLess(error, 0.1, name)
            self.assertIn("r", traces[name], name)
        self.assertNotEqual(traces["teacache"], traces["plain"])
        (OUTPUT / "magcache.trace").write_text(traces["magcache"])


if __name__ == "__main__":
    if sys.argv[3:] == ["plant"]:
        refrain.Call.abandon = lambda self: None
    unittest.main(argv=sys.argv[:1])
