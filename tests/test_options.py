"""Limits, ServerOptions and WindowOptions."""

import dataclasses
import math

import pytest

from auroraview import Limits, ServerOptions, UsageError, WebView, WindowOptions


def test_the_defaults_are_those_of_the_protocol():
    assert dataclasses.astuple(Limits()) == (134_217_728, 100_000, 268_435_456, 200, 50_000)


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, 1.5, "1", None, True, 2**63])
def test_a_limit_is_a_positive_int(name, value):
    with pytest.raises(UsageError, match=rf"Limits\({name}="):
        Limits(**{name: value})


def test_the_depth_can_only_be_lowered():
    assert Limits(depth=1).depth == 1
    with pytest.raises(UsageError, match="only be lowered"):
        Limits(depth=201)


def test_the_defaults_of_a_server_are_those_of_its_documentation():
    assert dataclasses.asdict(ServerOptions()) == {
        "session_ttl": 60,
        "heartbeat_interval": 10,
        "heartbeat_timeout": 20,
        "handshake_timeout": 5,
        "replay_messages": 20_000,
        "replay_bytes": 32 * 2**20,
        "max_connections": 1_000,
        "max_connections_per_address": 50,
        "max_sessions": 2_000,
        "frames_per_second": 2_000,
        "bytes_per_second": 200 * 2**20,
        "compress": None,
    }


TIMES = ["session_ttl", "heartbeat_interval", "heartbeat_timeout", "handshake_timeout"]
RATES = ["frames_per_second", "bytes_per_second"]
COUNTS = ["replay_messages", "replay_bytes", "max_connections", "max_connections_per_address", "max_sessions"]


@pytest.mark.parametrize("name", TIMES + RATES)
@pytest.mark.parametrize(
    "value", [0, -1.0, math.inf, math.nan, 10**400, "1", None, True], ids=lambda value: str(value)[:9]
)
def test_times_and_rates_of_a_server_are_positive_numbers(name, value):
    with pytest.raises(UsageError, match=rf"ServerOptions\({name}="):
        ServerOptions(**{name: value})


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [0, -1, 1.5, "1", None, True, 2**63])
def test_counts_of_a_server_are_positive_ints(name, value):
    with pytest.raises(UsageError, match=rf"ServerOptions\({name}="):
        ServerOptions(**{name: value})


def test_a_heartbeat_must_be_able_to_arrive_in_time():
    assert ServerOptions(heartbeat_interval=1, heartbeat_timeout=1.5).heartbeat_timeout == 1.5
    with pytest.raises(UsageError, match="longer than heartbeat_interval=20"):
        ServerOptions(heartbeat_interval=20)


@pytest.mark.parametrize("value", [0, 1, "yes"])
def test_compress_is_true_false_or_none(value):
    with pytest.raises(UsageError, match="compress"):
        ServerOptions(compress=value)
    assert [ServerOptions(compress=one).compress for one in (True, False, None)] == [True, False, None]


@pytest.mark.parametrize("options", [Limits(), ServerOptions(), WindowOptions()])
def test_options_are_frozen(options):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(options, dataclasses.fields(options)[0].name, 1)


@pytest.mark.parametrize("options", [Limits, ServerOptions, WindowOptions])
def test_every_field_is_documented(options):
    for field in dataclasses.fields(options):
        assert f"        {field.name}: " in options.__doc__


def test_an_icon_is_that_of_the_directory_where_the_view_was_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    view = WebView(window=WindowOptions(icon="icon.png"))
    monkeypatch.chdir("/")
    assert view.window.opening()["icon"] == str(tmp_path / "icon.png")
