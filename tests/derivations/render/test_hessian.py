"""Second order on paper: every format says the same, and the NumPy source gives what evaluation gives."""

import itertools
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings

from backproof import main
from derivations import read_layer, second_order
from derivations.render.hessian import AT_KINKS, latex_page, markdown, text_page
from derivations.render.json import second_order_json
from derivations.sampling import drawn, points, shape_of, whole
from tests.derivations.render.test_numpy_source import called, run
from tests.strategies import layers

NAMES = ("linear", "sigmoid", "softmax_cross_entropy", "layer_norm", "lstm", "conv1d", "max_pool2d", "embedding")


def assert_the_source_agrees(second):
    rng = np.random.default_rng(4)
    function = run(second)["hessian_vector_product"]
    for point in itertools.islice(points(second.layer, 4), 3):
        known = {**point.sizes, **whole(point.values)}
        tensors = (*second.first.given, *second.directions)
        values = point.values | {t.name: drawn(shape_of(t, second.layer, known), rng) for t in tensors}
        expected = second.evaluate(values, "float64")
        found = called(function, values)
        assert list(found) == list(second.products)
        for name, value in found.items():
            assert np.shape(value) == expected[name].shape
            np.testing.assert_allclose(value, expected[name], rtol=1e-8, atol=1e-8, err_msg=f"{name} {point.sizes}")


@pytest.mark.parametrize("name", NAMES)
def test_the_source_of_the_products_agrees(name):
    assert_the_source_agrees(second_order(name))


@given(layers())
@settings(max_examples=4)
def test_the_source_of_a_random_layers_products_agrees(text):
    assert_the_source_agrees(second_order(read_layer(text)))


def test_the_page_shows_forward_backward_rates_and_products():
    page = text_page(second_order("softmax_cross_entropy"), steps=False)
    heads = [line[2:11].strip() for line in page.splitlines() if line[:2] == "  " and line[2:3].strip()]
    assert heads[:4] == ["forward", "backward", "rates", "H·v"]
    assert "  H·v        HvZ[n,c] = dL·vP[n,c]/N" in page
    assert "enclosed by the true second derivative at 40 points" in " ".join(page.split())


def test_the_steps_start_from_what_is_differentiated():
    page = text_page(second_order("linear"))
    assert "  HvX[n,d], the rate of dX[n,d] = Σ_c dY[n,c]·W[d,c]\n  1  differentiate along v" in page


@pytest.mark.parametrize("width", [40, 60, 80])
def test_no_line_is_wider_than_the_terminal(width):
    for steps in (True, False):
        page = text_page(second_order("layer_norm"), steps=steps, width=width)
        assert max(map(len, page.splitlines())) <= width


@pytest.mark.parametrize(("name", "stated"), [("relu", True), ("max_pool2d", True), ("sigmoid", False)])
def test_what_holds_at_kinks_is_stated(name, stated):
    for page in (markdown, latex_page):
        assert (AT_KINKS[1:] in page(second_order(name))) is stated


def test_latex_writes_the_direction_and_the_product_as_components():
    page = latex_page(second_order("linear"), steps=False)
    assert r"(Hv)_{W_{d c}} = \sum_{n} v_{X_{n d}}\,\allowbreak \frac{\partial L}{\partial Y_{n c}}" in page
    declared = re.findall(r"DeclareUnicodeCharacter\{(\w+)\}", page)
    assert {f"{ord(sign):04X}" for sign in page if not sign.isascii()} == set(declared)


def test_latex_takes_no_word_for_a_rate():
    layer = read_layer("X[N]  var[N]  Y[N]\nY[n] = X[n]*var[n]**2")
    page = latex_page(second_order(layer, wrt="X"), steps=False)
    assert r"\mathit{var}_{n}^{2}" in page


def test_json_holds_rates_products_and_steps():
    found = json.loads(json.dumps(second_order_json(second_order("softmax_cross_entropy"))))
    assert (found["order"], found["layer"], list(found["rates"]), list(found["products"])) == (
        2,
        "softmax_cross_entropy",
        ["vP"],
        ["HvZ"],
    )
    assert found["directions"][0]["text"] == "vZ[N, C]"
    assert {step["of"] for step in found["steps"]} == {"vP", "HvZ"}
    assert found["witness"].startswith("certified")


@pytest.mark.parametrize("format", ["text", "markdown", "latex", "json", "numpy"])
def test_the_command_prints_it(format, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["derive", "linear", "--order", "2", "--wrt", "W", "--format", format])
    assert stop.value.code == 0
    assert "Hv" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["network", "--order", "2"], "network has unnamed activations"),
        (["linear", "--order", "2", "--wrt", "Q"], "linear has no input 'Q'; it has X, W, b"),
        (["linear", "--order", "3"], "less than or equal to 2"),
    ],
)
def test_what_cannot_be_derived_twice_is_refused(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["derive", *arguments])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
