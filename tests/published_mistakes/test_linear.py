"""Mistakes with weights, inputs and batches."""

import numpy as np

from checks import gradcheck
from derivations import layer
from numeric.linear import linear

LOGISTIC_REGRESSION = layer(
    "logistic_regression",
    tensors="X[N, D]  w[D]  b  T[N] in 0..1  A[N]  L",
    equations="""
        A[n] = sigmoid(sum[d](X[n, d]*w[d]) + b)
        L = -mean[n](T[n]*log(A[n]) + (1 - T[n])*log(1 - A[n]))
    """,
)


def regression(X, w, b, T):
    A = 1 / (1 + np.exp(-(X @ w + b)))
    return {"L": -np.mean(np.where(T == 1, np.log(A), np.log(1 - A))), "A": A}


def test_the_weight_for_the_input(likeliest):
    """Derivations of logistic regression in blogs: dz/dw_j is written as w_j, where it is x_j."""

    def backward(dL, X, w, A, T):
        dZ = dL * (A - T) / len(T)
        return {"dX": np.outer(dZ, w), "dw": dZ.sum() * w, "db": dZ.sum()}

    assert likeliest(gradcheck((regression, backward), LOGISTIC_REGRESSION), "dw") == ("operand mistaken", "w for X")


def test_the_mean_over_the_batch_is_forgotten(likeliest):
    """hunkim/DeepLearningZeroToAll, issue 173: weights' gradients of a mean that grow with the batch."""

    def backward(dL, X, w, A, T):
        dZ = dL * (A - T)
        return {"dX": np.outer(dZ, w) / len(T), "dw": X.T @ dZ, "db": dZ.sum() / len(T)}

    report = gradcheck((regression, backward), LOGISTIC_REGRESSION)
    assert likeliest(report, "dw") == ("constant factor", "N")
    assert "the mean over N is missing" in str(report).replace("\n", " ")


def test_the_batch_is_mistaken_where_it_has_one_example():
    """deeplearning4j/deeplearning4j, pull request 1452: gradients divided by a wrong number for a batch of 1."""

    def backward(dL, X, w, A, T):
        batch = np.squeeze(X).shape[0]  # one example alone: its features
        dZ = dL * (A - T) / batch
        return {"dX": np.outer(dZ, w), "dw": X.T @ dZ, "db": dZ.sum()}

    report = gradcheck((regression, backward), LOGISTIC_REGRESSION)
    wrong = {finding.case for finding in report.findings if finding.verdict == "disagree"}
    assert len(wrong) == 1
    assert "N=1" in wrong.pop()


def test_a_bias_that_is_not_summed(likeliest):
    """Common in first networks: the bias's gradient keeps the batch, and broadcasting hides it in the update."""

    def backward(dY, X, W):
        return {"dX": dY @ W.T, "dW": X.T @ dY, "db": dY}

    assert likeliest(gradcheck((linear, backward), "linear"), "db") == ("missing sum", "over n")
