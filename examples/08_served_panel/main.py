"""How is a panel served to browsers, without a window and without a build step?"""

from pathlib import Path

from auroraview import Bridge, Peer, serve

PAGE = Path(__file__).resolve().parent / "page"


def make_bridge() -> Bridge:
    """The handlers and what they share: a list that every page shows and changes."""
    bridge = Bridge()
    items = ["Light the harbour", "Check the rig"]
    bridge.emit("items", items, retain=True)

    @bridge.bind_call("add")
    def add(text: str) -> None:
        items.append(text)
        bridge.emit("items", items, retain=True)  # to every browser there is, and to those that come later

    @bridge.bind_call("remove")
    def remove(text: str) -> None:
        items.remove(text)
        bridge.emit("items", items, retain=True)

    @bridge.on_connect
    def came(peer: Peer) -> None:
        bridge.emit("present", len(bridge.peers), retain=True)

    @bridge.on_disconnect
    def went(peer: Peer, reason: str) -> None:
        bridge.emit("present", len(bridge.peers), retain=True)

    return bridge


if __name__ == "__main__":
    with serve(make_bridge(), path=PAGE) as server:
        print("Open this link in any number of browsers:", server.open_url)
        server.open()
        server.wait()
