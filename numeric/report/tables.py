"""Tables: of numbers that scroll by themselves where the window is narrow, and of what is taken for what."""

from collections.abc import Iterable, Sequence

import numpy as np

from numeric.drawing.markup import Markup, element

PALEST, DARKEST = 0.15, 0.6  # in darker cells the numbers would be hard to read


def table(label: str, heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 0) -> Markup:
    """A table with a line for each of `rows`; all columns but the first `texts` hold numbers."""

    def line(kind: str, cells: Sequence[str], scope: str | None = None) -> Markup:
        classes = [None if place < texts else "number" for place in range(len(cells))]
        return element("tr", *(element(kind, c, scope=scope, class_=of) for c, of in zip(cells, classes, strict=True)))

    body = element("tbody", *(line("td", row) for row in rows))
    return _scrolling(label, element("table", element("thead", line("th", heads, "col")), body, class_="listed"))


def confusion_table(confusion: np.ndarray) -> Markup:
    """Counts [C, C] by label (rows) and by what was read (columns), shaded; at the end the share that is right."""
    classes = range(len(confusion))
    most = int((confusion - np.diag(np.diag(confusion))).max())
    heads = [element("th", name, scope="col") for name in ("", *map(str, classes))]
    head = element("tr", *heads, element("th", "right", scope="col", class_="rate"))
    rows = []
    for label in classes:
        counts = [int(count) for count in confusion[label]]
        total = sum(counts)
        cells = [_cell(count, read == label, total if read == label else most) for read, count in enumerate(counts)]
        right = f"{counts[label] / total:.1%}" if total else ""
        rows.append(element("tr", element("th", str(label), scope="row"), *cells, element("td", right, class_="rate")))
    whole = element("table", element("thead", head), element("tbody", *rows), class_="confusion")
    return _scrolling("What is taken for what", whole)


def _cell(count: int, right: bool, most: int) -> Markup:
    if not count:
        return element("td")
    shade = PALEST + (DARKEST - PALEST) * count / most
    return element("td", str(count), class_="hit" if right else "miss", style=f"--shade: {shade:.2f}")


def _scrolling(label: str, content: Markup) -> Markup:
    """A box that scrolls sideways, so that the page does not; it takes the focus, for those who have but keys."""
    return element("div", content, class_="scroll", role="region", aria_label=label, tabindex=0)
