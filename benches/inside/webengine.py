"""``python -m benches.inside.webengine``: what one would take in a program of Qt without us, PySide6's QWebEngineView
with a QWebChannel, docked likewise. Its slots run on the main thread."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, QUrl, Signal, Slot, qVersion
from PySide6.QtWebChannel import QWebChannel
from PySide6.QtWebEngineWidgets import QWebEngineView
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QTextEdit

from benches.inside.session import Stamps, serve

PAGE = """<!doctype html><title>bench</title><h1>A panel</h1><button>Press</button>
<script src="qrc:///qtwebchannel/qwebchannel.js"></script><script>
new QWebChannel(qt.webChannelTransport, channel => {
  const bench = channel.objects.bench;
  bench.ready();
  requestAnimationFrame(() => requestAnimationFrame(() => bench.painted()));
  const call = (first, second) => new Promise(done => bench.pair(first, second, done));
  window.sequential = async count => {
    for (let i = 0; i < count; i++) if (await call(i, 2) !== i) return bench.failed();
    bench.finished();
  };
});
</script>"""

PATIENCE = 60.0  # seconds for whatever should take less than one


class Bench(QObject):
    """What the page calls, and how the session's thread gets at the main thread."""

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.stamps = Stamps()
        self.came = {name: threading.Event() for name in ("ready", "painted", "finished")}
        self.at: dict[str, float] = {}
        self.wanted.connect(lambda function: function(), Qt.ConnectionType.QueuedConnection)

    @Slot(int, int, result=int)
    def pair(self, first: int, second: int) -> int:
        return self.stamps.pair(first, second)

    def _page_says(self, name: str) -> None:
        self.at[name] = time.perf_counter()
        self.came[name].set()

    @Slot()
    def ready(self) -> None:
        self._page_says("ready")

    @Slot()
    def painted(self) -> None:
        self._page_says("painted")

    @Slot()
    def finished(self) -> None:
        self._page_says("finished")

    @Slot()
    def failed(self) -> None:
        self.stamps.taken.clear()
        self._page_says("finished")


class Dock:
    """The commands."""

    def __init__(self, bench: Bench, window: QMainWindow) -> None:
        self._bench, self._window = bench, window
        self._dock: Any = None
        self._view: Any = None

    @property
    def commands(self) -> dict[str, Callable[..., Any]]:
        return {"open": self.open, "close": self.close, "calls": self.calls}

    def _wait(self, name: str) -> float:
        if not self._bench.came[name].wait(PATIENCE):
            raise TimeoutError(f"the page was not {name}")
        return self._bench.at[name]

    def open(self) -> dict[str, float]:
        began = [0.0, 0.0]
        self._bench.came["ready"].clear()
        self._bench.came["painted"].clear()

        def begin() -> None:
            began[0] = time.perf_counter()
            self._dock = QDockWidget("Bench", self._window)
            self._view = QWebEngineView()
            channel = QWebChannel(self._view)
            channel.registerObject("bench", self._bench)
            self._view.page().setWebChannel(channel)
            self._dock.setWidget(self._view)
            self._window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)
            self._window.resizeDocks([self._dock], [420], Qt.Orientation.Horizontal)
            self._view.setHtml(PAGE, QUrl("qrc:///"))
            began[1] = time.perf_counter()

        self._bench.wanted.emit(begin)
        figures = {name: (self._wait(name) - began[0]) * 1000 for name in ("ready", "painted")}
        return {**figures, "returned": (began[1] - began[0]) * 1000}

    def close(self) -> None:
        gone = threading.Event()

        def end() -> None:
            self._dock.destroyed.connect(gone.set)
            self._dock.deleteLater()
            self._dock = self._view = None

        self._bench.wanted.emit(end)
        if not gone.wait(PATIENCE):
            raise TimeoutError("the dock was not deleted")

    def calls(self, where: str, count: int) -> dict[str, float]:
        assert where == "main", "slots run there"
        self._bench.stamps.taken.clear()
        self._bench.came["finished"].clear()
        self._bench.wanted.emit(lambda: self._view.page().runJavaScript(f"sequential({count + 1})"))
        self._wait("finished")
        return self._bench.stamps.figures(count)


def main() -> int:
    """Runs until told to quit."""
    if os.geteuid() == 0:
        os.environ["QTWEBENGINE_DISABLE_SANDBOX"] = "1"  # Chromium refuses to run as root otherwise
    application = QApplication(["webengine"])
    window = QMainWindow()
    window.setCentralWidget(QTextEdit("A program of Qt."))
    window.resize(1100, 700)
    window.show()
    bench = Bench()
    dock = Dock(bench, window)
    hello = {"version": "", "toolkit": f"Qt {qVersion()} (PySide6)", "loop": ""}
    QTimer.singleShot(500, lambda: serve(hello, dock.commands, lambda: bench.wanted.emit(window.close)))
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
