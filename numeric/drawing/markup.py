"""HTML and SVG as nested calls: whatever is not markup already is escaped, so that no name can become a tag."""

from collections.abc import Iterable
from html import escape

_VOID = ("br", "img", "input", "meta", "wbr")


class Markup(str):
    """Text that is HTML, and may stand in a page as it is."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: object) -> Markup:
    """An element of HTML or SVG. An underscore in an attribute's name stands for a hyphen, one at its end for nothing.

    Attributes that are None are left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>" if name in _VOID else f"<{name}{written}>{join(children)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """Several pieces as one; those that are no markup are text."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))
