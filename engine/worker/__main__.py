"""`python -m engine.worker`: render what the engine sends, until it closes the pipe."""

import argparse
import logging
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO, NoReturn

from engine.protocol.home import home
from engine.protocol.job import Device
from engine.protocol.work import Alive, Export, Render, Stop
from engine.render.interrupt import Interrupt
from engine.worker.leash import end_with
from engine.worker.pipe import Outbox, claim_stdin, claim_stdout, commands

log = logging.getLogger(__name__)

REST_AFTER_S = 5.0
BEAT_S = 1.0


def main() -> None:
    """Read commands on a thread; import torch and render on the main one."""
    parser = argparse.ArgumentParser(prog="engine.worker", description=__doc__)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--parent", type=int, default=None, help="pid of the engine, which this process ends with")
    arguments = parser.parse_args()
    if arguments.parent is not None:
        end_with(arguments.parent)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the engine's terminal is the engine's to answer
    outbox = Outbox(claim_stdout())
    threading.Thread(target=_beat, args=(outbox,), name="heartbeat", daemon=True).start()
    inbox = _Inbox(Interrupt())
    threading.Thread(target=inbox.listen, args=(claim_stdin(),), name="commands", daemon=True).start()
    try:
        _work(arguments.device, arguments.home or home(), inbox, outbox)
    except BaseException:
        log.exception("the worker cannot go on")
    os._exit(1)  # a thread is reading: Python's own way out would abort over it


class _Inbox:
    """What the engine asked for and is not done yet."""

    def __init__(self, interrupt: Interrupt) -> None:
        self.interrupt = interrupt
        self.work: queue.SimpleQueue[Render | Export] = queue.SimpleQueue()
        self._open: set[str] = set()

    def listen(self, arriving: BinaryIO) -> None:
        """Until the engine closes the pipe or dies: then this process ends at once, whatever it is doing."""
        try:
            for command in commands(arriving):
                match command:
                    case Render() | Export():
                        self._open.add(command.job_id)
                        self.work.put(command)
                    case Stop() if command.job_id in self._open:  # else it crossed the job's end, and is not meant
                        self.interrupt.request(command.job_id, command.wish)  # for a later try of the same job
                    case Stop():
                        pass
        except ValueError:
            log.exception("a command makes no sense")
            os._exit(1)
        os._exit(0)

    def close(self, job_id: str) -> None:
        """The job has ended here; what is still asked of it comes too late."""
        self._open.discard(job_id)


def _beat(outbox: Outbox) -> NoReturn:
    while True:
        outbox.put(Alive())
        time.sleep(BEAT_S)


def _work(device: Device, folder: Path, inbox: _Inbox, outbox: Outbox) -> NoReturn:

    from engine.worker.desk import Desk

    desk = Desk(device, folder / "cache", outbox, inbox.interrupt)
    # The preview thread must not keep the rendering one waiting for the interpreter: 5 ms, the default, cost 12 %.
    sys.setswitchinterval(0.0005)
    outbox.put(desk.ready())
    while True:
        try:
            command = inbox.work.get(timeout=REST_AFTER_S)
        except queue.Empty:
            desk.rest()
            command = inbox.work.get()
        report = desk.run(command)
        inbox.close(command.job_id)
        outbox.put(report)


if __name__ == "__main__":
    main()
