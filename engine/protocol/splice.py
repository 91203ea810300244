"""Splice: how a verb's new frames are joined to the kept frames of its sources."""

from typing import Self

from pydantic import NonNegativeInt, PositiveInt, model_validator

from engine.protocol.frozen import Frozen


class Kept(Frozen):
    """Frames of a source clip that stay as they are.

    Attributes:
        media: sha256 (hex) of the source clip.
        first_frame: 0-based, on the source's own frame grid.
        num_frames: how many frames are kept.
    """

    media: str
    first_frame: NonNegativeInt
    num_frames: PositiveInt


class Splice(Frozen):
    """Kept frames before and after the new ones, and how far they overlap.

    Attributes:
        before, after: kept frames on either side; at least one.
        overlap_frames: how many new frames at each seam show the same instants as kept frames and are
            crossfaded into them; they add no length.
        new_frames: frames the model makes, overlaps included.
    """

    before: Kept | None = None
    after: Kept | None = None
    overlap_frames: NonNegativeInt = 0
    new_frames: PositiveInt

    @model_validator(mode="after")
    def _fits(self) -> Self:
        kept = [k for k in (self.before, self.after) if k is not None]
        if not kept:
            raise ValueError("a splice joins new frames to at least one kept part")
        if any(k.num_frames < self.overlap_frames for k in kept):
            raise ValueError("the overlap is longer than a kept part")
        if self.new_frames <= self.overlap_frames * len(kept):
            raise ValueError("the overlaps leave no new frame")
        return self

    @property
    def num_frames(self) -> int:
        """Length of the joined clip in frames."""
        kept = [k for k in (self.before, self.after) if k is not None]
        return sum(k.num_frames for k in kept) + self.new_frames - self.overlap_frames * len(kept)
