"""A reader of SVG that is not ours: boxes of texts and cards, and the courses of arrows, as numbers."""

import re
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree

import pytest

SVG = "{http://www.w3.org/2000/svg}"
LETTER = 0.62  # no usual monospaced font has wider letters, in units of their height
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Box:
    what: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other):
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other):
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def strictly_inside(self, x, y):
        return self.left + 1 < x < self.right - 1 and self.top + 1 < y < self.bottom - 1


class Drawing:
    def __init__(self, text):
        self.root = ElementTree.fromstring(text)
        _, _, width, height = map(float, self.root.attrib["viewBox"].split())
        self.frame = Box("frame", 0, 0, width, height)

    def all(self, name):
        return list(self.root.iter(SVG + name))

    @property
    def lines(self):
        return [text.text for text in self.all("text")]

    @property
    def texts(self):
        """What each text covers: from the top of its letters to below its baseline."""
        return [self._covered(text) for text in self.all("text")]

    def _covered(self, text):
        x, y, size = (float(text.attrib[name]) for name in ("x", "y", "font-size"))
        width = LETTER * size * len(text.text)
        left = x - {"start": 0, "middle": width / 2, "end": width}[text.get("text-anchor", "start")]
        return Box(text.text, left, y - 0.8 * size, left + width, y + 0.25 * size)

    @property
    def cards(self):
        found = []
        for group in self.all("g"):
            x, y, width, height = (float(group.find(SVG + "rect").attrib[n]) for n in ("x", "y", "width", "height"))
            name = group.get("id") or group.get("data-name")
            found.append(Box(name, x, y, x + width, y + height))
        return found

    def arrows(self, kind):
        return [path for path in self.all("path") if kind in path.attrib["class"].split() and "data-to" in path.attrib]


def course(path):
    """Points along the path of an arrow, no two further apart than a few pixels: lines and curves alike."""
    commands = re.findall(r"([MLCQ])([^MLCQZ]*)", path.attrib["d"])
    here, found = None, []
    for letter, numbers in commands:
        values = list(map(float, NUMBER.findall(numbers)))
        points = list(zip(values[::2], values[1::2], strict=True))
        if letter == "M":
            (here,) = points
            found.append(here)
            continue
        control = [here, *points]
        for k in range(1, 101):
            level = control
            while len(level) > 1:  # de Casteljau's algorithm
                level = [
                    (a * (1 - k / 100) + c * k / 100, b * (1 - k / 100) + d * k / 100)
                    for (a, b), (c, d) in pairwise(level)
                ]
            found.append(level[0])
        here = points[-1]
    return found


@pytest.fixture(scope="session")
def read_svg():
    """read_svg(text) -> a Drawing; fails where it is no XML."""
    return Drawing


@pytest.fixture(scope="session")
def course_of():
    """course_of(path) -> points along it."""
    return course
