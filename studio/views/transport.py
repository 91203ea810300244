"""Transport: where the playhead is, and how it is moved."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QFont, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.actions import tool
from studio.views.words import number, timecode
from studio.widgets.scrubber import Scrubber

BUTTON_PX = 4 * GRID_PX
MOVING = ("to_in", "step_back", "play", "step_forward", "to_out")
RANGING = ("set_in", "set_out")
SHOWING = ("repeat", "compare", "full_screen")
WIDEST, SHORT = "00:00:00:00 / 00:00:00:00", "00:00:00:00"
ROOMY_PX = 78 * GRID_PX
"""Below, the clip's length and the room between groups go, so that no button does."""


class View(QWidget):
    """Under the viewer; every button is one of the window's actions, so keys do the same."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self._actions = actions
        self._theme = theme
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # whoever plays a clip does not want Space in the prompt
        self.buttons: dict[str, QToolButton] = {}
        self._groups: list[QHBoxLayout] = []
        self._is_roomy = True
        self.timecode = self._timecode_label()
        self.speed = QLabel()
        self.speed.setProperty("look", "secondary")
        self.scrubber = Scrubber(theme)
        self.scrubber.setAccessibleName(self.tr("Playhead"))
        self.scrubber.describe = self._describe
        rows = QVBoxLayout(self)
        rows.setContentsMargins(GRID_PX, 0, GRID_PX, GRID_PX // 2)
        rows.setSpacing(0)
        rows.addWidget(self.scrubber)
        rows.addLayout(self._row())
        self.setFocusProxy(self.buttons["play"])
        self._connect()
        self._fit()
        self._look()

    def resizeEvent(self, event: QResizeEvent, /) -> None:  # noqa: N802  Qt's name
        super().resizeEvent(event)
        if self._is_roomy is not (self.width() >= ROOMY_PX):
            self._is_roomy = not self._is_roomy
            self._fit()
            self._look()

    def _fit(self) -> None:
        """As much room as there is."""
        roomy = self._is_roomy
        widest = self.timecode.fontMetrics().horizontalAdvance(WIDEST if roomy else SHORT)
        self.timecode.setMinimumWidth(widest + GRID_PX)
        self.speed.setMinimumWidth(self.speed.fontMetrics().horizontalAdvance("−8×") + GRID_PX if roomy else 0)
        margin = 2 * GRID_PX if roomy else GRID_PX // 2
        for group in self._groups:
            group.setContentsMargins(margin, 0, margin, 0)

    def _row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID_PX // 4)
        start = QHBoxLayout()
        start.addWidget(self.timecode)
        start.addStretch(1)
        row.addLayout(start, 1)
        row.addWidget(self._group(MOVING))
        end = QHBoxLayout()
        end.setSpacing(GRID_PX // 4)
        end.addWidget(self.speed)
        end.addStretch(1)
        end.addWidget(self._group(RANGING))
        for name in SHOWING:
            end.addWidget(self._button(name))
        row.addLayout(end, 1)
        return row

    def _group(self, names: tuple[str, ...]) -> QWidget:
        """Buttons of time, in the order of time: they are not mirrored where people write from right to left."""
        group = QWidget()
        group.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        row = QHBoxLayout(group)
        self._groups.append(row)
        row.setSpacing(GRID_PX // 4)
        for name in names:
            row.addWidget(self._button(name))
        return group

    def _button(self, name: str) -> QToolButton:
        self.buttons[name] = tool(self._actions[name])
        return self.buttons[name]

    def _timecode_label(self) -> QLabel:
        label = QLabel()
        font = label.font()
        font.setFeature(QFont.Tag("tnum"), 1)
        label.setFont(font)
        label.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        label.setAccessibleName(self.tr("Timecode"))
        label.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _connect(self) -> None:
        playback = self._studio.playback
        playback.shown_changed.connect(self._look)
        playback.range_changed.connect(self._look)
        playback.playing_changed.connect(self._look)
        playback.frame_changed.connect(self._on_frame)
        self._actions["play"].changed.connect(self._dress_play)
        self.scrubber.sought.connect(self._seek)
        self.scrubber.range_dragged.connect(self._set_range)
        self.scrubber.let_go.connect(self._studio.film.settle)

    def _look(self) -> None:
        playback = self._studio.playback
        speed = playback.speed
        self._dress_play()
        self.speed.setText("" if speed in (0.0, 1.0) else f"{number(speed).replace('-', '−')}×")
        self.speed.setVisible(self._is_roomy or bool(self.speed.text()))
        self._on_frame()

    def _dress_play(self) -> None:
        """What a press would do; the button takes its action's icon whenever that changes in any way."""
        plays = bool(self._studio.playback.speed)
        self.buttons["play"].setIcon(icon("pause" if plays else "play", self._theme))
        self.buttons["play"].setAccessibleName(self.tr("Pause") if plays else self.tr("Play"))

    def _on_frame(self) -> None:
        playback, scrubber = self._studio.playback, self.scrubber
        has_range = playback.clip is not None
        scrubber.show_frames(playback.num_frames, playback.in_frame, playback.out_frame, has_range=has_range)
        scrubber.show_playhead(playback.index)
        scrubber.show_here(playback.buffered)
        here, whole = timecode(playback.index, playback.fps), timecode(playback.num_frames, playback.fps)
        said = f"{here} / {whole}"
        self.timecode.setText((said if self._is_roomy else here) if playback.num_frames else "")
        self.timecode.setToolTip("" if self._is_roomy else said)

    def _describe(self, frame: int) -> str:
        said = self.tr("{timecode} · frame {number}")
        return said.format(timecode=timecode(frame, self._studio.playback.fps), number=number(frame + 1))

    def _seek(self, frame: int) -> None:
        """Somebody holds the playhead: it stays where it is put."""
        self._studio.playback.pause()
        self._studio.playback.seek(frame)

    def _set_range(self, in_frame: int, out_frame: int) -> None:
        self._studio.set_in_out(in_frame, out_frame)
