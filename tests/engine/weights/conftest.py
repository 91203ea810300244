"""A hub with one model, a folder for it, and a way to download it that does not wait."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.model_card import Repository
from engine.weights.download import Downloader
from engine.weights.fetch import Ear
from engine.weights.hashes import Hashes
from engine.weights.hub import Hub

REPOSITORY = Repository(id="studio/tiny-ltx")
BIG = "transformer/diffusion_pytorch_model.safetensors"
SMALL = "transformer/config.json"


@pytest.fixture
def files() -> dict[str, bytes]:
    noise = random.Random(7)
    return {
        "model_index.json": b'{"_class_name": "LTXPipeline"}',
        SMALL: b'{"num_layers": 2}',
        BIG: noise.randbytes(2_500_000),  # the files behind it come after it
        "tokenizer/spiece.model": noise.randbytes(700),
        "README.md": b"# Tiny",
        "transformer/pytorch_model.bin": b"pickle",
        "transformer/pipeline.py": b"import os",
        "ltx-video-2b.safetensors": b"the same in one file",
    }


@pytest.fixture
def hub(fake_hub: Any, fake_hubs: Any, files: dict[str, bytes]) -> Any:
    fake_hub.repos[REPOSITORY.id] = fake_hubs.Repo(files)
    return fake_hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "models" / "tiny é"


@pytest.fixture
def bring(hub: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a function that downloads the repository, by default with pauses of no time."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)  # whatever the developer has set

    def bringing(ear: Ear | None = None, token: str | None = None, **fields: Any) -> Any:
        repository = fields.pop("repository", REPOSITORY)
        fields = {"pauses_s": (0.0, 0.0, 0.0), "hashes": Hashes(tmp_path / "cache"), **fields}
        made = Downloader(Hub(lambda: token, hub.endpoint), **fields)
        return made.bring(repository, folder, ear or Ear())

    return bringing


@pytest.fixture(autouse=True)
def _no_open_connections() -> Iterator[None]:
    yield
    from huggingface_hub.utils import close_session

    close_session()
