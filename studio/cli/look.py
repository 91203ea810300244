"""The commands that look and tidy: inspect, queue, serve."""

import json
import subprocess
import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.table import Table
from typer import Argument, Context, Option, Typer

from engine.client.api import EngineClient
from engine.client.attach import attach, attach_running
from engine.client.errors import RefusedError
from engine.client.process import child_environment, module_command
from engine.protocol.home import home
from engine.protocol.job import Done, Drafted, Job
from engine.protocol.problem import Problem, ProblemsError
from studio.cli.exits import Exit
from studio.cli.output import check_output, deliver, sidecar_recipe
from studio.cli.words import seconds, silence_words, state_words

queue = Typer(help="The jobs: waiting, running and done.", invoke_without_command=True, no_args_is_help=False)

Json = Annotated[bool, Option("--json", help="Print JSON.")]
JobId = Annotated[str, Argument(metavar="JOB", help="A job's id, or its last characters.")]
_LONGEST_PROMPT = 48
_PAGE = 1000


def inspect(
    clip: Annotated[Path, Argument(metavar="CLIP", help="A clip or picture.")],
    as_json: Json = False,
) -> int:
    """Show what is in a file, and the recipe it was made by."""
    with attach() as client:
        item = client.inspect(clip)
    item = item.changed(recipe=item.recipe or sidecar_recipe(clip))
    if as_json:
        sys.stdout.write(item.model_dump_json() + "\n")
        return Exit.OK
    length = (
        f" · {item.num_frames or '?'} frames · {item.fps:g} fps · {seconds(item.duration_s or 0)}" if item.fps else ""
    )
    sys.stdout.write(f"{item.kind} · {item.width}x{item.height}{length}{' · with sound' if item.has_audio else ''}\n")
    if item.recipe is None:
        sys.stdout.write("no recipe inside\n")
    else:
        sys.stdout.write(json.dumps(item.recipe.model_dump(), ensure_ascii=False, indent=2) + "\n")
    return Exit.OK


@queue.callback()
def show_queue(context: Context, as_json: Json = False) -> int:
    """List the jobs, next first."""
    if context.invoked_subcommand is not None:
        return Exit.OK
    with attach() as client:
        jobs = _all_jobs(client)
        silent = {w.job_id: w.silent_s for w in client.workers() if w.silent_s is not None}
    if as_json:
        rows = [job.model_dump() | {"worker_silent_s": silent.get(job.id)} for job in jobs]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return Exit.OK
    if not jobs:
        sys.stdout.write("no jobs yet: `reelwright generate PROMPT` makes one\n")
        return Exit.OK
    table = Table("job", "state", "prompt", "clip", "seed", box=None)
    for job in jobs:
        recipe = job.request.recipe
        prompt = recipe.prompt if len(recipe.prompt) <= _LONGEST_PROMPT else recipe.prompt[: _LONGEST_PROMPT - 1] + "…"
        clip = f"{recipe.width}x{recipe.height}x{recipe.num_frames}"
        state = f"{state_words(job)}, {silence_words(silent[job.id])}" if job.id in silent else state_words(job)
        table.add_row(job.id[-8:], state, prompt, clip, str(recipe.seed))
    console().print(table)
    return Exit.OK


@queue.command("cancel")
def cancel_job(job: JobId) -> int:
    """Cancel a job that waits, runs, is paused or a draft; what was made of it is lost."""
    return _ask(job, EngineClient.cancel)


@queue.command("pause")
def pause_job(job: JobId) -> int:
    """Let a waiting or running job wait until it is resumed."""
    return _ask(job, EngineClient.pause)


@queue.command("resume")
def resume_job(job: JobId) -> int:
    """Let a job go on that is paused, a draft, failed or set aside."""
    return _ask(job, EngineClient.resume)


@queue.command("retry")
def retry_job(job: JobId) -> int:
    """Try a job again that failed or was set aside; it goes on from its last step (the same as resume)."""
    return _ask(job, EngineClient.resume)


@queue.command("stop")
def stop_job(job: JobId) -> int:
    """Stop a running job early, and keep what is there as its take."""
    return _ask(job, EngineClient.stop_early)


@queue.command("save")
def save_job(job: JobId, output: Annotated[Path, Argument(metavar="FILE")]) -> int:
    """Write a finished job's take, or a draft, to a file."""
    with attach() as client:
        found = find_job(client, job)
        if not isinstance(found.state, Done | Drafted):
            raise _wrong_state(job, found)
        check_output(output, found.state.take.container)
        request = found.request
        try:
            deliver(client, found.state.take, output, request.recipe if request.delivery.embed_recipe else None)
        except OSError as error:
            detail = f"{output}: {error.strerror}"
            raise ProblemsError([Problem(field="output", kind="not_writable", detail=detail)]) from error
        client.acknowledge(found.id)
    sys.stdout.write(f"{output}\n")
    return Exit.OK


@queue.command("delete")
def delete_job(job: JobId) -> int:
    """Forget a job that is over, and its take if it was not saved."""
    with attach() as client:
        found = find_job(client, job)
        client.delete(found.id)
    sys.stdout.write(f"{found.id[-8:]} deleted\n")
    return Exit.OK


def serve(
    where: Annotated[bool, Option("--where", help="Print the folder of queue, media and logs, and leave.")] = False,
) -> int:
    """Run the engine here until Ctrl-C; commands and windows attach to it."""
    if where:
        sys.stdout.write(f"{home()}\n")
        return Exit.OK
    running = attach_running()
    if running is not None:
        running.close()
        sys.stderr.write(f"an engine is already running on {home()}\n")
        return Exit.NO_ENGINE
    sys.stderr.write(f"engine on {home()}; Ctrl-C ends it, waiting jobs stay\n")
    process = subprocess.Popen(module_command("engine"), env=child_environment())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the terminal sends it to the engine too, which then ends in order
            continue


def console() -> Console:
    """For tables: what users wrote is shown as it is, and a pipe gets long lines."""
    return Console(width=None if sys.stdout.isatty() else 160, markup=False, highlight=False)


def _all_jobs(client: EngineClient) -> list[Job]:
    jobs: list[Job] = []
    while page := client.jobs(after=jobs[-1].id if jobs else None, limit=_PAGE):
        jobs += page
    return jobs


def find_job(client: EngineClient, name: str) -> Job:
    """The one job whose id ends in `name`.

    Raises:
        ProblemsError: when there is none, or more than one.
    """
    found = [job for job in _all_jobs(client) if name and job.id.endswith(name)]
    if len(found) != 1:
        detail = "no such job" if not found else f"{len(found)} jobs end in that"
        raise ProblemsError([Problem(field=name, kind="invalid", detail=detail)])
    return found[0]


def _ask(name: str, asking: Callable[[EngineClient, str], Job]) -> int:
    with attach() as client:
        found = find_job(client, name)
        try:
            asked = asking(client, found.id)
        except RefusedError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            raise _wrong_state(name, client.job(found.id)) from error
    sys.stdout.write(f"{asked.id[-8:]} {'is ' if asked.wish else ''}{state_words(asked)}\n")
    return Exit.OK


def _wrong_state(name: str, job: Job) -> ProblemsError:
    return ProblemsError([Problem(field=name, kind="unsupported", detail=f"it is {state_words(job)}")])
