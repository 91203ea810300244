"""Memory of a film's export against its number of shots, on Linux: `python tests/bench/film_memory.py`; see RESULTS.md.

Each film is made by a process of its own, as a worker makes it (without torch): every shot a file of its own with
sound, crossfaded with the next, music under all of it, brought to -14 LUFS. What counts is the most that the process
and all of its ffmpegs had together at one moment.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil

from engine.protocol.film import Film, FilmClip, FilmSound
from engine.protocol.job import Delivery
from engine.protocol.work import Export

SHOTS = (3, 20)
SHOT_S = 2
SIZE = (480, 270)
RUNS = 2


class Together(threading.Thread):
    """Looks every few milliseconds at how much memory this process and its ffmpegs have, and keeps the most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0

    def run(self) -> None:
        this = psutil.Process()
        while True:
            now_bytes = this.memory_info().rss
            for child in this.children():
                with contextlib.suppress(psutil.Error):
                    if "ffmpeg" in child.name():  # and not on its way from this program to that one
                        now_bytes += child.memory_info().rss
            self.peak_bytes = max(self.peak_bytes, now_bytes)
            time.sleep(0.01)


def shot(folder: Path, number: int) -> Path:
    """A clip of its own, at one of three rates."""
    from engine.media.ffmpeg import run

    path = folder / f"shot-{number}.mp4"
    rate = (24, 25, 30)[number % 3]
    words = f"-f lavfi -i testsrc2=size={SIZE[0]}x{SIZE[1]}:rate={rate}:duration={SHOT_S} -f lavfi"
    words += f" -i sine={200 + 20 * number}:d={SHOT_S} -pix_fmt yuv420p -c:a aac -y {path}"
    finished, _ = run(words.split(), limit_s=120, max_output_bytes=1)
    assert finished.return_code == 0, finished.log
    return path


def export(count: int, folder: Path) -> dict[str, float]:
    """A film of so many shots; its peak in bytes, and how long it took."""
    from engine.media.ffmpeg import run
    from engine.render.film import write_film
    from engine.render.interrupt import Interrupt

    media = {str(number): str(shot(folder, number)) for number in range(count)}
    music = folder / "music.mp3"
    run(f"-f lavfi -i sine=110:d={SHOT_S * count} -y {music}".split(), limit_s=60, max_output_bytes=1)
    clips = tuple(
        FilmClip(media=str(n), fps=(24, 25, 30)[n % 3], num_frames=SHOT_S * (24, 25, 30)[n % 3], transition="crossfade")
        for n in range(count)
    )
    film = Film(
        width=SIZE[0],
        height=SIZE[1],
        fps=24,
        clips=tuple(clip.changed(has_sound=True) for clip in clips),
        sounds=(FilmSound(media="music", gain_db=-6, fade_out_s=2.0),),
        loudness_lufs=-14,
    )
    files = {**media, "music": str(music)}
    work = Export(job_id="film", film=film, delivery=Delivery(), media_files=files, output=str(folder / "film.mp4"))
    together = Together()
    together.start()
    began_s = time.monotonic()
    assert write_film(work, lambda _: None, Interrupt()) == film.num_frames
    return {"peak_bytes": together.peak_bytes, "took_s": time.monotonic() - began_s, "frames": film.num_frames}


def measured(count: int) -> dict[str, float]:
    """The same in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--one", str(count)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure all and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", type=int, metavar="SHOTS")
    one = parser.parse_args().one
    if one:
        with tempfile.TemporaryDirectory() as name:
            print(json.dumps(export(one, Path(name))))
        return
    found: dict[str, object] = {}
    peaks: dict[int, float] = {}
    for count in SHOTS:
        runs = [measured(count) for _ in range(RUNS)]
        peaks[count] = min(run["peak_bytes"] for run in runs)
        found[f"{count} shots"] = {
            "peaks, MiB": [round(run["peak_bytes"] / 2**20, 1) for run in runs],
            "frames": runs[0]["frames"],
            "took, s": [round(run["took_s"], 1) for run in runs],
        }
    found["ratio of the least peaks"] = round(peaks[SHOTS[-1]] / peaks[SHOTS[0]], 3)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
