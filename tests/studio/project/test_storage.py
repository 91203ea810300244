"""A project on the disk is always whole, and whatever is in the way is told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.project import edits, lock, migrations
from studio.project.draft import Draft, Pin
from studio.project.errors import DamagedError, StorageError
from studio.project.footage import Footage
from studio.project.lock import Holder
from studio.project.migrations import parsed, stored
from studio.project.project import VERSION, Project
from studio.project.shot import Shot
from studio.project.storage import Opened, create_project, open_project, restore

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = Path(__file__).with_name("golden")
KILLS = 10


class Clock:
    """A time that the test sets."""

    def __init__(self) -> None:
        self.now = 1.8e9

    def __call__(self) -> float:
        return self.now


def error_kind(act: Callable[[], object]) -> str:
    with pytest.raises(StorageError) as raised:
        act()
    return raised.value.kind


def again(path: Path) -> Opened:
    found = open_project(path)
    found.folder.close()
    return found


NAMES = ["🏖️ \"Coast\" 'film' \\ <x>", "Ж" * 300, "two words", "Берег моря", "شاطئ", "line\nbreak\0nul"]


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_back_as_it_was(tmp_path: Path, film: Project, name: str) -> None:
    project = edits.rename_shot(edits.rename_project(film, name), "a", name)
    path = tmp_path / "Мой проект 🎬 'x'" / "film"
    create_project(path, project).folder.close()
    found = again(path)
    assert (found.project, found.read_only, found.missing) == (project, False, ())
    assert again(path / "project.json").project == project


TEXT = st.text(max_size=20)
SHOT = st.builds(
    Shot,
    id=st.uuids().map(str),
    name=st.text(min_size=1, max_size=20),
    draft=st.builds(Draft, prompt=TEXT, seed=st.integers(), images=st.just((Pin(place="end", media="a" * 64),))),
    transition=st.sampled_from(["cut", "crossfade", "dip"]),
)


@given(st.lists(SHOT, max_size=5, unique_by=lambda shot: shot.id), st.lists(TEXT), st.floats(0, 1e10))
@settings(deadline=None, max_examples=60)
def test_any_project_comes_back_from_its_stored_form(shots: list[Shot], prompts: list[str], at: float) -> None:
    project = Project(id="x", name="X", created_at=at, shots=tuple(shots), prompt_history=tuple(prompts))
    assert parsed(stored(project)) == (project, VERSION)
    assert stored(parsed(stored(project))[0]) == stored(project)


def test_a_moved_folder_is_the_same_project(tmp_path: Path, opened: Opened, a_job: Callable[..., object]) -> None:
    picture = tmp_path / "picture.PNG"
    picture.write_bytes(b"picture")
    sha256 = opened.folder.media.import_media(picture)
    project = edits.change_draft(opened.project, "a", images=(Pin(place="start", media=sha256),))
    opened.folder.save(project)
    opened.folder.close()
    shutil.move(opened.folder.path, tmp_path / "elsewhere")
    assert str(tmp_path) not in (tmp_path / "elsewhere" / "project.json").read_text("utf-8")
    found = again(tmp_path / "elsewhere")
    assert (found.project, found.missing) == (project, ())
    assert found.folder.media.path(sha256) == tmp_path / "elsewhere" / "media" / sha256[:2] / f"{sha256}.png"


def test_missing_media_is_told(opened: Opened, a_clip: Callable[..., Footage], a_job: Callable[..., object]) -> None:
    project = edits.add_footage(edits.add_take(opened.project, "a", a_job()), a_clip())
    opened.folder.save(project)
    opened.folder.close()
    found = again(opened.folder.path)
    assert set(found.missing) == {a_clip().sha256, project.take("job-1").media}
    assert not found.read_only


# Versions


def test_the_golden_file_of_version_1_is_still_understood() -> None:
    project, version = parsed((GOLDEN / "version-1.json").read_bytes())
    assert version == 1
    shot = project.shot("shot-1")
    assert [take.verb for take in shot.takes] == ["animate", "draft", "retake"]
    assert (shot.selected, shot.in_frame, shot.out_frame, shot.transition) == ("job-3", 2, 20, "crossfade")
    assert (shot.takes[0].rating, shot.takes[1].step, shot.takes[2].parents) == (4, 2, ("job-1",))
    assert shot.takes[2].notices[0].kind == "prompt_truncated"
    assert shot.takes[2].recipe.splice is not None
    assert [pin.place for pin in shot.draft.images] == ["start", 12, "end"]
    assert (shot.draft.style, shot.draft.seed_locked, shot.draft.seconds) == ("noir", True, 2.5)
    assert [entry.kind for entry in project.bible] == ["character", "look"]
    assert (project.bin[0].name, project.saved_prompts) == ("Möwe 🐦.mp4", ("gulls",))
    assert (project.settings.fps, project.last_open_shot, len(project.shots)) == (12.0, "shot-1", 2)


def test_the_golden_file_of_version_2_is_still_understood() -> None:
    project, version = parsed((GOLDEN / "version-2.json").read_bytes())
    assert version == 2
    first, bridge, last = project.shots
    assert (first.transition, first.transition_s, first.continues) == ("crossfade", 0.75, False)
    assert (bridge.is_bridge, last.continues, last.dialogue) == (True, True, ("Look, the sea!",))
    sound = project.track("track-1").sound
    assert (sound.at_s, sound.start_s, sound.gain_db, sound.fade_out_s) == (1.5, 2.0, -6.0, 0.5)
    assert sound.media in project.shown_media


def from_version_0(found: migrations.Stored) -> migrations.Stored:
    """As if the first version had called things otherwise."""
    found["name"] = found.pop("title")
    found["shots"] = [{**shot, "draft": {"prompt": shot.pop("prompt")}} for shot in found.pop("clips")]
    for shot in found["shots"]:
        del shot["prompt"]
    return found


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with a project of version 0."""
    path = tmp_path / "old"
    path.mkdir()
    shutil.copy(GOLDEN / "version-0.json", path / "project.json")
    return path


def test_an_older_version_is_migrated_and_its_file_kept(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(migrations.MIGRATIONS, 0, from_version_0)
    with open_project(old).folder as folder:
        project = folder.read()[0]
        assert (project.version, project.name, project.shots[0].draft.prompt) == (VERSION, "Old film", "an old beach")
        folder.save(project)
    assert again(old).project == project
    assert (old / "backups" / "version-0.json").read_bytes() == (GOLDEN / "version-0.json").read_bytes()


def test_a_version_without_migration_is_refused(old: Path) -> None:
    assert error_kind(lambda: open_project(old)) == "damaged"


def test_an_older_version_that_is_none_is_damaged(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(migrations.MIGRATIONS, 0, from_version_0)
    (old / "project.json").write_text('{"version": 0}', "utf-8")
    assert error_kind(lambda: open_project(old)) == "damaged"


def test_a_newer_version_can_be_looked_at(opened: Opened) -> None:
    opened.folder.close()
    newer = json.loads(opened.folder.file.read_bytes()) | {"version": VERSION + 1, "score": ["a"]}
    newer["shots"][0]["mood"] = "calm"
    opened.folder.file.write_text(json.dumps(newer), "utf-8")
    found = open_project(opened.folder.path)
    assert (found.reason, found.read_only, found.project) == ("newer_version", True, opened.project)
    assert error_kind(lambda: found.folder.save(found.project)) == "read_only"
    assert json.loads(opened.folder.file.read_bytes()) == newer


def test_a_version_that_says_things_in_another_way_is_told(opened: Opened) -> None:
    opened.folder.close()
    opened.folder.file.write_text(json.dumps({"version": VERSION + 1, "scenes": []}), "utf-8")
    assert error_kind(lambda: open_project(opened.folder.path)) == "too_new"


# Damage and backups

DAMAGE = [b"", b"\0" * 500, b"{", b"[]", b"{}", b'{"version": true}', b"\xff\xfe", b"[" * 100_000, b'{"version": -1}']


@pytest.mark.parametrize("content", DAMAGE)
def test_a_damaged_file_offers_the_good_backups(tmp_path: Path, film: Project, content: bytes) -> None:
    clock, path = Clock(), tmp_path / "film"
    with create_project(path, film, clock).folder as folder:
        for number in range(3):
            clock.now += 700
            folder.save(edits.rename_project(film, f"Film {number}"))
    (path / "project.json").write_bytes(content)
    newest = max((path / "backups").iterdir())
    newest.write_bytes(b"{")
    with pytest.raises(DamagedError) as raised:
        open_project(path)
    assert [parsed(each.path.read_bytes())[0].name for each in raised.value.backups] == ["Film 0", "Film"]
    restore(path, raised.value.backups[0], clock)
    assert again(path).project.name == "Film 0"
    assert (path / f"damaged-{int(clock.now)}.json").read_bytes() == content


def test_a_file_that_is_gone_offers_the_backups(tmp_path: Path, film: Project) -> None:
    clock = Clock()
    with create_project(tmp_path / "film", film, clock).folder as folder:
        clock.now += 700
        folder.save(edits.rename_project(film, "Later"))
        folder.file.unlink()
    with pytest.raises(DamagedError) as raised:
        open_project(tmp_path / "film")
    restore(tmp_path / "film", raised.value.backups[0])
    assert again(tmp_path / "film").project == film


def test_backups_thin_out_with_time(tmp_path: Path, film: Project) -> None:
    clock, began = Clock(), Clock().now
    with create_project(tmp_path / "film", film, clock).folder as folder:
        hourly, in_the_end = range(0, 8 * 86400, 3600), range(8 * 86400, 9 * 86400, 300)
        for passed_s in (*hourly, *in_the_end):
            clock.now = began + passed_s
            if folder.backups.is_due(clock.now):
                folder.backups.add(folder.file, clock.now)
        ages_s = [clock.now - backup.saved_at for backup in folder.backups.all()]
    assert ages_s == sorted(ages_s)
    assert sum(age_s < 3600 for age_s in ages_s) == 6
    assert sum(age_s < 8 * 3600 for age_s in ages_s) == 13
    assert (len(ages_s), 3 * 86400 < max(ages_s) <= 5 * 86400) == (17, True)


def test_saving_makes_a_backup_when_one_is_due(tmp_path: Path, film: Project) -> None:
    clock = Clock()
    with create_project(tmp_path / "film", film, clock).folder as folder:
        counts: list[int] = []
        for wait_s in (0, 60, 500, 60, -3600, 0):
            clock.now += wait_s
            film = edits.rename_project(film, f"{film.name}+")
            folder.save(film)
            counts.append(len(folder.backups.all()))
        assert counts == [1, 1, 1, 2, 3, 3]
        folder.save(film)
        assert len(folder.backups.all()) == 3


def test_what_somebody_else_wrote_becomes_a_backup(tmp_path: Path, film: Project) -> None:
    clock = Clock()
    with create_project(tmp_path / "film", film, clock).folder as folder:
        folder.save(edits.rename_project(film, "Mine"))
        theirs = edits.rename_project(film, "Theirs")
        folder.file.write_bytes(stored(theirs))
        clock.now += 5
        folder.save(edits.rename_project(film, "Mine again"))
        assert parsed(folder.backups.all()[0].path.read_bytes())[0] == theirs


# What is in the way


def test_a_folder_that_is_no_project_is_left_alone(tmp_path: Path) -> None:
    assert error_kind(lambda: open_project(tmp_path / "nothing")) == "not_a_project"
    assert error_kind(lambda: open_project(tmp_path)) == "not_a_project"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_bytes(b"x")
    assert error_kind(lambda: open_project(tmp_path / "file")) == "not_a_project"


def test_nothing_is_overwritten_by_a_new_project(tmp_path: Path, film: Project) -> None:
    (tmp_path / "file").write_bytes(b"x")
    assert error_kind(lambda: create_project(tmp_path, film)) == "exists"
    assert error_kind(lambda: create_project(tmp_path / "file", film)) == "exists"
    assert error_kind(lambda: create_project(tmp_path / "file" / "below", film)) == "not_writable"
    assert error_kind(lambda: create_project(tmp_path / "n\0", film)) == "not_writable"
    assert error_kind(lambda: create_project(tmp_path / ("x" * 300), film)) == "not_writable"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_written_is_opened_to_look(opened: Opened) -> None:
    opened.folder.close()
    (opened.folder.path / ".lock").unlink()
    (opened.folder.path / ".lock").mkdir()
    found = again(opened.folder.path)
    assert (found.reason, found.project) == ("not_writable", opened.project)


def test_a_save_that_fails_can_be_made_again(opened: Opened) -> None:
    kept, changed = opened.folder.file, edits.rename_project(opened.project, "Changed")
    kept.rename(opened.folder.path / "kept")
    kept.mkdir()
    assert error_kind(lambda: opened.folder.save(changed)) == "not_writable"
    kept.rmdir()
    opened.folder.save(changed)
    opened.folder.close()
    assert again(opened.folder.path).project == changed


def test_saving_does_not_fail_because_a_backup_does(opened: Opened) -> None:
    (opened.folder.path / "backups").write_bytes(b"in the way")
    opened.folder.save(edits.rename_project(opened.project, "Changed"))
    opened.folder.close()
    assert again(opened.folder.path).project.name == "Changed"


@contextmanager
def full_disk(room_bytes: int) -> Iterator[None]:
    """No file of this process can grow beyond this; the system says so as it says that a disk is full."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_nothing(tmp_path: Path, opened: Opened) -> None:
    before = sorted(opened.folder.path.rglob("*"))
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    with full_disk(500):
        found = error_kind(lambda: opened.folder.save(edits.rename_project(opened.project, "x" * 1000)))
        media = error_kind(lambda: opened.folder.media.import_media(tmp_path / "large"))
    assert (found, media) == ("disk_full", "disk_full")
    opened.folder.close()
    assert again(opened.folder.path).project == opened.project
    left = {path.name for path in opened.folder.path.rglob("*")} - {path.name for path in before}
    assert {name for name in left if "backups" not in name and not name.startswith("project-")} == {"media"}


# Media


def test_media_is_copied_once_and_by_content(tmp_path: Path, opened: Opened) -> None:
    media = opened.folder.media
    for name in ("a b.MP4", "копия.mov", "no ending", "x.!?"):
        (tmp_path / name).write_bytes(b"same" if "." in name else b"other")
    assert media.import_media(tmp_path / "a b.MP4") == media.import_media(tmp_path / "копия.mov")
    other = media.import_media(tmp_path / "no ending")
    assert sorted(path.suffix for path in media.paths().values()) == [".bin", ".mp4"]
    assert media.missing([other, "f" * 64]) == ("f" * 64,)
    assert (media.path("../../x"), media.path("f" * 64), media.path("\0")) == (None, None, None)
    (tmp_path / "empty").touch()
    for wrong in (tmp_path / "empty", tmp_path, tmp_path / "gone", tmp_path / "n\0"):
        assert error_kind(lambda wrong=wrong: media.import_media(wrong)) == "unreadable"


def test_media_that_is_fetched_is_checked(opened: Opened, digest: Callable[[object], str]) -> None:
    media, fetched = opened.folder.media, list[bytes]()

    def fetch(file) -> None:
        fetched.append(b"take")
        file.write(b"take")

    path = media.receive(digest("take"), "mp4", fetch)
    assert (path.read_bytes(), media.receive(digest("take"), ".mp4", fetch), len(fetched)) == (b"take", path, 1)
    assert error_kind(lambda: media.receive(digest("other"), "mp4", fetch)) == "damaged"
    assert [each for each in (opened.folder.path / "media").iterdir() if each.name.startswith(".")] == []


def test_a_file_in_the_way_of_media_is_told(tmp_path: Path, opened: Opened) -> None:
    (tmp_path / "clip").write_bytes(b"clip")
    (opened.folder.path / "media").write_bytes(b"in the way")
    assert error_kind(lambda: opened.folder.media.import_media(tmp_path / "clip")) == "not_writable"


# Locks


def test_a_second_window_can_look(opened: Opened) -> None:
    second = open_project(opened.folder.path)
    assert (second.reason, second.project) == ("locked", opened.project)
    assert second.holder is not None
    assert second.holder.pid == os.getpid()
    assert error_kind(lambda: second.folder.save(second.project)) == "read_only"
    second.folder.close()
    assert again(opened.folder.path).reason == "locked"
    opened.folder.close()
    opened.folder.close()
    assert again(opened.folder.path).reason is None


def test_another_machine_is_believed_unless_the_user_knows_better(opened: Opened) -> None:
    opened.folder.close()
    (opened.folder.path / ".lock").write_text('{"pid": 1, "host": "another machine"}', "utf-8")
    found = again(opened.folder.path)
    assert (found.reason, found.holder) == ("locked", Holder(1, "another machine"))
    assert error_kind(lambda: restore(opened.folder.path, None)) == "read_only"
    taken = open_project(opened.folder.path, take_over=True)
    taken.folder.close()
    assert (taken.reason, again(opened.folder.path).reason) == (None, None)


@pytest.mark.parametrize(("alive", "reason"), [(True, "locked"), (False, None)])
def test_without_locks_of_the_system_the_dead_hold_nothing(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, alive: bool, reason: str | None
) -> None:
    opened.folder.close()
    monkeypatch.setattr(lock, "_lock", lambda fd: False)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        who = {"pid": process.pid, "host": lock.platform.node()}
        (opened.folder.path / ".lock").write_text(json.dumps(who), "utf-8")
        if not alive:
            process.communicate(b"\n")
        assert again(opened.folder.path).reason == reason


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x", "host": 1}', '{"pid": 1}'])
def test_a_lock_file_that_says_nothing_holds_nothing(opened: Opened, content: str) -> None:
    opened.folder.close()
    (opened.folder.path / ".lock").write_text(content, "utf-8")
    assert again(opened.folder.path).reason is None


SAVING = """
import os, pathlib, sys
from studio.project.edits import change_draft
from studio.project.storage import open_project

def save_for_ever(path, picture):
    found = open_project(path)
    assert found.reason is None, found.reason
    project = found.project
    while True:
        number = project.shots[0].draft.seed + 1
        for shot in project.shots:
            project = change_draft(project, shot.id, seed=number, prompt=f"{number} " * 200)
        found.folder.save(project)
        picture.write_bytes(str(number).encode() * 100_000)
        found.folder.media.import_media(picture)
        print(os.getpid(), number, flush=True)

for _ in sys.stdin:
    child = os.fork()  # starting Python anew each time would take most of the test's time
    if not child:
        save_for_ever(*map(pathlib.Path, sys.argv[1:]))
    os.waitpid(child, 0)
    print("dead", flush=True)
"""


def test_a_process_killed_while_it_saves_leaves_a_whole_project(tmp_path: Path, film: Project) -> None:
    path = tmp_path / "film"
    for number in range(20):
        film = edits.add_shot(film, Shot(id=f"shot-{number}", name="x"))
    create_project(path, film).folder.close()
    command = [sys.executable, "-c", SAVING, str(path), str(tmp_path / "picture.png")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for kill in range(KILLS):
            process.stdin.write("\n")
            pid, saved = [process.stdout.readline() for _ in range(2 + kill % 3)][-1].split()
            until = time.perf_counter() + kill * 0.0017  # another moment of the loop each time
            while time.perf_counter() < until:
                pass
            os.kill(int(pid), signal.SIGKILL)
            while process.stdout.readline() != "dead\n":
                pass
            found = again(path)
            seeds = {shot.draft.seed for shot in found.project.shots}
            assert (found.reason, len(seeds)) == (None, 1)
            assert seeds.pop() >= int(saved)
            assert [each.name for each in path.rglob(".reelwright-*")] == []
