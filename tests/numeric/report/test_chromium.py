"""A real browser shows the page: it complains of nothing, fetches nothing, and has nothing to scroll sideways."""

import json
import os
import re
import shutil
import subprocess
from html import escape

import numpy as np
import pytest
from PIL import Image

from numeric.report.page import render

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to open the page in")
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

    def run(file, *options):
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to run as root with its sandbox
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [CHROMIUM, "--headless", "--disable-gpu", *QUIET, *sandbox, profile, "--enable-logging=stderr"]
        done = subprocess.run(
            [*command, *options, file.as_uri()], capture_output=True, encoding="utf-8", timeout=120, check=True
        )
        return done.stdout, done.stderr

    return run


def framed(tmp_path, page, width):
    file = tmp_path / "frame.html"
    file.write_text(FRAME.format(page=escape(page), width=width), encoding="utf-8")
    return file


def measured(browse, file):
    printed, _ = browse(file, "--dump-dom", "--window-size=1400,1000", "--hide-scrollbars")
    return json.loads(re.search("<pre>(.*)</pre>", printed, re.DOTALL)[1].replace("&lt;", "<").replace("&amp;", "&"))


@pytest.mark.parametrize("width", [360, 400, 1280])
def test_nothing_sticks_out_and_every_picture_is_one(browse, tmp_path, make_report, width):
    report = make_report(weights=np.random.default_rng(0).normal(size=(40, 28, 28)).astype(np.float32))
    found = measured(browse, framed(tmp_path, render(report), width))
    assert found == {"width": width, "wide": [], "images": [8] * 2 + [28] * 40}


def test_a_page_that_sticks_out_is_noticed(browse, tmp_path):
    found = measured(browse, framed(tmp_path, '<!DOCTYPE html><body><p style="width: 700px">wide</p>', 400))
    assert found["width"] > 700
    assert len(found["wide"]) == 1


def test_it_is_drawn_and_complains_of_nothing(browse, tmp_path, make_report):
    file, picture = tmp_path / "report.html", tmp_path / "report.png"
    file.write_text(render(make_report()), encoding="utf-8")
    _, logged = browse(file, f"--screenshot={picture}", "--window-size=400,3000", "--hide-scrollbars")
    assert "CONSOLE" not in logged
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("L"), int)
    assert pixels.shape == (3000, 400)
    ink = np.abs(pixels - int(pixels[0, 0])) > 60
    assert 0.01 < ink.mean() < 0.5
    assert all(part.any() for part in np.array_split(ink[:2000], 10))


def test_what_a_page_complains_of_is_heard(browse, tmp_path, make_report):
    file = tmp_path / "report.html"
    file.write_text(render(make_report()).replace("<main>", '<main><img src="x.png">'), encoding="utf-8")
    _, logged = browse(file, "--dump-dom")
    assert "CONSOLE" in logged
    assert "Content Security Policy" in logged
