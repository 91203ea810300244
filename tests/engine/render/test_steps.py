"""What is seen of a scheduler from outside: its clean sample, its own steps alone, and its memory."""

import copy
from typing import Any

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler

from engine.families.wan.late import starting_late
from engine.render.steps import Resume, Step, observed

STEPS = 6


def schedulers() -> list[Any]:
    flow = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}
    return [FlowMatchEulerDiscreteScheduler(shift=3.0), UniPCMultistepScheduler(**flow)]


@pytest.fixture(params=[0, 1], ids=["Euler", "UniPC"])
def scheduler(request: pytest.FixtureRequest) -> Any:
    return schedulers()[request.param]


def run(scheduler: Any, model: Any, sample: torch.Tensor) -> torch.Tensor:
    scheduler.set_timesteps(STEPS)
    for timestep in scheduler.timesteps:
        sample = scheduler.step(model(sample, timestep), timestep, sample, return_dict=False)[0]
    return sample


def test_the_clean_sample_is_the_one_a_perfect_model_means(scheduler: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(1, 4, 3, 2, 2, generator=generator) for _ in range(2))
    seen: list[Step] = []
    with observed(scheduler, seen.append):
        scheduler.set_timesteps(STEPS)
        sigma = scheduler.sigmas[0]
        end = run(scheduler, lambda *_: noise - clean, (1 - sigma) * clean + sigma * noise)
    assert [step.index for step in seen] == list(range(1, STEPS + 1))
    assert all(torch.allclose(step.clean(), clean, atol=1e-4) for step in seen)
    assert torch.allclose(end, clean, atol=1e-4)


def test_a_copy_that_a_pipeline_makes_is_not_observed(scheduler: Any) -> None:
    """And drives itself alone: a shadowed method would still step the original."""
    seen: list[Step] = []
    with observed(scheduler, seen.append):
        scheduler.set_timesteps(STEPS)
        other = copy.deepcopy(scheduler)
        other.step(torch.ones(1, 4), other.timesteps[0], torch.ones(1, 4))
        assert (seen, scheduler.step_index, other.step_index) == ([], None, 1)
        scheduler.step(torch.ones(1, 4), scheduler.timesteps[0], torch.ones(1, 4))
    assert len(seen) == 1
    assert type(scheduler) in (FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler)


@pytest.mark.parametrize("stop", range(1, STEPS))
def test_going_on_after_any_step_ends_in_the_same_bytes(scheduler: Any, stop: int) -> None:
    def model(sample: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        return torch.sin(3 * sample) + timestep / 1000

    seen: list[Step] = []
    start = torch.randn(1, 4, generator=torch.Generator().manual_seed(0))
    with observed(scheduler, seen.append):
        expected = run(scheduler, model, start)
    kept, later = seen[stop - 1], list[Step]()
    with observed(scheduler, later.append, Resume(stop, kept.after, (), kept.history)):
        again = run(scheduler, model, start)
    assert [step.index for step in later] == list(range(stop + 1, STEPS + 1))
    assert again.numpy().tobytes() == expected.numpy().tobytes()


def test_a_schedule_that_starts_late_is_the_end_of_the_whole(scheduler: Any) -> None:
    scheduler.set_timesteps(STEPS)
    whole = scheduler.timesteps.clone(), scheduler.sigmas.clone()
    with starting_late(scheduler, 4):
        scheduler.set_timesteps(STEPS)
        assert torch.equal(scheduler.timesteps, whole[0][4:])
        assert torch.equal(scheduler.sigmas, whole[1][4:])
    scheduler.set_timesteps(STEPS)
    assert torch.equal(scheduler.timesteps, whole[0])
