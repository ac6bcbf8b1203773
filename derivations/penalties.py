"""What is added to a loss to keep weights small."""

from derivations.notation import layer

L2_PENALTY = layer(
    "l2_penalty",
    "Large weights cost: half of lam times the sum of their squares.",
    tensors="W[D, C]  lam >= 0  L",
    equations="L = lam/2*sum[d, c](W[d, c]**2)",
    claims="dW[d, c] = dL*lam*W[d, c]    # weight decay",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 87, with lam for lambda/n",
)
