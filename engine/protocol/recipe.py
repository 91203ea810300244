"""Recipe: the frozen, complete inputs of one take."""

import hashlib
from typing import Literal

from engine.protocol.condition import Condition, Source
from engine.protocol.frozen import Frozen
from engine.protocol.splice import Splice

Speed = Literal["full", "fast", "fastest"]
"""How much of a step may be taken from the step before: nothing, what moves little, or more than that."""


class LoraUse(Frozen):
    """A LoRA that the model computes with.

    Attributes:
        media: sha256 (hex) of its file in the engine's media store.
        strength: 0 is as good as none, 1 as it was trained; below 0 it does the opposite.
    """

    media: str
    strength: float = 1.0


class Recipe(Frozen):
    """Everything that decides a take's pixels, in diffusers' own words.

    Same recipe, same weights, same numeric plan and same device give the same bytes. Values are not
    limited here: what a model can take stands on its card, and `rules.problems` says what does not fit.

    Attributes:
        num_frames: of the model's own clip, which is made in sections where it is longer than the model can.
        source: the clip that the model starts from, for a remix.
        loop: the last frame leads into the first.
        splice: how the model's frames become part of a clip that exists; None when they are the clip.
        speed: above `full` the result is near to what it would have been, not the same.
    """

    model: str
    prompt: str
    negative_prompt: str = ""
    width: int
    height: int
    num_frames: int
    fps: float
    num_inference_steps: int
    guidance_scale: float
    seed: int
    conditions: tuple[Condition, ...] = ()
    source: Source | None = None
    loop: bool = False
    splice: Splice | None = None
    speed: Speed = "full"
    loras: tuple[LoraUse, ...] = ()

    @property
    def digest(self) -> str:
        """Sha256 (hex) of the canonical JSON form; fields at their defaults are left out, so new ones change none."""
        return hashlib.sha256(self.model_dump_json(exclude_defaults=True).encode()).hexdigest()

    @property
    def media(self) -> frozenset[str]:
        """Sha256 of everything it is made from."""
        found = {part.media for part in (*self.conditions, *self.loras)}
        if self.source is not None:
            found.add(self.source.media)
        if self.splice is not None:
            found |= {kept.media for kept in self.splice.kept}
            found |= {self.splice.sound.media} if self.splice.sound else set()
        return frozenset(found)

    @property
    def take_size(self) -> tuple[int, int]:
        """Width and height of the take in pixels."""
        return (self.splice.width, self.splice.height) if self.splice else (self.width, self.height)

    @property
    def take_frames(self) -> int:
        """Length of the take in frames."""
        return self.splice.num_frames if self.splice else self.num_frames

    @property
    def take_fps(self) -> float:
        """Rate of the take in frames per second."""
        return self.splice.fps if self.splice else self.fps

    @property
    def duration_s(self) -> float:
        """Length of the take in seconds."""
        return self.take_frames / self.take_fps

    @property
    def steps_per_section(self) -> int:
        """Denoising steps that are computed for one section: a remix begins in the middle of the schedule."""
        if self.source is None:
            return self.num_inference_steps
        return min(int(self.num_inference_steps * self.source.strength), self.num_inference_steps)
