"""Pages from files and texts: served from an origin of their own, and nothing but them."""

import json
import os

import pytest

from auroraview import UsageError, WebView
from tests.e2e.helpers import ask, opened, wait_for
from tests.e2e.processes import run

pytestmark = pytest.mark.each_lane

SECRET = "not for pages"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A directory to serve; secrets lie beside it, and symlinks lead to them."""
    around = tmp_path_factory.mktemp("around")
    root = around / "site"
    for folder in ("docs", "modules", "a b", "empty"):
        (root / folder).mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><meta charset=utf-8><title>Home</title><p>home")
    (root / "docs" / "index.html").write_text("<p>docs")
    (root / "data.json").write_text('{"answer": 42}')
    (root / "digits.bin").write_bytes(bytes(range(256)) * 4)
    (root / "large.bin").write_bytes(b"0123456789" * 300_000)
    (root / "a b" / "ü %41#?.txt").write_text("odd name")
    (root / "style.css").write_text("p { color: rgb(1, 2, 3) }")
    (root / "modules" / "main.js").write_text(
        "import { answer } from './answer.js'; import data from './data.js'; window.module = answer + data;"
    )
    (root / "modules" / "answer.js").write_text("export const answer = 40;")
    (root / "modules" / "data.js").write_text("export default 2;")
    (root / "worker.js").write_text("onmessage = ({ data }) => postMessage(data * 2);")
    (root / "page.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (root / "within.json").symlink_to(root / "data.json")
    (around / "secret.txt").write_text(SECRET)
    (around / "site-secret").mkdir()
    (around / "site-secret" / "index.html").write_text(SECRET)
    (root / "out.txt").symlink_to(around / "secret.txt")
    (root / "out").symlink_to(around)
    return root


@pytest.fixture(scope="module")
def page(site, lane):
    with opened(path=site) as view:
        yield view


def fetch(view, url, **init):
    """Status, headers and text of a request of the page."""
    return ask(
        view,
        f"""fetch({url!r}, {json.dumps(init)}).then(async (response) => ({{
            status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() }}))""",
    )


def test_a_directory_shows_its_index_on_an_origin_of_its_own(page):
    assert ask(page, "document.title") == "Home"
    origin = ask(page, "location.origin")
    assert origin == page.info["origin"]
    assert origin.startswith("auroraview://")
    assert ask(page, "isSecureContext") is True


def test_a_file_is_shown_with_its_directory_around_it(site):
    with opened(path=site / "docs" / "index.html") as view:
        assert ask(view, "document.body.innerText") == "docs"
        assert fetch(view, "/data.json")["status"] == 404
    with opened(path=str(site / "page.svg"), ready=False) as view:
        wait_for(lambda: ask(view, "document.documentElement?.tagName") == "svg", "the picture")


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/data.json", "application/json; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/modules/main.js", "text/javascript; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/page.svg", "image/svg+xml; charset=utf-8"),
        ("/digits.bin", "application/octet-stream"),
    ],
)
def test_files_have_their_content_type(page, path, content_type):
    found = fetch(page, path)
    assert found["status"] == 200
    assert found["headers"]["content-type"] == content_type


def test_a_path_is_percent_decoded_once_and_a_query_is_no_part_of_it(page):
    assert fetch(page, "/a%20b/%C3%BC%20%2541%23%3F.txt")["text"] == "odd name"
    assert fetch(page, "/data.json?version=1&x=../..")["text"] == '{"answer": 42}'
    assert fetch(page, "data.json?")["status"] == 200


def test_ranges_give_parts_of_a_file(page):
    part = fetch(page, "/large.bin", headers={"Range": "bytes=10-14"})
    assert (part["status"], part["text"]) == (206, "01234")
    assert part["headers"]["content-range"] == "bytes 10-14/3000000"
    last = fetch(page, "/large.bin", headers={"Range": "bytes=-3"})
    assert (last["status"], last["text"]) == (206, "789")
    beyond = fetch(page, "/large.bin", headers={"Range": "bytes=3000000-"})
    assert beyond["status"] == 416


def test_all_bytes_arrive(page):
    values = ask(page, "fetch('/digits.bin').then(r => r.arrayBuffer()).then(b => [...new Uint8Array(b)])")
    assert bytes(values) == bytes(range(256)) * 4
    assert ask(page, "fetch('/large.bin').then(r => r.arrayBuffer()).then(b => b.byteLength)") == 3_000_000


def test_a_head_request_has_no_body_and_a_post_is_refused(page):
    head = fetch(page, "/data.json", method="HEAD")
    assert (head["status"], head["text"]) == (200, "")
    assert fetch(page, "/data.json", method="POST", body="x")["status"] == 405


def test_modules_styles_and_workers_work(page):
    ask(
        page,
        """for (const [tag, values] of [['script', { type: 'module', src: '/modules/main.js' }],
                                      ['link', { rel: 'stylesheet', href: '/style.css' }]])
            document.head.append(Object.assign(document.createElement(tag), values));
        null""",
    )
    wait_for(lambda: ask(page, "window.module") == 42, "the module")
    wait_for(lambda: ask(page, "getComputedStyle(document.querySelector('p')).color") == "rgb(1, 2, 3)", "the style")
    assert ask(page, "import('/modules/answer.js').then(module => module.answer)") == 40
    assert (
        ask(
            page,
            """new Promise((done, fail) => {
            const worker = new Worker('/worker.js');
            worker.onmessage = ({ data }) => done(data);
            worker.onerror = (event) => fail(new Error(event.message));
            worker.postMessage(21);
        })""",
        )
        == 42
    )


def test_an_address_without_a_file_shows_the_index_so_that_routers_work(site):
    with opened(path=site) as view:
        ask(view, "setTimeout(() => { location.href = '/settings/users?id=5' }, 0); null")
        wait_for(lambda: view.info["url"].endswith("/settings/users?id=5"), "the address")
        view.wait_ready(30)
        assert ask(view, "document.title") == "Home"
        assert ask(view, "location.pathname") == "/settings/users"
        view.reload()
        assert ask(view, "document.title + location.pathname") == "Home/settings/users"


def test_a_directory_below_shows_its_own_index(site):
    with opened(path=site) as view:
        ask(view, "setTimeout(() => { location.href = '/docs/' }, 0); null")
        wait_for(lambda: view.info["url"].endswith("/docs/"), "the address")
        view.wait_ready(30)
        assert ask(view, "document.body.innerText") == "docs"


def test_what_is_not_there_is_a_404_in_words(page, site):
    found = fetch(page, "/absent.json")
    assert found["status"] == 404
    assert "/absent.json" in found["text"]
    assert str(site) not in found["text"]
    assert fetch(page, "/empty/")["status"] == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/../secret.txt", "/docs/../../secret.txt", "/%2e%2e/secret.txt", "/%2E%2E%2fsecret.txt", "/..%2fsecret.txt"),
        *("/docs/%2e%2e/%2e%2e/secret.txt", "/..%5csecret.txt", "/%252e%252e/secret.txt", "/.%2e/secret.txt"),
        *("//secret.txt", "/out.txt", "/out/secret.txt", "/out/site-secret/", "/../site-secret/", "/..;/secret.txt"),
        *("/docs/..%00/secret.txt", "/out.txt%00.html", "/%2fetc/passwd", "//etc/passwd", "/.//../secret.txt"),
    ],
)
def test_nothing_outside_the_directory_is_reachable(page, path):
    origin = page.info["origin"]
    found = ask(
        page,
        f"""fetch({origin + path!r}).then(async (response) => [response.status, await response.text()],
            (error) => [0, String(error)])""",
    )
    assert SECRET not in found[1]
    assert "root:" not in found[1]
    assert found[0] in (0, 400, 403, 404)


def test_absolute_paths_of_the_disk_are_not_reachable(page, site):
    for path in (site.parent / "secret.txt", "/etc/passwd"):
        assert fetch(page, str(path))["status"] == 404


def test_a_file_url_is_not_reachable(page, site):
    found = ask(page, f"fetch('file://{site.parent}/secret.txt').then(r => r.text(), error => 'refused')")
    assert found == "refused"


def test_a_symlink_within_the_directory_is_followed(page):
    assert fetch(page, "/within.json")["text"] == '{"answer": 42}'


def test_a_page_written_for_browsers_finds_its_script_empty(site):
    tag = "<script src='/auroraview.js' onerror='failed = true'></script>"
    with opened(html=f"<script>var failed = false, before = auroraview</script>{tag}") as view:
        assert ask(view, "[failed, before === auroraview]") == [False, True]
    with opened(path=site) as view:
        found = fetch(view, "/auroraview.js")
        assert (found["status"], found["headers"]["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert found["text"].startswith("//")


def test_files_are_revalidated_by_their_etag(page, site):
    first = fetch(page, "/data.json", cache="no-store")
    etag = first["headers"]["etag"]
    assert first["headers"]["cache-control"] == "no-cache"
    again = fetch(page, "/data.json", cache="no-store", headers={"If-None-Match": etag})
    assert (again["status"], again["text"]) == (304, "")
    (site / "changing.txt").write_text("before")
    assert fetch(page, "/changing.txt")["text"] == "before"
    (site / "changing.txt").write_text("after")
    assert fetch(page, "/changing.txt")["text"] == "after"


def test_with_debug_nothing_is_cached(site):
    with opened(path=site, debug=True) as view:
        found = fetch(view, "/data.json")
        assert found["headers"]["cache-control"] == "no-store"
        assert "etag" not in found["headers"]


def test_a_directory_that_is_not_there_is_told_at_construction(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        WebView(path=tmp_path / "absent")
    with pytest.raises(FileNotFoundError, match="absent"):
        WebView().load_path(tmp_path / "absent")


def test_only_one_kind_of_page_can_be_given(tmp_path):
    with pytest.raises(UsageError, match="html and path"):
        WebView(html="<p>", path=tmp_path)


def test_a_view_without_a_page_says_what_to_pass():
    with opened(WebView()) as view:
        text = ask(view, "document.body.innerText")
        assert "html=" in text
        assert "path=" in text
        assert "url=" in text


def test_a_text_has_an_origin_of_its_own_with_storage():
    with opened(html="<!doctype html><p>text") as view, opened(html="<p>other") as other:
        assert ask(view, "[location.origin, isSecureContext, location.pathname]") == [view.info["origin"], True, "/"]
        assert ask(view, "localStorage.setItem('a', '1'); sessionStorage.setItem('b', '2'); localStorage.getItem('a')")
        assert ask(view, "crypto.subtle.digest('SHA-256', new Uint8Array(1)).then(d => d.byteLength)") == 32
        assert ask(other, "location.origin") != ask(view, "location.origin")
        assert ask(other, "localStorage.getItem('a')") is None
        assert fetch(view, "/anything.txt")["status"] == 404
        view.reload()
        assert ask(view, "localStorage.getItem('a')") == "1"


def test_load_path_html_and_url_follow_each_other(site, server):
    view = WebView(html="<p>text")
    view.bind_call("answer", lambda: 42)
    address = server.page("/", "<p>server")
    with opened(view):
        for load, expected in (
            (lambda: view.load_path(site), "home"),
            (lambda: view.load_url(address), "server"),
            (lambda: view.load_path(site / "docs"), "docs"),
            (lambda: view.load_html("<p>text"), "text"),
        ):
            load()
            assert ask(view, "document.body.innerText") == expected
            assert ask(view, "auroraview.call('answer')") == 42


STORE = """
    import sys
    from auroraview import WebView
    view = WebView({page}, data_directory={directory})
    view.show(wait=False)
    print(view.eval_js("const before = localStorage.getItem('kept'); localStorage.setItem('kept', 'yes'); before")
        .result(30))
    view.close()
    view.wait(30)
"""


@pytest.mark.parametrize("kind", ["html", "path"])
def test_a_data_directory_keeps_storage_between_views_and_processes(tmp_path, site, kind):
    page = "html='<p>text'" if kind == "html" else f"path={str(site)!r}"
    kept = tmp_path / "data"
    program = STORE.format(page=page, directory=repr(str(kept)))
    for before in ("None", "yes"):
        ended = run(program)
        ended.assert_clean()
        assert ended.out.split() == [before]
    assert os.listdir(kept)
    options = {"html": "<p>text"} if kind == "html" else {"path": site}
    for _ in range(2):
        with opened(data_directory=kept, **options) as view:
            assert ask(view, "localStorage.getItem('kept')") == "yes"


def test_without_a_data_directory_nothing_is_kept(site):
    for _ in range(2):
        with opened(path=site) as view:
            script = (
                "const found = [localStorage.getItem('kept'), document.cookie]; localStorage.setItem('kept', 'yes');"
            )
            assert ask(view, script + "document.cookie = 'kept=yes'; found") == [None, ""]
