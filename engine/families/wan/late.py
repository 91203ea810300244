"""A schedule that begins in its middle, for a remix, with any pipeline that takes noisy latents."""

import contextlib
from collections.abc import Generator
from typing import Any


@contextlib.contextmanager
def starting_late(scheduler: Any, skipped: int) -> Generator[None]:
    """While the block runs, every schedule that is set on this very scheduler lacks its first `skipped` steps.

    `WanVideoToVideoPipeline` does the same, for one transformer and text alone; the others take noisy latents.
    And it begins at its beginning: most pipelines leave it to the scheduler to look for their first timestep, which
    long, strongly shifted schedules have twice.
    """
    original = type(scheduler)

    class Late(original):
        def set_timesteps(self, *args: Any, **kwargs: Any) -> None:
            super().set_timesteps(*args, **kwargs)
            self.timesteps, self.sigmas = self.timesteps[skipped:], self.sigmas[skipped:]
            self.set_begin_index(0)

    scheduler.__class__ = Late
    try:
        yield
    finally:
        scheduler.__class__ = original
