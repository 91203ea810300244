"""Still pictures: measured from their header, read as upright sRGB, written as PNG with the recipe inside."""

import contextlib
import functools
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from engine.media import recipe_tag
from engine.media.errors import MediaError, write_error
from engine.media.files import first_bytes, readable_file, replacing
from engine.media.frames import Frame, check_frame
from engine.media.still_pixels import to_srgb, upright

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 64 * 1024 * 1024
MAX_FILE_BYTES = 256 * 1024 * 1024
_FORMATS = ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF"]
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_MAX_PNG_CHUNKS = 100_000
_ORIENTATION = 0x0112
_MAX_TAG_BYTES = recipe_tag.MAX_RECIPE_BYTES + 1024


@dataclass(frozen=True)
class StillSize:
    """Width and height in pixels once upright, and Pillow's name of the file format."""

    width: int
    height: int
    format: str


def probe_still(path: str | os.PathLike[str]) -> StillSize:
    """Measure a picture by its header; no pixel is decoded.

    Raises MediaError "unreadable", "unsupported" (HEIC, PSD, EXR), or "too_large" above 64 Mi pixels or 256 MiB.
    """
    with _opened(path) as image:
        width, height = image.size
        if _orientation(image) >= 5:
            width, height = height, width
        return StillSize(width, height, "JPEG" if image.format == "MPO" else image.format or "")


def read_still(path: str | os.PathLike[str]) -> Frame:
    """Return a picture as [H, W, 3] uint8 sRGB: upright, 8 bit, the first frame of several.

    An embedded colour profile is converted to sRGB (perceptual intent) where it fits the pixels. Transparency is
    laid over black, as an editing timeline shows a cut-out with nothing beneath. 16-bit values are scaled.
    Raises MediaError as `probe_still`, and "truncated" for a file that ends within its pixels.
    """
    with _opened(path) as image:
        image.load()
        return np.array(upright(to_srgb(image), _orientation(image)), np.uint8)


def write_png(path: str | os.PathLike[str], image: Frame, recipe_json: str | None) -> None:
    """Write [H, W, 3] uint8 sRGB as PNG, the recipe in an iTXt chunk "reelwright"; whole or not at all.

    Raises MediaError "unsupported" for another shape, "too_large" for a recipe above 4 MiB, "disk_full",
    "not_writable".
    """
    check_frame(image)
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    if recipe_json is not None:
        # Not compressed: other readers, Pillow among them, refuse a packed text above 1 MB, and the picture with it.
        texts.add_itxt(recipe_tag.KEY, recipe_tag.encode_recipe(recipe_json).decode())
    with replacing(path) as part:
        try:
            _pillow().fromarray(np.ascontiguousarray(image)).save(part, format="PNG", pnginfo=texts, compress_level=4)
        except OSError as error:
            raise write_error(error) from error


def read_png_recipe(path: str | os.PathLike[str]) -> str | None:
    """Return the recipe a PNG carries, or None; reads no pixels and unpacks at most 4 MiB, whatever the file claims.

    Raises MediaError "unreadable" when the file cannot be opened; a file that is no PNG has no recipe.
    """
    absolute, _ = readable_file(path)
    try:
        with absolute.open("rb") as file:
            if file.read(8) != _PNG_MAGIC:
                return None
            for text in _international_texts(file):
                recipe = _unpack_text(text)
                if recipe is not None:
                    return recipe
    except OSError as error:
        raise MediaError("unreadable", os.strerror(error.errno or 0)) from error
    return None


@functools.cache
def _pillow() -> ModuleType:
    """Import Pillow when first needed, with its own size guard off.

    The guard warns at 89 and fails at 179 million pixels, by a process-wide setting; `_opened` refuses sooner.
    """
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    return Image


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> "Iterator[Image.Image]":
    """Lend an open picture that is within the limits; whatever Pillow raises comes out as a MediaError."""
    absolute, num_bytes = readable_file(path)
    if num_bytes > MAX_FILE_BYTES:
        raise MediaError("too_large", f"{num_bytes} bytes, the limit is {MAX_FILE_BYTES}")
    _refuse_known(first_bytes(absolute, 32))
    try:
        with _pillow().open(absolute, formats=_FORMATS) as image:
            _check_pixels(*image.size)
            yield image
    except MediaError:
        raise
    except Exception as error:  # Pillow's decoders raise whatever their parsing trips over
        raise _pillow_error(error, absolute) from error


def _refuse_known(start: bytes) -> None:
    """Name the formats people have on their disks and Pillow cannot read, rather than call them broken."""
    heif = start[4:8] == b"ftyp" and start[8:12] in (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc")
    if heif and b"avif" not in start:
        raise MediaError("unsupported", "HEIC/HEIF picture")
    for magic, name in ((b"8BPS", "PSD"), (b"\x76\x2f\x31\x01", "OpenEXR"), (b"qoif", "QOI"), (b"%PDF", "PDF")):
        if start.startswith(magic):
            raise MediaError("unsupported", f"{name} file")


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise MediaError("too_large", f"{width}x{height} is {width * height} pixels, the limit is {MAX_PIXELS}")


def _pillow_error(error: Exception, path: Path) -> MediaError:
    if isinstance(error, MemoryError):
        return MediaError("too_large", "not enough memory to decode it")
    text = " ".join(str(error).split())[:160]
    if "cannot identify" in text:
        return MediaError("unreadable", f"not a picture of {', '.join(_FORMATS)}")
    if "not supported" in text:
        return MediaError("unsupported", text)
    kind = "truncated" if isinstance(error, EOFError) or "truncated" in text.lower() else "unreadable"
    named = str(path) in text or path.name in text
    return MediaError(kind, type(error).__name__ if named or not text else text)


def _orientation(image: "Image.Image") -> int:
    """Return EXIF's orientation, 1 to 8 (EXIF 2.3, tag 0x0112); 1 where there is none or it is nonsense."""
    try:
        if image.format == "PNG":  # its getexif would decode the pixels to look behind them
            exif = _pillow().Exif()
            exif.load(image.info.get("exif"))
        else:
            exif = image.getexif()
        orientation = exif.get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001  a broken EXIF block says nothing about the picture
        return 1
    return orientation if orientation in range(1, 9) else 1


def _international_texts(file: BinaryIO) -> Iterator[bytes]:
    """Yield the sound iTXt chunks of a PNG positioned after its magic; skips all others unread."""
    for _ in range(_MAX_PNG_CHUNKS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        num_bytes = struct.unpack(">I", head[:4])[0]
        if head[4:] != b"iTXt" or num_bytes > _MAX_TAG_BYTES:
            file.seek(num_bytes + 4, os.SEEK_CUR)
            continue
        content, checksum = file.read(num_bytes), file.read(4)
        if checksum == struct.pack(">I", zlib.crc32(head[4:] + content)):
            yield content


def _unpack_text(content: bytes) -> str | None:
    """Return an iTXt chunk's text if it is the recipe (PNG 3rd edition, 11.3.3.4: key, flag, method, two tags)."""
    key, _, rest = content.partition(b"\0")
    if key != recipe_tag.KEY.encode() or len(rest) < 2:
        return None
    packed, text = rest[0], rest[2:].split(b"\0", 2)[-1]
    if packed:
        unpacker = zlib.decompressobj()
        try:
            text = unpacker.decompress(text, recipe_tag.MAX_RECIPE_BYTES)
        except zlib.error:
            return None
        if not unpacker.eof:
            return None
    return text.decode(errors="replace") if len(text) <= recipe_tag.MAX_RECIPE_BYTES else None
