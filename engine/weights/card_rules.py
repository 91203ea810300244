"""What a model found on the disk can take, and what it starts from: from its configs, and its makers' own pages."""

import math
from dataclasses import dataclass

from engine.protocol.model_card import ConditionKind, Defaults, FrameRule, SizeRule
from engine.weights.adopt import FoundModel
from engine.weights.layouts import WAN, ratios, wan_patch, wan_ratios, whole

PIPELINE_MULTIPLE = 32
"""`LTXConditionPipeline` refuses other sizes, whatever the VAE's ratio."""
LARGEST_EDGE_PX = 1280
LARGEST_PIXELS = 1280 * 736
LARGEST_FRAMES = 257
LEAST_CONTEXT_FRAMES = 9
_WIDTH, _HEIGHT, _FRAMES, _FPS = 704, 480, 121, 25.0
LTX_OPTIONS = {"max_sequence_length": 256.0, "image_cond_noise_scale": 0.15}
WAN_OPTIONS = {"max_sequence_length": 512.0}


@dataclass(frozen=True)
class Rules:
    """The part of a card that says what a recipe may ask for."""

    size: SizeRule
    frames: FrameRule
    context_frames: int
    conditions: tuple[ConditionKind, ...]
    defaults: Defaults
    options: dict[str, float]
    injected: tuple[ConditionKind, ...] = ()
    needs_image: bool = False


@dataclass(frozen=True)
class _Grid:
    """What edges are multiples of, and what frames but the first are."""

    multiple: int
    step: int
    most_pixels: int = LARGEST_PIXELS
    most_frames: int = LARGEST_FRAMES

    def sizes(self) -> SizeRule:
        multiple = self.multiple
        return SizeRule(
            multiple=multiple,
            smallest_edge=multiple,
            largest_edge=max(LARGEST_EDGE_PX, multiple),
            largest_pixels=max(self.most_pixels, multiple * multiple),
        )

    def lengths(self) -> FrameRule:
        return FrameRule(step=self.step, smallest=1, largest=max(self.frames(self.most_frames), self.step + 1))

    def edge(self, wanted: int) -> int:
        return max(self.multiple, round(wanted / self.multiple) * self.multiple)

    def frames(self, wanted: int) -> int:
        return (wanted - 1) // self.step * self.step + 1

    def context(self) -> int:
        return -(-(LEAST_CONTEXT_FRAMES - 1) // self.step) * self.step + 1


def rules_of(found: FoundModel) -> Rules:
    """The rules of a model that was recognised."""
    return _wan(found) if found.layout is WAN else _ltx(found)


def _ltx(found: FoundModel) -> Rules:
    """LTX-Video's own where its ratios allow, else the nearest; distilled models are made for few steps, unguided."""
    transformer = found.configs["transformer"]
    spatial, temporal = ratios(found.configs["vae"])
    multiple = math.lcm(PIPELINE_MULTIPLE, spatial * whole(transformer, "patch_size", 1))
    grid = _Grid(multiple, temporal * whole(transformer, "patch_size_t", 1))
    distilled = "distilled" in str(found.gguf or found.folder).lower()
    return Rules(
        size=grid.sizes(),
        frames=grid.lengths(),
        context_frames=grid.context(),
        conditions=("first_image", "keyframes", "source"),
        defaults=Defaults(
            width=grid.edge(_WIDTH),
            height=grid.edge(_HEIGHT),
            num_frames=grid.frames(_FRAMES),
            fps=_FPS,
            num_inference_steps=8 if distilled else 30,
            guidance_scale=1.0 if distilled else 3.0,
            strength=0.25,  # of the schedule's steps: before that nothing is left of the clip
        ),
        options=LTX_OPTIONS,
    )


def _wan(found: FoundModel) -> Rules:
    """As the cards of the published models say; which of them it is like follows from its transformer's config."""
    transformer = found.configs["transformer"]
    spatial, temporal = wan_ratios(found.configs["vae"])
    expands = found.settings.get("expand_timesteps") is True
    pixels, frames, fps = (1280 * 704, 121, 24.0) if expands else (1280 * 720, 81, 16.0)
    grid = _Grid(spatial * wan_patch(transformer), temporal, pixels, frames)
    conditions, takes_images = _wan_conditions(found, expands)
    return Rules(
        size=grid.sizes(),
        frames=grid.lengths(),
        context_frames=grid.context(),
        conditions=conditions,
        injected=() if "keyframes" in conditions else ("keyframes",),
        needs_image=takes_images,
        defaults=Defaults(
            width=grid.edge(1280 if expands else 832),
            height=grid.edge(704 if expands else 480),
            num_frames=grid.frames(frames),
            fps=fps,
            num_inference_steps=40 if takes_images else 50,
            guidance_scale=5.0,
        ),
        options=WAN_OPTIONS,
    )


def _wan_conditions(found: FoundModel, expands: bool) -> tuple[tuple[ConditionKind, ...], bool]:
    """What it was trained to agree with, and whether it makes nothing without an image."""
    transformer = found.configs["transformer"]
    if "vace_layers" in transformer:
        return ("first_image", "last_image", "keyframes", "source"), False
    if expands:
        return ("first_image", "source"), False
    if whole(transformer, "in_channels", 16) == whole(transformer, "out_channels", 16):
        return ("source",), False
    ends = transformer.get("image_dim") is None or transformer.get("pos_embed_seq_len") is not None
    return ("first_image", "last_image", "source") if ends else ("first_image", "source"), True
