"""The models this engine knows: cards shipped with Reelwright and cards in the user's folder."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.protocol.frozen import Frozen
from engine.protocol.home import RESOURCES, write_private
from engine.protocol.model_card import ModelCard, ModelToAdd, read_card
from engine.protocol.problem import Problem, ProblemsError
from engine.weights.adopt import recognise
from engine.weights.hashes import Hashes
from engine.weights.new_card import card_toml, names, new_card

log = logging.getLogger(__name__)


class ModelStatus(Frozen):
    """A card and whether its files are here; `missing` names those that are not, or have the wrong size."""

    card: ModelCard
    missing: tuple[str, ...] = ()

    @property
    def installed(self) -> bool:
        """All files are here, with the right sizes (hashes are checked when they are loaded)."""
        return not self.missing


@dataclass(frozen=True)
class _Entry:
    """A card, the file it was read from, and the folder of its model."""

    path: Path
    folder: Path
    status: ModelStatus


class Library:
    """Cards by id; a card of the user replaces a shipped one with the same id."""

    def __init__(self, folder: Path) -> None:
        self._shipped = RESOURCES / "models"
        self._own = folder / "models"
        self._hashes = Hashes(folder / "cache")

    def all(self) -> list[ModelStatus]:
        """Every model with its status, by id."""
        return [entry.status for _, entry in sorted(self._read().items())]

    def find(self, model: str) -> tuple[Path, ModelStatus] | None:
        """A model's folder and status, or None when there is no such card."""
        entry = self._read().get(model)
        return None if entry is None else (entry.folder, entry.status)

    def add(self, wanted: ModelToAdd, on_progress: Callable[[int, int], None]) -> ModelCard:
        """Write a card for a model where it lies; reads all of its files, and tells (bytes read, bytes in all).

        Raises:
            ProblemsError: with all that is wrong with it; no card is written then.
        """
        self._refuse_taken(names(wanted).id)
        found = recognise(Path(wanted.path), Path(wanted.gguf) if wanted.gguf else None)
        try:
            card = new_card(found, wanted, self._hashes, on_progress)
        except OSError as error:
            field = str(error.filename or wanted.path)
            raise ProblemsError([Problem(field=field, kind="unreadable", detail=error.strerror or "")]) from error
        self._refuse_taken(card.id)  # reading takes minutes
        self._own.mkdir(parents=True, exist_ok=True)
        write_private(self._own / f"{card.id}.toml", card_toml(card))
        log.info("model %s added from %s", card.id, card.location)
        return card

    def remove(self, model: str) -> bool:
        """Forget a card of the user's; its files stay. False when there is none of that id."""
        entry = self._read().get(model)
        if entry is None or entry.path.parent != self._own:
            return False
        entry.path.unlink(missing_ok=True)
        return True

    def _refuse_taken(self, model: str) -> None:
        if model in self._read() or (self._own / f"{model}.toml").exists():
            detail = "there is a model of this id; choose another one"
            raise ProblemsError([Problem(field="id", kind="invalid", value=model, detail=detail)])

    def _read(self) -> dict[str, _Entry]:
        found: dict[str, _Entry] = {}
        for folder in (self._shipped, self._own):
            for path in sorted(folder.glob("*.toml")):
                try:
                    stat = path.stat()
                    card = _read_once(path, stat.st_mtime_ns, stat.st_size)
                    place = self._place(card, folder)
                except (OSError, ValueError) as error:
                    log.warning("model card skipped: %s", error)
                    continue
                found[card.id] = _Entry(path, place, ModelStatus(card=card, missing=_missing(place, card)))
        return found

    def _place(self, card: ModelCard, folder: Path) -> Path:
        """Where the model lies; only the user may point out of the models folder."""
        if folder == self._shipped and (card.location or card.gguf):
            raise ValueError(f"{card.id} points out of the models folder")
        return Path(card.location) if card.location else folder / card.folder


@lru_cache(maxsize=1000)
def _read_once(path: Path, written_ns: int, size_bytes: int) -> ModelCard:  # noqa: ARG001  a changed file is another
    """The card; reading the TOML of every card would take most of a submission's time."""
    return read_card(path)


def _missing(folder: Path, card: ModelCard) -> tuple[str, ...]:
    def size(path: Path) -> int:
        return path.stat().st_size if path.is_file() else -1

    files = (*card.files, *([card.gguf] if card.gguf else []))
    return tuple(f.path for f in files if size(folder / f.path) != f.size_bytes)
