"""The worker's process around the render: what it takes in, and how it ends."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.protocol.home import RESOURCES
from engine.protocol.job import Delivery
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.protocol.wire import framed, pack
from engine.protocol.work import Command, Render, Stop
from engine.render.interrupt import Interrupt, InterruptedRenderError
from engine.worker import __main__ as worker


class LeftError(Exception):
    """Stands in for the end of the process."""


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> worker._Inbox:
    def leave(code: int) -> None:
        raise LeftError(code)

    monkeypatch.setattr(os, "_exit", leave)
    return worker._Inbox(Interrupt())


def take_in(inbox: worker._Inbox, *commands: Command) -> None:
    """Let the commands arrive, and the engine close the pipe."""
    with pytest.raises(LeftError, match="0"):
        inbox.listen(io.BytesIO(b"".join(framed(pack(command)) for command in commands)))


@pytest.fixture
def render(recipe: Recipe, starter_card: ModelCard) -> Render:
    folders = {"model_folder": "m", "output": "o", "checkpoints": "c"}
    return Render(job_id="1", recipe=recipe, delivery=Delivery(), card=starter_card, media_files={}, **folders)


def test_a_stop_is_for_the_job_that_is_here(inbox: worker._Inbox, render: Render) -> None:
    take_in(inbox, render, Stop(job_id="1", wish="pause"))
    assert inbox.work.get_nowait() == render
    with pytest.raises(InterruptedRenderError), inbox.interrupt.watching("1"):
        pass


def test_a_stop_that_crossed_the_end_is_not_for_the_next_try(inbox: worker._Inbox, render: Render) -> None:
    take_in(inbox, render)
    inbox.close("1")
    take_in(inbox, Stop(job_id="1", wish="pause"), render)
    with inbox.interrupt.watching("1"):
        inbox.interrupt.check()


def test_nonsense_ends_the_process(inbox: worker._Inbox) -> None:
    with pytest.raises(LeftError, match="1"):
        inbox.listen(io.BytesIO(framed(b"\0\0\0\x02{}")))


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel knows of it")
@pytest.mark.parametrize(("parent", "code"), [("os.getppid()", 0), ("1 + os.getppid()", 1)])
def test_one_whose_engine_is_gone_already_leaves_at_once(parent: str, code: int) -> None:
    program = f"import os\nfrom engine.worker.leash import end_with\nend_with({parent})"
    done = subprocess.run([sys.executable, "-c", program], cwd=Path(RESOURCES).parent, timeout=60, check=False)
    assert done.returncode == code
