"""One neuron: the chain rule, once, with numbers."""

from derivations.book.chapter import Chapter, Claimed, Derived, Forward, Given, Text, Worked
from derivations.book.example import Example, Part

NEURON = Example(
    "one neuron",
    (
        Part("linear", {"Y": "Z"}),
        Part("sigmoid", {"X": "Z", "Y": "A", "D": "C"}),
        Part("squared_error", {"Y": "A"}),
    ),
    {"X": [[2, -1]], "W": [["1/2"], ["1/4"]], "b": ["-1/4"], "T": [[0]], "dL": 1},
)

CHAPTER = Chapter(
    "one_neuron",
    "One neuron",
    "A weighted sum, a curve, and a loss: what a change of one weight does to the loss is three slopes, multiplied.",
    ("linear", "sigmoid", "squared_error"),
    (NEURON,),
    (
        Text(
            NEURON,
            """
            A neuron takes some numbers, weighs each, adds them up, and bends the sum into the range from 0 to 1. That
            is all. What it should have said is the target; how far it is off is one number, the loss $L$.

            ## Forwards

            Three layers of the catalogue, one after the other, are a neuron: [linear](layer:linear),
            [sigmoid](layer:sigmoid) and [squared error](layer:squared_error). The index $n$ counts examples, $d$ what
            goes into the neuron, $c$ neurons. Here there is one example and one neuron, so $n$ and $c$ are 0
            throughout; indices start at 0, as they do in code.
            """,
        ),
        Forward(NEURON),
        Text(
            NEURON,
            """
            Put in two numbers. What comes out by hand is exact: fractions stay fractions, and what is not rational is
            enclosed to sixty digits before it is rounded. What comes out by code is what the hand-written NumPy
            computes in float64 from the same numbers.
            """,
        ),
        Given(NEURON),
        Worked(NEURON, ("Z", "A", "L")),
        Text(
            NEURON,
            """
            ## Backwards

            Training asks: if $W[0, 0]$ grew a little, how would $L$ change? The answer is a slope, a partial
            derivative. It is written $dW$ here, for every entry of $W$ at once, and it is called the cotangent of $W$:
            $dW[d, c]$ is the derivative of $L$ with respect to $W[d, c]$. In the same way there are $dA$, $dZ$, $db$
            and $dX$.

            The weight reaches the loss along one road only: it changes $Z$, which changes $A$, which changes $L$. The
            chain rule of school says that slopes along a road are multiplied. So start at the end, where the slope
            is known, and walk back.

            From the loss to the activation, the exponent comes down and cancels the 2:
            """,
        ),
        Claimed(NEURON, "dA[n, c] = dL*(A[n, c] - T[n, c])/N"),
        Text(
            NEURON,
            """
            $dL$ is the derivative of the loss with respect to itself, which is 1; it stands there because the loss may
            be a part of something larger. From the activation to the weighted sum, the slope of the sigmoid is known
            from its own value:
            """,
        ),
        Claimed(NEURON, "dZ[n, c] = dA[n, c]*A[n, c]*(1 - A[n, c])"),
        Text(
            NEURON,
            """
            Last, the weighted sum. A weight is multiplied with its input, so that input is the slope:
            """,
        ),
        Derived(NEURON, "W"),
        Text(
            NEURON,
            """
            That line was not typed by hand: it was derived from the three equations, each step by a rule that has a
            name, and you can unfold the steps. With numbers:
            """,
        ),
        Worked(NEURON, ("dA", "dZ", "dW", "db", "dX")),
        Text(
            NEURON,
            """
            ## What to see in it

            The second input is negative, and so is $dW[1, 0]$: to make the loss smaller, the first weight has to
            shrink and the second has to grow. The size of $dZ[0, 0]$ is common to all of them. Whatever the neuron
            looks at, its *error* is computed once, and then shared out: to each weight in proportion to its input, to
            each input in proportion to its weight.

            The factor $A[n, c]*(1 - A[n, c])$ is at most 1/4. A neuron that is sure of itself, right or wrong, has a
            factor near 0, and learns slowly. [A whole network](chapter:whole_network) ends in a loss for which this
            factor cancels.
            """,
        ),
    ),
)
