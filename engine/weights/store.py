"""A model's files, checked against its card before anything reads them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.protocol.home import home
from engine.protocol.model_card import AddedFile, ModelCard, WeightFile
from engine.weights.hashes import Hashes


class WeightsError(Exception):
    """A file of a model is missing, or is not what its card says; the detail names it."""

    def __init__(self, kind: Literal["missing_weights", "corrupt_weights"], detail: str) -> None:
        super().__init__(detail)
        self.kind: Literal["missing_weights", "corrupt_weights"] = kind
        self.detail = detail


@dataclass(frozen=True)
class Weights:
    """A model whose files have been checked."""

    card: ModelCard
    folder: Path

    @property
    def gguf(self) -> Path | None:
        """The transformer's weights where they are a GGUF file: the one the card names, or one in the folder."""
        if self.card.gguf is not None:
            return Path(self.card.gguf.path)
        inner = (file.path for file in self.card.files if file.path.startswith("transformer/"))
        return next((self.folder / path for path in inner if path.endswith(".gguf")), None)

    def digest(self, component: str = "") -> str:
        """Sha256 (hex) over the hashes of the files of one component (a subfolder), or of all files."""
        chosen = sorted((f.path, f.sha256) for f in self.card.files if f.path.startswith(component))
        if self.card.gguf is not None and "transformer".startswith(component):
            chosen.append(("gguf", self.card.gguf.sha256))  # wherever it lies
        return hashlib.sha256(repr(chosen).encode()).hexdigest()


def verified(
    card: ModelCard, folder: Path, check: Callable[[], None] = lambda: None, cache: Path | None = None
) -> Weights:
    """Check size and sha256 of every file; `check` is called every few megabytes and may raise to stop.

    Large files that have not changed since they were last read are not read again: see `Hashes`, whose memory is
    in `cache` (by default the user's).

    Raises:
        WeightsError: naming the first file that is missing or differs.
    """
    hashes = Hashes(cache or home() / "cache")
    for file in (*card.files, *([card.gguf] if card.gguf else [])):
        check()
        _check(file, folder, lambda path: hashes.sha256(path, lambda _: check()))
    return Weights(card, folder)


def _check(file: WeightFile | AddedFile, folder: Path, sha256: Callable[[Path], str]) -> None:
    path = folder / file.path  # which is the file's own path where that is absolute
    try:
        size = path.stat().st_size
        if size != file.size_bytes:
            raise WeightsError("corrupt_weights", f"{file.path} has {size} bytes instead of {file.size_bytes}")
        digest = sha256(path)
    except FileNotFoundError:
        raise WeightsError("missing_weights", f"{file.path} is missing in {folder.name}") from None
    except OSError as error:
        raise WeightsError("missing_weights", f"{file.path}: {error.strerror}") from error
    if digest != file.sha256:
        raise WeightsError("corrupt_weights", f"{file.path} is damaged: its sha256 is not the card's")
