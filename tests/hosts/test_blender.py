"""The pace of Blender's timer, which cannot be woken."""

import sys
from types import SimpleNamespace

import pytest

from auroraview.hosts import blender
from tests.hosts.standins import Blender


@pytest.fixture
def standin(monkeypatch):
    made = Blender()
    for name, module in made.modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return made


@pytest.fixture
def turn():
    """What the adapter is given; it says how much it served, and remembers how it was called."""

    def drain(linger, longest):
        drain.waits.append((linger, longest))
        return drain.served

    drain.waits, drain.served = [], 0
    return drain


def tick(standin):
    """The timer's next call; the seconds it wants to pause."""
    (timer,) = standin.timers
    return timer()


def test_while_something_happens_it_looks_whenever_blender_does(standin, turn):
    blender.Blender().start(turn)
    turn.served = 1
    assert tick(standin) == 0.0
    turn.served = 0
    assert tick(standin) == 0.0


def test_when_nothing_happened_for_a_while_it_pauses_and_goes_on_at_the_next_call(standin, turn, monkeypatch):
    blender.Blender().start(turn)
    monkeypatch.setattr(blender, "_QUIET_SECONDS", 0.0)
    assert tick(standin) == blender._PAUSE_SECONDS
    monkeypatch.setattr(blender, "_QUIET_SECONDS", 1000.0)
    turn.served = 1
    assert tick(standin) == 0.0


@pytest.fixture
def patient(monkeypatch):
    """However slow this machine is, Blender counts as idle."""
    monkeypatch.setattr(blender, "_BUSY_SECONDS", 1000.0)


def test_it_does_not_wait_for_the_next_call_when_blender_had_something_to_do(standin, turn, patient, monkeypatch):
    blender.Blender().start(turn)
    tick(standin)
    monkeypatch.setattr(blender, "_BUSY_SECONDS", -1000.0)
    tick(standin)
    assert [linger for linger, _ in turn.waits] == [0.005, 0.0]


def test_it_waits_a_little_for_the_next_call_but_not_while_an_animation_plays(standin, turn, patient):
    blender.Blender().start(turn)
    tick(standin)
    standin.screen.is_animation_playing = True
    tick(standin)
    assert turn.waits == [(0.005, 0.030), (0.0, 0.030)]


def test_a_restricted_context_is_no_obstacle(standin, turn):
    standin.modules["bpy"].context = SimpleNamespace()
    blender.Blender().start(turn)
    assert tick(standin) == 0.0


def test_it_lasts_over_the_loading_of_a_file_and_ends_when_told(standin, turn):
    stop = blender.Blender().start(turn)
    standin.drop()
    assert len(standin.timers) == 1
    stop()
    stop()
    assert standin.timers == {}
