"""The starter model, loaded once for all tests of the render."""

import pytest

from engine.memory.device import find
from engine.protocol.events import Preview, Progress
from engine.protocol.home import RESOURCES
from engine.protocol.model_card import ModelCard
from engine.render.loaded import Loaded, PromptCache, load
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
