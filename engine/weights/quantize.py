"""Quantizing: a transformer's safetensors as one GGUF file, tensor by tensor, so that memory never holds it whole.

No torch: the engine's server does it. Linear layers of the blocks are quantized, the few outside of them to Q8_0 at
the least; what is no linear layer stays float32, as diffusers wants it.
"""

import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.protocol.problem import Problem, ProblemsError
from engine.weights.headers import HeaderError, safetensors_shapes
from engine.weights.quantized_card import ARCHITECTURES, To

BLOCK = 32
"""Weights that share one scale."""
SLICE_WEIGHTS = 1 << 22
"""Of a tensor so much is expanded at once."""
_DTYPES = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}
_KEPT = re.compile(r"\.time_embedder\.")
"""diffusers computes these of Wan's in float32."""
_IN_BLOCK = re.compile(r"(?:transformer_|vace_)?blocks\.\d+\.")


@dataclass(frozen=True)
class _Tensor:
    """One tensor as it lies in a file: where, in what format, and its shape."""

    name: str
    path: Path
    begin: int
    dtype: str
    shape: tuple[int, ...]

    @property
    def is_packed(self) -> bool:
        """Whether it is a linear layer's: of our transformers every matrix called weight is (a test holds it)."""
        is_matrix = len(self.shape) == 2 and self.name.endswith(".weight") and self.shape[1] % BLOCK == 0
        return is_matrix and not _KEPT.search(self.name)

    def slices(self) -> Iterator[np.ndarray]:
        """Its rows as float32, a few at a time; all of it at once where it has none."""
        raw = np.memmap(self.path, _DTYPES[self.dtype], "r", self.begin, self.shape)
        step = max(1, SLICE_WEIGHTS // math.prod(self.shape[1:]))
        for first in range(0, self.shape[0], step):
            yield _floats(raw[first : first + step], self.dtype)


def quantize(folder: Path, family: str, to: To, file: Path, on_progress: Callable[[int, int], None]) -> None:
    """Write the transformer in `folder` to `file`, which is there whole or not at all.

    `on_progress` hears (bytes read, bytes in all), and may raise to stop.

    Raises:
        ProblemsError: naming a file that cannot be used, or saying how much room is missing on the disk.
        OSError: when the disk is full after all.
    """
    import gguf

    tensors = _tensors(folder)
    kinds = {tensor.name: _kind(tensor, to) for tensor in tensors}
    needed = sum(_stored_bytes(tensor, kinds[tensor.name]) for tensor in tensors)
    file.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(file.parent).free
    if free < needed:
        detail = f"{needed} bytes are needed in {file.parent}, and {free} are free"
        raise ProblemsError([Problem(field=str(file), kind="not_writable", detail=detail)])
    part = file.with_name(f".{file.name}.{os.getpid()}")
    writer = gguf.GGUFWriter(part, ARCHITECTURES[family])
    try:
        for tensor in tensors:
            kind = kinds[tensor.name]
            stored = gguf.quant_shape_to_byte_shape(tensor.shape, kind) if tensor.is_packed else tensor.shape
            dtype = np.dtype(np.uint8 if tensor.is_packed else np.float32)
            writer.add_tensor_info(tensor.name, stored, dtype, _stored_bytes(tensor, kind), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        _write(writer, tensors, kinds, on_progress)
        writer.close()
        part.replace(file)
    finally:
        writer.close()
        part.unlink(missing_ok=True)


def _write(writer: Any, tensors: list[_Tensor], kinds: dict[str, Any], on_progress: Callable[[int, int], None]) -> None:
    import gguf

    done, total = 0, sum(_read_bytes(tensor) for tensor in tensors)
    for tensor in tensors:
        rows: list[np.ndarray] = []
        for part in tensor.slices():
            rows.append(gguf.quantize(part, kinds[tensor.name]) if tensor.is_packed else part)
            done += part.size * _DTYPES[tensor.dtype].itemsize
            on_progress(done, total)
        writer.write_tensor_data(np.concatenate(rows))


def _tensors(folder: Path) -> list[_Tensor]:
    """Every tensor of the folder's safetensors files, by name."""
    found: dict[str, _Tensor] = {}
    paths = sorted(folder.glob("*.safetensors"))
    if not paths:
        raise ProblemsError([Problem(field=f"{folder.name}/*.safetensors", kind="missing")])
    for path in paths:
        try:
            shapes = safetensors_shapes(path)
        except HeaderError as error:
            raise ProblemsError([Problem(field=path.name, kind=error.kind, detail=error.detail)]) from error
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            rows = json.loads(file.read(length))
        for name, shape in shapes.items():
            begin = 8 + length + rows[name]["data_offsets"][0]
            found[name] = _Tensor(name, path, begin, rows[name]["dtype"], shape)
    return [found[name] for name in sorted(found)]


def _kind(tensor: _Tensor, to: To) -> Any:
    """The GGML type it is written in."""
    from gguf import GGMLQuantizationType

    if not tensor.is_packed:
        return GGMLQuantizationType.F32
    is_coarse = to == "q4_0" and _IN_BLOCK.match(tensor.name) is not None
    return GGMLQuantizationType.Q4_0 if is_coarse else GGMLQuantizationType.Q8_0


def _stored_bytes(tensor: _Tensor, kind: Any) -> int:
    from gguf import GGML_QUANT_SIZES

    weights, stored = GGML_QUANT_SIZES[kind]
    return math.prod(tensor.shape) // weights * stored


def _read_bytes(tensor: _Tensor) -> int:
    return math.prod(tensor.shape) * _DTYPES[tensor.dtype].itemsize


def _floats(raw: np.ndarray, dtype: str) -> np.ndarray:
    """As float32: a bfloat16 is the upper half of one."""
    if dtype == "BF16":
        return (raw.astype(np.uint32) << 16).view(np.float32)
    return raw.astype(np.float32)
