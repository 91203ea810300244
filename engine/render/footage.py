"""The footage a recipe is made from, as the model gets it: stretched to its size, resampled to its rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.families.family import Known
from engine.media.errors import MediaError
from engine.media.frames import fit
from engine.media.grid import read_at
from engine.media.stills import probe_still, read_still
from engine.protocol.condition import Condition
from engine.protocol.recipe import Recipe
from engine.protocol.sections import Section


@dataclass(frozen=True)
class Footage:
    """Images and clips by sha256, for one recipe. All methods raise MediaError for what cannot be read."""

    files: Mapping[str, Path]
    recipe: Recipe

    def known(self, condition: Condition) -> Known:
        """An image is fitted, a stretch of a clip stretched: what is joined to it is stretched back."""
        path, recipe = self.files[condition.media], self.recipe
        if condition.num_frames == 1 and condition.start_s == 0 and _is_still(path):
            frames = fit(read_still(path), recipe.width, recipe.height)[None]
        else:
            frames = self._at(condition.media, condition.start_s, condition.num_frames)
        return Known(frames, condition.frame_index, condition.strength)

    def source(self, part: Section) -> np.ndarray | None:
        """What a section of a remix starts from  # [F, H, W, 3] uint8 sRGB."""
        source = self.recipe.source
        if source is None:
            return None
        return self._at(source.media, part.first_frame / self.recipe.fps, part.num_frames)

    def _at(self, media: str, start_s: float, count: int) -> np.ndarray:
        recipe = self.recipe
        times_s = [start_s + i / recipe.fps for i in range(count)]
        return read_at(self.files[media], times_s, width=recipe.width, height=recipe.height)


def _is_still(path: Path) -> bool:
    try:
        probe_still(path)
    except MediaError:
        return False
    return True
