"""The models this engine knows: cards shipped with Reelwright and cards in the user's folder."""

import logging
from pathlib import Path

from engine.protocol.frozen import Frozen
from engine.protocol.home import RESOURCES
from engine.protocol.model_card import ModelCard, read_card

log = logging.getLogger(__name__)


class ModelStatus(Frozen):
    """A card and whether its files are here; `missing` names those that are not, or have the wrong size."""

    card: ModelCard
    missing: tuple[str, ...] = ()

    @property
    def installed(self) -> bool:
        """All files are here, with the right sizes (hashes are checked when they are loaded)."""
        return not self.missing


class Library:
    """Cards by id; a card of the user replaces a shipped one with the same id."""

    def __init__(self, folder: Path) -> None:
        self._folders = (RESOURCES / "models", folder / "models")

    def all(self) -> list[ModelStatus]:
        """Every model with its status, by id."""
        return [status for _, status in sorted(self._read().values(), key=lambda found: found[1].card.id)]

    def find(self, model: str) -> tuple[Path, ModelStatus] | None:
        """A model's folder and status, or None when there is no such card."""
        return self._read().get(model)

    def _read(self) -> dict[str, tuple[Path, ModelStatus]]:
        found: dict[str, tuple[Path, ModelStatus]] = {}
        for folder in self._folders:
            for path in sorted(folder.glob("*.toml")):
                try:
                    card = read_card(path)
                except (OSError, ValueError) as error:
                    log.warning("model card skipped: %s", error)
                    continue
                found[card.id] = (
                    folder / card.folder,
                    ModelStatus(card=card, missing=_missing(folder, card)),
                )
        return found


def _missing(folder: Path, card: ModelCard) -> tuple[str, ...]:
    def size(path: Path) -> int:
        return path.stat().st_size if path.is_file() else -1

    return tuple(f.path for f in card.files if size(folder / card.folder / f.path) != f.size_bytes)
