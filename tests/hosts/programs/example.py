"""Runs one of the project's examples inside an application, or what ``auroraview new`` made.

Its arguments are a module of ``programs``, with its own argument as in ``in_qt:PySide6``, and a folder to import from.
To the steps it adds a few: the test says what is to be done to the application, as Python, since each example is about
something else.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from programs import steps

#: What the tests' expressions may use, beside what they import.
names: dict[str, Any] = {"steps": steps}


def evaluate(expression: str) -> Any:
    """The value of an expression in the application; on the thread that the test says."""
    return eval(expression, names)


def execute(statements: str) -> None:
    """Runs statements in the application; their names stay."""
    exec(statements, names)


def run_example(module: str) -> None:
    """Runs an example, for the first time or again, as its ``main.py`` does."""
    names["tool"] = importlib.import_module(module)
    names["panel"] = steps.panel = names["tool"].open_panel()


def main(host: str, folder: str) -> None:
    sys.path.insert(0, folder)
    for step in (evaluate, execute, run_example):
        setattr(steps, step.__name__, step)
    module, _, argument = host.partition(":")
    if module == "in_qt" and Path(folder, "shots.py").exists():
        _run_board(argument)
    else:
        importlib.import_module(f"programs.{module}").main(*filter(None, [argument]))


def _run_board(binding: str) -> None:
    """The example for programs of Qt has a program of its own, which takes the place of the small application's."""
    example = importlib.import_module("main")
    in_qt = importlib.import_module("programs.in_qt")

    class Program(in_qt.SmallApplication):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(binding)
            self.window = names["window"] = example.make_window(binding)
            example.open_panel = lambda: example.open_board(self.window)

    names["example"] = example
    sys.exit(Program().run())
