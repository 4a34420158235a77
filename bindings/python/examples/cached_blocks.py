# SPDX-License-Identifier: MIT OR Apache-2.0
"""refrain in a transformer that keeps its blocks in a list and calls them one after the other, as the
DiT models of diffusers do: `blocks[i](hidden, **what)` returns the next hidden states.

    cached = CachedBlocks(pipe.transformer.transformer_blocks, policy, steps=50, modulated=...)
    pipe.transformer.transformer_blocks = cached       # in torch: ModuleList([cached]) of an nn.Module
    pipe(prompt, num_inference_steps=50)
    print(cached.trace)
    cached.restart()                                   # before the next picture

    recorder = refrain.calibrate.MagCache(steps=50)    # or: record instead of skipping
    pipe.transformer.transformer_blocks = RecordedBlocks(blocks, recorder)
"""

import refrain


class CachedBlocks:
    """Stands in the place of a list of blocks as its only member.

    blocks: the blocks. policy: for the site trunk. steps: of the sampler. modulated: what the policy
    measures, from the first block, its input and the other arguments: the input after norm, scale and
    shift."""

    def __init__(self, blocks, policy, steps, modulated=lambda block, hidden, **what: hidden):
        if policy.site.kind != 0 or policy.wants != "nothing":
            raise ValueError(f"{policy.text}: only policies for the trunk that measure before it")
        self.blocks, self.policy, self.modulated = list(blocks), policy, modulated
        self.scheduler = refrain.Scheduler(policy, steps)
        self.restart()

    def restart(self):
        """Before the next picture."""
        self.scheduler.reset()
        self.features, self.step, self.trace = refrain.Features(self.policy), 0, ""

    def __iter__(self):
        yield self

    def __call__(self, hidden, **what):
        with self.scheduler.begin(self.step) as call:
            call.measure(self.modulated(self.blocks[0], hidden, **what))
            base = hidden if self.policy.keeps_residual else None
            if call.computes:
                for block in self.blocks:
                    hidden = block(hidden, **what)
                feature = hidden if base is None else hidden - base
            else:
                feature = self.features.stand_in(call)
                hidden = feature if base is None else base + feature
            self.features.take(call, feature)
        self.trace += call.letter
        self.step += 1
        return hidden


class RecordedBlocks:
    """The same place, for calibration: every block runs, and the recorder sees what they add."""

    def __init__(self, blocks, recorder):
        self.blocks, self.recorder, self.step = list(blocks), recorder, 0

    def __iter__(self):
        yield self

    def __call__(self, hidden, **what):
        before = hidden
        for block in self.blocks:
            hidden = block(hidden, **what)
        self.recorder.record(self.step % self.recorder.steps, hidden - before)
        self.step += 1
        return hidden
