"""The process behind a worker: started, listened to, started again when it dies, and gone at the end."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from engine.pool import local
from engine.pool.local import LocalPool, LocalWorker, wait_policy
from engine.pool.pool import Worker
from engine.protocol.events import Progress
from engine.protocol.wire import framed, pack
from engine.protocol.work import Alive, Ready, Report, Stop, Stopped

LIMIT_S = 30.0
READY = Ready(device="cpu", device_name="x", total_bytes=1, available=("cpu",))
SAY = "import sys, os; out = sys.stdout.buffer; say = lambda b: (out.write(b), out.flush()); "
SAY_READY = SAY + f"say({framed(pack(READY))!r}); "
UNTIL_CLOSED = "sys.stdin.buffer.read()"


def children() -> set[int]:
    """Pids of this process's children; the shared engine may be one of them."""
    return {child.pid for child in psutil.Process().children()}


class Ear:
    """A listener that remembers what it heard."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.blobs: list[bytes] = []
        self.deaths: list[str] = []
        self.silences: list[float | None] = []
        self.voices = 0
        self._heard = asyncio.Event()

    def on_report(self, worker: Worker, report: Report, blob: bytes) -> None:
        self.reports.append(report)
        self.blobs.append(blob)
        self._heard.set()

    def on_silence(self, worker: Worker) -> None:
        self.silences.append(worker.silent_s)
        self._heard.set()

    def on_voice(self, worker: Worker) -> None:
        assert worker.silent_s is None
        self.voices += 1
        self._heard.set()

    def on_death(self, worker: Worker, detail: str) -> None:
        assert worker.ready is None
        assert worker.silent_s is None
        self.deaths.append(detail)
        self._heard.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._heard.clear()
            await asyncio.wait_for(self._heard.wait(), LIMIT_S)


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that lets a program stand in for the worker while a scene is played."""

    def playing(program: str, scene: Callable[[LocalWorker, Ear], Awaitable[None]]) -> None:
        def command(module: str, *arguments: str) -> list[str]:
            assert module == "engine.worker"
            return [sys.executable, "-S", "-c", program, *arguments]

        monkeypatch.setattr(local, "module_command", command)

        async def played() -> None:
            before = children()
            ear = Ear()
            worker = LocalWorker("auto", tmp_path, ear)
            try:
                await scene(worker, ear)
            finally:
                await asyncio.wait_for(worker.stop(), LIMIT_S)
            heard = len(ear.deaths)
            assert children() <= before
            await asyncio.sleep(0)
            assert len(ear.deaths) == heard

        asyncio.run(played())

    return playing


def test_it_takes_commands_and_reports(play: Callable[..., None]) -> None:
    command = framed(pack(Stop(job_id="7", wish="cancel")))
    stopped, progress = (
        Stopped(job_id="7", wish="cancel"),
        Progress(job_id="7", stage="load", step=0, total_steps=1, elapsed_s=0),
    )
    answers = framed(pack(progress, b"blob")) + framed(pack(stopped))
    program = (
        SAY_READY + f"assert sys.stdin.buffer.read({len(command)}) == {command!r}; say({answers!r}); " + UNTIL_CLOSED
    )

    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: worker.ready is not None)
        assert worker.ready == READY
        worker.send(Stop(job_id="7", wish="cancel"))
        await ear.until(lambda: len(ear.reports) == 3)
        assert ear.reports == [READY, progress, stopped]
        assert ear.blobs == [b"", b"blob", b""]
        assert ear.deaths == []

    play(program, scene)


def test_it_is_told_its_device_and_folder(play: Callable[..., None], tmp_path: Path) -> None:
    wanted = ["--device", "auto", "--home", str(tmp_path), "--parent", str(os.getpid())]
    program = SAY_READY + f"assert sys.argv[1:] == {wanted!r}, sys.argv; " + UNTIL_CLOSED

    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: bool(ear.reports))
        assert ear.deaths == []

    play(program, scene)


def test_one_that_dies_comes_back(play: Callable[..., None]) -> None:
    async def scene(worker: LocalWorker, ear: Ear) -> None:
        for turn in range(1, 5):  # as often as it likes, as long as it was ready in between
            await ear.until(lambda t=turn: len(ear.reports) == t and worker.ready is not None)
            worker.kill()
            await ear.until(lambda t=turn: len(ear.deaths) == t)
        await ear.until(lambda: len(ear.reports) == 5)
        assert ear.deaths == ["exit code -9; see worker-auto.log"] * 4

    play(SAY_READY + UNTIL_CLOSED, scene)


def test_what_it_wrote_before_it_died_is_in_the_log(play: Callable[..., None], tmp_path: Path) -> None:
    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: bool(ear.deaths))
        assert ear.deaths[0] == "exit code 3; see worker-auto.log"
        assert b"no such thing" in (tmp_path / "logs" / "worker-auto.log").read_bytes()

    play("import os; os.write(2, b'no such thing'); os._exit(3)", scene)


def test_a_long_log_is_put_aside_when_a_worker_starts(
    play: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "LOG_BYTES", 100)
    log = tmp_path / "logs" / "worker-auto.log"

    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: len(ear.deaths) == 3)
        assert log.with_suffix(".log.1").read_bytes() == b"x" * 120, "two of them"
        assert log.read_bytes().startswith(b"x" * 60)

    play("import os; os.write(2, b'x' * 60); os._exit(3)", scene)


def test_one_that_has_said_its_last_word_takes_no_job(play: Callable[..., None]) -> None:
    """Its exit code may come later, and what is given to it until then would die with it."""

    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: bool(ear.reports))
        worker.send(Stop(job_id="7", wish="cancel"))
        async with asyncio.timeout(LIMIT_S):
            while worker.ready is not None:
                await asyncio.sleep(0.01)
        assert ear.deaths == []
        worker.kill()
        await ear.until(lambda: bool(ear.deaths))
        assert worker.early_deaths == 0, "it was ready"

    play(SAY_READY + "import os; sys.stdin.buffer.read(1); os.close(1); " + UNTIL_CLOSED, scene)


@pytest.mark.parametrize(
    "noise",
    [b"Traceback (most recent call last)", framed(b"\0\0\0\x09{}"), framed(b"x"), framed(b"\0\0\0\x02{}")],
    ids=["text", "lying", "short", "unknown"],
)
def test_one_that_talks_nonsense_is_ended(play: Callable[..., None], noise: bytes) -> None:
    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: bool(ear.deaths))
        assert ear.deaths[0].startswith("exit code -9")
        await ear.until(lambda: len(ear.reports) >= 2)  # and comes back

    play(SAY_READY + f"say({noise!r}); " + UNTIL_CLOSED, scene)


def test_one_that_dies_within_a_message(play: Callable[..., None]) -> None:
    part = framed(pack(Stopped(job_id="7", wish="cancel")))[:-3]

    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: bool(ear.deaths))
        assert ear.deaths[0].startswith("exit code 0")
        assert ear.reports == [READY]

    play(SAY_READY + f"say({part!r})", scene)


def test_one_that_never_gets_ready_is_not_tried_without_end(
    play: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "RESTART_DELAYS_S", (0.0, 0.0, 1000.0))

    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: len(ear.deaths) == 2)
        worker.kill()  # it is not there; that is no error
        worker.send(Stop(job_id="7", wish="cancel"))

    play("raise SystemExit(1)", scene)


def test_one_that_does_not_leave_is_ended(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "STOP_GRACE_S", 0.05)

    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: bool(ear.reports))

    play(SAY_READY + "import signal; signal.pause()", scene)


def test_it_can_be_stopped_while_it_starts(play: Callable[..., None]) -> None:
    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await asyncio.sleep(0)

    play(SAY_READY + UNTIL_CLOSED, scene)


def test_one_that_cannot_be_started_is_said(
    play: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def scene(worker: LocalWorker, ear: Ear) -> None:
        monkeypatch.setattr(local, "module_command", lambda *_: [str(tmp_path / "no python here")])
        await asyncio.wait_for(ear.until(lambda: bool(ear.deaths)), 2)
        assert "no python here" in ear.deaths[0] or "No such file" in ear.deaths[0]

    play("", scene)


def test_a_listener_that_fails_once_hears_the_rest(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk under the queue must not leave a worker that nobody listens to."""
    hear = Ear.on_report
    failures: list[Report] = []

    def fail_once(self: Ear, worker: Worker, report: Report, blob: bytes) -> None:
        hear(self, worker, report, blob)
        if report == Stopped(job_id="1", wish="cancel") and not failures:
            failures.append(report)
            raise RuntimeError("disk full")

    monkeypatch.setattr(Ear, "on_report", fail_once)
    said = framed(pack(Stopped(job_id="1", wish="cancel"))) + framed(pack(Stopped(job_id="2", wish="cancel")))

    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await asyncio.wait_for(ear.until(lambda: Stopped(job_id="2", wish="cancel") in ear.reports), 5)

    play(SAY_READY + f"say({said!r}); " + UNTIL_CLOSED, scene)
    assert failures


ALIVE = framed(pack(Alive()))
BEATING = (
    SAY_READY
    + "import threading, time; "
    + f"beat = lambda: [(say({ALIVE!r}), time.sleep(0.02)) for _ in iter(int, 1)]; "
    + "threading.Thread(target=beat, daemon=True).start(); "
    + UNTIL_CLOSED
)


@pytest.fixture
def quick_ears(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silence of a fifth of a second is a long one."""
    monkeypatch.setattr(local, "TICK_S", 0.05)
    monkeypatch.setattr(local, "SILENCE_S", 0.2)


@pytest.mark.usefixtures("quick_ears")
def test_one_that_is_stopped_is_said_once_and_so_is_its_return(play: Callable[..., None]) -> None:
    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: worker.ready is not None)
        (process,) = [p for p in psutil.Process().children() if "-S" in p.cmdline()]
        for turn in (1, 2):
            process.send_signal(signal.SIGSTOP)
            await ear.until(lambda t=turn: len(ear.silences) == t)
            assert worker.silent_s is not None
            await asyncio.sleep(0.3)
            assert worker.silent_s > 0.4
            assert len(ear.silences) == turn
            assert ear.voices == turn - 1
            process.send_signal(signal.SIGCONT)
            await ear.until(lambda t=turn: ear.voices == t)
        assert ear.reports == [READY]  # a sign of life is no report
        assert ear.deaths == []

    play(BEATING, scene)


@pytest.mark.usefixtures("quick_ears")
def test_one_that_is_stopped_can_be_killed_and_comes_back(play: Callable[..., None]) -> None:
    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: worker.ready is not None)
        (process,) = [p for p in psutil.Process().children() if "-S" in p.cmdline()]
        process.send_signal(signal.SIGSTOP)
        await ear.until(lambda: bool(ear.silences))
        worker.kill()
        await ear.until(lambda: bool(ear.deaths))
        await ear.until(lambda: len(ear.reports) == 2)
        assert (worker.silent_s, len(ear.silences), ear.voices) == (None, 1, 0)

    play(BEATING, scene)


@pytest.mark.usefixtures("quick_ears")
def test_one_that_starts_is_given_more_time(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "START_SILENCE_S", 0.6)

    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: bool(ear.silences))
        assert ear.silences[0] == pytest.approx(0.6)
        await ear.until(lambda: worker.ready is not None)
        assert ear.voices == 1

    play(SAY + "import time; time.sleep(1.5); " + BEATING, scene)


@pytest.mark.usefixtures("quick_ears")
def test_an_engine_that_is_held_up_hears_no_silence(play: Callable[..., None]) -> None:
    async def scene(worker: LocalWorker, ear: Ear) -> None:
        await ear.until(lambda: worker.ready is not None)
        time.sleep(0.6)
        await asyncio.sleep(0.2)
        assert ear.silences == []

    play(BEATING, scene)


def test_which_worker_serves_which_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = SAY_READY + UNTIL_CLOSED
    monkeypatch.setattr(local, "module_command", lambda *_: [sys.executable, "-S", "-c", program])

    async def asking() -> None:
        ear = Ear()
        pool = LocalPool(tmp_path, ear)
        (auto,) = pool.workers()
        assert pool.for_device("auto") is auto
        assert pool.for_device("cuda") is auto  # nobody knows yet
        await ear.until(lambda: auto.ready is not None)
        assert pool.for_device("cpu") is auto
        assert pool.for_device("cuda") is None
        assert pool.workers() == [auto]
        await pool.stop()

    asyncio.run(asyncio.wait_for(asking(), LIMIT_S))


def test_a_second_device_gets_a_worker_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both = READY.changed(device="cuda", available=("cuda", "cpu"))
    program = SAY + f"say({framed(pack(both))!r}); " + UNTIL_CLOSED
    monkeypatch.setattr(local, "module_command", lambda *_: [sys.executable, "-S", "-c", program])

    async def asking() -> None:
        before = children()
        ear = Ear()
        pool = LocalPool(tmp_path, ear)
        (auto,) = pool.workers()
        await ear.until(lambda: auto.ready is not None)
        cpu = pool.for_device("cpu")
        assert cpu is not None
        assert cpu is not auto
        assert pool.for_device("cpu") is cpu
        assert pool.for_device("cuda") is auto
        await ear.until(lambda: cpu.ready is not None)
        await pool.stop()
        assert children() <= before

    asyncio.run(asyncio.wait_for(asking(), LIMIT_S))


def test_threads_spin_on_a_quiet_machine_only() -> None:
    assert wait_policy(0.3, 2) == {}
    assert wait_policy(1.5, 2) == {"OMP_WAIT_POLICY": "PASSIVE"}
    assert wait_policy(3.0, 16) == {}
