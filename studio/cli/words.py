"""Sentences for the terminal: the engine speaks in kinds and numbers."""

import re

from engine.protocol.failure import Failure, FailureKind
from engine.protocol.job import AnyRequest, Drafted, Failed, FilmRequest, Job, Notice, Paused, Running, SetAside, Wish
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem

_OPTIONS = {
    "width": "--size (width)",
    "height": "--size (height)",
    "num_frames": "--frames",
    "num_inference_steps": "--steps",
    "guidance_scale": "--guidance",
    "speed": "--speed",
    "loras": "--lora",
    "negative_prompt": "--negative-prompt",
    "prompt": "the prompt",
    "fps": "--fps",
    "seed": "--seed",
    "model": "--model",
    "device": "--device",
    "output": "--output",
    "container": "--output",
    "clip": "the clip",
    "behind": "the second clip",
    "seconds": "--seconds",
    "from": "--from",
    "to": "--to",
    "source.strength": "--strength",
    "conditions": "--image",
    "loop": "--loop",
    "draft_steps": "--draft-steps",
    "splice": "the take",
}

_PROBLEMS = {
    "invalid": "is not valid",
    "off_grid": "{value} is not a value this model can make",
    "too_small": "{value} is too small",
    "too_large": "{value} is too large",
    "too_long": "is {value} frames long, more than the {nearest} there can be",
    "outside_clip": "{value} is outside the clip",
    "same_frame": "two images stand on frame {value}",
    "missing": "no such file",
    "needed": "is needed by this model",
    "unreadable": "cannot be read",
    "unsupported": "{value} is not supported here",
    "unknown_model": "there is no model {value!r}; `reelwright models` lists them",
    "not_installed": "files of {value} are missing: `reelwright models get {value}` fetches what comes from a hub",
    "newer_build": "this build cannot run models of the family {value!r}: a newer Reelwright is needed",
    "not_writable": "cannot be written to",
}

_FAILURES: dict[FailureKind, str] = {
    "out_of_memory": "the device ran out of memory: try a smaller size or fewer frames",
    "bad_input": "an input could not be used",
    "missing_weights": "a file of the model is missing",
    "corrupt_weights": "a file of the model is damaged: install the model again",
    "disk_full": "the disk is full: free some space, then run the command again",
    "device_lost": "the device is not available",
    "internal": "something went wrong inside; the log is in the logs folder of `reelwright serve --where`",
}


_WISHES: dict[Wish, str] = {
    "cancel": "being cancelled",
    "pause": "being paused",
    "stop_early": "being stopped early",
}

_SMALLER = {
    "tiled": "the clip was decoded in tiles",
    "model": "all but one part of the model waited in the machine's memory, which is slower",
    "group": "the model's layers waited in the machine's memory, which is slower",
}
_CHANGES = {
    "recipe": "the recipe is another one",
    "weights": "the model's files have changed",
    "numeric_plan": "this engine or device computes in another way",
    "speed": "--speed remembers more than is kept",
}


def problem_sentence(problem: Problem) -> str:
    """What is wrong, and the nearest value that works."""
    if problem.field == "job":
        return f"job {problem.value}: {problem.detail}"
    said = _PROBLEMS[problem.kind].format(value=_short(problem.value), nearest=_short(problem.nearest))
    if problem.kind == "too_long" and problem.field in ("prompt", "negative_prompt"):
        said = f"is {problem.value} characters long, more than the {problem.nearest} this model takes"
    if problem.value is None and problem.kind in ("too_large", "unsupported"):
        said = {"too_large": "is too large", "unsupported": "is not supported"}[problem.kind]
    if problem.kind == "needed":
        said = "this model makes nothing from words alone: give it the first frame"
    hint = ""
    if problem.nearest is not None and problem.kind != "too_long":
        hint = f"; the nearest that works is {_short(problem.nearest)}"
    only_one_step = problem.field == "draft_steps" and problem.nearest is None
    detail = " (only one step is made)" if only_one_step else f" ({problem.detail})" if problem.detail else ""
    able = f"; these models can: {', '.join(problem.models)}" if problem.models else ""
    return f"{option_name(problem.field)}: {said}{detail}{hint}{able}"


def rounding_sentence(problem: Problem, card: ModelCard) -> str:
    """What was rounded because the model would have done it silently."""
    rule = f"multiples of {card.size.multiple}"
    if problem.field == "num_frames":
        step, value = card.frames.step, problem.nearest
        is_loop = isinstance(value, int) and value % step == 0
        rule = f"loops of {step}k frames" if is_loop else f"{step}k+1 frames"
    field = problem.field.replace("num_", "")
    return f"{field} {_short(problem.value)} → {_short(problem.nearest)}: {card.name} makes {rule}"


def failure_sentence(failure: Failure) -> str:
    """What failed and what can be done."""
    return f"{_FAILURES[failure.kind]} ({failure.detail})" if failure.detail else _FAILURES[failure.kind]


def notice_sentence(notice: Notice) -> str:
    """What the user should know about a take that did come out."""
    match notice.kind:
        case "prompt_truncated":
            return f"{option_name(notice.field)}: the model read the first {notice.kept} of {notice.given} tokens"
        case "stopped_early":
            return f"stopped early: it shows what was there after {notice.kept} of {notice.given} steps"
        case "rate_limited":
            return f"the file holds at most {notice.kept} frames a second, so that some of {notice.given} are left out"
        case "smaller_plan":
            done = _SMALLER.get(notice.field, notice.field)
            return f"the device ran out of memory; attempt {notice.given} worked: {done}"
        case "restarted":
            changed = _CHANGES.get(notice.field, notice.field)
            return f"begun again from the first step, without the {notice.given} that were made: {changed}"


def request_words(request: AnyRequest) -> str:
    """What it makes: its prompt, on one line; of a film how much it joins."""
    if isinstance(request, FilmRequest):
        return f"film: {len(request.film.clips)} clips, {seconds(request.film.duration_s)}"
    return " ".join(request.recipe.prompt.split())


def state_words(job: Job) -> str:
    """A job's state in a few words."""
    words = job.state.kind
    match job.state:
        case Running() if job.wish is not None:
            words = _WISHES[job.wish]
        case Paused() if job.state.step:
            words = f"paused at step {job.state.step} of {job.state.total_steps}"
        case Drafted():
            words = f"draft at step {job.state.step} of {job.state.total_steps}"
        case SetAside():
            words = f"set aside after {job.state.worker_deaths} crashes"
        case Failed():
            words = f"failed: {failure_sentence(job.state.failure)}"
        case _:
            pass
    return words


def silence_words(silent_s: float) -> str:
    """That a worker says nothing."""
    return f"not responding (since {seconds(silent_s)})"


def option_name(field: str) -> str:
    """The option by which a user sets a recipe's field."""
    several = re.match(r"(conditions|loras)\[(\d+)\]", field)
    if several:
        return f"{_OPTIONS[several[1]]} (number {int(several[2]) + 1})"
    return _OPTIONS.get(field, field)


def frames(count: int) -> str:
    """A number of frames."""
    return f"{count} frame{'' if count == 1 else 's'}"


def seconds(value: float) -> str:
    """A length of time as people say it."""
    if value < 90:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _short(value: object) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)
