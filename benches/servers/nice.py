"""NiceGUI. It has no call with an answer: the nearest is an event of the page, answered with a script that the page
runs, which is how its own elements talk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from nicegui import ui

from benches.servers.uvicorns import run


def serve(announce: Callable[[int], None]) -> None:
    @ui.page("/")
    def page() -> None:
        def pair(event: Any) -> None:
            ui.run_javascript(f"benchDone({event.args['id']}, {event.args['first']})")

        ui.on("bench", pair)

    app = FastAPI()
    ui.run_with(app)
    run(app, announce)
