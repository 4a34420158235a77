"""Runs the decision corpus as tests/c/corpus.c does, through the Python package: every case as it is,
after a reset, and with the state moved to another scheduler before every call."""

import sys
from array import array

import refrain

LETTERS = {
    "always": "a", "warmup": "w", "last-steps": "l", "window": "o", "mask": "m", "no-history": "n",
    "max-run": "r", "max-total": "t", "signal-unusable": "u", "rate-unknown": "k", "budget-spent": "s",
    "within-budget": ".", "free": "f", "schedule": "c", "forecast-rejected": "x", "max-spent": "p",
}  # fmt: skip
REASONS = refrain._NAMES["reason"]


class Run:
    def __init__(self, text, steps, evaluations, lanes):
        self.policy = refrain.Policy.parse(text)
        assert refrain.Policy.parse(self.policy.text) == self.policy
        self.shape = steps, lanes, evaluations
        self.scheduler = refrain.Scheduler(self.policy, *self.shape)

    def move(self):
        saved = self.scheduler.save()
        self.scheduler = refrain.Scheduler(self.policy, *self.shape)
        self.scheduler.restore(saved)

    def products(self, kept, newest):
        kept.insert(0, array("f", [newest])[0])
        del kept[6:]
        return [kept[0] * older for older in kept]

    def drive(self, inputs, moving):
        actions = reasons = ""
        kept = {}
        for step, evaluation, lane, time, feature, invalidated, signals, factors, rates, errors in inputs:
            if invalidated:
                self.scheduler.invalidate(lane)
                kept.pop(lane, None)
            again = False
            while True:
                if moving:
                    self.move()
                with self.scheduler.begin(step, evaluation, lane, time) as call:
                    if call.needs:
                        call.decide(*signals, *(factors if call.aligned else []))
                    told = []
                    if call.action == "verify":
                        told = errors
                    elif call.computes and self.policy.wants == "products":
                        told = self.products(kept.setdefault(lane, []), feature)
                    elif call.computes:
                        told = rates
                    call.commit(*told)
                assert call.event.action == call._decision.action
                actions += call.letter
                reasons += LETTERS[REASONS[call.event.reason]]
                again = not again and call.rejected and self.policy.rolls_back
                if not again:
                    break
        return f"{actions} {reasons}"


def listed(words):
    return [float(next(words)) for _ in range(int(next(words)))]


def main():
    for line in sys.stdin:
        what, _, rest = line.rstrip("\n").partition(" ")
        words = iter(rest.split())
        if what == "case":
            name, inputs = rest, []
        elif what == "policy":
            policy = rest
        elif what == "run":
            run = Run(policy, *map(int, words))
        elif what == "call":
            place = [int(next(words)) for _ in range(3)]
            time, feature, invalidated = float(next(words)), float(next(words)), next(words) != "0"
            inputs.append((*place, time, feature, invalidated, *(listed(words) for _ in range(4))))
        else:
            assert what == "end", line
            first = run.drive(inputs, False)
            for moving in (False, True):
                run.scheduler.reset()
                assert run.drive(inputs, moving) == first, name
            print(name, first)


main()
