"""Condition: an image or clip pinned onto the new clip's own timeline."""

from engine.protocol.frozen import Frozen


class Condition(Frozen):
    """Known frames that a generated clip has to agree with.

    Attributes:
        media: sha256 (hex) of an image in the engine's media store.
        frame_index: 0-based frame of the new clip where it stands.
        strength: 0 (ignored) to 1 (kept as it is).
    """

    media: str
    frame_index: int = 0
    strength: float = 1.0
