"""Cancel within one module's forward, in encode, denoise and decode alike."""

import contextlib
from collections.abc import Generator


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
        """While the block runs, every forward of every torch module checks first."""

        from torch.nn.modules import module as torch_module

        def before_forward(module: object, arguments: object) -> None:  # noqa: ARG001
            if self._wanted:
                raise InterruptedRenderError

        self._running = job_id
        self._wanted = job_id in self._unwanted
        hook = torch_module.register_module_forward_pre_hook(before_forward)
        try:
            self.check()
            yield
        finally:
            hook.remove()
            self._running, self._wanted = None, False
            self._unwanted.discard(job_id)
