"""The tree of errors."""

import pickle

import pytest

import auroraview
from auroraview import AuroraViewError, CallTimeout, RemoteError, errors


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_public_and_of_the_one_root(name):
    error = getattr(errors, name)
    assert issubclass(error, AuroraViewError)
    assert getattr(auroraview, name) is error


def test_every_error_stands_in_the_drawing():
    assert all(name in errors.__doc__ for name in errors.__all__)


def test_a_call_timeout_is_a_timeout_error():
    assert issubclass(CallTimeout, TimeoutError)


def test_a_remote_error_carries_what_the_other_end_said():
    error = RemoteError("TypeError", "no such thing", "handler_error", {"line": 3})
    assert (error.name, error.message, error.code, error.data) == (
        "TypeError",
        "no such thing",
        "handler_error",
        {"line": 3},
    )
    assert str(error) == "TypeError: no such thing"
    assert str(RemoteError("TypeError", "")) == "TypeError"


def test_a_remote_error_survives_pickling():
    error = pickle.loads(pickle.dumps(RemoteError("E", "m", "busy", [1])))
    assert (error.name, error.message, error.code, error.data) == ("E", "m", "busy", [1])
