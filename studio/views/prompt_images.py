"""Images that the clip starts from, passes through and ends on."""

from PySide6.QtWidgets import QGridLayout

from studio.link.trouble import Trouble
from studio.models.studio import Studio
from studio.project.draft import Place
from studio.style.tokens import GRID_PX, Theme
from studio.views.prompt_part import Part
from studio.views.prompt_well import PinnedImage
from studio.views.words import trouble_sentence
from studio.widgets.notice import Notice

ALWAYS: tuple[Place, ...] = ("start", "end")
COLUMNS = 2


class ImagesPart(Part):
    """Two wells, side by side; more where advanced things are shown, or other images are in the draft."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__(studio, theme, lambda field: field.startswith(("conditions[", "media")))
        self.wells: dict[object, PinnedImage] = {}
        self._grid = QGridLayout()
        self._grid.setSpacing(GRID_PX)
        for column in range(COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self.rows.addLayout(self._grid)
        self.trouble = Notice(theme)
        self.rows.addWidget(self.trouble)
        self.rows.addWidget(self.problems)
        self._arranged: list[Place] = []

    def refresh(self) -> None:
        """The images of the open shot."""
        pinned = {pin.place: pin.media for pin in self.draft.images}
        middle: tuple[Place, ...] = ("middle",) if self.studio.composer.shows_advanced or "middle" in pinned else ()
        frames = sorted(place for place in pinned if isinstance(place, int))
        self._arrange([*ALWAYS, *middle, *frames])
        card = self.studio.composer.card
        takes = card.conditions if card is not None else ("keyframes",)
        for place in self._arranged:
            possible = "keyframes" in takes or (place == "start" and "first_image" in takes)
            self.wells[place].refresh(pinned.get(place), is_possible=possible)
        self.problems.refresh()

    def _arrange(self, places: list[Place]) -> None:
        if places == self._arranged:
            return
        for place in set(self.wells).difference(places):
            gone = self.wells.pop(place)
            self._grid.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        self._arranged = places
        for index, place in enumerate(places):
            if place not in self.wells:
                self.wells[place] = PinnedImage(self.studio, self.theme, place, self._name(place), self)
                self.wells[place].troubled.connect(self._tell)
            self._grid.addWidget(self.wells[place], index // COLUMNS, index % COLUMNS)

    def _tell(self, trouble: Trouble | None) -> None:
        if trouble is None:
            self.trouble.clear()
        else:
            self.trouble.say(trouble_sentence(trouble), "error", "bad")

    def _name(self, place: Place) -> str:
        match place:
            case "start":
                return self.tr("Starts from")
            case "end":
                return self.tr("Ends on")
            case "middle":
                return self.tr("Passes through")
            case _:
                return self.tr("At frame {frame}").format(frame=place)
