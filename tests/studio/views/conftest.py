"""What tests of panels stand on: a studio whose engine says what the test says, and jobs, takes and pictures for it."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QAction, QColor, QCursor, QImage, QLinearGradient, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.protocol.clip_frames import ClipFrames
from engine.protocol.events import JobChanged, Preview, Progress
from engine.protocol.failure import Failure
from engine.protocol.job import Cancelled, Done, Drafted, Failed, Job, JobRequest, Paused, Queued, Running, TakeFile
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from studio.link.scripted import ScriptedLink
from studio.link.state import Connected
from studio.models.studio import Studio
from studio.project import edits
from studio.project.footage import Footage
from studio.project.sample import sample_project
from studio.project.storage import create_project
from studio.project.take import Take
from studio.style.sheet import apply_theme
from studio.style.tokens import DARK, Theme
from studio.views.actions import build_actions

EDGE = 16
"""Around what is shown: the mouse stands in the corner."""
WIDTH, HEIGHT, FRAMES, FPS = 128, 96, 17, 12.0


class Scene:
    """A studio on a scripted link, and everything that can happen to it in one line each."""

    def __init__(self, studio: Studio, link: ScriptedLink) -> None:
        self.studio = studio
        self.link = link

    def recipe(self, **fields: Any) -> Recipe:
        """A recipe for the starter."""
        usual = {"model": "starter", "prompt": "a beach", "width": WIDTH, "height": HEIGHT, "num_frames": FRAMES}
        rest = {"fps": FPS, "num_inference_steps": 20, "guidance_scale": 4.0, "seed": 7}
        return Recipe.model_validate({**usual, **rest, **fields})

    def job(self, name: str = "job-1", *, shot: str | None = None, **fields: Any) -> Job:
        """A waiting job of the open shot (or another); fields are the recipe's."""
        film = self.studio.film
        assert film.shot is not None
        request = JobRequest(recipe=self.recipe(**fields), project=film.project.id, shot=shot or film.shot.id)
        return Job(id=name, request=request, created_at=1.0)

    def tell(self, job: Job) -> Job:
        """The engine says how this job is."""
        self.link.tell(JobChanged(job=job))
        return job

    def queue(self, name: str = "job-1", **fields: Any) -> Job:
        """It waits."""
        return self.tell(self.job(name, **fields).changed(state=Queued()))

    def run(self, name: str = "job-1", *, previews: int = 0, step: int = 12, **fields: Any) -> Job:
        """It runs and stands at a step of 20; with `previews`, its frames can be seen."""
        job = self.tell(self.job(name, **fields).changed(state=Running(started_at=2.0, device="cpu")))
        self.progress(name, step=step)
        if previews:
            self.preview(name, previews, step=step)
        return job

    def progress(self, name: str = "job-1", *, step: int = 12, **fields: Any) -> None:
        """It got on."""
        usual = {"stage": "denoise", "step": step, "total_steps": 20, "elapsed_s": 2.0, "eta_s": 4.0}
        self.link.tell(Progress.model_validate({"job_id": name, **usual, **fields}))

    def preview(self, name: str = "job-1", count: int = FRAMES, *, step: int = 12) -> list[bytes]:
        """It shows what it has so far; returns the frames."""
        shown = jpegs(f"{name} {step}", count)
        sizes = tuple(map(len, shown))
        head = {"job_id": name, "step": step, "total_steps": 20, "fps": FPS, "width": WIDTH, "height": HEIGHT}
        self.link.tell(Preview.model_validate({**head, "frame_sizes_bytes": sizes}), shown)
        return shown

    def pause(self, name: str = "job-1", **fields: Any) -> Job:
        """It was paused."""
        return self.tell(self.job(name, **fields).changed(state=Paused(step=12, total_steps=20)))

    def draft(self, name: str = "job-1", *, step: int = 5, **fields: Any) -> Job:
        """It is a draft, which the film has adopted."""
        job = self.job(name, **fields)
        state = Drafted(finished_at=3.0, step=step, total_steps=20, take=_file(f"{name} draft", job))
        return self.tell(job.changed(state=state))

    def finish(self, name: str = "job-1", **fields: Any) -> Take:
        """It made its take, which the film has adopted."""
        job = self.job(name, **fields)
        state = Done(finished_at=4.0, take=_file(name, job), stage_s={"denoise": 1.5}, build="0.1.0")
        self.tell(job.changed(state=state))
        return self.studio.film.project.take(name)

    def fail(self, name: str = "job-1", kind: str = "out_of_memory", detail: str = "", **fields: Any) -> Job:
        """It failed."""
        failure = Failure.model_validate({"kind": kind, "detail": detail})
        return self.tell(self.job(name, **fields).changed(state=Failed(finished_at=3.0, failure=failure)))

    def cancel(self, name: str = "job-1", **fields: Any) -> Job:
        """It was cancelled."""
        return self.tell(self.job(name, **fields).changed(state=Cancelled(finished_at=3.0)))

    def footage(self, name: str = "still.png") -> Footage:
        """Put an image (or a clip, by its name) into the bin."""
        made = Footage(item=media_item(name), name=name)
        self.studio.film.edit("add_footage", lambda project: edits.add_footage(project, made))
        return made

    def made_item(self, name: str) -> MediaItem:
        """What the engine finds in a file of this name."""
        return media_item(name)

    def serve(self) -> int:
        """Answer everything that waits for frames, or for what is in a medium; returns how many answers that were."""
        answered = 0
        while waiting := [*self.link.waiting("frames"), *self.link.waiting("media_item")]:
            for ticket in waiting:
                if ticket.ask.name == "media_item":
                    self.link.answer("media_item", self.item_of(ticket.ask.arguments[0]))
                else:
                    self.link.answer("frames", self._frames(*ticket.ask.arguments))
                answered += 1
        return answered

    def item_of(self, media: str) -> MediaItem:
        """What the engine finds in a take's file, or in one of the bin."""
        project = self.studio.film.project
        for footage in project.bin:
            if footage.sha256 == media:
                return footage.item
        take = next(take for shot in project.shots for take in shot.takes if take.media == media)
        seen = {"width": take.width, "height": take.height, "num_frames": take.num_frames, "fps": take.fps}
        return media_item("clip.mp4").changed(sha256=media, duration_s=take.duration_s, **seen)

    def _frames(self, media: str, first: int, count: int, _: object) -> ClipFrames:
        item = self.item_of(media)
        shown = tuple(jpegs(media, max(0, min(count, item.num_frames - first)), first))
        return ClipFrames(first, item.num_frames, item.fps, WIDTH, HEIGHT, shown)


def sha(word: object) -> str:
    return hashlib.sha256(str(word).encode()).hexdigest()


def media_item(name: str) -> MediaItem:
    fields = {"sha256": sha(name), "format": Path(name).suffix[1:], "size_bytes": 5, "width": WIDTH, "height": HEIGHT}
    if Path(name).suffix in {".png", ".jpg", ".webp"}:
        return MediaItem.model_validate({**fields, "kind": "image"})
    clip = {"kind": "clip", "num_frames": 24, "fps": 24.0, "duration_s": 1.0}
    return MediaItem.model_validate({**fields, **clip})


def _file(name: str, job: Job) -> TakeFile:
    frames = job.request.recipe.take_frames
    return TakeFile(media=sha(name), container="mp4", size_bytes=100, num_frames=frames)


def jpegs(word: str, count: int, first: int = 0) -> list[bytes]:
    return [jpeg(word, index) for index in range(first, first + count)]


def jpeg(word: str = "", index: int = 0, width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A dusk of its own colour for each word, with a sun that moves by the frame."""
    hue = int(sha(word)[:4], 16) % 360
    image = QImage(width, height, QImage.Format.Format_RGB32)
    sky = QLinearGradient(0, 0, 0, height)
    sky.setColorAt(0, QColor.fromHsv(hue, 150, 60))
    sky.setColorAt(0.62, QColor.fromHsv((hue + 30) % 360, 140, 210))
    sky.setColorAt(0.63, QColor.fromHsv(hue, 160, 90))
    sky.setColorAt(1, QColor.fromHsv(hue, 160, 40))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(image.rect(), sky)
    painter.setBrush(QColor.fromHsv((hue + 45) % 360, 60, 250))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(int(width * (0.1 + index % 50 / 60)), height // 3, height // 6, height // 6)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "JPG", 85)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return bytes(buffer.data().data())


@pytest.fixture
def link(qapp: QApplication) -> ScriptedLink:
    """A link that has reached an engine; nothing is said yet."""
    made = ScriptedLink()
    made.become(Connected())
    return made


@pytest.fixture
def studio(link: ScriptedLink, tmp_path: Path, starter_card: ModelCard) -> Iterator[Studio]:
    """The sample project in a folder of its own, with the starter ready and no jobs."""
    made = Studio(link, create_project(tmp_path / "film", sample_project("Coast film")))
    link.connect_with(models=[(starter_card, [])])
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def scene(studio: Studio, link: ScriptedLink) -> Scene:
    """The studio, and what the engine does to it: `scene.run("a", previews=17)`, `scene.finish("a")`, ..."""
    return Scene(studio, link)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """The dark theme, applied to the application."""
    apply_theme(qapp, DARK)
    yield DARK
    qapp.setStyleSheet("")
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


@pytest.fixture
def actions(qapp: QApplication, theme: Theme) -> Iterator[dict[str, QAction]]:
    """Every action, connected to nothing: tests listen to `triggered`."""
    owner = QWidget()
    yield build_actions(owner, theme)
    owner.deleteLater()


@pytest.fixture
def fake_jpeg(qapp: QApplication) -> Any:
    """Return a function that paints a JPEG: `fake_jpeg("word", index, width, height)`."""
    return jpeg


@pytest.fixture
def show(qtbot: QtBot) -> Callable[..., None]:
    """Return a function that shows a widget in a size: `show(widget, 900, 600)`."""

    held: list[QWidget] = []

    def showing(widget: QWidget, width: int = 900, height: int = 600) -> None:
        if widget.window() is not widget:
            widget.window().resize(width + 2 * EDGE, height + 2 * EDGE)
            widget.resize(width, height)
            return
        holder = QWidget()  # offscreen Qt warns when the smallest size of a window changes
        held.append(holder)
        qtbot.addWidget(holder)
        holder.resize(width + 2 * EDGE, height + 2 * EDGE)
        widget.setParent(holder)
        widget.setGeometry(EDGE, EDGE, width, height)
        QCursor.setPos(0, 0)  # where the test before has left it, the widget would be pointed at
        with qtbot.waitExposed(holder):
            holder.show()
        widget.show()

    return showing


@pytest.fixture
def look(show: Callable[..., None]) -> Callable[..., None]:
    """Return a function that shows a widget and, with `LOOK=folder`, keeps its picture: `look(widget, "name")`."""

    def looking(widget: QWidget, name: str, width: int = 900, height: int = 600) -> None:
        show(widget, width, height)
        folder = os.environ.get("LOOK")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            widget.grab().save(str(Path(folder) / f"{name}.png"))

    return looking
