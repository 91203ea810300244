"""Every format, what lies beside it, and what `inspect` says of it."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.cli.output import pictures, sidecar_recipe

Cli = Callable[..., Any]
QUICK = ("--size", "64x64", "--frames", "5", "--steps", "1", "--seed", "7")


def recipe_of(cli: Cli, name: str) -> dict[str, object]:
    said = cli("inspect", name, "--json")
    assert said.code == 0, said.err
    return json.loads(said.out)["recipe"]


def test_each_name_and_format(cli: Cli, tmp_path: Path) -> None:
    for words, name in (
        (("--format", "webm"), "a-sea-7.webm"),
        (("--format", "prores"), "a-sea-7.mov"),
        (("--format", "ffv1", "-o", "B.MKV"), "B.MKV"),
        (("-o", "c.webm", "--format", "webm"), "c.webm"),
    ):
        made = cli("generate", "a sea", *QUICK, *words)
        assert (made.code, made.out.split("  ")[0]) == (0, name), made.err
        assert "64x64 · 5 frames · 0.4 s · seed 7" in made.out
        assert recipe_of(cli, name)["prompt"] == "a sea"
        assert cli("inspect", name).out.startswith("clip · 64x64 · 5 frames · 12 fps · 0.4 s\n")


def test_a_gif_has_its_recipe_beside_it_and_another_clip_of_that_name_has_not(cli: Cli, tmp_path: Path) -> None:
    made = cli("generate", "a sea", *QUICK, "-o", "a.gif", "--json")
    assert json.loads(made.out)["files"] == ["a.gif", "a.gif.recipe.json"]
    assert recipe_of(cli, "a.gif")["prompt"] == "a sea"
    job = json.loads(made.out)["job"]
    saved = json.loads(cli("queue", "save", job, "b.gif", "--json").out)
    assert saved == {"job": job, "output": "b.gif", "files": ["b.gif", "b.gif.recipe.json"]}
    assert sidecar_recipe(tmp_path / "b.gif") == sidecar_recipe(tmp_path / "a.gif")
    (tmp_path / "a.gif").rename(tmp_path / "a.mp4")
    assert sidecar_recipe(tmp_path / "a.mp4") is None
    assert json.loads(cli("queue", "delete", job, "--json").out) == {"job": job, "status": "deleted"}


def test_pictures_in_a_folder_or_a_zip(cli: Cli, tmp_path: Path) -> None:
    assert cli("generate", "a sea", *QUICK, "--format", "png", "-o", "pics").code == 0
    names = [f"frame-{n:06d}.png" for n in range(1, 6)]
    assert [path.name for path in pictures(tmp_path / "pics")] == names
    assert cli("inspect", "pics").out.startswith("pictures of a clip · 64x64 · 5 frames\n")
    assert recipe_of(cli, "pics") == recipe_of(cli, "pics/frame-000002.png")
    assert recipe_of(cli, "pics")["prompt"] == "a sea"
    again = cli("generate", "a sea", *QUICK, "--format", "png", "-o", "pics")
    assert (again.code, "pics is there and not an empty folder" in again.err) == (2, True)
    assert cli("generate", "a sea", *QUICK, "--no-recipe", "-o", "pics.zip").code == 0
    assert zipfile.ZipFile(tmp_path / "pics.zip").namelist() == names
    assert cli("inspect", ".").code == 2


def test_a_draft_of_a_long_clip_says_how_much_of_it_there_is(cli: Cli) -> None:
    long = ("--size", "64x64", "--seconds", "6", "--steps", "2", "--seed", "7")
    made = cli("generate", "a sea", *long, "--draft-steps", "1", "-o", "a.mp4")
    assert (made.code, "64x64 · 41 of 73 frames · 3.4 s" in made.out) == (0, True), made
    name = made.out.split("`reelwright finish ")[1].split("`")[0]
    assert "64x64x73" in cli("queue").out
    finished = cli("finish", name, "-o", "b.mp4")
    assert (finished.code, "64x64 · 73 frames · 6.1 s" in finished.out) == (0, True), finished
    stages = [line.split()[0] for line in finished.err.splitlines()]
    assert len(stages) == len(set(stages))  # each section has them again
    refused = cli("finish", name)
    assert refused.err == f"job {name}: it is done: `reelwright queue save {name} FILE` writes its clip\n"


@pytest.mark.parametrize("words", [["--help"], ["generate", "--help"], ["queue", "--help"]])
def test_help_cuts_no_sentence(cli: Cli, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = cli(*words)
    assert (ended.code, "..." in ended.out.replace("[ARGS]...", "")) == (0, False)
