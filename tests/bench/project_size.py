"""A project of 200 shots and 1,000 takes, opened and saved: `python tests/bench/project_size.py`.

Every take carries a whole recipe with two conditions and a splice, and every file is there (one byte each). Run it on
a quiet machine: saving waits for the disk.
"""

import argparse
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from engine.protocol.condition import Condition
from engine.protocol.recipe import Recipe
from engine.protocol.splice import Kept, Splice
from studio.project.draft import Draft, Pin
from studio.project.edits import change_draft
from studio.project.history import History
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.storage import create_project, open_project
from studio.project.take import Take

PROMPT = "A serene beach at sunset with waves gently crashing and seagulls flying overhead, @Mara walks, number"


def sha256(number: int) -> str:
    """Of a file that is only counted."""
    return hashlib.sha256(str(number).encode()).hexdigest()


def take(number: int) -> Take:
    """A take of an extension, with everything that one has."""
    pins = (Condition(media=sha256(number - 1), num_frames=9), Condition(media=sha256(number - 2), frame_index=40))
    splice = Splice(
        width=128, height=96, fps=12, before=Kept(media=sha256(1), first_frame=0, num_frames=17), new_frames=9
    )
    size = {"width": 128, "height": 96, "num_frames": 49, "fps": 12.0, "num_inference_steps": 20, "guidance_scale": 4.0}
    recipe = Recipe(model="starter", prompt=f"{PROMPT} {number}", seed=number, conditions=pins, splice=splice, **size)
    return Take(
        id=f"{number:024x}",
        media=sha256(number),
        container="mp4",
        width=128,
        height=96,
        num_frames=26,
        fps=12.0,
        recipe=recipe,
        verb="extend",
        parents=(sha256(number - 1),),
        job=f"{number:024x}",
        created_at=1.7e9 + number,
        stage_s={"load": 0.1, "encode": 0.2, "denoise": 3.4, "decode": 0.5, "write": 0.1},
        build="0.1.0",
    )


def film(shots: int, takes: int) -> Project:
    """A project of that many shots, with the takes spread over them."""
    each = takes // shots
    made = tuple(
        Shot(
            id=f"shot-{index}",
            name=f"Shot {index}",
            draft=Draft(prompt=f"{PROMPT} {index}", images=(Pin(place="start", media=sha256(index)),)),
            takes=tuple(take(index * each + number) for number in range(each)),
            selected=f"{index * each:024x}",
        )
        for index in range(shots)
    )
    prompts = tuple(f"{PROMPT} {index}" for index in range(200))
    return Project(id="film", name="Film", created_at=1.7e9, shots=made, prompt_history=prompts)


def said(name: str, act: Callable[[], object], times: int) -> None:
    """One line: how long it takes in the median and at most, and how much of the processor's time that is."""
    wall_ms, processor_ms = list[float](), list[float]()
    for _ in range(times):
        began_s, began_processor_s = time.perf_counter(), time.process_time()
        act()
        wall_ms.append((time.perf_counter() - began_s) * 1000)
        processor_ms.append((time.process_time() - began_processor_s) * 1000)
    middle, most = statistics.median(wall_ms), max(wall_ms)
    print(f"{name:32} median {middle:7.2f} ms  max {most:7.2f} ms  processor {statistics.median(processor_ms):7.2f} ms")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--shots", type=int, default=200)
    options.add_argument("--takes", type=int, default=1000)
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--folder", type=Path, help="a folder on the disk to measure; by default the system's own")
    chosen = options.parse_args()
    project = film(chosen.shots, chosen.takes)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as parent:
        path = Path(parent) / "film"
        create_project(path, project).folder.close()
        for digest in project.shown_media:
            file = path / "media" / digest[:2] / f"{digest}.mp4"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b".")
        print(f"project.json {(path / 'project.json').stat().st_size / 1e6:.2f} MB")
        said("open (and look for 1,000 files)", lambda: open_project(path).folder.close(), chosen.times)
        with open_project(path).folder as folder:
            history = History(project)

            def edit() -> None:
                seed = history.project.shots[0].draft.seed + 1
                history.do("change_seed", lambda now: change_draft(now, "shot-0", seed=seed))

            said("one edit", edit, chosen.times)
            said("undo", history.undo, chosen.times - 1)

            def save() -> None:
                edit()
                folder.save(history.project)

            said("save (and one edit)", save, chosen.times)


if __name__ == "__main__":
    main()
