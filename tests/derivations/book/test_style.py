"""Colours are told apart by everybody: WCAG 2.1, success criterion 1.4.3 (AA), light and dark."""

import re

import pytest

from derivations.book.style import STYLE

TEXT = ("ink", "quiet", "link", "good", "fair", "bad")
GROUNDS = ("paper", "shade")
LIGHT, DARK = (dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in STYLE.split("prefers-color-scheme")[:2])


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_what_wcag_says_it_is():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXT)
def test_text_stands_out(scheme, ground, text):
    assert contrast(scheme[text], scheme[ground]) >= 4.5


def test_every_declaration_is_a_name_and_a_value():
    bodies = re.findall(r"\{([^{}]*)\}", STYLE)
    declarations = [declaration for body in bodies for declaration in body.split(";") if declaration.strip()]
    assert len(declarations) > 100
    for declaration in declarations:
        assert re.fullmatch(r"\s*-{0,2}[a-z]+(-[a-z]+)*: \S[^:]*", declaration.replace('"] ', "")), declaration
    assert STYLE.count("{") == STYLE.count("}")
