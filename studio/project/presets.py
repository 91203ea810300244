"""Presets: the ways in which films are delivered."""

import tomllib
from functools import cache
from typing import Literal

from engine.protocol.film import Edge, Film
from engine.protocol.home import RESOURCES
from engine.protocol.job import Container
from studio.project.value import Value


class Preset(Value):
    """One of them; None keeps what the film has. Views have the words for it."""

    id: str
    width: Edge | None = None
    height: Edge | None = None
    fps: float | None = None
    fit: Literal["pad", "crop"] = "pad"
    container: Container
    loudness_lufs: float | None = None

    def applied(self, film: Film) -> Film:
        """The film as this preset delivers it."""
        given = {name: getattr(self, name) for name in ("width", "height", "fps", "loudness_lufs")}
        return film.changed(fit=self.fit, **{name: value for name, value in given.items() if value is not None})


@cache
def presets() -> tuple[Preset, ...]:
    """All that ship, in the order in which they are shown; the first is the usual one."""
    rows = tomllib.loads((RESOURCES / "presets.toml").read_text("utf-8"))["preset"]
    return tuple(Preset.model_validate(row) for row in rows)


def preset(preset_id: str) -> Preset:
    """The preset of this id; KeyError when there is none."""
    for found in presets():
        if found.id == preset_id:
            return found
    raise KeyError(preset_id)
