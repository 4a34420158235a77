#!/usr/bin/env python3
"""Write tests/data/golden.safetensors: what the emoji checkpoint gives, stage by stage, in f32.

The f16 weights are widened to f32 and everything is computed in f32. All tensors are f32, labels
too; N tokens of width D, p the patch size:
  x [4,3,32,32], t [4] (0..1000), y [4]                   inputs; the last label is "no class"
  t_freq [4,256], t_emb, y_emb, c [4,D]                   timestep features, embeddings, their sum
  patch, tokens [4,N,D]                                   patches embedded, then with positions
  mod0 [4,N,D]                                            what block 0's attention is given: tokens,
                                                          normed and modulated
  block0 .. block5 [4,N,D]                                the blocks' outputs
  final_mod [4,N,D], final_tokens [4,N,p*p*3], out [4,3,32,32]
and a guided Euler run of S steps for two pictures:
  traj_noise [2,3,32,32], traj_y [2], traj_t [S+1] (1..0)
  traj_x [S+1,2,3,32,32], traj_v [S,2,3,32,32]            states, guided velocities

Beside it, golden_signals.csv has what a caching policy measures on that run, one row a call. Each
value compares the call with the one before it, over both pictures with and without class at once:
  modulated-input  mean|now - before| / mean|before| of mod0
  front-residual   the same of block0 - tokens
  model-input      mean|now - before| of the latent
"""

import argparse
import csv
import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import dit

EMOJI = Path(__file__).resolve().parents[1]
STEPS = 50
GUIDANCE = 3.0


def load(path):
    """The network of a checkpoint in f32, and its class names."""
    with safe_open(path, "pt") as file:
        said = file.metadata()
    config = dit.Config(
        classes=int(said["num_classes"]),
        size=int(said["input_size"]),
        patch=int(said["patch_size"]),
        channels=int(said["in_channels"]),
        hidden=int(said["hidden_size"]),
        depth=int(said["depth"]),
        heads=int(said["num_heads"]),
    )
    model = dit.DiT(config)
    model.load_state_dict(load_file(path))
    return model.requires_grad_(False), json.loads(said["class_names"])


def stages(model, x, t, y):
    """One forward pass, every intermediate result kept."""
    kept = {
        "t_freq": dit.timestep_features(t),
        "t_emb": model.t_embedder(t),
        "y_emb": model.y_embedder(y),
        "c": model.condition(t, y),
        "patch": model.x_embedder(x),
    }
    tokens = kept["tokens"] = kept["patch"] + model.pos_embed
    shift, scale, *_ = model.blocks[0].adaLN_modulation(kept["c"])
    kept["mod0"] = dit.modulated(tokens, shift, scale)
    for i, block in enumerate(model.blocks):
        tokens = kept[f"block{i}"] = block(tokens, kept["c"])
    final = model.final_layer
    kept["final_mod"] = dit.modulated(tokens, *final.adaLN_modulation(kept["c"]))
    kept["final_tokens"] = final.linear(kept["final_mod"])
    kept["out"] = model.unpatchify(kept["final_tokens"])
    return kept


def trajectory(model, noise, y):
    """The Euler run, and the tensors that policies measure at each of its calls."""
    times = [1 - step / STEPS for step in range(STEPS + 1)]
    no_class = torch.full_like(y, model.config.classes)
    xs, velocities, measured = [noise], [], []
    for now, then in zip(times, times[1:]):
        x = xs[-1]
        call = stages(
            model,
            torch.cat([x, x]),
            torch.full((2 * len(y),), 1000 * now),
            torch.cat([y, no_class]),
        )
        with_class, without = call["out"].chunk(2)
        velocity = without + GUIDANCE * (with_class - without)
        xs.append(x + (then - now) * velocity)
        velocities.append(velocity)
        measured.append((call["mod0"], call["block0"] - call["tokens"], x))
    tensors = {
        "traj_noise": noise,
        "traj_y": y,
        "traj_t": torch.tensor(times),
        "traj_x": torch.stack(xs),
        "traj_v": torch.stack(velocities),
    }
    return tensors, measured


def signal_rows(measured):
    """Rows of golden_signals.csv. The first call has none before it, hence nothing to say."""
    yield ["call", "modulated-input", "front-residual", "model-input"]
    yield [0, "nan", "nan", "nan"]
    for call, (now, before) in enumerate(zip(measured[1:], measured), start=1):
        changes = [(a - b).abs().mean() for a, b in zip(now, before)]
        sizes = [b.abs().mean() for b in before]
        values = [changes[0] / sizes[0], changes[1] / sizes[1], changes[2]]
        yield [call, *(f"{value:.6e}" for value in values)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model",
        type=Path,
        default=EMOJI / "emoji_dit_f16.safetensors",
        help="checkpoint (the one of this folder)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=EMOJI.parents[1] / "tests" / "data",
        help="folder to write to (tests/data)",
    )
    parser.add_argument("--threads", type=int, default=2, help="processor threads (%(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    model, names = load(args.model)
    generator = torch.Generator().manual_seed(42)
    x = torch.randn(4, 3, 32, 32, generator=generator)
    t = torch.tensor([1000.0, 731.25, 250.0, 20.0])
    y = torch.tensor([*map(names.index, ("smile", "heart", "angry")), len(names)])
    noise = torch.randn(2, 3, 32, 32, generator=generator)

    golden = {"x": x, "t": t, "y": y, **stages(model, x, t, y)}
    torch.testing.assert_close(golden["out"], model(x, t, y))
    run, measured = trajectory(
        model, noise, torch.tensor([names.index("smile"), names.index("heart")])
    )
    golden.update(run)
    save_file(
        {name: value.float().contiguous() for name, value in golden.items()},
        args.out / "golden.safetensors",
        {"format": "pt", "model": args.model.name, "steps": str(STEPS), "cfg": str(GUIDANCE)},
    )
    with open(args.out / "golden_signals.csv", "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(signal_rows(measured))


if __name__ == "__main__":
    main()
