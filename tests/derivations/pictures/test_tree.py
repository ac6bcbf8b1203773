"""One branch for every way from the output to an input, and the chain rule along it."""

from itertools import combinations, pairwise

import pytest

from derivations import LAYERS, DerivationError, derive, layer
from derivations.pictures.flow import dependencies
from derivations.pictures.tree import MOST_WAYS, chain_tree, trees


def ways_by_walking(name, arrows):
    """All ways from a tensor back to where nothing leads on, with Python's own loop."""
    todo, found = [[(name, False)]], []
    while todo:
        way = todo.pop()
        last, before = way[-1]
        more = [] if before else [(arrow.tail, arrow.before) for arrow in arrows if arrow.head == last]
        todo += [[*way, step] for step in more]
        if not more:
            found.append(tuple(way))
    return found


SMALL = [name for name in LAYERS if name not in {"transformer_block", "residual_block"}]


@pytest.mark.parametrize("name", SMALL)
def test_every_way_to_an_input_is_a_branch_and_its_product_is_written(read_svg, name):
    what = LAYERS[name]
    targets = [tensor.name for tensor in what.inputs if not tensor.integer]
    (root,) = trees(what, targets)
    expected = [
        way for way in ways_by_walking(what.output_names[0], dependencies(what)) if way[-1][0] in targets or way[-1][1]
    ]
    assert sorted(tuple((branch.name, branch.before) for branch in way) for way in root.ways) == sorted(expected)
    drawing = read_svg(chain_tree(name))
    for way in expected:
        names = [step for step, _ in way]
        product = " · ".join([f"d{names[0]}", *(f"∂{a}/∂{b}" for a, b in pairwise(names))])
        assert product + " one step before" * way[-1][1] in drawing.lines
    assert [(a.what, b.what) for a, b in combinations(drawing.texts, 2) if a.overlaps(b)] == []
    assert all(drawing.frame.holds(text) for text in drawing.texts)


def test_the_ways_of_layer_norm_are_those_of_the_textbook(read_svg):
    lines = read_svg(chain_tree("layer_norm", "X")).lines
    assert [line for line in lines if line.startswith("dY")] == [
        "dY · ∂Y/∂Xhat · ∂Xhat/∂X",
        "dY · ∂Y/∂Xhat · ∂Xhat/∂mu · ∂mu/∂X",
        "dY · ∂Y/∂Xhat · ∂Xhat/∂v · ∂v/∂X",
        "dY · ∂Y/∂Xhat · ∂Xhat/∂v · ∂v/∂mu · ∂mu/∂X",
    ]
    assert "dX is the sum over 4 ways" in lines


def test_a_recurrence_ends_at_the_step_before(read_svg):
    lines = read_svg(chain_tree("rnn_tanh")).lines
    assert "h, one step before" in lines
    assert "dh · ∂h/∂h one step before" in lines
    assert any(line.startswith("dx is the sum over 1 way, at this step and every one before") for line in lines)


def test_too_many_ways_are_counted_and_refused():
    equations = "\n".join(f"A{k + 1}[n] = A{k}[n]*B{k}[n]\nB{k + 1}[n] = A{k}[n] + B{k}[n]" for k in range(40))
    tensors = "A0[N]  B0[N]  " + "  ".join(f"A{k}[N]  B{k}[N]" for k in range(1, 41)) + "  Y[N]"
    many = layer("ladder", "", tensors=tensors, equations=f"{equations}\nY[n] = A40[n] + B40[n]")
    with pytest.raises(DerivationError, match=rf"ladder: {2**41} ways .* more than {MOST_WAYS}"):
        trees(many, ["A0", "B0"])


def test_the_same_layer_gives_the_same_tree():
    assert chain_tree("gru") == chain_tree("gru")


def test_an_input_of_a_block_is_drawn_alone(read_svg):
    drawing = read_svg(chain_tree("transformer_block", "W2"))
    assert [line for line in drawing.lines if line.startswith("dY")] == ["dY · ∂Y/∂I · ∂I/∂W2"]
    assert derive("transformer_block", "W2").cotangents["dW2"].text.startswith("dW2")
