"""What the engine found in an image, clip or sound that was handed to it."""

from typing import Literal

from engine.protocol.frozen import Frozen
from engine.protocol.recipe import Recipe


class MediaItem(Frozen):
    """An image, a clip, or a sound.

    Attributes:
        sha256: its name in the media store.
        width, height: in pixels; a sound has 0.
        num_frames, fps, duration_s: of a clip; an image has one frame and neither rate nor length, a sound 0 frames
            and a length. A clip whose rate varies counts the frames it has on a constant grid of `fps`; one that
            cannot tell says 0.
        promised_frames: how many the file says it has, where it breaks off before; None where it is whole.
        variable_rate: the frames in the file are not evenly spaced in time.
        recipe: how it was made, when it carries that.
    """

    sha256: str
    kind: Literal["image", "clip", "sound"]
    format: str
    size_bytes: int
    width: int = 0
    height: int = 0
    num_frames: int = 1
    fps: float | None = None
    duration_s: float | None = None
    has_audio: bool = False
    variable_rate: bool = False
    promised_frames: int | None = None
    recipe: Recipe | None = None
