"""Read a timeline that another program, or this one, has written."""

# OpenTimelineIO says nothing of its types.
# pyright: standard
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import opentimelineio as otio
from opentimelineio.opentime import RationalTime
from opentimelineio.schema import Clip, ExternalReference, Gap, Timeline, Track, Transition
from pydantic import ValidationError

from engine.protocol.film import Transition as FilmTransition
from studio.interchange.timeline_write import ADAPTERS, DIP, OURS
from studio.project.errors import StorageError, read_error
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.project.soundtrack import SoundTrack
from studio.project.value import Value

_T = TypeVar("_T", bound=Value)
LARGEST_BYTES = 64 << 20
MOST_CLIPS = 10_000
Left = Literal["tracks", "gaps", "effects"]
"""What is in the file and not taken over."""


@dataclass(frozen=True)
class FoundClip:
    """A clip of the timeline.

    Attributes:
        path: its file, which may be gone; None where the timeline does not name one.
        start_s, duration_s: the part of the file that is seen, in the file's own time.
        shot: what it is here, when this program wrote the file.
    """

    name: str
    path: Path | None
    start_s: float
    duration_s: float
    transition: FilmTransition = "cut"
    transition_s: float = 0.5
    shot: Shot | None = None


@dataclass(frozen=True)
class FoundTimeline:
    """What a file holds: clips in the order of the film, and sound tracks where it is one of ours."""

    name: str
    clips: tuple[FoundClip, ...]
    soundtrack: tuple[SoundTrack, ...] = ()
    fps: float | None = None
    left: tuple[Left, ...] = ()


def read_timeline(path: Path) -> FoundTimeline:
    """Read the first track of pictures of a timeline file, by its ending.

    Raises:
        KeyError: for an ending that is none of `ADAPTERS`.
        StorageError: "unreadable", "too_large", or "damaged" for what is no timeline.
    """
    adapter = ADAPTERS[path.suffix.lower()]
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise StorageError("too_large", path.name)
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise read_error(error, path) from error
    except UnicodeDecodeError as error:
        raise StorageError("damaged", f"{path.name} is no text") from error
    try:
        found = otio.adapters.read_from_string(text, adapter)
        return _found(_only_timeline(found), path)
    except StorageError:
        raise
    except Exception as error:
        raise StorageError("damaged", f"{path.name}: {str(error)[:200] or type(error).__name__}") from error


def _only_timeline(found: Any) -> Timeline:
    if isinstance(found, Timeline):
        return found
    for each in found if hasattr(found, "__iter__") else ():
        if isinstance(each, Timeline):
            return each
    raise ValueError("there is no timeline in it")


def _found(timeline: Timeline, path: Path) -> FoundTimeline:
    pictures = timeline.video_tracks()
    if not pictures:
        raise ValueError("there is no track of pictures in it")
    left = list[Left]()
    if len(pictures) > 1 or (timeline.audio_tracks() and not _ours(timeline)):
        left.append("tracks")
    track = pictures[0]
    clips = tuple(_clips(track, path.parent))
    if len(clips) > MOST_CLIPS:
        raise StorageError("too_large", f"{path.name}: {len(clips)} clips")
    if any(isinstance(each, Gap) and not _ours(each) for each in track):
        left.append("gaps")
    if any(getattr(each, "effects", ()) for each in track):
        left.append("effects")
    start, settings = timeline.global_start_time, _stored(Settings, _ours(timeline).get("settings"))
    return FoundTimeline(
        name=timeline.name or path.stem,
        clips=clips,
        soundtrack=_soundtrack(timeline),
        fps=settings.fps if settings else start.rate if start else None,
        left=tuple(left),
    )


def _clips(track: Track, folder: Path) -> list[FoundClip]:
    items, found = list(track), list[FoundClip]()
    for index, item in enumerate(items):
        shot = _shot(item)
        if not isinstance(item, Clip) and shot is None:
            continue
        before = items[index - 1] if index else None
        behind = items[index + 1] if index + 1 < len(items) else None
        start, end = _range_s(item)
        # A dissolve shows more of both clips than their own ranges say; here that is part of them.
        start -= _s(before.in_offset) if before and _dissolves(before) else 0.0
        end += _s(behind.out_offset) if behind and _dissolves(behind) else 0.0
        kind, seconds = _joined(behind)
        path = _path(item, folder)
        found.append(FoundClip(item.name or "", path, max(0.0, start), max(0.0, end - start), kind, seconds, shot))
    return found


def _range_s(item: Any) -> tuple[float, float]:
    shown = item.trimmed_range()
    begins = _s(item.available_range().start_time) if isinstance(item, Clip) and _has_range(item) else 0.0
    start = _s(shown.start_time) - begins
    return start, start + _s(shown.duration)


def _has_range(clip: Clip) -> bool:
    return clip.media_reference is not None and clip.media_reference.available_range is not None


def _dissolves(item: Any) -> bool:
    return isinstance(item, Transition) and item.name != DIP


def _joined(item: Any) -> tuple[FilmTransition, float]:
    if not isinstance(item, Transition):
        return "cut", 0.5
    seconds = _s(item.in_offset) + _s(item.out_offset)
    return ("dip" if item.name == DIP else "crossfade"), seconds


def _path(item: Any, folder: Path) -> Path | None:
    reference: Any = item.media_reference if isinstance(item, Clip) else None
    if not isinstance(reference, ExternalReference) or not reference.target_url:
        return None
    url = urlparse(reference.target_url)
    if url.scheme == "file":
        return Path(url2pathname(url.path))
    if len(url.scheme) > 1:  # a single letter is a drive
        return None
    return folder / unquote(reference.target_url)


def _shot(item: Any) -> Shot | None:
    """The shot that this program wrote there; what does not fit any more is no shot of ours."""
    return _stored(Shot, _ours(item).get("shot"))


def _soundtrack(timeline: Timeline) -> tuple[SoundTrack, ...]:
    found = [_stored(SoundTrack, each) for each in _ours(timeline).get("soundtrack", ())]
    return tuple(track for track in found if track is not None)


def _stored(kind: type[_T], text: object) -> _T | None:
    try:
        return kind.model_validate_json(text) if isinstance(text, str) else None
    except ValidationError:
        return None


def _ours(item: Any) -> Mapping[str, Any]:
    found = item.metadata.get(OURS)
    return found if hasattr(found, "get") else {}


def _s(time: RationalTime) -> float:
    return time.to_seconds()
