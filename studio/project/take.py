"""Take: one result, or a clip from elsewhere; never edited but for its rating."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from engine.protocol.job import Container, Done, Drafted, Job, JobRequest, Notice
from engine.protocol.recipe import Recipe
from studio.project.footage import Footage
from studio.project.value import Sha256, Value

Verb = Literal[
    "generate", "animate", "extend", "extend_backward", "loop", "bridge", "remix", "retake", "draft", "footage"
]
Rating = Annotated[int, Field(ge=0, le=5)]
_SPLICED: dict[tuple[bool, bool], Verb] = {
    (False, False): "bridge",
    (True, False): "extend",
    (False, True): "extend_backward",
    (True, True): "retake",
}
"""The verb by whether frames are kept before and after the new ones."""


class Take(Value):
    """A clip (or picture) that a job made, or that was brought in.

    Attributes:
        media: sha256 of its file.
        width, height: in pixels.
        recipe: what it was made from; None for footage that does not say.
        parents: what it was made from, in order: ids of takes, or sha256 of footage.
        job: the job that made it; None for the copies in a duplicated shot.
        created_at: Unix seconds.
        stage_s: how long each stage took, in seconds.
        has_audio: of footage: it has a sound of its own.
        rating: 1 to 5; 0 is none.
        step, total_steps: where it stands when it is a draft; both None when it is whole.
    """

    id: str
    media: Sha256
    container: Container
    width: PositiveInt
    height: PositiveInt
    num_frames: PositiveInt
    fps: PositiveFloat
    recipe: Recipe | None = None
    verb: Verb
    parents: tuple[str, ...] = ()
    job: str | None = None
    created_at: float
    stage_s: dict[str, float] = Field(default_factory=dict[str, float])
    notices: tuple[Notice, ...] = ()
    build: str = ""
    has_audio: bool = False
    rating: Rating = 0
    step: int | None = None
    total_steps: int | None = None

    @model_validator(mode="after")
    def _is_whole_or_a_draft(self) -> Self:
        if (self.step is None) != (self.total_steps is None):
            raise ValueError("a draft has both a step and a total")
        return self

    @property
    def is_draft(self) -> bool:
        """True when its job stopped before the last step, to be looked at."""
        return self.step is not None

    @property
    def has_sound(self) -> bool:
        """True when its file has a sound of its own, which what was made got from the footage it was made of."""
        splice = self.recipe.splice if self.recipe else None
        return self.has_audio or (splice is not None and splice.sound is not None)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_frames / self.fps


def take_of(job: Job, parents: tuple[str, ...]) -> Take:
    """What a finished or drafted job made; its id is the job's.

    Raises:
        ValueError: when the job made nothing (yet), or a film.
    """
    state = job.state
    if not isinstance(state, Done | Drafted) or not isinstance(job.request, JobRequest):
        raise ValueError(f"job {job.id} is {state.kind} and has no take")
    recipe = job.request.recipe
    done = isinstance(state, Done)
    width, height = recipe.take_size
    return Take(
        id=job.id,
        media=state.take.media,
        container=state.take.container,
        width=width,
        height=height,
        num_frames=state.take.num_frames,
        fps=recipe.take_fps,
        recipe=recipe,
        verb=verb_of(recipe) if done else "draft",
        parents=parents,
        job=job.id,
        created_at=state.finished_at,
        stage_s=state.stage_s if done else {},
        notices=state.notices if done else (),
        build=state.build if done else "",
        step=None if done else state.step,
        total_steps=None if done else state.total_steps,
    )


def take_of_footage(footage: Footage, take_id: str, created_at: float) -> Take:
    """A clip from elsewhere as a take.

    Raises:
        ValueError: for what is no clip, or has no rate.
    """
    item = footage.item
    if item.kind != "clip" or not item.fps or not item.num_frames:
        raise ValueError(f"{footage.name} has no frames that could be counted")
    return Take(
        id=take_id,
        media=item.sha256,
        container=_container(item.format),
        width=item.width,
        height=item.height,
        num_frames=item.num_frames,
        fps=item.fps,
        recipe=item.recipe,
        verb=verb_of(item.recipe) if item.recipe else "footage",
        created_at=created_at,
        has_audio=item.has_audio,
    )


def _container(found: str) -> Container:
    """Other formats keep their bytes, and are called by the commonest name."""
    return next((known for known in get_args(Container) if known == found), "mp4")


def verb_of(recipe: Recipe) -> Verb:
    """What was done to get this recipe, as its conditions and splice tell.

    A retake of a clip's end is an extension from the frame before it, and is called that; so is one of its beginning.
    """
    splice = recipe.splice
    if recipe.source is not None:
        return "remix"
    if recipe.loop or (splice is not None and splice.loops):
        return "loop"
    if splice is None:
        return "animate" if recipe.conditions else "generate"
    return _SPLICED[splice.before is not None, splice.after is not None]


def made_from(recipe: Recipe) -> tuple[str, ...]:
    """Sha256 of everything that is seen in it, in the order in which it is; each once."""
    splice = recipe.splice
    found = [recipe.source.media] if recipe.source else []
    found += [splice.before.media] if splice and splice.before else []
    found += [condition.media for condition in sorted(recipe.conditions, key=lambda c: c.frame_index)]
    found += [splice.after.media] if splice and splice.after else []
    return tuple(dict.fromkeys(found))
