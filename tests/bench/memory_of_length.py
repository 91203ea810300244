"""Memory against length, on Linux: `python tests/bench/memory_of_length.py`; results: RESULTS.md.

Each length is made by a process of its own, which says how much memory it and its ffmpegs ever had: clips rendered in
sections as a worker does, and clips of all lengths that are joined to a few new frames, without a model.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import psutil

from engine.protocol.home import RESOURCES
from engine.protocol.job import Delivery
from engine.protocol.model_card import read_card
from engine.protocol.recipe import Recipe
from engine.protocol.splice import Kept, Splice
from engine.protocol.work import Finished, Render

FPS = 12
RENDERED_S = (5, 20, 60, 120)
JOINED_S = (10, 600)
JOINED_SIZE = (64, 48)
STEPS = 2


class Ffmpeg(threading.Thread):
    """Looks every few milliseconds at how much memory the ffmpegs of this process have, and keeps the most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0

    def run(self) -> None:
        while True:
            for child in psutil.Process().children():
                with contextlib.suppress(psutil.Error):
                    if "ffmpeg" in child.name():  # and not on its way from this program to that one
                        self.peak_bytes = max(self.peak_bytes, child.memory_info().rss)
            time.sleep(0.02)


def peak_bytes() -> int:
    """The most memory this process ever had since `forget_peak`."""
    status = Path("/proc/self/status").read_text("utf-8")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def forget_peak() -> None:
    """Count from what is there now; see proc(5)."""
    Path("/proc/self/clear_refs").write_text("5", "utf-8")


def render(seconds: int, folder: Path) -> int:
    """A clip in sections, from a desk that has made a short one before."""
    from engine.render.interrupt import Interrupt
    from engine.worker.desk import Desk
    from engine.worker.pipe import Outbox

    card = read_card(RESOURCES / "models" / "starter.toml")
    recipe = Recipe(
        model=card.id,
        prompt="a beach at sunset",
        width=256,
        height=192,
        num_frames=49,
        fps=FPS,
        num_inference_steps=STEPS,
        guidance_scale=1.0,
        seed=7,
    )

    def work(name: str, num_frames: int) -> Render:
        (folder / name).mkdir()
        return Render(
            job_id=name,
            recipe=recipe.changed(num_frames=num_frames),
            delivery=Delivery(),
            card=card,
            model_folder=str(RESOURCES / "models" / "starter"),
            media_files={},
            output=str(folder / f"{name}.mp4"),
            checkpoints=str(folder / name),
        )

    with Path(os.devnull).open("wb", buffering=0) as nobody:
        desk = Desk("cpu", folder / "cache", Outbox(nobody), Interrupt())
        assert isinstance(desk.run(work("short", 49)), Finished)
        desk.rest()
        forget_peak()
        made = desk.run(work("long", seconds * FPS // 4 * 4 + 1))
        assert isinstance(made, Finished), made
        assert made.num_frames >= seconds * FPS
    return peak_bytes()


def join(seconds: int, folder: Path) -> int:
    """A clip of that length from ffmpeg, extended by a few frames and written."""
    from engine.media.ffmpeg import run
    from engine.media.join import join as joined
    from engine.media.join import kept_reader
    from engine.media.video_write import write_video

    width, height = JOINED_SIZE
    clip = folder / "clip.mp4"
    source = f"testsrc2=size={width}x{height}:rate={FPS}:duration={seconds}"
    finished, _ = run(
        ["-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-y", str(clip)], limit_s=300, max_output_bytes=1
    )
    assert finished.return_code == 0, finished.log
    count = seconds * FPS
    kept = Kept(media="clip", first_frame=0, num_frames=count)
    splice = Splice(width=width, height=height, fps=FPS, before=kept, overlap_frames=4, new_frames=24)

    def new_frames() -> Iterator[np.ndarray]:
        return (np.full((height, width, 3), 9 * i, np.uint8) for i in range(28))

    frames = joined(splice, new_frames, kept_reader({"clip": clip}))
    assert write_video(folder / "joined.mkv", frames, FPS, container="mkv") == count + 20
    return peak_bytes()


def measured(what: str, seconds: int) -> dict[str, int]:
    """The peaks of a process of its own."""
    command = [sys.executable, __file__, "--one", what, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure all and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("WHAT", "SECONDS"))
    one = parser.parse_args().one
    if one:
        with tempfile.TemporaryDirectory() as name:
            ffmpeg = Ffmpeg()
            ffmpeg.start()
            own_bytes = {"render": render, "join": join}[one[0]](int(one[1]), Path(name))
            print(json.dumps({"own": own_bytes, "ffmpeg": ffmpeg.peak_bytes}))
        return
    found = {}
    for what, lengths_s in {"render": RENDERED_S, "join": JOINED_S}.items():
        peaks = {seconds: measured(what, seconds) for seconds in lengths_s}
        for process in ("own", "ffmpeg"):
            found[f"{what}, {process}, MiB"] = {f"{s} s": round(peaks[s][process] / 2**20, 1) for s in lengths_s}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
