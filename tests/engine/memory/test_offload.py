"""Where a model's parts wait, as a table; nothing here needs the device it speaks of."""

import pytest
import torch

from engine.memory.device import DeviceReport
from engine.memory.offload import placement, tiling, unpacks
from engine.protocol.job import Device
from engine.protocol.memory_plan import GIB
from engine.protocol.model_card import Offload

LTX_2B = (int(9.5e9), int(3.9e9), int(0.9e9))  # T5-XXL, transformer, VAE in bfloat16
LTX_13B = (int(9.5e9), int(26e9), int(2.5e9))


def device(kind: Device, gib: float) -> DeviceReport:
    return DeviceReport(kind, "a device", int(gib * GIB), torch.bfloat16)


@pytest.mark.parametrize(
    ("wanted", "parts", "kind", "gib", "expected"),
    [
        ("auto", LTX_2B, "cuda", 24, "none"),
        ("auto", LTX_2B, "cuda", 15.7, "model"),
        ("auto", LTX_2B, "cuda", 12, "model"),
        ("auto", LTX_2B, "cuda", 8, "group"),
        ("auto", LTX_13B, "cuda", 80, "none"),
        ("auto", LTX_13B, "cuda", 40, "model"),
        ("auto", LTX_13B, "cuda", 24, "group"),
        ("auto", (10**6, 10**6), "cuda", 4, "none"),
        ("none", LTX_13B, "cuda", 8, "none"),
        ("model", LTX_13B, "cuda", 8, "model"),
        ("group", LTX_2B, "cuda", 80, "group"),
        ("auto", LTX_13B, "cpu", 8, "none"),
        ("model", LTX_2B, "cpu", 64, "none"),
        ("group", LTX_2B, "cpu", 64, "group"),
        ("auto", LTX_13B, "mps", 16, "none"),
        ("model", LTX_2B, "mps", 16, "none"),
        ("group", LTX_2B, "mps", 16, "none"),
    ],
)
def test_placement(wanted: Offload, parts: tuple[int, ...], kind: Device, gib: float, expected: str) -> None:
    assert placement(wanted, parts, device(kind, gib)) == expected


@pytest.mark.parametrize(
    ("unpacked_bytes", "kind", "gib", "expected"),
    [
        (int(3.9e9), "cpu", 32, True),
        (int(3.9e9), "cpu", 8, False),
        (int(26e9), "cpu", 64, False),
        (10**6, "cuda", 80, False),
        (10**6, "mps", 64, False),
    ],
)
def test_a_gguf_is_unpacked_where_memory_is_cheap(
    unpacked_bytes: int, kind: Device, gib: float, expected: bool
) -> None:
    assert unpacks(unpacked_bytes, device(kind, gib)) is expected


class Vae:
    """As much of a VAE as is switched."""

    tiles = False

    def enable_tiling(self) -> None:
        self.tiles = True

    def disable_tiling(self) -> None:
        self.tiles = False


def decoded(vae: Vae, is_tiled: bool) -> None:
    with tiling(vae, is_tiled):
        assert vae.tiles == is_tiled
        raise MemoryError


@pytest.mark.parametrize("is_tiled", [False, True])
def test_tiles_are_for_one_block_whatever_happens_in_it(is_tiled: bool) -> None:
    vae = Vae()
    with pytest.raises(MemoryError):
        decoded(vae, is_tiled)
    assert not vae.tiles
