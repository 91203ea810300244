"""What is in a file that was handed over: an image, a clip or a sound."""

from pathlib import Path
from typing import TYPE_CHECKING

from engine.media.errors import MediaError
from engine.media.files import first_bytes
from engine.protocol.media import MediaItem
from engine.protocol.problem import Problem, ProblemKind, ProblemsError
from engine.protocol.recipe import Recipe

if TYPE_CHECKING:
    from engine.media.stills import StillSize
    from engine.media.video_probe import VideoProbe

_PLAYLIST = b"#EXTM3U"
_KINDS: dict[str, ProblemKind] = {"too_large": "too_large", "unsupported": "unsupported"}
# Where a container cannot tell its frames, a longer clip is not decoded to count them: that takes minutes.
_LONGEST_COUNTED_S = 20 * 60.0


def inspect(path: Path, sha256: str) -> MediaItem:
    """The file as an image, a clip or a sound, by its first bytes; a GIF that moves is a clip.

    A clip is decoded only where its container cannot tell how many frames it has, and then up to 20 minutes of it.

    Raises:
        ProblemsError: when it is none of them, cannot be read, or is too large.
    """
    from engine.media.stills import probe_still

    try:
        still = probe_still(path)
    except MediaError as error:
        if error.kind in ("too_large", "unsupported"):  # a picture, by its first bytes: HEIC would pass for a clip
            raise refusal(error) from error
        return _inspect_clip(path, sha256, not_an_image=error)
    if still.format == "GIF" and (clip := _moving_gif(path)) is not None:
        return _clip_item(path, sha256, clip)
    return _inspect_image(path, sha256, still)


def _inspect_image(path: Path, sha256: str, still: "StillSize") -> MediaItem:
    from engine.media.stills import read_png_recipe, read_still

    try:
        read_still(path)  # a damaged one is refused here, by name, and not in the middle of a render
    except MediaError as error:
        raise refusal(error) from error
    return MediaItem(
        sha256=sha256,
        kind="image",
        format=still.format.lower(),
        size_bytes=path.stat().st_size,
        width=still.width,
        height=still.height,
        recipe=_recipe(read_png_recipe(path)),
    )


def _inspect_clip(path: Path, sha256: str, not_an_image: MediaError) -> MediaItem:
    from engine.media.video_probe import probe_video

    try:
        return _clip_item(path, sha256, probe_video(path))
    except MediaError as error:
        if error.kind == "no_picture" and (sound := _sound_item(path, sha256)) is not None:
            return sound
        raise refusal(_worse(path, not_an_image, error)) from error


def _worse(path: Path, as_image: MediaError, as_clip: MediaError) -> MediaError:
    """What to say of a file that is neither: what somebody who wants to use it understands."""
    if first_bytes(path, len(_PLAYLIST)) == _PLAYLIST:
        return MediaError("unreadable", "a playlist: it only names other files")
    if as_clip.kind == "unreadable":
        unknown = as_image.detail.startswith("not a picture")
        return MediaError("unreadable", "neither a picture nor a clip nor a sound") if unknown else as_image
    return as_clip


def _clip_item(path: Path, sha256: str, clip: "VideoProbe") -> MediaItem:
    from engine.media.grid import measure_grid

    fps, num_frames, variable_rate = clip.fps, clip.grid_frames or 0, clip.variable_rate
    duration_s = clip.duration_s
    if clip.grid_frames is None or clip.ends_early:
        num_frames = 0
        if clip.duration_s <= _LONGEST_COUNTED_S:
            grid = measure_grid(path)
            fps, num_frames, variable_rate = grid.fps, grid.num_frames, grid.variable_rate
            duration_s = float(num_frames / fps)
    return MediaItem(
        sha256=sha256,
        kind="clip",
        format=clip.format,
        size_bytes=path.stat().st_size,
        width=clip.width,
        height=clip.height,
        num_frames=num_frames,
        fps=float(fps),
        duration_s=duration_s,
        has_audio=clip.has_audio,
        variable_rate=variable_rate,
        promised_frames=clip.promised_frames if clip.ends_early else None,
        recipe=_recipe(clip.recipe_json),
    )


def _sound_item(path: Path, sha256: str) -> MediaItem | None:
    """The file as a sound; None when there is none in it that can be read."""
    from engine.media.sound import probe_sound

    try:
        sound = probe_sound(path)
    except MediaError:
        return None
    return MediaItem(
        sha256=sha256,
        kind="sound",
        format=sound.format,
        size_bytes=path.stat().st_size,
        num_frames=0,
        duration_s=sound.duration_s,
        has_audio=True,
    )


def _moving_gif(path: Path) -> "VideoProbe | None":
    """The GIF as a clip if it has more than one frame; a broken one is judged as the picture it begins with."""
    from engine.media.video_probe import probe_video

    try:
        clip = probe_video(path)
    except MediaError:
        return None
    return clip if clip.num_frames is not None and clip.num_frames > 1 else None


def refusal(error: MediaError) -> ProblemsError:
    """The problem that a media error is for whoever handed the file over."""
    kind = _KINDS.get(error.kind, "unreadable")
    return ProblemsError([Problem(field="media", kind=kind, detail=error.detail)])


def _recipe(text: str | None) -> Recipe | None:
    """The recipe, unless it is somebody else's text under our name."""
    try:
        return Recipe.model_validate_json(text) if text else None
    except ValueError:
        return None
