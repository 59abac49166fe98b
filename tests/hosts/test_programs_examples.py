"""The examples for applications, each in its own: the page changes the application, and follows what happens there."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import eventually
from tests.hosts.running import KINDS, ROOT, Program
from tests.hosts.screen import take_picture

EXAMPLES = ROOT / "examples"


@pytest.fixture
def run() -> Iterator[Callable[..., Program]]:
    """Starts an application with an example in it, and ends it as its user would; its status must be 0."""
    started: list[Program] = []

    def start(kind: str, host: str, folder: str, module: str) -> Program:
        inside = f"example {host} {EXAMPLES / folder}"
        program = Program(dataclasses.replace(KINDS[kind], inside=inside))
        started.append(program)
        program.main("run_example", module)
        program.worker("ready")
        return program

    yield start
    for program in started:
        try:
            if program.runs:
                program.end()
        finally:
            program.kill()


def call(program: Program, method: str, *arguments: Any) -> Any:
    """What the page gets when it calls a method of the example's tool."""
    return program.ask(f"auroraview.call('api.{method}', {json.dumps(arguments)})")


def see(program: Program, script: str, expected: Any) -> None:
    """Waits until the page shows something."""
    eventually(lambda: program.ask(script) == expected, f"{expected!r} as {script}, which is {program.ask(script)!r}")


def picture(program: Program, name: str) -> Path:
    """Of the whole screen, when the page is painted."""
    program.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return take_picture(f"example-{name}")


@pytest.mark.timeout(240)
def test_the_outliner_shows_what_is_in_blender_and_changes_it(run):
    blender = run("blender", "in_blender", "13_blender_outliner", "outliner")
    names = "[...document.querySelectorAll('[role=row] .name')].map((name) => name.textContent)"
    see(blender, names, ["Scene Collection", "Collection", "Camera", "Cube", "Light"])
    blender.main("execute", "import bpy")
    cube = "bpy.data.objects['Cube']"

    call(blender, "select", ["o:Camera", "o:Light"], "o:Light")
    selected = "sorted(item.name for item in bpy.context.view_layer.objects if item.select_get())"
    assert blender.main("evaluate", selected) == ["Camera", "Light"]
    see(blender, "document.querySelectorAll('[aria-selected=true]').length", 2)

    call(blender, "show", "o:Cube", False)
    assert blender.main("evaluate", f"{cube}.hide_get()") is True
    see(blender, "document.querySelector('[data-id=\"o:Cube\"] .eye').ariaPressed", "false")

    assert call(blender, "rename", "o:Cube", "Light") == "o:Light.001"
    call(blender, "undo")
    see(blender, names, ["Scene Collection", "Collection", "Camera", "Cube", "Light"])

    blender.main("execute", f"{cube}.name = 'Crate'")
    see(blender, names, ["Scene Collection", "Collection", "Camera", "Crate", "Light"])
    assert call(blender, "delete", ["o:Crate"]) == 1
    see(blender, names, ["Scene Collection", "Collection", "Camera", "Light"])
    assert blender.ask("auroraview.call('api.show', ['o:Crate', true]).catch((error) => error.name)") == "LookupError"
    assert picture(blender, "outliner").stat().st_size > 10_000

    blender.main("run_example", "outliner")
    assert blender.main("evaluate", "len(bpy.app.handlers.depsgraph_update_post)") == 1
    blender.main("new_file")
    see(blender, names, ["Scene Collection", "Collection", "Camera", "Cube", "Light"])


@pytest.mark.timeout(240)
def test_the_keyboard_does_all_in_the_outliner(run):
    blender = run("blender", "in_blender", "13_blender_outliner", "outliner")
    blender.main("execute", "import bpy")
    see(blender, "document.querySelectorAll('[role=row]').length", 5)
    press = (
        "const press = (key, options = {}) => document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true, ...options}))"
    )
    blender.ask(f"globalThis.press = {press.removeprefix('const press = ')}; 0")
    blender.ask("document.querySelector('[data-id=\"c:Scene Collection\"]').focus(); press('End'); press('ArrowUp'); 0")
    assert blender.ask("document.activeElement.dataset.id") == "o:Cube"
    blender.ask("press('h')")
    eventually(lambda: blender.main("evaluate", "bpy.data.objects['Cube'].hide_get()"), "a hidden cube")
    blender.ask("press('F2'); document.activeElement.value = 'Crate'; press('Enter')")
    eventually(lambda: blender.main("evaluate", "'Crate' in bpy.data.objects"), "the new name")
    see(blender, "document.activeElement.dataset.id", "o:Crate")
    blender.ask("press('ArrowLeft'); press('ArrowLeft'); 0")
    see(blender, "document.querySelectorAll('[role=row]').length", 2)
    blender.ask("press('ArrowRight'); press('/'); document.activeElement.value = 'rat'; search.oninput(); 0")
    rows = "[...document.querySelectorAll('[role=row]')].map((row) => row.dataset.id)"
    assert blender.ask(rows) == ["c:Scene Collection", "c:Collection", "o:Crate"]


@pytest.mark.timeout(240)
def test_the_boxes_follow_sliders_and_freecad(run):
    freecad = run("freecad", "in_freecad", "14_freecad_box", "boxes")
    freecad.main("execute", "import FreeCAD")
    box = "FreeCAD.ActiveDocument.Box"
    see(freecad, "document.querySelectorAll('[role=option]').length", 1)

    freecad.ask(
        "(async () => { const slider = document.querySelector('#range-Length');"
        "for (let size = 20; size <= 80; size += 4) { slider.value = size; slider.oninput();"
        "await new Promise(requestAnimationFrame) } slider.onchange() })()"
    )
    eventually(lambda: freecad.main("evaluate", f"{box}.Length.Value") == 80, "the length")
    eventually(lambda: freecad.main("evaluate", "FreeCAD.ActiveDocument.UndoNames[0]") == "Length of Box", "one step")
    see(freecad, "document.querySelector('#volume').textContent", "8 cm³")

    freecad.main("execute", f"{box}.Height = 20; FreeCAD.ActiveDocument.recompute()")
    see(freecad, "document.querySelector('#range-Height').value", "20")
    see(freecad, "document.querySelector('#volume').textContent", "16 cm³")

    call(freecad, "resize", "Box", "Fillet", 100)
    see(freecad, "document.querySelector('#range-Fillet').value", "4.9")  # less than half of the shortest side
    assert freecad.main("evaluate", "len([one for one in FreeCAD.ActiveDocument.Objects if not one.isValid()])") == 0
    call(freecad, "set_material", "Box", "Steel")
    assert call(freecad, "copy", "Box") == "Box001"
    see(
        freecad,
        "[...document.querySelectorAll('[role=option] small')].map((one) => one.textContent.split(', ')[1])",
        ["Steel"] * 2,
    )
    assert picture(freecad, "boxes").stat().st_size > 10_000
    call(freecad, "undo")
    see(freecad, "document.querySelectorAll('[role=option]').length", 1)
    call(freecad, "resize", "Box", "Fillet", 0)
    freecad.main("execute", "FreeCAD.ActiveDocument.removeObject('Box')")
    see(freecad, "document.querySelectorAll('[role=option]').length", 0)
    freecad.main("run_example", "boxes")
    call(freecad, "add")
    see(freecad, "document.querySelectorAll('[role=option]').length", 1)


@pytest.mark.timeout(240)
def test_the_layer_board_shows_kritas_layers_and_changes_them(run):
    krita = run("krita", "in_krita", "15_krita_layers", "layers")
    names = "[...document.querySelectorAll('li b')].map((name) => name.textContent)"
    krita.main(
        "execute",
        "from krita import Krita\n"
        "document = Krita.instance().activeDocument()\n"
        "layer = document.createNode('Ink', 'paintlayer')\n"
        "document.rootNode().addChildNode(layer, None)",
    )
    eventually(lambda: krita.ask(names)[0] == "Ink", "the new layer")
    count = len(krita.ask(names))
    see(krita, "[...document.images].filter((image) => image.naturalWidth === 96).length", count)

    ink = krita.main("evaluate", "layer.uniqueId().toString()")
    call(krita, "rename", ink, "Lines")
    assert krita.main("evaluate", "layer.name()") == "Lines"
    call(krita, "set_opacity", ink, 40)
    assert krita.main("evaluate", "layer.opacity()") == 102
    call(krita, "set_blending", ink, "multiply")
    assert krita.main("evaluate", "layer.blendingMode()") == "multiply"
    call(krita, "show", ink, False)
    assert krita.main("evaluate", "layer.visible()") is False
    see(krita, "document.querySelector('li small').textContent", "Multiply, 40 %")

    call(krita, "act", ink, "down")
    eventually(lambda: krita.ask(names)[1] == "Lines", "the layer one lower")
    call(krita, "act", ink, "duplicate")
    see(krita, "document.querySelectorAll('li').length", count + 1)
    krita.main("execute", "layer.setOpacity(255)")
    notes = "[...document.querySelectorAll('li small')].map((one) => one.textContent)"
    see(krita, notes, ["Normal, 100 %", "Multiply, 40 %", "Multiply, 100 %"])
    assert picture(krita, "layers").stat().st_size > 10_000
    krita.main("run_example", "layers")
    call(krita, "lock", ink, True)
    see(krita, "document.querySelectorAll('.lock[aria-pressed=true]').length", 1)
    krita.main("execute", "document.setModified(False)")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("binding", ["PySide6", "PyQt6", "PyQt5", "PySide2"])
def test_the_board_and_the_table_have_the_same_shots(run, binding):
    board = run(binding, f"in_qt:{binding}", "16_qt_dock", "main")
    cells = "[window.model.item(row, {}).text() for row in range(window.model.rowCount())]"
    cards = "[...document.querySelectorAll('[data-status=\"{}\"] li .Shot')].map((name) => name.value)"
    see(board, cards.format("Done"), ["sq010_sh010"])

    call(board, "set", 4, "Status", "Done")
    assert board.main("evaluate", cells.format(1))[3] == "Done"
    see(board, cards.format("Done"), ["sq010_sh010", "sq020_sh010"])

    board.main("execute", "window.model.item(0, 0).setText('sq010_sh015')")
    see(board, cards.format("Done"), ["sq010_sh015", "sq020_sh010"])
    number = call(board, "add", "To do")
    assert board.main("evaluate", cells.format(0))[-1] == "new_shot_001"
    call(board, "select", number)
    see(board, "document.querySelector('li.selected .Shot').value", "new_shot_001")
    board.main("execute", "window.model.removeRow(0)")
    see(board, cards.format("Done"), ["sq020_sh010"])
    assert board.ask("auroraview.call('api.remove', [1]).catch((error) => error.name)") == "LookupError"

    board.ask(
        "document.querySelector('[data-number=\"2\"]').dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'ArrowRight', altKey: true, bubbles: true}))"
    )
    eventually(lambda: board.main("evaluate", cells.format(1))[0] == "Done", "the card that was moved by keys")
    board.ask(
        "const note = document.querySelector('[data-number=\"2\"] .Note');"
        "note.value = 'Fixed'; note.onchange({target: note}); 0"
    )
    eventually(lambda: board.main("evaluate", cells.format(3))[0] == "Fixed", "the note")
    assert picture(board, f"board-{binding}").stat().st_size > 10_000
