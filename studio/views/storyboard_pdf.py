"""The storyboard on paper: pictures, words and times of all shots, as a PDF."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QCoreApplication, QIODevice, QMarginsF, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QPageLayout, QPageSize, QPainter, QPdfWriter, QTextOption

from engine.protocol.clip_frames import ClipFrames
from engine.protocol.film import Placed
from studio.link.trouble import Trouble
from studio.models.studio import Studio
from studio.project.errors import StorageError
from studio.project.files import replacing
from studio.project.project import Project
from studio.project.shot import Shot
from studio.views.words import number, seconds

_translate = QCoreApplication.translate
COLUMNS, ROWS = 3, 2
DPI = 150
MARGIN_MM = 12
GAP_PT = 14
TITLE_PT = 34
PICTURE_SHARE = 9 / 16
THUMBNAIL_PX = 640
INK, FAINT, EMPTY = QColor("#17181c"), QColor("#6a6e78"), QColor("#e4e5e8")


@dataclass(frozen=True)
class Panel:
    """A shot on paper; `picture` is None where it has no take, or its file is not to be had."""

    shot: Shot
    start_s: float
    length_s: float
    picture: QImage | None


class StoryboardPdf(QObject):
    """Fetches a picture of every shot, then writes them; it goes by itself when that is done.

    Signals:
        written: the file (Path).
        failed: why there is none (StorageError).
    """

    written = Signal(object)
    failed = Signal(object)

    def __init__(self, studio: Studio, path: Path) -> None:
        super().__init__(studio)
        self._studio = studio
        self._path = path
        self._project = studio.film.project
        self._places = list(studio.storyboard.places)
        self._panels: list[Panel] = []

    def start(self) -> None:
        """Begin; `written` or `failed` follows."""
        self._next()

    def _next(self) -> None:
        shots = self._project.shots
        while len(self._panels) < len(shots) and shots[len(self._panels)].selected is None:
            self._keep(None)
        if len(self._panels) == len(shots):
            self._write()
            return
        shot = shots[len(self._panels)]
        take = shot.selected_take
        assert take is not None

        def look() -> None:
            box_px, middle = (THUMBNAIL_PX, THUMBNAIL_PX), (shot.in_frame + shot.end_frame) // 2
            self._studio.link.frames(f"paper {shot.id}", take.media, middle, 1, box_px, self._on_frames, self._without)

        self._studio.errands.bring([take.media], look, self._without)

    def _on_frames(self, found: ClipFrames) -> None:
        self._keep(QImage.fromData(found.jpegs[0]) if found.jpegs else None)
        self._next()

    def _without(self, _: Trouble) -> None:
        self._keep(None)
        self._next()

    def _keep(self, picture: QImage | None) -> None:
        place, shot = self._places[len(self._panels)], self._project.shots[len(self._panels)]
        self._panels.append(panel(self._project, shot, place, picture))

    def _write(self) -> None:
        try:
            with replacing(self._path) as file:
                file.write(pdf(self._project, self._panels))
            self.written.emit(self._path)
        except StorageError as error:
            self.failed.emit(error)
        self.deleteLater()


def panel(project: Project, shot: Shot, place: Placed, picture: QImage | None) -> Panel:
    """A shot on paper, where it is in the film."""
    fps = project.settings.fps
    return Panel(shot, place.first_frame / fps, place.num_frames / fps, picture)


def pdf(project: Project, panels: list[Panel]) -> bytes:
    """The file's content: six shots a page, in any script that the system has letters for."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(DPI)
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    size = QPageSize(QPageSize.PageSizeId.A4)
    writer.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Landscape, margins, QPageLayout.Unit.Millimeter))
    writer.setTitle(project.name)
    writer.setCreator("Reelwright")
    painter = QPainter(writer)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    per_page = COLUMNS * ROWS
    pages = max(1, -(-len(panels) // per_page))
    for page in range(pages):
        if page:
            writer.newPage()
        area = QRectF(0, 0, writer.width(), writer.height())
        _title(painter, area, project, (page + 1, pages))
        for index, shown in enumerate(panels[page * per_page : (page + 1) * per_page]):
            _panel(painter, _cell(area, index), shown, page * per_page + index + 1)
    painter.end()
    return bytes(buffer.data().data())


def _pt(points: float) -> float:
    return points * DPI / 72


def _cell(area: QRectF, index: int) -> QRectF:
    top, gap = _pt(TITLE_PT), _pt(GAP_PT)
    width = (area.width() - gap * (COLUMNS - 1)) / COLUMNS
    height = (area.height() - top - gap * (ROWS - 1)) / ROWS
    row, column = divmod(index, COLUMNS)
    return QRectF(column * (width + gap), top + row * (height + gap), width, height)


def _title(painter: QPainter, area: QRectF, project: Project, page: tuple[int, int]) -> None:
    line = QRectF(0, 0, area.width(), _pt(TITLE_PT - GAP_PT))
    _text(painter, line, project.name, 13, INK, bold=True)
    said = _translate("pdf", "page {page} of {pages}").format(page=number(page[0]), pages=number(page[1]))
    _text(painter, line, said, 8, FAINT, align=Qt.AlignmentFlag.AlignRight)


def _panel(painter: QPainter, cell: QRectF, shown: Panel, place: int) -> None:
    frame = QRectF(cell.left(), cell.top(), cell.width(), cell.width() * PICTURE_SHARE)
    painter.fillRect(frame, EMPTY)
    if shown.picture is not None and not shown.picture.isNull():
        painter.drawImage(_fitted(shown.picture, frame), shown.picture)
    name = f"{number(place)}  {shown.shot.name}"
    top = frame.bottom() + _pt(4)
    _text(painter, QRectF(cell.left(), top, cell.width() * 0.7, _pt(12)), name, 9, INK, bold=True)
    times = f"{seconds(shown.start_s)} + {seconds(shown.length_s)}"
    right = QRectF(cell.left() + cell.width() * 0.7, top, cell.width() * 0.3, _pt(12))
    _text(painter, right, times, 8, FAINT, align=Qt.AlignmentFlag.AlignRight)
    words = "\n".join([shown.shot.draft.prompt.strip(), *(f"“{line}”" for line in shown.shot.dialogue)])
    below = QRectF(cell.left(), top + _pt(14), cell.width(), cell.bottom() - top - _pt(14))
    _text(painter, below, words.strip(), 8, INK, wraps=True)


def _fitted(picture: QImage, frame: QRectF) -> QRectF:
    scale = min(frame.width() / picture.width(), frame.height() / picture.height())
    width, height = picture.width() * scale, picture.height() * scale
    return QRectF(frame.center().x() - width / 2, frame.center().y() - height / 2, width, height)


def _text(  # noqa: PLR0913  where, what, and how
    painter: QPainter,
    area: QRectF,
    words: str,
    size_pt: float,
    colour: QColor,
    *,
    bold: bool = False,
    wraps: bool = False,
    align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    font = QFont()
    font.setPointSizeF(size_pt)
    font.setBold(bold)
    painter.setFont(font)
    painter.setPen(colour)
    option = QTextOption(align)
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere if wraps else QTextOption.WrapMode.NoWrap)
    painter.save()
    painter.setClipRect(area)
    painter.drawText(area, words, option)
    painter.restore()
