"""Batches: what one press has queued is one step, that undo takes back as long as there is something to take back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.events import JobChanged
from engine.protocol.job import Cancelled, Done, Job, JobRequest, Queued, Running, TakeFile
from engine.protocol.model_card import ModelCard
from studio.link.scripted import ScriptedLink
from studio.link.trouble import Gone, Refused
from studio.models.batches import Batch
from studio.models.studio import Studio
from studio.project.sample import sample_project
from studio.project.storage import create_project

RUNNING = Running(started_at=1.0, device="cpu")
FILE = TakeFile(media="0" * 64, container="mp4", size_bytes=1, num_frames=17)
DONE = Done(finished_at=2.0, take=FILE, stage_s={}, build="1")


@pytest.fixture
def studio(link: ScriptedLink, tmp_path: Path, starter_card: ModelCard) -> Iterator[Studio]:
    made = Studio(link, create_project(tmp_path / "film", sample_project("Film")))
    link.connect_with(models=[(starter_card, [])])
    yield made
    made.close()
    made.deleteLater()


def accept(link: ScriptedLink, name: str) -> Job:
    """The engine takes the oldest request, and says so."""
    request: JobRequest = link.waiting("submit")[0].ask.arguments[0]
    job = Job(id=name, request=request, created_at=1.0)
    link.answer("submit", job)
    tell(link, job, Queued())
    return job


def tell(link: ScriptedLink, job: Job, state: Any) -> None:
    link.tell(JobChanged(job=job.changed(state=state)))


def cancelled(link: ScriptedLink) -> list[str]:
    return [ticket.ask.arguments[0] for ticket in link.asked if ticket.ask.name == "cancel"]


def test_undo_cancels_what_was_queued_last_and_redo_queues_it_again(studio: Studio, link: ScriptedLink) -> None:
    studio.composer.change(prompt="a lake")
    studio.composer.generate()
    job = accept(link, "a")
    tell(link, job, RUNNING)
    assert studio.film.undo_label == "make_generate"
    studio.film.undo()
    assert cancelled(link) == ["a"]
    assert (studio.film.undo_label, studio.film.redo_label) == ("change_draft", "make_generate")
    tell(link, job, Cancelled(finished_at=2.0))
    assert studio.film.redo_label == "make_generate"
    studio.film.redo()
    assert link.waiting("submit")[0].ask.arguments == (job.request,)
    accept(link, "b")
    studio.film.undo()
    assert cancelled(link) == ["a", "b"]


def test_an_edit_that_came_later_is_taken_back_first(studio: Studio, link: ScriptedLink) -> None:
    studio.composer.generate()
    accept(link, "a")
    studio.composer.change(prompt="a lake")
    studio.film.undo()
    assert cancelled(link) == []
    studio.film.undo()
    assert cancelled(link) == ["a"]


def test_variations_are_taken_back_as_one_and_only_what_is_not_over(studio: Studio, link: ScriptedLink) -> None:
    studio.composer.variations(3)
    jobs = [accept(link, name) for name in "abc"]
    assert len({job.request.recipe.seed for job in jobs}) == 3
    tell(link, jobs[0], DONE)
    assert studio.film.undo_label == "make_variations"
    studio.film.undo()
    assert sorted(cancelled(link)) == ["b", "c"]
    assert studio.film.project.take("a").job == "a"


def test_when_all_of_it_is_over_undo_goes_to_what_was_before(studio: Studio, link: ScriptedLink) -> None:
    ended: list[Batch] = []
    studio.batches.ended.connect(ended.append)
    studio.composer.change(prompt="a lake")
    studio.composer.generate()
    job = accept(link, "a")
    assert ended == []
    tell(link, job, DONE)
    assert [batch.kind for batch in ended] == ["generate"]
    assert studio.film.undo_label == "change_draft"


def test_what_is_taken_back_before_the_engine_has_answered_is_cancelled_when_it_does(
    studio: Studio, link: ScriptedLink
) -> None:
    followed: list[Job] = []
    studio.composer.sent.connect(followed.append)
    studio.composer.generate()
    studio.film.undo()
    accept(link, "a")
    assert (cancelled(link), followed) == (["a"], [])


def test_undone_and_done_again_at_once_is_queued_once(studio: Studio, link: ScriptedLink) -> None:
    followed: list[str] = []
    studio.composer.sent.connect(lambda job: followed.append(job.id))
    studio.composer.generate()
    studio.film.undo()
    studio.film.redo()
    accept(link, "a")
    accept(link, "b")
    assert (cancelled(link), followed) == (["a"], ["b"])


def test_what_the_engine_did_not_take_is_no_step(studio: Studio, link: ScriptedLink) -> None:
    troubles: list[object] = []
    studio.composer.refused.connect(troubles.append)
    studio.composer.generate()
    link.refuse("submit", Gone("no engine"))
    assert (studio.film.undo_label, len(troubles)) == (None, 1)


def test_cancelling_what_is_gone_troubles_nobody(studio: Studio, link: ScriptedLink) -> None:
    troubles: list[object] = []
    studio.trouble.connect(troubles.append)
    studio.composer.generate()
    accept(link, "a")
    studio.film.undo()
    link.refuse("cancel", Refused(404, "no such job"))
    assert troubles == []


def test_a_batch_is_cancelled_whatever_was_done_since(studio: Studio, link: ScriptedLink) -> None:
    began: list[Batch] = []
    studio.batches.began.connect(began.append)
    studio.composer.generate()
    accept(link, "a")
    studio.composer.change(prompt="a lake")
    studio.batches.cancel(began[0])
    assert (cancelled(link), studio.film.undo_label) == (["a"], "change_draft")
    studio.film.undo()
    assert studio.film.undo_label is None
