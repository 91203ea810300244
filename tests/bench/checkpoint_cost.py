"""What checkpoints cost a render: `python tests/bench/checkpoint_cost.py`; results: RESULTS.md.

The same render in turn with checkpoints on disk and with checkpoints that are neither kept nor written. Run it on a
quiet machine; on another one the processor time and what the rendering thread waited say more than the clock.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(Path(__file__).parents[2]))

import diffusers

from engine.memory.device import find
from engine.protocol.events import Preview, Progress
from engine.protocol.home import RESOURCES
from engine.protocol.model_card import read_card
from engine.protocol.recipe import Recipe
from engine.render.checkpoint import Checkpoints
from engine.render.interrupt import Interrupt
from engine.render.loaded import PromptCache, load
from engine.render.render import Render, Task
from engine.weights.store import verified


class Deaf:
    """Hears nothing."""

    def on_progress(self, progress: Progress) -> None: ...
    def on_preview(self, preview: Preview, jpegs: list[bytes]) -> None: ...


@contextmanager
def waiting_timed(waits_s: list[float]) -> Iterator[None]:
    """Add up what the rendering thread spends on handing checkpoints over and on closing."""
    offer, close = Checkpoints.offer, Checkpoints.close

    def timed(act: Callable[..., None]) -> Callable[..., None]:
        def timing(*args: object, **kwargs: object) -> None:
            began_s = time.perf_counter()
            act(*args, **kwargs)
            waits_s.append(time.perf_counter() - began_s)

        return timing

    Checkpoints.offer, Checkpoints.close = timed(offer), timed(close)
    try:
        yield
    finally:
        Checkpoints.offer, Checkpoints.close = offer, close


@contextmanager
def without_checkpoints() -> Iterator[None]:
    """Final latents stay in memory, as the render needs them; nothing else is taken, and nothing written."""
    offer, save = Checkpoints.offer, Checkpoints._save
    Checkpoints._save = lambda *_: None
    Checkpoints.offer = lambda self, section, state: self._finals.update({section: state}) if state.is_final else None
    try:
        yield
    finally:
        Checkpoints.offer, Checkpoints._save = offer, save


def renderer(recipe: Recipe) -> Callable[[], tuple[float, float]]:
    """Load the model; returns a function that renders and says how long it took: seconds by the clock, of processor."""
    diffusers.utils.logging.set_verbosity_error()
    sys.setswitchinterval(0.0005)  # as a worker does
    with tempfile.TemporaryDirectory() as cache:
        weights = verified(read_card(RESOURCES / "models" / "starter.toml"), RESOURCES / "models" / "starter")
        loaded = load(weights, find("cpu"), Path(cache), PromptCache(), lambda: None)

    def render() -> tuple[float, float]:
        interrupt = Interrupt()
        with tempfile.TemporaryDirectory() as folder, interrupt.watching("bench"):
            began_s, processor_s = time.perf_counter(), time.process_time()
            with Render(Task("bench", recipe, {}, Path(folder)), loaded, Deaf(), interrupt) as rendering:
                rendering.denoise()
                rendering.decoded(rendering.made[0])
            return time.perf_counter() - began_s, time.process_time() - processor_s

    return render


def main() -> None:
    """Measure in pairs, each in turn first, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=21)
    pairs = parser.parse_args().pairs
    card = read_card(RESOURCES / "models" / "starter.toml")
    recipe = Recipe(model=card.id, prompt="a beach at sunset", seed=7, **card.defaults.model_dump(exclude={"strength"}))
    render = renderer(recipe)
    render()
    rows, shares = [], []
    for pair in range(pairs):
        times: dict[bool, tuple[float, float]] = {}
        for kept in (True, False) if pair % 2 else (False, True):
            waits_s: list[float] = []
            with waiting_timed(waits_s) if kept else without_checkpoints():
                times[kept] = render()
            if kept:
                shares.append(sum(waits_s) / times[kept][0])
        rows.append((times[True][0] / times[False][0], times[True][1] / times[False][1], times[False][0]))
    clock, processor, plain_s = (statistics.median(column) for column in zip(*rows, strict=True))
    low, _, high = statistics.quantiles([row[0] for row in rows], n=4)
    found = {
        "with / without": clock,
        "its lower quarter": low,
        "its upper quarter": high,
        "processor time with / without": processor,
        "share of the time that the rendering thread waited": statistics.median(shares),
        "without, s": plain_s,
        "load": os.getloadavg()[0],
    }
    print(json.dumps({name: round(value, 4) for name, value in found.items()}, indent=1))


if __name__ == "__main__":
    main()
