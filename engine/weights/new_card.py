"""The card of a model that lies where its user put it, and a card as TOML."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.protocol.model_card import (
    AddedFile,
    ModelCard,
    ModelToAdd,
    WeightFile,
)
from engine.protocol.problem import Problem, ProblemsError
from engine.weights.adopt import FoundModel
from engine.weights.card_rules import rules_of
from engine.weights.hashes import Hashes

BF16_BYTES = 2
_README_BYTES = 1 << 16
_WORKING_BYTES = 2 << 30


@dataclass(frozen=True)
class Names:
    """What a new model is called."""

    id: str
    name: str


def names(wanted: ModelToAdd) -> Names:
    """The names that were given, else from the folder's (for a Hugging Face cache, the repository's) and the GGUF's.

    Raises:
        ProblemsError: when the name or a path is no text.
    """
    folder = Path(wanted.path)
    name = folder.name
    if folder.parent.name == "snapshots" and folder.parent.parent.name.startswith("models--"):
        name = folder.parent.parent.name.rpartition("--")[2]
    if wanted.gguf is not None:
        name = f"{name} {Path(wanted.gguf).stem}"
    name = wanted.name or name
    fields = {"name": name, "path": wanted.path, "gguf": wanted.gguf or ""}
    broken = [field for field, text in fields.items() if any(0xD800 <= ord(char) <= 0xDFFF for char in text)]
    if broken:
        raise ProblemsError([Problem(field=field, kind="invalid", detail="no Unicode text") for field in broken])
    slug = re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:64]
    return Names(wanted.id or slug or "model", name)


def new_card(
    found: FoundModel, wanted: ModelToAdd, hashes: Hashes, on_progress: Callable[[int, int], None]
) -> ModelCard:
    """Read every file for its hash, and write down what the configs say; rules as LTX-Video's own pages give them.

    `on_progress` hears (bytes read, bytes in all), and may raise to stop.

    Raises:
        OSError: when a file cannot be read.
    """
    paths = [found.folder / name for name in found.files] + ([found.gguf] if found.gguf else [])
    reading = _Reading(hashes, sum(path.stat().st_size for path in paths), on_progress)
    files = [(name, *reading.of(found.folder / name)) for name in found.files]
    called = names(wanted)
    rules = rules_of(found)
    return ModelCard(
        id=called.id,
        name=called.name,
        family=found.layout.family,
        description=_description(found),
        licence=_licence(found.folder),
        folder=called.id,
        location=str(found.folder),
        gguf=_added(found.gguf, reading) if found.gguf else None,
        files=tuple(WeightFile(path=name, size_bytes=size, sha256=digest) for name, size, digest in files),
        size=rules.size,
        frames=rules.frames,
        conditions=rules.conditions,
        injected=rules.injected,
        needs_image=rules.needs_image,
        context_frames=rules.context_frames,
        defaults=rules.defaults,
        options=rules.options,
        memory_bytes=_memory(found),
        offload=wanted.offload,
    )


def card_toml(card: ModelCard) -> str:
    """A card as TOML that `read_card` reads to the same card."""
    return "\n".join(_toml_lines(card.model_dump(exclude_none=True), "")) + "\n"


def _toml_lines(table: Any, name: str) -> Iterator[str]:
    """Plain values first: behind a table's head they would be the table's."""
    for key, value in table.items():
        if not _is_table(value):
            yield f"{key} = {_toml(value)}"
    for key, value in table.items():
        rows = value if isinstance(value, tuple | list) else [value]
        for row in rows if _is_table(value) else []:
            head = f"{name}{key}"
            yield f"\n[[{head}]]" if rows is value else f"\n[{head}]"
            yield from _toml_lines(row, f"{head}.")


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, tuple | list) and any(isinstance(v, dict) for v in value))


def _toml(value: object) -> str:
    """JSON's strings, numbers and lists are TOML's, but for one control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


class _Reading:
    """Reads files for their hashes, and tells how many bytes of all that was."""

    def __init__(self, hashes: Hashes, total_bytes: int, on_progress: Callable[[int, int], None]) -> None:
        self._hashes = hashes
        self._total_bytes = total_bytes
        self._done_bytes = 0
        self._on_progress = on_progress

    def of(self, path: Path) -> tuple[int, str]:
        """Size and sha256."""
        digest = self._hashes.sha256(path, self._on_bytes)
        return path.stat().st_size, digest

    def _on_bytes(self, count: int) -> None:
        self._done_bytes += count
        self._on_progress(self._done_bytes, self._total_bytes)


def _added(path: Path, reading: _Reading) -> AddedFile:
    size, digest = reading.of(path)
    return AddedFile(path=str(path), size_bytes=size, sha256=digest)


def _memory(found: FoundModel) -> dict[str, int]:
    if found.gguf is None:
        return {"bf16": found.weights * BF16_BYTES + _WORKING_BYTES}
    others = (found.weights - found.transformer_weights) * BF16_BYTES
    return {"gguf": others + found.gguf.stat().st_size + _WORKING_BYTES}


def _description(found: FoundModel) -> str:
    millions = found.transformer_weights / 1e6
    size = f"{millions / 1000:.1f} billion" if millions >= 1000 else f"{millions:.1f} million"
    kind = {"ltx": "An LTX-Video", "wan": "A Wan"}[found.layout.family]
    return f"{kind} model whose transformer has {size} weights, used where it lies."


def _licence(folder: Path) -> str:
    """As the folder's README says in its head, else where to look."""
    said: dict[str, str] = {}
    try:
        with (folder / "README.md").open(encoding="utf-8", errors="replace") as readme:
            head = readme.read(_README_BYTES).removeprefix("---").partition("\n---")[0]
        said = dict(re.findall(r"^(license(?:_name)?):[ \t]*([\w .+-]{1,60}?)[ \t]*$", head, re.MULTILINE))
    except OSError:
        pass
    named = said.get("license_name") or said.get("license")
    files = sorted(path.name for path in folder.glob("LICENSE*") if path.is_file())
    return named or (f"see {files[0]} in the model's folder" if files else "see the model's folder")
