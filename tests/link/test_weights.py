"""Models whose files are not what their card says: named, and no harm to the jobs of others."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.client.api import EngineClient
from engine.protocol.home import RESOURCES
from engine.protocol.job import Done, Failed, Job
from engine.protocol.problem import ProblemsError

WEIGHTS = "text_encoder/model.safetensors"


@pytest.fixture
def model(shared_home: Path) -> Iterator[Path]:
    """A copy of the starter in the user's folder, as a model of its own; its files are links but for one."""
    starter, models = RESOURCES / "models" / "starter", shared_home / "models"
    folder = models / "damaged"
    models.mkdir(exist_ok=True)
    card = (RESOURCES / "models" / "starter.toml").read_text("utf-8")
    for name in ("id", "folder"):
        card = card.replace(f'{name} = "starter"', f'{name} = "damaged"')
    (models / "damaged.toml").write_text(card, "utf-8")
    for source in [path for path in starter.rglob("*") if path.is_file()]:
        target = folder / source.relative_to(starter)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target == folder / WEIGHTS:
            shutil.copyfile(source, target)
        else:
            target.symlink_to(source)
    yield folder
    (models / "damaged.toml").unlink()
    shutil.rmtree(folder)


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_bit_that_changed_on_disk(
    shared_engine: EngineClient,
    model: Path,
    submit: Callable[..., Job],
    over: Callable[[Job], Job],
    shared_home: Path,
) -> None:
    flip_a_bit(model / WEIGHTS)
    assert ("damaged", []) in [(card.id, missing) for card, missing in shared_engine.models()]
    damaged, sound = submit(model="damaged"), submit(num_inference_steps=1)
    state = over(damaged).state
    assert isinstance(state, Failed), state
    assert state.failure.kind == "corrupt_weights"
    assert WEIGHTS in state.failure.detail
    assert over(damaged).worker_deaths == 0
    sound = over(sound)
    assert isinstance(sound.state, Done), sound.state
    assert list((shared_home / "media" / "incoming").iterdir()) == []


def test_a_file_that_is_not_there(shared_engine: EngineClient, model: Path, submit: Callable[..., Job]) -> None:
    (model / WEIGHTS).unlink()
    assert ("damaged", [WEIGHTS]) in [(card.id, missing) for card, missing in shared_engine.models()]
    with pytest.raises(ProblemsError) as caught:
        submit(model="damaged")
    (problem,) = caught.value.problems
    assert (problem.field, problem.kind, problem.detail) == ("model", "not_installed", WEIGHTS)


def test_a_file_that_goes_while_the_job_waits(
    shared_engine: EngineClient, model: Path, submit: Callable[..., Job], over: Callable[[Job], Job]
) -> None:
    first = submit(num_inference_steps=100, num_frames=17)
    doomed, last = submit(model="damaged"), submit(num_inference_steps=1)
    (model / WEIGHTS).unlink()
    shared_engine.cancel(first.id)
    state = over(doomed).state
    assert isinstance(state, Failed), state
    assert state.failure.kind == "missing_weights"
    assert WEIGHTS in state.failure.detail
    assert over(last).state.kind == "done"
