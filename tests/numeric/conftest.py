"""The oracle of every backward here, central differences; a reader of HTML that is not ours, and a browser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import numpy as np
import pytest


def _differences(function, X, step=1e-5):
    slopes = np.empty(X.shape)
    for entry in np.ndindex(X.shape):
        ahead, behind = X.copy(), X.copy()
        ahead[entry] += step
        behind[entry] -= step
        slopes[entry] = (function(ahead) - function(behind)) / (2 * step)
    return slopes


@pytest.fixture(scope="session")
def differences():
    """differences(function of one float64 array, the array) -> its slopes, one for every entry."""
    return _differences


VOID = {"br", "img", "input", "meta", "wbr"}


@dataclass
class Node:
    name: str
    attributes: dict
    children: list = field(default_factory=list)

    @property
    def text(self):
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, name=None, class_=None):
        """Every element within, in reading order, of this name and of this class."""
        for child in self.children:
            if isinstance(child, Node):
                classes = child.attributes.get("class", "").split()
                if name in (None, child.name) and (class_ is None or class_ in classes):
                    yield child
                yield from child.all(name, class_)

    def one(self, name=None, class_=None):
        (found,) = self.all(name, class_)
        return found


class Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.path = [Node("document", {})]

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        node = Node(tag, dict(attrs))
        self.path[-1].children.append(node)
        if tag not in VOID:
            self.path.append(node)

    def handle_endtag(self, tag):
        assert self.path.pop().name == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        self.path[-1].children.append(data)


def _read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    (document,) = reader.path
    return document


@pytest.fixture(scope="session")
def read_html():
    """read_html(text) -> its tree; fails where the elements are not nested as they should be."""
    return _read


@pytest.fixture
def show(chromium, tmp_path):
    """show(page, width, height) -> the browser that has it open."""

    def show(page, width=1280, height=900):
        file = tmp_path / "page.html"
        file.write_text(page, encoding="utf-8")
        chromium.look_like(width, height)
        chromium.open(file.as_uri())
        return chromium

    return show
