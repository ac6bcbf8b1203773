"""The frame of a chart: two axes, with a thin line at each value upwards and a label at each tick."""

from dataclasses import dataclass

from numeric.drawing.axes import Axis
from numeric.drawing.markup import Markup, element


@dataclass(frozen=True)
class Frame:
    """Where values lie in a drawing: `x` runs from `left` to `right`, `y` from `bottom` up to `top`."""

    x: Axis
    y: Axis
    left: float
    right: float
    top: float
    bottom: float

    def across(self, value: float) -> float:
        """Where a value of `x` lies."""
        return self.left + self.x.share(value) * (self.right - self.left)

    def up(self, value: float) -> float:
        """Where a value of `y` lies."""
        return self.bottom - self.y.share(value) * (self.bottom - self.top)

    def drawn(self, name: str) -> list[Markup]:
        """Ticks with their labels, a thin line at each value, and what runs across."""
        parts = []
        for value, label in self.y.ticks:
            height = self.up(value)
            parts.append(line("grid", self.left, height, self.right, height))
            parts.append(text(label, self.left - 6, height + 4, "end"))
        for value, label in self.x.ticks:
            place = self.across(value)
            parts.append(line("tick", place, self.bottom, place, self.bottom + 4))
            parts.append(text(label, place, self.bottom + 17, "middle"))
        return [*parts, text(name, (self.left + self.right) / 2, self.bottom + 36, "middle")]


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A straight line of SVG."""
    return element("line", class_=kind, x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}")


def text(content: str, x: float, y: float, anchor: str) -> Markup:
    """A text of SVG that begins, has its middle or ends at x."""
    return element("text", content, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor)
