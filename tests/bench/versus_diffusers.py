"""The engine against plain diffusers, in pairs: `python tests/bench/versus_diffusers.py`; results: RESULTS.md.

Run it on a quiet machine. Every number is a ratio or a difference of things measured in turn in the same run, the
median of all pairs, because a machine's seconds mean little from one hour to the next.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[2]))

import psutil

from engine.client.api import EngineClient
from engine.client.attach import attach
from engine.client.process import child_environment
from engine.protocol.events import JobChanged, Preview, Progress
from engine.protocol.home import RESOURCES, read_rendezvous
from engine.protocol.job import Done, JobRequest
from engine.protocol.model_card import ModelCard, read_card
from engine.protocol.recipe import Recipe

PROMPT = "A serene beach at sunset with waves gently crashing and seagulls flying overhead"


def starter_recipe(card: ModelCard) -> Recipe:
    """The recipe all measurements use: the model's defaults."""
    return Recipe(
        model=card.id, prompt=PROMPT, seed=7, **card.defaults.model_dump(exclude={"negative_prompt", "strength"})
    )


def timed(act: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    act()
    return time.perf_counter() - began_s


def plain_pipeline(card: ModelCard, recipe: Recipe) -> Callable[[], object]:
    """A call of plain diffusers on the same weights, as somebody would write it by hand."""
    import torch
    from diffusers import LTXConditionPipeline, LTXVideoTransformer3DModel

    from engine.weights.components import load_gguf, unpack_gguf

    folder = RESOURCES / "models" / "starter"
    packed = folder / "transformer" / "diffusion_pytorch_model.gguf"
    transformer = load_gguf(LTXVideoTransformer3DModel, packed, folder / "transformer", torch.bfloat16)
    plain = unpack_gguf(transformer, torch.bfloat16)
    pipeline = LTXConditionPipeline.from_pretrained(folder, transformer=plain, dtype=torch.bfloat16)
    pipeline.set_progress_bar_config(disable=True)

    def call() -> object:
        with torch.no_grad():
            return pipeline(
                prompt=recipe.prompt,
                negative_prompt="",
                width=recipe.width,
                height=recipe.height,
                num_frames=recipe.num_frames,
                frame_rate=recipe.fps,
                num_inference_steps=recipe.num_inference_steps,
                guidance_scale=recipe.guidance_scale,
                max_sequence_length=int(card.options["max_sequence_length"]),
                generator=torch.Generator("cpu").manual_seed(recipe.seed),
                output_type="np",
            ).frames

    return call


def render_ratio(card: ModelCard, pairs: int) -> dict[str, float]:
    """Render over plain diffusers: prompt to frames, with previews as often as they are due, and without any."""
    import diffusers

    from engine.memory.device import find
    from engine.render import take
    from engine.render.interrupt import Interrupt
    from engine.render.loaded import PromptCache, load
    from engine.render.preview import PreviewSender
    from engine.render.render import Render, Task
    from engine.weights.store import verified

    class Deaf:
        def on_progress(self, progress: Progress) -> None: ...
        def on_preview(self, preview: Preview, jpegs: list[bytes]) -> None: ...

    diffusers.utils.logging.set_verbosity_error()
    sys.setswitchinterval(0.0005)  # as a worker does
    recipe = starter_recipe(card)
    plain = plain_pipeline(card, recipe)
    with tempfile.TemporaryDirectory() as cache:
        weights = verified(card, RESOURCES / "models" / "starter")
        loaded = load(weights, find("cpu"), Path(cache), PromptCache(), lambda: None)
    is_due = PreviewSender.is_due

    def render(previews: bool) -> None:
        PreviewSender.is_due = is_due if previews else lambda _: False
        interrupt = Interrupt()
        with tempfile.TemporaryDirectory() as checkpoints, interrupt.watching("bench"):
            task = Task("bench", recipe, {}, Path(checkpoints))
            with Render(task, loaded, Deaf(), interrupt) as rendering:
                rendering.denoise()
                list(take.frames(rendering))

    ways = {"plain": plain, "with": lambda: render(True), "without": lambda: render(False)}
    for act in ways.values():
        act()
    times = [{name: timed(act) for name, act in ways.items()} for _ in range(pairs)]
    return {
        "render with previews / plain": statistics.median(t["with"] / t["plain"] for t in times),
        "render without previews / plain": statistics.median(t["without"] / t["plain"] for t in times),
        "plain, s": statistics.median(t["plain"] for t in times),
    }


def whole_job(client: EngineClient, recipe: Recipe) -> dict[str, float]:
    """One job on a warm engine: seconds to the end, to the first preview, and of the first step."""
    seen: dict[str, float] = {}
    with client.events() as stream:
        began_s = time.perf_counter()
        job = client.submit(JobRequest(recipe=recipe))
        for event, _ in stream:
            now = time.perf_counter() - began_s
            match event:
                case Progress(stage="denoise", step=0):
                    seen["denoise"] = now
                case Progress(stage="denoise", step=1):
                    seen["step"] = now
                case Preview():
                    seen.setdefault("preview", now)
                case JobChanged() if event.job.id == job.id and event.job.is_over:
                    assert isinstance(event.job.state, Done)
                    return {**seen, "end": now}
    raise AssertionError


def cancel_latency_s(client: EngineClient, recipe: Recipe) -> float:
    """From the cancel to the job's new state, in the middle of denoising."""
    with client.events() as stream:
        job = client.submit(JobRequest(recipe=recipe.changed(num_inference_steps=60)))
        asked_s = 0.0
        for event, _ in stream:
            if isinstance(event, Progress) and event.job_id == job.id and event.step == 5:
                asked_s = time.perf_counter()
                client.cancel(job.id)
            if isinstance(event, JobChanged) and event.job.id == job.id and event.job.is_over:
                return time.perf_counter() - asked_s
    raise AssertionError


def engine_numbers(card: ModelCard, pairs: int) -> dict[str, float]:
    """Through the whole engine: jobs, first previews, cancels and the worker's memory."""
    import numpy as np

    from engine.media.video_write import write_video

    recipe = starter_recipe(card)
    call = plain_pipeline(card, recipe)

    def plain() -> None:
        frames = (np.asarray(call())[0] * 255).round().astype(np.uint8)
        write_video(Path(folder) / "plain.mp4", frames, recipe.fps)

    with tempfile.TemporaryDirectory() as folder:
        client = attach(Path(folder))
        rendezvous = read_rendezvous(Path(folder))
        assert rendezvous is not None
        try:
            plain()
            whole_job(client, recipe)
            rows = [(timed(plain), whole_job(client, recipe)) for _ in range(pairs)]
            cancels = [cancel_latency_s(client, recipe) for _ in range(pairs)]
            (worker,) = psutil.Process(rendezvous.pid).children()
            busy_bytes = worker.memory_full_info().uss
            time.sleep(8)  # it rests after five seconds
            worker_bytes = worker.memory_full_info().uss
        finally:
            client.stop()
            psutil.Process(rendezvous.pid).wait()
    plain_bytes = _plain_bytes()
    return {
        "job, submit to take on disk / plain call and file writer": statistics.median(j["end"] / p for p, j in rows),
        "first preview after the first step, ms": 1e3 * statistics.median(j["preview"] - j["step"] for _, j in rows),
        "first preview after submit, ms": 1e3 * statistics.median(j["preview"] for _, j in rows),
        "cancel to cancelled, ms, median": 1e3 * statistics.median(cancels),
        "cancel to cancelled, ms, worst": 1e3 * max(cancels),
        "worker memory between jobs / plain process": busy_bytes / plain_bytes,
        "worker memory at rest / plain process": worker_bytes / plain_bytes,
    }


def _plain_bytes() -> int:
    """The unique memory of a fresh process after some plain calls."""
    code = f"""
import runpy, psutil
bench = runpy.run_path({__file__!r})
card = bench["read_card"](bench["RESOURCES"] / "models" / "starter.toml")
call = bench["plain_pipeline"](card, bench["starter_recipe"](card))
for _ in range(8):
    call()
print(psutil.Process().memory_full_info().uss)
"""
    done = subprocess.run([sys.executable, "-c", code], env=child_environment(), capture_output=True, check=True)
    return int(done.stdout.split()[-1])


def start_ratio(pairs: int) -> dict[str, float]:
    """From nothing to an answered /health, over importing fastapi and uvicorn alone."""
    ratios = []
    for _ in range(pairs):
        bare = timed(lambda: subprocess.run([sys.executable, "-c", "import fastapi, uvicorn"], check=True))
        with tempfile.TemporaryDirectory() as folder:
            began_s = time.perf_counter()
            client = attach(Path(folder))
            ratios.append((time.perf_counter() - began_s) / bare)
            rendezvous = read_rendezvous(Path(folder))
            client.stop()
            assert rendezvous is not None
            psutil.Process(rendezvous.pid).wait()
    return {"engine answers /health / bare import of fastapi and uvicorn": statistics.median(ratios)}


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=9)
    pairs = parser.parse_args().pairs
    card = read_card(RESOURCES / "models" / "starter.toml")
    numbers = {**start_ratio(pairs), **render_ratio(card, pairs), **engine_numbers(card, pairs)}
    print(json.dumps({name: round(value, 3) for name, value in numbers.items()}, indent=2))


if __name__ == "__main__":
    main()
