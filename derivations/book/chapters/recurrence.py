"""Recurrence: a layer that is applied to its own result, and the way back through time."""

from derivations.book.chapter import Chapter, Claimed, Derived, Forward, Given, Text, Worked
from derivations.book.example import Example, Part

RECURRENCE = Example(
    "recurrence",
    (Part("rnn_tanh"),),
    {
        "x": [[[1]], [[-1]], [["1/2"]]],
        "h0": [[0]],
        "Wx": [[1]],
        "Wh": [["1/2"]],
        "b": [0],
        "dh": [[[0]], [[0]], [[1]]],
    },
)
CELL = Example("the cell of an LSTM", (Part("lstm"),), {})

CHAPTER = Chapter(
    "recurrence",
    "Recurrence",
    "The same weights at every step of time: what comes back is carried from each step to the one before.",
    ("rnn_tanh", "lstm", "gru", "linear_recurrence"),
    (RECURRENCE,),
    (
        Text(
            RECURRENCE,
            """
            A sequence is read step by step. After each step there is a state $h$, made of the state before and of what
            was read. The layer [rnn_tanh](layer:rnn_tanh) is the simplest that there is:
            """,
        ),
        Forward(RECURRENCE),
        Text(
            RECURRENCE,
            """
            At the first step there is no state before; $h0$ stands in for it, which is what the brackets say. Take
            three steps, one number each, and a state of one number. Suppose that only the last state matters for the
            loss.
            """,
        ),
        Given(RECURRENCE),
        Worked(RECURRENCE, ("h",)),
        Text(
            RECURRENCE,
            """
            ## Back through time

            A state has two roads to the loss: its own, $dh$, and the one through the next state. So there are two
            cotangents of it: `dh`, which comes from outside, and `dh_total`, which is all of it. The second follows
            from that of the next step; it is carried from the end to the start. """,
        ),
        Claimed(
            RECURRENCE,
            "dh_total[t, n, m] = dh[t, n, m] + sum[k](dh_total[t+1, n, k]*(1 - h[t+1, n, k]**2)*Wh[m, k])",
            "the carry",
        ),
        Worked(RECURRENCE, ("dh_total",)),
        Text(
            RECURRENCE,
            """
            Nobody wrote this recurrence down: it falls out of the chain rule. Differentiating the state of step $t$ by
            that of step `t - 1` leaves a delta between the two, and the delta shifts the index.
            """,
        ),
        Derived(RECURRENCE, "h"),
        Text(
            RECURRENCE,
            """
            ## Weights that are used again and again

            The weights are the same at every step, so their gradients are sums over time. The state that stands in
            $dWh$ is the one *before* the step; to take the one after is the classic mistake.
            """,
        ),
        Derived(RECURRENCE, "Wh"),
        Worked(RECURRENCE, ("dWx", "dWh", "db", "dx", "dh0")),
        Text(
            RECURRENCE,
            """
            Look at `dh_total` again: each step back multiplies it by a weight and by a slope of at most 1. Over a
            hundred steps the product is next to nothing, or, with large weights, enormous.

            ## Gates

            The [LSTM](layer:lstm) keeps a cell `c` beside the state, which is not squashed at every step: it is
            multiplied by a gate `f` between 0 and 1, the forget gate, and something is added. On the way back along the
            cell, what comes from the next step is multiplied by that gate alone:
            """,
        ),
        Claimed(
            CELL,
            "dc[t, n, m] = dh_total[t, n, m]*o[t, n, m]*(1 - tanh(c[t, n, m])**2) + dc[t+1, n, m]*f[t+1, n, m]",
            "from the derivation of the LSTM",
        ),
        Text(
            RECURRENCE,
            """
            As long as the gate is open, it passes from cell to cell undiminished. The [GRU](layer:gru) does
            the same with one gate less. """,
        ),
    ),
)
