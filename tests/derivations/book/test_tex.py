"""LaTeX of the same blocks: balanced, every character declared, and compiled where LaTeX is installed."""

import re
import shutil
import subprocess

import pytest

from derivations.book.blocks import Listing, Page
from derivations.book.chapter import chapter_page
from derivations.book.chapters import CHAPTERS
from derivations.book.layer_page import layer_page
from derivations.book.tex import Tex, document


@pytest.fixture(scope="module")
def pages(code):
    return [
        chapter_page(CHAPTERS[0], code),
        chapter_page(CHAPTERS[2], code),
        chapter_page(CHAPTERS[3], code),
        layer_page("bilinear"),
        layer_page("lstm"),
        layer_page("transformer_block"),
    ]


def test_every_page_is_balanced(pages):
    for page in pages:
        written = re.sub(r"(?s)\\begin\{verbatim\}.*?\\end\{verbatim\}", "", Tex(set()).page(page))
        bare = re.sub(r"\\[{}\\]", "", written)
        assert bare.count("{") == bare.count("}")
        assert written.count(r"\begin{") == written.count(r"\end{")
        assert len(re.findall(r"(?<!\\)\$", written)) % 2 == 0


def test_numbers_by_hand_and_by_code_stand_beside_each_other(pages):
    assert "by hand 0.622459331201855; by code 0.622459331201855, agree: 15 digits" in Tex(set()).page(pages[0])


def test_every_character_is_known_to_tex():
    page = Page("p", "layer", "title", "summary", (Listing("# ∂L/∂X ≤ ½ Σ é 漢", ""),))
    written = document("Title", [Tex(set()).page(page)])
    assert r"\DeclareUnicodeCharacter{2202}{\ensuremath{\partial}}" in written
    assert r"\DeclareUnicodeCharacter{6F22}{?}" in written
    assert "{00E9}" not in written  # a letter that inputenc knows
    written = document("Title", [Tex(set()).page(Page("p", "layer", "δˡ⁺¹ = ∇ₐC", "summary", ()))])
    assert r"\DeclareUnicodeCharacter{2090}{\ensuremath{_a}}" in written


def test_code_is_no_wider_than_the_page(pages):
    listings = re.findall(r"(?s)\\begin\{verbatim\}\n(.*?)\\end\{verbatim\}", Tex(set()).page(pages[4]))
    assert listings
    assert max(len(line) for listing in listings for line in listing.splitlines()) <= 95


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_pdflatex_compiles_it(pages, tmp_path):
    (tmp_path / "book.tex").write_text(document("Title", [Tex(set()).page(page) for page in pages]), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "book.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-3000:]
