"""The end of a program with a server: it comes, at once and quietly, whoever is connected, whatever was forgotten."""

import functools

import pytest

from tests.helpers import run_program

PRELUDE = """
import contextlib, gc, json, sys, threading, time, weakref
from websockets.sync.client import connect
from auroraview import Bridge, serve
entered, released = threading.Event(), threading.Event()

class Client:
    def __init__(self, server, document='d1', token=None):
        token = server.open_url.partition('#token=')[2] if token is None else token
        self.socket = connect(server.url.replace('http', 'ws') + 'auroraview.ws', max_size=None).__enter__()
        hello = {'type': 'hello', 'protocol': 1, 'document': document, 'url': server.url, 'token': token}
        self.socket.send(json.dumps(hello))
        self.document, self.number = document, 0
    def send(self, *messages):
        self.number += 1
        self.socket.send(json.dumps({'seq': self.number, 'v': 1, 'doc': self.document, 'msgs': list(messages)}))
    def call(self, method):
        self.send({'type': 'ready'}, {'type': 'call', 'id': 1, 'method': method})
    def result(self):
        while True:
            for message in json.loads(self.socket.recv(20)).get('msgs', ()):
                if message['event'] == '__auroraview_call_result':
                    return message['detail']

def sleep():
    entered.set()
    time.sleep(60)

bridge = Bridge()
bridge.bind_call('one', lambda: 1)
bridge.bind_call('sleep', sleep)
"""

PROGRAMS = {
    "a server is open": "server = serve(bridge)",
    "a server was closed": "server = serve(bridge); server.close(); server.close()",
    "a server was opened and forgotten": "serve(bridge); gc.collect()",
    "a page is connected": "client = Client(serve(bridge)); client.call('one'); assert client.result()['result'] == 1",
    "a page waits for an answer": "client = Client(serve(bridge)); client.call('sleep'); entered.wait(20)",
    "a page said nothing yet": """
        server = serve(bridge)
        client = connect(server.url.replace('http', 'ws') + 'auroraview.ws').__enter__()
        """,
    "pages come and go all the time": """
        server = serve(bridge)
        def come_and_go():
            with contextlib.suppress(BaseException):  # The server closes under it.
                while True:
                    client = Client(server)
                    client.call('one')
                    client.result()
                    client.socket.close()
                    entered.set()
        threading.Thread(target=come_and_go, daemon=True).start()
        entered.wait(20)
        """,
    "a daemon thread emits without end": """
        client = Client(serve(bridge)); client.call('one'); client.result()
        def emit():
            while True:
                bridge.emit('e', 'x' * 1000)
                bridge.emit('e', b'x' * 10_000, keep='latest')
                entered.set()
        threading.Thread(target=emit, daemon=True).start()
        entered.wait(20)
        """,
    "a login does not come to an end": """
        def authenticate(request):
            entered.set()
            released.wait(60)
        server = serve(bridge, authenticate=authenticate)
        def knock():
            with contextlib.suppress(Exception): Client(server, token='')
        threading.Thread(target=knock, daemon=True).start()
        entered.wait(20)
        """,
    "a handler closes the server": """
        server = serve(bridge)
        bridge.bind_call('stop', server.close)
        client = Client(server); client.call('stop')
        assert server.wait(20)
        """,
    "a handler of a session's end emits and closes": """
        server = serve(bridge)
        gone = threading.Event()
        @bridge.on_disconnect
        def _(peer, reason):
            peer.close('again'); bridge.emit('e', 1, to=peer); server.close(); print(reason); gone.set()
        client = Client(server); client.call('one'); client.result()
        server.close()
        assert gone.wait(20)
        """,
    "the bridge is known to the server alone": """
        server = serve(bridge)
        del bridge
        gc.collect()
        client = Client(server); client.call('one'); assert client.result()['result'] == 1
        """,
    "bridge and server are garbage": """
        def make():
            bridge = Bridge()
            bridge.bind_call('one', lambda: 1 if bridge else 0)
            bridge.on_disconnect(lambda peer, reason: server.close())
            with serve(bridge) as server:
                client = Client(server); client.call('one'); client.result()
            return weakref.ref(bridge), weakref.ref(server)
        references = make()
        deadline = time.monotonic() + 20
        while any(reference() for reference in references) and time.monotonic() < deadline:
            gc.collect()
        assert not any(reference() for reference in references)
        """,
}


run = functools.partial(run_program, PRELUDE)


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_ends_quietly_although(program):
    done = run(program)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_session_that_ends_at_once_is_told_in_order_and_leaves_nothing():
    done = run(
        """
        from auroraview import Peer
        server, told = serve(bridge), []
        bridge.on_connect(lambda peer: told.append('came'))
        bridge.on_disconnect(lambda peer, reason: told.append(reason))
        for n in range(100):
            client = Client(server, f'd{n}')
            client.socket.send('{"type":"hello"}')  # The second one breaks the protocol, and ends the session.
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and (
            len(told) < 200 or any(type(one) is Peer for one in gc.get_objects())
        ):
            gc.collect()
        print(told.count('came'), told.count('protocol'), sum(type(one) is Peer for one in gc.get_objects()))
        """
    )
    assert (done.stdout, done.stderr.count("Traceback")) == ("100 100 0\n", 0)


def test_who_was_connected_is_told_of_the_end():
    done = run(
        """
        server = serve(bridge)
        client = Client(server); client.call('one'); client.result()
        server.close()
        from websockets import ConnectionClosed
        try:
            while True: client.socket.recv(20)
        except ConnectionClosed as closed:
            print(closed.rcvd.code)
        """
    )
    assert (done.stdout, done.stderr) == ("1001\n", "")
