"""Edits: everything that can be done to a project, as pure functions from one project to the next.

What an edit does not touch stays the same object, and an edit that changes nothing returns the project it was given.
Ids that are not there raise KeyError with the id; values that cannot be raise ValueError.
"""

from collections.abc import Iterable

from engine.protocol.film import Transition
from engine.protocol.job import Job, JobRequest
from studio.project.bible import BibleEntry
from studio.project.footage import Footage
from studio.project.project import MOST_PROMPTS, Project
from studio.project.settings import Settings
from studio.project.shot import Shot
from studio.project.soundtrack import SoundTrack
from studio.project.take import Take, made_from, take_of
from studio.project.wish import Wish


def rename_project(project: Project, name: str) -> Project:
    """Another name; the folder keeps its own."""
    return _changed(project, name=name)


def change_settings(project: Project, **fields: object) -> Project:
    """Other values for some fields of `Settings`."""
    settings: Settings = project.settings.changed(**fields)
    return _changed(project, settings=settings)


def add_shot(project: Project, shot: Shot, at: int | None = None) -> Project:
    """A new shot before the one at 0-based `at`, or at the end."""
    at = len(project.shots) if at is None else max(at, 0)
    return _changed(project, shots=(*project.shots[:at], shot, *project.shots[at:]))


def duplicate_shot(project: Project, shot_id: str, copy_id: str, name: str | None = None) -> Project:
    """The shot once more behind itself, with copies of its takes, which belong to no job."""
    shot = project.shot(shot_id)
    copies = {take.id: take.changed(id=f"{take.id}.{copy_id}", job=None) for take in shot.takes}
    selected = copies[shot.selected].id if shot.selected else None
    copy = shot.changed(id=copy_id, name=name or shot.name, takes=tuple(copies.values()), selected=selected)
    return add_shot(project, copy, project.place(shot_id) + 1)


def delete_shot(project: Project, shot_id: str) -> Project:
    """Without the shot and its takes; files stay where they are."""
    gone = project.shot(shot_id)
    last_open = None if project.last_open_shot == shot_id else project.last_open_shot
    rest = tuple(shot for shot in project.shots if shot is not gone)
    return unwish(_changed(project, shots=rest, last_open_shot=last_open), [shot_id])


def move_shot(project: Project, shot_id: str, to: int) -> Project:
    """The shot at place `to` (0-based) of the new order; beyond the ends is at the ends."""
    shot = project.shot(shot_id)
    rest = [each for each in project.shots if each is not shot]
    rest.insert(max(to, 0), shot)
    return _changed(project, shots=tuple(rest))


def rename_shot(project: Project, shot_id: str, name: str) -> Project:
    """Another name for a shot."""
    return _with_shot(project, project.shot(shot_id).changed(name=name))


def change_draft(project: Project, shot_id: str, **fields: object) -> Project:
    """Other values for some fields of the shot's `Draft`; giving frames takes seconds away, and the reverse."""
    shot = project.shot(shot_id)
    given = {name for name in ("num_frames", "seconds") if fields.get(name) is not None}
    if len(given) == 1:
        fields = {"num_frames": None, "seconds": None, **fields}
    return _with_shot(project, shot.changed(draft=shot.draft.changed(**fields)))


def set_transition(project: Project, shot_id: str, transition: Transition, seconds: float | None = None) -> Project:
    """How the shot leads to the next one, and how long that takes (as before by default)."""
    fields = {} if seconds is None else {"transition_s": seconds}
    return _with_shot(project, project.shot(shot_id).changed(transition=transition, **fields))


def set_continues(project: Project, shot_id: str, continues: bool) -> Project:
    """Whether the shot's takes start from the last frame of the shot before."""
    return _with_shot(project, project.shot(shot_id).changed(continues=continues))


def split_shot(project: Project, shot_id: str, frame: int, new_id: str) -> Project:
    """Two shots of one: the second, right behind, shows the selected take from `frame` on.

    Raises:
        ValueError: when the frame is not inside of what is shown.
    """
    shot = project.shot(shot_id)
    if shot.selected is None or not shot.in_frame < frame < shot.end_frame:
        raise ValueError(f"frame {frame} is not inside of what is shown")
    copied = duplicate_shot(project, shot_id, new_id)
    behind = copied.shot(new_id).changed(in_frame=frame, out_frame=shot.out_frame, continues=False)
    return _with_shot(_with_shot(copied, shot.changed(out_frame=frame, transition="cut")), behind)


def add_track(project: Project, track: SoundTrack) -> Project:
    """Lay sound under the film."""
    return _changed(project, soundtrack=(*project.soundtrack, track))


def change_track(project: Project, track_id: str, **fields: object) -> Project:
    """Other values for some fields of a track's `FilmSound`."""
    old = project.track(track_id)
    new = old.changed(sound=old.sound.changed(**fields))
    return _changed(project, soundtrack=tuple(new if track is old else track for track in project.soundtrack))


def remove_track(project: Project, track_id: str) -> Project:
    """Without a sound track; its file stays."""
    gone = project.track(track_id)
    return _changed(project, soundtrack=tuple(track for track in project.soundtrack if track is not gone))


def set_in_out(project: Project, shot_id: str, in_frame: int = 0, out_frame: int | None = None) -> Project:
    """Show the selected take from `in_frame` to before `out_frame`; None is its end."""
    return _with_shot(project, project.shot(shot_id).changed(in_frame=in_frame, out_frame=out_frame))


def add_take(project: Project, shot_id: str, job: Job) -> Project:
    """Adopt what a job made; the same job never makes two takes, wherever in the project the first one is.

    When a drafted job is done its draft becomes the whole take, which keeps id, rating, place and selection.
    A take is selected when it is the shot's first.

    Raises:
        ValueError: when the job made nothing (yet).
    """
    shot = project.shot(shot_id)
    take = take_of(job, _parents(project, shot, job))
    known = next((each for owner in project.shots for each in owner.takes if each.job == job.id), None)
    if known is None:
        fields = {"selected": take.id} if shot.selected is None else {}
        return _with_shot(project, shot.changed(takes=(*shot.takes, take), **fields))
    if not known.is_draft or (take.is_draft and take.created_at <= known.created_at):
        return project
    return _with_take(project, known, take.changed(rating=known.rating))


def rate_take(project: Project, take_id: str, rating: int) -> Project:
    """1 to 5; 0 takes the rating away."""
    take = project.take(take_id)
    return _with_take(project, take, take.changed(rating=rating))


def select_take(project: Project, take_id: str) -> Project:
    """Put the take into the film; in and out stay where the one before was as long, else all of it is shown."""
    shot = project.shot_of(take_id)
    return _with_shot(project, _selecting(shot, shot.takes, shot.take(take_id)))


def delete_take(project: Project, take_id: str) -> Project:
    """Without the take; the one behind it (else before it) is selected when it was. Its file stays."""
    shot = project.shot_of(take_id)
    place = [take.id for take in shot.takes].index(take_id)
    rest = shot.takes[:place] + shot.takes[place + 1 :]
    if shot.selected != take_id:
        return _with_shot(project, shot.changed(takes=rest))
    return _with_shot(project, _selecting(shot, rest, rest[min(place, len(rest) - 1)] if rest else None))


def add_footage(project: Project, footage: Footage) -> Project:
    """Put a file into the bin; one that is there stays as it is."""
    if any(each.sha256 == footage.sha256 for each in project.bin):
        return project
    return _changed(project, bin=(*project.bin, footage))


def remove_footage(project: Project, sha256: str) -> Project:
    """Take a file out of the bin; drafts that start from it still do."""
    rest = tuple(footage for footage in project.bin if footage.sha256 != sha256)
    if len(rest) == len(project.bin):
        raise KeyError(sha256)
    return _changed(project, bin=rest)


def add_entry(project: Project, entry: BibleEntry) -> Project:
    """A new entry in the bible; its name has to be new as well."""
    return _changed(project, bible=(*project.bible, entry))


def change_entry(project: Project, entry_id: str, **fields: object) -> Project:
    """Other values for some fields of a bible entry."""
    old = project.entry(entry_id)
    new = old.changed(**fields)
    return _changed(project, bible=tuple(new if entry is old else entry for entry in project.bible))


def remove_entry(project: Project, entry_id: str) -> Project:
    """Without a bible entry; prompts that name it stay as typed."""
    gone = project.entry(entry_id)
    return _changed(project, bible=tuple(entry for entry in project.bible if entry is not gone))


def remember_prompt(project: Project, prompt: str) -> Project:
    """Put a prompt that was sent in front of the history; blank ones are not remembered."""
    return _changed(project, prompt_history=_in_front(prompt, project.prompt_history)[:MOST_PROMPTS])


def save_prompt(project: Project, prompt: str) -> Project:
    """Keep a prompt until it is forgotten."""
    return _changed(project, saved_prompts=_in_front(prompt, project.saved_prompts))


def forget_prompt(project: Project, prompt: str) -> Project:
    """Drop a prompt from the history and from the saved ones, if it is there."""
    kept = {name: _without(prompt, getattr(project, name)) for name in ("prompt_history", "saved_prompts")}
    return _changed(project, **kept)


def wish(project: Project, *wishes: Wish) -> Project:
    """Want a new take of these shots; what was wanted of them before is no more. Shots that are gone are left out."""
    there = [each for each in wishes if project.has_shot(each.shot)]
    shots = {each.shot for each in there}
    return _changed(project, wishes=(*(each for each in project.wishes if each.shot not in shots), *there))


def unwish(project: Project, shots: Iterable[str]) -> Project:
    """Want no new take of these shots (ids) any more."""
    gone = frozenset(shots)
    return _changed(project, wishes=tuple(each for each in project.wishes if each.shot not in gone))


def put_longer_take(project: Project, take_id: str) -> Project:
    """Put a take that extends the selected one into the film: what was trimmed at the other end stays so."""
    shot, take = project.shot_of(take_id), project.take(take_id)
    old = shot.selected_take
    chosen = select_take(project, take_id)
    more = take.num_frames - old.num_frames if old else 0
    if old is None or more <= 0 or take.fps != old.fps or old.id not in take.parents:
        return chosen
    if take.verb == "extend" and shot.out_frame is None:
        return set_in_out(chosen, shot.id, shot.in_frame, None)
    if take.verb == "extend_backward" and shot.in_frame == 0:
        return set_in_out(chosen, shot.id, 0, shot.out_frame and shot.out_frame + more)
    return chosen


def open_shot(project: Project, shot_id: str | None) -> Project:
    """Remember which shot is looked at."""
    return _changed(project, last_open_shot=None if shot_id is None else project.shot(shot_id).id)


def _changed(project: Project, **fields: object) -> Project:
    if all(getattr(project, name) == value for name, value in fields.items()):
        return project
    return project.changed(**fields)


def _with_shot(project: Project, new: Shot) -> Project:
    """`new` in the place of the shot with its id."""
    return _changed(project, shots=tuple(new if shot.id == new.id else shot for shot in project.shots))


def _with_take(project: Project, old: Take, new: Take) -> Project:
    """`new` in the place of `old`, with its id; in and out stay inside."""
    shot = project.shot_of(old.id)
    takes = tuple(new if take is old else take for take in shot.takes)
    if shot.selected == old.id:
        return _with_shot(project, _selecting(shot, takes, new))
    return _with_shot(project, shot.changed(takes=takes))


def _selecting(shot: Shot, takes: tuple[Take, ...], take: Take | None) -> Shot:
    before = shot.selected_take
    fields: dict[str, object] = {"takes": takes, "selected": take.id if take else None}
    if take is None or before is None or (take.num_frames, take.fps) != (before.num_frames, before.fps):
        fields |= {"in_frame": 0, "out_frame": None}
    return shot.changed(**fields)


def _parents(project: Project, shot: Shot, job: Job) -> tuple[str, ...]:
    """What a job's clip was made from: takes, those of its own shot first, else the files themselves."""
    owners = [*(each for each in project.shots if each is not shot), shot]
    takes = {take.media: take.id for owner in owners for take in reversed(owner.takes)}
    made = made_from(job.request.recipe) if isinstance(job.request, JobRequest) else ()
    return tuple(takes.get(media, media) for media in made)


def _in_front(prompt: str, prompts: tuple[str, ...]) -> tuple[str, ...]:
    return (prompt.strip(), *_without(prompt, prompts)) if prompt.strip() else prompts


def _without(prompt: str, prompts: Iterable[str]) -> tuple[str, ...]:
    return tuple(each for each in prompts if each != prompt.strip())
