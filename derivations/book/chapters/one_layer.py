"""One layer: many neurons, many examples, and where the transposes come from."""

from derivations.book.chapter import Chapter, Derived, Forward, Given, Text, Worked
from derivations.book.example import Example, Part

LAYER = Example(
    "one layer",
    (Part("linear"),),
    {
        "X": [[1, 2, -1], [0, 1, 3]],
        "W": [[1, 0], ["1/2", -1], [0, 2]],
        "b": [0, 1],
        "dY": [[1, -2], [3, "1/2"]],
    },
)

CHAPTER = Chapter(
    "one_layer",
    "One layer",
    "Many neurons that look at the same inputs are a matrix, and so are many examples; sums become products.",
    ("linear", "bilinear", "embedding", "low_rank_linear"),
    (LAYER,),
    (
        Text(
            LAYER,
            """
            Put several neurons side by side, and show them several examples at once. Inputs are a matrix with one
            example a row, weights a matrix with one neuron a column. This is the layer [linear](layer:linear).
            """,
        ),
        Forward(LAYER),
        Text(
            LAYER,
            """
            $X$ has $N$ rows and $D$ columns, $W$ has $D$ rows and $C$ columns. The sum over $d$ is what a product of
            matrices is; the bias is added to every row. Take two examples, three inputs and two neurons. What follows
            the layer is not known; all that the layer needs of it is $dY$, the slope of the loss for each of its
            outputs.
            """,
        ),
        Given(LAYER),
        Worked(LAYER, ("Y",)),
        Text(
            LAYER,
            """
            ## One weight, many roads

            In a single neuron a weight had one road to the loss. Here $W[d, c]$ is used once for each example, so it
            has $N$ roads, and the slopes of all roads are added. That is the whole of the chain rule for many
            variables: multiply along a road, add over roads.
            """,
        ),
        Derived(LAYER, "W"),
        Text(
            LAYER,
            """
            Unfold the steps. The first writes down every road, also those that lead nowhere; differentiating leaves a
            delta, a number that is 1 where its two indices agree and else 0; and a sum over a delta picks the one term
            where it is 1. What remains is a sum over examples, and a sum over the first index
            of both factors is a product of matrices with the left one transposed. Nobody has to remember where the
            transpose goes: the indices say it.
            """,
        ),
        Worked(LAYER, ("dW",)),
        Text(
            LAYER,
            """
            ## The inputs, and the bias

            An input is used by every neuron: its roads are added over $c$, and now the other factor is transposed. The
            bias is used by every example; its slope is 1 each time, so that its cotangent is just a sum over the batch.
            """,
        ),
        Derived(LAYER, "X"),
        Worked(LAYER, ("dX",)),
        Derived(LAYER, "b"),
        Worked(LAYER, ("db",)),
        Text(
            LAYER,
            """
            ## Three mistakes that everybody makes

            - A transpose in the wrong place. Where all sizes differ, the shapes do not fit and the program stops. Where
              $D$ and $C$ are the same number it runs, and is wrong: check code at sizes that all differ.
            - A sum that is missing. `db = dY` has the wrong shape, and NumPy may stretch it without a word.
            - A mean in the place of a sum. $dW[d, c] = sum[n](X[n, d]*dY[n, c])$ has no 1/N in it: the mean over the
              batch belongs to the loss, where $dY$ has got it from already.
            """,
        ),
    ),
)
