"""The site is whole or not there, and replaces nothing but a book."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from derivations import LAYERS, DerivationError
from derivations.book import CHAPTERS, site, write_book
from tests.derivations.book.conftest import LAYERS as NAMES


class Page(HTMLParser):
    """What a page leads to, what it is made of, and what is wrong with how it is nested."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, text):
        super().__init__()
        self.targets, self.ids, self.open, self.headings = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.targets += [found[name] for name in ("href", "src", "action", "srcset") if name in found]
        self.ids += [found["id"]] if "id" in found else []
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="session")
def pages(book):
    return {path.name: Page(path.read_text(encoding="utf-8")) for path in book.glob("*.html")}


def test_every_page_is_there(pages):
    chapters = {f"chapter-{chapter.name}.html" for chapter in CHAPTERS}
    assert set(pages) == {"index.html", *chapters, *(f"layer-{name}.html" for name in NAMES)}


def test_nothing_leads_out_of_the_folder(book, pages):
    for name, page in pages.items():
        for target in page.targets:
            if target.startswith("#"):
                assert target[1:] in page.ids, (name, target)
            elif target != "data:,":  # an empty icon
                assert re.fullmatch(r"[\w-]+\.(html|css|js)", target), (name, target)
                assert (book / target).is_file(), (name, target)
    sheets = (book / "style.css").read_text() + (book / "search.js").read_text()
    assert not re.search(r"url\(|@import|https?:|//\w|fetch\(|XMLHttpRequest|import\(", sheets)


def test_pages_are_well_formed_and_headings_descend(pages):
    for name, page in pages.items():
        assert page.open == [], name
        assert page.headings[0] == 1, name
        assert page.headings.count(1) == 1, name
        assert all(after <= before + 1 for before, after in pairwise(page.headings)), name
        assert len(set(page.ids)) == len(page.ids), name


def test_the_catalogue_has_every_layer_under_its_family(book):
    index = (book / "index.html").read_text()
    assert all(f'href="layer-{name}.html"' in index for name in NAMES)
    assert index.index("Recurrent") < index.index("layer-lstm")
    assert "The backward equations of 5 layers" in index


def test_what_was_handed_in_is_shown(book):
    relu = (book / "layer-relu.html").read_text()
    assert "if 1 &lt; 2 &amp; 3 else X" in relu
    assert "<td>differences</td>" in relu
    assert "without running the checks" in (book / "layer-lstm.html").read_text()


@pytest.fixture
def one_chapter(monkeypatch):
    """The book with its first chapter alone: enough to see what happens to the folder."""
    monkeypatch.setattr(site, "CHAPTERS", CHAPTERS[:1])


@pytest.mark.usefixtures("one_chapter")
def test_the_same_book_is_the_same_bytes(tmp_path):
    first, second = (write_book(tmp_path / name, ["relu"]) for name in ("a", "b"))
    assert contents(first) == contents(second)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_all_layers_are_meant_where_none_is_named():
    assert site._names(None) == list(LAYERS)
    assert site._names(["relu", "linear", "relu"]) == ["linear", "relu"]


@pytest.mark.usefixtures("one_chapter")
def test_tasks_may_be_shared(tmp_path):
    seen = []

    def share(function, tasks):
        for task in tasks:
            seen.append(task[0])
            yield function(*task)

    told = []
    write_book(tmp_path / "book", ["tanh"], share=share, tell=told.append)
    assert seen == [0, "tanh"]
    assert told == ["One neuron", "tanh"]


@pytest.mark.usefixtures("one_chapter")
def test_a_book_is_replaced_by_the_next(tmp_path):
    folder = write_book(tmp_path / "book", ["relu"])
    write_book(folder, ["tanh"])
    assert (folder / "layer-tanh.html").is_file()
    assert not (folder / "layer-relu.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["book"]


def test_what_is_no_book_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DerivationError, match="holds other files, which would be lost; choose another folder"):
        write_book(tmp_path, ["relu"])
    with pytest.raises(DerivationError, match=r"thesis\.txt is no folder; choose another name"):
        write_book(tmp_path / "thesis.txt", ["relu"])
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.usefixtures("one_chapter")
def test_an_empty_folder_will_do(tmp_path):
    assert (write_book(tmp_path / "new" / "book", ["relu"]) / "index.html").is_file()
    (tmp_path / "empty").mkdir()
    assert (write_book(tmp_path / "empty", ["relu"]) / "index.html").is_file()


@pytest.mark.usefixtures("one_chapter")
def test_a_book_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    folder = write_book(tmp_path / "book", ["relu"])
    before = contents(folder)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(site, "search_script", fail)
    with pytest.raises(DerivationError, match="No space left on device; the old one is as it was"):
        write_book(folder, ["tanh"])
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["book"]


@pytest.mark.usefixtures("one_chapter")
def test_if_the_second_rename_fails_the_old_book_comes_back(tmp_path, monkeypatch):
    folder = write_book(tmp_path / "book", ["relu"])
    before, rename = contents(folder), site.os.rename

    def once(source, target):
        if target == folder and source.name.endswith(".old") is False:
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(site.os, "rename", once)
    with pytest.raises(DerivationError, match="Input/output error"):
        write_book(folder, ["tanh"])
    assert contents(folder) == before


def test_a_layer_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DerivationError, match="there is no layer 'lstn'; did you mean lstm"):
        write_book(tmp_path / "book", ["lstn"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("one_chapter")
def test_latex_comes_from_the_same_pages(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))  # nothing is installed here
    told = []
    folder = write_book(tmp_path / "book", ["relu"], latex=True, tell=told.append)
    assert r"\section{relu}\label{layer-relu}" in (folder / "book.tex").read_text()
    assert told[-1] == "book.tex: LaTeX is not installed, so there is no book.pdf; latexmk -pdf book.tex makes it"


@pytest.mark.usefixtures("one_chapter")
def test_what_latex_says_is_told(tmp_path, monkeypatch):
    fake = tmp_path / "bin" / "pdflatex"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho '! Undefined control sequence.'\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}")
    told = []
    folder = write_book(tmp_path / "book", ["relu"], latex=True, tell=told.append)
    assert told[-1] == "book.tex: pdflatex did not compile it: ! Undefined control sequence."
    assert (folder / "index.html").is_file()
    assert not (folder / "book.pdf").exists()


@pytest.mark.thorough
def test_the_whole_catalogue_makes_a_book(tmp_path, code):
    folder = write_book(tmp_path / "book", by_code=code, latex=True)
    assert len(list(folder.glob("layer-*.html"))) == len(LAYERS)
    for path in folder.glob("*.html"):
        assert Page(path.read_text(encoding="utf-8")).open == []
