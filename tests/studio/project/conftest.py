"""What the tests of the project room stand on: jobs with an end, and projects with something in them."""

import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from engine.protocol.job import Done, Drafted, Job, JobRequest, TakeFile
from engine.protocol.media import MediaItem
from engine.protocol.recipe import Recipe
from studio.project.draft import Draft
from studio.project.footage import Footage
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.storage import Opened, create_project

JobMaker = Callable[..., Job]


def sha(word: object) -> str:
    return hashlib.sha256(str(word).encode()).hexdigest()


@cache
def make_job(name: str = "job-1", *, step: int | None = None, at: float = 10.0, num_frames: int = 9, **recipe) -> Job:
    fields = {"width": 64, "height": 64, "num_frames": num_frames, "fps": 12, "num_inference_steps": 4}
    made = Recipe.model_validate(
        {"model": "starter", "prompt": "a beach", "guidance_scale": 3.0, "seed": 7, **fields, **recipe}
    )
    frames = made.take_frames
    file = TakeFile(media=sha((name, step)), container="mp4", size_bytes=100, num_frames=frames)
    drafted = None if step is None else Drafted(finished_at=at, step=step, total_steps=4, take=file)
    state = drafted or Done(finished_at=at, take=file, stage_s={"denoise": 1.5}, build="0.1.0")
    return Job(id=name, request=JobRequest(recipe=made, project="film", shot="a"), created_at=1.0, state=state)


@pytest.fixture(scope="session")
def digest() -> Callable[[object], str]:
    """Return a function that gives a sha256 for any word."""
    return sha


@pytest.fixture(scope="session")
def a_job() -> JobMaker:
    """Return a function that makes a job that is done, or drafted when a step is given."""
    return make_job


@pytest.fixture(scope="session")
def a_clip() -> Callable[..., Footage]:
    """Return a function that makes footage."""

    def made(name: str = "clip.mp4") -> Footage:
        item = {"sha256": sha(name), "kind": "clip", "format": "mp4", "size_bytes": 5, "width": 64, "height": 48}
        return Footage(item=MediaItem.model_validate({**item, "num_frames": 24, "fps": 24.0}), name=name)

    return made


@pytest.fixture(scope="session")
def film() -> Project:
    """Three shots, a, b and c, without takes."""
    shots = tuple(Shot(id=name, name=f"Shot {name}", draft=Draft(prompt=f"prompt {name}")) for name in "abc")
    return Project(id="film", name="Film", created_at=1.0, shots=shots)


@pytest.fixture
def opened(tmp_path: Path, film: Project) -> Iterator[Opened]:
    """The three shots in a new folder, open."""
    found = create_project(tmp_path / "film", film)
    yield found
    found.folder.close()
