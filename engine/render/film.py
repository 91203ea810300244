"""One film as a job: its sound prepared, then its frames written, with progress and cancel between any two."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.media.containers import coding
from engine.media.film import pictures
from engine.media.film_sound import film_sound
from engine.media.frames import Frame
from engine.media.video_write import write_video
from engine.protocol.events import Progress
from engine.protocol.work import Export
from engine.render.interrupt import Interrupt

PROGRESS_INTERVAL_S = 0.1
_FRAMES_TO_GUESS = 8


def write_film(work: Export, tell: Callable[[Progress], None], interrupt: Interrupt) -> int:
    """Write a film atomically and return how many frames the file has.

    Raises:
        MediaError: for media that cannot be read, a full disk, or a folder that cannot be written; nothing
            half-written stays.
        InterruptedRenderError: when somebody cancels or pauses it.
    """
    film, delivery = work.film, work.delivery
    media = {sha256: Path(path) for sha256, path in work.media_files.items()}
    watch = _Watch(work, tell, interrupt)
    watch.tell(0)
    has_place = delivery.container != "zip" and coding(delivery.container).sound
    sound = film_sound(film, media, interrupt.check) if has_place else None
    with contextlib.closing(pictures(film, media)) as frames:
        return write_video(
            work.output,
            watch.frames(frames),
            film.fps,
            container=delivery.container,
            recipe_json=film.model_dump_json() if delivery.embed_recipe else None,
            sound=sound,
            quality=delivery.quality,
        )


class _Watch:
    """Tells how far a film is."""

    def __init__(self, work: Export, tell: Callable[[Progress], None], interrupt: Interrupt) -> None:
        self._job_id = work.job_id
        self._total = work.film.num_frames
        self._tell = tell
        self._interrupt = interrupt
        self._began_s = time.monotonic()
        self._first_s: float | None = None

    def frames(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Yield the same, with an interrupt noticed and progress told between any two."""
        self._first_s = told_s = time.monotonic()
        for number, frame in enumerate(frames, 1):
            self._interrupt.check()
            yield frame
            if time.monotonic() - told_s > PROGRESS_INTERVAL_S:
                told_s = time.monotonic()
                self.tell(number)
        self.tell(self._total)

    def tell(self, frame: int) -> None:
        """Say that so many frames are written."""
        now_s, eta_s = time.monotonic(), None
        if self._first_s is not None and frame >= _FRAMES_TO_GUESS:
            eta_s = (now_s - self._first_s) / frame * (self._total - frame)
        self._tell(
            Progress(
                job_id=self._job_id,
                stage="write",
                step=0,
                total_steps=0,
                frame=frame,
                total_frames=self._total,
                elapsed_s=now_s - self._began_s,
                eta_s=eta_s,
            )
        )
