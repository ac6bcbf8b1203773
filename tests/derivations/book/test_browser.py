"""A browser opens the book from disk: every page renders, nothing is logged, and the search finds."""

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian's package: chromium)")
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
    *("--enable-logging=stderr", "--v=0"),
]
# Whatever leaves the disk would meet a proxy that is not there, and be logged.
OFFLINE = ["--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>"]
CONSOLE = re.compile(r'CONSOLE[:(\d)]*\] "(.*?)", source')


def opened(address, profile, *options):
    """What Chromium made of a page (its DOM) and what it logged on the console."""
    command = [CHROMIUM, *QUIET, *OFFLINE, f"--user-data-dir={profile}", *options, "--dump-dom", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, CONSOLE.findall(done.stderr)


def test_every_page_renders_and_logs_nothing(book, tmp_path):
    pages = sorted(book.glob("*.html"))

    def open_it(page):
        return opened(page.as_uri(), tmp_path / page.stem)

    with ThreadPoolExecutor(2) as pool:
        for page, (dom, logged) in zip(pages, pool.map(open_it, pages), strict=True):
            assert logged == [], page.name
            assert "<h1" in dom, page.name
            assert re.search(r'<form role="search" id="search">', dom), page.name  # the script ran: it is not hidden


def test_what_a_page_logs_is_noticed(book, tmp_path):
    page = tmp_path / "loud.html"
    page.write_text("<script>console.error('a word'); undefined.x</script><img src='http://127.0.0.1:9/x.png'>")
    _, logged = opened(page.as_uri(), tmp_path / "profile")
    assert any("a word" in line for line in logged)
    assert any("TypeError" in line for line in logged)


def test_the_policy_lets_nothing_out(book, tmp_path):
    whole = (book / "index.html").read_text()
    page = book.parent / "leaking.html"
    page.write_text(whole.replace("<main", "<img src='http://127.0.0.1:9/x.png'><main"))
    _, logged = opened(page.as_uri(), tmp_path / "profile")
    assert any("Content Security Policy" in line for line in logged)


@pytest.mark.parametrize(
    ("asked", "first", "count"),
    [
        ("lstm", "layer-lstm.html", "2 pages:"),
        ("max%20pool", "layer-max_pool2d.html", "2 pages:"),
        ("max_pool2d", "layer-max_pool2d.html", "2 pages:"),
        ("Hochreiter", "layer-lstm.html", "1 page:"),
        ("BP4", "chapter-four_equations.html", None),
        ("qqq", None, "No page holds all of these words."),
    ],
)
def test_the_search_finds(book, tmp_path, asked, first, count):
    dom, logged = opened(f"{(book / 'index.html').as_uri()}#search={asked}", tmp_path / "profile")
    found = re.search(r'<ul id="found">(.*?)</ul>', dom, re.DOTALL)[1]
    links = re.findall(r'href="([^"]+)"', found)
    assert logged == []
    assert (links[:1] or [None])[0] == first
    if count is not None:
        assert f'role="status">{count}</p>' in dom


def test_a_phone_scrolls_no_page_sideways(book, tmp_path):
    """Each page in a frame of 390 pixels; what is wider scrolls inside a container of its own."""
    measuring = (
        "addEventListener('load', () => document.documentElement.setAttribute("
        "'data-width', document.documentElement.scrollWidth));"
    )
    copy = tmp_path / "copy"
    shutil.copytree(book, copy)
    with (copy / "search.js").open("a") as script:
        script.write(measuring)
    for name in ("index", "layer-lstm", "layer-max_pool2d", "chapter-whole_network", "chapter-why_checks_work"):
        framed = tmp_path / f"{name}.html"
        framed.write_text(
            f"<iframe width=390 height=800 style='border:0' src='{(copy / name).as_uri()}.html'></iframe>"
        )
        options = ["--allow-file-access-from-files", "--virtual-time-budget=2000"]
        reading = (
            "<script>addEventListener('load', () => setTimeout(() => document.body.setAttribute('data-inner',"
            " frames[0].document.documentElement.getAttribute('data-width')), 200));</script>"
        )
        framed.write_text(framed.read_text() + reading)
        dom, _ = opened(framed.as_uri(), tmp_path / f"profile-{name}", *options)
        assert re.search(r'data-inner="(\d+)"', dom)[1] == "390", name
