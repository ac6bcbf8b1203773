"""A small book, built once: a handful of layers, with what a composition root would hand in."""

import pytest

from derivations.book import EXAMPLES, carried, write_book

LAYERS = ("linear", "relu", "sigmoid", "lstm", "max_pool2d")
MEASURED = {
    "relu": {
        "verdict": "agree",
        "seed": 7,
        "rows": [
            {"witness": "differences", "dtype": "float32", "cases": 6, "agree": 5, "unresolved": 1, "disagree": 0}
            | {"largest": 0.125}
        ],
    }
}
SOURCES = {"relu": "def relu(X):\n    return np.maximum(X, 0) if 1 < 2 & 3 else X\n"}


@pytest.fixture(scope="session")
def code():
    """What code made of every example: here the derived source, in float64."""
    from derivations import derive

    modules = {}

    def run(layer, values):
        if layer not in modules:
            modules[layer] = namespace(derive(layer).numpy())
        derivation, module = derive(layer), modules[layer]
        names = [*derivation.output_cotangents] if derivation.output_cotangents[0] in values else []
        arguments = [values[name] for name in [*names, *parameters(derivation.layer)]]
        if names:
            return module["backward"](*arguments)
        returned = module["forward"](*arguments)
        return dict(zip(derivation.layer.output_names, [returned], strict=True))

    return {example.name: carried(example, run) for example in EXAMPLES}


def parameters(layer):
    return [*(tensor.name for tensor in layer.inputs), *(option.name for option in layer.options)]


def namespace(source):
    """What a derived module defines."""
    found = {}
    exec(source, found)  # noqa: S102 - it is ours, written by the derivation
    return found


@pytest.fixture(scope="session")
def book(tmp_path_factory, code):
    """The folder of a book of a few layers."""
    folder = tmp_path_factory.mktemp("library") / "book"
    return write_book(folder, LAYERS, measured=MEASURED.get, sources=SOURCES.get, by_code=code, latex=False)
