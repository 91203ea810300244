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
from engine.protocol.job import Cancelled, Done, Drafted, FilmRequest, Job
from engine.protocol.media import MediaItem
from engine.protocol.problem import Problem, ProblemsError
from studio.cli.exits import Exit
from studio.cli.output import check_output, deliver, pictures, recipe_beside, sidecar_recipe
from studio.cli.words import frames, request_words, seconds, silence_words, state_words

queue = Typer(help="The jobs: waiting, running and done.", invoke_without_command=True, no_args_is_help=False)

Json = Annotated[bool, Option("--json", help="Print JSON.")]
JobId = Annotated[str, Argument(metavar="JOB", help="A job's id, or its last characters.")]
_LONGEST_PROMPT = 48
_PAGE = 1000
_WIDE = 2000
"""Columns, where nobody looks: one line for each job."""


def inspect(
    clip: Annotated[Path, Argument(metavar="CLIP", help="A clip, a picture, or a folder of a clip's pictures.")],
    as_json: Json = False,
) -> int:
    """Show what is in a file, and the recipe it was made by."""
    sequence = pictures(clip) if clip.is_dir() else []
    shown = sequence[0] if sequence else clip
    with attach() as client:
        item = client.inspect(shown)
    item = item.changed(recipe=item.recipe or sidecar_recipe(shown), num_frames=len(sequence) or item.num_frames)
    if as_json:
        sys.stdout.write(item.model_dump_json() + "\n")
        return Exit.OK
    sys.stdout.write(f"{_media_words(item, is_sequence=bool(sequence))}\n")
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
        prompt, seed = request_words(job.request), ""
        if isinstance(job.request, FilmRequest):
            film = job.request.film
            clip = f"{film.width}x{film.height}x{film.num_frames}"
        else:
            recipe = job.request.recipe
            clip, seed = "{}x{}x{}".format(*recipe.take_size, recipe.take_frames), str(recipe.seed)
        prompt = prompt if len(prompt) <= _LONGEST_PROMPT else prompt[: _LONGEST_PROMPT - 1] + "…"
        state = f"{state_words(job)}, {silence_words(silent[job.id])}" if job.id in silent else state_words(job)
        table.add_row(job.id[-8:], state, prompt, clip, seed)
    console(_WIDE).print(table)
    return Exit.OK


@queue.command("cancel")
def cancel_job(job: JobId, as_json: Json = False) -> int:
    """Cancel a job. What was made of it is lost."""
    return _ask(job, EngineClient.cancel, as_json)


@queue.command("pause")
def pause_job(job: JobId, as_json: Json = False) -> int:
    """Let a waiting or running job wait until it is resumed."""
    return _ask(job, EngineClient.pause, as_json)


@queue.command("resume")
def resume_job(job: JobId, as_json: Json = False) -> int:
    """Let a job go on that is paused, a draft, failed or set aside."""
    return _ask(job, EngineClient.resume, as_json)


@queue.command("retry")
def retry_job(job: JobId, as_json: Json = False) -> int:
    """Try a failed job again. It goes on from its last step (the same as resume)."""
    return _ask(job, EngineClient.resume, as_json)


@queue.command("stop")
def stop_job(job: JobId, as_json: Json = False) -> int:
    """Stop a running job early, and keep what is there as its take."""
    return _ask(job, EngineClient.stop_early, as_json)


@queue.command("save")
def save_job(job: JobId, file: Annotated[Path | None, Argument(metavar="FILE")] = None, as_json: Json = False) -> int:
    """Write a finished job's take, or a draft, to a file. By default it is the one that the first command named."""
    with attach() as client:
        found = find_job(client, job)
        if not isinstance(found.state, Done | Drafted):
            raise wrong_state(found)
        request = found.request
        if file is None and request.save_as is None:
            raise ProblemsError([Problem(field="output", kind="missing", detail="the first command named no file")])
        output = file or Path(request.save_as or "")
        check_output(output, found.state.take.container)
        try:
            written = deliver(client, found.state.take, output, recipe_beside(request))
        except OSError as error:
            detail = f"{output}: {error.strerror}"
            raise ProblemsError([Problem(field="output", kind="not_writable", detail=detail)]) from error
        client.acknowledge(found.id)
    facts = {"job": found.id, "output": str(output), "files": [str(path) for path in written]}
    sys.stdout.write((json.dumps(facts, ensure_ascii=False) if as_json else str(output)) + "\n")
    return Exit.OK


@queue.command("delete")
def delete_job(job: JobId, as_json: Json = False) -> int:
    """Forget a job that is over, and its take if it was not saved."""
    with attach() as client:
        found = find_job(client, job)
        client.delete(found.id)
    facts = {"job": found.id, "status": "deleted"}
    sys.stdout.write((json.dumps(facts) if as_json else f"{found.id[-8:]} deleted") + "\n")
    return Exit.OK


def serve(
    where: Annotated[bool, Option("--where", help="Print the folder of queue, media and logs, and leave.")] = False,
) -> int:
    """Run the engine here until Ctrl-C. Commands and windows attach to it."""
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


def console(piped_columns: int = 160) -> Console:
    """For tables: what users wrote is shown as it is, and a pipe gets long lines."""
    return Console(width=None if sys.stdout.isatty() else piped_columns, markup=False, highlight=False)


def _media_words(item: MediaItem, *, is_sequence: bool) -> str:
    if item.kind == "sound":
        return f"sound · {item.format} · {seconds(item.duration_s or 0)}"
    words = ["pictures of a clip" if is_sequence else item.kind, f"{item.width}x{item.height}"]
    if is_sequence:
        words.append(frames(item.num_frames))
    if item.fps:
        there = frames(item.num_frames) if item.num_frames else "? frames"
        words.append(f"{there} of {item.promised_frames}: the file breaks off" if item.promised_frames else there)
        words.append(f"{item.fps:.5g} fps{', at a varying rate' if item.variable_rate else ''}")
        words.append(seconds(item.duration_s or 0))
    if item.has_audio:
        words.append("with sound")
    return " · ".join(words)


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
        raise ProblemsError([Problem(field="job", kind="invalid", value=name, detail=detail)])
    return found[0]


def _ask(name: str, asking: Callable[[EngineClient, str], Job], as_json: bool) -> int:
    with attach() as client:
        found = find_job(client, name)
        try:
            asked = asking(client, found.id)
        except RefusedError as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            raise wrong_state(client.job(found.id)) from error
    said = f"{asked.id[-8:]} {'is ' if asked.wish else ''}{state_words(asked)}"
    sys.stdout.write((asked.model_dump_json() if as_json else said) + "\n")
    return Exit.OK


def wrong_state(job: Job) -> ProblemsError:
    """What was asked of the job cannot be done now, and what can."""
    name, can = job.id[-8:], ""
    if isinstance(job.state, Done):
        can = f": `reelwright queue save {name} FILE` writes its clip"
    elif isinstance(job.state, Cancelled):
        can = ", and what was made of it is gone"
    elif job.can_resume:
        can = f": `reelwright finish {name}` goes on with it"
    return ProblemsError(
        [Problem(field="job", kind="unsupported", value=name, detail=f"it is {state_words(job)}{can}")]
    )
