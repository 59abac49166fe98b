"""A panel in each application: it is there, its calls are answered, and what it does to the application is done."""

import pytest

from tests.helpers import eventually
from tests.hosts.screen import take_picture


def test_the_application_is_known(program):
    name, version, toolkit, loop, interactive = program.main("started")
    assert (name, loop, interactive) == (program.kind.host, program.kind.loop, True)
    assert version[0].isdecimal()
    assert toolkit.startswith("Qt " if program.kind.docks else "GHOST")


def test_a_panel_opens_where_its_application_has_room_for_it(program):
    place, native_id, is_open = program.main("place")
    assert (place, is_open) == ("docked" if program.kind.docks else "window", True)
    assert native_id
    assert program.main("boxes") == []
    program.main("edit", 3.0)
    eventually(lambda: program.ask("value.textContent") == "3", "the value in the page")
    # Two frames later it is on the screen.
    program.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert take_picture(program.kind.name).stat().st_size > 10_000


@pytest.mark.parametrize(("method", "on_main"), [("api.echo", "true"), ("echo_on_worker", "false")])
def test_a_thousand_calls_are_answered_one_after_another(program, method, on_main):
    assert program.ask(f"calls('{method}', 1000, {on_main})")


def test_calls_at_the_same_time_have_answers_of_their_own(program):
    assert program.ask("callsAtOnce('api.echo', 200, true)")
    assert program.ask("callsAtOnce('echo_on_worker', 200, false)")


def test_the_page_changes_the_application_and_sees_what_changed_there(program):
    assert program.ask("auroraview.call('api.set', [7]).then(() => auroraview.call('api.get'))") == 7
    assert program.main("value") == 7
    program.main("edit", 5.0)
    eventually(lambda: program.ask("value.textContent") == "5", "the value in the page")
    assert program.ask("auroraview.call('api.get')") == 5


def test_what_a_handler_raises_is_what_the_call_ends_with(program):
    assert program.ask("auroraview.call('api.fail').catch(failure)") == ["ZeroDivisionError", "handler_error"]
    program.ask("auroraview.send_event('broken', null)")
    assert program.ask("calls('api.echo', 3, true)")


def test_what_an_application_forbids_its_timers_is_an_error_of_the_call(program):
    assert program.ask("auroraview.call('api.forbidden').catch(failure)") == ["RuntimeError", "handler_error"]


def test_a_handler_on_the_main_thread_may_ask_the_page_where_that_cannot_stop_it(program):
    answer = program.ask("auroraview.call('ask_page').catch(failure)")
    if program.kind.loop == "guest" and not program.isolated:
        assert answer[0] == "UsageError"
    else:
        assert answer == 2
