"""Which of diffusers' attention kernels a denoiser computes with, by what the machine has."""

from collections.abc import Collection, Sequence
from typing import Any

import torch
from diffusers.models import attention_dispatch

from engine.memory.device import DeviceReport

NATIVE = "native"
UNMASKED = frozenset({"wan"})
"""Families that hide nothing by a mask, which the other kernels do not take; LTX hides the padding of its prompt."""
AMPERE, HOPPER = (8, 0), (9, 0)


def best(capability: tuple[int, int], dtype: torch.dtype, present: Collection[str]) -> str:
    """diffusers' name of the fastest kernel of those `present` for an NVIDIA card of this compute capability.

    FlashAttention 3 is made for Hopper (arXiv 2407.08608: 740 TFLOP/s on an H100). The order of the others is a guess:
    no card could be had to measure it.
    """
    if dtype not in (torch.bfloat16, torch.float16) or capability < AMPERE:
        return NATIVE
    hopper = ["_flash_3", "_native_cudnn"] if capability[0] == HOPPER[0] else []
    return next((name for name in [*hopper, "flash", "_native_cudnn"] if name in present), NATIVE)


def chosen(device: DeviceReport, family: str) -> str:
    """The kernel for a family on this machine; on anything but CUDA torch's own choice."""
    if device.kind != "cuda" or family not in UNMASKED or torch.version.cuda is None:
        return NATIVE
    return best(torch.cuda.get_device_capability(), device.dtype, _present())


def attend(denoisers: Sequence[Any], device: DeviceReport, family: str) -> None:
    """Set the kernel of the denoisers; on CUDA always, since diffusers keeps the last one as everybody's default."""
    if device.kind == "cuda":
        for denoiser in denoisers:
            denoiser.set_attention_backend(chosen(device, family))


def _present() -> set[str]:
    """Kernels whose packages are installed, as diffusers found them, and cuDNN's."""
    flags = {
        "_flash_3": attention_dispatch._CAN_USE_FLASH_ATTN_3,
        "flash": attention_dispatch._CAN_USE_FLASH_ATTN,
        "_native_cudnn": torch.backends.cudnn.is_available() and torch.backends.cuda.cudnn_sdp_enabled(),
    }
    return {name for name, is_here in flags.items() if is_here}
