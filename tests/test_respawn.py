"""How soon, and how often, what crashed is started again."""

from auroraview._respawn import MOST, WITHIN_SECONDS, Respawns


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_the_first_is_at_once_and_the_others_wait_longer_and_longer():
    respawns = Respawns(Clock())
    assert [respawns.next_delay() for _ in range(MOST)] == [0, 0.25, 0.5, 1, 2]


def test_one_crash_too_many_is_the_end():
    respawns = Respawns(Clock())
    for _ in range(MOST):
        respawns.next_delay()
    assert respawns.next_delay() is None


def test_what_was_a_minute_ago_does_not_count():
    clock = Clock()
    respawns = Respawns(clock)
    for _ in range(MOST):
        respawns.next_delay()
        clock.now += 1
    clock.now += WITHIN_SECONDS - MOST
    assert respawns.next_delay() == 2
    assert respawns.next_delay() is None
    clock.now += WITHIN_SECONDS
    assert respawns.next_delay() == 0


def test_a_crash_now_and_then_goes_on_for_ever():
    clock = Clock()
    respawns = Respawns(clock)
    for _ in range(100):
        assert respawns.next_delay() == 0
        clock.now += WITHIN_SECONDS
