"""``auroraview.callSync``: answers and errors. What happens meanwhile is in ``test_lane_sync_meanwhile.py``."""

from __future__ import annotations

import threading

import numpy
import pytest

from auroraview import Bridge, Limits, RemoteError, UsageError
from tests.e2e.helpers import PATIENCE, Record, ask
from tests.e2e.pages import ENDS, RECORDING_PAGE, run

SYNC = "return auroraview.callSync(...args)"

#: The code of what `callSync` throws; `none` when it answers.
CODE = "try { auroraview.callSync(...args); return 'none' } catch (error) { return error.code }"


def twice(number):
    return 2 * number


@pytest.fixture
def view(webview):
    shown = webview(html=RECORDING_PAGE)
    shown.bind_call("twice", twice, sync=True)
    return shown


# Answers


def test_the_answer_is_there_when_the_call_returns(webview, isolation):
    view = webview(isolation=isolation)
    view.bind_call("twice", twice, sync=True)
    assert ask(view, "auroraview.callSync('twice', [21])") == 42


@pytest.mark.parametrize("params", [[21], {"number": 21}, 21], ids=["list", "object", "one"])
def test_parameters_are_those_of_any_call(view, params):
    assert run(view, SYNC, "twice", params) == 42


def test_no_parameters_and_no_result(view):
    view.bind_call("nothing", lambda: None, sync=True)
    assert ask(view, "[auroraview.callSync('nothing') === null, auroraview.callSync('nothing', []) === null]") == [
        True,
        True,
    ]


@pytest.mark.parametrize("place", ["worker", "pool", "main"])
def test_the_handler_runs_where_it_is_bound_to(view, place):
    view.bind_call("where", lambda: threading.current_thread() is threading.main_thread(), thread=place, sync=True)
    # The main thread serves while it waits for the script.
    assert run(view, SYNC, "where") is (place == "main")


def test_thousands_in_a_row_each_get_their_own_answer(view):
    script = """
      let sum = 0;
      for (let n = 0; n < 3000; n++) {
        const found = auroraview.callSync('twice', [n]);
        if (found !== 2 * n) return [n, found];
        sum += found;
      }
      return sum;
    """
    assert run(view, script) == 3000 * 2999


def test_buffers_and_arrays_go_both_ways(view):
    @view.bind_call("negative", sync=True)
    def negative(values):
        assert (values.dtype, values.shape) == ("float32", (3,))
        return {"values": -numpy.asarray(values), "bytes": b"\x01\x02", "grid": numpy.ones((2, 3), "int16")}

    script = """
      const found = auroraview.callSync('negative', [Float32Array.from([1, 2, 3])]);
      const {values, bytes, grid} = found;
      return [values.constructor.name, [...values], [...bytes], grid.constructor.name, [...grid.shape], [...grid]];
    """
    assert run(view, script) == ["Float32Array", [-1, -2, -3], [1, 2], "Int16Array", [2, 3], [1] * 6]


@pytest.mark.parametrize("size", [0, 1, 100_000, 30_000_000])
def test_data_of_any_size_goes_both_ways(view, size):
    view.bind_call("echo", lambda data: data, sync=True)
    script = """
      const data = new Uint8Array(args[0]);
      for (let n = 0; n < data.length; n += 1000) data[n] = n / 1000;
      const back = auroraview.callSync('echo', [data], {timeout: 20_000});
      if (back.length !== data.length) return back.length;
      for (let n = 0; n < data.length; n++) if (back[n] !== data[n]) return [n, back[n], data[n]];
      return 'same';
    """
    assert run(view, script, size) == "same"


# Errors


def test_what_a_handler_raises_is_thrown(view):
    @view.bind_call("fails", sync=True)
    def fails():
        raise LookupError("not here")

    with pytest.raises(RemoteError) as raised:
        run(view, SYNC, "fails")
    error = raised.value
    assert (error.name, error.message, error.code) == ("LookupError", "not here", "handler_error")


def test_errors_have_the_codes_of_any_call(webview):
    view = webview(bridge=Bridge(limits=Limits(message_bytes=20_000, depth=10)))
    view.bind_call("twice", twice, sync=True)
    view.bind_call("long", lambda: "x" * 30_000, sync=True)
    assert run(view, CODE, "no.such") == "method_not_found"
    assert run(view, CODE, "twice", []) == "invalid_params"
    assert run(view, CODE, "twice", ["x" * 30_000]) == "too_large"
    assert run(view, CODE, "twice", [[[[[[[[[[[[1]]]]]]]]]]]]) == "too_large"
    assert run(view, CODE, "long") == "too_large"
    assert run(view, CODE, "twice", [4]) == "none"
    assert run(view, "try { auroraview.callSync() } catch (error) { return error.name }") == "TypeError"


def test_a_handler_that_is_not_bound_for_it_is_forbidden_with_the_remedy(view):
    ran = Record()
    view.bind_call("plain", ran)
    with pytest.raises(RemoteError, match="sync=True") as raised:
        run(view, SYNC, "plain")
    assert raised.value.code == "forbidden"
    assert ran.seen == []
    assert run(view, "await auroraview.call('plain'); return auroraview.callSync('twice', [1])") == 2


def test_a_coroutine_cannot_be_bound_for_it(view):
    async def later():
        return 1

    with pytest.raises(UsageError, match="sync"):
        view.bind_call("later", later, sync=True)


def test_what_is_bound_for_it_may_be_called_as_ever(view):
    @view.bind_call("looks", sync=True)
    def looks():
        return view.eval_js("document.title").result(PATIENCE)

    assert run(view, "return await auroraview.call('looks')") == "Recorder"


# Where there is no fast lane


@pytest.mark.parametrize("kind", ["window, ordinary lane", "isolated, ordinary lane", "browser"])
def test_elsewhere_it_is_a_clear_error(kind):
    with ENDS[kind](Bridge()) as end:
        ran = Record()
        end.bridge.bind_call("asked", ran, sync=True)
        script = "try { auroraview.callSync('asked') } catch (error) { return [error.code, error.message] }"
        code, message = run(end.target, script)
        assert code == "forbidden"
        assert "fast lane" in message
        assert "use call" in message
        assert ran.seen == []
        run(end.target, "await auroraview.call('asked')")
