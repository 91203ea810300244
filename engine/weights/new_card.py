"""The card of a model that lies where its user put it, and a card as TOML."""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.protocol.model_card import (
    AddedFile,
    Defaults,
    FrameRule,
    ModelCard,
    ModelToAdd,
    SizeRule,
    WeightFile,
)
from engine.protocol.problem import Problem, ProblemsError
from engine.weights.adopt import FoundModel, ratios, whole
from engine.weights.hashes import Hashes

PIPELINE_MULTIPLE = 32
"""`LTXConditionPipeline` refuses other sizes, whatever the VAE's ratio."""
LARGEST_EDGE_PX = 1280
LARGEST_PIXELS = 1280 * 736
LARGEST_FRAMES = 257
LEAST_CONTEXT_FRAMES = 9
MAX_SEQUENCE_LENGTH = 256
IMAGE_COND_NOISE_SCALE = 0.15
BF16_BYTES = 2
_WIDTH, _HEIGHT, _FRAMES, _FPS = 704, 480, 121, 25.0
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
    multiple, step = _grid(found)
    return ModelCard(
        id=called.id,
        name=called.name,
        family="ltx",
        description=_description(found),
        licence=_licence(found.folder),
        folder=called.id,
        location=str(found.folder),
        gguf=_added(found.gguf, reading) if found.gguf else None,
        files=tuple(WeightFile(path=name, size_bytes=size, sha256=digest) for name, size, digest in files),
        size=_sizes(multiple),
        frames=FrameRule(step=step, smallest=1, largest=max(_frames(LARGEST_FRAMES, step), step + 1)),
        conditions=("first_image", "keyframes", "source"),
        context_frames=-(-(LEAST_CONTEXT_FRAMES - 1) // step) * step + 1,
        defaults=_defaults(multiple, step, distilled="distilled" in str(found.gguf or found.folder).lower()),
        options={"max_sequence_length": MAX_SEQUENCE_LENGTH, "image_cond_noise_scale": IMAGE_COND_NOISE_SCALE},
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


def _grid(found: FoundModel) -> tuple[int, int]:
    """What edges are multiples of, and what frames but the first are."""
    transformer = found.configs["transformer"]
    spatial, temporal = ratios(found.configs["vae"])
    multiple = math.lcm(PIPELINE_MULTIPLE, spatial * whole(transformer, "patch_size", 1))
    return multiple, temporal * whole(transformer, "patch_size_t", 1)


def _sizes(multiple: int) -> SizeRule:
    return SizeRule(
        multiple=multiple,
        smallest_edge=multiple,
        largest_edge=max(LARGEST_EDGE_PX, multiple),
        largest_pixels=max(LARGEST_PIXELS, multiple * multiple),
    )


def _defaults(multiple: int, step: int, distilled: bool) -> Defaults:
    """LTX-Video's where its ratios allow, else the nearest; distilled models are trained for few steps, unguided."""
    return Defaults(
        width=max(multiple, round(_WIDTH / multiple) * multiple),
        height=max(multiple, round(_HEIGHT / multiple) * multiple),
        num_frames=_frames(_FRAMES, step),
        fps=_FPS,
        num_inference_steps=8 if distilled else 30,
        guidance_scale=1.0 if distilled else 3.0,
        strength=0.25,  # of the schedule's steps: before that nothing is left of the clip
    )


def _frames(wanted: int, step: int) -> int:
    return (wanted - 1) // step * step + 1


def _memory(found: FoundModel) -> dict[str, int]:
    if found.gguf is None:
        return {"bf16": found.weights * BF16_BYTES + _WORKING_BYTES}
    others = (found.weights - found.transformer_weights) * BF16_BYTES
    return {"gguf": others + found.gguf.stat().st_size + _WORKING_BYTES}


def _description(found: FoundModel) -> str:
    millions = found.transformer_weights / 1e6
    size = f"{millions / 1000:.1f} billion" if millions >= 1000 else f"{millions:.1f} million"
    return f"An LTX-Video model whose transformer has {size} weights, used where it lies."


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
