"""Frames at other moments than they were made for: exact where they coincide, between two by optical flow."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from engine.media.errors import MediaError
from engine.media.frames import Frame, check_frame, stretch

Flow = npt.NDArray[np.float32]  # [H, W, 2] in pixels, x before y

_EXACT = 1e-6
_SMALLEST_FLOW_PX = 16  # DIS refuses smaller pictures
_LARGEST_FLOW_PIXELS = 1024 * 1024
# How different, of 255, two views of one point may be before the motion between them is doubted, and how far, in
# pixels, going there and back may miss.
_MISMATCH = 12.0
_ASTRAY_PX = 1.5
_SEARCH_STEPS = 3


def retime(frames: Iterable[Frame], positions: Iterable[float]) -> Iterator[Frame]:
    """Yield one frame [H, W, 3] uint8 for each position: which of `frames` it shows; a fraction lies between two.

    Positions are in frames, never decreasing. A whole one (to 1e-6) gives exactly that frame; between two, both are
    warped towards the moment by DIS optical flow (Kroeger et al. 2016, arXiv:1603.03590) and blended; where the flow
    is inconsistent the frames themselves are blended. Beyond the last frame the last one is repeated. At most two
    frames and what was computed between them are kept.

    Raises MediaError "no_picture" for no frames, "unsupported" for positions that decrease or are no number and for
    frames of different sizes; what `frames` raises passes through.
    """
    window = _Window(iter(frames))
    before = 0.0
    try:
        for position in positions:
            if not math.isfinite(position) or position < before - _EXACT:
                raise MediaError("unsupported", f"position {position} after {before}")
            before = position
            yield window.at(position)
    finally:
        window.close()


class _Window:
    """Two neighbouring frames of a stream, and the motion between them once it is needed."""

    def __init__(self, frames: Iterator[Frame]) -> None:
        self._frames = frames
        self._index = 0
        first = next(frames, None)
        if first is None:
            raise MediaError("no_picture", "there are no frames")
        check_frame(first)
        self._this = first
        self._next: Frame | None = None
        self._ended = False
        self._between: Between | None = None

    def at(self, position: float) -> Frame:
        whole = round(position)
        part = 0.0 if abs(position - whole) <= _EXACT else position - math.floor(position)
        self._go_to(whole if not part else math.floor(position))
        following = self._peek() if part else None
        if following is None:
            return self._this.copy()
        if self._between is None:
            self._between = Between(self._this, following)
        return self._between.at(part)

    def close(self) -> None:
        closing = getattr(self._frames, "close", None)
        if closing:
            closing()

    def _go_to(self, index: int) -> None:
        while self._index < index and (following := self._peek()) is not None:
            self._this, self._next, self._between = following, None, None
            self._index += 1

    def _peek(self) -> Frame | None:
        if self._next is None and not self._ended:
            self._next = next(self._frames, None)
            self._ended = self._next is None
            if self._next is not None and self._next.shape != self._this.shape:
                raise MediaError("unsupported", f"a frame of {self._next.shape} after one of {self._this.shape}")
        return self._next


class Between:
    """The moments between two frames [H, W, 3] uint8."""

    def __init__(self, first: Frame, second: Frame) -> None:
        self._first, self._second = first, second
        self._flows: tuple[Flow, Flow] | None = None
        if min(first.shape[:2]) >= _SMALLEST_FLOW_PX:
            self._flows = _flow(first, second), _flow(second, first)

    def at(self, part: float) -> Frame:
        """Return the frame at 0 < part < 1 of the way from the first to the second."""
        import cv2  # late, as everywhere

        blend = cv2.addWeighted(self._first, 1 - part, self._second, part, 0)
        if self._flows is None:
            return np.asarray(blend, np.uint8)
        best, least = self._moved(_motion_from_first(self._flows[0], part), part)
        other, doubt = self._moved(_motion_from_second(self._flows[1], part), part)
        cv2.copyTo(other, (doubt < least).astype(np.uint8), best)
        trust = np.exp(-np.square(np.minimum(doubt, least)))
        return np.asarray(cv2.blendLinear(best, blend, trust, 1 - trust), np.uint8)

    def _moved(self, motion: Flow, part: float) -> tuple[Frame, npt.NDArray[np.float32]]:
        """Return both frames moved to the moment and mixed [H, W, 3] uint8, and how doubtful that is [H, W]."""
        import cv2

        assert self._flows is not None
        back_there, on_there = _places(motion, -part), _places(motion, 1 - part)
        first, second = _sample(self._first, back_there), _sample(self._second, on_there)
        mismatch = cv2.blur(cv2.cvtColor(cv2.absdiff(first, second), cv2.COLOR_RGB2GRAY), (5, 5))
        there_and_back = _sample(self._flows[0], back_there) + _sample(self._flows[1], on_there)
        # Not cv2.magnitude: its last bit depends on where in memory the array lies, and so would the frame.
        astray = np.sqrt(np.square(there_and_back).sum(-1))
        doubt = mismatch.astype(np.float32) / _MISMATCH + np.minimum(astray / _ASTRAY_PX, 4.0) * 0.25
        mixed = cv2.addWeighted(first, 1 - part, second, part, 0)
        return np.asarray(mixed, np.uint8), np.asarray(doubt, np.float32)


# The flows are known where things are in the two frames. The motion [H, W, 2], in pixels from first to second, of what
# is seen at a place in between is found by following it there: a fixed point of m(x) = flow(x - part m(x)).


def _motion_from_first(forth: Flow, part: float) -> Flow:
    motion = forth
    for _ in range(_SEARCH_STEPS):
        motion = _sample(forth, _places(motion, -part))
    return motion


def _motion_from_second(back: Flow, part: float) -> Flow:
    motion = -back
    for _ in range(_SEARCH_STEPS):
        motion = -_sample(back, _places(motion, 1 - part))
    return motion


def _places(motion: Flow, scale: float) -> Flow:
    """Return x + scale * motion(x) for every pixel x."""
    rows, columns = motion.shape[:2]
    places = motion * np.float32(scale)
    places[..., 0] += np.arange(columns, dtype=np.float32)
    places[..., 1] += np.arange(rows, dtype=np.float32)[:, None]
    return places


def _sample(picture: npt.NDArray, places: Flow) -> npt.NDArray:
    """Return what lies at those places of a picture [H, W, C], its edge repeated beyond it."""
    import cv2

    return cv2.remap(picture, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # pyright: ignore


def _flow(first: Frame, second: Frame) -> Flow:
    """Return where each pixel of the first frame lies in the second, relative to itself; from at most 1 Mi pixels."""
    import cv2

    rows, columns = first.shape[:2]
    shrink = min(1.0, math.sqrt(_LARGEST_FLOW_PIXELS / (rows * columns)))
    size = max(_SMALLEST_FLOW_PX, round(columns * shrink)), max(_SMALLEST_FLOW_PX, round(rows * shrink))
    grays = [cv2.cvtColor(stretch(frame, *size), cv2.COLOR_RGB2GRAY) for frame in (first, second)]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = search.calc(grays[0], grays[1], None)  # pyright: ignore[reportCallIssue, reportArgumentType]
    if size == (columns, rows):
        return np.asarray(flow, np.float32)
    larger = cv2.resize(flow, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(larger * np.array([columns / size[0], rows / size[1]]), np.float32)
