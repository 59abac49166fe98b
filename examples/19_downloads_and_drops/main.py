"""Where do files go that a page offers to save, and which paths have files that are dropped on it?

The page makes a table of the files that are dropped on it, and offers it as a file. Python hears of both: of each drop
with the real paths, of the download with its progress and where it went.
"""

import sys
from pathlib import Path

from auroraview import Download, WebView, WindowOptions

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Sizes</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0; padding: 1.2rem 1.5rem;
    background: light-dark(#f4f6f9, #181b20); color: light-dark(#1b2430, #e8ecf1) }
  #zone { border: 2px dashed light-dark(#747d8a, #7a8490); border-radius: 10px; padding: 1.4rem; text-align: center }
  #zone.over { border-color: light-dark(#1d5fd1, #7fb0ff) }
  table { width: 100%; border-collapse: collapse; margin: 1rem 0 }
  td, th { text-align: left; padding: .25rem .4rem; border-bottom: 1px solid light-dark(#d8dee6, #333b45) }
  td:last-child, th:last-child { text-align: right }
  button { font: inherit; padding: .3rem .8rem }
</style>
<div id="zone">Drop files here</div>
<table><thead><tr><th>File</th><th>Folder</th><th>Bytes</th></tr></thead><tbody id="rows"></tbody></table>
<button id="save" disabled>Save this table</button> <span id="told" role="status"></span>
<script>
  const cell = (row, value) => { row.insertCell().textContent = value; };
  let files = [];
  auroraview.on("files", (found) => {
    files = found;
    rows.replaceChildren();
    for (const { name, folder, bytes } of files) {
      const row = rows.insertRow();
      [name, folder, bytes].forEach((value) => cell(row, value));
    }
    save.disabled = files.length === 0;
  });
  auroraview.on("download", ({ name, state, place }) => {
    told.textContent = state === "finished" ? `${name} is in ${place}` : `${name}: ${state}`;
  });
  // A page sees a drop too, but WebKitGTK gives it no files then; Python has them. It has to say that it takes it.
  for (const type of ["dragover", "dragleave", "drop"]) {
    addEventListener(type, (event) => {
      event.preventDefault();
      zone.classList.toggle("over", type === "dragover");
    });
  }
  save.onclick = () => {
    const lines = ["name,bytes", ...files.map(({ name, bytes }) => `"${name}",${bytes}`)];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\\n") + "\\n"], { type: "text/csv" }));
    link.download = "sizes.csv";
    link.click();
  };
</script></html>"""


def make_view(folder: Path | None = None) -> WebView:
    """The view, not shown yet. Downloads go to the folder, or to that of the user."""
    options = WindowOptions(downloads=True if folder is None else folder)
    view = WebView("Sizes", html=PAGE, width=640, height=460, window=options)
    files: dict[Path, int] = {}

    @view.window.on("file_drop")
    def dropped(paths: list[Path], x: int, y: int) -> None:
        files.update({path: path.stat().st_size for path in paths if path.is_file()})
        rows = [{"name": path.name, "folder": path.parent.name, "bytes": size} for path, size in files.items()]
        view.emit("files", rows, retain=True)

    @view.window.on("download")
    def download(download: Download) -> None:  # at its start, as it goes on, at its end
        place = download.path.parent.name
        view.emit("download", {"name": download.name, "state": download.state, "place": place})

    return view


if __name__ == "__main__":
    make_view(Path(sys.argv[1]) if len(sys.argv) > 1 else None).show()
