"""A queue of ten thousand waiting jobs: `python tests/bench/queue_10000.py`; results: RESULTS.md.

A real engine over HTTP, with a client that waits for every answer. Its worker is stopped while it starts, so that
every job waits and nothing else computes. Run it on a quiet machine.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil

from engine.client.api import EngineClient
from engine.client.attach import attach_running
from engine.client.process import child_environment, module_command
from engine.protocol.home import RESOURCES
from engine.protocol.job import JobRequest
from engine.protocol.recipe import Recipe

FIRST, LAST = 100, 1000
READS = 100


def request(seed: int) -> JobRequest:
    """A job of usual size."""
    prompt = "A serene beach at sunset with waves gently crashing and seagulls flying overhead"
    size = {"width": 128, "height": 96, "num_frames": 17, "fps": 12.0}
    recipe = Recipe(model="starter", prompt=prompt, num_inference_steps=20, guidance_scale=4.0, seed=seed, **size)
    return JobRequest(recipe=recipe, project="film", shot=f"shot {seed}")


def timed_ms(act: Callable[[], object]) -> float:
    """How long it takes, in milliseconds."""
    began_s = time.perf_counter()
    act()
    return (time.perf_counter() - began_s) * 1000


def said(name: str, times_ms: list[float]) -> None:
    """One line: the median, the 99th percentile and the longest."""
    p99 = statistics.quantiles(times_ms, n=100, method="inclusive")[98] if len(times_ms) > 1 else times_ms[0]
    print(f"{name:46} p50 {statistics.median(times_ms):8.2f} ms  p99 {p99:8.2f} ms  max {max(times_ms):8.2f} ms")


@contextmanager
def engine(folder: Path) -> Iterator[tuple[EngineClient, float]]:
    """An engine whose worker is stopped before it is ready, and how long its start took, in milliseconds."""
    began_s = time.perf_counter()
    command = module_command("engine", "--home", str(folder))
    with subprocess.Popen(command, cwd=RESOURCES.parent, env=child_environment(), stderr=subprocess.DEVNULL) as process:
        while (client := attach_running(folder)) is None:
            time.sleep(0.005)
        start_ms = (time.perf_counter() - began_s) * 1000
        while not (workers := psutil.Process(process.pid).children()):
            time.sleep(0.005)
        for worker in workers:
            worker.suspend()
        try:
            with client:
                yield client, start_ms
        finally:
            process.kill()
            for worker in workers:
                worker.kill()


def main() -> None:
    """Fill the queue, read it, move in it, and start on it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    count = parser.parse_args().jobs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with engine(folder) as (client, start_ms):
            said("engine start, no job", [start_ms])
            ids: list[str] = []
            times_ms = [timed_ms(lambda s=seed: ids.append(client.submit(request(s)).id)) for seed in range(count)]
            said(f"submission, jobs 1 to {FIRST}", times_ms[:FIRST])
            said(f"submission, the last {LAST} of {count}", times_ms[-LAST:])
            said("first page of 100, all", [timed_ms(client.jobs) for _ in range(READS)])
            said("first page of 100, queued", [timed_ms(lambda: client.jobs("queued")) for _ in range(READS)])
            after = ids[count // 2]
            said("page of 100 in the middle", [timed_ms(lambda: client.jobs(after=after)) for _ in range(READS)])
            said("one job", [timed_ms(lambda: client.job(after)) for _ in range(READS)])
            said("move the last to the front", [timed_ms(lambda n=n: client.move(ids[-n], ids[0])) for n in (1, 2, 3)])
            said("cancel", [timed_ms(lambda i=i: client.cancel(i)) for i in ids[10:110]])
            said("delete", [timed_ms(lambda i=i: client.delete(i)) for i in ids[10:110]])
        with engine(folder) as (client, start_ms):
            said(f"engine start, {count - 100} jobs waiting", [start_ms])
            said("  and its first page", [timed_ms(client.jobs)])
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
