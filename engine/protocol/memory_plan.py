"""MemoryPlan: where a model's parts wait, how its clip is decoded and whether that fits; pure, for all sides."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.protocol.anatomy import Anatomy
from engine.protocol.frozen import Frozen
from engine.protocol.model_card import ModelCard, Offload
from engine.protocol.recipe import Recipe
from engine.protocol.sections import sections
from engine.protocol.worker_status import WorkerStatus
from engine.protocol.working import FAMILIES, Clip, decode_bytes, encode_bytes, forward_bytes, forward_flops

Placement = Literal["none", "model", "group"]
Quantization = Literal["as_is", "q8_0", "q4_0"]
"""Of the transformer: as the model's files have it, or what `reelwright quantize` makes of it."""
Verdict = Literal["fits", "tight", "offloads", "cannot"]
Reason = Literal["all_there", "little_left", "parts_wait", "layers_wait", "device_memory", "machine_memory"]
DeviceKind = Literal["cpu", "cuda", "mps"]
PLACEMENTS: tuple[Placement, ...] = ("none", "model", "group")
PACKED = re.compile(r"transformer(_2)?/[^/]+\.gguf")

GIB = 2**30
LEAST_HEADROOM_BYTES = 2 * GIB
HEADROOM = 5
"""One part in so many of a device's memory is left for what is computed; never less than the line above."""
UNPACKED = 4
"""Unpacked GGUF weights may take one part in so many of the machine's memory."""
MARGIN = 1.15
"""What is computed is reckoned so much larger: kernels take memory for themselves, and an allocator has gaps."""
TIGHT = 0.85
"""A plan that takes more of the memory than this is tight: other programs want some too."""
MOST = 0.95
PROGRAM_BYTES = 2 * GIB
"""The worker itself with its libraries, and what the system needs."""
QUANTIZED_BYTES = {"q8_0": 34 / 32, "q4_0": 18 / 32}
"""Bytes per weight: 32 weights and their scale in a block."""
TRANSFER_BYTES_PER_S = 25e9
"""Over PCIe 4 x16, pinned."""
RATES = {"H200": 344e12, "H100": 344e12, "A100": 191e12, "H20": 129e12, "RTX 4090": 97e12}
"""Floating-point operations a second that diffusers or Wan's own code was seen to reach with Wan in bfloat16: from
the published seconds in LightX2V's and Wan 2.2's tables, by the arithmetic of `forward_flops`; an H200 as an H100."""


@dataclass(frozen=True)
class Part:
    """A component's weights, what it holds besides them when it is called, and its largest layer, all in bytes."""

    weights: int
    working: int = 0
    leaf: int = 0


class Machine(Frozen):
    """What there is to compute with; `value_bytes` is of one number in the format that the device computes in."""

    kind: DeviceKind
    name: str = ""
    total_bytes: int
    machine_bytes: int
    value_bytes: int = 2

    @property
    def program_bytes(self) -> int:
        """What the worker takes of the memory that it computes in."""
        return 0 if self.kind == "cuda" else PROGRAM_BYTES


class MemoryPlan(Frozen):
    """How a model makes a clip on a machine.

    Attributes:
        tiled: the clip is decoded in tiles.
        device_bytes, machine_bytes: the most that is held of each memory; on a processor, and where both are one, it
            is all in the first.
        disk_bytes: the model's files; None until it is known what they are.
        denoise_s: very roughly, the seconds of all steps; None on devices nobody has measured.
        better: the largest quantization by which it would fit whole, where it does not as it is.
    """

    verdict: Verdict
    reason: Reason
    placement: Placement
    tiled: bool
    device_bytes: int
    machine_bytes: int
    disk_bytes: int | None = None
    denoise_s: float | None = None
    better: Quantization | None = None

    @property
    def text_first(self) -> bool:
        """The text encoder is on the device for the prompts alone, and leaves it before the first step."""
        return self.placement != "none"


def machine_of(worker: WorkerStatus) -> Machine | None:
    """The machine that a worker is on; None while that is not known."""
    kind = worker.found.partition(":")[0]
    if kind not in ("cpu", "cuda", "mps") or not (worker.total_bytes and worker.machine_bytes and worker.value_bytes):
        return None
    return Machine(
        kind=kind,
        name=worker.found.partition(": ")[2],
        total_bytes=worker.total_bytes,
        machine_bytes=worker.machine_bytes,
        value_bytes=worker.value_bytes,
    )


def placement(wanted: Offload, parts: Sequence[Part], kind: str, total_bytes: int) -> Placement:
    """How to place a model of these parts.

    `auto` keeps all on the device where it fits, else one component at a time (`model`), else layers (`group`).
    A processor has nowhere to offload from: there `model` is `none`, and layers only on request. On Apple's GPUs all
    memory is one.
    """
    if kind != "cuda":
        return "group" if wanted == "group" and kind == "cpu" else "none"
    if wanted != "auto":
        return wanted
    found: list[Placement] = [how for how in PLACEMENTS if has_room(parts, how, total_bytes)]
    return found[0] if found else "group"


def has_room(parts: Sequence[Part], how: Placement, total_bytes: int) -> bool:
    """Whether parts so placed leave the room on the device that computing needs."""
    if peak_bytes(parts, how, layers=1) > total_bytes * MOST and how != "group":
        return False
    if how == "none":
        return sum(part.weights for part in parts) <= _room(total_bytes, max(part.working for part in parts))
    if how == "model":
        return all(part.weights <= _room(total_bytes, part.working) for part in parts)
    return all(part.leaf + part.working <= total_bytes * MOST for part in parts)


def unpacks(unpacked_bytes: int, kind: str, total_bytes: int) -> bool:
    """Whether GGUF weights are unpacked once, when they are loaded, instead of at every call.

    The results are the same to the last bit. On a processor a packed model takes the same time for thousands of
    tokens, but 2 (Q8_0) to 6 (Q4_0) times as long for fifty, as in a draft; a GPU unpacks quickly, and its memory is
    why people choose such a file.
    """
    return kind == "cpu" and unpacked_bytes * UNPACKED <= total_bytes


def peak_bytes(parts: Sequence[Part], how: Placement, layers: int) -> int:
    """The most of the device's memory that is held; of layers one computes while the next is on its way."""
    if how == "none":
        return sum(part.weights for part in parts) + max(part.working for part in parts)
    if how == "model":
        return max(part.weights + part.working for part in parts)
    return max(max(part.weights * 2 // max(layers, 2), part.leaf) + part.working for part in parts)


def memory_plan(
    card: ModelCard, machine: Machine, recipe: Recipe | None = None, quantization: Quantization = "as_is"
) -> MemoryPlan | None:
    """The plan for a recipe, or for what the card starts from; None where the model's anatomy is not known.

    Whole before tiled, near before far: the first way that leaves room, else the smallest.
    """
    if card.anatomy is None or card.family not in FAMILIES:
        return None
    case = _Case(card, card.anatomy, machine, *_clips(card, recipe), quantization)
    tiled, how = case.way()
    held, waiting = case.held(tiled, how), case.waiting(how)
    verdict, reason = _verdict(held, waiting, how, machine)
    return MemoryPlan(
        verdict=verdict,
        reason=reason,
        placement=how,
        tiled=tiled,
        device_bytes=held,
        machine_bytes=waiting,
        disk_bytes=sum(file.size_bytes for file in (*card.files, *([card.gguf] if card.gguf else []))) or None,
        denoise_s=case.denoise_s(recipe, how),
        better=_better(card, machine, recipe, verdict) if quantization == "as_is" else None,
    )


@dataclass(frozen=True)
class _Case:
    """One question; `calls` of the model, each of which makes `clip`, of which frames are known or not."""

    card: ModelCard
    anatomy: Anatomy
    machine: Machine
    clip: Clip
    is_known: bool
    calls: int
    quantization: Quantization

    def way(self) -> tuple[bool, Placement]:
        """Whether it is decoded in tiles, and how the parts are placed."""
        machine, wanted = self.machine, self.card.offload
        fixed = placement(wanted, self.parts(False), machine.kind, machine.total_bytes)
        if machine.kind == "cuda" and wanted == "auto":
            ways: list[tuple[bool, Placement]] = [(tiled, how) for how in PLACEMENTS for tiled in (False, True)]
            return next((w for w in ways if has_room(self.parts(w[0]), w[1], machine.total_bytes)), ways[-1])
        whole = self.held(False, fixed) <= machine.total_bytes * MOST - machine.program_bytes
        return not whole, fixed

    def parts(self, tiled: bool) -> list[Part]:
        """What the model is made of."""
        anatomy, value = self.anatomy, self.machine.value_bytes
        is_wan = self.card.family == "wan"
        vae_value = 4 if is_wan else value  # Wan's is kept in float32, as its makers say
        coding = decode_bytes(anatomy, self.clip, tiled)
        if self.is_known:
            coding = max(coding, encode_bytes(anatomy, self.clip))
        forward = forward_bytes(self.card.family, anatomy, self.clip) * value // 2  # measured in bfloat16
        transformer = Part(self._transformer(), round(forward * MARGIN))
        return [
            Part(anatomy.text_encoder * value, leaf=anatomy.text_embedding * value),
            Part(anatomy.image_encoder * value),
            *[transformer] * anatomy.experts,
            Part(anatomy.vae * vae_value, round(coding * MARGIN * (1 if is_wan else value / 2))),
        ]

    def held(self, tiled: bool, how: Placement) -> int:
        """The most of the device's memory."""
        return peak_bytes(self.parts(tiled), how, self.anatomy.layers)

    def waiting(self, how: Placement) -> int:
        """What is in the machine's memory; of a model that stays on the device, the part that is on its way."""
        if self.machine.kind != "cuda":
            return 0
        weights = [part.weights for part in self.parts(False)]
        return PROGRAM_BYTES + (max(weights) if how == "none" else sum(weights))

    def denoise_s(self, recipe: Recipe | None, how: Placement) -> float | None:
        """The longer one of computing and of moving layers, for all steps."""
        rate = next((rate for name, rate in RATES.items() if name in self.machine.name), None)
        if rate is None or self.machine.kind != "cuda":
            return None
        steps = recipe.steps_per_section if recipe else self.card.defaults.num_inference_steps
        moved_s = self._transformer() / TRANSFER_BYTES_PER_S if how == "group" else 0.0
        prompts = 2 if self.clip.is_guided else 1
        return steps * self.calls * prompts * max(forward_flops(self.anatomy, self.clip) / rate, moved_s)

    def _transformer(self) -> int:
        """Bytes of one expert's weights as they are held."""
        card, machine = self.card, self.machine
        if self.quantization != "as_is":
            return round(self.anatomy.transformer * QUANTIZED_BYTES[self.quantization])
        plain = self.anatomy.transformer * machine.value_bytes
        inner = [file.size_bytes for file in card.files if PACKED.fullmatch(file.path)]
        packed = card.gguf.size_bytes if card.gguf else max(inner, default=0)
        return packed if packed and not unpacks(plain, machine.kind, machine.total_bytes) else plain


def _room(total_bytes: int, working_bytes: int) -> int:
    return total_bytes - max(LEAST_HEADROOM_BYTES, total_bytes // HEADROOM, working_bytes)


def _clips(card: ModelCard, recipe: Recipe | None) -> tuple[Clip, bool, int]:
    """What one call makes, whether frames of it are known, and how many calls there are."""
    if recipe is None:
        usual = card.defaults
        return Clip(usual.width, usual.height, usual.num_frames, usual.guidance_scale > 1), card.needs_image, 1
    parts = sections(recipe, card)
    longest = max(part.num_frames for part in parts)
    is_known = bool(recipe.conditions) or recipe.source is not None or len(parts) > 1
    return Clip(recipe.width, recipe.height, longest, recipe.guidance_scale > 1), is_known, len(parts)


def _verdict(held: int, waiting: int, how: Placement, machine: Machine) -> tuple[Verdict, Reason]:
    taken, is_own = held + machine.program_bytes, machine.kind == "cuda"
    if taken > machine.total_bytes * MOST:
        return "cannot", "device_memory" if is_own else "machine_memory"
    if waiting > machine.machine_bytes:
        return "cannot", "machine_memory"
    if how != "none" and is_own:
        return "offloads", "parts_wait" if how == "model" else "layers_wait"
    return ("tight", "little_left") if taken > machine.total_bytes * TIGHT else ("fits", "all_there")


def _better(card: ModelCard, machine: Machine, recipe: Recipe | None, verdict: Verdict) -> Quantization | None:
    """Of the smaller quantizations the first that does better than to offload, or than not to run."""
    has_two = card.anatomy is not None and card.anatomy.experts > 1  # of which only one could be quantized
    if verdict in ("fits", "tight") or card.gguf is not None or has_two:
        return None
    smaller: tuple[Quantization, ...] = ("q8_0", "q4_0")
    verdicts: list[tuple[Quantization, Verdict]] = [
        (each, plan.verdict) for each in smaller if (plan := memory_plan(card, machine, recipe, each))
    ]
    whole: list[Quantization] = [each for each, found in verdicts if found in ("fits", "tight")]
    runs: list[Quantization] = [each for each, found in verdicts if found != "cannot" and verdict == "cannot"]
    return next(iter(whole or runs), None)
