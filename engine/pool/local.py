"""The embedded pool: worker processes on this machine, spoken to over their stdin and stdout."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from engine.client.process import module_command, without_window, worker_environment
from engine.pool.pool import Worker, WorkerListener
from engine.protocol.job import Device
from engine.protocol.wire import frame_length, framed, pack, unpack
from engine.protocol.work import Alive, Command, Ready, report_adapter

log = logging.getLogger(__name__)

RESTART_DELAYS_S = (0.0, 0.0, 1.0, 5.0, 30.0)
"""Waits before a restart, by how many times in a row the worker died before it was ready."""
STOP_GRACE_S = 2.0
SILENCE_S = 6.0
"""A worker that is ready and says nothing for so long does not respond; it says that it is alive every second."""
START_SILENCE_S = 60.0
"""The same for one that is not ready: a cold disk under torch's libraries can hold up every thread of a start."""
TICK_S = 0.5
LOG_BYTES = 2 * 2**20
"""A log that is longer when a worker starts is put aside, in the place of the one before."""


def wait_policy(load: float, cores: int) -> dict[str, str]:
    """How a worker's OpenMP threads wait for each other; the user's own OMP_WAIT_POLICY goes before it.

    Spinning, the default, is up to a third faster on a quiet machine and three times slower beside one busy program
    (tests/bench/RESULTS.md). What the machine is like when the worker starts decides; no byte of a take does.
    """
    return {"OMP_WAIT_POLICY": "PASSIVE"} if load > cores / 2 else {}


def _load() -> float:
    """How many programs wanted a processor in the last minute, on average; 0 where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


class LocalWorker:
    """A `python -m engine.worker` process and the task that keeps it alive."""

    def __init__(self, device: str, folder: Path, listener: WorkerListener) -> None:
        self.device = device
        self.ready: Ready | None = None
        self.early_deaths = 0
        self._folder = folder
        self._listener = listener
        self._process: asyncio.subprocess.Process | None = None
        self._quiet_ticks = 0
        self._is_silent = False
        self._task = asyncio.get_running_loop().create_task(self._keep_alive())

    @property
    def silent_s(self) -> float | None:
        """For how long nothing was heard, in seconds; None while that is not too long."""
        return self._quiet_ticks * TICK_S if self._is_silent else None

    def send(self, command: Command) -> None:
        """Write the command to the process's stdin."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):  # it died; `on_death` is on its way
                self._process.stdin.write(framed(pack(command)))

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def stop(self) -> None:
        """Close the process's stdin, by which it leaves; kill it when it does not."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_GRACE_S)
        except TimeoutError:
            self.kill()
            await self._process.wait()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(RESTART_DELAYS_S[min(self.early_deaths, len(RESTART_DELAYS_S) - 1)])
            try:
                self._process = await self._spawn()
            except OSError as error:
                self.early_deaths += 1
                self._tell(lambda error=error: self._listener.on_death(self, f"cannot be started: {error.strerror}"))
                continue
            watch = asyncio.get_running_loop().create_task(self._watch())
            try:
                await self._read_reports(self._process)
            except ValueError:  # noise instead of messages: nothing this process says can be trusted
                log.exception("worker %s sent nonsense", self.device)
                self.kill()
            finally:
                watch.cancel()
            self.early_deaths = 0 if self.ready else self.early_deaths + 1
            self.ready = None  # at once: a job given to it while its exit code is awaited would die with it
            code = await self._process.wait()
            self._quiet_ticks, self._is_silent = 0, False
            self._tell(lambda code=code: self._listener.on_death(self, f"exit code {code}; see {self._log.name}"))

    async def _spawn(self) -> asyncio.subprocess.Process:
        """From the loop's thread, which is the engine's main one: the kernel ends the worker when that thread ends."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # there is none yet, or somebody reads it
            if self._log.stat().st_size > LOG_BYTES:
                self._log.replace(self._log.with_suffix(".log.1"))
        parent = ("--parent", str(os.getpid()))
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *module_command("engine.worker", "--device", self.device, "--home", str(self._folder), *parent),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=wait_policy(_load(), os.cpu_count() or 1) | worker_environment(),
                creationflags=without_window(),
            )

    async def _read_reports(self, process: asyncio.subprocess.Process) -> None:
        """Until the process closes its stdout; a message that makes no sense ends it."""
        stream = process.stdout
        assert stream is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                message = await stream.readexactly(frame_length(await stream.readexactly(4)))
                header, blob = unpack(message)
                report = report_adapter.validate_json(header)
                self._quiet_ticks = 0
                if self._is_silent:
                    self._is_silent = False
                    self._tell(lambda: self._listener.on_voice(self))
                if isinstance(report, Alive):
                    continue
                if isinstance(report, Ready):
                    self.ready = report
                self._tell(lambda report=report, blob=blob: self._listener.on_report(self, report, blob))

    async def _watch(self) -> None:
        """Tell of a silence; counted in ticks, for a process that is itself held up or asleep hears nobody."""
        while True:
            await asyncio.sleep(TICK_S)
            self._quiet_ticks += 1
            too_long_s = SILENCE_S if self.ready else START_SILENCE_S
            if not self._is_silent and self._quiet_ticks * TICK_S >= too_long_s:
                self._is_silent = True
                self._tell(lambda: self._listener.on_silence(self))

    def _tell(self, news: Callable[[], None]) -> None:
        """A listener that fails (a full disk, say) must not end the task that keeps the worker alive and heard."""
        try:
            news()
        except Exception:
            log.exception("what worker %s said could not be taken in", self.device)

    @property
    def _log(self) -> Path:
        return self._folder / "logs" / f"worker-{self.device}.log"


class LocalPool:
    """One worker per requested device; `auto` is started at once, so that it warms up before the first job."""

    def __init__(self, folder: Path, listener: WorkerListener) -> None:
        self._folder = folder
        self._listener = listener
        self._workers = {"auto": LocalWorker("auto", folder, listener)}

    def workers(self) -> list[Worker]:
        """All workers started so far."""
        return list(self._workers.values())

    def for_device(self, device: Device) -> Worker | None:
        """The worker of `device`: also the automatic one, when that is the device it chose.

        Until the automatic worker has chosen, it is the answer for every device: its caller sees that it is
        not ready, and asks again.
        """
        auto = self._workers["auto"]
        if device in self._workers:
            return self._workers[device]
        if auto.ready is None or auto.ready.device == device:
            return auto
        if device not in auto.ready.available:
            return None
        self._workers[device] = LocalWorker(device, self._folder, self._listener)
        return self._workers[device]

    async def stop(self) -> None:
        """End every worker."""
        await asyncio.gather(*(worker.stop() for worker in self._workers.values()))
