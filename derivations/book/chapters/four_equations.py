"""The four equations: backpropagation in a network of any depth, as Nielsen's book writes it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from derivations.backward import derive
from derivations.book.blocks import Badge, Block, Formula, Maths
from derivations.book.chapter import Chapter, Claimed, Derived, Forward, Given, Text, Worked
from derivations.book.example import Example, Part
from derivations.network import HIDDEN_ROWS, LAST_ROWS, four_equations

TWO_LAYERS = Example(
    "two layers",
    (
        Part("linear", {"W": "W1", "b": "b1", "Y": "Z1", "C": "M"}),
        Part("sigmoid", {"X": "Z1", "Y": "A1", "D": "M"}),
        Part("linear", {"X": "A1", "D": "M", "W": "W2", "b": "b2", "Y": "Z2"}),
        Part("sigmoid", {"X": "Z2", "Y": "A2", "D": "C"}),
        Part("squared_error", {"Y": "A2"}),
    ),
    {
        "X": [[1, -1]],
        "W1": [[1, 0], ["1/2", -1]],
        "b1": [0, "1/2"],
        "W2": [[1], ["-1/2"]],
        "b2": ["1/4"],
        "T": [[1]],
        "dL": 1,
    },
)


@dataclass(frozen=True)
class FourEquations:
    """BP1 to BP4 for a batch in rows, as they were derived, beside Nielsen's notation."""

    def blocks(self, by_code: Mapping[str, Mapping[str, Any]]) -> Iterator[Block]:
        """One below the other, each with its proof."""
        rows = {row.name: row for row in four_equations(batch=True)}
        for layer in (LAST_ROWS, HIDDEN_ROWS):
            for claim, proof in derive(layer).claims:
                row, maths = rows[claim.label], Maths(claim.lhs, claim.rhs, tuple(claim.ranges))
                yield Formula(maths, row.matrix, f"{row.name}: {row.nielsen}", Badge(proof.verdict, str(proof)))


CHAPTER = Chapter(
    "four_equations",
    "The four equations",
    "The error of a layer follows from the error of the next one, and every gradient from the error: BP1 to BP4.",
    ("linear", "sigmoid", "squared_error"),
    (TWO_LAYERS,),
    (
        Text(
            TWO_LAYERS,
            """
            Stack layers: the activations of one are the inputs of the next. Write $Z$ for the weighted sums of a layer
            and $A$ for its activations: some curve σ of the sums, whose slope is σ′. Call $dZ$ the *error* of the
            layer: the slope of the loss with respect to its weighted sums. Nielsen calls it δ. If the errors of all
            layers are known, the gradients of all weights are one product away.
            """,
        ),
        FourEquations(),
        Text(
            TWO_LAYERS,
            """
            Here `A_prev` are the activations of the layer before, `W_next` and `dZ_next` the weights and the error of
            the layer behind. Nielsen's matrices hold one example a column, these hold one a row, as the code does; so
            products stand the other way round.

            ## Why these are enough

            BP1 gives the error of the last layer. BP2 gives the error of a layer from that of the layer behind it,
            whatever their sizes. So the errors of all layers follow, one after the other, from the last to the first,
            however deep the network is; and BP3 and BP4 read the gradients of a layer off its error. Nothing is
            computed twice. That is the whole point: the roads from a weight to the loss are as many as there are ways
            through the network, but they share what comes behind, and it is walked once.

            ## Two layers, by hand

            Two inputs, two hidden neurons, one output, sigmoid everywhere, and half the squared error as the loss.
            """,
        ),
        Forward(TWO_LAYERS),
        Given(TWO_LAYERS),
        Worked(TWO_LAYERS, ("Z1", "A1", "Z2", "A2", "L")),
        Text(TWO_LAYERS, "Now back. BP1, with the slope of the squared error and of the sigmoid:"),
        Claimed(
            TWO_LAYERS,
            "dZ2[n, c] = dL*(A2[n, c] - T[n, c])/N*A2[n, c]*(1 - A2[n, c])",
            "BP1",
        ),
        Worked(TWO_LAYERS, ("dA2", "dZ2")),
        Text(TWO_LAYERS, "BP2 carries the error through the weights of the second layer, and bends it:"),
        Claimed(
            TWO_LAYERS,
            "dZ1[n, m] = sum[c](dZ2[n, c]*W2[m, c])*A1[n, m]*(1 - A1[n, m])",
            "BP2",
        ),
        Worked(TWO_LAYERS, ("dA1", "dZ1")),
        Text(TWO_LAYERS, "BP3 and BP4, for both layers:"),
        Claimed(TWO_LAYERS, "db1[m] = sum[n](dZ1[n, m])", "BP3"),
        Claimed(TWO_LAYERS, "dW1[d, m] = sum[n](X[n, d]*dZ1[n, m])", "BP4"),
        Worked(TWO_LAYERS, ("db2", "dW2", "db1", "dW1")),
        Text(
            TWO_LAYERS,
            """
            Look at the sizes of the numbers: each layer that the error passes multiplies it by its weights, and by a
            slope of at most 1/4. In a deep network of sigmoids little of it arrives at the first layers, unless the
            weights are large. That is the vanishing gradient. A [rectifier](layer:relu) that is open, whose slope is 1,
            takes nothing away.

            The derivation of the first layer's weights, all the way from the loss:
            """,
        ),
        Derived(TWO_LAYERS, "W1"),
    ),
)
