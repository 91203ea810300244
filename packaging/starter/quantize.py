"""Transformer weights as one GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), in Q8_0.

Q8_0 keeps 32 weights of a row as int8 with one scale of their own, half as large as bfloat16. The names are those
that ComfyUI and diffusers' single-file loader know for LTX-Video.
"""

from pathlib import Path

import gguf
import torch
from torch import nn

ARCHITECTURE = "ltxv"
NAMES = {"proj_in": "patchify_proj", "time_embed": "adaln_single", "norm_q": "q_norm", "norm_k": "k_norm"}
"""diffusers' names, and LTX-Video's own."""

BLOCK = 32
"""Weights that share a scale; rows of other lengths stay in float32, as does all that is no matrix of a layer."""


def write_gguf(transformer: nn.Module, path: Path) -> None:
    """Write the transformer's weights; they are best given in float32, rounded only once."""
    layers = {f"{name}.weight" for name, module in transformer.named_modules() if isinstance(module, nn.Linear)}
    partial = path.with_suffix(".partial")
    writer = gguf.GGUFWriter(partial, ARCHITECTURE)
    for name, tensor in transformer.state_dict().items():
        values = tensor.to("cpu", torch.float32).contiguous().numpy()
        if name in layers and values.shape[1] % BLOCK == 0:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(_renamed(name), gguf.quantize(values, kind), raw_dtype=kind)
        else:
            writer.add_tensor(_renamed(name), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(path)


def _renamed(name: str) -> str:
    for ours, theirs in NAMES.items():
        name = name.replace(ours, theirs)
    return name
