"""What a row of the queue says: whose job it is, what it makes, how it is, and what can be done about it."""

from collections.abc import Mapping
from typing import Literal

from PySide6.QtCore import QCoreApplication

from engine.protocol.events import Progress
from engine.protocol.film import Film
from engine.protocol.job import Cancelled, Done, Drafted, Failed, FilmRequest, Job, Paused, Queued, Running, SetAside
from studio.models.studio import Studio
from studio.project.take import Verb, verb_of
from studio.views.words import failure_sentence, number, seconds

Deed = Literal["pause", "resume", "stop_early", "cancel", "again", "library", "delete"]
_translate = QCoreApplication.translate
PROMPT_CHARS = 200


def place_words(job: Job, studio: Studio) -> str:
    """Whose job it is: the shot's name, or who else sent it."""
    request, project = job.request, studio.film.project
    if request.project is None:
        return _translate("queue", "Command line")
    if request.project != project.id:
        return _translate("queue", "Another project")
    if isinstance(request, FilmRequest):
        return project.name
    if request.shot is None or not project.has_shot(request.shot):
        return _translate("queue", "A deleted shot")
    return project.shot(request.shot).name


def what_words(job: Job) -> str:
    """The verb, where it is more than to generate, and how the prompt begins."""
    if isinstance(job.request, FilmRequest):
        return film_words(job.request.film)
    recipe = job.request.recipe
    prompt = " ".join(recipe.prompt.split())[:PROMPT_CHARS]
    verb = verb_of(recipe)
    if job.request.draft_steps is not None and not job.drafted:
        verb = "draft"
    if verb == "generate":
        return prompt
    return f"{_verbs()[verb]} · {prompt}" if prompt else _verbs()[verb]


def whole_words(job: Job) -> str:
    """The prompt, all of it; of a film what it is."""
    if isinstance(job.request, FilmRequest):
        return film_words(job.request.film)
    return " ".join(job.request.recipe.prompt.split())


def film_words(film: Film) -> str:
    """How many clips it joins, and how long it gets."""
    said = _translate("queue", "Film: {count} clips, {time}")
    return said.format(count=number(len(film.clips)), time=seconds(film.duration_s))


def state_words(job: Job, studio: Studio) -> str:
    """How it is, in one line; a failure says what to do as well."""
    state = job.state
    match state:
        case Queued():
            said = _waiting_words(job, studio)
        case Running():
            said = running_words(job, studio)
        case Paused():
            said = _paused_words(state)
        case Drafted():
            said = _translate("queue", "Draft after {step} of {total} steps").format(**_steps(state))
        case Done():
            took = sum(state.stage_s.values())
            said = _translate("queue", "Done in {time}").format(time=seconds(took)) if took else _done()
        case Cancelled():
            said = _translate("queue", "Cancelled")
        case Failed():
            said = " ".join(failure_sentence(state.failure))
        case SetAside():
            said = _translate(
                "queue", "Set aside: it ended its worker {count} times, and the others should not wait for that."
            ).format(count=number(state.worker_deaths))
    return said


def running_words(job: Job, studio: Studio) -> str:
    """What is being done with it right now."""
    if job.wish is not None:
        return _wishes()[job.wish]
    worker = studio.workers.of_job(job.id)
    silent_s = studio.workers.silent_s(worker) if worker else None
    if silent_s is not None:
        return _translate("queue", "Not responding for {time}").format(time=whole_seconds(silent_s))
    progress = studio.jobs.progress(job.id)
    if progress is None:
        return _translate("queue", "Starting")
    return progress_words(progress, studio.jobs.eta_s(job.id))


def progress_words(progress: Progress, eta_s: float | None) -> str:
    """18/30 · 4 s left; or what is done before and after the steps."""
    if progress.stage == "denoise":
        said = f"{number(progress.step)}/{number(progress.total_steps)}"
    elif progress.stage == "write" and progress.total_frames:
        said = _translate("queue", "Writing frame {frame} of {total}").format(
            frame=number(progress.frame), total=number(progress.total_frames)
        )
    else:
        said = _stages()[progress.stage]
    if eta_s is None:
        return said
    return f"{said} · " + _translate("queue", "{time} left").format(time=whole_seconds(max(1.0, eta_s)))


def whole_seconds(value: float) -> str:
    """A time that goes by, which nobody wants in tenths."""
    return seconds(value) if value >= 90 else _translate("queue", "{seconds} s").format(seconds=number(round(value)))


def part_done(progress: Progress | None) -> float | None:
    """How much of the job's steps are done, 0 to 1; None where steps are not what it is at."""
    if progress is None or progress.stage in ("load", "encode"):
        return None
    if not progress.total_steps:  # a film: its work is its frames
        return progress.frame / progress.total_frames if progress.total_frames else None
    return progress.step / progress.total_steps


def deeds_for(job: Job, studio: Studio) -> tuple[Deed, ...]:
    """What can be done about it, the most likely first."""
    match job.state:
        case Queued():
            deeds: tuple[Deed, ...] = ("pause", "cancel")
        case Running():
            deeds = ("pause", "stop_early", "cancel") if job.wish is None else ("cancel",)
            if isinstance(job.request, FilmRequest):  # it is made whole
                deeds = tuple(deed for deed in deeds if deed != "stop_early")
        case Paused():
            deeds = ("resume", "cancel")
        case Drafted() | Done() if not studio.errands.may_forget(job):
            deeds = ("resume",) if isinstance(job.state, Drafted) else ()
        case Drafted():
            deeds = ("resume", "delete")
        case Done():
            deeds = ("delete",)
        case Failed() if job.state.failure.kind in ("missing_weights", "corrupt_weights"):
            deeds = ("library", "again", "delete")
        case Cancelled() | Failed() | SetAside():
            deeds = ("again", "delete")
    return deeds


def deed_words(deed: Deed, job: Job) -> str:
    """What a button or a menu says."""
    if deed == "resume" and isinstance(job.state, Drafted):
        return _translate("queue", "Finish this draft")
    if deed == "again" and isinstance(job.state, Cancelled):
        return _translate("queue", "Make it after all")
    return _deeds()[deed]


def section_words() -> Mapping[str, str]:
    """The headings of the list."""
    return {
        "running": _translate("queue", "Rendering"),
        "waiting": _translate("queue", "Waiting"),
        "stopped": _translate("queue", "Stopped"),
        "over": _translate("queue", "Finished"),
    }


def start_words(job: Job, studio: Studio) -> str:
    """When a waiting job begins; empty while that is not known, or about to be."""
    known = studio.jobs.forecasts().get(job.id)
    if known is None or known.starts_in_s is None or known.starts_in_s < 1:
        return ""
    return _translate("queue", "starts in about {time}").format(time=whole_seconds(known.starts_in_s))


def _waiting_words(job: Job, studio: Studio) -> str:
    said = _waiting_for(job, studio)
    known = studio.jobs.forecasts().get(job.id)
    takes_s = known.takes_s if known is not None else None
    takes = _translate("queue", "takes about {time}").format(time=whole_seconds(max(1.0, takes_s))) if takes_s else ""
    return " · ".join(filter(None, (said, start_words(job, studio), takes)))


def _waiting_for(job: Job, studio: Studio) -> str:
    if job.worker_deaths:
        said = _translate("queue", "Waiting: its worker ended {count} times, and it goes on from where it was")
        return said.format(count=number(job.worker_deaths))
    ahead = [each.id for each in studio.jobs.active if isinstance(each.state, Queued)]
    if ahead[:1] == [job.id]:
        return _translate("queue", "Next")
    return _translate("queue", "Waiting")


def _paused_words(state: Paused) -> str:
    if state.total_steps == 0:
        return _translate("queue", "Paused: a film begins again when it goes on")
    if state.step == 0:
        return _translate("queue", "Paused before it began")
    return _translate("queue", "Paused after {step} of {total} steps, which are kept").format(**_steps(state))


def _steps(state: Paused | Drafted) -> dict[str, str]:
    return {"step": number(state.step), "total": number(state.total_steps)}


def _done() -> str:
    return _translate("queue", "Done")


def _verbs() -> Mapping[Verb, str]:
    return {
        "animate": _translate("queue", "Animate"),
        "extend": _translate("queue", "Extend"),
        "extend_backward": _translate("queue", "Extend backward"),
        "loop": _translate("queue", "Loop"),
        "bridge": _translate("queue", "Bridge"),
        "remix": _translate("queue", "Remix"),
        "retake": _translate("queue", "Retake"),
        "draft": _translate("queue", "Draft"),
    }


def _wishes() -> Mapping[str, str]:
    return {
        "cancel": _translate("queue", "Being cancelled"),
        "pause": _translate("queue", "Being paused"),
        "stop_early": _translate("queue", "Stopping here"),
    }


def _stages() -> Mapping[str, str]:
    return {
        "load": _translate("queue", "Loading the model"),
        "encode": _translate("queue", "Reading the prompt"),
        "denoise": _translate("queue", "Rendering"),
        "decode": _translate("queue", "Making the frames"),
        "write": _translate("queue", "Writing the clip"),
    }


def _deeds() -> Mapping[Deed, str]:
    return {
        "pause": _translate("queue", "Pause"),
        "resume": _translate("queue", "Go on"),
        "stop_early": _translate("queue", "Stop here and keep it"),
        "cancel": _translate("queue", "Cancel"),
        "again": _translate("queue", "Try again"),
        "library": _translate("queue", "Open the models"),
        "delete": _translate("queue", "Take off the list"),
    }
