"""Splice: how a verb's new frames are joined to the kept frames of its sources."""

from typing import Self

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from engine.protocol.frozen import Frozen


class Kept(Frozen):
    """Frames of a source clip that stay as they are.

    Attributes:
        media: sha256 (hex) of the source clip.
        first_frame: 0-based, on the source's constant grid.
        num_frames: how many frames are kept.
    """

    media: str
    first_frame: NonNegativeInt
    num_frames: PositiveInt


class Sound(Frozen):
    """A clip's sound, laid under the joined clip.

    Attributes:
        media: sha256 (hex) of the clip.
        start_s, duration_s: the part of the clip that is heard, in its own time.
        at_s: when it begins in the joined clip.
    """

    media: str
    start_s: NonNegativeFloat = 0.0
    duration_s: PositiveFloat
    at_s: NonNegativeFloat = 0.0


class Splice(Frozen):
    """Kept frames before and after the new ones, on the source's own grid of pixels and frames.

    Attributes:
        width, height, fps: of the joined clip, which are the source's.
        before, after: kept frames on either side.
        loops: the end of the new frames is joined to the beginning of `before`.
        overlap_frames: how many new frames at each seam show the same instants as kept frames and are
            crossfaded into them; they add no length.
        new_frames: frames of the grid that come from the model, overlaps included.
        first_position: which frame of the model's clip the first new one shows; a fraction lies between two.
        frame_step: how many frames of the model's clip lie between two new ones.
        sound: what is heard, if anything.
    """

    width: PositiveInt
    height: PositiveInt
    fps: PositiveFloat
    before: Kept | None = None
    after: Kept | None = None
    loops: bool = False
    overlap_frames: NonNegativeInt = 0
    new_frames: PositiveInt
    first_position: NonNegativeFloat = 0.0
    frame_step: PositiveFloat = 1.0
    sound: Sound | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.loops and (self.before is None or self.after is not None):
            raise ValueError("a loop is closed behind its kept part")
        if any(k.num_frames < self.overlap_frames for k in self.kept):
            raise ValueError("the overlap is longer than a kept part")
        if self.new_frames <= self.overlap_frames * self.seams:
            raise ValueError("the overlaps leave no new frame")
        return self

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The kept parts, in order."""
        return tuple(k for k in (self.before, self.after) if k is not None)

    @property
    def seams(self) -> int:
        """How many times kept and new frames meet."""
        return 2 if self.loops else len(self.kept)

    @property
    def last_position(self) -> float:
        """Which frame of the model's clip the last new one shows."""
        return self.first_position + (self.new_frames - 1) * self.frame_step

    @property
    def num_frames(self) -> int:
        """Length of the joined clip in frames."""
        return sum(k.num_frames for k in self.kept) + self.new_frames - self.overlap_frames * self.seams
