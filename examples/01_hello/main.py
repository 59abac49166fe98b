"""What is the least that a window with a page and a Python function takes?"""

from auroraview import WebView

PAGE = """<!doctype html><meta name="color-scheme" content="light dark">
<style>body { font: 16px system-ui; padding: 2rem }</style>
<h1>Hello</h1>
<form><input id="name" value="world" aria-label="Name"> <button>Greet</button></form>
<p id="answer" role="status"></p>
<script>
  document.querySelector("form").onsubmit = async (event) => {
    event.preventDefault();
    answer.textContent = await auroraview.call("greet", { name: document.querySelector("#name").value });
  };
</script>"""


def make_view() -> WebView:
    """The view, not shown yet."""
    view = WebView("Hello", html=PAGE, width=480, height=260)

    @view.bind_call("greet")
    def greet(name: str) -> str:
        return f"Hello, {name}, from Python."

    return view


if __name__ == "__main__":
    make_view().show()
