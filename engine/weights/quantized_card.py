"""The card of a model whose transformer is quantized, and which models can be."""

import re
from pathlib import Path
from typing import Literal

from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError

To = Literal["q8_0", "q4_0"]
ARCHITECTURES = {"ltx": "ltxv", "wan": "wan"}
"""What a GGUF file calls each family."""
_WEIGHTS = re.compile(r"transformer/.*\.safetensors(\.index\.json)?")


def quantized_card(card: ModelCard, folder: Path, to: To) -> ModelCard:
    """The card of a model in `folder` with its transformer quantized; where that lies is still to be said.

    Raises:
        ProblemsError: for a model whose transformer is quantized already, or has a second one.
    """
    names = [file.path for file in card.files]
    if card.gguf is not None or any(name.endswith(".gguf") for name in names):
        raise ProblemsError([Problem(field="model", kind="unsupported", value=card.id, detail="it is a GGUF already")])
    if card.family not in ARCHITECTURES or any(name.startswith("transformer_2/") for name in names):
        detail = "only models with one transformer, of the families ltx and wan, are quantized"
        raise ProblemsError([Problem(field="model", kind="unsupported", value=card.id, detail=detail)])
    return card.changed(
        id=f"{card.id[: 63 - len(to)]}-{to}",
        name=f"{card.name} ({to})",
        location=str(folder),
        repository=None,
        files=tuple(file.model_dump() for file in card.files if not _WEIGHTS.fullmatch(file.path)),
        memory_bytes={},
    )
