"""What `make bench` makes of figures: goals, absent peers, tables. Measuring itself is not tested."""

from __future__ import annotations

import pytest

from benches import readme
from benches.lane import measure as lane
from benches.peers.measure import OURS, PYWEBVIEW, QT, Comparison, Contender, left_out
from benches.rows import Part, Row, read, write
from tests.helpers import run_program


def contender(name: str, **figures: float) -> Contender:
    return Contender(name, f"{name} 1.0", "python", "", {measure: [value] for measure, value in figures.items()})


@pytest.mark.parametrize(("theirs", "holds"), [(600.0, True), (599.0, False)])
def test_a_goal_is_checked_by_the_ratio_of_medians(theirs, holds):
    comparison = Comparison([contender("ours", calls=10.0), contender(PYWEBVIEW, calls=theirs)], [QT])
    row = comparison.row("calls", "µs", "calls", {PYWEBVIEW: 60})
    assert row.holds is holds
    assert row.goal == "pywebview >= 60 x ours"


def test_a_median_is_of_all_turns():
    ours = Contender("ours", "ours", "python", "", {"calls": [9.0, 1.0, 2.0]})
    assert Comparison([ours], [PYWEBVIEW, QT]).row("calls", "µs", "calls").ours == 2.0


def test_an_absent_peer_is_absent_in_the_row_and_misses_no_goal():
    comparison = Comparison([contender("ours", calls=10.0), contender(QT, calls=30.0)], [PYWEBVIEW])
    row = comparison.row("calls", "µs", "calls", {PYWEBVIEW: 60, QT: 2})
    assert row.holds
    assert row.peers == {"pywebview": None, "QtWebChannel 1.0": 30.0}
    assert row.goal == "pywebview absent, QtWebChannel >= 2 x ours"
    assert "pywebview absent" in str(row)


CALLS = {
    OURS: 50.0,
    lane.ORDINARY: 200.0,
    lane.FLOOR: 150.0,
    PYWEBVIEW: 500.0,
    QT: 130.0,
}


def lane_rows(*, qt: bool = True, **figures: dict[str, float]) -> dict[str, Row]:
    found = lane.Found()
    for measure, values in {"sequential median": CALLS, **figures}.items():
        for name, value in values.items():
            if qt or name != QT:
                found.add(measure, name, value)
    return {row.name: row for row in lane.Comparison(found, []).rows()}


ONE_AFTER_ANOTHER = "call, one after another, two named parameters: median"


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [(OURS, 52.0, True), (OURS, 53.0, False), (lane.FLOOR, 140.0, False), (QT, 124.0, False)],
)
def test_calls_on_the_fast_lane_have_all_goals_at_once(name, value, holds):
    rows = lane_rows(**{"sequential median": {**CALLS, name: value}})
    assert rows[ONE_AFTER_ANOTHER].holds is holds


def test_the_fast_lane_misses_no_goal_beside_an_absent_peer():
    row = lane_rows(qt=False)[ONE_AFTER_ANOTHER]
    assert row.holds
    assert row.goal.endswith("QtWebChannel absent")
    assert row.peers[QT] is None


def test_what_was_not_measured_of_the_fast_lane_is_missed():
    row = lane_rows()["callSync"]
    assert row.ours is None
    assert not row.holds
    assert "not known" in str(row)


def test_a_measure_that_fails_is_a_note_once(capsys):
    measure = lane.Measure("")
    for _ in range(2):
        with measure.noted("frames"):
            raise RuntimeError("Traceback\nAttributeError: no buffer")
    assert measure.notes == ["Not measured: frames (AttributeError: no buffer)."]
    assert "no buffer" in capsys.readouterr().err


def test_work_that_keeps_a_thread_busy_is_done_again_and_again_until_it_is_stopped():
    # In a program of its own: here the loop may be that of windows, which never lets go of it.
    program = """
        context = ctypes.CDLL("libglib-2.0.so.0")
        context.g_main_context_iteration.argtypes = [ctypes.c_void_p, ctypes.c_int]
        work = busy.Work(1)
        work.start()
        turns = 0
        while turns < 3:  # Each waits until the loop has something to do.
            turns += context.g_main_context_iteration(None, 1)
        work.stop()
        print("more" if context.g_main_context_iteration(None, 0) else "stopped")
    """
    ended = run_program("import ctypes\nfrom benches.peers import busy\n", program)
    assert (ended.stdout, ended.stderr) == ("stopped\n", "")


def part(*rows: Row, **options) -> Part:
    return Part("About.", {"cores": 2, "cpu": "some", "python": "3.11"}, list(rows), **options)


def test_peers_have_columns_with_theirs_divided_by_ours():
    row = Row("calls", "µs", 10.0, {"one": 600.0, "two": None}, "one >= 60 x ours")
    lines = readme.table(part(row, columns=True, notes=["Two is absent: no room."])).splitlines()
    assert lines[2] == "| figure | ours | one | two | goal |"
    assert lines[4] == "| calls | 10 µs | 600 µs (60) | absent | one >= 60 x ours |"
    assert lines[-1] == "Medians on 2 cores of some, Python 3.11. Two is absent: no room."


def test_a_missed_goal_is_said_in_the_table():
    assert "| <= 5, **missed** |" in readme.table(part(Row("calls", "µs", 10.0, {}, "<= 5", holds=False)))


def test_marks_name_the_parts_that_stand_between_them(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "a\n<!-- bench:begin one -->\nold\n<!-- bench:end -->\nb\n<!-- bench:begin none -->\nkept\n<!-- bench:end -->\n"
        "<!-- bench:begin -->\n<!-- bench:end -->\nc\n"
    )
    readme.write(page, {"one": part(Row("first", "s", 1.0)), "two": part(Row("second", "s", 2.0))})
    first, kept, both = page.read_text().split("<!-- bench:end -->")[:3]
    assert "old" not in first
    assert "first" in first
    assert "second" not in first
    assert "kept" in kept
    assert "first" in both
    assert "second" in both


def test_a_file_without_marks_is_said(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(SystemExit, match="bench:begin"):
        readme.write(page, {})


def test_what_was_written_is_read_again(tmp_path):
    parts = {"one": part(Row("calls", "µs", None, {"peer": None}, ratio=False), columns=True, notes=["A note."])}
    write(tmp_path / "bench.json", parts)
    assert read(tmp_path / "bench.json") == parts


def test_a_peer_that_fails_is_left_out_and_ours_may_not_fail(capsys):
    ours, peer = contender(OURS), contender(PYWEBVIEW)
    contenders, absent = [ours, peer], {}
    with left_out(peer, contenders, absent):
        raise RuntimeError("pywebview has gone; its last words:\nno display")
    assert contenders == [ours]
    assert absent == {PYWEBVIEW: "it failed, pywebview has gone"}
    assert "no display" in capsys.readouterr().err
    with pytest.raises(RuntimeError, match="gone"), left_out(ours, contenders, absent):
        raise RuntimeError("ours has gone")
