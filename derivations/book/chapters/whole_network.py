"""A whole network: a batch, rectifiers, softmax and cross-entropy, as the networks of this project are trained."""

from derivations.book.chapter import Chapter, Claimed, Derived, Forward, Given, Text, Worked
from derivations.book.example import Example, Part

NETWORK = Example(
    "a whole network",
    (
        Part("linear", {"W": "W1", "b": "b1", "Y": "Z1", "C": "M"}),
        Part("relu", {"X": "Z1", "Y": "A1", "D": "M"}),
        Part("linear", {"X": "A1", "D": "M", "W": "W2", "b": "b2", "Y": "Z2"}),
        Part("softmax_cross_entropy", {"Z": "Z2"}),
    ),
    {
        "X": [[1, -1], [0, 2]],
        "W1": [[1, 0, -1], ["1/2", -1, 1]],
        "b1": [0, "1/2", 0],
        "W2": [[1, 0], ["-1/2", 1], [1, 1]],
        "b2": ["1/4", 0],
        "T": [0, 1],
        "dL": 1,
    },
)

CHAPTER = Chapter(
    "whole_network",
    "A whole network",
    "Two examples pass through a network of two layers, are compared with their labels, and come back as gradients.",
    ("linear", "relu", "softmax", "softmax_cross_entropy", "l2_penalty", "dropout"),
    (NETWORK,),
    (
        Text(
            NETWORK,
            """
            This is a network such as read handwritten digits, in small: a [linear](layer:linear) layer, a
            [rectifier](layer:relu), another linear layer, and [softmax with cross-entropy](layer:softmax_cross_entropy)
            as the loss. There are two inputs, three hidden neurons, two classes, and a batch of two examples. $T[n]$ is
            the true class of example $n$.
            """,
        ),
        Forward(NETWORK),
        Given(NETWORK),
        Text(
            NETWORK,
            """
            ## Forwards

            The rectifier lets through what is positive, and nothing else. Softmax turns the weighted sums of the last
            layer into numbers that add up to 1, the probabilities of the classes: $sum[c](P[n, c]) = 1$. The loss is
            minus the logarithm of the probability that the true class was given, averaged over the batch.
            """,
        ),
        Worked(NETWORK, ("Z1", "A1", "Z2", "P", "L")),
        Text(
            NETWORK,
            """
            ## Backwards: the loss

            Softmax has a messy derivative, since every sum moves every probability, and the logarithm has another. Put
            together, nearly everything cancels:
            """,
        ),
        Claimed(NETWORK, "dZ2[n, c] = dL*(P[n, c] - [c = T[n]])/N", "probability less truth"),
        Text(
            NETWORK,
            """
            What the network said, less what it should have said, divided by the batch size: no slope is left that
            could be near 0. A network that is confidently wrong learns fast. Unfold the derivation to see what cancels.
            """,
        ),
        Derived(NETWORK, "Z2"),
        Worked(NETWORK, ("dZ2",)),
        Text(
            NETWORK,
            """
            ## Backwards: the layers

            From here on it is [the four equations](chapter:four_equations). Where the rectifier was shut, nothing comes
            through on the way back either: the hidden neurons that were 0 for an example learn nothing from it.
            """,
        ),
        Claimed(NETWORK, "dZ1[n, m] = sum[c](dZ2[n, c]*W2[m, c])*[Z1[n, m] > 0]", "BP2"),
        Worked(NETWORK, ("dA1", "dZ1", "dW2", "db2", "dW1", "db1")),
        Text(
            NETWORK,
            """
            Two entries come out as 0 by hand, and not by code: two terms cancel, and what is left is the rounding of
            either. No digits can agree there; what counts is that so little is left.

            ## What training does with it

            Each gradient has the shape of what it belongs to. Training takes a small step against it, $W2$ less a
            little of $dW2$, looks at the next batch, and starts again; everything else about training is about how
            large the step should be.

            The rectifier has a kink at 0: a slope on either side, and none there. This project takes 0, in the
            derivation, in the code and in the checks alike, and says so on [the layer's page](layer:relu).
            """,
        ),
    ),
)
