"""Storyboard: what is made, in which order, and what goes on by itself; the engine says what the test says."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.protocol.events import JobChanged, JobRemoved
from engine.protocol.job import Cancelled, Done, Job, JobRequest, Queued, Running, TakeFile
from engine.protocol.model_card import ModelCard
from studio.link.scripted import ScriptedLink
from studio.link.state import Connected, Lost
from studio.link.trouble import Gone, Problems, Refused
from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry
from studio.project.draft import Draft
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.storage import create_project, open_project

MARA = BibleEntry(id="m", kind="character", name="Mara", description="in a red coat")


def shot(name: str, prompt: str = "a beach", **fields: Any) -> Shot:
    return Shot(id=name, name=name, draft=Draft(prompt=prompt), **fields)


class Board:
    """A studio, and an engine that queues and makes what it is told to."""

    def __init__(self, studio: Studio, link: ScriptedLink) -> None:
        self.studio, self.link = studio, link
        self.jobs: dict[str, Job] = {}
        self.troubles: list[object] = []
        studio.trouble.connect(self.troubles.append)

    @property
    def storyboard(self) -> Any:
        return self.studio.storyboard

    @property
    def project(self) -> Project:
        return self.studio.film.project

    def edit(self, edit: Callable[[Project], Project]) -> None:
        self.studio.film.edit("change_draft", edit)

    def queue(self) -> list[str]:
        """Let the engine queue everything that it was asked for; returns the shots, in the order of the queue."""
        before = len(self.jobs)
        while self.link.waiting("media_item") or self.link.waiting("submit"):
            for ticket in self.link.waiting("media_item"):
                self.link.answer("media_item")
                assert ticket.ask.arguments
            for ticket in self.link.waiting("submit"):
                job = Job(id=f"job-{len(self.jobs)}", request=ticket.ask.arguments[0], created_at=1.0, state=Queued())
                self.jobs[job.id] = job
                self.link.answer("submit", job)
                self.link.tell(JobChanged(job=job))
        return [job.request.shot or "" for job in list(self.jobs.values())[before:]]

    def job(self, shot_id: str) -> Job:
        """The newest of a shot."""
        return [job for job in self.jobs.values() if job.request.shot == shot_id][-1]

    def become(self, shot_id: str, state: Any) -> Job:
        job = self.jobs[self.job(shot_id).id] = self.job(shot_id).changed(state=state)
        self.link.tell(JobChanged(job=job))
        return job

    def finish(self, shot_id: str) -> str:
        """Its newest job makes a take; returns the take's id."""
        job = self.job(shot_id)
        self.become(shot_id, done(job))
        return job.id

    def make(self, *shots: str) -> None:
        """All of these have a take, in this order."""
        for name in shots:
            self.storyboard.generate([name])
            self.queue()
            self.finish(name)

    def wished(self) -> dict[str, str | None]:
        return {wish.shot: wish.job for wish in self.project.wishes}


def done(job: Job) -> Done:
    assert isinstance(job.request, JobRequest)
    media = job.id.encode().hex().ljust(64, "0")
    take = TakeFile(media=media, container="mp4", size_bytes=1, num_frames=job.request.recipe.take_frames)
    return Done(finished_at=3.0, take=take, stage_s={}, build="x")


@pytest.fixture
def board_of(link: ScriptedLink, tmp_path: Path, starter_card: ModelCard) -> Iterator[Callable[..., Board]]:
    """Return a function that makes a board of these shots."""
    made: list[Studio] = []

    def making(*shots: Shot) -> Board:
        project = Project(id="film", name="Film", created_at=1.0, shots=shots, bible=(MARA,))
        made.append(Studio(link, create_project(tmp_path / "film", project)))
        link.connect_with(models=[(starter_card, [])])
        return Board(made[-1], link)

    yield making
    for studio in made:
        studio.close()
        studio.deleteLater()


def test_all_that_is_missing_is_made_and_what_continues_waits(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"), shot("b", continues=True), shot("c", continues=True), shot("d"))
    assert board.storyboard.missing == ["a", "b", "c", "d"]
    board.storyboard.generate_missing()
    assert board.queue() == ["a", "d"]
    assert board.wished() == {"b": None, "c": None, "a": "job-0", "d": "job-1"}
    assert [board.storyboard.is_awaited(each) for each in board.project.shots] == [False, True, True, False]
    take = board.finish("a")
    assert board.queue() == ["b"]
    (start,) = board.job("b").request.recipe.conditions
    assert start.media == board.project.take(take).media
    assert board.queue() == []
    board.finish("d")
    board.finish("b")
    assert board.queue() == ["c"]
    board.finish("c")
    assert board.wished() == {}
    assert all(each.selected for each in board.project.shots)
    assert board.storyboard.missing == []
    assert board.storyboard.to_refresh == []


def test_one_bible_entry_makes_exactly_the_shots_again_that_mention_it(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a", "@Mara walks"), shot("b", continues=True), shot("c", "gulls"), shot("d", "@Mara sits"))
    board.make("a", "b", "c", "d")
    board.edit(lambda project: edits.change_entry(project, "m", description="in a blue coat"))
    assert board.storyboard.to_refresh == ["a", "b", "d"]  # b goes on from a
    board.storyboard.refresh()
    assert board.queue() == ["a", "d"]
    assert board.storyboard.to_refresh == []
    new = board.finish("a")
    assert board.project.shot("a").selected == new
    assert board.queue() == ["b"]
    assert board.job("b").request.recipe.conditions[0].media == board.project.take(new).media
    board.finish("b")
    board.finish("d")
    assert board.queue() == []
    assert [board.storyboard.reasons(each) for each in board.project.shots] == [(), (), (), ()]
    assert len(board.project.shot("c").takes) == 1


def test_a_look_makes_all_of_them_again(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"), shot("b"))
    board.make("a", "b")
    board.edit(
        lambda project: edits.add_entry(project, BibleEntry(id="l", kind="look", name="Retro", description="retro"))
    )
    board.storyboard.refresh()
    assert board.queue() == ["a", "b"]


def test_a_bridge_waits_for_both_sides_and_goes_with_them(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"), shot("b"))
    board.make("a")
    board.storyboard.insert_bridge("a", "Bridge", 1.0)
    bridge = board.project.shots[1]
    assert (bridge.is_bridge, len(board.project.shots)) == (True, 3)
    assert board.queue() == []
    board.storyboard.generate(["b"])
    board.queue()
    board.finish("b")
    assert board.queue() == [bridge.id]
    recipe = board.job(bridge.id).request.recipe
    assert [pin.media for pin in recipe.conditions] == [board.project.shot(each).takes[0].media for each in "ab"]
    board.finish(bridge.id)
    frames = board.storyboard.num_frames
    assert frames == sum(place.num_frames for place in board.storyboard.places)
    board.edit(lambda project: edits.change_draft(project, "b", prompt="a lake"))
    assert board.storyboard.to_refresh == [bridge.id, "b"]
    board.studio.film.undo()
    assert board.storyboard.to_refresh == []


def test_what_waits_goes_on_after_a_restart(
    board_of: Callable[..., Board], tmp_path: Path, starter_card: ModelCard
) -> None:
    board = board_of(shot("a"), shot("b", continues=True))
    board.storyboard.generate_missing()
    board.queue()
    board.studio.close()
    link = ScriptedLink()
    studio = Studio(link, open_project(tmp_path / "film"))
    again = Board(studio, link)
    again.jobs = {"job-0": board.job("a").changed(state=done(board.job("a")))}
    link.connect_with(list(again.jobs.values()), [(starter_card, [])])
    assert again.project.shot("a").selected == "job-0"
    assert again.queue() == ["b"]
    studio.close()
    studio.deleteLater()


def test_a_job_that_was_queued_unheard_is_not_queued_twice(
    board_of: Callable[..., Board], starter_card: ModelCard
) -> None:
    board = board_of(shot("a"), shot("b", continues=True))
    board.make("a")
    board.storyboard.generate(["b"])
    (ticket,) = board.link.waiting("media_item")
    board.link.answer("media_item")
    (asked,) = board.link.waiting("submit")
    job = Job(id="unheard", request=asked.ask.arguments[0], created_at=1.0, state=Queued())
    board.link.become(Lost("gone", 1))
    board.link.connect_with([job], [(starter_card, [])])
    assert board.wished() == {"b": "unheard"}
    assert ticket.ask.arguments


def test_what_is_cancelled_is_not_wished_for_and_nothing_waits_for_it(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"), shot("b", continues=True), shot("c"))
    board.storyboard.generate_missing()
    board.queue()
    board.become("a", Running(started_at=2.0, device="cpu"))
    board.become("a", Cancelled(finished_at=3.0))
    assert board.wished() == {"c": "job-1"}
    board.link.tell(JobRemoved(job_id="job-1"))
    assert board.wished() == {}
    board.finish("c")
    assert board.queue() == []


def test_undo_takes_back_what_was_queued(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"), shot("b", continues=True))
    board.storyboard.generate_missing()
    board.queue()
    assert board.studio.film.undo_label == "make_shots"
    board.studio.film.undo()
    assert [ticket.ask.arguments for ticket in board.link.waiting("cancel")] == [("job-0",)]
    board.become("a", Cancelled(finished_at=3.0))
    assert board.wished() == {}


def test_what_the_engine_refuses_is_told_and_wished_for_no_more(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"), shot("b", continues=True))
    board.storyboard.generate_missing()
    board.link.refuse("submit", Refused(507, "full"))
    assert board.wished() == {}
    assert len(board.troubles) == 1


def test_what_is_wrong_with_a_shot_is_told(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"), shot("b"))
    board.edit(lambda project: edits.change_draft(project, "b", width=63))
    board.storyboard.generate_missing()
    assert board.queue() == ["a"]
    (trouble,) = board.troubles
    assert isinstance(trouble, Problems)
    assert trouble.problems[0].field == "width"
    assert board.wished() == {"a": "job-0"}


def test_what_comes_later_waits_for_an_engine_that_is_away(
    board_of: Callable[..., Board], starter_card: ModelCard
) -> None:
    board = board_of(shot("a"), shot("b", continues=True))
    board.make("a")
    board.storyboard.generate(["a", "b"])
    board.queue()
    board.finish("a")
    board.link.answer("media_item")
    board.link.refuse("submit", Gone("away"))
    assert board.wished() == {"b": None}
    assert board.troubles == []
    board.link.become(Connected())
    board.link.connect_with(list(board.jobs.values()), [(starter_card, [])])
    assert board.queue() == ["b"]


def test_a_longer_take_comes_into_the_film(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"))
    board.make("a")
    frames = board.project.shot("a").takes[0].num_frames
    board.storyboard.trim("a", 2, frames)
    board.storyboard.extend("a", 1.0)
    assert board.queue() == ["a"]
    longer = board.finish("a")
    after = board.project.shot("a")
    assert (after.selected, after.in_frame, after.out_frame) == (longer, 2, None)
    assert after.selected_take.num_frames == frames + 12


@pytest.mark.parametrize(
    ("wanted", "kept"), [((3, 9), (3, 9)), ((-5, 99), (0, None)), ((20, 4), (16, None)), ((5, 5), (5, 6))]
)
def test_a_trim_stays_within_the_take(
    board_of: Callable[..., Board], wanted: tuple[int, int], kept: tuple[int, int | None]
) -> None:
    board = board_of(shot("a"))
    board.make("a")
    board.storyboard.trim("a", 1, 2)
    board.storyboard.trim("a", *wanted)
    after = board.project.shot("a")
    assert (after.in_frame, after.out_frame) == kept
    board.studio.film.undo()
    assert (board.project.shot("a").in_frame, board.project.shot("a").out_frame) == (1, 2)


def test_a_shot_is_split_where_it_is_seen_only(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"), shot("b"))
    board.make("a")
    for frame in (0, 17, 40):
        board.storyboard.split("a", frame)
    board.storyboard.split("b", 3)
    assert len(board.project.shots) == 2
    board.storyboard.split("a", 5)
    first, second, _ = board.project.shots
    assert (first.out_frame, second.in_frame) == (5, 5)
    assert board.studio.film.shot == second
    assert board.storyboard.reasons(second) == ()


def test_reasons_are_looked_for_again_only_where_something_changed(board_of: Callable[..., Board]) -> None:
    board = board_of(*(shot(f"s{number}") for number in range(20)))
    found = [board.storyboard.reasons(each) for each in board.project.shots]
    known = dict(board.storyboard._known)
    board.edit(lambda project: edits.change_draft(project, "s10", prompt="a lake"))
    assert [board.storyboard.reasons(each) for each in board.project.shots] == found
    fresh = [name for name, entry in board.storyboard._known.items() if entry is not known[name]]
    assert fresh == ["s10", "s11"]


def test_the_open_shot_is_hindered_while_its_neighbour_has_no_take(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"), shot("b", continues=True))
    composer = board.studio.composer
    assert composer.hindrance is None
    board.studio.film.open_shot("b")
    assert composer.hindrance == "needs_take"
    composer.generate()
    assert board.queue() == []
    (trouble,) = board.troubles
    assert isinstance(trouble, Problems)
    board.make("a")
    assert composer.hindrance is None
    composer.generate()
    board.queue()
    (start,) = board.job("b").request.recipe.conditions
    assert start.media == board.project.shot("a").takes[0].media


def test_a_deleted_shot_is_not_wished_for_and_undo_wishes_nothing_new(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a"), shot("b", continues=True))
    board.storyboard.generate_missing()
    board.queue()
    board.edit(lambda project: edits.delete_shot(project, "b"))
    assert board.wished() == {"a": "job-0"}
    board.finish("a")
    assert board.queue() == []
    board.studio.film.undo()
    assert board.project.has_shot("b")
    assert board.wished() == {}


def test_what_has_grown_is_made_again_as_long_as_it_is(board_of: Callable[..., Board]) -> None:
    board = board_of(shot("a", "@Mara walks"))
    board.make("a")
    board.storyboard.extend("a", 1.0)
    board.queue()
    board.finish("a")
    frames = board.project.shot("a").selected_take.num_frames
    assert board.storyboard.to_refresh == []
    board.edit(lambda project: edits.change_entry(project, "m", description="in blue"))
    board.storyboard.refresh()
    assert board.queue() == ["a"]
    recipe = board.job("a").request.recipe
    assert recipe.splice is None
    assert recipe.num_frames == frames
    board.finish("a")
    assert board.storyboard.to_refresh == []
