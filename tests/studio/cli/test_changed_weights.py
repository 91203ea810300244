"""A paused job whose model's files change meanwhile: it begins anew, and says so."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.client.api import EngineClient
from engine.protocol.events import JobChanged, Progress
from engine.protocol.home import RESOURCES
from engine.protocol.job import Job, JobRequest
from engine.protocol.recipe import Recipe

WEIGHTS = "text_encoder/model.safetensors"
STEPS = 12


@pytest.fixture
def model(shared_home: Path) -> Iterator[Path]:
    """A copy of the starter in the user's folder, as a model of its own; its card is `copied.toml`."""
    models = shared_home / "models"
    models.mkdir(exist_ok=True)
    card = (RESOURCES / "models" / "starter.toml").read_text("utf-8")
    for name in ("id", "folder"):
        card = card.replace(f'{name} = "starter"', f'{name} = "copied"')
    (models / "copied.toml").write_text(card, "utf-8")
    shutil.copytree(RESOURCES / "models" / "starter", models / "copied")
    yield models / "copied"
    (models / "copied.toml").unlink()
    shutil.rmtree(models / "copied")


def exchange_weights(folder: Path) -> None:
    """Another text encoder, which the card knows."""
    path, card = folder / WEIGHTS, folder.with_suffix(".toml")
    old = path.read_bytes()
    new = old[:-1] + bytes([old[-1] ^ 1])
    path.write_bytes(new)
    known, exchanged = (hashlib.sha256(content).hexdigest() for content in (old, new))
    card.write_text(card.read_text("utf-8").replace(known, exchanged), "utf-8")


def test_it_begins_again_and_says_why(
    cli: Callable[..., Any], shared_engine: EngineClient, recipe: Recipe, model: Path, over: Callable[[Job], Job]
) -> None:
    slow = recipe.changed(model="copied", num_inference_steps=STEPS, num_frames=33)
    with shared_engine.events() as stream:
        job = shared_engine.submit(JobRequest(recipe=slow))
        for event, _ in stream:
            if isinstance(event, JobChanged) and event.job.id == job.id:
                assert not event.job.is_over, event.job.state
            if isinstance(event, Progress) and event.job_id == job.id and event.step >= 2:
                break
    shared_engine.pause(job.id)
    assert over(job).state.kind == "paused"
    exchange_weights(model)
    ended = cli("finish", job.id, "-o", "a.mp4")
    assert ended.code == 0, ended
    assert "begun again from the first step, without the" in ended.err
    assert "that were made: the model's files have changed" in ended.err
    assert json.loads(cli("queue", "delete", job.id, "--json").out)["status"] == "deleted"
