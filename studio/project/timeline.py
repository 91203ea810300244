"""Timeline: the film's shots on its time axis, and the film that is made of their selected takes."""

from collections.abc import Callable

from engine.protocol.film import Film, FilmClip, Placed, placed
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.take import Take

PLACEHOLDER = "0" * 64
"""In the place of a take's media where a shot has none yet."""


class NothingToShowError(ValueError):
    """No shot of the film has a take."""


class NothingSaidError(ValueError):
    """No shot of the film has words of the kind that was asked for."""


def film_of(project: Project, **fields: object) -> Film:
    """The film of all shots that have a selected take; `fields` are further ones of `Film`.

    Raises:
        NothingToShowError: when there is none.
    """
    clips = [clip_of(project, shot) for shot in project.shots if shot.selected is not None]
    if not clips:
        raise NothingToShowError
    return _film(project, clips, **fields)


def timeline(project: Project, planned_s: Callable[[Shot], float]) -> list[Placed]:
    """Where each shot is in the film, in frames at the film's rate; one without a take lasts `planned_s`."""
    clips = [
        _planned(project, shot, planned_s(shot)) if shot.selected is None else clip_of(project, shot)
        for shot in project.shots
    ]
    return placed(_film(project, clips)) if clips else []


def clip_of(project: Project, shot: Shot) -> FilmClip:
    """What the film shows of a shot that has a selected take."""
    take = shot.selected_take
    assert take is not None
    first = max(shot.in_frame, 1) if repeats_frame(project, shot, take) else shot.in_frame
    return FilmClip(
        media=take.media,
        fps=take.fps,
        first_frame=first,
        num_frames=max(1, shot.end_frame - first),
        transition=shot.transition,
        transition_s=shot.transition_s,
        has_sound=take.has_sound,
    )


def repeats_frame(project: Project, shot: Shot, take: Take) -> bool:
    """Whether the take's first frame is the very frame that the shot before ends on: it is not shown twice."""
    if not shot.continues or take.recipe is None or take.num_frames < 2:
        return False
    place = project.place(shot.id)
    before = project.shots[place - 1].selected_take if place else None
    if before is None:
        return False
    return any(pin.media == before.media and pin.frame_index == 0 for pin in take.recipe.conditions)


def _planned(project: Project, shot: Shot, seconds: float) -> FilmClip:
    fps = project.settings.fps
    return FilmClip(
        media=PLACEHOLDER,
        fps=fps,
        num_frames=max(1, round(seconds * fps)),
        transition=shot.transition,
        transition_s=shot.transition_s,
    )


def _film(project: Project, clips: list[FilmClip], **fields: object) -> Film:
    settings = project.settings
    usual = {"width": settings.width, "height": settings.height, "fps": settings.fps}
    sounds = tuple(track.sound for track in project.soundtrack)
    return Film.model_validate({**usual, "clips": tuple(clips), "sounds": sounds, **fields})
