"""The sound panel: what is heard under the film, from when to when, and how loud."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QDir, QSize
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.models.studio import Studio
from studio.project.soundtrack import SoundTrack
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, ICON_PX, Theme
from studio.views.prompt_style import prompt_sheet
from studio.views.words import seconds
from studio.widgets.drop_area import DropArea
from studio.widgets.elided_label import ElidedLabel
from studio.widgets.keys import PRESS, keep_keys
from studio.widgets.number_field import NumberField

LONGEST_S = 36_000.0
QUIETEST_DB, LOUDEST_DB = -60, 24


class View(DropArea):
    """A row for each sound; files are dropped anywhere on it."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(self.tr("Lay it under the film"), theme)
        self._studio = studio
        self._theme = theme
        self.rows: dict[str, SoundRow] = {}
        self.setAccessibleName(self.tr("Sound"))
        self.setStyleSheet(prompt_sheet(theme))
        self._empty = QLabel(self.tr("Drop music, noises or voices here; they are laid under the film."))
        self._empty.setProperty("look", "secondary")
        self._empty.setWordWrap(True)
        self.add_button = QPushButton(self.tr("Add sound…"))
        self.add_button.setEnabled(studio.film.read_only is None)
        self.add_button.clicked.connect(self._ask)
        keep_keys(self.add_button, *PRESS)
        self.dropped.connect(self._add)
        self._lay_out()
        studio.film.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Say what is."""
        tracks = {track.id: track for track in self._studio.film.project.soundtrack}
        for gone in self.rows.keys() - tracks.keys():
            row = self.rows.pop(gone)
            self._listed.removeWidget(row)
            row.hide()
            row.deleteLater()
        for track in tracks.values():
            if track.id not in self.rows:
                self.rows[track.id] = SoundRow(self._studio, self._theme, track)
                self._listed.addWidget(self.rows[track.id])
                self.rows[track.id].show()
            self.rows[track.id].refresh(track)
        self._empty.setVisible(not tracks)

    def _lay_out(self) -> None:
        heading = QLabel(self.tr("Sound"))
        heading.setProperty("look", "heading")
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addStretch(1)
        head.addWidget(self.add_button)
        inside = QWidget()
        self._listed = QVBoxLayout()
        self._listed.setSpacing(GRID_PX)
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self._empty)
        rows.addLayout(self._listed)
        rows.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(2 * GRID_PX, GRID_PX, 2 * GRID_PX, GRID_PX)
        whole.setSpacing(GRID_PX)
        whole.addLayout(head)
        whole.addWidget(area, 1)

    def _ask(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Sound for the film"), QDir.homePath())
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)

        def add(chosen: list[str]) -> None:
            self._add([Path(path) for path in chosen])

        dialog.filesSelected.connect(add)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _add(self, paths: list[Path]) -> None:
        for path in paths:
            self._studio.release.add_sound(path)


class SoundRow(QWidget):
    """One file's sound, with what can be chosen about it."""

    def __init__(self, studio: Studio, theme: Theme, track: SoundTrack) -> None:
        super().__init__()
        self._studio = studio
        self._theme = theme
        self._id = track.id
        self.name = ElidedLabel(track.name)
        self.delete = QToolButton()
        self.delete.setIcon(icon("delete", theme, "muted"))
        self.delete.setIconSize(QSize(ICON_PX, ICON_PX))
        self.delete.setAutoRaise(True)
        self.delete.setToolTip(self.tr("Take this sound out of the film"))
        self.delete.setAccessibleName(self.delete.toolTip())
        self.delete.clicked.connect(lambda: studio.release.remove_sound(track.id))
        keep_keys(self.delete, *PRESS)
        self.fields = {
            "at_s": self._field("at_s", self.tr("Begins at"), self.tr(" s"), (0, LONGEST_S, 0.5)),
            "start_s": self._field("start_s", self.tr("Skips"), self.tr(" s"), (0, LONGEST_S, 0.5)),
            "duration_s": self._field("duration_s", self.tr("Length"), self.tr(" s"), (0.1, LONGEST_S, 0.5)),
            "gain_db": self._field("gain_db", self.tr("Gain"), self.tr(" dB"), (QUIETEST_DB, LOUDEST_DB, 1)),
            "fade_in_s": self._field("fade_in_s", self.tr("Fades in"), self.tr(" s"), (0, LONGEST_S, 0.5)),
            "fade_out_s": self._field("fade_out_s", self.tr("Fades out"), self.tr(" s"), (0, LONGEST_S, 0.5)),
        }
        self._lay_out(track)

    def refresh(self, track: SoundTrack) -> None:
        """Say what is."""
        sound = track.sound
        rest_s = max(0.1, track.length_s - sound.start_s)
        values = {name: getattr(sound, name) for name in self.fields}
        values["duration_s"] = rest_s if sound.duration_s is None else sound.duration_s
        for name, field in self.fields.items():
            field.setEnabled(self._studio.film.read_only is None)
            field.show_value(values[name])

    def _lay_out(self, track: SoundTrack) -> None:
        length = QLabel(seconds(track.length_s))
        length.setProperty("look", "secondary")
        head = QHBoxLayout()
        head.addWidget(self.name, 1)
        head.addWidget(length)
        head.addWidget(self.delete)
        grid = QGridLayout()
        grid.setHorizontalSpacing(GRID_PX)
        grid.setVerticalSpacing(GRID_PX // 2)
        for place, field in enumerate(self.fields.values()):
            label = QLabel(field.accessibleName())
            label.setProperty("look", "secondary")
            label.setBuddy(field)
            grid.addWidget(label, 0, place)
            grid.addWidget(field, 1, place)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, GRID_PX)
        rows.setSpacing(GRID_PX // 2)
        rows.addLayout(head)
        rows.addLayout(grid)

    def _field(self, name: str, said: str, suffix: str, grid: tuple[float, float, float]) -> NumberField:
        field = NumberField(said, self._theme, 1)
        field.setSuffix(suffix)
        field.set_grid(*grid)
        field.chosen.connect(self._changing(name))
        return field

    def _changing(self, name: str) -> Callable[[float], None]:
        def change(value: float) -> None:
            self._studio.release.change_sound(self._id, f"{self._id} {name}", **{name: round(value, 3)})

        return change
