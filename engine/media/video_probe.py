"""What a clip is, without decoding it: size, rate, length, rotation, codec and the recipe it was made by."""

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from engine.media import ffmpeg, recipe_tag
from engine.media.packets import Header, Packets, read_header, read_packets
from engine.media.timing import lay_grid, mean_rate

_RECIPE_LIMIT_S = 20.0


@dataclass(frozen=True)
class VideoProbe:
    """One clip. `width` and `height` are as seen: upright, in square pixels, and what read_frames gives.

    `rotation` is how far the stored picture was turned for that, in degrees clockwise. `fps` is the mean rate.
    `num_frames` is None where packets cannot tell it (VP8, interlaced and AVI/TS streams may hide or halve frames).
    `format` is the usual file suffix of its container, without a dot. `variable_rate`: the frames are not evenly
    spaced in time, and `grid_frames` is how many the clip has on a constant grid of `fps` (else `num_frames`).
    `ends_early`: the file breaks off before its header's promise, which is `promised_frames` (None where it cannot
    be told); reading it to the end raises "truncated".
    """

    width: int
    height: int
    fps: Fraction
    num_frames: int | None
    duration_s: float
    rotation: int
    has_audio: bool
    codec: str
    recipe_json: str | None
    ends_early: bool
    promised_frames: int | None
    format: str
    variable_rate: bool
    grid_frames: int | None


def probe_video(path: str | os.PathLike[str]) -> VideoProbe:
    """Describe a clip; reads the whole file once, decodes nothing.

    Raises MediaError "unreadable", "truncated", "unsupported", "no_picture" or "too_large".
    """
    header = read_header(Path(path))
    packets = read_packets(header)
    width, height = header.shown_size
    grid = lay_grid(header, packets) if packets_are_frames(header) else None
    return VideoProbe(
        width=width,
        height=height,
        fps=grid.fps if grid else mean_rate(header, packets),
        num_frames=len(packets) if grid else None,
        duration_s=packets.duration_s or header.duration_s or 0.0,
        rotation=header.rotation,
        has_audio=header.has_audio,
        codec=header.codec,
        recipe_json=_read_recipe(header),
        ends_early=packets.ends_early,
        promised_frames=promised_frames(header, packets),
        format=header.suffix,
        variable_rate=grid is not None and grid.variable_rate,
        grid_frames=grid.num_frames if grid else None,
    )


def packets_are_frames(header: Header) -> bool:
    """Say whether every packet is one shown frame: not with VP8's hidden frames, separate fields, or AVI's packing."""
    return header.demuxer in ("mov", "matroska", "gif") and header.codec != "vp8" and not header.interlaced


def promised_frames(header: Header, packets: Packets) -> int | None:
    """Return how many frames the container says it has, the missing ones of a broken file estimated by its duration."""
    if not packets_are_frames(header):
        return None
    if packets.ends_early and header.duration_s:
        return max(len(packets), round(header.duration_s * mean_rate(header, packets)))
    return len(packets)


def _read_recipe(header: Header) -> str | None:
    arguments = [*ffmpeg.input_file(header.path, header.demuxer), "-f", "ffmetadata", "pipe:1"]
    limit_bytes = 2 * recipe_tag.MAX_RECIPE_BYTES + 65536  # every byte may be escaped
    finished, text = ffmpeg.run(arguments, limit_s=_RECIPE_LIMIT_S, max_output_bytes=limit_bytes)
    if finished.return_code != 0 or len(text) >= limit_bytes:
        return None
    return recipe_tag.from_ffmetadata(text)
