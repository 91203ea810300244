"""Shots of a project made of what a timeline, or a folder of clips, holds."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.interchange.timeline_read import FoundClip
from studio.project.footage import Footage
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.take import take_of_footage
from studio.project.value import new_id

CLIP_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".wmv"})


@dataclass(frozen=True)
class Placing:
    """What became of a timeline's clips.

    Attributes:
        unusable: names of those whose files are not there or cannot be used.
    """

    shots: tuple[Shot, ...]
    unusable: tuple[str, ...] = ()


def clips_in(folder: Path) -> list[Path]:
    """The clips in a folder, in the order of their names as people count (2 before 10).

    Raises:
        OSError: when the folder cannot be read.
    """
    return sorted((path for path in folder.iterdir() if path.suffix.lower() in CLIP_SUFFIXES), key=_by_number)


def placed_shots(
    project: Project, clips: Sequence[FoundClip], footage: Mapping[Path, Footage], created_at: float
) -> Placing:
    """New shots of clips, whose files have become `footage` of the project.

    Shots that this program wrote come back as they were, with ids of their own where the project has those already.
    """
    known = {shot.id for shot in project.shots} | {take.id for shot in project.shots for take in shot.takes}
    shots, unusable = list[Shot](), list[str]()
    for clip in clips:
        found = footage.get(clip.path) if clip.path is not None else None
        if clip.shot is not None:
            shots.append(_with_new_ids(clip.shot, known))
        elif found is None or found.item.kind != "clip" or not found.item.fps or not found.item.num_frames:
            unusable.append(clip.name or (clip.path.name if clip.path else "?"))
            continue
        else:
            shots.append(_shot(clip, found, created_at))
        known |= {shots[-1].id, *(take.id for take in shots[-1].takes)}
    return Placing(tuple(shots), tuple(unusable))


def clips_of(paths: Sequence[Path]) -> list[FoundClip]:
    """Whole files one behind the other."""
    return [FoundClip(path.stem, path, 0.0, math.inf) for path in paths]


def _shot(clip: FoundClip, footage: Footage, created_at: float) -> Shot:
    take = take_of_footage(footage, new_id(), created_at)
    first = min(round(clip.start_s * take.fps), take.num_frames - 1)
    end = take.num_frames
    if math.isfinite(clip.duration_s):
        end = min(max(round((clip.start_s + clip.duration_s) * take.fps), first + 1), take.num_frames)
    return Shot(
        id=new_id(),
        name=clip.name or footage.name,
        takes=(take,),
        selected=take.id,
        in_frame=first,
        out_frame=None if end == take.num_frames else end,
        transition=clip.transition,
        transition_s=min(clip.transition_s, 60.0),
    )


def _with_new_ids(shot: Shot, known: set[str]) -> Shot:
    names = {take.id: new_id() if take.id in known else take.id for take in shot.takes}
    takes = tuple(
        take if names[take.id] == take.id else take.changed(id=names[take.id], job=None) for take in shot.takes
    )
    selected = None if shot.selected is None else names[shot.selected]
    return shot.changed(id=new_id() if shot.id in known else shot.id, takes=takes, selected=selected)


def _by_number(path: Path) -> list[tuple[int, int, str]]:
    """The parts of a name, each as a number or as a word."""
    parts = re.split(r"(\d+)", path.name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]
