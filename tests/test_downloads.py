"""Downloads as their program sees them, without a window."""

from auroraview._downloads import Downloads


def tracked():
    asked, told = [], []
    return Downloads(asked.append, told.append), asked, told


def start(path, total=None):
    return {"started": {"url": "https://example.com/a", "path": str(path), "total": total}}


def test_each_step_is_a_picture_of_its_moment(tmp_path):
    downloads, _, told = tracked()
    path = tmp_path / "a.txt"
    downloads.take(7, start(path, 9))
    downloads.take(7, {"progress": {"received": 4, "total": 9}})
    (tmp_path / "a (1).txt").write_text("123456789")
    downloads.take(7, {"finished": {"path": str(tmp_path / "a (1).txt")}})
    assert [(one.state, one.name, one.received, one.total) for one in told] == [
        ("started", "a.txt", 0, 9),
        ("running", "a.txt", 4, 9),
        ("finished", "a (1).txt", 9, 9),
    ]


def test_a_file_that_somebody_took_away_at_once_is_finished_all_the_same(tmp_path):
    downloads, _, told = tracked()
    downloads.take(7, start(tmp_path / "a.txt"))
    downloads.take(7, {"finished": {"path": str(tmp_path / "a.txt")}})
    assert (told[-1].state, told[-1].received) == ("finished", 0)


def test_what_failed_says_why(tmp_path):
    downloads, _, told = tracked()
    downloads.take(7, start(tmp_path / "a.txt"))
    downloads.take(7, {"failed": {"message": "no room"}})
    assert (told[-1].state, told[-1].error) == ("failed", "no room")


def test_a_download_that_ended_is_not_cancelled_not_even_under_its_old_number(tmp_path):
    downloads, asked, told = tracked()
    downloads.take(7, start(tmp_path / "a.txt"))
    told[0].cancel()
    assert asked == [7]
    downloads.take(7, "cancelled")
    downloads.take(7, start(tmp_path / "b.txt"))  # Of another window's process, which counts anew.
    told[0].cancel()
    assert asked == [7]
    told[-1].cancel()
    assert asked == [7, 7]


def test_those_of_a_window_that_is_lost_have_failed_and_leave_nothing(tmp_path):
    downloads, _, told = tracked()
    downloads.take(7, start(tmp_path / "a.txt"))
    for ending in (".part", ".part.wkdownload"):
        (tmp_path / f"a.txt{ending}").write_text("x")
    downloads.end()
    assert told[-1].state == "failed"
    assert "ended" in told[-1].error
    assert list(tmp_path.iterdir()) == []
    downloads.end()
    downloads.take(7, "cancelled")
    assert len(told) == 2
