"""A drawing as one SVG file: it scales to the window, and takes light or dark colours from whoever looks at it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

LETTER = 0.62  # the width of a letter in units of its height: no usual monospaced font is wider
SMALLEST = 0.7  # on a narrow window a drawing is made no smaller than this, and scrolls
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML has no place for
STYLE = """
:root { color-scheme: light dark; background: #ffffff; }
text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1b1d20; white-space: pre; }
.card { fill: #f6f7f9; stroke: #8a929b; } .given { fill: #ffffff; } .result { stroke-width: 2.5; }
.muted { fill: #5b6168; } .strong { font-weight: 700; }
.forward { stroke: #1a62b8; } .back { stroke: #b04a00; } .before { stroke-dasharray: 2 4; }
.forward, .back, .branch { fill: none; stroke-width: 1.6; } .branch { stroke: #8a929b; }
text.forward, text.back { stroke: none; } text.forward, .forward-head { fill: #1a62b8; }
text.back, .back-head { fill: #b04a00; }
@media (prefers-color-scheme: dark) {
  :root { background: #15171a; } text { fill: #e9e8e5; }
  .card { fill: #1f2226; stroke: #7b838c; } .given { fill: #15171a; } .muted { fill: #a5abb2; }
  .forward { stroke: #74b3ff; } .back { stroke: #ff9f66; } .branch { stroke: #7b838c; }
  text.forward, .forward-head { fill: #74b3ff; } text.back, .back-head { fill: #ff9f66; }
}
"""


def svg(title: str, description: str, width: float, height: float, parts: Iterable[Element]) -> str:
    """A whole file: the drawing, what it is called, and what it shows in a sentence."""
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:.0f} {height:.0f}", role="img")
    root.set("style", f"width: 100%; min-width: {SMALLEST * width:.0f}px; max-width: {width:.0f}px; height: auto")
    for name, content in (("title", title), ("desc", description), ("style", STYLE)):
        SubElement(root, name).text = _writable(content)
    root.extend(parts)
    return tostring(root, encoding="unicode") + "\n"


def text(content: str, x: float, y: float, size: float, kind: str | None = None, anchor: str | None = None) -> Element:
    """One line of text, `y` its baseline."""
    written = Element("text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": f"{size:g}"})
    written.text = _writable(content)
    for name, value in (("class", kind), ("text-anchor", anchor)):
        if value:
            written.set(name, value)
    return written


def text_width(content: str, size: float) -> float:
    """How wide a line of text is at most."""
    return LETTER * size * len(content)


def box(x: float, y: float, width: float, height: float, kind: str) -> Element:
    """A rectangle with rounded corners."""
    edges = {"x": f"{x:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{height:.1f}", "rx": "6"}
    return Element("rect", {**edges, "class": kind})


def path(course: str, kind: str, **attributes: str) -> Element:
    """A line along the commands of SVG's `d`."""
    return Element("path", {"d": course, "class": kind, **attributes})


def group(parts: Iterable[Element], **attributes: str) -> Element:
    """Several elements as one."""
    whole = Element("g", attributes)
    whole.extend(parts)
    return whole


def _writable(content: str) -> str:
    return _UNWRITABLE.sub("\ufffd", content)
