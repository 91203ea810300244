"""The storyboard on paper."""

from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtPdf import QPdfDocument
from pytestqt.qtbot import QtBot

from engine.protocol.film import Placed
from studio.project.draft import Draft
from studio.project.project import Project
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.views.storyboard_pdf import panel, pdf


@pytest.fixture
def film() -> Project:
    """Seven shots, in three scripts."""
    prompts = ("A serene beach at sunset", "شاطئ هادئ عند الغروب", "宁静的海滩", "word " * 400, "", "gulls", "the end")
    shots = [
        Shot(id=str(place), name=f"Shot {place}", draft=Draft(prompt=prompt), dialogue=("Look!",))
        for place, prompt in enumerate(prompts)
    ]
    return Project(id="f", name="Coast <film> ✂", created_at=1.0, settings=Settings(fps=24), shots=tuple(shots))


def written(film: Project, path: Path) -> QPdfDocument:
    picture = QImage(320, 180, QImage.Format.Format_RGB32)
    picture.fill(QColor("#c08040"))
    panels = [
        panel(film, shot, Placed(first_frame=48 * index, num_frames=48), picture if index % 2 else None)
        for index, shot in enumerate(film.shots)
    ]
    path.write_bytes(pdf(film, panels))
    document = QPdfDocument()
    assert document.load(str(path)) == QPdfDocument.Error.None_
    return document


def test_six_shots_are_on_a_page_with_their_words(qtbot: QtBot, film: Project, tmp_path: Path) -> None:
    document = written(film, tmp_path / "a.pdf")
    assert document.pageCount() == 2
    first, second = (document.getAllText(page).text() for page in range(2))
    assert "Coast <film>" in first
    assert "A serene beach at sunset" in first
    assert "“Look!”" in first
    assert "Shot 5" in first
    assert "the end" not in first
    assert "the end" in second
    assert "page 2 of 2" in second


def test_a_film_without_shots_is_a_page(qtbot: QtBot, film: Project, tmp_path: Path) -> None:
    assert written(film.changed(shots=()), tmp_path / "a.pdf").pageCount() == 1
