"""The one thing every diffusers pipeline has: its scheduler's step, observed and resumed from outside."""

import contextlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

History = Mapping[str, torch.Tensor]
"""What a multistep scheduler (UniPC) carries from one step to the next; empty for others."""


@dataclass(frozen=True)
class Step:
    """A finished denoising step.

    Attributes:
        index: 1 after the first step.
        before, after: the scheduler's sample on either side of the step.
        sigma_before, sigma_after: noise levels on either side.
        history: what the next step needs beside `after`.
        predicted: the clean sample as the scheduler itself predicted it, where it does.
    """

    index: int
    before: torch.Tensor
    after: torch.Tensor
    sigma_before: float
    sigma_after: float
    history: History = field(default_factory=dict)
    predicted: torch.Tensor | None = None

    def clean(self) -> torch.Tensor:
        """The predicted clean sample, in the same layout as the scheduler's.

        On the straight path of flow matching x = x0 + sigma * v two points give x0, whatever sign the pipeline's
        velocity has. Tokens that a condition keeps do not move, and come out as they are. A multistep scheduler does
        not go straight, but says what it predicts.
        """
        if self.predicted is not None:
            return self.predicted
        s0, s1 = self.sigma_before, self.sigma_after
        return (s0 * self.after - s1 * self.before) / (s0 - s1)


@dataclass(frozen=True)
class Resume:
    """Where to go on: the scheduler's sample and history after `step` steps, and the modules that idle until then.

    The pipeline runs through those steps all the same, so that its generator and its scheduler advance as they did:
    the result is byte-equal to a run that was never interrupted.
    """

    step: int
    sample: torch.Tensor
    denoisers: Sequence[Any]
    history: History = field(default_factory=dict)


@contextlib.contextmanager
def observed(scheduler: Any, on_step: Callable[[Step], None], resume: Resume | None = None) -> Generator[None]:
    """Call `on_step` after every computed step of this very scheduler while the block runs.

    The instance's class is swapped for a subclass: a shadowed bound method would still drive the original when a
    pipeline deep-copies its scheduler. Copies are not observed.
    """
    original = type(scheduler)
    skipped = resume.step if resume else 0
    done = 0

    class Observed(original):
        def step(self, model_output: Any, timestep: Any, sample: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal done
            is_skipped = self is scheduler and done < skipped
            if is_skipped:
                model_output = torch.zeros_like(sample)  # that of an idle module may have another shape
            result = super().step(model_output, timestep, sample, *args, **kwargs)
            if self is not scheduler:
                return result
            done += 1
            if resume is not None and is_skipped:
                if done < skipped:
                    return _with_sample(result, sample)
                _remember(self, resume.history, sample)
                return _with_sample(result, resume.sample.to(sample))
            after = result[0] if isinstance(result, tuple) else result.prev_sample
            index = int(self.step_index)
            sigmas = float(self.sigmas[index - 1]), float(self.sigmas[index])
            on_step(Step(done, sample, after, *sigmas, _history(self), _predicted(self)))
            return result

    scheduler.__class__ = Observed
    try:
        with _idle(resume.denoisers if resume else (), lambda: done < skipped):
            yield
    finally:
        scheduler.__class__ = original


def _history(scheduler: Any) -> History:
    outputs = enumerate(getattr(scheduler, "model_outputs", ()))
    held = {f"model_outputs.{i}": output for i, output in outputs if output is not None}
    last = getattr(scheduler, "last_sample", None)
    return held if last is None else {**held, "last_sample": last}


def _remember(scheduler: Any, history: History, like: torch.Tensor) -> None:
    """Put back what `_history` gave; whatever else a scheduler counts was counted while its steps were run through."""
    for name, tensor in history.items():
        attribute, _, index = name.partition(".")
        if index:
            getattr(scheduler, attribute)[int(index)] = tensor.to(like.device)
        else:
            setattr(scheduler, attribute, tensor.to(like.device))


def _predicted(scheduler: Any) -> torch.Tensor | None:
    outputs = getattr(scheduler, "model_outputs", None)
    return outputs[-1] if outputs and getattr(scheduler, "predict_x0", False) else None


def _with_sample(result: Any, sample: torch.Tensor) -> Any:
    return (sample, *result[1:]) if isinstance(result, tuple) else type(result)(prev_sample=sample)


@contextlib.contextmanager
def _idle(modules: Sequence[Any], idle: Callable[[], bool]) -> Generator[None]:
    """While `idle()`, the modules' forward gives zeros at once; pipelines call it with `hidden_states` by name."""

    def shadowing(forward: Callable[..., Any]) -> Callable[..., Any]:
        def shadowed(*args: Any, **kwargs: Any) -> Any:
            return (torch.zeros_like(kwargs["hidden_states"]),) if idle() else forward(*args, **kwargs)

        return shadowed

    own = [module.__dict__.get("forward") for module in modules]  # an offload hook may have put one there
    for module in modules:
        module.forward = shadowing(module.forward)
    try:
        yield
    finally:
        for module, forward in zip(modules, own, strict=True):
            if forward is None:
                del module.forward
            else:
                module.forward = forward
