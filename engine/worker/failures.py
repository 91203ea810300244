"""Any exception as one typed failure; a bug is logged here, once."""

import logging
import re

import torch

from engine.media.errors import MediaError
from engine.memory.device import NoDeviceError
from engine.protocol.failure import Failure
from engine.weights.store import WeightsError

log = logging.getLogger(__name__)

_NO_MEMORY = re.compile(r"out of memory|not enough memory|can't allocate memory|alloc.*failed", re.IGNORECASE)
_NO_DEVICE = re.compile(r"CUDA error|cuDNN error|device-side|driver|MPS backend", re.IGNORECASE)


def failure_of(error: Exception) -> Failure:
    """The failure that a user is told; the traceback of what we did not foresee goes to the log."""
    match error:
        case WeightsError():
            return Failure(kind=error.kind, detail=error.detail)
        case MediaError():
            return Failure(kind="disk_full" if error.kind == "disk_full" else "bad_input", detail=error.detail)
        case _ if ran_out(error):
            return Failure(kind="out_of_memory", detail=_first_line(error))
        case NoDeviceError() | RuntimeError() if _is_device(error):
            return Failure(kind="device_lost", detail=_first_line(error))
        case _:
            log.error("a render broke", exc_info=error)
            return Failure(kind="internal", detail=f"{type(error).__name__}: {_first_line(error)}")


def ran_out(error: Exception) -> bool:
    """Whether it says that memory was not enough."""
    return not isinstance(error, WeightsError | MediaError) and _is_memory(error)


def _is_device(error: Exception) -> bool:
    return isinstance(error, NoDeviceError) or bool(_NO_DEVICE.search(str(error)))


def _is_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or bool(_NO_MEMORY.search(str(error)))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:300]
