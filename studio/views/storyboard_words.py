"""What is said of shots on the storyboard: how they are, why they are stale, and how one leads to the next."""

from collections.abc import Mapping

from PySide6.QtCore import QCoreApplication

from engine.protocol.film import Transition
from engine.protocol.job import Failed, Job, Running, SetAside
from studio.models.studio import Studio
from studio.project.planned import needs
from studio.project.shot import Shot
from studio.project.stale import EntryChanged, FieldChanged, NeighbourChanged, Reason
from studio.views.take_words import job_words
from studio.views.words import field_name, number, seconds

_translate = QCoreApplication.translate


def reason_words(reason: Reason) -> str:
    """What is another since the take was made."""
    match reason:
        case EntryChanged():
            return _translate("storyboard", "@{name} has changed").format(name=reason.name)
        case NeighbourChanged("before"):
            return _translate("storyboard", "The shot before ends on another frame")
        case NeighbourChanged():
            return _translate("storyboard", "The shot behind begins with another frame")
        case FieldChanged("conditions"):
            return _translate("storyboard", "It starts from, or ends on, another image")
        case FieldChanged():
            return _translate("storyboard", "{field} is another").format(field=field_name(reason.field))


def stale_words(reasons: tuple[Reason, ...]) -> str:
    """All of it in lines, with what a click would do."""
    said = [reason_words(reason) for reason in reasons]
    return "\n".join([*said, _translate("storyboard", "Click to make it again")])


def centre_words(shot: Shot, job: Job | None, studio: Studio) -> str:
    """What stands in the place of a picture that is not there yet."""
    if job is not None:
        return job_words(job, studio)
    if studio.storyboard.is_awaited(shot):
        return awaited_words(shot, studio)
    return _translate("storyboard", "No take yet")


def awaited_words(shot: Shot, studio: Studio) -> str:
    """Whose take it waits for."""
    names = [each.name for each in needs(studio.film.project, shot)]
    if not names:
        return _translate("storyboard", "Waiting")
    return _translate("storyboard", "Waits for {shots}").format(shots=" · ".join(names))


def card_words(shot: Shot, place: int, studio: Studio) -> str:
    """All that is known of a card, in lines; the first one is its name for those who do not see it."""
    storyboard = studio.storyboard
    job, reasons = storyboard.job_of(shot), storyboard.reasons(shot)
    said = _translate("storyboard", "Shot {number}: {name}").format(number=number(place + 1), name=shot.name)
    state = seconds(shot.duration_s) if shot.selected is not None else centre_words(shot, job, studio)
    lines = [f"{said}, {state}"]
    if shot.is_bridge:
        lines.append(_translate("storyboard", "Generated bridge"))
    if shot.continues:
        lines.append(_translate("storyboard", "Starts from the last frame of the shot before"))
    if job is not None and shot.selected is not None:
        lines.append(job_words(job, studio))
    lines += [reason_words(reason) for reason in reasons]
    lines.append(shot.draft.prompt[:400])
    return "\n".join(line for line in lines if line)


def is_alarming(job: Job | None) -> bool:
    """Whether something went wrong."""
    return job is not None and isinstance(job.state, Failed | SetAside)


def is_running(job: Job | None) -> bool:
    """Whether it is being made right now."""
    return job is not None and isinstance(job.state, Running)


def transition_words(transition: Transition) -> str:
    """What it is called."""
    return _transitions()[transition]


def _transitions() -> Mapping[Transition, str]:
    return {
        "cut": _translate("storyboard", "Cut"),
        "crossfade": _translate("storyboard", "Crossfade"),
        "dip": _translate("storyboard", "Dip to black"),
    }
