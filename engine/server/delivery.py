"""What speaks against writing a clip of some size and length in a container."""

from collections.abc import Iterator

from engine.protocol.job import Container
from engine.protocol.problem import Problem

_EVEN_ONLY: frozenset[Container] = frozenset({"mp4", "h265", "webm", "mov"})
"""Their encoders halve the colour's resolution, and take no odd edge."""


def container_problems(container: Container, size: tuple[int, int], num_frames: int) -> Iterator[Problem]:
    """Everything that is wrong with it; `size` is width and height in pixels."""
    from engine.media.containers import has_encoder

    if container == "png" and num_frames != 1:
        yield Problem(field="num_frames", kind="unsupported", value=num_frames, nearest=1)
    width, height = size
    if container in _EVEN_ONLY and (width % 2 or height % 2):
        detail = f"{width}x{height} has an odd edge"
        yield Problem(field="container", kind="unsupported", value=container, nearest="mkv", detail=detail)
    if container == "h265" and not has_encoder(container):
        detail = "this ffmpeg lacks the encoder"
        yield Problem(field="container", kind="unsupported", value=container, nearest="mp4", detail=detail)
