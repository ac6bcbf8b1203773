"""Attention: a mean whose weights are computed from what is averaged."""

from derivations.book.chapter import Chapter, Claimed, Derived, Forward, Given, Text, Worked
from derivations.book.example import Example, Part

ATTENTION = Example(
    "attention",
    (Part("causal_attention"),),
    {
        "Q": [[[1, 0, 1, 0], [2, 0, 0, 1]]],
        "K": [[[1, 1, 0, 0], [-1, 0, 0, 2]]],
        "V": [[[3], [1]]],
        "dO": [[[1], [1]]],
    },
)

CHAPTER = Chapter(
    "attention",
    "Attention",
    "Each step asks a question, looks at the keys of the others, and takes a mean of their values.",
    (
        "causal_attention",
        "scaled_dot_product_attention",
        "multi_head_attention",
        "softmax",
        "rotary_embedding",
        "linear_attention",
        "transformer_block",
    ),
    (ATTENTION,),
    (
        Text(
            ATTENTION,
            """
            Every step $t$ of a sequence has a query $Q$, a key $K$ and a value $V$. The product of a query with a key,
            $S$, says how much the one is about the other; a softmax makes weights $P$ of them, which add up to 1; the
            output is the mean of the values with these weights. In [causal attention](layer:causal_attention) no step
            sees a later one.
            """,
        ),
        Forward(ATTENTION),
        Text(
            ATTENTION,
            """
            The root of $D$ keeps the products from growing with the number of their terms. Take two steps, queries and
            keys of four numbers, values of one.
            """,
        ),
        Given(ATTENTION),
        Worked(ATTENTION, ("S", "P", "O")),
        Text(
            ATTENTION,
            """
            The first step sees only itself, so its weight is 1 and its output is its own value. The second leans
            towards the step whose key fits its query.

            ## Back to the values

            With the weights held fixed, the output is a linear layer of the values; a value gets back what it gave.
            """,
        ),
        Claimed(ATTENTION, "dV[n, u, e] = sum[t](P[n, t, u]*dO[n, t, e])"),
        Worked(ATTENTION, ("dV",)),
        Text(
            ATTENTION,
            """
            ## Back through the weights

            The weights depend on the products, through a softmax. Its derivative has two terms: a product raises its
            own weight, and lowers all others, because the sum must stay 1.
            """,
        ),
        Claimed(
            ATTENTION,
            "dS[n, t, u] = P[n, t, u]*(dP[n, t, u] - sum[w](dP[n, t, w]*P[n, t, w]))",
            "softmax, row by row",
        ),
        Derived(ATTENTION, "S"),
        Worked(ATTENTION, ("dP", "dS")),
        Text(
            ATTENTION,
            """
            Each row adds up to 0, $sum[u](dS[n, t, u]) = 0$: to raise all products of a query by the same number
            changes nothing. So the first row, of one visible step, is 0 altogether.

            ## Back to queries and keys

            The products are linear in both.
            """,
        ),
        Claimed(ATTENTION, "dQ[n, t, d] = sum[u](dS[n, t, u]*K[n, u, d])/sqrt(D)"),
        Claimed(ATTENTION, "dK[n, u, d] = sum[t](dS[n, t, u]*Q[n, t, d])/sqrt(D)"),
        Worked(ATTENTION, ("dQ", "dK")),
        Text(
            ATTENTION,
            """
            [Several heads](layer:multi_head_attention) are several of these side by side. A
            [transformer block](layer:transformer_block) is that, a small network, two norms, and two roads around
            them.
            """,
        ),
    ),
)
