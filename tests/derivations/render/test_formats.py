"""A format's name leads to its renderer, at first and at second order, and for the network."""

import json

import pytest

from derivations import DerivationError, backward, derive, read_layer, second_order
from derivations.evidence import Proof
from derivations.network import network_page
from derivations.render import hessian
from derivations.render.formats import formatted, refutation
from derivations.render.json import as_json, second_order_json
from derivations.render.latex_page import latex_page
from derivations.render.markdown import markdown
from derivations.render.page import page

FIRST = {
    "text": lambda: page(derive("tanh"), width=60),
    "markdown": lambda: markdown(derive("tanh")),
    "latex": lambda: latex_page(derive("tanh")),
    "json": lambda: json.dumps(as_json(derive("tanh"))),
    "numpy": lambda: derive("tanh").numpy(),
}
SECOND = {
    "text": lambda: hessian.text_page(second_order("tanh"), width=60),
    "markdown": lambda: hessian.markdown(second_order("tanh")),
    "latex": lambda: hessian.latex_page(second_order("tanh")),
    "json": lambda: json.dumps(second_order_json(second_order("tanh"))),
    "numpy": lambda: second_order("tanh").numpy(),
}


@pytest.mark.parametrize("format", FIRST)
@pytest.mark.parametrize(("order", "expected"), [(1, FIRST), (2, SECOND)])
def test_every_format_has_its_renderer(format, order, expected):
    assert formatted("tanh", format, order=order, width=60) == expected[format]()


def test_what_is_asked_for_reaches_the_derivation():
    only = json.loads(formatted("linear", "json", wrt=["W"]))
    assert [name for name in only["cotangents"]] == ["dW"]
    assert len(formatted("linear", "text", steps=False)) < len(formatted("linear", "text"))


def test_the_network_is_a_page_of_its_own_until_a_layer_takes_its_name():
    assert formatted("network", "text", width=70) == network_page("text", width=70)
    mine = read_layer("X[N] Y[N]\nY[n] = X[n]**2", name="network")
    assert "X[n]" in formatted(mine, "text")


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"order": 2}, "leave --order out"),
        ({"wrt": ["W"]}, "leave --wrt out"),
        ({"format": "numpy"}, "no NumPy source"),
    ],
)
def test_what_the_network_is_not(asked, line):
    with pytest.raises(DerivationError, match=line):
        formatted("network", **{"format": "text", **asked})


@pytest.mark.parametrize("order", [1, 2])
def test_nothing_speaks_against_what_is_derived(order):
    assert refutation("tanh", order=order) is None
    assert refutation("network", order=order) is None


def test_what_the_witness_refutes_is_told(monkeypatch):
    differs = Proof(False, "the derivative differs", contradicted=True)
    monkeypatch.setattr(backward.Derivation, "witness", property(lambda self: differs))
    assert refutation("tanh") == "the derivative differs"
    undecided = Proof(False, "no point was found")
    monkeypatch.setattr(backward.Derivation, "witness", property(lambda self: undecided))
    assert refutation("tanh") is None
