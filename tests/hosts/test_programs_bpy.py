"""Blender as a module, in the background: its page is served to a browser."""

import pytest

from tests.e2e.browsers import browser_context
from tests.hosts.running import BPY, Program


@pytest.fixture(scope="module")
def script():
    program = Program(BPY)
    yield program
    program.kill()


@pytest.fixture
def tab(script):
    with browser_context() as context:
        tab = context.tab(script.main("address"))
        tab.wait_for("() => window.auroraview && auroraview.isConnected !== false")
        yield tab


def test_there_is_no_event_loop_to_count_on(script):
    name, version, _, loop, interactive = script.main("started")
    assert (name, loop, interactive) == ("blender", "own", False)
    assert version[0].isdecimal()


@pytest.mark.parametrize(("method", "on_main"), [("api.echo", "true"), ("echo_on_worker", "false")])
def test_a_thousand_calls_are_answered_one_after_another(tab, method, on_main):
    assert tab.evaluate(f"() => calls('{method}', 1000, {on_main})")


def test_the_page_changes_the_scene_and_sees_what_changed_there(script, tab):
    assert tab.evaluate("() => auroraview.call('api.set', [7]).then(() => auroraview.call('api.get'))") == 7
    assert script.main("value") == 7
    script.main("new_file")
    assert tab.evaluate("() => auroraview.call('api.get')") == 0


def test_what_blender_forbids_is_an_error_of_the_call(tab):
    assert tab.evaluate("() => auroraview.call('api.forbidden').catch(failure)") == ["RuntimeError", "handler_error"]


def test_it_ends_well_while_the_page_calls_without_pause(script, tab):
    tab.start("() => storm().catch(() => 0)")
    assert tab.evaluate("() => calls('api.echo', 10, true)")
    script.end()
