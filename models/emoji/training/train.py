#!/usr/bin/env python3
"""Train the emoji model: a rectified flow on 32x32 pictures, a small DiT as its network.

A picture x0 and noise e are mixed as x = (1 - t) x0 + t e; the network is given x, 1000 t and the
label, and learns the velocity e - x0 (Liu et al., 2022, arXiv:2209.03003). Muon updates the
matrices of attention and MLP, AdamW all else. Written is a moving average of the weights, in f16:

  OUT/emoji_dit_f16.safetensors   rewritten every few minutes, and at the end
  OUT/samples.png                 two pictures a class, at the same moments
  OUT/log.csv                     losses, every 50 steps
"""

import argparse
import csv
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional as F

import dit

BATCH = 48
STEPS = 3523
ADAMW_RATE = 1e-3
MUON_RATE = 2e-3
WARMUP = 100  # steps
FLOOR = 0.02  # the last learning rate, as a part of the first
CLIP = 1.0  # norm of the gradient
AVERAGE = 0.999  # decay of the averaged weights
LABEL_DROPOUT = 0.1
VALIDATION = 256  # pictures
LOG_EVERY = 50  # steps
VALIDATE_EVERY = 250  # steps
SAVE_EVERY = 600  # seconds


class Pictures:
    """The file of prepare_data.py. The last view of each picture is kept for validation."""

    def __init__(self, path):
        data = np.load(path)
        self.images = torch.from_numpy(data["images"])
        self.labels = torch.from_numpy(data["labels"])
        self.class_names = data["class_names"].tolist()
        self.views = self.images.shape[1] - 1
        count = torch.bincount(self.labels)[self.labels]
        self.chance = count**-0.5  # a class is drawn in proportion to the root of its size

    def mixed(self, picked, views, mirrored, t, noise):
        """The network's input at time `t`, and the velocity it should give."""
        clean = self.images[picked, views].movedim(-1, 1) / 127.5 - 1
        clean = torch.where(mirrored[:, None, None, None], clean.flip(-1), clean)
        return torch.lerp(clean, noise, t[:, None, None, None]), noise - clean

    def batch(self):
        """A random batch: input, time, label, velocity."""
        picked = torch.multinomial(self.chance, BATCH, replacement=True)
        views = torch.randint(self.views, (BATCH,))
        mirrored = torch.rand(BATCH) < 0.5
        t = torch.where(torch.rand(BATCH) < 0.5, torch.randn(BATCH).sigmoid(), torch.rand(BATCH))
        x, velocity = self.mixed(picked, views, mirrored, t, torch.randn(BATCH, 3, 32, 32))
        dropped = torch.rand(BATCH) < LABEL_DROPOUT
        y = self.labels[picked].masked_fill(dropped, len(self.class_names))
        return x, t, y, velocity

    def validation(self):
        """A fixed batch of unseen views, its times spread evenly."""
        generator = torch.Generator().manual_seed(1)
        picked = torch.randint(len(self.labels), (VALIDATION,), generator=generator)
        noise = torch.randn(VALIDATION, 3, 32, 32, generator=generator)
        t = (torch.arange(VALIDATION) + 0.5) / VALIDATION
        mirrored = torch.zeros(VALIDATION, dtype=torch.bool)
        x, velocity = self.mixed(picked, self.views, mirrored, t, noise)
        return x, t, self.labels[picked], velocity


class Average:
    """A second model that follows the first: a moving average, quick at the start."""

    def __init__(self, model):
        self.model = dit.DiT(model.config).requires_grad_(False)
        self.pairs = list(self.model.parameters()), list(model.parameters())
        self.steps = 0
        torch._foreach_copy_(*self.pairs)

    @torch.no_grad()
    def follow(self):
        self.steps += 1
        decay = min(AVERAGE, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(*self.pairs, 1 - decay)


def optimisers(model):
    """Muon for the matrices of attention and MLP, AdamW for the rest."""
    muon, adamw = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            inner = ".attn." in name or ".mlp." in name
            (
                muon if inner and name.startswith("blocks.") and parameter.ndim == 2 else adamw
            ).append(parameter)
    return [
        torch.optim.AdamW(adamw, lr=ADAMW_RATE, betas=(0.9, 0.99), weight_decay=0.0),
        torch.optim.Muon(
            muon,
            lr=MUON_RATE,
            weight_decay=0.01,
            momentum=0.95,
            nesterov=True,
            ns_steps=4,
            adjust_lr_fn="match_rms_adamw",
        ),
    ]


def rate(step, steps):
    """The learning rate of a step as a part of the full one: linear warm-up times half cosine."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
    return min(1.0, (step + 1) / WARMUP) * (FLOOR + (1 - FLOOR) * cosine)


def metadata(config, class_names, steps):
    """What a reader cannot see in the tensors, and what it should know about them."""
    return {
        "format": "pt",
        "model_type": "DiT",
        "input_size": str(config.size),
        "patch_size": str(config.patch),
        "in_channels": str(config.channels),
        "out_channels": str(config.channels),
        "learn_sigma": "false",
        "hidden_size": str(config.hidden),
        "depth": str(config.depth),
        "num_heads": str(config.heads),
        "mlp_ratio": str(dit.MLP_RATIO),
        "frequency_embedding_size": str(dit.FREQUENCIES),
        "num_classes": str(config.classes),
        "class_names": json.dumps(class_names),
        "prediction": "velocity",
        "schedule": "rectified_flow: x_t=(1-t)*x0+t*eps, v=eps-x0, timestep input = 1000*t",
        "data_range": "[-1,1] RGB",
        "dtype": "f16",
        "license": "weights made from Noto Emoji (Google, Apache-2.0) and Fluent Emoji flat "
        "(Microsoft, MIT): pass on the NOTICE beside them",
        "step": str(steps),
        "samples_seen": str(steps * BATCH),
    }


@torch.no_grad()
def picture_grid(model):
    """Two samples a class, a class a column, as a picture four times their size."""
    classes = model.config.classes
    noise = torch.randn(2 * classes, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    y = torch.arange(classes).repeat(2)
    pictures = dit.sample(model, noise, y, steps=20, guidance=2.5).clamp(-1, 1)
    rows = pictures.unflatten(0, (2, classes)).permute(0, 3, 1, 4, 2).reshape(64, 32 * classes, 3)
    image = Image.fromarray(((rows + 1) * 127.5).round().byte().numpy())
    return image.resize((4 * image.width, 4 * image.height), Image.Resampling.NEAREST)


def save(model, class_names, steps, out):
    """Write checkpoint and samples; a run cut short leaves the last whole ones."""
    tensors = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    unfinished = out / "unfinished.safetensors"
    save_file(tensors, unfinished, metadata(model.config, class_names, steps))
    unfinished.replace(out / "emoji_dit_f16.safetensors")
    picture_grid(model).save(out / "samples.png")


def loss_of(model, batch):
    x, t, y, velocity = batch
    return F.mse_loss(model(x, 1000 * t, y), velocity)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=Path("emoji.npz"), help="file of prepare_data.py (%(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("run"), help="folder to write to (%(default)s)"
    )
    parser.add_argument(
        "--max-steps",
        type=int,
        default=STEPS,
        help="steps to train for; the learning rate falls over all of them (%(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of weights and batches (%(default)s)"
    )
    parser.add_argument("--threads", type=int, default=2, help="processor threads (%(default)s)")
    parser.add_argument(
        "--compile", action="store_true", help="use torch.compile: faster, needs a C++ compiler"
    )
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    # Averages of vanishing gradients become denormal numbers, which are slow on most processors.
    torch.set_flush_denormal(True)
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)

    pictures = Pictures(args.data)
    model = dit.DiT(dit.Config(classes=len(pictures.class_names)))
    average = Average(model)
    network = torch.compile(model) if args.compile else model
    unseen = pictures.validation()
    updates = optimisers(model)
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(update, lambda step: rate(step, args.max_steps))
        for update in updates
    ]
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    print(f"{trained:,} parameters to train, {len(pictures.labels)} pictures")

    started = saved = time.monotonic()
    total = counted = 0
    with open(args.out / "log.csv", "w", newline="") as file:
        log = csv.writer(file)
        log.writerow(
            ["step", "seconds", "training_loss", "validation_loss_of_average", "gradient_norm"]
        )
        for step in range(1, args.max_steps + 1):
            loss = loss_of(network, pictures.batch())
            loss.backward()
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
            for update, schedule in zip(updates, schedules):
                update.step()
                update.zero_grad()
                schedule.step()
            average.follow()
            total, counted = total + loss.item(), counted + 1

            last = step == args.max_steps
            if last or step % LOG_EVERY == 0:
                validated = ""
                if last or step % VALIDATE_EVERY == 0:
                    with torch.no_grad():
                        validated = f"{loss_of(average.model, unseen):.5f}"
                seconds = time.monotonic() - started
                log.writerow(
                    [step, f"{seconds:.1f}", f"{total / counted:.5f}", validated, f"{norm:.3f}"]
                )
                file.flush()
                print(
                    f"step {step}, {seconds:.0f} s: loss {total / counted:.4f} {validated}",
                    flush=True,
                )
                total = counted = 0
            if last or time.monotonic() - saved > SAVE_EVERY:
                saved = time.monotonic()
                save(average.model, pictures.class_names, step, args.out)


if __name__ == "__main__":
    main()
