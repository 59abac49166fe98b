"""How does a window live in a program that runs on asyncio?"""

import asyncio

from auroraview import WebView

PAGE = """<!doctype html><meta name="color-scheme" content="light dark">
<style>body { font: 16px system-ui; padding: 2rem }</style>
<p><button id="ask">Ask three times at once</button></p>
<p id="answers" role="status"></p>
<script>
  ask.onclick = async () => {
    const began = performance.now();
    const values = await Promise.all([1, 2, 3].map((n) => auroraview.call("slow_square", [n])));
    answers.textContent = `${values.join(", ")} after ${Math.round(performance.now() - began)} ms`;
  };
</script>"""


def make_view() -> WebView:
    """The view, not shown yet."""
    view = WebView("asyncio", html=PAGE, width=480, height=200)

    @view.bind_call("slow_square")
    async def slow_square(number: int) -> int:
        await asyncio.sleep(0.5)  # coroutines wait side by side
        return number * number

    return view


async def main() -> None:
    """The window is one task among others."""
    view = make_view()
    window = asyncio.create_task(view.show_async())
    print("The page's title is", repr(await view.eval_js("document.querySelector('button').textContent")))
    await window


if __name__ == "__main__":
    asyncio.run(main())
