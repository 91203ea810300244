"""How large and how long the take is, and whether it loops."""

import functools
import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QSpacerItem

from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.protocol.sections import sections
from studio.models.studio import Studio
from studio.style.tokens import GRID_PX, Theme
from studio.views import words
from studio.views.prompt_part import LABEL_PX, Part, column_label, quiet_label, row_of
from studio.views.prompt_sizes import SLIDER_SECTIONS, Lengths, lengths, sizes
from studio.widgets.number_field import NumberField, Picker, StepSlider
from studio.widgets.switch import Switch

MERGE = "length"
FIELDS = ("width", "height", "num_frames", "seconds", "loop")
SPIN_PX = 11 * GRID_PX


class FramePart(Part):
    """Sizes are those that the model can make; lengths step on its grid."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme, lambda field: field in FIELDS)
        self._lengths = Lengths(1, 1, 1, 1)
        self._fps = 1.0
        self._counted: tuple[object, int] = None, 1
        self.size_picker = Picker(self.tr("Size"), theme)
        self.size_picker.menu().aboutToShow.connect(self._fill)
        self.slider = StepSlider(self.tr("Length"))
        self.slider.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # time runs one way in every language
        self.slider.chosen.connect(self._slide)
        self.slider.settled.connect(studio.film.settle)
        self.seconds = NumberField(self.tr("Length in seconds"), theme, 2)
        self.seconds.setFixedWidth(SPIN_PX)
        self.seconds.setSuffix(self.tr(" s"))
        self.seconds.chosen.connect(self._choose_seconds)
        self.said = quiet_label("")
        self.loop = Switch(self.tr("Loop"), theme)
        self.loop.setToolTip(self.tr("The end leads back into the beginning"))
        self.loop.clicked.connect(lambda: studio.composer.change(loop=self.loop.isChecked()))
        self._lay_out()

    def refresh(self) -> None:
        """Size and length as they would be sent."""
        composer = self.studio.composer
        card, recipe = composer.card, composer.recipe
        for widget in (self.size_picker, self.slider, self.seconds, self.loop):
            widget.setEnabled(recipe is not None)
        self.loop.setChecked(self.draft.loop)
        self.problems.refresh()
        if card is None or recipe is None:
            self.size_picker.show_choice(self.tr("The model's own"))
            self.said.setText("")
            self.seconds.show_nothing()
            return
        self.size_picker.show_choice(words.size_words(recipe.width, recipe.height))
        self._lengths, self._fps = lengths(card, loop=recipe.loop), max(recipe.fps, 0.01)
        self._show_length(card, recipe)

    def _lay_out(self) -> None:
        size, length = column_label(self.tr("Size")), column_label(self.tr("Length"))
        size.setBuddy(self.size_picker)
        length.setBuddy(self.seconds)
        self.rows.addLayout(row_of(size, self.size_picker))
        self.rows.addLayout(row_of(length, self.slider, self.seconds))
        under = QHBoxLayout()
        under.setSpacing(GRID_PX)
        under.addSpacerItem(QSpacerItem(LABEL_PX + GRID_PX, 0, QSizePolicy.Policy.Maximum))
        under.addWidget(self.said, 1)
        under.addWidget(self.loop)
        self.rows.addLayout(under)
        self.rows.addWidget(self.problems)

    def _show_length(self, card: ModelCard, recipe: Recipe) -> None:
        found, frames = self._lengths, recipe.num_frames
        reach = min(found.count, found.place(SLIDER_SECTIONS * found.at_once) + 1)
        self.slider.show_place(found.place(frames), max(reach, 1))
        self.seconds.set_grid(
            found.first / self._fps, found.frames(found.count - 1) / self._fps, found.step / self._fps
        )
        self.seconds.show_value(round(frames / self._fps, 2))
        said = words.frames_words(frames)
        parts = self._parts(card, recipe)
        if parts > 1:
            made = self.tr("{frames} · {count} sections").format(frames=said, count=words.number(parts))
            self.said.setToolTip(
                self.tr("Longer than the model can make at once: each part goes on from the one before")
            )
        else:
            made = said
            self.said.setToolTip("")
        self.said.setText(made)

    def _parts(self, card: ModelCard, recipe: Recipe) -> int:
        """How many sections it is made in; counted anew only where that may have changed."""
        asked = (card.id, recipe.num_frames, recipe.loop)
        if asked != self._counted[0]:
            plain = recipe.changed(conditions=())
            self._counted = asked, len(sections(plain, card)) if recipe.num_frames > 0 else 1
        return self._counted[1]

    def _choose(self, frames: int, merge: str | None = None) -> None:
        """Seconds are kept, so that a model with another rate makes a clip of the same length."""
        self.studio.composer.change(merge, seconds=frames / self._fps)

    def _slide(self, place: int) -> None:
        self._choose(self._lengths.frames(place), MERGE)

    def _choose_seconds(self, typed: float) -> None:
        """The next length that the model has; the field's rounding makes nothing longer."""
        found = self._lengths
        rounding = 0.006 * self._fps / found.step
        place = math.ceil((typed * self._fps - found.first) / found.step - rounding)
        self._choose(found.frames(min(max(place, 0), found.count - 1)))

    def _fill(self) -> None:
        menu, card, recipe = self.size_picker.menu(), self.studio.composer.card, self.studio.composer.recipe
        menu.clear()
        if card is None or recipe is None:
            return
        for size in sizes(card, self.studio.film.project.settings):
            text = words.size_words(size.width, size.height)
            if size.matches_film:
                text = self.tr("{size} · like the film").format(size=text)
            action = QAction(text, menu, checkable=True)
            action.setChecked((size.width, size.height) == (recipe.width, recipe.height))
            chosen = functools.partial(self.studio.composer.change, width=size.width, height=size.height)
            action.triggered.connect(lambda _=False, choose=chosen: choose())
            menu.addAction(action)
            if size.matches_film:
                menu.addSeparator()
