"""The examples of what a window does beside its page: dialogs, used as a person does; downloads and dropped files."""

from __future__ import annotations

from pathlib import Path

import pytest

from auroraview.testing import Windows
from tests.e2e import desktop, test_file_drop, user
from tests.e2e.helpers import PATIENCE, ask, show_text, wait_for
from tests.e2e.test_examples import click, load, wait_for_text


@pytest.mark.timeout(150)
def test_a_note_is_opened_changed_saved_and_not_lost(webview: Windows, tmp_path: Path) -> None:
    harbour, dusk = tmp_path / "harbour.txt", tmp_path / "dusk.txt"
    harbour.write_text("The harbour at dawn.\n", "utf-8")
    notes = load("18_dialogs").Notes(tmp_path)
    view = webview(notes.view)

    ask(view, "setTimeout(() => document.querySelector('#open').click())")
    user.presses("Open a note", "slash", "ctrl+a")
    user.writes("Open a note", str(harbour), "Return")
    wait_for_text(view, "#told", "21 characters read.")
    assert ask(view, "text.value") == "The harbour at dawn.\n"
    assert show_text(view, "#name") == "harbour.txt"

    ask(view, "text.value = 'The harbour at dusk.'; text.oninput()")
    wait_for_text(view, "#name", "harbour.txt (changed)")
    desktop.close_as_user("Notes")
    user.presses("Unsaved changes", "Escape")
    user.sees_no_more("Unsaved changes")
    assert view.is_open

    ask(view, "setTimeout(() => save.click())")
    user.presses("Save the note", "ctrl+a")
    user.writes("Save the note", str(dusk), "Return")
    wait_for_text(view, "#told", f"Saved in {tmp_path.name}.")
    assert dusk.read_text("utf-8") == "The harbour at dusk."
    assert harbour.read_text("utf-8") == "The harbour at dawn.\n"

    ask(view, "text.value = ''; text.oninput()")
    wait_for_text(view, "#name", "dusk.txt (changed)")
    desktop.close_as_user("Notes")
    user.presses("Unsaved changes", "Return")
    assert view.wait(PATIENCE)


def test_a_file_that_is_no_text_is_told_of(webview: Windows, tmp_path: Path) -> None:
    picture = tmp_path / "picture.txt"
    picture.write_bytes(b"\x89PNG\xff")
    view = webview(load("18_dialogs").Notes(tmp_path).view)
    ask(view, "setTimeout(() => document.querySelector('#open').click())")
    user.presses("Open a note", "slash", "ctrl+a")
    user.writes("Open a note", str(picture), "Return")
    user.sees_no_more("Open a note")
    wait_for(lambda: desktop.titles().count("Notes") == 2, "the message, with the title of its window")
    user.presses("Notes", "Return")
    wait_for(lambda: desktop.titles().count("Notes") == 1, "the end of the message")
    assert show_text(view, "#told") == "Nothing is open."


@test_file_drop.pytestmark
@pytest.mark.timeout(150)
def test_sizes_of_dropped_files_are_shown_and_saved(webview: Windows, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    dropped = [tmp_path / "harbour.usd", tmp_path / "boat.usd"]
    for path in dropped:
        path.write_text(path.name, "utf-8")
    view = load("19_downloads_and_drops").make_view(folder)
    view.window.position = test_file_drop.CORNER
    webview(view)
    with test_file_drop.files(*[path.as_uri() for path in dropped]):
        test_file_drop.drag((95, 140), test_file_drop.place(view, 200, 60))
        wait_for_text(view, "#rows", "boat.usd")
    rows = ask(view, "[...rows.rows].map((row) => [...row.cells].map((cell) => cell.textContent))")
    assert rows == [["harbour.usd", tmp_path.name, "11"], ["boat.usd", tmp_path.name, "8"]]
    click(view, "#save")
    wait_for_text(view, "#told", "sizes.csv is in saved")
    assert (folder / "sizes.csv").read_text("utf-8") == 'name,bytes\n"harbour.usd",11\n"boat.usd",8\n'
    click(view, "#save")
    wait_for_text(view, "#told", "sizes (1).csv is in saved")
