"""A browser opens the book from disk: every page renders, nothing is logged, nothing leaves, and the search finds."""

from functools import partial

import pytest

from checks.handwritten import computed, source_of
from checks.parallel import shared
from checks.tally import measured
from derivations import LAYERS
from derivations.book import CHAPTERS, EXAMPLES, carried, write_book

WIDE, PHONE = 1400, 390
# Formulas that are not folded away have a size, and so has everything else that is drawn.
FLAT = "[...document.querySelectorAll('math, table, pre')].filter(e => e.checkVisibility() && !e.clientHeight).length"


def look_at_every_page(chromium, folder):
    """Open all pages of a book, as a wide window and as a phone in the dark; how many there are."""
    pages = sorted(folder.glob("*.html"))
    for width, dark in ((WIDE, False), (PHONE, True)):
        chromium.look_like(width, dark=dark)
        for page in pages:
            chromium.open(page.as_uri())
            assert chromium.logged == [], page.name
            assert all(address.startswith((folder.as_uri(), "data:,")) for address in chromium.requested), page.name
            assert chromium.ask("document.querySelector('h1').clientHeight") > 0, page.name
            assert chromium.ask("document.getElementById('search').hidden") is False, page.name  # the script ran
            assert chromium.width() <= width, page.name
            assert chromium.ask(FLAT) == 0, page.name
            assert (luminance(chromium) < 0.2) == dark, page.name
    return len(pages)


def luminance(chromium):
    """How bright the paper is, from 0 to 1."""
    colour = chromium.ask("getComputedStyle(document.body).backgroundColor")
    return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) / (3 * 255)


def test_every_page_renders_and_stays_on_the_disk(chromium, book):
    assert look_at_every_page(chromium, book) == 14


@pytest.mark.thorough
def test_every_page_of_the_whole_book_does(chromium, tmp_path):
    by_code = {example.name: carried(example, computed) for example in EXAMPLES}
    share = partial(shared, jobs=2)
    whole = write_book(tmp_path / "book", measured=measured, sources=source_of, by_code=by_code, share=share)
    assert look_at_every_page(chromium, whole) == 1 + len(CHAPTERS) + len(LAYERS)


def test_what_goes_wrong_is_noticed(chromium, book):
    page = book.parent / "loud.html"
    page.write_text(
        "<script>console.error('a word'); undefined.x</script><img src='http://127.0.0.1:9/x.png'>"
        "<h1 style='width: 2000px'>wide</h1><pre></pre>"
    )
    chromium.look_like(PHONE)
    chromium.open(page.as_uri())
    assert "a word" in chromium.logged
    assert any("TypeError" in line for line in chromium.logged)
    assert "http://127.0.0.1:9/x.png" in chromium.requested
    assert chromium.width() > PHONE
    assert chromium.ask(FLAT) == 1


def test_the_policy_lets_nothing_out(chromium, book):
    page = book.parent / "leaking.html"
    page.write_text((book / "index.html").read_text().replace("<main", "<img src='http://127.0.0.1:9/x.png'><main"))
    chromium.open(page.as_uri())
    assert any("Content Security Policy" in line for line in chromium.logged)


@pytest.mark.parametrize(
    ("asked", "first", "count"),
    [
        ("lstm", "layer-lstm.html", "2 pages:"),
        ("max pool", "layer-max_pool2d.html", "2 pages:"),
        ("max_pool2d", "layer-max_pool2d.html", "2 pages:"),
        ("Hochreiter", "layer-lstm.html", "1 page:"),
        ("BP4", "chapter-four_equations.html", "2 pages:"),
        ("qqq", None, "No page holds all of these words."),
    ],
)
def test_the_search_finds(chromium, book, asked, first, count):
    chromium.open((book / "index.html").as_uri())
    chromium.ask("document.getElementById('query').focus()")
    chromium.type(asked)
    links = chromium.ask("[...document.querySelectorAll('#found a')].map(a => a.getAttribute('href'))")
    assert chromium.logged == []
    assert (links[:1] or [None])[0] == first
    assert chromium.ask("document.getElementById('count').textContent") == count


def test_an_address_may_hold_what_is_searched(chromium, book):
    chromium.open(f"{(book / 'index.html').as_uri()}#search=lstm")
    assert chromium.ask("document.querySelector('#found a').textContent").startswith("lstm")


def test_the_first_page_found_opens(chromium, book):
    chromium.open(f"{(book / 'index.html').as_uri()}#search=lstm")
    chromium.follow("document.getElementById('search').requestSubmit()")
    assert chromium.ask("document.querySelector('h1').textContent") == "lstm"
