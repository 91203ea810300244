"""Cancel within one module's forward, in encode, denoise and decode alike."""

import contextlib
from collections.abc import Generator
from typing import Any


class InterruptedRenderError(BaseException):
    """Not an Exception, so that no `except Exception` on the way can swallow it."""


class Interrupt:
    """Which job is to stop; set from any thread, seen by the rendering one."""

    def __init__(self) -> None:
        self._unwanted: set[str] = set()
        self._running: str | None = None
        self._wanted = False

    def request(self, job_id: str) -> None:
        """Stop this job, also when it has not started yet."""
        self._unwanted.add(job_id)
        self._wanted = self._running in self._unwanted

    def check(self) -> None:
        """Raise `InterruptedRenderError` when the running job is to stop."""
        if self._wanted:
            raise InterruptedRenderError

    @contextlib.contextmanager
    def watching(self, job_id: str) -> Generator[None]:
        """While the block runs, `check` answers for this job."""
        self._running = job_id
        self._wanted = job_id in self._unwanted
        try:
            self.check()
            yield
        finally:
            self._running, self._wanted = None, False
            self._unwanted.discard(job_id)

    @contextlib.contextmanager
    def guarding(self, pipeline: Any) -> Generator[None]:
        """While the block runs, every forward of the pipeline's modules checks first.

        Leaves (a linear layer, a norm) are left out: a hook costs them more than it gains, since what holds them
        checks between any two of them that take long.
        """

        def before_forward(*_: object) -> None:
            if self._wanted:
                raise InterruptedRenderError

        models = (part for part in pipeline.components.values() if hasattr(part, "register_forward_pre_hook"))
        holders = {module for model in models for module in model.modules() if next(module.children(), None)}
        hooks = [module.register_forward_pre_hook(before_forward) for module in holders]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()
