"""The settings: one row for each setting there is, made from what the setting says of itself."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QDir, QSize, Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from studio.models.preferences import SETTINGS, Preferences, Section, Setting
from studio.style.tokens import GRID_PX, Theme
from studio.views.material_style import material_sheet
from studio.widgets.combo import Combo
from studio.widgets.elided_label import ElidedLabel
from studio.widgets.switch import Switch

SIZE = QSize(76 * GRID_PX, 68 * GRID_PX)
NAMES_PX = 22 * GRID_PX
SECRET = ("language_model_key",)


class View(QWidget):
    """What is chosen counts at once; there is no OK."""

    def __init__(self, preferences: Preferences, theme: Theme) -> None:
        super().__init__()
        self._preferences = preferences
        self._theme = theme
        self.setStyleSheet(material_sheet(theme))
        self.fields: dict[str, QWidget] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(3 * GRID_PX)
        grid.setVerticalSpacing(GRID_PX)
        grid.setColumnMinimumWidth(0, NAMES_PX)
        grid.setColumnStretch(1, 1)
        for section, title in self._sections().items():
            shown = [each for each in SETTINGS if each.section == section and _has_choice(each)]
            if shown:
                self._add_section(grid, title, shown)
        held = QWidget()
        inner = QVBoxLayout(held)
        inner.setContentsMargins(0, 0, GRID_PX, 0)
        inner.addLayout(grid)
        inner.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for each in (area.viewport(), held):
            each.setAutoFillBackground(False)
        area.setWidget(held)
        held.setAutoFillBackground(False)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(area)
        self.setFocusProxy(next(iter(self.fields.values())))

    def _add_section(self, grid: QGridLayout, title: str, settings: list[Setting]) -> None:
        heading = QLabel(title)
        heading.setProperty("look", "section")
        grid.addWidget(heading, grid.rowCount(), 0, 1, 2)
        makers: dict[str, Callable[[Setting], QWidget]] = {
            "choice": self._choice,
            "switch": self._switch,
            "folder": self._folder,
            "text": self._text,
        }
        for each in settings:
            name, hint = self._names()[each.key]
            field = makers[each.kind](each)
            field.setAccessibleName(name)
            field.setAccessibleDescription(hint)
            field.setToolTip(hint)
            self.fields[each.key] = field
            label = QLabel(name)
            label.setBuddy(field)
            row = grid.rowCount()
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
            if hint:
                told = QLabel(hint)
                told.setProperty("look", "secondary")
                told.setWordWrap(True)
                grid.addWidget(told, row + 1, 1)
        grid.setRowMinimumHeight(grid.rowCount(), 2 * GRID_PX)

    def _choice(self, setting: Setting) -> QWidget:
        field = Combo(self._theme)
        words = self._options()
        for option in setting.options:
            field.addItem(words.get((setting.key, option), option), option)
        field.setCurrentIndex(setting.options.index(str(self._preferences.value(setting.key))))

        def choose(index: int) -> None:
            self._preferences.choose(setting.key, setting.options[index])

        field.activated.connect(choose)
        return field

    def _switch(self, setting: Setting) -> QWidget:
        field = Switch("", self._theme)
        field.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        field.setChecked(bool(self._preferences.value(setting.key)))
        field.toggled.connect(partial(self._preferences.choose, setting.key))
        return field

    def _text(self, setting: Setting) -> QWidget:
        field = QLineEdit(str(self._preferences.value(setting.key)))
        if setting.key in SECRET:
            field.setEchoMode(QLineEdit.EchoMode.Password)
        field.editingFinished.connect(lambda: self._preferences.choose(setting.key, field.text().strip()))
        return field

    def _folder(self, setting: Setting) -> QWidget:
        field = QWidget()
        shown = ElidedLabel(str(self._preferences.projects_folder))
        button = QPushButton(self.tr("Choose…"))
        button.setAutoDefault(True)
        row = QHBoxLayout(field)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(shown, 1)
        row.addWidget(button)
        field.setFocusProxy(button)

        def choose(path: str) -> None:
            if path:
                self._preferences.choose(setting.key, str(Path(path)))
                shown.setText(path)

        def ask() -> None:
            dialog = QFileDialog(self, self._names()[setting.key][0], shown.text() or QDir.homePath())
            dialog.setFileMode(QFileDialog.FileMode.Directory)
            dialog.setOption(QFileDialog.Option.ShowDirsOnly)
            dialog.fileSelected.connect(choose)
            dialog.finished.connect(dialog.deleteLater)
            dialog.open()

        button.clicked.connect(ask)
        return field

    def _sections(self) -> dict[Section, str]:
        return {
            "look": self.tr("Look"),
            "making": self.tr("Making"),
            "words": self.tr("Language model"),
            "files": self.tr("Files"),
        }

    def _names(self) -> dict[str, tuple[str, str]]:
        """What a setting is called, and what there is to know about it."""
        return {
            "theme": (self.tr("Theme"), ""),
            "language": (self.tr("Language"), ""),
            "device": (self.tr("Make takes on"), self.tr("Automatic takes the fastest that this machine has.")),
            "checkpoint_steps": (
                self.tr("Keep what is rendered every"),
                self.tr("So much at most is made again after a crash or a power cut."),
            ),
            "preview_px": (self.tr("Live previews"), self.tr("Their longest edge.")),
            "tell_when_done": (
                self.tr("Say when a take is done"),
                self.tr("When it belongs to another shot, or the window is behind others."),
            ),
            "language_model_address": (
                self.tr("Address"),
                self.tr(
                    "Of a server that speaks OpenAI's protocol, such as http://127.0.0.1:11434/v1; else none is asked."
                ),
            ),
            "language_model_name": (self.tr("Model's name there"), ""),
            "language_model_key": (
                self.tr("Key"),
                self.tr("Where it wants one. Kept in a file that only you can read."),
            ),
            "projects_folder": (self.tr("New projects go to"), self.tr("Those that are there already stay there.")),
        }

    def _options(self) -> dict[tuple[str, str], str]:
        return {
            ("theme", "system"): self.tr("As the system"),
            ("theme", "dark"): self.tr("Dark"),
            ("theme", "light"): self.tr("Light"),
            ("language", "en"): "English",
            ("checkpoint_steps", "1"): self.tr("step"),
            **{("checkpoint_steps", steps): self.tr("{} steps").format(steps) for steps in ("2", "4", "8", "16")},
            **{("preview_px", edge): self.tr("{} pixels").format(edge) for edge in ("128", "256", "384", "768")},
            ("device", "auto"): self.tr("Automatic"),
            ("device", "cpu"): self.tr("Processor (CPU)"),
            ("device", "cuda"): self.tr("NVIDIA graphics card (CUDA)"),
            ("device", "mps"): self.tr("Apple graphics (Metal)"),
        }


def _has_choice(setting: Setting) -> bool:
    """A choice of one is none."""
    return setting.kind != "choice" or len(setting.options) > 1
