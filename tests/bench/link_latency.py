"""How late the GUI's thread is while previews stream in: `python tests/bench/link_latency.py`, prints percentiles."""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QTimer

from engine.protocol.events import JobChanged
from engine.protocol.job import JobRequest
from engine.protocol.recipe import Recipe
from studio.link.engine_link import EngineLink, attach_to
from studio.link.state import Connected

TICK_MS = 5
QUIET_S = 5.0
CLIP = {"width": 192, "height": 192, "num_frames": 49, "fps": 12, "num_inference_steps": 60, "guidance_scale": 3.0}


class Ticks:
    """A timer's lateness, in milliseconds."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._last_s = 0.0
        self._timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """From now on."""
        self.late_ms = []
        self._last_s = time.perf_counter()
        self._timer.start()

    def say(self, what: str) -> None:
        """Print the percentiles."""
        cuts = statistics.quantiles(self.late_ms, n=1000)
        told = " ".join(f"p{share / 10:g} {cuts[share - 1]:.2f}" for share in (500, 900, 990, 999))
        print(f"{what}: {told} max {max(self.late_ms):.2f} ms late, {len(self.late_ms)} ticks")

    def _tick(self) -> None:
        now_s = time.perf_counter()
        self.late_ms.append(max(0.0, (now_s - self._last_s) * 1000 - TICK_MS))
        self._last_s = now_s


def main() -> int:
    """Measure without and with a job."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QCoreApplication(sys.argv)
    ticks = Ticks()
    previews: list[int] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        link = EngineLink(attach_to(Path(folder), 5.0))
        recipe = Recipe.model_validate({"model": "starter", "prompt": "a beach", "seed": 1, **CLIP})

        def render() -> None:
            ticks.say("quiet")
            ticks.start()
            link.submit(JobRequest(recipe=recipe))

        def on_event(event: object) -> None:
            if isinstance(event, JobChanged) and event.job.is_over:
                ticks.say(f"{len(previews)} previews of {sum(previews) / len(previews) / 1024:.0f} KiB")
                link.stop_engine()
                app.quit()

        def on_state(state: object) -> None:
            if isinstance(state, Connected):
                ticks.start()
                QTimer.singleShot(int(QUIET_S * 1000), render)

        link.state_changed.connect(on_state)
        link.happened.connect(on_event)
        link.preview.connect(lambda _, jpegs: previews.append(sum(map(len, jpegs))))
        link.start()
        app.exec()
        link.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
