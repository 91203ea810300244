"""Wan folders on the disk: every kind of model is known by its configs, and its card says what it can take."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.protocol.model_card import ModelCard, ModelToAdd, read_card
from engine.protocol.problem import ProblemsError
from engine.weights.adopt import recognise
from engine.weights.hashes import Hashes
from engine.weights.new_card import card_toml, new_card
from engine.weights.store import verified

KINDS = ["t2v", "t2v-a14b", "i2v", "flf", "i2v-a14b", "ti2v-5b", "vace", "vace-a14b"]


def made(folder: Path, cache: Path) -> ModelCard:
    return new_card(recognise(folder), ModelToAdd(path=str(folder)), Hashes(cache), lambda _, __: None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_is_like_that_of_the_published_model(
    tiny_wan: Callable[[str], Path], card_of: Callable[..., ModelCard], tmp_path: Path, kind: str
) -> None:
    card, known = made(tiny_wan(kind), tmp_path), card_of(kind)
    assert card.family == "wan"
    assert (card.conditions, card.injected, card.needs_image) == (known.conditions, known.injected, known.needs_image)
    assert (card.size.multiple, card.frames.step) == (known.size.multiple, known.frames.step)
    (tmp_path / "card.toml").write_text(card_toml(card), "utf-8")
    assert read_card(tmp_path / "card.toml") == card
    assert verified(card, tiny_wan(kind), cache=tmp_path).card == card
    rooms = {file.path.split("/")[0] for file in card.files}
    assert ("transformer_2" in rooms) == ("a14b" in kind)
    assert ("image_encoder" in rooms) == (kind in ("i2v", "flf"))


@pytest.fixture
def copied(tiny_wan: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that copies a tiny model, for a test that harms it."""
    return lambda kind: Path(shutil.copytree(tiny_wan(kind), tmp_path / kind))


def wrong(folder: Path, gguf: Path | None = None) -> list[tuple[str, str]]:
    with pytest.raises(ProblemsError) as refused:
        recognise(folder, gguf)
    return [(problem.field.replace(str(folder), ""), problem.kind) for problem in refused.value.problems]


def changed(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **values}), "utf-8")


def test_what_does_not_fit_is_told_by_file(copied: Callable[[str], Path]) -> None:
    folder = copied("t2v-a14b")
    changed(folder / "model_index.json", boundary_ratio=None)
    assert wrong(folder) == [("model_index.json", "invalid")]
    changed(folder / "model_index.json", boundary_ratio="__import__('os')")
    assert ("model_index.json", "invalid") in wrong(folder)
    changed(folder / "model_index.json", boundary_ratio=0.875)
    changed(folder / "transformer_2" / "config.json", num_layers=3)
    assert wrong(folder) == [("transformer_2/config.json", "invalid")]
    (folder / "transformer_2" / "diffusion_pytorch_model.safetensors").unlink()
    assert ("transformer_2/diffusion_pytorch_model.safetensors", "missing") in wrong(folder)


def test_one_file_is_not_two_transformers(copied: Callable[[str], Path], tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    assert wrong(copied("t2v-a14b"), tmp_path / "x.gguf") == [(str(tmp_path / "x.gguf"), "unsupported")]


def test_a_component_of_another_kind_is_refused(copied: Callable[[str], Path]) -> None:
    folder = copied("i2v")
    changed(folder / "model_index.json", image_encoder=["transformers", "AutoModel"])
    assert ("model_index.json", "unsupported") in wrong(folder)
    changed(folder / "model_index.json", image_encoder=["transformers", "CLIPVisionModel"], safety_checker=["a", "b"])
    assert ("model_index.json", "unsupported") in wrong(folder)
