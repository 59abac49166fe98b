"""How does a page open and save files, and how does it ask before something is lost?

A small editor of notes. The dialogs are those of the system: they get a path from the person, and Python reads and
writes the file. Closing the window with changes that are not saved asks, too.
"""

from pathlib import Path

from auroraview import Future, WebView

FILTERS = {"Notes": ["*.txt", "*.md"], "All files": ["*"]}
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Notes</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0; display: grid; grid-template-rows: auto 1fr auto;
    height: 100vh; background: light-dark(#f4f6f9, #181b20); color: light-dark(#1b2430, #e8ecf1) }
  header, footer { padding: .6rem 1rem; display: flex; gap: .4rem; align-items: center }
  button { font: inherit; padding: .25rem .8rem }
  #name { margin-left: auto; font-weight: 600 }
  textarea { font: inherit; margin: 0 1rem; padding: .8rem; resize: none; border-radius: 8px; color: inherit;
    border: 1px solid light-dark(#c4ccd6, #3d4651); background: light-dark(#fff, #23282f) }
  footer { min-height: 1.5em; color: light-dark(#4d5866, #aab4bf) }
</style>
<header><button id="open">Open…</button><button id="save">Save as…</button><output id="name"></output></header>
<textarea id="text" aria-label="The note"></textarea>
<footer id="told" role="status"></footer>
<script>
  const show = (note) => {
    document.querySelector("#name").textContent = note.name + (note.changed ? " (changed)" : "");
    if (text.value !== note.text) text.value = note.text;
    told.textContent = note.told;
  };
  auroraview.on("note", show);
  text.oninput = () => auroraview.send_event("typed", text.value);
  // Without a time-out: a person may look at a dialog for as long as they like.
  document.querySelector("#open").onclick = () => auroraview.call("open", [], { timeout: 0 });
  save.onclick = () => auroraview.call("save", [], { timeout: 0 });
</script></html>"""


class Notes:
    """The note, and the window that shows it."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.file: Path | None = None
        self.text = ""
        self.changed = False
        self.view = WebView("Notes", html=PAGE, width=640, height=420)
        self.view.bind_call("open", self.open)
        self.view.bind_call("save", self.save)
        self.view.on("typed", self.typed)
        self.view.window.on("closing", self.closing)
        self.tell("Nothing is open.")

    def tell(self, told: str) -> None:
        name = "New note" if self.file is None else self.file.name
        note = {"name": name, "text": self.text, "changed": self.changed, "told": told}
        self.view.emit("note", note, retain=True)

    def typed(self, text: str) -> None:
        self.text, self.changed = text, True
        self.tell("")

    async def open(self) -> None:
        if self.changed and not await self.ask_to_lose():
            return
        file: Path | None = await self.view.window.open_file(
            title="Open a note", directory=self.folder, filters=FILTERS
        )
        if file is None:  # the dialog was dismissed
            return
        try:
            self.text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            await self.view.window.message(f"{file.name} cannot be read.", detail=str(error), kind="error")
            return
        self.file, self.changed = file, False
        self.tell(f"{len(self.text)} characters read.")

    async def save(self) -> None:
        file: Path | None = await self.view.window.save_file(
            title="Save the note", directory=self.folder, name="note.txt", filters=FILTERS
        )
        if file is None:
            return
        file.write_text(self.text, encoding="utf-8")
        self.file, self.changed = file, False
        self.tell(f"Saved in {file.parent.name}.")

    def ask_to_lose(self) -> Future:
        return self.view.window.confirm(
            "Throw the changes away?", title="Unsaved changes", kind="warning", accept="Throw away"
        )

    def closing(self) -> bool:
        """The window waits for this answer, so it must not wait for a person: it stays, and the answer closes it."""
        if not self.changed:
            return True
        self.ask_to_lose().add_done_callback(self.close_if_agreed)
        return False

    def close_if_agreed(self, answer: Future) -> None:
        if answer.exception() is None and answer.result():
            self.view.close()


def make_view() -> WebView:
    """The view, not shown yet."""
    return Notes().view


if __name__ == "__main__":
    make_view().show()
