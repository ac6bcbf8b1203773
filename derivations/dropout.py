"""What is left out at random while training."""

from derivations.notation import layer

DROPOUT = layer(
    "dropout",
    "Entries that the mask M leaves out become 0; the others are divided by keep, the share that is kept.",
    tensors="X[N, D]  M[N, D] in 0..1  0 < keep <= 1  Y[N, D]",
    equations="Y[n, d] = X[n, d]*M[n, d]/keep",
    claims="dX[n, d] = dY[n, d]*M[n, d]/keep",
    source="Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout, JMLR 15, section 10: "
    "scaled at training time",
)
