"""A project goes into a zip and comes out the same; a zip that means harm, or is broken, is refused."""

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.protocol.condition import Condition
from studio.project import edits
from studio.project.archive import export_zip, import_zip
from studio.project.draft import Pin
from studio.project.errors import StorageError
from studio.project.migrations import stored
from studio.project.project import Project
from studio.project.storage import Opened, open_project


@pytest.fixture
def packed(tmp_path: Path, opened: Opened, a_job: Callable[..., object]) -> tuple[Project, Path]:
    """A project with media, and its zip."""
    sources = [tmp_path / name for name in ("start 1.png", "made from.mp4", "unused.mp4")]
    for number, source in enumerate(sources):
        source.write_bytes(bytes([number]) * 3_000_000)
    start, used, _ = (opened.folder.media.import_media(source) for source in sources)
    job = a_job(conditions=(Condition(media=used),))
    project = edits.add_take(
        edits.change_draft(opened.project, "a", images=(Pin(place="start", media=start),)), "a", job
    )
    opened.folder.save(project)
    target = tmp_path / "архив 1.zip"
    copied: list[int] = []
    assert export_zip(opened.folder, project, target, copied.append) == (project.take("job-1").media,)
    assert sum(copied) == 6_000_000
    return project, target


def refused(archive: Path, target: Path, **limits: int) -> str:
    with pytest.raises(StorageError) as raised:
        import_zip(archive, target, **limits)
    assert [path.name for path in target.parent.glob(".*")] == []
    return raised.value.kind


def crafted(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def test_there_and_back(tmp_path: Path, packed: tuple[Project, Path]) -> None:
    project, archive = packed
    copied: list[int] = []
    found = open_project(import_zip(archive, tmp_path / "new" / "Мой фильм", copied.append))
    found.folder.close()
    assert (found.project, found.missing) == (project, (project.take("job-1").media,))
    assert len(found.folder.media.paths()) == 2
    assert sum(copied) > 6_000_000
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["Мой фильм"]


def test_the_same_project_makes_the_same_bytes(tmp_path: Path, opened: Opened, packed: tuple[Project, Path]) -> None:
    export_zip(opened.folder, packed[0], tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == packed[1].read_bytes()


def test_nothing_is_overwritten(tmp_path: Path, packed: tuple[Project, Path]) -> None:
    (tmp_path / "there").mkdir()
    assert refused(packed[1], tmp_path / "there") == "exists"
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert refused(packed[1], tmp_path / "link") == "exists"
    (tmp_path / "file").write_bytes(b"x")
    assert refused(packed[1], tmp_path / "file" / "below") == "not_writable"


def test_an_import_that_is_stopped_leaves_nothing(tmp_path: Path, packed: tuple[Project, Path]) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        import_zip(packed[1], tmp_path / "new", stop)
    with pytest.raises(KeyboardInterrupt):
        export_zip(open_project(tmp_path / "film").folder, packed[0], tmp_path / "other.zip", stop)
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_zipped_by_hand_is_taken(tmp_path: Path, film: Project) -> None:
    entries = [("Film/project.json", stored(film)), ("__MACOSX/Film/._project.json", b"x"), ("Film/.DS_Store", b"x")]
    archive = crafted(tmp_path / "a.zip", *entries, ("Film/backups/project-20260101T000000Z.json", b"{"))
    found = open_project(import_zip(archive, tmp_path / "new"))
    found.folder.close()
    assert found.project == film
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [".lock", "project.json"]


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    "entry",
    [
        "../escaped",
        "media/../../escaped",
        "/etc/escaped",
        "C:\\escaped",
        "..\\escaped",
        link("media/aa"),
        link("project.json.link"),
        "PROJECT.json",
    ],
)
def test_harm_is_refused(tmp_path: Path, film: Project, entry: str | zipfile.ZipInfo) -> None:
    archive = crafted(tmp_path / "a.zip", ("project.json", stored(film)), (entry, b"/etc/passwd"))
    assert refused(archive, tmp_path / "new") == "unsafe"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip"]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, film: Project) -> None:
    name = f"media/aa/{'a' * 64}.mp4"
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.json", stored(film))
        archive.writestr(name, b"\0" * 50_000_000)
    assert (tmp_path / "a.zip").stat().st_size < 100_000
    assert refused(tmp_path / "a.zip", tmp_path / "new", largest_bytes=10_000_000) == "too_large"


def test_an_unusual_compression_is_told(tmp_path: Path, film: Project) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("project.json", stored(film))
    assert refused(tmp_path / "a.zip", tmp_path / "new") == "unreadable"


def test_an_entry_that_lies_about_its_size_is_refused(tmp_path: Path, film: Project) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.json", stored(film))
        archive.writestr(f"media/aa/{'a' * 64}.mp4", b"\0" * 9_999_999)
    content = (tmp_path / "a.zip").read_bytes()
    size = (9_999_999).to_bytes(4, "little")
    assert content.count(size) == 2
    (tmp_path / "a.zip").write_bytes(content.replace(size, (10).to_bytes(4, "little")))
    assert refused(tmp_path / "a.zip", tmp_path / "new", largest_bytes=1_000_000) in ("damaged", "unsafe")


@pytest.mark.parametrize(
    ("entries", "kind"),
    [
        ([("readme.txt", b"x")], "not_a_project"),
        ([("a/project.json", b"{}"), ("b/project.json", b"{}")], "not_a_project"),
        ([("project.json", b"{}")], "damaged"),
        ([("project.json", b'{"version": 99}')], "too_new"),
    ],
)
def test_what_is_no_project_is_told(tmp_path: Path, entries: list[tuple[str, bytes]], kind: str) -> None:
    assert refused(crafted(tmp_path / "a.zip", *entries), tmp_path / "new") == kind


def test_media_has_to_be_what_its_name_says(tmp_path: Path, film: Project) -> None:
    archive = crafted(tmp_path / "a.zip", ("project.json", stored(film)), (f"media/aa/{'a' * 64}.mp4", b"other"))
    assert refused(archive, tmp_path / "new") == "damaged"


def test_a_broken_zip_is_told(tmp_path: Path, packed: tuple[Project, Path]) -> None:
    content = packed[1].read_bytes()
    broken = tmp_path / "broken.zip"
    broken.write_bytes(content[: len(content) // 2])
    assert refused(broken, tmp_path / "new") == "damaged"
    place = content.index(b"\1" * 1000)
    broken.write_bytes(content[:place] + b"X" + content[place + 1 :])
    assert refused(broken, tmp_path / "new") == "damaged"
    assert refused(tmp_path / "gone.zip", tmp_path / "new") == "unreadable"
