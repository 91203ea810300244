"""LoRA files: whether one fits a model, from its header and the model's config alone."""

import re
from collections.abc import Iterable
from pathlib import Path

from engine.protocol.model_card import ModelCard
from engine.weights.configs import read_config
from engine.weights.headers import HeaderError, Shapes, safetensors_shapes
from engine.weights.layouts import LAYOUTS, whole

SUFFIX = "safetensors"
_DOWN = (".lora_A.weight", ".lora_A.default.weight", ".lora_down.weight")
_BLOCK = re.compile(r"(?:^|[._])(\w*?blocks)[._](\d{1,4})[._](.+)")
_QUERIES = ("attn1.to_q", "attn1_to_q", "self_attn.q", "self_attn_q")
"""The layer that every block has, by diffusers' name and by the makers'; the second are kohya's and musubi's."""


def lora_shapes(path: Path) -> Shapes:
    """What a LoRA holds.

    Raises:
        HeaderError: when it is no safetensors file, is cut off, or holds no LoRA.
    """
    shapes = safetensors_shapes(path)
    if not any(name.endswith(_DOWN) for name in shapes):
        raise HeaderError("unsupported", "it holds no LoRA")
    return shapes


def refuse_misfit(path: Path, card: ModelCard, folder: Path) -> None:
    """Let pass what was made for a model like this one: of its architecture, as wide, no deeper.

    Raises:
        HeaderError: saying what sets them apart.
    """
    shapes = lora_shapes(path)
    if (folder / "transformer_2").is_dir():
        raise HeaderError("unsupported", f"{card.name} has two transformers, and needs a LoRA for each")
    layout = next(layout for layout in LAYOUTS if layout.family == card.family)
    config = read_config(folder / "transformer" / "config.json")
    # The numbers of the classes' own defaults: LTX-Video 2B, Wan 14B.
    heads, size, depth = (32, 64, 28) if card.family == "ltx" else (40, 128, 40)
    width = whole(config, "num_attention_heads", heads) * whole(config, "attention_head_dim", size)
    found = [_BLOCK.search(name.removeprefix("lora_unet_")) for name in shapes]
    blocks = [match for match in found if match]
    _refuse_other_names({match[1] for match in blocks}, layout.blocks, card)
    if card.family == "ltx" and any("audio" in name for name in shapes):
        raise HeaderError("unsupported", f"it is for LTX-2, and {card.name} is LTX-Video")
    deepest = max(int(match[2]) for match in blocks)
    if deepest >= whole(config, "num_layers", depth):
        raise HeaderError("unsupported", f"it has a block {deepest}, and {card.name} has none")
    wide = {shape[-1] for name, shape in shapes.items() if name.endswith(_DOWN) and _is_query(name)}
    if wide - {width}:
        detail = f"it is for a model {max(wide - {width})} wide, and {card.name} is {width}"
        raise HeaderError("unsupported", detail)


def _refuse_other_names(here: set[str], wanted: Iterable[str], card: ModelCard) -> None:
    if others := sorted(here - set(wanted)):
        like = next((f", as in {layout.family}" for layout in LAYOUTS if others[0] in layout.blocks), "")
        detail = f"it is for another architecture than {card.name}: its layers are called {others[0][:40]}{like}"
        raise HeaderError("unsupported", detail)
    if not here:
        raise HeaderError("unsupported", f"it changes no block of {card.name}")


def _is_query(name: str) -> bool:
    return name.partition(".lora_")[0].endswith(_QUERIES)
