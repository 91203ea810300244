"""Pages: what the window shows of the open project, one at a time; each is built when it is first looked at."""

from collections.abc import Callable, Mapping

from PySide6.QtGui import QAction

from studio.models.studio import Studio
from studio.style.tokens import Theme
from studio.widgets.page import Page

Maker = Callable[[Studio, Mapping[str, QAction], Theme], Page]


def _create(studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> Page:
    from studio.views import create_page

    return create_page.View(studio, actions, theme)


def _storyboard(studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> Page:
    from studio.views import storyboard_page

    return storyboard_page.View(studio, actions, theme)


def _film(studio: Studio, actions: Mapping[str, QAction], theme: Theme) -> Page:
    from studio.views import film_page

    return film_page.View(studio, actions, theme)


PAGES: dict[str, Maker] = {"create": _create, "storyboard": _storyboard, "film": _film}
"""In their order; the action `page_…` of each leads there, and the header has a button for it."""
