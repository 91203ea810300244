"""Training state on disk: folders of small safetensors files, replaced in one step, so that a kill loses nothing."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from starter.sizes import SHARD_BYTES

POINTER = "latest"


def save_state(run: Path, step: int, tensors: Mapping[str, torch.Tensor], counters: Mapping[str, Any]) -> Path:
    """Write a checkpoint folder below `run`, point to it, and drop the older ones."""
    run.mkdir(parents=True, exist_ok=True)
    folder = run / f"step-{step:08d}"
    partial = run / f"partial-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for number, shard in enumerate(_shards(tensors)):
        save_file(shard, partial / f"{number:03d}.safetensors")
    (partial / "counters.json").write_text(json.dumps(dict(counters)), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    pointer = run / f"{POINTER}.{os.getpid()}"
    pointer.write_text(folder.name, encoding="utf-8")
    pointer.replace(run / POINTER)
    for old in run.glob("step-*"):
        if old != folder:
            shutil.rmtree(old, ignore_errors=True)
    return folder


def load_state(run: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """The newest whole checkpoint below `run`, or None where there is none."""
    pointer = run / POINTER
    if not pointer.exists():
        return None
    folder = run / pointer.read_text(encoding="utf-8").strip()
    tensors: dict[str, torch.Tensor] = {}
    for shard in sorted(folder.glob("*.safetensors")):
        tensors.update(load_file(shard))
    return tensors, json.loads((folder / "counters.json").read_text(encoding="utf-8"))


def _shards(tensors: Mapping[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    shards: list[dict[str, torch.Tensor]] = [{}]
    size = 0
    for name, tensor in tensors.items():
        length = tensor.numel() * tensor.element_size()
        if shards[-1] and size + length > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = tensor.detach().contiguous().cpu()
        size += length
    return shards
