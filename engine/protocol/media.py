"""What the engine found in an image or clip that was handed to it."""

from typing import Literal

from engine.protocol.frozen import Frozen
from engine.protocol.recipe import Recipe


class MediaItem(Frozen):
    """An image or clip.

    Attributes:
        sha256: its name in the media store.
        num_frames, fps, duration_s: of a clip; an image has one frame and neither rate nor length. A clip whose
            rate varies counts the frames it has on a constant grid of `fps`; one that cannot tell says 0.
        promised_frames: how many the file says it has, where it breaks off before; None where it is whole.
        variable_rate: the frames in the file are not evenly spaced in time.
        recipe: how it was made, when it carries that.
    """

    sha256: str
    kind: Literal["image", "clip"]
    format: str
    size_bytes: int
    width: int
    height: int
    num_frames: int = 1
    fps: float | None = None
    duration_s: float | None = None
    has_audio: bool = False
    variable_rate: bool = False
    promised_frames: int | None = None
    recipe: Recipe | None = None
