"""What a file can give to a film: a picture, frames, sound."""

import contextlib
import os
from dataclasses import dataclass

from engine.media.errors import MediaError
from engine.media.sound import probe_sound
from engine.media.stills import StillSize, probe_still
from engine.media.video_probe import probe_video


@dataclass(frozen=True)
class Contents:
    """`is_still` of a picture; `sound_s` is how long a file's sound is, in seconds, None where it has none."""

    is_still: bool
    sound_s: float | None


def look(path: str | os.PathLike[str]) -> Contents:
    """Say what is in a file; decodes no more than a moment. MediaError as `probe_still` and `probe_sound`."""
    if find_still(path) is not None:
        return Contents(is_still=True, sound_s=None)
    try:
        return Contents(is_still=False, sound_s=probe_sound(path).duration_s)
    except MediaError as error:
        if error.kind != "no_sound":
            raise
        return Contents(is_still=False, sound_s=None)


def find_still(path: str | os.PathLike[str]) -> StillSize | None:
    """Measure a picture; None for anything else, a GIF that moves included.

    Raises MediaError "too_large" and "unsupported" for pictures that cannot be read: HEIC would pass for a clip.
    """
    try:
        still = probe_still(path)
    except MediaError as error:
        if error.kind in ("too_large", "unsupported"):
            raise
        return None
    if still.format == "GIF":
        with contextlib.suppress(MediaError):
            if (probe_video(path).num_frames or 0) > 1:
                return None
    return still
