"""How our own processes are started: the same Python, a clean environment, no console window."""

import os
import subprocess
import sys

IDLE_EXIT_S = 60.0
"""How long an engine that a client has started stays without client and job."""
_HUB_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


def child_environment() -> dict[str, str]:
    """The environment for the engine.

    Qt's variables stay behind (cv2 sets QT_QPA_* on import and a child would inherit them), and nothing below
    may run a model folder's code.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith("QT_")}
    return {
        "OPENBLAS_NUM_THREADS": "1",
        **kept,
        "DIFFUSERS_DISABLE_REMOTE_CODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }


def worker_environment() -> dict[str, str]:
    """The environment for workers: nothing in them reaches a hub, and they know no token of one."""
    kept = {k: v for k, v in child_environment().items() if k not in _HUB_TOKENS}
    return {**kept, "HF_HUB_OFFLINE": "1"}


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules; never one of that name in the folder the user happens to be in."""
    return [sys.executable, "-P", "-m", module, *arguments]


def without_window() -> int:
    """Creation flags that keep a child from opening a console window (0 but on Windows)."""
    return getattr(subprocess, "CREATE_NO_WINDOW", 0)
