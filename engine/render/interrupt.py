"""What is wished of a running job, seen within one module's forward in encode, denoise and decode alike."""

import contextlib
from collections.abc import Generator
from typing import Any

from engine.protocol.job import Wish


class InterruptedRenderError(BaseException):
    """Cancelled or paused; not an Exception, so that no `except Exception` on the way can swallow it."""

    def __init__(self, wish: Wish) -> None:
        super().__init__(wish)
        self.wish: Wish = wish


class Interrupt:
    """Which job is to stop, and how; set from any thread, seen by the rendering one."""

    def __init__(self) -> None:
        self._wishes: dict[str, Wish] = {}
        self._running: str | None = None
        self._wish: Wish | None = None
        self._is_wanted = False

    def request(self, job_id: str, wish: Wish) -> None:
        """Stop this job, also when it has not started yet; a cancel is not taken back."""
        if self._wishes.get(job_id) != "cancel":
            self._wishes[job_id] = wish
        self._look()

    def check(self) -> None:
        """Raise `InterruptedRenderError` when the running job is to be cancelled or paused."""
        if self._is_wanted and self._wish is not None:
            raise InterruptedRenderError(self._wish)

    @property
    def stops_early(self) -> bool:
        """True when the running job is to end with what is there."""
        return self._wish == "stop_early"

    @contextlib.contextmanager
    def watching(self, job_id: str) -> Generator[None]:
        """While the block runs, `check` answers for this job."""
        self._running = job_id
        self._look()
        try:
            self.check()
            yield
        finally:
            self._running, self._wish, self._is_wanted = None, None, False
            self._wishes.pop(job_id, None)

    @contextlib.contextmanager
    def guarding(self, pipeline: Any) -> Generator[None]:
        """While the block runs, every forward of the pipeline's modules checks first.

        Leaves (a linear layer, a norm) are left out: a hook costs them more than it gains, since what holds them
        checks between any two of them that take long.
        """

        def before_forward(*_: object) -> None:
            if self._is_wanted:
                self.check()

        models = (part for part in pipeline.components.values() if hasattr(part, "register_forward_pre_hook"))
        holders = {module for model in models for module in model.modules() if next(module.children(), None)}
        hooks = [module.register_forward_pre_hook(before_forward) for module in holders]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _look(self) -> None:
        self._wish = self._wishes.get(self._running) if self._running else None
        self._is_wanted = self._wish in ("cancel", "pause")
