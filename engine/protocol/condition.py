"""Condition and Source: known frames that a generated clip has to agree with, or starts from."""

from engine.protocol.frozen import Frozen


class Condition(Frozen):
    """An image or a stretch of a clip, pinned onto the new clip's own timeline.

    Attributes:
        media: sha256 (hex) of an image or clip in the engine's media store.
        frame_index: 0-based frame of the new clip where it stands.
        strength: 0 (ignored) to 1 (kept as it is).
        num_frames: how many frames of the new clip it covers; 1 for an image.
        start_s: time in the clip, in seconds, of the first of them; the others follow at the recipe's rate.
    """

    media: str
    frame_index: int = 0
    strength: float = 1.0
    num_frames: int = 1
    start_s: float = 0.0


class Source(Frozen):
    """The clip that a remix starts from, from its beginning and at the recipe's rate.

    Attributes:
        media: sha256 (hex) of a clip in the engine's media store.
        strength: how far the model may go from it: near 0 keeps it, 1 ignores it.
    """

    media: str
    strength: float
