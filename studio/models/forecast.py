"""Forecast: when waiting jobs begin and how long they take, from how long others of their kind took; else unknown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from engine.protocol.job import Done, Job, JobRequest, Running

Kind: TypeAlias = tuple[object, ...]
LeftS = Callable[[str], float | None]


@dataclass(frozen=True)
class Forecast:
    """Of one waiting job, in seconds; None is unknown."""

    starts_in_s: float | None
    takes_s: float | None


@dataclass(frozen=True)
class _Pace:
    step_s: float
    rest_s: float


class Paces:
    """What jobs of a kind took, by the newest that went through in one go."""

    def __init__(self, jobs: Iterable[Job], made: Mapping[str, int]) -> None:
        """`made` are the steps of jobs that have stopped meanwhile."""
        self._made = made
        self._paces: dict[Kind, _Pace] = {}
        ended = [(job, job.state) for job in jobs if isinstance(job.state, Done) and _is_whole(job, made)]
        for job, state in sorted(ended, key=lambda each: each[1].finished_at):
            rest_s = sum(state.stage_s.values()) - state.stage_s["denoise"] - state.stage_s.get("load", 0.0)
            step_s = state.stage_s["denoise"] / job.request.total_steps
            self._paces[_kind(job)] = _Pace(step_s, max(0.0, rest_s))

    def takes_s(self, job: Job) -> float | None:
        """How long a waiting job takes, less the steps that it has made already."""
        pace, request = self._paces.get(_kind(job)), job.request
        if pace is None or not isinstance(request, JobRequest) or (job.worker_deaths and job.id not in self._made):
            return None
        steps, made = request.total_steps, self._made.get(job.id, 0)
        if request.draft_steps is not None:
            steps, made = (steps, request.draft_steps) if job.drafted else (min(steps, request.draft_steps), made)
        return max(0, steps - made) * pace.step_s + pace.rest_s

    def after_steps_s(self, job: Job) -> float:
        """How long it takes when its steps are made, as far as that is known."""
        pace = self._paces.get(_kind(job))
        return pace.rest_s if pace else 0.0


def forecasts(active: Sequence[Job], paces: Paces, left_s: LeftS) -> dict[str, Forecast]:
    """Of every waiting job; `active` are those that run, then those that wait, in their order.

    One after another is what is forecast: with several devices at work nobody knows who takes what.
    """
    running = [job for job in active if isinstance(job.state, Running)]
    is_one_line = len(running) <= 1 and len({job.request.device for job in active}) <= 1
    at_s: float | None = 0.0 if is_one_line else None
    for job in running:
        left = left_s(job.id) if job.wish is None else None
        at_s = None if at_s is None or left is None else at_s + left + paces.after_steps_s(job)
    found: dict[str, Forecast] = {}
    for job in active:
        if not isinstance(job.state, Running):
            takes_s = paces.takes_s(job)
            found[job.id] = Forecast(at_s, takes_s)
            at_s = None if at_s is None or takes_s is None else at_s + takes_s
    return found


def _kind(job: Job) -> Kind:
    """What decides how long a step takes: equal for jobs that take equally long."""
    if not isinstance(job.request, JobRequest):
        return ("film", job.id)
    recipe = job.request.recipe
    size = (recipe.width, recipe.height, recipe.num_frames, *recipe.take_size, recipe.take_frames)
    shape = (len(recipe.conditions), recipe.loop, recipe.source is not None, recipe.splice is not None)
    return (job.request.device, recipe.model, recipe.guidance_scale > 1, *size, *shape)


def _is_whole(job: Job, made: Mapping[str, int]) -> bool:
    """Whether it made all its steps in one go: only then its times are those of all its steps."""
    state = job.state
    if job.drafted or job.worker_deaths or job.id in made or not isinstance(state, Done):
        return False
    stopped = any(notice.kind == "stopped_early" for notice in state.notices)
    return not stopped and bool(state.stage_s.get("denoise")) and job.request.total_steps > 0
