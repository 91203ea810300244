"""`python -m engine.worker`: render what the engine sends, until it closes the pipe."""

import argparse
import logging
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import BinaryIO, NoReturn

from engine.protocol.home import home
from engine.protocol.job import Device
from engine.protocol.work import Cancel, Render
from engine.render.interrupt import Interrupt
from engine.worker.pipe import Outbox, claim_stdin, claim_stdout, commands

log = logging.getLogger(__name__)

REST_AFTER_S = 5.0


def main() -> None:
    """Read commands on a thread; import torch and render on the main one."""
    parser = argparse.ArgumentParser(prog="engine.worker", description=__doc__)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--home", type=Path, default=None)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the engine's terminal is the engine's to answer
    outbox = Outbox(claim_stdout())
    interrupt = Interrupt()
    work: queue.SimpleQueue[Render] = queue.SimpleQueue()
    arriving = claim_stdin()
    threading.Thread(target=_listen, args=(arriving, work, interrupt), name="commands", daemon=True).start()
    try:
        _work(arguments.device, arguments.home or home(), work, outbox, interrupt)
    except BaseException:
        log.exception("the worker cannot go on")
    os._exit(1)  # a thread is reading: Python's own way out would abort over it


def _work(
    device: Device, folder: Path, work: "queue.SimpleQueue[Render]", outbox: Outbox, interrupt: Interrupt
) -> NoReturn:

    from engine.worker.desk import Desk

    desk = Desk(device, folder / "cache", outbox, interrupt)
    # The preview thread must not keep the rendering one waiting for the interpreter: 5 ms, the default, cost 12 %.
    sys.setswitchinterval(0.0005)
    outbox.put(desk.ready())
    while True:
        try:
            command = work.get(timeout=REST_AFTER_S)
        except queue.Empty:
            desk.rest()
            command = work.get()
        outbox.put(desk.run(command))


def _listen(arriving: BinaryIO, work: "queue.SimpleQueue[Render]", interrupt: Interrupt) -> None:
    """Until the engine closes the pipe or dies: then this process ends at once, whatever it is doing."""
    try:
        for command in commands(arriving):
            match command:
                case Render():
                    work.put(command)
                case Cancel():
                    interrupt.request(command.job_id)
    except ValueError:
        log.exception("a command makes no sense")
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
