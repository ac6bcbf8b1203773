"""The site as a folder: built beside the old one, and put in its place when it is whole."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

from derivations.book.chapter import Chapter, chapter_page
from derivations.book.chapters import CHAPTERS
from derivations.book.html import Html, document, file_of
from derivations.book.layer_page import Measured, layer_page, page_name, title_of
from derivations.book.search import search_script
from derivations.book.style import STYLE
from derivations.book.tex import Tex
from derivations.book.tex import document as tex_document
from derivations.layer import DerivationError

MARKER = ".backproof-book"
TITLE = "Backpropagation, derived"
Share = Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], Iterator[Any]]
Neighbour = tuple[str, str] | None


@dataclass(frozen=True)
class Written:
    """A page as it is written to the disk, and how the search knows it."""

    name: str
    html: str
    tex: str
    entry: dict[str, str]


def one_by_one(function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """The results of the tasks, in order, in this process."""
    return (function(*task) for task in tasks)


def unmeasured(layer: str) -> None:
    """Nothing is known of any layer."""


def write_book(
    folder: Path | str,
    layers: Sequence[str] | None = None,
    *,
    measured: Callable[[str], Measured | None] = unmeasured,
    sources: Callable[[str], str | None] = unmeasured,
    by_code: Mapping[str, Mapping[str, Any]] | None = None,
    latex: bool = False,
    share: Share = one_by_one,
    tell: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write the site into a folder: all layers, or those that are named, and the chapters.

    `measured(layer)` gives what checks found (`layer_page`), `sources(layer)` hand-written NumPy source; `by_code` maps
    the names of examples to what code made of them (`carried`). With `latex` there is book.tex as well, and book.pdf
    where LaTeX is installed. `share(function, tasks)` may do the tasks in several processes, and with them what is
    measured; `tell` hears of each page.
    A book that lies in the folder is replaced when the new one is whole.
    Raises DerivationError for an unknown layer, or a folder that cannot be written or holds something else.
    """
    names = _names(layers)
    folder = Path(folder).absolute()
    require_place(folder)
    pages = [*(chapter.page_name for chapter in CHAPTERS), *(page_name(name) for name in names)]
    chapter_tasks = [
        (
            number,
            by_code or {},
            frozenset(pages),
            *_neighbours([(c.page_name, c.title) for c in CHAPTERS], number),
            latex,
        )
        for number in range(len(CHAPTERS))
    ]
    titles = [(page_name(name), title_of(name)) for name in names]
    families = _families()
    layer_tasks = [
        (
            name,
            families[name],
            sources,
            measured,
            frozenset(pages),
            *_neighbours(titles, number),
            latex,
        )
        for number, name in enumerate(names)
    ]
    with _in_its_place(folder) as place:
        written: list[Written] = []
        for function, tasks in ((_write_chapter, chapter_tasks), (_write_layer, layer_tasks)):
            for page in share(function, tasks):
                tell(page.entry["title"])
                (place / file_of(page.name)).write_text(page.html, encoding="utf-8")
                written.append(page)
        (place / "index.html").write_text(_index(names), encoding="utf-8")
        (place / "style.css").write_text(STYLE, encoding="utf-8")
        (place / "search.js").write_text(search_script([page.entry for page in written]), encoding="utf-8")
        if latex:
            (place / "book.tex").write_text(tex_document(TITLE, [page.tex for page in written]), encoding="utf-8")
            tell(_compiled(place))
    return folder


def _names(layers: Sequence[str] | None) -> list[str]:
    from derivations import LAYERS
    from derivations.catalogue import find

    if layers is None:
        return list(LAYERS)
    wanted = {find(name, LAYERS).name for name in layers}
    return [name for name in LAYERS if name in wanted]


def _families() -> dict[str, str]:
    from derivations import LAYERS

    return {name: family for family, names in LAYERS.families.items() for name in names}


def _neighbours(titles: Sequence[tuple[str, str]], at: int) -> tuple[Neighbour, Neighbour]:
    return (titles[at - 1] if at else None), (titles[at + 1] if at + 1 < len(titles) else None)


def _write_layer(
    name: str,
    family: str,
    sources: Callable[[str], str | None],
    measured: Callable[[str], Measured | None],
    pages: frozenset[str],
    before: Neighbour,
    after: Neighbour,
    latex: bool,
) -> Written:
    told = [(c.page_name, c.title) for c in CHAPTERS if name in c.layers]
    page = layer_page(name, family.replace("_", " "), sources(name), measured(name), told)
    return _written(page, name, pages, before, after, latex)


def _write_chapter(
    number: int,
    by_code: Mapping[str, Mapping[str, Any]],
    pages: frozenset[str],
    before: Neighbour,
    after: Neighbour,
    latex: bool,
) -> Written:
    chapter = CHAPTERS[number]
    return _written(chapter_page(chapter, by_code), chapter.title, pages, before, after, latex)


def _written(page: Any, title: str, pages: frozenset[str], before: Neighbour, after: Neighbour, latex: bool) -> Written:
    entry = {"title": title, "file": file_of(page.name), "summary": page.summary, "words": page.found_by}
    html = Html(pages).page(page, before, after)
    return Written(page.name, html, Tex(pages).page(page) if latex else "", entry)


# the first page


def _index(names: Sequence[str]) -> str:
    from derivations import LAYERS

    chapters = "".join(_chapter_line(chapter) for chapter in CHAPTERS)
    shelves, shelf_links = [], []
    for family, members in LAYERS.families.items():
        here = [name for name in members if name in names]
        if here:
            about = escape((import_module(f"derivations.{family}").__doc__ or "").partition("\n")[0])
            about = re.sub("`(.*?)`", r"<code>\1</code>", about)
            lines = "".join(
                f'<dt><a href="{file_of(page_name(name))}">{escape(title_of(name))}</a></dt>'
                f"<dd>{escape(LAYERS[name].summary)}</dd>"
                for name in here
            )
            title = escape(family.replace("_", " ").capitalize())
            shelf_links.append(f'<a href="#{family}">{title}</a>')
            shelves.append(
                f'<h3 id="{family}">{title}</h3><p class="note">{about}</p><dl class="catalogue">{lines}</dl>'
            )
    body = (
        f"<h1>{TITLE}</h1>"
        f'<p class="summary">{escape(_SUMMARY.format(count=len(names)))}</p>'
        f"{_HOW_TO_READ}"
        f'<h2 id="chapters">Chapters</h2><ol class="chapters">{chapters}</ol>'
        f'<h2 id="layers">Layers</h2><nav class="shelves" aria-label="Families of layers">{" ".join(shelf_links)}</nav>'
        f"{''.join(shelves)}"
    )
    return document(f"{TITLE} · Backproof", body, "index")


def _chapter_line(chapter: Chapter) -> str:
    link = f'<a href="{file_of(chapter.page_name)}">{escape(chapter.title)}</a>'
    return f"<li>{link}<span>{escape(chapter.summary)}</span></li>"


_SUMMARY = (
    "The backward equations of {count} layers of neural networks, derived from the forward equations step by step; "
    "every step says why it holds, and how that is known."
)
_HOW_TO_READ = (
    "<p>Read the chapters in order if you are learning; look up a layer if you are writing one. A cotangent is written "
    "with a d: <code>dX</code> is the derivative of the loss with respect to <code>X</code>, entry by entry. Indices "
    "start at 0; <code>n</code> counts the examples of a batch; images keep their channels last. Of the mathematics "
    "only the forward equations and what textbooks state were written by hand; all else was derived from the forward "
    "equations, and proved for all sizes where it says so, else certified at random points.</p>"
)


# the folder


def require_place(folder: Path) -> None:
    """Raise DerivationError unless the folder is not there, is empty, or holds a book that was written here.

    `write_book` asks first of all; who works before that, asks before.
    """
    above = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not above.is_dir():
        raise DerivationError(f"cannot write the book to {folder}: {above} is no folder; choose another name")
    if above != folder:
        return
    if any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise DerivationError(
            f"cannot write the book to {folder}: it holds other files, which would be lost; choose another folder"
        )


@contextmanager
def _in_its_place(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder`, which takes its place at the end; where something fails, nothing has changed."""
    new = folder.parent / f".{folder.name}.{secrets.token_hex(8)}"  # named first: from then on it is sure to be removed
    advice = "choose another folder"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new.mkdir()
        advice = "the old one is as it was"
        (new / MARKER).write_text("A book of Backproof lies here; the next one may replace it.\n", encoding="utf-8")
        yield new
        _replace(folder, new)
    except OSError as error:
        raise DerivationError(f"cannot write the book to {folder}: {error.strerror}; {advice}") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _replace(folder: Path, new: Path) -> None:
    """Two renames: a folder that is not empty cannot be renamed over. If the second fails, the first is undone."""
    if not folder.exists():
        os.rename(new, folder)
        return
    old = new.with_name(f"{new.name}.old")
    os.rename(folder, old)
    try:
        os.rename(new, folder)
    except OSError:
        os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _compiled(place: Path) -> str:
    """Compile book.tex where LaTeX is installed; say what came of it."""
    command = next((c for c in (["latexmk", "-pdf"], ["pdflatex"]) if shutil.which(c[0])), None)
    if command is None:
        return "book.tex: LaTeX is not installed, so there is no book.pdf; latexmk -pdf book.tex makes it"
    with tempfile.TemporaryDirectory() as scratch:
        call = [*command, "-interaction=nonstopmode", "-halt-on-error", f"-output-directory={scratch}", "book.tex"]
        for _ in range(1 if command[0] == "latexmk" else 2):  # the second run knows the table of contents
            done = subprocess.run(
                call, cwd=place, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL
            )
        made = Path(scratch) / "book.pdf"
        if done.returncode or not made.is_file():
            reason = next((line for line in done.stdout.splitlines() if line.startswith("!")), "no reason was given")
            return f"book.tex: {command[0]} did not compile it: {reason}"
        shutil.copyfile(made, place / "book.pdf")
    return "book.pdf: made of book.tex"
