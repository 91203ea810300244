"""The starter model, loaded once for all tests of the render."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from engine.memory.device import find
from engine.protocol.events import Preview, Progress
from engine.protocol.home import RESOURCES
from engine.protocol.job import Notice
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.render import take
from engine.render.interrupt import Interrupt
from engine.render.loaded import Loaded, PromptCache, load
from engine.render.render import Render, Task
from engine.weights.store import verified


class Witness:
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []
        self.previews: list[tuple[Preview, list[bytes]]] = []

    def on_progress(self, progress: Progress) -> None:
        self.progress.append(progress)

    def on_preview(self, preview: Preview, jpegs: list[bytes]) -> None:
        self.previews.append((preview, jpegs))


@pytest.fixture
def witness() -> Witness:
    """What a render said."""
    return Witness()


@pytest.fixture(scope="session")
def starter(starter_card: ModelCard, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """The embedded model as a worker loads it."""
    cache = tmp_path_factory.mktemp("cache")
    weights = verified(starter_card, RESOURCES / "models" / "starter")
    return load(weights, find("cpu"), cache, PromptCache(), lambda: None)


@dataclass(frozen=True)
class Rendered:
    """Final latents of every section, the take's frames, and what is known of the render."""

    sections: list[torch.Tensor]
    frames: np.ndarray
    notices: tuple[Notice, ...]
    stage_s: dict[str, float]
    step: int

    @property
    def latents(self) -> torch.Tensor:
        """Of the only section."""
        (only,) = self.sections
        return only


@pytest.fixture
def task(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Task]:
    """Return a function that makes a task of a recipe, with fresh checkpoints unless told otherwise."""

    def making(recipe: Recipe, **more: object) -> Task:
        checkpoints = more.pop("checkpoints", None) or tmp_path_factory.mktemp("checkpoints")
        return Task(**{"job_id": "j", "recipe": recipe, "media_files": {}, "checkpoints": checkpoints, **more})

    return making


class Renderer:
    """Renders recipes on the starter model."""

    def __init__(self, loaded: Loaded, witness: Witness, task: Callable[..., Task]) -> None:
        self.witness = witness
        self._loaded = loaded
        self._task = task

    def __call__(
        self, recipe: Recipe, interrupt: Interrupt | None = None, loaded: Loaded | None = None, **more: object
    ) -> Rendered:
        """Render; `more` are fields of the task."""
        interrupt = interrupt or Interrupt()
        wanted = self._task(recipe, **more)
        with (
            interrupt.watching(wanted.job_id),
            Render(wanted, loaded or self._loaded, self.witness, interrupt) as made,
        ):
            made.denoise()
            sections = [made.latents(part).clone() for part in made.made]
            frames = np.stack(list(take.frames(made)))
            return Rendered(sections, frames, made.notices, made.stage_s, made.step)


@pytest.fixture
def render(starter: Loaded, witness: Witness, task: Callable[..., Task]) -> Renderer:
    """What renders."""
    return Renderer(starter, witness, task)


@pytest.fixture
def denoiser_calls(starter: Loaded) -> Iterator[list[None]]:
    """One entry for every call of the transformer that computes."""
    calls: list[None] = []
    block = starter.pipeline.transformer.transformer_blocks[0]
    hook = block.register_forward_pre_hook(lambda *_: calls.append(None))
    yield calls
    hook.remove()
