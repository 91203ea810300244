"""The command that makes a smaller copy of a model's transformer."""

import json
import sys
from typing import Annotated, Literal

from rich.filesize import decimal
from typer import Argument, Option

from engine.client.attach import attach
from engine.protocol.model_card import Quantizing
from studio.cli.downloads import known
from studio.cli.exits import Exit
from studio.cli.look import Json
from studio.cli.models import reading


def quantize(
    model: Annotated[str, Argument(metavar="MODEL", help="The model's id; its files stay as they are.")],
    to: Annotated[
        Literal["q8_0", "q4_0"], Option(help="Half as large and nearly the same (q8_0), or less than a third (q4_0).")
    ],
    as_json: Json = False,
) -> int:
    """Make a smaller copy of a model. Its transformer becomes a GGUF file, and the copy a model of its own."""
    try:
        with attach() as client, reading(client, model):
            known(client, model)
            card = client.quantize_model(model, Quantizing(to=to))
    except KeyboardInterrupt:  # the engine sees that nobody waits, and stops
        sys.stderr.write("cancelled\n")
        return Exit.CANCELLED
    assert card.gguf is not None
    if as_json:
        sys.stdout.write(json.dumps({"card": card.model_dump()}, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{card.gguf.path} ({decimal(card.gguf.size_bytes)})\n")
        sys.stdout.write(f"made: `reelwright generate PROMPT --model {card.id}`\n")
    return Exit.OK
