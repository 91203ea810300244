"""The end of a job on the terminal: its take saved, a sentence or a JSON object, and an exit code."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.client.api import EngineClient
from engine.protocol.job import (
    AnyRequest,
    Cancelled,
    Done,
    Drafted,
    Failed,
    FilmRequest,
    Job,
    Paused,
    SetAside,
    TakeFile,
)
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from studio.cli.exits import Exit
from studio.cli.output import deliver, recipe_beside
from studio.cli.words import failure_sentence, frames, notice_sentence, seconds


@dataclass(frozen=True)
class Ending:
    """Where the take goes, and what is told.

    Attributes:
        facts: more fields for the JSON object.
    """

    output: Path
    as_json: bool
    took_s: float
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


def end(client: EngineClient, job: Job, ending: Ending) -> int:
    """Save what a job that is over has made, and say how it ended.

    Raises:
        ProblemsError: when the take cannot be written; the engine keeps it.
    """
    result: dict[str, Any] = {
        "status": job.state.kind,
        "job": job.id,
        **_made(job.request),
        **ending.facts,
        "took_s": round(ending.took_s, 3),
    }
    match job.state:
        case Done() | Drafted():
            sentence, code = _saved(client, job, job.state, ending, result)
        case Failed():
            result["failure"] = job.state.failure.model_dump()
            sentence, code = failure_sentence(job.state.failure), Exit.FAILED
        case SetAside():
            sentence = f"set aside: it ended its worker {job.state.worker_deaths} times ({job.state.detail})"
            code = Exit.FAILED
        case Paused():
            sentence = f"paused after step {job.state.step}: `reelwright finish {job.id[-8:]}` goes on"
            code = Exit.CANCELLED
        case Cancelled():
            sentence, code = "cancelled", Exit.CANCELLED
        case _:
            sentence, code = f"still {job.state.kind}: `reelwright queue` shows it", Exit.CANCELLED
    if ending.as_json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    else:
        (sys.stdout if code == Exit.OK else sys.stderr).write(sentence + "\n")
    return code


def _saved(
    client: EngineClient, job: Job, state: Done | Drafted, ending: Ending, result: dict[str, Any]
) -> tuple[str, Exit]:
    try:
        written = deliver(client, state.take, ending.output, recipe_beside(job.request))
    except OSError as error:
        detail = f"{ending.output}: {error.strerror}; the take is kept: `reelwright queue save {job.id} FILE`"
        raise ProblemsError([Problem(field="output", kind="not_writable", detail=detail)]) from error
    client.acknowledge(job.id)
    result["output"] = str(ending.output)
    result["files"] = [str(path) for path in written]
    if isinstance(state, Done):
        result["notices"] = [notice.model_dump() for notice in state.notices]
        if not ending.as_json:
            sys.stderr.writelines(f"{notice_sentence(notice)}\n" for notice in state.notices)
        went_on = ""
    else:
        went_on = f" · draft after step {state.step}: `reelwright finish {job.id[-8:]}` goes on with it"
    length = _length(job.request, state.take)
    return f"{ending.output}  {length} · took {seconds(ending.took_s)}{went_on}", Exit.OK


def _made(request: AnyRequest) -> dict[str, Any]:
    if isinstance(request, FilmRequest):
        return {"film": request.film.model_dump()}
    return {"recipe": request.recipe.model_dump()}


def _length(request: AnyRequest, take: TakeFile) -> str:
    if isinstance(request, FilmRequest):
        film = request.film
        return f"{film.width}x{film.height} · {frames(take.num_frames)} · {seconds(film.duration_s)}"
    return f"{_recipe_length(request.recipe, take)} · seed {request.recipe.seed}"


def _recipe_length(recipe: Recipe, take: TakeFile) -> str:
    width, height = recipe.take_size
    if take.num_frames == recipe.take_frames == 1:
        return f"{width}x{height} · a still"
    missing = take.num_frames < recipe.take_frames  # a draft, or a clip that was stopped early
    count = f"{take.num_frames} of {frames(recipe.take_frames)}" if missing else frames(take.num_frames)
    return f"{width}x{height} · {count} · {seconds(take.num_frames / recipe.take_fps)}"
