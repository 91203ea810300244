"""Stale: a shot knows which of its inputs changed since its take was made, and nothing else makes it stale."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.protocol import verbs
from engine.protocol.job import Done, Job, JobRequest, TakeFile
from engine.protocol.model_card import ModelCard
from engine.protocol.recipe import Recipe
from studio.project import edits
from studio.project.bible import BibleEntry
from studio.project.draft import Draft, Pin
from studio.project.planned import NeedsTakeError, again, item_of, needs, planned
from studio.project.project import Project
from studio.project.shot import Shot
from studio.project.stale import EntryChanged, FieldChanged, NeighbourChanged, dependents, stale

Digest = Callable[[object], str]
NAMES = "abcd"


def film_of(*shots: Shot) -> Project:
    mara = BibleEntry(id="m", kind="character", name="Mara", description="a woman in a red coat")
    pier = BibleEntry(id="p", kind="place", name="Pier", description="a long wooden pier")
    return Project(id="film", name="Film", created_at=1.0, shots=shots, bible=(mara, pier))


def shot(name: str, prompt: str = "a beach", **fields: Any) -> Shot:
    return Shot(id=name, name=name, draft=Draft(prompt=prompt), **fields)


def taken(project: Project, name: str, recipe: Recipe, media: str) -> Project:
    """The shot has a take of this recipe, selected."""
    file = TakeFile(media=media, container="mp4", size_bytes=1, num_frames=recipe.take_frames)
    request = JobRequest(recipe=recipe, project=project.id, shot=name)
    state = Done(finished_at=2.0, take=file, stage_s={}, build="x")
    job = Job(id=f"{name}-{media[:6]}", request=request, created_at=1.0, state=state)
    return edits.select_take(edits.add_take(project, name, job), job.id)


@pytest.fixture
def made(starter_card: ModelCard, digest: Digest) -> Callable[..., Project]:
    """Return a function that gives every shot (or some, in this order) the take that is planned for it."""

    def making(project: Project, names: str = "", word: str = "") -> Project:
        for name in names or [each.id for each in project.shots]:
            recipe = planned(project, project.shot(name), starter_card)
            project = taken(project, name, recipe, digest(name + word))
        return project

    return making


@pytest.fixture
def why(starter_card: ModelCard) -> Callable[..., dict[str, Any]]:
    """Return a function that tells the reasons of all stale shots."""

    def asking(project: Project) -> dict[str, Any]:
        found = {each.id: stale(project, each, starter_card) for each in project.shots}
        return {name: reasons for name, reasons in found.items() if reasons}

    return asking


def test_what_was_just_made_is_not_stale_and_neither_is_what_is_not_there(made: Any, why: Any) -> None:
    bare = film_of(shot("a", "@Mara at the @Pier"), shot("b", continues=True))
    assert why(bare) == {}
    project = made(bare)
    assert why(project) == {}
    project = edits.change_draft(project, "a", seed=99)
    project = edits.rename_shot(edits.rate_take(project, project.shot("a").takes[0].id, 3), "a", "Another name")
    assert why(project) == {}


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"prompt": "a lake"}, (FieldChanged("prompt"),)),
        ({"negative_prompt": "fog"}, (FieldChanged("negative_prompt"),)),
        ({"width": 64, "height": 64}, (FieldChanged("width"), FieldChanged("height"))),
        ({"seconds": 3.0}, (FieldChanged("num_frames"),)),
        ({"num_inference_steps": 9}, (FieldChanged("num_inference_steps"),)),
        ({"style": "oil"}, (FieldChanged("prompt"),)),
        ({"images": (Pin(place="end", media="e" * 64),)}, (FieldChanged("conditions"),)),
    ],
)
def test_every_field_of_the_draft_counts_but_the_seed(
    made: Any, why: Any, fields: dict[str, Any], reasons: tuple[object, ...]
) -> None:
    project = made(film_of(shot("a"), shot("b")))
    if "style" in fields:
        from studio.project.phrases import phrases

        fields = {"style": next(each.id for each in phrases() if each.kind == "style")}
    assert why(edits.change_draft(project, "a", **fields)) == {"a": reasons}


def test_a_bible_entry_makes_those_stale_that_mention_it(made: Any, why: Any) -> None:
    project = made(film_of(shot("a", "@Mara walks"), shot("b", "gulls"), shot("c", "@mara and the @Pier"), shot("d")))
    changed = edits.change_entry(project, "m", description="a woman in a blue coat")
    assert why(changed) == {"a": (EntryChanged("Mara"),), "c": (EntryChanged("Mara"),)}
    both = edits.change_entry(changed, "p", description="an iron pier")
    assert why(both)["c"] == (EntryChanged("Mara"), EntryChanged("Pier"))
    assert why(edits.change_entry(changed, "m", description="a woman in a red coat")) == {}


def test_a_look_makes_all_stale(made: Any, why: Any) -> None:
    project = made(film_of(*(shot(name) for name in NAMES)))
    look = BibleEntry(id="l", kind="look", name="Retro", description="grainy retro film")
    with_look = edits.add_entry(project, look)
    assert why(with_look) == {name: (EntryChanged("Retro"),) for name in NAMES}
    assert why(edits.remove_entry(with_look, "l")) == {}


def test_a_shot_that_continues_starts_from_the_last_frame_shown(
    made: Any, why: Any, starter_card: ModelCard, digest: Digest
) -> None:
    project = made(film_of(shot("a"), shot("b", continues=True), shot("c")))
    (start,) = project.shot("b").takes[0].recipe.conditions
    take = project.shot("a").takes[0]
    assert (start.media, start.frame_index, start.num_frames) == (take.media, 0, 1)
    assert start.start_s == pytest.approx((take.num_frames - 1) / take.fps)
    trimmed = edits.set_in_out(project, "a", 0, take.num_frames - 3)
    assert why(trimmed) == {"b": (NeighbourChanged("before"),)}
    another = made(project, "a", "again")
    assert why(another) == {"b": (NeighbourChanged("before"),)}
    assert why(edits.set_continues(project, "c", True)) == {"c": (NeighbourChanged("before"),)}
    assert why(edits.set_continues(project, "b", False)) == {"b": (FieldChanged("conditions"),)}
    assert why(edits.move_shot(project, "c", 1)) == {"b": (NeighbourChanged("before"),)}
    bare = film_of(shot("a"), shot("b", continues=True))
    with pytest.raises(NeedsTakeError):
        planned(bare, bare.shot("b"), starter_card)


def test_it_takes_the_place_of_a_start_image(made: Any, starter_card: ModelCard) -> None:
    pins = (Pin(place="start", media="1" * 64), Pin(place="end", media="2" * 64))
    project = made(film_of(shot("a"), shot("b", continues=True)))
    project = edits.change_draft(project, "b", images=pins)
    conditions = planned(project, project.shot("b"), starter_card).conditions
    assert [each.media for each in conditions] == [project.shot("a").takes[0].media, "2" * 64]


def test_halves_of_a_split_shot_are_not_stale(made: Any, why: Any) -> None:
    project = made(film_of(shot("a"), shot("b", continues=True)))
    assert why(edits.split_shot(project, "b", 6, "b2")) == {}


def test_a_bridge_follows_both_its_neighbours(made: Any, why: Any, digest: Digest) -> None:
    bare = film_of(shot("a"), shot("x", is_bridge=True), shot("b"))
    assert [each.id for each in needs(bare, bare.shot("x"))] == ["a", "b"]
    project = made(made(bare, "ab"), "x")
    recipe = project.shot("x").takes[0].recipe
    assert [pin.media for pin in recipe.conditions] == [digest("a"), digest("b")]
    assert project.shot("x").takes[0].verb == "bridge"
    assert why(project) == {}
    assert why(edits.set_in_out(project, "a", 0, 12)) == {"x": (NeighbourChanged("before"),)}
    assert why(edits.set_in_out(project, "b", 4)) == {"x": (NeighbourChanged("behind"),)}
    assert why(edits.change_draft(project, "x", seconds=2.0)) == {"x": (FieldChanged("num_frames"),)}


def test_a_shot_behind_a_bridge_and_one_at_the_beginning_need_nobody(starter_card: ModelCard) -> None:
    bare = film_of(shot("a", continues=True), shot("x", is_bridge=True), shot("b", continues=True))
    assert needs(bare, bare.shot("a")) == ()
    assert needs(bare, bare.shot("b")) == ()
    alone = film_of(shot("x", is_bridge=True), shot("a"))
    assert needs(alone, alone.shot("x")) == ()
    with pytest.raises(NeedsTakeError):
        planned(alone, alone.shot("x"), starter_card)


def test_what_a_verb_made_is_compared_by_its_words_alone(
    made: Any, why: Any, starter_card: ModelCard, digest: Digest
) -> None:
    project = made(film_of(shot("a", "@Mara walks")))
    plain = planned(project, project.shot("a"), starter_card)
    longer = verbs.extend(plain, starter_card, item_of(project.shot("a").takes[0]), 1.0)
    project = taken(project, "a", longer, digest("longer"))
    assert project.shot("a").selected_take.verb == "extend"
    assert why(edits.change_draft(project, "a", seconds=4.0, guidance_scale=2.0)) == {}
    blue = edits.change_entry(project, "m", description="in blue")
    assert why(blue) == {"a": (EntryChanged("Mara"),)}
    made_again = again(blue, blue.shot("a"), starter_card)
    assert made_again.splice is None  # all of it is made anew, as long as it has grown
    assert made_again.num_frames / made_again.fps >= project.shot("a").selected_take.duration_s
    assert "in blue" in made_again.prompt


def test_what_was_made_of_a_clip_is_made_of_it_again(
    made: Any, why: Any, starter_card: ModelCard, digest: Digest
) -> None:
    project = made(film_of(shot("a", "@Mara walks")))
    plain = planned(project, project.shot("a"), starter_card)
    remix = verbs.remix(plain, starter_card, item_of(project.shot("a").takes[0]), 0.4)
    blue = edits.change_entry(taken(project, "a", remix, digest("remix")), "m", description="in blue")
    assert why(blue) == {"a": (EntryChanged("Mara"),)}
    made_again = again(blue, blue.shot("a"), starter_card)
    assert made_again.source == remix.source
    assert "in blue" in made_again.prompt
    assert why(taken(blue, "a", made_again, digest("blue"))) == {}


def test_dependents_go_as_far_as_frames_are_handed_on() -> None:
    project = film_of(
        shot("a"), shot("b", continues=True), shot("c", continues=True), shot("x", is_bridge=True), shot("d")
    )
    everything = "abcxd"
    assert dependents(project, {"a"}, everything) == {"b", "c", "x"}
    assert dependents(project, {"d"}, everything) == {"x"}
    assert dependents(project, {"a"}, {"b", "x"}) == {"b"}
    assert dependents(project, {"x"}, everything) == frozenset()


def test_without_its_card_only_words_are_compared(made: Any) -> None:
    project = made(film_of(shot("a")))
    assert stale(edits.change_draft(project, "a", guidance_scale=1.0), project.shot("a"), None) == ()
    other = edits.change_draft(project, "a", prompt="fog")
    assert stale(other, other.shot("a"), None) == (FieldChanged("prompt"),)


def test_a_longer_take_keeps_what_was_trimmed_at_its_other_end(
    made: Any, starter_card: ModelCard, digest: Digest
) -> None:
    project = edits.set_in_out(made(film_of(shot("a"))), "a", 3)
    old = project.shot("a").takes[0]
    longer = verbs.extend(planned(project, project.shot("a"), starter_card), starter_card, item_of(old), 1.0)
    file = TakeFile(media=digest("longer"), container="mp4", size_bytes=1, num_frames=longer.take_frames)
    request = JobRequest(recipe=longer, project="film", shot="a")
    done = Done(finished_at=2.0, take=file, stage_s={}, build="x")
    project = edits.add_take(project, "a", Job(id="longer", request=request, created_at=1.0, state=done))
    project = edits.put_longer_take(project, "longer")
    assert (project.shot("a").selected, project.shot("a").in_frame, project.shot("a").out_frame) == ("longer", 3, None)
