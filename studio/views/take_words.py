"""What is said of takes: their names, what they were made from, and how they are."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from engine.protocol.job import Failed, Job, Paused, Queued, Running, SetAside
from studio.models.studio import Studio
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.take import Take, Verb
from studio.views.queue_words import part_done, running_words, start_words, whole_seconds
from studio.views.words import failure_sentence, number, seconds, size_words

_translate = QCoreApplication.translate


@dataclass(frozen=True)
class Entry:
    """A place in the strip: a take, a job that may become one, a job that goes on with a draft, or more of them.

    Attributes:
        number: of the take in its shot, from 1; 0 for what is none yet.
    """

    take: Take | None = None
    job: Job | None = None
    number: int = 0
    is_selected: bool = False

    @property
    def is_more(self) -> bool:
        """Whether it only offers to make more."""
        return self.take is None and self.job is None


def entries_of(shot: Shot, jobs: list[Job]) -> list[Entry]:
    """What the strip shows of a shot: its takes, then its jobs, then a place for more."""
    going_on = {job.id: job for job in jobs}
    takes = [
        Entry(take, going_on.pop(take.job or "", None), place, take.id == shot.selected)
        for place, take in enumerate(shot.takes, 1)
    ]
    waiting = [Entry(job=job) for job in going_on.values()]
    return [*takes, *waiting, Entry()] if takes or waiting else []


def take_name(project: Project, take_id: str, shot: Shot | None = None) -> str:
    """Take 2; with the shot's name when it is another shot's; empty when there is no such take."""
    for owner in project.shots:
        for place, take in enumerate(owner.takes, 1):
            if take.id == take_id:
                name = _translate("takes", "take {number}").format(number=number(place))
                return name if shot is None or owner.id == shot.id else f"{owner.name} · {name}"
    return ""


def lineage_words(take: Take, project: Project, shot: Shot) -> str:
    """Extends take 2; empty for what was made from words alone."""
    said = _verbs().get(take.verb)
    if said is None:
        return ""
    footage = {each.sha256: each.name for each in project.bin}
    parents = [take_name(project, parent, shot) or footage.get(parent, "") for parent in take.parents]
    names = " → ".join(dict.fromkeys(filter(None, parents)))
    return said.format(parent=names) if names else ""


def take_words(entry: Entry, studio: Studio) -> str:
    """All that is known of it in a few lines, for tooltips and screen readers."""
    take, shot = entry.take, studio.film.shot
    if take is None or shot is None:
        return job_words(entry.job, studio) if entry.job else ""
    said = _translate("takes", "Take {number}").format(number=number(entry.number))
    length = f"{size_words(take.width, take.height)} · {seconds(take.duration_s)}"
    stars = _translate("takes", "%n of 5 stars", "", take.rating) if take.rating else ""
    recipe = take.recipe
    seed = _translate("takes", "Seed {seed}").format(seed=recipe.seed) if recipe else ""
    lines = (said, lineage_words(take, studio.film.project, shot), draft_words(take), length, seed, stars)
    return "\n".join([line for line in lines if line] + [recipe.prompt[:400] if recipe else ""])


def draft_words(take: Take) -> str:
    """Draft 5/20; empty for a whole take."""
    if take.step is None or take.total_steps is None:
        return ""
    said = _translate("takes", "draft {step}/{total}")
    return said.format(step=number(take.step), total=number(take.total_steps))


def job_words(job: Job, studio: Studio) -> str:
    """How a job is, in a few words."""
    match job.state:
        case Running():
            return progress_words(job, studio)
        case Queued():
            return "\n".join(filter(None, (_translate("takes", "Waiting"), start_words(job, studio))))
        case Paused():
            said = _translate("takes", "Paused at {step}/{total}")
            return said.format(step=number(job.state.step), total=number(job.state.total_steps))
        case Failed():
            return failure_sentence(job.state.failure)[0]
        case SetAside():
            return _translate("takes", "Set aside: it ended its worker too often.")
        case _:
            return ""


def progress_words(job: Job, studio: Studio) -> str:
    """◐ 62 % · 4 s left."""
    progress, eta_s = studio.jobs.progress(job.id), studio.jobs.eta_s(job.id)
    part = part_done(progress)
    if part is None or job.wish is not None:
        return running_words(job, studio)
    said = _translate("takes", "◐ {percent} %").format(percent=number(int(100 * part)))
    if eta_s is None:
        return said
    return f"{said} · " + _translate("takes", "{time} left").format(time=whole_seconds(max(1.0, eta_s)))


def _verbs() -> Mapping[Verb, str]:
    return {
        "animate": _translate("takes", "from {parent}"),
        "extend": _translate("takes", "extends {parent}"),
        "extend_backward": _translate("takes", "leads to {parent}"),
        "loop": _translate("takes", "loop of {parent}"),
        "bridge": _translate("takes", "bridge {parent}"),
        "remix": _translate("takes", "remix of {parent}"),
        "retake": _translate("takes", "retake of {parent}"),
    }
