"""The storyboard: every drag, what it means, and that each is one step of undo; what cards and marks say."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from engine.protocol.film import Film, placed
from engine.protocol.job import JobRequest
from studio.link.scripted import ScriptedLink
from studio.models.studio import Studio
from studio.project import edits
from studio.project.bible import BibleEntry
from studio.project.draft import Draft
from studio.project.planned import planned
from studio.project.shot import Shot
from studio.project.stale import EntryChanged, FieldChanged, NeighbourChanged
from studio.style.tokens import Theme
from studio.views import storyboard_page
from studio.views.storyboard_axis import RULER_PX
from studio.views.storyboard_board import Board
from studio.views.storyboard_drag import Drag, Trim, trimmed
from studio.views.storyboard_scale import Scale, at_seam, seams
from studio.views.storyboard_words import reason_words

PX_PER_S = 120.0
FPS = 12.0


class Stage:
    """The board on four shots, a to d, the first three with a take of 17 frames at 12 fps; and a hand with a mouse."""

    def __init__(self, scene: Any, board: Board) -> None:
        self.scene, self.board = scene, board
        self.studio: Studio = scene.studio

    @property
    def order(self) -> str:
        return "".join(shot.id for shot in self.studio.film.project.shots)

    def shot(self, name: str) -> Shot:
        return self.studio.film.project.shot(name)

    def range(self, name: str) -> tuple[int, int | None]:
        return self.shot(name).in_frame, self.shot(name).out_frame

    def point(self, name: str, part: str = "body") -> QPoint:
        rect = self.board.card_rect(self.studio.film.project.place(name))
        x = {"body": rect.center().x(), "start": rect.left() + 2, "end": rect.right() - 2}[part]
        return QPoint(x, rect.top() + rect.height() // 2)

    def press(self, place: QPoint, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """On whatever lies there, as Qt would have it."""
        self._send(QEvent.Type.MouseButtonPress, place, button)

    def move(self, place: QPoint) -> None:
        self._send(QEvent.Type.MouseMove, place, Qt.MouseButton.LeftButton)

    def release(self, place: QPoint) -> None:
        self._send(QEvent.Type.MouseButtonRelease, place, Qt.MouseButton.LeftButton)

    def drag(self, name: str, part: str, seconds: float) -> None:
        """Take hold of a part of a card, move it by so much time, and let go."""
        place = self.point(name, part)
        end = place + QPoint(round(seconds * self.board.scale.px_per_s), 0)
        self.press(place)
        self.move((place + end) / 2)
        self.move(end)
        self.release(end)

    def asked(self) -> list[JobRequest]:
        """What the engine was asked to make, and has everything for."""
        link: ScriptedLink = self.scene.link
        while link.waiting("media_item"):
            media = link.waiting("media_item")[0].ask.arguments[0]
            link.answer("media_item", self.scene.item_of(media))
        return [ticket.ask.arguments[0] for ticket in link.waiting("submit")]

    def _send(self, kind: QEvent.Type, place: QPoint, button: Qt.MouseButton) -> None:
        target = self.board.viewport().childAt(place) or self.board.viewport()
        if kind != QEvent.Type.MouseButtonPress and QApplication.mouseButtons():
            target = self.board.viewport()
        local = QPointF(target.mapFrom(self.board.viewport(), place) if target is not self.board.viewport() else place)
        where = QPointF(self.board.viewport().mapToGlobal(place))
        QApplication.sendEvent(target, QMouseEvent(kind, local, where, button, button, Qt.KeyboardModifier.NoModifier))


@pytest.fixture
def stage_of(scene: Any, actions: dict[str, QAction], theme: Theme, look: Callable[..., None]) -> Callable[..., Stage]:
    """Return a function that shows the page on these shots; those in `made` have the take that is planned for them."""

    def staging(*shots: Shot, made: str = "") -> Stage:
        film, card = scene.studio.film, scene.studio.library.card("starter")
        film.amend(lambda project: project.changed(shots=shots, last_open_shot=shots[0].id if shots else None))
        for name in made:
            shot = film.project.shot(name)
            recipe = planned(film.project, shot, card)
            scene.finish(f"take-{name}", shot=name, **dict(recipe))
        scene.studio.turn_to("storyboard")
        board = Board(scene.studio, actions, theme)
        look(board, "storyboard", 1280, 200)
        board.zoom(PX_PER_S / board.scale.px_per_s, 0)
        return Stage(scene, board)

    return staging


@pytest.fixture
def page_of(actions: dict[str, QAction], theme: Theme, look: Callable[..., None]) -> Callable[[Studio], Any]:
    """Return a function that shows the whole page."""

    def showing(studio: Studio) -> storyboard_page.View:
        view = storyboard_page.View(studio, actions, theme)
        look(view, "storyboard_page", 1280, 680)
        return view

    return showing


def plain(name: str, **fields: Any) -> Shot:
    return Shot(id=name, name=f"Shot {name}", draft=Draft(prompt=f"prompt {name}"), **fields)


@pytest.fixture
def stage(stage_of: Callable[..., Stage]) -> Stage:
    return stage_of(*(plain(name) for name in "abcd"), made="abc")


# The axis


def test_cards_are_as_wide_as_they_are_long(stage: Stage) -> None:
    project = stage.studio.film.project
    for shot, place in zip(project.shots, stage.studio.storyboard.places, strict=True):
        rect = stage.board.cards[shot.id].geometry()
        assert rect.left() == round(stage.board.scale.x(place.first_frame))
        assert abs(rect.width() + 2 - place.num_frames / project.settings.fps * PX_PER_S) <= 1


def test_a_crossfade_brings_cards_nearer_and_meets_in_its_middle() -> None:
    clip = {"media": "0" * 64, "fps": 24.0, "num_frames": 48}
    film = Film.model_validate(
        {"width": 64, "height": 64, "fps": 24.0, "clips": [{**clip, "transition": "crossfade"}, clip]}
    )
    edges = seams(placed(film))
    assert edges == [0.0, 42.0, 84.0]
    assert [at_seam(edges, frame) for frame in (-5, 0, 41.9, 42, 83, 500)] == [0, 0, 0, 1, 1, 1]
    assert seams([]) == [0.0]


@pytest.mark.parametrize("px_per_s", [4.0, 72.0, 640.0])
def test_the_ruler_names_seconds_that_can_be_read(px_per_s: float) -> None:
    scale = Scale(px_per_s, 24.0, 100)
    ticks = list(scale.ticks(1200))
    assert all(later[1] - earlier[1] >= 71.9 for earlier, later in pairwise(ticks))
    assert len(ticks) >= 4
    assert scale.frame(scale.x(37)) == pytest.approx(37)


def test_only_cards_in_sight_are_there(stage_of: Callable[..., Stage]) -> None:
    stage = stage_of(*(plain(f"s{number}") for number in range(200)))
    assert 3 < len(stage.board.cards) < 20
    made = len(stage.board.findChildren(type(next(iter(stage.board.cards.values())))))
    bar = stage.board.horizontalScrollBar()
    for value in range(0, bar.maximum(), bar.maximum() // 25):
        bar.setValue(value)
    bar.setValue(bar.maximum())
    assert "s199" in stage.board.cards
    assert "s0" not in stage.board.cards
    after = len(stage.board.findChildren(type(next(iter(stage.board.cards.values())))))
    assert after <= made + 3


def test_zooming_keeps_the_instant_under_the_mouse(stage: Stage) -> None:
    before = stage.board.scale.frame(300)
    stage.board.zoom(3.0, 300)
    assert stage.board.scale.frame(300) == pytest.approx(before, abs=0.5)
    stage.board.zoom_fit()
    last = stage.board.cards["d"].geometry()
    assert stage.board.horizontalScrollBar().maximum() == 0
    assert last.right() < stage.board.viewport().width()


# Drags


def test_a_card_is_dragged_to_another_place(stage: Stage) -> None:
    stage.drag("a", "body", 3.6)
    assert stage.order == "bcad"
    assert stage.studio.film.undo_label == "move_shot"
    stage.studio.film.undo()
    assert stage.order == "abcd"
    stage.drag("c", "body", -9)
    assert stage.order == "cabd"
    stage.drag("c", "body", 90)
    assert stage.order == "abdc"


def test_where_a_card_would_come_to_stand_is_shown(stage: Stage) -> None:
    place = stage.point("a")
    stage.press(place)
    stage.move(place + QPoint(200, 0))
    assert stage.board.gap.isVisible()
    seam = stage.board.card_rect(2).left()
    assert abs(stage.board.gap.geometry().center().x() - seam) <= 4
    assert stage.board.cards["a"].x() > stage.board.card_rect(0).x()
    QTest.keyClick(stage.board, Qt.Key.Key_Escape)
    assert not stage.board.gap.isVisible()
    assert stage.board.cards["a"].geometry() == stage.board.card_rect(0)
    stage.release(place + QPoint(200, 0))
    assert stage.order == "abcd"
    assert stage.board.drag is None


@pytest.mark.parametrize(
    ("part", "seconds", "expected"),
    [("end", -0.5, (0, 11)), ("start", 0.5, (6, None)), ("end", -9, (0, 1)), ("start", 9, (16, None))],
)
def test_an_edge_trims(stage: Stage, part: str, seconds: float, expected: tuple[int, int | None]) -> None:
    before = stage.studio.film.undo_label
    stage.drag("b", part, seconds)
    assert stage.range("b") == expected
    assert stage.studio.film.undo_label == "set_in_out"
    stage.studio.film.undo()
    assert stage.range("b") == (0, None)
    assert stage.studio.film.undo_label == before
    assert stage.asked() == []


def test_while_it_is_dragged_it_says_how_long_it_gets(stage: Stage) -> None:
    place = stage.point("b", "end")
    stage.press(place)
    stage.move(place - QPoint(round(PX_PER_S / 2), 0))
    assert stage.board.hint.isVisible()
    assert stage.board.hint.text() == "0.9 s"
    stage.move(place + QPoint(round(PX_PER_S), 0))
    assert stage.board.hint.text() == "1.4 s + 1.0 s new"
    stage.release(place)
    assert not stage.board.hint.isVisible()
    assert stage.range("b") == (0, None)


@pytest.mark.parametrize(("part", "verb", "sign"), [("end", "before", 1), ("start", "after", -1)])
def test_beyond_the_end_of_its_take_an_edge_extends(stage: Stage, part: str, verb: str, sign: int) -> None:
    stage.drag("b", part, sign * 1.0)
    (request,) = stage.asked()
    splice = request.recipe.splice
    assert splice is not None
    kept = getattr(splice, verb)
    assert kept.media == stage.shot("b").takes[0].media
    assert splice.num_frames == 17 + 12
    assert request.shot == "b"
    assert stage.range("b") == (0, None)


@pytest.mark.parametrize("part", ["end", "start"])
def test_beyond_what_is_shown_of_a_longer_take_it_asks_which(
    stage: Stage, page_of: Callable[[Studio], Any], qtbot: QtBot, part: str
) -> None:
    stage.studio.film.edit("set_in_out", lambda project: edits.set_in_out(project, "b", 4, 12))
    stage.board.look()
    with qtbot.waitSignal(stage.board.asked) as heard:
        stage.drag("b", part, 1.0 if part == "end" else -1.0)
    assert stage.range("b") == (4, 12)
    assert stage.asked() == []
    shot_id, which, trim, _ = heard.args
    menu = page_of(stage.studio).question(shot_id, which, trim)
    whole, longer = menu.actions()
    assert "new frames" in longer.text()
    whole.trigger()
    assert stage.range("b") == ((4, None) if part == "end" else (0, 12))
    longer.trigger()
    (request,) = stage.asked()
    assert request.recipe.splice is not None
    menu.close()


def test_the_length_of_what_is_not_made_yet_is_dragged(stage: Stage) -> None:
    stage.drag("d", "end", 1.0)
    assert stage.shot("d").draft.seconds == pytest.approx(17 / FPS + 1.0, abs=0.03)
    stage.studio.film.undo()
    assert stage.shot("d").draft.seconds is None


def test_a_click_chooses_and_shows_and_a_small_move_is_a_click(stage: Stage) -> None:
    place = stage.point("c")
    stage.press(place)
    stage.move(place + QPoint(3, 1))
    stage.release(place + QPoint(3, 1))
    assert stage.studio.film.shot is not None
    assert stage.studio.film.shot.id == "c"
    assert stage.studio.screening.shot_at(stage.studio.screening.index) == stage.shot("c")
    assert stage.order == "abcd"


def test_the_playhead_is_dragged_in_the_ruler(stage: Stage) -> None:
    for frame in (10, 30):
        place = QPoint(round(stage.board.scale.x(frame + 0.5)), RULER_PX // 2)
        stage.press(place)
        stage.move(place + QPoint(1, 0))
        stage.release(place)
        assert stage.studio.screening.index == frame


def test_a_double_click_opens_the_shot(stage: Stage) -> None:
    place = stage.point("b")
    stage._send(QEvent.Type.MouseButtonDblClick, place, Qt.MouseButton.LeftButton)
    assert stage.studio.page == "create"
    assert stage.studio.film.shot == stage.shot("b")


def test_what_can_be_held_is_seen(stage: Stage) -> None:
    stage._send(QEvent.Type.MouseMove, stage.point("a", "end"), Qt.MouseButton.NoButton)
    assert stage.board.viewport().cursor().shape() == Qt.CursorShape.SizeHorCursor
    stage._send(QEvent.Type.MouseMove, stage.point("a"), Qt.MouseButton.NoButton)
    assert stage.board.viewport().cursor().shape() == Qt.CursorShape.ArrowCursor


def test_a_shot_that_goes_while_it_is_held_is_let_go(stage: Stage) -> None:
    place = stage.point("a")
    stage.press(place)
    stage.move(place + QPoint(200, 0))
    stage.studio.film.edit("delete_shot", lambda project: edits.delete_shot(project, "a"))
    stage.move(place + QPoint(220, 0))
    stage.release(place + QPoint(220, 0))
    assert stage.order == "bcd"


def test_trims_are_exact() -> None:
    take = {"media": "1" * 64, "container": "mp4", "width": 8, "height": 8, "num_frames": 20, "fps": 10.0}
    made = {"id": "t", "verb": "footage", "created_at": 1.0, **take}
    shot = Shot.model_validate(
        {"id": "a", "name": "a", "takes": [made], "selected": "t", "in_frame": 5, "out_frame": 15}
    )
    assert trimmed(shot, "end", 0.2) == Trim(5, 17, 0.0, True)
    assert trimmed(shot, "end", 0.5) == Trim(5, None, 0.0, True)
    assert trimmed(shot, "end", 1.5) == Trim(5, None, 1.0, True)
    assert trimmed(shot, "start", -0.5) == Trim(0, 15, 0.0, True)
    assert trimmed(shot, "start", -0.9) == Trim(0, 15, 0.4, True)
    whole = shot.changed(in_frame=0, out_frame=None)
    assert trimmed(whole, "end", 0.3) == Trim(0, None, pytest.approx(0.3), False)
    assert not Drag(shot, "body", 10, 10).to(14).is_under_way
    assert Drag(shot, "body", 10, 10).to(20).to(11).is_under_way


# Cards and marks


def test_cards_say_how_they_are(stage: Stage) -> None:
    cards, scene = stage.board.cards, stage.scene
    assert cards["a"].thumbnail._mark == "1  Shot a"
    assert cards["a"].length.text() == "1.4 s"
    assert cards["a"].deed is None
    assert cards["d"].deed == "generate"
    assert cards["d"].thumbnail._centre == "No take yet"
    assert cards["d"].accessibleName() == "Shot 4: Shot d, No take yet"
    scene.queue("job-d", shot="d")
    assert cards["d"].thumbnail._centre == "Waiting"
    assert cards["d"].deed is None
    scene.run("job-d", shot="d", previews=17)
    assert cards["d"].thumbnail._job_id == "job-d"
    assert cards["d"].thumbnail._progress == pytest.approx(0.6)
    assert "60 %" in cards["d"].thumbnail.words
    scene.fail("job-d", shot="d")
    assert cards["d"].deed == "retry"
    cards["d"].act.click()
    assert [ticket.ask.arguments for ticket in scene.link.waiting("resume")] == [("job-d",)]


def test_a_thumbnail_plays_what_is_shown_of_its_take(stage: Stage) -> None:
    stage.studio.storyboard.trim("b", 5, 9)
    thumbnail = stage.board.cards["b"].thumbnail
    assert thumbnail._still == 7
    thumbnail.hovered.emit(True)
    seen = {thumbnail._index}
    for _ in range(12):
        thumbnail._advance()
        seen.add(thumbnail._index)
    assert seen == {5, 6, 7, 8}
    thumbnail.hovered.emit(False)


def test_a_stale_card_says_why_and_mends_it(stage_of: Callable[..., Stage], page_of: Callable[[Studio], Any]) -> None:
    mara = BibleEntry(id="m", kind="character", name="Mara", description="in red")
    walking = plain("a").changed(draft=Draft(prompt="@Mara walks"))
    stage = stage_of(walking, plain("b"))
    stage.studio.film.edit("add_entry", lambda project: edits.add_entry(project, mara))
    card = stage.studio.library.card("starter")
    assert card is not None
    project = stage.studio.film.project
    stage.scene.finish("take-a", shot="a", **dict(planned(project, project.shot("a"), card)))
    assert stage.board.cards["a"].deed is None
    stage.studio.film.edit("change_entry", lambda project: edits.change_entry(project, "m", description="in blue"))
    shown = stage.board.cards["a"]
    assert shown.deed == "refresh"
    assert shown.act.toolTip() == "@Mara has changed\nClick to make it again"
    assert shown.act.accessibleName().startswith("@Mara has changed")
    tools = page_of(stage.studio).tools
    assert tools.stale.text() == "Make what changed again (1)"
    assert tools.missing.text() == "Generate missing (1)"
    stage.studio.storyboard.generate(["b"])
    assert not tools.missing.isVisible()
    shown.act.click()
    _, request = stage.asked()
    assert "in blue" in request.recipe.prompt
    assert shown.deed is None


def test_continuity_is_switched_on_the_card(stage: Stage) -> None:
    assert not stage.board.cards["a"].link.isVisible()
    stage.board.cards["b"].link.click()
    assert stage.shot("b").continues
    assert stage.board.cards["b"].deed == "refresh"
    stage.studio.film.undo()
    assert not stage.shot("b").continues
    assert not stage.board.cards["b"].link.isChecked()


def test_what_waits_for_another_take_says_for_which(stage_of: Callable[..., Stage]) -> None:
    stage = stage_of(plain("a"), plain("b", continues=True))
    stage.studio.storyboard.generate_missing()
    assert stage.board.cards["b"].thumbnail._centre == "Waits for Shot a"
    assert stage.board.cards["b"].deed is None


def test_a_mark_has_a_menu_of_transitions(stage: Stage) -> None:
    mark = stage.board.marks["a"]
    assert "d" not in stage.board.marks
    assert mark.toolTip() == "Cut to the next shot"
    choose(mark, "Crossfade")
    assert stage.shot("a").transition == "crossfade"
    assert mark.toolTip().startswith("Crossfade to the next shot")
    choose(mark, "1.00 s")
    assert stage.shot("a").transition_s == 1.0
    assert "room for" in mark.toolTip()
    choose(mark, "Dip to black")
    assert stage.shot("a").transition == "dip"
    stage.studio.film.undo()
    assert (stage.shot("a").transition, stage.shot("a").transition_s) == ("crossfade", 1.0)


def test_a_mark_can_be_had_by_keys_where_there_is_no_room_for_it(
    stage: Stage, page_of: Callable[[Studio], Any], actions: dict[str, QAction]
) -> None:
    view = page_of(stage.studio)
    view.board.zoom(0.01)
    assert view.board.marks == {}
    stage.studio.film.open_shot("b")
    actions["transition"].trigger()
    (menu,) = view.board.findChildren(QMenu)
    next(each for each in menu.actions() if each.text() == "Dip to black").trigger()
    assert stage.shot("b").transition == "dip"
    menu.close()


def test_a_bridge_is_asked_for_in_the_menu(stage: Stage, actions: dict[str, QAction], qtbot: QtBot) -> None:
    with qtbot.waitSignal(actions["insert_bridge"].triggered):
        choose(stage.board.marks["b"], "Generated bridge")
    assert stage.studio.film.shot == stage.shot("b")
    stage.studio.storyboard.insert_bridge("b", "Bridge", 1.0)
    bridge = stage.studio.film.project.shots[2]
    assert bridge.is_bridge
    (request,) = stage.asked()
    assert request.shot == bridge.id
    assert [pin.media for pin in request.recipe.conditions] == [stage.shot(name).takes[0].media for name in "bc"]
    menu = stage.board.marks["b"].build_menu()
    assert menu is not None
    assert not next(each for each in menu.actions() if each.text() == "Generated bridge").isEnabled()
    menu.close()


def test_reasons_have_words() -> None:
    reasons = [EntryChanged("Mara"), NeighbourChanged("before"), NeighbourChanged("behind"), FieldChanged("conditions")]
    said = [reason_words(each) for each in [*reasons, FieldChanged("guidance_scale")]]
    assert len(set(said)) == 5
    assert said[-1] == "Guidance is another"


# Keys, and states


def test_keys_of_the_board(stage: Stage, actions: dict[str, QAction], qtbot: QtBot) -> None:
    stage.board.setFocus()
    with qtbot.waitSignal(actions["delete_shot"].triggered):
        QTest.keyClick(stage.board, Qt.Key.Key_Delete)
    QTest.keyClick(stage.board, Qt.Key.Key_Return)
    assert stage.studio.page == "create"


def test_a_film_that_is_only_looked_at_stays_as_it_is(stage: Stage) -> None:
    stage.studio.film._reason = "not_writable"
    stage.board.look()
    stage.drag("a", "body", 3.6)
    stage.drag("b", "end", -0.5)
    stage.board.cards["b"].link.click()
    assert (stage.order, stage.range("b"), stage.board.cards["d"].deed) == ("abcd", (0, None), None)
    assert not stage.board.marks["a"].isEnabled()


def test_an_empty_film_has_one_sentence_and_a_button(
    stage_of: Callable[..., Stage], page_of: Callable[[Studio], Any]
) -> None:
    stage = stage_of()
    view = page_of(stage.studio)
    assert view.empty.isVisible()
    stage.studio.film.add_shot("One")
    assert not view.empty.isVisible()


def test_everything_has_a_name(stage: Stage, page_of: Callable[[Studio], Any]) -> None:
    view = page_of(stage.studio)
    nameless = [each for each in view.findChildren(QToolButton) if each.isVisible() and not each.accessibleName()]
    ours = (view.board, view.tools, view.bar)
    assert [each for each in nameless if any(panel.isAncestorOf(each) for panel in ours)] == []
    assert stage.board.accessibleName() == "Storyboard, Shot a is chosen"
    assert view.panels[0] is view.board


def test_time_runs_from_left_to_right_in_every_language(stage: Stage) -> None:
    QApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    stage.board.place()
    assert stage.board.layoutDirection() == Qt.LayoutDirection.LeftToRight
    assert stage.board.cards["a"].x() < stage.board.cards["b"].x()


def choose(mark: Any, text: str) -> None:
    menu = mark.build_menu()
    action = next(each for each in menu.actions() if each.text() == text)
    assert action.isEnabled()
    action.trigger()
    menu.close()
