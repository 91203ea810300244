"""Actions: each once, with words and keys of its own, possible when it is, and typed letters stay letters."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine.protocol.events import JobChanged
from engine.protocol.job import Done, Drafted, Job, JobRequest, Running, TakeFile
from engine.protocol.media import MediaItem
from studio.app import Run
from studio.link.scripted import ScriptedLink
from studio.link.state import Lost
from studio.models.batches import BatchKind
from studio.models.studio import Studio
from studio.project import edits
from studio.project.footage import Footage
from studio.style.tokens import DARK
from studio.views.actions import build_actions, explain, keys_of, plain
from studio.widgets.popup import ListPopup, SliderPopup, TextPopup

FRAMES = 17


def sha(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


class Hands:
    """The window on its project, and what one does with it."""

    def __init__(self, run: Run, qtbot: QtBot) -> None:
        assert run.desk.studio is not None
        assert isinstance(run.link, ScriptedLink)
        self.run = run
        self.qtbot = qtbot
        self.window = run.window
        self.studio: Studio = run.desk.studio
        self.link = run.link

    def action(self, name: str) -> QAction:
        self.settle()
        return self.window.acts[name]

    def settle(self) -> None:
        """Let rules look again."""
        QApplication.processEvents()

    def press(self, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
        """On the widget that has the focus, as a person does."""
        self.settle()
        held = Qt.KeyboardModifier.NoModifier
        for each in modifiers:
            held |= each
        self.qtbot.keyClick(self.window.focusWidget() or self.window, key, held)

    def look_at_the_picture(self) -> None:
        """The focus is where single keys act."""
        assert self.window.page is not None
        widget = self.window.focusWidget()
        if widget is not None:
            widget.clearFocus()
        self.window.setFocus()

    def job(self, name: str, **fields: Any) -> Job:
        film, recipe = self.studio.film, self.studio.composer.recipe
        assert film.shot is not None
        assert recipe is not None
        request = JobRequest(recipe=recipe.changed(**fields), project=film.project.id, shot=film.shot.id)
        return Job(id=name, request=request, created_at=1.0)

    def run_job(self, name: str) -> Job:
        job = self.job(name).changed(state=Running(started_at=2.0, device="cpu"))
        self.link.tell(JobChanged(job=job))
        return job

    def finish(self, name: str, *, draft: bool = False) -> None:
        """A job has made its take, which the film has adopted."""
        job = self.job(name)
        file = TakeFile(media=sha(name), container="mp4", size_bytes=9, num_frames=job.request.recipe.take_frames)
        state: Any = Done(finished_at=3.0, take=file, stage_s={}, build="x")
        if draft:
            state = Drafted(finished_at=3.0, step=5, total_steps=20, take=file)
        self.link.tell(JobChanged(job=job.changed(state=state)))

    def show(self, name: str) -> None:
        """A finished take is in view."""
        self.finish(name)
        self.studio.show_take(name)
        self.settle()

    def asked(self, name: str) -> list[Any]:
        return [ticket.ask.arguments for ticket in self.link.asked if ticket.ask.name == name]

    def answer_media(self) -> None:
        """The engine has everything that it is asked for."""
        while waiting := self.link.waiting("media_item"):
            media = waiting[0].ask.arguments[0]
            recipe = self.studio.composer.recipe
            assert recipe is not None
            item = MediaItem(
                sha256=media, kind="clip", format="mp4", size_bytes=9, width=recipe.width, height=recipe.height,
                num_frames=FRAMES, fps=recipe.fps, duration_s=FRAMES / recipe.fps,
            )  # fmt: skip
            self.link.answer("media_item", item)


@pytest.fixture
def hands(opened: Run, qtbot: QtBot) -> Hands:
    return Hands(opened, qtbot)


@pytest.fixture
def acts(qapp: QApplication, qtbot: QtBot) -> Iterator[dict[str, QAction]]:
    parent = QWidget()
    qtbot.addWidget(parent)
    yield build_actions(parent, DARK)
    assert parent is not None, "actions go with what owns them"


def test_each_has_words_and_no_two_the_same_keys(acts: dict[str, QAction]) -> None:
    assert all(plain(action) for action in acts.values())
    keys = Counter(keys.toString() for action in acts.values() for keys in action.shortcuts())
    assert "" not in keys
    assert [each for each, count in keys.items() if count > 1] == []


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("generate", "Ctrl+Return"),
        ("play", "Space"),
        ("shuttle_back", "J"),
        ("shuttle_stop", "K"),
        ("shuttle_forward", "L"),
        ("step_back", "Left"),
        ("step_forward", "Right"),
        ("set_in", "I"),
        ("set_out", "O"),
        ("extend", "E"),
        ("extend_backward", "Shift+E"),
        ("loop", "Ctrl+L"),
        ("bridge", "B"),
        ("remix", "R"),
        ("rate_1", "1"),
        ("rate_5", "5"),
        ("palette", "Ctrl+K"),
        ("full_screen", "F"),
        ("next_panel", "F6"),
    ],
)
def test_keys_are_those_of_the_design(acts: dict[str, QAction], name: str, keys: str) -> None:
    assert acts[name].shortcut().toString() == keys


def test_a_tooltip_has_the_keys_and_the_reason(acts: dict[str, QAction]) -> None:
    explain(acts["extend"], "Show a clip first")
    assert not acts["extend"].isEnabled()
    assert acts["extend"].toolTip() == "Extend (E)\nShow a clip first"
    explain(acts["extend"])
    assert acts["extend"].isEnabled()
    assert acts["extend"].toolTip() == "Extend (E)"
    assert keys_of(acts["library"])
    assert keys_of(acts["diagnostics"]) == ""


def test_letters_typed_into_the_prompt_are_letters(hands: Hands) -> None:
    hands.show("one")
    page = hands.window.page
    assert page is not None
    text = page.prompt.findChild(QPlainTextEdit)
    assert isinstance(text, QPlainTextEdit)
    text.setFocus()
    text.selectAll()
    triggered: list[str] = []
    for name, action in hands.window.acts.items():
        action.triggered.connect(lambda _=False, name=name: triggered.append(name))
    hands.qtbot.keyClicks(text, "jkl e 15?EIO")
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
        hands.qtbot.keyClick(text, key)
    assert text.toPlainText() == "jkl e 15?EI"
    assert triggered == []
    assert hands.studio.playback.speed == 0


@pytest.mark.parametrize("kind", [QLineEdit, QPlainTextEdit])
def test_ctrl_k_in_a_text_is_the_palettes(hands: Hands, kind: type[QWidget]) -> None:
    field = kind(hands.window)
    field.show()
    field.setFocus()
    hands.press(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert hands.window.sheets.shown == "palette"


def test_copy_and_paste_in_a_text_are_the_texts(hands: Hands) -> None:
    field = QLineEdit("abc", hands.window)
    field.show()
    field.setFocus()
    for key in (Qt.Key.Key_A, Qt.Key.Key_C, Qt.Key.Key_V, Qt.Key.Key_V):
        hands.press(key, Qt.KeyboardModifier.ControlModifier)
    assert field.text() == "abcabc"


def test_space_presses_the_button_that_has_the_focus(hands: Hands) -> None:
    hands.show("one")
    button = QPushButton("x", hands.window)
    button.show()
    button.setFocus()
    with hands.qtbot.waitSignal(button.clicked):
        hands.press(Qt.Key.Key_Space)
    assert hands.studio.playback.speed == 0


def test_single_keys_play_and_step(hands: Hands) -> None:
    hands.show("one")
    hands.look_at_the_picture()
    playback = hands.studio.playback
    hands.press(Qt.Key.Key_Right)
    hands.press(Qt.Key.Key_Right)
    assert playback.index == 2
    hands.press(Qt.Key.Key_Left)
    assert playback.index == 1
    hands.press(Qt.Key.Key_Space)
    assert playback.speed == 1
    assert hands.action("play").isChecked()
    hands.press(Qt.Key.Key_L)
    hands.press(Qt.Key.Key_L)
    assert playback.speed > 1
    hands.press(Qt.Key.Key_J)
    assert playback.speed == -1
    hands.press(Qt.Key.Key_K)
    assert playback.speed == 0


def test_in_and_out_are_set_and_cleared(hands: Hands) -> None:
    hands.show("one")
    hands.look_at_the_picture()
    playback = hands.studio.playback
    playback.seek(3)
    hands.press(Qt.Key.Key_I)
    playback.seek(9)
    hands.press(Qt.Key.Key_O)
    assert (playback.in_frame, playback.out_frame) == (3, 10)
    hands.press(Qt.Key.Key_Home)
    assert playback.index == 3
    hands.press(Qt.Key.Key_End)
    assert playback.index == 9
    playback.seek(12)
    hands.press(Qt.Key.Key_I)
    assert (playback.in_frame, playback.out_frame) == (12, FRAMES), "an in behind out takes out away"
    playback.seek(2)
    hands.press(Qt.Key.Key_O)
    assert (playback.in_frame, playback.out_frame) == (0, 3)
    hands.press(Qt.Key.Key_X)
    assert (playback.in_frame, playback.out_frame) == (0, FRAMES)
    assert hands.action("clear_range").toolTip().endswith("All of it is in already")


@pytest.mark.parametrize(
    "name", ["extend", "extend_backward", "loop", "bridge", "remix", "retake", "use_last_frame", "play", "rate_3"]
)
def test_without_a_clip_verbs_say_why_not(hands: Hands, name: str) -> None:
    action = hands.action(name)
    assert not action.isEnabled()
    assert "first" in action.toolTip().splitlines()[-1]


def test_without_a_project_nearly_nothing_can_be_done(make_run: Any) -> None:
    run = make_run()
    possible = {name for name, action in run.window.acts.items() if action.isEnabled()}
    assert {"new_project", "open_project", "import_zip", "settings", "quit"} <= possible
    assert not possible & {"generate", "extend", "undo", "new_shot", "export_zip", "library"}


def test_generate_and_its_kin_send_jobs(hands: Hands) -> None:
    hands.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert len(hands.asked("submit")) == 1
    hands.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier)
    assert len(hands.asked("submit")) == 5
    hands.action("draft_board").trigger()
    (steps,) = {request.draft_steps for (request,) in hands.asked("submit")[5:]}
    recipe = hands.studio.composer.recipe
    assert recipe is not None
    assert len(hands.asked("submit")) == 11
    assert steps == round(recipe.num_inference_steps * 0.4), "enough to tell them apart"


def test_with_a_problem_nothing_is_generated(hands: Hands) -> None:
    hands.studio.composer.change(num_frames=18)
    action = hands.action("generate")
    assert not action.isEnabled()
    assert "Mend" in action.toolTip()


def test_without_an_engine_nothing_is_generated(hands: Hands) -> None:
    hands.link.become(Lost("gone", 1))
    assert not hands.action("generate").isEnabled()
    hands.link.connect_with([], hands.studio.library.all())
    assert hands.action("generate").isEnabled()


@pytest.mark.parametrize(("name", "verb"), [("extend", "extend"), ("extend_backward", "extend_backward")])
def test_extend_makes_a_splice_of_the_usual_length(hands: Hands, name: str, verb: str) -> None:
    hands.show("one")
    hands.action(name).trigger()
    hands.answer_media()
    ((request,),) = hands.asked("submit")
    assert request.recipe.splice is not None
    from studio.project.take import verb_of

    assert verb_of(request.recipe) == verb
    assert request.recipe.take_frames > FRAMES


def test_extend_goes_on_from_a_playhead_that_was_put_there_and_not_from_one_that_runs(hands: Hands) -> None:
    hands.show("one")
    hands.studio.playback.seek(8)
    hands.action("extend").trigger()
    hands.answer_media()
    hands.studio.playback.play()
    hands.action("extend").trigger()
    hands.answer_media()
    (cut,), (whole,) = hands.asked("submit")
    assert (cut.recipe.splice.before.num_frames, whole.recipe.splice.before.num_frames) == (9, FRAMES)


def test_retake_needs_a_range(hands: Hands) -> None:
    hands.show("one")
    assert not hands.action("retake").isEnabled()
    hands.studio.set_in_out(4, 12)
    assert hands.action("retake").isEnabled()


def test_bridge_asks_for_the_other_clip_the_next_shots_first(hands: Hands) -> None:
    film = hands.studio.film
    hands.show("mine")
    assert not hands.action("bridge").isEnabled(), "there is no other clip"
    hands.show("also mine")
    film.open_shot(film.project.shots[1].id)
    hands.show("next")
    film.open_shot(film.project.shots[0].id)
    hands.studio.show_take("mine")
    hands.action("bridge").trigger()
    popup = hands.window.findChild(ListPopup)
    assert isinstance(popup, ListPopup)
    shown = [popup.list.item(row).text() for row in range(popup.list.count())]
    assert [each.split(" · ")[0] for each in shown] == ["Balloon", "Beach"]
    hands.qtbot.keyClick(popup.list, Qt.Key.Key_Return)
    hands.answer_media()
    ((request,),) = hands.asked("submit")
    assert {sha("mine"), sha("next")} <= request.recipe.media


def test_remix_asks_how_far(hands: Hands) -> None:
    hands.show("one")
    hands.action("remix").trigger()
    popup = hands.window.findChild(SliderPopup)
    assert isinstance(popup, SliderPopup)
    popup.slider.setValue(35)
    hands.qtbot.keyClick(popup.slider, Qt.Key.Key_Return)
    hands.answer_media()
    ((request,),) = hands.asked("submit")
    assert request.recipe.source is not None
    assert request.recipe.source.strength == pytest.approx(0.35)


def test_a_popup_is_left_with_esc_and_nothing_happens(hands: Hands) -> None:
    hands.show("one")
    hands.action("remix").trigger()
    popup = hands.window.findChild(SliderPopup)
    assert isinstance(popup, SliderPopup)
    hands.qtbot.keyClick(popup, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    assert hands.asked("submit") == []


def test_compare_shows_another_take_and_ends(hands: Hands) -> None:
    hands.show("one")
    hands.show("two")
    hands.action("compare").trigger()
    popup = hands.window.findChild(ListPopup)
    assert isinstance(popup, ListPopup)
    hands.qtbot.keyClick(popup.list, Qt.Key.Key_Return)
    assert hands.studio.playback.compared is not None
    assert hands.action("compare").isChecked()
    hands.action("compare").trigger()
    assert hands.studio.playback.compared is None
    assert not hands.action("compare").isChecked()


def test_a_rating_by_a_number_and_undo_says_what_it_takes_back(hands: Hands) -> None:
    hands.show("one")
    hands.look_at_the_picture()
    hands.press(Qt.Key.Key_4)
    assert hands.studio.film.project.take("one").rating == 4
    assert hands.action("undo").text() == "Undo: rating"
    hands.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert hands.studio.film.project.take("one").rating == 0
    assert hands.action("redo").text() == "Redo: rating"


def test_a_deleted_take_comes_back_with_undo(hands: Hands) -> None:
    hands.show("one")
    hands.look_at_the_picture()
    hands.press(Qt.Key.Key_Delete)
    assert hands.studio.film.shot is not None
    assert hands.studio.film.shot.takes == ()
    assert hands.studio.playback.clip is None
    hands.action("undo").trigger()
    assert hands.studio.film.project.take("one")
    assert hands.studio.playback.clip is not None


def test_a_draft_is_finished_by_its_own_job(hands: Hands) -> None:
    hands.finish("one", draft=True)
    hands.studio.show_take("one")
    hands.action("finish_draft").trigger()
    assert hands.asked("resume") == [("one",)]


def test_what_runs_can_be_stopped_early(hands: Hands) -> None:
    assert not hands.action("stop_early").isEnabled()
    hands.run_job("one")
    hands.action("stop_early").trigger()
    assert hands.asked("stop_early") == [("one",)]


def test_an_image_is_animated(hands: Hands) -> None:
    item = MediaItem(sha256=sha("still"), kind="image", format="png", size_bytes=5, width=64, height=48)
    footage = Footage(item=item, name="still.png")
    hands.studio.film.edit("add_footage", lambda project: edits.add_footage(project, footage))
    hands.studio.show_footage(sha("still"))
    assert not hands.action("extend").isEnabled()
    hands.action("animate").trigger()
    hands.link.answer("media_item", item)
    ((request,),) = hands.asked("submit")
    assert [each.media for each in request.recipe.conditions] == [sha("still")]


def test_the_last_frame_becomes_the_start(hands: Hands) -> None:
    from engine.protocol.clip_frames import ClipFrames

    hands.show("one")
    hands.action("use_last_frame").trigger()
    waiting = [each for each in hands.link.waiting("frames") if each.ask.key == "last frame"]
    assert waiting[0].ask.arguments[:3] == (sha("one"), FRAMES - 1, 1)
    assert waiting[0].done is not None
    waiting[0].done(ClipFrames(FRAMES - 1, FRAMES, 12.0, 8, 8, (b"jpeg",)))
    item = MediaItem(sha256=sha("frame"), kind="image", format="jpg", size_bytes=4, width=8, height=8)
    hands.link.answer("upload", item)
    target = next(each for each in hands.link.waiting("fetch") if each.ask.arguments[0] == sha("frame"))
    assert target.done is not None
    target.done(target.ask.arguments[1])
    assert hands.studio.composer.draft is not None
    assert [(pin.place, pin.media) for pin in hands.studio.composer.draft.images] == [("start", sha("frame"))]
    assert sha("frame") in {footage.sha256 for footage in hands.studio.film.project.bin}


def test_shots_are_made_renamed_doubled_deleted_and_walked(hands: Hands) -> None:
    film = hands.studio.film

    def name() -> str:
        assert film.shot is not None
        return film.shot.name

    hands.action("next_shot").trigger()
    assert name() == "Balloon"
    hands.action("previous_shot").trigger()
    assert name() == "Beach"
    assert not hands.action("previous_shot").isEnabled()
    hands.action("duplicate_shot").trigger()
    assert name() == "Beach copy"
    hands.action("rename_shot").trigger()
    popup = hands.window.findChild(TextPopup)
    assert isinstance(popup, TextPopup)
    popup.line.setText("  Pier 🏖 “at dawn”  ")
    hands.qtbot.keyClick(popup.line, Qt.Key.Key_Return)
    assert name() == "Pier 🏖 “at dawn”"
    hands.action("delete_shot").trigger()
    assert name() == "Balloon"
    hands.action("new_shot").trigger()
    assert name() == "Shot 4"
    assert [shot.name for shot in film.project.shots] == ["Beach", "Balloon", "Shot 4", "Lake"]
    while hands.action("delete_shot").isEnabled():
        hands.window.acts["delete_shot"].trigger()
    assert film.project.shots == ()
    assert not hands.action("generate").isEnabled()
    hands.action("new_shot").trigger()
    assert hands.action("generate").isEnabled()


def test_a_key_that_queues_a_render_says_so_and_can_be_taken_back(hands: Hands) -> None:
    hands.show("a")
    hands.look_at_the_picture()
    hands.press(Qt.Key.Key_E)
    hands.answer_media()
    toasts = hands.window.toasts
    assert [toast.text for toast in toasts.all] == ["Extending the clip"]
    request = hands.link.waiting("submit")[0].ask.arguments[0]
    job = Job(id="b", request=request, created_at=1.0)
    hands.link.answer("submit", job)
    hands.link.tell(JobChanged(job=job))
    assert hands.action("undo").text() == "Undo: extend"
    button = next(button for button in toasts.all[0].findChildren(QPushButton) if button.text() == "Cancel")
    button.click()
    assert (hands.asked("cancel"), toasts.all) == ([("b",)], [])
    assert not hands.action("undo").isEnabled()


def test_the_note_of_a_render_goes_with_it(hands: Hands) -> None:
    hands.show("a")
    for name in ("loop", "extend"):
        hands.action(name).trigger()
        hands.answer_media()
    toasts = hands.window.toasts
    assert [toast.text for toast in toasts.all] == ["Extending the clip"]
    hands.action("undo").trigger()
    assert toasts.all == []
    hands.action("redo").trigger()
    assert [toast.text for toast in toasts.all] == ["Extending the clip"]


def test_a_key_that_is_held_down_queues_one_render(acts: dict[str, QAction]) -> None:
    assert not any(acts[name].autoRepeat() for name in ("extend", "loop", "generate", "delete_take", "variations"))
    assert acts["step_forward"].autoRepeat()


def test_every_edit_has_words() -> None:
    import ast
    from pathlib import Path

    from studio.views.edit_words import edit_words

    rest = edit_words("nothing of the kind")
    labels: set[str] = set()
    for path in (Path(__file__).resolve().parents[2] / "studio").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "edit":
                labels |= {each.value for each in node.args[:1] if isinstance(each, ast.Constant)}
    labels |= {f"make_{kind}" for kind in get_args(BatchKind)}
    assert len(labels) > 20
    assert {label for label in labels if edit_words(label) == rest} == set()
