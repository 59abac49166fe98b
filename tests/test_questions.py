"""Questions to a window, without one: what is asked, what comes of the answers, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auroraview import HostError, UsageError, ViewClosed, WebView
from auroraview._dialogs import Dialogs
from auroraview._questions import Questions
from auroraview.futures import Future
from tests.helpers import SECONDS


class Host:
    """What the native code has of a view: remembers what it is asked."""

    def __init__(self) -> None:
        self.is_open = True
        self.asked: dict[int, Any] = {}
        self.withdrawn: list[int] = []

    def new_request(self) -> int:
        return len(self.asked) + 1

    def ask(self, request: int, question: str) -> bool:
        self.asked[request] = json.loads(question)
        return self.is_open

    def withdraw(self, request: int) -> None:
        self.withdrawn.append(request)


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def questions(host) -> Questions:
    return Questions(host)


@pytest.fixture
def dialogs(questions) -> Dialogs:
    one = Dialogs()
    one._questions = questions
    return one


@pytest.mark.parametrize(
    ("answer", "value"),
    [('{"paths": ["/a", "/b"]}', ["/a", "/b"]), ('{"count": 3}', 3), ('{"text": null}', None), ('"done"', None)],
)
def test_an_answer_is_the_value_of_the_future(questions, answer, value):
    future = questions.ask("something", "read_clipboard")
    questions.answered(1, answer, None)
    assert future.result(SECONDS) == value


def test_each_answer_belongs_to_one_question(questions):
    first, second = (questions.ask("a number", {"find": {}}) for _ in range(2))
    questions.answered(2, '{"count": 2}', None)
    questions.answered(2, '{"count": 7}', None)
    questions.answered(9, '{"count": 9}', None)
    assert (second.result(SECONDS), first.done()) == (2, False)


def test_what_went_wrong_is_told(questions):
    failed, gone, unread = (questions.ask("an answer", "read_clipboard", int) for _ in range(3))
    questions.answered(1, None, "the disk is full")
    questions.answered(2, None, None)
    questions.answered(3, '{"text": "x"}', None)
    with pytest.raises(HostError, match="the disk is full"):
        failed.result(SECONDS)
    with pytest.raises(ViewClosed, match="the window was closed"):
        gone.result(SECONDS)
    with pytest.raises(ValueError, match="invalid literal"):
        unread.result(SECONDS)


def test_without_a_window_nothing_is_waited_for(questions, host):
    host.is_open = False
    with pytest.raises(ViewClosed, match="there is no window"):
        questions.ask("something", "read_clipboard").result(SECONDS)
    assert questions._asked == {}


def test_the_end_of_the_window_ends_what_waits(questions):
    futures = [questions.ask("something", "read_clipboard") for _ in range(3)]
    questions.answered(1, '{"text": "in time"}', None)
    questions.end("it crashed")
    assert futures[0].result(SECONDS) == "in time"
    for future in futures[1:]:
        with pytest.raises(ViewClosed, match="it crashed"):
            future.result(SECONDS)


def test_a_future_that_is_given_up_withdraws_its_question_once(questions, host):
    given_up, answered = (questions.ask("something", "read_clipboard") for _ in range(2))
    assert given_up.cancel()
    given_up.cancel()
    questions.answered(2, '"done"', None)
    assert not answered.cancel()
    questions.answered(1, '"done"', None)
    assert host.withdrawn == [1]


def test_half_a_surrogate_pair_is_no_text(dialogs, host):
    with pytest.raises(UsageError, match="surrogate"):
        dialogs.message("\ud800")
    assert host.asked == {}


def test_a_file_dialog_asks_for_what_it_is_told(dialogs, host, questions, tmp_path):
    future = dialogs.open_file(title="T", directory=tmp_path, filters={"Images": ("*.png", "*.jpg")}, multiple=True)
    assert host.asked[1] == {
        "open_file": {
            "title": "T",
            "directory": str(tmp_path),
            "name": None,
            "filters": [{"name": "Images", "patterns": ["*.png", "*.jpg"]}],
            "multiple": True,
        }
    }
    questions.answered(1, '{"paths": ["/a b"]}', None)
    assert future.result(SECONDS) == [Path("/a b")]
    saved = dialogs.save_file(name="a.txt", filters=[("Text", ["*.txt"])])
    assert host.asked[2]["save_file"]["filters"] == [{"name": "Text", "patterns": ["*.txt"]}]
    questions.answered(2, '{"paths": []}', None)
    assert saved.result(SECONDS) is None


def test_a_relative_directory_is_that_of_the_program(dialogs, host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dialogs.select_folder(directory=".")
    assert host.asked[1]["select_folder"]["directory"] == str(tmp_path)


@pytest.mark.parametrize(
    "filters",
    [
        "*.png",
        ["*.png"],
        {"Images": "*.png"},
        {"Images": []},
        {"Images": [""]},
        {"Images": [1]},
        {"": ["*.png"]},
        {"Images": ["folder/*.png"]},
        [("Images",)],
        [("Images", ["*"], 1)],
        5,
    ],
)
def test_filters_of_another_form_are_refused_with_the_right_one(dialogs, host, filters):
    with pytest.raises(UsageError, match=r'\{"Images": \["\*\.png", "\*\.jpg"\]\}'):
        dialogs.open_file(filters=filters)
    assert host.asked == {}


@pytest.mark.parametrize("name", ["a/b.txt", "/b.txt", 5])
def test_a_proposed_name_has_no_folder(dialogs, name):
    with pytest.raises(UsageError, match="without a folder"):
        dialogs.save_file(name=name)


def test_a_directory_that_is_missing_is_told(dialogs, tmp_path):
    (tmp_path / "file").touch()
    for missing in ("missing", "file"):
        with pytest.raises(FileNotFoundError, match="there is no directory"):
            dialogs.open_file(directory=tmp_path / missing)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"text": "x", "kind": "fatal"}, "'info', 'warning', 'error', 'question'"),
        ({"text": None}, "text is a str"),
        ({"text": b"x"}, "text is a str"),
        ({"text": "x", "accept": 1}, "accept is a str"),
        ({"text": "x", "detail": ["x"]}, "detail is a str"),
    ],
)
def test_a_message_of_another_form_is_refused(dialogs, words, told):
    with pytest.raises(UsageError, match=told):
        dialogs.message(**words)


def test_a_view_that_was_not_shown_has_no_dialogs():
    view = WebView(html="x")
    with pytest.raises(ViewClosed, match="there is no window"):
        view.window.confirm("?").result(SECONDS)


def test_what_cannot_be_asked_of_a_page_does_not_keep_what_waits_behind_it():
    evaluations = WebView(html="x")._evaluations
    answer = Future("an answer")
    answer.settle(3)

    def fail():
        raise UsageError("no such question")

    futures = [evaluations.when_ready("an answer", ask) for ask in (fail, lambda: answer)]
    evaluations.document_is_ready()
    with pytest.raises(UsageError, match="no such question"):
        futures[0].result(SECONDS)
    assert futures[1].result(SECONDS) == 3


@pytest.mark.parametrize("ask", [WebView.eval_js, WebView.find, WebView.print_pdf], ids=lambda ask: ask.__name__)
def test_a_page_is_not_asked_what_is_no_text(ask, tmp_path):
    view = WebView(html="x")
    with pytest.raises(UsageError, match=r"text|UTF-8"):
        ask(view, str(tmp_path / "\udcff"))
    assert view._evaluations._waiting == []


@pytest.mark.parametrize("title", ["\udcff", 5])
def test_a_title_that_no_window_can_have_is_refused_at_once(title):
    with pytest.raises(UsageError, match="a title"):
        WebView(title)
    view = WebView("Before")
    with pytest.raises(UsageError, match="a title"):
        view.window.title = title
    assert view.window.title == "Before"
