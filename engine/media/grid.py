"""Any clip as frames on a constant grid: frames of an uneven clip repeat or drop, so that its sound stays in step."""

import contextlib
import functools
import os
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.media.errors import MediaError
from engine.media.files import readable_file
from engine.media.frames import Frame, stretch
from engine.media.packets import read_decoded, read_header, read_packets
from engine.media.timing import Grid, lay_grid
from engine.media.video_probe import packets_are_frames
from engine.media.video_read import read_frames

# Opening a file again and jumping in it costs about what decoding this many frames does.
_JUMP_FRAMES = 48


def measure_grid(path: str | os.PathLike[str]) -> Grid:
    """Return a clip's grid with its true length: from packets where they can tell, else by decoding the whole clip.

    A clip that breaks off early counts the frames that can be decoded. What was measured last is remembered.
    Raises MediaError as `probe_video`, and "no_picture" when no frame can be decoded.
    """
    absolute, num_bytes = readable_file(path)
    return _measured(absolute, num_bytes, absolute.stat().st_mtime_ns)


def count_frames(path: str | os.PathLike[str]) -> int:
    """Return how many frames `read_grid` has for a clip; decodes it where packets cannot tell. Errors as there."""
    return measure_grid(path).num_frames


def read_grid(
    path: str | os.PathLike[str],
    *,
    first_frame: int = 0,
    num_frames: int | None = None,
    width: int | None = None,
    height: int | None = None,
) -> Generator[Frame]:
    """Yield frames [height, width, 3] uint8 sRGB of a clip's grid from 0-based `first_frame` on, each its own array.

    At most `num_frames` of them, to the grid's end when None. A clip of constant rate gives exactly the frames of its
    file, as `read_frames` does; any other shows at each instant of the grid what is on screen then. Given both sides
    in pixels, frames are stretched to that size without cropping; given none, they keep the clip's own.

    Raises MediaError: at the call as `measure_grid` and "unsupported" for negative numbers or half a size; while
    reading as `read_frames`.
    """
    if first_frame < 0 or (num_frames is not None and num_frames < 1):
        raise MediaError("unsupported", f"frames {first_frame} and {num_frames} more")
    _check_size(width, height)
    grid = measure_grid(path)
    if first_frame >= grid.num_frames:
        raise MediaError("no_picture", f"no frame {first_frame}: the clip has {grid.num_frames} frames")
    if grid.shown is None:
        frames = read_frames(path, first_frame=first_frame, num_frames=num_frames)
    else:
        end = grid.num_frames if num_frames is None else first_frame + num_frames
        frames = _read_picked(path, grid.shown[first_frame:end])
        if num_frames is None and grid.ends_early:
            frames = _breaking_off(frames, grid.num_frames)
    return frames if width is None or height is None else _stretched(frames, width, height)


def read_at(path: str | os.PathLike[str], times_s: Sequence[float], *, width: int, height: int) -> Frame:
    """Return the frames [N, height, width, 3] uint8 sRGB of the grid nearest to some times, in the order given.

    Times are in seconds from the clip's first frame; beyond the end the last frame is given. Frames are stretched.
    Reads only what it needs. Raises MediaError as `read_grid`.
    """
    _check_size(width, height)
    grid = measure_grid(path)
    wanted = np.rint(np.asarray(times_s, np.float64) * float(grid.fps))
    if not np.isfinite(wanted).all():
        raise MediaError("unsupported", "a time that is no number")
    instants = np.clip(wanted, 0, grid.num_frames - 1).astype(np.int64)
    numbers = instants if grid.shown is None else grid.shown[instants]
    found = np.empty((len(numbers), height, width, 3), np.uint8)
    for span in _spans(np.unique(numbers)):
        with contextlib.closing(_read_picked(path, span)) as frames:
            for number, frame in zip(span, frames, strict=True):
                found[numbers == number] = stretch(frame, width, height)
    return found


def _check_size(width: int | None, height: int | None) -> None:
    if (width is None) != (height is None) or (width is not None and height is not None and min(width, height) < 1):
        raise MediaError("unsupported", f"frames of {width}x{height}")


@functools.lru_cache(maxsize=8)
def _measured(path: Path, _num_bytes: int, _modified_ns: int) -> Grid:
    header = read_header(path)
    packets = read_packets(header)
    frames = packets
    if not packets_are_frames(header) or packets.ends_early:
        frames = read_decoded(header)
    if len(frames) == 0:
        raise MediaError("no_picture", "no frame can be decoded")
    return replace(lay_grid(header, frames), ends_early=packets.ends_early)


def _read_picked(path: str | os.PathLike[str], numbers: npt.NDArray[np.int64]) -> Generator[Frame]:
    """Yield the frames of the file with these non-decreasing numbers, one for each."""
    first, last = int(numbers[0]), int(numbers[-1])
    frames = read_frames(path, first_frame=first, num_frames=last - first + 1)
    return _repeated(frames, np.bincount(numbers - first))


def _repeated(frames: Generator[Frame], counts: npt.NDArray[np.int64]) -> Generator[Frame]:
    with contextlib.closing(frames) as source:
        seen = 0
        for frame, count in zip(source, counts, strict=False):
            seen += 1
            if count:
                yield frame
            for _ in range(1, count):
                yield frame.copy()
    if seen < len(counts):
        raise MediaError("truncated", f"{seen} of {len(counts)} frames could be decoded")


def _breaking_off(frames: Generator[Frame], num_frames: int) -> Generator[Frame]:
    with contextlib.closing(frames) as source:
        yield from source
    raise MediaError("truncated", f"the file breaks off after {num_frames} frames")


def _stretched(frames: Generator[Frame], width: int, height: int) -> Generator[Frame]:
    with contextlib.closing(frames) as source:
        for frame in source:
            yield stretch(frame, width, height)


def _spans(numbers: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Split increasing numbers where it is cheaper to jump than to decode on."""
    if not len(numbers):
        return []
    return np.split(numbers, np.flatnonzero(np.diff(numbers) > _JUMP_FRAMES) + 1)
