"""Which parts of a clip are given, laid out in tokens exactly as diffusers' LTXConditionPipeline lays them out.

A condition at frame 0 takes its place inside the clip's own tokens. A condition elsewhere becomes extra tokens in
front of them: one latent frame for an image, the first two for a video, whose further latent frames go in place.
"""

from dataclasses import dataclass

import numpy as np
import torch

from starter.model import coordinates
from starter.sizes import TEMPORAL_STRIDE, ClipSize

PREFIX_LATENTS = 2
"""Latent frames of a later video that become extra tokens (`num_prefix_latent_frames`)."""


@dataclass(frozen=True)
class Kind:
    """One way of conditioning a clip.

    prefix: latent frames given at the start (1 is a start image). extras: frames given as extra tokens, each
    (name of the pool's tensor, frame index, latent frames). tail: whether a 9-frame suffix's third latent frame is
    given in place. looped: needs a clip that ends as it begins.
    """

    prefix: int = 0
    extras: tuple[tuple[str, int, int], ...] = ()
    tail: bool = False
    looped: bool = False

    @property
    def extra_frames(self) -> int:
        """Latent frames in front of the clip's own."""
        return sum(frames for _, _, frames in self.extras)


def kinds(size: ClipSize) -> dict[str, Kind]:
    """Every condition the verbs use, by name."""
    last, middle = size.last, size.last // 2 // TEMPORAL_STRIDE * TEMPORAL_STRIDE
    end = (f"frame_{last}", last, 1)
    mid = (f"frame_{middle}", middle, 1)
    early = (f"frame_{TEMPORAL_STRIDE}", TEMPORAL_STRIDE, 1)
    late = (f"frame_{last - TEMPORAL_STRIDE}", last - TEMPORAL_STRIDE, 1)
    suffix_5 = ("suffix_5", last - 4, PREFIX_LATENTS)
    suffix_9 = ("suffix_9", last - 8, PREFIX_LATENTS)
    return {
        "text": Kind(),
        "image": Kind(prefix=1),
        "prefix_5": Kind(prefix=2),
        "prefix_9": Kind(prefix=3),
        "last": Kind(extras=(end,)),
        "ends": Kind(prefix=1, extras=(end,)),
        "keyframe": Kind(extras=(mid,)),
        "early": Kind(extras=(early,)),
        "late": Kind(extras=(late,)),
        "image_keyframe": Kind(prefix=1, extras=(mid,)),
        "loop": Kind(prefix=1, extras=(("clip", last, 1),), looped=True),
        "three": Kind(prefix=1, extras=(mid, end)),
        "suffix_5": Kind(extras=(suffix_5,)),
        "suffix_9": Kind(extras=(suffix_9,), tail=True),
        "bridge_5": Kind(prefix=2, extras=(suffix_5,)),
        "bridge_5_9": Kind(prefix=2, extras=(suffix_9,), tail=True),
        "bridge_9_5": Kind(prefix=3, extras=(suffix_5,)),
    }


ALONE = {"text": 0.58, "image": 0.24, "prefix_5": 0.09, "prefix_9": 0.09}
ONE_EXTRA = {
    "ends": 0.28,
    "last": 0.14,
    "keyframe": 0.10,
    "image_keyframe": 0.12,
    "early": 0.08,
    "late": 0.08,
    "loop": 0.20,
}
TWO_EXTRA = {
    "suffix_5": 0.22,
    "suffix_9": 0.22,
    "bridge_5": 0.22,
    "bridge_5_9": 0.12,
    "bridge_9_5": 0.12,
    "three": 0.10,
}
SHARES = ((0.58, ALONE), (0.23, ONE_EXTRA), (0.19, TWO_EXTRA))
"""How often each kind is trained; grouped by the number of extra latent frames, one group per batch."""


def draw_kinds(rng: np.random.Generator, count: int) -> list[str]:
    """Kinds of one batch, all with the same number of extra tokens."""
    group = SHARES[rng.choice(len(SHARES), p=[share for share, _ in SHARES])][1]
    weights = np.array(list(group.values()))
    return [str(name) for name in rng.choice(list(group), size=count, p=weights / weights.sum())]


@dataclass
class Layout:
    """Tokens of a batch of conditioned clips, before noise; extras stand in front of the clip's own tokens.

    clean: what the condition shows where given, else the clip  # [B, S, C]
    given: 1 where a token is a condition  # [B, S]
    coords: seconds, y, x  # [B, 3, S]
    extra_tokens: how many of S stand in front.
    """

    clean: torch.Tensor
    given: torch.Tensor
    coords: torch.Tensor
    extra_tokens: int


def _coords(size: ClipSize, kind: Kind) -> torch.Tensor:
    parts = [coordinates(size, frames, index) for _, index, frames in kind.extras]
    return torch.cat([*parts, coordinates(size, size.grid[0])], dim=1)


def lay_out(size: ClipSize, clips: list[dict[str, torch.Tensor]], names: list[str]) -> Layout:
    """Lay out clips (each the pool's tensors by name, [tokens, C]) under conditions with equally many extra tokens."""
    known, step = kinds(size), size.frame_tokens
    clean, given = [], []
    for tensors, name in zip(clips, names, strict=True):
        kind = known[name]
        own = tensors["clip"].float().clone()
        mask = torch.zeros(own.shape[0])
        mask[: kind.prefix * step] = 1.0
        if kind.tail:
            own[-step:] = tensors["suffix_9"][PREFIX_LATENTS * step :].float()
            mask[-step:] = 1.0
        extras = [tensors[source][: frames * step].float() for source, _, frames in kind.extras]
        clean.append(torch.cat([*extras, own]))
        given.append(torch.cat([torch.ones(kind.extra_frames * step), mask]))
    coords = torch.stack([_coords(size, known[name]) for name in names])
    return Layout(torch.stack(clean), torch.stack(given), coords, known[names[0]].extra_frames * step)


def noisy_input(
    layout: Layout, noise: torch.Tensor, time: torch.Tensor, condition_noise: torch.Tensor, strength: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The transformer's input [B, S, C] and timestep [B, S] in 0..1000, as the pipeline makes them.

    noise  # [B, S, C]; time  # [B] in 0..1. A condition of strength 1 is clean, at timestep 0, plus
    `condition_noise * time**2` of noise (`image_cond_noise_scale`); a weaker one stays at level 1 - strength.
    """
    level = torch.minimum(time, 1.0 - strength)[:, None] * layout.given + time[:, None] * (1.0 - layout.given)
    mixed = torch.lerp(layout.clean, noise, level[..., None])
    jitter = (condition_noise * time**2)[:, None] * layout.given * (strength >= 1.0)[:, None]
    return mixed + jitter[..., None] * noise, level * 1000.0


def velocity_loss(layout: Layout, predicted: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Mean squared velocity error of each clip over its tokens that are not given  # [B]."""
    weight = 1.0 - layout.given
    error = ((predicted - (noise - layout.clean)) ** 2).mean(-1)
    return (error * weight).sum(1) / weight.sum(1)
