"""The commands that look and tidy: inspect, models, queue, serve."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.table import Table
from typer import Argument, Context, Option, Typer

from engine.client.api import EngineClient
from engine.client.attach import attach, attach_running
from engine.client.process import child_environment, module_command
from engine.protocol.home import home
from engine.protocol.job import Done, Job
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from studio.cli.draft import check_output, part_of
from studio.cli.exits import Exit
from studio.cli.follow import save
from studio.cli.words import seconds, state_words

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


def models(as_json: Json = False) -> int:
    """List the models and what they make."""
    with attach() as client:
        found = client.models()
    if as_json:
        rows = [{"card": card.model_dump(), "missing": missing} for card, missing in found]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return Exit.OK
    for card, missing in found:
        _console().print(_card_table(card, missing))
    return Exit.OK


@queue.callback()
def show_queue(context: Context, as_json: Json = False) -> int:
    """List the jobs, next first."""
    if context.invoked_subcommand is not None:
        return Exit.OK
    with attach() as client:
        jobs = _all_jobs(client)
    if as_json:
        sys.stdout.write(json.dumps([job.model_dump() for job in jobs], ensure_ascii=False) + "\n")
        return Exit.OK
    if not jobs:
        sys.stdout.write("no jobs yet: `reelwright generate PROMPT` makes one\n")
        return Exit.OK
    table = Table("job", "state", "prompt", "clip", "seed", box=None)
    for job in jobs:
        recipe = job.request.recipe
        prompt = recipe.prompt if len(recipe.prompt) <= _LONGEST_PROMPT else recipe.prompt[: _LONGEST_PROMPT - 1] + "…"
        clip = f"{recipe.width}x{recipe.height}x{recipe.num_frames}"
        table.add_row(job.id[-8:], state_words(job), prompt, clip, str(recipe.seed))
    _console().print(table)
    return Exit.OK


@queue.command("cancel")
def cancel_job(job: JobId) -> int:
    """Cancel a waiting or running job."""
    with attach() as client:
        found = client.cancel(_find(client, job).id)
    sys.stdout.write(f"{found.id[-8:]} {'is being cancelled' if found.cancelling else state_words(found)}\n")
    return Exit.OK


@queue.command("save")
def save_job(job: JobId, output: Annotated[Path, Argument(metavar="FILE")]) -> int:
    """Write a finished job's take to a file."""
    with attach() as client:
        found = _find(client, job)
        if not isinstance(found.state, Done):
            raise ProblemsError([Problem(field=job, kind="unsupported", detail=f"it is {state_words(found)}")])
        check_output(output, found.state.take.container)
        try:
            save(client, found.state.take.media, output, part_of(output))
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
        found = _find(client, job)
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


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160, markup=False, highlight=False)


def _card_table(card: ModelCard, missing: list[str]) -> Table:
    size, frames, defaults = card.size, card.frames, card.defaults
    table = Table.grid(padding=(0, 2))
    table.title, table.title_justify = f"{card.id}: {card.name}", "left"
    table.add_row("", card.description)
    table.add_row("licence", card.licence)
    edges = f"{size.smallest_edge} to {size.largest_edge} px, multiples of {size.multiple}"
    table.add_row("size", f"{edges}, at most {size.largest_pixels} pixels")
    table.add_row("frames", f"{frames.smallest} to {frames.largest}, {frames.step}k+1")
    table.add_row(
        "default",
        f"{defaults.width}x{defaults.height}, {defaults.num_frames} frames at {defaults.fps:g} fps, "
        f"{defaults.num_inference_steps} steps, guidance {defaults.guidance_scale:g}",
    )
    table.add_row("takes", ", ".join(("text", *card.conditions)).replace("_", " "))
    table.add_row("state", f"files missing: {', '.join(missing)}" if missing else "ready")
    return table


def _all_jobs(client: EngineClient) -> list[Job]:
    jobs: list[Job] = []
    while page := client.jobs(after=jobs[-1].id if jobs else None, limit=_PAGE):
        jobs += page
    return jobs


def _find(client: EngineClient, name: str) -> Job:
    found = [job for job in _all_jobs(client) if name and job.id.endswith(name)]
    if len(found) != 1:
        detail = "no such job" if not found else f"{len(found)} jobs end in that"
        raise ProblemsError([Problem(field=name, kind="invalid", detail=detail)])
    return found[0]
