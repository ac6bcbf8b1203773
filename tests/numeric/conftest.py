"""The oracle of every backward here, central differences; a reader of HTML that is not ours; and a real browser."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from html import escape
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


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = ("--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update")
# The page stands in a frame, because a window of its own can be no narrower than 500 pixels. What is measured from
# outside is the page as it is: its own policy would not let a script run in it.
FRAME = """<!DOCTYPE html><body><iframe srcdoc="{page}" style="width: {width}px; height: 900px; border: 0"></iframe>
<script>
document.querySelector("iframe").onload = event => {{
  const page = event.target.contentDocument, wide = [];
  for (const node of page.querySelectorAll("body *"))
    if (!node.closest(".scroll > *") && node.getBoundingClientRect().right > {width}) wide.push(node.outerHTML);
  const images = [...page.images].map(image => image.naturalWidth);
  const found = {{width: page.documentElement.scrollWidth, wide, images}};
  document.body.innerHTML = `<pre>${{JSON.stringify(found).replaceAll("&", "&amp;").replaceAll("<", "&lt;")}}</pre>`;
}};
</script>"""


@pytest.fixture
def browse(tmp_path):
    """browse(file, *options) -> what Chromium printed, and what it logged, of a page that it opened without network."""

    if CHROMIUM is None:
        pytest.skip("no Chromium here to open a page in")

    def run(file, *options):
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to run as root with its sandbox
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [CHROMIUM, "--headless", "--disable-gpu", *QUIET, *sandbox, profile, "--enable-logging=stderr"]
        done = subprocess.run(
            [*command, *options, file.as_uri()], capture_output=True, encoding="utf-8", timeout=120, check=True
        )
        return done.stdout, done.stderr

    return run


@pytest.fixture
def measured(browse, tmp_path):
    """measured(page, width) -> its real width, what sticks out of it, and the widths of its pictures."""

    def measure(page, width):
        file = tmp_path / "frame.html"
        file.write_text(FRAME.format(page=escape(page), width=width), encoding="utf-8")
        printed, _ = browse(file, "--dump-dom", "--window-size=1400,1000", "--hide-scrollbars")
        found = re.search("<pre>(.*)</pre>", printed, re.DOTALL)[1]
        return json.loads(found.replace("&lt;", "<").replace("&amp;", "&"))

    return measure
