"""The diagnostics panel: a text about this machine that can be read, copied, and pasted where help is asked for."""

from collections.abc import Mapping

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QFontDatabase, QGuiApplication, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from studio.models.report import report
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, SECONDARY_PX, Theme
from studio.views.material_style import material_sheet
from studio.widgets.keys import PRESS, keep_keys

COPIED_MS = 2000


class View(QWidget):
    """Made anew whenever it is shown, and by its button."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:  # noqa: ARG002  as all
        super().__init__()
        self._studio = studio
        self.setAccessibleName(self.tr("Diagnostics"))
        self.setStyleSheet(material_sheet(theme))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.tr("Report"))
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(SECONDARY_PX)
        self.text.setFont(font)
        self.copy_button = QPushButton(self.tr("Copy"))
        self.copy_button.setIcon(icon("copy", theme))
        self.copy_button.clicked.connect(self.copy)
        self._renew = QPushButton(self.tr("Look again"))
        self._renew.clicked.connect(self.refresh)
        for button in (self.copy_button, self._renew):
            keep_keys(button, *PRESS)
        self._rest = QTimer(self, singleShot=True, interval=COPIED_MS)
        self._rest.timeout.connect(lambda: self.copy_button.setText(self.tr("Copy")))
        self._lay_out()

    def refresh(self) -> None:
        """Write it anew; what is read stays where it is."""
        bar = self.text.verticalScrollBar()
        place = bar.value()
        self.text.setPlainText(report(self._studio))
        bar.setValue(place)

    def copy(self) -> None:
        """Put all of it on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copy_button.setText(self.tr("Copied"))
        self._rest.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  Qt's name
        super().showEvent(event)
        self.refresh()

    def _lay_out(self) -> None:
        heading = QLabel(self.tr("Diagnostics"))
        heading.setProperty("look", "name")
        hint = QLabel(
            self.tr("For a bug report. Prompts, pictures and keys are not in it, and nothing is sent anywhere.")
        )
        hint.setProperty("look", "secondary")
        hint.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(GRID_PX)
        head.addWidget(heading)
        head.addStretch(1)
        head.addWidget(self._renew)
        head.addWidget(self.copy_button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        rows.setSpacing(GRID_PX)
        rows.addLayout(head)
        rows.addWidget(hint)
        rows.addWidget(self.text, 1)
