"""How is a panel mounted in a FastAPI application? (It needs `pip install fastapi uvicorn`.)"""

import asyncio
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from auroraview import AsgiApp, Bridge, asgi

PAGE = Path(__file__).resolve().parent / "page"
ADDRESS = "http://127.0.0.1:8000"


def make_app() -> tuple[FastAPI, AsgiApp]:
    """The application, and the panel in it."""
    app = FastAPI()
    bridge = Bridge()
    alarms: list[str] = []

    @bridge.bind_call("acknowledge")
    async def acknowledge(text: str) -> int:
        await asyncio.sleep(0)  # coroutines of handlers run on the loop of the server, as those of routes do
        alarms.remove(text)
        bridge.emit("alarms", alarms, retain=True)
        return len(alarms)

    @app.post("/alarms")
    async def raise_alarm(text: str) -> dict[str, int]:
        alarms.append(text)
        bridge.emit("alarms", alarms, retain=True)
        return {"alarms": len(alarms)}

    panel = asgi(bridge, path=PAGE)
    app.mount("/panel", panel)

    @app.get("/")
    def index() -> RedirectResponse:
        # Without the secret: a browser keeps the one of the link that it was opened with.
        return RedirectResponse("/panel/")

    return app, panel


if __name__ == "__main__":
    import uvicorn

    application, mounted = make_app()
    print("Open this link:", mounted.open_url(f"{ADDRESS}/panel"))
    print(f"Raise an alarm: curl -X POST '{ADDRESS}/alarms?text=Fire'")
    uvicorn.run(application, host="127.0.0.1", port=8000)
