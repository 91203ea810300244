"""Where a model's parts wait while the device computes, by diffusers' own means; decided by pure functions."""

from collections.abc import Iterable
from typing import Any, Literal

import torch

from engine.memory.device import DeviceReport
from engine.protocol.model_card import Offload

Placement = Literal["none", "model", "group"]

GIB = 2**30
LEAST_HEADROOM_BYTES = 2 * GIB
HEADROOM = 5
"""One part in so many of a device's memory is left for what is computed; never less than the line above."""
UNPACKED = 4
"""Unpacked GGUF weights may take one part in so many of the machine's memory."""


def placement(wanted: Offload, parts_bytes: Iterable[int], device: DeviceReport) -> Placement:
    """How to place a model whose components take `parts_bytes` each.

    `auto` keeps all on the device where it fits, else one component at a time (`model`), else layers (`group`).
    A processor has nowhere to offload from: there `model` is `none`, and layers only on request. On Apple's GPUs all
    memory is one.
    """
    sizes = list(parts_bytes)
    if device.kind != "cuda":
        return "group" if wanted == "group" and device.kind == "cpu" else "none"
    if wanted != "auto":
        return wanted
    room = device.total_bytes - max(LEAST_HEADROOM_BYTES, device.total_bytes // HEADROOM)
    if sum(sizes) <= room:
        return "none"
    return "model" if max(sizes) <= room else "group"


def unpacks(unpacked_bytes: int, device: DeviceReport) -> bool:
    """Whether GGUF weights are unpacked once, when they are loaded, instead of at every call.

    The results are the same to the last bit. On a processor a packed model takes the same time for thousands of
    tokens, but 2 (Q8_0) to 6 (Q4_0) times as long for fifty, as in a draft; a GPU unpacks quickly, and its memory is
    why people choose such a file.
    """
    return device.kind == "cpu" and unpacked_bytes * UNPACKED <= device.total_bytes


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
