"""The one thing every diffusers pipeline has: its scheduler's step, observed without touching the pipeline."""

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Step:
    """A finished denoising step.

    Attributes:
        index: 1 after the first step.
        total: steps of the whole schedule.
        before, after: the scheduler's sample on either side of the step.
        sigma_before, sigma_after: noise levels on either side.
    """

    index: int
    total: int
    before: torch.Tensor
    after: torch.Tensor
    sigma_before: float
    sigma_after: float

    def clean(self) -> torch.Tensor:
        """The predicted clean sample, in the same layout as the scheduler's.

        On the straight path of flow matching x = x0 + sigma * v two points give x0, whatever sign the pipeline's
        velocity has. Tokens that a condition keeps do not move, and come out as they are.
        """
        s0, s1 = self.sigma_before, self.sigma_after
        return (s0 * self.after - s1 * self.before) / (s0 - s1)


@contextlib.contextmanager
def observed(scheduler: Any, on_step: Callable[[Step], None]) -> Generator[None]:
    """Call `on_step` after every step of this very scheduler while the block runs.

    The instance's class is swapped for a subclass: a shadowed bound method would still drive the original when a
    pipeline deep-copies its scheduler. Copies are not observed.
    """
    original = type(scheduler)

    class Observed(original):
        def step(self, model_output: Any, timestep: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
            result = super().step(model_output, timestep, sample, *args, **kwargs)
            if self is scheduler:
                after = result[0] if isinstance(result, tuple) else result.prev_sample
                index = int(self.step_index)
                s0, s1 = float(self.sigmas[index - 1]), float(self.sigmas[index])
                on_step(Step(index, len(self.timesteps), sample, after, s0, s1))
            return result

    scheduler.__class__ = Observed
    try:
        yield
    finally:
        scheduler.__class__ = original
