"""A page in one file of its own: it fetches nothing, and no other script than its own may run in it."""

from base64 import b64encode
from hashlib import sha256

from numeric.drawing.markup import Markup, element
from numeric.drawing.style import STYLE

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def document(title: str, *content: str, style: str = "", script: str = "") -> str:
    """A whole HTML page of `content`; `style` is added to that of all pages, `script` is allowed by its digest."""
    allowed = f"; script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" if script else ""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY + allowed),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(STYLE + style)),
    )
    running = [element("script", Markup(script))] if script else []
    page = element("html", head, element("body", element("main", *content), *running), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def figure(title: str, picture: str, caption: str) -> Markup:
    """A picture under its title, with what is to be seen in it."""
    return element("figure", element("h3", title), picture, element("figcaption", caption))
