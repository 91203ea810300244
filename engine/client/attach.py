"""Attach to the engine of a user's folder, or start it."""

import subprocess
import threading
import time
from pathlib import Path

from engine.client.api import EngineClient
from engine.client.errors import EngineError, EngineStartError
from engine.client.process import child_environment, module_command, without_window
from engine.protocol.home import EXIT_ALREADY_RUNNING, home, read_rendezvous

START_TIMEOUT_S = 60.0
POLL_S = 0.02
IDLE_EXIT_S = 60.0


def attach(folder: Path | None = None) -> EngineClient:
    """A client of the engine that runs on `folder` (default: the user's), started if there is none.

    Raises:
        EngineStartError: when it does not come up; the text says why.
    """
    folder = folder or home()
    client = attach_running(folder)
    return client or _start(folder)


def attach_running(folder: Path | None = None) -> EngineClient | None:
    """A client of a running engine, or None when none answers."""
    rendezvous = read_rendezvous(folder or home())
    if rendezvous is None:
        return None
    client = EngineClient(rendezvous)
    try:
        client.health()
    except EngineError:  # a crashed engine leaves its file behind, and its port may be somebody else's now
        client.close()
        return None
    return client


def _start(folder: Path) -> EngineClient:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "logs").mkdir(exist_ok=True)
        log_path = folder / "logs" / "start.log"
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                module_command("engine", "--home", str(folder), "--idle-exit-s", str(IDLE_EXIT_S)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=child_environment(),
                start_new_session=True,  # Ctrl-C in the starter's terminal is not for the engine
                creationflags=without_window(),
            )
    except OSError as error:
        raise EngineStartError(f"{folder}: {error.strerror}") from error
    threading.Thread(target=process.wait, name="engine reaper", daemon=True).start()  # it may end long before us
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        client = attach_running(folder)
        if client is not None:
            return client
        # Somebody else may have started one in the same moment: then that one is waited for.
        if process.poll() not in (None, EXIT_ALREADY_RUNNING):
            raise EngineStartError(_last_line(log_path) or f"the engine ended with code {process.returncode}")
        time.sleep(POLL_S)
    process.kill()
    raise EngineStartError(f"the engine did not answer within {START_TIMEOUT_S:.0f} s")


def _last_line(path: Path) -> str:
    lines = path.read_text("utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
