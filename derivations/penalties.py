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

L1_PENALTY = layer(
    "l1_penalty",
    "All weights cost: lam times the sum of their absolute values, which makes many of them 0.",
    tensors="W[D, C]  lam >= 0  L",
    equations="L = lam*sum[d, c](abs(W[d, c]))",
    claims="dW[d, c] = dL*lam*sign(W[d, c])",
    source="Nielsen (2015), Neural Networks and Deep Learning, ch. 3, eq. 95, with lam for lambda/n",
    kinks="the slope at 0 is 0",
)

ELASTIC_NET = layer(
    "elastic_net",
    "Both: lam1 times the sum of absolute values, and half of lam2 times the sum of squares.",
    tensors="W[D, C]  lam1 >= 0  lam2 >= 0  L",
    equations="L = lam1*sum[d, c](abs(W[d, c])) + lam2/2*sum[d, c](W[d, c]**2)",
    claims="dW[d, c] = dL*(lam1*sign(W[d, c]) + lam2*W[d, c])",
    source="Zou and Hastie (2005), Regularization and Variable Selection via the Elastic Net, J. R. Stat. Soc. B 67(2)",
    kinks="the slope of the absolute value at 0 is 0",
)
