#!/usr/bin/env python3
"""Forward passes of PyTorch eager and of `refrain bench` on the CPU, in turn, as a Markdown table.

Both compute the same network in f32 on the same threads: DiT of the published sizes for 256 x 256
pictures (latents 4 x 32 x 32, learned sigma) and the emoji model. Weights are random but for the
emoji model of refrain: the time does not depend on them. The rounds alternate, so that whatever else
the machine does falls on both; a time is the median over the rounds of the medians in a round.

    benches/peers/run.sh [--rounds N] [--seconds S] > benches/results/peers.md
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "models/emoji/training"))

import torch  # noqa: E402
from torch import nn  # noqa: E402

import dit  # noqa: E402

# Hidden size, blocks, heads.
SIZES = {"S/2": (384, 12, 6), "B/2": (768, 12, 12), "XL/2": (1152, 28, 16)}
BATCHES = {"emoji": (1, 2, 24), "S/2": (1, 2), "B/2": (1, 2), "XL/2": (1, 2)}
MATRICES = ((512, 1152, 4608), (1024, 1024, 1024), (2048, 2048, 2048))


class LearnedSigma(dit.DiT):
    """A DiT whose output has as many sigma channels again, behind the picture's."""

    def __init__(self, config):
        super().__init__(config)
        self.final_layer.linear = nn.Linear(config.hidden, 2 * config.patch**2 * config.channels)

    def unpatchify(self, pixels):
        side, patch = self.config.size // self.config.patch, self.config.patch
        grid = pixels.unflatten(2, (patch, patch, -1)).unflatten(1, (side, side))
        size = self.config.size
        return torch.einsum("bijpqc->bcipjq", grid).reshape(len(pixels), -1, size, size)


def torch_model(name):
    if name == "emoji":
        return dit.DiT(dit.Config(classes=12)).eval()
    hidden, depth, heads = SIZES[name]
    config = dit.Config(
        classes=1000, size=32, patch=2, channels=4, hidden=hidden, depth=depth, heads=heads
    )
    return LearnedSigma(config).eval()


def median_seconds(call, seconds):
    """Of at least five calls, after one that does not count."""
    call()
    start, times = time.perf_counter(), []
    while len(times) < 5 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        call()
        times.append(time.perf_counter() - before)
    return statistics.median(times)


def torch_seconds(model, batch, seconds):
    config = model.config
    x = torch.randn(batch, config.channels, config.size, config.size)
    t, y = torch.full((batch,), 500.0), torch.arange(batch) % config.classes
    with torch.inference_mode():
        return median_seconds(lambda: model(x, t, y), seconds)


def refrain(program, *arguments):
    command = [program, "bench", "--json", "--backend", "cpu", *arguments]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


def refrain_forward(program, name, batch, seconds):
    size = [] if name == "emoji" else ["--size", name]
    given = ["--rows", str(batch), "--seconds", str(seconds), "--forward-only"]
    (forward,) = refrain(program, *size, *given)
    return forward


def torch_product(seconds):
    """GFLOP/s of the best bare product."""
    best = 0.0
    with torch.inference_mode():
        for rows, inputs, outputs in MATRICES:
            x, weight = torch.randn(rows, inputs), torch.randn(outputs, inputs)
            out = torch.empty(rows, outputs)
            took = median_seconds(lambda: torch.mm(x, weight.T, out=out), seconds)
            best = max(best, 2 * rows * inputs * outputs / took / 1e9)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--refrain", default=str(ROOT / "target/release/refrain"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each side in each round")
    parser.add_argument("--only", nargs="*", choices=list(BATCHES), default=list(BATCHES))
    options = parser.parse_args()
    torch.set_num_threads(len(os.sched_getaffinity(0)))

    rows, products = [], [[], []]
    for name in options.only:
        model = torch_model(name)
        for batch in BATCHES[name]:
            times = [[], []]
            for _ in range(options.rounds):
                times[0].append(torch_seconds(model, batch, options.seconds))
                forward = refrain_forward(options.refrain, name, batch, options.seconds)
                times[1].append(forward["seconds"])
            rows.append((name, batch, forward["multiply_adds"], *map(statistics.median, times)))
            print(name, batch, times, file=sys.stderr)
        del model
    for _ in range(options.rounds):
        products[0].append(torch_product(options.seconds))
        ceiling = refrain(options.refrain, "--rows", "1", "--seconds", str(options.seconds))[0]
        products[1].append(ceiling["gflop_per_second"])
    products = [statistics.median(side) for side in products]

    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip()
    print("# The forward pass beside PyTorch eager\n")
    print(f"`benches/peers/run.sh` on {datetime.date.today()}, at commit {commit}, on {cpu()},")
    print(f"{torch.get_num_threads()} threads, f32. PyTorch {torch.__version__}, eager,")
    print(f"`inference_mode`, `scaled_dot_product_attention`. {options.rounds} rounds in turn, medians.\n")
    print("The best bare matrix product: PyTorch (`torch.mm`) ", end="")
    print(f"{products[0]:.0f} GFLOP/s, refrain's own linear kernel {products[1]:.0f}. The last")
    print("column is refrain's whole forward pass, two operations a multiply-add, as a share of the")
    print("better of the two.\n")
    print("| model | batch | PyTorch | refrain | ratio | GFLOP/s | of the best product |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, batch, multiply_adds, peer, ours in rows:
        speed = 2 * multiply_adds / ours / 1e9
        print(
            f"| {name} | {batch} | {1e3 * peer:.1f} ms | {1e3 * ours:.1f} ms | {peer / ours:.2f} "
            f"| {speed:.0f} | {100 * speed / max(products):.0f} % |"
        )


def cpu():
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
