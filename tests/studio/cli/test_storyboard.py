"""A script becomes shots of a project without a window and without an engine."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.cli import app
from studio.project.project import VERSION
from studio.project.storage import PROJECT_FILE, open_project

SCRIPT = """EXT. BEACH - DAWN

MARA (30s) walks along the water.

MARA
Hello, sea.

INT. HUT - NIGHT

A candle burns.
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return a function that runs the command in the test's folder, where there is a script."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.fountain").write_text(SCRIPT, "utf-8")

    def running(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["reelwright", "storyboard", *arguments])
        code = app.run()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return running


def prompts(path: Path) -> list[str]:
    with open_project(path).folder as folder:
        return [shot.draft.prompt for shot in folder.read()[0].shots]


def test_a_project_is_made_and_gets_more(run: Run, tmp_path: Path) -> None:
    code, out, err = run("film.fountain", "--project", "film")
    assert (code, err) == (0, "")
    assert "1.1 Beach" in out
    assert out.endswith("2 shots, 4.0 s; new in the bible: Mara, Beach, Hut → film\n"), out
    wanted = ["@Mara walks along the water. @Beach, at dawn", "A candle burns. @Hut, at night"]
    assert prompts(tmp_path / "film") == wanted
    (tmp_path / "more.txt").write_text("Shot 1: Mara smiles (3 s)\n", "utf-8")
    code, out, _ = run("more.txt", "--project", "film", "--json")
    facts = json.loads(out)
    assert (code, facts["status"], facts["bible"]) == (0, "added", [])
    assert [(shot["prompt"], shot["seconds"], shot["is_timed"]) for shot in facts["shots"]] == [
        ("@Mara smiles", 3.0, True)
    ]
    assert [(found["kind"], found["text"]) for found in facts["shots"][0]["fields"]] == [
        ("character", "@Mara"),
        ("action", "smiles"),
    ]
    assert prompts(tmp_path / "film") == [*wanted, "@Mara smiles"]


def test_a_dry_run_changes_nothing(run: Run, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    code, out, _ = run("film.fountain", "--dry-run", "--json")
    assert (code, json.loads(out)["status"], len(json.loads(out)["shots"])) == (0, "planned", 2)
    code, out, _ = run("film.fountain", "--dry-run", "--project", "film")
    assert (code, "2 shots" in out) == (0, True)
    assert sorted(tmp_path.rglob("*")) == before


def test_other_encodings_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_bytes("La niña camina por la playa mañana.".encode("latin-1"))
    code, out, err = run("old.txt", "--dry-run")
    assert (code, "niña" in out, err) == (0, True, "old.txt is not UTF-8: it was read as cp1252\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "bad.txt: no such file\n"),
        (b"", "bad.txt: cannot be read (nothing in it tells what is seen)\n"),
        (b"\0\1\2" * 999, "bad.txt: cannot be read (it is no text)\n"),
        (b"a" * (9 << 20), "bad.txt: cannot be read (it is too long: more than 8388608 bytes)\n"),
    ],
)
def test_a_bad_script_makes_no_project(run: Run, tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "bad.txt").write_bytes(content)
    assert run("bad.txt", "--project", "film") == (2, "", said)
    assert not (tmp_path / "film").exists()


def test_a_folder_is_needed(run: Run) -> None:
    code, _, err = run("film.fountain")
    assert (code, err) == (2, "--project: is not valid (name a folder, or use --dry-run)\n")


def test_projects_that_cannot_be_written_stay_as_they_are(run: Run, tmp_path: Path) -> None:
    run("film.fountain", "--project", "film")
    folder, file = tmp_path / "film", tmp_path / "film" / PROJECT_FILE
    whole = file.read_bytes()

    with open_project(folder).folder:
        code, _, err = run("film.fountain", "--project", "film")
    assert (code, "the project is open" in err) == (2, True)

    newer = json.dumps(json.loads(whole) | {"version": VERSION + 1}).encode()
    for content, said in ((newer, "a newer version has saved it"), (b"{", "cannot be read")):
        file.write_bytes(content)
        code, out, err = run("film.fountain", "--project", "film")
        assert (code, out) == (2, "")
        assert said in err
        assert file.read_bytes() == content

    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("x")
    code, _, err = run("film.fountain", "--project", "other")
    assert (code, err) == (2, "other: cannot be written to (there is something else in it)\n")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["letter.txt"]
