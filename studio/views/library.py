"""The library: every model, what this machine can do with it, and the way to more of them."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from studio.link.state import Connected
from studio.models.studio import Studio
from studio.style.icons import icon
from studio.style.tokens import GRID_PX, Theme
from studio.views.library_card import CardView
from studio.views.library_form import AddForm
from studio.views.library_places import Places
from studio.views.material_style import material_sheet
from studio.widgets.keys import PRESS, keep_keys


class View(QWidget):
    """For a dialog or a page."""

    def __init__(self, studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> None:  # noqa: ARG002  as all
        super().__init__()
        self._studio = studio
        self._theme = theme
        self.cards: dict[str, CardView] = {}
        self._shown: object = None
        self.setAccessibleName(self.tr("Models"))
        self.setStyleSheet(material_sheet(theme))
        self.form = AddForm(studio.library, theme)
        self.form.setVisible(studio.library.wanted is not None or studio.library.refusal is not None)
        self.add_button = QPushButton(self.tr("Add a model from disk…"))
        self.add_button.setIcon(icon("add", theme))
        self.add_button.clicked.connect(self._open_form)
        keep_keys(self.add_button, *PRESS)
        self._empty = QLabel()
        self._here, self._elsewhere = QVBoxLayout(), QVBoxLayout()
        self._more = QLabel(self.tr("CAN BE DOWNLOADED"))
        self.places = Places(studio.library.downloads)
        self._lay_out()
        studio.library.changed.connect(self.refresh)
        studio.link.state_changed.connect(self.refresh)
        studio.film.changed.connect(self._touch)
        studio.workers.changed.connect(self._touch)
        self.refresh()

    def refresh(self) -> None:
        """Say what is."""
        models = self._studio.library.all()
        if models != self._shown:
            self._shown = models
            for card in self.cards.values():
                for listed in (self._here, self._elsewhere):
                    listed.removeWidget(card)
                card.hide()
                card.deleteLater()
            self.cards = {}
            for card, missing in sorted(models, key=lambda row: not row[0].runs_here):
                made = CardView(self._studio, self._theme, card, missing)
                made.used.connect(self._use)
                made.removed.connect(self._studio.library.remove)
                is_here = bool(card.files) or not card.is_from_hub
                (self._here if is_here else self._elsewhere).addWidget(made)
                made.show()
                self.cards[card.id] = made
        is_there = isinstance(self._studio.link.state, Connected)
        self._empty.setText(self.tr("No models were found.") if is_there else self.tr("The engine is starting…"))
        self._empty.setVisible(not models)
        self._more.setVisible(self._elsewhere.count() > 0)
        self.add_button.setEnabled(is_there)
        if is_there:
            self._studio.library.downloads.ask_places()

    def _touch(self) -> None:
        for card in self.cards.values():
            card.refresh()

    def _use(self, model: str) -> None:
        self._studio.composer.change(model=model)

    def _open_form(self) -> None:
        self.form.show()
        self.form.folder.setFocus()

    def _lay_out(self) -> None:
        heading = QLabel(self.tr("Models"))
        heading.setProperty("look", "name")
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addStretch(1)
        head.addWidget(self.add_button)
        self._empty.setProperty("look", "secondary")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inside = QWidget()
        self._more.setProperty("look", "section")
        for listed in (self._here, self._elsewhere):
            listed.setSpacing(GRID_PX)
        whole = QVBoxLayout(inside)
        whole.setContentsMargins(0, 0, GRID_PX, 0)
        whole.setSpacing(GRID_PX)
        whole.addWidget(self.form)
        whole.addWidget(self._empty)
        whole.addLayout(self._here)
        whole.addWidget(self._more)
        whole.addLayout(self._elsewhere)
        whole.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        inside.setAutoFillBackground(False)
        area.viewport().setAutoFillBackground(False)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, GRID_PX, GRID_PX)
        rows.setSpacing(GRID_PX)
        rows.addLayout(head)
        rows.addWidget(area, 1)
        rows.addWidget(self.places)
