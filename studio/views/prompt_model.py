"""Which model makes the take, and what to do when it is not there."""

from PySide6.QtGui import QAction, QActionGroup

from studio.models.library import STARTER
from studio.models.studio import Studio
from studio.style.tokens import Theme
from studio.views.prompt_part import Actions, Part, column_label, row_of
from studio.widgets.notice import Notice, Offer
from studio.widgets.number_field import Picker


class ModelPart(Part):
    """The models that the engine knows; those that lack files can be seen and not chosen."""

    def __init__(self, studio: Studio, actions: Actions, theme: Theme) -> None:
        super().__init__(studio, theme, lambda field: field == "model")
        self._actions = actions
        self.picker = Picker(self.tr("Model"), theme)
        self.picker.menu().aboutToShow.connect(self._fill)
        self.note = Notice(theme)
        label = column_label(self.tr("Model"))
        label.setBuddy(self.picker)
        self.rows.addLayout(row_of(label, self.picker))
        self.rows.addWidget(self.note)
        self.rows.addWidget(self.problems)

    def refresh(self) -> None:
        """The model of the open shot, by the name on its card."""
        composer, library = self.studio.composer, self.studio.library
        wanted, card = self.draft.model, composer.card
        self.picker.show_choice(card.name if card else wanted)
        self.picker.setEnabled(self.has_shot)
        if not self.has_shot:
            self.note.clear()
        elif card is None and library.all():
            said = self.tr("The model “{name}” is not on this machine.").format(name=wanted)
            self.note.say(said, offer=self._other())
        elif card is not None and not library.is_ready(wanted):
            said = self.tr("Files of {name} are missing.").format(name=card.name)
            self.note.say(said, offer=(self.tr("Open the models"), self._actions["library"].trigger))
        else:
            self.note.clear()
        self.problems.refresh()

    def _other(self) -> Offer:
        library = self.studio.library
        ready = [card for card, missing in library.all() if not missing]
        chosen = next((card for card in ready if card.id == STARTER), ready[0] if ready else None)
        if chosen is None:
            return self.tr("Open the models"), self._actions["library"].trigger
        return self.tr("Use {name}").format(name=chosen.name), lambda: self._choose(chosen.id)

    def _fill(self) -> None:
        menu = self.picker.menu()
        menu.clear()
        group = QActionGroup(menu)
        for card, missing in self.studio.library.all():
            if card.is_from_hub and not card.files and card.id != self.draft.model:
                continue  # the library has all that can be downloaded
            name = self.tr("{name} (files are missing)").format(name=card.name) if missing else card.name
            action = QAction(name, menu, checkable=True, checked=card.id == self.draft.model)
            action.setEnabled(not missing and card.runs_here)
            action.setToolTip(card.description)
            action.triggered.connect(lambda _=False, model=card.id: self._choose(model))
            group.addAction(action)
            menu.addAction(action)
        menu.setToolTipsVisible(True)
        menu.addSeparator()
        menu.addAction(self.tr("More models…"), self._actions["library"].trigger)

    def _choose(self, model: str) -> None:
        self.studio.composer.change(model=model)
