"""What is in a file that was handed over: an image or a clip."""

from pathlib import Path

from engine.media.errors import MediaError
from engine.protocol.media import MediaItem
from engine.protocol.problem import Problem, ProblemKind, ProblemsError
from engine.protocol.recipe import Recipe

_KINDS: dict[str, ProblemKind] = {"too_large": "too_large", "unsupported": "unsupported"}


def inspect(path: Path, sha256: str) -> MediaItem:
    """The file as an image if its first bytes say so, else as a clip (whose probe starts ffmpeg and decodes nothing).

    Raises:
        ProblemsError: when it is neither, cannot be read, or is too large.
    """
    from engine.media.stills import probe_still, read_png_recipe, read_still

    try:
        still = probe_still(path)
    except MediaError as error:
        if error.kind == "too_large":
            raise _refusal(error) from error
        return _inspect_clip(path, sha256, not_an_image=error)
    try:
        read_still(path)  # a damaged one is refused here, by name, and not in the middle of a render
    except MediaError as error:
        raise _refusal(error) from error
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
        clip = probe_video(path)
    except MediaError as error:
        worse = error if error.kind in ("too_large", "truncated", "no_picture") else not_an_image
        raise _refusal(worse) from error
    return MediaItem(
        sha256=sha256,
        kind="clip",
        format="mp4",
        size_bytes=path.stat().st_size,
        width=clip.width,
        height=clip.height,
        num_frames=clip.num_frames or 0,
        fps=float(clip.fps),
        duration_s=clip.duration_s,
        has_audio=clip.has_audio,
        recipe=_recipe(clip.recipe_json),
    )


def _refusal(error: MediaError) -> ProblemsError:
    kind = _KINDS.get(error.kind, "unreadable")
    return ProblemsError([Problem(field="media", kind=kind, detail=error.detail)])


def _recipe(text: str | None) -> Recipe | None:
    """The recipe, unless it is somebody else's text under our name."""
    try:
        return Recipe.model_validate_json(text) if text else None
    except ValueError:
        return None
