"""What ``auroraview new`` makes, installed the application's own way with the package inside, and used."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auroraview import _new
from tests.helpers import eventually
from tests.hosts.running import KINDS, ROOT, Program

PACKAGE = ROOT / "python"
ITEMS = "[...document.querySelectorAll('#items li')].map((item) => item.textContent)"


@pytest.fixture
def wheel(tmp_path) -> Path:
    """As good as the package's wheel: what lies in the checkout, natives included."""
    made = tmp_path / "auroraview-0-cp311-abi3-linux_x86_64.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for file in (PACKAGE / "auroraview").rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                archive.write(file, file.relative_to(PACKAGE))
    return made


def built(host: str, folder: Path, wheel: Path) -> Path:
    """The file to install of a new tool named Shot Notes."""
    made = _new.create("Shot Notes", host, folder)
    command = [sys.executable, str(made / "build.py"), "--wheel", str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=True)
    return Path(done.stdout.strip())


def unpack(archive: Path, folder: Path) -> None:
    """As ``unzip`` does: with the modes of files."""
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            Path(opened.extract(entry, folder)).chmod(entry.external_attr >> 16 & 0o777)


def begin(programs: list[Program], kind: str, inside: str, install: Callable[[Path], Path]) -> Program:
    """An application in whose home something is installed first; it finds no other package than the one in there."""
    environment = dict(KINDS[kind].environment)

    def prepare(home: Path) -> None:
        environment["AURORAVIEW_PACKAGE"] = str(install(home))

    programs.append(Program(dataclasses.replace(KINDS[kind], inside=inside, environment=environment, prepare=prepare)))
    programs[-1].main("execute", "import auroraview\nfrom auroraview import hosts")
    assert programs[-1].main("evaluate", "auroraview.__file__").startswith(environment["AURORAVIEW_PACKAGE"])
    return programs[-1]


@pytest.fixture
def programs() -> Iterator[list[Program]]:
    """Programs that are ended as their user would."""
    started: list[Program] = []
    yield started
    for program in started:
        try:
            if program.runs:
                program.end()
        finally:
            program.kill()


@pytest.mark.timeout(240)
def test_the_add_on_installs_in_blender_and_can_be_disabled_and_enabled(tmp_path, wheel, programs):
    archive = built("blender", tmp_path, wheel)

    def install(home: Path) -> Path:
        script = f"import bpy; bpy.ops.preferences.addon_install(filepath={str(archive)!r})"
        command = ["blender", "--background", "--factory-startup", "--python-exit-code", "3", "--python-expr", script]
        subprocess.run(
            command, env={**os.environ, "HOME": str(home)}, timeout=100, check=True, stdout=subprocess.DEVNULL
        )
        (vendor,) = home.glob(".config/blender/*/scripts/addons/shot_notes/vendor")
        return vendor

    blender = begin(programs, "blender", f"example in_blender {tmp_path}", install)
    blender.main("execute", "import bpy")
    enable = "list(bpy.ops.preferences.addon_enable(module='shot_notes'))"
    opened = "list(bpy.ops.shot_notes.open())"
    assert blender.main("evaluate", enable) == ["FINISHED"]
    (shell,) = blender.home.rglob("auroraview-shell")
    assert shell.stat().st_mode & 0o100
    assert blender.main("evaluate", opened) == ["FINISHED"]
    blender.main("execute", "(steps.panel,) = hosts.panels()")
    blender.worker("ready")
    assert blender.ask("auroraview.api.add()") == "Cube.001"
    eventually(lambda: blender.ask(ITEMS) == ["Camera", "Cube", "Cube.001", "Light"], "the cube in the page")

    blender.main("evaluate", "list(bpy.ops.preferences.addon_disable(module='shot_notes'))")
    eventually(lambda: not blender.main("evaluate", "steps.panel.is_open"), "the panel's end")
    assert blender.main("evaluate", "len(bpy.app.handlers.depsgraph_update_post)") == 0
    blender.main("evaluate", enable)
    blender.main("evaluate", opened)
    blender.worker("ready")
    eventually(lambda: len(blender.ask(ITEMS)) == 4, "the page of the new start")
    blender.main("evaluate", opened)
    assert blender.main("evaluate", "len(bpy.app.handlers.depsgraph_update_post)") == 1


@pytest.mark.timeout(240)
def test_the_workbench_is_found_by_freecad_and_its_command_opens_the_panel(tmp_path, wheel, programs):
    archive = built("freecad", tmp_path, wheel)

    def install(home: Path) -> Path:
        folder = home / ".local/share/FreeCAD/Mod"
        unpack(archive, folder)
        return folder / "shot_notes/shot_notes/vendor"

    freecad = begin(programs, "freecad", f"example in_freecad {tmp_path}", install)
    freecad.main("execute", "import FreeCAD, FreeCADGui")
    freecad.main("execute", "FreeCADGui.activateWorkbench('ShotNotesWorkbench')")
    freecad.main("execute", "FreeCADGui.runCommand('ShotNotes_Open')")
    freecad.main("execute", "(steps.panel,) = hosts.panels()")
    freecad.worker("ready")
    assert freecad.main("evaluate", "steps.panel.place") == "docked"
    assert freecad.ask("auroraview.api.add()") == "Box001"
    eventually(lambda: freecad.ask(ITEMS) == ["Box", "Box001"], "the box in the page")
    freecad.main("execute", "FreeCAD.ActiveDocument.removeObject('Box001')")
    eventually(lambda: freecad.ask(ITEMS) == ["Box"], "the page without it")
    freecad.main("execute", "import importlib, shot_notes.tool\nimportlib.reload(shot_notes.tool).open_panel()")
    assert freecad.ask("auroraview.api.add()") == "Box001"
    assert freecad.main("evaluate", "len(hosts.panels())") == 1


@pytest.mark.timeout(120)
def test_the_dock_opens_in_a_program_of_qt(tmp_path, wheel, programs):
    folder = built("qt", tmp_path, wheel).parents[1]
    vendor = folder / "shot_notes" / "vendor"
    qt = begin(programs, "PySide6", f"example in_qt:PySide6 {folder}", lambda home: vendor)
    qt.main("execute", "import shot_notes\nsteps.panel = shot_notes.open_panel(steps.application.window)")
    qt.worker("ready")
    assert qt.main("evaluate", "steps.panel.place") == "docked"
    assert qt.ask("auroraview.api.add()") == "Item 1"
    eventually(lambda: qt.ask(ITEMS) == ["Item 1"], "the item in the page")
    qt.main("execute", "shot_notes.close_panel()")
    assert qt.main("evaluate", "steps.panel.is_open") is False
