"""The commands that make a clip: a draft is sent, followed, and its take saved."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

from typer import Argument

from engine.client.api import EngineClient
from engine.client.attach import attach
from engine.protocol.job import Cancelled, Done, Failed, Job, JobRequest, SetAside
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from studio.cli.draft import Draft, draft, part_of
from studio.cli.exits import Exit
from studio.cli.follow import Follower, display, save
from studio.cli.options import Options, with_options
from studio.cli.words import failure_sentence, notice_sentence, rounding_sentence, seconds


@with_options
def generate(prompt: Annotated[str, Argument(help="What the clip shows.")], options: Options) -> int:
    """Make a clip from a prompt."""
    return _make(prompt, options.image or [], options)


@with_options
def animate(
    still: Annotated[Path, Argument(help="The first frame.", metavar="IMAGE")],
    prompt: Annotated[str, Argument(help="What happens.")] = "",
    *,
    options: Options,
) -> int:
    """Make a clip that starts from an image."""
    return _make(prompt, [f"0={still}", *(options.image or [])], options)


def _make(prompt: str, images: list[str], options: Options) -> int:
    began_s = time.monotonic()
    with attach() as client:
        made = draft(client, prompt, images, options)
        _say(options, [rounding_sentence(problem, made.card) for problem in made.rounded])
        request = JobRequest(recipe=made.recipe, delivery=made.delivery, device=options.device)
        follower = Follower(client, options.previews)
        with display() as shown:
            job = follower.run(request, shown)
        return _finish(follower.client, job, made, options, time.monotonic() - began_s)


def _finish(client: EngineClient, job: Job, made: Draft, options: Options, took_s: float) -> int:
    result: dict[str, Any] = {
        "status": job.state.kind,
        "job": job.id,
        "recipe": job.request.recipe.model_dump(),
        "rounded": [p.model_dump(include={"field", "value", "nearest"}) for p in made.rounded],
        "took_s": round(took_s, 3),
    }
    match job.state:
        case Done():
            try:
                save(client, job.state.take.media, made.output, part_of(made.output))
            except OSError as error:
                kept = f"{made.output}: {error.strerror}; the take is kept: `reelwright queue save {job.id} FILE`"
                raise ProblemsError([Problem(field="output", kind="not_writable", detail=kept)]) from error
            client.acknowledge(job.id)
            recipe = job.request.recipe
            result |= {"output": str(made.output), "notices": [n.model_dump() for n in job.state.notices]}
            _say(options, [notice_sentence(notice) for notice in job.state.notices])
            length = f"{recipe.width}x{recipe.height} · {_length(recipe)}"
            sentence, code = f"{made.output}  {length} · seed {recipe.seed} · took {seconds(took_s)}", Exit.OK
        case Failed():
            result["failure"] = job.state.failure.model_dump()
            sentence, code = failure_sentence(job.state.failure), Exit.FAILED
        case SetAside():
            sentence = f"set aside: it ended its worker {job.state.worker_deaths} times ({job.state.detail})"
            code = Exit.FAILED
        case Cancelled():
            sentence, code = "cancelled", Exit.CANCELLED
        case _:
            sentence, code = f"still {job.state.kind}: `reelwright queue` shows it", Exit.CANCELLED
    if options.json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    else:
        (sys.stdout if code == Exit.OK else sys.stderr).write(sentence + "\n")
    return code


def _length(recipe: Recipe) -> str:
    return "a still" if recipe.num_frames == 1 else f"{recipe.num_frames} frames · {seconds(recipe.duration_s)}"


def _say(options: Options, sentences: list[str]) -> None:
    if not options.json:
        sys.stderr.writelines(f"{sentence}\n" for sentence in sentences)
