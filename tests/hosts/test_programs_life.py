"""What happens to a panel while its application goes on: it lives, whatever becomes of tool, page and file."""

from tests.helpers import eventually


def test_a_tool_that_is_run_again_keeps_its_page_and_gets_new_handlers(program):
    program.ask("window.marker = 'kept'; 0")
    before = program.ask("auroraview.call('api.generation')")
    assert program.main("reload_tool"), "it was another panel"
    program.worker("ready")
    assert program.ask("window.marker") == "kept"
    assert program.ask("auroraview.call('api.generation')") == before + 1
    assert program.ask("calls('echo_on_worker', 10, false)")


def test_a_hidden_panel_comes_back_with_its_page(program):
    program.ask("window.marker = 'kept'; 0")
    program.main("hide_panel")
    eventually(lambda: program.ask("document.visibilityState") == "hidden", "the end of being visible")
    assert program.ask("calls('api.echo', 10, true)")
    program.main("show_panel")
    eventually(lambda: program.ask("document.visibilityState") == "visible", "being visible")
    assert program.ask("window.marker") == "kept"


def test_a_page_whose_process_was_killed_comes_back_by_a_reload(program):
    crashes = program.main("times_crashed")
    program.kill_web_process()
    eventually(lambda: program.main("times_crashed") == crashes + 1, "the word of the crash")
    assert program.main("place")[2], "the panel was closed"
    program.main("reload_page")
    program.worker("ready")
    assert program.ask("calls('api.echo', 10, true)")
    assert program.main("boxes") == []


def test_a_new_file_in_the_application_leaves_the_panel_as_it_is(program):
    program.ask("window.marker = 'kept'; window.asked = callsAtOnce('api.echo', 500, true); 0")
    program.main("new_file")
    assert program.ask("window.asked")
    assert program.ask("window.marker") == "kept"
    assert program.ask("auroraview.call('api.get')") == program.main("value")


def test_a_plug_in_that_is_disabled_and_enabled_again_has_its_panel_again(program):
    program.main("detach")
    eventually(lambda: not program.main("place")[2], "the end of the panel")
    program.main("attach")
    program.open_tool()
    assert program.main("place")[2]
    assert program.ask("calls('api.echo', 10, true)")


def test_a_panel_can_be_closed_in_the_middle_of_calls(program):
    program.worker("begin", "storm()")
    served = program.main("served")
    eventually(lambda: program.main("served") > served + 100, "calls")
    program.main("close_panel")
    eventually(lambda: not program.main("place")[2], "the end of the panel")
    program.open_tool()
    assert program.ask("calls('api.echo', 10, true)")


def test_a_handler_can_close_the_panel_that_called_it(program):
    program.worker("begin", "auroraview.call('close_panel')")
    eventually(lambda: not program.main("place")[2], "the end of the panel")
    program.open_tool()
    assert program.ask("calls('api.echo', 10, true)")


def test_the_application_goes_on_while_a_worker_is_busy(program):
    program.worker("begin", "auroraview.call('sleep_on_worker', [1.0]).then(() => { window.slept = true; })")
    program.main("value")  # answered by the main thread
    assert program.ask("calls('api.echo', 10, true)")
    eventually(lambda: program.ask("window.slept === true"), "the end of the sleep")
