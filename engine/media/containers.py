"""The containers a clip can be written in: which encoder, which tags, which sizes, and what they can carry."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.media import ffmpeg
from engine.media.errors import MediaError

if TYPE_CHECKING:  # it brings pydantic, which reading and writing never need
    from engine.protocol.job import Container, Quality

# x264 takes one matrix from us and a label of it: converting without the label, or labelling without converting,
# shifts saturated colours by up to 28/255.
_TO_BT709 = (
    "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int,format={},"
    "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
)
_BT709_TAGS = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv"
_RGB_TAGS = "-colorspace rgb -color_primaries bt709 -color_trc iec61966-2-1 -color_range pc"
# A palette of its own for every frame: one for all of them needs all of them in memory. An ordered dither stands still.
_PALETTE = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=bayer:bayer_scale=4"
_QUALITIES = ("high", "medium", "small")
_LIST_LIMIT_S = 20.0
_MOV_FLAGS = "-movflags +faststart+use_metadata_tags"  # without use_metadata_tags unknown keys are dropped


@dataclass(frozen=True)
class Coding:
    """How ffmpeg writes one container; arguments are words.

    `crfs` are the numbers of high, medium and small quality, None for codecs that have none;
    `sound` is empty where there is no place for sound.
    """

    name: str
    muxer: str
    demuxer: str
    filters: str
    video: str
    sound: str = ""
    crfs: tuple[int, int, int] | None = None
    has_keyframes: bool = False
    odd_sizes: bool = False
    max_fps: int = 1000
    muxing: str = ""

    def quality_arguments(self, quality: Quality, keyframe_interval: int) -> list[str]:
        """Return the arguments for quality and distance of keyframes, where the codec has them."""
        words = [] if self.crfs is None else ["-crf", str(self.crfs[_QUALITIES.index(quality)])]
        return [*words, "-g", str(int(keyframe_interval))] if self.has_keyframes else words


CODINGS: dict[str, Coding] = {
    "mp4": Coding(
        name="H.264",
        muxer="mp4",
        demuxer="mov",
        filters=_TO_BT709.format("yuv420p"),
        video=f"libx264 -preset medium {_BT709_TAGS}",
        sound="aac -b:a 192k",
        crfs=(16, 21, 26),
        has_keyframes=True,
        muxing=_MOV_FLAGS,
    ),
    "h265": Coding(
        name="H.265",
        muxer="mp4",
        demuxer="mov",
        filters=_TO_BT709.format("yuv420p"),
        # Apple's players take no other tag; without info=0 the encoder's version and settings are in the file.
        video=f"libx265 -preset medium -tag:v hvc1 -x265-params log-level=error:info=0 {_BT709_TAGS}",
        sound="aac -b:a 192k",
        crfs=(18, 23, 28),
        has_keyframes=True,
        muxing=_MOV_FLAGS,
    ),
    "webm": Coding(
        name="VP9",
        muxer="webm",
        demuxer="matroska",
        filters=_TO_BT709.format("yuv420p"),
        video=f"libvpx-vp9 -b:v 0 -deadline good -cpu-used 3 -row-mt 0 -tile-columns 2 -auto-alt-ref 1 {_BT709_TAGS}",
        sound="libopus -b:a 160k",
        crfs=(20, 29, 37),
        has_keyframes=True,
    ),
    "mkv": Coding(
        name="FFV1",
        muxer="matroska",
        demuxer="matroska",
        filters="format=bgr0",
        video=f"ffv1 -level 3 -coder 1 -context 0 -g 1 -slices 4 -slicecrc 1 {_RGB_TAGS}",
        sound="flac -sample_fmt s32 -bits_per_raw_sample 24",
        odd_sizes=True,
    ),
    "mov": Coding(
        name="ProRes",
        muxer="mov",
        demuxer="mov",
        filters=_TO_BT709.format("yuv422p10le"),
        video=f"prores_ks -profile:v 3 -vendor apl0 {_BT709_TAGS}",
        sound="pcm_s24le",
        muxing=_MOV_FLAGS,
    ),
    # Players and ffmpeg itself take a delay below 2/100 s for a mistake, and wait 10/100 s instead.
    "gif": Coding(
        name="GIF",
        muxer="gif",
        demuxer="gif",
        filters=_PALETTE,
        video="gif",
        odd_sizes=True,
        max_fps=50,
        muxing="-loop 0",
    ),
}


@functools.cache
def has_encoder(container: Container) -> bool:
    """Say whether this machine's ffmpeg can write such a picture; asks it once."""
    finished, output = ffmpeg.run(["-encoders"], limit_s=_LIST_LIMIT_S, max_output_bytes=1 << 20)
    encoder = coding(container).video.split()[0]
    return finished.return_code == 0 and f" {encoder} ".encode() in output


def coding(container: Container) -> Coding:
    """Return how a container of film is written; MediaError "unsupported" for those that are not written by ffmpeg."""
    if container not in CODINGS:
        raise MediaError("unsupported", f"a clip as {str(container)[:20]}")
    return CODINGS[container]
