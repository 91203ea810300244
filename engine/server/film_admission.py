"""What is wrong with a film: what can be told at once, and what its files have to be looked into for."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from engine.media.errors import MediaError
from engine.protocol import film as rules
from engine.protocol.film import Film, FilmClip, FilmSound
from engine.protocol.job import FilmRequest
from engine.protocol.problem import Problem
from engine.server.delivery import container_problems
from engine.server.inspect import refusal
from engine.server.media_store import is_sound

if TYPE_CHECKING:
    from engine.media.film_files import Contents

PathOf = Callable[[str], Path | None]

MOST_FRAMES = 1_000_000
"""Eleven hours at 24 a second."""
MOST_CLIPS = 10_000
MOST_SOUNDS = 200
"""All of them may be heard at once, and each is decoded by a process of its own."""
MOST_PIXELS = 64 * 1024 * 1024
LONGEST_S = 24 * 3600.0
READERS = 4


def film_problems(request: FilmRequest, path_of: PathOf) -> Iterator[Problem]:
    """What is wrong with the request itself; no file is opened."""
    film, container = request.film, request.delivery.container
    limits = list(_limit_problems(film))
    yield from limits
    if limits:  # numbers that nobody should count with
        return
    yield from rules.film_problems(film)
    if film.num_frames > MOST_FRAMES:
        yield Problem(field="clips", kind="too_long", value=film.num_frames, nearest=MOST_FRAMES)
    if container == "png":
        yield Problem(field="container", kind="unsupported", value=container, nearest="zip")
    else:
        yield from container_problems(container, (film.width, film.height), film.num_frames)
    for field, media in _places(film):
        path = path_of(media)
        if path is None:
            yield Problem(field=field, kind="missing", value=media)
        elif field.startswith("clips") and is_sound(path):
            yield Problem(field=field, kind="unsupported", value=media, detail="a sound, which shows nothing")


def unusable(film: Film, path_of: PathOf) -> list[Problem]:
    """What is wrong inside the film's files; takes a while. Files that are not here are passed over."""
    paths = {media: path for media in sorted(film.media) if (path := path_of(media)) is not None}
    with ThreadPoolExecutor(READERS) as readers:
        found = dict(zip(paths, readers.map(_look, paths.values()), strict=True))
    clips = ((f"clips[{i}]", clip) for i, clip in enumerate(film.clips))
    sounds = ((f"sounds[{i}]", sound) for i, sound in enumerate(film.sounds))
    return [
        problem
        for field, part in chain[tuple[str, FilmClip | FilmSound]](clips, sounds)
        if part.media in found
        for problem in _part_problems(field, part, found[part.media])
    ]


def _limit_problems(film: Film) -> Iterator[Problem]:
    for field, count, most in (("clips", len(film.clips), MOST_CLIPS), ("sounds", len(film.sounds), MOST_SOUNDS)):
        if count > most:
            yield Problem(field=field, kind="too_large", value=count, nearest=most)
    if film.width * film.height > MOST_PIXELS:
        detail = f"{film.width}x{film.height} are more than {MOST_PIXELS} pixels"
        yield Problem(
            field="height", kind="too_large", value=film.height, nearest=MOST_PIXELS // film.width, detail=detail
        )
    for index, clip in enumerate(film.clips):
        most = int(min(MOST_FRAMES, LONGEST_S * clip.fps))
        if max(clip.num_frames, clip.first_frame) > most:
            value = min(max(clip.num_frames, clip.first_frame), 2**53)
            yield Problem(field=f"clips[{index}].num_frames", kind="too_large", value=value, nearest=most)
        if clip.transition_s > LONGEST_S:
            yield _too_late(f"clips[{index}].transition_s", clip.transition_s)
    for index, sound in enumerate(film.sounds):
        for name in ("start_s", "duration_s", "at_s", "fade_in_s", "fade_out_s"):
            seconds: float | None = getattr(sound, name)
            if seconds is not None and seconds > LONGEST_S:
                yield _too_late(f"sounds[{index}].{name}", seconds)


def _too_late(field: str, seconds: float) -> Problem:
    return Problem(field=field, kind="too_large", value=seconds, nearest=LONGEST_S)


def _places(film: Film) -> Iterator[tuple[str, str]]:
    yield from ((f"clips[{index}].media", clip.media) for index, clip in enumerate(film.clips))
    yield from ((f"sounds[{index}].media", sound.media) for index, sound in enumerate(film.sounds))


def _look(path: Path) -> "Contents | Problem":
    from engine.media.film_files import look

    try:
        return look(path)
    except MediaError as error:
        return refusal(error).problems[0]


def _part_problems(field: str, part: FilmClip | FilmSound, found: "Contents | Problem") -> Iterator[Problem]:
    if isinstance(found, Problem):
        yield found.changed(field=f"{field}.media", value=part.media)
    elif isinstance(part, FilmSound):
        if found.sound_s is None:
            yield Problem(field=f"{field}.media", kind="unsupported", value=part.media, detail="a file without sound")
        elif part.start_s >= found.sound_s:
            yield Problem(field=f"{field}.start_s", kind="outside_clip", value=part.start_s, nearest=found.sound_s)
    elif part.has_sound and found.sound_s is None:
        yield Problem(field=f"{field}.has_sound", kind="unsupported", value=part.media, detail="a file without sound")
