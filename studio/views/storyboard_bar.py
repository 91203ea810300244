"""The bars of the storyboard: playing the film, and what can be done with its shots."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QFont, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.actions import plain, tool
from studio.views.words import number, timecode

PLAYING = ("to_in", "step_back", "play", "step_forward", "to_out")
EDITING = ("split_shot", "continue_shot", "transition", "insert_bridge", "duplicate_shot", "delete_shot")
ZOOMING = ("zoom_out", "zoom_in", "zoom_fit")


class FilmBar(QWidget):
    """Under the screen: where the film is, and how it is played."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._theme = theme
        self.timecode = QLabel()
        font = self.timecode.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        self.timecode.setFont(font)
        self.timecode.setAccessibleName(self.tr("Timecode"))
        self.timecode.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.play = tool(actions["play"])
        group = QWidget()
        group.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        middle = _row(group, 2)
        for name in PLAYING:
            middle.addWidget(self.play if name == "play" else tool(actions[name]))
        row = _row(self, 2)
        row.setContentsMargins(GRID_PX, 2, GRID_PX, 2)
        row.addWidget(self.timecode, 1)
        row.addWidget(group)
        row.addStretch(1)
        self.setFocusProxy(self.play)
        studio.screening.frame_changed.connect(self._look)
        studio.screening.playing_changed.connect(self._look)
        studio.storyboard.changed.connect(self._look)
        actions["play"].changed.connect(self._look)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        """What has waited until somebody sees it."""
        super().showEvent(event)
        self._look()

    def _look(self) -> None:
        if not self.isVisible():
            return
        screening = self._studio.screening
        here, whole = (timecode(frame, screening.fps) for frame in (screening.index, screening.num_frames))
        self.timecode.setText(f"{here} / {whole}" if screening.num_frames else "")
        plays = bool(screening.speed)
        self.play.setIcon(icon("pause" if plays else "play", self._theme))
        self.play.setAccessibleName(self.tr("Pause") if plays else self.tr("Play"))


class BoardBar(QFrame):
    """Above the time axis: what is done with the selected shot, with all that are to be made, and how much is seen."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction]) -> None:
        super().__init__()
        self._studio = studio
        self._actions = actions
        self.setProperty("look", "bar")
        self.setFixedHeight(5 * GRID_PX)
        self.missing = self._button("generate_missing")
        self.stale = self._button("refresh_stale")
        row = _row(self, GRID_PX // 4)
        row.setContentsMargins(GRID_PX, 0, GRID_PX, 0)
        self.add = tool(actions["new_shot"])
        row.addWidget(self.add)
        for name in EDITING:
            row.addWidget(tool(actions[name]))
        row.addStretch(1)
        row.addWidget(self.stale)
        row.addSpacing(GRID_PX // 2)
        row.addWidget(self.missing)
        row.addSpacing(GRID_PX)
        for name in ZOOMING:
            row.addWidget(tool(actions[name]))
        studio.storyboard.changed.connect(self._look)
        for name in ("generate_missing", "refresh_stale"):
            actions[name].changed.connect(self._look)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        """What has waited until somebody sees it."""
        super().showEvent(event)
        self._look()

    def _button(self, name: str) -> QPushButton:
        button = QPushButton()
        button.setProperty("look", "small")
        button.clicked.connect(self._actions[name].trigger)
        return button

    def _look(self) -> None:
        """How many there are to make; a button for nothing is not there."""
        if not self.isVisible():
            return
        storyboard = self._studio.storyboard
        counts = {"generate_missing": len(storyboard.missing), "refresh_stale": len(storyboard.to_refresh)}
        for name, button in (("generate_missing", self.missing), ("refresh_stale", self.stale)):
            action = self._actions[name]
            said = self.tr("{what} ({count})").format(what=plain(action), count=number(counts[name]))
            button.setText(said)
            button.setAccessibleName(said)
            button.setToolTip(action.toolTip())
            button.setEnabled(action.isEnabled())
            button.setVisible(counts[name] > 0)


def _row(held: QWidget, spacing: int) -> QHBoxLayout:
    row = QHBoxLayout(held)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(spacing)
    return row
