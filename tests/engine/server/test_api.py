"""The jobs of a real engine through its client: what it does, and how it says no."""

import json
import time
from collections.abc import Callable

import httpx
import pytest

from engine.client.api import EngineClient
from engine.client.errors import RefusedError
from engine.protocol.events import JobChanged, JobRemoved, QueueReordered
from engine.protocol.home import BUILD, Rendezvous
from engine.protocol.job import Job, JobRequest
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe


def refusal(calling: Callable[[], object]) -> int:
    with pytest.raises(RefusedError) as caught:
        calling()
    assert str(caught.value)
    return caught.value.status


def problems_of(calling: Callable[[], object]) -> list[Problem]:
    with pytest.raises(ProblemsError) as caught:
        calling()
    return caught.value.problems


def test_health_and_models(shared_engine: EngineClient) -> None:
    assert shared_engine.health() == BUILD
    models = {card.id: missing for card, missing in shared_engine.models()}
    assert models["starter"] == []


def test_a_job_from_submission_to_oblivion(
    shared_engine: EngineClient, submit: Callable[..., Job], busy: Job, over: Callable[[Job], Job]
) -> None:
    job = submit(seed=1)
    assert shared_engine.job(job.id) == job
    assert job.state.kind == "queued"
    assert job.id in [listed.id for listed in shared_engine.jobs("queued")]
    assert refusal(lambda: shared_engine.delete(job.id)) == 409
    assert shared_engine.cancel(job.id).state.kind == "cancelled"
    assert shared_engine.cancel(job.id).state.kind == "cancelled"
    assert not shared_engine.job(job.id).acknowledged
    assert shared_engine.acknowledge(job.id).acknowledged
    assert job.id not in [listed.id for listed in shared_engine.jobs("queued")]
    with shared_engine.events() as stream:
        shared_engine.delete(job.id)
        for event, _ in stream:
            if event == JobRemoved(job_id=job.id):
                break
    assert refusal(lambda: shared_engine.job(job.id)) == 404


def test_what_waits_can_be_paused_and_resumed_at_its_place(
    shared_engine: EngineClient, submit: Callable[..., Job], busy: Job
) -> None:
    a, b = submit(seed=1), submit(seed=2)
    with shared_engine.events() as stream:
        assert shared_engine.pause(a.id).state.kind == "paused"
        for event, _ in stream:
            if isinstance(event, JobChanged) and event.job.id == a.id:
                assert event.job.state.kind == "paused"
                break
    assert shared_engine.pause(a.id).state.kind == "paused"
    assert [job.id for job in shared_engine.jobs("queued")] == [b.id]
    assert [job.id for job in shared_engine.jobs("paused")] == [a.id]
    for calling in (shared_engine.stop_early, shared_engine.move):
        assert refusal(lambda call=calling: call(a.id)) == 409
    assert shared_engine.resume(a.id).state.kind == "queued"
    assert [job.id for job in shared_engine.jobs("queued")] == [a.id, b.id]
    assert refusal(lambda: shared_engine.resume(a.id)) == 409
    assert refusal(lambda: shared_engine.stop_early(a.id)) == 409
    shared_engine.cancel(a.id)
    for calling in (shared_engine.pause, shared_engine.resume, shared_engine.stop_early):
        assert refusal(lambda call=calling: call(a.id)) == 409


def test_the_worker_and_what_it_runs(shared_engine: EngineClient, busy: Job) -> None:
    (worker,) = [worker for worker in shared_engine.workers() if worker.job_id]
    assert (worker.device, worker.state, worker.job_id, worker.silent_s) == ("auto", "ready", busy.id, None)
    assert worker.found.startswith(("cpu: ", "cuda: ", "mps: "))


def test_an_answer_does_not_wait_for_the_network_to_be_used_well(shared_engine: EngineClient) -> None:
    """Nagle's algorithm and a delayed ACK would cost every one of them 40 ms."""

    def asking() -> float:
        began_s = time.perf_counter()
        shared_engine.jobs(limit=1)
        return time.perf_counter() - began_s

    assert min(asking() for _ in range(20)) < 0.03


def test_the_order_of_those_that_wait(shared_engine: EngineClient, submit: Callable[..., Job], busy: Job) -> None:
    a, b, c = (submit(seed=seed).id for seed in range(3))
    with shared_engine.events() as stream:
        assert shared_engine.move(c, before=a) == [c, a, b]
        for event, _ in stream:
            if isinstance(event, QueueReordered):
                assert event.job_ids == (c, a, b)
                break
    assert shared_engine.move(c) == [a, b, c]
    first = shared_engine.jobs("queued", limit=2)
    rest = shared_engine.jobs("queued", after=first[-1].id)
    assert [job.id for job in first + rest] == [a, b, c]
    assert refusal(lambda: shared_engine.move(a, before="unknown")) == 404
    assert refusal(lambda: shared_engine.move(a, before=busy.id)) == 409
    assert refusal(lambda: shared_engine.move(busy.id)) == 409


@pytest.mark.parametrize("job_id", ["unknown", "..", "a b", "%2e%2e", "é🏖️", "x" * 5000])
def test_a_job_that_is_not_there(shared_engine: EngineClient, job_id: str) -> None:
    wishes = (shared_engine.cancel, shared_engine.pause, shared_engine.resume, shared_engine.stop_early)
    for calling in (shared_engine.job, shared_engine.acknowledge, shared_engine.delete, *wishes):
        assert refusal(lambda call=calling: call(job_id)) in (404, 405)
    assert refusal(lambda: shared_engine.move(job_id)) in (404, 405)


def test_the_end_of_a_job_cannot_be_seen_before_it_ended(shared_engine: EngineClient, busy: Job) -> None:
    assert refusal(lambda: shared_engine.acknowledge(busy.id)) == 409
    assert not shared_engine.job(busy.id).acknowledged


def test_every_wrong_field_is_named(shared_engine: EngineClient, recipe: Recipe) -> None:
    before = shared_engine.jobs(limit=1000)
    wrong = recipe.changed(
        prompt="x" * 10_000,
        width=0,
        height=10**30,
        num_frames=10,
        fps=0,
        num_inference_steps=0,
        guidance_scale=99,
        seed=-1,
        conditions=[{"media": "ab" * 32, "frame_index": 99, "strength": 2.0}],
    )
    found = problems_of(lambda: shared_engine.submit(JobRequest(recipe=wrong)))
    assert {(p.field, p.kind, p.nearest) for p in found} == {
        ("prompt", "too_long", 4000),
        ("width", "too_small", 64),
        ("height", "too_large", 256),
        ("num_frames", "off_grid", 9),
        ("fps", "too_small", 1),
        ("num_inference_steps", "too_small", 1),
        ("guidance_scale", "too_large", 20),
        ("seed", "too_small", 0),
        ("conditions[0].strength", "too_large", 1),
        ("conditions[0].frame_index", "outside_clip", 9),
        ("conditions[0].media", "missing", None),
    }
    assert shared_engine.jobs(limit=1000) == before


def test_an_unknown_model(shared_engine: EngineClient, recipe: Recipe) -> None:
    request = JobRequest(recipe=recipe.changed(model="sora"))
    (problem,) = problems_of(lambda: shared_engine.submit(request))
    assert (problem.field, problem.kind, problem.value) == ("model", "unknown_model", "sora")


@pytest.mark.parametrize("field", ["prompt", "negative_prompt", "model"])
def test_half_a_surrogate_pair(shared_engine: EngineClient, recipe: Recipe, field: str) -> None:
    """A command line that is no UTF-8 arrives like this."""
    request = JobRequest(recipe=recipe.changed(**{field: "half \ud83c pair"}))
    (problem,) = problems_of(lambda: shared_engine.submit(request))
    assert problem.field == field


@pytest.fixture
def post(rendezvous: Rendezvous) -> Callable[[str], httpx.Response]:
    """Return a function that submits any text."""

    def posting(text: str) -> httpx.Response:
        return httpx.post(
            f"http://127.0.0.1:{rendezvous.port}/jobs",
            content=text.encode(),
            headers={"Authorization": f"Bearer {rendezvous.token}", "Content-Type": "application/json"},
            trust_env=False,
        )

    return posting


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("fps", "NaN"),
        ("guidance_scale", "Infinity"),
        ("fps", "1e999"),
        ("seed", '"seven"'),
        ("width", "64.5"),
        ("steps", "3"),
        ("prompt", "null"),
        ("conditions", '[{"media": "ab", "strength": NaN}]'),
        ("model", '"\\ud800"'),
        ("prompt", '"\\ud800"'),
    ],
)
def test_requests_that_are_no_recipe(
    post: Callable[[str], httpx.Response], recipe: Recipe, field: str, value: str
) -> None:
    fields = {k: json.dumps(v) for k, v in recipe.model_dump().items()} | {field: value}
    inner = ", ".join(f'"{k}": {v}' for k, v in fields.items())
    reply = post(f'{{"recipe": {{{inner}}}}}')
    assert reply.status_code == 422
    assert any(field in problem["field"] for problem in reply.json()["problems"])


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"recipe": {}}', "[" * 100_000, '{"seed": ' + "9" * 5000])
def test_requests_that_are_nothing(post: Callable[[str], httpx.Response], text: str) -> None:
    assert post(text).status_code in (400, 422)


def test_pages_of_any_size(shared_engine: EngineClient, submit: Callable[..., Job], busy: Job) -> None:
    submit()
    assert len(shared_engine.jobs(limit=0)) == len(shared_engine.jobs(limit=-(10**20))) == 1
    assert len(shared_engine.jobs(limit=10**20)) >= 2
    with pytest.raises(ProblemsError, match="state"):
        shared_engine.jobs(state="exploded")  # pyright: ignore[reportArgumentType]
