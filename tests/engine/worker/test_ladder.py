"""The ladder of means, as tables; and what it remembers on the disk."""

from pathlib import Path

import pytest

from engine.protocol.events import Stage
from engine.protocol.home import RESOURCES
from engine.protocol.memory_plan import GIB, Machine
from engine.protocol.model_card import ModelCard, read_card
from engine.protocol.recipe import Recipe
from engine.worker.ladder import FILE, Ladder, Means, smaller

GPU = Machine(kind="cuda", name="a card", total_bytes=24 * GIB, machine_bytes=96 * GIB)


@pytest.mark.parametrize(
    ("means", "stage", "kind", "expected"),
    [
        (Means(), "decode", "cuda", Means(tiled=True)),
        (Means(tiled=True), "decode", "cuda", Means("model", tiled=True)),
        (Means("model", tiled=True), "decode", "cuda", Means("group", tiled=True)),
        (Means("group", tiled=True), "decode", "cuda", None),
        (Means(), "load", "cuda", Means("model")),
        (Means(), "encode", "cuda", Means("model")),
        (Means("model"), "denoise", "cuda", Means("group")),
        (Means("group"), "denoise", "cuda", None),
        (Means(), "write", "cuda", None),
        (Means(), "decode", "cpu", Means(tiled=True)),
        (Means(tiled=True), "decode", "cpu", None),
        (Means(), "denoise", "cpu", None),
        (Means(), "denoise", "mps", None),
    ],
)
def test_a_step_down(means: Means, stage: Stage, kind: str, expected: Means | None) -> None:
    assert smaller(means, stage, kind) == expected


def test_it_begins_as_the_plan_says(recipe: Recipe, tmp_path: Path) -> None:
    card = read_card(RESOURCES / "models" / "wan2.1-t2v-14b.toml")
    usual = card.defaults.model_dump(exclude={"strength", "negative_prompt"})
    wanted = recipe.changed(model=card.id, **usual)
    assert Ladder(GPU, tmp_path).first(card, wanted) == Means("group")
    assert Ladder(GPU.changed(total_bytes=80 * GIB), tmp_path).first(card, wanted) == Means()


def test_what_worked_is_remembered_for_this_device_and_clips_as_large(
    starter_card: ModelCard, recipe: Recipe, tmp_path: Path
) -> None:
    ladder = Ladder(GPU, tmp_path / "cache")
    ladder.remember(starter_card, recipe, Means("model"))
    longer, shorter = recipe.changed(num_frames=recipe.num_frames * 2), recipe.changed(num_frames=1)
    ladder.remember(starter_card, longer, Means("model", tiled=True))
    again = Ladder(GPU, tmp_path / "cache")
    assert again.first(starter_card, recipe) == Means("model")
    assert again.first(starter_card, longer) == Means("model", tiled=True)
    assert again.first(starter_card, shorter) == Means()
    assert again.first(starter_card.changed(id="another"), recipe) == Means()
    assert Ladder(GPU.changed(name="another"), tmp_path / "cache").first(starter_card, recipe) == Means()


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '[["a", 1, {"placement": "moon"}]]', '[["a", 1, {"x": 1}]]', "[" * 9999]
)
def test_a_broken_memory_is_begun_anew(starter_card: ModelCard, recipe: Recipe, tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    ladder = Ladder(GPU, tmp_path)
    assert ladder.first(starter_card, recipe) == Means()
    ladder.remember(starter_card, recipe, Means("group"))
    assert ladder.first(starter_card, recipe) == Means("group")


def test_a_full_disk_costs_only_the_memory_of_it(starter_card: ModelCard, recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    ladder = Ladder(GPU, tmp_path / "cache")
    ladder.remember(starter_card, recipe, Means("group"))
    assert ladder.first(starter_card, recipe) == Means()
