"""Frames of a clip or still as JPEGs: a stretch of its constant grid, for timelines and viewers."""

from dataclasses import dataclass

from engine.protocol.frozen import Frozen

MOST_FRAMES = 64


class FramesHeader(Frozen):
    """What goes before the JPEGs.

    Attributes:
        first: number of the first frame on the grid, 0-based.
        total_frames: how many the grid has; 1 for a still.
        fps: the grid's rate; None for a still.
        width, height: of every JPEG, in pixels.
        frame_sizes_bytes: one for each JPEG; fewer than were asked for at the clip's end, or when they get too many
            bytes.
    """

    first: int
    total_frames: int
    fps: float | None
    width: int
    height: int
    frame_sizes_bytes: tuple[int, ...]


@dataclass(frozen=True)
class ClipFrames:
    """The same, with the JPEGs cut apart."""

    first: int
    total_frames: int
    fps: float | None
    width: int
    height: int
    jpegs: tuple[bytes, ...]
