"""Recipe: the frozen, complete inputs of one take."""

import hashlib

from engine.protocol.condition import Condition
from engine.protocol.frozen import Frozen


class Recipe(Frozen):
    """Everything that decides a take's pixels, in diffusers' own words.

    Same recipe, same weights, same numeric plan and same device give the same bytes. Values are not
    limited here: what a model can take stands on its card, and `rules.problems` says what does not fit.
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

    @property
    def digest(self) -> str:
        """Sha256 (hex) of the canonical JSON form."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def duration_s(self) -> float:
        """Length of the clip in seconds."""
        return self.num_frames / self.fps
