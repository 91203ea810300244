"""The devices of this machine, and the number format each one computes in."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass

import psutil
import torch

from engine.protocol.job import Device

_PREFERENCE: tuple[Device, ...] = ("cuda", "mps", "cpu")


class NoDeviceError(Exception):
    """The requested kind of device is not here."""


@dataclass(frozen=True)
class DeviceReport:
    """A device as found: its kind, name, memory, and the dtype that is fastest on it without visible loss."""

    kind: Device
    name: str
    total_bytes: int
    dtype: torch.dtype


def available() -> tuple[Device, ...]:
    """All kinds of device of this machine, best first."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return tuple(kind for kind in _PREFERENCE if here[kind])


def find(requested: Device) -> DeviceReport:
    """The requested device, or the best one for `auto`.

    Raises:
        NoDeviceError: when there is none of that kind.
    """
    kinds = available()
    kind = kinds[0] if requested == "auto" else requested
    if kind not in kinds:
        raise NoDeviceError(f"no {kind} device here (there is {', '.join(kinds)})")
    if kind == "cuda":
        card = torch.cuda.get_device_properties(0)
        dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return DeviceReport(kind, card.name, card.total_memory, dtype)
    if kind == "mps":
        return DeviceReport(kind, "Apple GPU", torch.mps.recommended_max_memory(), torch.bfloat16)
    features = torch.cpu.get_capabilities()
    name = str(features.get("cpu_name") or platform.machine())
    return DeviceReport(kind, name, psutil.virtual_memory().total, _cpu_dtype(features))


def _cpu_dtype(features: Mapping[str, object]) -> torch.dtype:
    """bfloat16 where the processor multiplies it in hardware; elsewhere it is slower than float32."""
    hardware = ("avx512_bf16", "amx_bf16", "bf16")
    return torch.bfloat16 if any(features.get(name) for name in hardware) else torch.float32
