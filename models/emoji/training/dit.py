"""The Diffusion Transformer of Peebles & Xie (2023, arXiv:2212.09748), for training.

Module names are the published ones, so `state_dict()` has the parameter names of a DiT checkpoint.
Pictures are [B, channels, size, size], tokens [B, N, hidden] row by row, conditions [B, hidden].
"""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

FREQUENCIES = 256
MLP_RATIO = 4


@dataclass(frozen=True)
class Config:
    """Sizes of the network. Label `classes` (one past the last) stands for "no class"."""

    classes: int
    size: int = 32
    patch: int = 4
    channels: int = 3
    hidden: int = 192
    depth: int = 6
    heads: int = 3


def position_table(hidden, side):
    """[1, side*side, hidden]: a quarter each of sin(column), cos(column), sin(row), cos(row)."""
    rate = 10000.0 ** -torch.linspace(0, 1, hidden // 4 + 1, dtype=torch.float64)[:-1]
    angle = torch.arange(side, dtype=torch.float64)[:, None] * rate
    wave = torch.cat([angle.sin(), angle.cos()], dim=1)
    columns = wave.repeat(side, 1)
    rows = wave.repeat_interleave(side, dim=0)
    return torch.cat([columns, rows], dim=1).float()[None]


def timestep_features(t):
    """[B] in 0..1000 -> [B, 256]: cosines, then sines, at periods from 2 pi to nearly 20000 pi."""
    half = FREQUENCIES // 2
    index = torch.arange(half, dtype=torch.float32, device=t.device)
    angle = t.float().unsqueeze(1) * torch.exp(-math.log(10000.0) * index / half)
    return torch.cat([torch.cos(angle), torch.sin(angle)], dim=1)


def modulated(tokens, shift, scale):
    """Layer norm without parameters of its own, then a scale and a shift for each picture."""
    normed = F.layer_norm(tokens, tokens.shape[-1:], eps=1e-6)
    return torch.addcmul(shift.unsqueeze(1), normed, 1 + scale.unsqueeze(1))


class PatchEmbedder(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.proj = nn.Conv2d(config.channels, config.hidden, config.patch, config.patch)

    def forward(self, x):
        return self.proj(x).flatten(start_dim=2).mT


class TimestepEmbedder(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(FREQUENCIES, hidden), nn.SiLU(), nn.Linear(hidden, hidden)
        )

    def forward(self, t):
        return self.mlp(timestep_features(t))


class LabelEmbedder(nn.Module):
    def __init__(self, classes, hidden):
        super().__init__()
        self.embedding_table = nn.Embedding(classes + 1, hidden)

    def forward(self, y):
        return self.embedding_table(y)


class Attention(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.proj = nn.Linear(hidden, hidden)

    def forward(self, tokens):
        split = self.qkv(tokens).unflatten(2, (3, self.heads, -1)).transpose(1, 3)
        query, key, value = split.unbind(2)
        mixed = F.scaled_dot_product_attention(query, key, value)
        return self.proj(mixed.transpose(1, 2).flatten(start_dim=2))


class Mlp(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.fc1 = nn.Linear(hidden, MLP_RATIO * hidden)
        self.act = nn.GELU(approximate="tanh")
        self.fc2 = nn.Linear(MLP_RATIO * hidden, hidden)

    def forward(self, tokens):
        return self.fc2(self.act(self.fc1(tokens)))


class Modulation(nn.Sequential):
    """Condition -> `parts` vectors of shift, scale or gate. Starts at zero (adaLN-Zero)."""

    def __init__(self, hidden, parts):
        super().__init__(nn.SiLU(), nn.Linear(hidden, parts * hidden))
        self.parts = parts

    def forward(self, condition):
        return super().forward(condition).chunk(self.parts, dim=1)


class Block(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.attn = Attention(hidden, heads)
        self.mlp = Mlp(hidden)
        self.adaLN_modulation = Modulation(hidden, 6)

    def forward(self, tokens, condition):
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = self.adaLN_modulation(condition)
        tokens = tokens + gate_a.unsqueeze(1) * self.attn(modulated(tokens, shift_a, scale_a))
        return tokens + gate_m.unsqueeze(1) * self.mlp(modulated(tokens, shift_m, scale_m))


class FinalLayer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.adaLN_modulation = Modulation(config.hidden, 2)
        self.linear = nn.Linear(config.hidden, config.patch**2 * config.channels)

    def forward(self, tokens, condition):
        return self.linear(modulated(tokens, *self.adaLN_modulation(condition)))


class DiT(nn.Module):
    """Noisy picture, timestep (0..1000) and label -> a picture of the same shape."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.x_embedder = PatchEmbedder(config)
        self.t_embedder = TimestepEmbedder(config.hidden)
        self.y_embedder = LabelEmbedder(config.classes, config.hidden)
        table = position_table(config.hidden, config.size // config.patch)
        self.pos_embed = nn.Parameter(table, requires_grad=False)
        self.blocks = nn.ModuleList(Block(config.hidden, config.heads) for _ in range(config.depth))
        self.final_layer = FinalLayer(config)
        self.initialise()

    @torch.no_grad()
    def initialise(self):
        """As published: Xavier for matrices, 0.02 for embeddings, zero where a path is gated."""
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                nn.init.xavier_uniform_(module.weight.flatten(start_dim=1))
                nn.init.zeros_(module.bias)
        for weight in (
            self.y_embedder.embedding_table.weight,
            self.t_embedder.mlp[0].weight,
            self.t_embedder.mlp[2].weight,
        ):
            nn.init.normal_(weight, std=0.02)
        for module in self.modules():
            if isinstance(module, Modulation):
                nn.init.zeros_(module[1].weight)
        nn.init.zeros_(self.final_layer.linear.weight)

    def condition(self, t, y):
        return self.t_embedder(t) + self.y_embedder(y)

    def unpatchify(self, pixels):
        config = self.config
        side = config.size // config.patch
        grid = pixels.unflatten(2, (config.patch, config.patch, config.channels))
        grid = grid.unflatten(1, (side, side))
        return torch.einsum("bijpqc->bcipjq", grid).reshape(
            -1, config.channels, config.size, config.size
        )

    def forward(self, x, t, y):
        tokens = self.x_embedder(x) + self.pos_embed
        condition = self.condition(t, y)
        for block in self.blocks:
            tokens = block(tokens, condition)
        return self.unpatchify(self.final_layer(tokens, condition))


def guided_velocity(model, x, time, y, guidance):
    """v = u + guidance * (v_class - u) at `time` in 0..1, u the velocity without a class."""
    t = x.new_full((2 * len(y),), 1000.0 * time)
    no_class = torch.full_like(y, model.config.classes)
    with_class, without = model(torch.cat([x, x]), t, torch.cat([y, no_class])).chunk(2)
    return torch.lerp(without, with_class, guidance)


@torch.no_grad()
def sample(model, noise, y, steps, guidance):
    """Euler from time 1 (noise) to time 0 (picture) in even steps."""
    x = noise
    for step in range(steps):
        x = x - guided_velocity(model, x, 1 - step / steps, y, guidance) / steps
    return x
