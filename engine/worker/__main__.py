"""`python -m engine.worker`: render what the engine sends, until it closes the pipe."""

import argparse
import logging
import os
import queue
import sys
import threading
from pathlib import Path

from engine.protocol.home import home
from engine.protocol.work import Cancel, Render
from engine.render.interrupt import Interrupt
from engine.worker.pipe import Outbox, claim_stdout, commands

REST_AFTER_S = 5.0


def main() -> None:
    """Read commands on a thread; import torch and render on the main one."""
    parser = argparse.ArgumentParser(prog="engine.worker", description=__doc__)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--home", type=Path, default=None)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    outbox = Outbox(claim_stdout())
    interrupt = Interrupt()
    work: queue.SimpleQueue[Render] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(work, interrupt), name="commands", daemon=True).start()

    from engine.worker.desk import Desk

    desk = Desk(arguments.device, (arguments.home or home()) / "cache", outbox, interrupt)
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


def _listen(work: "queue.SimpleQueue[Render]", interrupt: Interrupt) -> None:
    """Until the engine closes the pipe or dies: then this process ends at once, whatever it is doing."""
    try:
        for command in commands(sys.stdin.buffer):
            match command:
                case Render():
                    work.put(command)
                case Cancel():
                    interrupt.request(command.job_id)
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
