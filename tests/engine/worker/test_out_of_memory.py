"""Memory that runs out anywhere in a job costs that job only: the desk makes the next one as if nothing had been."""

import contextlib
import os
import weakref
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch.nn.modules.module import register_module_forward_pre_hook

from engine.protocol.condition import Condition
from engine.protocol.home import RESOURCES
from engine.protocol.job import Delivery, Notice
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.protocol.work import Broke, Finished, Render
from engine.render.interrupt import Interrupt
from engine.worker.desk import Desk
from engine.worker.ladder import Ladder, Means
from engine.worker.pipe import Outbox

ABSURD_BYTES = 2**60
STEPS = 3


def asks_for_too_much() -> None:
    """What the processor's allocator says to a request that no machine can grant."""
    torch.empty(ABSURD_BYTES, dtype=torch.uint8)


def says_so() -> None:
    """What CUDA's allocator raises."""
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@dataclass(frozen=True)
class Bench:
    """A desk, and jobs for it."""

    desk: Desk
    folder: Path
    card: ModelCard
    takes: list[str] = field(default_factory=list)

    def work(self, job_id: str, recipe: Recipe) -> Render:
        room = self.folder / job_id
        (room / "checkpoints").mkdir(parents=True, exist_ok=True)
        return Render(
            job_id=job_id,
            recipe=recipe,
            delivery=Delivery(container="mkv"),
            card=self.card,
            model_folder=str(RESOURCES / "models" / "starter"),
            media_files={"picture": str(self.folder / "picture.png")},
            output=str(room / "take.mkv"),
            checkpoints=str(room / "checkpoints"),
        )

    def part(self, name: str) -> torch.nn.Module:
        """One module of the model that is loaded."""
        assert self.desk._shelf is not None
        first, *rest = name.split(".", 1)
        return getattr(self.desk._shelf[1].pipeline, first).get_submodule("".join(rest))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, starter_card: ModelCard) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("desk")
    Image.new("RGB", (64, 64), (200, 60, 20)).save(folder / "picture.png")
    with Path(os.devnull).open("wb", buffering=0) as nobody:
        yield Bench(Desk("cpu", folder / "cache", Outbox(nobody), Interrupt()), folder, starter_card)


@pytest.fixture
def pinned(recipe: Recipe) -> Recipe:
    """It has a picture to encode, and guidance, so that two prompts are."""
    conditions = [Condition(media="picture", frame_index=0)]
    return recipe.changed(num_inference_steps=STEPS, negative_prompt="a city", conditions=conditions)


@pytest.fixture
def undisturbed(bench: Bench, pinned: Recipe) -> str:
    """The take's sha256, as the desk makes it before any trouble."""
    if not bench.takes:
        made = bench.desk.run(bench.work("undisturbed", pinned))
        assert isinstance(made, Finished), made
        bench.takes.append(made.sha256)
    return bench.takes[0]


def run_out(module: torch.nn.Module, call: int, act: Callable[[], None]) -> None:
    """Have memory run out at the module's forward of that number, from 1."""
    calls = 0

    def before(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            act()

    module.register_forward_pre_hook(before)


@pytest.mark.parametrize(
    ("part", "call", "act"),
    [
        ("text_encoder", 1, asks_for_too_much),  # encode: the prompt
        ("text_encoder", 2, says_so),  # and the negative one
        ("vae.encoder", 1, asks_for_too_much),  # the picture
        ("transformer", 1, asks_for_too_much),  # denoise: the first step
        ("transformer", 1, says_so),
        ("transformer", STEPS, asks_for_too_much),  # and the last
    ],
)
def test_the_job_says_so_and_the_next_one_is_right(
    bench: Bench, pinned: Recipe, undisturbed: str, part: str, call: int, act: Callable[[], None]
) -> None:
    desk, name = bench.desk, f"{part} {call} {act.__name__}"
    desk._prompts._embeddings.clear()  # so that they are read again
    run_out(bench.part(part), call, act)
    loaded = weakref.ref(bench.part("transformer"))

    broke = desk.run(bench.work(name, pinned))
    assert isinstance(broke, Broke), broke
    assert broke.failure.kind == "out_of_memory", broke
    assert loaded() is None  # or there would be two models in the memory that was too small for one
    assert [path.name for path in (bench.folder / name).iterdir()] == ["checkpoints"]

    after = desk.run(bench.work(f"after {name}", pinned))
    assert isinstance(after, Finished), after
    assert after.sha256 == undisturbed
    resumed = desk.run(bench.work(name, pinned))
    assert isinstance(resumed, Finished), resumed
    assert resumed.sha256 == undisturbed
    assert "denoise" in resumed.stage_s


@contextlib.contextmanager
def short_of_memory(kind: str, calls: Container[int]) -> Iterator[None]:
    """While the block runs, memory runs out at those forwards of all modules of that kind, of whatever model."""
    found = 0

    def before(module: torch.nn.Module, _: object) -> None:
        nonlocal found
        if type(module).__name__ == kind:
            found += 1
            if found in calls:
                says_so()

    hook = register_module_forward_pre_hook(before)
    try:
        yield
    finally:
        hook.remove()


def test_decoding_is_tried_again_in_tiles_and_that_is_remembered(
    bench: Bench, pinned: Recipe, undisturbed: str
) -> None:
    with short_of_memory("LTXVideoDecoder3d", calls=[1]):
        made = bench.desk.run(bench.work("tiles", pinned))
    assert isinstance(made, Finished), made
    assert made.sha256 == undisturbed  # no larger than a tile
    assert made.notices == (Notice(kind="smaller_plan", field="tiled", kept=1, given=2),)
    assert "denoise" not in made.stage_s  # of the attempt that worked
    ladder = Ladder(bench.desk._machine, bench.folder / "cache")
    assert ladder.first(bench.card, pinned) == Means(tiled=True)
    assert ladder.first(bench.card, pinned.changed(num_frames=1)) == Means()


def test_a_job_that_runs_out_of_memory_in_tiles_too_says_so(bench: Bench, pinned: Recipe, undisturbed: str) -> None:
    with short_of_memory("LTXVideoDecoder3d", calls=range(1, 100)):
        broke = bench.desk.run(bench.work("no tiles", pinned))
    assert isinstance(broke, Broke), broke
    assert broke.failure.kind == "out_of_memory"
    assert bench.desk._shelf is None
    resumed = bench.desk.run(bench.work("no tiles", pinned))
    assert isinstance(resumed, Finished), resumed
    assert (resumed.sha256, "denoise" in resumed.stage_s, resumed.notices) == (undisturbed, False, ())
