"""TakeMenu: everything that can be done with a take."""

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from engine.protocol.recipe import Recipe as TakeRecipe
from studio.models.studio import Studio, clip_of_take
from studio.project.reuse import reused
from studio.project.shot import Shot
from studio.project.take import Take
from studio.style.tokens import Theme
from studio.views.take_details import Differences, Recipe, capital
from studio.views.take_words import take_name

VERBS = ("extend", "extend_backward", "loop", "bridge", "remix", "retake", "use_last_frame")
FILES = ("save_take_as", "reveal_file", "delete_take")
STARS = 5
MOST_OTHERS = 30


class TakeMenu(QMenu):
    """For the take in view; `other` is the one that was in view before, to compare with."""

    def __init__(
        self,
        studio: Studio,
        take: Take,
        other: Take | None,
        actions: Mapping[str, QAction],
        theme: Theme,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self._take = take
        self._theme = theme
        self._owner = parent
        self.aboutToHide.connect(self.deleteLater)
        self.addAction(actions["play"])
        if take.is_draft:
            self.addAction(actions["finish_draft"])
        self.addSeparator()
        self.addActions([actions[name] for name in VERBS])
        self.addSeparator()
        rate = self.addMenu(self.tr("Rate"))
        rate.addActions([actions[f"rate_{stars}"] for stars in (*range(1, STARS + 1), 0)])
        self.addSeparator()
        if take.recipe is not None:
            self._add_recipe(take.recipe)
        self._add_others(other)
        self.addSeparator()
        self.addActions([actions[name] for name in FILES])

    def _add_recipe(self, recipe: TakeRecipe) -> None:
        self._add(self, self.tr("Use its recipe again"), lambda: self.reuse(recipe))
        self._add(self, self.tr("Lock its seed"), lambda: self.lock_seed(recipe))
        self._add(self, self.tr("How it was made"), self.show_recipe)

    def _add_others(self, other: Take | None) -> None:
        """With the take that was in view before at once, with any other by a menu more."""
        shot = self._studio.film.project.shot_of(self._take.id)
        others = [take for take in reversed(shot.takes) if take.id != self._take.id][:MOST_OTHERS]
        if other is not None and other.id != self._take.id:
            name = take_name(self._studio.film.project, other.id, shot)
            self._add(self, self.tr("Compare with {take}").format(take=name), lambda: self.compare(other))
            self._add(self, self.tr("Why do {take} and this differ?").format(take=name), lambda: self.differ(other))
        elif others:
            self._add_each(self.tr("Compare with"), others, shot, self.compare)
            self._add_each(self.tr("Why do these differ?"), others, shot, self.differ)

    def _add_each(self, title: str, takes: list[Take], shot: Shot, deed: Callable[[Take], None]) -> None:
        menu = self.addMenu(title)
        for take in takes:
            name = capital(take_name(self._studio.film.project, take.id, shot))
            self._add(menu, name, lambda take=take: deed(take))

    def _add(self, menu: QMenu, text: str, deed: Callable[[], None]) -> None:
        action = QAction(text, menu)
        action.triggered.connect(lambda: deed())
        menu.addAction(action)

    def reuse(self, recipe: TakeRecipe) -> None:
        """Put its recipe into the open shot's draft."""
        studio = self._studio
        studio.composer.change(**reused(recipe, studio.film.project.bible))

    def lock_seed(self, recipe: TakeRecipe) -> None:
        """The next take starts from the same noise."""
        self._studio.composer.change(seed=recipe.seed, seed_locked=True)

    def show_recipe(self) -> None:
        """Everything it was made of."""
        Recipe(self._take, self._studio.film.project, self._owner).open_over(self._owner.window())

    def compare(self, other: Take) -> None:
        """Show both, in sync."""
        self._studio.playback.compare(clip_of_take(other))

    def differ(self, other: Take) -> None:
        """Say why they are not the same."""
        project = self._studio.film.project
        Differences(other, self._take, project, self._theme, self._owner).open_over(self._owner.window())
