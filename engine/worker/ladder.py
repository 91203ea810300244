"""The ladder: with how little of the device's memory a job begins, and what is tried when that was too much."""

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.protocol.events import Stage
from engine.protocol.home import write_private
from engine.protocol.memory_plan import PLACEMENTS, Machine, Placement, memory_plan
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe

log = logging.getLogger(__name__)

FILE = "memory.json"
MOST_REMEMBERED = 500


@dataclass(frozen=True)
class Means:
    """How a job is made: how its model is placed at least, and whether its clip is decoded in tiles."""

    placement: Placement = "none"
    tiled: bool = False

    def and_(self, other: "Means") -> "Means":
        """The smaller of both in each."""
        is_less = PLACEMENTS.index(self.placement) < PLACEMENTS.index(other.placement)
        return Means(other.placement if is_less else self.placement, self.tiled or other.tiled)


def smaller(means: Means, stage: Stage, kind: str) -> Means | None:
    """What needs less memory in the stage in which it ran out; None where nothing does.

    First decoding in tiles, which keeps the model where it is; then all parts but one wait, then all layers but one.
    Only a GPU with memory of its own has anywhere to send them.
    """
    if stage == "decode" and not means.tiled:
        return Means(means.placement, tiled=True)
    later = PLACEMENTS[PLACEMENTS.index(means.placement) + 1 :]
    if kind != "cuda" or stage == "write" or not later:
        return None
    return Means(later[0], means.tiled)


class Ladder:
    """Plans by the card's anatomy, and remembers in a small file what this machine's device needed."""

    def __init__(self, machine: Machine, cache: Path) -> None:
        self._machine = machine
        self._file = cache / FILE

    def first(self, card: ModelCard, recipe: Recipe) -> Means:
        """What the plan says, or what worked for a clip that was no larger; with neither, as the card says."""
        plan = memory_plan(card, self._machine, recipe)
        means = Means(plan.placement, plan.tiled) if plan is not None else Means()
        sized = self._read().get(self._key(card), {})
        known = [size for size in sized if size <= _size(recipe)]
        return means.and_(sized[max(known)]) if known else means

    def remember(self, card: ModelCard, recipe: Recipe, means: Means) -> None:
        """It worked where more did not; a file that cannot be written only costs another attempt."""
        found = self._read()
        found.setdefault(self._key(card), {})[_size(recipe)] = means
        rows = [(key, size, asdict(each)) for key, sizes in found.items() for size, each in sizes.items()]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_private(self._file, json.dumps(rows[-MOST_REMEMBERED:], indent=1))
        except OSError as error:
            log.warning("what worked was not remembered: %s", error)

    def _read(self) -> dict[str, dict[int, Means]]:
        found: dict[str, dict[int, Means]] = {}
        try:
            for key, size, row in json.loads(self._file.read_text("utf-8")):
                means = Means(**row)
                if means.placement in PLACEMENTS and type(size) is int:
                    found.setdefault(str(key), {})[size] = means
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, RecursionError):
            log.warning("%s cannot be read: it is made anew", self._file.name)
            return {}
        return found

    def _key(self, card: ModelCard) -> str:
        return f"{self._machine.name}, {self._machine.total_bytes} bytes: {card.id}"


def _size(recipe: Recipe) -> int:
    return recipe.width * recipe.height * recipe.num_frames
