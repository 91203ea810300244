"""A model's frames joined to the kept frames of a clip, as a splice says."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from engine.media.errors import MediaError
from engine.media.frames import Frame, stretch
from engine.media.grid import read_grid
from engine.media.retime import retime

if TYPE_CHECKING:  # it brings pydantic, which media never needs
    from engine.protocol.splice import Kept, Splice

NewFrames: TypeAlias = Callable[[], Iterator[Frame]]
ReadKept: TypeAlias = "Callable[[Kept], Iterator[Frame]]"


def kept_reader(media: Mapping[str, Path]) -> ReadKept:
    """Return a reader of kept frames on their source's own grid, from files by their sha256.

    Reading raises KeyError for media that is not there, and MediaError as `read_grid`.
    """

    def read_kept(kept: Kept) -> Iterator[Frame]:
        return read_grid(media[kept.media], first_frame=kept.first_frame, num_frames=kept.num_frames)

    return read_kept


def join(splice: Splice, new_frames: NewFrames, read_kept: ReadKept) -> Iterator[Frame]:
    """Yield the joined clip's `splice.num_frames` frames [splice.height, splice.width, 3] uint8.

    `new_frames` opens the model's clip from its beginning, in any size; it is stretched to the splice's and retimed.
    At each seam kept and new frames of the same instants are crossfaded, the new ones' weight rising (or falling) in
    equal steps; in a loop the last new frames come in over the first kept ones. Kept frames outside of that are given
    as `read_kept` gives them, stretched only where their size is another. Every reader is closed in the end; memory
    does not grow with length.

    Raises MediaError "truncated" when fewer kept frames come than the splice says, and what reading and `retime`
    raise.
    """
    with contextlib.ExitStack() as readers:
        count = 0
        for frame in _joined(splice, _Source(splice, new_frames, read_kept, readers)):
            count += 1
            yield frame
    if count != splice.num_frames:
        raise MediaError("truncated", f"{count} of {splice.num_frames} joined frames")


class _Source:
    """Opens the frames that a splice is made of, in its size; they are closed when the stack is."""

    def __init__(
        self, splice: Splice, new_frames: NewFrames, read_kept: ReadKept, readers: contextlib.ExitStack
    ) -> None:
        self._splice = splice
        self._new_frames = new_frames
        self._read_kept = read_kept
        self._readers = readers

    def kept(self, kept: Kept) -> Iterator[Frame]:
        return self._opened(self._all_of(kept))

    def new(self, first: int, end: int) -> Iterator[Frame]:
        """Open the new frames from `first` to before `end` of the splice's count."""
        splice = self._splice
        positions = (splice.first_position + index * splice.frame_step for index in range(first, end))
        return self._opened(self._sized(retime(self._new_frames(), positions)))

    def _opened(self, frames: Generator[Frame]) -> Iterator[Frame]:
        return self._readers.enter_context(contextlib.closing(frames))

    def _all_of(self, kept: Kept) -> Generator[Frame]:
        count = 0
        frames = self._read_kept(kept)
        try:
            for frame in itertools.islice(frames, kept.num_frames):
                count += 1
                yield stretch(frame, self._splice.width, self._splice.height)
        finally:
            _close(frames)
        if count < kept.num_frames:
            raise MediaError("truncated", f"{count} of {kept.num_frames} kept frames could be read")

    def _sized(self, frames: Iterator[Frame]) -> Generator[Frame]:
        try:
            for frame in frames:
                yield stretch(frame, self._splice.width, self._splice.height)
        finally:
            _close(frames)


def _joined(splice: Splice, source: _Source) -> Iterator[Frame]:
    overlap = splice.overlap_frames
    shown_new = splice.new_frames - (overlap if splice.loops else 0)
    new = source.new(0, shown_new)
    if splice.before:
        kept = source.kept(splice.before)
        if splice.loops and overlap:
            kept = _coming_in(source.new(shown_new, splice.new_frames), kept, overlap)
        yield from itertools.islice(kept, splice.before.num_frames - overlap)
        yield from crossfaded(kept, new, overlap)
        shown_new -= overlap
    if splice.after is None:
        yield from itertools.islice(new, shown_new)
        return
    yield from itertools.islice(new, shown_new - overlap)
    kept = source.kept(splice.after)
    yield from crossfaded(new, kept, overlap)
    yield from kept


def _coming_in(first: Iterator[Frame], then: Iterator[Frame], overlap: int) -> Iterator[Frame]:
    yield from crossfaded(first, then, overlap)
    yield from then


def crossfaded(leaving: Iterator[Frame], coming: Iterator[Frame], overlap: int) -> Iterator[Frame]:
    """Yield `overlap` frames in which the weight of what comes rises from 1 / (overlap + 1) in equal steps.

    Raises MediaError "truncated" when there are not as many of both.
    """
    import cv2  # late, as everywhere

    for index in range(overlap):
        weight = (index + 1) / (overlap + 1)
        here, there = next(leaving, None), next(coming, None)
        if here is None or there is None:
            raise MediaError("truncated", f"{index} of {overlap} frames to cross over")
        yield np.asarray(cv2.addWeighted(here, 1 - weight, there, weight, 0), np.uint8)


def _close(frames: Iterator[Frame]) -> None:
    closing = getattr(frames, "close", None)
    if closing:
        closing()
