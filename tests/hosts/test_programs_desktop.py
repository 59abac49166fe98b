"""What a user does on the screen: types here and there, and has docks where they please."""

from tests.helpers import eventually
from tests.hosts import screen


def spot_of_field(program):
    """The middle of the page's input."""
    left, top, _, _ = screen.geometry(program.main("place")[1])
    return left + 60, top + 40


def page_has_focus(program):
    return program.ask("document.hasFocus() && document.activeElement === field")


def write_in_page(program, text):
    screen.click(*spot_of_field(program))
    eventually(lambda: page_has_focus(program), "the focus of the page")
    screen.write(text)


def write_in_application(program):
    """Types where the application takes it; returns what it then says it was given."""
    screen.click(*program.main("field"))
    eventually(lambda: not page_has_focus(program), "the end of the page's focus")
    if program.kind.docks:
        screen.write("back")
        return "back"
    screen.press("a", "g", "x", "2", "Return")  # all objects, two metres along the first axis
    return "2.0"


def test_keys_go_where_the_last_click_was(program):
    program.main("edit", 0.0)
    program.ask("field.value = ''; 0")
    write_in_page(program, "page")
    eventually(lambda: program.ask("field.value") == "page", "what was typed in the page")
    expected = write_in_application(program)
    eventually(lambda: program.main("typed") == expected, "what was typed in the application")
    write_in_page(program, "!")
    eventually(lambda: len(program.ask("field.value")) == 5, "what was typed in the page again")
    assert sorted(program.ask("field.value")) == sorted("page!")
    assert program.main("typed") == expected


def test_keys_go_to_the_application_also_with_the_pointer_over_the_page(docked):
    docked.main("clear_field")
    docked.ask("field.value = ''; 0")
    screen.click(*docked.main("field"))
    eventually(lambda: not docked.ask("document.hasFocus()"), "the end of the page's focus")
    left, top = spot_of_field(docked)
    screen.xdotool("mousemove", left, top)
    screen.write("still here")
    eventually(lambda: docked.main("typed") == "still here", "what was typed in the application")
    assert docked.ask("field.value") == ""


def page_fits(docked):
    """The window and the page have the size of the dock."""
    width, height = docked.main("dock", "size")
    _, _, window_width, window_height = screen.geometry(docked.main("place")[1])
    # Where the pixels of Qt are not those of the screen, the page is as large as the text of the application.
    zoom = docked.main("zoom")
    page_width, page_height = (length * zoom for length in docked.ask("[innerWidth, innerHeight]"))
    return (
        abs(width - window_width) <= 2
        and abs(height - window_height) <= 2
        and abs(page_width - window_width) <= 2
        and abs(page_height - window_height) <= 2
    )


def test_the_page_follows_its_dock(docked):
    docked.ask("window.marker = 'kept'; 0")
    eventually(lambda: page_fits(docked), "the size at first")
    for width in (500, 300):
        docked.main("dock", "resize", width)
        eventually(lambda: page_fits(docked), f"the size in a dock of {width}")
    docked.main("dock", "take_out")
    eventually(lambda: docked.main("dock", "is_floating") and page_fits(docked), "the size in a window")
    screen.take_picture(f"{docked.kind.name}-floating")
    docked.main("dock", "put_back")
    eventually(lambda: not docked.main("dock", "is_floating") and page_fits(docked), "the size back in the dock")
    for side in ("Bottom", "Left", "Right"):
        docked.main("dock", "move_to", side)
        eventually(lambda: page_fits(docked), f"the size in the dock {side}")
    assert docked.ask("window.marker") == "kept"
    assert docked.ask("calls('api.echo', 10, true)")


def test_a_page_in_a_hidden_dock_knows_that_it_is_hidden(docked):
    docked.ask("window.marker = 'kept'; 0")
    docked.main("dock", "hide")
    eventually(lambda: docked.ask("document.visibilityState") == "hidden", "the end of being visible")
    docked.main("dock", "show")
    eventually(lambda: docked.ask("document.visibilityState") == "visible", "being visible")
    eventually(lambda: page_fits(docked), "the size")
    assert docked.ask("window.marker") == "kept"


def test_a_dock_that_was_deleted_leaves_the_page_for_the_next_one(docked):
    docked.ask("window.marker = 'kept'; 0")
    docked.main("dock", "delete")
    assert docked.ask("calls('api.echo', 10, true)")
    docked.main("open_tool")
    assert docked.main("place")[0] == "docked"
    eventually(lambda: page_fits(docked), "the size in the new dock")
    assert docked.ask("window.marker") == "kept"
