"""Attach to the engine of a user's folder, or start it."""

import subprocess
import threading
import time
from pathlib import Path

from engine.client.api import EngineClient
from engine.client.errors import EngineError, EngineStartError
from engine.client.process import IDLE_EXIT_S, child_environment, module_command, without_window
from engine.protocol.home import BUILD, EXIT_ALREADY_RUNNING, home, read_rendezvous

START_TIMEOUT_S = 60.0
ANSWER_S = 3.0
"""An engine says that it is there within milliseconds; what takes so long is somebody else, or as good as not there."""
POLL_S = 0.02
RETRY_S = 0.3


def attach(
    folder: Path | None = None, idle_exit_s: float | None = IDLE_EXIT_S, given_up: threading.Event | None = None
) -> EngineClient:
    """A client of the engine that runs on `folder` (default: the user's), started if there is none.

    An engine started here leaves after `idle_exit_s` without client and job. Setting `given_up` ends the wait for it.

    Raises:
        EngineStartError: when it does not come up; the text says why.
    """
    folder = folder or home()
    running = attach_running(folder)
    if running is not None and running.health() != BUILD:
        running = _retire(running)
    return running or _start(folder, idle_exit_s, given_up or threading.Event())


def _retire(client: EngineClient) -> None:
    """Ask an engine of another build to leave, unless it is at work."""
    with client:
        try:
            at_work = bool(client.jobs("running", limit=1))
        except ValueError:  # it speaks of jobs in words of its own
            at_work = True
        if at_work:
            raise EngineStartError("an engine of another build is rendering; try again when it is done")
        client.stop()


def attach_running(folder: Path | None = None) -> EngineClient | None:
    """A client of a running engine, or None when none answers."""
    rendezvous = read_rendezvous(folder or home())
    if rendezvous is None:
        return None
    client = EngineClient(rendezvous)
    enough = threading.Timer(ANSWER_S, client.abort)  # a stranger may also answer for ever
    enough.start()
    try:
        client.health(ANSWER_S)
    except EngineError:  # a crashed engine leaves its file behind, and its port may be somebody else's now
        client.close()
        return None
    finally:
        enough.cancel()
        enough.join()
    return client


def _start(folder: Path, idle_exit_s: float | None, given_up: threading.Event) -> EngineClient:
    log = folder / "logs" / "start.log"
    deadline = time.monotonic() + START_TIMEOUT_S
    process = _spawn(folder, log, idle_exit_s)
    while time.monotonic() < deadline:
        client = attach_running(folder)
        if client is not None:
            return client
        code = process.poll()
        if code == EXIT_ALREADY_RUNNING:  # another one was started in the same moment, or is on its way out
            given_up.wait(RETRY_S)
            process = _spawn(folder, log, idle_exit_s)
        elif code is not None:
            raise EngineStartError(_last_line(log) or f"the engine ended with code {code}")
        if given_up.wait(POLL_S):
            raise EngineStartError("nobody waits for the engine any more")
    process.kill()
    process.wait()
    raise EngineStartError(f"the engine did not answer within {START_TIMEOUT_S:.0f} s")


def _spawn(folder: Path, log: Path, idle_exit_s: float | None) -> "subprocess.Popen[bytes]":
    leaving = [] if idle_exit_s is None else ["--idle-exit-s", str(idle_exit_s)]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # prompts and takes are nobody else's to read
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as said:
            process = subprocess.Popen(
                module_command("engine", "--home", str(folder), *leaving),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=child_environment(),
                cwd=folder,  # it outlives its starter, whose folder it must not hold
                start_new_session=True,  # Ctrl-C in the starter's terminal is not for the engine
                creationflags=without_window(),
            )
    except OSError as error:
        raise EngineStartError(f"{folder}: {error.strerror}") from error
    threading.Thread(target=process.wait, name="engine reaper", daemon=True).start()  # it may end long before us
    return process


def _last_line(path: Path) -> str:
    lines = path.read_text("utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
