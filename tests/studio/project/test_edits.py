"""Every edit changes what it says, and nothing else."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.protocol.condition import Condition, Source
from engine.protocol.film import FilmSound
from engine.protocol.job import Job, Queued
from engine.protocol.media import MediaItem
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from engine.protocol.verbs import bridge, extend, extend_backward, loop, remix, retake
from studio.project import edits
from studio.project.bible import BibleEntry
from studio.project.footage import Footage
from studio.project.project import MOST_PROMPTS, Project
from studio.project.shot import Shot
from studio.project.soundtrack import SoundTrack
from studio.project.take import verb_of

JobMaker = Callable[..., Job]
ENTRY = BibleEntry(id="mara", kind="character", name="Mara", description="a woman")


def shares(before: Project, after: Project, changed: str) -> bool:
    """Whether all shots but one are the same objects."""
    return all(after.shot(shot.id) is shot for shot in before.shots if shot.id != changed)


def test_shots_come_move_and_go(film: Project) -> None:
    grown = edits.add_shot(film, Shot(id="d", name="D"), at=1)
    assert [shot.id for shot in grown.shots] == ["a", "d", "b", "c"]
    assert shares(film, grown, "d")
    assert edits.add_shot(film, Shot(id="d", name="D")).shots[-1].id == "d"
    assert [s.id for s in edits.move_shot(film, "a", 1).shots] == ["b", "a", "c"]
    assert [s.id for s in edits.move_shot(film, "a", 99).shots] == ["b", "c", "a"]
    assert [s.id for s in edits.move_shot(film, "c", -5).shots] == ["c", "a", "b"]
    assert edits.move_shot(film, "b", 1) is film
    looked_at = edits.open_shot(film, "b")
    gone = edits.delete_shot(looked_at, "b")
    assert ([s.id for s in gone.shots], gone.last_open_shot) == (["a", "c"], None)
    assert gone.shot("a") is film.shot("a")
    with pytest.raises(ValueError, match="two shots"):
        edits.add_shot(film, Shot(id="a", name="again"))


@pytest.mark.parametrize("name", ["🏖️ \"Coast\" 'film'", "x" * 300, "Берег", "a/b\\c"])
def test_names_are_what_people_type(film: Project, name: str) -> None:
    assert edits.rename_shot(film, "a", name).shot("a").name == name
    assert edits.rename_project(film, name).name == name
    with pytest.raises(ValueError, match="at least 1"):
        edits.rename_shot(film, "a", "")


def test_a_duplicate_has_takes_of_its_own(film: Project, a_job: JobMaker) -> None:
    with_take = edits.rate_take(edits.add_take(film, "a", a_job()), "job-1", 4)
    doubled = edits.duplicate_shot(with_take, "a", "e", "Copy")
    copy = doubled.shot("e")
    assert [s.id for s in doubled.shots] == ["a", "e", "b", "c"]
    assert doubled.shot("a") is with_take.shot("a")
    assert (copy.name, copy.draft is film.shot("a").draft, copy.takes[0].rating) == ("Copy", True, 4)
    assert copy.selected == copy.takes[0].id != "job-1"
    assert edits.add_take(doubled, "a", a_job()) is doubled
    assert edits.delete_take(doubled, "job-1").shot("e") is copy


def test_a_draft_changes_alone(film: Project) -> None:
    changed = edits.change_draft(film, "b", prompt="gulls", seconds=2.0)
    assert (changed.shot("b").draft.prompt, changed.shot("b").draft.seconds) == ("gulls", 2.0)
    assert shares(film, changed, "b")
    in_frames = edits.change_draft(changed, "b", num_frames=9)
    assert (in_frames.shot("b").draft.num_frames, in_frames.shot("b").draft.seconds) == (9, None)
    assert edits.change_draft(film, "b", prompt="prompt b") is film
    with pytest.raises(ValueError, match="Extra inputs"):
        edits.change_draft(film, "b", promt="x")


def test_the_same_job_is_never_two_takes(film: Project, a_job: JobMaker) -> None:
    once = edits.add_take(film, "a", a_job())
    take = once.shot("a").takes[0]
    assert (take.id, take.job, take.verb, take.num_frames, once.shot("a").selected) == (
        "job-1",
        "job-1",
        "generate",
        9,
        "job-1",
    )
    assert (take.created_at, take.stage_s, take.build, take.is_draft) == (10.0, {"denoise": 1.5}, "0.1.0", False)
    assert edits.add_take(once, "a", a_job()) is once
    assert edits.add_take(once, "b", a_job()) is once
    assert shares(film, once, "a")
    twice = edits.add_take(once, "a", a_job("job-2"))
    assert ([t.id for t in twice.shot("a").takes], twice.shot("a").selected) == (["job-1", "job-2"], "job-1")


def test_a_draft_becomes_the_whole_take(film: Project, a_job: JobMaker) -> None:
    drafted = edits.add_take(edits.add_take(film, "a", a_job(step=2)), "a", a_job("job-2"))
    draft = drafted.take("job-1")
    assert (draft.verb, draft.step, draft.total_steps) == ("draft", 2, 4)
    trimmed = edits.set_in_out(edits.rate_take(drafted, "job-1", 5), "a", 2, 5)
    done = edits.add_take(trimmed, "a", a_job(at=20.0))
    take = done.take("job-1")
    assert (take.verb, take.is_draft, take.rating, done.shot("a").selected) == ("generate", False, 5, "job-1")
    assert (done.shot("a").in_frame, done.shot("a").out_frame, len(done.shot("a").takes)) == (2, 5, 2)
    assert take.media != draft.media
    assert edits.add_take(done, "a", a_job(step=2)) is done


def test_a_job_without_a_take_is_refused(film: Project, a_job: JobMaker) -> None:
    with pytest.raises(ValueError, match="queued"):
        edits.add_take(film, "a", a_job().changed(state=Queued()))


def test_parents_are_takes_where_there_are_any(film: Project, a_job: JobMaker, digest: Callable[..., str]) -> None:
    first = edits.add_take(film, "b", a_job("job-1"))
    media = first.take("job-1").media
    conditions = (
        Condition(media=digest("image"), frame_index=4),
        Condition(media=media, frame_index=0),
        Condition(media=media, frame_index=8),
    )
    second = edits.add_take(first, "a", a_job("job-2", conditions=conditions))
    assert (second.take("job-2").parents, second.take("job-2").verb) == (("job-1", digest("image")), "animate")


def test_verbs_are_known_by_their_recipes(starter_card: ModelCard, a_job: JobMaker, digest: Callable[..., str]) -> None:
    draft = a_job().request.recipe
    clip = MediaItem(sha256=digest("x"), kind="clip", format="mp4", size_bytes=1, width=64, height=64)
    clip = clip.changed(num_frames=24, fps=12.0)
    other = clip.changed(sha256=digest("y"))
    made: dict[str, Recipe] = {
        "extend": extend(draft, starter_card, clip, 1),
        "extend_backward": extend_backward(draft, starter_card, clip, 1),
        "loop": loop(draft, starter_card, clip, 1),
        "bridge": bridge(draft, starter_card, clip, other, 1),
        "retake": retake(draft, starter_card, clip, 0.5, 1),
        "remix": remix(draft, starter_card, clip, 0.5),
        "generate": draft,
        "animate": draft.changed(conditions=(Condition(media=digest("x")),)),
    }
    assert {name: verb_of(recipe) for name, recipe in made.items()} == {name: name for name in made}
    assert verb_of(draft.changed(loop=True)) == "loop"
    assert verb_of(draft.changed(source=Source(media=digest("x"), strength=0.5), loop=True)) == "remix"


def test_takes_are_rated_selected_and_deleted(film: Project, a_job: JobMaker) -> None:
    project = film
    for name, frames in (("1", 9), ("2", 9), ("3", 13)):
        project = edits.add_take(project, "a", a_job(name, num_frames=frames))
    trimmed = edits.set_in_out(project, "a", 2, 7)
    assert trimmed.shot("a").duration_s == pytest.approx(5 / 12)
    as_long, longer = edits.select_take(trimmed, "2").shot("a"), edits.select_take(trimmed, "3").shot("a")
    assert (as_long.in_frame, as_long.out_frame, longer.in_frame, longer.out_frame) == (2, 7, 0, None)
    assert edits.rate_take(trimmed, "2", 3).take("1") is trimmed.take("1")
    assert edits.select_take(trimmed, "1") is trimmed
    with pytest.raises(ValueError, match="less than or equal to 5"):
        edits.rate_take(project, "1", 6)
    left = edits.delete_take(trimmed, "1")
    assert (left.shot("a").selected, left.shot("a").in_frame) == ("2", 2)
    left = edits.delete_take(edits.delete_take(left, "3"), "2")
    assert (left.shot("a").selected, left.shot("a").in_frame, left.shot("a").takes) == (None, 0, ())


@pytest.mark.parametrize("points", [(5, 5), (6, 5), (0, 10), (9, None), (-1, 4)])
def test_in_and_out_are_within_the_take(film: Project, a_job: JobMaker, points: tuple[int, int | None]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        edits.set_in_out(edits.add_take(film, "a", a_job()), "a", *points)
    with pytest.raises(ValueError, match="no in and out"):
        edits.set_in_out(film, "a", 1, 2)


def test_the_bin_holds_each_file_once(film: Project, a_clip: Callable[..., Footage]) -> None:
    one = edits.add_footage(film, a_clip())
    assert edits.add_footage(one, a_clip()) is one
    assert one.shots is film.shots or shares(film, one, "")
    assert edits.remove_footage(one, a_clip().sha256) == film


def test_bible_entries_have_names_of_their_own(film: Project) -> None:
    one = edits.add_entry(film, ENTRY)
    assert edits.change_entry(one, "mara", description="tall").entry("mara").description == "tall"
    assert edits.remove_entry(one, "mara") == film
    with pytest.raises(ValueError, match="names in the bible"):
        edits.add_entry(one, ENTRY.changed(id="other", name="MARA"))


def test_settings_and_transitions(film: Project) -> None:
    assert edits.change_settings(film, fps=12).settings.fps == 12
    assert edits.set_transition(film, "a", "dip").shot("a").transition == "dip"
    slow = edits.set_transition(film, "a", "crossfade", 2.0).shot("a")
    assert (slow.transition, slow.transition_s) == ("crossfade", 2.0)
    assert edits.set_continues(film, "b", True).shot("b").continues
    with pytest.raises(ValueError, match="greater than or equal to 16"):
        edits.change_settings(film, width=0)


def test_a_shot_is_split_where_it_is_shown(film: Project, a_job: JobMaker) -> None:
    cut = edits.set_transition(edits.set_in_out(edits.add_take(film, "a", a_job()), "a", 1, 8), "a", "dip", 0.1)
    split = edits.split_shot(cut, "a", 4, "new")
    first, second = split.shots[:2]
    assert (first.id, first.in_frame, first.out_frame, first.transition) == ("a", 1, 4, "cut")
    assert (second.id, second.in_frame, second.out_frame, second.transition) == ("new", 4, 8, "dip")
    assert second.selected_take is not None
    assert second.selected_take.media == sha_of(first)
    for frame in (0, 1, 8, 9):
        with pytest.raises(ValueError, match="inside of what is shown"):
            edits.split_shot(cut, "a", frame, "new")


def sha_of(shot: Shot) -> str:
    """Return the file of what is shown."""
    assert shot.selected_take is not None
    return shot.selected_take.media


def test_sound_is_laid_under_the_film(film: Project, digest: Callable[[object], str]) -> None:
    track = SoundTrack(id="t", name="sea.wav", length_s=9.0, sound=FilmSound(media=digest("sea")))
    one = edits.add_track(film, track)
    assert digest("sea") in one.shown_media
    louder = edits.change_track(one, "t", gain_db=3.0, at_s=1.0)
    assert (louder.track("t").sound.gain_db, louder.track("t").sound.at_s) == (3.0, 1.0)
    assert edits.change_track(louder, "t", gain_db=3.0) is louder
    assert edits.remove_track(louder, "t") == film
    with pytest.raises(ValueError, match="sound tracks"):
        edits.add_track(one, track)
    with pytest.raises(ValueError, match="gain_db"):
        edits.change_track(one, "t", gain_db=99)


def test_prompts_are_remembered_once_and_so_many(film: Project) -> None:
    project = film
    for number in range(MOST_PROMPTS + 5):
        project = edits.remember_prompt(project, f"prompt {number}")
    project = edits.remember_prompt(edits.remember_prompt(project, " prompt 50 "), "  ")
    assert (len(project.prompt_history), project.prompt_history[0]) == (MOST_PROMPTS, "prompt 50")
    assert len(set(project.prompt_history)) == MOST_PROMPTS
    saved = edits.save_prompt(project, "prompt 50")
    assert saved.saved_prompts == ("prompt 50",)
    forgotten = edits.forget_prompt(saved, "prompt 50")
    assert forgotten.saved_prompts == ()
    assert "prompt 50" not in forgotten.prompt_history
    assert edits.forget_prompt(forgotten, "prompt 50") is forgotten


UNKNOWN: list[Callable[[Project], Project]] = [
    lambda p: edits.delete_shot(p, "nobody"),
    lambda p: edits.move_shot(p, "nobody", 0),
    lambda p: edits.rename_shot(p, "nobody", "x"),
    lambda p: edits.duplicate_shot(p, "nobody", "x"),
    lambda p: edits.change_draft(p, "nobody", prompt="x"),
    lambda p: edits.set_in_out(p, "nobody", 0),
    lambda p: edits.set_transition(p, "nobody", "cut"),
    lambda p: edits.set_continues(p, "nobody", True),
    lambda p: edits.split_shot(p, "nobody", 1, "x"),
    lambda p: edits.change_track(p, "nobody", gain_db=1),
    lambda p: edits.remove_track(p, "nobody"),
    lambda p: edits.open_shot(p, "nobody"),
    lambda p: edits.rate_take(p, "nobody", 1),
    lambda p: edits.select_take(p, "nobody"),
    lambda p: edits.delete_take(p, "nobody"),
    lambda p: edits.remove_footage(p, "nobody"),
    lambda p: edits.change_entry(p, "nobody", name="x"),
    lambda p: edits.remove_entry(p, "nobody"),
]


@pytest.mark.parametrize("edit", UNKNOWN)
def test_an_unknown_id_is_told(film: Project, edit: Callable[[Project], Project]) -> None:
    with pytest.raises(KeyError, match="nobody"):
        edit(film)


def test_a_take_for_an_unknown_shot_is_told(film: Project, a_job: JobMaker) -> None:
    with pytest.raises(KeyError, match="nobody"):
        edits.add_take(film, "nobody", a_job())


@given(st.permutations("abc"), st.data())
@settings(deadline=None, max_examples=50)
def test_any_order_can_be_reached_and_nothing_else_changes(
    film: Project, order: list[str], data: st.DataObject
) -> None:
    project = film
    for to, shot_id in enumerate(order):
        project = edits.move_shot(project, shot_id, to)
    assert [shot.id for shot in project.shots] == order
    assert all(project.shot(shot.id) is shot for shot in film.shots)
