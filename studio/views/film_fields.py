"""What can be chosen about a film's file: size, rate, shape, motion and loudness."""

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from studio.models.release import Release
from studio.style.tokens import GRID_PX, Theme
from studio.views.prompt_part import align_columns, column_label, row_of
from studio.views.words import number
from studio.widgets.number_field import NumberField, Picker

LOUDNESS = (None, -14.0, -16.0, -23.0)
SMALLEST_PX, LARGEST_PX, LARGEST_FPS = 16, 16384, 120


class FilmFields(QWidget):
    """Shows what would be made now."""

    def __init__(self, release: Release, theme: Theme) -> None:
        super().__init__()
        self._release = release
        self._theme = theme
        self.width_field = self._number(self.tr("Width"), "width", self.tr(" px"))
        self.height_field = self._number(self.tr("Height"), "height", self.tr(" px"))
        self.fps = self._number(self.tr("Frame rate"), "fps", self.tr(" fps"), decimals=2)
        self.fit = self._picker(self.tr("Other shapes"), self._fits(), lambda value: release.choose(fit=value))
        retimings = {"flow": self.tr("Smooth (optical flow)"), "nearest": self.tr("The nearest frame again")}
        self._retimings = retimings
        self.retiming = self._picker(self.tr("Other rates"), retimings, lambda value: release.choose(retiming=value))
        self.loudness = self._picker(
            self.tr("Loudness"), self._loudness(), lambda value: release.choose(loudness_lufs=value)
        )
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID_PX)
        rows.addLayout(row_of(column_label(self.tr("Size")), self.width_field, self.height_field))
        for name, field in (
            (self.tr("Frame rate"), self.fps),
            (self.tr("Other shapes"), self.fit),
            (self.tr("Other rates"), self.retiming),
            (self.tr("Loudness"), self.loudness),
        ):
            rows.addLayout(row_of(column_label(name), field))
        align_columns(self)

    def refresh(self) -> None:
        """Say what is."""
        film = self._release.film
        self.setEnabled(film is not None)
        if film is None:
            return
        self.width_field.show_value(film.width)
        self.height_field.show_value(film.height)
        self.fps.show_value(film.fps)
        self.fit.show_choice(self._fits()[film.fit])
        self.retiming.show_choice(self._retimings[film.retiming])
        self.loudness.show_choice(self._loudness().get(film.loudness_lufs) or _lufs(film.loudness_lufs or 0.0))

    def _number(self, name: str, field: str, suffix: str, decimals: int = 0) -> NumberField:
        made = NumberField(name, self._theme, decimals)
        made.setSuffix(suffix)
        if decimals:
            made.set_grid(1, LARGEST_FPS, 1)
        else:
            made.set_grid(SMALLEST_PX, LARGEST_PX, 2)

        def choose(value: float) -> None:
            self._release.choose(**{field: value if decimals else int(value)})

        made.chosen.connect(choose)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return made

    def _picker(self, name: str, options: Mapping[Any, str], choose: Callable[[object], None]) -> Picker:
        made = Picker(name, self._theme)
        for value, said in options.items():
            made.menu().addAction(said, lambda value=value: choose(value))
        return made

    def _fits(self) -> dict[object, str]:
        return {"pad": self.tr("Black bars"), "crop": self.tr("Cropped to fill")}

    def _loudness(self) -> dict[object, str]:
        return {each: self.tr("As it is") if each is None else _lufs(each) for each in LOUDNESS}


def _lufs(value: float) -> str:
    return f"{number(value)} LUFS"
