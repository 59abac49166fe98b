"""What `make bench` makes of figures: goals, absent peers, tables. Measuring itself is not tested."""

from __future__ import annotations

import pytest

from benches import readme
from benches.peers.measure import OURS, PYWEBVIEW, QT, Comparison, Contender, left_out
from benches.rows import Part, Row, read, write


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
