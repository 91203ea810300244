"""Frames of what is in the media store, as JPEGs that fit a box: what a timeline and a viewer show."""

import asyncio
import contextlib
import functools
import itertools
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from engine.media.errors import MediaError
from engine.protocol.clip_frames import MOST_FRAMES, FramesHeader
from engine.protocol.frozen import Frozen
from engine.protocol.media import MediaItem
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.wire import pack
from engine.server.inspect import inspect, refusal
from engine.server.media_store import MediaStore

if TYPE_CHECKING:
    from engine.media.frames import Frame
    from engine.media.timing import Grid

JPEG_QUALITY = 88
MOST_BYTES = 32 * 2**20
"""An answer with more than this ends before the count that was asked for, so that sizes bound the memory."""
LARGEST_SIDE_PX = 16_384
READERS = 2
"""So many at a time: each may hold one frame of the clip's own size, and ffmpeg."""
LOOK_INTERVAL_S = 0.1


class _Wanted(Frozen):
    """What of a clip is asked for; the box is the largest size, None for the clip's own."""

    first: Annotated[int, Query(ge=0, le=2**31)] = 0
    count: Annotated[int, Query(ge=1, le=MOST_FRAMES)] = 1
    width: Annotated[int | None, Query(ge=1, le=LARGEST_SIDE_PX)] = None
    height: Annotated[int | None, Query(ge=1, le=LARGEST_SIDE_PX)] = None

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The picture's size within the box: its shape is kept, and it is never enlarged."""
        scale = min(1.0, (self.width or width) / width, (self.height or height) / height)
        return max(1, round(width * scale)), max(1, round(height * scale))


class _Reading:
    """A reading thread's part of the talk: whether anybody still waits for it."""

    def __init__(self, path: Path, wanted: _Wanted) -> None:
        self.is_awaited = True
        self._path = path
        self._wanted = wanted

    def run(self) -> bytes:
        """The whole answer.

        Raises:
            ProblemsError: when the clip cannot be read, or has no such frame.
        """
        try:
            if self._path.suffix == ".zip":
                return self._answer_pictures()
            still = _read_still(self._path)
            return self._answer_still(still) if still is not None else self._answer_clip()
        except MediaError as error:
            raise refusal(error) from error

    def _answer_still(self, still: "Frame") -> bytes:
        from engine.media.frames import stretch, to_jpeg

        _check_first(self._wanted.first, 1)
        width, height = self._wanted.size(still.shape[1], still.shape[0])
        jpeg = to_jpeg(stretch(still, width, height), JPEG_QUALITY)
        return _packed(0, (1, None), (width, height), [jpeg])

    def _answer_pictures(self) -> bytes:
        """Of a sequence of pictures, which is one of our takes: nobody else's zip comes into the store."""
        from engine.media.frames import stretch
        from engine.media.image_zip import count_pictures, read_image_zip

        first, total = self._wanted.first, count_pictures(self._path)
        _check_first(first, total)
        with contextlib.closing(read_image_zip(self._path, first, self._wanted.count)) as frames:
            head = next(frames)
            width, height = self._wanted.size(head.shape[1], head.shape[0])
            shown = (stretch(frame, width, height) for frame in itertools.chain([head], frames))
            return _packed(first, (total, None), (width, height), self._jpegs(shown))

    def _answer_clip(self) -> bytes:
        first, count = self._wanted.first, self._wanted.count
        shown_size, grid = _measure(self._path, self._path.stat().st_mtime_ns)
        _check_first(first, grid.num_frames)
        width, height = self._wanted.size(*shown_size)
        with contextlib.closing(_read_clip(self._path, grid, (first, count), (width, height))) as frames:
            jpegs = self._jpegs(frames)
        return _packed(first, (grid.num_frames, float(grid.fps)), (width, height), jpegs)

    def _jpegs(self, frames: "Iterator[Frame]") -> list[bytes]:
        from engine.media.frames import to_jpeg

        jpegs: list[bytes] = []
        total_bytes = 0
        try:
            for frame in frames:
                jpegs.append(to_jpeg(frame, JPEG_QUALITY))
                total_bytes += len(jpegs[-1])
                if total_bytes > MOST_BYTES or not self.is_awaited:
                    break
        except MediaError:
            if not jpegs:  # what comes before the damage can be seen
                raise
        return jpegs


def frames_routes(media: MediaStore) -> APIRouter:
    """The routes that show what is in the store."""
    routes = APIRouter(prefix="/media/{sha256}")
    readers = asyncio.Semaphore(READERS)

    @routes.get("/item")
    async def item(sha256: str) -> MediaItem:
        media.touch(sha256)  # whoever asks what it is wants it to be there in the next moment, too
        return await asyncio.to_thread(inspect, _existing(media, sha256), sha256)

    @routes.get("/frames")
    async def frames(sha256: str, wanted: Annotated[_Wanted, Query()], request: Request) -> Response:
        path = _existing(media, sha256)
        async with readers:
            body = await _read(_Reading(path, wanted), request)
        return Response(body, media_type="application/octet-stream")

    return routes


async def _read(reading: _Reading, request: Request) -> bytes:
    """The answer, unless the client leaves before: a viewer that is dragged over a clip gives up most of its asks."""
    if await request.is_disconnected():
        raise HTTPException(499, "nobody waits")
    running = asyncio.create_task(asyncio.to_thread(reading.run))
    try:
        while not (await asyncio.wait([running], timeout=LOOK_INTERVAL_S))[0]:
            if await request.is_disconnected():
                reading.is_awaited = False
        return running.result()
    finally:
        reading.is_awaited = False  # also when the engine ends: the thread would hold it up


def _existing(media: MediaStore, sha256: str) -> Path:
    path = media.path(sha256)
    if path is None:
        raise HTTPException(404, "no such media")
    return path


def _read_still(path: Path) -> "Frame | None":
    """The picture, or None for a clip (a GIF that moves is one)."""
    from engine.media.film_files import find_still
    from engine.media.stills import read_still

    return read_still(path) if find_still(path) is not None else None


@functools.lru_cache(maxsize=64)
def _measure(path: Path, _modified_ns: int) -> "tuple[tuple[int, int], Grid]":
    """Width and height of a clip as seen, and its grid; ffmpeg starts several times for that."""
    from engine.media.grid import measure_grid
    from engine.media.video_probe import probe_video

    probe = probe_video(path)
    return (probe.width, probe.height), measure_grid(path)


def _read_clip(path: Path, grid: "Grid", span: tuple[int, int], size: tuple[int, int]) -> "Generator[Frame]":
    """Frames of the grid in that size; where they are the file's own, ffmpeg scales them, several times as fast."""
    from engine.media.grid import read_grid
    from engine.media.video_read import read_frames

    read = read_frames if grid.shown is None else read_grid
    return read(path, first_frame=span[0], num_frames=span[1], width=size[0], height=size[1])


def _check_first(first: int, total_frames: int) -> None:
    if first >= total_frames:
        last = total_frames - 1
        raise ProblemsError([Problem(field="first", kind="too_large", value=first, nearest=last)])


def _packed(first: int, grid: tuple[int, float | None], size: tuple[int, int], jpegs: list[bytes]) -> bytes:
    header = FramesHeader(
        first=first,
        total_frames=grid[0],
        fps=grid[1],
        width=size[0],
        height=size[1],
        frame_sizes_bytes=tuple(len(jpeg) for jpeg in jpegs),
    )
    return pack(header, b"".join(jpegs))
