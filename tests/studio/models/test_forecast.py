"""Forecasts: from what jobs of the same kind took, and unknown where nobody can know."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.protocol.job import Done, Job, JobRequest, Notice, Paused, Queued, Running, TakeFile
from engine.protocol.recipe import Recipe
from studio.models.forecast import Forecast, Paces, forecasts

FILE = TakeFile(media="0" * 64, container="mp4", size_bytes=1, num_frames=9)
QUEUED = Queued()
RUNNING = Running(started_at=1.0, device="cpu")
UNKNOWN = Forecast(None, None)


def done(denoise_s: float, finished_at: float = 1.0, **fields: Any) -> Done:
    stage_s = {"load": 50.0, "encode": 1.0, "denoise": denoise_s, "decode": 2.0, "write": 1.0}
    return Done(finished_at=finished_at, take=FILE, stage_s=stage_s, build="1", **fields)


@pytest.fixture
def job(recipe: Recipe) -> Callable[..., Job]:
    def making(name: str, state: Any = QUEUED, device: str = "auto", draft: int | None = None, **fields: Any) -> Job:
        own = {key: fields.pop(key) for key in ("worker_deaths", "drafted", "wish") if key in fields}
        made = recipe.changed(**{"num_inference_steps": 20, **fields})
        request = JobRequest.model_validate({"recipe": made, "device": device, "draft_steps": draft})
        return Job.model_validate({"id": name, "request": request, "created_at": 1.0, "state": state, **own})

    return making


def look(*jobs: Job, left_s: float | None = None, made: dict[str, int] | None = None) -> dict[str, Forecast]:
    active = [each for each in jobs if isinstance(each.state, Running)]
    active += [each for each in jobs if isinstance(each.state, Queued)]
    return forecasts(active, Paces(jobs, made or {}), lambda _: left_s)


def test_one_after_another_behind_what_runs(job: Callable[..., Job]) -> None:
    found = look(job("old", done(10.0)), job("r", RUNNING), job("a", seed=8), job("b", seed=9), left_s=6.0)
    assert found == {"a": Forecast(10.0, 14.0), "b": Forecast(24.0, 14.0)}


def test_the_newest_counts_and_steps_are_scaled(job: Callable[..., Job]) -> None:
    old, new = job("old", done(100.0, 1.0)), job("new", done(20.0, 2.0))
    assert look(old, new, job("a"))["a"] == Forecast(0.0, 24.0)
    assert look(old, new, job("a", num_inference_steps=40))["a"].takes_s == 44.0
    assert look(old, new, job("a", draft=5))["a"].takes_s == 9.0
    assert look(old, new, job("a", draft=5, drafted=True))["a"].takes_s == 19.0
    assert look(old, new, job("a"), made={"a": 15})["a"].takes_s == 9.0


@pytest.mark.parametrize("fields", [{"width": 640}, {"num_frames": 33}, {"device": "cuda"}, {"guidance_scale": 1.0}])
def test_another_kind_is_unknown_and_so_is_all_behind_it(job: Callable[..., Job], fields: Any) -> None:
    found = look(job("old", done(10.0)), job("a", **fields), job("b"))
    assert found["a"].takes_s is None
    assert found["b"].starts_in_s is None


@pytest.mark.parametrize(
    "fields",
    [
        {"drafted": True},
        {"worker_deaths": 1},
        {"state": done(10.0, notices=(Notice(kind="stopped_early", field="", kept=3, given=20),))},
        {"state": done(0.0)},
    ],
)
def test_what_was_not_made_in_one_go_tells_nothing(job: Callable[..., Job], fields: Any) -> None:
    assert look(job("old", **{"state": done(10.0), **fields}), job("a"))["a"].takes_s is None


def test_nothing_is_known_behind_what_runs_for_an_unknown_time(job: Callable[..., Job]) -> None:
    old = job("old", done(10.0))
    assert look(old, job("r", RUNNING), job("a"), left_s=None)["a"] == Forecast(None, 14.0)
    assert look(old, job("r", RUNNING, wish="pause"), job("a"), left_s=1.0)["a"].starts_in_s is None


def test_with_several_devices_at_work_nobody_knows(job: Callable[..., Job]) -> None:
    old = job("old", done(10.0))
    assert look(old, job("r", RUNNING), job("s", RUNNING), job("a"), left_s=1.0)["a"].starts_in_s is None
    assert look(old, job("a"), job("b", device="cuda"))["a"].starts_in_s is None


def test_a_crashed_job_of_unknown_steps_is_unknown(job: Callable[..., Job]) -> None:
    old = job("old", done(10.0))
    assert look(old, job("a", worker_deaths=1))["a"].takes_s is None
    assert look(old, job("a", worker_deaths=1), made={"a": 10})["a"].takes_s == 9.0


def test_only_those_that_wait_are_forecast(job: Callable[..., Job]) -> None:
    assert look(job("p", Paused(step=1, total_steps=20)), job("r", RUNNING)) == {}
