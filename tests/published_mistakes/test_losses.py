"""Mistakes with losses."""

import numpy as np

from checks import gradcheck
from numeric.losses import softmax_cross_entropy
from numeric.regression_losses import mean_squared_error


def test_the_two_of_the_square_is_forgotten(likeliest):
    """Open-Deep-ML/DML-OpenProblem, issue 54: 1/n in the solution, 2/n in the text."""

    def backward(dL, Y, T):
        dY = dL * (Y - T) / Y.size
        return {"dY": dY, "dT": -2 * dY}

    report = gradcheck((mean_squared_error, backward), "mean_squared_error")
    assert likeliest(report, "dY") == ("constant factor", "1/2")


def test_the_mean_of_the_forward_is_forgotten(likeliest):
    """A loss that is averaged over the batch, and a gradient that is not: it works, with another learning rate."""

    def backward(dL, P, T):
        return dL * (P - np.eye(P.shape[1])[T])

    report = gradcheck((softmax_cross_entropy, backward), "softmax_cross_entropy")
    assert likeliest(report, "dZ") == ("constant factor", "N")


def test_the_cotangent_of_the_loss_is_ignored(likeliest):
    """A backward of a loss that takes nothing in: right alone, wrong as soon as the loss is weighted."""

    def backward(P, T):
        return (P - np.eye(P.shape[1])[T]) / len(T)

    report = gradcheck((softmax_cross_entropy, backward), "softmax_cross_entropy")
    assert likeliest(report, "dZ") == ("cotangent ignored", "dL ignored")
