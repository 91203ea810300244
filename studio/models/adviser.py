"""Adviser: asks the language model that the user has named, and nobody while none is; what it says is shown first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:  # what asks is slow to import, and most people name none
    from studio.reading.language_model import LanguageModelError, ModelAddress
    from studio.reading.understanding import Found


@dataclass(frozen=True)
class Richer:
    """A proposal: this prompt with more detail."""

    prompt: str
    proposed: str


@dataclass(frozen=True)
class Understood:
    """What the language model reads in this prompt."""

    prompt: str
    found: tuple[Found, ...]


_Answer: TypeAlias = "Richer | Understood | LanguageModelError"


class Adviser(QObject):
    """One question at a time, on a thread of its own.

    Signals:
        proposed: a Richer; nothing has been changed.
        understood: an Understood.
        failed: there is no answer that can be used (LanguageModelError).
        changed: `is_there` or `is_busy` is another.
    """

    proposed = Signal(object)
    understood = Signal(object)
    failed = Signal(object)
    changed = Signal()
    _answered = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._address: ModelAddress | None = None
        self._is_busy = False
        self._asker = ThreadPoolExecutor(1, "adviser")
        self._answered.connect(self._on_answer)

    @property
    def is_there(self) -> bool:
        """Whether the user has named a language model."""
        return self._address is not None

    @property
    def is_busy(self) -> bool:
        """Whether a question waits for its answer."""
        return self._is_busy

    def ask_at(self, address: ModelAddress | None) -> None:
        """Which language model is asked from now on."""
        if address != self._address:
            self._address = address
            self.changed.emit()

    def enrich(self, prompt: str) -> None:
        """Ask for more detail."""
        self._ask(prompt, reads=False)

    def read(self, prompt: str) -> None:
        """Ask what the prompt says, in whatever language it is."""
        self._ask(prompt, reads=True)

    def close(self) -> None:
        """Wait for no answer."""
        self._asker.shutdown(wait=False, cancel_futures=True)

    def _ask(self, prompt: str, *, reads: bool) -> None:
        address = self._address
        if address is None or self._is_busy or not prompt.strip():
            return
        self._is_busy = True
        self.changed.emit()
        self._asker.submit(self._work, address, prompt, reads)

    def _work(self, address: ModelAddress, prompt: str, reads: bool) -> None:
        from studio.reading.language_model import LanguageModel, LanguageModelError

        try:
            with LanguageModel(address) as model:
                answer: _Answer = (
                    Understood(prompt, model.fields(prompt)) if reads else Richer(prompt, model.enriched(prompt))
                )
        except LanguageModelError as error:
            answer = error
        self._answered.emit(answer)

    def _on_answer(self, answer: _Answer) -> None:
        self._is_busy = False
        self.changed.emit()
        match answer:
            case Richer():
                self.proposed.emit(answer)
            case Understood():
                self.understood.emit(answer)
            case _:
                self.failed.emit(answer)
