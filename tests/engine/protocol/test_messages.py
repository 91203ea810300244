"""Jobs, events and work: every one comes back from JSON as what it was, told apart by its kind."""

from typing import get_args

import pytest
from pydantic import ValidationError

from engine.protocol.events import (
    Event,
    JobChanged,
    JobRemoved,
    Preview,
    Progress,
    QueueReordered,
    WorkerChanged,
    event_adapter,
)
from engine.protocol.failure import Failure
from engine.protocol.job import (
    Cancelled,
    Delivery,
    Done,
    Drafted,
    Failed,
    Job,
    JobRequest,
    Notice,
    Paused,
    Queued,
    Running,
    SetAside,
    State,
    TakeFile,
    Wish,
)
from engine.protocol.model_card import ModelCard
from engine.protocol.problem import Problem, ProblemsError
from engine.protocol.recipe import Recipe
from engine.protocol.work import (
    Alive,
    Broke,
    Finished,
    Ready,
    Render,
    Stop,
    Stopped,
    command_adapter,
    report_adapter,
)

TAKE = TakeFile(media="ab", container="mp4", size_bytes=1, num_frames=9)
STATES: list[State] = [
    Queued(),
    Running(started_at=1.5, device="cpu"),
    Paused(step=3, total_steps=20),
    Drafted(finished_at=2.0, step=3, total_steps=20, take=TAKE),
    Done(
        finished_at=2.0,
        take=TAKE,
        stage_s={"load": 0.25},
        notices=(Notice(kind="prompt_truncated", field="prompt", kept=1, given=2),),
        build="0",
    ),
    Cancelled(finished_at=2.0),
    Failed(finished_at=2.0, failure=Failure(kind="disk_full", detail="x")),
    SetAside(finished_at=2.0, worker_deaths=3, detail="x"),
]
EVENTS: list[Event] = [
    JobRemoved(job_id="1"),
    QueueReordered(job_ids=("2", "1")),
    Progress(job_id="1", stage="denoise", step=1, total_steps=3, elapsed_s=0.5),
    Preview(job_id="1", step=1, total_steps=3, fps=12, width=8, height=8, frame_sizes_bytes=(1, 2)),
    WorkerChanged(device="cpu", state="died", detail="x"),
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.kind)
def test_states(recipe: Recipe, state: State) -> None:
    job = Job(id="1", request=JobRequest(recipe=recipe, project="film", shot="s1"), created_at=1.0, state=state)
    event = event_adapter.validate_json(JobChanged(job=job).model_dump_json())
    assert isinstance(event, JobChanged)
    assert event.job == job
    assert type(event.job.state) is type(state)
    assert job.is_over == (state.kind not in ("queued", "running"))
    assert job.can_resume == (state.kind in ("paused", "drafted", "failed", "set_aside"))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_events(event: Event) -> None:
    assert event_adapter.validate_json(event.model_dump_json()) == event


def test_events_of_one_job_replace_only_their_own_kind(recipe: Recipe) -> None:
    job = Job(id="1", request=JobRequest(recipe=recipe), created_at=1.0)
    assert JobChanged(job=job).key == JobRemoved(job_id="1").key
    assert len({event.key for event in EVENTS}) == len(EVENTS)
    assert JobRemoved(job_id="1").key != JobRemoved(job_id="2").key


def test_work(recipe: Recipe, starter_card: ModelCard) -> None:
    render = Render(
        job_id="1",
        recipe=recipe,
        delivery=Delivery(container="png"),
        card=starter_card,
        model_folder="/m",
        media_files={"ab": "/x"},
        output="/o",
        checkpoints="/c",
    )
    stops = [Stop(job_id="1", wish=wish) for wish in get_args(Wish)]
    for command in (render, render.changed(until_step=3), *stops):
        assert command_adapter.validate_json(command.model_dump_json()) == command
    ready = Ready(device="cpu", device_name="x", total_bytes=1, available=("cpu",))
    finished = Finished(job_id="1", sha256="ab", size_bytes=1, num_frames=9, stage_s={})
    stopped = Stopped(job_id="1", wish="pause", step=3)
    broke = Broke(job_id="1", failure=Failure(kind="internal"))
    for report in (ready, Alive(), finished, finished.changed(draft_step=3), stopped, broke):
        assert report_adapter.validate_json(report.model_dump_json()) == report


@pytest.mark.parametrize(
    "text", ['{"kind": "exploded", "job_id": "1"}', "{}", "[]", '{"kind": "job_removed", "job_id": "1", "extra": 1}']
)
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        event_adapter.validate_json(text)


def test_problems_are_said_all_at_once() -> None:
    error = ProblemsError([Problem(field="width", kind="too_small", detail="0"), Problem(field="seed", kind="invalid")])
    assert str(error) == "width: too_small 0; seed: invalid"
