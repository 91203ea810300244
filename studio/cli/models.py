"""The commands about models: which there are, one of them, adding one that lies on this machine, forgetting it."""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

from pydantic import ValidationError
from rich.console import Console
from rich.filesize import decimal
from rich.status import Status
from rich.table import Table
from rich.text import Text
from typer import Argument, Context, Option, Typer

from engine.client.api import EngineClient
from engine.client.attach import attach
from engine.client.errors import EngineError
from engine.protocol.abilities import abilities
from engine.protocol.memory_plan import Machine
from engine.protocol.model_card import ModelCard, ModelToAdd, Offload
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.rules import How
from studio.cli.download_words import state_words
from studio.cli.downloads import delete_model, get_model, hub_token, known, model_folders, verify_model
from studio.cli.exits import Exit
from studio.cli.look import Json, console
from studio.cli.memory_words import machine_with, memory_sentence, plan_for, verdict_words

models = Typer(
    help="Which models there are; fetching and adding them.",
    invoke_without_command=True,
    no_args_is_help=False,
)
models.command("get")(get_model)
models.command("verify")(verify_model)
models.command("delete")(delete_model)
models.command("token")(hub_token)
models.command("folder")(model_folders)

LOOK_INTERVAL_S = 0.5


@models.callback()
def show_models(context: Context, as_json: Json = False) -> int:
    """List the models and whether they are here."""
    if context.invoked_subcommand is not None:
        return Exit.OK
    with attach() as client:
        found = client.models()
        downloads = {download.model: download for download in client.downloads()}
        machine = machine_with(client.workers())
    if as_json:
        rows = [_row(card, missing, machine) for card, missing in found]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return Exit.OK
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="")
    for heading in ("id", "name", "licence", "memory", "state"):
        table.add_column(heading, overflow="fold")
    for card, missing in found:
        words = state_words(card, missing, downloads.get(card.id))
        fits = verdict_words(card, machine)
        table.add_row(*(Text(part) for part in (card.id, card.name, card.licence, fits, words)))
    console().print(table)
    return Exit.OK


@models.command("show")
def show_model(model: Annotated[str, Argument(metavar="ID", help="The model's id.")], as_json: Json = False) -> int:
    """Say what one model makes and needs."""
    with attach() as client:
        known(client, model)
        card, missing = next((card, missing) for card, missing in client.models() if card.id == model)
        machine = machine_with(client.workers())
    if as_json:
        sys.stdout.write(json.dumps(_row(card, missing, machine), ensure_ascii=False) + "\n")
    else:
        console().print(_card_table(card, missing, machine))
    return Exit.OK


@models.command("add")
def add_model(
    path: Annotated[
        Path, Argument(metavar="PATH", help="A diffusers folder (LTX-Video, Wan), or a GGUF file for a model here.")
    ],
    gguf: Annotated[
        Path | None,
        Option(metavar="FILE", help="A GGUF file with the transformer's weights, in place of the folder's."),
    ] = None,
    name: Annotated[str | None, Option(help="What to call it.")] = None,
    model_id: Annotated[str | None, Option("--id", help="Its id for --model; made from the name.")] = None,
    offload: Annotated[
        Offload, Option(help="What waits in memory on a GPU: auto, none, all other parts (model), layers (group).")
    ] = "auto",
    as_json: Json = False,
) -> int:
    """Use a model where it lies: nothing is copied, and nothing is fetched."""
    try:
        wanted = ModelToAdd(
            path=_absolute(path), gguf=_absolute(gguf) if gguf else None, name=name, id=model_id, offload=offload
        )
    except ValidationError as error:
        found = [Problem(field=str(e["loc"][0]), kind="invalid", detail=e["msg"]) for e in error.errors()]
        raise ProblemsError(found) from None
    try:
        with attach() as client, reading(client, wanted.path):
            card = client.add_model(wanted)
            machine = machine_with(client.workers())
    except KeyboardInterrupt:  # the engine sees that nobody waits, and stops reading
        sys.stderr.write("cancelled\n")
        return Exit.CANCELLED
    if as_json:
        sys.stdout.write(json.dumps(_row(card, [], machine), ensure_ascii=False) + "\n")
    else:
        console().print(_card_table(card, [], machine))
        sys.stdout.write(f"added: `reelwright generate PROMPT --model {card.id}`\n")
    return Exit.OK


@models.command("remove")
def remove_model(model: Annotated[str, Argument(metavar="ID", help="The model's id.")]) -> int:
    """Forget a model that was added; its files stay where they are."""
    with attach() as client:
        known(client, model)
        client.remove_model(model)
    sys.stdout.write(f"{model} is forgotten; its files are where they were\n")
    return Exit.OK


@contextmanager
def reading(client: EngineClient, path: str) -> Generator[None]:
    """While the block waits for the engine, show on a terminal how much of the model it has read."""
    shown = Console(stderr=True)
    if not shown.is_terminal:
        yield
        return
    over = Event()

    def watch(status: Status) -> None:
        with suppress(EngineError):
            while not over.wait(LOOK_INTERVAL_S):
                for found in [each for each in client.adding() if each.path == path]:
                    status.update(f"reading {decimal(found.done_bytes)} of {decimal(found.total_bytes)}")

    with shown.status("looking at the model") as status:
        watching = Thread(target=watch, args=(status,), name="adding")
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()


def _absolute(path: Path) -> str:
    """As the user named it, links and all: a Hugging Face cache is a folder of links."""
    return str(path.resolve() if ".." in path.parts else path.absolute())


def _row(card: ModelCard, missing: list[str], machine: Machine | None) -> dict[str, object]:
    plan = plan_for(card, machine)
    return {"card": card.model_dump(), "missing": missing, "memory_plan": plan.model_dump() if plan else None}


def _deeds(card: ModelCard, how: How) -> str:
    return ", ".join(verb for verb, done in abilities(card).items() if done == how).replace("_", " ")


def _card_table(card: ModelCard, missing: list[str], machine: Machine | None) -> Table:
    size, frames, defaults = card.size, card.frames, card.defaults
    table = Table.grid(padding=(0, 2))
    table.title, table.title_justify = f"{card.id}: {card.name}", "left"
    table.add_row("", card.description)
    table.add_row("licence", card.licence)
    if card.repository:
        table.add_row("from", card.repository.page)
    if card.location:
        table.add_row("folder", card.location)
    if card.gguf:
        table.add_row("gguf", card.gguf.path)
    edges = f"{size.smallest_edge} to {size.largest_edge} px, multiples of {size.multiple}"
    table.add_row("size", f"{edges}, at most {size.largest_pixels} pixels")
    table.add_row("frames", f"{frames.smallest} to {frames.largest}, {frames.step}k+1")
    table.add_row(
        "default",
        f"{defaults.width}x{defaults.height}, {defaults.num_frames} frames at {defaults.fps:g} fps, "
        f"{defaults.num_inference_steps} steps, guidance {defaults.guidance_scale:g}",
    )
    table.add_row("takes", ", ".join(("text", *card.conditions)).replace("_", " "))
    if card.runs_here:
        table.add_row("does", _deeds(card, "native"))
        if injected := _deeds(card, "injected"):
            table.add_row("", f"{injected} (it was not trained for these: the known frames are put in at every step)")
    for lora in card.few_steps:
        table.add_row("few steps", f"{lora.name}: {lora.num_inference_steps} steps ({lora.id}, {lora.licence})")
    for kind, need in sorted(card.memory_bytes.items()):
        table.add_row("memory", f"{decimal(need)} ({kind})")
    table.add_row("here", memory_sentence(card, machine))
    table.add_row("state", state_words(card, missing, None))
    return table
