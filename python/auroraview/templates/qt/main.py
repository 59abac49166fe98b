"""A small program with the dock, to try it: ``python main.py``, or ``python main.py PyQt5`` for another binding."""

import importlib
import sys

import my_panel


def binding():
    """The one that is asked for, or the first that is installed."""
    for name in sys.argv[1:] or ("PySide6", "PyQt6", "PySide2", "PyQt5"):
        try:
            return importlib.import_module(f"{name}.QtWidgets")
        except ImportError:
            continue
    raise SystemExit("no binding of Qt is installed; pip install PySide6-Essentials")


if __name__ == "__main__":
    widgets = binding()
    application = widgets.QApplication(sys.argv[:1])
    window = widgets.QMainWindow()
    window.setWindowTitle("My Panel")
    window.resize(960, 600)
    window.setCentralWidget(widgets.QTextEdit())
    window.show()
    my_panel.open_panel(window)
    sys.exit((getattr(application, "exec", None) or application.exec_)())
