"""The fake link: a model's test sees what was asked, and answers it."""

import pytest
from PySide6.QtWidgets import QApplication

from engine.protocol.events import Preview, QueueReordered
from studio.link.scripted import ScriptedLink
from studio.link.state import Connected, Lost, Starting, Stopped
from studio.link.trouble import Refused, Trouble


@pytest.fixture
def link(qapp: QApplication) -> ScriptedLink:
    return ScriptedLink()


def test_asks_wait_for_their_answer(link: ScriptedLink) -> None:
    ended: list[object] = []
    first = link.cancel("1", ended.append)
    link.cancel("2", ended.append)
    assert [ticket.ask.arguments for ticket in link.waiting("cancel")] == [("1",), ("2",)]
    assert ended == []
    assert link.answer("cancel", "done") is first
    assert ended == ["done"]
    troubles: list[Trouble] = []
    link.pause("3", failed=troubles.append)
    link.refuse("pause", Refused(409, "over"))
    assert troubles == [Refused(409, "over")]
    with pytest.raises(LookupError, match="asked so far"):
        link.answer("pause")


def test_a_newer_ask_of_a_viewer_takes_the_place_of_an_older_one(link: ScriptedLink) -> None:
    shown: list[object] = []
    for first in range(3):
        link.frames("viewer", "a", first, done=shown.append)
    link.frames("other", "a", 7, done=shown.append)
    assert [ticket.ask.arguments[1] for ticket in link.waiting("frames")] == [2, 7]


def test_it_tells_what_a_test_says(link: ScriptedLink) -> None:
    said: list[object] = []
    link.state_changed.connect(said.append)
    link.jobs_loaded.connect(said.append)
    link.models_loaded.connect(said.append)
    link.happened.connect(said.append)
    link.preview.connect(lambda _, jpegs: said.append(jpegs))
    link.trouble.connect(lambda _, trouble: said.append(trouble))
    assert link.state == Starting()
    link.start()
    link.connect_with()
    link.tell(QueueReordered(job_ids=()))
    link.tell(Preview(job_id="1", step=1, total_steps=2, fps=1, width=8, height=8, frame_sizes_bytes=(1,)), [b"x"])
    link.delete("1")
    link.refuse("delete", Refused(404, "no such job"))
    link.become(Lost("died", 1))
    link.retry()
    link.stop_engine()
    link.close()
    assert said == [
        *(Connected(), [], [], QueueReordered(job_ids=()), [b"x"], Refused(404, "no such job")),
        *(Lost("died", 1), Starting(), Stopped()),
    ]
    assert (link.starts, link.retries, link.closes) == (1, 1, 1)
