"""The page as a PDF file."""

import os
import re
import zlib

import pytest

from auroraview import HostError, UsageError, ViewClosed, WebView
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for

PAGE = """<!doctype html><meta charset=utf-8><style>
  .screen { display: none } @media print { body { background: rgb(255, 0, 0) } p + p { break-before: page } }
</style><p>one<p>two<p>three"""


def sizes(path):
    """Width and height of each page in millimetres, rounded."""
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    boxes = re.findall(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", data)
    return [tuple(round(float(side) * 25.4 / 72) for side in box) for box in boxes]


def drawn(path):
    """What the pages draw."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL)
    found = b""
    for stream in streams:
        try:
            found += zlib.decompress(stream)
        except zlib.error:
            continue
    return found


def test_pages_are_written_as_they_print(tmp_path, isolation):
    path = tmp_path / "größe 1.pdf"
    with opened(html=PAGE, isolation=isolation) as view:
        assert view.print_pdf(path).result(PATIENCE) == path
    assert sizes(path) == [(210, 297)] * 3
    assert b"1 0 0 rg" in drawn(path)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"paper": "letter", "landscape": True}, (279, 216)),
        ({"paper": (100, 150), "margin_mm": 0}, (100, 150)),
        ({"paper": "A5", "margin_mm": 30.5}, (148, 210)),
    ],
)
def test_paper_and_margins_are_as_asked(tmp_path, options, size):
    with opened(html=PAGE) as view:
        view.print_pdf(tmp_path / "x.pdf", **options).result(PATIENCE)
    assert sizes(tmp_path / "x.pdf")[0] == size


def test_backgrounds_can_be_left_out_file_by_file(tmp_path):
    paths = [tmp_path / f"{number}.pdf" for number in range(3)]
    with opened(html=PAGE) as view:
        futures = [view.print_pdf(path, background=path is paths[1]) for path in paths]
        assert [future.result(PATIENCE) for future in futures] == paths
    assert [b"1 0 0 rg" in drawn(path) for path in paths] == [False, True, False]


def test_a_file_that_is_there_is_replaced_when_the_new_one_is_complete(tmp_path):
    path = tmp_path / "x.pdf"
    path.write_text("old")
    view = WebView(html=PAGE)
    with opened(view, ready=False):  # It waits for the page.
        view.print_pdf(path).result(PATIENCE)
    assert sizes(path) == [(210, 297)] * 3


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with opened(html=PAGE) as view, pytest.raises(HostError, match="cannot be written"):
        view.print_pdf(tmp_path / "x.pdf").result(PATIENCE)


LONG = f"<!doctype html>{'<p>words and words</p>' * 60_000}"


def test_a_page_that_is_left_while_it_is_printed_keeps_the_next_ones_waiting(tmp_path):
    """The engine goes on with it, and two at once would end the page's process."""
    view = WebView(html=LONG)
    crashed = Record()
    view.window.on("crashed", crashed)
    with opened(view):
        first = view.print_pdf(tmp_path / "first.pdf")
        # It has begun when its file is there.
        wait_for(lambda: os.listdir(tmp_path), "the begin")
        view.load_html(PAGE)
        with pytest.raises(HostError, match="document is gone"):
            first.result(PATIENCE)
        view.print_pdf(tmp_path / "second.pdf").result(PATIENCE)
        assert sizes(tmp_path / "second.pdf") == [(210, 297)] * 3
        assert ask(view, "1 + 1") == 2
        assert crashed.seen == []
        assert os.listdir(tmp_path) == ["second.pdf"]


def test_a_window_that_closes_while_it_prints_leaves_nothing(tmp_path):
    view = WebView(html=LONG)
    with opened(view):
        future = view.print_pdf(tmp_path / "x.pdf")
        wait_for(lambda: os.listdir(tmp_path), "the begin")
    with pytest.raises((HostError, ViewClosed), match="window was closed"):
        future.result(PATIENCE)
    assert os.listdir(tmp_path) == []


def test_what_makes_no_sense_is_refused_at_once(tmp_path):
    view = WebView(html=PAGE)
    with pytest.raises(FileNotFoundError, match="no directory"):
        view.print_pdf(tmp_path / "missing" / "x.pdf")
    with pytest.raises(IsADirectoryError):
        view.print_pdf(tmp_path)
    with pytest.raises(UsageError, match="is no file"):
        view.print_pdf(os.devnull)
    for options in (
        {"paper": "A99"},
        {"paper": (1, 2)},
        {"paper": (100, float("nan"))},
        {"paper": 7},
        {"margin_mm": 105},
        {"margin_mm": -1},
        {"margin_mm": "1"},
    ):
        with pytest.raises(UsageError, match="paper"):
            view.print_pdf(tmp_path / "x.pdf", **options)
    assert not os.listdir(tmp_path)


def test_a_window_that_closes_ends_it(tmp_path):
    view = WebView(html=PAGE)
    with opened(view):
        pass
    with pytest.raises(ViewClosed):
        view.print_pdf(tmp_path / "x.pdf").result(PATIENCE)
