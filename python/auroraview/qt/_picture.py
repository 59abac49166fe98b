"""Pictures of a panel by Qt: the page's window is not Qt's, so Qt would leave it out.

Where a binding tells what is being painted on, the panel paints its page whenever that is not the screen: then it is in
the pictures of its parents too. Only PySide tells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auroraview._log import logger
from auroraview.errors import AuroraViewError
from auroraview.qt._binding import QtCore, QtGui, QtWidgets

#: A widget can tell what is painted on.
TELLS_TARGET = hasattr(QtWidgets.QWidget, "backingStore")


def paint(panel: Any) -> None:
    """Paints the page, in the panel's ``paintEvent``, unless that is for the screen."""
    painter = QtGui.QPainter(panel)
    try:
        if _is_for_screen(panel, painter):
            return
        page = _page(panel)
        if page is not None:
            painter.drawImage(page[0], page[1])
    finally:
        painter.end()


def _is_for_screen(panel: Any, painter: Any) -> bool:
    store, engine = panel.backingStore(), painter.paintEngine()
    try:
        return store is None or engine is None or bool(engine.paintDevice() == store.paintDevice())
    except (AttributeError, TypeError):
        # PySide2 may give the Python object of something that was at the same address before.
        return True


def _page(panel: Any) -> tuple[Any, Any] | None:
    """Where the page is in the panel, and its picture."""
    container = panel._embedding.container
    if container is None or not panel.view.is_open or container.isHidden():
        return None
    try:
        data = panel.view._painted()
    except AuroraViewError as error:
        logger.warning("the page is not in the picture: %s", error)
        return None
    image = QtGui.QImage()
    return (container.geometry(), image) if image.loadFromData(data) else None


def grab(panel: Any, rectangle: Any, usual: Callable[..., Any]) -> Any:
    """The pixmap that ``usual`` gives, and the page in it."""
    pixmap = usual() if rectangle is None else usual(rectangle)
    page = _page(panel)
    if page is not None:
        corner = QtCore.QPoint(0, 0)
        if rectangle is not None and rectangle.isValid():
            corner = rectangle.topLeft()
        painter = QtGui.QPainter(pixmap)
        painter.drawImage(page[0].translated(-corner), page[1])
        painter.end()
    return pixmap


def render(panel: Any, target: Any, offset: Any = None, region: Any = None, *_: Any) -> None:
    """Draws the page into what the panel was rendered into."""
    page = _page(panel)
    if page is None:
        return
    painter = target if isinstance(target, QtGui.QPainter) else QtGui.QPainter(target)
    painter.save()
    if offset is not None:
        painter.translate(offset)
    if region is not None and not region.isEmpty():
        painter.translate(-region.boundingRect().topLeft())
        painter.setClipRegion(region)
    painter.drawImage(page[0], page[1])
    painter.restore()
    if painter is not target:
        painter.end()
