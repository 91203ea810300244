"""Timeline: known frames as pixels in their places, for the models that are shown them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from engine.families.family import Known, to_pixels


@dataclass(frozen=True)
class Timeline:
    """Every frame of a clip, as far as it is known.

    frames  # [F, H, W, 3] uint8 sRGB, black where nothing is known;  is_known  # [F] bool
    """

    frames: np.ndarray
    is_known: np.ndarray

    @classmethod
    def of(cls, known: Sequence[Known], num_frames: int, height: int, width: int) -> "Timeline":
        """The known frames in their places."""
        frames, is_known = np.zeros((num_frames, height, width, 3), np.uint8), np.zeros(num_frames, bool)
        for part in known:
            place = slice(part.frame_index, part.frame_index + len(part.frames))
            frames[place], is_known[place] = part.frames, True
        return cls(frames, is_known)

    def pixels(self) -> torch.Tensor:
        """[1, 3, F, H, W] float32 in -1…1, grey (0) where nothing is known."""
        is_known = torch.from_numpy(self.is_known)[None, None, :, None, None]
        return torch.where(is_known, to_pixels(self.frames), 0.0)

    def mask(self, temporal: int) -> torch.Tensor:
        """Which frames of which latent are known  # [1, temporal, F', 1, 1]; the first latent is one frame, often."""
        is_known = torch.from_numpy(np.concatenate([np.repeat(self.is_known[:1], temporal), self.is_known[1:]]))
        return is_known.float().reshape(-1, temporal).T[None, :, :, None, None]
