"""Sections back into one clip: where two show the same instants they are blended, and each is decoded when needed."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from engine.media.frames import Frame
from engine.protocol.sections import Section
from engine.protocol.splice import Splice

BLENDED_FRAMES = 4
"""At most so many of the frames that two sections share are a mixture; the rest are those of the one made first."""


def stitched(
    parts: Sequence[Section], decode: Callable[[Section], np.ndarray], *, backward: bool = False
) -> Iterator[Frame]:
    """Every frame [H, W, 3] uint8 of neighbouring sections, in order; at most two of them are in memory.

    `decode` gives a section's frames [F, H, W, 3]. `backward`: the later of two sections was made first.
    """
    held = decode(parts[-1])[-parts[-1].overlap :] if parts[-1].closes else None
    for i, part in enumerate(parts):
        frames = decode(part)
        if held is not None:
            frames = np.concatenate(
                [_blended(held, frames[: len(held)], late=not backward and i > 0), frames[len(held) :]]
            )
        keep = parts[i + 1].overlap if i + 1 < len(parts) else part.overlap * part.closes
        yield from frames[: len(frames) - keep]
        held = frames[len(frames) - keep :].copy()


def cut(splice: Splice, first: int, end: int, num_frames: int) -> Splice:
    """The splice for a model's clip of which only the frames from `first` to before `end` were made."""
    if first == 0 and end == num_frames:
        return splice
    skipped = max(0, int(np.ceil((first - splice.first_position) / splice.frame_step - 1e-6)))
    shown = min(splice.new_frames, int((end - 1 - splice.first_position) / splice.frame_step + 1e-6) + 1)
    sound = splice.sound
    if sound is not None and first:
        sound = sound.changed(at_s=max(0.0, sound.at_s - skipped / splice.fps))
    before = splice.before if first == 0 else None
    after = splice.after if end == num_frames else None
    seams = sum(kept is not None for kept in (before, after))
    return splice.changed(
        before=before,
        after=after,
        loops=False,
        new_frames=max(splice.overlap_frames * seams + 1, shown - skipped),
        first_position=max(0.0, splice.first_position + skipped * splice.frame_step - first),
        sound=sound,
    )


def _blended(before: np.ndarray, after: np.ndarray, *, late: bool) -> np.ndarray:
    """One clip [F, H, W, 3] turning into the other over a few of its frames: the last ones, or the first."""
    count = len(before)
    over = min(BLENDED_FRAMES, count)
    first = count - over if late else 0
    weights = np.clip((np.arange(count) - first + 1) / (over + 1), 0, 1)[:, None, None, None]
    return (before * (1 - weights) + after * weights + 0.5).astype(np.uint8)
