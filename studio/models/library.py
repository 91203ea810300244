"""Library: the models the engine knows, which of them can be used, and adding one that lies on this machine."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from engine.protocol.model_card import Adding, ModelCard, ModelToAdd
from studio.link.link import Link, Models
from studio.link.trouble import Trouble
from studio.models.downloads import Downloads

STARTER = "starter"
LOOK_INTERVAL_MS = 400


class Library(QObject):
    """The models, rebuilt from the engine after every connect.

    Signals:
        changed: other models, or another state of one.
        adding_changed: a model is being added, got on with, or no longer.
        added: the model is there (ModelCard).
        refused: why a model was not added, or not removed (Trouble).
    """

    changed = Signal()
    adding_changed = Signal()
    added = Signal(object)
    refused = Signal(object)

    def __init__(self, link: Link, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._models: Models = []
        self._wanted: ModelToAdd | None = None
        self._adding: Adding | None = None
        self._refusal: Trouble | None = None
        self._is_asking = False
        self._timer = QTimer(self, interval=LOOK_INTERVAL_MS)
        self._timer.timeout.connect(self._look)
        self.downloads = Downloads(link, self._reload, self)
        link.models_loaded.connect(self._load)

    def all(self) -> Models:
        """Every model's card and the files it lacks."""
        return self._models

    def card(self, model: str) -> ModelCard | None:
        """The card, or None while it is not known."""
        return next((card for card, _ in self._models if card.id == model), None)

    def is_ready(self, model: str) -> bool:
        """Whether all its files are there."""
        return any(card.id == model and not missing for card, missing in self._models)

    def ready(self) -> list[ModelCard]:
        """The cards of those that can be used now."""
        return [card for card, missing in self._models if not missing and card.runs_here]

    @property
    def wanted(self) -> ModelToAdd | None:
        """What is being added."""
        return self._wanted

    @property
    def adding(self) -> Adding | None:
        """How far that is; None until the engine has said it."""
        return self._adding

    @property
    def refusal(self) -> Trouble | None:
        """Why the last model was not added; None once another one is."""
        return self._refusal

    def add(self, wanted: ModelToAdd) -> None:
        """Use a model where it lies, one at a time: all its files are read, which takes minutes for large ones."""
        if self._wanted is None:
            self._wanted, self._refusal = wanted, None
            self._link.add_model(wanted, self._on_added, self._on_not_added)
            self._timer.start()
            self.adding_changed.emit()

    def remove(self, model: str) -> None:
        """Forget a model that was added; its files stay."""
        refused: Callable[[Trouble], None] = self.refused.emit
        self._link.remove_model(model, lambda _: self._reload(), refused)

    def _on_added(self, card: ModelCard) -> None:
        self._end()
        self._reload()
        self.added.emit(card)

    def _on_not_added(self, trouble: Trouble) -> None:
        self._refusal = trouble
        self._end()
        self.refused.emit(trouble)

    def _end(self) -> None:
        self._wanted = self._adding = None
        self._timer.stop()
        self.adding_changed.emit()

    def _reload(self) -> None:
        self._link.models(failed=_ignore)

    def _look(self) -> None:
        if not self._is_asking:  # an engine that answers slowly is not asked more and more
            self._is_asking = True
            self._link.adding(self._on_adding, self._on_no_answer)

    def _on_no_answer(self, _: Trouble) -> None:
        self._is_asking = False

    def _on_adding(self, under_way: list[Adding]) -> None:
        self._is_asking = False
        found = next((each for each in under_way if self._wanted and each.path == self._wanted.path), None)
        if found is not None and found != self._adding:
            self._adding = found
            self.adding_changed.emit()

    def catch_up(self, other: "Library") -> None:
        """Know what another library has heard, where that one was there before."""
        self._load(other.all())

    def _load(self, models: Models) -> None:
        if models != self._models:
            self._models = models
            self.changed.emit()


def machine_bytes() -> int:
    """How much memory this machine has."""
    import psutil  # it reads a lot for one number, which is asked for when models are looked at

    return int(psutil.virtual_memory().total)


def _ignore(_: Trouble) -> None:
    """The next connect tells all models."""
