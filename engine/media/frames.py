"""Single frames in memory: their type, fitting one into a size, and JPEG for previews."""

import io
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from engine.media.errors import MediaError

Frame: TypeAlias = npt.NDArray[np.uint8]  # [H, W, 3] sRGB
_THINNEST_BAR = 0.005


def check_frame(frame: Frame) -> None:
    """Raise MediaError "unsupported" unless the array is [H, W, 3] uint8 with at least one pixel."""
    if not isinstance(frame, np.ndarray):
        raise MediaError("unsupported", f"a frame of type {type(frame).__name__}")
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or frame.size == 0:
        raise MediaError("unsupported", f"a frame of shape {frame.shape}, {frame.dtype}: not [H, W, 3] uint8")


def fit(frame: Frame, width: int, height: int) -> Frame:
    """Scale a frame [H, W, 3] uint8 so that it covers width x height pixels, and crop the rest evenly.

    Returns a new array [height, width, 3] uint8; shrinks by area averaging, enlarges by Lanczos.
    Raises MediaError "unsupported" for another shape or a size below one pixel.
    """
    import cv2  # late: 0.1 s and 100 MB that probing never needs

    check_frame(frame)
    if min(width, height) < 1:
        raise MediaError("unsupported", f"a frame of {width}x{height}")
    cropped = _crop(frame, width, height)
    if cropped.shape[:2] == (height, width):
        return cropped.copy()
    shrinks = width * height < cropped.shape[0] * cropped.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4
    resized = cv2.resize(np.ascontiguousarray(cropped), (width, height), interpolation=method)
    return np.asarray(resized, np.uint8)


def pad(frame: Frame, width: int, height: int) -> Frame:
    """Scale a frame [H, W, 3] uint8 so that it fits into width x height pixels, and lay it in the middle of black.

    Returns an array [height, width, 3] uint8; scaled as by `stretch`. A bar that would be thinner than a 200th of the
    size is scaled away: it is nobody's wish, but a clip's size rounded to what its codec takes.
    Raises MediaError "unsupported" for another shape or a size below one pixel.
    """
    check_frame(frame)
    if min(width, height) < 1:
        raise MediaError("unsupported", f"a frame of {width}x{height}")
    rows, columns = frame.shape[:2]
    scale = min(width / columns, height / rows)
    inner_width, inner_height = (
        size if size - round(side * scale) < size * _THINNEST_BAR else max(1, round(side * scale))
        for size, side in ((width, columns), (height, rows))
    )
    inner = stretch(frame, inner_width, inner_height)
    if (inner_width, inner_height) == (width, height):
        return inner
    padded = np.zeros((height, width, 3), np.uint8)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    padded[top : top + inner_height, left : left + inner_width] = inner
    return padded


def stretch(frame: Frame, width: int, height: int) -> Frame:
    """Return a frame [H, W, 3] uint8 as [height, width, 3], the whole of it, whatever that does to its shape.

    Each direction that shrinks is averaged by area, each that grows is interpolated by Lanczos; a frame that has the
    size already is returned as it is. Raises MediaError "unsupported" for another shape or a size below one pixel.
    """
    import cv2  # late, as above

    check_frame(frame)
    if min(width, height) < 1:
        raise MediaError("unsupported", f"a frame of {width}x{height}")
    rows, columns = frame.shape[:2]
    if (rows, columns) == (height, width):
        return frame
    smaller = (min(width, columns), min(height, rows))
    resized = np.ascontiguousarray(frame)
    if smaller != (columns, rows):
        resized = cv2.resize(resized, smaller, interpolation=cv2.INTER_AREA)
    if smaller != (width, height):
        resized = cv2.resize(resized, (width, height), interpolation=cv2.INTER_LANCZOS4)
    return np.asarray(resized, np.uint8)


def to_jpeg(frame: Frame, quality: int = 85) -> bytes:
    """Return a frame [H, W, 3] uint8 sRGB as a JPEG file; `quality` from 0 to 100."""
    from PIL import Image  # as fast as OpenCV at this, and a worker has it in memory already

    check_frame(frame)
    encoded = io.BytesIO()
    try:
        Image.fromarray(np.ascontiguousarray(frame), "RGB").save(encoded, format="JPEG", quality=quality)
    except (OSError, ValueError) as error:
        raise MediaError("unsupported", f"a JPEG of {frame.shape[1]}x{frame.shape[0]}") from error
    return encoded.getvalue()


def _crop(frame: Frame, width: int, height: int) -> Frame:
    # Before scaling, not after: a one pixel wide strip scaled to cover a square would fill the memory.
    rows, columns = frame.shape[:2]
    kept_columns = max(1, min(columns, round(rows * width / height)))
    kept_rows = max(1, min(rows, round(columns * height / width)))
    top, left = (rows - kept_rows) // 2, (columns - kept_columns) // 2
    return frame[top : top + kept_rows, left : left + kept_columns]
