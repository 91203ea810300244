"""Model cards: what is no card is refused by name, and no card reaches outside its folder."""

from pathlib import Path

import pytest

from engine.protocol.condition import Condition
from engine.protocol.home import RESOURCES
from engine.protocol.model_card import ModelCard, read_card
from engine.protocol.recipe import Recipe
from engine.protocol.rules import problems

STARTER = (RESOURCES / "models" / "starter.toml").read_text("utf-8")


def written(folder: Path, text: str) -> Path:
    path = folder / "model.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_starter_s_card_fits_its_own_defaults(starter_card: ModelCard) -> None:
    defaults, size, frames = starter_card.defaults, starter_card.size, starter_card.frames
    assert defaults.width % size.multiple == defaults.height % size.multiple == 0
    assert (defaults.num_frames - 1) % frames.step == 0
    assert {f.path.split("/")[0] for f in starter_card.files} > {"transformer", "vae", "text_encoder", "tokenizer"}


def test_the_starter_s_files_are_those_of_its_card(starter_card: ModelCard) -> None:
    folder = RESOURCES / "models" / starter_card.folder
    assert {f.path: f.size_bytes for f in starter_card.files} == {
        path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()
    }


SHIPPED = [read_card(path) for path in sorted((RESOURCES / "models").glob("*.toml"))]


def test_there_are_models_to_fetch() -> None:
    assert len([card for card in SHIPPED if card.is_from_hub]) >= 12
    assert len({card.id for card in SHIPPED}) == len({card.folder for card in SHIPPED}) == len(SHIPPED)


@pytest.mark.parametrize("card", [card for card in SHIPPED if card.is_from_hub], ids=lambda card: card.id)
def test_a_card_to_fetch_says_only_what_it_can_know(card: ModelCard) -> None:
    path = RESOURCES / "models" / f"{card.id}.toml"
    text = path.read_text("utf-8")
    assert card.files == ()
    assert "sha256" not in text
    assert "size_bytes" not in text
    assert (card.location, card.gguf, card.folder) == (None, None, card.id)
    assert card.description.endswith(".")
    assert card.licence


@pytest.mark.parametrize("card", SHIPPED, ids=lambda card: card.id)
def test_what_a_card_starts_from_can_be_made(card: ModelCard) -> None:
    usual = card.defaults.model_dump(exclude={"strength"})
    recipe = Recipe.model_validate({"model": card.id, "prompt": "a beach", "seed": 7, **usual})
    if card.needs_image:
        assert [problem.kind for problem in problems(recipe, card)] == ["needed"]
        recipe = recipe.changed(conditions=[Condition(media="aa", frame_index=0).model_dump()])
    assert problems(recipe, card) == []
    assert card.context_frames % card.frames.step == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "id"),
        ("this is no TOML", "model.toml"),
        ("id = 'x'\nid = 'y'", "model.toml"),
        (STARTER.replace("[size]", "surprise = 1\n[size]", 1), "surprise"),
        (STARTER.replace("[size]", "[size]\nlargest = 7", 1), "size.largest"),
        (STARTER.replace('family = "ltx"', 'family = "No/such"'), "family"),
        (STARTER.replace("multiple = 32", "multiple = 0"), "size.multiple"),
        (STARTER.replace("fps = 12.0", "fps = nan"), "defaults.fps"),
        (STARTER.replace("guidance_scale = 4.0", "guidance_scale = inf"), "defaults.guidance_scale"),
        (STARTER.replace("size_bytes = 422", "size_bytes = -1"), "files.0.size_bytes"),
    ],
)
def test_what_is_no_card_is_refused_by_name(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"model\.toml is no valid model card") as caught:
        read_card(written(tmp_path, text))
    assert reason in str(caught.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_bytes(b"id = '\xff\xfe'")
    with pytest.raises(ValueError, match=r"model\.toml"):
        read_card(path)


@pytest.mark.parametrize(
    "escape",
    [
        "../x",
        "/x",
        "C:\\x",
        "C:x",
        "vae/../../x",
        "..",
        "vae\\..\\x",
        "~/x",
        "",
        ".",
        "//server/share",
        "\\\\server\\x",
    ],
)
def test_paths_stay_below_the_model_s_folder(tmp_path: Path, escape: str) -> None:
    quoted = f"'{escape}'"
    for line in ('path = "model_index.json"', 'folder = "starter"'):
        assert STARTER.count(line) == 1
        text = STARTER.replace(line, f"{line.split('=')[0]}= {quoted}")
        with pytest.raises(ValueError, match="below the model's folder"):
            read_card(written(tmp_path, text))


def test_a_deeper_path_is_fine(tmp_path: Path) -> None:
    card = read_card(written(tmp_path, STARTER.replace('"model_index.json"', "'a/b..c/d.safetensors'")))
    assert card.files[0].path == "a/b..c/d.safetensors"
