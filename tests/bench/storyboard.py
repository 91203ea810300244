"""How fluid the storyboard is with many shots: the window's own processor time for each thing one does there.

    python tests/bench/storyboard.py [shots]

The engine is a script that answers at once, so nothing but the window is measured; a frame at 60 Hz has 16.7 ms.
"""

import os
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["REELWRIGHT_HOME"] = tempfile.mkdtemp()

from PySide6.QtCore import QBuffer, QCoreApplication, QEventLoop, QIODevice, QTimer
from PySide6.QtGui import QColor, QImage

from engine.protocol.clip_frames import ClipFrames
from engine.protocol.events import JobChanged
from engine.protocol.home import RESOURCES
from engine.protocol.job import Done, Job, JobRequest, TakeFile
from engine.protocol.model_card import ModelCard
from studio.app import Run, application
from studio.link.scripted import ScriptedLink
from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry
from studio.project.draft import Draft
from studio.project.planned import planned
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.storage import create_project
from studio.views.storyboard_page import View

SHOTS = 200
TIMES = 40


def spin(ms: int) -> None:
    """Let the window live."""
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def jpeg() -> bytes:
    """A picture of the starter's size."""
    image = QImage(128, 96, QImage.Format.Format_RGB32)
    image.fill(QColor("teal"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "JPG")  # pyright: ignore[reportCallIssue, reportArgumentType]
    return bytes(buffer.data().data())


def serve(link: ScriptedLink, picture: bytes) -> None:
    """Answer everything that waits for frames."""
    while link.waiting("frames"):
        _, first, count, _ = link.waiting("frames")[0].ask.arguments
        shown = tuple(picture for _ in range(max(0, min(count, 17 - first))))
        link.answer("frames", ClipFrames(first, 17, 12.0, 128, 96, shown))


def opened(link: ScriptedLink, card: ModelCard, shots: int) -> tuple[Run, Studio]:
    """The window on a film of so many shots, each with a take, a crossfade between all of them."""
    mara = BibleEntry(id="m", kind="character", name="Mara", description="in a red coat")
    made = tuple(
        Shot(id=f"s{n}", name=f"Shot {n}", draft=Draft(prompt="@Mara by the sea"), transition="crossfade")
        for n in range(shots)
    )
    path = Path(tempfile.mkdtemp()) / "film"
    project = Project(id="film", name="Film", created_at=1.0, shots=made, bible=(mara,))
    create_project(path, project).folder.close()
    run = Run(link)
    run.start(path)
    while run.desk.studio is None:
        spin(20)
    studio = run.desk.studio
    link.connect_with([], [(card, [])])
    for shot in made:
        take = TakeFile(media=shot.id.encode().hex().ljust(64, "0"), container="mp4", size_bytes=1, num_frames=17)
        request = JobRequest(recipe=planned(project, shot, card), project="film", shot=shot.id)
        state = Done(finished_at=2.0, take=take, stage_s={}, build="x")
        link.tell(JobChanged(job=Job(id=f"take-{shot.id}", request=request, created_at=1.0, state=state)))
    return run, studio


def measure(what: str, act: Callable[[int], object]) -> None:
    """Print the processor's time of one, in milliseconds."""
    took_ms = list[float]()
    for number in range(TIMES):
        began_s = time.thread_time()
        act(number)
        QCoreApplication.processEvents()
        took_ms.append((time.thread_time() - began_s) * 1000)
    print(f"{what}: median {statistics.median(took_ms):.1f} ms, worst {max(took_ms):.1f} ms")


def main(shots: int) -> None:
    """Do everything that a hand does, often."""
    app, link, picture = application(), ScriptedLink(), jpeg()
    card = ModelCard.model_validate(tomllib.loads((RESOURCES / "models" / "starter.toml").read_text("utf-8")))
    run, studio = opened(link, card, shots)
    began_s = time.thread_time()
    studio.turn_to("storyboard")
    app.processEvents()
    print(f"{shots} shots; the page is built and seen: {(time.thread_time() - began_s) * 1000:.0f} ms")
    for _ in range(4):
        serve(link, picture)
        spin(50)
    page = run.window.interior.shown_page
    assert isinstance(page, View)
    board, bar, film = page.board, page.board.horizontalScrollBar(), studio.film
    measure("scroll by 40 px", lambda _: bar.setValue(bar.value() + 40))
    measure("zoom", lambda number: board.zoom(1.1 if number % 2 else 1 / 1.1))
    measure("play a frame", lambda number: (studio.screening.seek(number), serve(link, picture)))
    measure("trim", lambda number: studio.storyboard.trim("s2", number % 5, None))
    measure("move a shot", lambda number: studio.storyboard.move("s2", number % 7))
    measure("type in the prompt", lambda number: studio.composer.change("p", prompt=f"@Mara {number}"))
    measure(
        "change the bible",
        lambda number: film.edit("x", lambda each: edits.change_entry(each, "m", description=f"in {number}")),
    )
    board.zoom_fit()
    measure("trim with all cards in sight", lambda number: studio.storyboard.trim("s2", number % 5, None))
    run.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SHOTS)
