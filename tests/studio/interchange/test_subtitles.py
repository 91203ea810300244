"""What is said in a film, as subtitles."""

from pathlib import Path

import pysubs2
import pytest

from studio.interchange.subtitles import FORMATS, write_subtitles
from studio.project.draft import Draft
from studio.project.project import Project
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.project.timeline import NothingSaidError


def planned_s(shot: Shot) -> float:
    return 2.0


@pytest.fixture
def film() -> Project:
    """Three shots of two seconds, the first two crossfaded for half a second."""
    shots = (
        Shot(id="a", name="A", dialogue=("Look.", "The sea {is} near."), transition="crossfade"),
        Shot(id="b", name="B", draft=Draft(prompt="a beach\nat sunset")),
        Shot(id="c", name="C", dialogue=("مرحبا", "  ")),
    )
    return Project(id="f", name="Film", created_at=1.0, settings=Settings(fps=24), shots=shots)


@pytest.mark.parametrize("suffix", FORMATS)
def test_lines_are_seen_while_their_shot_is(film: Project, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film{suffix}"
    assert write_subtitles(film, path, "dialogue", planned_s) == 3
    first, second, third = pysubs2.load(str(path)).events
    assert (first.start, first.end) == (0, second.start)
    assert second.end == pytest.approx(2000, abs=10)
    assert first.end == pytest.approx(2000 * 5 / 23, abs=10)
    assert (third.start, third.end) == (pytest.approx(3500, abs=10), pytest.approx(5500, abs=10))
    assert [event.plaintext for event in (first, second, third)] == ["Look.", "The sea (is) near.", "مرحبا"]


def test_prompts_can_be_read_along(film: Project, tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    assert write_subtitles(film, path, "prompts", planned_s) == 1
    (only,) = pysubs2.load(str(path)).events
    assert (only.start, only.end, only.plaintext) == (2000, 3500, "a beach\nat sunset")


def test_a_film_without_words_is_told(film: Project, tmp_path: Path) -> None:
    silent = film.changed(shots=(film.shots[1],))
    path = tmp_path / "film.srt"
    path.write_text("before")
    with pytest.raises(NothingSaidError):
        write_subtitles(silent, path, "dialogue", planned_s)
    assert path.read_text() == "before"
    with pytest.raises(ValueError, match="none of"):
        write_subtitles(film, tmp_path / "film.txt", "dialogue", planned_s)
