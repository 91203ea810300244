"""A clip as a zip of numbered PNG pictures, for compositing programs."""

import contextlib
import io
import os
import zipfile
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

import numpy as np

from engine.media.errors import MediaError, write_error
from engine.media.files import replacing
from engine.media.frames import Frame, check_frame
from engine.media.recipe_tag import encode_recipe

RECIPE_NAME = "recipe.json"
_OLDEST = (1980, 1, 1, 0, 0, 0)  # a zip knows no time before, and the same pictures make the same bytes
_UNIX = 3


def write_image_zip(path: str | os.PathLike[str], frames: Iterable[Frame], recipe_json: str | None = None) -> int:
    """Write frames [H, W, 3] uint8 sRGB as frame-000001.png and so on, and `recipe.json` first; return how many.

    The zip is not compressed, as PNG is. Frames are taken one at a time and may be of any size, all of one; what
    `frames` raises passes through. The file appears under its name only when it is whole, counted and on the disk.

    Raises MediaError "no_picture" for no frames; "unsupported" for a size that changes; "too_large" for a recipe
    above 4 MiB; "disk_full"; "not_writable".
    """
    recipe = None if recipe_json is None else encode_recipe(recipe_json)
    with replacing(path) as part:
        with contextlib.closing(_Writer(part)) as writer:
            if recipe is not None:
                writer.add(RECIPE_NAME, recipe)
            count = 0
            for count, picture in enumerate(_pictures(frames), 1):
                writer.add(f"frame-{count:06d}.png", picture)
            if not count:
                raise MediaError("no_picture", "there are no frames to write")
            writer.finish()
        _check_count(part, count + (recipe is not None))
    return count


def count_pictures(path: str | os.PathLike[str]) -> int:
    """Return how many pictures a zip of ours holds; MediaError "unreadable" when it is none."""
    with _reading(path) as archive:
        return sum(name != RECIPE_NAME for name in archive.namelist())


def read_image_zip(path: str | os.PathLike[str], first_frame: int, num_frames: int) -> Generator[Frame]:
    """Yield at most that many pictures [H, W, 3] uint8 sRGB, one at a time; MediaError "unreadable" if broken."""
    from PIL import Image

    with _reading(path) as archive:
        names = [name for name in archive.namelist() if name != RECIPE_NAME]
        for name in names[first_frame : first_frame + num_frames]:
            with Image.open(io.BytesIO(archive.read(name)), formats=["PNG"]) as picture:
                yield np.array(picture.convert("RGB"), np.uint8)


@contextlib.contextmanager
def _reading(path: str | os.PathLike[str]) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (OSError, SyntaxError, ValueError, zipfile.BadZipFile) as error:  # PNG's decoder raises SyntaxError
        raise MediaError("unreadable", "a damaged zip of pictures") from error


class _Writer:
    """A growing zip file whose every failure is a MediaError; `close` lets go of it as it is."""

    def __init__(self, part: Path) -> None:
        with _writing():
            self._file = part.open("wb")
            self._archive = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)

    def add(self, name: str, content: bytes) -> None:
        entry = zipfile.ZipInfo(name, _OLDEST)
        entry.create_system = _UNIX
        entry.external_attr = 0o100644 << 16
        with _writing():
            self._archive.writestr(entry, content)

    def finish(self) -> None:
        with _writing():
            self._archive.close()
            self._file.close()

    def close(self) -> None:
        # The archive too: else it would try to write its end when it is collected, into a closed file.
        for closing in (self._archive, self._file):
            with contextlib.suppress(OSError, ValueError):
                closing.close()


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, zipfile.LargeZipFile) as error:
        raise write_error(error) from error


def _pictures(frames: Iterable[Frame]) -> Iterator[bytes]:
    from PIL import Image

    size: tuple[int, ...] | None = None
    for index, frame in enumerate(frames):
        check_frame(frame)
        if size is not None and frame.shape != size:
            raise MediaError("unsupported", f"frame {index} is {frame.shape}, those before it {size}")
        size = frame.shape
        packed = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(frame), "RGB").save(packed, format="PNG", compress_level=4)
        yield packed.getvalue()


def _check_count(part: Path, count: int) -> None:
    """Read the finished list of contents: a network drive that says yes may still have dropped some."""
    try:
        with zipfile.ZipFile(part) as archive:
            found = len(archive.namelist())
    except (OSError, zipfile.BadZipFile) as error:
        raise MediaError("not_writable", "the zip cannot be read back") from error
    if found != count:
        raise MediaError("not_writable", f"{found} of {count} files arrived in the zip")
