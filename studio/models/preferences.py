"""Preferences: the settings of this user on this machine, as values; the dialog is made from them."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from PySide6.QtCore import QObject, Signal

from engine.protocol.home import home, write_private

if TYPE_CHECKING:
    from engine.protocol.job import Device, Habits  # the window is painted in the user's theme before these are read
    from studio.reading.language_model import ModelAddress

Kind = Literal["choice", "folder", "switch", "text"]
Section = Literal["look", "making", "words", "files", "prompt"]
"""Of the dialog; what belongs to the prompt panel is chosen there."""
Value = str | bool


@dataclass(frozen=True)
class Setting:
    """One setting; views have the words for keys, sections and options.

    Attributes:
        default: of a folder "", which stands for the usual one.
        options: of a choice, in the order in which they are offered.
    """

    key: str
    kind: Kind
    section: Section
    default: Value
    options: tuple[str, ...] = ()

    def accepts(self, value: object) -> bool:
        """Whether it can have this value."""
        if self.kind == "switch":
            return isinstance(value, bool)
        return isinstance(value, str) and (self.kind != "choice" or value in self.options)


DEVICES: tuple[Device, ...] = ("auto", "cpu", "mps") if sys.platform == "darwin" else ("auto", "cpu", "cuda")
SETTINGS = (
    Setting("theme", "choice", "look", "system", ("system", "dark", "light")),
    Setting("language", "choice", "look", "en", ("en",)),
    Setting("device", "choice", "making", "auto", DEVICES),
    Setting("checkpoint_steps", "choice", "making", "4", ("1", "2", "4", "8", "16")),
    Setting("preview_px", "choice", "making", "384", ("128", "256", "384", "768")),
    Setting("tell_when_done", "switch", "making", True),
    Setting("shows_advanced", "switch", "prompt", False),
    Setting("language_model_address", "text", "words", ""),
    Setting("language_model_name", "text", "words", ""),
    Setting("language_model_key", "text", "words", ""),
    Setting("projects_folder", "folder", "files", ""),
)


class Preferences(QObject):
    """What the user chose, kept in one file; what cannot be read is as if it had not been chosen.

    Signals:
        changed: the setting with this key has another value.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._chosen = _read()

    def value(self, key: str) -> Value:
        """The setting's value; KeyError when there is no such setting."""
        return self._chosen.get(key, setting(key).default)

    def choose(self, key: str, value: Value) -> None:
        """Set it, and keep it where that can be written.

        Raises:
            KeyError: when there is no such setting.
            ValueError: when it cannot have this value.
        """
        if not setting(key).accepts(value):
            raise ValueError(f"{key} cannot be {value!r}")
        if value != self.value(key):
            self._chosen[key] = value
            self._write()
            self.changed.emit(key)

    @property
    def projects_folder(self) -> Path:
        """Where new projects go."""
        from studio.project.recent import projects_folder

        chosen = self.value("projects_folder")
        return Path(str(chosen)) if chosen else projects_folder()

    @property
    def device(self) -> Device:
        """Where takes are made."""
        return cast("Device", self.value("device"))

    @property
    def habits(self) -> Habits:
        """How renders are watched and kept."""
        from engine.protocol.job import Habits

        return Habits(checkpoint_steps=int(self.value("checkpoint_steps")), preview_px=int(self.value("preview_px")))

    @property
    def language_model(self) -> ModelAddress | None:
        """The language model that the user has named; None while there is none, and nothing is sent to any."""
        from studio.reading.language_model import model_address

        names = ("language_model_address", "language_model_name", "language_model_key")
        return model_address(*(str(self.value(name)) for name in names))

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            _file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(_file(), json.dumps(self._chosen, indent=1, ensure_ascii=False))


def setting(key: str) -> Setting:
    """The setting with this key; KeyError when there is none."""
    for each in SETTINGS:
        if each.key == key:
            return each
    raise KeyError(key)


def _read() -> dict[str, Value]:
    try:
        found: object = json.loads(_file().read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    chosen = cast("dict[str, Value]", found) if isinstance(found, dict) else {}
    return {each.key: chosen[each.key] for each in SETTINGS if each.accepts(chosen.get(each.key))}


def _file() -> Path:
    return home() / "preferences.json"
