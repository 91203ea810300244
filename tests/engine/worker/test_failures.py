"""Every exception becomes one typed failure."""

import pytest
import torch

from engine.media.errors import MediaError
from engine.memory.device import NoDeviceError, available, find
from engine.weights.store import WeightsError
from engine.worker.failures import failure_of


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (MemoryError(), "out_of_memory"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "out_of_memory"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
            "out_of_memory",
        ),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "device_lost"),
        (NoDeviceError("no cuda device here"), "device_lost"),
        (WeightsError("corrupt_weights", "vae/x.safetensors is damaged"), "corrupt_weights"),
        (WeightsError("missing_weights", "vae/x.safetensors"), "missing_weights"),
        (MediaError("disk_full", "No space left on device"), "disk_full"),
        (MediaError("unreadable", "not a picture"), "bad_input"),
        (ZeroDivisionError("division by zero"), "internal"),
        (RuntimeError("shape mismatch"), "internal"),
    ],
)
def test_kinds(error: Exception, kind: str) -> None:
    failure = failure_of(error)
    assert failure.kind == kind
    assert "\n" not in failure.detail


def test_a_device_that_is_not_here_is_said() -> None:
    assert available()[-1] == "cpu"
    missing = next(kind for kind in ("cuda", "mps") if kind not in available())
    with pytest.raises(NoDeviceError, match=f"no {missing} device"):
        find(missing)
    assert find("cpu").total_bytes > 2**30
