"""The models this engine knows: cards shipped with Reelwright and cards in the user's folder."""

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.protocol.frozen import Frozen
from engine.protocol.home import RESOURCES, write_private
from engine.protocol.model_card import AddedFile, ModelCard, ModelToAdd, read_card
from engine.protocol.problem import Problem, ProblemsError
from engine.server.folders import Folders
from engine.weights.adopt import recognise
from engine.weights.hashes import Hashes
from engine.weights.new_card import card_toml, names, new_card
from engine.weights.quantized_card import To, quantized_card
from engine.weights.record import RECORD, Record, delete, read_record

log = logging.getLogger(__name__)


class ModelStatus(Frozen):
    """A card and whether its files are here; `missing` names those that are not, or have the wrong size.

    Of a model that was never fetched whole it names the repository instead.
    """

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
        self.folders = Folders(self._own)
        self.hashes = Hashes(folder / "cache")

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
        wanted = self._with_folder(wanted)
        self._refuse_taken(names(wanted).id)
        found = recognise(Path(wanted.path), Path(wanted.gguf) if wanted.gguf else None)
        try:
            card = new_card(found, wanted, self.hashes, on_progress)
        except OSError as error:
            field = str(error.filename or wanted.path)
            raise ProblemsError([Problem(field=field, kind="unreadable", detail=error.strerror or "")]) from error
        self._refuse_taken(card.id)  # reading takes minutes
        self._own.mkdir(parents=True, exist_ok=True)
        write_private(self._own / f"{card.id}.toml", card_toml(card))
        log.info("model %s added from %s", card.id, card.location)
        return card

    def quantize(self, model: str, to: To, on_progress: Callable[[int, int], None]) -> ModelCard:
        """Write a model's transformer as a GGUF file, and a card for the model with it; all else stays the model's.

        Raises:
            ProblemsError: with what is wrong; nothing is left of it then.
        """
        from engine.weights.quantize import quantize  # numpy, which the engine does without until then

        entry = self._read().get(model)
        if entry is None:
            raise ProblemsError([Problem(field="model", kind="unknown_model", value=model)])
        card = quantized_card(entry.status.card, entry.folder, to)
        if not entry.status.installed:
            raise ProblemsError([Problem(field="model", kind="not_installed", value=model)])
        self._refuse_taken(card.id)
        file = self._own / f"{card.id}.gguf"
        try:
            quantize(entry.folder / "transformer", card.family, to, file, on_progress)
            added = AddedFile(path=str(file), size_bytes=file.stat().st_size, sha256=self.hashes.sha256(file))
        except OSError as error:
            problem = Problem(field=str(error.filename or file), kind="not_writable", detail=error.strerror or "")
            raise ProblemsError([problem]) from error
        card = card.changed(gguf=added)
        write_private(self._own / f"{card.id}.toml", card_toml(card))
        log.info("model %s quantized from %s", card.id, model)
        return card

    def _with_folder(self, wanted: ModelToAdd) -> ModelToAdd:
        """A GGUF file given alone goes with a model that is here: it holds a transformer, and takes the rest of it."""
        path = Path(wanted.path)
        if not path.is_file():
            return wanted
        if path.suffix != ".gguf" or wanted.gguf is not None:
            detail = "a diffusers folder or a GGUF file is needed"
            raise ProblemsError([Problem(field=str(path), kind="unreadable", detail=detail)])
        for entry in self._read().values():
            if entry.status.installed and entry.status.card.gguf is None:
                with contextlib.suppress(ProblemsError):
                    recognise(entry.folder, path)
                    name = wanted.name or path.stem
                    return wanted.changed(path=str(entry.folder), gguf=str(path), name=name)
        detail = "it is a transformer alone, and no model here goes with it: fetch the one that it was made from"
        raise ProblemsError([Problem(field=str(path), kind="unsupported", detail=detail)])

    def delete(self, model: str) -> bool:
        """Remove the files of a model that came from the hub; False when it is not such a one.

        Raises:
            OSError: when one cannot be removed.
        """
        entry = self._read().get(model)
        if entry is None or not entry.status.card.is_from_hub:
            return False
        delete(entry.folder)
        log.info("the files of model %s are deleted", model)
        return True

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
        now = self.folders.now()
        places = tuple(Path(each) for each in (now.chosen, *now.folders))
        for folder in (self._shipped, self._own):
            for path in sorted(folder.glob("*.toml")):
                try:
                    stat = path.stat()
                    card = _read_once(path, stat.st_mtime_ns, stat.st_size)
                    place = self._place(card, folder, places)
                except (OSError, ValueError) as error:
                    log.warning("model card skipped: %s", error)
                    continue
                found[card.id] = _Entry(path, place, _status(card, place))
        return found

    def _place(self, card: ModelCard, folder: Path, places: tuple[Path, ...]) -> Path:
        """Where the model lies, or would come to; only the user may point out of the models folders, `places`."""
        if folder == self._shipped and (card.location or card.gguf):
            raise ValueError(f"{card.id} points out of the models folder")
        if not card.is_from_hub:
            return Path(card.location) if card.location else folder / card.folder
        return next(
            (each / card.folder for each in places if (each / card.folder / RECORD).exists()), places[0] / card.folder
        )


def _status(card: ModelCard, place: Path) -> ModelStatus:
    if card.repository is None or not card.is_from_hub:
        return ModelStatus(card=card, missing=_missing(place, card))
    record = _record(place)
    if record is None or record.listing.repository != card.repository.id or not record.files:
        return ModelStatus(card=card, missing=(card.repository.id,))
    card = card.changed(files=record.files)
    return ModelStatus(card=card, missing=_missing(place, card))


def _record(place: Path) -> Record | None:
    try:
        stat = (place / RECORD).stat()
    except OSError:
        return None
    return _record_once(place, stat.st_mtime_ns, stat.st_ino)


@lru_cache(maxsize=1000)
def _record_once(place: Path, written_ns: int, inode: int) -> Record | None:  # noqa: ARG001  likewise
    return read_record(place)


@lru_cache(maxsize=1000)
def _read_once(path: Path, written_ns: int, size_bytes: int) -> ModelCard:  # noqa: ARG001  a changed file is another
    """The card; reading the TOML of every card would take most of a submission's time."""
    return read_card(path)


def _missing(folder: Path, card: ModelCard) -> tuple[str, ...]:
    def size(path: Path) -> int:
        return path.stat().st_size if path.is_file() else -1

    files = (*card.files, *([card.gguf] if card.gguf else []))
    return tuple(f.path for f in files if size(folder / f.path) != f.size_bytes)
