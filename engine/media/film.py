"""A film's pictures, one at a time: clips and stills in its size and rate, cut, crossfaded and dipped to black."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Generator, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.media.errors import MediaError
from engine.media.film_files import find_still
from engine.media.frames import Frame, fit, pad
from engine.media.grid import read_grid
from engine.media.join import crossfaded
from engine.media.retime import retime
from engine.media.stills import read_still

if TYPE_CHECKING:  # it brings pydantic, which media never needs
    from engine.protocol.film import Film, FilmClip, Placed

# The finest quotient of two rates that counts: 29.97 is 30000/1001, and nobody wants frames between theirs.
_FINEST_RATIO = 100_000


def pictures(film: Film, media: Mapping[str, Path]) -> Generator[Frame]:
    """Yield the film's `num_frames` frames [height, width, 3] uint8 sRGB, from files by their sha256.

    Where each clip is, `placed` says. A clip is read on its own grid, its stretch retimed to the film's rate and then
    scaled; a picture is held. A crossfade's weights rise in equal steps, and so do those of a dip, whose darkest
    frame, the last of the clip that goes, is black. At most two files are open, and memory does not grow with length.

    Raises KeyError for media that is not there, MediaError as reading and `retime` do, and "truncated" for a clip
    that is shorter than its stretch.
    """
    from engine.protocol.film import placed  # whoever has a film has this already

    places = placed(film)
    with contextlib.ExitStack() as readers:
        coming, shown = _opened(film, 0, places[0], media, readers), 0
        for index, place in enumerate(places):
            here = coming
            yield from itertools.islice(here, place.num_frames - shown - place.overlap_frames)
            if index + 1 < len(places):
                coming = _opened(film, index + 1, places[index + 1], media, readers)
                yield from crossfaded(here, coming, place.overlap_frames)
                shown = place.overlap_frames
            here.close()


def _opened(
    film: Film, index: int, place: Placed, media: Mapping[str, Path], readers: contextlib.ExitStack
) -> Generator[Frame]:
    clip = film.clips[index]
    path = media[clip.media]
    still = read_still(path) if find_still(path) is not None else None
    frames = _retimed(film, clip, place, path) if still is None else itertools.repeat(still)
    return readers.enter_context(contextlib.closing(_clip(film, place, frames, is_held=still is not None)))


def _clip(film: Film, place: Placed, frames: Iterator[Frame], *, is_held: bool) -> Generator[Frame]:
    """Yield a clip's frames as they are in the film, but for what they are crossfaded with."""
    size = fit if film.fit == "crop" else pad
    held: Frame | None = None
    with contextlib.ExitStack() as sources:
        if isinstance(frames, Generator):
            sources.enter_context(contextlib.closing(frames))
        for index, frame in enumerate(itertools.islice(frames, place.num_frames)):
            shown = held if held is not None else size(frame, film.width, film.height)
            held = shown if is_held else None
            weight = _brightness(place, index)
            yield shown if weight == 1 else _dimmed(shown, weight)


def _retimed(film: Film, clip: FilmClip, place: Placed, path: Path) -> Generator[Frame]:
    ratio = Fraction(clip.fps / film.fps).limit_denominator(_FINEST_RATIO)
    positions = (index * ratio for index in range(place.num_frames))
    if film.retiming == "nearest":
        positions = (math.ceil(position - Fraction(1, 2)) for position in positions)
    yield from retime(_stretch(clip, path), map(float, positions))


def _stretch(clip: FilmClip, path: Path) -> Generator[Frame]:
    count = 0
    with contextlib.closing(read_grid(path, first_frame=clip.first_frame, num_frames=clip.num_frames)) as frames:
        for frame in frames:
            count += 1
            yield frame
    if count < clip.num_frames:
        raise MediaError("truncated", f"{count} of {clip.num_frames} frames from {clip.first_frame} could be read")


def _brightness(place: Placed, index: int) -> float:
    """Return how much of a clip's frame is seen where it comes from black or goes to it, 0 to 1."""
    left = place.num_frames - 1 - index
    coming = (index + 1) / (place.fade_in_frames + 1) if index < place.fade_in_frames else 1.0
    going = left / place.fade_out_frames if left < place.fade_out_frames else 1.0
    return coming * going


def _dimmed(frame: Frame, weight: float) -> Frame:
    import cv2  # late, as everywhere

    return np.asarray(cv2.convertScaleAbs(frame, alpha=weight), np.uint8)
