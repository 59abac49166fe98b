"""Two connections of one session at the same time: the former, whose last frame is still being read, and the next."""

import json
import threading
import time

from auroraview import ServerOptions
from auroraview.server import make_sessions
from tests.helpers import SECONDS, eventually

TOKEN = "a-token-for-the-tests"
EVENTS = 5000
ROUNDS = 20


def connect(sessions):
    request = {
        "address": "127.0.0.1:1",
        "path": "/auroraview.ws",
        "query": "",
        "headers": [("host", "localhost:1")],
        "local": ("127.0.0.1", 1),
    }
    connection = sessions.connect(request, lambda: None)
    assert not isinstance(connection, tuple), connection
    return connection


def hello(connection, **more):
    said = {"type": "hello", "protocol": 1, "document": "d", "token": TOKEN, **more}
    connection.receive_text(json.dumps(said))
    while (outgoing := connection.next()) is not None:
        if outgoing[1].startswith('{"type":"session"'):
            return json.loads(outgoing[1])
    raise AssertionError("there was no answer")


def frame(seq, numbers):
    events = [{"type": "event", "event": "e", "detail": number} for number in numbers]
    return f'{{"seq":{seq},"v":1,"doc":"d","msgs":{json.dumps(events)}}}'


def test_what_the_next_connection_brings_comes_after_all_of_the_former(bridge):
    seen = []
    bridge.on("e", seen.append)
    sessions = make_sessions(
        bridge,
        token=TOKEN,
        allow_origins=(),
        allow_hosts=(),
        authenticated=False,
        options=ServerOptions(bytes_per_second=1e12),
    )
    former = connect(sessions)
    place = hello(former)
    for number in range(ROUNDS):
        begin, seq = number * (EVENTS + 1), number * 2
        long = frame(seq + 1, range(begin, begin + EVENTS))
        reader = threading.Thread(target=former.receive_text, args=(long,))
        reader.start()
        time.sleep(number % 5 / 1000)  # Another moment of its reading each time.
        following = connect(sessions)
        place = hello(following, session=place["id"], resume=place["resume"], received=0)
        assert place["resumed"]
        if place["received"] == seq:
            following.receive_text(long)
        following.receive_text(frame(seq + 2, [begin + EVENTS]))
        reader.join(SECONDS)
        eventually(lambda: len(seen) == begin + EVENTS + 1, "the last event")  # noqa: B023 - called at once
        former = following
    assert seen == list(range(ROUNDS * (EVENTS + 1)))
    sessions.close()
