"""Undo goes back, redo comes again, and no take is ever lost on the way."""

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.protocol.job import Job, Queued
from studio.project import edits
from studio.project.history import Edit, History
from studio.project.project import Project
from studio.project.shot import Shot

JobMaker = Callable[..., Job]


def prompt(text: str, shot: str = "a") -> Edit:
    return lambda project: edits.change_draft(project, shot, prompt=text)


def takes(history: History, shot: str = "a") -> list[str]:
    return [take.id for take in history.project.shot(shot).takes]


def test_there_and_back(film: Project) -> None:
    history = History(film)
    assert (history.undo(), history.redo(), history.undo_label) == (None, None, None)
    one, two = history.do("one", prompt("1")), history.do("two", prompt("2"))
    assert (history.undo_label, history.undo(), history.redo_label) == ("two", "two", "two")
    assert history.project is one
    assert (history.undo(), history.undo()) == ("one", None)
    assert history.project is film
    assert (history.redo(), history.redo(), history.redo()) == ("one", "two", None)
    assert history.project is two
    history.undo()
    history.do("three", prompt("3"))
    assert history.redo_label is None


def test_an_edit_that_changes_nothing_or_fails_is_no_step(film: Project) -> None:
    history = History(film)
    history.do("nothing", prompt("prompt a"))
    with pytest.raises(KeyError):
        history.do("wrong", prompt("x", "nobody"))
    assert (history.undo_label, history.project is film) == (None, True)


def test_a_burst_of_typing_is_one_step(film: Project) -> None:
    history = History(film)
    for text in ("g", "gu", "gul"):
        history.do("type", prompt(text), merge="a.prompt")
    history.do("type", prompt("x", "b"), merge="b.prompt")
    history.settle()
    history.do("type", prompt("xy", "b"), merge="b.prompt")
    history.undo()
    assert history.project.shot("b").draft.prompt == "x"
    history.do("type", prompt("xz", "b"), merge="b.prompt")
    assert (history.undo(), history.undo()) == ("type", "type")
    assert history.project.shot("a").draft.prompt == "gul"
    history.undo()
    assert history.project is film


def test_takes_that_arrived_since_survive_an_undo(film: Project, a_job: JobMaker) -> None:
    history = History(film)
    history.do("type", prompt("1"))
    history.adopt("a", a_job("job-1"))
    assert (history.undo_label, history.undo(), takes(history)) == ("type", "type", ["job-1"])
    history.adopt("a", a_job("job-2"))
    assert (history.redo(), takes(history)) == ("type", ["job-1", "job-2"])
    assert history.project.shot("a").draft.prompt == "1"


def test_a_deleted_take_comes_back_by_undo_only(film: Project, a_job: JobMaker) -> None:
    history = History(film)
    history.do("type", prompt("1"))
    history.adopt("a", a_job("job-1"))
    history.do("delete", lambda project: edits.delete_take(project, "job-1"))
    history.adopt("a", a_job("job-1"))
    assert takes(history) == []
    history.undo()
    assert takes(history) == ["job-1"]
    history.redo()
    assert takes(history) == []


def test_a_draft_that_was_finished_stays_finished(film: Project, a_job: JobMaker) -> None:
    history = History(film)
    history.adopt("a", a_job(step=2))
    history.do("rate", lambda project: edits.rate_take(project, "job-1", 5))
    history.adopt("a", a_job(at=20.0))
    assert history.project.take("job-1").rating == 5
    history.undo()
    take = history.project.take("job-1")
    assert (take.is_draft, take.rating) == (False, 0)
    history.redo()
    assert (history.project.take("job-1").is_draft, history.project.take("job-1").rating) == (False, 5)


def test_a_take_waits_for_a_shot_that_was_deleted(film: Project, a_job: JobMaker) -> None:
    history = History(film)
    history.do("delete", lambda project: edits.delete_shot(project, "a"))
    history.adopt("a", a_job())
    assert not history.project.has_shot("a")
    history.undo()
    assert takes(history) == ["job-1"]


def test_a_take_waits_for_a_shot_whose_making_was_undone(film: Project, a_job: JobMaker) -> None:
    history = History(film)
    history.do("add", lambda project: edits.add_shot(project, Shot(id="d", name="D")))
    history.undo()
    history.adopt("d", a_job())
    history.redo()
    assert takes(history, "d") == ["job-1"]


def test_only_an_end_can_be_adopted(film: Project, a_job: JobMaker) -> None:
    with pytest.raises(ValueError, match="queued"):
        History(film).adopt("a", a_job().changed(state=Queued()))


def test_prompts_and_the_open_shot_are_not_undone(film: Project) -> None:
    history = History(film)
    history.do("add", lambda project: edits.add_shot(project, Shot(id="d", name="D")))
    history.note(lambda project: edits.open_shot(edits.remember_prompt(project, "sent"), "d"))
    assert history.undo_label == "add"
    history.undo()
    assert (history.project.prompt_history, history.project.last_open_shot) == (("sent",), None)
    history.note(lambda project: edits.rename_project(edits.open_shot(project, "b"), "never"))
    history.redo()
    assert (history.project.last_open_shot, history.project.name) == ("b", "Film")


def test_it_is_bounded_and_still_keeps_takes(film: Project, a_job: JobMaker) -> None:
    history = History(film, most_steps=3)
    for number in range(10):
        history.do("type", prompt(str(number)))
        history.adopt("a", a_job(f"job-{number}"))
    undone = 0
    while history.undo():
        undone += 1
    assert (undone, history.project.shot("a").draft.prompt) == (3, "6")
    assert takes(history) == [f"job-{number}" for number in range(10)]
    while history.redo():
        pass
    assert (history.project.shot("a").draft.prompt, len(takes(history))) == ("9", 10)


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("type"), st.sampled_from("abc"), st.text(max_size=3)),
        st.tuples(st.just("adopt"), st.sampled_from("abc"), st.integers(0, 9)),
        st.tuples(st.just("delete shot"), st.sampled_from("abc"), st.just(0)),
        st.tuples(st.just("delete take"), st.sampled_from("abc"), st.integers(0, 9)),
        st.tuples(st.just("undo"), st.just(""), st.just(0)),
        st.tuples(st.just("redo"), st.just(""), st.just(0)),
    ),
    max_size=20,
)


@given(ACTS)
@settings(deadline=None, max_examples=50)
def test_whatever_is_done_all_undone_has_every_take_and_all_redone_is_as_before(
    film: Project, a_job: JobMaker, acts: list[tuple[str, str, object]]
) -> None:
    history, adopted = History(film), dict[str, str]()
    for act, shot, value in acts:
        _do(history, a_job, adopted, (act, shot, value))
    while history.redo():
        pass
    latest = history.project
    while history.undo():
        pass
    for shot in "abc":
        arrived = {name for name, owner in adopted.items() if owner == shot}
        assert arrived - {take.id for take in history.project.shot(shot).takes} == set(), "an arrived take is lost"
    assert [shot.draft for shot in history.project.shots] == [shot.draft for shot in film.shots]
    while history.redo():
        pass
    assert history.project == latest


def _do(history: History, a_job: JobMaker, adopted: dict[str, str], act: tuple[str, str, object]) -> None:
    kind, shot, value = act
    if kind == "undo":
        history.undo()
    elif kind == "redo":
        history.redo()
    elif kind == "adopt":
        adopted.setdefault(f"job-{value}", shot)
        history.adopt(adopted[f"job-{value}"], a_job(f"job-{value}"))
    elif history.project.has_shot(shot):
        take = f"job-{value}"
        if kind == "type":
            history.do("type", prompt(str(value), shot), merge=shot)
        elif kind == "delete shot":
            history.do(kind, partial(edits.delete_shot, shot_id=shot))
        elif take in takes(history, shot):
            history.do(kind, partial(edits.delete_take, take_id=take))


def test_a_deed_has_its_place_and_changes_nothing(film: Project) -> None:
    history = History(film)
    one = history.do("one", prompt("1"), merge="a.prompt")
    history.mark("extend", "deed")
    two = history.do("two", prompt("2"), merge="a.prompt")
    assert (history.undo_deed, history.undo(), history.undo_deed) == (None, "two", "deed")
    assert (history.undo(), history.project, history.redo_deed) == ("extend", one, "deed")
    assert (history.undo(), history.project) == ("one", film)
    assert (history.redo(), history.redo(), history.redo()) == ("one", "extend", "two")
    assert history.project == two


def test_a_deed_that_is_over_is_no_step(film: Project) -> None:
    history = History(film)
    history.do("one", prompt("1"))
    history.mark("extend", "over")
    history.mark("loop", "undone")
    history.undo()
    history.forget("over")
    history.forget("undone")
    assert (history.undo_label, history.redo_label) == ("one", None)


def test_what_was_amended_stays_when_a_deed_is_taken_back(film: Project) -> None:
    history = History(film)
    history.mark("generate", "deed")
    history.amend(prompt("another seed"))
    history.undo()
    assert history.project.shot("a").draft.prompt == "another seed"
