"""Where a model's parts wait while the device computes, by diffusers' own means; decided by pure functions."""

import contextlib
from collections.abc import Generator, Iterable
from typing import Any

import psutil
import torch

from engine.memory.device import DeviceReport
from engine.protocol import memory_plan
from engine.protocol.memory_plan import Machine, Part, Placement
from engine.protocol.model_card import Offload


def machine_with(device: DeviceReport) -> Machine:
    """This machine, as a memory plan asks for it."""
    assert device.kind != "auto"
    return Machine(
        kind=device.kind,
        name=device.name,
        total_bytes=device.total_bytes,
        machine_bytes=psutil.virtual_memory().total,
        value_bytes=device.dtype.itemsize,
    )


def placement(wanted: Offload, parts_bytes: Iterable[int], device: DeviceReport) -> Placement:
    """How to place a model whose components take `parts_bytes` each, by the memory plan's rule."""
    parts = [Part(size) for size in parts_bytes]
    return memory_plan.placement(wanted, parts, device.kind, device.total_bytes)


def unpacks(unpacked_bytes: int, device: DeviceReport) -> bool:
    """Whether GGUF weights are unpacked once, when they are loaded, instead of at every call; by the plan's rule."""
    return memory_plan.unpacks(unpacked_bytes, device.kind, device.total_bytes)


@contextlib.contextmanager
def tiling(vae: Any, is_wanted: bool) -> Generator[None]:
    """While the block runs, clips are decoded in tiles: less memory, more time, and seams that can hardly be seen.

    Clips no larger than one of diffusers' own tiles stay the same to the last bit.
    """
    if not is_wanted:
        yield
        return
    vae.enable_tiling()
    try:
        yield
    finally:
        vae.disable_tiling()


def part_bytes(pipeline: Any) -> list[int]:
    """Bytes of every component of a diffusers pipeline that has weights."""
    models = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    return [sum(p.numel() * p.element_size() for p in model.parameters()) for model in models]


def place(pipeline: Any, how: Placement, device: str) -> Any:
    """Put a loaded diffusers pipeline in place; returns it."""
    if how == "model":
        pipeline.enable_model_cpu_offload(device=device)
    elif how == "group":
        # By leaves, since the VAE is called by its `decode`, which a hook on the whole of it would not see.
        pipeline.enable_group_offload(
            onload_device=torch.device(device),
            offload_device=torch.device("cpu"),
            offload_type="leaf_level",
            use_stream=device == "cuda",
            low_cpu_mem_usage=True,  # pin what is on its way, not all of it
        )
    else:
        pipeline.to(device)
    return pipeline
