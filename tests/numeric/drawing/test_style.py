"""Every colour of the page is far enough from what lies behind it, in light and in dark: WCAG 2.1, 1.4.3, level AA."""

import re

import pytest

from numeric.drawing.style import STYLE
from numeric.report.tables import DARKEST, PALEST

LEAST = 4.5
TEXTS = ["ink", "muted", "good", "bad", "open", *(f"s{k}" for k in range(6))]
LIGHT, DARK = (
    dict(re.findall(r"--(\w+): ([^;]+);", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
)
MODES = pytest.mark.parametrize("colours", [LIGHT, LIGHT | DARK], ids=["light", "dark"])


def rgb(colour):
    if colour.startswith("#"):
        return [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return [int(part) for part in colour.split()]


def luminance(colour):
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@MODES
@pytest.mark.parametrize("text", TEXTS)
def test_texts_and_lines_stand_out(colours, text):
    assert contrast(rgb(colours[text]), rgb(colours["paper"])) >= LEAST


@MODES
@pytest.mark.parametrize("cell", ["right", "wrong"])
@pytest.mark.parametrize("shade", [PALEST, DARKEST])
def test_numbers_stand_out_from_shaded_cells(colours, cell, shade):
    wash, colour = rgb(colours["wash"]), rgb(colours[cell])
    behind = [shade * part + (1 - shade) * under for part, under in zip(colour, wash, strict=True)]
    assert contrast(rgb(colours["ink"]), behind) >= LEAST


def test_contrast_is_measured_as_the_standard_says():
    assert contrast([0, 0, 0], [255, 255, 255]) == pytest.approx(21)
    assert contrast([119, 119, 119], [255, 255, 255]) == pytest.approx(4.48, abs=0.01)
    assert contrast([9, 9, 9], [9, 9, 9]) == 1
