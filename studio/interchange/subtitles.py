"""Write what is said in the film, or what its shots were to show, as subtitles."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pysubs2

from studio.project.files import replacing
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.timeline import NothingSaidError, timeline

Said = Literal["dialogue", "prompts"]
FORMATS = (".srt", ".vtt", ".ass")


def write_subtitles(project: Project, path: Path, said: Said, planned_s: Callable[[Shot], float]) -> int:
    """Write subtitles in the format of the path's ending and return how many there are.

    Each shot's lines share the time in which it is seen, by their lengths; a crossfade belongs to the shot before.

    Raises:
        ValueError: for an ending that is none of `FORMATS`.
        NothingSaidError: when there is nothing to write.
        StorageError: "disk_full" or "not_writable"; what was there before still is.
    """
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path.suffix} is none of {', '.join(FORMATS)}")
    found = pysubs2.SSAFile()
    found.events = [
        pysubs2.SSAEvent(start=round(start_s * 1000), end=round(end_s * 1000), text=_escaped(line))
        for start_s, end_s, line in _lines(project, said, planned_s)
    ]
    if not found.events:
        raise NothingSaidError(said)
    with replacing(path) as file:
        file.write(found.to_string(path.suffix.lower()[1:]).encode())
    return len(found.events)


def _lines(project: Project, said: Said, planned_s: Callable[[Shot], float]) -> Iterator[tuple[float, float, str]]:
    fps, came = project.settings.fps, 0
    for shot, place in zip(project.shots, timeline(project, planned_s), strict=True):
        words = shot.dialogue if said == "dialogue" else (shot.draft.prompt,)
        lines = [line.strip() for line in words if line.strip()]
        start_s, end_s = (place.first_frame + came) / fps, (place.first_frame + place.num_frames) / fps
        came, letters, at_s = place.overlap_frames, sum(len(line) for line in lines), start_s
        for line in lines:
            length_s = (end_s - start_s) * len(line) / letters
            yield at_s, at_s + length_s, line
            at_s += length_s


def _escaped(line: str) -> str:
    """The library takes braces for commands and needs its own sign for a new line."""
    return line.replace("{", "(").replace("}", ")").replace("\n", "\\N")
