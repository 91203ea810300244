"""The worker does not outlive its engine, not even one that is stopped or stuck and reads no pipe any more."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""Of <linux/prctl.h>; see prctl(2)."""


def end_with(parent: int) -> None:
    """Have the kernel kill this process when its parent (pid) dies; ends it at once when that has happened already.

    On Linux only: elsewhere a worker that is stuck when its engine is killed has to be ended by hand. The signal
    comes when the *thread* that started this process ends, which for the engine is its main one.
    """
    if sys.platform != "linux":
        return
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)
