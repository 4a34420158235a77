#!/usr/bin/env python3
"""Write the reference checkpoints and outputs that the tests hold the Rust loader and kernels to.

The forward pass below is a second one, written against the published description of DiT (Peebles &
Xie, 2023, arXiv:2212.09748) and its published parameter names; it shares nothing with src/ or with
models/emoji/training/. The weights are random: every matrix, bias and table is filled, among them
the adaLN and final layers that training starts at zero, so that no term of the network is hidden by
a factor of 0. The weights are rounded to the stored type first and the outputs computed from the
rounded values in f64, but for the timestep features, which are f32 as published.

Written to --out, three files a checkpoint at most:
  NAME.safetensors       the parameters
  NAME_io.safetensors    x [B,C,S,S], t [B] (0..1000), y [B] (the last one: no class), and
                         output [B,C,S,S], or [B,2C,S,S] with sigma
  NAME_ddim.safetensors  a guided DDIM run, see `ddim`

Two of the three models have an MLP narrower than the usual 4 x hidden. That keeps the files small,
and a reader that takes the width for granted fails on them.

Run in f32, this same code is a relative L2 distance of 4e-7 to 6e-7 away from the files. The
smallest mistakes tried stand out from that: 4e-6 to 8e-6 for a layer norm with an epsilon of 1e-5,
3e-5 to 6e-5 for a GELU through erf, where DiT has 1e-6 and tanh; thirteen others are off by 2e-3 or
more.
"""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

HERE = Path(__file__).resolve().parent
TRAIN_STEPS = 1000
FREQUENCIES = 256


@dataclass(frozen=True)
class Shape:
    """One checkpoint: sizes, stored type, and what its metadata says (None: no metadata at all)."""

    name: str
    size: int
    hidden: int
    heads: int
    depth: int
    mlp: int
    learn_sigma: bool
    dtype: torch.dtype
    metadata: dict | None
    patch: int = 2
    channels: int = 4
    classes: int = 10


SHAPES = [
    # As the published files are: no metadata, so a reader has to be told the number of heads.
    Shape("dit_d48_h2_sigma", 8, 48, 2, 2, 192, True, torch.float32, None),
    # 25 tokens, a head dimension that is no power of two, and no sigma channels.
    Shape(
        "dit_d144_h2",
        10,
        144,
        2,
        3,
        72,
        False,
        torch.bfloat16,
        {"num_heads": "2", "prediction": "velocity"},
    ),
    Shape(
        "dit_d64_deep",
        8,
        64,
        2,
        28,
        32,
        True,
        torch.float16,
        {"num_heads": "2", "prediction": "epsilon"},
    ),
]


def positions(hidden, side):
    """Fixed sin-cos table [1, side*side, hidden]: columns in the first half, rows in the second."""
    quarter = hidden // 4
    rate = 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    token = torch.arange(side * side)
    halves = []
    for coordinate in (token % side, token // side):
        angle = coordinate.double()[:, None] * rate
        halves += [angle.sin(), angle.cos()]
    return torch.cat(halves, dim=1)[None]


def random_parameters(shape, generator):
    """Every parameter of `shape` under its published name, rounded to the stored type."""
    d, p = shape.hidden, shape.patch
    out = shape.channels * (2 if shape.learn_sigma else 1)
    params = {"pos_embed": positions(d, shape.size // p)}

    def add(name, rows, *columns, gain=1.0):
        std = gain / math.sqrt(math.prod(columns))
        params[f"{name}.weight"] = torch.randn(rows, *columns, generator=generator) * std
        params[f"{name}.bias"] = torch.randn(rows, generator=generator) * 0.1

    add("x_embedder.proj", d, shape.channels, p, p, gain=0.2)
    add("t_embedder.mlp.0", d, FREQUENCIES, gain=2.0)
    add("t_embedder.mlp.2", d, d, gain=2.0)
    params["y_embedder.embedding_table.weight"] = torch.randn(
        shape.classes + 1, d, generator=generator
    )
    for i in range(shape.depth):
        block = f"blocks.{i}"
        add(f"{block}.adaLN_modulation.1", 6 * d, d)
        add(f"{block}.attn.qkv", 3 * d, d, gain=1.5)
        add(f"{block}.attn.proj", d, d)
        add(f"{block}.mlp.fc1", shape.mlp, d)
        add(f"{block}.mlp.fc2", d, shape.mlp)
    add("final_layer.adaLN_modulation.1", 2 * d, d)
    add("final_layer.linear", p * p * out, d, gain=0.5)
    return {name: value.to(shape.dtype) for name, value in params.items()}


def timestep_features(t):
    """[B] -> [B, 256] in f32: cosines, then sines, of t times a falling geometric series."""
    half = FREQUENCIES // 2
    rate = torch.exp(-math.log(10000.0) * torch.arange(half, dtype=torch.float32) / half)
    angle = t.float()[:, None] * rate
    return torch.cat([angle.cos(), angle.sin()], dim=1)


def forward(params, heads, x, t, y):
    """The network: x [B,C,S,S], t [B], y [B] (integers) -> [B,Cout,S,S], in `params`' type."""

    def affine(name, value):
        return value @ params[f"{name}.weight"].flatten(1).T + params[f"{name}.bias"]

    def normed(value, shift, scale):
        mean = value.mean(-1, keepdim=True)
        variance = (value - mean).square().mean(-1, keepdim=True)
        return (value - mean) / (variance + 1e-6).sqrt() * (1 + scale) + shift

    def attention(name, value):
        b, n, d = value.shape
        q, k, v = affine(f"{name}.qkv", value).reshape(b, n, 3, heads, d // heads).unbind(2)
        scores = torch.einsum("bihc,bjhc->bhij", q, k) / math.sqrt(d // heads)
        mixed = torch.einsum("bhij,bjhc->bihc", scores.softmax(-1), v)
        return affine(f"{name}.proj", mixed.reshape(b, n, d))

    def gelu(value):
        return (
            0.5 * value * (1 + torch.tanh(math.sqrt(2 / math.pi) * (value + 0.044715 * value**3)))
        )

    def silu(value):
        return value * torch.sigmoid(value)

    def modulation(name, parts):
        return affine(f"{name}.adaLN_modulation.1", silu(c))[:, None].chunk(parts, dim=2)

    table = params["y_embedder.embedding_table.weight"]
    p = params["x_embedder.proj.weight"].shape[-1]
    b, channels, size, _ = x.shape
    side = size // p

    c = silu(affine("t_embedder.mlp.0", timestep_features(t).to(table.dtype)))
    c = affine("t_embedder.mlp.2", c) + table[y]
    patches = x.reshape(b, channels, side, p, side, p).permute(0, 2, 4, 1, 3, 5)
    h = affine("x_embedder.proj", patches.reshape(b, side * side, -1)) + params["pos_embed"]
    depth = 1 + max(int(name.split(".")[1]) for name in params if name.startswith("blocks."))
    for i in range(depth):
        block = f"blocks.{i}"
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = modulation(block, 6)
        h = h + gate_a * attention(f"{block}.attn", normed(h, shift_a, scale_a))
        wide = gelu(affine(f"{block}.mlp.fc1", normed(h, shift_m, scale_m)))
        h = h + gate_m * affine(f"{block}.mlp.fc2", wide)
    pixels = affine("final_layer.linear", normed(h, *modulation("final_layer", 2)))
    return (
        pixels.reshape(b, side, side, p, p, -1).permute(0, 5, 1, 3, 2, 4).reshape(b, -1, size, size)
    )


def spaced_timesteps(count):
    """`count` of the 1000 training steps, from 0 to 999, as DiT's sampling script spaces them."""
    stride = (TRAIN_STEPS - 1) / (count - 1)
    return [round(i * stride) for i in range(count)]


def ddim(params, heads, noise, y, null_class, steps, guidance):
    """A DDIM run (Song et al., 2020, arXiv:2010.02502; eta 0) of a noise prediction.

    DiT's schedule, 1000 linear betas from 1e-4 to 0.02; guidance on all latent channels; the sigma
    channels are not used; the predicted picture is not clipped. Returned, in order of the calls:
      noise [B,C,S,S], y [B], guidance [1]   what the run starts from
      timesteps, alphas_cumprod [steps]      the cumulative product of 1 - beta at those timesteps
      epsilon [steps,B,C,S,S]                guided
      x [steps+1,B,C,S,S]                    before each call, and the result
      latent [B,C,S,S]                       the result
      timesteps_50, timesteps_250            those of runs of 50 and 250 steps
    """
    beta = torch.linspace(1e-4, 0.02, TRAIN_STEPS, dtype=torch.float64)
    kept = torch.cumprod(1 - beta, dim=0)
    calls = spaced_timesteps(steps)[::-1]
    x, xs, guided = noise, [noise], []
    label = torch.cat([y, torch.full_like(y, null_class)])
    for i, step in enumerate(calls):
        t = torch.full((len(label),), float(step))
        both = forward(params, heads, torch.cat([x, x]), t, label)[:, : x.shape[1]]
        with_class, without = both.chunk(2)
        epsilon = without + guidance * (with_class - without)
        now = kept[step]
        then = kept[calls[i + 1]] if i + 1 < steps else torch.ones(())
        clean = (x - (1 - now).sqrt() * epsilon) / now.sqrt()
        x = then.sqrt() * clean + (1 - then).sqrt() * epsilon
        xs.append(x)
        guided.append(epsilon)
    return {
        "noise": noise,
        "y": y,
        "guidance": torch.tensor([guidance]),
        "timesteps": torch.tensor(calls),
        "alphas_cumprod": kept[calls],
        "epsilon": torch.stack(guided),
        "x": torch.stack(xs),
        "latent": x,
        "timesteps_50": torch.tensor(spaced_timesteps(50)[::-1]),
        "timesteps_250": torch.tensor(spaced_timesteps(250)[::-1]),
    }


def check_against_golden():
    """Stop unless `forward` gives the emoji model's golden output, which other code computed."""
    emoji = load_file(HERE.parent / "emoji" / "emoji_dit_f16.safetensors")
    golden = load_file(HERE.parents[1] / "tests" / "data" / "golden.safetensors")
    params = {name: value.double() for name, value in emoji.items()}
    out = forward(params, 3, golden["x"].double(), golden["t"], golden["y"].long())
    off = (out - golden["out"].double()).abs().max().item()
    print(f"emoji golden output: largest difference {off:.1e}")
    if not off < 1e-5:
        raise SystemExit(
            "the forward pass of this script disagrees with tests/data/golden.safetensors"
        )


def save(tensors, path, metadata=None):
    save_file({name: value.contiguous() for name, value in tensors.items()}, path, metadata)
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size:,} bytes")


def save_results(tensors, path):
    """Write results, labels and steps among them, as f32."""
    save({name: value.float() for name, value in tensors.items()}, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tests = HERE.parents[1] / "tests" / "data"
    parser.add_argument("--out", type=Path, default=tests, help="folder to write to (tests/data)")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    check_against_golden()
    for seed, shape in enumerate(SHAPES):
        generator = torch.Generator().manual_seed(seed)
        stored = random_parameters(shape, generator)
        save(stored, out / f"{shape.name}.safetensors", shape.metadata)
        params = {name: value.double() for name, value in stored.items()}

        picture = (shape.channels, shape.size, shape.size)
        x = torch.randn(3, *picture, generator=generator).double()
        t = torch.tensor([999.0, 481.25, 0.0])
        y = torch.tensor([0, 7, shape.classes])
        output = forward(params, shape.heads, x, t, y)
        io = {"x": x, "t": t, "y": y, "output": output}
        save_results(io, out / f"{shape.name}_io.safetensors")
        if shape.metadata is None:
            noise = torch.randn(2, *picture, generator=generator).double()
            run = ddim(params, shape.heads, noise, torch.tensor([3, 8]), shape.classes, 10, 1.5)
            save_results(run, out / f"{shape.name}_ddim.safetensors")


if __name__ == "__main__":
    main()
