"""What is said of a job, whatever became of it."""

from typing import get_args

import pytest

from engine.protocol.failure import Failure
from engine.protocol.job import (
    Drafted,
    Failed,
    Job,
    JobRequest,
    Notice,
    Paused,
    Running,
    SetAside,
    State,
    TakeFile,
    Wish,
)
from engine.protocol.problem import Problem
from engine.protocol.recipe import Recipe
from studio.cli.words import notice_sentence, problem_sentence, silence_words, state_words

TAKE = TakeFile(media="ab", container="mp4", size_bytes=1, num_frames=9)
RUNNING = Running(started_at=1.0, device="cpu")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Paused(step=12, total_steps=20), "paused at step 12 of 20"),
        (Paused(step=0, total_steps=20), "paused"),
        (Drafted(finished_at=1.0, step=4, total_steps=20, take=TAKE), "draft at step 4 of 20"),
        (SetAside(finished_at=1.0, worker_deaths=3, detail="x"), "set aside after 3 crashes"),
        (Failed(finished_at=1.0, failure=Failure(kind="device_lost")), "failed: the device is not available"),
        (RUNNING, "running"),
    ],
)
def test_states(recipe: Recipe, state: State, words: str) -> None:
    job = Job(id="1", request=JobRequest(recipe=recipe), created_at=1.0, state=state)
    assert state_words(job) == words


@pytest.mark.parametrize(
    ("wish", "words"), [("cancel", "being cancelled"), ("pause", "being paused"), ("stop_early", "being stopped early")]
)
def test_wishes(recipe: Recipe, wish: Wish, words: str) -> None:
    job = Job(id="1", request=JobRequest(recipe=recipe), created_at=1.0, state=RUNNING, wish=wish)
    assert state_words(job) == words
    assert len(get_args(Wish)) == 3


@pytest.mark.parametrize(
    ("notice", "sentence"),
    [
        (
            Notice(kind="stopped_early", field="num_inference_steps", kept=12, given=20),
            "stopped early: it shows what was there after 12 of 20 steps",
        ),
        (
            Notice(kind="restarted", field="weights", kept=0, given=12),
            "begun again from the first step, without the 12 that were made: the model's files have changed",
        ),
        (
            Notice(kind="prompt_truncated", field="prompt", kept=64, given=90),
            "the prompt: the model read the first 64 of 90 tokens",
        ),
        (
            Notice(kind="rate_limited", field="container", kept=50, given=60),
            "the file holds at most 50 frames a second, so that some of 60 are left out",
        ),
    ],
)
def test_notices(notice: Notice, sentence: str) -> None:
    assert notice_sentence(notice) == sentence


def test_silence() -> None:
    assert silence_words(6.0) == "not responding (since 6.0 s)"
    assert silence_words(95.0) == "not responding (since 1 min 35 s)"


def test_problems_of_a_draft_name_their_option() -> None:
    problem = Problem(field="draft_steps", kind="too_large", value=20, nearest=19)
    assert problem_sentence(problem) == "--draft-steps: 20 is too large; the nearest that works is 19"


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (
            Problem(field="prompt", kind="too_long", value=9000, nearest=4000),
            "the prompt: is 9000 characters long, more than the 4000 this model takes",
        ),
        (
            Problem(field="splice", kind="too_long", value=216001, nearest=216000),
            "the take: is 216001 frames long, more than the 216000 there can be",
        ),
        (Problem(field="job", kind="invalid", value="ab", detail="no such job"), "job ab: no such job"),
        (
            Problem(field="fps", kind="too_large", value=12345678.5, nearest=120.0),
            "--fps: 12345678.5 is too large; the nearest that works is 120",
        ),
    ],
)
def test_problems(problem: Problem, sentence: str) -> None:
    assert problem_sentence(problem) == sentence
